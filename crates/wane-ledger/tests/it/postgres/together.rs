//! Several stores, and several threads, on one database.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use wane_ledger::{Fault, Lock, PostgresOptions, PostgresStore, Rows, Store, Table};

use super::contract::{read, session};
use super::server;

/// Adds one to the number in this row.
pub(super) fn add_one(rows: &mut dyn Rows, name: &[u8]) -> Result<u64, Fault> {
    let key = (Table::Spent, name.to_vec());
    let found = rows.get(std::slice::from_ref(&key))?.remove(0);
    let number = number(found.as_deref()) + 1;
    rows.put(vec![(key, Some(number.to_string().into_bytes()))])?;
    Ok(number)
}

pub(super) fn number(value: Option<&[u8]>) -> u64 {
    value.map_or(0, |text| std::str::from_utf8(text).expect("text").parse().expect("a number"))
}

pub(super) fn count(store: &mut dyn Store, name: &[u8]) -> u64 {
    number(read(store, &[(Table::Spent, name.to_vec())])[0].as_deref())
}

#[test]
fn two_stores_see_each_others_commits_at_once() {
    let Some(url) = server::fresh() else { return };
    let mut stores = [server::store(&url), server::store(&url)];
    for round in 0..50 {
        let [one, other] = &mut stores;
        let (writer, reader) = if round % 2 == 0 { (one, other) } else { (other, one) };
        writer.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ())).expect("a transaction");
        assert_eq!(count(reader, b"n"), round + 1);
    }
}

#[test]
fn what_is_not_committed_is_not_seen() {
    let Some(url) = server::fresh() else { return };
    let mut writer = server::store(&url);
    let mut reader = server::store(&url);
    writer
        .transact(&[session(1)], &mut |rows| {
            add_one(rows, b"n")?;
            assert_eq!(count(&mut reader, b"n"), 0);
            Ok(())
        })
        .expect("a transaction");
    assert_eq!(count(&mut reader, b"n"), 1);
}

#[test]
fn views_do_not_wait_for_writers_whatever_the_role_is_set_to() {
    let Some(url) = server::fresh() else { return };
    let mut writer = server::store(&url);
    let mut reader = server::store(&url.replace("?", "?options=-c%20default_transaction_deferrable%3Don&"));
    let mut seen = None;
    writer
        .transact(&[session(1)], &mut |rows| {
            add_one(rows, b"n")?;
            let from = Instant::now();
            let view = reader.view(&mut |rows| rows.get(&[(Table::Used, vec![1])]).map(|_| ()));
            seen = Some((view, from.elapsed()));
            Ok(())
        })
        .expect("a transaction");
    let (view, waited) = seen.expect("the body ran");
    assert_eq!(view, Ok(()));
    assert!(waited < Duration::from_secs(5), "{waited:?}");
}

/// 16 threads, half of them on one pool and half each on its own, add to one row.
fn hot_row(locks: &[Lock], each: u64) {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let ran: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|n| {
                let mut store = if n % 2 == 0 { store.clone() } else { server::store(&url) };
                scope.spawn(move || {
                    let mut runs = 0;
                    for _ in 0..each {
                        let body = &mut |rows: &mut dyn Rows| {
                            runs += 1;
                            add_one(rows, b"hot").map(|_| ())
                        };
                        store.transact(locks, body).expect("a transaction");
                    }
                    runs
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread")).sum()
    });
    assert_eq!(count(&mut store, b"hot"), 16 * each);
    if locks.is_empty() {
        assert!(ran > 16 * each, "without locks, something must have conflicted");
    } else {
        assert_eq!(ran, 16 * each, "under the lock, nothing conflicts");
    }
}

#[test]
fn sixteen_threads_on_one_row_under_its_lock() {
    hot_row(&[session(1)], 50);
}

#[test]
fn sixteen_threads_on_one_row_without_locks() {
    hot_row(&[], 5);
}

#[test]
fn locks_of_several_sessions_do_not_deadlock() {
    let Some(url) = server::fresh() else { return };
    let store = server::store(&url);
    thread::scope(|scope| {
        for n in 0..8_u8 {
            let mut store = store.clone();
            scope.spawn(move || {
                for round in 0..20_u8 {
                    let first = n.wrapping_mul(3).wrapping_add(round) % 5;
                    let locks: Vec<_> = (first..first + 3).map(session).collect();
                    let add = &mut |rows: &mut dyn Rows| {
                        for session in first..first + 3 {
                            add_one(rows, &[session + 1])?;
                        }
                        Ok(())
                    };
                    store.transact(&locks, add).expect("a transaction");
                }
            });
        }
    });
    let mut store = store;
    let total: u64 = (0..8).map(|session| count(&mut store, &[session + 1])).sum();
    assert_eq!(total, 8 * 20 * 3);
}

/// Two that each read what the other writes: one of the two orders must explain both.
#[test]
fn a_write_skew_is_not_committed() {
    let Some(url) = server::fresh() else { return };
    let store = server::store(&url);
    for round in 0..20_u8 {
        let names = [[1, round], [2, round]];
        thread::scope(|scope| {
            for n in 0..2 {
                let mut store = store.clone();
                let (mine, others) = (names[n].to_vec(), names[1 - n].to_vec());
                scope.spawn(move || {
                    let body = &mut |rows: &mut dyn Rows| {
                        let key = (Table::Spent, others.clone());
                        if rows.get(&[key])?[0].is_none() {
                            thread::sleep(Duration::from_millis(5));
                            rows.put(vec![((Table::Spent, mine.clone()), Some(b"1".to_vec()))])?;
                        }
                        Ok(())
                    };
                    store.transact(&[], body).expect("a transaction");
                });
            }
        });
        let keys = names.map(|name| (Table::Spent, name.to_vec()));
        let found = read(&mut store.clone(), &keys);
        assert_eq!(found.iter().flatten().count(), 1, "round {round}");
    }
}

#[test]
fn who_waits_too_long_is_told_that_it_is_locked() {
    let Some(url) = server::fresh() else { return };
    let one = PostgresOptions { connections: 1, create: true };
    let mut holder = PostgresStore::connect(&url, one).expect("a store");
    let mut sharing = holder.clone();
    let mut other = server::store(&url);
    let (told, tell) = mpsc::channel::<()>();
    let (end, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let hold = &mut |_: &mut dyn Rows| {
                let _ = told.send(());
                let _ = ended.recv();
                Ok(())
            };
            holder.transact(&[session(1)], hold).expect("a transaction");
        });
        tell.recv().expect("the holder holds");
        other.transact(&[session(2)], &mut |_| Ok(())).expect("another session is free");
        let waiting: Vec<_> = [&mut other, &mut sharing]
            .into_iter()
            .map(|store| {
                scope.spawn(move || {
                    let from = Instant::now();
                    let result = store.transact(&[session(1)], &mut |_| Ok(()));
                    assert!(matches!(result, Err(Fault::Locked(_))), "{result:?}");
                    from.elapsed()
                })
            })
            .collect();
        for waiter in waiting {
            let waited = waiter.join().expect("a thread").as_secs();
            assert!((9..15).contains(&waited), "{waited} s");
        }
        end.send(()).expect("the holder is there");
    });
    other.transact(&[session(1)], &mut |_| Ok(())).expect("it is free again");
}
