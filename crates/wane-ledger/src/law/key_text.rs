//! Public keys as rows hold them.

use std::fmt;

use serde::{Deserialize, Serialize};
use wane::{PublicKey, Refusal};

/// The text form of a public key. It was a key when it was written, and every decision reads some: to find the point of each
/// again would take longer than all else that a decision does. Whoever needs the key itself [parses](KeyText::key) it.
///
/// ```
/// use wane_ledger::KeyText;
/// let key = wane::SecretKey::from_seed([7; 32]).public_key();
/// let text = KeyText::from(&key);
/// assert_eq!((text.to_string(), text.key()?), (key.to_string(), key));
/// assert!(text.is(&key));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyText(String);

/// What every key's text starts with, and its length in bytes with the 43 characters behind it.
const START: &str = "wane1.key.";
const BYTES: usize = 53;

impl KeyText {
    /// The key.
    ///
    /// # Errors
    /// `parse-*` where it is none.
    pub fn key(&self) -> Result<PublicKey, Refusal> {
        self.0.parse()
    }

    /// Whether it is this key's.
    #[must_use]
    pub fn is(&self, key: &PublicKey) -> bool {
        *self == Self::from(key)
    }
}

impl From<&PublicKey> for KeyText {
    fn from(key: &PublicKey) -> Self {
        Self(key.to_string())
    }
}

impl TryFrom<String> for KeyText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // spec: S13
        match text.strip_prefix(START) {
            Some(rest) if text.len() == BYTES && rest.bytes().all(is_base64url) => Ok(Self(text)),
            _ => Err("no text of a public key"),
        }
    }
}

const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

impl fmt::Display for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
