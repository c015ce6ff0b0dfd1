//! What is done to a log so that it tells something else, by somebody who can write the file and has no key.

use std::thread;

use wane::{Code, Level, Pattern, Refusal};
use wane_audit::{Frontier, Hash, Record, Report, SignedCheckpoint, Verifier};
use wane_ledger::{Change, Ledger, Row, Table};

use crate::place::NOW;
use crate::plan::checkpoint_key;
use crate::scene::{Scene, admit, refused, session, shown};

/// A ledger with some records and a checkpoint that somebody keeps elsewhere.
struct Kept {
    scene: Scene,
    elsewhere: SignedCheckpoint,
}

impl Kept {
    fn new() -> Self {
        let scene = Scene::new();
        let guard = scene.guard();
        let sealed = shown(&scene.mint());
        for number in 0..6 {
            assert!(admit(&guard, &sealed, &format!("read:{number}"), Level::Confidential).is_ok());
        }
        refused(admit(&guard, &sealed, "delete:a", Level::Public), Code::DenyRatchet);
        guard.close(NOW).unwrap();
        let mut ledger = scene.place.ledger();
        let elsewhere = ledger.checkpoints(0, 100).unwrap().pop().unwrap();
        assert!(elsewhere.claimed().size >= 9);
        Self { scene, elsewhere }
    }

    fn rows(&self, table: Table) -> Vec<Row> {
        let mut found = Vec::new();
        let read = &mut |rows: &mut dyn wane_ledger::Rows| {
            found = rows.scan(table, &[], None, 1_000)?;
            Ok(())
        };
        self.scene.place.open().view(read).unwrap();
        found
    }

    fn change(&self, changes: &[Change]) {
        self.scene.place.open().transact(&[], &mut |rows| rows.put(changes.to_vec())).unwrap();
    }

    /// Takes away whole tables.
    fn empty(&self, tables: &[Table]) {
        for table in tables {
            let changes: Vec<_> = self.rows(*table).into_iter().map(|(key, _)| ((*table, key), None)).collect();
            self.change(&changes);
        }
    }

    /// What an auditor finds who holds the checkpoint from elsewhere.
    fn audit(&self) -> Result<Report, Refusal> {
        let mut ledger: Ledger = self.scene.place.ledger();
        let own = ledger.checkpoints(0, 100)?;
        let key = checkpoint_key().public_key();
        let mut verifier = Verifier::new(&key, ledger.origin(), own, [self.elsewhere.clone()])?;
        for entry in ledger.entries(0, 1_000)? {
            verifier.push(entry.number, entry.record.as_deref(), entry.leaf)?;
        }
        verifier.finish()
    }

    fn is_noticed(&self, what: &str) {
        let code = self.audit().expect_err(what).code();
        let expected = [Code::StateLogBroken, Code::StateLogFork, Code::StateCorrupt, Code::StateCheckpointKey];
        assert!(expected.contains(&code), "{what}: {code}");
    }
}

/// The same record with another outcome.
fn edited(line: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(line).unwrap();
    let edited = text.replace("\"decision\":\"allow\"", "\"decision\":\"deny\"");
    assert_ne!(text, edited);
    edited.into_bytes()
}

/// A record that can be edited, with its place.
fn allowed(kept: &Kept) -> Row {
    let is_allowed = |(_, line): &Row| String::from_utf8_lossy(line).contains("\"decision\":\"allow\"");
    kept.rows(Table::Leaf).into_iter().find(is_allowed).unwrap()
}

// AD19, SD15
#[test]
fn the_last_records_are_deleted() {
    let kept = Kept::new();
    assert!(kept.audit().unwrap().proved_up_to() > 8);
    let tail: Vec<_> = kept.rows(Table::Leaf).into_iter().rev().take(3).map(|(key, _)| key).collect();
    kept.change(&tail.iter().map(|key| ((Table::Leaf, key.clone()), None)).collect::<Vec<_>>());
    kept.is_noticed("records without their hashes");
    kept.change(&tail.iter().map(|key| ((Table::LeafHash, key.clone()), None)).collect::<Vec<_>>());
    kept.is_noticed("records and their hashes");
    kept.empty(&[Table::Checkpoint]);
    kept.is_noticed("and the checkpoints in the ledger");
}

// AD19
#[test]
fn a_record_is_edited() {
    let kept = Kept::new();
    let (key, line) = allowed(&kept);
    kept.change(&[((Table::Leaf, key.clone()), Some(edited(&line)))]);
    kept.is_noticed("a record");
    let hash = Hash::of_leaf(&edited(&line)).as_bytes().to_vec();
    kept.change(&[((Table::LeafHash, key), Some(hash))]);
    kept.is_noticed("a record with its hash");
}

// AD19
#[test]
fn a_kept_block_is_edited() {
    let kept = Kept::new();
    let (key, mut envelope) = kept.rows(Table::Envelope).pop().unwrap();
    let id = wane::BlockId::from_bytes(key.clone().try_into().unwrap());
    assert!(is_block(&envelope, id));
    let middle = envelope.len() / 2;
    envelope[middle] ^= 1;
    kept.change(&[((Table::Envelope, key), Some(envelope))]);
    let held = kept.scene.place.ledger().envelope(id).unwrap().unwrap();
    // Its key is the hash of what was signed: whoever recomputes decisions reads it as the block of that id or not at all.
    assert!(!is_block(&held, id), "an edited block is taken for the one that was signed");
}

/// Whether these bytes are the envelope of that root block.
fn is_block(envelope: &[u8], id: wane::BlockId) -> bool {
    let token = [&[0x81, 0x81][..], envelope].concat();
    let Ok(token) = wane::UntrustedToken::from_bytes(&token) else { return false };
    session(token.chain()) == id
}

