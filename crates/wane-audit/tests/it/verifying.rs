//! Verifying: each way to tamper with a log, and what is still proved.

use proptest::prelude::*;
use wane::{BlockId, Code, Refusal, SecretKey};
use wane_audit::{
    Checkpoint, Entry, Event, Frontier, Hash, Hint, Origin, Record, RecordId, Report, Revoke, SignedCheckpoint,
    Verifier, verify_log,
};

const RECORDS: u8 = 40;
const SIGNED: [u64; 3] = [10, 20, 32];
const PROVED: usize = 32;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

fn origin() -> Origin {
    Origin::new("example.com/log").unwrap()
}

fn line(number: u8, reason: &str) -> Vec<u8> {
    let event = Event::Revoke(Revoke { block: BlockId::from_bytes([number; 32]), reason: Some(reason.into()) });
    let id = RecordId::from_bytes([number; 16]);
    let record = Record { id, at: 1_767_225_600, origin: origin(), log: Hint::from_bytes([2; 8]), event };
    record.to_line().unwrap().into_bytes()
}

fn records() -> Vec<Vec<u8>> {
    (0..RECORDS).map(|number| line(number, "lost")).collect()
}

/// As a log keeps them: each beside its leaf hash.
fn entries(records: &[Vec<u8>]) -> Vec<Entry> {
    let entry = |(number, record): (u64, &Vec<u8>)| Entry {
        number,
        record: Some(record.clone()),
        leaf: Some(Hash::of_leaf(record)),
    };
    (0..).zip(records).map(entry).collect()
}

fn sign(records: &[Vec<u8>], size: u64, seed: u8) -> SignedCheckpoint {
    let mut log = Frontier::new();
    records.iter().take(usize::try_from(size).unwrap()).for_each(|line| log.append(Hash::of_leaf(line)).unwrap());
    assert_eq!(log.size(), size);
    Checkpoint { origin: origin(), size, root: log.root() }.sign(&key(seed)).unwrap()
}

fn signed(records: &[Vec<u8>], sizes: &[u64]) -> Vec<SignedCheckpoint> {
    sizes.iter().map(|size| sign(records, *size, 7)).collect()
}

fn verify(entries: &[Entry], own: Vec<SignedCheckpoint>, elsewhere: Vec<SignedCheckpoint>) -> Result<Report, Refusal> {
    let verifier = Verifier::new(&key(7).public_key(), &origin(), own, elsewhere)?;
    verify_log(verifier, entries.iter().cloned().map(Ok), &mut |_| ())
}

/// With the checkpoints of the untouched log.
fn answer(entries: &[Entry]) -> Result<Report, Code> {
    verify(entries, signed(&records(), &SIGNED), vec![]).map_err(|refusal| refusal.code())
}

/// What somebody does who can write to the store: numbers and leaf hashes fit again afterwards.
fn covered_up(records: &[Vec<u8>]) -> Vec<Entry> {
    entries(records)
}

#[test]
fn an_untouched_log_is_proved_up_to_its_largest_checkpoint() {
    let report = answer(&entries(&records())).unwrap();
    assert_eq!((report.records, report.proved_up_to(), report.unproven(), report.pruned), (40, 32, 8, 0));
    assert_eq!((report.checkpoints, report.root), (3, sign(&records(), 40, 7).claimed().root));
    // A log need not keep leaf hashes.
    let bare: Vec<Entry> = entries(&records()).into_iter().map(|entry| Entry { leaf: None, ..entry }).collect();
    assert_eq!(answer(&bare).unwrap(), report);
}

#[test]
fn without_a_checkpoint_nothing_is_proved() {
    let report = verify(&entries(&records()), vec![], vec![]).unwrap();
    assert_eq!((report.proved_up_to(), report.unproven(), report.proved), (0, 40, None));
    let report = verify(&[], vec![], vec![]).unwrap();
    assert_eq!((report.records, report.root), (0, Hash::EMPTY));
}

