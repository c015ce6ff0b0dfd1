//! Values of another type or length than their claim has.

use super::{in_delegate, in_root, in_seal};
use crate::case::Case;
use crate::cbor::Item;
use crate::claims::{Claims, EXP, IAT, PRIVATE, cnf, root};
use crate::key::{key_off_the_curve, non_canonical_key, public, small_order};
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [outer(), inner(), parts(), confirmations()].concat()
}

fn refused(name: &str, comment: &str, claims: &Claims) -> Case {
    in_root(name, comment, "parse-claim-type", "T31", claims)
}

fn outer() -> Vec<Case> {
    let numbers = |bytes: &[u8]| Item::List(bytes.iter().map(|byte| i64::from(*byte).into()).collect());
    let set = |name, comment, key: i64, value: Item| refused(name, comment, &root().set(key, value));
    vec![
        set("sub-number", "sub is a number", 2, 7.into()),
        set("sub-bytes", "sub is a byte string", 2, Item::Bytes(b"agent".to_vec())),
        set("aud-number", "aud is a number", 3, 7.into()),
        set("aud-map", "aud is a map", 3, crate::map! {"files" => true}),
        set("aud-null", "aud is null", 3, Item::NULL),
        set("exp-text", "exp is a text", 4, EXP.to_string().into()),
        set("exp-negative", "exp is negative", 4, (-1).into()),
        set("exp-null", "exp is null", 4, Item::NULL),
        set("nbf-true", "nbf is true", 5, true.into()),
        set("iat-text", "iat is a text", 6, "2026-01-01T00:00:00Z".into()),
        set("iat-list", "iat is a list", 6, list![IAT]),
        set("cti-7", "cti of 7 bytes", 7, [7; 7].into()),
        set("cti-9", "cti of 9 bytes", 7, [7; 9].into()),
        set("cti-text", "cti is a text of 8 bytes", 7, "cccccccc".into()),
        set("cti-list", "cti is a list of 8 numbers", 7, numbers(&[7; 8])),
        in_seal("private-list", "the private map is a list", "parse-claim-type", "T31", {
            Claims::new().set(PRIVATE, list![0, 1])
        }),
        in_seal(
            "private-null",
            "the private map is null",
            "parse-claim-type",
            "T31",
            Claims::new().set(PRIVATE, Item::NULL),
        ),
        in_seal("payload-list", "the payload is a list", "parse-claim-type", "T31", Claims::new())
            .sealed(&{ crate::chain::Chain::minted().put(&crate::chain::Block::raw(2, [0x80])) }),
    ]
}

fn inner() -> Vec<Case> {
    let set = |name, comment, key: i64, value: Item| refused(name, comment, &root().ledger(7).private(key, value));
    let seal = |name, comment, claims: Claims| in_seal(name, comment, "parse-claim-type", "T31", claims);
    vec![
        set("hint-7", "a hint of 7 bytes", 0, [7; 7].into()),
        set("hint-9", "a hint of 9 bytes", 0, [7; 9].into()),
        set("hint-text", "a hint that is a text", 0, "34750f98".into()),
        set("session-false", "session is false", 1, false.into()),
        set("session-1", "session is 1", 1, 1.into()),
        set("session-null", "session is null", 1, Item::NULL),
        set("continues-31", "continues has 31 bytes", 2, [7; 31].into()),
        set("continues-text", "continues is a text", 2, Item::long("c", 32)),
        set("ledger-15", "ledger has 15 bytes", 3, [7; 15].into()),
        set("ledger-17", "ledger has 17 bytes", 3, [7; 17].into()),
        set("ledger-text", "ledger is a text", 3, "5e5e5e5e5e5e5e5e".into()),
        set("scopes-text", "scopes is a text", 4, "read:*".into()),
        set("scopes-map", "scopes is a map", 4, crate::map! {"read:*" => true}),
        set("deny-text", "deny is a text", 5, "read:*".into()),
        set("ask-map", "ask is a map", 6, crate::map! {"read:*" => 1}),
        set("rules-text", "rules is a text", 7, "read:*".into()),
        set("level-text", "level is a word", 8, "internal".into()),
        set("level-negative", "level is negative", 8, (-1).into()),
        set("labels-text", "labels is a text", 9, "pii".into()),
        set("clearance-true", "clearance is true", 10, true.into()),
        set("budgets-list", "budgets is a list", 11, list!["calls", 1]),
        set("budget-negative", "a budget is negative", 11, crate::map! {"calls" => -1}),
        set("budget-text", "a budget is a text", 11, crate::map! {"calls" => "1"}),
        set("depth-text", "depth is a text", 12, "2".into()),
        set("depth-negative", "depth is negative", 12, (-1).into()),
        set("note-number", "the note is a number", 13, 1.into()),
        set("note-bytes", "the note is a byte string", 13, [0x6e; 1].into()),
        seal("digest-31", "a digest of 31 bytes", Claims::new().cti(7).iat(IAT).exp(IAT + 60).private(14, [7; 31])),
        seal("said-list", "said facts in a list", Claims::new().said(list!["purpose", "payroll"])),
        seal("said-value-bytes", "a said fact is a byte string", Claims::new().said(crate::map! {"purpose" => [7; 1]})),
        seal("said-value-list", "a said fact is a list", Claims::new().said(crate::map! {"purpose" => list!["a"]})),
        seal("said-name-number", "a said fact is named by a number", Claims::new().said(crate::map! {1 => "a"})),
    ]
}

