//! Writes `test-vectors/records`, `test-vectors/checkpoints` and `test-vectors/logs`: lines and notes, good and bad, and logs
//! with their roots and proofs.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "fixed inputs")]

#[path = "audit_vectors/by_hand.rs"]
mod by_hand;

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use wane::{BlockId, Code, SecretKey};
use wane_audit::{
    Checkpoint, Consistency, Decided, Event, Frontier, Hash, Hint, Inclusion, LogSecret, Origin, Outcome, Record,
    RecordId, Revoke,
};

/// CBOR of the text `/etc`.
const VALUE: &[u8] = b"\x64/etc";

fn key() -> SecretKey {
    SecretKey::from_seed([7; 32])
}

fn secret() -> LogSecret {
    LogSecret::from_bytes([8; 32])
}

fn origin() -> Origin {
    Origin::new("example.com/log").unwrap()
}

fn id(number: u8) -> RecordId {
    RecordId::from_bytes([number; 16])
}

/// Even ones are a revocation, odd ones a denial on an argument that only its keyed digest tells of.
fn line(number: u8) -> String {
    let block = BlockId::from_bytes([number; 32]);
    let event = if number.is_multiple_of(2) {
        Event::Revoke(Revoke { block, reason: Some("lost \u{2014} \"mine\" \\ \u{1f512}".into()) })
    } else {
        let mut decided = Decided::new(Hint::from_bytes([9; 8]), block, "files".parse().unwrap(), Outcome::Deny);
        decided.code = Some(Code::DenyCondition);
        decided.call = vec!["tools/call".into(), "read_file".into()];
        decided.actions = vec!["read:files".parse().unwrap()];
        decided.arguments.insert("/path".into(), secret().digest(&id(number), "/path", VALUE));
        Event::Decision(Box::new(decided))
    };
    let log = secret().hint();
    Record { id: id(number), at: 1_767_225_600, origin: origin(), log, event }.to_line().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn accepted(folder: &str, name: &str, what: &str, headers: &str, payload: &str) -> (String, String) {
    (format!("{folder}/{name}.txt"), format!("comment: {what}\nexpect: accept\n{headers}\n{payload}"))
}

fn refused(folder: &str, name: &str, code: &str, spec: &str, what: &str, payload: &str) -> (String, String) {
    let headers = format!("comment: {what}\nexpect: refuse\ncode: {code}\nspec: {spec}\n");
    (format!("{folder}/{name}.txt"), format!("{headers}\n{payload}"))
}

fn records() -> Vec<(String, String)> {
    let revoke = line(0);
    let record = |name, what, line: String| {
        let leaf = Hash::of_leaf(line.as_bytes());
        accepted("records", name, what, &format!("spec: A1 A10\nleaf: {leaf}\n"), &format!("{line}\n"))
    };
    let bad = |name, what, line: String| refused("records", name, "parse-record", "A2", what, &format!("{line}\n"));
    let denial = line(1);
    let secret = secret();
    let opened = format!(
        "spec: A5 A6 A7\nleaf: {}\nsecret: {}\nrecord-key: {}\nfield: /path\nvalue: {}\n",
        Hash::of_leaf(denial.as_bytes()),
        *secret.expose_text(),
        *secret.record_key(&id(1)).expose_text(),
        hex(VALUE),
    );
    vec![
        record("revoke", "text beyond ASCII, quotes and backslashes", revoke.clone()),
        record("spaces", "spaces between members are part of the leaf", revoke.replace(",\"at\"", ", \"at\"")),
        record(
            "order",
            "another order of members is another leaf",
            revoke.replace("{\"v\":1,", "{").replace("}}", "},\"v\":1}"),
        ),
        accepted("records", "decision", "an argument as a keyed digest", &opened, &format!("{denial}\n")),
        bad("version", "another version", revoke.replace("\"v\":1", "\"v\":2")),
        bad("kind", "an unknown kind", revoke.replace("\"revoke\"", "\"revoked\"")),
        bad("kind-body", "the body of another kind", revoke.replace("\"revoke\"", "\"closed\"")),
        bad("code", "an unknown code", denial.replace("deny-condition", "deny-conditions")),
        bad("member", "an unknown member", revoke.replace("{\"v\":1", "{\"more\":0,\"v\":1")),
        bad("member-body", "an unknown member of the body", revoke.replace("\"body\":{", "\"body\":{\"more\":0,")),
        bad("twice", "a member twice", revoke.replace("{\"v\":1", "{\"v\":1,\"v\":1")),
        bad("twice-body", "a member of the body twice", revoke.replace("\"body\":{", "\"body\":{\"reason\":\"a\",")),
        bad(
            "twice-map",
            "an argument twice",
            denial.replace("\"arguments\":{", &format!("\"arguments\":{{\"/path\":\"{}\",", Hash::EMPTY)),
        ),
        bad("missing", "a member is missing", revoke.replace("\"at\":1767225600,", "")),
        bad(
            "null",
            "null for what may be left out",
            revoke.split(",\"reason\"").next().unwrap().to_owned() + ",\"reason\":null}}",
        ),
        bad("float", "a time that is no integer", revoke.replace("1767225600", "1767225600.0")),
        bad("digits", "upper-case digits", revoke.replace("\"id\":\"00", "\"id\":\"0A")),
        bad("tab", "a tab between members", revoke.replace("{\"v\"", "{\t\"v\"")),
        bad("behind", "more behind the object", format!("{revoke} {{}}")),
    ]
}

fn checkpoints() -> Vec<(String, String)> {
    let head = Checkpoint { origin: origin(), size: 20_852_163, root: Hash::of_leaf(b"root") };
    let signed =
        |head: &Checkpoint, seed| head.clone().sign(&SecretKey::from_seed([seed; 32])).unwrap().text().to_owned();
    let (note, other) = (signed(&head, 7), signed(&head, 6));
    let last = |note: &str| format!("{}\n", note.lines().next_back().unwrap());
    let headers = |size: u64, root: Hash| {
        format!("spec: A15 A17\nkey: {}\norigin: {}\nsize: {size}\nroot: {root}\n", key().public_key(), origin())
    };
    let good = |name, what, note: &str| accepted("checkpoints", name, what, &headers(head.size, head.root), note);
    let given = format!("key: {}\norigin: {}\n", key().public_key(), origin());
    let bad = |name, code, spec: &str, what, note: &str| {
        refused("checkpoints", name, code, &format!("{spec}\n{}", given.trim_end()), what, note)
    };
    let empty = Checkpoint { origin: origin(), size: 0, root: Hash::EMPTY };
    let elsewhere = Checkpoint { origin: Origin::new("example.com/dog").unwrap(), ..head.clone() };
    let (apart, text) = ("state-checkpoint-key", "parse-checkpoint");
    vec![
        good("good", "one signature", &note),
        good("cosigned", "another key has signed it too", &format!("{note}{}", last(&other))),
        accepted("checkpoints", "empty", "of an empty log", &headers(0, Hash::EMPTY), &signed(&empty, 7)),
        bad("other-key", apart, "A18", "signed by another key only", &other),
        bad("other-log", apart, "A18", "the same key for another log", &signed(&elsewhere, 7)),
        bad("other-text", apart, "A18", "the signature is over another size", &note.replace("20852163", "20852164")),
        bad(
            "one-fails",
            apart,
            "A18",
            "two signatures name the key, one fits",
            &format!("{note}{}", last(&signed(&empty, 7))),
        ),
        bad("zero", text, "A19", "a leading zero", &note.replace("20852163", "020852163")),
        bad("plus", text, "A19", "a sign", &note.replace("20852163", "+20852163")),
        bad("padding", text, "A19", "base64 without padding", &note.replacen("=\n", "\n", 1)),
        bad("extension", text, "A19", "a fourth line", &note.replacen("\n\n", "\nmore\n\n", 1)),
        bad("space", text, "A16", "an origin with a space", &note.replace("example.com/log", "example.com/a log")),
        bad("unsigned", text, "A19", "no signature", &note.replace(&last(&note), "")),
        bad("hyphen", text, "A19", "a hyphen for the dash", &note.replace('\u{2014}', "-")),
        bad("cut", text, "A19", "no last LF", note.trim_end()),
    ]
}

fn logs() -> Vec<(String, String)> {
    let log = |size: u8| {
        let lines: Vec<String> = (0..size).map(line).collect();
        let leaves: Vec<Hash> = lines.iter().map(|line| Hash::of_leaf(line.as_bytes())).collect();
        let given = || leaves.iter().copied().map(Ok);
        let (mut frontier, size) = (Frontier::new(), u64::from(size));
        let mut headers = "spec: A11 A12 A24 A25\n".to_owned();
        for number in 0..=leaves.len() {
            let _ = writeln!(headers, "root: {number} {}", frontier.root());
            if let Some(leaf) = leaves.get(number) {
                frontier.append(*leaf).unwrap();
            }
        }
        for record in 0..size {
            let _ = writeln!(headers, "inclusion: {}", Inclusion::prove(record, size, given()).unwrap().to_json());
        }
        for from in 0..=size {
            let _ = writeln!(headers, "consistency: {}", Consistency::prove(from, size, given()).unwrap().to_json());
        }
        let payload: String = lines.iter().map(|line| format!("{line}\n")).collect();
        accepted(
            "logs",
            &format!("records-{size}"),
            "a whole log: its roots and all proofs to its end",
            &headers,
            &payload,
        )
    };
    vec![log(1), log(2), log(7), log(8), log(11)]
}

/// Path and text of each file, below `test-vectors`.
pub(crate) fn vectors() -> Vec<(String, String)> {
    [records(), checkpoints(), logs(), by_hand::vectors()].concat()
}

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors");
    for (path, text) in vectors() {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file lies in a folder"))?;
        fs::write(path, text)?;
    }
    Ok(())
}
