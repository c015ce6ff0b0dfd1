//! Blocks that would widen something, all of them signed by the right key.

use ciborium::value::Value;
use wane::{Code, Refusal, Verified};

use crate::forge::{EXP, Forged, IAT, OPS, Payload, bytes, int, list, map, refused, text, texts, time};

/// The answer to a delegate block behind this root block.
fn behind(root: &Payload, delegate: Payload) -> Result<Verified, Refusal> {
    Forged::from_root(root)
        .delegate(10, &delegate.claim(8, crate::forge::cnf(11)))
        .seal(11, &Payload::seal())
        .verified()
}

fn root() -> Payload {
    Payload::root(OPS, 10)
}

fn refining(scopes: impl IntoIterator<Item = Value>) -> Payload {
    Payload::default().scopes(scopes)
}

fn as_pattern(index: i64, pattern: &str) -> Value {
    list([int(index), text(pattern)])
}

#[test]
fn a_child_one_second_longer_than_its_parent() {
    refused(behind(&root(), Payload::default().claim(4, time(EXP + 1))), Code::ChainExpiry, 1);
    assert!(behind(&root(), Payload::default().claim(4, time(EXP))).is_ok());
}

#[test]
fn a_seal_one_second_longer_than_its_block() {
    let shorter = Payload::delegate(11).claim(4, time(2_000));
    let chain =
        |exp: u64| Forged::minted().delegate(10, &shorter).seal(11, &Payload::seal().claim(4, time(exp))).verified();
    refused(chain(2_001), Code::ChainExpiry, 2);
    assert!(chain(2_000).is_ok());
}

#[test]
fn times_that_begin_earlier() {
    let root = root().claim(5, time(1_500));
    refused(behind(&root, Payload::default().claim(5, time(1_499))), Code::ChainNotBefore, 1);
    refused(behind(&root, Payload::default().claim(6, time(IAT - 1))), Code::ChainIssuedAt, 1);
    assert!(behind(&root, Payload::default().claim(5, time(1_500)).claim(6, time(IAT))).is_ok());
}

#[test]
fn a_lifetime_of_no_second() {
    refused(behind(&root(), Payload::default().claim(4, time(IAT))), Code::ChainEmptyTime, 1);
    refused(behind(&root(), Payload::default().claim(5, time(EXP))), Code::ChainEmptyTime, 1);
    refused(behind(&root(), Payload::default().claim(6, time(EXP))), Code::ChainEmptyTime, 1);
    refused(behind(&root().claim(4, time(IAT)), Payload::default()), Code::ChainEmptyTime, 0);
    assert!(behind(&root(), Payload::default().claim(4, time(IAT + 1))).is_ok());
}

#[test]
fn another_audience() {
    for aud in [text("mail"), text("*"), text("files:hr"), texts(&["files", "mail"])] {
        refused(behind(&root(), Payload::default().claim(3, aud)), Code::ChainAudience, 1);
    }
    let wide = root().claim(3, texts(&["files:*", "mail"]));
    let narrowed = Forged::from_root(&wide).delegate(10, &Payload::delegate(11).claim(3, text("files:hr")));
    let back = narrowed.clone().seal(11, &Payload::seal().claim(3, text("mail")));
    refused(back.verified(), Code::ChainAudience, 2);
    assert!(narrowed.seal(11, &Payload::seal()).verified().is_ok());
}

#[test]
fn read_widened_to_everything() {
    refused(behind(&root(), refining([as_pattern(0, "*")])), Code::ChainScopeWider, 1);
    for wider in ["write:*", "write:a", "*:a", "*:*", "read"] {
        refused(behind(&root(), refining([as_pattern(0, wider)])), Code::ChainScopeWider, 1);
    }
    assert!(behind(&root(), refining([as_pattern(0, "read:*:x")])).is_ok());
}

#[test]
fn a_scope_widened_back() {
    let chain = Forged::minted()
        .delegate(10, &Payload::delegate(11).scopes([as_pattern(0, "read:hr:*")]))
        .delegate(11, &Payload::delegate(12).scopes([as_pattern(0, "read:*")]))
        .seal(12, &Payload::seal());
    refused(chain.verified(), Code::ChainScopeWider, 2);
}

