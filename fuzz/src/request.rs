//! Requests: arguments read from JSON, their digest, and what is decided about them.

use std::sync::OnceLock;

use serde_json::{Map, Value};
use wane::{
    Arguments, Call, Code, Decision, Heir, Level, LiveState, Refusal, Request, RootGrant, Roots, Seal, SealedToken,
    TrustedRoot, Verified, decide, mint, verify,
};

use crate::cbor::Item;
use crate::check;
use crate::forge::{self, NOW};

/// Byte 0: call and actions. Byte 1: level, labels and facts. The rest: JSON.
pub fn run(data: &[u8]) {
    let [what, context, json @ ..] = data else { return };
    let reference = serde_json::from_slice::<Value>(json).ok();
    let arguments = match Arguments::from_json(json) {
        Ok(arguments) => arguments,
        Err(refusal) => return refused_for_a_reason(&refusal, reference.as_ref()),
    };
    let reference = reference.expect("the second reader takes what the first took");
    let plain = serde_json::to_vec(&reference).expect("values are written");
    assert_eq!(Arguments::from_json(&plain).as_ref(), Ok(&arguments), "{reference}");
    let spaced = serde_json::to_vec_pretty(&reference).expect("values are written");
    assert_eq!(Arguments::from_json(&spaced).as_ref(), Ok(&arguments), "{reference}");

    let (call, parts) = call(*what);
    let request = request(*context, call.clone()).arguments(arguments.clone());
    let expected = crate::json::digest("files", &parts, &reference, &[]);
    digest_is(&request, &expected);
    if context % 8 == 7 {
        a_seal_for_one_request(request.clone(), call, arguments, &reference, &parts);
    }
    conditions(&request);
}

/// A JSON reader takes it and we do not: a duplicate, a number, the depth, or no object.
fn refused_for_a_reason(refusal: &Refusal, reference: Option<&Value>) {
    check::refusal(refusal);
    let strict = matches!(refusal.code(), Code::ParseJsonDuplicate | Code::ParseJsonNumber | Code::ParseTooDeep);
    match reference {
        Some(Value::Object(_)) => assert!(strict || refusal.code() == Code::ParseTooLarge, "{refusal:?}"),
        Some(_) | None => assert!(strict || refusal.code() == Code::ParseJson, "{refusal:?}"),
    }
}

fn call(what: u8) -> (Call, Vec<&'static str>) {
    let made = match what % 5 {
        0 => (Call::tool("read_file"), vec!["tools/call", "read_file"]),
        1 => (Call::resource("file:///data/a"), vec!["resources/read", "file:///data/a"]),
        2 => (Call::prompt("ask"), vec!["prompts/get", "ask"]),
        3 => (Call::http("GET", "/a?b=%2f"), vec!["http", "GET", "/a?b=%2f"]),
        _ => {
            let action = "read:hr:employees".parse().expect("an action");
            (Ok(Call::actions(&[action])), vec!["action", "read:hr:employees"])
        }
    };
    (made.0.expect("a call"), made.1)
}

fn request(context: u8, call: Call) -> Request {
    let level = Level::from_number(u64::from(context / 8 % 5)).expect("a level");
    let value = |text: &str| wane::Value::text(text).expect("a value");
    let actions = vec!["read:hr:employees".parse().expect("an action")];
    let request = Request::new("files".parse().expect("an audience"), call, actions, level).expect("a request");
    let request = if context & 0x40 != 0 { request.fact("env".parse().expect("a name"), value("a")) } else { request };
    if context & 0x80 != 0 { request.seen("search.results", value("a")) } else { request }
}

/// The digest in an answer that asks for approval is the second one.
fn digest_is(request: &Request, expected: &[u8; 32]) {
    match decide(&chains().asking, request, &LiveState::without_ledger(), NOW + 1) {
        Decision::Ask(ask) => assert_eq!(ask.request_digest(), expected),
        other => panic!("{other:?}"),
    }
}

