//! A store that takes its time, or is away, as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wane_ledger::{Fault, Lock, MemoryStore, Room, Rows, Store};

type Body<'a> = &'a mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>;

/// What a store is told to do.
#[derive(Default)]
pub(crate) struct Told {
    /// The next one who writes is kept waiting.
    catches: AtomicBool,
    /// Until this is over.
    is_held: AtomicBool,
    /// The next one who asks is kept waiting likewise.
    catches_questions: AtomicBool,
    /// It answers that it is not there.
    pub(crate) is_away: AtomicBool,
    /// Transactions that were begun.
    pub(crate) begun: AtomicUsize,
}

/// A store in front of one in memory. It writes, and answers questions, when it is told that it may.
#[derive(Clone)]
pub(crate) struct Slow(MemoryStore, Arc<Told>);

impl Told {
    /// Whoever writes next has to wait.
    pub(crate) fn hold(&self) {
        self.is_held.store(true, Ordering::SeqCst);
        self.catches.store(true, Ordering::SeqCst);
    }

    /// Whoever asks next has to wait.
    pub(crate) fn hold_questions(&self) {
        self.is_held.store(true, Ordering::SeqCst);
        self.catches_questions.store(true, Ordering::SeqCst);
    }

    /// Somebody does.
    pub(crate) fn has_asked(&self) {
        until("somebody asks", || !self.catches_questions.load(Ordering::SeqCst));
    }

    /// Somebody does.
    pub(crate) fn is_caught(&self) {
        until("somebody writes", || !self.catches.load(Ordering::SeqCst));
    }

    pub(crate) fn go_on(&self) {
        self.is_held.store(false, Ordering::SeqCst);
    }
}

impl Slow {
    /// Two ways to a store: where one is held, others still write.
    pub(crate) fn way(told: &Arc<Told>) -> impl FnOnce(MemoryStore) -> Vec<Box<dyn Store>> {
        let told = Arc::clone(told);
        |store| {
            let slow = Self(store, told);
            vec![Box::new(slow.clone()), Box::new(slow)]
        }
    }
}

impl Store for Slow {
    fn is_durable(&self) -> bool {
        self.0.is_durable()
    }

    fn transact(&mut self, locks: &[Lock], body: Body<'_>) -> Result<(), Fault> {
        self.1.begun.fetch_add(1, Ordering::SeqCst);
        let caught = self.1.catches.swap(false, Ordering::SeqCst);
        while caught && self.1.is_held.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        match self.1.is_away.load(Ordering::SeqCst) {
            true => Err(Fault::Unreachable("told to be away".into())),
            false => self.0.transact(locks, body),
        }
    }

    fn view(&mut self, body: Body<'_>) -> Result<(), Fault> {
        let caught = self.1.catches_questions.swap(false, Ordering::SeqCst);
        while caught && self.1.is_held.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        self.0.view(body)
    }

    fn room(&mut self) -> Result<Room, Fault> {
        self.0.room()
    }
}

#[track_caller]
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}
