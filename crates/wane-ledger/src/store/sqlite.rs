//! Live state in one SQLite file, for the processes of one host.
//!
//! - **Durable.** Write-ahead log, and a sync of it with every commit.
//! - **One writer at a time.** A transaction begins with the right to write (`BEGIN IMMEDIATE`), so it never has to give up
//!   half-way, and no lock of the contract is needed beside it. Views do not wait for it.
//! - **The file is this user's alone.** It is made with mode 0600, as are the two files beside it while it is open
//!   (`-wal`, `-shm`); what others could write, or a folder in which they could put another file or a link to one, is refused;
//!   so is a file that is mounted by itself, for its log would lie in two places.
//! - **The file stays in its place.** Each transaction compares which file its path names, and which lie beside it, with
//!   those that are open, before its body and after its commit. Where it is gone, the answer is [`Fault::Unreachable`]:
//!   moved back, it works again. Where another lies there, it is [`Fault::RolledBack`], since that is most likely an older
//!   copy. Where its log was taken away, it is [`Fault::Corrupt`]. It stays so, whatever else happened, until the path
//!   names the same files again.
//! - **Not over a network.** The index of the write-ahead log is memory that processes of one host share. NFS, SMB, 9p and
//!   others that say what they are are refused; a FUSE file system does not say, so do not put a ledger on one that other
//!   hosts write.
//! - **Not seen here.** SQLite keeps no checksum of its pages. Damage to the structure of the file is [`Fault::Corrupt`];
//!   a changed bit within a value is for whoever reads that value to find.

mod connection;
mod place;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod trouble;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, MAIN_DB, Transaction, TransactionBehavior};
use rustix::fs::statvfs;

use self::place::{Identity, Place};
use self::rows::SqliteRows;
use self::schema::{PLAN, Plan};
use super::contract;
use crate::store::{Fault, Lock, Room, Rows, Store};

/// How a [`SqliteStore`] is opened.
///
/// ```
/// use wane_ledger::SqliteOptions;
/// let options = SqliteOptions { create: true, ..SqliteOptions::default() };
/// assert_eq!(options.busy.as_secs(), 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Whether to make the file, and the folders above it (mode 0700), where there is none. Without it, that is
    /// [`Fault::Unreachable`]: an empty ledger in place of one that was removed would forget every mark.
    pub create: bool,
    /// How long a transaction waits for others, at most a day; 10 s unless told.
    pub busy: Duration,
    /// Free bytes on the disk below which [`Store::room`] answers [`Room::Tight`]; 16 MiB unless told. The write-ahead log
    /// grows to about 4 MiB before it is copied back, and the file by as much at most then; the rest is for admissions
    /// while the operator makes room.
    pub reserve: u64,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { create: false, busy: Duration::from_secs(10), reserve: 16 * 1024 * 1024 }
    }
}

/// Live state in one SQLite file. Each store has one connection; any number of stores, in any number of processes of one
/// host, may have the same file open.
///
/// ```
/// use wane_ledger::{SqliteOptions, SqliteStore, Store, Table};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("ledger.db");
/// let mut store = SqliteStore::open(&path, SqliteOptions { create: true, ..SqliteOptions::default() })?;
/// let key = (Table::Used, vec![7; 32]);
/// store.transact(&[], &mut |rows| rows.put(vec![(key.clone(), Some(b"{}".to_vec()))]))?;
///
/// let mut other = SqliteStore::open(&path, SqliteOptions::default())?;
/// other.view(&mut |rows| {
///     assert_eq!(rows.get(&[key.clone()])?, [Some(b"{}".to_vec())]);
///     Ok(())
/// })?;
/// assert!(other.is_durable());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteStore {
    path: PathBuf,
    options: SqliteOptions,
    plan: Plan,
    /// The first connection's; a later one must be of the same file.
    file: Option<Identity>,
    /// None until it was opened anew after trouble with the disk.
    open: Option<Open>,
}

/// Between two tries to open a file that others hold.
const PAUSE: Duration = Duration::from_millis(5);

struct Open {
    connection: Connection,
    place: Place,
    identity: Identity,
    /// After trouble with the disk: the next transaction opens and checks it anew.
    given_up: bool,
}

impl SqliteStore {
    /// Opens a ledger's file, and makes it where the options say so.
    ///
    /// # Errors
    /// [`Fault::Unreachable`] where it is not there, or others could write it; [`Fault::Schema`] where it is of a newer
    /// version or of another program; [`Fault::Corrupt`] where it is empty or no database; [`Fault::ReadOnly`] where it
    /// cannot be written; [`Fault::Full`] where there is no room to make it or to bring it to this version.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, Fault> {
        Self::open_as(path.as_ref(), options, PLAN)
    }

    fn open_as(path: &Path, options: SqliteOptions, plan: Plan) -> Result<Self, Fault> {
        // The path is meant from where the process stands now.
        let absolute = std::path::absolute(path).map_err(|error| trouble::of_system(&error, path))?;
        let open = Open::new(&absolute, options, plan)?;
        let file = Some(open.identity);
        Ok(Self { path: absolute, options, plan, file, open: Some(open) })
    }

    /// The open connection, opened anew where it was given up.
    fn opened(&mut self) -> Result<&Open, Fault> {
        if let Some(open) = self.open.as_ref().filter(|open| open.given_up) {
            // What lies there instead would be taken for it, were it opened anew.
            // spec: S78
            open.place.still_names(open.identity)?;
            self.open = None;
        }
        if self.open.is_none() {
            let open = Open::new(&self.path, SqliteOptions { create: false, ..self.options }, self.plan)?;
            if !self.file.is_some_and(|file| file.is_same_file(open.identity)) {
                return Err(Fault::RolledBack("another file in its place".into(), "the file that was opened".into()));
            }
            self.open = Some(open);
        }
        self.open.as_ref().ok_or_else(|| Fault::Unreachable("not open".into()))
    }

    /// Runs on the open connection, and gives it up where it cannot be relied on afterwards.
    fn run(&mut self, run: impl FnOnce(&Open, Plan) -> Result<(), Fault>) -> Result<(), Fault> {
        let plan = self.plan;
        let open = self.opened()?;
        let result = run(open, plan);
        let is_over = !open.connection.is_autocommit() || matches!(result, Err(Fault::OutcomeUnknown(_)));
        if let Some(open) = &mut self.open {
            open.given_up = is_over;
        }
        result
    }
}

