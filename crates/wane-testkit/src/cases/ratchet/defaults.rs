//! The default rules: which verbs survive at which level, with which labels.

use super::{any, at, no, ok};
use crate::case::Case;
use crate::claims::Claims;
use crate::request::Request;

const SPEC: &str = "T133 T134 T145";

pub(super) fn cases() -> Vec<Case> {
    [levels(), labels(), actions()].concat()
}

fn case(name: &str, comment: &str, request: Request, survives: bool) -> Case {
    let case = if survives { ok(name, SPEC, comment) } else { no(name, "deny-ratchet", SPEC, comment) };
    let case = case.request(request);
    if survives { case.sealed_from(&any(), Claims::new()) } else { case.sealed(&any().seal(Claims::new())) }
}

/// Every verb at every level.
fn levels() -> Vec<Case> {
    const LEVELS: &[&str] = &["public", "internal", "confidential", "restricted", "top-secret"];
    const VERBS: &[(&str, usize)] = &[
        // The verb, and the first level at which it does not survive.
        ("read", 5),
        ("write", 3),
        ("send", 2),
        ("delete", 2),
        ("execute", 2),
        ("admin", 2),
        ("call", 2),
    ];
    let mut cases = Vec::new();
    for (verb, until) in VERBS {
        for (place, level) in LEVELS.iter().enumerate() {
            // The boundary from both sides, and the highest level.
            if place + 1 == *until || place == *until || place == LEVELS.len() - 1 {
                let (survives, name) = (place < *until, format!("default-{verb}-{level}"));
                let comment = format!("`{verb}` at the level {level}");
                cases.push(case(&name, &comment, at(level, &format!("{verb}:hr:employees")), survives));
            }
        }
    }
    cases
}

fn labels() -> Vec<Case> {
    let with = |level: &str, label: &str, verb: &str| at(level, &format!("{verb}:a")).label(label);
    vec![
        case(
            "untrusted-write",
            "`write` at confidential, untrusted",
            with("confidential", "untrusted", "write"),
            false,
        ),
        case("untrusted-read", "`read` at confidential, untrusted", with("confidential", "untrusted", "read"), true),
        case("untrusted-below", "`write` at internal, untrusted", with("internal", "untrusted", "write"), true),
        case("untrusted-send", "`send` at internal, untrusted", with("internal", "untrusted", "send"), true),
        case("other-label", "`write` at confidential with another label", with("confidential", "pii", "write"), true),
        case(
            "untrusted-among-others",
            "`write` at confidential, untrusted among other labels",
            with("confidential", "pii", "write").label("untrusted").label("xyz"),
            false,
        ),
        case(
            "untrusted-begins",
            "`write` at confidential with a label that begins like untrusted",
            with("confidential", "untrusted-not", "write"),
            true,
        ),
        case(
            "untrusted-top",
            "`read` at top-secret, untrusted: all three rules apply",
            with("top-secret", "untrusted", "read"),
            true,
        ),
    ]
}

/// The patterns of the rules, and several actions.
fn actions() -> Vec<Case> {
    let two = |first: &str, second: &str| Request::new(&[first, second]).level("confidential");
    vec![
        case(
            "verb-alone",
            "the action `read` has no second segment, so `read:*` does not keep it",
            at("confidential", "read"),
            false,
        ),
        case("verb-capital", "`READ` is another verb", at("confidential", "READ:a"), false),
        case("verb-second", "`read` as second segment", at("confidential", "hr:read"), false),
        case("both-survive", "two actions, and both survive", two("read:a", "write:a"), true),
        case("first-falls", "two actions, and the first does not survive", two("send:a", "write:a"), false),
        case("second-falls", "two actions, and the second does not survive", two("read:a", "delete:a"), false),
    ]
}
