//! The forms of scopes and refinements on the wire.

use super::chain;
use crate::case::Case;
use crate::cbor::Item;
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [whole(), refined()].concat()
}

/// There is no such argument.
fn absent(pointer: &str) -> Item {
    list![pointer, 11]
}

fn whole() -> Vec<Case> {
    let many = |count: usize| Item::List((0..count).map(|number| absent(&format!("/{number}"))).collect());
    let rows: Vec<(_, _, _, Item, _)> = vec![
        ("conditions", "a pattern and a condition", "T70", list!["read:*", list![absent("/a")]], "ok"),
        ("only", "a pattern and only", "T70", list!["read:*", list![], true], "ok"),
        ("all-parts", "a pattern, a condition and only", "T70", list!["read:*", list![absent("/a")], true], "ok"),
        ("no-conditions", "an empty list of conditions", "T69", list!["read:*", list![]], "parse-not-canonical 0"),
        ("alone", "a pattern alone in an array", "T70", list!["read:*"], "parse-claim-type 0"),
        ("no-parts", "an empty array", "T70", list![], "parse-claim-type 0"),
        ("four-parts", "four parts", "T70", list!["read:*", list![absent("/a")], true, true], "parse-claim-type 0"),
        (
            "not-only",
            "false as the last part",
            "T70",
            list!["read:*", list![absent("/a")], false],
            "parse-claim-type 0",
        ),
        ("only-1", "1 as the last part", "T70", list!["read:*", list![absent("/a")], 1], "parse-claim-type 0"),
        (
            "only-null",
            "null as the last part",
            "T70",
            list!["read:*", list![absent("/a")], Item::NULL],
            "parse-claim-type 0",
        ),
        (
            "null-conditions",
            "null in place of the conditions",
            "T31",
            list!["read:*", Item::NULL, true],
            "parse-claim-type 0",
        ),
        (
            "null-pattern",
            "null in place of the pattern",
            "T31",
            list![Item::NULL, list![absent("/a")]],
            "parse-claim-type 0",
        ),
        ("index", "an index in a root block", "T31", 0.into(), "parse-claim-type 0"),
        (
            "condition-not-in-list",
            "a condition that is not in a list",
            "T31",
            list!["read:*", absent("/a")],
            "parse-claim-type 0",
        ),
        ("conditions-64", "64 conditions", "T34", list!["read:*", many(64)], "ok"),
        ("conditions-65", "65 conditions", "T34", list!["read:*", many(65)], "parse-limit 0"),
        (
            "condition-twice",
            "a condition twice",
            "T35",
            list!["read:*", list![absent("/a"), absent("/a")]],
            "parse-not-canonical 0",
        ),
        (
            "condition-two-of-a-kind",
            "two conditions on one argument",
            "T35",
            list!["read:*", list![absent("/a"), list!["@b", 11], absent("/b")]],
            "ok",
        ),
    ];
    let case = |(name, comment, spec, scope, answer): (&str, _, _, Item, _)| {
        Case::new(&format!("scopes/form-{name}"), comment)
            .spec(spec)
            .answered(answer, &chain(vec![Item::List(vec![scope])]))
    };
    rows.into_iter().map(case).collect()
}

fn refined() -> Vec<Case> {
    let null = || Item::NULL;
    let rows: Vec<(_, _, _, Item, _)> = vec![
        ("pattern", "an index and a pattern", "T70", list![0, "read:hr:*"], "ok"),
        ("condition", "an index, null and a condition", "T70", list![0, null(), list![absent("/a")]], "ok"),
        ("only", "an index, null and only", "T70", list![0, null(), list![], true], "ok"),
        ("all-parts", "all four parts", "T70", list![0, "read:hr:*", list![absent("/a")], true], "ok"),
        ("null", "a null pattern at the end", "T69", list![0, null()], "parse-not-canonical 1"),
        ("null-empty", "a null pattern and no conditions", "T69", list![0, null(), list![]], "parse-not-canonical 1"),
        ("empty", "a pattern and no conditions", "T69", list![0, "read:hr:*", list![]], "parse-not-canonical 1"),
        ("alone", "an index alone in an array", "T70", list![0], "parse-claim-type 1"),
        ("five-parts", "five parts", "T70", list![0, null(), list![absent("/a")], true, true], "parse-claim-type 1"),
        (
            "not-only",
            "false as the last part",
            "T70",
            list![0, null(), list![absent("/a")], false],
            "parse-claim-type 1",
        ),
        ("text", "a pattern without an index", "T31", "read:hr:*".into(), "parse-claim-type 1"),
        ("text-index", "a text as the index", "T31", list!["0", "read:hr:*"], "parse-claim-type 1"),
        ("negative", "a negative index", "T31", (-1).into(), "parse-claim-type 1"),
        ("negative-in-array", "a negative index in an array", "T31", list![-1, "read:hr:*"], "parse-claim-type 1"),
        ("bytes", "bytes as the pattern", "T31", list![0, [1; 8]], "parse-claim-type 1"),
        ("bad-pattern", "a pattern with an empty segment", "T65", list![0, "read::hr"], "parse-pattern 1"),
        (
            "condition-twice",
            "a condition twice in one refinement",
            "T35",
            list![0, null(), list![absent("/a"), absent("/a")]],
            "parse-not-canonical 1",
        ),
    ];
    let case = |(name, comment, spec, refinement, answer): (&str, _, _, Item, _)| {
        let scopes = vec![list!["read:*"], Item::List(vec![refinement])];
        Case::new(&format!("scopes/refinement-{name}"), comment).spec(spec).answered(answer, &chain(scopes))
    };
    let again = vec![list![list!["read:*", list![absent("/a")]]], list![list![0, Item::NULL, list![absent("/a")]]]];
    let mut cases: Vec<Case> = rows.into_iter().map(case).collect();
    cases.push(
        Case::new("scopes/refinement-condition-again", "a refinement states a condition that its scope has already")
            .spec("T35 T76")
            .answered("ok", &chain(again)),
    );
    cases
}
