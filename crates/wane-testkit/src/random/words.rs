//! What random cases are made of: few words, so that they often meet.

use super::Dice;
use crate::cbor::Item;
use crate::list;

pub(super) const AUDIENCES: &[&str] = &["files", "mail", "files:eu"];
pub(super) const LEVELS: &[&str] = &["public", "internal", "confidential", "restricted", "top-secret"];
/// In the order in which a token states them.
pub(super) const LABELS: &[&str] = &["hr", "pii", "untrusted"];
pub(super) const COUNTERS: &[&str] = &["eur", "calls"];
pub(super) const ACTIONS: &[&str] =
    &["read:hr", "read:hr:q3", "read:files:a", "write:files:a", "write:hr", "send:mail:a", "delete:hr:q3", "audit:hr"];
pub(super) const PATTERNS: &[&str] = &[
    "*",
    "*",
    "read:*",
    "read:*",
    "write:*",
    "send:*",
    "read:hr:*",
    "read:*:q3",
    "read:hr",
    "write:files:*",
    "*:hr:*",
    "*:hr",
    "delete:*",
    "read:files:a",
    "audit:*",
];
const SEGMENTS: &[&str] = &["hr", "q3", "files", "a", "read", "write"];

const PATHS: &[&str] = &["/data", "/data/a", "/data/reports", "/data/reports/q3", "/database", "/", "/data/.hidden"];
const BAD_PATHS: &[&str] =
    &["/data/../etc", "/data/", "data/a", "/data//a", "/data/./a", "/data/%2e", "~", "/data/a ", ""];
const HOSTS: &[&str] = &["example.com", "example.com:8443", "api.example.com", "127.0.0.1", "[::1]"];
const URLS: &[&str] = &[
    "https://example.com/",
    "https://example.com",
    "https://example.com:8443/a?b=c",
    "http://example.com/a",
    "https://api.example.com/x",
    "https://example.com.evil.test/",
    "http://127.0.0.1/",
    "http://[::1]/",
    "https://EXAMPLE.com/",
    "https://user@example.com/",
    "https://example.com:443/",
    "http://127.1/",
    "https://example.com/a b",
    "mailto:a@example.com",
    "https://example.com./",
    "not a url",
];
const NETWORKS: &[&str] = &["10.0.0.0/8", "127.0.0.1/32", "2001:db8::/32", "0.0.0.0/0"];
const ADDRESSES: &[&str] = &[
    "10.1.2.3",
    "127.0.0.1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "127.1",
    "010.0.0.1",
    "[::1]",
    "fe80::1%eth0",
    "11.0.0.1",
];
const NUMBERS: &[&str] = &["0", "1", "1.0", "1e2", "100", "101", "-1", "-0", "0.5", "9007199254740991", "12e-1", "5E0"];
const BAD_NUMBERS: &[&str] =
    &["9007199254740992", "1e400", "1e-400", "-9007199254740993", "4503599627370496.25e1", "01", "1."];
const TAGS: &[&str] = &["red", "green", "blue"];

