//! Actions, calls, and the digest of a request.

use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, NOW, root};
use crate::request::Request;
use crate::{list, map};

pub(super) fn cases() -> Vec<Case> {
    [actions(), calls(), same_digest(), other_digest()].concat()
}

fn actions() -> Vec<Case> {
    let of = |count: usize| Request::new(&["read:a", "read:b", "read:c", "read:d", "read:e"][..count]);
    let call = |request: Request, actions: &[&str]| request.call(&[&["action"], actions].concat());
    let pair = || Request::new(&["read:a", "write:files:b"]);
    let rows = [
        ("one", "one action", "T123", of(1), "ok"),
        ("four", "four actions, all of them allowed", "T123", of(4), "ok"),
        ("five", "five actions", "T123", of(5), "use-actions"),
        ("none", "no action", "T123", of(0), "use-actions"),
        ("none-of-tool", "no action, and the call of a tool", "T123", of(0).call(&["tools/call", "x"]), "use-actions"),
        ("twice", "an action twice", "T123", Request::new(&["read:a", "read:a"]), "ok"),
        ("all", "two actions by two scopes", "T123 T147", pair(), "ok"),
        (
            "last-denied",
            "the last of two actions is in no scope",
            "T123",
            Request::new(&["read:a", "send:b"]),
            "deny-scope",
        ),
        (
            "first-denied",
            "the first of two actions is in no scope",
            "T123",
            Request::new(&["send:b", "read:a"]),
            "deny-scope",
        ),
        ("called-other", "the call is made of another action", "T123", call(of(1), &["read:b"]), "use-call"),
        ("called-more", "the call is made of one action more", "T123", call(of(1), &["read:a", "read:b"]), "use-call"),
        ("called-fewer", "the call is made of one action less", "T123", call(of(2), &["read:a"]), "use-call"),
        ("called-swapped", "the call has another order", "T123", call(of(2), &["read:b", "read:a"]), "use-call"),
    ];
    let case = |(name, comment, spec, request, answer): (&str, _, _, Request, _)| {
        Case::new(&format!("request/actions-{name}"), comment)
            .spec(spec)
            .request(request)
            .answered(answer, &Chain::minted())
    };
    rows.into_iter().map(case).collect()
}

fn calls() -> Vec<Case> {
    let long = |bytes: usize| "x".repeat(bytes);
    let asked = |parts: &[&str]| Request::from("read:hr:employees").call(parts);
    let limit = "parse-limit";
    let rows = [
        ("tool", "a tool's name of 4,096 bytes", asked(&["tools/call", &long(4_096)]), "ok"),
        ("tool-long", "a tool's name of 4,097 bytes", asked(&["tools/call", &long(4_097)]), limit),
        ("resource-long", "a URI of 4,097 bytes", asked(&["resources/read", &long(4_097)]), limit),
        ("prompt-long", "a prompt's name of 4,097 bytes", asked(&["prompts/get", &long(4_097)]), limit),
        ("path-long", "a path and query of 4,097 bytes", asked(&["http", "GET", &long(4_097)]), limit),
        ("method-long", "a method of 4,097 bytes", asked(&["http", &long(4_097), "/"]), limit),
    ];
    let case = |(name, comment, request, answer): (&str, _, Request, _)| {
        Case::new(&format!("request/call-{name}"), comment)
            .spec("T161")
            .request(request)
            .answered(answer, &Chain::minted())
    };
    rows.into_iter().map(case).collect()
}

/// What a seal is made for: a call, arguments, and what the seal says.
struct Sealed {
    request: Request,
    arguments: &'static str,
    said: Vec<(Item, Item)>,
}

impl Sealed {
    fn of(arguments: &'static str) -> Self {
        Self { request: report(), arguments, said: Vec::new() }
    }

    fn seal(&self) -> Claims {
        let seal = Claims::new().cti(7).iat(NOW).exp(NOW + 300);
        let seal = seal.digest(self.request.digest(self.arguments, self.said.clone()));
        if self.said.is_empty() { seal } else { seal.said(Item::ascending(self.said.clone())) }
    }
}

fn report() -> Request {
    Request::from("read:hr:employees").call(&["tools/call", "report"])
}

