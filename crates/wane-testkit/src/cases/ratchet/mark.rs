//! Where the mark comes from, and how it joins (steps 8 and 10).

use serde_json::{Value, json};

use super::{all, any, at, no, ok};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::Claims;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [sources(), joined(), full()].concat()
}

/// Each source alone makes the mark confidential, at which `write` survives and `send` does not.
fn sources() -> Vec<Case> {
    let level = || Claims::new().level(2);
    let chains: Vec<(&str, &str, Chain, Claims)> = vec![
        ("root-block", "the root block states the level", Chain::root(&all().level(2)), Claims::new()),
        ("delegate", "a delegate block states the level", any().delegate(level()), Claims::new()),
        ("seal", "the seal states the level", any(), level()),
        (
            "kept",
            "the root block states the level, later blocks none",
            Chain::root(&all().level(2)).delegate(Claims::new()).delegate(Claims::new()),
            Claims::new(),
        ),
        (
            "raised",
            "a delegate block raises the root block's level",
            { Chain::root(&all().level(1)).delegate(level()) },
            Claims::new(),
        ),
    ];
    let both = |name: &str, comment: &str, chain: &Chain, seal: &Claims, dress: &dyn Fn(Case) -> Case| {
        let falls = no(&format!("mark-of-{name}"), "deny-ratchet", "T132 T133", comment).request("send:a");
        let stays = ok(&format!("mark-of-{name}-kept"), "T132 T133", &format!("{comment}, and the action survives"));
        [
            dress(falls).sealed(&chain.clone().seal(seal.clone())),
            dress(stays.request("write:a")).sealed_from(chain, seal.clone()),
        ]
    };
    let mut cases: Vec<Case> =
        chains.iter().flat_map(|(name, comment, chain, seal)| both(name, comment, chain, seal, &|case| case)).collect();
    let states: [(&str, &str, Value); 2] = [
        ("live-state", "the enforcement point remembers the level", json!({"level": "confidential"})),
        ("live-state-and-ledger", "the enforcement point remembers the level, and the ledger knows nothing", {
            json!({"level": "confidential", "ledger": {"id": "5e".repeat(16)}})
        }),
    ];
    for (name, comment, state) in states {
        cases.extend(both(name, comment, &any(), &Claims::new(), &|case| case.state(state.clone())));
    }
    cases.extend(both("root-entry", "the root entry states the level", &any(), &Claims::new(), &|case| {
        case.spec("T117 T132").root_line("level = \"confidential\"")
    }));
    cases
}

/// The level from one source, the label from another: together `write` does not survive.
fn joined() -> Vec<Case> {
    let label = || Claims::new().labels(&["untrusted"]);
    let write = || Request::from("write:a");
    let confidential = || at("confidential", "write:a");
    let falls = |name, comment| no(name, "deny-ratchet", "T132 T133", comment);
    let stays = |name, comment| ok(name, "T132 T133", comment);
    let entry = "labels = [\"untrusted\"]";
    vec![
        falls("join-root-block", "the label of the root block and the level of the request")
            .request(confidential())
            .sealed(&Chain::root(&all().labels(&["untrusted"])).seal(Claims::new())),
        falls("join-delegate", "the label of a delegate block and the level of the root block")
            .request(write())
            .sealed(&Chain::root(&all().level(2)).delegate(label()).seal(Claims::new())),
        falls("join-seal", "the label of the seal and the level of the request")
            .request(confidential())
            .sealed(&any().seal(label())),
        stays("join-seal-other-label", "another label of the seal and the level of the request")
            .request(confidential())
            .sealed_from(&any(), Claims::new().labels(&["pii"])),
        falls("join-root-entry", "the label of the root entry and the level of the request")
            .root_line(entry)
            .request(confidential())
            .sealed(&any().seal(Claims::new())),
        stays("join-root-entry-alone", "the label of the root entry at a lower level")
            .root_line(entry)
            .request(at("internal", "write:a"))
            .sealed_from(&any(), Claims::new()),
        falls("join-live-state", "the label that the enforcement point remembers and the level of the request")
            .state(json!({"labels": ["untrusted"]}))
            .request(confidential())
            .sealed(&any().seal(Claims::new())),
        falls("join-request", "the level of the root block and the label of the request")
            .request(write().label("untrusted"))
            .sealed(&Chain::root(&all().level(2)).seal(Claims::new())),
        falls("join-labels-kept", "the label of the root block stays when a later block states another")
            .request(confidential())
            .sealed(
                &Chain::root(&all().labels(&["untrusted"]))
                    .delegate(Claims::new().labels(&["pii"]))
                    .seal(Claims::new()),
            ),
        falls("join-lower-request", "a public request does not lower the level of the root block")
            .request(at("public", "send:a"))
            .sealed(&Chain::root(&all().level(3)).seal(Claims::new())),
        falls("join-lower-state", "a lower level in the live state does not lower that of the root block")
            .request("send:a")
            .state(json!({"level": "internal"}))
            .sealed(&Chain::root(&all().level(2)).seal(Claims::new())),
        falls("join-lower-entry", "a lower level of the root entry does not lower that of the request")
            .root_line("level = \"internal\"")
            .request(at("confidential", "send:a"))
            .sealed(&any().seal(Claims::new())),
    ]
}

/// At most 16 labels.
fn full() -> Vec<Case> {
    let names = |count: usize| (0..count).map(|n| format!("label-{n:02}")).collect::<Vec<_>>();
    let sixteen = names(16);
    let block = Chain::root(&all().labels(&sixteen.iter().map(String::as_str).collect::<Vec<_>>()));
    let request =
        |labels: &[String]| labels.iter().fold(Request::from("read:a"), |request, label| request.label(label));
    let over = |name, comment| no(name, "deny-labels", "T143", comment);
    vec![
        ok("labels-16", "T143", "16 labels of the request")
            .request(request(&sixteen))
            .sealed_from(&any(), Claims::new()),
        over("labels-17", "17 labels of the request").request(request(&names(17))).sealed(&any().seal(Claims::new())),
        ok("labels-16-joined", "T143", "16 labels of the root block, and some of them again in request and state")
            .request(request(&names(3)))
            .state(json!({"labels": names(16)}))
            .sealed_from(&block, Claims::new()),
        over("labels-of-request", "16 labels of the root block, and another one of the request")
            .request(request(&["other".to_owned()]))
            .sealed(&block.clone().seal(Claims::new())),
        over("labels-of-delegate", "16 labels of the root block, and another one of a delegate block")
            .request("read:a")
            .sealed(&block.clone().delegate(Claims::new().labels(&["other"])).seal(Claims::new())),
        over("labels-of-seal", "16 labels of the root block, and another one of the seal")
            .request("read:a")
            .sealed(&block.clone().seal(Claims::new().labels(&["other"]))),
        over("labels-of-root-entry", "16 labels of the root block, and another one of the root entry")
            .root_line("labels = [\"other\"]")
            .request("read:a")
            .sealed(&block.clone().seal(Claims::new())),
        over("labels-of-state", "16 labels of the root block, and another one in the live state")
            .state(json!({"labels": ["other"]}))
            .request("read:a")
            .sealed(&block.seal(Claims::new())),
    ]
}
