//! `spec/token.cddl` accepts real tokens and refuses broken ones.

use std::collections::BTreeMap;

use cddl::ast::CDDL;
use cddl::validator::Validator as _;
use cddl::validator::cbor::CBORValidator;
use cddl::validator::cbor_value::decode_cbor;

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
