//! One way to write each thing, and the forms of times, names, levels and patterns.

use super::{accepted, in_delegate, in_root, in_seal};
use crate::case::Case;
use crate::cbor::Item;
use crate::claims::{Claims, root};
use crate::key::public;
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [empty(), twice(), orders(), names(), patterns(), others()].concat()
}

fn canonical(name: &str, comment: &str, claims: &Claims) -> Case {
    in_root(name, comment, "parse-not-canonical", "T35", claims)
}

fn empty() -> Vec<Case> {
    let set = |name, comment, key: i64| canonical(name, comment, &root().private(key, list![]));
    vec![
        canonical("sub-empty", "an empty sub", &root().subject("")),
        canonical("note-empty", "an empty note", &root().note("")),
        canonical("aud-empty", "no audience in a list", &root().auds(&[])),
        canonical("aud-alone", "one audience in a list", &root().auds(&["files"])),
        set("deny-empty", "an empty list of deny patterns", 5),
        set("ask-empty", "an empty list of asks", 6),
        canonical("approvers-empty", "an ask without approvers", &root().ask(list![list!["send:*", list![], 1]])),
        accepted("rules-empty-root", "an empty list of rules in a root block says something", "T35 T116", &{
            root().rules(list![])
        }),
        in_delegate(
            "rules-empty-delegate",
            "an empty list of rules in a delegate block",
            "parse-not-canonical",
            "T35",
            Claims::new().rules(list![]),
        ),
        accepted("rule-empty-lists", "a rule without labels that keeps nothing", "T35 T133", &{
            root().rules(list![list![4, list![], list![]]])
        }),
        set("labels-empty", "an empty list of labels", 9),
        canonical("budgets-empty", "an empty map of budgets", &root().ledger(7).budgets(&[])),
        in_seal("said-empty", "an empty map of said facts", "parse-not-canonical", "T35", {
            Claims::new().said(Item::Map(Vec::new()))
        }),
        accepted("note-blank", "a note of one blank is not empty", "T35 T37", &root().note(" ")),
    ]
}

fn twice() -> Vec<Case> {
    let ask = || list!["send:*", list![public(0x51)], 1];
    let rule = || list![1, list![], list!["read:*"]];
    vec![
        canonical("aud-twice", "an audience stands twice", &root().auds(&["files", "files"])),
        canonical("deny-twice", "a deny pattern stands twice", &root().deny(&["send:*", "send:*"])),
        canonical("ask-twice", "an ask stands twice", &root().ask(list![ask(), ask()])),
        canonical("approver-twice", "an approver stands twice", &{
            root().ask(list![list!["send:*", list![public(0x51), public(0x51)], 1]])
        }),
        canonical("group-twice", "a group stands twice", &{
            root().ask(list![list!["send:*", list!["@oncall", "@oncall"], 1]])
        }),
        canonical("rule-twice", "a rule stands twice", &root().rules(list![rule(), rule()])),
        canonical("keep-twice", "a rule keeps a pattern twice", &{
            root().rules(list![list![1, list![], list!["read:*", "read:*"]]])
        }),
        canonical("label-twice", "a label stands twice", &root().labels(&["pii", "pii"])),
        accepted("scope-twice", "a scope may stand twice", "T35", &root().scopes(list!["read:*", "read:*"])),
        accepted("ask-otherwise", "two asks that differ in what they need", "T35", &{
            root().ask(list![ask(), list!["send:*", list![public(0x51)], 2]])
        }),
    ]
}

fn orders() -> Vec<Case> {
    let rule = |labels: &[&str]| root().rules(list![list![1, Item::texts(labels), list!["read:*"]]]);
    vec![
        accepted("labels-ascend", "labels ascend, the shorter first", "T35", &root().labels(&["b", "aa", "ab"])),
        canonical("labels-by-letters", "labels ascend by their letters only", &root().labels(&["aa", "ab", "b"])),
        canonical("labels-fall", "labels fall", &root().labels(&["pii", "hr"])),
        accepted("rule-labels-ascend", "labels of a rule ascend", "T35", &rule(&["b", "aa"])),
        canonical("rule-labels-fall", "labels of a rule fall", &rule(&["b", "a"])),
        accepted("deny-any-order", "deny patterns have no order", "T35", &root().deny(&["write:*", "delete:*"])),
    ]
}

