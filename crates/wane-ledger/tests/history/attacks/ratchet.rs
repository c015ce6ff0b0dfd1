//! Ways back to an action after what has been read forbids it.

use std::process::Command;
use std::thread;

use wane::{Code, LedgerId, Level, Narrowing, Pattern, Request, Rule, Seal, SealedToken, Token};
use wane_ledger::{Ledger, Revocation};

use crate::place::{MADE, NOW, Place, secret};
use crate::plan;
use crate::scene::{Scene, admit, ask, asked, child, is_restricted, minted, refused, session, shown};

// RD1
#[test]
fn everything_in_one_scope_is_no_way_around_the_ratchet() {
    let scene = Scene::new();
    let guard = scene.guard();
    let sealed = shown(&minted(&scene.grant().scope("*:*".parse().unwrap())));
    assert!(admit(&guard, &sealed, "read:plans", Level::TopSecret).is_ok());
    is_restricted(&guard, &sealed);
}

// RD2
#[test]
fn verbs_of_another_spelling_do_not_survive() {
    let scene = Scene::new();
    let guard = scene.guard();
    let sealed = shown(&scene.mint());
    assert!(admit(&guard, &sealed, "read:hr", Level::Confidential).is_ok());
    for action in ["DELETE:a", "remove:a", "shell:a", "send:a", "admin:a", "READ:a", "Write:a", "reads:a"] {
        refused(admit(&guard, &sealed, action, Level::Public), Code::DenyRatchet);
    }
    for spelling in [" delete:*", "delete :*", "ԁelete:*", "write:a%2Fb", ":write", ""] {
        assert_eq!(spelling.parse::<Pattern>().unwrap_err().code(), Code::ParsePattern, "{spelling}");
    }
}

// RD3
#[test]
fn parallel_reads_never_bring_a_write_back() {
    let scene = Scene::new();
    let guards = [scene.guard(), scene.guard()];
    for round in 0..20 {
        let sealed = shown(&minted(&scene.grant().note(&format!("round {round}"))));
        thread::scope(|scope| {
            for (guard, level) in guards.iter().zip([Level::Confidential, Level::Restricted]) {
                let sealed = &sealed;
                scope.spawn(move || assert!(admit(guard, sealed, "read:hr", level).is_ok()));
            }
        });
        for guard in &guards {
            refused(admit(guard, &sealed, "write:a", Level::Public), Code::DenyRatchet);
            assert!(admit(guard, &sealed, "read:a", Level::Public).is_ok());
            refused(admit(guard, &sealed, "write:a", Level::Public), Code::DenyRatchet);
        }
    }
}

// RD4
#[test]
fn copies_made_before_the_read_are_the_same_session() {
    let scene = Scene::new();
    let token = scene.mint();
    let text = token.expose_text();
    let sealed_before = shown(&token);
    let guard = scene.guard();
    assert!(admit(&guard, &sealed_before, "write:a", Level::Public).is_ok());
    assert!(admit(&guard, &sealed_before, "read:hr", Level::Restricted).is_ok());

    let read_again = Token::parse(&text).unwrap();
    let copies = [
        sealed_before.clone(),
        SealedToken::parse(&sealed_before.to_text()).unwrap(),
        shown(&read_again),
        shown(&child(&read_again, &Narrowing::new())),
        token.seal(&Seal::new().note("another seal")).unwrap(),
    ];
    guard.close(NOW).unwrap();
    let after_a_restart = scene.guard();
    for copy in &copies {
        is_restricted(&after_a_restart, copy);
    }
}

// RD5
#[test]
fn to_make_a_session_known_again_does_not_wipe_its_mark() {
    let mut scene = Scene::new();
    let token = scene.mint();
    let (sealed, root) = (shown(&token), plan::root().public_key());
    scene.ledger.register(token.chain(), Some(&root), NOW).unwrap();
    let guard = scene.guard();
    assert!(admit(&guard, &sealed, "read:hr", Level::Restricted).is_ok());
    scene.ledger.register(token.chain(), Some(&root), NOW).unwrap();
    is_restricted(&guard, &sealed);
    // Nor is a second ledger made where one is.
    let rng = Box::new(rand_core::UnwrapErr(getrandom::SysRng));
    let again = Ledger::create(scene.place.open(), secret().hint(), None, MADE, rng);
    assert_eq!(again.unwrap_err().code(), Code::UseLedgerExists);
    is_restricted(&guard, &sealed);
    // One in another place is another one.
    let elsewhere = shown(&minted(&scene.grant().note("x")));
    let other = Scene::new();
    refused(admit(&other.guard(), &elsewhere, "write:a", Level::Public), Code::StateOtherLedger);
    assert_ne!(other.ledger.id(), LedgerId::from_bytes([0; 16]));
}

// RD6
#[test]
fn what_a_child_reads_its_parent_and_siblings_have_read() {
    let scene = Scene::new();
    let parent = scene.mint();
    let [reader, sibling] = ["reader", "sibling"].map(|name| child(&parent, &Narrowing::new().subject(name)));
    let grandchild = child(&reader, &Narrowing::new());
    let guard = scene.guard();
    assert!(admit(&guard, &shown(&grandchild), "read:hr", Level::Restricted).is_ok());
    for token in [&parent, &reader, &sibling, &grandchild] {
        is_restricted(&guard, &shown(token));
    }
}

