//! Sessions: those that continue another one, and those that the ledger may have forgotten (steps 7.6 and 7.7).

use serde_json::{Map, Value, json};

use super::{kept, knows, no, ok};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, IAT, NOW, root};
use crate::key::key_text;
use crate::request::Request;

/// The id of a session that nothing else is known about.
const FIRST: [u8; 32] = [0xf1; 32];

pub(super) fn cases() -> Vec<Case> {
    [continued(), age(), line()].concat()
}

/// The first session, opened by the root key an hour earlier, but for these members.
fn first(members: Value) -> Value {
    let known = json!({"root": key_text(1), "issued-at": IAT - 3_600});
    let (Value::Object(mut known), Value::Object(members)) = (known, members) else { panic!("no objects") };
    known.extend(members);
    Value::Object(known)
}

fn continues() -> Claims {
    kept().continues(FIRST)
}

fn line_of(state: Value) -> Value {
    knows(json!({"first": first(state)}))
}

fn issuing() -> Claims {
    kept().without_private(1)
}

fn continued() -> Vec<Case> {
    let chain = || Chain::root(&continues());
    let by_child = || Chain::root(&issuing()).delegate(Claims::new().iat(NOW).session().continues(FIRST));
    let succeeds = format!("succeeds = [\"{}\"]", key_text(9));
    let other_root = || line_of(json!({"root": key_text(9)}));
    vec![
        ok("continues", "T181", "the session that is continued is known")
            .state(line_of(json!({})))
            .sealed_from(&chain(), Claims::new()),
        no("continues-unknown", "state-unknown-session", "T181 S16", "the session that is continued is not known")
            .state(knows(json!({})))
            .sealed(&chain().seal(Claims::new())),
        no("continues-no-ledger", "state-no-ledger", "T54 T142", "a session is continued, and there is no ledger")
            .sealed(&chain().seal(Claims::new())),
        ok("continues-in-delegate", "T181", "a delegate block opens the session that continues another")
            .root_line("issuer = true")
            .state(line_of(json!({})))
            .sealed_from(&by_child(), Claims::new()),
        no(
            "continues-in-delegate-unknown",
            "state-unknown-session",
            "T181",
            "a delegate block continues a session that is not known",
        )
        .root_line("issuer = true")
        .state(knows(json!({})))
        .sealed(&by_child().seal(Claims::new())),
        no(
            "continues-another",
            "state-continues",
            "T181",
            "the session that is continued continues another one itself",
        )
        .state(line_of(json!({"continues": true})))
        .sealed(&chain().seal(Claims::new())),
        no(
            "continues-other-root",
            "state-continues",
            "T181",
            "the session that is continued was opened under another root key",
        )
        .state(other_root())
        .sealed(&chain().seal(Claims::new())),
        ok("continues-succeeded", "T181", "it was opened under a root key that this one succeeds")
            .root_line(&succeeds)
            .state(other_root())
            .sealed_from(&chain(), Claims::new()),
        no(
            "continues-succeeded-not",
            "state-continues",
            "T181",
            "it was opened under a root key that the succeeded one succeeds",
        )
        .root_line(&succeeds)
        .state(line_of(json!({"root": key_text(8)})))
        .sealed(&chain().seal(Claims::new())),
        no("continues-revoked", "state-revoked", "T178 T189 S24", "the session that is continued is revoked")
            .state(line_of(json!({"revoked": true})))
            .sealed(&chain().seal(Claims::new())),
        no("continues-order", "state-continues", "T106 T181", "it continues another one, and is too old as well")
            .state(knows(json!({"since": IAT - 3_600, "first": first(json!({"continues": true}))})))
            .sealed(&chain().seal(Claims::new())),
    ]
}

