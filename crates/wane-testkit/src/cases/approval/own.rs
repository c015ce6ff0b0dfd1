//! Asks of the enforcement point's own (T190 and T191), beside those of the blocks.

use serde_json::json;

use super::{ARGUMENTS, LOCAL, ONCALL, STRANGER, Statement, narrowed, no, ok, one, request, seal, sealed, with};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, root};
use crate::key::key_text;
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [alone(), beside(), bounds()].concat()
}

/// A chain that asks for nothing.
fn silent() -> Claims {
    root().aud("mail").scopes(list!["*"])
}

/// A case in which nobody has approved what the enforcement point asks for: no block is named.
fn waits(name: &str, spec: &str, comment: &str, request: Request) -> Case {
    no(name, "deny-needs-approval", spec, comment).request(request).sealed(&sealed(&silent()))
}

/// The request with these statements, for which the enforcement point asks so.
fn asking(ask: &str, statements: &[&Statement]) -> Request {
    with(statements).asking(ask)
}

/// Behind a chain without asks.
fn alone() -> Vec<Case> {
    let chain = || sealed(&silent());
    let by = |number: u8| Statement::by(number, &chain());
    let met = |name, spec, comment, request| ok(name, spec, comment).request(request).sealed(&chain());
    let bad = |name, code, spec, comment, request| no(name, code, spec, comment).request(request).sealed(&chain());
    vec![
        waits(
            "own",
            "T190",
            "the enforcement point asks, and nobody has approved",
            asking("send:* by @oncall need 1", &[]),
        ),
        met("own-approved", "T190", "the enforcement point asks, and the group has approved", {
            asking("send:* by @oncall need 1", &[&by(ONCALL[0])])
        }),
        waits(
            "own-second-action",
            "T190",
            "its ask covers the second action alone",
            asking("read:hr:* by @oncall need 1", &[]),
        ),
        met("own-not-covered", "T190", "its ask covers no action", asking("delete:* by @oncall need 1", &[])),
        met("own-key", "T170 T190", "its ask names a key", {
            asking(&format!("send:* by {} need 1", key_text(STRANGER)), &[&by(STRANGER)])
        }),
        met(
            "own-local",
            "T119 T190",
            "it asks for its own approval key",
            asking("send:* by @local need 1", &[&by(LOCAL)]),
        ),
        waits("own-second-missing", "T174 T190", "it asks for two of the group", {
            asking("send:* by @oncall need 2", &[&by(ONCALL[0])])
        }),
        met("own-two", "T174 T190", "it asks for two of the group, and two have approved", {
            asking("send:* by @oncall need 2", &[&by(ONCALL[0]), &by(ONCALL[1])])
        }),
        bad("own-group-undefined", "deny-group", "T149 T190", "its ask names a group that the roots do not define", {
            asking("send:* by @finance need 1", &[])
        }),
        met(
            "own-group-elsewhere",
            "T149 T190",
            "so does one that covers no action",
            asking("delete:* by @finance need 1", &[]),
        ),
        bad("own-other-key", "deny-approval-key", "T170 T190", "a key has approved that its ask does not name", {
            asking("send:* by @oncall need 1", &[&by(STRANGER)])
        }),
        bad("own-holder", "deny-approval-self", "T169 T190", "its ask names a key of the chain", {
            asking(&format!("send:* by {} need 1", key_text(3)), &[&by(3)])
        }),
        bad("own-other-request", "deny-approval-request", "T167 T190", "an approval of another request", {
            asking("send:* by @oncall need 1", &[&by(ONCALL[0]).elsewhere()])
        }),
        waits("own-no-ledger", "T150 T190", "without a ledger its ask is not satisfied either", {
            asking("send:* by @oncall need 1", &[&by(ONCALL[0])])
        })
        .state(json!({"local": key_text(LOCAL)})),
        bad(
            "own-denied",
            "deny-scope",
            "T152 T190",
            "what is denied is not asked for",
            asking("send:* by @oncall need 1", &[]),
        )
        .sealed(&sealed(&root().aud("mail").scopes(list!["read:*"]))),
        ok("own-no-digest", "T130 T190", "a seal for the request, whatever the enforcement point asks for")
            .request(asking("delete:* by @oncall need 1", &[]))
            .sealed(&narrowed(&silent()).seal(for_this())),
    ]
}

