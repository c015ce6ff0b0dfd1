//! L7: what is not known is refused, with the code for it. Nothing is ignored, nothing defaults to allowed.

use ciborium::value::Value;
use wane::{Code, Decision, Refusal, Verified};

use super::tape::{Tape, ensure, holds};
use crate::forge::{Forged, OPS, Payload, bytes, decided, int, json, list, map, request, text, texts, time};

/// Any well-formed value.
fn any(tape: &mut Tape<'_>, depth: usize) -> Value {
    match tape.below(if depth == 0 { 6 } else { 8 }) {
        0 => int(tape.byte()),
        1 => int(-1 - i64::from(tape.byte())),
        2 => Value::Bool(tape.once_in(2)),
        3 => Value::Null,
        4 => text(&"x".repeat(tape.below(4))),
        5 => bytes(&vec![tape.byte(); tape.below(40)]),
        6 => list((0..tape.below(3)).map(|_| any(tape, depth - 1)).collect::<Vec<_>>()),
        _ => map([(int(tape.byte()), any(tape, depth - 1))]),
    }
}

/// A root, a delegate and a seal, of which the chosen one is changed.
fn chain(block: usize, change: impl FnOnce(Payload) -> Payload) -> Result<Verified, Refusal> {
    let mut payloads = [Payload::root(OPS, 10), Payload::delegate(11), Payload::seal()];
    payloads[block] = change(payloads[block].clone());
    let [root, delegate, seal] = &payloads;
    Forged::from_root(root).delegate(10, delegate).seal(11, seal).verified()
}

fn refused(answer: Result<Verified, Refusal>, codes: &[Code], block: usize) -> Result<(), String> {
    match answer {
        Err(refusal) if codes.contains(&refusal.code()) && refusal.block() == Some(block) => Ok(()),
        other => Err(format!("{codes:?} in block {block} expected: {other:?}")),
    }
}

/// A key that no claim has.
fn unknown_key(tape: &mut Tape<'_>, known: &[i64]) -> Value {
    let number = match tape.below(4) {
        0 => i64::from(tape.byte()),
        1 => -1 - i64::from(tape.byte()),
        2 => i64::try_from(tape.number() >> 1).unwrap(),
        _ => -65_537 + i64::from(tape.byte()) - 128,
    };
    match tape.below(6) {
        0 => text("scope"),
        1 => bytes(&[tape.byte()]),
        _ if known.contains(&number) => text("exp"),
        _ => int(number),
    }
}

#[test]
fn l7_unknown_claims() {
    holds(80, |tape| {
        let block = tape.below(3);
        let value = any(tape, 2);
        if tape.once_in(2) {
            let key = unknown_key(tape, &[2, 3, 4, 5, 6, 7, 8, -65_537]);
            return refused(chain(block, |payload| payload.claim_under(key, value)), &[Code::ParseUnknownClaim], block);
        }
        let key = unknown_key(tape, &(0..=17).collect::<Vec<_>>());
        refused(chain(block, |payload| payload.private_under(key, value)), &[Code::ParseUnknownClaim], block)
    });
}

#[test]
fn l7_unknown_values_of_known_claims() {
    // Whatever stands under a known claim is read as that claim or refused; never skipped.
    holds(80, |tape| {
        let (block, value) = (tape.below(3), any(tape, 2));
        let outer = tape.once_in(2);
        let key = if outer { i64::from(2 + tape.byte() % 7) } else { i64::from(tape.byte() % 18) };
        let change = |payload: Payload| {
            if outer { payload.claim(key, value.clone()) } else { payload.private(key, value.clone()) }
        };
        let stated = chain(block, change);
        let Ok(verified) = stated else { return Ok(()) };
        let claims = verified.chain().blocks()[block].claims().stated();
        let name = match (outer, key) {
            (true, key) => ["sub", "aud", "exp", "nbf", "iat", "cti", "cnf"][usize::try_from(key - 2).unwrap()],
            (false, key) => [
                "hint",
                "session",
                "continues",
                "ledger",
                "scope",
                "deny",
                "ask",
                "ratchet",
                "level",
                "label",
                "clearance",
                "budget",
                "depth",
                "note",
                "digest",
                "said",
            ][usize::try_from(key).unwrap()],
        };
        let name = if value == list([]) && name == "scope" { "scopes" } else { name };
        ensure(claims.iter().any(|(stated, _)| *stated == name), || format!("{name} {value:?} is gone: {claims:?}"))
    });
}

