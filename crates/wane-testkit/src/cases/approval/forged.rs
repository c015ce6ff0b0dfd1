//! Well-formed statements that are not signed as they must be (T164).

use serde_json::json;

use super::{ONCALL, Statement, knows, no, request, sealed, standard, with};
use crate::case::Case;
use crate::chain::Block;
use crate::claims::EXP;
use crate::key::with_order_added;
use crate::list;
use crate::request::approval_text;
use crate::text::hex;

pub(super) fn cases() -> Vec<Case> {
    [signatures(), beside_others()].concat()
}

fn good() -> Statement {
    Statement::by(ONCALL[0], &standard())
}

fn forged(name: &str, spec: &str, comment: &str, block: Block) -> Case {
    let text = approval_text(&block, good().last);
    no(name, "deny-approval-chain", spec, comment).request(request().approved(text)).sealed(&standard())
}

fn signatures() -> Vec<Case> {
    let own =
        |make: fn(&[u8]) -> Vec<u8>| good().block().signature(move |signed| make(&crate::key::sign(ONCALL[0], signed)));
    let flipped = |signature: &[u8]| {
        let mut signature = signature.to_vec();
        if let Some(last) = signature.last_mut() {
            *last ^= 1;
        }
        signature
    };
    let kind = |kind: u64| Statement { kind, ..good() }.block();
    vec![
        forged("unsigned", "T164", "64 zero bytes as signature", own(|_| vec![0; 64])),
        forged("flipped", "T164", "one bit of the signature flipped", own(flipped)),
        forged("other-signer", "T164", "signed by another of the group than it names", {
            Statement { signer: ONCALL[1], ..good() }.block()
        }),
        forged("kind-root", "T22 T164", "signed as a root block", kind(0)),
        forged("kind-delegate", "T22 T164", "signed as a delegate block", kind(1)),
        forged("kind-seal", "T22 T164", "signed as a seal", kind(2)),
        forged("kind-reserved", "T21 T164", "signed as kind 4", kind(4)),
        forged("other-context", "T22 T164", "signed with another context than `Signature1`", {
            good().block().context("Signature")
        }),
        forged("other-format", "T22 T164", "signed for another format", {
            good().block().aad(list!["wane2", 3, good().last])
        }),
        forged("malleable", "T23 T164", "the group order added to S", own(with_order_added)),
    ]
}

/// A forged one among good ones, and beside other faults: it is looked at in its turn, and after all other steps.
fn beside_others() -> Vec<Case> {
    let forged = || Statement { signer: ONCALL[1], ..good() };
    let elsewhere = || Statement::by(ONCALL[2], &standard()).elsewhere();
    let chain = |name, comment, statements: &[&Statement]| {
        no(name, "deny-approval-chain", "T164 T166", comment).request(with(statements)).sealed(&standard())
    };
    vec![
        chain("forged-second", "one is good, the second is forged", &[&good(), &forged()]),
        chain(
            "forged-before-other",
            "the first is forged, the second is for another request",
            &[&forged(), &elsewhere()],
        ),
        no(
            "forged-after-other",
            "deny-approval-request",
            "T106 T167",
            "the first is for another request, the second is forged",
        )
        .request(with(&[&elsewhere(), &forged()]))
        .sealed(&standard()),
        no("forged-and-expired", "deny-expired", "T106 T137", "the chain has expired, and a statement is forged")
            .now(EXP)
            .request(with(&[&forged()]))
            .sealed(&standard()),
        no("forged-and-group", "deny-group", "T106 T149", "the group is not defined, and a statement is forged")
            .block(0)
            .request(with(&[&Statement { signer: 9, ..Statement::by(8, &nobody()) }]))
            .sealed(&nobody()),
        no("forged-and-used", "deny-approval-chain", "T106 T166", "forged, and its id has served")
            .state(knows(json!({"used": [hex(&forged().id())]})))
            .request(with(&[&forged()]))
            .sealed(&standard()),
    ]
}

fn nobody() -> crate::chain::Chain {
    sealed(&super::one(list!["@nobody"], 1))
}
