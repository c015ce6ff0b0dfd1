//! After the sample tokens of Biscuit.

use serde_json::json;

use super::{FILES, REPORT, allowed, broken, case, denied, under};
use crate::case::{Case, trusted};
use crate::cbor::Item;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, EXP, IAT, NOW, root};
use crate::key::{hint, public, sign};
use crate::list;
use crate::request::{Request, approval};

pub(super) fn cases() -> Vec<Case> {
    [chains(), who_says_what(), conditions(), more_conditions(), limits()].concat()
}

/// Three scopes, of which the next holder keeps the two that read.
fn two_files() -> Chain {
    let scopes = list!["read:files:1", "read:files:2", "write:files:1"];
    Chain::root(&root().scopes(scopes)).delegate(Claims::new().scopes(list![0, 1]))
}

fn chains() -> Vec<Case> {
    let seal = || Block::new(2, &Claims::new());
    let reordered = {
        let chain = two_files().delegate(Claims::new().deny(&["read:files:2"])).seal(Claims::new());
        let mut swapped = chain.clone();
        swapped.blocks.swap(1, 2);
        swapped
    };
    vec![
        case("biscuit-001-kept", "a block keeps two of three scopes: what it kept", "T75 T147")
            .request("read:files:1")
            .sealed_from(&two_files(), Claims::new()),
        case("biscuit-001-dropped", "a block keeps two of three scopes: what it dropped", "T75 T147")
            .refused("deny-scope")
            .request("write:files:1")
            .sealed(&two_files().seal(Claims::new())),
        broken(
            "biscuit-002-unknown",
            "a chain of a root that nobody here trusts",
            "T111",
            ("chain-unknown-root", 0),
            &Chain::behind(9).put(&Block::new(0, &root().hint(hint(9)))).seal(Claims::new()),
        ),
        broken(
            "biscuit-002-claimed",
            "the root block names the trusted root, and another key has signed it",
            "T111 T112",
            ("chain-signature", 0),
            &Chain::behind(1).put(&Block::new(0, &root()).by(9)).seal(Claims::new()),
        ),
        broken(
            "biscuit-003",
            "a signature of 16 bytes",
            "T18",
            ("parse-envelope", 1),
            &Chain::minted().put(&seal().signature(|message| sign(2, message).into_iter().take(16).collect())),
        ),
        broken(
            "biscuit-004",
            "the claims of a block are others than those that were signed",
            "T14 T112",
            ("chain-signature", 1),
            &Chain::minted().put(&seal().shape(|mut parts| {
                parts.iter_mut().skip(2).take(1).for_each(|payload| *payload = Item::Bytes(other_claims()));
                Item::List(parts)
            })),
        ),
        broken(
            "biscuit-005",
            "one bit of a signature is flipped",
            "T23 T112",
            ("chain-signature", 1),
            &Chain::minted().put(&seal().signature(|message| {
                let mut signature = sign(2, message);
                signature.iter_mut().take(1).for_each(|byte| *byte ^= 1);
                signature
            })),
        ),
        broken("biscuit-006", "two blocks have changed places", "T22 T112", ("chain-signature", 1), &reordered),
        case("biscuit-020-sealed", "a sealed chain", "T59 T109").sealed(&two_files_sealed()),
        broken(
            "biscuit-020-extended",
            "a block behind the seal",
            "T20 T109",
            ("parse-missing-claim", 1),
            &Chain::standard().put(&Block::new(2, &Claims::new()).by(2)),
        ),
        broken(
            "biscuit-036",
            "a block that says it is signed with ES256",
            "T17",
            ("parse-envelope", 1),
            &Chain::minted().put(&seal().protected(&[0xa1, 0x01, 0x26])),
        ),
    ]
}

fn other_claims() -> Vec<u8> {
    Claims::new().level(1).to_item().to_bytes()
}

fn two_files_sealed() -> Chain {
    Chain::minted().delegate(Claims::new().scopes(list![0])).seal(Claims::new())
}

