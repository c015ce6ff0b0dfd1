//! Denials wait to be recorded: each is, or it is counted, before the log says that nothing is missing.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use wane::{Approval, Arguments, Code, Level, Request};
use wane_audit::{Event, Outcome, replay};
use wane_ledger::{Fault, Guard, GuardOptions, Pace, Store};

use super::front::Front;
use super::scene::{NOW, Scene, admit, asked, code, key, outcome, with};

/// How many denials the log tells of, and whether it says that this was all.
fn told(scene: &Scene) -> (u64, bool) {
    let (mut told, mut closed) = (0, false);
    for record in scene.records() {
        match &record.event {
            Event::Decision(decided) => told += u64::from(decided.decision == Outcome::Deny),
            Event::DenialsDropped(dropped) => told += dropped.count,
            Event::Closed(_) => closed = true,
            _ => {}
        }
    }
    (told, closed)
}

/// A guard with two committers, of which the second has denied this often: the first was held meanwhile.
fn denied_by_the_second(scene: &Scene, second: &Front, times: usize) -> Guard {
    let first = Front::of(&scene.store);
    let pace = Pace { sequence: Duration::from_secs(60), ..Pace::default() };
    let stores: Vec<Box<dyn Store>> = vec![Box::new(first.clone()), Box::new(second.clone())];
    let guard = Guard::open(stores, GuardOptions { pace, ..scene.options() }, NOW).unwrap();
    let sealed = scene.sealed(&scene.grant().deny("read:secret".parse().unwrap()));
    first.hold(true);
    thread::scope(|threads| {
        let (answered, answer) = channel();
        // Until the first one has taken one, nobody answers for it.
        loop {
            let answered = answered.clone();
            let (guard, sealed) = (&guard, &sealed);
            threads.spawn(move || answered.send(admit(guard, sealed, "read:hr", Level::Public).is_ok()));
            if answer.recv_timeout(Duration::from_millis(200)).is_err() {
                break;
            }
        }
        for _ in 0..times {
            assert_eq!(code(admit(&guard, &sealed, "read:secret", Level::Public)), Code::DenyPattern);
        }
        first.hold(false);
    });
    guard
}

#[test]
fn what_a_committer_could_not_record_when_it_ended_is_counted() {
    for is_tight in [false, true] {
        let scene = Scene::new();
        let second = Front::of(&scene.store);
        let guard = denied_by_the_second(&scene, &second, 4);
        match is_tight {
            true => second.tighten(),
            false => second.fail(Fault::Unreachable("gone in the test".into())),
        }
        // The caller hears of it as well.
        assert_eq!(guard.close(NOW).unwrap_err().code(), Code::StateFull);
        assert_eq!(told(&scene), (4, true), "is tight: {is_tight}");
    }
}

#[test]
fn the_log_does_not_say_that_nothing_is_missing_where_a_committer_died() {
    let scene = Scene::new();
    let second = Front::of(&scene.store);
    let guard = denied_by_the_second(&scene, &second, 4);
    second.die();
    assert_eq!(guard.close(NOW).unwrap_err().code(), Code::StateUnreachable);
    assert_eq!(told(&scene), (0, false));
    assert!(scene.kinds().contains(&"opened"));
}

#[test]
fn a_request_with_too_many_approvals_is_a_recorded_denial() {
    let scene = Scene::new();
    let token = scene.mint(&scene.grant().ask("send:* by @oncall need 2".parse().unwrap()));
    let last = token.chain().blocks()[0].id();
    let sealed = token.seal(&wane::Seal::new()).unwrap();
    let request = asked("send:mail", Level::Public);
    let digest = wane::verify(&sealed, &scene.roots()).unwrap().request_digest(&request);
    let sign =
        |number| Approval::sign(last, digest, request.actions().to_vec(), NOW, NOW + 60 + number, &key(40)).unwrap();
    let many: Vec<_> = (0..65).map(|number| sign(number).statement().clone()).collect();
    let guard = scene.guard();
    // As many as there may be are not too many.
    let checked = guard.check(&sealed, &request, &many[..64], NOW);
    assert_eq!(checked.verdict.code(), Some(Code::DenyNeedsApproval));
    assert_eq!(code(with(&guard, &sealed, &request, &many)), Code::ParseLimit);
    guard.close(NOW).unwrap();
    assert_eq!(told(&scene), (1, true));
    let envelope = token.chain().blocks()[0].envelope_bytes();
    for record in scene.records() {
        let Event::Decision(decided) = &record.event else { continue };
        assert_eq!((decided.code, decided.approvals.len()), (Some(Code::ParseLimit), 65));
        let again = replay(decided, record.at, |_| Some(envelope.clone()), &scene.roots()).unwrap();
        assert!(again.agrees(), "{again:?}");
    }
}

