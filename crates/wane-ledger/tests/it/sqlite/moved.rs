//! A file that is taken away, or replaced, while it is open.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wane_ledger::{Fault, SqliteOptions, SqliteStore, Store, Table};

use super::child::{Child, command};
use super::{PATIENT, made, opened};
use crate::conformance::{add, count, put};

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Neither a transaction nor a view gets through.
fn stopped(store: &mut SqliteStore) -> Fault {
    let change = store.transact(&[], &mut |_| panic!("the body must not run")).expect_err("stopped");
    let view = store.view(&mut |_| panic!("the body must not run")).expect_err("stopped");
    assert_eq!(change, view);
    change
}

#[test]
fn a_file_moved_away_is_out_of_reach_until_it_is_back() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    let mut store = made(&path);
    put(&mut store, Table::Spent, b"n", b"1");
    fs::rename(&path, beside(&path, ".away")).expect("moved");
    assert!(matches!(stopped(&mut store), Fault::Unreachable(_)));
    fs::rename(beside(&path, ".away"), &path).expect("moved back");
    store.transact(&[], &mut |rows| add(rows, b"n", 1)).expect("a transaction");
    assert_eq!(count(&mut opened(&path), b"n"), 2);
}

#[test]
fn an_older_copy_in_its_place_is_noticed() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    put(&mut made(&path), Table::Spent, b"n", b"1");
    fs::copy(&path, beside(&path, ".yesterday")).expect("a copy");
    let mut store = opened(&path);
    put(&mut store, Table::Spent, b"n", b"2");
    fs::rename(beside(&path, ".yesterday"), &path).expect("replaced");
    assert!(matches!(stopped(&mut store), Fault::RolledBack(..)));
    assert!(matches!(stopped(&mut store), Fault::RolledBack(..)), "it stays so");
}

#[test]
fn a_log_or_an_index_taken_away_is_noticed() {
    for end in ["-wal", "-shm"] {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("ledger.db");
        let mut store = made(&path);
        put(&mut store, Table::Spent, b"n", b"1");
        fs::remove_file(beside(&path, end)).expect("removed");
        let fault = stopped(&mut store);
        assert!(matches!(&fault, Fault::Corrupt(why) if why.contains(end)), "{fault:?}");
        fs::write(beside(&path, end), b"").expect("another one");
        assert!(matches!(stopped(&mut store), Fault::Corrupt(_)));
    }
}

/// Another process keeps the log open that the name no longer leads to: opened anew, the file would be without those rows.
#[test]
fn a_log_taken_away_during_a_commit_stays_noticed() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    let mut child = Child::start(command("create", &path));
    assert_eq!(child.says().as_deref(), Some("made"));
    let mut store = opened(&path);
    assert_eq!(count(&mut store, b"all"), 1);
    let result = store.transact(&[], &mut |rows| {
        add(rows, b"all", 1)?;
        for end in ["-wal", "-shm"] {
            fs::remove_file(beside(&path, end)).expect("removed");
        }
        Ok(())
    });
    assert!(matches!(result, Err(Fault::OutcomeUnknown(_))), "{result:?}");
    assert!(matches!(stopped(&mut store), Fault::Corrupt(_)));
    assert!(matches!(stopped(&mut store), Fault::Corrupt(_)), "it stays so");
    assert!(matches!(store.room(), Err(Fault::Corrupt(_))));
    child.ends();
}

#[test]
fn a_commit_to_a_file_that_is_gone_is_no_commit() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    let mut store = made(&path);
    let result = store.transact(&[], &mut |rows| {
        fs::rename(&path, beside(&path, ".away")).expect("moved");
        add(rows, b"n", 1)
    });
    assert!(matches!(result, Err(Fault::OutcomeUnknown(_))), "{result:?}");
    assert!(matches!(stopped(&mut store), Fault::Unreachable(_)));
    fs::rename(beside(&path, ".away"), &path).expect("moved back");
    // What was committed stays: here it was, for the file came back.
    assert_eq!(count(&mut store, b"n"), 1);
}

#[test]
fn after_an_unknown_outcome_another_file_is_not_taken_for_the_first() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    let other = beside(&path, ".other");
    fs::copy(&path, &other).expect("a copy");
    let mut store = opened(&path);
    let result = store.transact(&[], &mut |rows| {
        add(rows, b"n", 1)?;
        fs::rename(&other, &path).expect("replaced");
        Ok(())
    });
    assert!(matches!(result, Err(Fault::OutcomeUnknown(_))), "{result:?}");
    let again = store.view(&mut |_| Ok(()));
    assert!(matches!(again, Err(Fault::RolledBack(..))), "{again:?}");
}

#[test]
fn a_path_is_meant_from_where_it_was_opened() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    // A path through a link to the folder follows where the link leads at each transaction.
    let link = folder.path().join("current");
    std::os::unix::fs::symlink(".", &link).expect("a link");
    let mut store = SqliteStore::open(link.join("ledger.db"), PATIENT).expect("a store");
    put(&mut store, Table::Spent, b"n", b"1");
    let elsewhere = folder.path().join("elsewhere");
    drop(SqliteStore::open(elsewhere.join("ledger.db"), SqliteOptions { create: true, ..PATIENT }).expect("a store"));
    fs::remove_file(&link).expect("removed");
    std::os::unix::fs::symlink("elsewhere", &link).expect("a link");
    assert!(matches!(stopped(&mut store), Fault::RolledBack(..)));
}