impl Open {
    /// Opens the file. Some locks of SQLite, that of the change to a write-ahead log among them, are refused at once and not
    /// waited for; while the time that others are waited for lasts, it is tried again.
    fn new(path: &Path, options: SqliteOptions, plan: Plan) -> Result<Self, Fault> {
        let start = Instant::now();
        loop {
            match Self::once(path, options, plan) {
                Err(Fault::Locked(_)) if start.elapsed() < options.busy => std::thread::sleep(PAUSE),
                opened => return opened,
            }
        }
    }

    fn once(path: &Path, options: SqliteOptions, plan: Plan) -> Result<Self, Fault> {
        let place = Place::find(path, options.create)?;
        if !place.exists {
            schema::create(&place)?;
        }
        place.check_files()?;
        let before = place.identity()?;
        let cut_short = place.is_cut_short();
        let fault = |error: &rusqlite::Error| trouble::fault(error, &place.folder);
        let connection = connection::connect(&place.file).map_err(|error| fault(&error))?;
        connection::wait_for(&connection, options.busy).map_err(|error| fault(&error))?;
        if connection.is_readonly(MAIN_DB).map_err(|error| fault(&error))? {
            return Err(Fault::ReadOnly(format!("{}: it can only be read", place.file.display())));
        }
        schema::recognise(&connection, &place, plan)?;
        if cut_short {
            return Err(Fault::Corrupt(format!("{}: the file is cut short", place.file.display())));
        }
        schema::bring(&connection, &place, plan)?;
        // spec: S74
        let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        let mode = mode.map_err(|error| fault(&error))?;
        if mode != "wal" {
            return Err(Fault::Unreachable(format!("{}: no write-ahead log here", place.file.display())));
        }
        // The first read opens the log and its index; from here on both stay.
        connection::pragma(&connection, "PRAGMA user_version").map_err(|error| fault(&error))?;
        let identity = place.identity()?;
        if !identity.is_same_file(before) || !identity.is_whole() {
            return Err(Fault::Unreachable(format!("{}: replaced while it was opened", place.file.display())));
        }
        place.check_files()?;
        Ok(Self { connection, place, identity, given_up: false })
    }

    fn fault(&self, error: &rusqlite::Error) -> Fault {
        trouble::fault(error, &self.place.folder)
    }

    fn transact(&self, plan: Plan, body: &mut Body<'_>) -> Result<(), Fault> {
        self.place.still_names(self.identity)?;
        // Rolled back when it is dropped, by a fault or by a panic.
        // spec: S1 S75
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
            .map_err(|error| self.fault(&error))?;
        schema::check(&transaction, &self.place, plan)?;
        contract::run(&mut SqliteRows::new(&transaction, &self.place.folder), true, body)?;
        // spec: S2, S3
        transaction.commit().map_err(|error| {
            if trouble::is_surely_undone(&error) {
                self.fault(&error)
            } else {
                Fault::OutcomeUnknown(error.to_string())
            }
        })?;
        self.place.still_names(self.identity).map_err(|fault| Fault::OutcomeUnknown(fault.to_string()))
    }

    fn view(&self, plan: Plan, body: &mut Body<'_>) -> Result<(), Fault> {
        self.place.still_names(self.identity)?;
        let reading = Reading::start(&self.connection).map_err(|error| self.fault(&error))?;
        let transaction =
            Transaction::new_unchecked(reading.0, TransactionBehavior::Deferred).map_err(|error| self.fault(&error))?;
        schema::check(&transaction, &self.place, plan)?;
        contract::run(&mut SqliteRows::new(&transaction, &self.place.folder), false, body)?;
        transaction.rollback().map_err(|error| self.fault(&error))
    }
}

/// While it lives, the connection changes nothing, whatever it is asked.
struct Reading<'a>(&'a Connection);

impl<'a> Reading<'a> {
    fn start(connection: &'a Connection) -> rusqlite::Result<Self> {
        connection.execute_batch("PRAGMA query_only = ON")?;
        Ok(Self(connection))
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        // Should it fail, the next transaction is refused as one that only reads.
        let _ = self.0.execute_batch("PRAGMA query_only = OFF");
    }
}

type Body<'a> = dyn FnMut(&mut dyn Rows) -> Result<(), Fault> + 'a;

impl Store for SqliteStore {
    fn is_durable(&self) -> bool {
        true
    }

    fn is_serial(&self) -> bool {
        true
    }

    fn transact(&mut self, locks: &[Lock], body: &mut Body<'_>) -> Result<(), Fault> {
        contract::ascending(locks)?;
        self.run(|open, plan| open.transact(plan, body))
    }

    fn view(&mut self, body: &mut Body<'_>) -> Result<(), Fault> {
        self.run(|open, plan| open.view(plan, body))
    }

    fn room(&mut self) -> Result<Room, Fault> {
        let reserve = self.options.reserve;
        let folder = &self.opened()?.place.folder;
        let disk = statvfs(folder).map_err(|error| trouble::of_system(&error.into(), folder))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        Ok(if free < reserve { Room::Tight } else { Room::Ample })
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
