//! The last that is accepted and the first that is refused, for each limit of token.md section 9 that a block can reach.

use serde_json::json;

use super::{accepted, case, in_root, in_seal};
use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, EXP, NOW, root};
use crate::list;
use crate::request::Request;
use crate::text::hex;

/// 2^53 − 1.
const INTEGER: i64 = 9_007_199_254_740_991;
/// The last second of the year 9999.
const TIME: u64 = 253_402_300_799;

pub(super) fn cases() -> Vec<Case> {
    [texts(), lists(), inner_lists(), budgets(), said(), numbers(), patterns()].concat()
}

/// `name-most` and `name-more`.
fn pair(name: &str, what: &str, counts: (usize, usize), claims: impl Fn(usize) -> Claims) -> [Case; 2] {
    pair_as(name, what, counts, "parse-limit", "T34", claims)
}

fn pair_as(
    name: &str,
    what: &str,
    (most, more): (usize, usize),
    code: &str,
    spec: &str,
    claims: impl Fn(usize) -> Claims,
) -> [Case; 2] {
    [
        accepted(&format!("{name}-most"), &format!("{what}: {most}"), spec, &claims(most)),
        in_root(&format!("{name}-more"), &format!("{what}: {more}"), code, spec, &claims(more)),
    ]
}

/// So many names or patterns, each its own.
fn numbered(start: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{start}{number:03}")).collect()
}

fn list_of(count: usize, element: impl Fn(usize) -> Item) -> Item {
    Item::List((0..count).map(element).collect())
}

fn texts() -> Vec<Case> {
    [
        pair("sub", "bytes of sub", (256, 257), |count| root().subject(&"s".repeat(count))),
        pair("note", "bytes of the note", (1_024, 1_025), |count| root().note(&"n".repeat(count))),
        pair("note-utf8", "bytes, not characters, of the note", (1_024, 1_026), |count| {
            root().note(&"é".repeat(count / 2))
        }),
        pair_as("name", "bytes of a label", (64, 65), "parse-name", "T36", |count| {
            root().labels(&[&"l".repeat(count)])
        }),
    ]
    .concat()
}

fn lists() -> Vec<Case> {
    let audiences = |count: usize| root().set(3, Item::texts(&numbered("files", count)));
    let chosen = "files000";
    let at = |case: Case| case.request(Request::from("read:hr:employees").aud(chosen));
    let deny = |count: usize| root().private(5, Item::texts(&numbered("send:", count)));
    let labels = |count: usize| root().private(9, Item::texts(&numbered("l", count)));
    vec![
        at(case("aud-most", "audiences: 16", "T34")
            .sealed_from(&Chain::root(&audiences(16)), Claims::new().aud(chosen))),
        at(case("aud-more", "audiences: 17", "T34")
            .refused("parse-limit")
            .block(0)
            .sealed(&Chain::root(&audiences(17)).seal(Claims::new().aud(chosen)))),
    ]
    .into_iter()
    .chain(pair("scopes", "scopes", (256, 257), |count| root().scopes(list_of(count, |_| "read:*".into()))))
    .chain(pair("deny", "deny patterns", (64, 65), deny))
    .chain(pair("ask", "asks", (64, 65), |count| {
        let pattern = |number| format!("send:{number:03}");
        root().ask(list_of(count, |number| list![pattern(number), list!["@oncall"], 1]))
    }))
    .chain(pair("rules", "rules", (64, 65), |count| {
        let pattern = |number| format!("read:{number:03}");
        root().rules(list_of(count, |number| list![4, list![], list!["read:*", pattern(number)]]))
    }))
    .chain(pair("labels", "labels", (16, 17), labels))
    .collect()
}

/// Lists within the parts of a list.
fn inner_lists() -> Vec<Case> {
    [
        pair("approvers", "approvers of an ask", (64, 65), |count| {
            root().ask(list![list!["send:*", Item::texts(&numbered("@g", count)), 1]])
        }),
        pair("rule-labels", "labels of a rule", (16, 17), |count| {
            root().rules(list![list![1, Item::texts(&numbered("l", count)), list!["read:*"]]])
        }),
        pair("keep", "patterns that a rule keeps", (64, 65), |count| {
            let patterns: Vec<String> = numbered("read:", count - 1).into_iter().chain(["read:*".to_owned()]).collect();
            root().rules(list![list![1, list![], Item::texts(&patterns)]])
        }),
        pair_as("conditions", "conditions of a scope", (64, 65), "parse-limit", "T34 T160", |count| {
            let condition = |number: usize| list!["/n", 3, number];
            root().scopes(list!["read:*", list!["write:*", list_of(count, condition)]])
        }),
        pair_as("operands", "operands of a condition", (64, 65), "parse-limit", "T34 T160", |count| {
            root().scopes(list!["read:*", list!["write:*", list![list!["/n", 2, list_of(count, Item::from)]]]])
        }),
        pair_as("operand-text", "bytes of an operand", (256, 257), "parse-limit", "T34 T160", |count| {
            root().scopes(list!["read:*", list!["write:*", list![list!["/n", 1, Item::long("v", count)]]]])
        }),
    ]
    .concat()
}

