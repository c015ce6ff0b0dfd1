//! Whoever talks to a store decides the requests that wait in one transaction, commits, and only then answers.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use wane::{Code, Decision, LedgerId, Refusal, Roots, SecretKey};
use wane_audit::{LogSecret, Origin};

use super::denials::Denials;
use super::group::{Answered, Done, Job, Look, Purpose};
use super::head;
use super::sequence::{self, Log, Published};
use super::{Shared, records};
use crate::law::{self, Overlay};
use crate::store::{Fault, Lock, Room, Rows, Store};

/// Requests decided in one transaction, at most. A group that fails is decided again one by one, so that one damaged row
/// does not stop the others.
pub(crate) const GROUP: usize = 128;

/// After so long no more requests are decided in a transaction: those that take long, by their arguments or by the approvals
/// that come with them, must not keep others from the store.
const LONGEST: Duration = Duration::from_millis(50);

/// What is to be done is looked at no sooner and no later: a pace may say never.
const SOONEST: Duration = Duration::from_millis(1);
const LATEST: Duration = Duration::from_secs(3_600);

/// How long one of several committers waits before the next one does.
const TURN: Duration = Duration::from_millis(50);

/// What the committer that keeps the log has beside the others.
pub(crate) struct Keeper {
    pub(crate) key: Option<SecretKey>,
    pub(crate) published: Box<dyn FnMut(&Published) + Send>,
    /// Says when the other committers have ended.
    pub(crate) others: Receiver<()>,
}

pub(crate) struct Committer {
    store: Box<dyn Store>,
    shared: Arc<Shared>,
    denials: Denials,
    log: Option<Log>,
    /// Of the keeper of the log: says when the other committers have ended.
    others: Option<Receiver<()>>,
}

/// Which ledger it is, and which log it keeps; the secret must be the one it was made with.
pub(crate) fn origin(store: &mut dyn Store, secret: &LogSecret) -> Result<(LedgerId, Origin), Fault> {
    let mut origin = None;
    store.view(&mut |rows| {
        let meta = law::load_meta(&mut Overlay::new(rows))?;
        let hint = secret.hint().to_string();
        // spec: S33
        if meta.log != hint {
            return Err(Refusal::new(Code::StateLogSecret, "ledger", hint, meta.log).into());
        }
        origin = Some((meta.id, Origin::new(&meta.origin)?));
        Ok(())
    })?;
    origin.ok_or_else(|| Fault::Misuse("a view that ran nothing".into()))
}

/// Compares the ledger with what is known outside, and says in its log that it was opened.
pub(crate) fn open(store: &mut dyn Store, shared: &Shared, now: u64) -> Result<(), Fault> {
    let mut seen = None;
    let known = shared.head.outside()?;
    store.transact(&[], &mut |rows| {
        let mut overlay = Overlay::new(rows);
        let meta = law::load_meta(&mut overlay)?;
        head::check_outside(known.as_ref(), &mut overlay)?;
        seen = Some((meta.id, sequence::noted_tip(&mut overlay, now)?));
        overlay.append(records::opened(shared, now)?);
        overlay.write()
    })?;
    match seen {
        Some((ledger, tip)) => shared.head.remember(ledger, &tip),
        None => Ok(()),
    }
}

impl Committer {
    pub(crate) fn new(store: Box<dyn Store>, shared: Arc<Shared>, keeper: Option<Keeper>) -> Self {
        let (log, others) = match keeper {
            Some(Keeper { key, published, others }) => (Some(Log::new(key, published, shared.now())), Some(others)),
            None => (None, None),
        };
        Self { store, shared, denials: Denials::default(), log, others }
    }

    pub(crate) const fn keeps_log(&self) -> bool {
        self.log.is_some()
    }

    /// When something else than a request has to be done.
    pub(crate) fn is_due_at(&mut self) -> Instant {
        let pace = &self.shared.pace;
        let denials = self.denials.since().map(|since| pace.denials().saturating_sub(since.elapsed()));
        let log = self.log.as_mut().map(|log| log.patience(&self.shared));
        let left = [denials, log].into_iter().flatten().min().unwrap_or(pace.unverified);
        // Whoever waits for a request holds the queue; with others beside, it lets go of it now and then.
        let longest = if self.shared.alone { left } else { left.min(TURN) };
        Instant::now() + longest.clamp(SOONEST, LATEST)
    }

    /// Something that only looks.
    pub(crate) fn look(&mut self, look: Look) {
        look(&mut *self.store, &self.shared);
    }

    /// Nothing comes any more.
    pub(crate) fn end(mut self) -> Result<(), Refusal> {
        if let Some(others) = self.others.take() {
            // Ends when the guard has seen all others end.
            let _: Result<(), _> = others.recv();
        }
        self.close().map_err(|fault| fault.refusal())
    }

