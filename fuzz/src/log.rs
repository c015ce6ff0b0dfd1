//! Heads, proofs, frontiers and exports of a log, against RFC 6962 written down naively and against signed notes taken apart by
//! hand.

use serde_json::{Value, json};
use wane::{Code, Refusal};
use wane_audit::{
    Checkpoint, Consistency, Entry, Frontier, Hash, Inclusion, Origin, SignedCheckpoint, Verifier, verify_log,
};

use crate::choices::Choices;
use crate::{check, forge, json as second, tree};

/// Byte 0: what the rest is.
pub fn run(data: &[u8]) {
    let [how, rest @ ..] = data else { return };
    let text = || std::str::from_utf8(rest).ok();
    match how % 5 {
        0 => {
            if let Some(text) = text() {
                head(text);
            }
        }
        1 => {
            if let Some(text) = text() {
                proof(text);
            }
        }
        2 => frontier(rest),
        3 => export(rest),
        _ => whole_log(&mut Choices(rest)),
    }
}

fn origin() -> Origin {
    Origin::new("example.com/log").expect("an origin")
}

/// A checkpoint that is read has exactly this form, and believing it takes our signature.
fn head(text: &str) {
    let read: SignedCheckpoint = match text.parse() {
        Ok(read) => read,
        Err(refusal) => {
            check::refusal(&refusal);
            return assert_eq!(refusal.code(), Code::ParseCheckpoint);
        }
    };
    assert_eq!(read.text(), text);
    let (body, lines) = text.split_once("\n\n").expect("an empty line before the signatures");
    let claimed = read.claimed();
    let root = claimed.root.as_bytes();
    assert_eq!(body, format!("{}\n{}\n{}", claimed.origin, claimed.size, base64(root)));
    let lines: Vec<&str> = lines.strip_suffix('\n').expect("lines end").split('\n').collect();
    assert!((1..=16).contains(&lines.len()) && lines.iter().all(|line| line.starts_with("\u{2014} ")), "{lines:?}");

    let key = forge::key(7);
    let signed = claimed.clone().sign(key).expect("keys in memory sign");
    let ours = signed.text().lines().last().expect("a signature");
    match read.verify(&key.public_key(), &origin()) {
        Ok(verified) => {
            assert_eq!(verified, claimed);
            // Ed25519 keys here sign one text in one way.
            assert!(claimed.origin == origin() && lines.contains(&ours), "believed without our signature");
        }
        Err(refusal) => {
            check::refusal(&refusal);
            assert_eq!(refusal.code(), Code::StateCheckpointKey);
            assert!(claimed.origin != origin() || lines.iter().any(|line| *line != ours), "{refusal:?}");
        }
    }
    let again: SignedCheckpoint = signed.text().parse().expect("it was just signed");
    assert_eq!(again, signed);
    assert_eq!(again.verify(&key.public_key(), &claimed.origin), Ok(claimed));
}

/// RFC 4648 section 4, padded, for 32 bytes.
fn base64(bytes: &[u8; 32]) -> String {
    let url = crate::text::encode("x", bytes);
    let letters = url.strip_prefix("wane1.x.").expect("its prefix").replace('-', "+").replace('_', "/");
    format!("{letters}=")
}

