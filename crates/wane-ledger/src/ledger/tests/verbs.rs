//! Registering, raising, revoking, collecting, restoring: each verb is one transaction with its record.

use wane::{Bearer, BlockId, Code, Level, Mark, SecretKey};
use wane_audit::{Event, Hash};

use super::{Shared, refused, root, session};
use crate::law::tests::world::{MADE, NOW, World, carried, id_of};
use crate::law::{self, MARGIN};
use crate::ledger::{Ledger, Restored, Revocation};
use crate::store::{Lock, Table};

#[test]
fn a_ledger_is_made_once_and_opened_as_it_was_made() {
    let (shared, made) = Shared::created();
    assert_eq!(refused(shared.create()), Code::UseLedgerExists);
    let mut opened = shared.open();
    assert_eq!((opened.id(), opened.log(), opened.origin()), (made.id(), made.log(), made.origin()));
    let status = opened.status().unwrap();
    assert_eq!((status.id, status.epoch, status.since, status.collected), (made.id(), 1, MADE + 30, 0));
    let empty = Ledger::open(Box::new(Shared::default()), Box::new(rand_core::UnwrapErr(getrandom::SysRng)));
    assert_eq!(refused(empty), Code::StateSchema);
}

#[test]
fn another_ledger_in_the_same_place_is_noticed() {
    let (shared, mut ledger) = Shared::created();
    let (other, _) = Shared::created();
    shared.lock().map = other.lock().map.clone();
    assert_eq!(refused(ledger.status()), Code::StateOtherLedger);
    assert_eq!(refused(ledger.collect(NOW)), Code::StateOtherLedger);
    assert_eq!(shared.records(), []);
}

