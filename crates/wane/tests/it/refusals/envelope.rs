//! Envelopes, headers, claims and text forms that are not the one form accepted.

use ciborium::value::Value;
use wane::{Code, PublicKey, Refusal, SealedToken, Token, UntrustedToken};

use crate::forge::{
    Forged, IAT, OPS, Payload, bytes, cbor, cnf, envelope, int, key, line, list, map, refused, text, texts, time, token,
};

fn sealed() -> Forged {
    Forged::minted().seal(10, &Payload::seal())
}

/// The answer to the sealed chain with its first envelope written as these parts.
fn parts(parts: impl IntoIterator<Item = Value>) -> Result<SealedToken, Refusal> {
    let mut envelopes = sealed().envelopes;
    envelopes[0] = cbor(&list(parts));
    SealedToken::from_bytes(&token(&envelopes, None))
}

const PROTECTED: [u8; 3] = [0xa1, 0x01, 0x32];

#[test]
fn headers_that_play() {
    let payload = || bytes(&Payload::root(OPS, 10).bytes());
    let signature = || bytes(&[0; 64]);
    let empty = || map([]);
    for (name, other) in [
        ("EdDSA", vec![bytes(&[0xa1, 0x01, 0x27]), empty(), payload(), signature()]),
        ("HS256", vec![bytes(&[0xa1, 0x01, 0x05]), empty(), payload(), signature()]),
        ("no algorithm", vec![bytes(&[0xa0]), empty(), payload(), signature()]),
        ("no protected header", vec![bytes(&[]), empty(), payload(), signature()]),
        ("algorithm twice", vec![bytes(&PROTECTED), map([(int(1), int(-19))]), payload(), signature()]),
        ("a key id", vec![bytes(&PROTECTED), map([(int(4), bytes(b"k"))]), payload(), signature()]),
        ("critical", vec![bytes(&[0xa2, 0x01, 0x32, 0x02, 0x81, 0x01]), empty(), payload(), signature()]),
        ("three parts", vec![bytes(&PROTECTED), empty(), payload()]),
        ("five parts", vec![bytes(&PROTECTED), empty(), payload(), signature(), Value::Null]),
        ("not in a byte string", vec![map([(int(1), int(-19))]), empty(), payload(), signature()]),
    ] {
        let refusal = parts(other).expect_err(name);
        assert_eq!((refusal.code(), refusal.block()), (Code::ParseEnvelope, Some(0)), "{name}");
    }
}

#[test]
fn signatures_of_another_length() {
    for length in [0, 63, 65, 128] {
        let short = [bytes(&PROTECTED), map([]), bytes(&Payload::root(OPS, 10).bytes()), bytes(&vec![0; length])];
        refused(parts(short), Code::ParseEnvelope, 0);
    }
}

#[test]
fn a_detached_payload() {
    refused(parts([bytes(&PROTECTED), map([]), Value::Null, bytes(&[0; 64])]), Code::ParseEnvelope, 0);
    let payload = bytes(&Payload::root(OPS, 10).bytes());
    refused(parts([bytes(&PROTECTED), map([]), payload, Value::Null]), Code::ParseEnvelope, 0);
}

#[test]
fn tokens_of_another_shape() {
    let chain = sealed();
    for other in [
        cbor(&list([])),
        cbor(&list([list([])])),
        cbor(&list([list([]), bytes(&[1; 32])])),
        [&[0x83][..], &chain.bytes()[1..], &[0x40, 0x40]].concat(),
    ] {
        refused(SealedToken::from_bytes(&other), Code::ParseEnvelope, None);
    }
    for other in [cbor(&int(1)), cbor(&map([])), cbor(&list([bytes(&chain.envelopes[0])]))] {
        refused(SealedToken::from_bytes(&other), Code::ParseEnvelope, None);
    }
    // A payload that is no map.
    refused(Forged::behind(OPS).raw(0, OPS, &cbor(&list([]))).sealed(), Code::ParseClaimType, 0);
}

#[test]
fn secrets_of_another_length() {
    for length in [0, 31, 33, 64] {
        let bytes = token(&Forged::minted().envelopes, Some(&vec![10; length]));
        refused(Token::from_bytes(&bytes), Code::ParseClaimType, None);
    }
}

