//! The store in one SQLite file, and what can happen to that file.

mod child;
mod contract;
mod damage;
mod disk;
mod foreign;
mod kill;
mod moved;
mod private;
mod waiting;

use std::path::Path;
use std::time::Duration;

use wane_ledger::{SqliteOptions, SqliteStore};

/// Waits for others for so long that only a lock that is never released shows.
const PATIENT: SqliteOptions = SqliteOptions { create: false, busy: Duration::from_secs(60), reserve: 1 };

/// The ledger that is there, or a new one.
fn made(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions { create: true, ..PATIENT }).expect("a store")
}

/// The ledger that is there.
fn opened(path: &Path) -> SqliteStore {
    SqliteStore::open(path, PATIENT).expect("a store")
}
