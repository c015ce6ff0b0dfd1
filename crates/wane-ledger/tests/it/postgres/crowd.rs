//! Placing records conflicts with everybody who queues them, and must get through all the same.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use wane_ledger::{Change, Fault, Lock, Rows, Store, Table};

use super::contract::session;
use super::server;
use super::together::count;

fn row() -> (Table, Vec<u8>) {
    (Table::Spent, b"placed".to_vec())
}

/// As an admission: reads how far the log is, and queues a record.
fn queue(rows: &mut dyn Rows) -> Result<(), Fault> {
    rows.get(&[row()])?;
    rows.append(vec![b"record".to_vec()])
}

/// As the sequencer: takes what is queued and notes how far the log is.
fn place(rows: &mut dyn Rows) -> Result<(), Fault> {
    let found = rows.get(&[row()])?.remove(0);
    let queued = rows.scan(Table::Queue, &[], None, 1_000)?;
    let placed = super::together::number(found.as_deref()) + u64::try_from(queued.len()).expect("a number");
    let mut changes: Vec<Change> = queued.into_iter().map(|(key, _)| ((Table::Queue, key), None)).collect();
    changes.push((row(), Some(placed.to_string().into_bytes())));
    rows.put(changes.clone())
}

#[test]
fn records_are_placed_while_others_keep_queueing() {
    let Some(url) = server::fresh() else { return };
    let (stop, queued) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut store = server::store(&url);
    thread::scope(|scope| {
        for n in 0..6 {
            let mut store = server::store(&url);
            let (stop, queued) = (&stop, &queued);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    store.transact(&[session(n)], &mut queue).expect("a transaction");
                    queued.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // The others end before anything is asserted: a test that fails must not wait for them.
        let placed: Vec<(Result<(), Fault>, u32)> = (0..20)
            .map(|_| {
                thread::sleep(Duration::from_millis(50));
                let mut runs = 0;
                let body = &mut |rows: &mut dyn Rows| {
                    runs += 1;
                    place(rows)
                };
                (store.transact(&[Lock::Sequencer], body), runs)
            })
            .take_while(|(placed, _)| placed.is_ok())
            .collect();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(placed, vec![(Ok(()), 1); 20], "nobody writes beside it");
    });
    store.transact(&[Lock::Sequencer], &mut place).expect("a transaction");
    assert_eq!(count(&mut store, b"placed"), queued.load(Ordering::Relaxed));
}

#[test]
fn one_that_hangs_stops_neither_the_placing_nor_the_others() {
    let Some(url) = server::fresh() else { return };
    let (mut hanging, mut placing, mut other) = (server::store(&url), server::store(&url), server::store(&url));
    let (told, tell) = mpsc::channel::<()>();
    let (end, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let hang = &mut |_: &mut dyn Rows| {
                let _ = told.send(());
                let _ = ended.recv();
                Ok(())
            };
            hanging.transact(&[session(1)], hang).expect("a transaction");
        });
        tell.recv().expect("it hangs");
        let from = Instant::now();
        let placed = scope.spawn(move || {
            placing.transact(&[Lock::Sequencer], &mut place).expect("a transaction");
            from.elapsed()
        });
        thread::sleep(Duration::from_millis(300));
        other.transact(&[session(2)], &mut queue).expect("a transaction");
        assert!(from.elapsed() < Duration::from_secs(5), "{:?}", from.elapsed());
        let placed = placed.join().expect("a thread");
        assert!((1..6).contains(&placed.as_secs()), "{placed:?}");
        end.send(()).expect("it hangs still");
    });
}
