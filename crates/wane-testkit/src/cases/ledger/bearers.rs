//! Revocation: of blocks by their id, of root keys, holders' keys and agents by a time (steps 7.3 to 7.5).

use serde_json::{Value, json};

use super::{chain, kept, knows, no, ok};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, IAT, NOW, root};
use crate::key::key_text;

pub(super) fn cases() -> Vec<Case> {
    [blocks(), roots(), keys(), agents(), several()].concat()
}

fn revoked(name: &str, spec: &str, comment: &str) -> Case {
    no(name, "state-revoked", spec, comment)
}

fn blocks() -> Vec<Case> {
    let three = || chain().delegate(Claims::new());
    let dead = |place: usize, of: usize| {
        let blocks: Vec<Value> = (0..of).map(|block| json!({"revoked": block == place})).collect();
        knows(json!({"blocks": blocks}))
    };
    let block = |name, comment, place: usize| {
        let case = revoked(name, "T178 S24", comment).block(place).state(dead(place, 3));
        case.sealed(&three().seal(Claims::new()))
    };
    vec![
        block("revoked-root-block", "the root block is revoked, and all below it", 0),
        block("revoked-delegate", "the delegate block is revoked", 1),
        block("revoked-seal", "the seal is revoked", 2),
        ok("revoked-none", "T178", "no block is revoked").state(dead(3, 3)).sealed_from(&three(), Claims::new()),
        revoked("revoked-unnamed", "T178", "the root block is revoked, and the chain names no ledger")
            .block(0)
            .state(dead(0, 1))
            .sealed(&Chain::standard()),
        revoked("revoked-two", "T106 T178", "two blocks are revoked, the first is named")
            .block(1)
            .state(knows(json!({"blocks": [{}, {"revoked": true}, {"revoked": true}]})))
            .sealed(&three().seal(Claims::new())),
    ]
}

/// What is revoked up to a time.
fn before(bearer: &str, name: &str, at: u64) -> Value {
    knows(json!({"revoked-before": [{bearer: name, "at": at}]}))
}

fn roots() -> Vec<Case> {
    let by_root = |at: u64| before("root", &key_text(1), at);
    let later = || Chain::minted().delegate(Claims::new().iat(NOW));
    vec![
        revoked("root-key", "T179 S25", "the root block is issued in the second up to which its key is revoked")
            .block(0)
            .state(by_root(IAT))
            .sealed(&Chain::standard()),
        ok("root-key-later", "T179 S25", "the root block is issued one second later")
            .state(by_root(IAT - 1))
            .sealed_from(&Chain::minted(), Claims::new()),
        revoked("root-key-child", "T179", "a delegate block is issued later, which its holder could choose")
            .block(0)
            .state(by_root(IAT))
            .sealed(&later().seal(Claims::new())),
        ok("root-key-other", "T179", "another root key is revoked")
            .state(before("root", &key_text(9), NOW))
            .sealed_from(&Chain::minted(), Claims::new()),
        ok("root-key-of-holder", "T179", "a root key is revoked that is only a holder's here")
            .state(before("root", &key_text(2), NOW))
            .sealed_from(&Chain::minted(), Claims::new()),
    ]
}

/// Keys that `cnf` names: the root block names 2, the first delegate block 3, the second 4.
fn keys() -> Vec<Case> {
    let holder = |number: u8, at: u64| before("key", &key_text(number), at);
    let child = || Chain::minted().delegate(Claims::new().iat(NOW));
    let grandchild = || child().delegate(Claims::new().iat(NOW + 5));
    let again = || child().delegate(Claims::new().cnf(2));
    vec![
        revoked("key-of-root-block", "T180 S25", "the root block names the key, and is issued in that second")
            .block(0)
            .state(holder(2, IAT))
            .sealed(&Chain::standard()),
        ok("key-of-root-block-later", "T180 S25", "the root block names the key, and is issued one second later")
            .state(holder(2, IAT - 1))
            .sealed_from(&Chain::minted(), Claims::new()),
        revoked(
            "key-of-delegate",
            "T180",
            "the iat of the delegate block's parent counts, not its own, which is later",
        )
        .block(1)
        .state(holder(3, IAT))
        .sealed(&child().seal(Claims::new())),
        ok("key-of-delegate-later", "T180", "the delegate block's parent is issued one second later")
            .state(holder(3, IAT - 1))
            .sealed_from(&child(), Claims::new()),
        revoked("key-of-grandchild", "T180", "the iat in force at the second delegate block's parent is that second")
            .block(2)
            .state(holder(4, NOW))
            .sealed(&grandchild().seal(Claims::new())),
        ok(
            "key-of-grandchild-later",
            "T180",
            "the iat in force at the second delegate block's parent is one second later",
        )
        .state(holder(4, NOW - 1))
        .sealed_from(&grandchild(), Claims::new()),
        revoked("key-of-inherited-iat", "T38 T180", "the parent states no iat, and the root block's is in force there")
            .block(2)
            .state(holder(4, IAT))
            .sealed(&Chain::minted().delegate(Claims::new()).delegate(Claims::new()).seal(Claims::new())),
        revoked("key-again", "T180", "two blocks name the key, and the first of them counts")
            .block(0)
            .state(holder(2, IAT))
            .sealed(&again().seal(Claims::new())),
        ok("key-again-later", "T180", "two blocks name the key, and the first is issued one second later")
            .state(holder(2, IAT - 1))
            .sealed_from(&again(), Claims::new()),
        ok("key-other", "T180", "the key of nobody in the chain is revoked")
            .state(holder(9, NOW))
            .sealed_from(&child(), Claims::new()),
        ok("key-of-root", "T180", "a holder's key is revoked that is the root key here, and no holder's")
            .state(holder(1, NOW))
            .sealed_from(&child(), Claims::new()),
    ]
}

