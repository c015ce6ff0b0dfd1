//! What a ledger holds in the end, read from its rows, and whether its log is whole.

use std::collections::BTreeSet;
use std::path::Path;

use wane::BlockId;
use wane_audit::{Entry, Event, Frontier, Hash, Origin, Outcome, Record, SignedCheckpoint, Verifier, verify_log};
use wane_ledger::{Guard, Ledger, Row, Store, Table};

use crate::checker::{Final, Kind, Operation};
use crate::place::{NOW, Place};
use crate::plan::{Plan, block, checkpoint_key, id};
use crate::worker;

/// All rows of a table.
fn rows(store: &mut dyn Store, table: Table) -> Vec<Row> {
    const PAGE: usize = 1_000;
    let mut all: Vec<Row> = Vec::new();
    loop {
        let from = all.last().map(|(key, _)| [key.as_slice(), &[0]].concat()).unwrap_or_default();
        let mut page = Vec::new();
        store
            .view(&mut |rows| {
                page = rows.scan(table, &from, None, PAGE)?;
                Ok(())
            })
            .expect("the rows can be read");
        let is_last = page.len() < PAGE;
        all.extend(page);
        if is_last {
            return all;
        }
    }
}

/// What the ledger holds of the sessions of a plan.
pub(crate) fn holds(plan: &Plan, history: &[Operation]) -> Final {
    let mut store = plan.place.open();
    let mut ledger = plan.place.ledger();
    let mut found = Final::default();
    let mut blocks = BTreeSet::new();
    for session in &plan.sessions {
        let mark = ledger.session(block(&session.id)).expect("an entry").map(|entry| entry.mark);
        if let Some(mark) = mark {
            found.marks.insert(session.id.clone(), mark.level().number());
        }
        blocks.extend(session.tokens.iter().chain(&session.seals).flat_map(|shown| shown.blocks.clone()));
    }
    for name in &blocks {
        look_at(&mut ledger, block(name), &mut found);
    }
    let named = history.iter().filter_map(|operation| match &operation.kind {
        Kind::Admit(admit) => Some(admit.seal.iter().chain(&admit.approvals)),
        _ => None,
    });
    let named: BTreeSet<_> = named.flatten().cloned().collect();
    for (key, _) in rows(&mut *store, Table::Used) {
        let key = id(BlockId::from_bytes(key.try_into().expect("an id")));
        if named.contains(&key) {
            found.used.insert(key);
        }
    }
    let sessions: BTreeSet<_> = plan.sessions.iter().map(|session| &session.id).collect();
    for record in records(&mut *store) {
        let Event::Decision(decided) = &record.event else { continue };
        let is_ours = decided.blocks.first().is_some_and(|block| sessions.contains(&id(*block)));
        if is_ours && decided.decision == Outcome::Allow {
            assert!(found.records.insert(record.id.to_string()), "one id, two records");
        }
    }
    found
}

fn look_at(ledger: &mut Ledger, block: BlockId, found: &mut Final) {
    let entry = ledger.session(block).expect("an entry");
    if entry.is_some_and(|entry| entry.revoked.is_some()) {
        found.revoked.insert(id(block));
    }
    for (name, spent) in ledger.spent(block).expect("counters") {
        found.spent.insert((id(block), name.to_string()), spent);
    }
}

/// Every record, those that wait for their place included.
pub(crate) fn records(store: &mut dyn Store) -> Vec<Record> {
    let placed = rows(store, Table::Leaf);
    let waiting = rows(store, Table::Queue);
    placed.iter().chain(&waiting).map(|(_, line)| Record::parse(line).expect("a record")).collect()
}

/// How many denials the log tells of, those included of which it says only that they had no room.
pub(crate) fn denials(place: &Place) -> u64 {
    let told = records(&mut *place.open()).into_iter().map(|record| match record.event {
        Event::Decision(decided) if decided.decision == Outcome::Deny => 1,
        Event::DenialsDropped(dropped) => dropped.count,
        _ => 0,
    });
    told.sum()
}

/// Opens the ledger once more, closes it, and then verifies its log whole: every head that was ever written and every
/// signed checkpoint must be of the log as it is now. Returns how many records it has.
pub(crate) fn verify(place: &Place, head: &Path) -> u64 {
    let options = wane_ledger::GuardOptions { head: Some(head.to_owned()), ..worker::options() };
    let guard = Guard::open(vec![place.open()], options, NOW).expect("a guard");
    guard.close(NOW).expect("it can be closed");

    let mut store = place.open();
    assert!(rows(&mut *store, Table::Queue).is_empty(), "something waits for its place");
    let leaves = rows(&mut *store, Table::Leaf);
    let hashes = rows(&mut *store, Table::LeafHash);
    assert_eq!(leaves.len(), hashes.len());
    let mut log = Frontier::new();
    let mut roots = vec![log.root()];
    for (number, ((key, line), (hash_key, hash))) in (0_u64..).zip(leaves.iter().zip(&hashes)) {
        assert_eq!((key.as_slice(), hash_key.as_slice()), (&number.to_be_bytes()[..], &number.to_be_bytes()[..]));
        let leaf = Hash::of_leaf(line);
        assert_eq!(hash.as_slice(), leaf.as_bytes(), "record {number}");
        log.append(leaf).expect("a leaf");
        roots.push(log.root());
    }
    for (key, value) in rows(&mut *store, Table::Head) {
        let size = usize::try_from(u64::from_be_bytes(key.try_into().expect("a number"))).unwrap();
        let head: serde_json::Value = serde_json::from_slice(&value).expect("a head");
        let root = roots.get(size).expect("no head is larger than the log");
        assert_eq!(head["root"], serde_json::to_value(root).unwrap(), "the head of {size} records");
    }
    let text = |value: Vec<u8>| String::from_utf8(value).expect("text").parse().expect("a checkpoint");
    let signed: Vec<SignedCheckpoint> =
        rows(&mut *store, Table::Checkpoint).into_iter().map(|(_, value)| text(value)).collect();
    let origin: Origin = place.ledger().origin().clone();
    let verifier = Verifier::new(&checkpoint_key().public_key(), &origin, signed, []).expect("genuine checkpoints");
    let entries = (0_u64..).zip(leaves).map(|(number, (_, line))| Ok(Entry { number, record: Some(line), leaf: None }));
    let report = verify_log(verifier, entries, &mut |_| ()).expect("the log verifies");
    assert_eq!(report.unproven(), 0, "{report}");
    report.records
}