/// What one block or the holder says, and whose word it then is.
fn who_says_what() -> Vec<Case> {
    let says = |name: &str, value: &str| Claims::new().said(crate::map! {name => value});
    let by_fact = |target: &str, value: &str| under(list![list![target, 1, value]]);
    let presents = |name, comment, spec, code, chain: Chain, seal| {
        let case = case(name, comment, spec).refused(code).block(0).request(REPORT).arguments("{}");
        case.sealed(&chain.seal(seal))
    };
    vec![
        presents(
            "biscuit-007",
            "the holder says what only the enforcement point may state",
            "T84 T90",
            "deny-missing-fact",
            by_fact("@owner", "alice"),
            says("owner", "alice"),
        ),
        broken(
            "biscuit-008",
            "a later block gives itself another file",
            "T74",
            ("chain-scope-wider", 1),
            &Chain::root(&root().scopes(list!["read:files:1"]))
                .delegate(Claims::new().scopes(list![0, list![0, "read:files:2"]]))
                .seal(Claims::new()),
        ),
        case("biscuit-009", "a later block has ended the time of the first", "T40 T137")
            .refused("deny-expired")
            .now(NOW)
            .sealed(&Chain::minted().delegate(Claims::new().exp(IAT + 30)).seal(Claims::new())),
        case("biscuit-010", "the verifier's own conditions are judged as well", "T115 T148")
            .refused("deny-ceiling")
            .roots_file([trusted(1), vec!["scopes = [\"read:* if path under /data\"]".to_owned()]].concat())
            .request(REPORT)
            .arguments(r#"{"path":"/etc/passwd"}"#)
            .sealed(&Chain::root(&root().scopes(list!["read:*"])).seal(Claims::new())),
        case("biscuit-011", "another file than the root block grants", "T147")
            .refused("deny-scope")
            .request("read:files:2")
            .sealed(&Chain::root(&root().scopes(list!["read:files:1"])).seal(Claims::new())),
        presents(
            "biscuit-016",
            "the holder says a fact that is called like an argument",
            "T84 T90",
            "deny-missing-argument",
            by_fact("/resource", "hello"),
            says("resource", "hello"),
        ),
        case("biscuit-019", "the holder says another operation than the enforcement point states", "T89 T90")
            .refused("deny-condition")
            .block(0)
            .request(Request::from(REPORT).fact("operation", "write"))
            .sealed(&by_fact("@operation", "read").seal(says("operation", "read"))),
        broken(
            "biscuit-023",
            "a block between says a fact for those behind it",
            "T29",
            ("parse-misplaced-claim", 1),
            &Chain::minted().delegate(says("block", "1")).seal(Claims::new()),
        ),
    ]
}

fn conditions() -> Vec<Case> {
    let file_1 = || under(list![list!["/resource", 1, "file1"]]);
    let glob = || under(list![list!["/resource", 6, "file*.txt"]]);
    let either = || {
        Chain::root(&root().scopes(list![
            list![FILES, list![list!["/resource", 1, "file1"]]],
            list![FILES, list![list!["/resource", 1, "file2"]]],
        ]))
    };
    let letters = || under(list![list!["/operations", 2, list!["A", "B"]]]);
    let denial = ("deny-condition", 0);
    vec![
        allowed(
            "biscuit-012-file1",
            "a condition of the root block holds",
            "T89",
            &file_1(),
            r#"{"resource":"file1"}"#,
        ),
        denied(
            "biscuit-012-file2",
            "a condition of the root block fails",
            "T89",
            denial,
            &file_1(),
            r#"{"resource":"file2"}"#,
        ),
        allowed("biscuit-014-fits", "a name that fits a glob", "T89", &glob(), r#"{"resource":"file123.txt"}"#),
        denied(
            "biscuit-014-differs",
            "a name that does not fit a glob",
            "T89",
            denial,
            &glob(),
            r#"{"resource":"file1"}"#,
        ),
        allowed("biscuit-015", "the second of two scopes allows it", "T147", &either(), r#"{"resource":"file2"}"#),
        allowed(
            "biscuit-021",
            "a text with an accent, a tab and a character beyond the first plane",
            "T89",
            &under(list![list!["/fact", 1, "hello \u{e9}\t\u{1f601}"]]),
            "{\"fact\":\"hello \\u00e9\\t\\ud83d\\ude01\"}",
        ),
        allowed(
            "biscuit-025-all",
            "every element is one of those named",
            "T86",
            &letters(),
            r#"{"operations":["A","B"]}"#,
        ),
        denied(
            "biscuit-025-one",
            "one element is not named",
            "T86",
            denial,
            &letters(),
            r#"{"operations":["A","invalid"]}"#,
        ),
        denied(
            "biscuit-025-none",
            "there is no element",
            "T86",
            ("deny-argument-shape", 0),
            &letters(),
            r#"{"operations":[]}"#,
        ),
    ]
}

fn more_conditions() -> Vec<Case> {
    let null = || under(list![list!["/value", 1, Item::NULL]]);
    let one = || under(list![list!["/value", 1, 1]]);
    let few = || under(list![list!["/tags", 5, 3]]);
    let other = ("deny-argument-type", 0);
    let second =
        || {
            Chain::root(&root().scopes(list![
                list![FILES, list![list!["/value", 1, 12]]],
                list![FILES, list![list!["/value", 1, true]]]
            ]))
        };
    vec![
        broken(
            "biscuit-018",
            "a condition of an operator that is not known",
            "T79",
            ("parse-condition", 0),
            &under(list![list!["/value", 13, 1]]).seal(Claims::new()),
        ),
        allowed("biscuit-030-null", "null is null", "T85 T88", &null(), r#"{"value":null}"#),
        denied("biscuit-030-one", "1 is not null", "T88", other, &null(), r#"{"value":1}"#),
        denied("biscuit-030-absent", "what is absent is not null", "T84", ("deny-missing-argument", 0), &null(), "{}"),
        allowed("biscuit-031-same", "1 is 1", "T88", &one(), r#"{"value":1}"#),
        denied("biscuit-031-other", "1 is not 3", "T89", ("deny-condition", 0), &one(), r#"{"value":3}"#),
        denied("biscuit-031-text", "a text that looks like 1 is not 1", "T88", other, &one(), r#"{"value":"1"}"#),
        denied("biscuit-031-true", "true is not 1", "T88", other, &one(), r#"{"value":true}"#),
        allowed("biscuit-034-few", "as many elements as may be", "T86", &few(), r#"{"tags":["a","b","c"]}"#),
        denied(
            "biscuit-034-more",
            "one element more",
            "T86 T89",
            ("deny-condition", 0),
            &few(),
            r#"{"tags":["a","b","c","d"]}"#,
        ),
        allowed(
            "biscuit-038",
            "the first of two scopes compares with another type, the second allows it",
            "T88 T147",
            &second(),
            r#"{"value":true}"#,
        ),
    ]
}

fn limits() -> Vec<Case> {
    let ledger = |spent: u64| json!({"ledger": {"id": "5e".repeat(16), "blocks": [{"spent": {"calls": spent}}]}});
    let most = 9_007_199_254_740_991;
    let capped = Chain::root(&root().ledger(0x5e).budgets(&[("calls", most)]));
    let approved = Chain::root(&root().ask(list![list!["read:hr:*", list![public(0x52)], 1]]));
    let asked = Request::from("read:hr:employees");
    let statement = approval(0x52, approved.id(0), asked.digest("{}", Vec::new()), &["read:hr:employees"]);
    vec![
        case("biscuit-024-asked", "a third party must agree, and has not", "T150")
            .refused("deny-needs-approval")
            .block(0)
            .state(ledger(0))
            .sealed(&approved.clone().seal(Claims::new())),
        case("biscuit-024-agreed", "a third party has agreed to this request", "T150 T174")
            .request(asked.approved(statement))
            .state(ledger(0))
            .sealed(&approved.seal(Claims::new())),
        case("biscuit-027-sum", "what was spent and this cost are more than 64 bits hold", "T187")
            .refused("deny-budget")
            .block(0)
            .request(Request::from("read:hr:employees").cost("calls", u64::MAX))
            .state(ledger(1))
            .sealed(&capped.seal(Claims::new())),
        case("biscuit-027-integer", "an integer that a double does not keep", "T126")
            .refused("parse-json-number")
            .request(REPORT)
            .arguments(r#"{"value":9223372036854775808}"#)
            .sealed(&Chain::standard()),
        case("biscuit-029-passed", "a deny pattern that does not cover the action", "T146").sealed_from(
            &Chain::minted().delegate(Claims::new().deny(&["read:hr:salaries"])),
            Claims::new().exp(EXP - 1),
        ),
        case("biscuit-029-denied", "a deny pattern that covers the action", "T146 T152")
            .refused("deny-pattern")
            .block(1)
            .request("read:hr:salaries")
            .sealed(&Chain::minted().delegate(Claims::new().deny(&["read:hr:salaries"])).seal(Claims::new())),
    ]
}