#[test]
fn l7_unknown_operators_and_levels() {
    holds(40, |tape| {
        let number = match tape.below(3) {
            0 => u64::from(tape.byte()),
            1 => u64::from(tape.byte()) << 32,
            _ => tape.number(),
        };
        let operator = if (1..=12).contains(&number) { 13 } else { number };
        let condition = list([text("/a"), time(operator), any(tape, 1)]);
        let scoped = |payload: Payload| payload.scopes([list([text("read:*"), list([condition.clone()])])]);
        refused(chain(0, scoped), &[Code::ParseCondition], 0)?;
        let refining = |payload: Payload| payload.scopes([list([int(0), Value::Null, list([condition.clone()])])]);
        let block = 1 + tape.below(2);
        refused(chain(block, refining), &[Code::ParseCondition], block)?;

        let level = time(number.max(5));
        let block = tape.below(3);
        let claim = tape.pick(&[8, 10]);
        refused(chain(block, |payload| payload.private(claim, level.clone())), &[Code::ParseLevel], block)?;
        let rule = list([list([level, list([]), texts(&["*"])])]);
        refused(chain(block, |payload| payload.private(7, rule)), &[Code::ParseLevel], block)
    });
}

#[test]
fn l7_missing_arguments_and_facts() {
    const SCOPES: [(&str, &str); 11] = [
        ("= 1", "1"),
        ("in [1, 2]", "2"),
        ("<= 5", "5"),
        (">= 5", "7"),
        ("len <= 2", "\"xy\""),
        ("like x*", "\"xy\""),
        ("under /d", "\"/d/e\""),
        ("host b", "\"http://b/\""),
        ("scheme http", "\"http://b/\""),
        ("cidr 10.0.0.0/8", "\"10.1.1.1\""),
        ("= null", "null"),
    ];
    holds(16, |tape| {
        let (test, value) = tape.pick(&SCOPES);
        let target = tape.pick(&["/a", "/a/b", "@a", "@said.a"]);
        let scope: wane::Scope = format!("read:* if {target} {test} open").parse().unwrap();
        let grant = wane::RootGrant::new("files".parse().unwrap(), crate::forge::IAT, crate::forge::EXP).scope(scope);
        let heir = wane::Heir::bound(crate::forge::public(10), &mut crate::forge::Rng::new(1));
        let token = wane::mint(&grant, &crate::forge::secret(OPS), heir).unwrap();
        let sealed = token.seal_as(&crate::forge::secret(10), &wane::Seal::new()).unwrap();
        let verified = wane::verify(&sealed, &crate::forge::roots()).unwrap();
        // Something like it is there, but not that.
        let near = tape.pick(&[
            "{}",
            r#"{"A": V}"#,
            r#"{"b": V}"#,
            r#"{"a ": V}"#,
            r#"{"@a": V}"#,
            r#"{"/a": V}"#,
            r#"{"a": {"B": V}}"#,
        ]);
        let near = if near.contains("\"a\":") && target != "/a/b" { "{}" } else { near };
        let answer = decided(&verified, &request("read:a").arguments(json(&near.replace('V', value))));
        let expected = if target.starts_with('@') { Code::DenyMissingFact } else { Code::DenyMissingArgument };
        match answer {
            Decision::Deny(refusal) if refusal.code() == expected => Ok(()),
            other => Err(format!("{target} {test} on {near}: {other:?}")),
        }
    });
}
