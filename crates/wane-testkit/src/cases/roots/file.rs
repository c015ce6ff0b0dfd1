//! What a roots file may say.

use crate::case::{Case, trusted};
use crate::chain::Chain;
use crate::key::key_text;

pub(super) fn cases() -> Vec<Case> {
    [taken(), members(), wholes()].concat()
}

/// The standard token under this file.
fn under(name: &str, comment: &str, answer: &str, file: Vec<String>) -> Case {
    Case::new(&format!("roots/file-{name}"), comment).spec("T114").roots_file(file).answered(answer, &Chain::minted())
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// Behind the entry of the trusted root.
fn entry(lines: &[&str]) -> Vec<String> {
    [trusted(1), owned(lines)].concat()
}

fn taken() -> Vec<Case> {
    let mut every = entry(&[
        "name = \"ops-2026\"",
        "aud = [\"files\", \"mail:*\"]",
        "scopes = [\"read:*\", \"write:*\"]",
        "max-ttl = \"8h\"",
        "depth = 14",
        "level = \"internal\"",
        "labels = [\"pii\"]",
        "ratchet = [ { level = \"restricted\", labels = [], keep = [\"read:*\"] } ]",
        "mint-from = 2026-01-01T00:00:00Z",
        "mint-until = 2027-01-01T00:00:00Z",
        "issuer = false",
        "own-ratchet = false",
    ]);
    every.push(format!("succeeds = [\"{}\"]", key_text(9)));
    every.push("[groups]".to_owned());
    every.push(format!("oncall = [\"{}\", \"{}\"]", key_text(0x51), key_text(0x52)));
    every.push("locals = []".to_owned());
    vec![
        under("every-member", "an entry with every member, and groups", "ok", every),
        under("last-second", "the last second of the year 9999", "ok", entry(&["mint-until = 9999-12-31T23:59:59Z"])),
        under("ttl-parts", "a longest life of every unit", "ok", entry(&["max-ttl = \"1d 2h 3m 4s\""])),
        under("comments", "comments and empty lists", "ok", entry(&["# ours", "labels = [] # none", "ratchet = []"])),
        under("two-roots", "two roots", "ok", [trusted(9), trusted(1)].concat()),
    ]
}

fn members() -> Vec<Case> {
    let key = key_text(1);
    let (twice, list) = (format!("key = \"{key}\""), format!("succeeds = \"{key}\""));
    let rows = [
        ("unknown", "an unknown member", "color = \"red\""),
        ("underscore", "a member in another spelling", "max_ttl = \"8h\""),
        ("capital", "a member with a capital", "Depth = 1"),
        ("twice", "a member twice", &twice),
        ("name-number", "a name that is a number", "name = 1"),
        ("aud-text", "audiences as one text", "aud = \"files\""),
        ("aud-pattern", "an audience with an empty segment", "aud = [\"files:\"]"),
        ("scope-text", "a scope that is none", "scopes = [\"read:* if\"]"),
        ("scope-path", "a scope with a directory that is none", "scopes = [\"read:* if path under data\"]"),
        ("ttl-number", "a longest life as a number", "max-ttl = 28800"),
        ("ttl-unit", "a longest life in an unknown unit", "max-ttl = \"8 moons\""),
        ("ttl-bare", "a longest life without a unit", "max-ttl = \"28800\""),
        ("ttl-zero", "a longest life of nothing", "max-ttl = \"0s\""),
        ("ttl-negative", "a negative longest life", "max-ttl = \"-8h\""),
        ("ttl-word", "a longest life with a unit written out", "max-ttl = \"8hours\""),
        ("ttl-iso", "a longest life as ISO 8601 writes it", "max-ttl = \"PT8H\""),
        ("ttl-fraction", "a longest life with a fraction", "max-ttl = \"1.5h\""),
        ("ttl-order", "a longest life with the shorter unit first", "max-ttl = \"30m 8h\""),
        ("ttl-unit-twice", "a longest life with a unit twice", "max-ttl = \"4h 4h\""),
        ("ttl-glued", "a longest life of two parts without a blank", "max-ttl = \"8h30m\""),
        ("ttl-digits", "a longest life with a number of ten digits", "max-ttl = \"0000028800s\""),
        ("mint-until-10000", "a last second that is in the year 10000", "mint-until = 9999-12-31T23:00:00-01:00"),
        ("depth-15", "a depth of 15", "depth = 15"),
        ("depth-negative", "a negative depth", "depth = -1"),
        ("depth-text", "a depth as a text", "depth = \"4\""),
        ("level", "an unknown level", "level = \"secret\""),
        ("level-number", "a level as a number", "level = 2"),
        ("label", "a label with a capital", "labels = [\"PII\"]"),
        ("ratchet-member", "a rule with an unknown member", "ratchet = [ { level = \"public\", keep = [], ask = 1 } ]"),
        ("ratchet-keep", "a rule that does not say what it keeps", "ratchet = [ { level = \"public\", labels = [] } ]"),
        ("time-text", "a time as a text", "mint-from = \"2026-01-01T00:00:00Z\""),
        ("time-local", "a time without an offset", "mint-from = 2026-01-01T00:00:00"),
        ("time-date", "a date", "mint-from = 2026-01-01"),
        ("time-half", "half a second", "mint-from = 2026-01-01T00:00:00.5Z"),
        ("time-before-1970", "a time before 1970", "mint-from = 1969-12-31T23:59:59Z"),
        ("issuer-text", "issuer as a text", "issuer = \"true\""),
        ("own-ratchet-number", "own-ratchet as a number", "own-ratchet = 1"),
        ("succeeds-text", "successors as one text", &list),
        ("succeeds-key", "a successor that is no key", "succeeds = [\"wane1.key.AAAA\"]"),
        ("not-toml", "a line that is no TOML", "depth: 4"),
    ];
    let case = |(name, comment, line): (&str, &str, &str)| under(name, comment, "parse-roots", entry(&[line]));
    rows.into_iter().map(case).collect()
}

fn wholes() -> Vec<Case> {
    let bad = |name, comment, file| under(name, comment, "parse-roots", file);
    let group = |line: String| [entry(&["[groups]"]), vec![line]].concat();
    let (key, approver) = (key_text(1), key_text(0x51));
    let small_order = format!("key = \"wane1.key.{}\"", "A".repeat(43));
    vec![
        bad("no-root", "no root", owned(&["[groups]"])),
        bad("empty-list", "an empty list of roots", owned(&["root = []"])),
        bad("one-table", "a root that is no list", owned(&["[root]", &format!("key = \"{key}\"")])),
        bad("no-key", "a root without a key", entry(&["[[root]]", "name = \"b\""])),
        bad("bad-key", "a key of small order", entry(&["[[root]]", &small_order])),
        bad("two-of-a-hint", "one key twice", [trusted(1), trusted(1)].concat()),
        bad("unknown-table", "an unknown table", entry(&["[ledger]", "id = 1"])),
        bad("group-local", "a group that is called local", group(format!("local = [\"{approver}\"]"))),
        bad("group-name", "a group with a capital", group(format!("OnCall = [\"{approver}\"]"))),
        bad("group-key", "a group of something else than keys", group("oncall = [\"ops\"]".to_owned())),
        bad("group-text", "a group that is one key and no list", group(format!("oncall = \"{approver}\""))),
    ]
}
