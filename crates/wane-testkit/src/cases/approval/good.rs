//! Genuine statements, good for this request or not: one fault each, and the last one that is still good (T166 to T175).

use serde_json::{Value, json};

use super::{ACTIONS, ONCALL, STRANGER, Statement, knows, narrowed, no, ok, one, seal, sealed, standard, with};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, NOW};
use crate::key::{public, sha256};
use crate::list;
use crate::text::hex;

pub(super) fn cases() -> Vec<Case> {
    [what(), whose(), when(), known()].concat()
}

fn good() -> Statement {
    Statement::by(ONCALL[0], &standard())
}

fn accepted(name: &str, spec: &str, comment: &str, statement: &Statement) -> Case {
    ok(name, spec, comment).request(with(&[statement])).sealed(&standard())
}

fn refused(name: &str, code: &str, spec: &str, comment: &str, statement: &Statement) -> Case {
    no(name, code, spec, comment).request(with(&[statement])).sealed(&standard())
}

/// For which chain, request and actions.
fn what() -> Vec<Case> {
    let behind = |last: [u8; 32]| Statement { last, ..good() };
    let chain = |name, comment, last| refused(name, "deny-approval-chain", "T164 T166", comment, &behind(last));
    let actions = |name, comment, actions: &[&str]| {
        refused(name, "deny-approval-actions", "T168", comment, &good().actions(actions))
    };
    let said = super::request().digest(super::ARGUMENTS, vec![]);
    let other_seal = narrowed(&one(list!["@oncall"], 1)).seal(seal().exp(NOW + 60));
    vec![
        chain("behind-another", "signed behind a block of another chain", sha256(&[b"another chain"])),
        chain("behind-root-block", "signed behind the root block, not the last one before the seal", standard().id(0)),
        chain("behind-seal", "signed behind the seal", standard().id(2)),
        ok("behind-other-seal", "T164 T166", "the chain is sealed once more, and the statement serves for it as well")
            .request(with(&[&good()]))
            .sealed(&other_seal),
        refused("other-request", "deny-approval-request", "T167", "for another request", &good().elsewhere()),
        refused(
            "other-request-said",
            "deny-approval-request",
            "T130 T167",
            "for the request without the facts that the seal states",
            &good().with(|claims| claims.digest(said)),
        ),
        actions("actions-fewer", "one of two actions", &ACTIONS[..1]),
        actions("actions-more", "one action more", &[ACTIONS[0], ACTIONS[1], "delete:hr:salaries"]),
        actions("actions-order", "the same actions in another order", &[ACTIONS[1], ACTIONS[0]]),
        actions("actions-other", "another action in place of the second", &[ACTIONS[0], "read:hr:bonuses"]),
    ]
}

/// By whom.
fn whose() -> Vec<Case> {
    let chain_key = |name, comment, number| {
        refused(name, "deny-approval-self", "T169", comment, &Statement::by(number, &standard()))
    };
    let of_holder = || sealed(&one(list![public(3), "@oncall"], 1));
    let of_root = || sealed(&one(list![public(1)], 1));
    let deep = || {
        let chain = Chain::root(&one(list!["@oncall"], 1)).delegate(Claims::new().cnf(ONCALL[0]));
        chain.delegate(Claims::new()).seal(seal())
    };
    let behind_deep = |number: u8| Statement { last: deep().id(2), ..Statement::by(number, &standard()) };
    let own = |name, comment, number: u8, chain: Chain| {
        let statement = Statement::by(number, &chain);
        no(name, "deny-approval-self", "T169", comment).request(with(&[&statement])).sealed(&chain)
    };
    vec![
        chain_key("self-root", "by the root key", 1),
        chain_key("self-parent", "by the key that the root block names", 2),
        chain_key("self-holder", "by the key that signed the seal", 3),
        own("self-named", "by the key that signed the seal, which the ask names", 3, of_holder()),
        own("self-root-named", "by the root key, which the ask names", 1, of_root()),
        no("self-in-group", "deny-approval-self", "T169", "one of the group holds a block of the chain, and approves")
            .request(with(&[&behind_deep(ONCALL[0])]))
            .sealed(&deep()),
        ok("self-beside-group", "T169", "one of the group holds a block of the chain, and another one approves")
            .request(with(&[&behind_deep(ONCALL[1])]))
            .sealed(&deep()),
        refused(
            "stranger",
            "deny-approval-key",
            "T170",
            "by a key that no ask names",
            &Statement::by(STRANGER, &standard()),
        ),
        no("not-asked", "deny-approval-key", "T170", "by one of the group, and no ask covers an action")
            .request(with(&[&Statement::by(ONCALL[0], &not_asked())]))
            .sealed(&not_asked()),
        no("good-and-stranger", "deny-approval-key", "T170", "one that is not good is never passed over")
            .request(with(&[&good(), &Statement::by(STRANGER, &standard())]))
            .sealed(&standard()),
    ]
}

