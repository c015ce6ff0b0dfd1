//! Two faults: the earlier check answers, whichever block the other lies in (T106, T151, T152).

use serde_json::json;

use super::no;
use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, EXP, NOW, root};
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [first_steps(), later_steps(), several_actions()].concat()
}

fn seal_for_another() -> Claims {
    Claims::new().cti(7).iat(NOW).exp(NOW + 300).digest([9; 32])
}

fn ask() -> Item {
    list![list!["*", list!["@local"], 1]]
}

fn first_steps() -> Vec<Case> {
    let future = root().iat(NOW + 31);
    let demand = || Request::from("read:hr:employees").request_seal();
    vec![
        no("order-audience-expired", "deny-audience", "T106 T136", "another audience, and expired")
            .now(EXP)
            .request(Request::from("read:hr:employees").aud("mail"))
            .sealed(&Chain::standard()),
        no("order-expired-digest", "deny-expired", "T106 T137", "expired, and for another request")
            .now(NOW + 300)
            .sealed(&Chain::minted().seal(seal_for_another())),
        no("order-nbf-iat", "deny-not-yet-valid", "T106 T138", "nbf and iat are both ahead")
            .sealed(&Chain::root(&future.clone().nbf(NOW + 40)).seal(Claims::new())),
        no(
            "order-iat-demand",
            "deny-issued-in-future",
            "T106 T139",
            "iat is ahead, and a seal for one request is demanded",
        )
        .request(demand())
        .sealed(&Chain::root(&future).seal(Claims::new())),
        no(
            "order-digest-ledger",
            "deny-other-request",
            "T106 T140",
            "for another request, and the ledger is not there",
        )
        .sealed(&Chain::root(&root().ledger(0x5e)).seal(seal_for_another())),
        no(
            "order-demand-ledger",
            "deny-not-for-one-request",
            "T106 T141",
            "not for one request, and the ledger is not there",
        )
        .request(demand())
        .sealed(&Chain::root(&root().ledger(0x5e)).seal(Claims::new())),
        no(
            "order-ledger-labels",
            "state-no-ledger",
            "T106 T142",
            "the ledger is not there, and the clearance is too low",
        )
        .request(Request::from("read:hr:employees").level("internal"))
        .sealed(&Chain::root(&root().ledger(0x5e).clearance(0)).seal(Claims::new())),
    ]
}

