//! Seals for one request: the digest and what it covers (steps 5 and 6, and section 4).

use super::{no, ok};
use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, NOW, root};
use crate::request::Request;
use crate::{list, map};

/// The arguments of the example in the specification.
const ARGUMENTS: &str = r#"{"path": "/data/reports/q3.txt", "limit": 1e2, "ratio": 0.5}"#;

pub(super) fn cases() -> Vec<Case> {
    [same(), other(), calls(), demanded()].concat()
}

fn report() -> Request {
    Request::new(&["read:files:report"]).call(&["tools/call", "read_report"])
}

fn said() -> Vec<(Item, Item)> {
    vec![("purpose".into(), "payroll".into())]
}

/// A seal with this digest that says what [`said`] does.
fn seal(digest: [u8; 32]) -> Claims {
    silent(digest).said(map! {"purpose" => "payroll"})
}

/// A seal with this digest that says nothing.
fn silent(digest: [u8; 32]) -> Claims {
    Claims::new().cti(7).iat(NOW).exp(NOW + 300).digest(digest)
}

/// What the digest must be equal for.
fn same() -> Vec<Case> {
    let digest = || report().digest(ARGUMENTS, said());
    let is = |name, spec, comment| ok(name, spec, comment).request(report()).arguments(ARGUMENTS);
    vec![
        is("for-one-request", "T62 T130 T140", "a seal for this request, the example of the specification")
            .sealed_from(&Chain::minted(), seal(digest())),
        is("for-one-request-spelt", "T126 T130", "the same arguments in another order and spelling")
            .arguments(r#"{ "ratio":5.0e-1,"limit":100.0, "path":"\u002fdata/reports/q3.txt" }"#)
            .sealed_from(&Chain::minted(), seal(digest())),
        is("for-one-request-level", "T130", "level, labels and facts are no part of the digest")
            .request(report().level("internal").label("pii").fact("env", "prod"))
            .sealed_from(&Chain::minted(), seal(digest())),
        is("for-one-request-actions", "T130", "the actions of a tool call are no part of the digest")
            .request(Request::new(&["read:other", "write:files:a"]).call(&["tools/call", "read_report"]))
            .sealed_from(&Chain::minted(), seal(digest())),
        ok("for-one-request-no-arguments", "T130", "absent arguments are the empty map")
            .request(report())
            .sealed_from(&Chain::minted(), silent(report().digest("{}", vec![]))),
        ok("for-one-request-empty-arguments", "T130", "empty arguments, and a seal that says nothing")
            .request(report())
            .arguments("{}")
            .sealed_from(&Chain::minted(), silent(report().digest("{}", vec![]))),
    ]
}

/// What the digest differs for: one part each.
fn other() -> Vec<Case> {
    let digest = || report().digest(ARGUMENTS, said());
    let differs = |name, comment, request: Request, arguments, seal| {
        let case = no(name, "deny-other-request", "T130 T140", comment).request(request).arguments(arguments);
        case.sealed(&Chain::minted().seal(seal))
    };
    let arguments = |name, comment, arguments| differs(name, comment, report(), arguments, seal(digest()));
    let parts = |name, comment, parts: &[&str]| {
        differs(name, comment, Request::new(&["read:files:report"]).call(parts), ARGUMENTS, seal(digest()))
    };
    vec![
        differs(
            "digest-of-audience",
            "a digest over another audience than the seal's",
            report(),
            ARGUMENTS,
            seal(report().aud("mail").digest(ARGUMENTS, said())),
        ),
        parts("digest-of-tool", "a call of another tool", &["tools/call", "read_reports"]),
        parts("digest-of-call", "a call of another kind with the same name", &["prompts/get", "read_report"]),
        arguments(
            "digest-of-value",
            "an argument has another value",
            r#"{"path": "/data/reports/q4.txt", "limit": 100, "ratio": 0.5}"#,
        ),
        arguments(
            "digest-of-type",
            "an integer argument is a text",
            r#"{"path": "/data/reports/q3.txt", "limit": "100", "ratio": 0.5}"#,
        ),
        arguments(
            "digest-of-null",
            "an argument more, which is null",
            r#"{"path": "/data/reports/q3.txt", "limit": 100, "ratio": 0.5, "to": null}"#,
        ),
        arguments("digest-of-fewer", "an argument less", r#"{"path": "/data/reports/q3.txt", "limit": 100}"#),
        arguments(
            "digest-of-fraction",
            "a fraction differs in its last bit",
            r#"{"path": "/data/reports/q3.txt", "limit": 100, "ratio": 0.5000000000000001}"#,
        ),
        differs(
            "digest-of-said",
            "a digest over another said fact than the seal states",
            report(),
            ARGUMENTS,
            seal(report().digest(ARGUMENTS, vec![("purpose".into(), "fun".into())])),
        ),
        differs(
            "digest-without-said",
            "a digest without the said facts that the seal states",
            report(),
            ARGUMENTS,
            seal(report().digest(ARGUMENTS, vec![])),
        ),
        differs("digest-with-said", "a digest with said facts, and a seal that states none", report(), ARGUMENTS, {
            silent(digest())
        }),
        differs("digest-zero", "a digest of zeros", report(), ARGUMENTS, seal([0; 32])),
        no("digest-of-list-order", "deny-other-request", "T130 T140", "the elements of an array in another order")
            .request(report())
            .arguments(r#"{"to": ["b", "a"]}"#)
            .sealed(&Chain::minted().seal(silent(report().digest(r#"{"to": ["a", "b"]}"#, vec![])))),
    ]
}

/// Every form of a call, and a change in each part.
fn calls() -> Vec<Case> {
    let forms: &[(&str, &str, &[&str], &[&str])] = &[
        ("resource", "a resource", &["resources/read", "file:///a"], &["resources/read", "file:///A"]),
        ("prompt", "a prompt", &["prompts/get", "summary"], &["prompts/get", "summary "]),
        ("http", "an HTTP request", &["http", "GET", "/a?b=1"], &["http", "GET", "/a?b=2"]),
        ("http-method", "an HTTP request by another method", &["http", "POST", "/a"], &["http", "PUT", "/a"]),
        ("http-spelling", "a path as received, not decoded", &["http", "GET", "/%61"], &["http", "GET", "/a"]),
    ];
    let request = |call: &[&str]| Request::new(&["read:files:report"]).call(call);
    let both = |&(name, comment, sealed, received): &(&str, &str, &[&str], &[&str])| {
        let seal = silent(request(sealed).digest("{}", vec![]));
        [
            ok(&format!("call-{name}"), "T130 T140", comment)
                .request(request(sealed))
                .sealed_from(&Chain::minted(), seal.clone()),
            no(
                &format!("call-{name}-other"),
                "deny-other-request",
                "T130 T140",
                &format!("{comment}, and another one"),
            )
            .request(request(received))
            .sealed(&Chain::minted().seal(seal)),
        ]
    };
    let mut cases: Vec<Case> = forms.iter().flat_map(both).collect();
    let actions = Request::new(&["read:a", "read:b"]);
    let seal = silent(actions.digest("{}", vec![]));
    cases.push(
        ok("call-action", "T130 T140", "a call that is its two actions")
            .request(actions)
            .sealed_from(&Chain::minted(), seal.clone()),
    );
    cases.push(
        no("call-action-order", "deny-other-request", "T130 T140", "the two actions of a call in another order")
            .request(Request::new(&["read:b", "read:a"]))
            .sealed(&Chain::minted().seal(seal)),
    );
    cases
}

fn demanded() -> Vec<Case> {
    let demand = Request::from("read:hr:employees").request_seal();
    let bound = |exp: u64| silent(demand.digest("{}", vec![])).exp(exp);
    let asked = Chain::root(&root().ask(list![list!["read:*", list!["@local"], 1]]));
    vec![
        ok("demanded", "T141", "a seal for one request where one is demanded")
            .request(demand.clone())
            .sealed_from(&Chain::minted(), bound(NOW + 300)),
        no(
            "demanded-general",
            "deny-not-for-one-request",
            "T141",
            "a seal for any request where one for this is demanded",
        )
        .request(demand.clone())
        .sealed(&Chain::standard()),
        no(
            "demanded-with-cti",
            "deny-not-for-one-request",
            "T141",
            "cti, iat and exp alone make no seal for one request",
        )
        .request(demand.clone())
        .sealed(&Chain::minted().seal(Claims::new().cti(7).iat(NOW).exp(NOW + 300))),
        ok("demanded-by-nobody", "T140 T141", "a seal for one request where none is demanded")
            .request("read:hr:employees")
            .sealed_from(&Chain::minted(), bound(NOW + 60)),
        no("for-one-request-expired", "deny-expired", "T137", "a seal for one request after its exp")
            .request(demand.clone())
            .now(NOW + 300)
            .sealed(&Chain::minted().seal(bound(NOW + 300))),
        no("for-one-request-asked", "deny-needs-approval", "T150", "a seal for one request does not spare an approval")
            .block(0)
            .request(demand.clone())
            .sealed(&asked.seal(bound(NOW + 300))),
    ]
}
