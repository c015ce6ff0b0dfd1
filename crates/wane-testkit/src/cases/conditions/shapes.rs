//! Pointers, what is missing, arrays, and what may stand under a condition at all.

use super::{on, under};
use crate::case::Case;
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [pointers(), missing(), arrays(), sizes()].concat()
}

fn pointers() -> Vec<Case> {
    let (shape, missing) = ("deny-argument-shape", "deny-missing-argument");
    [
        on(
            "pointer",
            "T82",
            list!["/a~1b", 1, 1],
            &[
                ("slash", "~1 is a slash in a name", r#"{"a/b": 1}"#, "ok"),
                ("slash-not-step", "and no step", r#"{"a": {"b": 1}}"#, missing),
                ("slash-not-itself", "and not itself", r#"{"a~1b": 1}"#, missing),
            ],
        ),
        on(
            "pointer",
            "T82",
            list!["/a~01", 1, 1],
            &[
                ("tilde", "~01 is a tilde and a 1", r#"{"a~1": 1}"#, "ok"),
                ("tilde-not-slash", "and no slash", r#"{"a/": 1}"#, missing),
            ],
        ),
        on(
            "pointer",
            "T82",
            list!["/a/b", 1, 1],
            &[
                ("step", "a step into an object", r#"{"a": {"b": 1}}"#, "ok"),
                ("name-of-two", "a name that looks like two steps", r#"{"a/b": 1}"#, missing),
            ],
        ),
        on(
            "pointer",
            "T83 T84",
            list!["/a/b", 1, 1],
            &[
                ("not-there", "the member is not there", r#"{"a": {}}"#, missing),
                ("nothing-there", "nor the object", r#"{"b": 1}"#, missing),
                ("into-text", "a step into a text", r#"{"a": "{\"b\": 1}"}"#, shape),
                ("into-null", "a step into null", r#"{"a": null}"#, shape),
                ("into-integer", "a step into an integer", r#"{"a": 1}"#, shape),
                ("into-list", "a step into an array of objects", r#"{"a": [{"b": 1}]}"#, shape),
            ],
        ),
        on(
            "pointer",
            "T82 T83",
            list!["/a/0", 1, 1],
            &[
                ("number", "a number is the name of a member", r#"{"a": {"0": 1}}"#, "ok"),
                ("number-not-index", "a number indexes no array", r#"{"a": [1]}"#, shape),
            ],
        ),
        on(
            "pointer",
            "T82",
            list!["/", 1, 1],
            &[
                ("empty", "the empty name", r#"{"": 1}"#, "ok"),
                ("empty-not-all", "it is not the arguments themselves", r#"{"a": 1}"#, missing),
            ],
        ),
        on(
            "pointer",
            "T82",
            list!["/A", 1, 1],
            &[("case", "names with capitals are other names", r#"{"a": 1}"#, missing)],
        ),
        on(
            "pointer",
            "T82",
            list!["/caf\u{e9}", 1, 1],
            &[
                ("composed", "a name beyond ASCII", "{\"caf\u{e9}\": 1}", "ok"),
                ("decomposed", "a name that looks like it", "{\"cafe\u{301}\": 1}", missing),
            ],
        ),
    ]
    .concat()
}

fn missing() -> Vec<Case> {
    let (there, shape, missing) = ("deny-condition", "deny-argument-shape", "deny-missing-argument");
    [
        on(
            "missing",
            "T84",
            list!["/a", 4, 0],
            &[("bound", "no such argument, under a bound", r#"{"b": 1}"#, missing)],
        ),
        on("missing", "T84", list!["/a", 5, 9], &[("length", "no such argument, under a length", "{}", missing)]),
        on(
            "absent",
            "T84 T85",
            list!["/a", 11],
            &[
                ("none", "what must be absent is", r#"{"b": 1}"#, "ok"),
                ("null", "null is present", r#"{"a": null}"#, there),
                ("false", "false is present", r#"{"a": false}"#, there),
                ("empty-text", "an empty text is present", r#"{"a": ""}"#, there),
                ("empty-array", "an empty array is present", r#"{"a": []}"#, there),
                ("object", "an object is present", r#"{"a": {}}"#, there),
                ("fraction", "a fraction is present", r#"{"a": 0.5}"#, there),
                ("nested", "an array of arrays is present", r#"{"a": [[1], {}]}"#, there),
            ],
        ),
        on(
            "absent",
            "T83 T84",
            list!["/a/b", 11],
            &[
                ("member", "the member is absent", r#"{"a": {"c": 1}}"#, "ok"),
                ("above", "the object above is absent", "{}", "ok"),
                ("below-text", "what stands above is a text", r#"{"a": "x"}"#, shape),
                ("below-null", "what stands above is null", r#"{"a": null}"#, shape),
                ("below-list", "what stands above is an array", r#"{"a": []}"#, shape),
            ],
        ),
    ]
    .concat()
}

fn arrays() -> Vec<Case> {
    let (shape, condition, kind) = ("deny-argument-shape", "deny-condition", "deny-argument-type");
    [
        on(
            "array",
            "T86",
            list!["/a", 2, list![1, 2, "x"]],
            &[
                ("all", "every element is one of the values", r#"{"a": [1, 2, 1, "x"]}"#, "ok"),
                ("one", "an array of one element", r#"{"a": [2]}"#, "ok"),
                ("not-first", "the first element is none", r#"{"a": [3, 1]}"#, condition),
                ("not-last", "the last element is none", r#"{"a": [1, 2, 3]}"#, condition),
                ("type", "an element is of another type", r#"{"a": [1, true]}"#, kind),
                ("empty", "an empty array", r#"{"a": []}"#, shape),
                ("nested", "an array in the array", r#"{"a": [1, [1]]}"#, shape),
                ("object", "an object at the end of the array", r#"{"a": [1, {}]}"#, shape),
                ("fraction", "a fraction in the array", r#"{"a": [1, 1.5]}"#, shape),
            ],
        ),
        on(
            "array",
            "T86",
            list!["/a", 3, 5],
            &[
                ("bounded", "every element is at most 5", r#"{"a": [5, -1]}"#, "ok"),
                ("bounded-one", "one element is more", r#"{"a": [1, 6, 2]}"#, condition),
            ],
        ),
        on(
            "shape",
            "T87",
            list!["/a", 1, 1],
            &[
                ("object", "an object", r#"{"a": {"a": 1}}"#, shape),
                ("empty-object", "an empty object", r#"{"a": {}}"#, shape),
                ("fraction", "a fraction", r#"{"a": 1.5}"#, shape),
                ("small-fraction", "the next double above 1", r#"{"a": 1.0000000000000002}"#, shape),
            ],
        ),
    ]
    .concat()
}

/// Bounds on what one condition looks at.
fn sizes() -> Vec<Case> {
    let text = |letters: usize| format!("\"{}\"", "x".repeat(letters));
    let list = |elements: Vec<String>| format!("[{}]", elements.join(","));
    let numbers = |count: usize| list(vec!["1".to_owned(); count]);
    let texts = |last: usize| list([vec![text(4_096); 7], vec![text(4_095), text(last)]].concat());
    let all = || list!["/a", 6, "*"];
    let short = || list!["/a", 5, 9_000];
    let one = || list!["/a", 1, 1];
    let (wide, escaped) = (format!("\"{}\"", "\u{e9}".repeat(2_049)), format!("\"{}\"", r"\u0078".repeat(1_000)));
    let shape = "deny-argument-shape 0";
    let rows = [
        ("text", "a text of 4,096 bytes", "T87", all(), text(4_096), "ok"),
        ("text-longer", "a text of 4,097 bytes", "T87", all(), text(4_097), shape),
        ("text-len", "a text of 4,097 bytes under a longer length", "T87", short(), text(4_097), shape),
        ("text-letters", "a text of 2,049 letters of two bytes", "T87", all(), wide, shape),
        ("text-escaped", "a text of 1,000 letters, each written with six", "T87", all(), escaped, "ok"),
        ("element-longer", "an element of 4,097 bytes", "T87", all(), list(vec![text(1), text(4_097)]), shape),
        ("elements", "an array of 1,024 elements", "T87", one(), numbers(1_024), "ok"),
        ("elements-more", "an array of 1,025 elements", "T87", one(), numbers(1_025), shape),
        ("elements-len", "an array of 1,025 elements under a longer length", "T87", short(), numbers(1_025), shape),
        (
            "elements-absent",
            "an array of 1,025 elements is present, as anything is",
            "T85",
            list!["/a", 11],
            numbers(1_025),
            "deny-condition 0",
        ),
        (
            "text-absent",
            "a text of 4,097 bytes is present, as anything is",
            "T85",
            list!["/a", 11],
            text(4_097),
            "deny-condition 0",
        ),
        ("array-bytes", "an array whose texts have 32,768 bytes", "T162", all(), texts(1), "ok"),
        ("array-bytes-more", "an array whose texts have 32,769 bytes", "T162", all(), texts(2), shape),
    ];
    let case = |(name, comment, spec, condition, value, answer): (&str, _, _, _, String, _)| {
        Case::new(&format!("conditions/size-{name}"), comment)
            .spec(spec)
            .arguments(&format!("{{\"a\":{value}}}"))
            .answered(answer, &under(condition))
    };
    rows.into_iter().map(case).collect()
}