#[test]
fn the_secret_of_another_key() {
    let of = |secret: u8| token(&Forged::minted().envelopes, Some(&[secret; 32]));
    assert!(Token::from_bytes(&of(10)).is_ok());
    refused(Token::from_bytes(&of(11)), Code::ChainSecret, None);
}

#[test]
fn unknown_claims() {
    let root = |payload: Payload| Forged::from_root(&payload).seal(10, &Payload::seal()).sealed();
    for key in [0, 1, 9, 10, 38, 65_537, -1, -65_536, -65_538] {
        refused(root(Payload::root(OPS, 10).claim(key, int(1))), Code::ParseUnknownClaim, 0);
    }
    for key in [18, 255, -1] {
        refused(root(Payload::root(OPS, 10).private(key, int(1))), Code::ParseUnknownClaim, 0);
    }
    refused(root(Payload::root(OPS, 10).claim_under(text("exp"), int(1))), Code::ParseUnknownClaim, 0);
    refused(root(Payload::root(OPS, 10).private_under(bytes(&[4]), int(1))), Code::ParseUnknownClaim, 0);
}

#[test]
fn claims_of_the_issuer_are_not_read() {
    // `iss` names a key, and keys are named by hint or cnf only.
    let named = Payload::root(OPS, 10).claim(1, text("ops"));
    refused(Forged::from_root(&named).seal(10, &Payload::seal()).sealed(), Code::ParseUnknownClaim, 0);
}

#[test]
fn a_root_block_without_what_it_needs() {
    for claim in [3, 4, 6, 8] {
        let without = Payload::root(OPS, 10).without(claim);
        refused(Forged::from_root(&without).sealed(), Code::ParseMissingClaim, 0);
    }
    for claim in [0, 4] {
        let without = Payload::root(OPS, 10).without_private(claim);
        refused(Forged::from_root(&without).sealed(), Code::ParseMissingClaim, 0);
    }
}

#[test]
fn claims_out_of_place() {
    let behind = |payload: &Payload| Forged::minted().delegate(10, payload).seal(11, &Payload::seal()).sealed();
    let hint = bytes(&crate::forge::hint(OPS));
    refused(behind(&Payload::delegate(11).private(0, hint)), Code::ParseMisplacedClaim, 1);
    for claim in [16, 17] {
        refused(behind(&Payload::delegate(11).private(claim, bytes(&[0; 32]))), Code::ParseMisplacedClaim, 1);
    }
    let said = map([(text("purpose"), text("audit"))]);
    refused(behind(&Payload::delegate(11).private(15, said.clone())), Code::ParseMisplacedClaim, 1);
    refused(behind(&Payload::delegate(11).private(14, bytes(&[0; 32]))), Code::ParseMisplacedClaim, 1);
    refused(Forged::from_root(&Payload::root(OPS, 10).private(15, said)).sealed(), Code::ParseMisplacedClaim, 0);
}

#[test]
fn a_session_that_does_not_say_when() {
    let root = Payload::root(OPS, 10).without_private(1);
    let opened = |payload: &Payload| Forged::from_root(&root).delegate(10, payload).seal(11, &Payload::seal()).sealed();
    let session = Payload::delegate(11).private(1, Value::Bool(true));
    refused(opened(&session), Code::ParseMissingClaim, 1);
    assert!(opened(&session.claim(6, time(IAT))).is_ok());
}

#[test]
fn claims_of_another_type() {
    let root = |payload: Payload| Forged::from_root(&payload).sealed();
    let with = |key: i64, value: Value| root(Payload::root(OPS, 10).claim(key, value));
    refused(with(3, int(1)), Code::ParseClaimType, 0);
    refused(with(4, int(-1)), Code::ParseClaimType, 0);
    refused(with(4, text("4600")), Code::ParseClaimType, 0);
    refused(with(7, bytes(&[0; 7])), Code::ParseClaimType, 0);
    let private = |key: i64, value: Value| root(Payload::root(OPS, 10).private(key, value));
    refused(private(0, bytes(&[0; 32])), Code::ParseClaimType, 0);
    // Bytes are byte strings, not arrays of integers.
    refused(private(0, list([0; 8].map(|byte: i64| int(byte)))), Code::ParseClaimType, 0);
    refused(private(1, Value::Bool(false)), Code::ParseClaimType, 0);
    refused(private(1, int(1)), Code::ParseClaimType, 0);
    refused(private(2, bytes(&[0; 31])), Code::ParseClaimType, 0);
    // A root block states whole scopes, a later one refinements.
    refused(private(4, list([int(0)])), Code::ParseClaimType, 0);
    let whole = Payload::delegate(11).scopes([text("read:*")]);
    refused(Forged::minted().delegate(10, &whole).sealed(), Code::ParseClaimType, 1);
}

