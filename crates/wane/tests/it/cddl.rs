//! `spec/token.cddl` accepts real tokens and refuses broken ones.

use std::collections::BTreeMap;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use cddl::ast::CDDL;
use cddl::validator::Validator as _;
use cddl::validator::cbor::CBORValidator;
use cddl::validator::cbor_value::decode_cbor;
use wane::{
    Arguments, Call, Heir, LedgerId, Level, Name, Narrowing, RootGrant, Rule, Seal, SecretKey, Token, Value, mint,
};

use crate::example::Always;

const GRAMMAR: &str = include_str!("../../../../spec/token.cddl");

/// `rule ok|bad name hex`, one case a line, encoded by another implementation.
const CASES: &str = include_str!("cddl_cases.txt");

/// The grammar from `rule` on, in the words of the validator.
fn grammar(rule: &str) -> String {
    // RFC 8610 anchors a `.regexp` at both ends, the validator at none.
    let mut parts = GRAMMAR.split(".regexp \"");
    let mut text = format!("start = {rule}\n{}", parts.next().unwrap());
    for part in parts {
        let (pattern, rest) = part.split_once('"').unwrap();
        text.push_str(&format!(".regexp \"^({pattern})$\"{rest}"));
    }
    text
}

fn validate(grammar: &CDDL<'_>, bytes: &[u8]) -> Result<(), String> {
    let value = decode_cbor(bytes).map_err(|error| format!("{error:?}"))?;
    CBORValidator::new(grammar, value, None).validate().map_err(|error| error.to_string())
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

#[test]
fn cases_of_another_implementation() {
    let mut by_rule: BTreeMap<&str, Vec<[&str; 3]>> = BTreeMap::new();
    for line in CASES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let [rule, expect, name, hex] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        by_rule.entry(rule).or_default().push([expect, name, hex]);
    }
    assert!(by_rule.len() > 5, "{:?}", by_rule.keys());
    for (rule, cases) in by_rule {
        let text = grammar(rule);
        let grammar = cddl::cddl_from_str(&text, true).unwrap();
        for [expect, name, hex] in cases {
            let found = validate(&grammar, &unhex(hex));
            assert_eq!(found.is_ok(), expect == "ok", "{rule} {name}: {found:?}");
        }
    }
}

/// Accepted as they are by one rule; the other rule, and each of the changes below, refuses.
fn of_the_library() -> Vec<(&'static str, Vec<u8>)> {
    let (root, approver) = (SecretKey::from_seed([1; 32]), SecretKey::from_seed([9; 32]).public_key());
    let name = |text: &str| text.parse::<Name>().unwrap();
    let small = RootGrant::new("files".parse().unwrap(), 1_000, 4_600);
    let large = RootGrant::new("files".parse().unwrap(), 1_000, 4_600)
        .audience("mail:*".parse().unwrap())
        .scope("read:*".parse().unwrap())
        .scope("write:* if path under /a, /b and limit <= 9 and @env in [1, null, x] open".parse().unwrap())
        .scope("send:* if url host a.example and ip cidr 10.0.0.0/8 and n len <= 3 and x absent".parse().unwrap())
        .deny("send:mail:external".parse().unwrap())
        .ask(format!("send:* by @oncall, {approver} need 2").parse().unwrap())
        .rule(Rule::new(Level::Internal, [name("pii")], ["read:*".parse().unwrap()]))
        .raise(Level::Internal)
        .label(name("pii"))
        .clearance(Level::Restricted)
        .not_before(1_001)
        .ledger(LedgerId::from_bytes([5; 16]))
        .budget(name("calls"), 100)
        .depth(3)
        .subject("planner")
        .note("for the tests");
    let narrowing = Narrowing::new()
        .keep("read:hr:* if path like \"/data/*\" and purpose seen mail.search and u scheme https".parse().unwrap())
        .deny("read:hr:salary".parse().unwrap())
        .budget(name("calls"), 10)
        .expires_at(4_000)
        .note("a child");
    let seal = Seal::new().audience("mail:eu".parse().unwrap()).said(name("purpose"), Value::Null).for_request(
        Call::tool("list").unwrap(),
        Arguments::empty(),
        1_002,
        1_300,
        &mut Always(4),
    );
    let small = mint(&small, &root, Heir::bound(approver, &mut Always(7))).unwrap();
    let large = mint(&large, &root, Heir::carried(&mut Always(2))).unwrap();
    let child = large.attenuate(&narrowing, Heir::carried(&mut Always(3))).unwrap();
    let bytes = |token: &Token| {
        let text = token.expose_text();
        Base64UrlUnpadded::decode_vec(text.strip_prefix("wane1.token.").unwrap()).unwrap()
    };
    vec![
        ("open-token", bytes(&small)),
        ("open-token", bytes(&large)),
        ("open-token", bytes(&child)),
        ("sealed-token", large.seal(&Seal::new().audience("files".parse().unwrap())).unwrap().to_bytes()),
        ("sealed-token", child.seal(&seal).unwrap().to_bytes()),
    ]
}

