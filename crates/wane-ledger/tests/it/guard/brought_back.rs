//! What is dead, raised or used up does not come back: not by a copy, by collection, or by another session of the line.

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Approval, Code, Level, Mark, RootGrant, Seal};
use wane_audit::Hash;
use wane_ledger::{Guard, Ledger, Restored, Revocation};

use super::scene::{NOW, Scene, admit, asked, code, key, outcome, with};
use super::swapped::copy;

#[test]
fn no_approver_shuts_out_the_others() {
    let mut scene = Scene::new();
    let token = scene.mint(&scene.grant().ask("send:* by @oncall need 2".parse().unwrap()));
    let sealed = token.seal(&Seal::new()).unwrap();
    let guard = scene.guard();
    let seg = "a".repeat(30);
    let acts: Vec<wane::Action> =
        (0..4).map(|n| format!("send:{seg}:{seg}:{seg}:{seg}:{seg}:{seg}:{n}").parse().unwrap()).collect();
    let request = wane::Request::for_actions("files".parse().unwrap(), acts, Level::Public).unwrap();
    assert_eq!(code(with(&guard, &sealed, &request, &[])), Code::DenyNeedsApproval);
    let waiting = scene.ledger.pending(NOW, 10).unwrap().remove(0);
    let actions: Vec<wane::Action> = waiting.actions.iter().map(|a| a.parse().unwrap()).collect();
    let roots = scene.roots();
    let sign = |by: u8, s: u64| {
        Approval::sign(waiting.last, waiting.digest, actions.clone(), NOW, NOW + s, &key(by)).unwrap().to_text()
    };
    for s in 0..63 {
        scene.ledger.deposit(&sign(40, 100 + s), &roots, None, NOW).unwrap();
    }
    scene.ledger.deposit(&sign(41, 100), &roots, None, NOW).unwrap();
    let r = with(&guard, &sealed, &request, &[]);
    println!("with 64 deposits of two approvers: {:?}", r.as_ref().map(|_| ()).map_err(|e| e.to_string()));
    let text = sign(41, 300);
    let d = scene.ledger.deposit(&text, &roots, None, NOW).map(|_| ()).map_err(|e| e.code());
    println!("R9a another deposit: {d:?}");
    assert!(r.is_ok(), "HOLDS");
}

#[test]
fn a_raise_at_a_registered_later_session_reaches_the_line() {
    let mut scene = Scene::new();
    let guard = scene.guard();
    let first = scene.mint(&scene.grant().ledger(scene.ledger_id()));
    let id = first.chain().blocks()[0].id();
    let sealed = first.seal(&Seal::new()).unwrap();
    assert!(admit(&guard, &sealed, "write:x", Level::Public).is_ok());
    let later = scene.mint(&scene.grant().ledger(scene.ledger_id()).continues(id));
    let later_id = scene.ledger.register(later.chain(), None, NOW).unwrap();
    scene.ledger.raise(later_id, &Mark::at(Level::Restricted), "it saw the salaries", NOW).unwrap();
    let r = admit(&guard, &sealed, "write:x", Level::Public);
    assert!(r.is_err(), "the line writes after the raise (S28)");
}

#[test]
fn a_waiting_request_asks_for_what_is_missing_now() {
    let mut scene = Scene::new();
    let token = scene.mint(
        &scene
            .grant()
            .ask(format!("send:* by {}", key(50).public_key()).parse().unwrap())
            .ask("send:* by @oncall".parse().unwrap()),
    );
    let sealed = token.seal(&Seal::new()).unwrap();
    let guard = scene.guard();
    let request = asked("send:mail", Level::Public);
    let v = wane::verify(&sealed, &scene.roots()).unwrap();
    let sign = |by: u8, s| {
        Approval::sign(
            v.last_delegate().unwrap(),
            v.request_digest(&request),
            vec!["send:mail".parse().unwrap()],
            NOW,
            NOW + s,
            &key(by),
        )
        .unwrap()
    };
    let a = sign(50, 5);
    assert_eq!(code(with(&guard, &sealed, &request, &[a.statement().clone()])), Code::DenyNeedsApproval);
    // the statement that was shown has expired since; its signer leaves another one
    let roots = scene.roots();
    let later = Approval::sign(
        v.last_delegate().unwrap(),
        v.request_digest(&request),
        vec!["send:mail".parse().unwrap()],
        NOW + 10,
        NOW + 600,
        &key(50),
    )
    .unwrap();
    let _ = guard.admit(&sealed, &request, &[], NOW + 10);
    let r = scene.ledger.deposit(&later.to_text(), &roots, None, NOW + 10).map(|_| ());
    assert!(r.is_ok(), "{:?}", r.map_err(|e| e.to_string()));
}

#[test]
fn a_collected_session_is_not_registered_again() {
    let mut scene = Scene::new();
    let guard = scene.guard();
    let grant = RootGrant::new("files".parse().unwrap(), NOW - 10, NOW + 100)
        .scope("*".parse().unwrap())
        .ledger(scene.ledger_id());
    let first = scene.mint(&grant);
    let id = first.chain().blocks()[0].id();
    let s = first.seal(&Seal::new()).unwrap();
    assert!(admit(&guard, &s, "read:salaries", Level::Restricted).is_ok());
    let later = RootGrant::new("files".parse().unwrap(), NOW, NOW + 20_000)
        .scope("*".parse().unwrap())
        .ledger(scene.ledger_id())
        .continues(id);
    let later = scene.mint(&later).seal(&Seal::new()).unwrap();
    scene.ledger.revoke(&Revocation::Block(id), "laptop lost", NOW).unwrap();
    let at = NOW + 100 + 3_601;
    let try_ = |guard: &Guard| {
        outcome(guard.admit(&later, &asked("write:x", Level::Public), &[], at)).map(|_| ()).map_err(|e| e.code())
    };
    println!(
        "before: {:?}",
        outcome(guard.admit(&later, &asked("write:x", Level::Public), &[], NOW)).map(|_| ()).map_err(|e| e.code())
    );
    scene.ledger.collect(at).unwrap();
    println!("collected: {:?}", try_(&guard));
    let root = scene.root.public_key();
    let reg = scene.ledger.register(first.chain(), Some(&root), at).map_err(|e| e.code());
    let r = try_(&guard);
    assert!(r.is_err(), "{reg:?}; the line was revoked and restricted, and now writes");
}

#[test]
fn a_session_of_the_lost_tail_is_not_registered_again() {
    let mut scene = Scene::new();
    let root = scene.root.public_key();
    let token = scene.mint(&scene.grant());
    let sealed = token.seal(&Seal::new()).unwrap();
    let backup = copy(&scene.store);
    let guard = scene.guard();
    scene.ledger.register(token.chain(), Some(&root), NOW).unwrap();
    assert!(admit(&guard, &sealed, "read:x", Level::Restricted).is_ok());
    drop(guard);
    let mut restored = Ledger::open(Box::new(backup.clone()), Box::new(UnwrapErr(SysRng))).unwrap();
    restored.accept_restore(Restored { known_epoch: 1, known_size: 3, size: 0, root: Hash::EMPTY }, NOW + 5).unwrap();
    let guard = Guard::open(vec![Box::new(backup)], scene.options(), NOW + 5).unwrap();
    assert_eq!(code(admit(&guard, &sealed, "write:x", Level::Public)), Code::StateSessionTooOld);
    let r = restored.register(token.chain(), Some(&root), NOW + 15);
    assert!(r.is_err(), "write {:?}", admit(&guard, &sealed, "write:x", Level::Public).is_ok());
}
