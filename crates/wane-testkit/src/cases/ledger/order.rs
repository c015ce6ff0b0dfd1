//! Two faults that a ledger knows of: the earlier check of step 7 answers (T106).

use serde_json::json;

use super::{LEDGER, chain, kept, knows, no};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, EXP, IAT, NOW};
use crate::key::key_text;
use crate::request::Request;
use crate::text::hex;

pub(super) fn cases() -> Vec<Case> {
    let request = Request::from("read:hr:employees");
    let seal = || Claims::new().cti(7).iat(NOW).exp(NOW + 300).digest(request.digest("{}", vec![]));
    let bound = chain().seal(seal());
    let used = [hex(&bound.id(1))];
    let continuing = || Chain::root(&kept().continues([0xf1; 32])).seal(Claims::new());
    let other = "00".repeat(16);
    let dead = json!([{"revoked": true}]);
    let unlabelled = Chain::root(&kept().clearance(0)).seal(seal());
    vec![
        no("order-other-volatile", "state-other-ledger", "T106 T176", "another ledger, and one that forgets")
            .state(knows(json!({"id": other, "keeps": "volatile-refused"})))
            .sealed(&chain().seal(Claims::new())),
        no(
            "order-volatile-revoked",
            "state-volatile",
            "T106 T177",
            "a ledger that forgets, and knows the block as revoked",
        )
        .state(knows(json!({"keeps": "volatile-refused", "blocks": dead})))
        .sealed(&chain().seal(Claims::new())),
        no(
            "order-block-root-key",
            "state-revoked",
            "T106 T178",
            "the seal is revoked, and the root key; the seal is named",
        )
        .block(1)
        .state(knows(json!({
            "blocks": [{}, {"revoked": true}],
            "revoked-before": [{"root": key_text(1), "at": IAT}],
        })))
        .sealed(&chain().seal(Claims::new())),
        no(
            "order-revoked-unknown",
            "state-revoked",
            "T106 T180",
            "a holder's key is revoked, and the first session is not known",
        )
        .block(0)
        .state(knows(json!({"revoked-before": [{"key": key_text(2), "at": IAT}]})))
        .sealed(&continuing()),
        no(
            "order-unknown-old",
            "state-unknown-session",
            "T106 T181",
            "the first session is not known, and this one is too old",
        )
        .state(knows(json!({"since": IAT})))
        .sealed(&continuing()),
        no(
            "order-old-collected",
            "state-session-too-old",
            "T106 T182",
            "the session is too old, and its exp is forgotten",
        )
        .state(knows(json!({"since": IAT, "collected": EXP})))
        .sealed(&chain().seal(Claims::new())),
        no("order-collected-used", "state-collected", "T106 T183", "its exp is forgotten, and the seal has served")
            .state(knows(json!({"collected": NOW + 300, "used": used})))
            .sealed(&bound),
        no(
            "order-used-clearance",
            "state-used",
            "T106 T184",
            "the seal has served, and the level is above the clearance",
        )
        .request(request.clone().level("internal"))
        .state(knows(json!({"used": [hex(&unlabelled.id(1))]})))
        .sealed(&unlabelled),
        no("order-expired-revoked", "deny-expired", "T106 T137", "expired, and revoked")
            .now(EXP)
            .state(knows(json!({"blocks": dead})))
            .sealed(&Chain::root(&kept().ledger(LEDGER)).seal(Claims::new())),
        no(
            "order-cost-budget",
            "deny-cost",
            "T106 T186",
            "the root block's counter has no cost, and the child's has no room",
        )
        .block(0)
        .request(request.clone().cost("calls", 2))
        .state(knows(json!({})))
        .sealed(
            &Chain::root(&kept().budgets(&[("bytes", 5)]))
                .delegate(Claims::new().budgets(&[("calls", 1)]))
                .seal(Claims::new()),
        ),
    ]
}
