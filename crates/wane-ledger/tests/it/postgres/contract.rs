//! What every store promises, of one store by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wane::BlockId;
use wane_ledger::{Fault, Key, Lock, Row, Store, Table};

use super::server;

fn key(table: Table, name: &str) -> Key {
    (table, name.as_bytes().to_vec())
}

pub(super) fn read(store: &mut dyn Store, keys: &[Key]) -> Vec<Option<Vec<u8>>> {
    let mut found = Vec::new();
    store
        .view(&mut |rows| {
            found = rows.get(keys)?;
            Ok(())
        })
        .expect("a view");
    found
}

fn scanned(store: &mut dyn Store, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Vec<Row> {
    let mut found = Vec::new();
    store
        .view(&mut |rows| {
            found = rows.scan(table, from, to, limit)?;
            Ok(())
        })
        .expect("a view");
    found
}

pub(super) fn session(byte: u8) -> Lock {
    Lock::Session(BlockId::from_bytes([byte; 32]))
}

/// How many locks the connections of this place hold.
fn held(url: &str) -> String {
    let query = format!(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE locktype = 'advisory' AND application_name = '{}'",
        server::name(url)
    );
    server::sql(url, &query).remove(0)
}

/// Waits until none is held: a connection that is closed releases a moment later.
fn assert_released(url: &str) {
    let mut rounds = 0;
    while held(url) != "0" {
        rounds += 1;
        assert!(rounds < 200, "locks are still held");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn rows_come_back_in_the_order_asked_for() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    assert!(store.is_durable());
    let long = vec![7; 128 * 1024];
    let changes = [
        (key(Table::Entry, "a"), Some(b"first".to_vec())),
        (key(Table::Entry, "b"), Some(Vec::new())),
        (key(Table::Spent, "a"), Some(long.clone())),
        (key(Table::Entry, "a"), Some(b"second".to_vec())),
        (key(Table::Entry, "c"), Some(b"gone".to_vec())),
        (key(Table::Entry, "c"), None),
        (key(Table::Used, "never"), None),
    ];
    store.transact(&[], &mut |rows| rows.put(changes.to_vec())).expect("a transaction");
    let keys = [
        key(Table::Spent, "a"),
        key(Table::Entry, "missing"),
        key(Table::Entry, "a"),
        key(Table::Entry, "b"),
        key(Table::Entry, "c"),
        key(Table::Entry, "a"),
    ];
    let second = Some(b"second".to_vec());
    assert_eq!(read(&mut store, &keys), [Some(long), None, second.clone(), Some(Vec::new()), None, second]);
    assert_eq!(read(&mut store, &[]), []);
    store.transact(&[], &mut |rows| rows.put(Vec::new())).expect("nothing to change is no fault");
}

#[test]
fn a_transaction_sees_its_own_changes() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let one = key(Table::Meta, "one");
    store
        .transact(&[Lock::Sequencer, session(1)], &mut |rows| {
            rows.put(vec![(one.clone(), Some(b"1".to_vec()))])?;
            assert_eq!(rows.get(std::slice::from_ref(&one))?, [Some(b"1".to_vec())]);
            rows.append(vec![b"x".to_vec()])?;
            assert_eq!(rows.scan(Table::Queue, &[], None, 9)?.len(), 1);
            rows.put(vec![(one.clone(), None)])?;
            assert_eq!(rows.get(std::slice::from_ref(&one))?, [None]);
            Ok(())
        })
        .expect("a transaction");
    assert_eq!(read(&mut store, &[one]), [None]);
}

#[test]
fn scans_are_ordered_as_bytes_and_bounded() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let keys: [&[u8]; 7] = [&[0], &[0, 0], &[1], &[0x7f], &[0x80], &[0xff], &[0xff, 0]];
    let changes: Vec<_> = keys.iter().rev().map(|key| ((Table::Used, key.to_vec()), Some(key.to_vec()))).collect();
    store.transact(&[], &mut |rows| rows.put(changes.to_vec())).expect("a transaction");
    store.transact(&[], &mut |rows| rows.put(vec![(key(Table::Spent, "z"), Some(vec![1]))])).expect("a transaction");
    let names = |rows: Vec<Row>| rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    assert_eq!(names(scanned(&mut store, Table::Used, &[], None, 100)), keys);
    assert_eq!(names(scanned(&mut store, Table::Used, &[0, 0], Some(&[0x80]), 100)), keys[1..4]);
    assert_eq!(names(scanned(&mut store, Table::Used, &[1], None, 2)), keys[2..4]);
    assert_eq!(scanned(&mut store, Table::Used, &[5], Some(&[5]), 100), []);
    assert_eq!(scanned(&mut store, Table::Used, &[9], Some(&[5]), 100), []);
    assert_eq!(scanned(&mut store, Table::Used, &[], None, 0), []);
    assert_eq!(scanned(&mut store, Table::Checkpoint, &[], None, 9), []);
}

