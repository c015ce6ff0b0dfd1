//! Processes that end in the middle of their work, and processes that work at the same time.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wane_ledger::{Key, Rows, SqliteStore, Store, Table};

use super::child::{Child, command};
use super::{made, opened};
use crate::conformance::{add, count, key, number, read, scanned};

/// Rows of one generation lie in several tables, and are long enough to fill many pages.
fn places() -> Vec<Key> {
    let names = (0..24_u8).map(|n| vec![n; 32]);
    names.flat_map(|name| [Table::Entry, Table::Envelope, Table::Spent].map(|table| key(table, &name))).collect()
}

/// Writes the next generation over all places in one transaction, and queues its number.
pub(super) fn next_generation(store: &mut SqliteStore) -> i64 {
    let mut written = 0;
    store
        .transact(&[], &mut |rows: &mut dyn Rows| {
            let found = rows.get(&places()[..1])?.remove(0);
            written = number(found.as_deref().map(|value| &value[..12])) + 1;
            let value = format!("{written:012}{}", "-".repeat(300)).into_bytes();
            for place in places() {
                rows.put(vec![(place, Some(value.clone()))])?;
            }
            rows.append(vec![written.to_string().into_bytes()])
        })
        .expect("a transaction");
    written
}

/// The generation that is there, which must be there as a whole.
fn generation(path: &Path) -> i64 {
    let mut store = opened(path);
    let found = read(&mut store, &places());
    let generations: Vec<i64> = found.iter().map(|value| number(value.as_deref().map(|value| &value[..12]))).collect();
    assert!(generations.iter().all(|generation| *generation == generations[0]), "half of one: {generations:?}");
    let queued: Vec<i64> =
        scanned(&mut store, Table::Queue, &[], None, usize::MAX).iter().map(|row| number(Some(&row.1))).collect();
    assert_eq!(queued, (1..=generations[0]).collect::<Vec<_>>());
    generations[0]
}

#[test]
fn a_killed_process_leaves_whole_transactions_and_loses_none() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..20 {
        // Every other round somebody else has the file open, so that no recovery runs when the next process comes.
        let witness = (round % 2 == 0).then(|| opened(&path));
        let before = generation(&path);
        let mut child = Child::start(command("generations", &path));
        assert_eq!(child.says(), Some((before + 1).to_string()), "round {round}");
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        thread::sleep(Duration::from_micros(seed % 40_000));
        child.kill();
        let told = child.all().last().map_or(before + 1, |last| number(Some(last.as_bytes())));
        let found = generation(&path);
        assert!(found == told || found == told + 1, "round {round}: told {told}, found {found}");
        drop(witness);
    }
    assert!(generation(&path) >= 20);
}

#[test]
fn a_killed_process_holds_nothing() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    let mut store = made(&path);
    let mut child = Child::start(command("hold", &path));
    assert_eq!(child.says().as_deref(), Some("held"));
    child.kill();
    let from = Instant::now();
    store.transact(&[], &mut |rows| add(rows, b"all", 10)).expect("a transaction");
    assert!(from.elapsed() < Duration::from_secs(20));
    assert_eq!(count(&mut store, b"all"), 10);
}

#[test]
fn several_processes_and_threads_lose_no_update() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    let children: Vec<Child> = (0..4).map(|_| Child::start(command("count 50", &path))).collect();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut store = opened(&path);
                for _ in 0..50 {
                    store.transact(&[], &mut |rows| add(rows, b"all", 1)).expect("a transaction");
                }
            });
        }
    });
    children.into_iter().for_each(Child::ends);
    assert_eq!(count(&mut opened(&path), b"all"), 300);
}

#[test]
fn several_threads_that_make_the_file_at_once_make_one() {
    for _ in 0..10 {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("made/ledger.db");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    made(&path).transact(&[], &mut |rows| add(rows, b"all", 1)).expect("a transaction");
                });
            }
        });
        assert_eq!(count(&mut opened(&path), b"all"), 4);
        let names: Vec<_> = std::fs::read_dir(folder.path().join("made"))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert_eq!(names, ["ledger.db"], "nothing else is left behind");
    }
}
