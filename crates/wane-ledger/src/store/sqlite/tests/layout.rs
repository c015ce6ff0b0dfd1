//! What the connection is set to, and that a view is refused by SQLite itself as well.

use super::super::*;
use crate::store::Table;

pub(super) fn options() -> SqliteOptions {
    SqliteOptions { create: true, ..SqliteOptions::default() }
}

fn number(open: &Open, sql: &str) -> i64 {
    open.connection.query_row(sql, [], |row| row.get(0)).expect(sql)
}

#[test]
fn settings_are_in_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(folder.path().join("l.db"), options()).expect("a store");
    let open = store.open.as_ref().expect("open");
    let mode: String = open.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("a mode");
    assert_eq!(mode, "wal");
    for (name, value) in [
        ("synchronous", 2),
        ("busy_timeout", 10_000),
        ("trusted_schema", 0),
        ("foreign_keys", 1),
        ("application_id", 0x5761_6e65),
        ("user_version", 2),
        ("query_only", 0),
        ("mmap_size", 0),
    ] {
        assert_eq!(number(open, &format!("PRAGMA {name}")), value, "{name}");
    }
}

#[test]
fn every_table_has_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(folder.path().join("l.db"), options()).expect("a store");
    let open = store.open.as_ref().expect("open");
    for table in Table::ALL {
        let name = rows::name(table);
        assert_eq!(number(open, &format!("SELECT count(*) FROM {name}")), 0);
        let strict = number(open, &format!("SELECT strict FROM pragma_table_list WHERE name = '{name}'"));
        assert_eq!(strict, 1, "{name}");
    }
    assert_eq!(number(open, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"), 16, "and SQLite's own");
}

#[test]
fn sqlite_itself_refuses_a_change_in_a_view() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = SqliteStore::open(folder.path().join("l.db"), options()).expect("a store");
    {
        let open = store.open.as_ref().expect("open");
        let reading = Reading::start(&open.connection).expect("reading");
        let transaction = Transaction::new_unchecked(reading.0, TransactionBehavior::Deferred).expect("a transaction");
        // Past the rules of the contract, which would refuse it first.
        let mut rows = SqliteRows::new(&transaction, &open.place.folder);
        let change = ((Table::Used, vec![1]), Some(vec![1]));
        assert!(matches!(rows.put(vec![change]), Err(Fault::ReadOnly(_))));
    }
    store.transact(&[], &mut |rows| rows.append(vec![vec![1]])).expect("it can be written again");
}
