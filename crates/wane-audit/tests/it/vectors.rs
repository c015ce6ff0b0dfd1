//! `test-vectors`: the folders are what the example writes, and this crate answers each file as it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use wane_audit::{
    Checkpoint, Consistency, Event, Frontier, Hash, Inclusion, LogSecret, Origin, Record, RecordKey, SignedCheckpoint,
};

#[allow(dead_code, reason = "its main is the example's")]
#[path = "../../examples/audit_vectors.rs"]
mod generated;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors");

/// Name and text of every file of a folder.
fn files(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(Path::new(FOLDER).join(folder)).unwrap();
    let name = |entry: fs::DirEntry| format!("{folder}/{}", entry.file_name().into_string().unwrap());
    let names = entries.map(|entry| name(entry.unwrap()));
    names.map(|name| (name.clone(), fs::read_to_string(Path::new(FOLDER).join(name)).unwrap())).collect()
}

/// The values of a header, and what is behind the first empty line.
fn all<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let head = text.split_once("\n\n").unwrap().0;
    head.lines().filter_map(|line| line.split_once(": ")).filter(|(found, _)| *found == name).map(|(_, v)| v).collect()
}

fn one<'a>(text: &'a str, name: &str) -> &'a str {
    let [value] = all(text, name)[..] else { panic!("not one {name}: {text}") };
    value
}

fn payload(text: &str) -> &str {
    text.split_once("\n\n").unwrap().1
}

#[test]
fn the_folders_are_what_the_example_writes() {
    let written: BTreeSet<_> = generated::vectors().into_iter().collect();
    let kept: BTreeSet<_> = ["records", "checkpoints", "logs"].into_iter().flat_map(files).collect();
    assert_eq!(written.len(), generated::vectors().len());
    for (name, text) in &written {
        assert!(kept.contains(&(name.clone(), text.clone())), "{name} is another one");
    }
    assert_eq!(kept.len(), written.len());
}

#[test]
fn records_are_answered_as_they_say() {
    for (name, text) in files("records") {
        let line = payload(&text).strip_suffix('\n').unwrap();
        let answer = Record::parse(line.as_bytes());
        if one(&text, "expect") == "refuse" {
            assert_eq!(answer.unwrap_err().code().as_str(), one(&text, "code"), "{name}");
            continue;
        }
        let record = answer.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(Hash::of_leaf(line.as_bytes()).to_string(), one(&text, "leaf"), "{name}");
        let Some(secret) = all(&text, "secret").first().map(|secret| LogSecret::parse(secret).unwrap()) else {
            continue;
        };
        assert_eq!(record.log, secret.hint());
        let key = RecordKey::parse(one(&text, "record-key")).unwrap();
        assert_eq!(key.expose_text(), secret.record_key(&record.id).expose_text());
        let Event::Decision(decided) = record.event else { panic!("{name}") };
        let (digits, field) = (one(&text, "value"), one(&text, "field"));
        let byte = |place| u8::from_str_radix(&digits[place..place + 2], 16).unwrap();
        let value: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
        assert!(key.opens(&decided.arguments[field], field, &value), "{name}");
    }
}

#[test]
fn checkpoints_are_answered_as_they_say() {
    for (name, text) in files("checkpoints") {
        let (key, origin) = (one(&text, "key").parse().unwrap(), Origin::new(one(&text, "origin")).unwrap());
        let answer = payload(&text).parse::<SignedCheckpoint>().and_then(|note| note.verify(&key, &origin).cloned());
        if one(&text, "expect") == "refuse" {
            assert_eq!(answer.unwrap_err().code().as_str(), one(&text, "code"), "{name}");
            continue;
        }
        let head = answer.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!(
            (head.size.to_string(), head.root.to_string()),
            (one(&text, "size").into(), one(&text, "root").into())
        );
    }
}

#[test]
fn logs_are_answered_as_they_say() {
    for (name, text) in files("logs") {
        let leaves: Vec<Hash> = payload(&text).lines().map(|line| Hash::of_leaf(line.as_bytes())).collect();
        let mut log = Frontier::new();
        let mut heads = Vec::new();
        for size in 0..=leaves.len() {
            heads.push(Checkpoint {
                origin: Origin::new("example.com/log").unwrap(),
                size: log.size(),
                root: log.root(),
            });
            assert!(all(&text, "root").contains(&&*format!("{size} {}", log.root())), "{name}");
            leaves.get(size).into_iter().for_each(|leaf| log.append(*leaf).unwrap());
        }
        assert_eq!(all(&text, "inclusion").len(), leaves.len());
        for (proof, leaf) in all(&text, "inclusion").into_iter().zip(&leaves) {
            Inclusion::from_json(proof).unwrap().verify(leaf, &heads[leaves.len()]).unwrap();
        }
        assert_eq!(all(&text, "consistency").len(), heads.len());
        for (proof, head) in all(&text, "consistency").into_iter().zip(&heads) {
            Consistency::from_json(proof).unwrap().verify(head, &heads[leaves.len()]).unwrap();
        }
    }
}
