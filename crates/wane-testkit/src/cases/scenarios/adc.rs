//! After the vectors of the agent delegation chain drafts (attenu-guard), of the first and of the second revision.

use serde_json::json;

use super::{FILES, REPORT, allowed, broken, case, denied, under};
use crate::case::Case;
use crate::cbor::Item;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, EXP, IAT, NOW, root};
use crate::key::small_order;
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [chains(), patterns(), numbers(), claims(), budgets()].concat()
}

/// `crm:*` and `send:mail`, then `crm:read` with at most 5,000 rows, then with at most 100; each lives shorter.
fn three_agents(last_rows: u64) -> Chain {
    let rows = |index: u64, rows: u64| list![list![index, Item::NULL, list![list!["/max_rows", 3, rows]]]];
    Chain::root(&root().subject("orchestrator").scopes(list!["read:crm:*", "send:mail"]))
        .delegate(Claims::new().subject("summarizer").exp(IAT + 900).scopes(rows(0, 5_000)))
        .delegate(Claims::new().subject("formatter").exp(IAT + 300).scopes(rows(0, last_rows)))
}

fn asked(case: Case, rows: u64) -> Case {
    case.request("read:crm:contacts").arguments(&format!("{{\"max_rows\":{rows}}}"))
}

fn chains() -> Vec<Case> {
    let other = Chain::root(&root().scopes(list!["*"]));
    let loosened = case("adc-loosened", "a block states a looser bound: the one before it still holds", "T76 T89")
        .refused("deny-condition")
        .block(1)
        .sealed(&three_agents(10_000_000).seal(Claims::new()));
    let reissued = |note: &str| Chain::minted().delegate(Claims::new().cti(1).note(note));
    let spliced = |head: Chain, tail: Chain, kept: usize| Chain {
        blocks: head.blocks.into_iter().chain(tail.blocks.into_iter().skip(kept)).collect(),
        ..Chain::minted()
    };
    vec![
        asked(case("adc-valid", "three agents, each with less than the one before", "T38 T76"), 100)
            .sealed_from(&three_agents(100), Claims::new()),
        asked(loosened, 6_000),
        broken(
            "adc-spliced",
            "a good block behind a good root block that is not the one it was made behind",
            "T22 T112",
            ("chain-signature", 1),
            &spliced(other, Chain::delegated().seal(Claims::new()), 1),
        ),
        broken(
            "adc-reissued",
            "a block made behind one that was then made anew with other claims",
            "T22 T112",
            ("chain-signature", 2),
            &spliced(reissued("made anew"), reissued("made first").seal(Claims::new()), 2),
        ),
        broken(
            "adc-claimed",
            "a block is out of place and widens: the signature is looked at first",
            "T106 T112",
            ("chain-signature", 1),
            &Chain::minted().put(&Block::new(2, &Claims::new().exp(EXP + 1)).behind([0; 32])),
        ),
    ]
}

fn patterns() -> Vec<Case> {
    let narrowed = |scopes: &[&str], pattern: &str| {
        let claims = Claims::new().scopes(list![list![0, pattern]]);
        Chain::root(&root().scopes(Item::texts(scopes))).delegate(claims).seal(Claims::new())
    };
    let (wider, malformed) = (("chain-scope-wider", 1), ("parse-pattern", 1));
    let broken = |name, comment, spec, answer, scopes: &[&str], pattern| {
        broken(name, comment, spec, answer, &narrowed(scopes, pattern))
    };
    vec![
        broken(
            "adc-new-scope",
            "a scope that no block before it has",
            "T74",
            wider,
            &["read:crm:*"],
            "send:pay:transfer",
        ),
        broken("adc-bare-star", "everything, where something was granted", "T68 T74", wider, &["read:crm:*"], "*"),
        broken(
            "adc-boundary",
            "a segment that only starts like the one granted",
            "T66 T74",
            wider,
            &["read:crm:*"],
            "read:crmx:a",
        ),
        broken(
            "adc-star-for-one",
            "a set of actions, where one of them was granted",
            "T68 T74",
            wider,
            &["read:crm:a"],
            "read:crm:*",
        ),
        broken("adc-case", "another case than the one granted", "T66 T74", wider, &["read:User"], "read:user"),
        broken("adc-part-star", "a star within a segment", "T65", malformed, &["read:crm:*"], "read:c*m:a"),
        broken("adc-newline", "a line feed behind the pattern", "T65", malformed, &["read:crm:*"], "read:crm:a\n"),
        case("adc-middle-star", "a star in the middle, which here stands for one segment", "T67")
            .request("read:crm:contacts:names")
            .sealed_from(
                &Chain::root(&root().scopes(list!["read:crm:*"]))
                    .delegate(Claims::new().scopes(list![list![0, "read:crm:*:names"]])),
                Claims::new(),
            ),
        case("adc-capital", "a star covers a segment with capitals like any other", "T66 T67")
            .request("read:drive:Read")
            .sealed_from(
                &Chain::root(&root().scopes(list!["read:drive:*"]))
                    .delegate(Claims::new().scopes(list![list![0, "read:drive:Read"]])),
                Claims::new(),
            ),
    ]
}

