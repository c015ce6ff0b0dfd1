//! Verifying a million records beside hashing the same bytes, in one run. Fails where it costs more than three times as
//! much. `cargo bench --package wane-audit --bench verify` prints the figures; a number behind `--` changes how many records.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints what it measured")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use wane::{BlockId, Heard, LedgerId, LedgerState, Level, Mark, Place, SecretKey, Tree, Volatility};
use wane_audit::{
    Checkpoint, Decided, Event, Frontier, Hash, Hint, Keyed, Origin, Outcome, Record, RecordId, Report, Verifier,
};

/// What verifying may cost of what hashing the same bytes costs.
const BOUND: f64 = 3.0;

/// How often a checkpoint is made.
const CHECKPOINT: u64 = 1_000;

/// Rounds of which the best counts, so that other programs do not.
const ROUNDS: usize = 3;

/// The line of an ordinary decision: four blocks, two conditions, a ledger.
fn line(number: u64, origin: &Origin) -> Vec<u8> {
    let block = |byte| BlockId::from_bytes([byte; 32]);
    let mut id = [0; 16];
    id.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, digit)| *byte = digit);
    let heard = |condition| Heard {
        place: Place { tree: Tree::Scopes, block: 1, scope: 0, condition: Some(condition) },
        outcome: None,
    };
    let decided = Decided {
        blocks: vec![block(1), block(2), block(3)],
        seal_claims: vec![0xa1; 24],
        agents: vec![Some("planner".into()), Some("reader".into()), None, None],
        call: vec!["tools/call".into(), "read_file".into()],
        actions: vec!["read:hr:people".parse().unwrap()],
        level: Level::Internal,
        arguments: BTreeMap::from([("/path".into(), Keyed::from_bytes([5; 32]))]),
        request: Some(Keyed::from_bytes([6; 32])),
        mark_after: Mark::at(Level::Internal),
        state: Some(LedgerState {
            blocks: vec![wane::BlockState::default(); 4],
            ..LedgerState::new(LedgerId::from_bytes([0x5e; 16]), Volatility::Durable)
        }),
        conditions: vec![heard(0), heard(1)],
        version: "0.1.0".into(),
        ..Decided::new(Hint::from_bytes([9; 8]), block(4), "files".parse().unwrap(), Outcome::Allow)
    };
    let event = Event::Decision(Box::new(decided));
    let log = Hint::from_bytes([2; 8]);
    let record = Record { id: RecordId::from_bytes(id), at: 1_767_225_600, origin: origin.clone(), log, event };
    record.to_line().unwrap().into_bytes()
}

fn best(mut work: impl FnMut()) -> Duration {
    let timed = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..ROUNDS).map(timed).min().unwrap_or_default()
}

fn main() {
    let records: u64 = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let (key, origin) = (SecretKey::from_seed([7; 32]), Origin::new("example.com/log").unwrap());
    let mut log = Frontier::new();
    let (mut lines, mut leaves, mut checkpoints) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..records {
        let line = line(number, &origin);
        let leaf = Hash::of_leaf(&line);
        log.append(leaf).unwrap();
        lines.push(line);
        leaves.push(leaf);
        if log.size().is_multiple_of(CHECKPOINT) || log.size() == records {
            let head = Checkpoint { origin: origin.clone(), size: log.size(), root: log.root() };
            checkpoints.push(head.sign(&key).unwrap());
        }
    }

    let hashing = best(|| {
        lines.iter().for_each(|line| {
            black_box(Sha256::digest(line));
        });
    });
    let mut report: Option<Report> = None;
    let verifying = best(|| {
        let mut verifier = Verifier::new(&key.public_key(), &origin, checkpoints.iter().cloned(), []).unwrap();
        for ((number, line), leaf) in (0..).zip(&lines).zip(&leaves) {
            verifier.push(number, Some(line), Some(*leaf)).unwrap();
        }
        report = Some(verifier.finish().unwrap());
    });
    let report = report.unwrap();
    assert_eq!(report.proved_up_to(), records);

    let bytes: usize = lines.iter().map(Vec::len).sum();
    let ratio = verifying.as_secs_f64() / hashing.as_secs_f64();
    println!("records       {records}, {bytes} bytes, {} checkpoints", report.checkpoints);
    println!("hashing       {hashing:.2?}");
    println!("verifying     {verifying:.2?}");
    println!("ratio         {ratio:.2}, at most {BOUND} is allowed");
    assert!(ratio <= BOUND, "verifying costs {ratio:.2} times what hashing does");
}
