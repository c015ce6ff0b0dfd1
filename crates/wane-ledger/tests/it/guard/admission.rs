//! Raises, budgets, uses and revocations, as every holder of a session sees them.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Arguments, Call, Code, Heir, Level, Narrowing, Request, Roots, Seal, SealedToken};
use wane_audit::LogSecret;
use wane_ledger::{Guard, GuardOptions, MemoryStore, Revocation, Volatile};

use super::front::Front;
use super::scene::{MADE, NOW, Scene, admit, asked, code, key, outcome, with};

#[test]
fn an_older_and_wider_copy_cannot_write_after_the_raise() {
    let scene = Scene::new();
    let token = scene.mint(&scene.grant());
    let older = token.seal(&Seal::new()).unwrap();
    let child = token.attenuate(&Narrowing::new(), Heir::carried(&mut UnwrapErr(SysRng))).unwrap();
    let child = child.seal(&Seal::new()).unwrap();
    let (guard, another) = (scene.guard(), scene.guard());

    assert!(admit(&guard, &older, "write:notes", Level::Public).is_ok());
    assert!(admit(&guard, &child, "read:hr", Level::Restricted).is_ok());
    for guard in [&guard, &another] {
        assert_eq!(code(admit(guard, &older, "write:notes", Level::Public)), Code::DenyRatchet);
        assert_eq!(code(admit(guard, &child, "write:notes", Level::Public)), Code::DenyRatchet);
        assert!(admit(guard, &older, "read:hr", Level::Public).is_ok());
    }
    // Another session of the same root key is none of it.
    let other = scene.sealed(&scene.grant().subject("other"));
    assert!(admit(&guard, &other, "write:notes", Level::Public).is_ok());
}

#[test]
fn a_denied_request_raises_nothing() {
    let scene = Scene::new();
    let sealed = scene.sealed(&scene.grant().deny("read:secret".parse().unwrap()));
    let guard = scene.guard();
    assert_eq!(code(admit(&guard, &sealed, "read:secret", Level::Restricted)), Code::DenyPattern);
    assert!(admit(&guard, &sealed, "write:notes", Level::Public).is_ok());
}

#[test]
fn a_check_writes_nothing() {
    let scene = Scene::new();
    let sealed = scene.sealed(&scene.grant());
    let guard = scene.guard();
    let before = scene.records().len();
    for _ in 0..3 {
        assert_eq!(guard.check(&sealed, &asked("read:hr", Level::Restricted), &[], NOW).verdict.as_str(), "allow");
    }
    assert_eq!(guard.check(&sealed, &asked("read:hr", Level::Restricted), &[], 1).verdict.as_str(), "deny");
    assert!(admit(&guard, &sealed, "write:notes", Level::Public).is_ok(), "nothing was raised");
    assert_eq!(scene.records().len(), before + 1, "only the admission is recorded");
}

#[test]
fn what_changes_nothing_is_recorded_before_it_is_permitted() {
    let scene = Scene::new();
    let sealed = scene.sealed(&scene.grant());
    let guard = scene.guard();
    for _ in 0..3 {
        let answer = guard.admit(&sealed, &asked("read:hr", Level::Public), &[], NOW);
        let record = answer.record;
        assert!(outcome(answer).is_ok());
        // The third time as the first: no counter moves, nothing is raised, and the ledger says that it was admitted.
        let records = scene.records();
        assert_eq!(record, records.last().map(|record| record.id));
        assert_eq!(records.last().unwrap().event.kind(), "decision");
    }
}

#[test]
fn ten_children_share_one_budget() {
    let scene = Scene::new();
    let calls = || "calls".parse().unwrap();
    let token = scene.mint(&scene.grant().ledger(scene.ledger_id()).budget(calls(), 50));
    let children: Vec<SealedToken> = (0..10)
        .map(|_| {
            let child = token.attenuate(&Narrowing::new(), Heir::carried(&mut UnwrapErr(SysRng))).unwrap();
            child.seal(&Seal::new()).unwrap()
        })
        .collect();
    let guard = Arc::new(scene.guard());
    let threads: Vec<_> = children
        .into_iter()
        .map(|child| {
            let guard = Arc::clone(&guard);
            std::thread::spawn(move || {
                let request = asked("read:hr", Level::Public).cost("calls".parse().unwrap(), 1);
                (0..10).filter(|_| with(&guard, &child, &request, &[]).is_ok()).count()
            })
        })
        .collect();
    let admitted: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(admitted, 50);
    let sealed = token.seal(&Seal::new()).unwrap();
    let cost = asked("read:hr", Level::Public).cost(calls(), 1);
    assert_eq!(code(with(&guard, &sealed, &cost, &[])), Code::DenyBudget);
    assert_eq!(code(with(&guard, &sealed, &asked("read:hr", Level::Public), &[])), Code::DenyCost);
}

