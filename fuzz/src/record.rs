//! Lines of the audit log: what is read says the same when it is written, and a second reader finds nothing twice in it.

use serde_json::Value;
use wane::Code;
use wane_audit::{Entry, Event, Filter, Hash, RECORD_BYTES, Record};

use crate::{check, json};

/// A line, without its LF.
pub fn run(data: &[u8]) {
    let record = match Record::parse(data) {
        Ok(record) => record,
        Err(refusal) => {
            check::refusal(&refusal);
            let expected = if data.len() > RECORD_BYTES { Code::ParseTooLarge } else { Code::ParseRecord };
            return assert_eq!(refusal.code(), expected);
        }
    };
    let text = std::str::from_utf8(data).expect("a line is utf-8");
    assert!(!text.contains(char::is_control), "{text:?}");
    let stated = json::without_duplicates(text).expect("a member stands twice");
    says_what_it_states(&record, &stated);

    let line = record.to_line().expect("it was no longer before");
    assert!(line.len() <= data.len() && !line.contains(char::is_control), "{line:?}");
    let again = Record::parse(line.as_bytes()).expect("it was just written");
    assert_eq!(again, record);
    assert_eq!(again.to_line().as_ref(), Ok(&line), "two spellings");
    let written = json::without_duplicates(&line).expect("json");
    assert_eq!(plain(&written, ""), plain(&stated, ""), "another record");
    shown_and_filtered(&record, &line);
    takes_no_other_member(written, data.len());
}

/// Objects whose members have names of somebody's choice.
const OPEN: [&str; 3] = ["codes", "costs", "spent"];

/// One of its objects with a member that no schema has: refused, wherever it is.
fn takes_no_other_member(mut record: Value, choice: usize) {
    if !add_one(&mut record, "", &mut (choice % 16)) {
        add_one(&mut record, "", &mut 0);
    }
    let line = record.to_string();
    let refusal = Record::parse(line.as_bytes()).expect_err(&line);
    assert!(matches!(refusal.code(), Code::ParseRecord | Code::ParseTooLarge), "{refusal:?}");
}

/// Adds it to the object that has so many others before it.
fn add_one(value: &mut Value, name: &str, before: &mut usize) -> bool {
    match value {
        Value::Array(list) => list.iter_mut().any(|one| add_one(one, "", before)),
        Value::Object(members) => {
            if !OPEN.contains(&name) {
                if *before == 0 {
                    members.insert("x".into(), 1.into());
                    return true;
                }
                *before -= 1;
            }
            members.iter_mut().any(|(name, value)| add_one(value, name, before))
        }
        _ => false,
    }
}

fn says_what_it_states(record: &Record, stated: &Value) {
    let text = |name: &str| stated[name].as_str();
    assert_eq!(stated["v"], 1);
    assert_eq!(stated["at"].as_u64(), Some(record.at));
    assert_eq!(text("id"), Some(record.id.to_string().as_str()));
    assert_eq!(text("log"), Some(record.log.to_string().as_str()));
    assert_eq!(text("origin"), Some(record.origin.as_str()));
    assert_eq!(text("kind"), Some(record.event.kind()));
    assert!(Event::KINDS.contains(&record.event.kind()));
    let body = stated["body"].as_object().expect("a body");
    // Left out is the one way to say nothing, but for a block that does not name its holder.
    assert!(body.iter().all(|(name, value)| name == "agents" || !holds_null(value)), "{body:?}");
    assert_eq!(stated.as_object().map(serde_json::Map::len), Some(7), "a member that is not known");
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().any(holds_null),
        Value::Object(members) => members.values().any(holds_null),
        other => other.is_null(),
    }
}

/// Members that may be left out where they say nothing.
const OPTIONAL: [&str; 13] = [
    "approvals",
    "arguments",
    "charges",
    "clear",
    "codes",
    "conditions",
    "costs",
    "facts",
    "labels",
    "revoked_before",
    "shortened",
    "spent",
    "used",
];

/// The same whether or not what says nothing is left out, and in whatever order a set is written.
fn plain(value: &Value, name: &str) -> Value {
    match value {
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(|one| plain(one, "")).collect();
            if matches!(name, "labels" | "used") {
                list.sort_by_key(Value::to_string);
            }
            list.into()
        }
        Value::Object(members) => {
            let says_nothing = |name: &str, value: &Value| {
                let empty = value.as_array().is_some_and(Vec::is_empty)
                    || value.as_object().is_some_and(serde_json::Map::is_empty)
                    || *value == false;
                empty && OPTIONAL.contains(&name)
            };
            let kept = members.iter().filter(|(name, value)| !says_nothing(name, value));
            kept.map(|(name, value)| (name.clone(), plain(value, name))).collect()
        }
        other => other.clone(),
    }
}

/// What a line grows by where nothing could be left out of it.
const SHORTENED: usize = r#","shortened":true"#.len();

/// A shortened decision always fits; a filter made from a record lets it pass; its line stands in an export.
fn shown_and_filtered(record: &Record, line: &str) {
    let mut filter = Filter { from: Some(record.at), until: record.at.checked_add(1), ..Filter::default() };
    if let Event::Decision(decided) = &record.event
        && line.len() + SHORTENED <= RECORD_BYTES
    {
        let shortened = (**decided).clone().shorten();
        assert!(shortened.shortened && shortened.seal == decided.seal && shortened.decision == decided.decision);
        let event = Event::Decision(Box::new(shortened));
        let shortened = Record { event, ..record.clone() };
        let shorter = shortened.to_line().expect("it was no longer before");
        assert_eq!(Record::parse(shorter.as_bytes()).as_ref(), Ok(&shortened));
        filter.decision = Some(decided.decision);
        filter.code = decided.code;
        filter.block = Some(decided.seal);
        filter.agent = decided.agents.iter().flatten().next().cloned();
        filter.action = decided.actions.first().map(wane::Pattern::from);
    }
    assert!(filter.matches(record), "{filter:?}");
    filter.from = record.at.checked_add(1);
    assert!(filter.from.is_none() || !filter.matches(record));
    let entry = Entry { number: 7, record: Some(line.as_bytes().to_vec()), leaf: None };
    let export = entry.to_export().expect("a line");
    assert_eq!(export, [line.as_bytes(), b"\n"].concat());
    assert_eq!(Entry::from_export(7, &export).as_ref(), Ok(&entry));
    assert_eq!(entry.leaf_hash(), Ok(Hash::of_leaf(line.as_bytes())));
}