/// The digest that the library seals and decides by is the second one, and no other is accepted.
fn a_seal_for_one_request(request: Request, call: Call, arguments: Arguments, reference: &Value, parts: &[&str]) {
    let said = [("purpose", Item::Text("audit".into()))];
    let digest = crate::json::digest("files", parts, reference, &said);
    let seal = Seal::new()
        .said("purpose".parse().expect("a name"), wane::Value::text("audit").expect("a value"))
        .for_request(call, arguments, NOW, NOW + 60, &mut forge::Known(&[9]));
    let sealed = sealed(&everything(), &seal);
    let stated = sealed.chain().blocks()[1].claims().stated();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(stated.contains(&("digest", hex)), "{reference}: {stated:?}");

    let verified = verify(&sealed, &roots()).expect("a genuine chain");
    let decided = |request: &Request| decide(&verified, request, &LiveState::without_ledger(), NOW + 1);
    let request = request.require_request_seal();
    assert!(matches!(decided(&request), Decision::Allow(_)), "{:?}", decided(&request));
    let other = if *reference == Value::Object(Map::new()) { r#"{"": 0}"# } else { "{}" };
    let other = Arguments::from_json(other.as_bytes()).expect("arguments");
    let other = decided(&request.arguments(other));
    assert!(matches!(&other, Decision::Deny(refusal) if refusal.code() == Code::DenyOtherRequest), "{other:?}");
}

/// Every condition judges without panicking, and the same when asked again; more conditions never allow more.
fn conditions(request: &Request) {
    let decisions = |verified: &Verified| {
        let decision = decide(verified, request, &LiveState::without_ledger(), NOW + 1);
        assert_eq!(
            format!("{decision:?}"),
            format!("{:?}", decide(verified, request, &LiveState::without_ledger(), NOW + 1))
        );
        if let Decision::Deny(refusal) = &decision {
            check::refusal(refusal);
        }
        matches!(decision, Decision::Allow(_))
    };
    for (alone, narrower) in chains().conditions.iter().map(|(alone, narrower)| (decisions(alone), decisions(narrower)))
    {
        assert!(alone || !narrower, "narrower by `only`, and freer");
    }
}

/// One condition of each kind on one argument.
const CONDITIONS: [&str; 14] = [
    "a = 1",
    "a in [null, true, \"1\", 100]",
    "a <= 100",
    "a >= -1",
    "a len <= 3",
    "a like *a*b*",
    "a under /data, /tmp/x",
    "a host example.com, example.com:8443, 127.0.0.1, \"[::1]\"",
    "a scheme https",
    "a cidr 10.0.0.0/8, ::1/128",
    "a absent",
    "a seen search.results",
    "/a/b/c = 1",
    "@env = a and a = a",
];

struct Chains {
    /// Asks for approval whatever is requested.
    asking: Verified,
    /// For each condition a chain that has it, and one that is closed by `only` as well.
    conditions: Vec<(Verified, Verified)>,
}

fn chains() -> &'static Chains {
    static CHAINS: OnceLock<Chains> = OnceLock::new();
    let with = |condition: &str, other: &str| {
        verified(grant().scope(format!("* if {condition} {other}").parse().expect("a scope")))
    };
    CHAINS.get_or_init(|| Chains {
        asking: verified(everything().ask("* by @local".parse().expect("an ask"))),
        conditions: CONDITIONS.iter().map(|condition| (with(condition, "open"), with(condition, "only"))).collect(),
    })
}

fn grant() -> RootGrant {
    // Without rules, so that the level decides nothing here.
    RootGrant::new("files".parse().expect("a pattern"), NOW, NOW + 3_600).own_rules(Vec::new())
}

fn everything() -> RootGrant {
    grant().scope("*".parse().expect("a scope"))
}

fn sealed(grant: &RootGrant, seal: &Seal) -> SealedToken {
    let heir = Heir::carried(&mut forge::Known(forge::key(1).expose_seed()));
    mint(grant, forge::key(0), heir).and_then(|token| token.seal(seal)).expect("a sealed token")
}

fn roots() -> Roots {
    Roots::new([TrustedRoot::new(forge::root()).allow_own_ratchet()]).expect("a root")
}

fn verified(grant: RootGrant) -> Verified {
    verify(&sealed(&grant, &Seal::new()), &roots()).expect("a genuine chain")
}
