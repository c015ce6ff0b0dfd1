//! Checkpoints: one text, one key, one log.

use wane::{Code, PublicKey, SecretKey, Signer, SignerError};
use wane_audit::{Checkpoint, Hash, Origin, SignedCheckpoint};

fn key() -> SecretKey {
    SecretKey::from_seed([7; 32])
}

fn origin() -> Origin {
    Origin::new("example.com/log").unwrap()
}

fn signed() -> SignedCheckpoint {
    Checkpoint { origin: origin(), size: 20, root: Hash::of_leaf(b"root") }.sign(&key()).unwrap()
}

#[test]
fn it_reads_as_the_specification_shows_it() {
    let signed = signed();
    let lines: Vec<&str> = signed.text().split('\n').collect();
    assert_eq!(&lines[..2], ["example.com/log", "20"]);
    assert_eq!(lines[2].len(), 44);
    assert_eq!(lines[3], "");
    assert!(lines[4].starts_with("\u{2014} example.com/log "), "{}", lines[4]);
    assert_eq!(lines[5..], [""]);
    assert_eq!(signed.text().parse::<SignedCheckpoint>().unwrap(), signed);
}

#[test]
fn every_other_text_is_refused() {
    let text = signed().text().to_owned();
    let root = text.lines().nth(2).unwrap().to_owned();
    for other in [
        String::new(),
        text.replace("\n20\n", "\n020\n"),
        text.replace("\n20\n", "\n+20\n"),
        text.replace("\n20\n", "\n-20\n"),
        text.replace("\n20\n", "\n 20\n"),
        text.replace("\n20\n", "\n2e1\n"),
        text.replace("\n20\n", "\n18446744073709551616\n"),
        text.replace("\n20\n", "\n20\nmore\n"),
        text.replace("\n20\n", "\n"),
        text.replace(&root, root.trim_end_matches('=')),
        text.replace(&root, &format!("{}A", &root[..43])),
        text.replace(&root, "AAAA"),
        text.replace("example.com/log\n20", "example.com/a log\n20"),
        text.replace("example.com/log\n20", "example.com/a+log\n20"),
        text.replace("example.com/log\n20", "\n20"),
        text.replace("example.com/log\n20", &format!("{}\n20", "a".repeat(201))),
        text.replace('\n', "\r\n"),
        text.trim_end().to_owned(),
        format!("{text}\n"),
        format!("{text}{}", text.lines().last().unwrap()),
        format!("{text}{}", format!("{}\n", text.lines().last().unwrap()).repeat(16)),
        "a".repeat(17_000),
    ] {
        let refusal = other.parse::<SignedCheckpoint>().unwrap_err();
        assert_eq!(refusal.code(), Code::ParseCheckpoint, "{other}");
    }
}

#[test]
fn every_altered_byte_is_noticed() {
    let text = signed().text().to_owned();
    let public = key().public_key();
    for place in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let Ok(altered) = String::from_utf8(bytes) else { continue };
            let answer = altered.parse::<SignedCheckpoint>().and_then(|read| read.verify(&public, &origin()).cloned());
            let code = answer.unwrap_err().code();
            assert!([Code::ParseCheckpoint, Code::StateCheckpointKey].contains(&code), "{altered}");
        }
    }
}

#[test]
fn another_key_or_log_does_not_count() {
    let signed = signed();
    let code = |key: PublicKey, origin: &Origin| signed.verify(&key, origin).unwrap_err().code();
    assert_eq!(code(SecretKey::from_seed([8; 32]).public_key(), &origin()), Code::StateCheckpointKey);
    let elsewhere = Origin::new("example.com/other").unwrap();
    assert_eq!(code(key().public_key(), &elsewhere), Code::StateCheckpointKey);
    // Signed by the right key, under the name of another log.
    let renamed = Checkpoint { origin: elsewhere, ..signed.claimed().clone() }.sign(&key()).unwrap();
    let line = renamed.text().lines().last().unwrap();
    let mixed = signed.text().replace(signed.text().lines().last().unwrap(), line);
    let mixed: SignedCheckpoint = mixed.parse().unwrap();
    assert_eq!(mixed.verify(&key().public_key(), &origin()).unwrap_err().code(), Code::StateCheckpointKey);
}

#[test]
fn signatures_of_others_are_passed_over_and_none_of_ours_may_fail() {
    let signed = signed();
    let other = signed.claimed().clone().sign(&SecretKey::from_seed([8; 32])).unwrap();
    let line = |signed: &SignedCheckpoint| signed.text().lines().last().unwrap().to_owned();
    let with = |line: &str| format!("{}{line}\n", signed.text()).parse::<SignedCheckpoint>().unwrap();
    let public = key().public_key();
    assert!(with(&line(&other)).verify(&public, &origin()).is_ok());

    let another_head = Checkpoint { size: 21, ..signed.claimed().clone() }.sign(&key()).unwrap();
    let refusal = with(&line(&another_head)).verify(&public, &origin()).unwrap_err();
    assert_eq!(refusal.code(), Code::StateCheckpointKey);
}

/// A device that answers with a signature over something else.
struct Wrong;

impl Signer for Wrong {
    fn public_key(&self) -> PublicKey {
        key().public_key()
    }

    fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], SignerError> {
        key().sign(&bytes[1..])
    }
}

#[test]
fn a_signature_that_does_not_fit_is_not_given_out() {
    let head = signed().claimed().clone();
    assert_eq!(head.sign(&Wrong).unwrap_err().code(), Code::UseSigner);
}