fn not_asked() -> Chain {
    sealed(&super::asking(list![list!["delete:*", list!["@oncall"], 1]]))
}

/// Its times.
fn when() -> Vec<Case> {
    let fits = |name, spec, comment, iat, exp| accepted(name, spec, comment, &good().times(iat, exp));
    let lifetime =
        |name, comment, iat, exp| refused(name, "deny-approval-lifetime", "T165", comment, &good().times(iat, exp));
    let at =
        |name: &str, code, spec, comment: &str, iat, exp| refused(name, code, spec, comment, &good().times(iat, exp));
    vec![
        fits("an-hour", "T165", "exp one hour after iat", NOW, NOW + 3_600),
        lifetime("over-an-hour", "exp one hour and a second after iat", NOW, NOW + 3_601),
        fits("a-second", "T165", "exp one second after iat", NOW + 10, NOW + 11),
        lifetime("no-time", "exp is iat", NOW + 10, NOW + 10),
        lifetime("backwards", "exp one second before iat", NOW + 10, NOW + 9),
        fits("soon", "T171", "iat 30 seconds ahead", NOW + 30, NOW + 60),
        at("future", "deny-approval-future", "T171", "iat 31 seconds ahead", NOW + 31, NOW + 60),
        fits("last-second", "T172", "exp one second ahead", NOW - 60, NOW + 1),
        at("expired", "deny-approval-expired", "T172", "exp is now", NOW - 60, NOW),
        at("expired-leeway", "deny-approval-expired", "T172", "exp was one second before now", NOW - 60, NOW - 1),
        fits("before-root-block", "T165 T172", "signed before the root block was issued", NOW - 120, NOW + 60),
    ]
}

/// What the ledger knows of it.
fn known() -> Vec<Case> {
    let used = |ids: &[[u8; 32]]| knows(json!({"used": ids.iter().map(|id| hex(id)).collect::<Vec<_>>()}));
    let collected = |time: u64| knows(json!({"collected": time}));
    let case = |case: Case, state: Value| case.state(state).request(with(&[&good()])).sealed(&standard());
    let second = Statement::by(ONCALL[1], &standard());
    vec![
        case(no("used", "state-approval-used", "T175", "its id has served"), used(&[good().id()])),
        case(ok("used-another", "T175", "another one's id has served"), used(&[second.id(), standard().id(2)])),
        ok("used-signed-again", "T175", "an earlier statement of the same key has served")
            .state(used(&[good().times(NOW - 1, NOW + 600).id()]))
            .request(with(&[&good()]))
            .sealed(&standard()),
        no("used-beside-fresh", "state-approval-used", "T175", "one has served, and another one would suffice")
            .state(used(&[good().id()]))
            .request(with(&[&second, &good()]))
            .sealed(&standard()),
        case(
            no("collected", "state-collected", "T173 S57", "the ledger has forgotten up to its exp"),
            collected(NOW + 600),
        ),
        case(ok("collected-before", "T173", "the ledger has forgotten up to one second before its exp"), {
            collected(NOW + 599)
        }),
    ]
}
