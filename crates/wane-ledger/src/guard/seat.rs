//! Who works at a store: a thread of its own, or a caller whom nobody is before. Waking a thread, and being woken by it, takes longer
//! than most decisions.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;

use wane::Refusal;

use super::Shared;
use super::committer::{Committer, GROUP};
use super::group::{Job, Look, Task};
use crate::store::Fault;

/// The tasks that wait for the committers of a guard.
pub(crate) struct Queue {
    tasks: Mutex<Receiver<Task>>,
    waiting: Arc<AtomicUsize>,
}

/// Where tasks are handed in.
pub(crate) struct Entry {
    tasks: Sender<Task>,
    waiting: Arc<AtomicUsize>,
}

/// A committer, and who of its thread and the callers works with it.
pub(crate) struct Seat {
    taken: Mutex<Option<Worker>>,
}

struct Worker {
    committer: Committer,
    /// When its thread looks again by itself.
    wakes: Instant,
}

/// What a thread has taken out of the queue.
#[derive(Default)]
struct Tasks {
    jobs: Vec<Job>,
    looks: Vec<Look>,
    count: usize,
}

impl Queue {
    pub(crate) fn new() -> (Entry, Self) {
        let (sender, receiver) = std::sync::mpsc::channel();
        let waiting = Arc::<AtomicUsize>::default();
        let entry = Entry { tasks: sender, waiting: Arc::clone(&waiting) };
        (entry, Self { tasks: Mutex::new(receiver), waiting })
    }

    /// Only now: until they are answered, nobody passes them.
    fn answered(&self, tasks: usize) {
        self.waiting.fetch_sub(tasks, Ordering::AcqRel);
    }
}

impl Entry {
    /// Hands a task in; it comes back where nobody is there any more.
    pub(crate) fn send(&self, task: Task) -> Result<(), Task> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.tasks.send(task).map_err(|back| {
            self.waiting.fetch_sub(1, Ordering::AcqRel);
            back.0
        })
    }
}

impl Seat {
    pub(crate) fn new(committer: Committer) -> Self {
        Self { taken: Mutex::new(Some(Worker { committer, wakes: Instant::now() })) }
    }

    /// Answers a job here and now where nobody waits or works; else it comes back.
    pub(crate) fn answer(&self, job: Job, entry: &Entry) -> Option<Job> {
        if entry.waiting.load(Ordering::Acquire) > 0 {
            return Some(job);
        }
        let mut taken = match self.taken.try_lock() {
            Ok(taken) => taken,
            // Whoever has died there is told of by its thread.
            Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => return Some(job),
        };
        let Some(worker) = taken.as_mut() else { return Some(job) };
        worker.committer.answer(vec![job]);
        // What is to be done behind it is for the thread, which may be asleep for longer than that.
        let due = worker.committer.is_due_at();
        if due < worker.wakes && entry.send(Task::Wake).is_ok() {
            worker.wakes = due;
        }
        None
    }

    fn sit(&self) -> Option<MutexGuard<'_, Option<Worker>>> {
        self.taken.lock().ok()
    }

    /// What the thread of a committer does until the guard is closed.
    pub(crate) fn run(&self, queue: &Queue, shared: &Shared) -> Result<(), Refusal> {
        let died = || {
            shared.a_committer_died();
            Fault::Unreachable("a committer died".into()).refusal()
        };
        let keeps_log = self.sit().ok_or_else(died)?.as_ref().is_some_and(|worker| worker.committer.keeps_log());
        let _watch = keeps_log.then(|| KeptLog(shared));
        loop {
            let Some(tasks) = self.gather(queue, died)? else { break };
            let mut taken = self.sit().ok_or_else(died)?;
            let Some(worker) = taken.as_mut() else { break };
            tasks.looks.into_iter().for_each(|look| worker.committer.look(look));
            worker.committer.answer(tasks.jobs);
            queue.answered(tasks.count);
            worker.committer.keep_up();
        }
        let last = self.sit().ok_or_else(died)?.take();
        last.map_or(Ok(()), |worker| worker.committer.end())
    }

    /// Waits for a task, or for the time when something else is to be done, and takes along all that wait behind it; nothing where no more
    /// come.
    fn gather(&self, queue: &Queue, died: impl Fn() -> Refusal) -> Result<Option<Tasks>, Refusal> {
        let tasks = queue.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = {
            let mut taken = self.sit().ok_or_else(&died)?;
            let Some(worker) = taken.as_mut() else { return Ok(None) };
            worker.wakes = worker.committer.is_due_at();
            worker.wakes.saturating_duration_since(Instant::now())
        };
        let first = match tasks.recv_timeout(patience) {
            Ok(task) => Some(task),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        };
        // Those that come while a caller works here go with this one.
        drop(self.sit().ok_or_else(died)?);
        let mut gathered = Tasks::default();
        for task in first.into_iter().chain(tasks.try_iter().take(GROUP.saturating_sub(1))) {
            gathered.count = gathered.count.saturating_add(1);
            match task {
                Task::Decide(job) => gathered.jobs.push(*job),
                Task::Look(look) => gathered.looks.push(look),
                Task::Wake => {}
            }
        }
        Ok(Some(gathered))
    }
}

/// Notes when the keeper of the log has ended, in whatever way: nothing is admitted that nobody would place in it.
struct KeptLog<'a>(&'a Shared);

impl Drop for KeptLog<'_> {
    fn drop(&mut self) {
        self.0.log_has_ended();
    }
}