    /// Decides requests and answers them, once what follows is committed.
    pub(crate) fn answer(&mut self, mut jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        if !shared.log_is_kept() {
            return refuse(jobs, &Fault::Unreachable("nobody keeps the log any more".into()));
        }
        let checks: Vec<Job> = jobs.extract_if(.., |job| job.purpose == Purpose::Check).collect();
        for job in self.refreshed(checks) {
            match self.check(&job) {
                Ok(answered) => self.respond(&shared.roots(), job, answered),
                Err(fault) => job.reply(Err(fault.refusal())),
            }
        }
        self.admit(jobs);
    }

    /// Those that verify by the roots in force; the others are told why not.
    fn refreshed(&self, mut jobs: Vec<Job>) -> Vec<Job> {
        let roots = self.shared.roots();
        let mut refusals = Vec::new();
        // spec: S30
        let is_refused = |job: &mut Job| job.refresh(&roots).map_err(|refusal| refusals.push(refusal)).is_err();
        let refused: Vec<Job> = jobs.extract_if(.., is_refused).collect();
        for (job, refusal) in refused.into_iter().zip(refusals) {
            self.shared.junk.count(refusal.code());
            job.reply(Err(refusal));
        }
        jobs
    }

    /// Answers, unless other roots are in force than those that it was decided by: they may allow less in many ways. What was
    /// committed stays, a charge without a call.
    fn respond(&self, roots: &Roots, mut job: Job, answered: Answered) {
        let same = job.verified().roots_digest() == roots.digest();
        // spec: S30
        let answer = match (&answered.decision, job.refresh(roots)) {
            (_, Err(refusal)) => {
                self.shared.junk.count(refusal.code());
                Err(refusal)
            }
            (Decision::Allow(_) | Decision::Ask(_), Ok(())) if !same => {
                Err(Fault::OutcomeUnknown("other roots came into force meanwhile".into()).refusal())
            }
            (_, Ok(())) => Ok(answered),
        };
        job.reply(answer);
    }

    fn admit(&mut self, mut jobs: Vec<Job>) {
        loop {
            jobs = self.refreshed(jobs);
            if jobs.is_empty() {
                return;
            }
            match self.commit(&jobs) {
                // spec: S32 S36
                Ok(done) => jobs = self.hand_out(jobs, done),
                // What was committed stays: a charge without a call, never a call without one.
                // spec: S37
                Err(fault @ Fault::OutcomeUnknown(_)) => return self.turn_away(jobs, &fault),
                Err(fault) if jobs.len() == 1 => return self.turn_away(jobs, &fault),
                Err(_) => return self.admit_one_by_one(jobs),
            }
        }
    }

    /// One damaged row must not stop the others. A fault of the store itself is everybody's: those behind would only wait as long
    /// for the same answer.
    fn admit_one_by_one(&mut self, jobs: Vec<Job>) {
        let mut jobs = jobs.into_iter();
        while let Some(job) = jobs.next() {
            let one = self.refreshed(vec![job]);
            if one.is_empty() {
                continue;
            }
            match self.commit(&one) {
                Ok(done) => drop(self.hand_out(one, done)),
                Err(fault) => {
                    let of_one = matches!(fault, Fault::Corrupt(_) | Fault::Misuse(_) | Fault::Refused(_));
                    self.turn_away(one, &fault);
                    if !of_one {
                        self.turn_away(jobs.collect(), &fault);
                        return;
                    }
                }
            }
        }
    }

    /// Denies genuine tokens for the store's sake. They cannot be recorded now; how many there were can be told later.
    fn turn_away(&mut self, jobs: Vec<Job>, fault: &Fault) {
        self.denials.leave_out(jobs.len(), self.shared.now());
        refuse(jobs, fault);
    }

    /// One transaction for all of them, or for the first of them where deciding takes long.
    fn commit(&mut self, jobs: &[Job]) -> Result<Vec<Done>, Fault> {
        let mut locks: Vec<Lock> = jobs.iter().map(Job::lock).collect();
        locks.sort_unstable();
        locks.dedup();
        let mut done = Vec::with_capacity(jobs.len());
        let shared = &*self.shared;
        let (known, room, is_serial) = (shared.head.seen()?, self.store.room()?, self.store.is_serial());
        let body = &mut |rows: &mut dyn Rows| {
            // The body may run more than once.
            done.clear();
            let mut overlay = Overlay::new(rows);
            overlay.prefetch(jobs.iter().flat_map(Job::keys).chain([&sequence::key()]))?;
            shared.head.check_seen(known.as_ref(), &mut overlay)?;
            let from = Instant::now();
            for job in jobs {
                // spec: S31 S35
                done.push(job.decide(shared, room, &mut overlay)?);
                if from.elapsed() > LONGEST {
                    break;
                }
            }
            // Where nothing follows, nothing is written: the records of denials never lie in the way of an admission.
            sequence::finish(overlay, is_serial)
        };
        self.store.transact(&locks, body)?;
        if done.is_empty() {
            return Err(Fault::Misuse("a transaction that ran nothing".into()));
        }
        if done.iter().any(|done| done.answered.record.is_some()) {
            self.shared.has_appended();
        }
        Ok(done)
    }