#[test]
fn a_foreign_scope_index() {
    for index in [1, 255, i64::MAX] {
        refused(behind(&root(), refining([int(0), int(index)])), Code::ChainScopeIndex, 1);
    }
    // An index of the root's list that the parent has dropped.
    let two = root().scopes([text("read:*"), text("write:*")]);
    let chain = |index: i64| {
        Forged::from_root(&two)
            .delegate(10, &Payload::delegate(11).scopes([int(1)]))
            .delegate(11, &Payload::delegate(12).scopes([int(index)]))
            .seal(12, &Payload::seal())
            .verified()
    };
    refused(chain(1), Code::ChainScopeIndex, 2);
    assert_eq!(chain(0).unwrap().grant().scopes()[0].to_string(), "write:*");
}

#[test]
fn scopes_out_of_nothing() {
    let chain = Forged::minted()
        .delegate(10, &Payload::delegate(11).scopes([]))
        .delegate(11, &Payload::delegate(12).scopes([int(0)]))
        .seal(12, &Payload::seal());
    refused(chain.verified(), Code::ChainScopeIndex, 2);
}

#[test]
fn a_refinement_that_repeats_its_pattern() {
    refused(behind(&root(), refining([as_pattern(0, "read:*")])), Code::ChainScopeRepeats, 1);
}

#[test]
fn a_lower_mark() {
    let root = root().private(8, int(2));
    for level in [0, 1] {
        refused(behind(&root, Payload::default().private(8, int(level))), Code::ChainLevel, 1);
    }
    assert!(behind(&root, Payload::default().private(8, int(2))).is_ok());
}

#[test]
fn a_higher_clearance() {
    let root = root().private(10, int(2));
    refused(behind(&root, Payload::default().private(10, int(3))), Code::ChainClearance, 1);
    assert!(behind(&root, Payload::default().private(10, int(2))).is_ok());
}

#[test]
fn more_delegate_blocks_than_allowed() {
    let one = root().private(12, int(1));
    refused(behind(&one, Payload::default().private(12, int(1))), Code::ChainDepth, 1);
    assert!(behind(&one, Payload::default().private(12, int(0))).is_ok());
    let two = Forged::from_root(&one)
        .delegate(10, &Payload::delegate(11))
        .delegate(11, &Payload::delegate(12))
        .seal(12, &Payload::seal());
    refused(two.verified(), Code::ChainDepth, 2);
    refused(behind(&root().private(12, int(0)), Payload::default()), Code::ChainDepth, 1);
    // A seal does not count.
    assert!(Forged::from_root(&root().private(12, int(0))).seal(10, &Payload::seal()).verified().is_ok());
}

fn ledger(byte: u8) -> Value {
    bytes(&[byte; 16])
}

#[test]
fn a_changed_ledger_name() {
    let root = root().private(3, ledger(1));
    refused(behind(&root, Payload::default().private(3, ledger(2))), Code::ChainLedger, 1);
    assert!(behind(&root, Payload::default().private(3, ledger(1))).is_ok(), "repeated unchanged");
}

#[test]
fn a_larger_budget() {
    let calls = |cap: i64| map([(text("calls"), int(cap))]);
    let root = root().private(3, ledger(1)).private(11, calls(5));
    refused(behind(&root, Payload::default().private(11, calls(6))), Code::ChainBudget, 1);
    let between = Payload::delegate(11).private(11, map([(text("cents"), int(9))]));
    let later = Payload::delegate(12).private(11, calls(6));
    let chain = Forged::from_root(&root).delegate(10, &between).delegate(11, &later).seal(12, &Payload::seal());
    refused(chain.verified(), Code::ChainBudget, 2);
}

#[test]
fn a_budget_without_a_ledger() {
    let calls = map([(text("calls"), int(5))]);
    refused(behind(&root(), Payload::default().private(11, calls.clone())), Code::ChainLedger, 1);
    refused(behind(&root().private(11, calls.clone()), Payload::default()), Code::ChainLedger, 0);
    assert!(behind(&root(), Payload::default().private(3, ledger(1)).private(11, calls)).is_ok());
}

#[test]
fn continues_without_what_it_needs() {
    let first = bytes(&[9; 32]);
    refused(behind(&root().private(2, first.clone()), Payload::default()), Code::ChainContinues, 0);
    let bound = root().private(3, ledger(1));
    refused(behind(&bound, Payload::default().private(2, first.clone())), Code::ChainContinues, 1);
    assert!(behind(&bound.private(2, first), Payload::default()).is_ok());
}
