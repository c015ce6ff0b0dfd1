//! The log's secret: values that a record does not show stand in it as keyed digests.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use wane::{BlockId, Code, Hex, KeyHint, Refusal, Value};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::{as_text, hex};

/// What the key of a record is derived under.
const PURPOSE: &[u8] = b"wane1.audit.record";

/// What the key of a session's returned values is derived under.
const SEEN: &[u8] = b"wane1.seen";

/// A record's random id: 32 hexadecimal digits.
///
/// ```
/// use wane_audit::RecordId;
/// let id = RecordId::from_bytes([1; 16]);
/// assert_eq!(id.to_string().parse::<RecordId>()?, id);
/// assert_eq!(id.as_bytes(), &[1; 16]);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct RecordId([u8; 16]);

/// Eight bytes that name a key or a secret without giving it away: 16 hexadecimal digits.
///
/// ```
/// use wane_audit::Hint;
/// let key = wane::SecretKey::from_seed([7; 32]).public_key();
/// assert_eq!(Hint::from(key.hint()).to_string(), key.hint().to_string());
/// assert_eq!(Hint::from_bytes([1; 8]).as_bytes(), &[1; 8]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Hint([u8; 8]);

/// A keyed digest: what stands in a record for a value that it does not show. 64 hexadecimal digits.
///
/// ```
/// use wane_audit::Keyed;
/// assert_eq!(Keyed::from_bytes([1; 32]).to_string(), "01".repeat(32));
/// assert_eq!(Keyed::from_bytes([1; 32]).as_bytes(), &[1; 32]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Keyed([u8; 32]);

macro_rules! bytes {
    ($name:ident, $len:literal) => {
        impl $name {
            /// The one with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&Hex(&self.0), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&Hex(&self.0), f)
            }
        }

        impl FromStr for $name {
            type Err = Refusal;

            fn from_str(text: &str) -> Result<Self, Refusal> {
                hex::read(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                as_text::serialize(self, to)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refusal;

            fn try_from(text: String) -> Result<Self, Refusal> {
                text.parse()
            }
        }
    };
}

bytes!(RecordId, 16);
bytes!(Hint, 8);
bytes!(Keyed, 32);

impl From<KeyHint> for Hint {
    fn from(hint: KeyHint) -> Self {
        Self(*hint.as_bytes())
    }
}

/// The secret of a log, 32 random bytes, wiped when dropped. Whoever has it can test guesses about every record; it is kept
/// away from the log. Its text form is 64 hexadecimal digits, with at most one LF behind them.
///
/// ```
/// use wane_audit::{LogSecret, RecordId};
/// let secret = LogSecret::from_bytes([7; 32]);
/// let id = RecordId::from_bytes([1; 16]);
/// let kept = secret.digest(&id, "/path", b"/data/hr/people.csv");
/// assert_ne!(kept, secret.digest(&RecordId::from_bytes([2; 16]), "/path", b"/data/hr/people.csv"));
///
/// // One record is opened to an auditor, who can then check a guess about it and about no other.
/// let revealed = secret.record_key(&id);
/// assert!(revealed.opens(&kept, "/path", b"/data/hr/people.csv"));
/// assert!(!revealed.opens(&kept, "/path", b"/data/hr/salaries.csv"));
///
/// assert_eq!(format!("{secret:?}"), format!("LogSecret({})", secret.hint()));
/// assert_eq!(LogSecret::parse(&secret.expose_text())?.hint(), secret.hint());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(ZeroizeOnDrop)]
pub struct LogSecret([u8; 32]);

impl LogSecret {
    /// The secret with these random bytes, which are wiped where they are.
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let secret = Self(bytes);
        bytes.zeroize();
        secret
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// `state-log-secret` for anything else; it does not repeat what it read.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let digits = text.strip_suffix('\n').unwrap_or(text);
        let bytes =
            hex::read_all(digits).map(Zeroizing::new).and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
        bytes.map(Self::from_bytes).ok_or_else(|| {
            let found = "it is not 64 lower-case hexadecimal digits";
            Refusal::new(Code::StateLogSecret, "log", found, "another")
        })
    }

    /// The text form, for the one place where the secret is kept.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        Zeroizing::new(Hex(&self.0).to_string())
    }

    /// The first eight bytes of SHA-256 of the secret: how records and the ledger name it.
    #[must_use]
    pub fn hint(&self) -> Hint {
        // spec: A5
        let hash: [u8; 32] = Sha256::digest(self.0).into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        Hint([a, b, c, d, e, f, g, h])
    }

    /// The key of one record. Revealing it opens that record to guesses, and no other.
    #[must_use]
    pub fn record_key(&self, id: &RecordId) -> RecordKey {
        // spec: A6
        RecordKey(hmac(&self.0, &[PURPOSE, &id.0]).finalize().into_bytes().into())
    }

    /// The keyed digest of a value in one record. `field` says where the value stands, as [`RecordKey::digest`] has it.
    #[must_use]
    pub fn digest(&self, id: &RecordId, field: &str, value: &[u8]) -> Keyed {
        self.record_key(id).digest(field, value)
    }
}

