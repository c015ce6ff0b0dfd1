//! Deny patterns (step 11), and several actions.

use super::{no, ok};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, root};
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [patterns(), places(), actions()].concat()
}

/// What a pattern covers. All are stated by the root block, and asked about `read:hr:employees`.
fn patterns() -> Vec<Case> {
    let denies = |pattern: &str| Chain::root(&root().deny(&[pattern]));
    let covers = |name, comment, pattern| {
        no(name, "deny-pattern", "T67 T146", comment).block(0).sealed(&denies(pattern).seal(Claims::new()))
    };
    let misses = |name, comment, pattern| ok(name, "T67 T146", comment).sealed_from(&denies(pattern), Claims::new());
    vec![
        covers("deny-equal", "the action itself is denied", "read:hr:employees"),
        covers("deny-end", "a `*` at the end", "read:hr:*"),
        covers("deny-end-many", "a `*` at the end stands for two segments", "read:*"),
        covers("deny-middle", "a `*` in the middle", "read:*:employees"),
        covers("deny-all", "a `*` alone", "*"),
        misses("deny-other", "another action is denied", "read:hr:salaries"),
        misses("deny-longer", "what lies below the action is denied", "read:hr:employees:*"),
        misses("deny-shorter", "an action above this one is denied", "read:hr"),
        misses("deny-middle-one", "a `*` in the middle stands for one segment, not none", "read:hr:*:employees"),
        misses("deny-capital", "the action with a capital is denied", "read:HR:employees"),
        no("deny-second-pattern", "deny-pattern", "T146", "the second of two patterns denies")
            .block(0)
            .sealed(&Chain::root(&root().deny(&["write:*", "read:hr:*"])).seal(Claims::new())),
    ]
}

/// Which block denies.
fn places() -> Vec<Case> {
    let claims = || Claims::new().deny(&["read:hr:*"]);
    vec![
        no("deny-of-delegate", "deny-pattern", "T146", "a delegate block denies")
            .block(1)
            .sealed(&Chain::minted().delegate(claims()).seal(Claims::new())),
        no("deny-of-seal", "deny-pattern", "T146", "the seal denies").block(1).sealed(&Chain::minted().seal(claims())),
        ok("deny-of-seal-other", "T146", "the seal denies something else")
            .sealed_from(&Chain::minted(), Claims::new().deny(&["read:hr:salaries"])),
        no(
            "deny-stays",
            "deny-pattern",
            "T48 T146",
            "a later block states another deny pattern, and the first one stays",
        )
        .block(0)
        .sealed(
            &Chain::root(&root().deny(&["read:hr:*"])).delegate(Claims::new().deny(&["write:*"])).seal(Claims::new()),
        ),
        no("deny-first-block", "deny-pattern", "T106 T146 T189", "two blocks deny, the root block is named")
            .block(0)
            .sealed(&Chain::root(&root().deny(&["read:*"])).delegate(claims()).seal(Claims::new())),
        no("deny-over-scope", "deny-pattern", "T146", "a refinement for just this action does not lift a deny pattern")
            .block(0)
            .sealed(
                &Chain::root(&root().deny(&["read:hr:*"]))
                    .delegate(Claims::new().scopes(list![list![0, "read:hr:employees"]]))
                    .seal(Claims::new()),
            ),
    ]
}

fn actions() -> Vec<Case> {
    let denies = || Chain::root(&root().deny(&["read:hr:salaries"]));
    let conditions = root().scopes(list![
        list!["read:*", list![list!["/path", 7, list!["/data"]]]],
        list!["write:*", list![list!["/limit", 3, 5]]],
    ]);
    let asked = |limit: &str| format!(r#"{{"path": "/data/a", "limit": {limit}}}"#);
    vec![
        ok("actions-four", "T123 T147", "four actions, each allowed by a scope")
            .request(Request::new(&["read:a", "read:b", "write:files:a", "read:c"]))
            .sealed_from(&Chain::minted(), Claims::new()),
        no("actions-last", "deny-scope", "T123 T147", "four actions, the last is allowed by no scope")
            .request(Request::new(&["read:a", "read:b", "write:files:a", "write:mail"]))
            .sealed(&Chain::standard()),
        no("actions-second-denied", "deny-pattern", "T123 T146", "two actions, the second is denied")
            .block(0)
            .request(Request::new(&["read:hr:employees", "read:hr:salaries"]))
            .sealed(&denies().seal(Claims::new())),
        ok("actions-none-denied", "T123 T146", "two actions, another one is denied")
            .request(Request::new(&["read:hr:employees", "read:hr:pay"]))
            .sealed_from(&denies(), Claims::new()),
        ok("actions-conditions", "T147", "two actions, each under the condition of its own scope")
            .request(Request::new(&["read:files:a", "write:files:a"]))
            .arguments(&asked("5"))
            .sealed_from(&Chain::root(&conditions), Claims::new()),
        no("actions-condition", "deny-condition", "T147", "two actions, the condition of the second's scope fails")
            .block(0)
            .request(Request::new(&["read:files:a", "write:files:a"]))
            .arguments(&asked("6"))
            .sealed(&Chain::root(&conditions).seal(Claims::new())),
    ]
}
