//! Live state in a PostgreSQL database, for guards on many hosts.
//!
//! - **Server**: PostgreSQL 12 or newer, not a standby, that waits for its disk: `fsync`, `full_page_writes` and
//!   `synchronous_commit` on, or [`Fault::AsyncCommit`]. Every new connection checks them, and every transaction states
//!   `synchronous_commit = on` and looks at the others again, for they can change under an open connection.
//! - **Tables**: of the version known here, which each transaction looks at again, or [`Fault::Schema`]; logged, for a crash
//!   empties those that are not, or [`Fault::AsyncCommit`]. Where a policy would hide rows of them, a statement fails.
//! - **Way there**: a unix socket, loopback, or whatever carries the connection safely and ends on this machine. TLS is not
//!   built in. Another host is refused unless the URL says `sslmode=disable`, and `sslmode=require` is refused.
//! - **Poolers**: session mode works. Behind a pooler that hands out connections by the transaction, locks of a session do not
//!   hold: it is detected, and refused with [`Fault::Pooler`]. The check of a new connection opens a second one for a
//!   moment, so the server must have one more to spare.
//! - **Transactions** are SERIALIZABLE. The locks are advisory locks of the session, taken before `BEGIN`, so that the
//!   snapshot is younger than they are, and sent together with it, so that nobody dies or hangs with locks and without a
//!   transaction, which the server would end. What the server rolls back because of a conflict is run again until 10 s have
//!   passed; a wait for a connection or a lock takes as long at most, any other statement 15 s. An answer of the server is
//!   awaited for 20 s, a new connection for 10 s.
//! - **The gate**: whoever writes holds a shared advisory lock beside its own. Placing records in the log, which reads what every
//!   other writer appends to and writes what they all read, holds it alone, and so does whatever has conflicted four times;
//!   without it, busy guards would keep the log from ever growing. Whoever waits for it, one of many or alone, gives up after
//!   2 s and goes on without, so that a guard that hangs does not stop the others; the server ends its transaction after 20 s.
//! - **Broken connections** are thrown away. One on which the server still owes an answer counts until it has come or the
//!   connection broke: where all of them wait so, whoever needs one is told that it is [`Fault::Locked`]. A transaction whose
//!   connection broke before its commit was sent runs once more on a new one; when it breaks during the commit, or the server then warns of anything, the answer is
//!   [`Fault::OutcomeUnknown`].

mod address;
mod check;
mod connection;
mod driver;
mod pool;
mod rows;
mod schema;
mod trouble;

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use self::address::Address;
use self::connection::{BUSY, Connection, Mode};
use self::pool::Pool;
use self::rows::PgRows;
use self::trouble::Trouble;
use super::contract;
use crate::store::{Fault, Lock, Room, Rows, Store};

/// After so many conflicts a transaction runs while nobody else writes.
const PATIENCE: u32 = 4;

/// How a [`PostgresStore`] is opened.
///
/// ```
/// use wane_ledger::PostgresOptions;
/// let options = PostgresOptions { create: true, ..PostgresOptions::default() };
/// assert_eq!(options.connections, 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    /// How many connections the store and its clones have open together, at most. At least 1; 4 unless told. One that was given
    /// up counts until the server has answered what it still owes.
    pub connections: usize,
    /// Whether to make the tables where the database has none. Without it, such a database is [`Fault::Schema`].
    pub create: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { connections: 4, create: false }
    }
}

/// Live state in a PostgreSQL database. Clones share their connections; each runs its own transactions.
///
/// ```
/// use wane::Code;
/// use wane_ledger::{PostgresOptions, PostgresStore};
/// let remote = PostgresStore::connect("postgres://wane:secret@db.example.com/wane", PostgresOptions::default());
/// let refusal = remote.expect_err("tls is not built in").refusal();
/// assert_eq!(refusal.code(), Code::StateUnreachable);
/// assert!(!refusal.to_string().contains("secret"));
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    pool: Arc<Pool>,
}

impl PostgresStore {
    /// Connects to the server that the URL names and checks it. Beside what PostgreSQL's own URLs say, `schema=NAME` names the
    /// namespace of the ledger, `wane` unless told: small letters, digits and `_`, at most 63 bytes.
    ///
    /// # Errors
    /// [`Fault::Unreachable`] where the URL is refused or no server answers as it must within 10 s;
    /// [`Fault::AsyncCommit`], [`Fault::Pooler`] and [`Fault::ReadOnly`] where the server is unfit; [`Fault::Schema`] where
    /// its tables are missing or not of the version known here.
    pub fn connect(url: &str, options: PostgresOptions) -> Result<Self, Fault> {
        let address = Address::parse(url)?;
        Ok(Self { pool: Pool::open(address, options.connections, options.create)? })
    }

