//! Arguments as JSON: only read, or read ahead of the token.

use crate::case::Case;
use crate::chain::Chain;

pub(super) fn cases() -> Vec<Case> {
    [numbers(), members(), grammar(), sizes(), before_the_token()].concat()
}

fn case(name: &str, comment: &str, spec: &str, text: &str, answer: &str) -> Case {
    Case::new(&format!("request/json-{name}"), comment).spec(spec).read_as(answer, "arguments", text)
}

fn numbers() -> Vec<Case> {
    let taken = [
        ("largest", "2^53 - 1", "9007199254740991"),
        ("smallest", "1 - 2^53", "-9007199254740991"),
        ("largest-point", "2^53 - 1 with a point", "9007199254740991.000"),
        ("largest-exponent", "2^53 - 1 with an exponent", "9.007199254740991e15"),
        ("minus-zero", "-0", "-0"),
        ("zero-exponent", "0 with an exponent that nobody could expand", "0e99999999999999999999"),
        ("exponent-down", "12 with an exponent of -2", "1200e-2"),
        ("exponent-far-down", "1 behind many zeros, and an exponent", "0.00000000000000000000000000000001e32"),
        ("capital-exponent", "a capital E and a sign", "1E+2"),
        ("half", "a fraction", "0.5"),
        ("tenth", "a fraction that no double is exactly", "0.1"),
        ("least", "the least double above 0", "5e-324"),
        ("below-one", "the greatest double below 1", "0.99999999999999988898"),
    ];
    let refused = [
        ("two-53", "2^53", "9007199254740992"),
        ("two-53-one", "2^53 + 1", "9007199254740993"),
        ("minus-two-53", "-2^53", "-9007199254740992"),
        ("two-53-point", "2^53 + 1 with a point", "9007199254740993.0"),
        ("exponent-16", "1e16", "1e16"),
        ("exponent-400", "1e400", "1e400"),
        ("exponent-huge", "an exponent of 10 digits", "1e9999999999"),
        ("two-64-one", "2^64 + 1, which is 1 in 64 bits", "18446744073709551617"),
        ("to-zero", "a fraction whose nearest double is 0", "1e-400"),
        ("to-one", "a fraction whose nearest double is 1", "0.99999999999999999999"),
        ("to-integer", "a fraction whose nearest double is an integer", "4503599627370496.5"),
        ("large-fraction", "a fraction beyond 2^53", "9007199254740993.5"),
    ];
    let number = |(name, comment, number): (&str, &str, &str), answer| {
        case(name, comment, "T126", &format!("{{\"a\": {number}}}"), answer)
    };
    let mut cases: Vec<Case> = taken.into_iter().map(|row| number(row, "ok")).collect();
    cases.extend(refused.into_iter().map(|row| number(row, "parse-json-number")));
    cases.push(case(
        "number-deep",
        "2^53 deep inside",
        "T126",
        r#"{"a": [{"b": 9007199254740992}]}"#,
        "parse-json-number",
    ));
    cases.push(case("number-quoted", "2^53 as a text", "T126", r#"{"a": "9007199254740992"}"#, "ok"));
    cases
}

fn members() -> Vec<Case> {
    let twice = "parse-json-duplicate";
    [
        ("twice", "a member twice", r#"{"a": 1, "a": 1}"#, twice),
        ("twice-apart", "a member twice, with another between", r#"{"a": 1, "b": 1, "a": 2}"#, twice),
        ("twice-escaped", "a member twice, once with an escape", r#"{"a": 1, "\u0061": 2}"#, twice),
        ("twice-solidus", "a member twice, once with an escaped slash", r#"{"a/b": 1, "a\/b": 2}"#, twice),
        ("twice-pair", "a member twice, once as a surrogate pair", "{\"\u{1f600}\": 1, \"\\uD83D\\ude00\": 2}", twice),
        ("twice-deep", "a member twice in an object in an array", r#"{"x": [{"a": 1, "a": 2}]}"#, twice),
        ("twice-empty", "the empty name twice", r#"{"": 1, "": 2}"#, twice),
        ("apart", "a name in two objects", r#"{"a": {"a": 1}, "b": {"a": 1}}"#, "ok"),
        ("case", "names that differ in capitals", r#"{"a": 1, "A": 2}"#, "ok"),
        ("composed", "names that look alike beyond ASCII", "{\"\u{e9}\": 1, \"e\u{301}\": 2}", "ok"),
        ("space", "names that differ in a space", r#"{"a": 1, "a ": 2}"#, "ok"),
    ]
    .into_iter()
    .map(|(name, comment, text, answer)| case(&format!("member-{name}"), comment, "T127", text, answer))
    .collect()
}

fn grammar() -> Vec<Case> {
    let taken = [
        ("empty", "no argument", "{}"),
        ("spaces", "white space around every part", " { \"a\" : [ 1 , null ] } "),
        ("types", "every type", r#"{"a": [true, false, null, 1, 1.5, "x", [], {}]}"#),
        ("escapes", "every escape", r#"{"a": "\"\\\/\b\f\n\r\t\u0000\u00e9\ud83d\ude00"}"#),
        ("delete", "the character DEL, which JSON does not call a control character", "{\"a\": \"\u{7f}\"}"),
    ];
    let refused = [
        ("array", "an array in place of an object", "[1]"),
        ("text", "a text in place of an object", r#""{}""#),
        ("null", "null in place of an object", "null"),
        ("nothing", "white space and nothing else", "\t"),
        ("behind", "a second object behind the first", "{}{}"),
        ("comma-behind", "a comma behind the object", "{},"),
        ("trailing-comma", "a comma behind the last member", r#"{"a": 1,}"#),
        ("trailing-comma-array", "a comma behind the last element", r#"{"a": [1,]}"#),
        ("no-comma", "no comma between two members", r#"{"a": 1 "b": 2}"#),
        ("no-colon", "no colon behind a name", r#"{"a" 1}"#),
        ("not-closed", "an object that is not closed", r#"{"a": 1"#),
        ("bare-name", "a name without quotes", "{a: 1}"),
        ("number-name", "a number as a name", "{1: 1}"),
        ("single-quotes", "single quotes", "{'a': 1}"),
        ("comment", "a comment", r#"{"a": 1 /* one */}"#),
        ("nan", "NaN", r#"{"a": NaN}"#),
        ("infinity", "Infinity", r#"{"a": Infinity}"#),
        ("plus", "a plus before a number", r#"{"a": +1}"#),
        ("zero-before", "a zero before a number", r#"{"a": 01}"#),
        ("point-first", "a number that starts with a point", r#"{"a": .5}"#),
        ("point-last", "a number that ends with a point", r#"{"a": 1.}"#),
        ("exponent-empty", "an exponent without digits", r#"{"a": 1e}"#),
        ("hexadecimal", "hexadecimal digits", r#"{"a": 0x1}"#),
        ("minus-alone", "a minus alone", r#"{"a": -}"#),
        ("capital-true", "True", r#"{"a": True}"#),
        ("tab-in-text", "a tab in a text", "{\"a\": \"x\ty\"}"),
        ("unknown-escape", "an escape that JSON does not have", r#"{"a": "\x61"}"#),
        ("short-escape", "an escape of three digits", r#"{"a": "\u061"}"#),
        ("lone-surrogate", "the first half of a surrogate pair", r#"{"a": "\ud83d"}"#),
        ("lone-low-surrogate", "the second half of a surrogate pair", r#"{"a": "\ude00"}"#),
        ("swapped-surrogates", "a surrogate pair the wrong way around", r#"{"a": "\ude00\ud83d"}"#),
        ("surrogate-name", "half a surrogate pair in a name", r#"{"\ud83d": 1}"#),
        ("byte-order-mark", "a byte order mark", "\u{feff}{}"),
        ("no-break-space", "a space that is not white space here", "{\u{a0}}"),
    ];
    let mut cases: Vec<Case> =
        taken.into_iter().map(|(name, comment, text)| case(name, comment, "T128", text, "ok")).collect();
    cases.extend(refused.into_iter().map(|(name, comment, text)| case(name, comment, "T128", text, "parse-json")));
    cases
}

fn sizes() -> Vec<Case> {
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{{\"a\":{}1{}}}", open.repeat(depth - 1), close.repeat(depth - 1))
    };
    let filled = |name: &str, comment: &str, count: usize, answer: &str| {
        case(name, comment, "T129", "x", answer).flag(&format!("repeat {count}"))
    };
    vec![
        case("arrays-64", "64 arrays and objects within each other", "T129", &nested("[", "]", 64), "ok"),
        case("arrays-65", "65 arrays and objects within each other", "T129", &nested("[", "]", 65), "parse-too-deep"),
        case("objects-64", "64 objects within each other", "T129", &nested("{\"b\":", "}", 64), "ok"),
        case("objects-65", "65 objects within each other", "T129", &nested("{\"b\":", "}", 65), "parse-too-deep"),
        case("brackets-in-text", "65 brackets in a text", "T129", &format!("{{\"a\":\"{}\"}}", "[".repeat(65)), "ok"),
        case("side-by-side", "65 arrays side by side", "T129", &format!("{{\"a\":[{}1]}}", "[],".repeat(65)), "ok"),
        filled("mebibyte", "1,048,576 bytes are read, and are no JSON", 1_048_576, "parse-json"),
        filled("mebibyte-more", "1,048,577 bytes are refused before anything else", 1_048_577, "parse-too-large"),
    ]
}

/// The same reader for the arguments of a request, ahead of the token.
fn before_the_token() -> Vec<Case> {
    let rows = [
        ("duplicate", "T127", r#"{"path": "/data/x", "path": "/etc"}"#, "parse-json-duplicate"),
        ("number", "T126", r#"{"limit": 9007199254740993}"#, "parse-json-number"),
        ("array", "T128", "[]", "parse-json"),
    ];
    let case = |(name, spec, arguments, answer): (&str, _, &str, _)| {
        Case::new(&format!("request/arguments-{name}"), "a good token, and arguments that cannot be read")
            .spec(spec)
            .arguments(arguments)
            .answered(answer, &Chain::minted())
    };
    rows.into_iter().map(case).collect()
}