fn names() -> Vec<Case> {
    let label = |name, comment, label: &str| in_root(name, comment, "parse-name", "T36", &root().labels(&[label]));
    let refused = |name, comment, claims: &Claims| in_root(name, comment, "parse-name", "T36", claims);
    let group = |group: &str| root().ask(list![list!["send:*", list![group], 1]]);
    vec![
        accepted("name-plain", "a name of every kind of letter", "T36", &root().labels(&["a-0-z9-"])),
        label("name-capital", "a label with a capital", "Pii"),
        label("name-digit", "a label that starts with a digit", "1a"),
        label("name-hyphen", "a label that starts with a hyphen", "-a"),
        label("name-underscore", "a label with an underscore", "a_b"),
        label("name-dot", "a label with a dot", "a.b"),
        label("name-blank", "a label with a blank behind it", "pii "),
        label("name-letter", "a label with a letter beyond ASCII", "pi\u{ef}"),
        label("name-lf", "a label with LF behind it", "pii\n"),
        refused("name-of-budget", "a budget whose name has a capital", &root().ledger(7).budgets(&[("Calls", 1)])),
        refused("name-of-rule-label", "a rule whose label has a capital", &{
            root().rules(list![list![1, list!["PII"], list!["read:*"]]])
        }),
        refused("group-capital", "a group whose name has a capital", &group("@Oncall")),
        refused("group-no-at", "a group without @", &group("oncall")),
        refused("group-two-at", "a group with two @", &group("@@oncall")),
        in_seal("name-of-fact", "a said fact whose name has a capital", "parse-name", "T36", {
            Claims::new().said(crate::map! {"Purpose" => 1})
        }),
    ]
}

fn patterns() -> Vec<Case> {
    let table = [
        ("empty", "an empty pattern", ""),
        ("colon", "a colon alone", ":"),
        ("colon-first", "a colon before the first segment", ":read"),
        ("colon-last", "a colon behind the last segment", "read:"),
        ("colon-twice", "an empty segment", "read::hr"),
        ("blank", "a blank in a segment", "read:h r"),
        ("percent", "a percent sign", "read:a%3Ab"),
        ("letter", "a letter beyond ASCII", "read:\u{e9}"),
        ("star-part", "a star as a part of a segment", "read:hr*"),
        ("star-twice", "two stars in a segment", "read:**"),
        ("question", "a question mark", "read:h?"),
        ("comma", "a comma", "read:a,b"),
        ("nul", "NUL in a segment", "read:a\0"),
        ("lf", "LF behind the pattern", "read:a\n"),
    ];
    let scope = |(name, comment, pattern): (&str, &str, &str)| {
        in_root(
            &format!("pattern-{name}"),
            comment,
            "parse-pattern",
            "T36 T65",
            &root().scopes(list!["read:*", pattern]),
        )
    };
    let elsewhere = |name, comment, claims: &Claims| in_root(name, comment, "parse-pattern", "T36 T65", claims);
    let mut cases: Vec<Case> = table.into_iter().map(scope).collect();
    cases.extend([
        elsewhere("pattern-in-aud", "an audience that is no pattern", &root().aud("files:")),
        elsewhere("pattern-in-auds", "one of two audiences that is no pattern", &root().auds(&["files", "a b"])),
        elsewhere("pattern-in-deny", "a deny pattern that is none", &root().deny(&["read:a*"])),
        elsewhere(
            "pattern-in-ask",
            "an ask whose pattern is none",
            &root().ask(list![list!["a:", list!["@oncall"], 1]]),
        ),
        elsewhere("pattern-in-rule", "a rule that keeps what is no pattern", &{
            root().rules(list![list![1, list![], list!["read:"]]])
        }),
        accepted("pattern-letters", "a pattern with every kind of letter", "T65", &{
            root().scopes(list!["read:*", "A-Z:az09:._-/@+:*:x"])
        }),
    ]);
    cases
}

fn others() -> Vec<Case> {
    vec![
        in_root("level-5", "a level that is none of the five", "parse-level", "T36", &root().level(5)),
        in_root(
            "level-large",
            "a level beyond eight bits that ends in zeros",
            "parse-level",
            "T36",
            &root().level(256),
        ),
        in_root("clearance-5", "a clearance that is none of the five", "parse-level", "T36", &root().clearance(5)),
        in_root("rule-level-5", "a rule at a level that is none of the five", "parse-level", "T36", &{
            root().rules(list![list![5, list![], list!["read:*"]]])
        }),
        accepted(
            "level-4",
            "a rule at the highest level",
            "T36",
            &root().clearance(4).rules(list![list![4, list![], list![]]]),
        ),
        accepted("note-control", "a note with control characters, which whoever shows it escapes", "T37", &{
            root().note("\u{1b}[2J\r\n\u{202e}nwod edispu")
        }),
        accepted("sub-any", "a sub of any characters", "T37", &root().subject("agent \"7\"\n\u{7f}")),
    ]
}
