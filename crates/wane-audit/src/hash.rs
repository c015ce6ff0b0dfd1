//! The hashes of the tree (RFC 6962 section 2.1, SHA-256).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use wane::{Hex, Refusal};

use crate::{as_text, hex};

/// A hash in the tree: of one record, of a part of the tree, or of all of it. Its text form is 64 lower-case hexadecimal
/// digits.
///
/// ```
/// use wane_audit::Hash;
/// let leaf = Hash::of_leaf(b"one record");
/// assert_eq!(leaf.to_string().parse::<Hash>()?, leaf);
/// assert_ne!(Hash::of_nodes(&leaf, &leaf), leaf);
/// // The hash of nothing is that of no byte.
/// assert!(Hash::EMPTY.to_string().starts_with("e3b0c44298fc1c14"));
/// assert_eq!(Hash::from_bytes(*leaf.as_bytes()), leaf);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Hash([u8; 32]);

impl Hash {
    /// The root of a tree without leaves.
    // spec: A12
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// The hash with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash of a leaf: what a record's line, without its LF, counts for in the tree.
    #[must_use]
    pub fn of_leaf(record: &[u8]) -> Self {
        // spec: A10
        Self(Sha256::new().chain_update([0]).chain_update(record).finalize().into())
    }

    /// The hash of two parts of the tree, left and right.
    #[must_use]
    pub fn of_nodes(left: &Self, right: &Self) -> Self {
        // spec: A11
        Self(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Hex(&self.0), f)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Hex(&self.0), f)
    }
}

impl FromStr for Hash {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        hex::read(text).map(Self)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        as_text::serialize(self, to)
    }
}

impl TryFrom<String> for Hash {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}