/// Issued after the ledger's `since`, or registered.
fn age() -> Vec<Case> {
    let old = |name, comment| no(name, "state-session-too-old", "T182 S54", comment);
    let young = |name, comment| ok(name, "T182 S54", comment);
    let since = |time: u64| knows(json!({"since": time}));
    let registered = |blocks: Value| knows(json!({"since": IAT, "blocks": blocks}));
    let later = || Chain::minted().delegate(Claims::new().iat(NOW));
    let by_child = || Chain::root(&root().without_private(1)).delegate(Claims::new().iat(NOW).session());
    let line = |time: u64, members: Value| knows(json!({"since": time, "first": first(members)}));
    let chain = || Chain::root(&continues());
    vec![
        old("since", "the session is issued in the second of `since`").state(since(IAT)).sealed(&Chain::standard()),
        young("since-later", "the session is issued one second after `since`")
            .state(since(IAT - 1))
            .sealed_from(&Chain::minted(), Claims::new()),
        ok("registered", "T182 S47", "the session is issued in the second of `since`, and registered")
            .state(registered(json!([{"registered": true}])))
            .sealed_from(&Chain::minted(), Claims::new()),
        old("registered-not", "the ledger knows the block, and it is not registered")
            .state(registered(json!([{"level": "public"}])))
            .sealed(&Chain::standard()),
        old("registered-child", "a later block is registered, which its holder could do")
            .state(registered(json!([{}, {"registered": true}])))
            .sealed(&later().seal(Claims::new())),
        old("since-child", "a later block is issued after `since`, which its holder could choose")
            .state(since(IAT))
            .sealed(&later().seal(Claims::new())),
        old("since-delegate", "a delegate block opens the session in the second of `since`")
            .root_line("issuer = true")
            .state(since(NOW))
            .sealed(&by_child().seal(Claims::new())),
        young(
            "since-delegate-later",
            "a delegate block opens the session one second after `since`, the root block is older",
        )
        .root_line("issuer = true")
        .state(since(NOW - 1))
        .sealed_from(&by_child(), Claims::new()),
        ok("since-delegate-registered", "T182 S47", "a delegate block opens the session, and is registered")
            .root_line("issuer = true")
            .state(knows(json!({"since": NOW, "blocks": [{}, {"registered": true}]})))
            .sealed_from(&by_child(), Claims::new()),
        old("since-first", "the session that is continued was issued in the second of `since`")
            .state(line(IAT - 3_600, json!({})))
            .sealed(&chain().seal(Claims::new())),
        young("since-first-later", "the session that is continued was issued one second after `since`")
            .state(line(IAT - 3_601, json!({})))
            .sealed_from(&chain(), Claims::new()),
        ok("since-first-registered", "T182 S47", "the session that is continued is old, and registered")
            .state(line(IAT - 3_600, json!({"registered": true})))
            .sealed_from(&chain(), Claims::new()),
        old("since-first-alone", "the session that is continued is registered, this one is old and is not")
            .state(line(IAT, json!({"registered": true})))
            .sealed(&chain().seal(Claims::new())),
    ]
}

/// Marks and counters of a line lie under its first session.
fn line() -> Vec<Case> {
    let chain = || Chain::root(&continues().budgets(&[("calls", 5)]));
    let calls = |cost: u64| Request::from("write:files:a").cost("calls", cost);
    let spent = |first_spent: u64, own_spent: u64| {
        let own = json!([{"spent": {"calls": own_spent}}]);
        knows(json!({"first": first(json!({"spent": {"calls": first_spent}})), "blocks": own}))
    };
    let marked = |members: Map<String, Value>| line_of(Value::Object(members));
    let level = |name: &str| marked([("level".to_owned(), json!(name))].into_iter().collect());
    let child = || Chain::root(&continues()).delegate(Claims::new().budgets(&[("calls", 5)]));
    let child_spent = |spent: u64| {
        let blocks = json!([{}, {"spent": {"calls": spent}}]);
        knows(json!({"first": first(json!({"spent": {"calls": 5}})), "blocks": blocks}))
    };
    vec![
        ok("line-counter", "T187 S17", "the counter of the first session has room for the cost")
            .request(calls(1))
            .state(spent(4, 0))
            .sealed_from(&chain(), Claims::new()),
        no(
            "line-counter-full",
            "deny-budget",
            "T187 S17",
            "the counter of the first session has no room, its own one has",
        )
        .block(0)
        .request(calls(1))
        .state(spent(5, 0))
        .sealed(&chain().seal(Claims::new())),
        ok("line-counter-own", "T187 S17", "its own counter has no room, and is not the one that counts")
            .request(calls(1))
            .state(spent(4, 5))
            .sealed_from(&chain(), Claims::new()),
        ok("line-counter-below", "T187 S17", "a block below the session has its own counter")
            .request(calls(1))
            .state(child_spent(4))
            .sealed_from(&child(), Claims::new()),
        no(
            "line-counter-below-full",
            "deny-budget",
            "T187 S17",
            "the counter of a block below the session has no room",
        )
        .block(1)
        .request(calls(1))
        .state(child_spent(5))
        .sealed(&child().seal(Claims::new())),
        no("line-mark", "deny-ratchet", "T185 S17", "the first session's mark: the action does not survive")
            .request("write:files:a")
            .state(level("restricted"))
            .sealed(&Chain::root(&continues()).seal(Claims::new())),
        ok("line-mark-kept", "T185 S17", "the first session's mark: the action survives")
            .request("write:files:a")
            .state(level("confidential"))
            .sealed_from(&Chain::root(&continues()), Claims::new()),
    ]
}
