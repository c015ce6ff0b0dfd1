//! Payloads built from choices: well-formed claims that often, but not always, are a narrowing.

use crate::cbor::Item;
use crate::choices::Choices;
use crate::forge::{self, NOW};

/// The private map of a payload.
pub(crate) const PRIVATE: Item = Item::Negative(65_536);

pub(crate) const PATTERNS: [&str; 14] = [
    "*",
    "read:*",
    "read:hr:*",
    "read:hr:employees",
    "read:*:q3",
    "read:files:*",
    "write:*",
    "write:files:*",
    "*:hr:*",
    "*:files:q3",
    "send:*",
    "send:mail:internal",
    "delete:*",
    "execute:query:*",
];

const AUDIENCES: [&str; 7] = ["*", "files", "files:*", "files:hr", "*:hr", "mail", "mail:*"];
const NAMES: [&str; 4] = ["pii", "purpose", "untrusted", "calls"];

/// Mostly around the lifetime, and at its borders.
const TIMES: [u64; 10] =
    [NOW + 3_600, NOW, NOW + 600, NOW + 300, NOW + 301, NOW + 3_599, NOW + 3_601, NOW + 1, 0, 253_402_300_799];

fn text(text: &str) -> Item {
    Item::Text(text.into())
}

fn texts(list: &[&str]) -> Item {
    Item::Array(list.iter().map(|one| text(one)).collect())
}

/// The payloads of a chain: a root block, up to three delegate blocks and a seal.
pub(crate) fn chain(choices: &mut Choices<'_>) -> Vec<Vec<u8>> {
    let delegates = choices.below(4);
    let mut payloads = vec![root(choices)];
    for index in 1..=delegates {
        let mut claims = vec![(8, forge::cnf(index))];
        let private = later(choices, &mut claims);
        payloads.push(payload(claims, private));
    }
    payloads.push(seal(choices));
    payloads
}

pub(crate) fn payload(claims: Vec<(u64, Item)>, private: Vec<(u64, Item)>) -> Vec<u8> {
    let Item::Map(mut entries) = Item::map(claims) else { return Vec::new() };
    if !private.is_empty() {
        entries.push((PRIVATE, Item::map(private)));
    }
    Item::Map(entries).encode()
}

fn root(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut claims = vec![(3, audiences(choices)), (6, Item::Unsigned(NOW)), (8, forge::cnf(0))];
    claims.push((4, Item::Unsigned(choices.one_of(&[NOW + 3_600, NOW + 600, NOW + 1, NOW]))));
    let scopes = Item::Array((0..choices.below(4)).map(|_| scope(choices)).collect());
    let mut private = vec![(0, Item::bytes(forge::root().hint().as_bytes())), (4, scopes)];
    if !choices.one_in(8) {
        private.push((1, Item::Bool(true)));
    }
    if choices.one_in(16) {
        private.push((3, Item::bytes(&[choices.byte(); 16])));
    }
    if choices.one_in(8) {
        private.push((11, Item::Map(vec![(text("calls"), Item::Unsigned(choices.byte().into()))])));
    }
    if choices.one_in(8) {
        private.push((12, Item::Unsigned(choices.below(16) as u64)));
    }
    restrictions(choices, &mut claims, &mut private);
    payload(claims, private)
}

/// What delegate blocks and seals state; the private map is handed back.
fn later(choices: &mut Choices<'_>, claims: &mut Vec<(u64, Item)>) -> Vec<(u64, Item)> {
    let mut private = Vec::new();
    if choices.one_in(3) {
        claims.push((3, audiences(choices)));
    }
    if choices.one_in(3) {
        claims.push((4, Item::Unsigned(choices.one_of(&TIMES))));
    }
    if choices.one_in(8) {
        claims.push((6, Item::Unsigned(choices.one_of(&TIMES))));
    }
    if choices.one_in(2) {
        let count = choices.below(4);
        private.push((4, Item::Array((0..count).map(|_| refinement(choices)).collect())));
    }
    if choices.one_in(16) {
        private.push((1, Item::Bool(true)));
    }
    if choices.one_in(32) {
        private.push((2, Item::bytes(&[7; 32])));
    }
    if choices.one_in(16) {
        private.push((12, Item::Unsigned(choices.below(16) as u64)));
    }
    restrictions(choices, claims, &mut private);
    private
}

fn seal(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut claims = Vec::new();
    let mut private = later(choices, &mut claims);
    // Most chains would end without exactly one audience otherwise.
    if choices.one_in(2) {
        claims.retain(|(key, _)| *key != 3);
        claims.push((3, text(choices.one_of(&["files", "files:hr"]))));
    }
    if choices.one_in(8) {
        claims.retain(|(key, _)| !matches!(key, 4 | 6 | 7));
        let lifetime = choices.one_of(&[60, 300, 301, 0]);
        claims.extend([(4, NOW + lifetime), (6, NOW)].map(|(key, time)| (key, Item::Unsigned(time))));
        claims.push((7, Item::bytes(&[9; 8])));
        private.push((14, Item::bytes(&[choices.byte(); 32])));
    }
    if choices.one_in(4) {
        private.push((15, Item::Map(vec![(text(choices.one_of(&NAMES)), value(choices))])));
    }
    payload(claims, private)
}

