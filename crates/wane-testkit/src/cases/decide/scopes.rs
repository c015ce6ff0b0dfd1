//! Scopes and the ceiling of the root entry (steps 12 and 13): which of several answers, and with what.

use super::{no, ok};
use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, root};
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [several(), nested(), ceiling()].concat()
}

/// `["/limit", <=, n]`
fn at_most(n: i32) -> Item {
    list!["/limit", 3, n]
}

/// `["/path", under, ["/data"]]`
fn under() -> Item {
    list!["/path", 7, list!["/data"]]
}

/// `["/mode", =, "fast"]`
fn fast() -> Item {
    list!["/mode", 1, "fast"]
}

fn scoped(scopes: Item) -> Chain {
    Chain::root(&root().scopes(scopes))
}

/// Several scopes cover the action.
fn several() -> Vec<Case> {
    let strict = || list!["read:hr:*", list![at_most(5)]];
    let missing = || list!["read:*", list![fast()]];
    let twice = |first: Item, second: Item| scoped(list![first, second]);
    let six = r#"{"limit": 6}"#;
    vec![
        no("scope-none", "deny-scope", "T147 T189", "an action that no scope covers")
            .request("send:mail:internal")
            .sealed(&Chain::standard()),
        no("scope-none-left", "deny-scope", "T75 T147", "the list of scopes in force is empty")
            .sealed(&Chain::minted().delegate(Claims::new().scopes(list![])).seal(Claims::new())),
        no("scope-not-yet", "deny-scope", "T67 T147", "a `*` at the end stands for at least one segment")
            .request("read")
            .sealed(&Chain::standard()),
        no(
            "scope-of-root-only",
            "deny-scope",
            "T75 T147",
            "the root block's scope covers the action, the refinement does not",
        )
        .request("read:it:a")
        .sealed(&Chain::minted().delegate(Claims::new().scopes(list![list![0, "read:hr:*"]])).seal(Claims::new())),
        ok("scope-second", "T147", "the first scope that covers the action fails, the second allows")
            .arguments(six)
            .sealed_from(&twice(strict(), "read:*".into()), Claims::new()),
        ok("scope-first", "T147", "the first scope that covers the action allows, the second fails")
            .arguments(six)
            .sealed_from(&twice("read:*".into(), strict()), Claims::new()),
        no("scope-first-code", "deny-condition", "T147", "two scopes fail, the first one's code is named")
            .block(0)
            .arguments(six)
            .sealed(&twice(strict(), missing()).seal(Claims::new())),
        no("scope-first-code-swapped", "deny-missing-argument", "T147", "the same two scopes the other way round")
            .block(0)
            .arguments(six)
            .sealed(&twice(missing(), strict()).seal(Claims::new())),
        no(
            "scope-first-that-covers",
            "deny-condition",
            "T147",
            "the first scope does not cover the action and has no say",
        )
        .block(0)
        .arguments(six)
        .sealed(&twice(list!["write:*", list![fast()]], strict()).seal(Claims::new())),
        ok("scope-only-beside", "T77 T147", "the first scope is closed to this argument, the second is open")
            .arguments(r#"{"limit": 5, "force": true}"#)
            .sealed_from(&twice(list!["read:*", list![at_most(5)], true], "read:*".into()), Claims::new()),
        no("scope-not-joined", "deny-condition", "T147", "each of two conditions holds in one scope, and in none both")
            .block(0)
            .arguments(r#"{"limit": 6, "mode": "slow"}"#)
            .sealed(
                &twice(list!["read:*", list![at_most(5)]], list!["read:*", list![fast(), at_most(6)]])
                    .seal(Claims::new()),
            ),
    ]
}

/// The conditions of one scope, from the newest block's to the root block's.
fn nested() -> Vec<Case> {
    let chain = |own: Item| scoped(list![list!["read:*", list![at_most(5)]]]).delegate(Claims::new().scopes(own));
    let then = |condition: Item| list![list![0, Item::NULL, list![condition]]];
    let both = |first: Item, second: Item| scoped(list![list!["read:*", list![first, second]]]).seal(Claims::new());
    let closed = scoped(list![list!["read:*", list![at_most(5)], true]]);
    vec![
        ok("conditions-of-both", "T76 T147", "the conditions of both blocks hold")
            .arguments(r#"{"limit": 5, "mode": "fast"}"#)
            .sealed_from(&chain(then(fast())), Claims::new()),
        no(
            "conditions-of-root",
            "deny-condition",
            "T76 T147",
            "the newer block's condition holds, the root block's does not",
        )
        .block(0)
        .arguments(r#"{"limit": 6, "mode": "fast"}"#)
        .sealed(&chain(then(fast())).seal(Claims::new())),
        no(
            "conditions-of-newest",
            "deny-missing-argument",
            "T147 T189",
            "both fail, and the newer block's is tested first",
        )
        .block(1)
        .arguments(r#"{"limit": 6}"#)
        .sealed(&chain(then(fast())).seal(Claims::new())),
        no("conditions-of-seal", "deny-missing-argument", "T147", "the seal's condition is tested before all others")
            .block(2)
            .arguments(r#"{"limit": 6}"#)
            .sealed(&chain(then(under())).seal(Claims::new().scopes(then(fast())))),
        no("conditions-in-order", "deny-condition", "T147", "two conditions of one block fail, the first is named")
            .block(0)
            .arguments(r#"{"limit": 6}"#)
            .sealed(&both(at_most(5), fast())),
        no("conditions-in-other-order", "deny-missing-argument", "T147", "the same two conditions the other way round")
            .block(0)
            .arguments(r#"{"limit": 6}"#)
            .sealed(&both(fast(), at_most(5))),
        no("conditions-before-only", "deny-condition", "T147", "a condition fails and an argument is not named")
            .block(0)
            .arguments(r#"{"limit": 6, "force": true}"#)
            .sealed(&closed.clone().seal(Claims::new())),
        no("conditions-then-only", "deny-only", "T77 T147 T189", "the condition holds, and an argument is not named")
            .block(0)
            .arguments(r#"{"limit": 5, "force": true}"#)
            .sealed(&closed.clone().seal(Claims::new())),
        ok("conditions-and-only", "T77 T147", "the condition holds, and every argument is named")
            .arguments(r#"{"limit": 5}"#)
            .sealed_from(&closed, Claims::new()),
    ]
}

fn ceiling() -> Vec<Case> {
    let allowed =
        |name, spec, comment, scopes: &str| ok(name, spec, comment).root_line(&format!("scopes = [{scopes}]"));
    let beyond = |name, spec, comment, scopes: &str| {
        no(name, "deny-ceiling", spec, comment).root_line(&format!("scopes = [{scopes}]"))
    };
    let (fits, more) = (r#"{"limit": 5}"#, r#"{"limit": 6}"#);
    let condition = r#""read:* if limit <= 5", "write:*""#;
    let open = r#""read:* if limit <= 5 open", "write:*""#;
    vec![
        allowed("ceiling", "T117 T148", "the condition of the ceiling's scope holds", condition)
            .arguments(fits)
            .sealed_from(&Chain::minted(), Claims::new()),
        beyond("ceiling-condition", "T117 T148 T189", "the condition of the ceiling's scope does not hold", condition)
            .arguments(more)
            .sealed(&Chain::standard()),
        beyond("ceiling-missing", "T148", "the argument that the ceiling's condition is about is not there", condition)
            .sealed(&Chain::standard()),
        beyond("ceiling-only", "T77 T148", "the ceiling's scope is closed to this argument", condition)
            .arguments(r#"{"limit": 5, "force": true}"#)
            .sealed(&Chain::standard()),
        allowed("ceiling-open", "T148", "the ceiling's scope is open to this argument", open)
            .arguments(r#"{"limit": 5, "force": true}"#)
            .sealed_from(&Chain::minted(), Claims::new()),
        allowed(
            "ceiling-second",
            "T148",
            "the ceiling's first scope fails, its second allows",
            r#""*", "read:* if limit <= 5""#,
        )
        .arguments(more)
        .sealed_from(&Chain::minted(), Claims::new()),
        beyond("ceiling-second-action", "T148", "two actions, the second does not pass the ceiling", condition)
            .request(Request::new(&["write:files:a", "read:hr:employees"]))
            .arguments(more)
            .sealed(&Chain::standard()),
        no(
            "ceiling-after-scopes",
            "deny-missing-argument",
            "T148",
            "the chain's own scope fails, and the ceiling's too",
        )
        .block(0)
        .root_line(&format!("scopes = [{condition}]"))
        .arguments(more)
        .sealed(&scoped(list![list!["read:*", list![fast()]]]).seal(Claims::new())),
    ]
}
