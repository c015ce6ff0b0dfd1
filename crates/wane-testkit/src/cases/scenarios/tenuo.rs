//! After the published vectors of Tenuo, A.1 to A.25.

use serde_json::json;

use super::{FILES, REPORT, allowed, broken, case, denied, under};
use crate::case::{Case, trusted};
use crate::cbor::Item;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, EXP, IAT, NOW, root};
use crate::key::public;
use crate::list;
use crate::request::{Request, approval};

pub(super) fn cases() -> Vec<Case> {
    [chains(), links(), limits(), state(), conditions(), more_conditions()].concat()
}

/// An issuer's token: the root block opens no session, the delegate block does.
fn issued(claims: Claims) -> Chain {
    Chain::root(&root().without_private(1)).delegate(claims.session().iat(IAT + 1))
}

fn issuers() -> Vec<String> {
    [trusted(1), vec!["issuer = true".to_owned()]].concat()
}

/// `path` under a directory, then a directory in it, then one file there.
fn three_levels() -> Chain {
    let path = |operator: u64, operand: Item| list![list![0, Item::NULL, list![list!["/path", operator, operand]]]];
    under(list![list!["/path", 7, list!["/data"]]])
        .delegate(Claims::new().scopes(path(7, list!["/data/reports"])))
        .delegate(Claims::new().scopes(path(1, "/data/reports/q3.pdf".into())))
}

fn chains() -> Vec<Case> {
    vec![
        case("tenuo-01", "the least that is allowed: one scope, no condition", "T147")
            .request(REPORT)
            .sealed_from(&Chain::root(&root().scopes(list![FILES])), Claims::new()),
        case("tenuo-02-issuer", "a root block without a session, whose holder opens one", "T51 T53")
            .roots_file(issuers())
            .sealed_from(&issued(Claims::new()), Claims::new()),
        broken(
            "tenuo-02-no-issuer",
            "the same where the root is no issuer",
            "T51",
            ("chain-issuer", 0),
            &issued(Claims::new()).seal(Claims::new()),
        ),
        allowed(
            "tenuo-03-file",
            "each of three blocks narrows the path further: the one file left",
            "T76",
            &three_levels(),
            r#"{"path":"/data/reports/q3.pdf"}"#,
        ),
        denied(
            "tenuo-03-other",
            "each of three blocks narrows the path further: another file",
            "T76 T89",
            ("deny-condition", 2),
            &three_levels(),
            r#"{"path":"/data/reports/q2.pdf"}"#,
        ),
        case("tenuo-06", "the holder proves that it has the key, for this one request", "T62 T140")
            .request(Request::from("read:hr:employees").request_seal())
            .sealed_from(&Chain::minted(), for_one_request()),
    ]
}

fn for_one_request() -> Claims {
    let digest = Request::from("read:hr:employees").digest("{}", Vec::new());
    Claims::new().cti(6).iat(NOW).exp(NOW + 300).digest(digest)
}

/// Who signed what behind what.
fn links() -> Vec<Case> {
    let signature = |block| ("chain-signature", block);
    let other_session = Chain::root(&root().note("another session"));
    vec![
        broken(
            "tenuo-04",
            "a block by somebody who does not hold the token",
            "T58 T112",
            signature(1),
            &Chain::minted().put(&Block::new(1, &Claims::new().cnf(4)).by(3)).seal(Claims::new()),
        ),
        broken(
            "tenuo-12",
            "a block that is signed behind another id than the one before it has",
            "T22 T112",
            signature(1),
            &Chain::minted().put(&Block::new(1, &Claims::new().cnf(3)).behind([0; 32])).seal(Claims::new()),
        ),
        broken(
            "tenuo-14",
            "a root block like the good one, signed by an attacker's key",
            "T112",
            signature(0),
            &Chain::behind(1).put(&Block::new(0, &root()).by(0xff)).seal(Claims::new()),
        ),
        case("tenuo-16", "a holder names its own key again: allowed here, for the key gains nothing", "T57 T58")
            .sealed_from(&Chain::minted().delegate(Claims::new().cnf(2)), Claims::new()),
        broken(
            "tenuo-20",
            "a seal for one request by a key that does not hold the token",
            "T58 T112",
            signature(1),
            &Chain::minted().put(&Block::new(2, &for_one_request()).by(0xff)),
        ),
        broken(
            "tenuo-23-spliced",
            "the root block of one session, and the block behind that of another",
            "T22 T112",
            signature(1),
            &Chain {
                blocks: Chain::minted().blocks.into_iter().chain(behind_the_first(other_session)).collect(),
                ..Chain::minted()
            },
        ),
        broken(
            "tenuo-23-second",
            "a later block opens a session where one is open",
            "T49",
            ("chain-second-session", 1),
            &Chain::minted().delegate(Claims::new().session().iat(IAT + 1)).seal(Claims::new()),
        ),
    ]
}

