//! Rules that blocks and root entries state.

use super::{all, any, at, no, ok};
use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, NOW};
use crate::list;
use crate::request::Request;

const OWN: &str = "own-ratchet = true";

pub(super) fn cases() -> Vec<Case> {
    [stated(), places(), replaced(), root_entry()].concat()
}

/// One rule as a list of rules.
fn rule(level: u64, labels: Item, keep: Item) -> Item {
    list![list![level, labels, keep]]
}

/// Internal keeps what is read.
fn internal() -> Item {
    rule(1, list![], list!["read:*"])
}

fn stating(rules: Item) -> Chain {
    Chain::root(&all().rules(rules))
}

/// When a rule applies, and what it keeps. The root block states it.
fn stated() -> Vec<Case> {
    let falls = |name, comment, rules: Item, request: Request| {
        let case = no(name, "deny-ratchet", "T133 T134", comment).block(0).request(request);
        case.sealed(&stating(rules).seal(Claims::new()))
    };
    let stays = |name, comment, rules: Item, request: Request| {
        ok(name, "T133 T134", comment).request(request).sealed_from(&stating(rules), Claims::new())
    };
    let two = || rule(0, list!["ab", "cd"], list!["read:*"]);
    let write = || Request::from("write:a");
    vec![
        falls(
            "rule",
            "the level of a rule, and an action that it does not keep",
            internal(),
            at("internal", "write:a"),
        ),
        stays("rule-keeps", "the level of a rule, and an action that it keeps", internal(), at("internal", "read:a")),
        stays("rule-below", "one level below a rule", internal(), at("public", "write:a")),
        falls("rule-above", "one level above a rule", internal(), at("confidential", "write:a")),
        falls("rule-at-public", "a rule at public applies always", rule(0, list![], list!["read:*"]), write()),
        falls("rule-keeps-nothing", "a rule that keeps nothing", rule(0, list![], list![]), "read:a".into()),
        stays(
            "rule-keeps-all",
            "a rule that keeps everything",
            rule(0, list![], list!["*"]),
            at("internal", "admin:a"),
        ),
        falls("rule-both-labels", "all labels of a rule", two(), write().label("ab").label("cd")),
        falls(
            "rule-more-labels",
            "all labels of a rule and one more",
            two(),
            write().label("ab").label("cd").label("x"),
        ),
        stays("rule-one-label", "one of a rule's two labels", two(), write().label("ab")),
        stays("rule-other-label", "another label than the rule's", two(), write().label("cde")),
        falls(
            "rule-keeps-one",
            "a rule that keeps one action, and another one below it",
            rule(0, list![], list!["read:hr"]),
            "read:hr:employees".into(),
        ),
        stays(
            "rule-second-pattern",
            "the second pattern of a rule keeps the action",
            rule(0, list![], list!["read:*", "send:*:internal"]),
            "send:mail:internal".into(),
        ),
        falls(
            "rule-middle",
            "a `*` in the middle of a kept pattern stands for one segment",
            rule(0, list![], list!["send:*:internal"]),
            "send:mail:eu:internal".into(),
        ),
    ]
}