#[test]
fn a_record_deleted_altered_swapped_or_doubled_is_noticed() {
    let whole = records();
    for place in 0..whole.len() {
        let is_noticed = |answer: Result<Report, Code>, what: &str| {
            if place < PROVED {
                assert_eq!(answer.unwrap_err(), Code::StateLogBroken, "{what} {place}");
            } else {
                // Behind the checkpoint nothing is claimed.
                assert_eq!(answer.unwrap().proved_up_to(), 32, "{what} {place}");
            }
        };
        let broken = |entries: &[Entry], what: &str| {
            assert_eq!(answer(entries).unwrap_err(), Code::StateLogBroken, "{what} {place}");
        };

        let mut without = whole.clone();
        without.remove(place);
        is_noticed(answer(&covered_up(&without)), "deleted");
        let mut gap = entries(&whole);
        gap.remove(place);
        if place + 1 < whole.len() {
            broken(&gap, "deleted in place");
        }

        let mut altered = whole.clone();
        altered[place] = line(u8::try_from(place).unwrap(), "lose");
        is_noticed(answer(&covered_up(&altered)), "altered");
        let mut in_place = entries(&whole);
        in_place[place].record = Some(altered[place].clone());
        broken(&in_place, "altered in place");
        let mut blank = entries(&whole);
        blank[place].record = None;
        broken(&blank, "emptied");
        let mut nothing = entries(&whole);
        (nothing[place].record, nothing[place].leaf) = (None, None);
        broken(&nothing, "wiped");

        let other = (place + 7) % whole.len();
        let mut swapped = whole.clone();
        swapped.swap(place, other);
        if place.min(other) < PROVED {
            assert_eq!(answer(&covered_up(&swapped)).unwrap_err(), Code::StateLogBroken);
        }
        let mut in_place = entries(&whole);
        in_place.swap(place, other);
        broken(&in_place, "swapped in place");

        let mut doubled = whole.clone();
        doubled.insert(place, whole[place].clone());
        // The second of two equal records is the one too many.
        match answer(&covered_up(&doubled)) {
            Ok(report) => assert!(place + 1 >= PROVED && report.proved_up_to() == 32),
            Err(code) => assert!(place + 1 < PROVED && code == Code::StateLogBroken),
        }
        let mut in_place = entries(&whole);
        in_place.insert(place, in_place[place].clone());
        broken(&in_place, "doubled in place");
    }
}

#[test]
fn every_altered_byte_is_noticed() {
    let whole = records();
    for place in 0..whole[9].len() {
        let mut altered = whole.clone();
        altered[9][place] ^= 1 << (place % 8);
        assert_eq!(answer(&covered_up(&altered)).unwrap_err(), Code::StateLogBroken, "{place}");
    }
    // A member twice, which readers might take in two ways, is an alteration like any other.
    let mut doubled = whole.clone();
    let text = String::from_utf8(whole[9].clone()).unwrap().replacen("\"at\":", "\"at\":1,\"at\":", 1);
    doubled[9] = text.into_bytes();
    assert_eq!(answer(&covered_up(&doubled)).unwrap_err(), Code::StateLogBroken);
    assert_eq!(Record::parse(&doubled[9]).unwrap_err().code(), Code::ParseRecord);
}

#[test]
fn a_tail_cut_behind_a_checkpoint_is_noticed() {
    let whole = entries(&records());
    for length in 0..whole.len() {
        match answer(&whole[..length]) {
            Ok(report) => assert!(length >= PROVED && report.proved_up_to() == 32),
            Err(code) => assert!(length < PROVED && code == Code::StateLogBroken),
        }
    }
    // With the newest checkpoint gone too, only one that was kept elsewhere tells.
    let own = || signed(&records(), &SIGNED[..2]);
    let cut = &whole[..25];
    assert_eq!(verify(cut, own(), vec![]).unwrap().proved_up_to(), 20);
    let refusal = verify(cut, own(), signed(&records(), &[32])).unwrap_err();
    assert_eq!(refusal.code(), Code::StateLogBroken);
    assert_eq!(refusal.to_string(), "the audit log is broken: it ends after 25 records, a checkpoint has 32");
}

