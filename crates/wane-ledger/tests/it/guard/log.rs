//! What the log tells of a guard.

use std::time::Duration;

use wane::{Code, Level, SealedToken};
use wane_audit::{Event, Frontier, Hash, Origin};
use wane_ledger::{Guard, GuardOptions, Pace, Store, Table};

use super::scene::{NOW, Scene, admit, asked, at_once, comes_true, key, outcome};

#[test]
fn opened_decided_denied_and_closed_in_this_order() {
    let scene = Scene::new();
    let sealed = scene.sealed(&scene.grant());
    let guard = scene.guard();
    assert!(admit(&guard, &sealed, "read:hr", Level::Restricted).is_ok());
    assert!(admit(&guard, &sealed, "write:notes", Level::Public).is_err());
    guard.close(NOW).unwrap();
    let kinds = scene.kinds();
    assert_eq!(&kinds[kinds.len() - 4..], ["opened", "decision", "decision", "closed"]);
    let records = scene.records();
    let codes: Vec<_> = records
        .iter()
        .filter_map(|record| match &record.event {
            Event::Decision(decided) => Some(decided.code),
            _ => None,
        })
        .collect();
    assert_eq!(codes, [None, Some(Code::DenyRatchet)]);
}

#[test]
fn the_head_is_signed_over_all_of_it() {
    let scene = Scene::new();
    let sealed = scene.sealed(&scene.grant());
    let guard = scene.guard();
    for _ in 0..5 {
        assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
    }
    guard.close(NOW).unwrap();
    let published = scene.published.lock().unwrap().pop().unwrap();
    let origin = Origin::of_ledger(scene.ledger_id());
    let head = published.checkpoint.verify(&key(9).public_key(), &origin).unwrap().clone();

    let mut leaves = Vec::new();
    let mut store = scene.store.clone();
    store
        .view(&mut |rows| {
            assert!(rows.scan(Table::Queue, &[], None, 10)?.is_empty(), "nothing waits");
            leaves = rows.scan(Table::Leaf, &[], None, 1_000)?;
            Ok(())
        })
        .unwrap();
    let mut log = Frontier::new();
    leaves.iter().try_for_each(|(_, line)| log.append(Hash::of_leaf(line))).unwrap();
    assert_eq!((log.size(), log.root()), (head.size, head.root));
    assert!(head.size >= 7);
}

#[test]
fn values_stand_in_no_record() {
    let scene = Scene::new();
    let sealed = scene.sealed(&scene.grant());
    let guard = scene.guard();
    let arguments = wane::Arguments::from_json(br#"{"path": "/data/geheim.csv", "n": 424242}"#).unwrap();
    let request = asked("read:hr", Level::Public)
        .arguments(arguments)
        .fact("env".parse().unwrap(), wane::Value::text("sonderfall").unwrap());
    let _ = guard.admit(&sealed, &request, &[], NOW);
    guard.close(NOW).unwrap();
    let line = scene.records().iter().map(|record| record.to_line().unwrap()).collect::<String>();
    assert!(line.contains("\"/path\"") && line.contains("\"env\""));
    for value in ["geheim", "424242", "sonderfall"] {
        assert!(!line.contains(value), "{value}");
    }
}

#[test]
fn junk_is_one_record_an_interval_and_nothing_else() {
    let scene = Scene::new();
    let guard = scene.guard_with(GuardOptions {
        pace: Pace { unverified: Duration::from_secs(1), ..Pace::default() },
        ..scene.options()
    });
    let good = scene.sealed(&scene.grant());
    let mut forged = good.to_bytes();
    *forged.last_mut().unwrap() ^= 1;
    let forged = SealedToken::from_bytes(&forged).unwrap();
    let before = scene.records().len();
    for _ in 0..100_000 {
        assert!(admit(&guard, &forged, "read:hr", Level::Public).is_err());
    }
    guard.close(NOW).unwrap();
    let records = scene.records();
    let counts: Vec<u64> = records
        .iter()
        .filter_map(|record| match &record.event {
            Event::Unverified(unverified) => Some(unverified.count),
            _ => None,
        })
        .collect();
    assert_eq!(counts.iter().sum::<u64>(), 100_000);
    assert_eq!(records.len() - before, counts.len() + 1, "beside them only the guard's end");
}

#[test]
fn what_is_verified_alone_is_counted_as_well_and_leaves_nothing_else() {
    let scene = Scene::new();
    let guard = scene.guard();
    let good = scene.sealed(&scene.grant());
    let mut forged = good.to_bytes();
    *forged.last_mut().unwrap() ^= 1;
    let forged = SealedToken::from_bytes(&forged).unwrap();
    let before = scene.records().len();
    for _ in 0..3 {
        guard.verify(&good, NOW).unwrap();
        assert_eq!(guard.verify(&forged, NOW).unwrap_err().code(), Code::ChainSignature);
    }
    guard.replace_roots(wane::Roots::single(key(77).public_key()));
    assert_eq!(guard.verify(&good, NOW + 5).unwrap_err().code(), Code::ChainUnknownRoot);
    guard.close(NOW).unwrap();
    let records = scene.records();
    let (mut count, mut latest) = (0, 0);
    for record in records.iter().skip(before) {
        if let Event::Unverified(unverified) = &record.event {
            (count, latest) = (count + unverified.count, latest.max(unverified.to));
        }
    }
    assert_eq!((count, latest), (4, NOW + 5));
    assert_eq!(records.len() - before, 2, "beside the count only the guard's end");
}

#[test]
fn junk_is_counted_under_the_time_it_came_at() {
    let scene = Scene::new();
    let pace = Pace { unverified: Duration::from_millis(20), ..at_once() };
    let guard = scene.guard_with(GuardOptions { pace, ..scene.options() });
    let heir = wane::Heir::carried(&mut rand_core::UnwrapErr(getrandom::SysRng));
    let unknown = wane::mint(&scene.grant(), &key(77), heir).unwrap().seal(&wane::Seal::new()).unwrap();
    let later = NOW + 86_400;
    let answer = outcome(guard.admit(&unknown, &asked("read:hr", Level::Public), &[], later));
    assert_eq!(answer.unwrap_err().code(), Code::ChainUnknownRoot);
    let counted = || {
        scene.records().into_iter().find_map(|record| match record.event {
            Event::Unverified(counted) => Some((record.at, counted.from, counted.to, counted.count)),
            _ => None,
        })
    };
    assert!(comes_true(|| counted().is_some()), "it is not counted");
    assert_eq!(counted(), Some((later, NOW, later, 1)));
}

#[test]
fn whoever_publishes_a_head_and_panics_does_not_end_the_log() {
    let scene = Scene::new();
    let options =
        GuardOptions { pace: at_once(), published: Box::new(|_| panic!("told to in the test")), ..scene.options() };
    let stores: Vec<Box<dyn Store>> = vec![Box::new(scene.store.clone()), Box::new(scene.store.clone())];
    let guard = Guard::open(stores, options, NOW).unwrap();
    let checkpoints = || {
        let mut found = 0;
        let count = &mut |rows: &mut dyn wane_ledger::Rows| {
            found = rows.scan(Table::Checkpoint, &[], None, 1_000)?.len();
            Ok(())
        };
        scene.store.clone().view(count).unwrap();
        found
    };
    assert!(comes_true(|| checkpoints() > 0), "no head is signed");
    let sealed = scene.sealed(&scene.grant());
    for _ in 0..50 {
        assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
    }
    assert!(comes_true(|| scene.queued() == 0), "{} records that nobody places", scene.queued());
    guard.close(NOW).unwrap();
    assert_eq!(scene.queued(), 0);
}
