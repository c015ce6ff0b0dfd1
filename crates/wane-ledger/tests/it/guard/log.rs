//! What the log tells of a guard.

use std::time::Duration;

use wane::{Code, Level, SealedToken};
use wane_audit::{Event, Frontier, Hash, Origin};
use wane_ledger::{GuardOptions, Pace, Store, Table};

use super::scene::{NOW, Scene, admit, asked, key};

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
