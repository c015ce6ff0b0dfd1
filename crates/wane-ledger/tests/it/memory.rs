//! The store in memory.

use wane_ledger::{MemoryStore, Store, Table};

use crate::conformance::{self, Handles, put, scanned};

fn fresh() -> Option<Handles> {
    let store = MemoryStore::new();
    Some(Box::new(move || Box::new(store.clone())))
}

#[test]
fn it_keeps_the_contract() {
    conformance::all(&fresh);
}

#[test]
fn it_forgets_with_its_last_handle() {
    let mut store = MemoryStore::new();
    put(&mut store, Table::Entry, b"a", b"1");
    assert!(!store.is_durable());
    assert!(scanned(&mut MemoryStore::new(), Table::Entry, &[], None, 9).is_empty());
}