/// Which block states the rule, and in which order rules are looked at.
fn places() -> Vec<Case> {
    let chain = || any().delegate(Claims::new().rules(internal()));
    let more = || rule(1, list![], list!["*"]);
    let write = || at("internal", "write:a");
    vec![
        no("rule-of-delegate", "deny-ratchet", "T134", "a delegate block states the rule")
            .block(1)
            .request(write())
            .sealed(&chain().seal(Claims::new())),
        ok("rule-of-delegate-keeps", "T134", "a delegate block states the rule, and it keeps the action")
            .request(at("internal", "read:a"))
            .sealed_from(&chain(), Claims::new()),
        no("rule-of-seal", "deny-ratchet", "T134", "the seal states the rule")
            .block(1)
            .request(write())
            .sealed(&any().seal(Claims::new().rules(internal()))),
        ok("rule-of-seal-keeps", "T134", "the seal states the rule, and it keeps the action")
            .request(at("internal", "read:a"))
            .sealed(&any().seal(Claims::new().rules(internal()))),
        no("rule-stays", "deny-ratchet", "T48 T134", "a later block states a rule that keeps more")
            .block(0)
            .request(write())
            .sealed(&stating(internal()).delegate(Claims::new().rules(more())).seal(Claims::new())),
        no("rule-adds-only", "deny-ratchet", "T134", "a delegate block's rule keeps what a default rule does not")
            .request(at("confidential", "send:a"))
            .sealed(&any().delegate(Claims::new().rules(more())).seal(Claims::new())),
        no(
            "rule-order-defaults",
            "deny-ratchet",
            "T106 T145 T189",
            "a default rule and one of the root block, in this order",
        )
        .request(at("confidential", "send:a"))
        .sealed(&stating(internal()).seal(Claims::new())),
        no(
            "rule-order-blocks",
            "deny-ratchet",
            "T106 T145",
            "a rule of the root block and one of the seal, in this order",
        )
        .block(0)
        .request(write())
        .sealed(&stating(internal()).seal(Claims::new().rules(internal()))),
        no(
            "rule-order-entry",
            "deny-ratchet",
            "T106 T145 T189",
            "a rule of a block and one of the root entry, in this order",
        )
        .block(1)
        .root_line(r#"ratchet = [ { level = "internal", labels = [], keep = ["read:*"] } ]"#)
        .request(write())
        .sealed(&chain().seal(Claims::new())),
        no(
            "rule-order-actions",
            "deny-ratchet",
            "T145",
            "the first action falls by the second block's rule, and is named",
        )
        .block(1)
        .request(Request::new(&["write:a", "read:a"]).level("internal"))
        .sealed(
            &stating(rule(1, list![], list!["write:*"])).delegate(Claims::new().rules(internal())).seal(Claims::new()),
        ),
    ]
}

/// Whether a root block's rules replace the default ones.
fn replaced() -> Vec<Case> {
    let loose = || rule(2, list![], list!["*"]);
    let send = || at("confidential", "send:a");
    vec![
        ok("own-ratchet", "T116", "the root block's rules replace the default ones")
            .root_line(OWN)
            .request(send())
            .sealed_from(&stating(loose()), Claims::new()),
        no(
            "own-ratchet-withheld",
            "deny-ratchet",
            "T116",
            "the root entry does not let them, and the default rules stay",
        )
        .request(send())
        .sealed(&stating(loose()).seal(Claims::new())),
        no("own-ratchet-false", "deny-ratchet", "T116", "the root entry says `own-ratchet = false`")
            .root_line("own-ratchet = false")
            .request(send())
            .sealed(&stating(loose()).seal(Claims::new())),
        ok("own-ratchet-empty", "T116", "the root block's rules are an empty list, and replace the default ones")
            .root_line(OWN)
            .request(send())
            .sealed_from(&stating(list![]), Claims::new()),
        no(
            "own-ratchet-empty-withheld",
            "deny-ratchet",
            "T116",
            "an empty list replaces nothing where the root entry is silent",
        )
        .request(send())
        .sealed(&stating(list![]).seal(Claims::new())),
        no("own-ratchet-unstated", "deny-ratchet", "T116", "the root block may, and states no rules")
            .root_line(OWN)
            .request(send())
            .sealed(&any().seal(Claims::new())),
        no("own-ratchet-of-delegate", "deny-ratchet", "T116", "rules of a delegate block replace nothing")
            .root_line(OWN)
            .request(send())
            .sealed(&any().delegate(Claims::new().rules(loose())).seal(Claims::new())),
        no("own-ratchet-applies", "deny-ratchet", "T116 T133", "the root block's own rule does not keep the action")
            .block(0)
            .root_line(OWN)
            .request(send())
            .sealed(&stating(rule(2, list![], list!["write:*"])).seal(Claims::new())),
        no("own-ratchet-added-to", "deny-ratchet", "T116 T134", "a delegate block adds to the root block's rules")
            .block(1)
            .root_line(OWN)
            .request(send())
            .sealed(&stating(loose()).delegate(Claims::new().rules(internal())).seal(Claims::new())),
    ]
}

/// Rules of the root entry.
fn root_entry() -> Vec<Case> {
    let entry = r#"ratchet = [ { level = "internal", labels = ["pii"], keep = ["read:*", "send:mail:*"] } ]"#;
    let with = |level: &str, action: &str| at(level, action).label("pii");
    let loose = rule(2, list![], list!["*"]);
    let general = Claims::new().exp(NOW + 60);
    vec![
        no("entry-rule", "deny-ratchet", "T117 T134", "the root entry's rule does not keep the action")
            .root_line(entry)
            .request(with("internal", "write:a"))
            .sealed(&any().seal(general.clone())),
        ok("entry-rule-keeps", "T117 T134", "the root entry's rule keeps the action")
            .root_line(entry)
            .request(with("internal", "send:mail:a"))
            .sealed_from(&any(), general.clone()),
        ok("entry-rule-below", "T117 T133", "one level below the root entry's rule")
            .root_line(entry)
            .request(with("public", "write:a"))
            .sealed_from(&any(), general.clone()),
        ok("entry-rule-label", "T117 T133", "without the label of the root entry's rule")
            .root_line(entry)
            .request(at("internal", "write:a"))
            .sealed_from(&any(), general.clone()),
        no(
            "entry-rule-adds-only",
            "deny-ratchet",
            "T117 T134",
            "the root entry's rule keeps what a default rule does not",
        )
        .root_line(entry)
        .request(with("confidential", "send:mail:a"))
        .sealed(&any().seal(general.clone())),
        no(
            "entry-rule-beside-own",
            "deny-ratchet",
            "T116 T117",
            "the root block's rules do not replace the root entry's",
        )
        .root_line(entry)
        .root_line(OWN)
        .request(with("confidential", "write:a"))
        .sealed(&stating(loose).seal(general)),
    ]
}
