//! Random histories: a root entry, a root block and blocks behind it, most of which narrow and some of which try to
//! widen; and the same blocks as the forge signs them.

use ciborium::value::Value;
use wane::{Level, Mark, Roots, TrustedRoot};

use super::model::{AUDIENCES, Block, CONDITIONS, Entry, Model, PATTERNS, Rule, Stated, contains};
use super::tape::Tape;
use crate::forge::{IAT, OPS, Payload, bytes, cnf, hint, int, key, list, public, text, texts, time};

/// In the order of their encodings.
pub(crate) const LABELS: [&str; 2] = ["pii", "untrusted"];

pub(crate) const APPROVERS: [&str; 4] = ["@local", "@oncall", "key", "@nobody"];

/// Where a chain begins is wide more often than not, and what is taken away is small: otherwise nothing is left to judge.
const WIDE: [&str; 8] = ["*", "*", "*:*", "read:*", "read:*", "write:*", "*:a", "send:*"];
const SMALL: [&str; 8] = ["*:a", "read:a:*", "*:a:x", "write:a", "send:*", "read:b", "*:*:x", "read:*"];

pub(crate) fn entry(tape: &mut Tape<'_>) -> Entry {
    Entry {
        own_ratchet: tape.once_in(2),
        rules: tape.maybe(6, rule).into_iter().collect(),
        level: if tape.once_in(6) { tape.below(4) } else { 0 },
        labels: if tape.once_in(8) { tape.some_of(&LABELS, 1) } else { Vec::new() },
        ceiling: tape.maybe(4, |tape| {
            let whole = Stated { pattern: Some(tape.pick(&["*", "*", "*:*", "read:*"])), ..stated(tape) };
            [vec![whole], tape.several(1, scope)].concat()
        }),
    }
}

pub(crate) fn root(tape: &mut Tape<'_>) -> Block {
    let mut audiences =
        [vec![tape.pick(&["*", "*", "files", "mail:*", "mail:in"])], tape.some_of(&AUDIENCES, 1)].concat();
    audiences.dedup();
    Block {
        audiences,
        scopes: Some([vec![scope(tape)], tape.several(2, scope)].concat()),
        rules: tape.maybe(3, |tape| distinct_rules(tape, 2)),
        session: !tape.once_in(6),
        ..limits(tape)
    }
}

/// A block behind what the model says is in force.
pub(crate) fn block(tape: &mut Tape<'_>, model: &Model) -> Block {
    let parents = model.patterns();
    let audiences = if tape.once_in(8) { tape.some_of(&AUDIENCES, 2) } else { Vec::new() };
    let level = |tape: &mut Tape<'_>| model.level.max(tape.below(5));
    let lower = |tape: &mut Tape<'_>| model.clearance.min(tape.below(5));
    let mut block = Block {
        audiences,
        scopes: tape.maybe(2, |tape| {
            [vec![refinement(tape, &parents)], tape.several(3, |tape| refinement(tape, &parents))].concat()
        }),
        rules: tape.maybe(5, |tape| vec![rule(tape)]),
        level: tape.maybe(8, level),
        clearance: tape.maybe(8, lower),
        session: !model.session && tape.once_in(4),
        ..limits(tape)
    };
    // Now and then something that would widen, unless it happens not to.
    if tape.once_in(12) {
        match tape.below(4) {
            0 => block.level = Some(tape.below(5)),
            1 => block.clearance = Some(tape.below(5)),
            2 => block.session = true,
            _ => {
                block.scopes =
                    Some(vec![Stated { index: tape.below(4), pattern: Some(tape.pick(&PATTERNS)), ..stated(tape) }])
            }
        }
    }
    block
}

fn limits(tape: &mut Tape<'_>) -> Block {
    let ask =
        |tape: &mut Tape<'_>| (tape.pick(&PATTERNS), APPROVERS[tape.below(12) % 4 * usize::from(tape.once_in(2))]);
    Block {
        deny: if tape.once_in(4) { tape.some_of(&SMALL, 2) } else { Vec::new() },
        ask: tape.maybe(5, ask).into_iter().collect(),
        level: tape.maybe(8, |tape| tape.below(4)),
        labels: if tape.once_in(8) { tape.some_of(&LABELS, 2) } else { Vec::new() },
        ..Block::default()
    }
}

fn rule(tape: &mut Tape<'_>) -> Rule {
    Rule { level: tape.below(5), labels: tape.some_of(&LABELS, 1), keep: tape.some_of(&PATTERNS, 4) }
}

fn distinct_rules(tape: &mut Tape<'_>, most: usize) -> Vec<Rule> {
    let mut rules = tape.several(most, rule);
    rules.dedup_by_key(|rule| format!("{rule:?}"));
    rules
}

fn stated(tape: &mut Tape<'_>) -> Stated {
    let places: Vec<usize> = (0..CONDITIONS.len()).collect();
    let conditions = if tape.once_in(3) { tape.some_of(&places, 2) } else { Vec::new() };
    Stated { index: 0, pattern: None, conditions, only: tape.once_in(4) }
}

fn scope(tape: &mut Tape<'_>) -> Stated {
    Stated { pattern: Some(tape.pick(&WIDE)), ..stated(tape) }
}

fn refinement(tape: &mut Tape<'_>, parents: &[&'static str]) -> Stated {
    let index = if tape.once_in(32) { parents.len() } else { tape.below(parents.len().max(1)) };
    let within: Vec<_> = match parents.get(index) {
        Some(parent) => PATTERNS.into_iter().filter(|pattern| pattern != parent && contains(parent, pattern)).collect(),
        None => Vec::new(),
    };
    let pattern = if within.is_empty() { None } else { tape.maybe(2, |tape| tape.pick(&within)) };
    Stated { index, pattern, ..stated(tape) }
}