#[test]
fn tokens_of_the_library() {
    let (open, sealed) = (grammar("open-token"), grammar("sealed-token"));
    let open = cddl::cddl_from_str(&open, true).unwrap();
    let sealed = cddl::cddl_from_str(&sealed, true).unwrap();
    for (rule, bytes) in of_the_library() {
        let (fits, other) = if rule == "open-token" { (&open, &sealed) } else { (&sealed, &open) };
        assert_eq!(validate(fits, &bytes), Ok(()), "{rule}");
        assert!(validate(other, &bytes).is_err(), "{rule}, read as the other kind");

        let changed = |from: &[u8], to: &[u8]| {
            let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
            [&bytes[..at], to, &bytes[at + from.len()..]].concat()
        };
        for broken in [
            changed(&[0x43, 0xa1, 0x01, 0x32], &[0x43, 0xa1, 0x01, 0x27]),
            changed(&[0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0], &[0x84, 0x43, 0xa1, 0x01, 0x32, 0xa1, 0x04, 0x40]),
            changed(&[0xa3, 0x01, 0x01, 0x20, 0x06], &[0xa3, 0x01, 0x02, 0x20, 0x06]),
            changed(&[0x3a, 0x00, 0x01, 0x00, 0x00], &[0x3a, 0x00, 0x01, 0x00, 0x01]),
            changed(&[0x48], &[0x68]),
            bytes[..bytes.len() - 1].to_vec(),
        ] {
            assert!(validate(fits, &broken).is_err(), "{rule}: {broken:02x?}");
        }
    }
}

/// Every approval that a reader takes, and every one that it refuses for what the grammar can say.
#[test]
fn approvals() {
    // What deterministic encoding, distinct elements and curve points demand is not in the grammar.
    const BEYOND_GRAMMAR: &[&str] = &[
        "actions-twice",
        "approver-small-order",
        "claim-twice",
        "claims-order",
        "indefinite",
        "long-exp",
        "payload-trailing",
        "trailing",
    ];
    let text = grammar("approval");
    let approval = cddl::cddl_from_str(&text, true).unwrap();
    let (mut good, mut bad) = (0, 0);
    for (path, file) in crate::vectors::files() {
        let Some(name) = path.strip_prefix("approval/").and_then(|name| name.strip_suffix(".txt")) else { continue };
        let (head, payload) = file.split_once("\n\n").unwrap();
        let header = |wanted: &str| head.lines().find_map(|line| line.strip_prefix(wanted));
        let refused = header("expect: ") == Some("parse-error");
        let shown: Vec<String> = match (header("flags: "), header("request: ")) {
            (Some("approval"), _) => vec![payload.trim_end_matches('\n').to_owned()],
            // Of those that come with a request, all can be read or this says nothing about each.
            (None, Some(request)) if !refused => {
                let request: serde_json::Value = serde_json::from_str(request).unwrap();
                let texts = request["approvals"].as_array().cloned().unwrap_or_default();
                texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
            }
            _ => continue,
        };
        for text in shown {
            let Some(text) = text.strip_prefix("wane1.approval.") else { continue };
            let Ok(bytes) = Base64UrlUnpadded::decode_vec(text) else { continue };
            let found = validate(&approval, &bytes);
            if !refused {
                assert_eq!(found, Ok(()), "{name}");
                good += 1;
            } else if !BEYOND_GRAMMAR.contains(&name) {
                assert!(found.is_err(), "{name}");
                bad += 1;
            }
        }
    }
    assert!(good > 100 && bad > 30, "{good} and {bad}");
}