#[test]
fn numbers_beyond_their_range() {
    let root = |payload: Payload| Forged::from_root(&payload).sealed();
    let with = |key: i64, value: u64| root(Payload::root(OPS, 10).claim(key, time(value)));
    refused(with(4, 253_402_300_800), Code::ParseTime, 0);
    refused(with(4, u64::MAX), Code::ParseTime, 0);
    let private = |key: i64, value: Value| root(Payload::root(OPS, 10).private(key, value));
    refused(private(8, int(5)), Code::ParseLevel, 0);
    refused(private(10, time(u64::MAX)), Code::ParseLevel, 0);
    refused(private(12, int(15)), Code::ParseLimit, 0);
    // Where 64 bits are cut to 8 or 32, these would be 0.
    refused(private(12, int(256)), Code::ParseLimit, 0);
    refused(private(12, time(1 << 32)), Code::ParseLimit, 0);
    refused(private(11, map([(text("calls"), time(1 << 53))])), Code::ParseLimit, 0);
}

#[test]
fn a_next_key_that_anybody_could_sign_for() {
    let root = |key: [u8; 32]| {
        let cose = map([(int(1), int(1)), (int(-1), int(6)), (int(-2), bytes(&key))]);
        Forged::from_root(&Payload::root(OPS, 10).claim(8, map([(int(1), cose)]))).sealed()
    };
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut second_spelling = [0xff; 32];
    (second_spelling[0], second_spelling[31]) = (0xf0, 0x7f);
    for weak in [[0; 32], identity, second_spelling] {
        refused(root(weak), Code::ParseKey, 0);
    }
    assert!(root(key(10).verifying_key().to_bytes()).is_err_and(|refusal| refusal.code() == Code::ChainUnsealed));
}

#[test]
fn a_next_key_of_another_kind() {
    let root = |cnf: Value| Forged::from_root(&Payload::root(OPS, 10).claim(8, cnf)).sealed();
    let Value::Map(known) = cnf(10) else { panic!() };
    let Value::Map(cose) = known[0].1.clone() else { panic!() };
    let with = |extra: (Value, Value)| map([(int(1), map([cose.clone(), vec![extra]].concat()))]);
    refused(root(with((int(-4), bytes(&[1; 32])))), Code::ParseClaimType, 0);
    refused(root(map([(int(3), bytes(b"kid"))])), Code::ParseClaimType, 0);
    refused(root(bytes(&[1; 32])), Code::ParseClaimType, 0);
    let x25519 = map([(int(1), int(1)), (int(-1), int(4)), (int(-2), bytes(&[9; 32]))]);
    refused(root(map([(int(1), x25519)])), Code::ParseClaimType, 0);
}

#[test]
fn spellings_that_say_nothing_more() {
    let root = |payload: Payload| Forged::from_root(&payload).sealed();
    let with = |key: i64, value: Value| root(Payload::root(OPS, 10).private(key, value));
    refused(with(5, list([])), Code::ParseNotCanonical, 0);
    refused(with(5, texts(&["read:a", "read:a"])), Code::ParseNotCanonical, 0);
    refused(with(9, texts(&["untrusted", "pii"])), Code::ParseNotCanonical, 0);
    refused(with(9, texts(&["pii", "pii"])), Code::ParseNotCanonical, 0);
    refused(with(4, list([list([text("read:*"), list([])])])), Code::ParseNotCanonical, 0);
    let condition = || list([text("/path"), int(11)]);
    refused(with(4, list([list([text("read:*"), list([condition(), condition()])])])), Code::ParseNotCanonical, 0);
    refused(with(13, text("")), Code::ParseNotCanonical, 0);
    refused(root(Payload::root(OPS, 10).claim(3, texts(&["files"]))), Code::ParseNotCanonical, 0);
    let behind = |payload: &Payload| Forged::minted().delegate(10, payload).sealed();
    refused(behind(&Payload::delegate(11).private(7, list([]))), Code::ParseNotCanonical, 1);
    refused(behind(&Payload::delegate(11).scopes([list([int(0), Value::Null])])), Code::ParseNotCanonical, 1);
    let empty_private = Payload::delegate(11).claim(-65_537, map([]));
    refused(behind(&empty_private), Code::ParseNotCanonical, 1);
}

