//! The operator's verbs: each is one transaction with its record.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

mod approvals;
mod known;
mod verbs;

use std::sync::{Arc, Mutex, MutexGuard};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Code, Refusal, SecretKey, Token};
use wane_audit::{Hint, Origin, Record};

use super::Ledger;
use crate::law::tests::world::{MADE, Map, World};
use crate::store::{Change, Fault, Key, Lock, Room, Row, Rows, Store, Table};

type Body<'a> = &'a mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>;

/// A map that several handles share, which runs every body twice and can fail at any step.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    map: Map,
    locks: Vec<Vec<Lock>>,
    /// Steps of a transaction before one fails.
    fails_after: Option<usize>,
}

struct Failing<'a> {
    map: &'a mut Map,
    left: Option<usize>,
}

impl Failing<'_> {
    fn step(&mut self) -> Result<(), Fault> {
        match &mut self.left {
            Some(0) => Err(Fault::Full("no room in the test".into())),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Rows for Failing<'_> {
    fn get(&mut self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        self.step()?;
        self.map.get(keys)
    }

    fn put(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        self.step()?;
        self.map.put(changes)
    }

    fn append(&mut self, values: Vec<Vec<u8>>) -> Result<(), Fault> {
        self.step()?;
        self.map.append(values)
    }

    fn scan(&mut self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Fault> {
        self.step()?;
        self.map.scan(table, from, to, limit)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn open(&self) -> Ledger {
        Ledger::open(Box::new(self.clone()), Box::new(UnwrapErr(SysRng))).unwrap()
    }

    fn created() -> (Self, Ledger) {
        let shared = Self::default();
        let ledger = shared.create().unwrap();
        (shared, ledger)
    }

    fn create(&self) -> Result<Ledger, Refusal> {
        let origin = Some(Origin::new("example.com/log").unwrap());
        Ledger::create(Box::new(self.clone()), Hint::from_bytes([7; 8]), origin, MADE, Box::new(UnwrapErr(SysRng)))
    }

    /// The records that wait for their place in the log.
    fn records(&self) -> Vec<Record> {
        let state = self.lock();
        let queued = state.map.rows.iter().filter(|((table, _), _)| *table == Table::Queue);
        queued.map(|(_, line)| Record::parse(line).unwrap()).collect()
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.records().iter().map(|record| record.event.kind()).collect()
    }
}

impl Store for Shared {
    fn is_durable(&self) -> bool {
        true
    }

    fn transact(&mut self, locks: &[Lock], body: Body<'_>) -> Result<(), Fault> {
        let mut state = self.lock();
        state.locks.push(locks.to_vec());
        let left = state.fails_after;
        // The first run comes to nothing, as where two transactions met.
        let mut thrown_away = state.map.clone();
        body(&mut Failing { map: &mut thrown_away, left })?;
        let mut kept = state.map.clone();
        body(&mut Failing { map: &mut kept, left })?;
        state.map = kept;
        Ok(())
    }

    fn view(&mut self, body: Body<'_>) -> Result<(), Fault> {
        let mut state = self.lock();
        let mut map = state.map.clone();
        let left = state.fails_after;
        body(&mut Failing { map: &mut map, left })?;
        assert_eq!(map.rows, state.map.rows, "a view changes nothing");
        state.map.gets = map.gets;
        Ok(())
    }

    fn room(&mut self) -> Result<Room, Fault> {
        Ok(Room::Ample)
    }
}

fn root() -> SecretKey {
    SecretKey::from_seed([1; 32])
}

/// A session of this ledger.
fn session(ledger: &Ledger, root: &SecretKey, iat: u64, exp: u64, agent: &str) -> Token {
    let grant = World::grant_for(ledger.id(), iat, exp).subject(agent);
    wane::mint(&grant, root, crate::law::tests::world::carried()).unwrap()
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> Code {
    answer.unwrap_err().code()
}