#[test]
fn a_seal_for_one_request_serves_once_though_many_show_it_at_once() {
    let scene = Scene::new();
    let action = vec!["write:notes".parse().unwrap()];
    let request = Request::for_actions("files".parse().unwrap(), action, Level::Public).unwrap();
    let call = Call::actions(request.actions());
    let seal = Seal::new().for_request(call, Arguments::empty(), NOW, NOW + 60, &mut UnwrapErr(SysRng));
    let sealed = scene.mint(&scene.grant()).seal(&seal).unwrap();
    let guards = [scene.guard(), scene.guard()];
    let admitted: usize = std::thread::scope(|scope| {
        let show = |number: usize| {
            let (guard, sealed, request) = (&guards[number % 2], &sealed, &request);
            scope.spawn(move || usize::from(with(guard, sealed, request, &[]).is_ok()))
        };
        (0..16).map(show).collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(admitted, 1);
    assert_eq!(code(with(&guards[0], &sealed, &request, &[])), Code::StateUsed);
}

#[test]
fn what_is_revoked_is_dead_at_once() {
    let mut scene = Scene::new();
    let token = scene.mint(&scene.grant().subject("planner"));
    let sealed = token.seal(&Seal::new()).unwrap();
    let guard = scene.guard();
    assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
    let id = token.chain().blocks()[0].id();
    scene.ledger.revoke(&Revocation::Block(id), "lost", NOW).unwrap();
    assert_eq!(code(admit(&guard, &sealed, "read:hr", Level::Public)), Code::StateRevoked);
}

#[test]
fn a_session_older_than_the_ledger_is_refused_unless_registered() {
    let mut scene = Scene::new();
    let guard = scene.guard();
    let grant = wane::RootGrant::new("files".parse().unwrap(), MADE, MADE + 3_600).scope("*".parse().unwrap());
    let token = scene.mint(&grant);
    let sealed = token.seal(&Seal::new()).unwrap();
    assert_eq!(code(admit(&guard, &sealed, "read:hr", Level::Public)), Code::StateSessionTooOld);
    let root = scene.root.public_key();
    scene.ledger.register(token.chain(), Some(&root), MADE).unwrap();
    assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
}

#[test]
fn a_token_of_another_ledger_and_a_volatile_one_where_none_will_do() {
    let scene = Scene::new();
    let guard = scene.guard();
    let other = scene.sealed(&scene.grant().ledger(wane::LedgerId::from_bytes([1; 16])));
    assert_eq!(code(admit(&guard, &other, "read:hr", Level::Public)), Code::StateOtherLedger);
    let strict = scene.guard_with(GuardOptions { volatile: Volatile::Refused, ..scene.options() });
    let bound = scene.sealed(&scene.grant().ledger(scene.ledger_id()));
    assert_eq!(code(admit(&strict, &bound, "read:hr", Level::Public)), Code::StateVolatile);
    let answer = guard.admit(&bound, &asked("read:hr", Level::Public), &[], NOW);
    assert!(!answer.durable && outcome(answer).is_ok());
}

#[test]
fn other_roots_count_for_whatever_is_not_decided_yet() {
    let scene = Scene::new();
    let sealed = scene.sealed(&scene.grant());
    let guard = scene.guard();
    assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
    guard.replace_roots(Roots::single(key(2).public_key()));
    assert_eq!(code(admit(&guard, &sealed, "read:hr", Level::Public)), Code::ChainUnknownRoot);
}

#[test]
fn without_its_secret_or_its_ledger_a_guard_does_not_open() {
    let scene = Scene::new();
    let open = |store: MemoryStore, options| match Guard::open(vec![Box::new(store)], options, NOW) {
        Ok(_) => panic!("it opened"),
        Err(refusal) => refusal.code(),
    };
    let none = GuardOptions { log_secret: None, ..scene.options() };
    assert_eq!(open(scene.store.clone(), none), Code::StateLogSecret);
    let other = GuardOptions { log_secret: Some(LogSecret::from_bytes([8; 32])), ..scene.options() };
    assert_eq!(open(scene.store.clone(), other), Code::StateLogSecret);
    assert_eq!(open(MemoryStore::new(), scene.options()), Code::StateSchema);
}

#[test]
fn nothing_is_decided_by_roots_that_were_replaced_before() {
    let scene = Scene::new();
    let store = Front::of(&scene.store);
    let guard = scene.guard_over(vec![Box::new(store.clone())]);
    let sealed = scene.sealed(&scene.grant());
    store.take(Duration::from_millis(300));
    thread::scope(|threads| {
        let waiting = threads.spawn(|| (admit(&guard, &sealed, "write:notes", Level::Public), Instant::now()));
        thread::sleep(Duration::from_millis(100));
        guard.replace_roots(Roots::single(key(2).public_key()));
        let replaced = Instant::now();
        let (answer, answered) = waiting.join().unwrap();
        // Decided by the old ones only if that was over when the new ones came into force.
        assert!(answer.is_err() || answered <= replaced + Duration::from_millis(20), "{answer:?}");
        assert_eq!(code(admit(&guard, &sealed, "write:notes", Level::Public)), Code::ChainUnknownRoot);
    });
}
