//! Waiting for others, and for how long.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use wane_ledger::{Fault, SqliteOptions, SqliteStore, Store, Table};

use super::child::{Child, command};
use super::{PATIENT, made};
use crate::conformance::{add, count, key, put, read};

#[test]
fn nobody_waits_longer_than_told() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    let mut patient = made(&path);
    let busy = Duration::from_millis(200);
    let mut hasty = SqliteStore::open(&path, SqliteOptions { busy, ..PATIENT }).expect("a store");
    let mut child = Child::start(command("hold", &path));
    assert_eq!(child.says().as_deref(), Some("held"));

    let from = Instant::now();
    let result = hasty.transact(&[], &mut |rows| add(rows, b"all", 100));
    assert!(matches!(result, Err(Fault::Locked(_))), "{result:?}");
    assert!(from.elapsed() >= busy && from.elapsed() < Duration::from_secs(30), "{:?}", from.elapsed());
    // Who only looks waits for nobody, and opening is only looking.
    assert_eq!(count(&mut hasty, b"all"), 0);
    drop(SqliteStore::open(&path, SqliteOptions { busy, ..PATIENT }).expect("a store"));

    std::thread::scope(|scope| {
        let waits = scope.spawn(|| patient.transact(&[], &mut |rows| add(rows, b"all", 10)));
        std::thread::sleep(Duration::from_millis(50));
        child.ends();
        waits.join().expect("a thread").expect("it waited long enough");
    });
    hasty.transact(&[], &mut |rows| add(rows, b"all", 1000)).expect("a transaction");
    assert_eq!(count(&mut hasty, b"all"), 1011);
}

/// A transaction that began without the right to write could be refused half-way, after others have written.
#[test]
fn a_transaction_may_write_from_its_start() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    let mut one = made(&path);
    let busy = Duration::from_millis(10);
    let mut other = SqliteStore::open(&path, SqliteOptions { busy, ..PATIENT }).expect("a store");
    one.transact(&[], &mut |_| {
        let tried = other.transact(&[], &mut |rows| rows.append(vec![vec![1]]));
        assert!(matches!(tried, Err(Fault::Locked(_))), "{tried:?}");
        Ok(())
    })
    .expect("a transaction");
    one.view(&mut |rows| {
        assert!(rows.scan(Table::Queue, &[], None, 9)?.is_empty());
        other.transact(&[], &mut |rows| rows.append(vec![vec![1]]))
    })
    .expect("a view holds nobody up");
}

#[test]
fn a_transaction_within_another_is_refused_and_harms_neither() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    let mut one = made(&path);
    let busy = Duration::from_millis(10);
    let mut other = SqliteStore::open(&path, SqliteOptions { busy, ..PATIENT }).expect("a store");
    one.transact(&[], &mut |rows| {
        rows.put(vec![(key(Table::Entry, b"a"), Some(b"1".to_vec()))])?;
        let _ = other.transact(&[], &mut |rows| rows.put(vec![(key(Table::Entry, b"a"), Some(b"2".to_vec()))]));
        Ok(())
    })
    .expect("a transaction");
    assert_eq!(read(&mut other, &[key(Table::Entry, b"a")]), [Some(b"1".to_vec())]);
    put(&mut other, Table::Entry, b"a", b"3");
}
