//! Genuine tokens that are not for now, not for here, or not for this.

use std::collections::BTreeMap;

use ciborium::value::Value;
use wane::{Code, Decision, Level, LiveState, Mark, Name, Request, Roots, TrustedRoot, Verified, decide, verify};

use crate::forge::{
    EXP, Forged, IAT, NOW, OPS, Payload, allowed, bytes, decided, denied, int, key, list, map, public, request, text,
    texts, time,
};

/// Everything allowed, and what a delegate block states beside it.
fn chain(delegate: Payload) -> Verified {
    let root = Payload::root(OPS, 10).scopes([text("*")]);
    Forged::from_root(&root)
        .delegate(10, &delegate.claim(8, crate::forge::cnf(11)))
        .seal(11, &Payload::seal())
        .verified()
        .unwrap()
}

fn at(verified: &Verified, now: u64) -> Decision {
    decide(verified, &request("read:a"), &LiveState::without_ledger(), now)
}

fn levelled(action: &str, level: Level) -> Request {
    Request::for_actions("files".parse().unwrap(), vec![action.parse().unwrap()], level).unwrap()
}

#[test]
fn exp_equal_to_now() {
    let verified = chain(Payload::default());
    allowed(&at(&verified, EXP - 1));
    denied(&at(&verified, EXP), Code::DenyExpired, None);
    denied(&at(&verified, u64::MAX), Code::DenyExpired, None);
}

#[test]
fn thirty_seconds_of_leeway_at_the_start_and_none_at_the_end() {
    let verified = chain(Payload::default());
    allowed(&at(&verified, IAT - 30));
    denied(&at(&verified, IAT - 31), Code::DenyIssuedInFuture, None);
    let verified = chain(Payload::default().claim(5, time(3_000)));
    allowed(&at(&verified, 2_970));
    denied(&at(&verified, 2_969), Code::DenyNotYetValid, None);
}

#[test]
fn another_audience() {
    let verified = chain(Payload::default());
    for other in ["mail", "files:hr", "Files", "file"] {
        let asked = Request::for_actions(other.parse().unwrap(), vec!["read:a".parse().unwrap()], Level::Public);
        denied(&decided(&verified, &asked.unwrap()), Code::DenyAudience, None);
    }
}

#[test]
fn outside_the_scopes() {
    let verified = Forged::minted().seal(10, &Payload::seal()).verified().unwrap();
    for action in ["write:a", "read", "Read:a", "reads:a"] {
        denied(&decided(&verified, &request(action)), Code::DenyScope, None);
    }
}

#[test]
fn one_of_four_actions_outside() {
    let verified = Forged::minted().seal(10, &Payload::seal()).verified().unwrap();
    let actions = ["read:a", "read:b", "read:c", "send:d"].map(|action| action.parse().unwrap());
    let asked = Request::for_actions("files".parse().unwrap(), actions.to_vec(), Level::Public).unwrap();
    denied(&decided(&verified, &asked), Code::DenyScope, None);
}

#[test]
fn a_denied_pattern_of_any_block() {
    let verified = chain(Payload::default().private(5, texts(&["read:hr:*"])));
    denied(&decided(&verified, &request("read:hr:board")), Code::DenyPattern, 1);
    allowed(&decided(&verified, &request("read:hr")));
}

#[test]
fn what_does_not_survive_the_mark() {
    let verified = chain(Payload::default());
    let marked = |level: Level| LiveState::without_ledger().marked(Mark::at(level));
    let decide = |action: &str, state: &LiveState| decide(&verified, &request(action), state, NOW);
    denied(&decide("send:a", &marked(Level::Confidential)), Code::DenyRatchet, None);
    allowed(&decide("write:a", &marked(Level::Confidential)));
    denied(&decide("write:a", &marked(Level::Restricted)), Code::DenyRatchet, None);
    // An unknown verb does not survive either.
    denied(&decide("summon:a", &marked(Level::Confidential)), Code::DenyRatchet, None);
    let tainted = marked(Level::Confidential).marked(Mark::default().with("untrusted".parse().unwrap()));
    denied(&decide("write:a", &tainted), Code::DenyRatchet, None);
}

#[test]
fn a_tool_that_writes_and_is_restricted() {
    // The request's own level is joined before the rules are applied.
    let verified = chain(Payload::default());
    denied(&decided(&verified, &levelled("write:a", Level::Restricted)), Code::DenyRatchet, None);
    let asked = levelled("write:a", Level::Confidential).label("untrusted".parse().unwrap());
    denied(&decided(&verified, &asked), Code::DenyRatchet, None);
}

#[test]
fn a_rule_of_a_block() {
    let verified = chain(Payload::default().private(7, list([list([int(0), list([]), texts(&["read:*"])])])));
    denied(&decided(&verified, &request("write:a")), Code::DenyRatchet, 1);
}