/// The digest that was sealed is that of the request as received.
fn same_digest() -> Vec<Case> {
    let plain = || Sealed::of(r#"{"a": 100, "b": "x"}"#);
    let calls: [(_, &[&str]); 4] = [
        ("resource", &["resources/read", "file:///data/x"]),
        ("prompt", &["prompts/get", "report"]),
        ("http", &["http", "GET", "/files?b=2&a=1"]),
        ("action", &["action", "read:hr:employees"]),
    ];
    let case = |name: &str, comment: &str, sealed: &Sealed, request: Request, arguments: &str| {
        let case = Case::new(&format!("request/digest-{name}"), comment).spec("T130 T140").request(request);
        let case = if arguments.is_empty() { case } else { case.arguments(arguments) };
        case.sealed_from(&Chain::minted(), sealed.seal())
    };
    let rows = [
        ("order", "members in another order", plain(), r#"{"b": "x", "a": 100}"#),
        ("spelling", "numbers and texts in another spelling", plain(), r#"{ "\u0061": 1e2, "b": "\u0078" }"#),
        ("point", "an integer with a point", plain(), r#"{"a": 100.0, "b": "x"}"#),
        ("minus-zero", "0 as -0", Sealed::of(r#"{"a": 0}"#), r#"{"a": -0}"#),
        ("no-arguments", "no arguments, which are an empty map", Sealed::of("{}"), ""),
        ("empty-arguments", "an empty map", Sealed::of("{}"), "{}"),
        (
            "long-names",
            "a shorter name goes before a longer one",
            Sealed::of(r#"{"aa": 1, "b": 2}"#),
            r#"{"aa": 1, "b": 2}"#,
        ),
        ("half", "a float of 16 bits", Sealed::of(r#"{"a": 1.5}"#), r#"{"a": 15e-1}"#),
        (
            "half-least",
            "the least float of 16 bits",
            Sealed::of(r#"{"a": 5.960464477539063e-8}"#),
            r#"{"a": 5.960464477539063e-8}"#,
        ),
        ("single", "a float of 32 bits", Sealed::of(r#"{"a": 100000.5}"#), r#"{"a": 100000.5}"#),
        ("double", "a float of 64 bits", Sealed::of(r#"{"a": -0.1}"#), r#"{"a": -0.1000}"#),
        (
            "nested",
            "arrays and objects",
            Sealed::of(r#"{"a": [{"c": null, "b": []}, {}]}"#),
            r#"{"a": [{"b": [], "c": null}, {}]}"#,
        ),
        ("limits", "integers at the limits of their widths", Sealed::of(WIDTHS), WIDTHS),
    ];
    let mut cases: Vec<Case> = rows
        .into_iter()
        .map(|(name, comment, sealed, arguments)| case(name, comment, &sealed, report(), arguments))
        .collect();
    let arguments = plain().arguments;
    cases.push(case(
        "level-and-facts",
        "level, labels and facts are not part of it",
        &plain(),
        report().level("internal").label("pii").fact("env", "prod"),
        arguments,
    ));
    for (name, parts) in calls {
        let sealed = Sealed { request: report().call(parts), ..plain() };
        cases.push(case(&format!("call-{name}"), "a call of another kind", &sealed, report().call(parts), arguments));
    }
    let said = Sealed { said: vec![("zz".into(), true.into()), ("purpose".into(), Item::NULL)], ..plain() };
    cases.push(case("said", "what the seal says is part of it", &said, report(), arguments));
    cases
}

/// Both sides of every width that CBOR has.
const WIDTHS: &str =
    r#"{"a": [23, 24, 255, 256, 65535, 65536, 4294967295, 4294967296, -24, -25, -256, -257, -65536, -65537]}"#;

/// The digest that was sealed is that of another request.
fn other_digest() -> Vec<Case> {
    let plain = || Sealed::of(r#"{"a": [1, 2], "b": "x"}"#);
    let case = |name: &str, comment: &str, sealed: &Sealed, request: Request, arguments: &str| {
        Case::new(&format!("request/digest-other-{name}"), comment)
            .refused("deny-other-request")
            .spec("T130 T140")
            .request(request)
            .arguments(arguments)
            .sealed(&Chain::minted().seal(sealed.seal()))
    };
    let rows = [
        ("value", "another value", r#"{"a": [1, 2], "b": "y"}"#),
        ("type", "a text in place of an integer", r#"{"a": ["1", 2], "b": "x"}"#),
        ("fraction", "a fraction in place of an integer", r#"{"a": [1.5, 2], "b": "x"}"#),
        ("true", "true in place of 1", r#"{"a": [true, 2], "b": "x"}"#),
        ("elements", "elements in another order", r#"{"a": [2, 1], "b": "x"}"#),
        ("more", "one argument more", r#"{"a": [1, 2], "b": "x", "c": null}"#),
        ("fewer", "one argument less", r#"{"a": [1, 2]}"#),
        ("name", "another name", r#"{"a": [1, 2], "B": "x"}"#),
        ("space", "a space in a text", r#"{"a": [1, 2], "b": "x "}"#),
    ];
    let mut cases: Vec<Case> =
        rows.into_iter().map(|(name, comment, arguments)| case(name, comment, &plain(), report(), arguments)).collect();
    let arguments = plain().arguments;
    let http = |parts: [&str; 3]| Request::from("read:hr:employees").call(&parts);
    let fetched = Sealed { request: http(["http", "GET", "/files?a=1&b=2"]), ..plain() };
    let both = Sealed { request: Request::from("read:hr:employees").aud("mail"), ..plain() };
    cases.extend([
        case("tool", "another tool", &plain(), report().call(&["tools/call", "reports"]), arguments),
        case(
            "kind",
            "a prompt of the name of the tool",
            &plain(),
            report().call(&["prompts/get", "report"]),
            arguments,
        ),
        case("method", "a method in small letters", &fetched, http(["http", "get", "/files?a=1&b=2"]), arguments),
        case("query", "a query in another order", &fetched, http(["http", "GET", "/files?b=2&a=1"]), arguments),
        case("escape", "a path with an escape", &fetched, http(["http", "GET", "/%66iles?a=1&b=2"]), arguments),
        case(
            "actions",
            "the actions of a call in another order",
            &Sealed { request: Request::new(&["read:a", "read:b"]), ..plain() },
            Request::new(&["read:b", "read:a"]),
            arguments,
        ),
        case("audience", "another audience", &both, Request::from("read:hr:employees"), arguments),
    ]);
    let seal = plain().seal().said(map! {"purpose" => "payroll"});
    cases.push(
        Case::new("request/digest-other-said", "the seal says something that its digest does not hold")
            .refused("deny-other-request")
            .spec("T130 T140")
            .request(report())
            .arguments(arguments)
            .sealed(&Chain::root(&root().scopes(list!["read:*"])).seal(seal)),
    );
    cases
}