fn later_steps() -> Vec<Case> {
    let seventeen = (0..17).fold(Request::from("send:mail"), |request, n| request.label(&format!("label-{n}")));
    let all = || root().scopes(list!["*"]);
    let confidential = || Request::from("send:mail").level("confidential");
    let condition = || list![list!["read:*", list![list!["/limit", 3, 5]]]];
    let ledger = || json!({"ledger": {"id": "5e".repeat(16)}});
    vec![
        no("order-labels-clearance", "deny-labels", "T106 T143", "17 labels, and the level is above the clearance")
            .request(seventeen.level("internal"))
            .sealed(&Chain::root(&all().clearance(0)).seal(Claims::new())),
        no(
            "order-clearance-ratchet",
            "deny-clearance",
            "T106 T144",
            "above the clearance, and the action does not survive",
        )
        .request(confidential())
        .sealed(&Chain::root(&all().clearance(1)).seal(Claims::new())),
        no("order-ratchet-deny", "deny-ratchet", "T106 T145", "does not survive, and is denied")
            .request(confidential())
            .sealed(&Chain::root(&all().deny(&["send:*"])).seal(Claims::new())),
        no("order-deny-scope", "deny-pattern", "T106 T146", "is denied, and no scope covers it")
            .block(0)
            .request("send:mail")
            .sealed(&Chain::root(&root().deny(&["send:*"])).seal(Claims::new())),
        no("order-scope-ceiling", "deny-scope", "T106 T147", "no scope covers it, nor does the ceiling")
            .root_line(r#"scopes = ["read:*", "write:*"]"#)
            .request("send:mail")
            .sealed(&Chain::standard()),
        no("order-ceiling-group", "deny-ceiling", "T106 T148", "beyond the ceiling, and an ask names no known group")
            .root_line(r#"scopes = ["read:* if limit <= 5", "write:*"]"#)
            .sealed(&Chain::root(&root().ask(list![list!["*", list!["@nobody"], 1]])).seal(Claims::new())),
        no("order-group-cost", "deny-group", "T106 T149", "an ask names no known group, and a cost is missing")
            .block(0)
            .state(ledger())
            .sealed(
                &Chain::root(&root().ledger(0x5e).budgets(&[("calls", 1)]).ask(list![list!["*", list!["@nobody"], 1]]))
                    .seal(Claims::new()),
            ),
        no("order-budget-ask", "deny-budget", "T106 T152 T187", "beyond a budget, and nobody has approved")
            .block(0)
            .state(ledger())
            .request(Request::from("read:hr:employees").cost("calls", 2))
            .sealed(&Chain::root(&root().ledger(0x5e).budgets(&[("calls", 1)]).ask(ask())).seal(Claims::new())),
        no("order-scope-ask", "deny-scope", "T152", "no scope covers it, and nobody has approved")
            .request("send:mail")
            .sealed(&Chain::root(&root().ask(ask())).seal(Claims::new())),
        no("order-condition-ask", "deny-condition", "T152", "a condition of the seal fails, and the root block asks")
            .block(0)
            .arguments(r#"{"limit": 6}"#)
            .sealed(&Chain::root(&root().scopes(condition()).ask(ask())).seal(Claims::new())),
        no("order-deny-ask", "deny-pattern", "T152", "the seal denies, and the root block asks")
            .block(1)
            .sealed(&Chain::root(&root().ask(ask())).seal(Claims::new().deny(&["read:*"]))),
        no("order-ratchet-ask", "deny-ratchet", "T152", "does not survive, and nobody has approved")
            .request(confidential())
            .sealed(&Chain::root(&all().ask(ask())).seal(Claims::new())),
    ]
}

/// A step is finished for all actions before the next one.
fn several_actions() -> Vec<Case> {
    let all = || root().scopes(list!["*"]);
    vec![
        no("order-actions-ratchet", "deny-ratchet", "T151", "the first action is denied, the second does not survive")
            .request(Request::new(&["read:a", "send:mail"]).level("confidential"))
            .sealed(&Chain::root(&all().deny(&["read:*"])).seal(Claims::new())),
        no("order-actions-deny", "deny-pattern", "T151", "no scope covers the first action, the second is denied")
            .block(0)
            .request(Request::new(&["send:mail", "read:a"]))
            .sealed(&Chain::root(&root().deny(&["read:*"])).seal(Claims::new())),
        no(
            "order-actions-scope",
            "deny-scope",
            "T151",
            "the first action is beyond the ceiling, no scope covers the second",
        )
        .root_line(r#"scopes = ["read:* if limit <= 5", "write:*"]"#)
        .request(Request::new(&["read:a", "send:mail"]))
        .sealed(&Chain::standard()),
        no(
            "order-actions-first",
            "deny-pattern",
            "T151",
            "both actions are denied, by two blocks, and the first is named",
        )
        .block(1)
        .request(Request::new(&["read:a", "read:b"]))
        .sealed(&Chain::root(&root().deny(&["read:b"])).delegate(Claims::new().deny(&["read:a"])).seal(Claims::new())),
        no(
            "order-actions-ask",
            "deny-needs-approval",
            "T152",
            "the first action is allowed, the second needs an approval",
        )
        .block(0)
        .request(Request::new(&["read:a", "read:b"]))
        .sealed(&Chain::root(&root().ask(list![list!["read:b", list!["@local"], 1]])).seal(Claims::new())),
    ]
}
