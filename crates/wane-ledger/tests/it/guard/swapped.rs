//! A guard under which the store is another one than it was, or fails.

use std::thread;
use std::time::{Duration, Instant};

use wane::{Code, Level, Roots};
use wane_audit::Hash;
use wane_ledger::{Fault, Guard, GuardOptions, MemoryStore, Pace, Store, Table};

use super::front::Front;
use super::scene::{NOW, Scene, admit, asked, at_once, code, comes_true, key};

/// All rows as they are, in a store of their own; what is queued is queued there anew.
pub(super) fn copy(store: &MemoryStore) -> MemoryStore {
    let (mut rows_of, mut queued) = (Vec::new(), Vec::new());
    store
        .clone()
        .view(&mut |rows| {
            for table in Table::ALL {
                let found = rows.scan(table, &[], None, 100_000)?;
                match table {
                    Table::Queue => queued = found.into_iter().map(|(_, record)| record).collect(),
                    _ => rows_of.extend(found.into_iter().map(|(key, value)| ((table, key), Some(value)))),
                }
            }
            Ok(())
        })
        .unwrap();
    let mut copy = MemoryStore::new();
    copy.transact(&[], &mut |rows| {
        rows.put(rows_of.clone())?;
        if queued.is_empty() { Ok(()) } else { rows.append(queued.clone()) }
    })
    .unwrap();
    copy
}

/// How many rows there are.
fn count(store: &MemoryStore) -> usize {
    let mut found = 0;
    store
        .clone()
        .view(&mut |rows| {
            found = 0;
            for table in Table::ALL {
                found += rows.scan(table, &[], None, 100_000)?.len();
            }
            Ok(())
        })
        .unwrap();
    found
}

/// Records find their place at once, so that heads are known at once.
fn options(scene: &Scene) -> GuardOptions {
    let pace = Pace { sequence: Duration::from_millis(1), denials: Duration::from_millis(1), ..Pace::default() };
    GuardOptions { pace, ..scene.options() }
}

fn open(scene: &Scene, store: &Front) -> Guard {
    Guard::open(vec![Box::new(store.clone())], options(scene), NOW).unwrap()
}

/// Reads until the log has so many records more.
fn grow(scene: &Scene, guard: &Guard, by: usize) {
    let sealed = scene.sealed(&scene.grant());
    for _ in 0..by {
        assert!(admit(guard, &sealed, "read:hr", Level::Public).is_ok());
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_older_copy_under_a_guard_that_runs_is_refused_until_the_newer_one_is_back() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let guard = open(&scene, &store);
    let sealed = scene.sealed(&scene.grant());
    grow(&scene, &guard, 2);
    let yesterday = copy(&scene.store);
    assert!(admit(&guard, &sealed, "read:hr", Level::Restricted).is_ok());
    grow(&scene, &guard, 2);
    thread::sleep(Duration::from_millis(100));

    store.lead_to(&yesterday);
    assert_eq!(code(admit(&guard, &sealed, "write:notes", Level::Public)), Code::StateRolledBack);
    store.lead_to(&scene.store);
    assert_eq!(code(admit(&guard, &sealed, "write:notes", Level::Public)), Code::DenyRatchet);
}

#[test]
fn an_older_copy_that_has_grown_a_longer_log_is_refused_too() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head");
    let with_head = || GuardOptions { head: Some(path.clone()), pace: at_once(), ..scene.options() };
    let guard = Guard::open(vec![Box::new(store.clone())], with_head(), NOW).unwrap();
    let sealed = scene.sealed(&scene.grant());
    grow(&scene, &guard, 2);
    let standby = copy(&scene.store);
    assert!(admit(&guard, &sealed, "read:hr", Level::Restricted).is_ok());
    grow(&scene, &guard, 1);
    assert!(comes_true(|| scene.queued() == 0), "the log stands still");
    thread::sleep(Duration::from_millis(100));
    let head = std::fs::read_to_string(&path).unwrap();

    // Another guard, which knows nothing of the first one's head, has gone on with the copy.
    let other = open(&scene, &Front::of(&standby));
    grow(&scene, &other, 10);
    other.close(NOW).unwrap();
    store.lead_to(&standby);
    assert_eq!(code(admit(&guard, &sealed, "write:notes", Level::Public)), Code::StateRolledBack);
    assert_eq!(guard.close(NOW).unwrap_err().code(), Code::StateRolledBack);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), head, "the newest head is that of the log before");
    let again = Guard::open(vec![Box::new(standby)], with_head(), NOW);
    assert_eq!(again.err().map(|refusal| refusal.code()), Some(Code::StateRolledBack));
}

