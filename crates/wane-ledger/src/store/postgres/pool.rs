//! The connections of a store and of those that share them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::address::Address;
use super::connection::Connection;
use super::driver::Driver;
use crate::store::{Fault, Room};

pub(super) struct Pool {
    address: Address,
    size: usize,
    driver: Arc<Driver>,
    state: Mutex<State>,
    /// Told whenever a connection comes back or goes.
    changed: Condvar,
    /// Whether the last change found the server's disk full.
    full: AtomicBool,
}

struct State {
    idle: Vec<Connection>,
    /// Idle, lent and being opened.
    open: usize,
}

impl Pool {
    /// A pool whose first connection is open.
    pub(super) fn open(address: Address, size: usize, create: bool) -> Result<Arc<Self>, Fault> {
        let driver = Arc::new(Driver::start()?);
        let first = Connection::open(&driver, &address, create)?;
        Ok(Arc::new(Self {
            address,
            size: size.max(1),
            driver,
            state: Mutex::new(State { idle: vec![first], open: 1 }),
            changed: Condvar::new(),
            full: AtomicBool::new(false),
        }))
    }

    /// A connection that nobody else uses: an idle one, or a new one where the pool may grow.
    pub(super) fn lend(self: &Arc<Self>, until: Instant) -> Result<Lease, Fault> {
        let mut state = self.state();
        loop {
            while let Some(connection) = state.idle.pop() {
                if !connection.is_closed() {
                    return Ok(Lease { pool: Arc::clone(self), connection: Some(connection) });
                }
                state.open = state.open.saturating_sub(1);
            }
            if state.open < self.size {
                state.open = state.open.saturating_add(1);
                drop(state);
                // Counted already: where it cannot be opened, the lease gives the place back.
                let mut lease = Lease { pool: Arc::clone(self), connection: None };
                lease.connection = Some(Connection::open(&self.driver, &self.address, false)?);
                return Ok(lease);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::Locked("every connection of the pool is in use".to_owned()));
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Closes what is idle: after one connection broke, the others are likely to be broken too.
    pub(super) fn forget_idle(&self) {
        let mut state = self.state();
        let idle = std::mem::take(&mut state.idle);
        state.open = state.open.saturating_sub(idle.len());
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn note(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }

    pub(super) fn room(&self) -> Room {
        if self.full.load(Ordering::Relaxed) { Room::Tight } else { Room::Ample }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and each change of it is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan. Dropped without [`Lease::give_back`], on a panic too, it is closed, and the server rolls back
/// and releases what it held.
pub(super) struct Lease {
    pool: Arc<Pool>,
    connection: Option<Connection>,
}

impl Lease {
    pub(super) fn connection(&self) -> Result<&Connection, Fault> {
        self.connection.as_ref().ok_or_else(|| Fault::Misuse("a connection is used after its loan".to_owned()))
    }

    /// For others to use: no transaction is open and no lock held.
    pub(super) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            let mut state = self.pool.state();
            state.idle.push(connection);
            // The place stays taken, so that the drop must not free it.
            state.open = state.open.saturating_add(1);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.connection.take());
        let mut state = self.pool.state();
        state.open = state.open.saturating_sub(1);
        drop(state);
        self.pool.changed.notify_one();
    }
}