    fn check(&mut self, job: &Job) -> Result<Answered, Fault> {
        let mut answered = None;
        let shared = &*self.shared;
        let (known, room) = (shared.head.seen()?, self.store.room()?);
        self.store.view(&mut |rows| {
            let mut overlay = Overlay::new(rows);
            overlay.prefetch(job.keys().chain([&sequence::key()]))?;
            shared.head.check_seen(known.as_ref(), &mut overlay)?;
            // All that would follow is staged, as some of it may be refused; nothing of it is written.
            // spec: S34
            answered = Some(job.decide(shared, room, &mut overlay)?.answered);
            Ok(())
        })?;
        answered.ok_or_else(|| Fault::Misuse("a view that ran nothing".into()))
    }

    /// Answers those that were decided, and gives back the others.
    fn hand_out(&mut self, mut jobs: Vec<Job>, done: Vec<Done>) -> Vec<Job> {
        let shared = Arc::clone(&self.shared);
        let rest = jobs.split_off(done.len().min(jobs.len()));
        // Nobody who has replaced the roots and was told so sees an answer by those before.
        let roots = shared.roots.read().unwrap_or_else(PoisonError::into_inner);
        for (job, done) in jobs.into_iter().zip(done) {
            // spec: S38
            if let Some(denial) = done.denial {
                self.denials.push(denial);
            }
            self.respond(&roots, job, done.answered);
        }
        drop(roots);
        // There is always room for those of the next group.
        if !self.denials.has_room_for(GROUP) {
            self.record_denials();
        }
        rest
    }

    /// What no answer waits for. A fault here shows again where it matters: in the next admission.
    pub(crate) fn keep_up(&mut self) {
        if self.denials.since().is_some_and(|since| since.elapsed() >= self.shared.pace.denials()) {
            self.record_denials();
        }
        if let Some(log) = &mut self.log {
            log.keep_up(&mut *self.store, &self.shared);
        }
    }

    /// Denials give way to admissions where room is tight.
    fn record_denials(&mut self) {
        if self.store.room() != Ok(Room::Ample) {
            self.denials.drop_all(self.shared.now());
            return;
        }
        match self.stage_denials() {
            Ok(()) => {
                self.denials.clear();
                self.shared.has_appended();
            }
            // They may be there, where the store cannot say: the count is never less than what is missing.
            // spec: A31
            Err(_) => self.denials.drop_all(self.shared.now()),
        }
    }

    fn stage_denials(&mut self) -> Result<(), Fault> {
        let (shared, denials) = (&*self.shared, &self.denials);
        let (known, is_serial) = (shared.head.seen()?, self.store.is_serial());
        self.store.transact(&[], &mut |rows| {
            let mut overlay = Overlay::new(rows);
            shared.head.check_seen(known.as_ref(), &mut overlay)?;
            records::stage_denials(shared, denials, &mut overlay)?;
            sequence::finish(overlay, is_serial)
        })
    }

    fn close(mut self) -> Result<(), Fault> {
        match &mut self.log {
            // It is the last one: what it says of the guard's end must be true.
            Some(log) => {
                let denials = &mut self.denials;
                // spec: A31
                denials.take_over(self.shared.take_left(), self.shared.now());
                denials.leave_out_if(self.store.room() != Ok(Room::Ample), self.shared.now());
                log.close(&mut *self.store, &self.shared, denials)
            }
            None if self.denials.is_empty() => Ok(()),
            None => {
                self.record_denials();
                if self.denials.is_empty() {
                    return Ok(());
                }
                // The keeper of the log tells how many they were.
                self.shared.leave(std::mem::take(&mut self.denials));
                Err(Fault::Full("denials are not recorded".into()))
            }
        }
    }
}

fn refuse(jobs: Vec<Job>, fault: &Fault) {
    for job in jobs {
        // spec: S39
        job.reply(Err(fault.refusal()));
    }
}

/// When something was last done.
pub(crate) fn is_due(last: Instant, every: Duration) -> bool {
    last.elapsed() >= every
}