// The same on the wire.

pub(crate) fn roots(entry: &Entry) -> Roots {
    let level = Level::ALL[entry.level];
    let mark = entry.labels.iter().fold(Mark::at(level), |mark, label| mark.with(label.parse().unwrap()));
    let mut root = TrustedRoot::new(public(OPS)).allow_issuer().mark(mark);
    for rule in &entry.rules {
        let labels = rule.labels.iter().map(|label| label.parse().unwrap());
        let keep = rule.keep.iter().map(|pattern| pattern.parse().unwrap());
        root = root.rule(wane::Rule::new(Level::ALL[rule.level], labels, keep));
    }
    if entry.own_ratchet {
        root = root.allow_own_ratchet();
    }
    if let Some(ceiling) = &entry.ceiling {
        root = root.scopes(ceiling.iter().map(|stated| as_text(stated).parse().unwrap()));
    }
    Roots::with_groups([root], [("oncall".parse().unwrap(), vec![public(9)])].into()).unwrap()
}

/// A whole scope as scope text.
pub(crate) fn as_text(stated: &Stated) -> String {
    let conditions: Vec<&str> = stated.conditions.iter().map(|place| CONDITIONS[*place].text).collect();
    let conditions = if conditions.is_empty() { String::new() } else { format!(" if {}", conditions.join(" and ")) };
    let only = if stated.only { "only" } else { "open" };
    format!("{}{conditions} {only}", stated.pattern.unwrap())
}

/// A condition of the model on the wire.
fn condition(place: usize) -> Value {
    match CONDITIONS[place].text {
        "path under /d" => list([text("/path"), int(7), texts(&["/d"])]),
        "path under /d/e.c, /x" => list([text("/path"), int(7), texts(&["/d/e.c", "/x"])]),
        "n <= 3" => list([text("/n"), int(3), int(3)]),
        "n absent" => list([text("/n"), int(11)]),
        "m = rw" => list([text("/m"), int(1), text("rw")]),
        "@env = prod" => list([text("@env"), int(1), text("prod")]),
        "@env absent" => list([text("@env"), int(11)]),
        "@said.p = ok" => list([text("@said.p"), int(1), text("ok")]),
        "path like *.c" => list([text("/path"), int(6), text("*.c")]),
        "n in [5, \"1\"]" => list([text("/n"), int(2), list([int(5), text("1")])]),
        other => panic!("{other}"),
    }
}

fn number(value: usize) -> Value {
    Value::from(u64::try_from(value).unwrap())
}

fn on_the_wire(stated: &Stated, first: Vec<Value>) -> Value {
    let mut parts = first;
    if stated.only || !stated.conditions.is_empty() {
        parts.push(list(stated.conditions.iter().map(|place| condition(*place))));
    }
    if stated.only {
        parts.push(Value::Bool(true));
    }
    if let [one] = parts.as_slice() { one.clone() } else { list(parts) }
}

fn whole(stated: &Stated) -> Value {
    on_the_wire(stated, vec![text(stated.pattern.unwrap())])
}

fn refined(stated: &Stated) -> Value {
    let says_more = stated.only || !stated.conditions.is_empty();
    let pattern = match stated.pattern {
        Some(pattern) => Some(text(pattern)),
        None => says_more.then_some(Value::Null),
    };
    on_the_wire(stated, [vec![number(stated.index)], pattern.into_iter().collect()].concat())
}

fn rules(rules: &[Rule]) -> Value {
    list(rules.iter().map(|rule| list([number(rule.level), texts(&rule.labels), texts(&rule.keep)])))
}

fn approver(name: &str) -> Value {
    if name == "key" { bytes(key(9).verifying_key().as_bytes()) } else { text(name) }
}

/// The claims of the block, beside those that make it a root, a delegate or a seal.
fn claims(block: &Block, payload: Payload) -> Payload {
    let mut payload = payload;
    match block.audiences.as_slice() {
        [] => {}
        [one] => payload = payload.claim(3, text(one)),
        several => payload = payload.claim(3, texts(several)),
    }
    if block.session {
        payload = payload.private(1, Value::Bool(true)).claim(6, time(IAT));
    }
    if !block.deny.is_empty() {
        payload = payload.private(5, texts(&block.deny));
    }
    if !block.ask.is_empty() {
        let ask = |(pattern, who): &(&str, &str)| list([text(pattern), list([approver(who)]), int(1)]);
        payload = payload.private(6, list(block.ask.iter().map(ask)));
    }
    if let Some(stated) = &block.rules {
        payload = payload.private(7, rules(stated));
    }
    if let Some(level) = block.level {
        payload = payload.private(8, number(level));
    }
    if !block.labels.is_empty() {
        payload = payload.private(9, texts(&block.labels));
    }
    if let Some(level) = block.clearance {
        payload = payload.private(10, number(level));
    }
    payload
}

pub(crate) fn root_payload(block: &Block, next: u8) -> Payload {
    let scopes = block.scopes.iter().flatten().map(whole);
    let payload = Payload::default()
        .claim(4, time(crate::forge::EXP))
        .claim(6, time(IAT))
        .claim(8, cnf(next))
        .private(0, bytes(&hint(OPS)))
        .scopes(scopes);
    claims(block, payload)
}

pub(crate) fn later_payload(block: &Block, next: Option<u8>) -> Payload {
    let payload = match next {
        Some(next) => Payload::delegate(next),
        None => Payload::seal(),
    };
    let payload = claims(block, payload);
    match &block.scopes {
        Some(scopes) => payload.scopes(scopes.iter().map(refined)),
        None => payload,
    }
}