/// A proof is read where it is exactly these members, and holds where it is the one that there is.
fn proof(text: &str) {
    let stated = second::without_duplicates(text);
    let refused = |refusal: &Refusal| {
        check::refusal(refusal);
        assert_eq!(refusal.code(), Code::ParseProof);
    };
    let leaves: Vec<tree::Node> = (0..11_u8).map(|number| tree::leaf(&[number])).collect();
    let head = |size: u64| {
        let known = usize::try_from(size).ok().and_then(|size| leaves.get(..size)).unwrap_or(&leaves);
        Checkpoint { origin: origin(), size, root: Hash::from_bytes(tree::root(known)) }
    };
    let hashes = |path: Vec<tree::Node>| -> Vec<String> {
        path.into_iter().map(|node| Hash::from_bytes(node).to_string()).collect()
    };
    match Inclusion::from_json(text) {
        Ok(proof) => {
            let stated = stated.as_ref().expect("a member stands twice");
            assert_eq!(second::without_duplicates(&proof.to_json()).as_ref(), Some(stated));
            assert_eq!(Inclusion::from_json(&proof.to_json()).as_ref(), Ok(&proof));
            let (record, size) = (proof.record(), proof.size());
            assert_eq!((stated["record"].as_u64(), stated["size"].as_u64()), (Some(record), Some(size)));
            let known = size <= 11 && record < size;
            let place = if known { record as usize } else { 0 };
            let answer = proof.verify(&Hash::from_bytes(leaves[place]), &head(size));
            let right = known && stated["path"] == json!(hashes(tree::path(place, &leaves[..size as usize])));
            assert_eq!(answer.is_ok(), right, "{answer:?}");
            answer.err().iter().for_each(check::refusal);
        }
        Err(refusal) => refused(&refusal),
    }
    match Consistency::from_json(text) {
        Ok(proof) => {
            let stated = stated.as_ref().expect("a member stands twice");
            assert_eq!(second::without_duplicates(&proof.to_json()).as_ref(), Some(stated));
            assert!(Inclusion::from_json(text).is_err(), "two proofs in one");
            let (from, to) = (proof.from_size(), proof.to_size());
            let answer = proof.verify(&head(from), &head(to));
            let expected = match (from, to) {
                (from, to) if from > to => None,
                // Nothing needs to be shown of an empty log, or of one and the same, however large.
                (from, to) if from == 0 || from == to => Some(Vec::new()),
                // Of what has more leaves than are known here, no proof leads to the root that is shown.
                (from, to) => leaves.get(..to as usize).map(|leaves| tree::proof(from as usize, leaves)),
            };
            let right = expected.is_some_and(|path| stated["path"] == json!(hashes(path)));
            assert_eq!(answer.is_ok(), right, "{answer:?}");
            answer.err().iter().for_each(check::refusal);
        }
        Err(refusal) => refused(&refusal),
    }
    let word = stated.as_ref().and_then(|stated: &Value| stated["proof"].as_str());
    assert!(matches!(word, Some("inclusion" | "consistency")) || Inclusion::from_json(text).is_err());
}

fn frontier(bytes: &[u8]) {
    let ones = bytes.first_chunk::<8>().map(|size| u64::from_be_bytes(*size).count_ones() as usize);
    match Frontier::from_bytes(bytes) {
        Ok(mut read) => {
            assert_eq!(read.to_bytes(), bytes);
            assert_eq!(Some(bytes.len()), ones.map(|ones| 8 + 32 * ones));
            let text = serde_json::to_string(&read).expect("json");
            assert_eq!(serde_json::from_str::<Frontier>(&text).ok().as_ref(), Some(&read));
            let size = read.size();
            match read.append(Hash::EMPTY) {
                Ok(()) => assert_eq!((read.size(), read.to_bytes().len() % 32), (size + 1, 8)),
                Err(refusal) => assert_eq!((refusal.code(), size), (Code::StateLogBroken, u64::MAX)),
            }
        }
        Err(refusal) => {
            check::refusal(&refusal);
            assert_eq!(refusal.code(), Code::ParseProof);
            assert_ne!(Some(bytes.len()), ones.map(|ones| 8 + 32 * ones));
        }
    }
}

/// Lines as an export has them: each comes back, and all together have the root that their leaves have.
fn export(bytes: &[u8]) {
    let mut leaves = Vec::new();
    let mut entries = Vec::new();
    for (number, line) in (0..).zip(bytes.split_inclusive(|byte| *byte == b'\n').take(64)) {
        let entry = match Entry::from_export(number, line) {
            Ok(entry) => entry,
            Err(refusal) => {
                check::refusal(&refusal);
                return assert_eq!(refusal.code(), Code::ParseRecord);
            }
        };
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        assert_ne!(entry.record.is_some(), entry.leaf.is_some());
        if let Some(record) = &entry.record {
            assert_eq!(record, body);
            leaves.push(tree::leaf(body));
        }
        let again = entry.to_export().expect("it was read from one");
        assert_eq!(Entry::from_export(number, &again).as_ref(), Ok(&entry));
        assert!(entry.record.is_none() || again == [body, b"\n"].concat());
        leaves.extend(entry.leaf.map(|leaf| *leaf.as_bytes()));
        entries.push(entry);
    }
    let unbroken = entries.iter().all(|entry| entry.record.is_some());
    let verifier = Verifier::new(&forge::root(), &origin(), [], []).expect("no checkpoint");
    match verify_log(verifier, entries.into_iter().map(Ok), &mut |_| ()) {
        Ok(report) => {
            assert!(unbroken && report.records == leaves.len() as u64 && report.proved.is_none());
            assert_eq!(report.root.as_bytes(), &tree::root(&leaves));
        }
        // What was pruned must be covered by a checkpoint.
        Err(refusal) => assert!(!unbroken && refusal.code() == Code::StateLogBroken, "{refusal:?}"),
    }
}

