//! Arguments and facts that do not satisfy a condition, in a decision on a genuine token.

use wane::{Arguments, Code, Decision, Refusal, Scope, Value};

use crate::forge::{Forged, OPS, Payload, allowed, decided, denied, json, list, map, refused, request, secret, text};

/// The decision of a root block with this scope, sealed with what the holder says.
fn decision(scope: &str, arguments: &str, said: &[(&str, &str)]) -> Decision {
    let scope: Scope = scope.parse().unwrap();
    let grant = wane::RootGrant::new("files".parse().unwrap(), crate::forge::IAT, crate::forge::EXP).scope(scope);
    let token = wane::mint(&grant, &secret(OPS), wane::Heir::carried(&mut crate::forge::Rng::new(1))).unwrap();
    let seal = said
        .iter()
        .fold(wane::Seal::new(), |seal, (name, value)| seal.said(name.parse().unwrap(), Value::text(value).unwrap()));
    let verified = wane::verify(&token.seal(&seal).unwrap(), &crate::forge::roots()).unwrap();
    decided(&verified, &request("read:a").arguments(json(arguments)))
}

#[track_caller]
fn denies(scope: &str, arguments: &str, code: Code) {
    denied(&decision(scope, arguments, &[]), code, 0);
}

#[track_caller]
fn allows(scope: &str, arguments: &str) {
    allowed(&decision(scope, arguments, &[]));
}

const UNDER: &str = "read:* if path under /data";