/// What JSON may say, and what is one number or one order.
fn numbers() -> Vec<Case> {
    let read = |name, comment, spec, code: &str, arguments| {
        case(name, comment, spec).refused(code).request(REPORT).arguments(arguments).sealed(&Chain::standard())
    };
    let one_request = |name, comment, spec, signed: &str, received: &str| {
        let request = Request::from(REPORT);
        let seal = Claims::new().cti(3).iat(NOW).exp(NOW + 60).digest(request.digest(signed, Vec::new()));
        case(name, comment, spec).request(request).arguments(received).sealed_from(&Chain::minted(), seal)
    };
    vec![
        read(
            "adc-member-twice",
            "a member of the arguments stands twice",
            "T127",
            "parse-json-duplicate",
            r#"{"a":1,"\u0061":2}"#,
        ),
        read("adc-nan", "arguments that are no JSON: NaN", "T128", "parse-json", r#"{"a":NaN}"#),
        read(
            "adc-unsafe-integer",
            "the first integer that a double does not keep",
            "T126",
            "parse-json-number",
            r#"{"a":9007199254740992}"#,
        ),
        one_request(
            "adc-safe-integer",
            "the largest integer that a double keeps",
            "T126 T130",
            r#"{"a":9007199254740991}"#,
            r#"{"a":9007199254740991}"#,
        ),
        one_request(
            "adc-integral-float",
            "100.0 and 100 are one number",
            "T126 T130",
            r#"{"a":100}"#,
            r#"{"a":100.0}"#,
        ),
        one_request(
            "adc-exponents",
            "1e15 and 1e-6, and the same written out",
            "T126 T130",
            r#"{"a":1e-6,"b":1000000000000000}"#,
            r#"{"a":0.000001,"b":1e15}"#,
        ),
        one_request(
            "adc-member-order",
            "members in another order, and names that UTF-16 would order otherwise",
            "T130",
            "{\"\u{fb01}\":1,\"\u{1f600}\":2,\"a\":3}",
            "{\"a\":3,\"\u{1f600}\":2,\"\u{fb01}\":1}",
        ),
        case("adc-other-arguments", "a seal for one request, shown with other arguments", "T130 T140")
            .refused("deny-other-request")
            .request(REPORT)
            .arguments(r#"{"rows":2}"#)
            .sealed(&Chain::minted().seal(for_rows_1())),
        case("adc-not-ascii", "an agent whose name is not ASCII", "T37").sealed_from(
            &Chain::minted().delegate(Claims::new().subject("r\u{e9}sum\u{e9}-\u{65e5}\u{672c}")),
            Claims::new(),
        ),
        broken(
            "adc-unsafe-time",
            "an exp beyond the year 9999",
            "T36",
            ("parse-time", 1),
            &Chain::minted().seal(Claims::new().exp(9_007_199_254_740_992)),
        ),
    ]
}

fn for_rows_1() -> Claims {
    Claims::new().cti(4).iat(NOW).exp(NOW + 60).digest(Request::from(REPORT).digest(r#"{"rows":1}"#, Vec::new()))
}

fn claims() -> Vec<Case> {
    let root_with = |claims: &Claims| Chain::root(claims).seal(Claims::new());
    let seal = |claims| Chain::minted().seal(claims);
    let kind = |block| ("parse-claim-type", block);
    let another = |name, comment, spec, audience: &str| {
        case(name, comment, spec).request(Request::from("read:hr:employees").aud(audience))
    };
    vec![
        broken("adc-aud-null", "an audience that is null", "T31", kind(1), &seal(Claims::new().set(3, Item::NULL))),
        broken(
            "adc-aud-empty",
            "an empty list of audiences",
            "T35",
            ("parse-not-canonical", 1),
            &seal(Claims::new().auds(&[])),
        ),
        another("adc-other-audience", "sealed for one server, shown to another", "T136", "mail")
            .refused("deny-audience")
            .sealed(&Chain::standard()),
        another("adc-two-audiences", "granted for two servers, sealed for the one that is asked", "T61 T136", "mail")
            .sealed_from(&Chain::root(&root().auds(&["files", "mail"])), Claims::new().aud("mail")),
        broken("adc-no-cnf", "a block between names no key", "T20", ("parse-missing-claim", 1), &no_key()),
        broken(
            "adc-cnf-no-key",
            "a cnf without a key",
            "T32",
            kind(0),
            &root_with(&root().set(8, crate::map! {1 => crate::map!{1 => 1}})),
        ),
        broken(
            "adc-cnf-weak-key",
            "a cnf for whose key anybody can sign",
            "T32 T33",
            ("parse-key", 0),
            &root_with(&root().cnf_bytes(&small_order(1), 2)),
        ),
        broken(
            "adc-no-aud",
            "a root block without an audience",
            "T30",
            ("parse-missing-claim", 0),
            &root_with(&root().without(3)),
        ),
        broken(
            "adc-sub-empty",
            "a name of no letters",
            "T35",
            ("parse-not-canonical", 0),
            &root_with(&root().subject("")),
        ),
        broken(
            "adc-condition-parts",
            "a condition with a part that its operator does not have",
            "T31 T70",
            kind(0),
            &root_with(&root().scopes(list![list!["read:*", list![list!["/max_rows", 3, 5, "note"]]]])),
        ),
        broken(
            "adc-scope-parts",
            "a scope with a part that scopes do not have",
            "T70",
            kind(0),
            &root_with(&root().scopes(list![list!["read:*", list![list!["/max_rows", 3, 5]], true, "actions"]])),
        ),
        broken(
            "adc-condition-twice",
            "one condition twice in a scope",
            "T35",
            ("parse-not-canonical", 0),
            &root_with(
                &root().scopes(list![list!["read:*", list![list!["/max_rows", 3, 5], list!["/max_rows", 3, 5]]]]),
            ),
        ),
        broken(
            "adc-rank-unknown",
            "a level that is not one of the five",
            "T36",
            ("parse-level", 1),
            &seal(Claims::new().level(5)),
        ),
    ]
}

/// A root block, one without a key, and a seal.
fn no_key() -> Chain {
    Chain::minted().put(&Block::new(1, &Claims::new().note("no key")).held_by(3)).seal(Claims::new())
}

/// Bounds on what a session does in all are budgets; bounds on one call are conditions, and neither stands for the other.
fn budgets() -> Vec<Case> {
    let capped = || Chain::root(&root().ledger(0x5e).budgets(&[("calls", 10), ("spend", 400)]));
    let bounds = || under(list![list!["/rows", 4, 1], list!["/rows", 3, 30]]);
    let narrower = || {
        bounds().delegate(Claims::new().scopes(list![list![
            0,
            Item::NULL,
            list![list!["/rows", 4, 2], list!["/rows", 3, 10]]
        ]]))
    };
    let widened = |name, comment, budgets: &[(&str, u64)]| {
        broken(
            name,
            comment,
            "T39 T47",
            ("chain-budget", 1),
            &capped().delegate(Claims::new().budgets(budgets)).seal(Claims::new()),
        )
    };
    let spent = |calls: u64| json!({"ledger": {"id": "5e".repeat(16), "blocks": [{"spent": {"calls": calls}}]}});
    let call = |name, comment, spec| {
        case(name, comment, spec).request(Request::from("read:hr:employees").cost("calls", 1).cost("spend", 40))
    };
    let per_call = || Chain::root(&root().ledger(0x5e).scopes(list![list![FILES, list![list!["/rows", 3, 60]]]]));
    vec![
        denied(
            "adc-cross-type",
            "a block adds a budget: the bound on one call stays",
            "T76 T89",
            ("deny-condition", 0),
            &per_call().delegate(Claims::new().budgets(&[("rows", 1)])),
            r#"{"rows":100}"#,
        )
        .state(spent(0)),
        widened("adc-calls-widened", "a block that may call more often", &[("calls", 1_000)]),
        widened(
            "adc-spend-widened",
            "a block that may spend more, and calls less often",
            &[("calls", 5), ("spend", 5_000)],
        ),
        broken(
            "adc-depth-raised",
            "a block that states a larger depth than is left",
            "T44",
            ("chain-depth", 1),
            &Chain::root(&root().depth(6)).delegate(Claims::new().depth(14)).seal(Claims::new()),
        ),
        call("adc-last-call", "the last call of a budget", "T186 T187")
            .state(spent(9))
            .sealed_from(&capped(), Claims::new()),
        call("adc-one-call-more", "one call more than a budget has", "T187")
            .refused("deny-budget")
            .block(0)
            .state(spent(10))
            .sealed(&capped().seal(Claims::new())),
        allowed(
            "adc-range",
            "a range that a later block makes narrower on both sides",
            "T76",
            &narrower(),
            r#"{"rows":2}"#,
        ),
        denied(
            "adc-range-parent",
            "what the first range allows and the second does not",
            "T76 T89",
            ("deny-condition", 1),
            &narrower(),
            r#"{"rows":1}"#,
        ),
    ]
}