/// A log, its heads and what may have happened to it since: only what was appended verifies.
fn whole_log(choices: &mut Choices<'_>) {
    let count = choices.below(40);
    let lines: Vec<Vec<u8>> = (0..count).map(|number| vec![number as u8, choices.byte()]).collect();
    let leaves: Vec<tree::Node> = lines.iter().map(|line| tree::leaf(line)).collect();
    let mut log = Frontier::new();
    for (size, leaf) in leaves.iter().enumerate() {
        assert_eq!(log.root().as_bytes(), &tree::root(&leaves[..size]));
        log.append(Hash::from_bytes(*leaf)).expect("room");
    }
    let key = forge::key(7);
    let sign = |size: usize, leaves: &[tree::Node]| {
        let root = Hash::from_bytes(tree::root(&leaves[..size]));
        Checkpoint { origin: origin(), size: size as u64, root }.sign(key).expect("keys in memory sign")
    };
    let covered = choices.below(count + 1);
    let head = sign(covered, &leaves);
    proofs(&leaves, covered, choices);

    // The log as it was, with a pruned part, or with one record altered, gone, twice or moved.
    let (mut kept, mut honest) = (lines.clone(), true);
    let at = choices.below(count + 1);
    let pruned = if choices.one_in(4) { choices.one_of(&[0, covered, at]) } else { 0 };
    let within = at < covered;
    match choices.below(6) {
        0 if at < count => kept[at][1] ^= 1 + choices.byte() % 255,
        1 if at < count => drop(kept.remove(at)),
        2 if at < count => kept.insert(at, lines[at].clone()),
        3 if at + 1 < count => kept.swap(at, at + 1),
        4 => kept.truncate(at),
        _ => {}
    }
    honest &= kept.get(..covered) == lines.get(..covered);
    let entries = (0..).zip(&kept).map(|(number, line)| {
        let gone = number < pruned as u64;
        let leaf = gone.then(|| Hash::of_leaf(line));
        Ok(Entry { number, record: (!gone).then(|| line.clone()), leaf })
    });
    let verifier = Verifier::new(&key.public_key(), &origin(), [head.clone()], []).expect("our own checkpoint");
    let answer = verify_log(verifier, entries, &mut |_| ());
    honest &= pruned.min(kept.len()) == 0 || pruned == covered;
    match answer {
        Ok(report) => {
            assert!(honest, "{report:?}: {at}, {pruned}, {within}");
            assert_eq!((report.proved_up_to(), report.records), (covered as u64, kept.len() as u64));
        }
        Err(refusal) => {
            check::refusal(&refusal);
            assert!(!honest && refusal.code() == Code::StateLogBroken, "{refusal:?}");
        }
    }
}

fn proofs(leaves: &[tree::Node], from: usize, choices: &mut Choices<'_>) {
    let head = |size: usize| {
        let root = Hash::from_bytes(tree::root(&leaves[..size]));
        Checkpoint { origin: origin(), size: size as u64, root }
    };
    let all = || leaves.iter().map(|leaf| Ok(Hash::from_bytes(*leaf)));
    let (size, count) = (leaves.len(), leaves.len() as u64);
    let path = |json: &str| second::without_duplicates(json).expect("json")["path"].clone();
    let hashes = |path: Vec<tree::Node>| -> Value {
        json!(path.into_iter().map(|node| Hash::from_bytes(node).to_string()).collect::<Vec<_>>())
    };
    let proof = Consistency::prove(from as u64, count, all()).expect("a smaller size");
    assert_eq!(path(&proof.to_json()), hashes(tree::proof(from, leaves)));
    assert_eq!(proof.verify(&head(from), &head(size)), Ok(()));
    let record = choices.below(size + 1);
    match Inclusion::prove(record as u64, count, all()) {
        Ok(proof) => {
            assert_eq!(path(&proof.to_json()), hashes(tree::path(record, leaves)));
            assert_eq!(proof.verify(&Hash::from_bytes(leaves[record]), &head(size)), Ok(()));
            let other = leaves[choices.below(size)];
            assert_eq!(proof.verify(&Hash::from_bytes(other), &head(size)).is_ok(), other == leaves[record]);
        }
        Err(refusal) => assert!(record >= size && refusal.code() == Code::ParseProof, "{refusal:?}"),
    }
}
