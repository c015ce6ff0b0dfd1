//! Files that are not ours, or not of this version.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use wane_ledger::{Fault, SqliteOptions, SqliteStore, Store, Table};

use super::{PATIENT, made, opened};
use crate::conformance::put;

fn fault(path: &Path) -> Fault {
    let opened = SqliteStore::open(path, PATIENT).expect_err("refused");
    let made = SqliteStore::open(path, SqliteOptions { create: true, ..PATIENT }).expect_err("refused");
    assert_eq!(opened, made);
    opened
}

/// Makes a file with another program, private as ours are.
fn foreign(path: &Path, sql: &str) -> Connection {
    let connection = Connection::open(path).expect("a file");
    connection.execute_batch(sql).expect("statements");
    std::process::Command::new("chmod").arg("600").arg(path).status().expect("chmod");
    connection
}

#[test]
fn the_file_of_another_program_is_refused_and_left_alone() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("other.db");
    drop(foreign(&path, "CREATE TABLE entry (key, value); INSERT INTO entry VALUES (1, 2)"));
    let before = fs::read(&path).expect("bytes");
    assert!(matches!(fault(&path), Fault::Schema(found, _) if found == "of another program"));
    assert!(fs::read(&path).expect("bytes") == before);
    drop(foreign(&path, "PRAGMA application_id = 1; PRAGMA user_version = 1"));
    assert!(matches!(fault(&path), Fault::Schema(..)));
}

#[test]
fn a_newer_version_is_refused_also_while_it_is_open() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    let mut store = made(&path);
    put(&mut store, Table::Entry, b"a", b"1");
    drop(foreign(&path, "PRAGMA user_version = 3"));
    let newer = Fault::Schema("3".into(), "2".into());
    assert_eq!(store.transact(&[], &mut |_| Ok(())), Err(newer.clone()));
    assert_eq!(store.view(&mut |_| Ok(())), Err(newer.clone()));
    assert_eq!(fault(&path), newer);
    drop(foreign(&path, "PRAGMA user_version = 2"));
    store.transact(&[], &mut |_| Ok(())).expect("a transaction");
}

#[test]
fn an_older_version_without_a_way_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    drop(foreign(&path, "PRAGMA user_version = 0"));
    assert_eq!(fault(&path), Fault::Schema("0".into(), "2".into()));
    drop(foreign(&path, "PRAGMA user_version = -1"));
    assert_eq!(fault(&path), Fault::Schema("-1".into(), "2".into()));
}

#[test]
fn a_missing_table_is_no_empty_one() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    drop(foreign(&path, "DROP TABLE spent"));
    let mut store = opened(&path);
    let result = store.view(&mut |rows| rows.get(&[(Table::Spent, vec![1])]).map(|_| ()));
    assert!(matches!(result, Err(Fault::Corrupt(_))), "{result:?}");
}

#[test]
fn another_way_to_keep_a_journal_is_set_right() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    drop(foreign(&path, "PRAGMA journal_mode = DELETE"));
    let mut store = opened(&path);
    put(&mut store, Table::Entry, b"a", b"1");
    assert!(folder.path().join("ledger.db-wal").exists());
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    for bytes in [Vec::new(), b"not a database, though quite long. ".repeat(100), vec![0; 8192]] {
        fs::write(&path, &bytes).expect("bytes");
        let fault = fault(&path);
        let other_program = bytes.iter().any(|byte| *byte != 0) || bytes.is_empty();
        match fault {
            Fault::Corrupt(_) if other_program => {}
            Fault::Corrupt(_) | Fault::Schema(..) if !other_program => {}
            other => panic!("{} bytes: {other:?}", bytes.len()),
        }
        assert!(fs::read(&path).expect("bytes") == bytes, "left alone");
    }
}

#[test]
fn a_log_without_its_file_is_not_played_into_a_new_one() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    let store = made(&path);
    fs::remove_file(&path).expect("removed");
    let result = SqliteStore::open(&path, SqliteOptions { create: true, ..PATIENT });
    assert!(matches!(&result, Err(Fault::Corrupt(why)) if why.contains("without its file")), "{result:?}");
    assert!(!path.exists());
    drop(store);
}