#[test]
fn hashing_everything_anew_without_the_key_is_noticed() {
    let mut other = records();
    other[3] = line(3, "never");
    let entries = covered_up(&other);
    let code = |own, elsewhere| verify(&entries, own, elsewhere).unwrap_err().code();
    // The old checkpoints do not fit, and new ones need the key.
    assert_eq!(code(signed(&records(), &SIGNED), vec![]), Code::StateLogBroken);
    let forged: Vec<_> = SIGNED.iter().map(|size| sign(&other, *size, 8)).collect();
    assert_eq!(code(forged, vec![]), Code::StateCheckpointKey);
    // Without any, nothing is proved; with one from elsewhere, it shows.
    assert_eq!(verify(&entries, vec![], vec![]).unwrap().proved, None);
    for size in [4, 10, 32, 40] {
        assert_eq!(code(vec![], signed(&records(), &[size])), Code::StateLogBroken);
    }
    // A checkpoint over the part before the alteration still fits, and claims no more.
    assert_eq!(verify(&entries, vec![], signed(&records(), &[3])).unwrap().proved_up_to(), 3);
}

#[test]
fn a_fork_is_noticed_by_whoever_kept_one_checkpoint() {
    let mut other = records();
    other[15] = line(15, "never");
    let entries = covered_up(&other);
    // Whoever has the key has signed both histories.
    let code = |elsewhere: &[u64]| {
        verify(&entries, signed(&other, &SIGNED), signed(&records(), elsewhere)).map_err(|refusal| refusal.code())
    };
    assert_eq!(code(&[]).unwrap().proved_up_to(), 32);
    assert_eq!(code(&[15]).unwrap().proved_up_to(), 32, "before the fork they are one");
    for size in [16, 20, 31, 32] {
        assert_eq!(code(&[size]).unwrap_err(), Code::StateLogFork, "{size}");
    }
    assert_eq!(code(&[12, 25, 40]).unwrap_err(), Code::StateLogFork);
    // Where the log's own checkpoints do not reach, its records may just as well have been altered.
    assert_eq!(code(&[33]).unwrap_err(), Code::StateLogBroken);
}

#[test]
fn a_checkpoint_of_nothing_counts() {
    let nothing = |root| Checkpoint { origin: origin(), size: 0, root }.sign(&key(7)).unwrap();
    let report = verify(&entries(&records()), vec![nothing(Hash::EMPTY)], vec![]).unwrap();
    assert_eq!(report.proved_up_to(), 0);
    let refusal = verify(&[], vec![nothing(Hash::of_leaf(b""))], vec![]).unwrap_err();
    assert_eq!(refusal.code(), Code::StateLogBroken);
}

fn pruned(entries: &[Entry], before: usize) -> Vec<Entry> {
    let drop = |(place, entry): (usize, &Entry)| {
        if place < before { Entry { record: None, ..entry.clone() } } else { entry.clone() }
    };
    entries.iter().enumerate().map(drop).collect()
}

#[test]
fn only_what_a_checkpoint_covers_may_be_pruned() {
    let whole = entries(&records());
    for before in 0..=whole.len() {
        match answer(&pruned(&whole, before)) {
            Ok(report) => {
                assert!([0, 10, 20, 32].contains(&before), "{before}");
                assert_eq!((report.pruned, report.proved_up_to()), (u64::try_from(before).unwrap(), 32));
            }
            Err(code) => assert!(![0, 10, 20, 32].contains(&before) && code == Code::StateLogBroken),
        }
    }
    let mut altered = pruned(&whole, 20);
    altered[5].leaf = Some(Hash::of_leaf(b"another"));
    assert_eq!(answer(&altered).unwrap_err(), Code::StateLogBroken);
    let report = answer(&pruned(&whole, 20)).unwrap();
    assert!(report.to_string().ends_with("of the first 20 only the hashes are kept"), "{report}");
}

