//! Signed notes with Ed25519 (C2SP signed-note): a text, an empty line, and one line a signature.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};
use wane::PublicKey;

/// What starts a signature line: an em dash and a space.
const START: &str = "\u{2014} ";

/// Signatures of one note that are read.
const SIGNATURES: usize = 16;

/// The type of a plain Ed25519 signature.
const ED25519: u8 = 1;

/// `— NAME base64(key id ‖ signature)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignatureLine {
    name: Box<str>,
    /// The key's id, and behind it the signature, of another length for other kinds of key.
    bytes: Vec<u8>,
}

impl SignatureLine {
    pub(crate) fn new(name: &str, key: &PublicKey, signature: &[u8; 64]) -> Self {
        Self { name: name.into(), bytes: [key_id(name, key).as_slice(), signature].concat() }
    }

    /// Whether the line names this key. That it has signed is another question.
    pub(crate) fn is_by(&self, name: &str, key: &PublicKey) -> bool {
        *self.name == *name && self.bytes.first_chunk() == Some(&key_id(name, key))
    }

    /// Whether the signature is this key's over this text.
    pub(crate) fn fits(&self, key: &PublicKey, text: &[u8]) -> bool {
        let signature = self.bytes.get(4..).and_then(|bytes| bytes.try_into().ok());
        signature.is_some_and(|signature| key.has_signed(text, signature))
    }

    fn read(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(START)?.split_once(' ')?;
        let bytes = Base64::decode_vec(signature).ok()?;
        let named = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
        (named && bytes.len() > 4).then(|| Self { name: name.into(), bytes })
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{START}{} {}", self.name, Base64::encode_string(&self.bytes))
    }
}

/// The first four bytes of SHA-256 over the name, LF, the type and the key.
fn key_id(name: &str, key: &PublicKey) -> [u8; 4] {
    let hash: [u8; 32] =
        Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(key.as_bytes()).finalize().into();
    let [a, b, c, d, ..] = hash;
    [a, b, c, d]
}

/// The text of a note, its last LF included, and its signatures.
pub(crate) fn split(note: &str) -> Result<(&str, Vec<SignatureLine>), &'static str> {
    if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err("a control character stands in it");
    }
    // The last empty line divides, for the text may hold empty lines too.
    let divide = note.rfind("\n\n").ok_or("no empty line stands before the signatures")?;
    let (text, rest) = note.split_at_checked(divide.saturating_add(1)).ok_or("it is cut")?;
    let lines =
        rest.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n')).ok_or("it does not end in a line")?;
    let signatures: Vec<_> = lines.split('\n').map(SignatureLine::read).take(SIGNATURES + 1).collect();
    if signatures.len() > SIGNATURES {
        return Err("it has more than 16 signatures");
    }
    let signatures: Option<Vec<_>> = signatures.into_iter().collect();
    Ok((text, signatures.ok_or("a line behind the empty line is not a signature")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key as Go's `sumdb/note` and the specification write it: `NAME+ID+base64(type ‖ key)`.
    fn verifier(text: &str) -> (&str, [u8; 4], PublicKey) {
        let mut parts = text.splitn(3, '+');
        let (name, id, key) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let key = Base64::decode_vec(key).unwrap();
        assert_eq!(key[0], ED25519);
        let id = u32::from_str_radix(id, 16).unwrap().to_be_bytes();
        (name, id, PublicKey::from_bytes(key[1..].try_into().unwrap()).unwrap())
    }

    /// Published notes: the example of Go's package `note`, and the head that the specification of checkpoints shows, under
    /// the name and with the key of the log that signed it.
    const PUBLISHED: [(&str, &str); 2] = [
        (
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "If you think cryptography is the answer to your problem,\n\
             then you don't know what your problem is.\n\n\
             — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
        ),
        (
            "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
            "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
             — sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n",
        ),
    ];

    #[test]
    fn published_notes_are_verified() {
        for (key, note) in PUBLISHED {
            let (name, id, key) = verifier(key);
            assert_eq!(key_id(name, &key), id);
            let (text, signatures) = split(note).unwrap();
            assert_eq!(signatures.len(), 1);
            assert!(signatures[0].is_by(name, &key) && signatures[0].fits(&key, text.as_bytes()), "{name}");
            assert!(!signatures[0].fits(&key, &text.as_bytes()[1..]));
            assert_eq!(format!("{text}\n{}\n", signatures[0]), note);
        }
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let (_, note) = PUBLISHED[0];
        for other in [
            "",
            "\n",
            "\n\n",
            "text\n",
            "text\n\n",
            "text\n\n\n",
            &note.replace("\n\n", "\n"),
            note.trim_end(),
            &format!("{note}\n"),
            &format!("{note}more\n"),
            &note.replace('\u{2014}', "-"),
            &note.replace("then", "th\ten"),
            &note.replace("\n\n", "\r\n\r\n"),
            &note.replace("PeterNeumann ", "Peter+Neumann "),
            &note.replace("PeterNeumann ", " "),
            &note.replace("nAM=", "nAM"),
            &note.replace("nAM=", "nAN="),
            &note.replace(" x08g", " x08g "),
        ] {
            assert!(split(other).is_err(), "{other:?}");
        }
        let line = note.lines().last().unwrap();
        let many = |count| format!("text\n\n{}", format!("{line}\n").repeat(count));
        assert_eq!(split(&many(16)).unwrap().1.len(), 16);
        assert!(split(&many(17)).is_err());
    }
}