#[test]
fn the_queue_never_gives_a_number_twice() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let values: Vec<Vec<u8>> = (0..300_u16).map(|n| n.to_be_bytes().to_vec()).collect();
    store.transact(&[], &mut |rows| rows.append(values.clone())).expect("a transaction");
    let first = scanned(&mut store, Table::Queue, &[], None, 1_000);
    assert_eq!(first.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>(), values);
    assert!(first.iter().all(|(key, _)| key.len() == 8));
    let last = first.last().expect("rows").0.clone();
    let gone: Vec<_> = first.into_iter().map(|(key, _)| ((Table::Queue, key), None)).collect();
    store.transact(&[], &mut |rows| rows.put(gone.clone())).expect("a transaction");
    drop(store);
    let mut store = server::store(&url);
    store.transact(&[], &mut |rows| rows.append(vec![b"later".to_vec()])).expect("a transaction");
    let later = scanned(&mut store, Table::Queue, &[], None, 1_000);
    assert!(later.len() == 1 && later[0].0 > last, "{later:?}");
}

#[test]
fn a_body_that_fails_leaves_nothing_and_holds_nothing() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let one = key(Table::Meta, "one");
    let fault = Fault::Refused(Box::new(wane::Refusal::new(wane::Code::StateUsed, "ledger", "x", "")));
    let result = store.transact(&[session(1), session(2)], &mut |rows| {
        rows.put(vec![(one.clone(), Some(b"1".to_vec()))])?;
        assert_eq!(held(&url), "3", "two sessions and the gate");
        Err(fault.clone())
    });
    assert_eq!(result, Err(fault));
    assert_eq!(held(&url), "0");
    assert_eq!(read(&mut store, &[one]), [None]);
}

#[test]
fn a_body_that_panics_leaves_nothing_and_holds_nothing() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let one = key(Table::Meta, "one");
    for _ in 0..6 {
        let run = catch_unwind(AssertUnwindSafe(|| {
            let _ = store.transact(&[session(1)], &mut |rows| {
                rows.put(vec![(one.clone(), Some(b"1".to_vec()))])?;
                assert_eq!(held(&url), "2", "the session and the gate");
                panic!("on purpose");
            });
        }));
        assert!(run.is_err());
    }
    assert_released(&url);
    assert_eq!(read(&mut store, std::slice::from_ref(&one)), [None]);
    store.transact(&[session(1)], &mut |rows| rows.put(vec![(one.clone(), None)])).expect("a transaction");
}

#[test]
fn the_contract_binds_callers_too() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let is_misuse = |result: Result<(), Fault>| assert!(matches!(result, Err(Fault::Misuse(_))), "{result:?}");
    let change = |bytes: usize, value: usize| vec![((Table::Used, vec![1; bytes]), Some(vec![0; value]))];
    is_misuse(store.view(&mut |rows| rows.put(change(1, 1).to_vec())));
    is_misuse(store.view(&mut |rows| rows.append(vec![Vec::new()])));
    is_misuse(store.transact(&[session(2), session(1)], &mut |_| Ok(())));
    is_misuse(store.transact(&[session(1), session(1)], &mut |_| Ok(())));
    is_misuse(store.transact(&[], &mut |rows| rows.put(change(0, 1).to_vec())));
    is_misuse(store.transact(&[], &mut |rows| rows.put(change(513, 1).to_vec())));
    is_misuse(store.transact(&[], &mut |rows| rows.put(change(1, 128 * 1024 + 1).to_vec())));
    is_misuse(store.transact(&[], &mut |rows| rows.append(vec![vec![0; 128 * 1024 + 1]])));
    is_misuse(store.transact(&[], &mut |rows| rows.get(&[(Table::Used, Vec::new())]).map(|_| ())));
    store.transact(&[], &mut |rows| rows.put(change(512, 128 * 1024).to_vec())).expect("the bounds themselves");
}

#[test]
fn a_body_cannot_hide_a_fault() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let one = key(Table::Meta, "one");
    let result = store.transact(&[session(1)], &mut |rows| {
        rows.put(vec![(one.clone(), Some(b"1".to_vec()))])?;
        let _ = rows.get(&[(Table::Meta, Vec::new())]);
        assert!(rows.put(Vec::new()).is_err(), "nothing is asked of a transaction that is over");
        Ok(())
    });
    assert!(matches!(result, Err(Fault::Misuse(_))), "{result:?}");
    assert_eq!(read(&mut store, &[one]), [None]);
    assert_eq!(held(&url), "0");
}

#[test]
fn a_store_can_be_used_and_dropped_inside_an_asynchronous_runtime() {
    let Some(url) = server::fresh() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut store = server::store(&url);
        store.transact(&[session(1)], &mut |rows| rows.append(vec![b"x".to_vec()])).expect("a transaction");
    });
}
