//! The marks that a ledger knows (T185).

use serde_json::{Value, json};

use super::{chain, knows, no, ok};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, root};
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    let three = || chain().delegate(Claims::new());
    let write = || Request::from("write:files:a");
    let blocks = |blocks: Value| knows(json!({"blocks": blocks}));
    let falls = |name: &str, comment: &str| no(name, "deny-ratchet", "T132 T185", comment);
    let stays = |name: &str, comment: &str| ok(name, "T132 T185", comment);
    let labels = |count: usize| (0..count).map(|n| format!("label-{n:02}")).collect::<Vec<_>>();
    let names = labels(16);
    let full = Chain::root(&root().labels(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    let mut cases = Vec::new();
    for (place, name) in ["root-block", "delegate", "seal"].into_iter().enumerate() {
        let at = |level: &str| {
            let known = (0..=place).map(|block| if block == place { json!({"level": level}) } else { json!({}) });
            blocks(Value::Array(known.collect()))
        };
        cases.push(
            falls(&format!("mark-{name}"), &format!("restricted was read under the {name}"))
                .request(write())
                .state(at("restricted"))
                .sealed(&three().seal(Claims::new())),
        );
        let kept = stays(&format!("mark-{name}-kept"), &format!("confidential was read under the {name}"));
        cases.push(kept.request(write()).state(at("confidential")).sealed_from(&three(), Claims::new()));
    }
    cases.extend([
        falls("mark-join-blocks", "the level was read under one block, the label under another")
            .request(write())
            .state(blocks(json!([{"level": "confidential"}, {"labels": ["untrusted"]}])))
            .sealed(&three().seal(Claims::new())),
        stays("mark-join-other-label", "the level was read under one block, another label under another")
            .request(write())
            .state(blocks(json!([{"level": "confidential"}, {"labels": ["pii"]}])))
            .sealed_from(&three(), Claims::new()),
        falls("mark-join-highest", "restricted was read under the first block, internal under the second")
            .request(write())
            .state(blocks(json!([{"level": "restricted"}, {"level": "internal"}])))
            .sealed(&three().seal(Claims::new())),
        falls("mark-join-request", "the label was read before, the level is the request's")
            .request(write().level("confidential"))
            .state(blocks(json!([{"labels": ["untrusted"]}])))
            .sealed(&three().seal(Claims::new())),
        falls("mark-join-remembered", "the ledger knows the label, the enforcement point remembers the level")
            .request(write())
            .state(json!({
                "level": "confidential",
                "ledger": {"id": "5e".repeat(16), "blocks": [{"labels": ["untrusted"]}]},
            }))
            .sealed(&three().seal(Claims::new())),
        falls("mark-unnamed", "restricted was read, and the chain names no ledger")
            .request(write())
            .state(blocks(json!([{"level": "restricted"}])))
            .sealed(&Chain::standard()),
        ok("mark-and-clearance", "T135 T185", "restricted was read, and the clearance is public, as the request")
            .state(blocks(json!([{"level": "restricted"}])))
            .sealed_from(&Chain::root(&root().clearance(0)), Claims::new()),
        no("mark-labels", "deny-labels", "T143 T185 S12", "the ledger knows 17 labels, which is as many as it keeps")
            .state(blocks(json!([{"labels": labels(17)}])))
            .sealed(&three().seal(Claims::new())),
        ok("mark-labels-16", "T143 T185", "the ledger knows 16 labels")
            .state(blocks(json!([{"labels": names}])))
            .sealed_from(&three(), Claims::new()),
        no(
            "mark-labels-joined",
            "deny-labels",
            "T143 T185",
            "the root block states 16 labels, the ledger knows another one",
        )
        .state(blocks(json!([{}, {"labels": ["other"]}])))
        .sealed(&full.seal(Claims::new())),
    ]);
    cases
}