impl LogSecret {
    /// The key under which a ledger keeps what was returned in one session, which is named by the first one of its line.
    #[must_use]
    pub fn seen_key(&self, session: BlockId) -> SeenKey {
        // spec: S92
        SeenKey(RecordKey(hmac(&self.0, &[SEEN, session.as_bytes()]).finalize().into_bytes().into()))
    }
}

/// The key of what was returned in one session: whoever has it can test guesses about that session.
///
/// ```
/// use wane::{BlockId, Value};
/// use wane_audit::{LogSecret, SeenKey};
/// let secret = LogSecret::from_bytes([7; 32]);
/// let key: SeenKey = secret.seen_key(BlockId::from_bytes([1; 32]));
/// let other = secret.seen_key(BlockId::from_bytes([2; 32]));
/// assert_ne!(key.digest("crm.ids", &Value::integer(7)?), other.digest("crm.ids", &Value::integer(7)?));
/// assert_ne!(key.digest("crm.ids", &Value::integer(7)?), key.digest("crm.ids", &Value::text("7")?));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
pub struct SeenKey(RecordKey);

impl SeenKey {
    /// The keyed digest of a value that this source returned.
    #[must_use]
    pub fn digest(&self, source: &str, value: &Value) -> Keyed {
        self.0.digest(source, &value.to_cbor())
    }
}

impl fmt::Debug for LogSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogSecret({})", self.hint())
    }
}

/// The key of one record, wiped when dropped and not shown by `Debug`. Its text form is 64 hexadecimal digits.
///
/// ```
/// use wane_audit::{LogSecret, RecordId, RecordKey};
/// let key = LogSecret::from_bytes([7; 32]).record_key(&RecordId::from_bytes([1; 16]));
/// let told = RecordKey::parse(&key.expose_text())?;
/// assert!(told.opens(&key.digest("@env", b"prod"), "@env", b"prod"));
/// assert_eq!(format!("{key:?}"), "RecordKey");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(ZeroizeOnDrop)]
pub struct RecordKey([u8; 32]);

impl RecordKey {
    /// Reads the text form.
    ///
    /// # Errors
    /// `parse-name` for anything else.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        hex::read(text).map(Self).map_err(|_| Refusal::new(Code::ParseName, "key", "...", "64 hexadecimal digits"))
    }

    /// The text form: what an auditor is told.
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        Zeroizing::new(Hex(&self.0).to_string())
    }

    /// The keyed digest of a value. `field` is where it stands: a JSON Pointer for an argument, `arguments` for all of them,
    /// `@name` or `@said.name` for a fact, `request` for the digest of the request.
    #[must_use]
    pub fn digest(&self, field: &str, value: &[u8]) -> Keyed {
        Keyed(self.mac(field, value).finalize().into_bytes().into())
    }

    /// Whether this value is the one that the record has there; in constant time.
    #[must_use]
    pub fn opens(&self, kept: &Keyed, field: &str, guess: &[u8]) -> bool {
        self.mac(field, guess).verify_slice(&kept.0).is_ok()
    }

    fn mac(&self, field: &str, value: &[u8]) -> Hmac<Sha256> {
        // spec: A7
        let length = u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes();
        hmac(&self.0, &[&length, field.as_bytes(), value])
    }
}

impl fmt::Debug for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordKey")
    }
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> Hmac<Sha256> {
    // A key shorter than a block counts as if zeros followed it.
    let mut block = Zeroizing::new([0; 64]);
    if let Some(front) = block.first_chunk_mut() {
        *front = *key;
    }
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    parts.iter().for_each(|part| mac.update(part));
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mac_is_that_of_rfc_4231() {
        // Test case 1 has a key of 20 bytes; zeros behind it are what a shorter key means.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let found: [u8; 32] = hmac(&key, &[b"Hi ", b"There"]).finalize().into_bytes().into();
        assert_eq!(Hex(&found).to_string(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }

    #[test]
    fn field_and_value_do_not_run_together() {
        let key = RecordKey([7; 32]);
        assert_ne!(key.digest("/a", b"bc"), key.digest("/ab", b"c"));
        assert_ne!(key.digest("", b"/a"), key.digest("/a", b""));
    }

    #[test]
    fn nothing_shows_a_secret() {
        let secret = LogSecret::from_bytes([0x5e; 32]);
        let key = secret.record_key(&RecordId([1; 16]));
        let shown = format!("{secret:?} {key:?}");
        assert!(!shown.contains("5e5e5e") && !shown.contains(&*key.expose_text()));
        let wrong = format!("{}5g", "5e".repeat(31));
        for text in ["", "5e", wrong.as_str(), &"5E".repeat(32), &format!("{}\n\n", "5e".repeat(32))] {
            let refusal = LogSecret::parse(text).unwrap_err();
            assert_eq!(refusal.code(), Code::StateLogSecret);
            assert!(!refusal.to_string().contains("5e") && !refusal.to_string().contains("5E"), "{refusal}");
            assert_eq!(RecordKey::parse(text).unwrap_err().code(), Code::ParseName);
        }
        assert!(LogSecret::parse(&format!("{}\n", "5e".repeat(32))).is_ok());
    }
}
