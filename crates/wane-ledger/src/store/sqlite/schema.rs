//! The layout of the file, how it is recognised, made, and brought from an older version to this one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::connection::{connect, pragma};
use super::place::{PAGE, Place};
use super::trouble::{self, of_system};
use crate::store::{Fault, Table};

/// `Wane`, in the header of every file of ours.
pub(super) const APPLICATION: i32 = 0x5761_6e65;

/// Which version is known here, and how an older one becomes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) version: i32,
    /// Each step brings the version it names to the next one.
    pub(super) steps: &'static [Step],
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) from: i32,
    pub(super) sql: &'static str,
}

/// Version 2 has the table of what was returned.
pub(super) const PLAN: Plan = Plan {
    version: 2,
    steps: &[Step { from: 1, sql: "CREATE TABLE seen (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT;" }],
};

/// Numbered tables are trees over the number itself; the queue's counts up for good. Small rows lie in the tree of their keys,
/// long ones beside it.
fn layout() -> String {
    let table = |table: &Table| {
        let name = super::rows::name(*table);
        let rest = match table {
            Table::Queue => "number INTEGER PRIMARY KEY AUTOINCREMENT, value BLOB NOT NULL) STRICT;",
            Table::Leaf | Table::LeafHash | Table::Head | Table::Checkpoint => {
                "number INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;"
            }
            Table::Meta | Table::Pending | Table::Approval | Table::Envelope | Table::Config | Table::Seen => {
                "key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT;"
            }
            Table::Entry | Table::Spent | Table::Used | Table::RevokedBefore => {
                "key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
            }
        };
        format!("CREATE TABLE {name} ({rest}\n")
    };
    Table::ALL.iter().map(table).collect()
}

/// Makes the file under another name and gives it its own only when it is whole, so that nobody ever sees half of one.
pub(super) fn create(place: &Place) -> Result<(), Fault> {
    place.check_unused()?;
    let fresh = Fresh::beside(place, ".new")?;
    let make = || {
        let connection = connect(&fresh.path)?;
        connection.execute_batch(&format!("PRAGMA page_size = {PAGE}"))?;
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        transaction.execute_batch(&layout())?;
        transaction.execute_batch(&format!("PRAGMA application_id = {APPLICATION}"))?;
        transaction.execute_batch(&format!("PRAGMA user_version = {}", PLAN.version))?;
        transaction.commit()?;
        // Kept in the header: from here on every connection writes ahead.
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))?;
        connection.close().map_err(|(_, error)| error)
    };
    make().map_err(|error| trouble::fault(&error, &place.folder))?;
    sync(&fresh.path)?;
    match rename_if_free(&fresh.path, &place.file) {
        // Somebody else was faster; what is there is looked at as any other file.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(of_system(&error, &place.file)),
        Ok(()) => sync(&place.folder),
    }
}

/// Refuses the file of another program.
pub(super) fn recognise(connection: &Connection, place: &Place, plan: Plan) -> Result<(), Fault> {
    let application = pragma(connection, "PRAGMA application_id");
    match application.map_err(|error| trouble::fault(&error, &place.folder))? {
        APPLICATION => Ok(()),
        _ => Err(Fault::Schema("of another program".into(), plan.version.to_string())),
    }
}

/// Brings a file of an older version to this one, and refuses one of a newer.
pub(super) fn bring(connection: &Connection, place: &Place, plan: Plan) -> Result<(), Fault> {
    let fault = |error: &rusqlite::Error| trouble::fault(error, &place.folder);
    if plan.is_reached(connection, place)? {
        return Ok(());
    }
    // Nobody else writes between the backup and the first step.
    let transaction =
        Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(|error| fault(&error))?;
    if plan.is_reached(&transaction, place)? {
        return Ok(());
    }
    // spec: S79
    back_up(place, plan.version)?;
    let steps = || {
        let mut version = pragma(&transaction, "PRAGMA user_version")?;
        while version < plan.version {
            let step = plan.steps.iter().find(|step| step.from == version);
            transaction.execute_batch(step.map_or("", |step| step.sql))?;
            version = version.saturating_add(1);
        }
        transaction.execute_batch(&format!("PRAGMA user_version = {version}"))
    };
    steps().map_err(|error| fault(&error))?;
    transaction.commit().map_err(|error| {
        if trouble::is_surely_undone(&error) { fault(&error) } else { Fault::OutcomeUnknown(error.to_string()) }
    })
}

/// Refuses a file that somebody has brought to another version since it was opened.
pub(super) fn check(connection: &Connection, place: &Place, plan: Plan) -> Result<(), Fault> {
    if plan.is_reached(connection, place)? {
        return Ok(());
    }
    Err(Fault::Schema("an older one, put back".into(), plan.version.to_string()))
}

impl Plan {
    /// Whether the file is of this version; refused where no way leads there.
    fn is_reached(&self, connection: &Connection, place: &Place) -> Result<bool, Fault> {
        let found = pragma(connection, "PRAGMA user_version").map_err(|error| trouble::fault(&error, &place.folder))?;
        let has_step = |version: i32| self.steps.iter().any(|step| step.from == version);
        if found == self.version {
            return Ok(true);
        }
        // spec: S79 S50
        if found > self.version || !(found..self.version).all(has_step) {
            return Err(self.unknown(found));
        }
        Ok(false)
    }

    fn unknown(&self, found: i32) -> Fault {
        Fault::Schema(found.to_string(), self.version.to_string())
    }
}

/// Copies the file as it is to `FILE.before-schema-N`. The caller holds the right to write.
fn back_up(place: &Place, version: i32) -> Result<(), Fault> {
    let fresh = Fresh::beside(place, ".backup")?;
    let unnamed = || Fault::Unreachable("a path that is no UTF-8 can have no backup".into());
    let name = fresh.path.to_str().ok_or_else(unnamed)?;
    let copy = || {
        let reader = connect(&place.file)?;
        reader.execute("VACUUM INTO ?1", [name])?;
        reader.close().map_err(|(_, error)| error)
    };
    copy().map_err(|error| trouble::fault(&error, &place.folder))?;
    sync(&fresh.path)?;
    let name = place.beside(&format!(".before-schema-{version}"));
    fs::rename(&fresh.path, &name).map_err(|error| of_system(&error, &name))?;
    sync(&place.folder)
}

/// An empty file of this user's alone, under a name that nobody uses; removed unless it is renamed.
struct Fresh {
    path: PathBuf,
}

impl Fresh {
    fn beside(place: &Place, end: &str) -> Result<Self, Fault> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut taken = 0_u8;
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = place.beside(&format!("{end}-{}-{count}", std::process::id()));
            // spec: S76
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => {
                    let fresh = Self { path };
                    // A mask can have taken the right to write.
                    let whole = file.set_permissions(fs::Permissions::from_mode(0o600));
                    return whole.map(|()| fresh).map_err(|error| of_system(&error, &place.file));
                }
                // Left behind by a process that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && taken < u8::MAX => {
                    taken = taken.saturating_add(1);
                }
                Err(error) => return Err(of_system(&error, &path)),
            }
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        for end in ["", "-journal", "-wal", "-shm"] {
            let mut name = self.path.clone().into_os_string();
            name.push(end);
            let _ = fs::remove_file(name);
        }
    }
}

/// Gives a file another name unless one of that name is there.
fn rename_if_free(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
            Err(error) => return Err(error.into()),
        }
    }
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

/// Waits until the disk has it: what a file holds, or which names a folder holds.
fn sync(path: &Path) -> Result<(), Fault> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| of_system(&error, path))
}