#[test]
fn an_empty_array() {
    denies(UNDER, r#"{"path": []}"#, Code::DenyArgumentShape);
    denies("read:* if n <= 5", r#"{"n": []}"#, Code::DenyArgumentShape);
    denies("read:* if n len <= 5", r#"{"n": []}"#, Code::DenyArgumentShape);
}

#[test]
fn an_array_of_objects() {
    denies(UNDER, r#"{"path": [{"path": "/data/a"}]}"#, Code::DenyArgumentShape);
    denies(UNDER, r#"{"path": ["/data/a", {"path": "/data/a"}]}"#, Code::DenyArgumentShape);
    denies(UNDER, r#"{"path": [["/data/a"]]}"#, Code::DenyArgumentShape);
    denies(UNDER, r#"{"path": {"0": "/data/a"}}"#, Code::DenyArgumentShape);
}

#[test]
fn every_element_of_an_array_counts() {
    allows(UNDER, r#"{"path": ["/data/a", "/data/b"]}"#);
    denies(UNDER, r#"{"path": ["/data/a", "/etc/b"]}"#, Code::DenyCondition);
    denies("read:* if path under /data and path len <= 1", r#"{"path": ["/data/a", "/data/b"]}"#, Code::DenyCondition);
}

#[test]
fn a_pointer_through_an_array() {
    denies("read:* if /filter/limit <= 5", r#"{"filter": [{"limit": 1}]}"#, Code::DenyArgumentShape);
    denies("read:* if /filter/0 <= 5", r#"{"filter": [1]}"#, Code::DenyArgumentShape);
    denies("read:* if /filter/limit absent", r#"{"filter": [{"limit": 1}]}"#, Code::DenyArgumentShape);
    denies("read:* if /filter/limit absent open", r#"{"filter": "x"}"#, Code::DenyArgumentShape);
}

#[test]
fn a_missing_argument() {
    denies(UNDER, "{}", Code::DenyMissingArgument);
    denies(UNDER, r#"{"Path": "/data/a"}"#, Code::DenyMissingArgument);
    denies("read:* if /filter/limit <= 5", r#"{"filter": {}}"#, Code::DenyMissingArgument);
    allows("read:* if path absent", "{}");
    // `null` is there.
    denies("read:* if path absent", r#"{"path": null}"#, Code::DenyCondition);
}

#[test]
fn a_number_for_a_text() {
    denies(r#"read:* if id = "1""#, r#"{"id": 1}"#, Code::DenyArgumentType);
    denies("read:* if id = 1", r#"{"id": "1"}"#, Code::DenyArgumentType);
    denies("read:* if id = 1", r#"{"id": true}"#, Code::DenyArgumentType);
    denies("read:* if id <= 1", r#"{"id": "0"}"#, Code::DenyArgumentType);
    denies("read:* if id = 1", r#"{"id": null}"#, Code::DenyArgumentType);
    allows("read:* if id = 1", r#"{"id": 1.0}"#);
    denies("read:* if id <= 1", r#"{"id": 0.5}"#, Code::DenyArgumentShape);
}

#[test]
fn numbers_that_json_readers_round() {
    let read = |json: &str| Arguments::from_json(json.as_bytes());
    refused(read(r#"{"n": 9007199254740993}"#), Code::ParseJsonNumber, None);
    refused(read(r#"{"n": -9007199254740993}"#), Code::ParseJsonNumber, None);
    refused(read(r#"{"n": 1e400}"#), Code::ParseJsonNumber, None);
    refused(read(r#"{"n": 1e-400}"#), Code::ParseJsonNumber, None);
    refused(read(r#"{"n": 18446744073709551617}"#), Code::ParseJsonNumber, None);
    assert!(read(r#"{"n": 9007199254740991}"#).is_ok());
    refused(read(r#"{"n": NaN}"#), Code::ParseJson, None);
    refused(read(r#"{"n": 1, "n": 2}"#), Code::ParseJsonDuplicate, None);
    refused(read(r#"{"n": 1, "\u006e": 2}"#), Code::ParseJsonDuplicate, None);
    refused(read(&format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64))), Code::ParseTooDeep, None);
    refused(read(&format!("{{\"a\":\"{}\"}}", "a".repeat(1 << 20))), Code::ParseTooLarge, None);
}

#[test]
fn paths_that_leave_their_directory() {
    for path in [
        "/data/../etc",
        "/data/",
        "/data//a",
        "/data/./a",
        "/data/%2e%2e/etc",
        "/data\\\\..",
        "/data/a ",
        "~/data",
        "data",
        "/data/\\u0000",
    ] {
        denies(UNDER, &format!(r#"{{"path": "{path}"}}"#), Code::DenyPath);
    }
    for path in ["/database", "/DATA/a", "/etc"] {
        denies(UNDER, &format!(r#"{{"path": "{path}"}}"#), Code::DenyCondition);
    }
    allows(UNDER, r#"{"path": "/data"}"#);
}

#[test]
fn urls_that_readers_take_apart_differently() {
    let scope = "read:* if url host b";
    for url in [
        "http://a\\\\@b/",
        "http://a@b/",
        "http://b\\\\@evil/",
        "http://B/",
        "http:b/",
        "http://b:80/",
        "http://b/../",
        "//b/",
        "http://b /",
        "http://%62/",
    ] {
        denies(scope, &format!(r#"{{"url": "{url}"}}"#), Code::DenyUrl);
    }
    for url in ["http://b.evil/", "http://evil/?b", "http://b:8080/", "http://evil#@b"] {
        let Decision::Deny(refusal) = decision(scope, &format!(r#"{{"url": "{url}"}}"#), &[]) else { panic!("{url}") };
        assert!(matches!(refusal.code(), Code::DenyCondition | Code::DenyUrl), "{url}: {refusal:?}");
    }
    allows(scope, r#"{"url": "http://b/x"}"#);
}

#[test]
fn addresses_that_readers_take_apart_differently() {
    let scope = "read:* if ip cidr 127.0.0.0/8";
    for ip in [
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1 ",
        "[::1]",
        "127.0.0.1%eth0",
        "localhost",
    ] {
        denies(scope, &format!(r#"{{"ip": "{ip}"}}"#), Code::DenyAddress);
    }
    denies("read:* if ip cidr 192.168.0.0/16", r#"{"ip": "::ffff:10.0.0.1"}"#, Code::DenyCondition);
    allows("read:* if ip cidr 10.0.0.0/8", r#"{"ip": "::ffff:10.0.0.1"}"#);
    denies("read:* if ip cidr ::/0", r#"{"ip": "::ffff:10.0.0.1"}"#, Code::DenyCondition);
}

#[test]
fn a_holder_stating_env() {
    let scope = "read:* if @env = prod";
    denied(&decision(scope, "{}", &[("env", "prod")]), Code::DenyMissingFact, 0);
    let said = "read:* if @said.env = prod";
    allowed(&decision(said, "{}", &[("env", "prod")]));
    denied(&decision(said, "{}", &[]), Code::DenyMissingFact, 0);
    // Nor does the enforcement point's fact speak for the holder, nor an argument for either.
    let verified = Forged::from_root(
        &Payload::root(OPS, 10)
            .scopes([list([text("read:*"), list([list([text("@said.env"), 1.into(), text("prod")])])])]),
    )
    .seal(10, &Payload::seal())
    .verified()
    .unwrap();
    let asked = request("read:a").fact("env".parse().unwrap(), Value::text("prod").unwrap());
    denied(&decided(&verified, &asked), Code::DenyMissingFact, 0);
    denied(&decision(scope, r#"{"env": "prod", "@env": "prod"}"#, &[]), Code::DenyMissingFact, 0);
}

#[test]
fn a_said_name_that_is_no_name() {
    for name in ["", "Env", "said.env", "@env"] {
        let seal = Payload::seal().private(15, map([(text(name), text("prod"))]));
        let answer: Result<_, Refusal> = Forged::minted().seal(10, &seal).sealed();
        refused(answer, Code::ParseName, 1);
    }
}

#[test]
fn values_that_were_not_seen() {
    let scope = "read:* if id seen search.results";
    denies(scope, r#"{"id": "id-7"}"#, Code::DenyCondition);
    let grant = wane::RootGrant::new("files".parse().unwrap(), 1_000, 4_600).scope(scope.parse().unwrap());
    let token = wane::mint(&grant, &secret(OPS), wane::Heir::carried(&mut crate::forge::Rng::new(1))).unwrap();
    let verified = wane::verify(&token.seal(&wane::Seal::new()).unwrap(), &crate::forge::roots()).unwrap();
    let asked = |source: &str, value: Value| {
        decided(&verified, &request("read:a").arguments(json(r#"{"id": "id-7"}"#)).seen(source, value))
    };
    allowed(&asked("search.results", Value::text("id-7").unwrap()));
    denied(&asked("search.results", Value::text("id-77").unwrap()), Code::DenyCondition, 0);
    denied(&asked("other.results", Value::text("id-7").unwrap()), Code::DenyCondition, 0);
}

#[test]
fn arguments_that_only_does_not_name() {
    denies(UNDER, r#"{"path": "/data/a", "force": true}"#, Code::DenyOnly);
    denies(UNDER, r#"{"path": "/data/a", "x": {}}"#, Code::DenyOnly);
    denies(UNDER, r#"{"path": "/data/a", "x": []}"#, Code::DenyOnly);
    denies(UNDER, r#"{"path": "/data/a", "x": {"y": {"z": null}}}"#, Code::DenyOnly);
    denies("read:* only", r#"{"x": 1}"#, Code::DenyOnly);
    allows("read:* only", "{}");
    allows("read:* if path under /data open", r#"{"path": "/data/a", "force": true}"#);
    // A name does not cover what is nested below it.
    denies("read:* if /a/b = 1", r#"{"a": {"b": 1, "c": 2}}"#, Code::DenyOnly);
}

#[test]
fn sizes_under_a_condition() {
    let long = format!(r#"{{"path": "/data/{}"}}"#, "a".repeat(4_091));
    denies(UNDER, &long, Code::DenyArgumentShape);
    let many = format!(r#"{{"n": [{}1]}}"#, "1,".repeat(1_024));
    denies("read:* if n <= 5", &many, Code::DenyArgumentShape);
}
