//! The forms of conditions on the wire.

use super::under;
use crate::case::Case;
use crate::cbor::Item;
use crate::list;

type Row = (&'static str, &'static str, &'static str, Item, &'static str);

pub(super) fn cases() -> Vec<Case> {
    [operators(), operands(), limits(), targets()].concat()
}

/// One condition, and a request with the argument `a` = 1 and no other.
fn case((name, comment, spec, condition, answer): Row) -> Case {
    Case::new(&format!("conditions/form-{name}"), comment)
        .spec(spec)
        .arguments(r#"{"a": 1}"#)
        .answered(&super::in_root(answer), &under(condition))
}

fn operators() -> Vec<Case> {
    let (unknown, kind) = ("parse-condition", "parse-claim-type");
    let rows: Vec<Row> = vec![
        ("operator-0", "the operator 0", "T79", list!["/a", 0, 1], unknown),
        ("operator-13", "the operator 13", "T79", list!["/a", 13, list!["x"]], unknown),
        ("operator-large", "the operator 2^32 + 1", "T79", list!["/a", (1_u64 << 32) + 1, 1], unknown),
        ("operator-text", "an operator as a text", "T31", list!["/a", "=", 1], kind),
        ("operator-negative", "a negative operator", "T31", list!["/a", -1, 1], kind),
        ("absent-operand", "absent with an operand", "T79", list!["/b", 11, Item::NULL], unknown),
        ("no-operand", "= without an operand", "T79", list!["/a", 1], unknown),
        ("unknown-no-operand", "an unknown operator without an operand", "T79", list!["/a", 14], unknown),
        ("one-part", "one part", "T31", list!["/a"], kind),
        ("four-parts", "four parts", "T31", list!["/a", 1, 1, 1], kind),
        ("text", "a condition as scope text", "T31", "a = 1".into(), kind),
        ("target-integer", "a target that is an integer", "T31", list![1, 1, 1], kind),
    ];
    rows.into_iter().map(case).collect()
}

fn operands() -> Vec<Case> {
    let (kind, twice) = ("parse-claim-type", "parse-not-canonical");
    let net = "10.0.0.0/8";
    let rows: Vec<Row> = vec![
        ("equals-list", "= with an array", "T160", list!["/a", 1, list![1]], kind),
        ("equals-bytes", "= with bytes", "T160", list!["/a", 1, [1; 4]], kind),
        ("equals-map", "= with a map", "T160", list!["/a", 1, Item::Map(Vec::new())], kind),
        ("in-value", "in with one value", "T160", list!["/a", 2, 1], kind),
        ("in-nested", "in with an array in its array", "T160", list!["/a", 2, list![1, list![2]]], kind),
        ("at-most-text", "<= with a text", "T160", list!["/a", 3, "1"], kind),
        ("at-most-true", "<= with a boolean", "T160", list!["/a", 3, true], kind),
        ("at-least-null", ">= with null", "T160", list!["/a", 4, Item::NULL], kind),
        ("len-negative", "len <= with a negative integer", "T160", list!["/a", 5, -1], kind),
        ("len-text", "len <= with a text", "T160", list!["/a", 5, "1"], kind),
        ("like-integer", "like with an integer", "T160", list!["/a", 6, 1], kind),
        ("like-list", "like with an array", "T160", list!["/a", 6, list!["*"]], kind),
        ("under-text", "under with one text", "T160", list!["/a", 7, "/data"], kind),
        ("host-text", "host with one text", "T160", list!["/a", 8, "h.example"], kind),
        ("scheme-list", "scheme with an array", "T160", list!["/a", 9, list!["https"]], kind),
        ("cidr-text", "cidr with one text", "T160", list!["/a", 10, net], kind),
        ("seen-integer", "seen with an integer in its array", "T160", list!["/a", 12, list![1]], kind),
        ("in-empty", "in with an empty array", "T160", list!["/a", 2, list![]], twice),
        ("under-empty", "under with an empty array", "T160", list!["/a", 7, list![]], twice),
        ("in-twice", "in with a value twice", "T160", list!["/a", 2, list![1, 2, 1]], twice),
        ("in-alike", "in with values that are alike and not equal", "T160", list!["/a", 2, list![true, "1", 1]], "ok"),
        ("under-twice", "under with a directory twice", "T160", list!["/a", 7, list!["/x", "/x"]], twice),
        ("host-twice", "host with a host twice", "T160", list!["/a", 8, list!["h", "h"]], twice),
        ("cidr-twice", "cidr with a network twice", "T160", list!["/a", 10, list![net, net]], twice),
        ("seen-twice", "seen with a field twice", "T160", list!["/a", 12, list!["x", "x"]], twice),
        ("seen-empty-text", "seen with an empty text", "T79", list!["/a", 12, list![""]], "parse-condition"),
    ];
    rows.into_iter().map(case).collect()
}

fn limits() -> Vec<Case> {
    let most = 9_007_199_254_740_991_i64;
    let numbers = |count: u64| Item::List((1..=count).map(Item::from).collect());
    let texts = |count: u64| Item::List((1..=count).map(|number| format!("/{number}").into()).collect());
    let long = |letters: usize| format!("/{}", "x".repeat(letters));
    let limit = "parse-limit";
    let rows: Vec<Row> = vec![
        ("integer-most", "an integer of 2^53 - 1", "T160", list!["/a", 3, most], "ok"),
        ("integer-more", "an integer of 2^53", "T160", list!["/a", 3, most + 1], limit),
        ("integer-least", "an integer of 1 - 2^53", "T160", list!["/a", 4, -most], "ok"),
        ("integer-less", "an integer of -2^53", "T160", list!["/a", 4, -most - 1], limit),
        ("integer-64-bits", "an integer of 2^64 - 1", "T160", list!["/a", 3, u64::MAX], limit),
        ("value-more", "= with an integer of 2^53", "T160", list!["/a", 1, most + 1], limit),
        ("in-more", "in with an integer of -2^53", "T160", list!["/a", 2, list![1, -most - 1]], limit),
        ("len-more", "a length of 2^53", "T79", list!["/a", 5, most + 1], "parse-condition"),
        ("in-64", "in with 64 values", "T160", list!["/a", 2, numbers(64)], "ok"),
        ("in-65", "in with 65 values", "T160", list!["/a", 2, numbers(65)], limit),
        ("under-65", "under with 65 directories", "T160", list!["/a", 7, texts(65)], limit),
        ("text-257", "= with a text of 257 bytes", "T160", list!["/a", 1, Item::long("x", 257)], limit),
        ("glob-257", "like with a text of 257 bytes", "T160", list!["/a", 6, Item::long("*", 257)], limit),
        ("path-257", "under with a directory of 257 bytes", "T160", list!["/a", 7, list![long(256)]], limit),
    ];
    let on_text = |name: &str, comment: &str, spec: &str, condition: Item, text: &str| {
        Case::new(&format!("conditions/form-{name}"), comment)
            .spec(spec)
            .arguments(&serde_json::json!({ "a": text }).to_string())
            .answered("ok", &under(condition))
    };
    let mut cases: Vec<Case> = rows.into_iter().map(case).collect();
    cases.extend([
        on_text("len-most", "a length of 2^53 - 1", "T79", list!["/a", 5, most], "x"),
        on_text("text-256", "= with a text of 256 bytes", "T160", list!["/a", 1, long(255)], &long(255)),
        on_text("glob-256", "like with a text of 256 bytes", "T160", list!["/a", 6, Item::long("*", 256)], "x"),
        on_text("path-256", "under with a path of 256 bytes", "T160", list!["/a", 7, list![long(255)]], &long(255)),
    ]);
    cases
}

fn targets() -> Vec<Case> {
    let long = |start: &str, letters: usize| format!("{start}{}", "x".repeat(letters));
    let rows: Vec<(_, _, _, String, _)> = vec![
        ("short", "a name without the slash", "T80 T81", "a".to_owned(), "parse-condition"),
        ("empty", "an empty text", "T80", String::new(), "parse-condition"),
        ("tilde", "a tilde at the end", "T80", "/a~".to_owned(), "parse-condition"),
        ("tilde-2", "the escape ~2", "T80", "/a~2".to_owned(), "parse-condition"),
        ("fragment", "a pointer as a fragment", "T80", "#/a".to_owned(), "parse-condition"),
        ("said", "@said alone", "T80", "@said".to_owned(), "parse-condition"),
        ("said-nothing", "@said. without a name", "T36 T80", "@said.".to_owned(), "parse-name"),
        ("said-deep", "a name with a dot behind @said.", "T36 T80", "@said.a.b".to_owned(), "parse-name"),
        ("fact-nothing", "@ without a name", "T36 T80", "@".to_owned(), "parse-name"),
        ("fact-capital", "a fact with a capital", "T36 T80", "@Env".to_owned(), "parse-name"),
        ("fact-dot", "a fact with a dot", "T36 T80", "@env.x".to_owned(), "parse-name"),
        ("fact-long", "a fact of 65 letters", "T36 T80", long("@", 65), "parse-name"),
        ("fact-longest", "a fact of 64 letters", "T36 T80", long("@", 64), "ok"),
        ("fact-saids", "a fact whose name starts with said", "T80", "@saids".to_owned(), "ok"),
        ("longest", "a pointer of 256 bytes", "T80", long("/", 255), "ok"),
        ("too-long", "a pointer of 257 bytes", "T80", long("/", 256), "parse-limit"),
    ];
    let case = |(name, comment, spec, target, answer): (&str, _, _, String, _)| {
        Case::new(&format!("conditions/target-{name}"), comment)
            .spec(spec)
            .answered(&super::in_root(answer), &under(list![target, 11]))
    };
    rows.into_iter().map(case).collect()
}
