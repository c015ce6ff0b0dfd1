//! Refinements: which scope they are of, what is dropped, and that conditions accumulate.

use super::chain;
use crate::case::Case;
use crate::cbor::Item;
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [places(), lists(), conditions()].concat()
}

type Row = (&'static str, &'static str, &'static str, Vec<Item>, &'static str, &'static str);

fn case((name, comment, spec, scopes, action, answer): Row) -> Case {
    Case::new(&format!("scopes/{name}"), comment).spec(spec).request(action).answered(answer, &chain(scopes))
}

fn places() -> Vec<Case> {
    let three = || list!["read:a", "read:b", "read:c"];
    let rows: Vec<Row> = vec![
        ("index-last", "the last place of the list", "T71 T72", vec![three(), list![2]], "read:c", "ok"),
        ("index-behind", "the place behind the last", "T72", vec![three(), list![3]], "read:a", "chain-scope-index 1"),
        (
            "index-of-newer",
            "a place in the list that the block above put in force, not in that of the root block",
            "T71 T75",
            vec![three(), list![2, 1], list![0]],
            "read:c",
            "ok",
        ),
        (
            "index-of-older",
            "what stands at that place in the list of the root block is no longer in force",
            "T71 T75",
            vec![three(), list![2, 1], list![0]],
            "read:a",
            "deny-scope",
        ),
        (
            "index-gone",
            "a place that the list of the root block has, and the list in force has not",
            "T71 T72",
            vec![three(), list![0], list![1]],
            "read:b",
            "chain-scope-index 2",
        ),
        (
            "index-over-silence",
            "the block above says nothing about scopes, so the list is that of the root block",
            "T38 T71",
            vec![three(), Item::NULL, list![1]],
            "read:b",
            "ok",
        ),
        (
            "index-in-nothing",
            "a place in an empty list",
            "T72 T75",
            vec![three(), list![], list![0]],
            "read:a",
            "chain-scope-index 2",
        ),
        (
            "index-64-bits",
            "the largest number that a place can be written as",
            "T72",
            vec![three(), list![u64::MAX]],
            "read:a",
            "chain-scope-index 1",
        ),
        (
            "index-32-bits",
            "a place that is 0 in 32 bits",
            "T72",
            vec![three(), list![1_u64 << 32]],
            "read:a",
            "chain-scope-index 1",
        ),
    ];
    rows.into_iter().map(case).collect()
}

fn lists() -> Vec<Case> {
    let two = || list!["read:*", "write:files:*"];
    let rows: Vec<Row> = vec![
        ("dropped", "a scope that no refinement names", "T75", vec![two(), list![1]], "read:a", "deny-scope"),
        ("not-dropped", "the scope that is named", "T75", vec![two(), list![1]], "write:files:a", "ok"),
        ("silent", "a block that states no scopes keeps all", "T38", vec![two(), Item::NULL], "write:files:a", "ok"),
        ("emptied", "an empty list allows nothing", "T75", vec![two(), list![]], "read:a", "deny-scope"),
        ("none-granted", "a root block with no scope allows nothing", "T75", vec![list![]], "read:a", "deny-scope"),
        (
            "several",
            "one scope refined twice: the first of the two",
            "T75",
            vec![two(), list![list![0, "read:hr:*"], list![0, "read:files:*"]]],
            "read:hr:a",
            "ok",
        ),
        (
            "several-second",
            "one scope refined twice: the second of the two",
            "T75",
            vec![two(), list![list![0, "read:hr:*"], list![0, "read:files:*"]]],
            "read:files:a",
            "ok",
        ),
        (
            "twice-the-same",
            "a scope may be named twice without a change",
            "T75",
            vec![two(), list![0, 0]],
            "read:a",
            "ok",
        ),
        (
            "repeats",
            "a refinement states the pattern of its scope",
            "T73",
            vec![two(), list![list![0, "read:*"]]],
            "read:a",
            "chain-scope-repeats 1",
        ),
        (
            "repeats-with-condition",
            "the same beside a condition",
            "T73",
            vec![two(), list![list![0, "read:*", list![list!["/a", 11]]]]],
            "read:a",
            "chain-scope-repeats 1",
        ),
        (
            "repeats-newer",
            "it states the pattern that the block above narrowed to",
            "T73",
            vec![two(), list![list![0, "read:hr:*"]], list![list![0, "read:hr:*"]]],
            "read:hr:a",
            "chain-scope-repeats 2",
        ),
        (
            "wider-than-newer",
            "it states the pattern of the root block, which the block above narrowed",
            "T74",
            vec![two(), list![list![0, "read:hr:*"]], list![list![0, "read:*"]]],
            "read:a",
            "chain-scope-wider 2",
        ),
        (
            "wider-second",
            "the second of two refinements is wider",
            "T39 T74",
            vec![two(), list![list![0, "read:hr:*"], list![1, "write:*"]]],
            "write:a",
            "chain-scope-wider 1",
        ),
        (
            "within-another",
            "its pattern lies within another scope in force, and not within its own",
            "T74",
            vec![list!["read:hr:*", "read:files:*"], list![list![0, "read:files:a"]]],
            "read:files:a",
            "chain-scope-wider 1",
        ),
        (
            "within-both",
            "its pattern lies within no scope, only within all of them together",
            "T74",
            vec![list!["read:hr", "read:hr:*", "read:files"], list![list![0, "read:*"]]],
            "read:files",
            "chain-scope-wider 1",
        ),
    ];
    rows.into_iter().map(case).collect()
}

/// `limit` is what the request says: 5, 50 or 101.
fn conditions() -> Vec<Case> {
    let most = |limit: u64| list!["/limit", 3, limit];
    let least = |limit: u64| list!["/limit", 4, limit];
    let granted = || list![list!["read:*", list![most(100)]]];
    let added = |condition: Item| list![list![0, Item::NULL, list![condition]]];
    let rows = [
        ("both-hold", "both conditions hold", vec![granted(), added(least(10))], 50, "ok"),
        ("newer-fails", "the added condition fails", vec![granted(), added(least(10))], 5, "deny-condition 1"),
        (
            "older-fails",
            "the condition of the root block fails",
            vec![granted(), added(least(10))],
            101,
            "deny-condition 0",
        ),
        (
            "not-replaced",
            "a wider condition on the same argument does not take the place of the older one",
            vec![granted(), added(most(1_000))],
            101,
            "deny-condition 0",
        ),
        (
            "kept-by-index",
            "a refinement of an index alone keeps the condition",
            vec![granted(), list![0]],
            101,
            "deny-condition 0",
        ),
        (
            "kept-by-pattern",
            "a refinement to a narrower pattern keeps the condition",
            vec![granted(), list![list![0, "read:hr:*"]]],
            101,
            "deny-condition 0",
        ),
        (
            "kept-twice",
            "so does a second one, and so is the condition added between",
            vec![granted(), added(least(10)), list![list![0, "read:hr:*"]]],
            5,
            "deny-condition 1",
        ),
        (
            "of-its-own-scope",
            "the condition of another scope does not count",
            vec![list!["send:*", list!["read:*", list![most(10)]], "read:hr:*"], list![2]],
            50,
            "ok",
        ),
        (
            "either-of-two",
            "of two refinements of one scope it is enough that one allows",
            vec![granted(), list![list![0, Item::NULL, list![most(10)]], list![0, Item::NULL, list![least(20)]]]],
            50,
            "ok",
        ),
    ];
    let case = |(name, comment, scopes, limit, answer): (_, _, _, u64, _)| {
        Case::new(&format!("scopes/conditions-{name}"), comment)
            .spec("T76")
            .arguments(&format!("{{\"limit\": {limit}}}"))
            .answered(answer, &chain(scopes))
    };
    rows.into_iter().map(case).collect()
}