/// A pattern within this one. A pattern without `*` has only itself.
pub(super) fn within(dice: &mut Dice, pattern: &str) -> String {
    let parts: Vec<&str> = pattern.split(':').collect();
    let last = parts.len() - 1;
    let parts = parts.iter().enumerate().map(|(place, part)| match (*part, place == last) {
        ("*", true) => match dice.below(4) {
            0 => "*".to_owned(),
            1 => format!("{}:*", dice.word(SEGMENTS)),
            2 => format!("*:{}", dice.word(SEGMENTS)),
            _ => (dice.word(SEGMENTS)).to_owned(),
        },
        ("*", false) if dice.in_hundred(50) => (dice.word(SEGMENTS)).to_owned(),
        (part, _) => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join(":")
}

fn texts(dice: &mut Dice, of: &[&str]) -> Item {
    let mut chosen: Vec<String> = dice.some(of, 40).into_iter().map(|text| (*text).to_owned()).collect();
    if chosen.is_empty() {
        chosen.push((*dice.one(of)).to_owned());
    }
    Item::texts(&chosen)
}

/// A condition as on the wire. Few of them name what requests never have.
pub(super) fn condition(dice: &mut Dice) -> Item {
    match dice.below(17) {
        0 | 1 => list!["/path", 7, texts(dice, PATHS)],
        2 => list!["/path", 6, dice.word(&["/data/*", "*", "*q3", "/d*a/*a*", "", "/data"])],
        3 => list!["/path", 2, texts(dice, PATHS)],
        4 => list!["/limit", 3, *dice.one(&[0_i32, 1, 100])],
        5 => list!["/limit", 4, *dice.one(&[-1_i32, 0, 100])],
        6 => list!["/limit", 1, *dice.one(&[1_i32, 100])],
        7 => list!["/url", 8, texts(dice, HOSTS)],
        8 => list!["/url", 9, dice.word(&["https", "http", "mailto"])],
        9 => list!["/ip", 10, texts(dice, NETWORKS)],
        10 => list!["/tags", 2, texts(dice, TAGS)],
        11 => list!["/tags", 5, *dice.one(&[0_i32, 1, 3])],
        12 => list![dice.word(&["/gone", "/filter/gone", "/limit/gone", "@gone"]), 11],
        13 => list!["/filter/by", 1, dice.word(&["name", "1", ""])],
        14 => list!["@env", 1, dice.word(&["prod", "test"])],
        15 => list!["@said.purpose", 6, dice.word(&["pay*", "*"])],
        _ => list!["/id", 12, texts(dice, &["crm:id", "crm:name"])],
    }
}

/// One to three distinct conditions.
pub(super) fn conditions(dice: &mut Dice) -> Item {
    let mut chosen: Vec<Item> = Vec::new();
    for _ in 0..=dice.below(3) {
        let next = condition(dice);
        if !chosen.contains(&next) || dice.in_hundred(2) {
            chosen.push(next);
        }
    }
    Item::List(chosen)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn tags(dice: &mut Dice) -> String {
    match dice.below(8) {
        0 => "[]".to_owned(),
        1 => r#"["red",["green"]]"#.to_owned(),
        2 => r#"{"red":1}"#.to_owned(),
        3 => r#"["red",1,null]"#.to_owned(),
        4 => r#""red""#.to_owned(),
        _ => format!("[{}]", dice.some(TAGS, 60).into_iter().map(|tag| quoted(tag)).collect::<Vec<_>>().join(",")),
    }
}

/// What is wrong with arguments: one thing at most, since which of several is named is nobody's to say.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    Behind,
    Cut,
    List,
    Number,
    Surrogate,
    Twice,
}

/// Arguments as received: a JSON object, or nearly.
pub(super) fn arguments(dice: &mut Dice) -> String {
    let faults = [Fault::Behind, Fault::Cut, Fault::List, Fault::Number, Fault::Number, Fault::Surrogate, Fault::Twice];
    let fault = dice.in_hundred(7).then(|| *dice.one(&faults));
    let mut members: Vec<String> = Vec::new();
    let mut state = |dice: &mut Dice, name: &str, throws: u64, value: String| {
        if dice.in_hundred(throws) {
            members.push(format!("{}:{value}", quoted(name)));
        }
    };
    let path = if dice.in_hundred(94) { dice.word(PATHS) } else { dice.word(BAD_PATHS) };
    state(dice, "path", 70, quoted(path));
    let limit = match (fault, dice.below(14)) {
        (Some(Fault::Number), _) => dice.word(BAD_NUMBERS).to_owned(),
        (_, 0) => quoted(dice.word(NUMBERS)),
        (_, 1) => "true".to_owned(),
        (_, 2) => "null".to_owned(),
        _ => dice.word(NUMBERS).to_owned(),
    };
    state(dice, "limit", if fault == Some(Fault::Number) { 100 } else { 50 }, limit);
    let url = quoted(dice.word(URLS));
    state(dice, "url", 35, url);
    let address = quoted(dice.word(ADDRESSES));
    state(dice, "ip", 25, address);
    let tags = tags(dice);
    state(dice, "tags", 35, tags);
    let filters = [r#"{"by":"name"}"#, r#"{"by":""}"#, "{}", "[1]", "7", r#"{"by":{"x":[]}}"#];
    let filter = dice.word(&filters).to_owned();
    state(dice, "filter", 30, filter);
    let id = dice.word(&["7", r#""7""#, "8", r#"["7",7]"#]).to_owned();
    state(dice, "id", 25, id);
    state(dice, "force", 5, "false".to_owned());
    match fault {
        Some(Fault::Surrogate) => members.push(r#""\ud800":1"#.to_owned()),
        Some(Fault::Twice) => members.extend([r#""p\u0061ge":1"#.to_owned(), r#""page":1"#.to_owned()]),
        _ => {}
    }
    let text = format!("{{{}}}", members.join(", "));
    match fault {
        Some(Fault::Behind) => text + " {}",
        Some(Fault::List) => format!("[{text}]"),
        Some(Fault::Cut) => text.strip_suffix('}').unwrap_or_default().to_owned() + " ",
        _ => text,
    }
}
