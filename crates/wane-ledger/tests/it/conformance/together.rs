//! Several handles on one place.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use wane_ledger::{Lock, Rows, Table};

use super::{Handles, add, count, key, number, put, read, scanned, session};

pub(super) fn what_is_not_committed_is_not_seen(open: &Handles) {
    let (mut writer, mut reader) = (open(), open());
    put(&mut *writer, Table::Spent, b"n", b"1");
    writer
        .transact(&[session(1)], &mut |rows| {
            add(rows, b"n", 1)?;
            rows.append(vec![vec![1]])?;
            assert_eq!(count(&mut *reader, b"n"), 1);
            assert!(scanned(&mut *reader, Table::Queue, &[], None, 9).is_empty());
            Ok(())
        })
        .expect("a transaction");
    assert_eq!(count(&mut *reader, b"n"), 2);
    assert_eq!(scanned(&mut *reader, Table::Queue, &[], None, 9).len(), 1);
}

pub(super) fn a_view_keeps_what_it_began_with(open: &Handles) {
    let (mut writer, mut reader) = (open(), open());
    put(&mut *writer, Table::Spent, b"n", b"1");
    let keys = [key(Table::Spent, b"n"), key(Table::Spent, b"m")];
    reader
        .view(&mut |rows| {
            assert_eq!(rows.get(&keys)?, [Some(b"1".to_vec()), None]);
            put(&mut *writer, Table::Spent, b"n", b"2");
            put(&mut *writer, Table::Spent, b"m", b"2");
            assert_eq!(rows.get(&keys)?, [Some(b"1".to_vec()), None]);
            assert_eq!(rows.scan(Table::Spent, &[], None, 9)?.len(), 1);
            Ok(())
        })
        .expect("a view");
    assert_eq!(read(&mut *reader, &keys), [Some(b"2".to_vec()), Some(b"2".to_vec())]);
}

pub(super) fn handles_see_each_others_commits_at_once(open: &Handles) {
    let mut stores = [open(), open()];
    for round in 0..50 {
        let [one, other] = &mut stores;
        let (writer, reader) = if round % 2 == 0 { (one, other) } else { (other, one) };
        writer.transact(&[session(1)], &mut |rows| add(rows, b"n", 1)).expect("a transaction");
        assert_eq!(count(&mut **reader, b"n"), round + 1);
    }
}

const THREADS: i64 = 8;
const EACH: i64 = 25;

fn count_together(open: &Handles, locks: &(dyn Fn() -> Vec<Lock> + Sync)) {
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let mut store = open();
                for round in 0..EACH {
                    // A body that runs again leaves no trace of having run before.
                    let own = format!("{thread} {round}");
                    let body = &mut |rows: &mut dyn Rows| {
                        add(rows, b"all", 1)?;
                        add(rows, own.as_bytes(), 1)?;
                        rows.append(vec![own.clone().into_bytes()])
                    };
                    store.transact(&locks(), body).expect("a transaction");
                }
            });
        }
    });
    let mut store = open();
    assert_eq!(count(&mut *store, b"all"), THREADS * EACH);
    let queued = scanned(&mut *store, Table::Queue, &[], None, 10_000);
    let own: BTreeSet<_> = queued.iter().map(|(_, value)| value.clone()).collect();
    assert_eq!((queued.len(), own.len()), (200, 200));
    for name in own {
        assert_eq!(count(&mut *store, &name), 1);
    }
}

pub(super) fn no_update_is_lost(open: &Handles) {
    count_together(open, &Vec::new);
}

pub(super) fn no_update_is_lost_under_locks(open: &Handles) {
    count_together(open, &|| vec![Lock::Sequencer, session(1), session(2)]);
}

/// Two threads move amounts between two rows and two threads look: what is moved never shows up twice or not at all.
pub(super) fn no_sum_is_ever_seen_half_moved(open: &Handles) {
    let over = AtomicBool::new(false);
    put(&mut *open(), Table::Spent, b"from", b"1000");
    let keys = [key(Table::Spent, b"from"), key(Table::Spent, b"to")];
    thread::scope(|scope| {
        let movers: Vec<_> = (1..=2)
            .map(|by| {
                scope.spawn(move || {
                    let mut store = open();
                    for _ in 0..40 {
                        let body = &mut |rows: &mut dyn Rows| {
                            add(rows, b"from", -by)?;
                            add(rows, b"to", by)
                        };
                        store.transact(&[session(1)], body).expect("a transaction");
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                let mut store = open();
                while !over.load(Ordering::Relaxed) {
                    let found = read(&mut *store, &keys);
                    let sum: i64 = found.iter().map(|value| number(value.as_deref())).sum();
                    assert_eq!(sum, 1_000, "{found:?}");
                }
            });
        }
        let moved = movers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Result<Vec<_>, _>>();
        over.store(true, Ordering::Relaxed);
        moved.expect("the movers");
    });
    assert_eq!(count(&mut *open(), b"to"), 120);
}

pub(super) fn writers_that_queue_together_share_no_number(open: &Handles) {
    thread::scope(|scope| {
        for thread in 0..4_u8 {
            scope.spawn(move || {
                let mut store = open();
                for round in 0..20 {
                    store
                        .transact(&[session(thread)], &mut |rows| {
                            rows.append(vec![vec![thread, round], vec![thread, round, 2]])
                        })
                        .expect("a transaction");
                }
            });
        }
    });
    let queued = scanned(&mut *open(), Table::Queue, &[], None, 1_000);
    assert_eq!(queued.len(), 160);
    for thread in 0..4 {
        let own: Vec<&[u8]> =
            queued.iter().map(|(_, value)| value.as_slice()).filter(|value| value[0] == thread).collect();
        assert!(own.is_sorted(), "one writer's records keep their order");
    }
}