#[test]
fn every_verb_leaves_one_record_and_they_stand_or_fall_together() {
    type Verb = (&'static str, fn(&mut Ledger) -> Result<(), wane::Refusal>);
    const ID: BlockId = BlockId::from_bytes([3; 32]);
    let verbs: &[Verb] = &[
        ("raise", |it| it.raise(ID, &Mark::at(Level::Internal), "seen", NOW)),
        ("revoke", |it| it.revoke(&Revocation::Block(ID), "", NOW)),
        ("revoke-before", |it| {
            it.revoke(&Revocation::Before { bearer: Bearer::Agent("planner".into()), time: NOW }, "left", NOW)
        }),
        ("register", |it| {
            let token = session(it, &root(), NOW, NOW + 60, "planner");
            it.register(token.chain(), Some(&root().public_key()), NOW).map(|_| ())
        }),
        ("accept-restore", |it| {
            it.accept_restore(Restored { known_epoch: 1, known_size: 2, size: 1, root: Hash::EMPTY }, NOW).map(|_| ())
        }),
    ];
    for (kind, verb) in verbs {
        let (shared, mut ledger) = Shared::created();
        let before = shared.lock().map.rows.clone();
        // Whichever step fails, nothing is there.
        for step in 0.. {
            shared.lock().fails_after = Some(step);
            let answer = verb(&mut ledger);
            shared.lock().fails_after = None;
            if shared.lock().map.rows != before {
                assert_eq!(shared.kinds(), [*kind]);
                break;
            }
            assert_eq!(refused(answer), Code::StateFull, "{kind}, step {step}");
            assert!(step < 20, "{kind} never succeeds");
        }
        let record = shared.records().remove(0);
        assert_eq!((record.at, record.log, &record.origin), (NOW, ledger.log(), ledger.origin()));
        if *kind == "raise" {
            let entry = ledger.session(ID).unwrap().unwrap();
            assert_eq!(entry.raised[0].record, record.id.to_string(), "a rise names its record");
        }
    }
}

#[test]
fn a_reason_has_an_end_and_an_empty_one_is_none() {
    let (shared, mut ledger) = Shared::created();
    let id = BlockId::from_bytes([3; 32]);
    let long = "x".repeat(1_025);
    assert_eq!(refused(ledger.revoke(&Revocation::Block(id), &long, NOW)), Code::ParseLimit);
    assert_eq!(refused(ledger.raise(id, &Mark::at(Level::Internal), &long, NOW)), Code::ParseLimit);
    assert_eq!(shared.records(), []);
    ledger.revoke(&Revocation::Block(id), "", NOW).unwrap();
    ledger.raise(id, &Mark::at(Level::Internal), "a\nb", NOW).unwrap();
    let records = shared.records();
    assert!(matches!(&records[0].event, Event::Revoke(revoke) if revoke.reason.is_none()));
    assert!(matches!(&records[1].event, Event::Raise(raise) if raise.reason.as_deref() == Some("a\nb")));
}

#[test]
fn a_mark_of_too_many_labels_is_not_raised() {
    let (shared, mut ledger) = Shared::created();
    let mark = (0..17).fold(Mark::default(), |mark, n| mark.with(format!("label-{n}").parse().unwrap()));
    assert_eq!(refused(ledger.raise(BlockId::from_bytes([3; 32]), &mark, "", NOW)), Code::DenyLabels);
    assert_eq!(shared.records(), []);
}

#[test]
fn a_raise_holds_the_lock_of_the_line() {
    let (shared, mut ledger) = Shared::created();
    let first = session(&ledger, &root(), NOW, NOW + 600, "planner");
    let later = World::grant_for(ledger.id(), NOW + 10, NOW + 900).continues(id_of(&first));
    let later = wane::mint(&later, &root(), carried()).unwrap();
    let key = root().public_key();
    for token in [&first, &later] {
        ledger.register(token.chain(), Some(&key), NOW).unwrap();
    }
    ledger.raise(id_of(&later), &Mark::at(Level::Restricted), "", NOW).unwrap();
    assert_eq!(shared.lock().locks.last().unwrap()[..], [Lock::Session(id_of(&first))]);
    let line = ledger.session(id_of(&first)).unwrap().unwrap();
    assert_eq!(line.mark.level(), Level::Restricted);
}

#[test]
fn collecting_is_told_with_what_it_notes_and_takes() {
    let (shared, mut ledger) = Shared::created();
    let token = session(&ledger, &root(), NOW, NOW + 60, "planner");
    ledger.register(token.chain(), None, NOW).unwrap();
    assert_eq!(ledger.collect(NOW + 59 + MARGIN).unwrap().rows, 0);
    // What is noted for ever is told with the note, and the rows that went when they went.
    assert_eq!(shared.kinds(), ["register", "collect"]);
    assert_eq!(ledger.collect(NOW + 59 + MARGIN).unwrap().rows, 0);
    assert_eq!(shared.kinds(), ["register", "collect"], "nothing was noted");
    let collected = ledger.collect(NOW + 60 + MARGIN).unwrap();
    assert_eq!((collected.up_to, collected.rows), (NOW + 60, 1));
    assert_eq!(shared.kinds(), ["register", "collect", "collect", "collect"]);
    assert_eq!(ledger.status().unwrap().collected, NOW + 60);
    assert!(!shared.lock().map.rows.keys().any(|(table, _)| *table == Table::Entry));
}

#[test]
fn a_restore_starts_an_epoch_later_than_any_that_is_known() {
    for (known_epoch, epoch) in [(1, 2), (0, 2), (7, 8)] {
        let (shared, mut ledger) = Shared::created();
        ledger.raise(BlockId::from_bytes([3; 32]), &Mark::at(Level::Internal), "", NOW).unwrap();
        let head = ledger.place(NOW).unwrap();
        // How long the log is here, and its root, is not taken from the caller.
        let found = Restored { known_epoch, known_size: 9, size: 4, root: Hash::EMPTY };
        let status = ledger.accept_restore(found, NOW).unwrap();
        assert_eq!((status.epoch, status.since), (epoch, NOW + 30));
        let Event::AcceptRestore(event) = &shared.records()[0].event else { panic!() };
        assert_eq!((event.epoch, event.since, event.known_size), (epoch, NOW + 30, 9));
        assert_eq!((event.size, event.root), (1, head.root));
    }
    let (_, mut ledger) = Shared::created();
    let last = Restored { known_epoch: u64::MAX, known_size: 9, size: 0, root: Hash::EMPTY };
    assert_eq!(refused(ledger.accept_restore(last, NOW)), Code::StateCorrupt);
}

#[test]
fn what_is_found_of_a_copy_is_what_the_head_of_the_same_ledger_tells() {
    let (_, mut ledger) = Shared::created();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head");
    let found = ledger.restored(&path).unwrap();
    assert_eq!((found.known_epoch, found.known_size, found.size), (1, 0, 0));
    let head = |id: String| format!(r#"{{"ledger":"{id}","epoch":7,"size":9,"root":"{}"}}"#, Hash::EMPTY);
    std::fs::write(&path, head(ledger.id().to_string())).unwrap();
    let found = ledger.restored(&path).unwrap();
    assert_eq!((found.known_epoch, found.known_size, found.size), (7, 9, 0));
    std::fs::write(&path, head(wane::LedgerId::from_bytes([9; 16]).to_string())).unwrap();
    assert_eq!(refused(ledger.restored(&path)), Code::StateCorrupt);
}

#[test]
fn what_is_registered_is_told_without_the_token() {
    let (shared, mut ledger) = Shared::created();
    let token = session(&ledger, &root(), NOW, NOW + 60, "planner");
    let other = SecretKey::from_seed([2; 32]).public_key();
    assert_eq!(refused(ledger.register(token.chain(), Some(&other), NOW)), Code::ChainUnknownRoot);
    ledger.register(token.chain(), Some(&root().public_key()), NOW).unwrap();
    let Event::Register(event) = &shared.records()[0].event else { panic!() };
    assert_eq!((event.block, event.sub.as_deref(), event.exp), (id_of(&token), Some("planner"), NOW + 60));
    let entry = ledger.session(id_of(&token)).unwrap().unwrap();
    assert_eq!((entry.registered, entry.exp), (Some(1), Some(NOW + 60)));
    assert!(entry.opened.unwrap().root.is(&root().public_key()));
}

#[test]
fn counters_are_read_by_name() {
    let (shared, mut ledger) = Shared::created();
    let id = BlockId::from_bytes([3; 32]);
    let key = law::spent_key(id, &"calls".parse().unwrap());
    shared.lock().map.rows.insert(key, br#"{"spent":7,"exp":9}"#.to_vec());
    let other = law::spent_key(BlockId::from_bytes([4; 32]), &"calls".parse().unwrap());
    shared.lock().map.rows.insert(other, br#"{"spent":8,"exp":9}"#.to_vec());
    assert_eq!(ledger.spent(id).unwrap(), [("calls".parse().unwrap(), 7)].into());
    let broken = (Table::Spent, [id.as_bytes().as_slice(), b"NO"].concat());
    shared.lock().map.rows.insert(broken, br#"{"spent":7,"exp":9}"#.to_vec());
    assert_eq!(refused(ledger.spent(id)), Code::StateCorrupt);
}
