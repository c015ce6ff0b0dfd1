//! What a seal must not state, and what a seal for one request must have.

use ciborium::value::Value;
use wane::{Call, Code, Decision, Level, Refusal, Request, Verified};

use crate::forge::{
    Forged, IAT, NOW, OPS, Payload, allowed, bytes, cbor, decided, denied, int, json, list, map, refused, request,
    sha256, text, texts, time,
};

fn sealed(seal: &Payload) -> Result<Verified, Refusal> {
    Forged::minted().seal(10, seal).verified()
}

#[test]
fn claims_that_a_seal_must_not_state() {
    let calls = map([(text("calls"), int(5))]);
    for (claim, value) in [(2, bytes(&[9; 32])), (3, bytes(&[1; 16])), (11, calls), (12, int(0))] {
        refused(sealed(&Payload::seal().private(claim, value)), Code::ChainSealClaim, 1);
    }
}

#[test]
fn more_than_one_audience_or_a_pattern() {
    for aud in [text("*"), text("files:*"), texts(&["files", "mail"])] {
        let chain = Forged::from_root(&Payload::root(OPS, 10).claim(3, aud));
        refused(chain.clone().seal(10, &Payload::seal()).verified(), Code::ChainSealAudience, 1);
    }
    let wide = Forged::from_root(&Payload::root(OPS, 10).claim(3, text("*")));
    let both = Payload::seal().claim(3, texts(&["files", "mail"]));
    refused(wide.clone().seal(10, &both).verified(), Code::ChainSealAudience, 1);
    let one = wide.seal(10, &Payload::seal().claim(3, text("files"))).verified().unwrap();
    assert_eq!(one.audience().as_str(), "files");
}

#[test]
fn a_seal_for_one_request_lives_five_minutes() {
    let lives = |seconds: u64| sealed(&Payload::request_seal([0; 32], NOW, NOW + seconds));
    assert!(lives(300).is_ok());
    refused(lives(301), Code::ChainRequestSeal, 1);
}

#[test]
fn a_seal_for_one_request_without_what_makes_it_one() {
    let whole = || Payload::request_seal([0; 32], NOW, NOW + 60);
    for claim in [4, 6, 7] {
        refused(sealed(&whole().without(claim)), Code::ParseMissingClaim, 1);
    }
}

/// SHA-256 over `[audience, call, arguments, said]`, written by the other encoder.
fn digest(audience: &str, call: &[&str], arguments: Value, said: Value) -> [u8; 32] {
    sha256(&[&cbor(&list([text(audience), texts(call), arguments, said]))])
}

fn for_request(digest: [u8; 32]) -> Verified {
    sealed(&Payload::request_seal(digest, NOW, NOW + 60)).unwrap()
}

fn tool(name: &str, arguments: &str) -> Request {
    let call = Call::tool(name).unwrap();
    let actions = vec!["read:a".parse().unwrap()];
    Request::new("files".parse().unwrap(), call, actions, Level::Public).unwrap().arguments(json(arguments))
}

#[test]
fn a_seal_for_one_request_allows_exactly_that_one() {
    // Names ascend by length first; 1.0 is the integer 1, and 0.5 the half-precision float.
    let arguments = map([(text("n"), int(1)), (text("pi"), Value::Float(0.5)), (text("path"), text("/a"))]);
    let verified = for_request(digest("files", &["tools/call", "read"], arguments, map([])));
    allowed(&decided(&verified, &tool("read", r#"{"path": "/a", "n": 1.0, "pi": 5e-1}"#)));
    for other in [
        tool("read", r#"{"path": "/b", "n": 1, "pi": 0.5}"#),
        tool("read", r#"{"path": "/a", "n": "1", "pi": 0.5}"#),
        tool("read", r#"{"path": "/a", "n": 1, "pi": 0.5, "x": null}"#),
        tool("read", r#"{"path": "/a", "n": 1}"#),
        tool("read", "{}"),
        tool("write", r#"{"path": "/a", "n": 1, "pi": 0.5}"#),
        request("read:a").arguments(json(r#"{"path": "/a", "n": 1, "pi": 0.5}"#)),
    ] {
        denied(&decided(&verified, &other), Code::DenyOtherRequest, None);
    }
}

#[test]
fn each_kind_of_call_has_its_own_digest() {
    let actions = || vec!["read:a".parse().unwrap()];
    let of = |call: Call| Request::new("files".parse().unwrap(), call, actions(), Level::Public).unwrap();
    let calls = [
        (&["tools/call", "x"][..], of(Call::tool("x").unwrap())),
        (&["resources/read", "x"], of(Call::resource("x").unwrap())),
        (&["prompts/get", "x"], of(Call::prompt("x").unwrap())),
        (&["http", "GET", "/x?a=1"], of(Call::http("GET", "/x?a=1").unwrap())),
        (&["action", "read:a"], request("read:a")),
    ];
    for (i, (parts, _)) in calls.iter().enumerate() {
        let verified = for_request(digest("files", parts, map([]), map([])));
        for (j, (_, asked)) in calls.iter().enumerate() {
            let answer = decided(&verified, asked);
            assert_eq!(matches!(answer, Decision::Allow(_)), i == j, "{parts:?} and {asked:?}");
        }
    }
}

#[test]
fn what_the_holder_says_is_part_of_the_digest() {
    let said = || map([(text("purpose"), text("audit"))]);
    let bound = digest("files", &["action", "read:a"], map([]), said());
    let seal = Payload::request_seal(bound, NOW, NOW + 60).private(15, said());
    allowed(&decided(&sealed(&seal).unwrap(), &request("read:a")));
    let unsaid = for_request(bound);
    denied(&decided(&unsaid, &request("read:a")), Code::DenyOtherRequest, None);
}

#[test]
fn a_seal_for_another_server_is_for_another_request() {
    let root = Payload::root(OPS, 10).claim(3, texts(&["files", "mail"]));
    let bound = digest("mail", &["action", "read:a"], map([]), map([]));
    let seal = Payload::request_seal(bound, NOW, NOW + 60).claim(3, text("files"));
    let verified = Forged::from_root(&root).seal(10, &seal).verified().unwrap();
    denied(&decided(&verified, &request("read:a")), Code::DenyOtherRequest, None);
}

#[test]
fn a_server_may_demand_a_seal_for_the_request() {
    let any = sealed(&Payload::seal()).unwrap();
    denied(&decided(&any, &request("read:a").require_request_seal()), Code::DenyNotForOneRequest, None);
    let bound = for_request(digest("files", &["action", "read:a"], map([]), map([])));
    allowed(&decided(&bound, &request("read:a").require_request_seal()));
}

#[test]
fn a_request_seal_from_the_future() {
    let bound = digest("files", &["action", "read:a"], map([]), map([]));
    let later = sealed(&Payload::request_seal(bound, NOW + 31, NOW + 60)).unwrap();
    denied(&decided(&later, &request("read:a")), Code::DenyIssuedInFuture, None);
    let leeway = sealed(&Payload::request_seal(bound, NOW + 30, NOW + 60)).unwrap();
    allowed(&decided(&leeway, &request("read:a")));
    let earlier = Payload::seal().claim(6, time(IAT - 1));
    refused(sealed(&earlier), Code::ChainIssuedAt, 1);
}