// AD19, AD21, SD15
#[test]
fn the_log_is_emptied_and_nothing_is_said_to_have_happened() {
    let kept = Kept::new();
    kept.empty(&[Table::Leaf]);
    // As if it had been archived, which the auditor is told: nobody says that there was nothing.
    let report = kept.audit().unwrap();
    assert_eq!(report.pruned, report.records);
    assert!(report.records > 8 && report.to_string().contains("only the hashes are kept"), "{report}");
    kept.empty(&[Table::LeafHash, Table::Head, Table::Checkpoint, Table::Queue]);
    kept.is_noticed("nothing at all");
}

// AD19, SD15
#[test]
fn everything_is_hashed_anew_without_the_key() {
    let kept = Kept::new();
    let (key, line) = allowed(&kept);
    kept.change(&[((Table::Leaf, key), Some(edited(&line)))]);
    let mut log = Frontier::new();
    for (key, line) in kept.rows(Table::Leaf) {
        let hash = Hash::of_leaf(&line);
        log.append(hash).unwrap();
        kept.change(&[((Table::LeafHash, key), Some(hash.as_bytes().to_vec()))]);
    }
    kept.empty(&[Table::Checkpoint]);
    let head = serde_json::json!({ "root": log.root(), "at": NOW, "fence": 1 });
    let at = |table| ((table, log.size().to_be_bytes().to_vec()), Some(serde_json::to_vec(&head).unwrap()));
    kept.change(&[at(Table::Head)]);
    kept.is_noticed("without checkpoints of its own");
    // One signed by another key is none.
    let mut ledger = kept.scene.place.ledger();
    ledger.sign_head(&wane::SecretKey::from_seed([66; 32])).unwrap();
    kept.is_noticed("signed by another key");
}

// AD20
#[test]
fn what_is_archived_leaves_a_log_that_verifies() {
    let kept = Kept::new();
    let size = kept.elsewhere.claimed().size;
    let mut ledger = kept.scene.place.ledger();
    assert_eq!(ledger.prune(kept.elsewhere.claimed(), NOW).unwrap(), size);
    kept.scene.guard().close(NOW).unwrap();
    assert!(kept.audit().unwrap().proved_up_to() > size, "and goes on behind what was archived");
    // What was archived under another head is refused.
    let mut other = kept.elsewhere.claimed().clone();
    other.root = Hash::EMPTY;
    assert_eq!(ledger.prune(&other, NOW).unwrap_err().code(), Code::StateLogFork);
}

// AD21
#[test]
fn one_resource_under_several_spellings() {
    for spelling in
        ["read:health%2F9", "read:finance/%2e%2e/health", "read:hеalth", "read: health", "read:hea\u{200b}lth"]
    {
        assert_eq!(spelling.parse::<Pattern>().unwrap_err().code(), Code::ParsePattern, "{spelling}");
    }
    let scene = Scene::new();
    let guard = scene.guard();
    let sealed = shown(&crate::scene::minted(&scene.grant().deny("read:vault:health".parse().unwrap())));
    refused(admit(&guard, &sealed, "read:vault:health", Level::Public), Code::DenyPattern);
    assert!(admit(&guard, &sealed, "read:vault:Health", Level::Public).is_ok(), "another word is another resource");
}

// SD15
#[test]
fn a_first_duplicate_key_says_the_contrary() {
    let kept = Kept::new();
    let (_, line) = allowed(&kept);
    assert!(Record::parse(&line).is_ok());
    let text = String::from_utf8(line).unwrap();
    for (key, twice) in [
        ("\"decision\":", "\"decision\":\"deny\",\"decision\":"),
        ("\"at\":", "\"at\":1,\"at\":"),
        ("\"kind\":", "\"kind\":\"closed\",\"kind\":"),
    ] {
        let doubled = text.replacen(key, twice, 1);
        assert_ne!(doubled, text);
        assert_eq!(Record::parse(doubled.as_bytes()).unwrap_err().code(), Code::ParseRecord, "{key}");
    }
}

// SD15
#[test]
fn the_file_is_deleted() {
    let kept = Kept::new();
    let crate::place::Place::Sqlite(path) = &kept.scene.place else { panic!("a file") };
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    let gone = wane_ledger::SqliteStore::open(path, wane_ledger::SqliteOptions::default());
    assert_eq!(gone.err().unwrap().refusal().code(), Code::StateUnreachable);
    // A new one in its place is another ledger, which the head outside tells.
    kept.scene.place.create();
    match kept.scene.try_guard(NOW) {
        Ok(_) => panic!("another ledger was opened"),
        Err(refusal) => assert_eq!(refusal.code(), Code::StateCorrupt, "{refusal}"),
    }
}

// SD16
#[test]
fn two_guards_of_four_threads_keep_one_log() {
    let scene = Scene::new();
    let guards = [scene.guard(), scene.guard()];
    let sealed = shown(&scene.mint());
    thread::scope(|scope| {
        for number in 0..8 {
            let (guard, sealed) = (&guards[number % 2], &sealed);
            scope.spawn(move || {
                for _ in 0..25 {
                    assert!(admit(guard, sealed, "read:a", Level::Confidential).is_ok());
                    let answer = admit(guard, sealed, "delete:a", Level::Public);
                    refused(answer, Code::DenyRatchet);
                }
            });
        }
    });
    for guard in guards {
        guard.close(NOW).unwrap();
    }
    let records = crate::observe::verify(&scene.place, &scene.folder.path().join("head"));
    // Three guards were opened and closed, and nothing was left out.
    assert_eq!(records, 8 * 25 * 2 + 6);
}
