//! The connections of a store and of those that share them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
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
    /// Idle, lent, being opened, and given up while the server still owes an answer.
    open: usize,
}

impl Pool {
    /// A pool whose first connection is open.
    pub(super) fn open(address: Address, size: usize, create: bool) -> Result<Arc<Self>, Fault> {
        let pool = Arc::new(Self {
            address,
            size: size.max(1),
            driver: Arc::new(Driver::start()?),
            state: Mutex::new(State { idle: Vec::new(), open: 0 }),
            changed: Condvar::new(),
            full: AtomicBool::new(false),
        });
        let place = pool.take(&mut pool.state());
        let first = Connection::open(&pool.driver, &pool.address, place, create)?;
        pool.state().idle.push(first);
        Ok(pool)
    }

    /// A connection that nobody else uses: an idle one, or a new one where the pool may grow.
    pub(super) fn lend(self: &Arc<Self>, until: Instant) -> Result<Lease, Fault> {
        let mut state = self.state();
        loop {
            while let Some(connection) = state.idle.pop() {
                if !connection.is_closed() {
                    return Ok(Lease { pool: Arc::clone(self), connection });
                }
            }
            // spec: S87
            if state.open < self.size {
                let place = self.take(&mut state);
                drop(state);
                let connection = Connection::open(&self.driver, &self.address, place, false)?;
                return Ok(Lease { pool: Arc::clone(self), connection });
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
        let idle = std::mem::take(&mut self.state().idle);
        drop(idle);
    }

    fn take(self: &Arc<Self>, state: &mut State) -> Arc<Place> {
        state.open = state.open.saturating_add(1);
        Arc::new(Place(Arc::downgrade(self)))
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

/// A connection's place in the pool. What reads from its sockets holds it, so that it is free when they are closed: a connection on
/// which the server owes an answer stays open after it was given up, and the server keeps a process for it.
pub(super) struct Place(Weak<Pool>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(pool) = self.0.upgrade() {
            let mut state = pool.state();
            state.open = state.open.saturating_sub(1);
            drop(state);
            pool.changed.notify_one();
        }
    }
}

/// A connection on loan. Dropped without [`Lease::give_back`], on a panic too, it is closed, and the server rolls back
/// and releases what it held.
pub(super) struct Lease {
    pool: Arc<Pool>,
    pub(super) connection: Connection,
}

impl Lease {
    /// For others to use: no transaction is open and no lock held.
    pub(super) fn give_back(self) {
        self.pool.state().idle.push(self.connection);
        self.pool.changed.notify_one();
    }
}
