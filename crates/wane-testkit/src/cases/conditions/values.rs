//! Values by type, bounds, lengths and globs.

use super::{on, on_texts};
use crate::case::Case;
use crate::cbor::Item;
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [equals(), one_of(), bounds(), lengths(), globs()].concat()
}

fn equals() -> Vec<Case> {
    let (condition, kind) = ("deny-condition", "deny-argument-type");
    [
        on(
            "equals",
            "T88 T89",
            list!["/a", 1, 1],
            &[
                ("integer", "the same integer", r#"{"a": 1}"#, "ok"),
                ("point", "the same integer, written with a point", r#"{"a": 1.0}"#, "ok"),
                ("exponent", "the same integer, written with an exponent", r#"{"a": 100e-2}"#, "ok"),
                ("other-integer", "another integer", r#"{"a": 2}"#, condition),
                ("text-for-integer", "a text where an integer is meant", r#"{"a": "1"}"#, kind),
                ("true-for-integer", "true where 1 is meant", r#"{"a": true}"#, kind),
                ("null-for-integer", "null where an integer is meant", r#"{"a": null}"#, kind),
            ],
        ),
        on(
            "equals",
            "T88 T89",
            list!["/a", 1, "1"],
            &[
                ("text", "the same text", r#"{"a": "1"}"#, "ok"),
                ("text-escaped", "the same text, written with an escape", r#"{"a": "\u0031"}"#, "ok"),
                ("text-longer", "a text that starts with it", r#"{"a": "1 "}"#, condition),
                ("integer-for-text", "an integer where a text is meant", r#"{"a": 1}"#, kind),
            ],
        ),
        on(
            "equals",
            "T88 T89",
            list!["/a", 1, true],
            &[
                ("true", "true", r#"{"a": true}"#, "ok"),
                ("false", "false where true is meant", r#"{"a": false}"#, condition),
                ("one-for-true", "1 where true is meant", r#"{"a": 1}"#, kind),
                ("text-for-true", "a text where true is meant", r#"{"a": "true"}"#, kind),
            ],
        ),
        on(
            "equals",
            "T85 T88",
            list!["/a", 1, Item::NULL],
            &[
                ("null", "null is present, and equal to null", r#"{"a": null}"#, "ok"),
                ("false-for-null", "false where null is meant", r#"{"a": false}"#, kind),
                ("zero-for-null", "0 where null is meant", r#"{"a": 0}"#, kind),
                ("nothing-for-null", "nothing where null is meant", "{}", "deny-missing-argument"),
            ],
        ),
        on(
            "equals",
            "T89 T126",
            list!["/a", 1, 0],
            &[
                ("minus-zero", "-0 is 0", r#"{"a": -0}"#, "ok"),
                ("minus-zero-point", "-0.0 is 0", r#"{"a": -0.0}"#, "ok"),
                ("false-for-zero", "false is not 0", r#"{"a": false}"#, kind),
                ("empty-for-zero", "an empty text is not 0", r#"{"a": ""}"#, kind),
            ],
        ),
        on(
            "equals",
            "T89 T126",
            list!["/a", 1, 9_007_199_254_740_991_u64],
            &[
                ("largest", "2^53 - 1", r#"{"a": 9007199254740991}"#, "ok"),
                ("largest-exponent", "2^53 - 1 with an exponent", r#"{"a": 9.007199254740991e15}"#, "ok"),
                ("largest-less-one", "2^53 - 2", r#"{"a": 9007199254740990}"#, condition),
            ],
        ),
        on(
            "equals",
            "T89",
            list!["/a", 1, -9_007_199_254_740_991_i64],
            &[
                ("smallest", "1 - 2^53", r#"{"a": -9007199254740991}"#, "ok"),
                ("smallest-sign", "2^53 - 1", r#"{"a": 9007199254740991}"#, condition),
            ],
        ),
        on_texts(
            "equals",
            "T89",
            list!["/a", 1, "caf\u{e9}"],
            &[
                ("composed", "the same letter beyond ASCII", "caf\u{e9}", "ok"),
                ("decomposed", "a letter and an accent that look like it", "cafe\u{301}", condition),
                ("capitals", "capitals are other letters", "CAF\u{c9}", condition),
            ],
        ),
    ]
    .concat()
}

fn one_of() -> Vec<Case> {
    let (condition, kind) = ("deny-condition", "deny-argument-type");
    [
        on(
            "in",
            "T88 T89",
            list!["/a", 2, list![1, "x", Item::NULL]],
            &[
                ("first", "the first of three", r#"{"a": 1.0}"#, "ok"),
                ("text", "the second of three", r#"{"a": "x"}"#, "ok"),
                ("null", "null among the three", r#"{"a": null}"#, "ok"),
                ("none", "none of them, of a type that stands there", r#"{"a": 2}"#, condition),
                ("type", "a type that does not stand there", r#"{"a": true}"#, kind),
                ("text-of-integer", "the integer as a text", r#"{"a": "1"}"#, condition),
            ],
        ),
        on(
            "in",
            "T88",
            list!["/a", 2, list![1, true]],
            &[
                ("true-beside-one", "1 and true are two values", r#"{"a": true}"#, "ok"),
                ("false-beside-one", "false is none of 1 and true", r#"{"a": false}"#, condition),
                ("other-type", "a text where 1 and true stand", r#"{"a": "1"}"#, kind),
            ],
        ),
    ]
    .concat()
}

fn bounds() -> Vec<Case> {
    let (condition, kind) = ("deny-condition", "deny-argument-type");
    [
        on(
            "at-most",
            "T88 T89",
            list!["/a", 3, 100],
            &[
                ("equal", "the bound itself", r#"{"a": 100}"#, "ok"),
                ("exponent", "the bound as 1e2", r#"{"a": 1e2}"#, "ok"),
                ("above", "one above it", r#"{"a": 101}"#, condition),
                ("negative", "far below it", r#"{"a": -9007199254740991}"#, "ok"),
                ("text", "a text that is less as a text", r#"{"a": "1"}"#, kind),
                ("true", "a boolean", r#"{"a": true}"#, kind),
                ("null", "null", r#"{"a": null}"#, kind),
            ],
        ),
        on(
            "at-most",
            "T87",
            list!["/a", 3, 100],
            &[("fraction", "a fraction below it", r#"{"a": 0.5}"#, "deny-argument-shape")],
        ),
        on(
            "at-least",
            "T88 T89",
            list!["/a", 4, -1],
            &[
                ("equal", "the bound itself", r#"{"a": -1}"#, "ok"),
                ("below", "one below it", r#"{"a": -2}"#, condition),
                ("zero", "-0 is above -1", r#"{"a": -0}"#, "ok"),
                ("text", "a text", r#"{"a": "5"}"#, kind),
            ],
        ),
    ]
    .concat()
}

fn lengths() -> Vec<Case> {
    let condition = "deny-condition";
    [
        on_texts(
            "len",
            "T89",
            list!["/a", 5, 4],
            &[
                ("equal", "four bytes", "abcd", "ok"),
                ("longer", "five bytes", "abcde", condition),
                ("two-letters", "two letters of two bytes", "\u{e9}\u{e9}", "ok"),
                (
                    "three-letters",
                    "three letters of two bytes: bytes count, not letters",
                    "\u{e9}\u{e9}\u{e9}",
                    condition,
                ),
                ("empty", "an empty text", "", "ok"),
            ],
        ),
        on(
            "len",
            "T86 T88",
            list!["/a", 5, 2],
            &[
                ("elements", "two elements, which may be long", r#"{"a": ["a long text", null]}"#, "ok"),
                ("more-elements", "three elements", r#"{"a": [1, 2, 3]}"#, condition),
                ("integer", "an integer has no length", r#"{"a": 1}"#, "deny-argument-type"),
                ("null", "null has no length", r#"{"a": null}"#, "deny-argument-type"),
                ("no-elements", "an empty array", r#"{"a": []}"#, "deny-argument-shape"),
                ("nested", "an array in an array", r#"{"a": [[1]]}"#, "deny-argument-shape"),
                ("object", "an object", r#"{"a": {"b": 1}}"#, "deny-argument-shape"),
            ],
        ),
    ]
    .concat()
}

fn globs() -> Vec<Case> {
    let other = "deny-condition";
    let like = |glob: &str| list!["/a", 6, glob];
    [
        on_texts(
            "like",
            "T89",
            like("*.csv"),
            &[
                ("end", "a star at the start", "q3.csv", "ok"),
                ("empty-run", "a star for no character", ".csv", "ok"),
                ("run-of-slashes", "a star for slashes and line feeds", "/a/b\n.csv", "ok"),
                ("behind", "something behind the whole", "q3.csv.exe", other),
                ("line-feed", "a line feed behind the whole", "q3.csv\n", other),
                ("case", "capitals are other letters", "q3.CSV", other),
                ("dot", "a dot stands for a dot only", "q3xcsv", other),
            ],
        ),
        on_texts(
            "like",
            "T89",
            like("a*b*c"),
            &[
                ("two-stars", "two stars", "a-b-b-c", "ok"),
                ("two-stars-empty", "two stars for nothing", "abc", "ok"),
                ("order", "the pieces in another order", "acb", other),
                ("start", "something before the whole", "xabc", other),
            ],
        ),
        on_texts(
            "like",
            "T89",
            like("aba*aba"),
            &[("overlap", "two pieces that would have to overlap", "ababa", other)],
        ),
        on_texts(
            "like",
            "T89",
            like("a?[b]"),
            &[
                ("plain", "a question mark and brackets are themselves", "a?[b]", "ok"),
                ("not-special", "and stand for nothing else", "axb", other),
            ],
        ),
        on_texts("like", "T89", like(r"a\*"), &[("no-escape", "nothing escapes a star", r"a\b", "ok")]),
        on_texts("like", "T89", like("**"), &[("doubled", "two stars are as good as one", "", "ok")]),
        on_texts(
            "like",
            "T89",
            like(""),
            &[
                ("nothing", "an empty glob and an empty text", "", "ok"),
                ("not-nothing", "an empty glob and a text", "x", other),
            ],
        ),
        on("like", "T88", like("*"), &[("integer", "an integer is no text", r#"{"a": 1}"#, "deny-argument-type")]),
    ]
    .concat()
}
