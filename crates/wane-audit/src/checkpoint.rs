//! Checkpoints: heads of the log as signed notes (C2SP tlog-checkpoint and signed-note).

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding as _};
use wane::{Code, LedgerId, PublicKey, Refusal, Signer};

use crate::hash::Hash;
use crate::note::{self, SignatureLine};

/// Bytes of a checkpoint's text that are read: room for the 16 signatures a note may have.
const TEXT_BYTES: usize = 16 * 1024;

/// Bytes of an origin.
const ORIGIN_BYTES: usize = 200;

/// What names one log, in its checkpoints and in each of its records: a line like an address without a scheme. It is the
/// name of the checkpoint key too.
///
/// ```
/// use wane::LedgerId;
/// use wane_audit::Origin;
/// let origin = Origin::of_ledger(LedgerId::from_bytes([0x5e; 16]));
/// assert_eq!(origin.as_str(), "wane.dev/ledger/5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e");
/// assert!(Origin::new("two words").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(Box<str>);

impl Origin {
    /// An origin: 1 to 200 printable ASCII characters without spaces and `+`.
    ///
    /// # Errors
    /// `parse-checkpoint` for anything else.
    pub fn new(text: &str) -> Result<Self, Refusal> {
        // spec: A16
        let fits = (1..=ORIGIN_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'+');
        if fits { Ok(Self(text.into())) } else { Err(refuse("its origin is not a short line without spaces and `+`")) }
    }

    /// That of the log of this ledger.
    #[must_use]
    pub fn of_ledger(ledger: LedgerId) -> Self {
        Self(format!("wane.dev/ledger/{ledger}").into())
    }

    /// The line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Origin {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::new(text)
    }
}

/// A head of a log: how many records it has, and the root of the tree over them.
///
/// The key that signs checkpoints signs nothing else: whoever can make it sign other things might make it sign a head.
///
/// ```
/// use wane::SecretKey;
/// use wane_audit::{Checkpoint, Hash, Origin, SignedCheckpoint};
/// let key = SecretKey::from_seed([7; 32]);
/// let origin = Origin::new("example.com/log")?;
/// let head = Checkpoint { origin: origin.clone(), size: 1, root: Hash::of_leaf(b"one record") };
/// let signed = head.clone().sign(&key)?;
///
/// let read: SignedCheckpoint = signed.text().parse()?;
/// assert_eq!(read.claimed(), &head);
/// assert_eq!(read.verify(&key.public_key(), &origin)?, &head);
/// let other = SecretKey::from_seed([8; 32]).public_key();
/// assert_eq!(read.verify(&other, &origin).unwrap_err().code(), wane::Code::StateCheckpointKey);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many records it has.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// Signs it. The signature is checked before it is given out.
    ///
    /// # Errors
    /// `use-signer` where the key cannot sign.
    pub fn sign(self, signer: &dyn Signer) -> Result<SignedCheckpoint, Refusal> {
        let body = self.body();
        let failed = |reason: &dyn fmt::Display| Refusal::new(Code::UseSigner, "checkpoint", reason, "");
        let signature = signer.sign(body.as_bytes()).map_err(|error| failed(&error))?;
        let key = signer.public_key();
        if !key.has_signed(body.as_bytes(), &signature) {
            return Err(failed(&"its signature does not fit its key"));
        }
        let line = SignatureLine::new(self.origin.as_str(), &key, &signature);
        Ok(SignedCheckpoint {
            text: format!("{body}\n{line}\n"),
            body_bytes: body.len(),
            signatures: vec![line],
            claimed: self,
        })
    }

    /// What is signed: three lines.
    fn body(&self) -> String {
        // spec: A15
        format!("{}\n{}\n{}\n", self.origin, self.size, Base64::encode_string(self.root.as_bytes()))
    }

    fn from_body(body: &str) -> Result<Self, Refusal> {
        let mut lines = body.split_terminator('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(refuse("it does not have exactly the lines origin, size and root"));
        };
        let number: u64 = size.parse().map_err(|_| refuse("its size is not a number"))?;
        let mut hash = [0; 32];
        let decoded = Base64::decode(root, &mut hash).map(<[u8]>::len);
        if decoded != Ok(32) {
            return Err(refuse("its root is not 32 bytes in base64"));
        }
        let head = Self { origin: Origin::new(origin)?, size: number, root: Hash::from_bytes(hash) };
        // Another spelling of the same head (`+1`, `01`) is another text.
        if head.body() == body { Ok(head) } else { Err(refuse("its size or root has another spelling")) }
    }
}

/// A checkpoint as read: well-formed, and not believed until it is verified.
///
/// ```
/// use wane_audit::SignedCheckpoint;
/// assert!("example.com/log\n1\n\n".parse::<SignedCheckpoint>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    text: String,
    body_bytes: usize,
    claimed: Checkpoint,
    signatures: Vec<SignatureLine>,
}

impl SignedCheckpoint {
    /// The text, which ends in LF.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it claims. Nobody has vouched for it yet.
    #[must_use]
    pub const fn claimed(&self) -> &Checkpoint {
        &self.claimed
    }

    /// What it says, once this key has signed it and it is of this log. Signatures of other keys are passed over.
    ///
    /// # Errors
    /// `state-checkpoint-key` where this key has not signed it, or it is of another log.
    pub fn verify(&self, key: &PublicKey, origin: &Origin) -> Result<&Checkpoint, Refusal> {
        // spec: A17 A18
        let other = |found: fmt::Arguments<'_>| Refusal::new(Code::StateCheckpointKey, "checkpoint", found, origin);
        if self.claimed.origin != *origin {
            return Err(other(format_args!("it is of the log {}", self.claimed.origin)));
        }
        let body = self.text.as_bytes().get(..self.body_bytes).unwrap_or_default();
        let ours: Vec<&SignatureLine> =
            self.signatures.iter().filter(|line| line.is_by(origin.as_str(), key)).collect();
        if ours.is_empty() {
            return Err(other(format_args!("the key {} has not signed it", key.hint())));
        }
        if !ours.iter().all(|line| line.fits(key, body)) {
            return Err(other(format_args!("the signature named after the key {} is not its", key.hint())));
        }
        Ok(&self.claimed)
    }
}

impl FromStr for SignedCheckpoint {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.len() > TEXT_BYTES {
            return Err(refuse(&format!("it has {} bytes, at most {TEXT_BYTES} are read", text.len())));
        }
        let (body, signatures) = note::split(text).map_err(refuse)?;
        let claimed = Checkpoint::from_body(body)?;
        Ok(Self { text: text.to_owned(), body_bytes: body.len(), claimed, signatures })
    }
}

fn refuse(reason: &str) -> Refusal {
    Refusal::new(Code::ParseCheckpoint, "checkpoint", reason, "")
}