const FORKED: &str = "WANE_HISTORY_FORKED";

// RD7
#[test]
fn what_another_process_reads_counts_here() {
    if let Ok(told) = std::env::var(FORKED) {
        let (place, text): (Place, String) = serde_json::from_str(&told).unwrap();
        let guard = wane_ledger::Guard::open(vec![place.open()], crate::worker::options(), NOW).unwrap();
        assert!(admit(&guard, &SealedToken::parse(&text).unwrap(), "read:hr", Level::Restricted).is_ok());
        std::process::exit(0);
    }
    let scene = Scene::new();
    let sealed = shown(&scene.mint());
    let guard = scene.guard();
    assert!(admit(&guard, &sealed, "write:a", Level::Public).is_ok());
    let told = serde_json::to_string(&(&scene.place, sealed.to_text())).unwrap();
    let mut other = Command::new(std::env::current_exe().unwrap());
    other.args(["--exact", "attacks::ratchet::what_another_process_reads_counts_here"]).env(FORKED, told);
    assert!(other.output().unwrap().status.success());
    is_restricted(&guard, &sealed);
}

// RD8
#[test]
fn a_block_of_ones_own_adds_nothing() {
    let scene = Scene::new();
    let reader =
        minted(&wane::RootGrant::new("files".parse().unwrap(), NOW - 10, NOW + 600).scope("read:*".parse().unwrap()));
    let wider = Narrowing::new().keep("write:*".parse().unwrap());
    let heir = || wane::Heir::carried(&mut rand_core::UnwrapErr(getrandom::SysRng));
    assert_eq!(reader.attenuate(&wider, heir()).unwrap_err().code(), Code::ChainScopeWider);
    // A rule that keeps everything, stated by whoever wants to keep it: the others still apply.
    let lax = || Rule::new(Level::Public, [], ["*".parse().unwrap()]);
    let root = minted(&scene.grant().own_rules(vec![lax()]));
    let delegate = child(&scene.mint(), &Narrowing::new().rule(lax()));
    let guard = scene.guard();
    for token in [root, delegate] {
        assert!(admit(&guard, &shown(&token), "read:hr", Level::Restricted).is_ok());
        is_restricted(&guard, &shown(&token));
        is_restricted(&guard, &shown(&child(&token, &Narrowing::new().rule(lax()))));
    }
}

// RD9
#[test]
fn there_is_no_level_between_or_beyond() {
    for text in ["1.9999", "nan", "99", "5", "-1", "true", "Restricted", "secret", "restricted ", ""] {
        assert_eq!(text.parse::<Level>().unwrap_err().code(), Code::ParseLevel, "{text}");
    }
    assert!(Level::from_number(5).is_none() && Level::from_number(u64::MAX).is_none());
    assert_eq!(Level::ALL.len(), 5);
}

// RD10
#[test]
fn a_revoked_session_is_dead_in_all_its_parts() {
    let mut scene = Scene::new();
    let token = scene.mint();
    let before = child(&token, &Narrowing::new());
    let guard = scene.guard();
    assert!(admit(&guard, &shown(&before), "write:a", Level::Public).is_ok());
    scene.ledger.revoke(&Revocation::Block(session(token.chain())), "ended", NOW).unwrap();
    // Who holds it can still narrow it, and gains nothing.
    let after = child(&token, &Narrowing::new());
    for token in [&token, &before, &after] {
        for action in ["read:a", "write:a", "delete:a"] {
            refused(admit(&guard, &shown(token), action, Level::Public), Code::StateRevoked);
        }
    }
    let line = minted(&scene.grant().continues(session(token.chain())));
    refused(admit(&guard, &shown(&line), "read:a", Level::Public), Code::StateRevoked);
}

// RD17
#[test]
fn a_tool_that_writes_what_is_restricted_is_refused() {
    let scene = Scene::new();
    let sealed = shown(&scene.mint());
    let guard = scene.guard();
    refused(admit(&guard, &sealed, "write:report", Level::Restricted), Code::DenyRatchet);
    assert!(admit(&guard, &sealed, "write:report", Level::Public).is_ok(), "what is refused has raised nothing");
}

// SD19
#[test]
fn a_plan_is_stopped_at_the_step_that_its_first_one_forbids() {
    let scene = Scene::new();
    let sealed = shown(&scene.mint());
    let guard = scene.guard();
    let both = ["read:secret", "execute:curl"].map(|action| action.parse().unwrap());
    let both = Request::for_actions("files".parse().unwrap(), both.into(), Level::Confidential).unwrap();
    refused(ask(&guard, &sealed, &both, &[], NOW), Code::DenyRatchet);
    assert!(ask(&guard, &sealed, &asked("read:secret", Level::Confidential), &[], NOW).is_ok());
    refused(admit(&guard, &sealed, "execute:curl", Level::Public), Code::DenyRatchet);
}