/// A seal that is for the request alone.
fn for_this() -> Claims {
    use crate::claims::NOW;
    let digest = request().digest(ARGUMENTS, Vec::new());
    Claims::new().cti(7).iat(NOW).exp(NOW + 60).digest(digest)
}

/// Beside asks of a block.
fn beside() -> Vec<Case> {
    let chain = || sealed(&one(list!["@oncall"], 1));
    let by = |number: u8| Statement::by(number, &chain());
    let local = |statements: &[&Statement]| asking("read:* by @local need 1", statements);
    let two = |statements: &[&Statement]| asking("send:* by @oncall need 2", statements);
    let open = |name, comment, request| no(name, "deny-needs-approval", "T106 T190", comment).request(request);
    let twice = || sealed(&one(list!["@oncall"], 2));
    let group_of_seal = || Chain::root(&silent()).delegate(Claims::new()).seal(asks_of_finance());
    vec![
        open("own-and-block", "both ask, and the block is named", local(&[])).block(0).sealed(&chain()),
        open("own-and-block-own-met", "its own ask is satisfied, that of the block is not", local(&[&by(LOCAL)]))
            .block(0)
            .sealed(&chain()),
        open("own-left", "the ask of the block is satisfied, its own is not", local(&[&by(ONCALL[0])]))
            .sealed(&chain()),
        ok("own-and-block-met", "T190", "both are satisfied, each by another key")
            .request(local(&[&by(ONCALL[0]), &by(LOCAL)]))
            .sealed(&chain()),
        ok("own-and-block-one", "T174 T190", "one approval serves the ask of the block and its own")
            .request(asking("read:* by @oncall need 1", &[&by(ONCALL[0])]))
            .sealed(&chain()),
        open("own-needs-more", "it asks the same group for more than the block does", two(&[&by(ONCALL[0])]))
            .sealed(&chain()),
        open("own-needs-less", "it asks the same group for less than the block does, and the block is named", {
            asking("send:* by @oncall need 1", &[&Statement::by(ONCALL[0], &twice())])
        })
        .block(0)
        .sealed(&twice()),
        no("own-group-after-block", "deny-group", "T106 T149 T190", "neither it nor the seal names a known group")
            .request(asking("send:* by @finance need 1", &[]))
            .block(2)
            .sealed(&group_of_seal()),
    ]
}

fn asks_of_finance() -> Claims {
    seal().ask(list![list!["send:*", list!["@finance"], 1]])
}

fn bounds() -> Vec<Case> {
    let many = |most: u64| {
        (1..=most).fold(request(), |request, need| request.asking(format!("delete:* by @oncall need {need}")))
    };
    let keys = |most: u8| (100..100 + most).map(key_text).collect::<Vec<_>>().join(", ");
    let by = |most: u8| request().asking(format!("delete:* by {} need 1", keys(most)));
    let bad =
        |name, code, comment, request| no(name, code, "T191", comment).request(request).sealed(&sealed(&silent()));
    vec![
        ok("own-64", "T191", "64 asks of the enforcement point").request(many(64)).sealed(&sealed(&silent())),
        bad("own-65", "parse-limit", "65 asks of the enforcement point", many(65)),
        ok("own-64-approvers", "T191", "an ask of 64 approvers").request(by(64)).sealed(&sealed(&silent())),
        bad("own-65-approvers", "parse-limit", "an ask of 65 approvers", by(65)),
        ok("own-65-equal", "T191", "the same ask 65 times is one")
            .request((0..65).fold(request(), |request, _| request.asking("delete:* by @oncall need 1")))
            .sealed(&sealed(&silent())),
    ]
}
