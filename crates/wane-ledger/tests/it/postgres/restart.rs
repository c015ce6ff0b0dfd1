//! The server dies with everything in it, and comes back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use wane_ledger::{Fault, Rows, Store, Table};

use super::contract::{read, session};
use super::server::{self, Cluster};
use super::together::{add_one, count, number};

#[derive(Default)]
struct Tally {
    committed: u64,
    unknown: u64,
    faults: u64,
}

/// Each transaction adds one to two rows and one record to the queue.
fn add(rows: &mut dyn Rows, name: u8) -> Result<(), Fault> {
    add_one(rows, &[name, 1])?;
    rows.append(vec![vec![name]])?;
    add_one(rows, &[name, 2]).map(|_| ())
}

#[test]
fn a_server_killed_in_the_middle_keeps_whole_transactions() {
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    let url = server::within(&cluster.url);
    let store = server::store(&url);
    let stop = AtomicBool::new(false);
    let tallies: Vec<Tally> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4_u8)
            .map(|name| {
                let (mut store, stop) = (store.clone(), &stop);
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    while !stop.load(Ordering::Relaxed) {
                        match store.transact(&[session(name)], &mut |rows| add(rows, name)) {
                            Ok(()) => tally.committed += 1,
                            Err(Fault::OutcomeUnknown(_)) => tally.unknown += 1,
                            Err(Fault::Unreachable(_)) => {
                                tally.faults += 1;
                                thread::sleep(Duration::from_millis(20));
                            }
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                    tally
                })
            })
            .collect();
        for round in 0..3 {
            thread::sleep(Duration::from_millis(300 + 170 * round));
            cluster.kill();
            thread::sleep(Duration::from_millis(200));
            cluster.again(&[]);
        }
        thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().expect("a thread")).collect()
    });

    let mut store = store;
    let mut total = 0;
    for (name, tally) in (0..4_u8).zip(&tallies) {
        let keys = [1, 2].map(|n| (Table::Spent, vec![name, n]));
        let found: Vec<u64> = read(&mut store, &keys).iter().map(|value| number(value.as_deref())).collect();
        assert_eq!(found[0], found[1], "half a transaction of {name}");
        let (least, most) = (tally.committed, tally.committed + tally.unknown);
        assert!((least..=most).contains(&found[0]), "{least} ..= {most}: {found:?}");
        assert!(tally.committed > 0 && tally.faults > 0, "{name}: {} {}", tally.committed, tally.faults);
        total += found[0];
    }
    let mut queued = 0;
    store
        .view(&mut |rows| {
            queued = rows.scan(Table::Queue, &[], None, usize::MAX)?.len();
            Ok(())
        })
        .expect("a view");
    assert_eq!(u64::try_from(queued), Ok(total), "one record for each transaction");
    store.transact(&[session(9)], &mut |rows| add(rows, 9)).expect("a transaction");
    assert_eq!(count(&mut store, &[9, 1]), 1);
}
