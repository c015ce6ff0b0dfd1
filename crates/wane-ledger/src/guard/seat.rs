//! Who works at a store: a thread of its own, or a caller whom nobody is before. Waking a thread, and being woken by it, takes longer
//! than most decisions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use wane::Refusal;

use super::Shared;
use super::committer::{Committer, GROUP};
use super::group::{Job, Look, Task};
use crate::store::Fault;

/// Times that differ by less are the same.
const A_MOMENT: Duration = Duration::from_millis(1);

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

    /// Only once they are answered: until then nobody passes them.
    fn answered(&self, tasks: usize) {
        self.waiting.fetch_sub(tasks, Ordering::AcqRel);
    }

    /// The thread of a committer wants to work: callers come behind it until this is dropped.
    fn turn(&self) -> Turn<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        Turn(&self.waiting)
    }
}

/// Counts as somebody who waits.
struct Turn<'a>(&'a AtomicUsize);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
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
    pub(crate) fn answer(&self, job: Job, entry: &Entry, shared: &Shared) -> Option<Job> {
        if entry.waiting.load(Ordering::Acquire) > 0 {
            return Some(job);
        }
        let mut taken = match self.taken.try_lock() {
            Ok(taken) => taken,
            // In memory it is soon over: waking the thread would take longer.
            Err(TryLockError::WouldBlock) if !shared.durable => match self.taken.lock() {
                Ok(taken) => taken,
                Err(_) => return Some(job),
            },
            // Whoever has died there is told of by its thread.
            Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => return Some(job),
        };
        let Some(worker) = taken.as_mut() else { return Some(job) };
        // What would have ended the thread ends the committer, and not whoever asks: it is told that nobody is there.
        let worked = catch_unwind(AssertUnwindSafe(|| {
            worker.committer.answer(vec![job]);
            worker.committer.is_due_at()
        }));
        let Ok(due) = worked else {
            shared.a_committer_died();
            if worker.committer.keeps_log() {
                shared.log_has_ended();
            }
            *taken = None;
            // It ends by itself where the thread is gone already.
            let _: Result<(), Task> = entry.send(Task::Wake);
            return None;
        };
        // What is to be done behind it is for the thread, which may be asleep for longer than that. The same time is another one by
        // nanoseconds whenever it is computed.
        if due + A_MOMENT < worker.wakes && entry.send(Task::Wake).is_ok() {
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
        let keeps_log = self.sit().ok_or_else(died)?.as_ref().ok_or_else(died)?.committer.keeps_log();
        let _watch = keeps_log.then(|| KeptLog(shared));
        loop {
            let Some((tasks, _turn)) = self.gather(queue, died)? else { break };
            let mut taken = self.sit().ok_or_else(died)?;
            let worker = taken.as_mut().ok_or_else(died)?;
            tasks.looks.into_iter().for_each(|look| worker.committer.look(look));
            worker.committer.answer(tasks.jobs);
            queue.answered(tasks.count);
            worker.committer.keep_up();
        }
        let last = self.sit().ok_or_else(died)?.take();
        last.ok_or_else(died)?.committer.end()
    }

    /// Waits for a task, or for the time when something else is to be done, and takes along all that wait behind it; nothing where no more
    /// come.
    fn gather<'a>(&self, queue: &'a Queue, died: impl Fn() -> Refusal) -> Result<Option<(Tasks, Turn<'a>)>, Refusal> {
        let tasks = queue.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = {
            let _turn = queue.turn();
            let mut taken = self.sit().ok_or_else(&died)?;
            let worker = taken.as_mut().ok_or_else(&died)?;
            worker.wakes = worker.committer.is_due_at();
            worker.wakes.saturating_duration_since(Instant::now())
        };
        let first = match tasks.recv_timeout(patience) {
            Ok(task) => Some(task),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        };
        let turn = queue.turn();
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
        Ok(Some((gathered, turn)))
    }
}

/// Notes when the keeper of the log has ended, in whatever way: nothing is admitted that nobody would place in it.
struct KeptLog<'a>(&'a Shared);

impl Drop for KeptLog<'_> {
    fn drop(&mut self) {
        self.0.log_has_ended();
    }
}