/// Elements of lists.
fn parts() -> Vec<Case> {
    let set = |name, comment, key: i64, value: Item| refused(name, comment, &root().private(key, value));
    let delegate = |name, comment, value: Item| {
        in_delegate(name, comment, "parse-claim-type", "T31 T70", Claims::new().scopes(value))
    };
    vec![
        set("scope-number", "a scope of the root block is a number", 4, list![0]).spec("T31 T70"),
        set("scope-bytes", "a scope is a byte string", 4, list![[0x61; 1]]),
        delegate("refinement-text", "a refinement is a text", list!["read:*"]),
        delegate("refinement-negative", "a refinement has a negative index", list![-1]),
        set("deny-number", "a deny pattern is a number", 5, list![1]),
        set("ask-pattern", "an ask is a pattern alone", 6, list!["read:*"]),
        set("ask-two-parts", "an ask of two parts", 6, list![list!["read:*", list![public(0x51)]]]),
        set("ask-four-parts", "an ask of four parts", 6, list![list!["read:*", list![public(0x51)], 1, 1]]),
        set("ask-one-approver", "an ask with one approver and no list", 6, list![list!["read:*", public(0x51), 1]]),
        set("ask-short-key", "an approver of 31 bytes", 6, list![list!["read:*", list![[7; 31]], 1]]),
        set("ask-number", "an approver that is a number", 6, list![list!["read:*", list![1], 1]]),
        set("ask-need-text", "a need that is a text", 6, list![list!["read:*", list![public(0x51)], "1"]]),
        set("ask-need-negative", "a need that is negative", 6, list![list!["read:*", list![public(0x51)], -1]]),
        set("rule-two-parts", "a rule of two parts", 7, list![list![1, list![]]]),
        set("rule-four-parts", "a rule of four parts", 7, list![list![1, list![], list![], true]]),
        set(
            "rule-level-text",
            "a rule with its level as a word",
            7,
            list![list!["internal", list![], list!["read:*"]]],
        ),
        set("rule-keep-text", "a rule that keeps a text", 7, list![list![1, list![], "read:*"]]),
        set("rule-label-text", "a rule with a label and no list", 7, list![list![1, "pii", list!["read:*"]]]),
        set("label-number", "a label is a number", 9, list![1]),
        set("label-bytes", "a label is a byte string", 9, list![[0x61; 1]]),
        refused("aud-bytes-in-list", "an audience is a byte string", &root().set(3, list!["files", [0x61; 1]])),
        refused(
            "budget-bytes",
            "a budget is named by a byte string",
            &root().ledger(7).private(11, crate::map! {[0x61; 1] => 1}),
        ),
    ]
}

/// `cnf` has one form.
fn confirmations() -> Vec<Case> {
    let key = |item: Item| root().set(8, item);
    let form = |name, comment, item| in_root(name, comment, "parse-claim-type", "T32", &key(item));
    let other = |name, comment, bytes: [u8; 32]| in_root(name, comment, "parse-key", "T32 T33", &key(cnf(&bytes)));
    let parts = |parts: Item| crate::map! {1 => parts};
    vec![
        form("cnf-bytes", "cnf is the key alone", public(2).into()),
        form("cnf-key-31", "a key of 31 bytes", parts(crate::map! {1 => 1, -1 => 6, -2 => [7; 31]})),
        form("cnf-key-33", "a key of 33 bytes", parts(crate::map! {1 => 1, -1 => 6, -2 => [7; 33]})),
        form("cnf-x25519", "a key for X25519", parts(crate::map! {1 => 1, -1 => 4, -2 => public(2)})),
        form("cnf-ec2", "a key of type EC2", parts(crate::map! {1 => 2, -1 => 6, -2 => public(2)})),
        form(
            "cnf-algorithm",
            "a key that names its algorithm",
            parts(crate::map! {1 => 1, 3 => -19, -1 => 6, -2 => public(2)}),
        ),
        form("cnf-id", "a key id for a key", crate::map! {3 => [7; 8]}),
        form("cnf-empty", "cnf is an empty map", Item::Map(Vec::new())),
        form("cnf-also-id", "a key id beside the key", {
            let Item::Map(mut parts) = cnf(&public(2)) else { return Vec::new() };
            parts.push((3.into(), [7; 8].into()));
            Item::Map(parts)
        }),
        form("cnf-null", "cnf is null", Item::NULL),
        form("cnf-private", "a secret key beside the public one", {
            parts(crate::map! {1 => 1, -1 => 6, -2 => public(2), -4 => [2; 32]})
        }),
        other("cnf-small-order", "a key of small order", small_order(1)),
        other("cnf-neutral", "the neutral point", small_order(0)),
        other("cnf-not-canonical", "a key whose y is not reduced", non_canonical_key()),
        other("cnf-off-the-curve", "no point has this y", key_off_the_curve()),
        in_delegate("cnf-small-order-delegate", "a key of small order in a delegate block", "parse-key", "T32 T33", {
            Claims::new().cnf_bytes(&small_order(3), 3)
        }),
        in_root("approver-small-order", "an approver's key of small order", "parse-key", "T33", &{
            root().ask(list![list!["send:*", list![small_order(2)], 1]])
        }),
        in_root("approver-off-the-curve", "an approver's key that is no point", "parse-key", "T33", &{
            root().ask(list![list!["send:*", list![key_off_the_curve()], 1]])
        }),
    ]
}