#[test]
fn rules_of_a_root_block_replace_nothing_unless_the_entry_says_so() {
    let root = Payload::root(OPS, 10).scopes([text("*")]).private(7, list([]));
    let forged = Forged::from_root(&root).seal(10, &Payload::seal()).sealed().unwrap();
    let strict = verify(&forged, &Roots::single(public(OPS))).unwrap();
    denied(&decided(&strict, &levelled("send:a", Level::Restricted)), Code::DenyRatchet, None);
    let own = Roots::new([TrustedRoot::new(public(OPS)).allow_own_ratchet()]).unwrap();
    allowed(&decided(&verify(&forged, &own).unwrap(), &levelled("send:a", Level::Restricted)));
    // A later block's rules never replace.
    let later = Payload::delegate(11).private(7, list([list([int(4), list([]), texts(&["*"])])]));
    let root = Payload::root(OPS, 10).scopes([text("*")]);
    let forged = Forged::from_root(&root).delegate(10, &later).seal(11, &Payload::seal()).sealed().unwrap();
    denied(&decided(&verify(&forged, &own).unwrap(), &levelled("send:a", Level::Restricted)), Code::DenyRatchet, None);
}

#[test]
fn a_rule_that_is_added_keeps_the_default_ones_where_the_root_has_its_own_ratchet() {
    // The wire does not tell added rules from a root's own, so the block states the default ones beside what is added.
    let own = Roots::new([TrustedRoot::new(public(OPS)).allow_own_ratchet()]).unwrap();
    let rule = wane::Rule::new(Level::TopSecret, [], ["read:*".parse().unwrap()]);
    let grant = wane::RootGrant::new("files".parse().unwrap(), IAT, EXP).scope("*".parse().unwrap()).rule(rule);
    let heir = wane::Heir::carried(&mut crate::forge::Rng::new(1));
    let sealed = wane::mint(&grant, &crate::forge::secret(OPS), heir).unwrap().seal(&wane::Seal::new()).unwrap();
    let verified = verify(&sealed, &own).unwrap();
    denied(&decided(&verified, &levelled("send:a", Level::Restricted)), Code::DenyRatchet, 0);
    denied(&decided(&verified, &levelled("write:a", Level::TopSecret)), Code::DenyRatchet, 0);
    let verified = verify(&sealed, &Roots::single(public(OPS))).unwrap();
    denied(&decided(&verified, &levelled("send:a", Level::Restricted)), Code::DenyRatchet, None);
}

#[test]
fn above_the_clearance() {
    let verified = chain(Payload::default().private(10, int(1)));
    allowed(&decided(&verified, &levelled("read:a", Level::Internal)));
    denied(&decided(&verified, &levelled("read:a", Level::Confidential)), Code::DenyClearance, None);
}

#[test]
fn a_seventeenth_label() {
    let names: Vec<String> = (0..16).map(|i| format!("l{i:02}")).collect();
    let labels: Vec<&str> = names.iter().map(String::as_str).collect();
    let verified = chain(Payload::default().private(9, texts(&labels)));
    allowed(&decided(&verified, &request("read:a").label("l03".parse().unwrap())));
    denied(&decided(&verified, &request("read:a").label("other".parse().unwrap())), Code::DenyLabels, None);
}

fn asking(approver: Value) -> Payload {
    Payload::default().private(6, list([list([text("read:*"), list([approver]), int(1)])]))
}

#[test]
fn an_ask_is_not_an_allow() {
    for approver in [bytes(key(9).verifying_key().as_bytes()), text("@local")] {
        let answer = decided(&chain(asking(approver)), &request("read:a"));
        let Decision::Ask(ask) = answer else { panic!("{answer:?}") };
        assert_eq!((ask.refusal().code(), ask.refusal().block()), (Code::DenyNeedsApproval, Some(1)));
    }
    allowed(&decided(&chain(asking(text("@local"))), &request("write:a")));
}

#[test]
fn a_group_that_nobody_defines() {
    let verified = chain(asking(text("@oncall")));
    denied(&decided(&verified, &request("read:a")), Code::DenyGroup, 1);
    let groups: BTreeMap<Name, _> = [("oncall".parse().unwrap(), vec![public(9)])].into();
    let roots = Roots::with_groups([TrustedRoot::new(public(OPS))], groups).unwrap();
    let forged = Forged::from_root(&Payload::root(OPS, 10)).seal(10, &asking(text("@oncall"))).sealed().unwrap();
    let answer = decided(&verify(&forged, &roots).unwrap(), &request("read:a"));
    assert!(matches!(answer, Decision::Ask(_)), "{answer:?}");
}

#[test]
fn deny_beats_ask() {
    let asks = list([list([text("*"), list([text("@local")]), int(1)])]);
    let verified = chain(Payload::default().private(6, asks).private(5, texts(&["send:*"])));
    let actions = ["read:a", "send:b"].map(|action| action.parse().unwrap());
    let asked = Request::for_actions("files".parse().unwrap(), actions.to_vec(), Level::Public).unwrap();
    denied(&decided(&verified, &asked), Code::DenyPattern, 1);
}

#[test]
fn what_needs_a_ledger() {
    let ledger = || bytes(&[1; 16]);
    let calls = || map([(text("calls"), int(5))]);
    let bound = chain(Payload::default().private(3, ledger()));
    denied(&decided(&bound, &request("read:a")), Code::StateNoLedger, None);
    let budget = chain(Payload::default().private(3, ledger()).private(11, calls()));
    denied(&decided(&budget, &request("read:a")), Code::StateNoLedger, None);
    let continued = Payload::root(OPS, 10).private(2, bytes(&[9; 32])).private(3, ledger());
    let continued = Forged::from_root(&continued).seal(10, &Payload::seal()).verified().unwrap();
    denied(&decided(&continued, &request("read:a")), Code::StateNoLedger, None);
    // It is refused before anything is said about the scopes.
    denied(&decided(&budget, &request("nothing:a")), Code::StateNoLedger, None);
}