    /// Runs the body in transactions until one of them ends otherwise than by a conflict.
    fn run(&self, locks: &[Lock], writes: bool, body: &mut Body<'_>) -> Result<(), Fault> {
        // Placing records reads what everybody appends to and writes what everybody reads.
        let crowded = writes && locks.contains(&Lock::Sequencer);
        let until = Instant::now().checked_add(BUSY).unwrap_or_else(Instant::now);
        let mut lost = false;
        let mut conflicts = 0;
        loop {
            let lease = self.pool.lend(until)?;
            let mode = Mode { writes, alone: crowded || conflicts >= PATIENCE };
            // spec: S4
            match attempt(&lease.connection, locks, mode, body) {
                End::Done { usable } => {
                    if usable {
                        lease.give_back();
                    }
                    return Ok(());
                }
                End::Not(Trouble::Failed(fault)) => {
                    lease.give_back();
                    return Err(fault);
                }
                End::Not(Trouble::Conflict) => {
                    lease.give_back();
                    let pause = pause(conflicts);
                    // spec: S7
                    if Instant::now().checked_add(pause).is_none_or(|then| then >= until) {
                        return Err(Trouble::Conflict.fault());
                    }
                    thread::sleep(pause);
                    conflicts = conflicts.saturating_add(1);
                }
                End::Not(Trouble::Lost(fault)) => {
                    drop(lease);
                    self.pool.forget_idle();
                    if lost || Instant::now() >= until || matches!(fault, Fault::Pooler(_)) {
                        return Err(fault);
                    }
                    lost = true;
                }
                End::Unknown(fault) => {
                    drop(lease);
                    self.pool.forget_idle();
                    // spec: S3
                    return Err(Fault::OutcomeUnknown(text(&fault)));
                }
            }
        }
    }
}

impl Store for PostgresStore {
    fn is_durable(&self) -> bool {
        true
    }

    fn transact(&mut self, locks: &[Lock], body: &mut Body<'_>) -> Result<(), Fault> {
        contract::ascending(locks)?;
        let result = self.run(locks, true, body);
        match &result {
            Ok(()) => self.pool.note(false),
            Err(Fault::Full(_)) => self.pool.note(true),
            Err(_) => {}
        }
        result
    }

    fn view(&mut self, body: &mut Body<'_>) -> Result<(), Fault> {
        self.run(&[], false, body)
    }

    /// The server does not say how much room its disk has, so it is [`Room::Tight`] from a change that found it full until
    /// one is committed.
    fn room(&mut self) -> Result<Room, Fault> {
        Ok(self.pool.room())
    }
}

impl fmt::Debug for PostgresStore {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

type Body<'a> = dyn FnMut(&mut dyn Rows) -> Result<(), Fault> + 'a;

/// How one transaction ended.
enum End {
    /// Committed; whether the connection can be used again.
    Done { usable: bool },
    /// Rolled back, the locks released; or the connection is lost.
    Not(Trouble),
    /// The commit was sent, and no answer came.
    Unknown(Fault),
}

fn attempt(connection: &Connection, locks: &[Lock], mode: Mode, body: &mut Body<'_>) -> End {
    let ran = connection.begin(locks, mode).and_then(|()| {
        let mut rows = PgRows::new(connection);
        let answer = contract::run(&mut rows, mode.writes, body);
        match rows.trouble.take() {
            Some(trouble) => Err(trouble),
            None => answer.map_err(Trouble::Failed),
        }
    });
    let trouble = match ran {
        Ok(()) => match connection.commit() {
            Ok(usable) => return End::Done { usable },
            Err(Trouble::Lost(fault)) if mode.writes => return End::Unknown(fault),
            Err(trouble) => trouble,
        },
        Err(trouble) => trouble,
    };
    if matches!(trouble, Trouble::Lost(_)) {
        return End::Not(trouble);
    }
    match connection.roll_back() {
        Ok(()) => End::Not(trouble),
        // What failed first is the answer, and a connection that cannot roll back is not used again.
        Err(lost) => End::Not(match trouble {
            Trouble::Failed(fault) => Trouble::Lost(fault),
            _ => Trouble::Lost(lost.fault()),
        }),
    }
}

/// From 1 ms, doubling, to 32 ms, and for each caller a little different.
fn pause(conflicts: u32) -> Duration {
    let most = 1_u64.checked_shl(conflicts.min(5)).unwrap_or(32).saturating_mul(1_000);
    let spread = u64::from(Instant::now().elapsed().subsec_nanos()) % 1_000;
    Duration::from_micros(most.saturating_add(spread))
}

fn text(fault: &Fault) -> String {
    match fault {
        Fault::Unreachable(why) | Fault::Locked(why) | Fault::Full(why) | Fault::Pooler(why) => why.clone(),
        other => other.to_string(),
    }
}
