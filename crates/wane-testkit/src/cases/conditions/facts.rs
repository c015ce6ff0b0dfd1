//! Facts of the enforcement point, facts of the holder, and values seen in results.

use serde_json::json;

use super::under;
use crate::case::Case;
use crate::cbor::Item;
use crate::claims::Claims;
use crate::request::Request;
use crate::{list, map};

pub(super) fn cases() -> Vec<Case> {
    [stated(), said(), seen()].concat()
}

fn asked() -> Request {
    Request::from("read:hr:employees")
}

fn stated() -> Vec<Case> {
    let env = || list!["@env", 1, "prod"];
    let any = || list!["@env", 6, "*"];
    let prod = || asked().fact("env", "prod");
    let (there, none) = ("deny-condition 0", "deny-missing-fact 0");
    let rows: Vec<(_, _, _, Item, Request, &str, &str)> = vec![
        ("equal", "a fact that is as it must be", "T89", env(), prod(), "{}", "ok"),
        ("other", "a fact that is not", "T89", env(), asked().fact("env", "test"), "{}", there),
        ("type", "a fact of another type", "T88", list!["@env", 1, 1], prod(), "{}", "deny-argument-type 0"),
        ("missing", "a fact that nobody states", "T84", env(), asked().fact("stage", "prod"), "{}", none),
        ("argument", "an argument of that name is no fact", "T84 T90", env(), asked(), r#"{"env": "prod"}"#, none),
        (
            "of-argument",
            "a fact is no argument",
            "T84",
            list!["/env", 1, "prod"],
            prod(),
            "{}",
            "deny-missing-argument 0",
        ),
        ("beside", "an argument of that name does not hide the fact", "T90", env(), prod(), r#"{"env": "x"}"#, "ok"),
        (
            "absent",
            "a fact that must not be stated, and is not",
            "T84",
            list!["@env", 11],
            asked().fact("stage", 1),
            "{}",
            "ok",
        ),
        ("absent-stated", "a fact that must not be stated, and is", "T85", list!["@env", 11], prod(), "{}", there),
        ("absent-null", "null is stated, too", "T85", list!["@env", 11], asked().fact("env", json!(null)), "{}", there),
        ("bound", "a bound on a fact", "T89", list!["@hour", 3, 18], asked().fact("hour", 18), "{}", "ok"),
        ("bound-above", "a fact above its bound", "T89", list!["@hour", 3, 18], asked().fact("hour", 19), "{}", there),
        (
            "path",
            "a path as a fact",
            "T91",
            list!["@dir", 7, list!["/data"]],
            asked().fact("dir", "/data/.."),
            "{}",
            "deny-path 0",
        ),
        ("long", "a fact of 4,096 bytes", "T87", any(), asked().fact("env", "x".repeat(4_096)), "{}", "ok"),
        (
            "too-long",
            "a fact of 4,097 bytes",
            "T87",
            any(),
            asked().fact("env", "x".repeat(4_097)),
            "{}",
            "deny-argument-shape 0",
        ),
    ];
    let case = |(name, comment, spec, condition, request, arguments, answer): (&str, _, _, Item, Request, _, _)| {
        Case::new(&format!("conditions/fact-{name}"), comment)
            .spec(spec)
            .request(request)
            .arguments(arguments)
            .answered(answer, &under(condition))
    };
    rows.into_iter().map(case).collect()
}

fn said() -> Vec<Case> {
    let purpose = || list!["@said.purpose", 1, "payroll"];
    let fact = || list!["@purpose", 1, "payroll"];
    let seal = |value: Item| Claims::new().said(map! {"purpose" => value});
    let case =
        |name: &str, comment: &str, spec: &str| Case::new(&format!("conditions/said-{name}"), comment).spec(spec);
    let other = |name, comment, spec, code: &str, condition, seal| {
        case(name, comment, spec).refused(code).block(0).sealed(&under(condition).seal(seal))
    };
    let none = "deny-missing-fact";
    vec![
        case("equal", "what the holder says is as it must be", "T64 T89")
            .sealed_from(&under(purpose()), seal("payroll".into())),
        other("other", "what the holder says is not", "T89", "deny-condition", purpose(), seal("audit".into())),
        other(
            "type",
            "what the holder says is of another type",
            "T88",
            "deny-argument-type",
            purpose(),
            seal(1.into()),
        ),
        other("missing", "the holder says nothing", "T84", none, purpose(), Claims::new()),
        other(
            "for-a-fact",
            "what the holder says does not stand for a fact",
            "T90",
            none,
            fact(),
            seal("payroll".into()),
        ),
        other("instead", "a fact does not stand for what the holder says", "T90", none, purpose(), Claims::new())
            .request(asked().fact("purpose", "payroll")),
        other(
            "against-a-fact",
            "what the holder says does not hide the fact",
            "T90",
            "deny-condition",
            fact(),
            seal("payroll".into()),
        )
        .request(asked().fact("purpose", "audit")),
        case("absent", "what must not be said is not said", "T84 T90")
            .request(asked().fact("purpose", "payroll"))
            .sealed_from(&under(list!["@said.purpose", 11]), Claims::new()),
        other(
            "absent-said",
            "what must not be said is",
            "T85",
            "deny-condition",
            list!["@said.purpose", 11],
            seal(Item::NULL),
        ),
        case("named-said", "the name of what is said may be said", "T80 T90")
            .sealed_from(&under(list!["@said.said", 1, true]), Claims::new().said(map! {"said" => true})),
    ]
}

fn seen() -> Vec<Case> {
    let by = |sources: &[&str]| list!["/id", 12, Item::texts(sources)];
    let one = || by(&["search.id"]);
    let searched = || asked().seen("search.id", "doc-1").seen("search.id", 7).seen("list.id", "doc-2");
    let never = "deny-condition 0";
    let rows = [
        ("given", "a value that the result field gave", one(), r#"{"id": "doc-1"}"#, "ok"),
        ("integer", "an integer that it gave", one(), r#"{"id": 7.0}"#, "ok"),
        ("either", "a value of one of two fields", by(&["other.id", "list.id"]), r#"{"id": "doc-2"}"#, "ok"),
        ("list", "values of both", by(&["search.id", "list.id"]), r#"{"id": ["doc-2", 7]}"#, "ok"),
        ("never", "a value that nothing gave", one(), r#"{"id": "doc-3"}"#, never),
        ("elsewhere", "a value that only another field gave", one(), r#"{"id": "doc-2"}"#, never),
        ("type", "the integer as a text", one(), r#"{"id": "7"}"#, never),
        ("part", "a value that starts with one", one(), r#"{"id": "doc-11"}"#, never),
        ("one-of-list", "one of two values", one(), r#"{"id": ["doc-1", "doc-2"]}"#, never),
        ("no-field", "a field of which nothing is known", by(&["search"]), r#"{"id": "doc-1"}"#, never),
        ("missing", "no value", one(), "{}", "deny-missing-argument 0"),
        ("object", "an object", one(), r#"{"id": {"id": "doc-1"}}"#, "deny-argument-shape 0"),
    ];
    let case = |(name, comment, condition, arguments, answer): (&str, _, Item, _, _)| {
        Case::new(&format!("conditions/seen-{name}"), comment)
            .spec("T99")
            .request(searched())
            .arguments(arguments)
            .answered(answer, &under(condition))
    };
    rows.into_iter().map(case).collect()
}