/// What any block may state.
fn restrictions(choices: &mut Choices<'_>, claims: &mut Vec<(u64, Item)>, private: &mut Vec<(u64, Item)>) {
    if choices.one_in(8) {
        claims.push((2, text(choices.one_of(&["planner", "\u{202e}evil\u{1b}[2J\n"]))));
    }
    if choices.one_in(8) {
        claims.push((5, Item::Unsigned(choices.one_of(&TIMES))));
    }
    if choices.one_in(6) {
        private.push((5, texts(&[choices.one_of(&PATTERNS)])));
    }
    if choices.one_in(6) {
        let approver = match choices.below(3) {
            0 => text("@local"),
            1 => text("@oncall"),
            _ => Item::bytes(forge::key(17).public_key().as_bytes()),
        };
        let need = Item::Unsigned(1 + choices.below(2) as u64);
        let rule = vec![text(choices.one_of(&PATTERNS)), Item::Array(vec![approver]), need];
        private.push((6, Item::Array(vec![Item::Array(rule)])));
    }
    if choices.one_in(8) {
        let labels = if choices.one_in(2) { texts(&[choices.one_of(&NAMES)]) } else { texts(&[]) };
        let keep = texts(&PATTERNS[..choices.below(4)]);
        private.push((7, Item::Array(vec![Item::Array(vec![level(choices), labels, keep])])));
    }
    if choices.one_in(4) {
        private.push((8, level(choices)));
    }
    if choices.one_in(6) {
        private.push((9, texts(&[choices.one_of(&NAMES)])));
    }
    if choices.one_in(6) {
        private.push((10, level(choices)));
    }
    if choices.one_in(16) {
        private.push((13, text("a note")));
    }
}

fn level(choices: &mut Choices<'_>) -> Item {
    Item::Unsigned(choices.below(5) as u64)
}

fn audiences(choices: &mut Choices<'_>) -> Item {
    let first = choices.below(AUDIENCES.len());
    if choices.one_in(3) {
        texts(&[AUDIENCES[first], AUDIENCES[(first + 1) % AUDIENCES.len()]])
    } else {
        text(AUDIENCES[first])
    }
}

fn scope(choices: &mut Choices<'_>) -> Item {
    let pattern = text(choices.one_of(&PATTERNS));
    let (conditions, only) = conditions(choices);
    extend(vec![pattern.clone()], pattern, conditions, only)
}

fn refinement(choices: &mut Choices<'_>) -> Item {
    let index = Item::Unsigned(choices.below(4) as u64);
    let pattern = if choices.one_in(2) { Some(text(choices.one_of(&PATTERNS))) } else { None };
    let (conditions, only) = conditions(choices);
    match (pattern, conditions.is_empty() && !only) {
        (Some(pattern), true) => Item::Array(vec![index, pattern]),
        (pattern, _) => extend(vec![index.clone(), pattern.unwrap_or(Item::Null)], index, conditions, only),
    }
}

/// The shortest spelling: without extras it is bare.
fn extend(mut parts: Vec<Item>, bare: Item, conditions: Vec<Item>, only: bool) -> Item {
    if conditions.is_empty() && !only {
        return bare;
    }
    parts.push(Item::Array(conditions));
    if only {
        parts.push(Item::Bool(true));
    }
    Item::Array(parts)
}

fn conditions(choices: &mut Choices<'_>) -> (Vec<Item>, bool) {
    let mut list: Vec<Item> = (0..choices.below(4).saturating_sub(1)).map(|_| condition(choices)).collect();
    list.dedup();
    (list, choices.one_in(4))
}

fn condition(choices: &mut Choices<'_>) -> Item {
    let number = |value: u64| Item::Unsigned(value);
    let target = choices.one_of(&["/path", "/limit", "/names", "/filter/limit", "/url", "@env", "@said.purpose", "/x"]);
    let operator = 1 + choices.below(12) as u64;
    let operand = match operator {
        1 => Some(value(choices)),
        2 => Some(Item::Array(vec![text("a"), number(1), Item::Null])),
        3 | 4 => Some(choices.one_of(&[10_u64, 100, 101]).into()),
        5 => Some(number(choices.below(12) as u64)),
        6 => Some(text(choices.one_of(&["*", "/data/*", "*.csv", "a*b*c"]))),
        7 => Some(texts(&[choices.one_of(&["/data", "/data/reports", "/"])])),
        8 => Some(texts(&[choices.one_of(&["example.com", "example.com:8443"])])),
        9 => Some(text(choices.one_of(&["https", "http"]))),
        10 => Some(texts(&["10.0.0.0/8", "::1/128"])),
        11 => None,
        _ => Some(texts(&["search.results"])),
    };
    Item::Array([text(target), number(operator)].into_iter().chain(operand).collect())
}

fn value(choices: &mut Choices<'_>) -> Item {
    match choices.below(6) {
        0 => text("a"),
        1 => 100.into(),
        2 => Item::Null,
        3 => Item::Bool(choices.one_in(2)),
        4 => text("/data/reports/q3.csv"),
        _ => Item::Negative(choices.byte().into()),
    }
}

impl From<u64> for Item {
    fn from(value: u64) -> Self {
        Self::Unsigned(value)
    }
}
