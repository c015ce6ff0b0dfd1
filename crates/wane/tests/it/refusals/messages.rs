//! What refusals say: both sides of the comparison, in words.

use ciborium::value::Value;
use wane::Refusal;

use crate::forge::{EXP, Forged, OPS, Payload, bytes, cnf, decided, int, json, list, map, request, text, texts, time};

fn root() -> Payload {
    Payload::root(OPS, 10)
}

/// What is said of a delegate block behind this root block.
fn said(root: &Payload, delegate: &Payload) -> String {
    let chain = Forged::from_root(root).delegate(10, &delegate.clone().claim(8, cnf(11)));
    let answer: Result<_, Refusal> = chain.seal(11, &Payload::seal()).verified();
    answer.unwrap_err().to_string()
}

#[test]
fn what_stands_where_a_number_or_a_text_is_expected() {
    for (value, kind) in [
        (int(-1), "a negative integer"),
        (bytes(b"x"), "a byte string"),
        (text("x"), "a text"),
        (list([int(1)]), "an array"),
        (map([(int(1), int(1))]), "a map"),
        (Value::Bool(true), "a boolean"),
        (Value::Null, "null"),
    ] {
        let message = said(&root(), &Payload::default().claim(4, value));
        assert!(message.contains(&format!("{kind} where an unsigned integer is expected")), "{message}");
    }
    let message = said(&root(), &Payload::default().claim(2, int(1)));
    assert!(message.contains("an unsigned integer where a text is expected"), "{message}");
}

#[test]
fn which_time_leaves_nothing() {
    let message = said(&root(), &Payload::default().claim(6, time(EXP)));
    assert!(message.contains("exp 4600 is not after iat 4600"), "{message}");
    let message = said(&root(), &Payload::default().claim(5, time(EXP)));
    assert!(message.contains("exp 4600 is not after nbf 4600"), "{message}");
}

/// The message about an audience that is within none of so many.
fn not_within(count: usize) -> String {
    let audiences: Vec<String> = (0..count).map(|number| format!("a{number}")).collect();
    let audiences: Vec<&str> = audiences.iter().map(String::as_str).collect();
    let stated = if let [one] = audiences[..] { text(one) } else { texts(&audiences) };
    said(&root().claim(3, stated), &Payload::default().claim(3, text("mail")))
}

#[test]
fn a_list_of_patterns_is_shown_up_to_the_eighth() {
    for (count, shown) in [
        (1, "is not within `a0`"),
        (2, "is not within `a0`, `a1`"),
        (8, "is not within `a0`, `a1`, `a2`, `a3`, `a4`, `a5`, `a6`, `a7`"),
        (9, "is not within `a0`, `a1`, `a2`, `a3`, `a4`, `a5`, `a6`, `a7`, ..."),
        (11, "is not within `a0`, `a1`, `a2`, `a3`, `a4`, `a5`, `a6`, `a7`, ..."),
    ] {
        let message = not_within(count);
        assert!(message.ends_with(shown), "{message}");
    }
}

#[test]
fn no_pattern_is_shown_as_nothing() {
    let chain = Forged::from_root(&root().scopes([])).seal(10, &Payload::seal()).verified().unwrap();
    let wane::Decision::Deny(refusal) = decided(&chain, &request("read:a")) else { panic!("nothing is allowed") };
    assert!(refusal.to_string().ends_with("`read:a` is not within nothing"), "{refusal}");
}

#[test]
fn what_stands_under_a_condition() {
    let condition = list([list([text("/n"), int(1), int(1)])]);
    let scope = list([text("read:*"), condition]);
    let chain = Forged::from_root(&root().scopes([scope])).seal(10, &Payload::seal()).verified().unwrap();
    for (value, what) in [
        ("0.5", "a float"),
        ("{}", "an object"),
        ("[[1]]", "an array with an array"),
        ("[1, 0.5]", "an array with a float"),
        ("[1, {}]", "an array with an object"),
    ] {
        let asked = request("read:a").arguments(json(&format!(r#"{{"n": {value}}}"#)));
        let wane::Decision::Deny(refusal) = decided(&chain, &asked) else { panic!("{value} is allowed") };
        assert!(refusal.to_string().ends_with(&format!("cannot stand under a condition: {what}")), "{refusal}");
    }
    let absent = list([text("read:*"), list([list([text("/n"), int(11)])])]);
    let chain = Forged::from_root(&root().scopes([absent])).seal(10, &Payload::seal()).verified().unwrap();
    for (value, what) in [
        ("null", "null"),
        ("true", "a boolean"),
        ("1", "an integer"),
        ("0.5", "a float"),
        (r#""x""#, "a text"),
        ("[]", "an array"),
        ("{}", "an object"),
    ] {
        let asked = request("read:a").arguments(json(&format!(r#"{{"n": {value}}}"#)));
        let wane::Decision::Deny(refusal) = decided(&chain, &asked) else { panic!("{value} is allowed") };
        assert!(refusal.to_string().starts_with(&format!("{what} at ")), "{refusal}");
    }
}