/// Budgets need a ledger, and a request that states what it costs.
fn budgets() -> Vec<Case> {
    let state = || json!({"ledger": {"id": hex(&[7; 16])}});
    let capped = |names: &[String], cap: Item| {
        let entries = names.iter().map(|name| (name.as_str().into(), cap.clone())).collect();
        Chain::root(&root().ledger(7).private(11, Item::Map(entries)))
    };
    let request =
        |names: &[String]| names.iter().fold(Request::from("read:hr:employees"), |request, name| request.cost(name, 1));
    let accepted = |name, comment, names: &[String], cap: Item| {
        case(name, comment, "T34 T186")
            .request(request(names))
            .state(state())
            .sealed_from(&capped(names, cap), Claims::new())
    };
    let refused = |name, comment, names: &[String], cap: Item| {
        let case = case(name, comment, "T34").refused("parse-limit").block(0);
        case.request(request(names)).state(state()).sealed(&capped(names, cap).seal(Claims::new()))
    };
    let one = numbered("calls", 1);
    vec![
        accepted("budgets-most", "budgets: 16", &numbered("b", 16), 1.into()),
        refused("budgets-more", "budgets: 17", &numbered("b", 17), 1.into()),
        accepted("budget-most", "a budget of 2^53-1", &one, INTEGER.into()),
        refused("budget-more", "a budget of 2^53", &one, (INTEGER + 1).into()),
        refused("budget-64", "a budget of 2^64-1", &one, Item::Int(18_446_744_073_709_551_615)),
    ]
}

fn said() -> Vec<Case> {
    let facts =
        |count: usize| Item::Map(numbered("f", count).into_iter().map(|name| (name.into(), true.into())).collect());
    let one = |value: Item| Claims::new().said(crate::map! {"n" => value});
    let accepted = |name, comment, claims: Claims| case(name, comment, "T34 T64").sealed_from(&Chain::minted(), claims);
    let refused = |name, comment, claims: Claims| in_seal(name, comment, "parse-limit", "T34", claims);
    vec![
        accepted("said-most", "said facts: 16", Claims::new().said(facts(16))),
        refused("said-more", "said facts: 17", Claims::new().said(facts(17))),
        accepted("said-text-most", "bytes of a said text: 256", one(Item::long("t", 256))),
        refused("said-text-more", "bytes of a said text: 257", one(Item::long("t", 257))),
        accepted("said-integer-most", "the integer 2^53-1", one(INTEGER.into())),
        refused("said-integer-more", "the integer 2^53", one((INTEGER + 1).into())),
        accepted("said-integer-least", "the integer -(2^53-1)", one((-INTEGER).into())),
        refused("said-integer-less", "the integer -2^53", one((-INTEGER - 1).into())),
        refused("said-integer-lowest", "the integer -2^64", one(Item::Int(-18_446_744_073_709_551_616))),
        accepted("said-text-none", "a said text of no bytes", one("".into())),
    ]
}

fn numbers() -> Vec<Case> {
    let ask = |need: u64| root().ask(list![list!["send:*", list!["@oncall"], need]]);
    let time = |name, comment, claims: &Claims| in_root(name, comment, "parse-time", "T36", claims);
    let far = |name, comment, claims: &Claims| accepted(name, comment, "T36", claims);
    [pair("depth", "depth", (14, 15), |depth| root().depth(u64::try_from(depth).unwrap_or_default()))]
        .concat()
        .into_iter()
        .chain([
            in_root(
                "depth-256",
                "a depth beyond eight bits that ends in zeros",
                "parse-limit",
                "T34",
                &root().depth(256),
            ),
            in_root("need-0", "an ask that needs nobody", "parse-limit", "T34", &ask(0)),
            accepted("need-1", "an ask that needs one", "T34", &ask(1)),
            accepted("need-large", "an ask that needs more than there are", "T34", &ask(1 << 60)),
            far("exp-latest", "exp in the last second of the year 9999", &root().exp(TIME)),
            time("exp-later", "exp in the first second of the year 10000", &root().exp(TIME + 1)),
            time("exp-largest", "the largest exp there is", &root().set(4, Item::Int(18_446_744_073_709_551_615))),
            far("iat-earliest", "iat in the first second of 1970", &root().iat(0)),
            time("iat-later", "iat in the first second of the year 10000", &root().iat(TIME + 1)),
            far("nbf-earliest", "nbf in the first second of 1970", &root().nbf(0)),
            time("nbf-later", "nbf in the first second of the year 10000", &root().nbf(TIME + 1)),
            case("exp-latest-seal", "a seal states the exp of the year 9999", "T36")
                .sealed_from(&Chain::root(&root().exp(TIME)), Claims::new().exp(TIME)),
            case("exp-later-seal", "a seal states an exp of the year 10000", "T36")
                .refused("parse-time")
                .block(1)
                .sealed(&Chain::root(&root().exp(TIME)).seal(Claims::new().exp(TIME + 1))),
            case("iat-equals-now", "a seal states the time of the decision as iat and nbf", "T36 T138 T139")
                .sealed(&Chain::minted().seal(Claims::new().iat(NOW).nbf(NOW).exp(EXP))),
        ])
        .collect()
}

fn patterns() -> Vec<Case> {
    let scopes = |pattern: String| root().scopes(list!["read:*", pattern]);
    let of_bytes = |bytes: usize| format!("a:{0}:{0}:{0}:{1}", "s".repeat(64), "s".repeat(bytes - 197));
    assert_eq!(of_bytes(256).len(), 256);
    let limit = |name, what, counts, claims: &dyn Fn(usize) -> Claims| {
        pair_as(name, what, counts, "parse-pattern", "T65", claims)
    };
    [
        limit("segment", "bytes of a segment", (64, 65), &|count| scopes("s".repeat(count))),
        limit("segments", "segments of a pattern", (8, 9), &|count| scopes(["a"].repeat(count).join(":"))),
        limit("segments-star", "segments of a pattern with a star", (8, 9), &|count| {
            scopes(["*"].repeat(count).join(":"))
        }),
        limit("pattern", "bytes of a pattern", (256, 257), &|count| scopes(of_bytes(count))),
        limit("aud-pattern", "bytes of an audience in force", (256, 257), &|count| root().deny(&[&of_bytes(count)])),
    ]
    .concat()
}