fn agents() -> Vec<Case> {
    let agent = |at: u64| before("agent", "reporter", at);
    let named = || Chain::root(&kept().subject("reporter"));
    let child = |sub: &str| Chain::minted().delegate(Claims::new().iat(NOW).subject(sub));
    let grandchild = || Chain::minted().delegate(Claims::new().iat(NOW)).delegate(Claims::new().subject("reporter"));
    vec![
        revoked("agent-of-root-block", "T180 S25", "the root block names the agent, and is issued in that second")
            .block(0)
            .state(agent(IAT))
            .sealed(&named().seal(Claims::new())),
        ok("agent-of-root-block-later", "T180 S25", "the root block names the agent, and is issued one second later")
            .state(agent(IAT - 1))
            .sealed_from(&named(), Claims::new()),
        revoked(
            "agent-of-delegate",
            "T180",
            "a delegate block names the agent, and its parent is issued in that second",
        )
        .block(1)
        .state(agent(IAT))
        .sealed(&child("reporter").seal(Claims::new())),
        ok(
            "agent-of-delegate-later",
            "T180",
            "a delegate block names the agent, and its parent is issued one second later",
        )
        .state(agent(IAT - 1))
        .sealed_from(&child("reporter"), Claims::new()),
        revoked(
            "agent-of-grandchild",
            "T180",
            "the second delegate block names the agent, and its parent is issued in that second",
        )
        .block(2)
        .state(agent(NOW))
        .sealed(&grandchild().seal(Claims::new())),
        revoked("agent-of-seal", "T180", "the seal names the agent, and its parent is issued in that second")
            .block(1)
            .state(agent(IAT))
            .sealed(&Chain::minted().seal(Claims::new().subject("reporter"))),
        ok("agent-of-seal-later", "T180", "the seal names the agent, and its parent is issued one second later")
            .state(agent(IAT - 1))
            .sealed(&Chain::minted().seal(Claims::new().subject("reporter"))),
        ok("agent-other", "T180", "another agent is revoked")
            .state(agent(NOW))
            .sealed_from(&child("reporters"), Claims::new()),
        ok("agent-capital", "T180", "an agent is revoked whose name differs in a capital")
            .state(agent(NOW))
            .sealed_from(&child("Reporter"), Claims::new()),
        ok("agent-in-note", "T180", "a note with the agent's name names nobody")
            .state(agent(NOW))
            .sealed_from(&Chain::root(&root().note("reporter")), Claims::new()),
    ]
}

/// More than one of them.
fn several() -> Vec<Case> {
    let both = |first: (&str, &str, u64), second: (&str, &str, u64)| {
        let entry = |(bearer, name, at): (&str, &str, u64)| json!({bearer: name, "at": at});
        knows(json!({"revoked-before": [entry(first), entry(second)]}))
    };
    let (root_key, child_key) = (key_text(1), key_text(3));
    let child = || Chain::minted().delegate(Claims::new().iat(NOW).subject("reporter"));
    vec![
        ok("bearers-later", "T179 T180", "root key and agent are revoked up to one second before")
            .state(both(("root", &root_key, IAT - 1), ("agent", "reporter", IAT - 1)))
            .sealed_from(&child(), Claims::new()),
        revoked("bearers-second", "T179 T180", "of two bearers the second is revoked")
            .block(1)
            .state(both(("root", &root_key, IAT - 1), ("agent", "reporter", IAT)))
            .sealed(&child().seal(Claims::new())),
        revoked(
            "bearers-root-first",
            "T106 T179 T189",
            "the agent and the root key are revoked, and the root key is looked at first",
        )
        .block(0)
        .state(both(("agent", "reporter", IAT), ("root", &root_key, IAT)))
        .sealed(&child().seal(Claims::new())),
        revoked(
            "bearers-root-block-first",
            "T106 T180",
            "two holders' keys are revoked, and the root block's is looked at first",
        )
        .block(0)
        .state(both(("key", &child_key, IAT), ("key", &key_text(2), IAT)))
        .sealed(&child().seal(Claims::new())),
    ]
}
