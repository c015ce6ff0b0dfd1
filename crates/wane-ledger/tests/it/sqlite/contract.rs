//! What every store promises, of this one.

use tempfile::TempDir;
use wane_ledger::{SqliteOptions, SqliteStore};

use crate::conformance::{self, Handles};

fn fresh() -> Option<Handles> {
    let folder = TempDir::new().expect("a folder");
    let options = SqliteOptions { create: true, ..SqliteOptions::default() };
    Some(Box::new(move || Box::new(SqliteStore::open(folder.path().join("ledger.db"), options).expect("a store"))))
}

#[test]
fn it_keeps_the_contract() {
    conformance::all(&fresh);
}