#[test]
fn an_export_is_the_log() {
    let log = pruned(&entries(&records()), 10);
    let text: Vec<u8> = log.iter().flat_map(|entry| entry.to_export().unwrap()).collect();
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let read: Vec<Entry> = (0..).zip(lines).map(|(number, line)| Entry::from_export(number, line).unwrap()).collect();
    assert_eq!(read.len(), 40);
    assert_eq!(answer(&read).unwrap(), answer(&log).unwrap());

    for line in [
        r#"{"leaf":"00"}"#.to_owned(),
        format!(r#"{{"leaf":"{}","leaf":"{}"}}"#, Hash::EMPTY, Hash::EMPTY),
        format!(r#"{{"leaf":"{}","v":1}}"#, Hash::EMPTY),
        r#"{"leaf":null}"#.to_owned(),
    ] {
        assert_eq!(Entry::from_export(0, line.as_bytes()).unwrap_err().code(), Code::ParseRecord, "{line}");
        let entry = Entry { number: 0, record: Some(line.into_bytes()), leaf: None };
        assert_eq!(entry.to_export().unwrap_err().code(), Code::ParseRecord);
    }
    let two = Entry { number: 0, record: Some(b"{}\n{}".to_vec()), leaf: None };
    assert_eq!(two.to_export().unwrap_err().code(), Code::ParseRecord);
    let none = Entry { number: 0, record: None, leaf: None };
    assert_eq!(none.to_export().unwrap_err().code(), Code::StateLogBroken);
}

#[test]
fn what_the_store_answers_ends_it() {
    let verifier = Verifier::new(&key(7).public_key(), &origin(), [], []).unwrap();
    let failing = [Err(Refusal::new(Code::StateUnreachable, "", "", ""))];
    assert_eq!(verify_log(verifier, failing, &mut |_| ()).unwrap_err().code(), Code::StateUnreachable);
}

#[derive(Clone, Debug)]
enum Edit {
    Remove(prop::sample::Index),
    Alter(prop::sample::Index, u8),
    Swap(prop::sample::Index, prop::sample::Index),
    Copy(prop::sample::Index, prop::sample::Index),
    Truncate(prop::sample::Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    use prop::sample::Index;
    prop_oneof![
        any::<Index>().prop_map(Edit::Remove),
        any::<(Index, u8)>().prop_map(|(place, bits)| Edit::Alter(place, bits)),
        any::<(Index, Index)>().prop_map(|(one, other)| Edit::Swap(one, other)),
        any::<(Index, Index)>().prop_map(|(from, to)| Edit::Copy(from, to)),
        any::<Index>().prop_map(Edit::Truncate),
    ]
}

proptest! {
    /// Whatever is done to it, a log that is proved up to 32 starts with the 32 records that were signed.
    #[test]
    fn what_is_proved_is_what_was_signed(edits in prop::collection::vec(edit(), 1..6)) {
        let mut log = records();
        for edit in edits {
            if log.is_empty() {
                break;
            }
            let length = log.len();
            match edit {
                Edit::Remove(place) => drop(log.remove(place.index(length))),
                Edit::Alter(place, bits) => log[place.index(length)][20] ^= bits,
                Edit::Swap(one, other) => log.swap(one.index(length), other.index(length)),
                Edit::Copy(from, to) => log.insert(to.index(length), log[from.index(length)].clone()),
                Edit::Truncate(length) => log.truncate(length.index(log.len())),
            }
        }
        let same = log.len() >= PROVED && log[..PROVED] == records()[..PROVED];
        match answer(&covered_up(&log)) {
            Ok(report) => prop_assert!(same && report.proved_up_to() == 32),
            Err(code) => prop_assert!(!same && code == Code::StateLogBroken),
        }
    }
}