fn behind_the_first(chain: Chain) -> impl Iterator<Item = Item> {
    chain.delegate(Claims::new()).seal(Claims::new()).blocks.into_iter().skip(1)
}

fn limits() -> Vec<Case> {
    let narrowed = |claims| Chain::minted().delegate(claims).seal(Claims::new());
    let reports = Chain::root(&root().scopes(list!["read:data:reports:*"]));
    vec![
        case("tenuo-05", "a token of one second, when it has passed", "T137")
            .refused("deny-expired")
            .now(IAT + 1)
            .sealed(&Chain::root(&root().exp(IAT + 1)).seal(Claims::new())),
        broken(
            "tenuo-07",
            "a claim of somebody's own",
            "T28",
            ("parse-unknown-claim", 0),
            &Chain::root(&root().set("com.example.trace", "request-12345")).seal(Claims::new()),
        ),
        broken(
            "tenuo-09-1",
            "one delegation more than the root block allows",
            "T44",
            ("chain-depth", 2),
            &Chain::root(&root().depth(1)).delegate(Claims::new()).delegate(Claims::new()).seal(Claims::new()),
        ),
        broken(
            "tenuo-09-2",
            "a condition of an operator from a range for experiments",
            "T79",
            ("parse-condition", 0),
            &under(list![list!["/path", 128, "data"]]).seal(Claims::new()),
        ),
        broken(
            "tenuo-09-3",
            "a claim that stands twice",
            "T9",
            ("parse-duplicate-key", 0),
            &Chain::root(&root().also(4, EXP)).seal(Claims::new()),
        ),
        broken(
            "tenuo-10",
            "a block that states as much depth as the one before it",
            "T44",
            ("chain-depth", 1),
            &Chain::root(&root().depth(3)).delegate(Claims::new().depth(3)).seal(Claims::new()),
        ),
        broken(
            "tenuo-11",
            "a block that widens the pattern of its scope",
            "T39 T74",
            ("chain-scope-wider", 1),
            &reports.delegate(Claims::new().scopes(list![list![0, "read:data:*"]])).seal(Claims::new()),
        ),
        broken(
            "tenuo-13",
            "a block that lives an hour longer",
            "T40",
            ("chain-expiry", 1),
            &narrowed(Claims::new().exp(EXP + 3_600)),
        ),
        case("tenuo-15", "an issuer's token, of which a session is opened beyond its scopes", "T74")
            .refused("chain-scope-wider")
            .block(1)
            .roots_file(issuers())
            .sealed(&issued(Claims::new().scopes(list![list![1, "write:mail:*"]])).seal(Claims::new())),
        broken(
            "tenuo-17",
            "a block with a higher clearance",
            "T39",
            ("chain-clearance", 1),
            &Chain::root(&root().clearance(2)).delegate(Claims::new().clearance(3)).seal(Claims::new()),
        ),
    ]
}

/// What a ledger knows, and who must agree.
fn state() -> Vec<Case> {
    let ledger = |blocks| json!({"ledger": {"id": "5e".repeat(16), "blocks": blocks}});
    let two_of_three =
        || Chain::root(&root().ask(list![list!["read:hr:*", list![public(0x11), public(0x12), public(0x13)], 2]]));
    let asked = Request::from("read:hr:employees");
    let statement =
        |approver| approval(approver, two_of_three().id(0), asked.digest("{}", Vec::new()), &["read:hr:employees"]);
    let needed = |name, comment| {
        case(name, comment, "T150 T174").refused("deny-needs-approval").block(0).state(ledger(json!([])))
    };
    let sealed = two_of_three().seal(Claims::new());
    vec![
        case("tenuo-09-4", "a block that was revoked", "T178")
            .refused("state-revoked")
            .block(0)
            .state(ledger(json!([{"revoked": true}])))
            .sealed(&Chain::standard()),
        case("tenuo-22", "a block between that was revoked, and with it what was handed on", "T178")
            .refused("state-revoked")
            .block(1)
            .state(ledger(json!([{}, {"revoked": true}])))
            .sealed(&Chain::delegated().seal(Claims::new())),
        case("tenuo-24", "the statement of an approver, read and not yet believed", "T163")
            .plain("approval", statement(0x11)),
        needed("tenuo-18", "approvers are named, and nobody has approved").sealed(&sealed),
        case("tenuo-21-1", "two of three have approved", "T150 T174")
            .request(asked.clone().approved(statement(0x11)).approved(statement(0x13)))
            .state(ledger(json!([])))
            .sealed(&sealed),
        needed("tenuo-21-2", "one of two that are needed has approved")
            .request(asked.clone().approved(statement(0x11)))
            .sealed(&sealed),
    ]
}