#[test]
fn nothing_is_read_from_an_older_copy_and_nothing_written_to_it() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let pace = Pace { unverified: Duration::from_millis(20), ..at_once() };
    let guard = Guard::open(vec![Box::new(store.clone())], GuardOptions { pace, ..scene.options() }, NOW).unwrap();
    let sealed = scene.sealed(&scene.grant());
    let yesterday = copy(&scene.store);
    grow(&scene, &guard, 2);
    assert!(comes_true(|| scene.queued() == 0), "the log stands still");
    thread::sleep(Duration::from_millis(100));
    let rows = count(&yesterday);

    store.lead_to(&yesterday);
    let checked = guard.check(&sealed, &asked("read:hr", Level::Public), &[], NOW).verdict;
    assert_eq!(checked.code(), Some(Code::StateRolledBack));
    let shown = guard.may_still(&sealed, vec!["read:*".parse().unwrap()], NOW);
    assert_eq!(shown.unwrap_err().code(), Code::StateRolledBack);
    // This is counted as a denial that could not be recorded, and that as input that did not verify.
    assert_eq!(code(admit(&guard, &sealed, "read:hr", Level::Public)), Code::StateRolledBack);
    guard.replace_roots(Roots::single(key(2).public_key()));
    assert_eq!(code(admit(&guard, &sealed, "read:hr", Level::Public)), Code::ChainUnknownRoot);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(count(&yesterday), rows, "while the guard runs");
    assert_eq!(guard.close(NOW).unwrap_err().code(), Code::StateRolledBack);
    assert_eq!(count(&yesterday), rows, "once it is closed");
}

#[test]
fn a_denial_is_not_recorded_in_an_older_copy() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let pace = Pace { unverified: Duration::from_secs(60), ..at_once() };
    let options = GuardOptions { pace: Pace { denials: Duration::from_secs(1), ..pace }, ..scene.options() };
    let guard = Guard::open(vec![Box::new(store.clone())], options, NOW).unwrap();
    let sealed = scene.sealed(&scene.grant().deny("read:secret".parse().unwrap()));
    let yesterday = copy(&scene.store);
    grow(&scene, &guard, 2);
    assert!(comes_true(|| scene.queued() == 0), "the log stands still");
    thread::sleep(Duration::from_millis(100));
    let rows = count(&yesterday);
    assert_eq!(code(admit(&guard, &sealed, "read:secret", Level::Public)), Code::DenyPattern);
    store.lead_to(&yesterday);
    thread::sleep(Duration::from_millis(1_500));
    assert_eq!(count(&yesterday), rows);
}

#[test]
fn stores_of_two_ledgers_make_no_guard() {
    let (scene, other) = (Scene::new(), Scene::new());
    let stores: Vec<Box<dyn Store>> = vec![Box::new(scene.store.clone()), Box::new(other.store.clone())];
    let guard = Guard::open(stores, scene.options(), NOW);
    assert_eq!(guard.err().map(|refusal| refusal.code()), Some(Code::StateOtherLedger));
}

#[test]
fn another_ledger_in_its_place_is_refused() {
    let (scene, other) = (Scene::new(), Scene::new());
    let store = Front::of(&scene.store);
    let guard = open(&scene, &store);
    let sealed = scene.sealed(&scene.grant());
    assert!(admit(&guard, &sealed, "read:hr", Level::Restricted).is_ok());
    let stranger = open(&other, &Front::of(&other.store));
    grow(&other, &stranger, 20);
    stranger.close(NOW).unwrap();
    store.lead_to(&other.store);
    // The chain names no ledger, so nothing else would notice.
    assert_eq!(code(admit(&guard, &sealed, "write:notes", Level::Public)), Code::StateOtherLedger);
}

#[test]
fn a_head_of_no_records_is_extended_by_every_log() {
    let scene = Scene::new();
    let guard = scene.guard();
    grow(&scene, &guard, 3);
    guard.close(NOW).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let head = folder.path().join("head");
    let text = format!(r#"{{"ledger":"{}","epoch":1,"size":0,"root":"{}"}}"#, scene.ledger_id(), Hash::EMPTY);
    std::fs::write(&head, text).unwrap();
    let options = GuardOptions { head: Some(head), ..scene.options() };
    assert!(Guard::open(vec![Box::new(scene.store.clone())], options, NOW).is_ok());
}

#[test]
fn a_store_that_is_held_is_not_asked_once_for_each_that_waits() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let pace = Pace { sequence: Duration::from_secs(60), ..Pace::default() };
    let options = GuardOptions { pace, ..scene.options() };
    let guard = Guard::open(vec![Box::new(store.clone())], options, NOW).unwrap();
    let sealed = scene.sealed(&scene.grant());
    store.take(Duration::from_millis(100));
    store.fail(Fault::Locked("held in the test".into()));
    let before = store.asked();
    thread::scope(|threads| {
        for _ in 0..40 {
            threads.spawn(|| {
                let from = Instant::now();
                assert_eq!(code(admit(&guard, &sealed, "read:hr", Level::Public)), Code::StateLocked);
                // Its own group at most once and one by one, and as long for the group before.
                assert!(from.elapsed() < Duration::from_millis(600), "waited {:?}", from.elapsed());
            });
        }
    });
    let asked = store.asked() - before;
    assert!(asked <= 16, "{asked} transactions for 40 requests");
    store.mend();
    assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
}
