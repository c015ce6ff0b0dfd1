//! A store in front of one in memory, which does as it is told.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use wane_ledger::{Change, Fault, Key, Lock, MemoryStore, Room, Row, Rows, Store, Table};

type Body<'a> = &'a mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>;

/// Every handle is told the same.
#[derive(Clone)]
pub(super) struct Front(Arc<Told>);

struct Told {
    leads_to: Mutex<MemoryStore>,
    fault: Mutex<Option<Fault>>,
    /// What every transaction takes, and every fault.
    takes: Mutex<Duration>,
    is_held: AtomicBool,
    is_tight: AtomicBool,
    dies: AtomicBool,
    /// Bytes that it has room for.
    left: AtomicUsize,
    asked: AtomicUsize,
    longest: Mutex<Duration>,
}

impl Front {
    pub(super) fn of(store: &MemoryStore) -> Self {
        Self(Arc::new(Told {
            leads_to: Mutex::new(store.clone()),
            fault: Mutex::default(),
            takes: Mutex::default(),
            is_held: AtomicBool::default(),
            is_tight: AtomicBool::default(),
            dies: AtomicBool::default(),
            left: AtomicUsize::new(usize::MAX),
            asked: AtomicUsize::default(),
            longest: Mutex::default(),
        }))
    }

    pub(super) fn lead_to(&self, store: &MemoryStore) {
        *self.0.leads_to.lock().unwrap() = store.clone();
    }

    /// Answers this from now on.
    pub(super) fn fail(&self, fault: Fault) {
        *self.0.fault.lock().unwrap() = Some(fault);
    }

    pub(super) fn mend(&self) {
        *self.0.fault.lock().unwrap() = None;
    }

    pub(super) fn take(&self, time: Duration) {
        *self.0.takes.lock().unwrap() = time;
    }

    /// Answers nothing while it is held.
    pub(super) fn hold(&self, is_held: bool) {
        self.0.is_held.store(is_held, Ordering::SeqCst);
    }

    pub(super) fn tighten(&self) {
        self.0.is_tight.store(true, Ordering::SeqCst);
    }

    /// Has room for so many bytes more.
    pub(super) fn leave(&self, bytes: usize) {
        self.0.left.store(bytes, Ordering::SeqCst);
    }

    /// Takes the next thread that asks with it.
    pub(super) fn die(&self) {
        self.0.dies.store(true, Ordering::SeqCst);
    }

    /// Transactions and views it was asked for.
    pub(super) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// How long its longest transaction took.
    pub(super) fn longest(&self) -> Duration {
        *self.0.longest.lock().unwrap()
    }

    fn answers(&self) -> Result<MemoryStore, Fault> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        while self.0.is_held.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(2));
        }
        assert!(!self.0.dies.load(Ordering::SeqCst), "told to die");
        let takes = *self.0.takes.lock().unwrap();
        thread::sleep(takes);
        match &*self.0.fault.lock().unwrap() {
            Some(fault) => Err(fault.clone()),
            None => Ok(self.0.leads_to.lock().unwrap().clone()),
        }
    }
}

impl Store for Front {
    fn is_durable(&self) -> bool {
        false
    }

    fn transact(&mut self, locks: &[Lock], body: Body<'_>) -> Result<(), Fault> {
        let left = self.0.left.load(Ordering::SeqCst);
        let mut used = 0;
        let mut store = self.answers()?;
        let from = Instant::now();
        let done = store.transact(locks, &mut |rows| {
            let mut weighed = Weighed { rows, used: 0 };
            body(&mut weighed)?;
            used = weighed.used;
            if used > left { Err(Fault::Full("no room in the test".into())) } else { Ok(()) }
        });
        let mut longest = self.0.longest.lock().unwrap();
        *longest = (*longest).max(from.elapsed());
        done?;
        self.0.left.fetch_sub(used, Ordering::SeqCst);
        Ok(())
    }

    fn view(&mut self, body: Body<'_>) -> Result<(), Fault> {
        self.answers()?.view(body)
    }

    fn room(&mut self) -> Result<Room, Fault> {
        Ok(if self.0.is_tight.load(Ordering::SeqCst) { Room::Tight } else { Room::Ample })
    }
}

/// Weighs what is written.
struct Weighed<'a> {
    rows: &'a mut dyn Rows,
    used: usize,
}

impl Rows for Weighed<'_> {
    fn get(&mut self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        self.rows.get(keys)
    }

    fn put(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        self.used += changes.iter().map(|(_, value)| value.as_ref().map_or(0, Vec::len)).sum::<usize>();
        self.rows.put(changes)
    }

    fn append(&mut self, values: Vec<Vec<u8>>) -> Result<(), Fault> {
        self.used += values.iter().map(Vec::len).sum::<usize>();
        self.rows.append(values)
    }

    fn scan(&mut self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Fault> {
        self.rows.scan(table, from, to, limit)
    }
}