const FAILS: (&str, usize) = ("deny-condition", 0);

fn conditions() -> Vec<Case> {
    let range = || under(list![list!["/count", 4, 0], list!["/count", 3, 100]]);
    let one_of = || under(list![list!["/env", 2, list!["staging", "production"]]]);
    let network = || under(list![list!["/ip", 10, list!["10.0.0.0/8"]]]);
    let host = || under(list![list!["/url", 8, list!["api.example.com"]]]);
    let workspace = || under(list![list!["/path", 7, list!["/home/agent/workspace"]]]);
    vec![
        allowed(
            "tenuo-19-1-within",
            "a number within a range, written as a fraction",
            "T89 T126",
            &range(),
            r#"{"count":50.0}"#,
        ),
        denied("tenuo-19-1-above", "a number above a range", "T89", FAILS, &range(), r#"{"count":150.0}"#),
        allowed("tenuo-19-2-one", "one of two texts", "T89", &one_of(), r#"{"env":"staging"}"#),
        denied("tenuo-19-2-other", "none of two texts", "T89", FAILS, &one_of(), r#"{"env":"development"}"#),
        allowed("tenuo-19-3-inside", "an address in a network", "T97", &network(), r#"{"ip":"10.1.2.3"}"#),
        denied(
            "tenuo-19-3-outside",
            "an address in no such network",
            "T89 T97",
            FAILS,
            &network(),
            r#"{"ip":"192.168.1.1"}"#,
        ),
        allowed(
            "tenuo-25-1-host",
            "a url at the one host",
            "T95",
            &host(),
            r#"{"url":"https://api.example.com/data"}"#,
        ),
        denied(
            "tenuo-25-1-metadata",
            "the address where clouds keep their credentials",
            "T89 T95",
            FAILS,
            &host(),
            r#"{"url":"http://169.254.169.254/"}"#,
        ),
        allowed(
            "tenuo-25-2-inside",
            "a path in a directory",
            "T92",
            &workspace(),
            r#"{"path":"/home/agent/workspace/file.txt"}"#,
        ),
        denied(
            "tenuo-25-2-outside",
            "a path that climbs out of a directory",
            "T91",
            ("deny-path", 0),
            &workspace(),
            r#"{"path":"/home/agent/workspace/../../../etc/passwd"}"#,
        ),
    ]
}

fn more_conditions() -> Vec<Case> {
    let subset = || under(list![list!["/permissions", 2, list!["read", "write"]]]);
    let endpoint = || under(list![list!["/endpoint", 9, "https"], list!["/endpoint", 8, list!["api.example.com"]]]);
    let both = || under(list![list!["/amount", 3, 1_000], list!["/currency", 1, "USD"]]);
    let either = || {
        let folder = |folder: &str| list![FILES, list![list!["/path", 7, list![folder]]]];
        Chain::root(&root().scopes(list![folder("/public"), folder("/shared")]))
    };
    vec![
        allowed(
            "tenuo-25-4-all",
            "all elements are among those named",
            "T86",
            &subset(),
            r#"{"permissions":["read","write"]}"#,
        ),
        denied(
            "tenuo-25-4-one",
            "one element is not",
            "T86 T89",
            FAILS,
            &subset(),
            r#"{"permissions":["read","admin"]}"#,
        ),
        allowed(
            "tenuo-25-5-same",
            "scheme and host of a url",
            "T95 T96",
            &endpoint(),
            r#"{"endpoint":"https://api.example.com/v1/users"}"#,
        ),
        denied(
            "tenuo-25-5-other",
            "the scheme is right, the host another",
            "T89 T95",
            FAILS,
            &endpoint(),
            r#"{"endpoint":"https://evil.example/api"}"#,
        ),
        allowed("tenuo-25-6-both", "two conditions hold", "T76", &both(), r#"{"amount":500,"currency":"USD"}"#),
        denied(
            "tenuo-25-6-one",
            "one of two conditions holds",
            "T76 T89",
            FAILS,
            &both(),
            r#"{"amount":500,"currency":"GBP"}"#,
        ),
        allowed(
            "tenuo-25-7-first",
            "the first of two scopes allows it",
            "T147",
            &either(),
            r#"{"path":"/public/readme.txt"}"#,
        ),
        allowed(
            "tenuo-25-7-second",
            "the second of two scopes allows it",
            "T147",
            &either(),
            r#"{"path":"/shared/data.json"}"#,
        ),
        denied(
            "tenuo-25-7-none",
            "neither of two scopes allows it",
            "T89 T147",
            FAILS,
            &either(),
            r#"{"path":"/private/secret.txt"}"#,
        ),
    ]
}
