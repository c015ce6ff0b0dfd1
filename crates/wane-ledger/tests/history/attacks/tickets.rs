//! Tickets, approvals and budgets, spent more than once.

use std::process::Command;
use std::thread;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{
    Approval, Arguments, Call, Code, Heir, Level, Narrowing, Request, RootGrant, Seal, SealedToken, SecretKey, Token,
    mint,
};
use wane_ledger::{Guard, Table};

use crate::place::{NOW, Place};
use crate::plan::{self, approver};
use crate::scene::{Answered, Scene, admit, ask, asked, child, minted, refused, shown};

fn write() -> Request {
    asked("write:a", Level::Public)
}

/// A seal for one request.
fn ticket(token: &Token, request: &Request) -> SealedToken {
    let (call, arguments) = (request.call().clone(), request.stated_arguments().clone());
    token.seal(&Seal::new().for_request(call, arguments, NOW, NOW + 300, &mut UnwrapErr(SysRng))).unwrap()
}

const FORKED: &str = "WANE_HISTORY_SHOWN";

// SD8
#[test]
fn a_ticket_is_shown_three_times_and_in_two_processes() {
    let show = |guard: &Guard, sealed: &SealedToken| ask(guard, sealed, &write(), &[], NOW);
    if let Ok(told) = std::env::var(FORKED) {
        let (place, text): (Place, String) = serde_json::from_str(&told).unwrap();
        let guard = Guard::open(vec![place.open()], crate::worker::options(), NOW).unwrap();
        refused(show(&guard, &SealedToken::parse(&text).unwrap()), Code::StateUsed);
        std::process::exit(0);
    }
    let scene = Scene::new();
    let guard = scene.guard();
    let sealed = ticket(&scene.mint(), &write());
    assert!(show(&guard, &sealed).is_ok());
    refused(show(&guard, &sealed), Code::StateUsed);
    refused(show(&scene.guard(), &sealed), Code::StateUsed);
    let mut other = Command::new(std::env::current_exe().unwrap());
    let told = serde_json::to_string(&(&scene.place, sealed.to_text())).unwrap();
    other.args(["--exact", "attacks::tickets::a_ticket_is_shown_three_times_and_in_two_processes"]).env(FORKED, told);
    assert!(other.output().unwrap().status.success());
    // Nor does it serve for anything else.
    let another = ticket(&scene.mint(), &write());
    refused(admit(&guard, &another, "write:b", Level::Public), Code::DenyOtherRequest);
    let arguments = write().arguments(Arguments::from_json(br#"{"all": true}"#).unwrap());
    refused(ask(&guard, &another, &arguments, &[], NOW), Code::DenyOtherRequest);
    let call =
        Request::new("files".parse().unwrap(), Call::tool("a").unwrap(), write().actions().to_vec(), Level::Public);
    refused(ask(&guard, &another, &call.unwrap(), &[], NOW), Code::DenyOtherRequest);
    assert!(show(&guard, &another).is_ok());
}

/// A session in which sending has to be approved.
fn asking(scene: &Scene) -> Token {
    minted(&scene.grant().ask("send:* by @oncall".parse().unwrap()))
}

fn send(number: usize) -> Request {
    plan::request("send:mail", Level::Public, Some(number))
}

/// What the ledger says of the one request that waits, signed.
fn approve(scene: &mut Scene, signer: &SecretKey) -> Approval {
    let waiting = scene.ledger.pending(NOW, 10).unwrap().pop().unwrap();
    let actions = waiting.actions.iter().map(|action| action.parse().unwrap()).collect();
    Approval::sign(waiting.last, waiting.digest, actions, NOW, NOW + 600, signer).unwrap()
}

fn show(guard: &Guard, sealed: &SealedToken, number: usize, approvals: &[&Approval]) -> Answered {
    ask(guard, sealed, &send(number), approvals, NOW)
}

// SD10
#[test]
fn one_approval_is_waited_for_three_times() {
    let mut scene = Scene::new();
    let guard = scene.guard();
    let sealed = shown(&asking(&scene));
    refused(show(&guard, &sealed, 1, &[]), Code::DenyNeedsApproval);
    let approval = approve(&mut scene, &approver());
    let guards = [guard, scene.guard(), scene.guard()];
    let admitted: usize = thread::scope(|scope| {
        let (sealed, approval) = (&sealed, &approval);
        let shows =
            guards.iter().map(|guard| scope.spawn(move || usize::from(show(guard, sealed, 1, &[approval]).is_ok())));
        shows.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(admitted, 1);
    refused(show(&guards[0], &sealed, 1, &[&approval]), Code::StateApprovalUsed);
    // The same word counts once, however often it is said.
    let two = minted(&scene.grant().ask("send:* by @oncall need 2".parse().unwrap()));
    let sealed = shown(&two);
    refused(show(&guards[0], &sealed, 2, &[]), Code::DenyNeedsApproval);
    let approval = approve(&mut scene, &approver());
    assert!(show(&guards[0], &sealed, 2, &[&approval, &approval]).is_err());
}

// SD11
#[test]
fn who_asks_approves() {
    let mut scene = Scene::new();
    let guard = scene.guard();
    // The holder is on call itself, and so is the child that it makes.
    let grant = scene.grant().ask("send:* by @oncall".parse().unwrap());
    let mut rng = UnwrapErr(SysRng);
    let token = mint(&grant, &plan::root(), Heir::bound(approver().public_key(), &mut rng)).unwrap();
    let sealed = token.seal_as(&approver(), &Seal::new()).unwrap();
    refused(show(&guard, &sealed, 1, &[]), Code::DenyNeedsApproval);
    let own = approve(&mut scene, &approver());
    refused(show(&guard, &sealed, 1, &[&own]), Code::DenyApprovalSelf);
    let deposit = scene.ledger.deposit(&own.to_text(), &plan::roots(), None, NOW);
    assert_eq!(deposit.unwrap_err().code(), Code::DenyApprovalSelf);
    let child = token.attenuate_as(&approver(), &Narrowing::new(), Heir::carried(&mut rng)).unwrap();
    let sealed = shown(&child);
    refused(show(&guard, &sealed, 2, &[]), Code::DenyNeedsApproval);
    let own = approve_last(&mut scene, &sealed, &approver());
    refused(show(&guard, &sealed, 2, &[&own]), Code::DenyApprovalSelf);
    // The root key, and one that nobody asked.
    let root = approve_last(&mut scene, &sealed, &plan::root());
    refused(show(&guard, &sealed, 2, &[&root]), Code::DenyApprovalSelf);
    let stranger = approve_last(&mut scene, &sealed, &SecretKey::from_seed([77; 32]));
    refused(show(&guard, &sealed, 2, &[&stranger]), Code::DenyApprovalKey);
}

/// As [`approve`], for the request that this chain waits with.
fn approve_last(scene: &mut Scene, sealed: &SealedToken, signer: &SecretKey) -> Approval {
    let blocks = sealed.chain().blocks();
    let last = blocks[blocks.len() - 2].id();
    let waiting = scene.ledger.pending(NOW, 10).unwrap().into_iter().find(|request| request.last == last).unwrap();
    let actions = waiting.actions.iter().map(|action| action.parse().unwrap()).collect();
    Approval::sign(waiting.last, waiting.digest, actions, NOW, NOW + 600, signer).unwrap()
}

// SD12
#[test]
fn the_line_that_holds_an_approval_is_edited() {
    let mut scene = Scene::new();
    let guard = scene.guard();
    let sealed = shown(&asking(&scene));
    refused(show(&guard, &sealed, 1, &[]), Code::DenyNeedsApproval);
    refused(show(&guard, &sealed, 2, &[]), Code::DenyNeedsApproval);
    let digest = wane::verify(&sealed, &plan::roots()).unwrap().request_digest(&send(1));
    let waiting = scene.ledger.pending(NOW, 10).unwrap().into_iter().find(|request| request.digest == digest).unwrap();
    let actions = vec!["send:mail".parse().unwrap()];
    let approval = Approval::sign(waiting.last, waiting.digest, actions, NOW, NOW + 600, &approver()).unwrap();
    // For another request, shown or put under its name in the ledger: it was signed for the first one.
    refused(show(&guard, &sealed, 2, &[&approval]), Code::DenyApprovalRequest);
    scene.ledger.deposit(&approval.to_text(), &plan::roots(), None, NOW).unwrap();
    let other = wane::verify(&sealed, &plan::roots()).unwrap().request_digest(&send(2));
    let mut store = scene.place.open();
    store
        .transact(&[], &mut |rows| {
            let kept = rows.scan(Table::Approval, &[], None, 10)?;
            assert_eq!(kept.len(), 1);
            let (key, value) = kept[0].clone();
            let mut moved = key.clone();
            moved[32..64].copy_from_slice(&other);
            rows.put(vec![((Table::Approval, key), None), ((Table::Approval, moved), Some(value))])
        })
        .unwrap();
    // It was approved for another request.
    refused(show(&guard, &sealed, 2, &[]), Code::DenyNeedsApproval);
    refused(show(&guard, &sealed, 1, &[]), Code::DenyNeedsApproval);
    assert!(show(&guard, &sealed, 1, &[&approval]).is_ok(), "untouched, it serves");
}

// SD12
#[test]
fn another_action_is_put_under_an_approved_call() {
    let scene = Scene::new();
    let guard = scene.guard();
    let token = asking(&scene);
    let (sealed, call) = (shown(&token), Call::tool("post").unwrap());
    let asked = |actions: &[&str]| {
        let actions = actions.iter().map(|action| action.parse().unwrap()).collect();
        Request::new("files".parse().unwrap(), call.clone(), actions, Level::Public).unwrap()
    };
    let digest = wane::verify(&sealed, &plan::roots()).unwrap().request_digest(&asked(&["send:mail"]));
    let last = crate::scene::session(token.chain());
    let actions = vec!["send:mail".parse().unwrap()];
    let approval = Approval::sign(last, digest, actions, NOW, NOW + 600, &approver()).unwrap();
    for actions in [&["send:mail", "delete:namespace"][..], &["send:secrets"]] {
        refused(ask(&guard, &sealed, &asked(actions), &[&approval], NOW), Code::DenyApprovalActions);
    }
    assert!(ask(&guard, &sealed, &asked(&["send:mail"]), &[&approval], NOW).is_ok());
}

// SD18
#[test]
fn a_new_name_for_each_call_is_no_new_budget() {
    let scene = Scene::new();
    let guard = scene.guard();
    let counter = || "calls".parse().unwrap();
    let parent = minted(&scene.grant().budget(counter(), 5));
    let request = || write().cost(counter(), 1);
    for number in 0..8 {
        let named = child(&parent, &Narrowing::new().subject(&format!("agent-{number}")).budget(counter(), 5));
        let answer = ask(&guard, &shown(&named), &request(), &[], NOW);
        if number < 5 {
            assert!(answer.is_ok());
        } else {
            refused(answer, Code::DenyBudget);
        }
    }
    refused(ask(&guard, &shown(&parent), &request(), &[], NOW), Code::DenyBudget);
    refused(ask(&guard, &shown(&parent), &write(), &[], NOW), Code::DenyCost);
    let huge = write().cost(counter(), u64::MAX);
    refused(ask(&guard, &shown(&parent), &huge, &[], NOW), Code::DenyBudget);
}

// AD22
#[test]
fn forged_expired_and_for_another_server() {
    let scene = Scene::new();
    let guard = scene.guard();
    let token = scene.mint();
    let mut forged = shown(&token).to_bytes();
    *forged.last_mut().unwrap() ^= 1;
    let forged = SealedToken::from_bytes(&forged).unwrap();
    refused(admit(&guard, &forged, "read:a", Level::Public), Code::ChainSignature);
    refused(ask(&guard, &shown(&token), &asked("read:a", Level::Public), &[], NOW + 3_600), Code::DenyExpired);
    let elsewhere = RootGrant::new("vault".parse().unwrap(), NOW - 10, NOW + 600).scope("*".parse().unwrap());
    refused(admit(&guard, &shown(&minted(&elsewhere)), "read:a", Level::Public), Code::DenyAudience);
    let unknown = mint(&scene.grant(), &SecretKey::from_seed([99; 32]), Heir::carried(&mut UnwrapErr(SysRng))).unwrap();
    refused(admit(&guard, &shown(&unknown), "read:a", Level::Public), Code::ChainUnknownRoot);
    // Shown to a guard of another ledger, it is as dead.
    refused(admit(&Scene::new().guard(), &shown(&token), "read:a", Level::Public), Code::StateOtherLedger);
}