#[test]
fn what_is_denied_for_a_fault_of_the_store_is_counted() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let guard = Guard::open(vec![Box::new(store.clone())], scene.options(), NOW).unwrap();
    let sealed = scene.sealed(&scene.grant());
    store.leave(0);
    assert_eq!(code(admit(&guard, &sealed, "read:hr", Level::Public)), Code::StateFull);
    store.leave(usize::MAX);
    guard.close(NOW).unwrap();
    assert_eq!(told(&scene), (1, true));
}

/// A request whose record is large: some ten thousand bytes.
fn with_many_arguments() -> Request {
    let arguments: Vec<String> = (0..64).map(|number| format!("\"{}{number}\":1", "k".repeat(120))).collect();
    let arguments = format!("{{{}}}", arguments.join(","));
    asked("read:hr", Level::Public).arguments(Arguments::from_json(arguments.as_bytes()).unwrap())
}

fn quick(scene: &Scene, store: &Front) -> Guard {
    let pace = Pace { denials: Duration::from_millis(1), sequence: Duration::from_secs(60), ..Pace::default() };
    Guard::open(vec![Box::new(store.clone())], GuardOptions { pace, ..scene.options() }, NOW).unwrap()
}

#[test]
fn denials_leave_the_room_that_is_left_to_admissions() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let guard = quick(&scene, &store);
    let sealed = scene.sealed(&scene.grant());
    let expired = scene.sealed(&scene.grant().subject("expired"));
    store.tighten();
    store.leave(64 * 1024);
    for _ in 0..12 {
        let answer = outcome(guard.admit(&expired, &with_many_arguments(), &[], NOW + 9_000));
        assert_eq!(code(answer), Code::DenyExpired);
        // Long enough for what waits to be due.
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(told(&scene), (0, false), "they would be recorded one by one");
    assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
    guard.close(NOW).unwrap();
    assert_eq!(told(&scene), (12, true));
    assert_eq!(scene.kinds(), ["opened", "decision", "denials-dropped", "closed"]);
}

#[test]
fn what_waits_for_approval_leaves_the_room_that_is_left_to_admissions() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let guard = quick(&scene, &store);
    let sealed = scene.sealed(&scene.grant().ask("send:* by @oncall".parse().unwrap()));
    assert_eq!(code(admit(&guard, &sealed, "send:0", Level::Public)), Code::DenyNeedsApproval);
    store.tighten();
    store.leave(64 * 1024);
    for number in 0..100 {
        let answer = admit(&guard, &sealed, &format!("send:{number}"), Level::Internal);
        assert_eq!(code(answer), Code::StateFull);
    }
    assert_eq!(scene.ledger_again().pending(NOW, 100).unwrap().len(), 1);
    assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
}

#[test]
fn admissions_are_recorded_though_room_is_tight() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let guard = quick(&scene, &store);
    let sealed = scene.sealed(&scene.grant());
    store.tighten();
    for _ in 0..5 {
        assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
    }
    guard.close(NOW).unwrap();
    let decisions = [["opened"].as_slice(), &["decision"; 5], &["closed"]].concat();
    assert_eq!(scene.kinds(), decisions, "and none is counted as a denial that was dropped");
}

#[test]
fn the_end_counts_denials_that_had_no_room() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let guard = scene.guard_over(vec![Box::new(store.clone())]);
    let sealed = scene.sealed(&scene.grant());
    store.tighten();
    let answer = outcome(guard.admit(&sealed, &asked("read:hr", Level::Public), &[], NOW + 9_000));
    assert_eq!(code(answer), Code::DenyExpired);
    guard.close(NOW + 9_000).unwrap();
    assert_eq!(told(&scene), (1, true));
}

#[test]
fn the_end_comes_after_the_denials_of_every_committer() {
    let scene = Scene::new();
    let second = Front::of(&scene.store);
    let guard = denied_by_the_second(&scene, &second, 30);
    second.take(Duration::from_millis(300));
    guard.close(NOW).unwrap();
    assert_eq!(told(&scene), (30, true));
    assert_eq!(scene.kinds().last(), Some(&"closed"));
}
