//! What a verifier knows beside the token.

use serde_json::{Map, Value, json};

use super::Dice;
use super::chain::{APPROVERS, Grown};
use super::request::LEDGER;
use super::words::{LABELS, LEVELS};
use crate::claims::{EXP, IAT, NOW};
use crate::key::{ROOT, key_text};
use crate::text::hex;

fn put(members: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    members.insert(name.to_owned(), value.into());
}

fn mark(dice: &mut Dice, members: &mut Map<String, Value>) {
    if dice.in_hundred(20) {
        put(members, "level", json!(dice.word(LEVELS)));
    }
    if dice.in_hundred(12) {
        put(members, "labels", json!(dice.some(LABELS, 50)));
    }
}

fn block(dice: &mut Dice) -> Map<String, Value> {
    let mut block = Map::new();
    mark(dice, &mut block);
    if dice.in_hundred(2) {
        put(&mut block, "revoked", json!(true));
    }
    if dice.in_hundred(30) {
        put(&mut block, "registered", json!(true));
    }
    if dice.in_hundred(30) {
        put(&mut block, "spent", json!({"calls": dice.below(6), "eur": *dice.one(&[0, 3, 9_007_199_254_740_991_u64])}));
    }
    block
}

/// Nothing, or a mark, or a ledger too.
pub(super) fn state(dice: &mut Dice, grown: &Grown) -> Option<Value> {
    if dice.in_hundred(30) {
        return None;
    }
    let mut state = Map::new();
    mark(dice, &mut state);
    if dice.in_hundred(60) {
        put(&mut state, "local", json!(key_text(APPROVERS[2])));
    }
    if dice.in_hundred(80) {
        put(&mut state, "ledger", ledger(dice, grown));
    }
    Some(Value::Object(state))
}

fn ledger(dice: &mut Dice, grown: &Grown) -> Map<String, Value> {
    let mut ledger = Map::new();
    put(&mut ledger, "id", hex(&[LEDGER; 16]));
    if dice.in_hundred(15) {
        put(&mut ledger, "keeps", json!(dice.word(&["durable", "volatile-allowed", "volatile-refused"])));
    }
    if dice.in_hundred(10) {
        put(&mut ledger, "since", json!(dice.one(&[IAT - 1, IAT, IAT + 1])));
    }
    if dice.in_hundred(6) {
        put(&mut ledger, "collected", json!(dice.one(&[NOW, NOW + 240, NOW + 300, EXP - 1, EXP])));
    }
    let known = dice.below(u64::try_from(grown.chain.blocks.len()).unwrap_or(0) + 1);
    if known > 0 {
        put(&mut ledger, "blocks", (0..known).map(|_| Value::Object(block(dice))).collect::<Vec<_>>());
    }
    if grown.continues && dice.in_hundred(92) {
        let mut first = block(dice);
        put(&mut first, "root", json!(key_text(*dice.one(&[ROOT, ROOT, ROOT, 8, 9]))));
        put(&mut first, "issued-at", json!(dice.one(&[IAT - 3_600, IAT])));
        put(&mut first, "continues", json!(dice.in_hundred(5)));
        put(&mut ledger, "first", first);
    }
    if dice.in_hundred(10) {
        let at = *dice.one(&[IAT - 1, IAT, IAT + 59, IAT + 60]);
        put(
            &mut ledger,
            "revoked-before",
            match dice.below(3) {
                0 => json!([{"at": at, "root": key_text(ROOT)}]),
                1 => json!([{"at": at, "key": key_text(*dice.one(&[2, 3, 4]))}]),
                _ => json!([{"at": at, "agent": dice.word(&["planner", "reporter"])}]),
            },
        );
    }
    if dice.in_hundred(8) {
        put(&mut ledger, "used", json!(grown.chain.ids.iter().map(|id| hex(id)).collect::<Vec<_>>()));
    }
    ledger
}
