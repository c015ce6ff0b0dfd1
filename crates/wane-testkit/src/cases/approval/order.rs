//! One statement with two faults: the earlier check answers; two statements: the first (T106, T166 to T175).

use serde_json::json;

use super::{ACTIONS, ONCALL, STRANGER, Statement, knows, no, standard, with};
use crate::case::Case;
use crate::claims::NOW;
use crate::text::hex;

pub(super) fn cases() -> Vec<Case> {
    let by = |number: u8| Statement::by(number, &standard());
    let first = |name: &str, code: &str, spec: &str, comment: &str, statement: Statement| {
        no(name, code, &format!("T106 {spec}"), comment).request(with(&[&statement])).sealed(&standard())
    };
    let good = || by(ONCALL[0]);
    let last = || Statement { last: standard().id(0), ..good() };
    let used = |statement: &Statement| json!([hex(&statement.id())]);
    let expired = good().times(NOW - 60, NOW);
    vec![
        first(
            "order-chain-request",
            "deny-approval-chain",
            "T166",
            "for another chain and request",
            last().elsewhere(),
        ),
        first("order-request-actions", "deny-approval-request", "T167", "for another request and other actions", {
            good().elsewhere().actions(&ACTIONS[..1])
        }),
        first(
            "order-actions-self",
            "deny-approval-actions",
            "T168",
            "for other actions, and by a holder of the chain",
            by(2).actions(&ACTIONS[..1]),
        ),
        first("order-self-lifetime", "deny-approval-self", "T169", "by a holder of the chain, and for too long", {
            by(2).times(NOW, NOW + 3_601)
        }),
        first("order-key-lifetime", "deny-approval-key", "T170", "by a key that no ask names, and for too long", {
            by(STRANGER).times(NOW, NOW + 3_601)
        }),
        first("order-lifetime-future", "deny-approval-lifetime", "T165", "for too long, and from a later time on", {
            good().times(NOW + 31, NOW + 4_000)
        }),
        first("order-lifetime-expired", "deny-approval-lifetime", "T165", "for too long, and expired", {
            good().times(NOW - 4_000, NOW)
        }),
        no(
            "order-expired-collected",
            "deny-approval-expired",
            "T106 T172",
            "expired, and the ledger has forgotten up to its exp",
        )
        .state(knows(json!({"collected": NOW})))
        .request(with(&[&expired]))
        .sealed(&standard()),
        no(
            "order-collected-used",
            "state-collected",
            "T106 T173",
            "the ledger has forgotten up to its exp, and knows it as used",
        )
        .state(knows(json!({"collected": NOW + 600, "used": used(&good())})))
        .request(with(&[&good()]))
        .sealed(&standard()),
        no(
            "order-of-statements",
            "deny-approval-expired",
            "T106 T172",
            "the first has expired, the second is for another request",
        )
        .request(with(&[&expired, &by(ONCALL[1]).elsewhere()]))
        .sealed(&standard()),
        no("order-of-statements-swapped", "deny-approval-request", "T106 T167", "the same two the other way round")
            .request(with(&[&by(ONCALL[1]).elsewhere(), &expired]))
            .sealed(&standard()),
    ]
}
