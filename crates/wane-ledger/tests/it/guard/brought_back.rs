//! What is dead, raised or used up does not come back: not by a copy, by collection, or by another session of the line.

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Action, Approval, Code, Level, Mark, RootGrant, Seal};
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
    let long = ["a".repeat(30).as_str(); 6].join(":");
    let actions: Vec<Action> = (0..4).map(|number| format!("send:{long}:{number}").parse().unwrap()).collect();
    let request = wane::Request::for_actions("files".parse().unwrap(), actions, Level::Public).unwrap();
    assert_eq!(code(with(&guard, &sealed, &request, &[])), Code::DenyNeedsApproval);
    let waiting = scene.ledger.pending(NOW, 10).unwrap().remove(0);
    let roots = scene.roots();
    let mut leave = |by: u8, seconds: u64| {
        let actions = request.actions().to_vec();
        let signed = Approval::sign(waiting.last, waiting.digest, actions, NOW, NOW + seconds, &key(by)).unwrap();
        scene.ledger.deposit(&signed.to_text(), &roots, None, NOW).map(drop)
    };
    for more in 0..63 {
        leave(40, 100 + more).unwrap();
    }
    leave(41, 100).unwrap();
    leave(41, 300).unwrap();
    assert!(with(&guard, &sealed, &request, &[]).is_ok());
}

#[test]
fn a_raise_at_a_registered_later_session_reaches_the_line() {
    let mut scene = Scene::new();
    let guard = scene.guard();
    let first = scene.mint(&scene.grant().ledger(scene.ledger_id()));
    let id = first.chain().blocks()[0].id();
    let sealed = first.seal(&Seal::new()).unwrap();
    assert!(admit(&guard, &sealed, "write:notes", Level::Public).is_ok());
    let later = scene.mint(&scene.grant().ledger(scene.ledger_id()).continues(id));
    let later_id = scene.ledger.register(later.chain(), None, NOW).unwrap();
    scene.ledger.raise(later_id, &Mark::at(Level::Restricted), "it saw the salaries", NOW).unwrap();
    assert_eq!(code(admit(&guard, &sealed, "write:notes", Level::Public)), Code::DenyRatchet);
}

#[test]
fn a_waiting_request_asks_for_what_is_missing_now() {
    let mut scene = Scene::new();
    let grant = scene.grant().ask(format!("send:* by {}", key(50).public_key()).parse().unwrap());
    let token = scene.mint(&grant.ask("send:* by @oncall".parse().unwrap()));
    let sealed = token.seal(&Seal::new()).unwrap();
    let guard = scene.guard();
    let request = asked("send:mail", Level::Public);
    let roots = scene.roots();
    let verified = wane::verify(&sealed, &roots).unwrap();
    let (last, digest) = (verified.last_delegate().unwrap(), verified.request_digest(&request));
    let sign = |iat, exp| Approval::sign(last, digest, request.actions().to_vec(), iat, exp, &key(50)).unwrap();
    let shown = [sign(NOW, NOW + 5).statement().clone()];
    assert_eq!(code(with(&guard, &sealed, &request, &shown)), Code::DenyNeedsApproval);
    // The statement that was shown has expired since; its signer leaves another one.
    let now = NOW + 10;
    assert_eq!(code(outcome(guard.admit(&sealed, &request, &[], now))), Code::DenyNeedsApproval);
    scene.ledger.deposit(&sign(now, NOW + 600).to_text(), &roots, None, now).unwrap();
}

#[test]
fn a_collected_session_is_not_registered_again() {
    let mut scene = Scene::new();
    let guard = scene.guard();
    let bound = |from, until| {
        let grant = RootGrant::new("files".parse().unwrap(), from, until);
        grant.scope("*".parse().unwrap()).ledger(scene.ledger.id())
    };
    let first = scene.mint(&bound(NOW - 10, NOW + 100));
    let id = first.chain().blocks()[0].id();
    let sealed = first.seal(&Seal::new()).unwrap();
    assert!(admit(&guard, &sealed, "read:salaries", Level::Restricted).is_ok());
    let later = scene.mint(&bound(NOW, NOW + 20_000).continues(id)).seal(&Seal::new()).unwrap();
    scene.ledger.revoke(&Revocation::Block(id), "laptop lost", NOW).unwrap();
    let write = |now| code(outcome(guard.admit(&later, &asked("write:notes", Level::Public), &[], now)));
    let at = NOW + 100 + 3_601;
    assert_eq!(write(NOW), Code::StateRevoked);
    scene.ledger.collect(at).unwrap();
    assert_eq!(write(at), Code::StateUnknownSession);
    let root = scene.root.public_key();
    let again = scene.ledger.register(first.chain(), Some(&root), at);
    assert_eq!(again.unwrap_err().code(), Code::StateCollected);
    assert_eq!(write(at), Code::StateUnknownSession, "the line was revoked and restricted");
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
    assert!(admit(&guard, &sealed, "read:hr", Level::Restricted).is_ok());
    drop(guard);
    let mut restored = Ledger::open(Box::new(backup.clone()), Box::new(UnwrapErr(SysRng))).unwrap();
    let found = Restored { known_epoch: 1, known_size: 3, size: 0, root: Hash::EMPTY };
    restored.accept_restore(found, NOW + 5).unwrap();
    let guard = Guard::open(vec![Box::new(backup)], scene.options(), NOW + 5).unwrap();
    assert_eq!(code(admit(&guard, &sealed, "write:notes", Level::Public)), Code::StateSessionTooOld);
    let again = restored.register(token.chain(), Some(&root), NOW + 15);
    assert_eq!(again.unwrap_err().code(), Code::StateSessionTooOld);
}
