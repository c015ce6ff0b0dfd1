//! A request that waits for approval, and is admitted once.

use wane::{Approval, Code, Level, Roots, SealedToken, Token, TrustedRoot, UntrustedApproval};
use wane_ledger::Guard;

use super::scene::{NOW, Scene, asked, code, key, with};

fn asking(scene: &Scene) -> (Token, SealedToken) {
    let token = scene.mint(&scene.grant().ask("send:* by @oncall need 2".parse().unwrap()));
    let sealed = token.seal(&wane::Seal::new()).unwrap();
    (token, sealed)
}

fn approval(scene: &mut Scene, by: u8, seconds: u64) -> Approval {
    let waiting = scene.ledger.pending(NOW, 10).unwrap().remove(0);
    let actions = waiting.actions.iter().map(|action| action.parse().unwrap()).collect();
    Approval::sign(waiting.last, waiting.digest, actions, NOW, NOW + seconds, &key(by)).unwrap()
}

fn show(guard: &Guard, sealed: &SealedToken, approvals: &[&Approval]) -> Result<wane::Permit, wane::Refusal> {
    let shown: Vec<UntrustedApproval> = approvals.iter().map(|approval| approval.statement().clone()).collect();
    with(guard, sealed, &asked("send:mail", Level::Internal), &shown)
}

#[test]
fn two_of_a_group_approve_and_the_request_is_admitted_once() {
    let mut scene = Scene::new();
    let (_, sealed) = asking(&scene);
    let guard = scene.guard();
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    let (one, two) = (approval(&mut scene, 40, 60), approval(&mut scene, 41, 60));
    assert_eq!(code(show(&guard, &sealed, &[&one])), Code::DenyNeedsApproval);
    assert!(show(&guard, &sealed, &[&one, &two]).is_ok());
    assert!(scene.ledger.pending(NOW, 10).unwrap().is_empty(), "it waits no longer");
    assert_eq!(code(show(&guard, &sealed, &[&one, &two])), Code::StateApprovalUsed);
}

#[test]
fn deposited_approvals_count_when_the_request_comes_again() {
    let mut scene = Scene::new();
    let (_, sealed) = asking(&scene);
    let (guard, roots) = (scene.guard(), scene.roots());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    for by in [40, 41] {
        let text = approval(&mut scene, by, 60).to_text();
        scene.ledger.deposit(&text, &roots, None, NOW).unwrap();
    }
    assert!(show(&guard, &sealed, &[]).is_ok());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval, "they served once");
}

#[test]
fn approvals_for_another_chain_or_request_are_refused() {
    let mut scene = Scene::new();
    let (_, sealed) = asking(&scene);
    let guard = scene.guard();
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    let good = approval(&mut scene, 40, 60);
    let (_, other) = asking(&scene);
    assert_eq!(code(show(&guard, &other, &[&good])), Code::DenyApprovalChain);
    let shown = [good.statement().clone()];
    let answer = with(&guard, &sealed, &asked("send:post", Level::Internal), &shown);
    assert_eq!(code(answer), Code::DenyApprovalRequest);
    let own = Approval::sign(
        good.last_block(),
        *good.statement().request_digest(),
        good.statement().actions().to_vec(),
        NOW,
        NOW + 60,
        &scene.root,
    );
    assert_eq!(code(show(&guard, &sealed, &[&own.unwrap()])), Code::DenyApprovalSelf);
}

#[test]
fn a_deposited_approval_that_is_good_no_longer_stops_no_other() {
    let mut scene = Scene::new();
    let token = scene.mint(&scene.grant().ask("send:* by @oncall".parse().unwrap()));
    let sealed = token.seal(&wane::Seal::new()).unwrap();
    let (guard, roots) = (scene.guard(), scene.roots());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    for by in [41, 40] {
        let text = approval(&mut scene, by, 60).to_text();
        scene.ledger.deposit(&text, &roots, None, NOW).unwrap();
    }
    // One of the two leaves the group.
    let groups = [("oncall".parse().unwrap(), vec![key(40).public_key()])].into();
    guard.replace_roots(Roots::with_groups([TrustedRoot::new(scene.root.public_key())], groups).unwrap());
    assert!(show(&guard, &sealed, &[]).is_ok());
}

#[test]
fn deposited_approvals_that_are_all_good_no_longer_leave_it_waiting() {
    let mut scene = Scene::new();
    let token = scene.mint(&scene.grant().ask("send:* by @oncall".parse().unwrap()));
    let sealed = token.seal(&wane::Seal::new()).unwrap();
    let (guard, roots) = (scene.guard(), scene.roots());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    let text = approval(&mut scene, 41, 60).to_text();
    scene.ledger.deposit(&text, &roots, None, NOW).unwrap();
    let groups = [("oncall".parse().unwrap(), vec![key(40).public_key()])].into();
    guard.replace_roots(Roots::with_groups([TrustedRoot::new(scene.root.public_key())], groups).unwrap());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
}
