//! Writes a small log as an export, for the checks in `spec/reference`: the records to `FOLDER/records.jsonl`, the checkpoint
//! over them to `FOLDER/checkpoint`; prints the checkpoint key and the origin.
//!
//!     cargo run --package wane-audit --example export_log -- FOLDER [RECORDS [PRUNED]]

#![allow(clippy::print_stdout, reason = "what it prints is for a script")]

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use wane::{BlockId, SecretKey};
use wane_audit::{
    Checkpoint, Decided, Entry, Event, Frontier, Hint, LogSecret, Origin, Outcome, Record, RecordId, Revoke,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let folder = arguments.first().ok_or("the folder to write to is missing")?;
    let number = |place: usize, otherwise| arguments.get(place).map_or(Ok(otherwise), |text| text.parse::<u64>());
    let (records, pruned) = (number(1, 21)?, number(2, 0)?);

    let (key, secret) = (SecretKey::from_seed([7; 32]), LogSecret::from_bytes([8; 32]));
    let origin = Origin::new("example.com/log")?;
    let (mut log, mut text) = (Frontier::new(), Vec::new());
    for number in 0..records {
        let record = Some(record(number, &origin, &secret)?.into_bytes());
        let mut entry = Entry { number, record, leaf: None };
        let leaf = entry.leaf_hash()?;
        log.append(leaf)?;
        if number < pruned {
            entry = Entry { number, record: None, leaf: Some(leaf) };
        }
        text.extend(entry.to_export()?);
    }
    let head = Checkpoint { origin: origin.clone(), size: log.size(), root: log.root() }.sign(&key)?;
    fs::write(Path::new(folder).join("records.jsonl"), text)?;
    fs::write(Path::new(folder).join("checkpoint"), head.text())?;
    println!("{}\n{origin}", key.public_key());
    Ok(())
}

/// A revocation and then decisions, each with an argument that only its keyed digest tells of.
fn record(number: u64, origin: &Origin, secret: &LogSecret) -> Result<String, wane::Refusal> {
    let id = RecordId::from_bytes(u128::from(number).to_be_bytes());
    let block = BlockId::from_bytes([3; 32]);
    let event = if number == 0 {
        Event::Revoke(Revoke { block, reason: Some("a lost laptop \u{2014} \"mine\"".into()) })
    } else {
        let path = secret.digest(&id, "/path", b"/data/hr/people.csv");
        let mut decided = Decided::new(Hint::from_bytes([9; 8]), block, "files".parse()?, Outcome::Allow);
        decided.arguments.insert("/path".into(), path);
        Event::Decision(Box::new(decided))
    };
    Record { id, at: 1_767_225_600, origin: origin.clone(), log: secret.hint(), event }.to_line()
}
