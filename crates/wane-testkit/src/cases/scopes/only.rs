//! `only`: which arguments it refuses.

use super::chain;
use crate::case::Case;
use crate::cbor::Item;
use crate::list;

type Row = (&'static str, &'static str, Vec<Item>, &'static str, &'static str);

pub(super) fn cases() -> Vec<Case> {
    [names(), leaves()].concat()
}

fn case(spec: &str, (name, comment, scopes, arguments, answer): Row) -> Case {
    Case::new(&format!("scopes/only-{name}"), comment).spec(spec).arguments(arguments).answered(answer, &chain(scopes))
}

fn most(pointer: &str) -> Item {
    list![pointer, 3, 10]
}

fn names() -> Vec<Case> {
    let open = || list![list!["read:*", list![most("/a")]]];
    let closed = || list![list!["read:*", list![most("/a")], true]];
    let added = |pointer| list![list![0, Item::NULL, list![most(pointer)]]];
    let closing = |pointer| list![list![0, Item::NULL, list![most(pointer)], true]];
    let rows: Vec<Row> = vec![
        ("named", "every argument is named", vec![closed()], r#"{"a": 1}"#, "ok"),
        ("unnamed", "an argument that no condition names", vec![closed()], r#"{"a": 1, "b": 1}"#, "deny-only 0"),
        ("open", "the same where the scope does not say only", vec![open()], r#"{"a": 1, "b": 1}"#, "ok"),
        (
            "named-later",
            "a condition added later names no argument",
            vec![closed(), added("/b")],
            r#"{"a": 1, "b": 1}"#,
            "deny-only 0",
        ),
        (
            "said-again-later",
            "nor does one beside a second only",
            vec![closed(), closing("/b")],
            r#"{"a": 1, "b": 1}"#,
            "deny-only 0",
        ),
        (
            "said-later",
            "a refinement says only, and its condition names an argument",
            vec![open(), closing("/b")],
            r#"{"a": 1, "b": 1}"#,
            "ok",
        ),
        (
            "said-later-unnamed",
            "an argument that neither the refinement nor the scope names",
            vec![open(), closing("/b")],
            r#"{"a": 1, "b": 1, "c": 1}"#,
            "deny-only 1",
        ),
        (
            "named-after-said-later",
            "a condition added behind the refinement that says only",
            vec![open(), closing("/b"), added("/c")],
            r#"{"a": 1, "b": 1, "c": 1}"#,
            "deny-only 1",
        ),
        (
            "kept-by-index",
            "a refinement of an index alone keeps the only",
            vec![closed(), list![0]],
            r#"{"a": 1, "b": 1}"#,
            "deny-only 0",
        ),
        (
            "kept-by-pattern",
            "a refinement to a narrower pattern keeps the only",
            vec![closed(), list![list![0, "read:hr:*"]]],
            r#"{"a": 1, "b": 1}"#,
            "deny-only 0",
        ),
        (
            "of-another-scope",
            "a condition of another scope names nothing in this one",
            vec![
                list![list!["read:*", list![most("/a")]], list!["read:*", list![most("/b")]]],
                list![list![0, Item::NULL, list![], true]],
            ],
            r#"{"a": 1, "b": 1}"#,
            "deny-only 1",
        ),
        (
            "without-conditions",
            "only without a condition, and a request without arguments",
            vec![list![list!["read:*", list![], true]]],
            "{}",
            "ok",
        ),
        (
            "without-conditions-argument",
            "only without a condition, and an argument",
            vec![list![list!["read:*", list![], true]]],
            r#"{"a": 1}"#,
            "deny-only 0",
        ),
        (
            "fact",
            "a condition on a fact names no argument of that name",
            vec![list![list!["read:*", list![list!["@a", 11]], true]]],
            r#"{"a": 1}"#,
            "deny-only 0",
        ),
    ];
    rows.into_iter().map(|row| case("T77", row)).collect()
}

fn leaves() -> Vec<Case> {
    let closed = |pointer| vec![list![list!["read:*", list![most(pointer)], true]]];
    let rows: Vec<Row> = vec![
        (
            "leaf-deep",
            "a member of an object is named by its own pointer",
            closed("/f/limit"),
            r#"{"f": {"limit": 5}}"#,
            "ok",
        ),
        ("leaf-beside", "a member beside it", closed("/f/limit"), r#"{"f": {"limit": 5, "x": 1}}"#, "deny-only 0"),
        (
            "leaf-same-name",
            "a member of the same name elsewhere",
            closed("/f/limit"),
            r#"{"f": {"limit": 5}, "limit": 5}"#,
            "deny-only 0",
        ),
        (
            "leaf-below-object",
            "an object at its side, with something in it",
            closed("/a"),
            r#"{"a": 1, "b": {"c": 1}}"#,
            "deny-only 0",
        ),
        ("leaf-empty-object", "an empty object is a leaf", closed("/a"), r#"{"a": 1, "b": {}}"#, "deny-only 0"),
        ("leaf-empty-array", "an empty array is a leaf", closed("/a"), r#"{"a": 1, "b": []}"#, "deny-only 0"),
        (
            "leaf-empty-deep",
            "an empty object within another",
            closed("/f/a"),
            r#"{"f": {"a": 1, "b": {}}}"#,
            "deny-only 0",
        ),
        ("leaf-null", "null is a leaf", closed("/a"), r#"{"a": 1, "b": null}"#, "deny-only 0"),
        ("leaf-fraction", "a fraction is a leaf", closed("/a"), r#"{"a": 1, "b": 0.5}"#, "deny-only 0"),
        ("leaf-elements", "the elements of an array whose pointer is named", closed("/a"), r#"{"a": [1, 2]}"#, "ok"),
        (
            "leaf-elements-unnamed",
            "the elements of an array that is not named",
            closed("/a"),
            r#"{"a": 1, "b": [1]}"#,
            "deny-only 0",
        ),
        ("leaf-escaped", "a name with a slash is named by its escaped pointer", closed("/a~1b"), r#"{"a/b": 1}"#, "ok"),
        (
            "leaf-not-escaped",
            "it is not what the pointer says without the escape",
            closed("/a~1b"),
            r#"{"a/b": 1, "a~1b": 1}"#,
            "deny-only 0",
        ),
        (
            "leaf-longer-name",
            "a name that starts with a named one",
            closed("/a"),
            r#"{"a": 1, "ab": 1}"#,
            "deny-only 0",
        ),
        ("leaf-no-name", "the name may be empty", closed("/"), r#"{"": 1}"#, "ok"),
        ("leaf-no-name-unnamed", "and is not the root of all names", closed("/"), r#"{"": 1, "a": 1}"#, "deny-only 0"),
    ];
    rows.into_iter().map(|row| case("T78", row)).collect()
}