#[test]
fn patterns_names_and_conditions_on_the_wire() {
    let root = |payload: Payload| Forged::from_root(&payload).sealed();
    let scope = |pattern: &str| root(Payload::root(OPS, 10).scopes([text(pattern)]));
    for pattern in ["", "read:", "read:**", "read:h*", "read hr", "read:é", "read:%2e", "a:b:c:d:e:f:g:h:i"] {
        refused(scope(pattern), Code::ParsePattern, 0);
    }
    refused(root(Payload::root(OPS, 10).private(9, texts(&["Pii"]))), Code::ParseName, 0);
    let condition =
        |parts: Vec<Value>| root(Payload::root(OPS, 10).scopes([list([text("read:*"), list([list(parts)])])]));
    refused(condition(vec![text("/a"), int(0), int(1)]), Code::ParseCondition, 0);
    refused(condition(vec![text("/a"), int(13), int(1)]), Code::ParseCondition, 0);
    refused(condition(vec![text("/a"), int(11), int(1)]), Code::ParseCondition, 0);
    refused(condition(vec![text("/a"), int(1)]), Code::ParseCondition, 0);
    refused(condition(vec![text("/a"), int(7), texts(&["/data/"])]), Code::ParseCondition, 0);
    refused(condition(vec![text("/a"), int(1), list([])]), Code::ParseClaimType, 0);
    // Pointers are always written out, and `@said` is the holder's.
    refused(condition(vec![text("a"), int(1), int(1)]), Code::ParseCondition, 0);
    refused(condition(vec![text("@said"), int(1), int(1)]), Code::ParseCondition, 0);
    refused(condition(vec![text("/a"), int(1), time(1 << 53)]), Code::ParseLimit, 0);
}

#[test]
fn texts_that_are_no_tokens() {
    let sealed = sealed().bytes();
    let good = line("wane1.sealed.", &sealed);
    for other in [
        String::new(),
        "wane1.sealed".to_owned(),
        line("wane2.sealed.", &sealed),
        line("", &sealed),
        format!(" {good}"),
        format!("{good} "),
        format!("{good}\r\n"),
        format!("{good}="),
        good.to_uppercase(),
        good.replacen("wane1.sealed.", "wane1.sealed.+", 1),
        good.replacen('.', ".\n", 1),
    ] {
        refused(UntrustedToken::parse(&other), Code::ParseText, None);
    }
}

#[test]
fn a_prefix_that_does_not_fit() {
    let (open, sealed) = (Forged::minted().bytes(), sealed().bytes());
    let carried = token(&Forged::minted().envelopes, Some(&[10; 32]));
    refused(UntrustedToken::parse(&line("wane1.token.", &sealed)), Code::ParsePrefix, None);
    refused(UntrustedToken::parse(&line("wane1.sealed.", &open)), Code::ParsePrefix, None);
    refused(UntrustedToken::parse(&line("wane1.sealed.", &carried)), Code::ParsePrefix, None);
    refused(UntrustedToken::parse(&line("wane1.key.", &sealed)), Code::ParsePrefix, None);
    refused(Token::parse(&line("wane1.sealed.", &sealed)), Code::ParsePrefix, None);
    refused(line("wane1.token.", &[1; 32]).parse::<PublicKey>(), Code::ParsePrefix, None);
}

#[test]
fn an_envelope_that_ends_the_chain_twice() {
    // A block behind a seal: whoever holds no key cannot go on, and whoever holds one may not.
    let twice = sealed().seal(10, &Payload::seal());
    refused(twice.sealed(), Code::ParseMissingClaim, 1);
    let extended = sealed().delegate(10, &Payload::delegate(11)).seal(11, &Payload::seal());
    refused(extended.sealed(), Code::ParseMissingClaim, 1);
}

#[test]
fn the_forge_and_the_library_agree_on_an_envelope() {
    let payload = Payload::root(OPS, 10).bytes();
    let signed = Forged::minted().envelopes.remove(0);
    assert_eq!(signed[..signed.len() - 64], envelope(&payload, &[0; 64])[..signed.len() - 64]);
    assert_eq!(signed[..6], [0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0]);
}
