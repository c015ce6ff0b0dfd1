//! The frontier: what of a tree must be kept to append to it.

use std::fmt;

use serde::{Deserialize, Serialize};
use wane::{Code, Hex, Refusal};

use crate::hash::Hash;
use crate::hex;

/// The right edge of a tree: one hash for each bit of its size, which is all that appending needs. It gives the root of
/// every size it passes through, and knows no leaf.
///
/// Its serialised form is the size in 8 big-endian bytes, then 32 bytes for each of its one bits from the highest down;
/// as text in hexadecimal digits. A million leaves take 232 bytes.
///
/// ```
/// use wane_audit::{Frontier, Hash};
/// let mut frontier = Frontier::new();
/// assert_eq!((frontier.size(), frontier.root()), (0, Hash::EMPTY));
/// let (one, two) = (Hash::of_leaf(b"one"), Hash::of_leaf(b"two"));
/// frontier.append(one)?;
/// frontier.append(two)?;
/// assert_eq!((frontier.size(), frontier.root()), (2, Hash::of_nodes(&one, &two)));
/// assert_eq!(Frontier::from_bytes(&frontier.to_bytes())?, frontier);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Frontier {
    size: u64,
    /// Roots of complete trees, the largest first; there is one for each bit of the size.
    complete: Vec<Hash>,
}

impl Frontier {
    /// That of the empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, complete: Vec::new() }
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends one leaf, with as many hashes as the old size has one bits at its low end.
    ///
    /// # Errors
    /// `state-log-broken` where the tree has 2^64 − 1 leaves.
    pub fn append(&mut self, leaf: Hash) -> Result<(), Refusal> {
        let grown = self.size.checked_add(1).ok_or_else(|| {
            Refusal::new(Code::StateLogBroken, "size", format_args!("a log of {} records has no room", self.size), "")
        })?;
        let mut joined = leaf;
        for _ in 0..self.size.trailing_ones() {
            // There is one hash for each bit of the size.
            if let Some(left) = self.complete.pop() {
                joined = Hash::of_nodes(&left, &joined);
            }
        }
        self.complete.push(joined);
        self.size = grown;
        Ok(())
    }

    /// The root of the tree: what a checkpoint signs.
    #[must_use]
    pub fn root(&self) -> Hash {
        // spec: A11 A12
        let joined = self.complete.iter().rev().copied().reduce(|right, left| Hash::of_nodes(&left, &right));
        joined.unwrap_or(Hash::EMPTY)
    }

    /// The serialised form: at most 2,056 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        self.complete.iter().for_each(|hash| bytes.extend_from_slice(hash.as_bytes()));
        bytes
    }

    /// Reads the serialised form. That the hashes are those of a log only a checkpoint can tell.
    ///
    /// # Errors
    /// `parse-proof` where the hashes are more or fewer than the size has one bits.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse =
            || Refusal::new(Code::ParseProof, "frontier", "a frontier has one hash for each bit of its size", "");
        let (size, hashes) = bytes.split_first_chunk::<8>().ok_or_else(refuse)?;
        let size = u64::from_be_bytes(*size);
        let (hashes, rest) = hashes.as_chunks::<32>();
        if !rest.is_empty() || u32::try_from(hashes.len()) != Ok(size.count_ones()) {
            return Err(refuse());
        }
        Ok(Self { size, complete: hashes.iter().copied().map(Hash::from_bytes).collect() })
    }
}

impl fmt::Debug for Frontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frontier({} leaves, root {})", self.size, self.root())
    }
}

impl From<Frontier> for String {
    fn from(frontier: Frontier) -> Self {
        Hex(&frontier.to_bytes()).to_string()
    }
}

impl TryFrom<String> for Frontier {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        let refuse = || Refusal::new(Code::ParseProof, "frontier", "a frontier is written in hexadecimal digits", "");
        Self::from_bytes(&hex::read_all(&text).ok_or_else(refuse)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_shape_is_read() {
        let mut frontier = Frontier::new();
        for number in 0..7_u8 {
            frontier.append(Hash::of_leaf(&[number])).unwrap();
            let text = serde_json::to_string(&frontier).unwrap();
            assert_eq!(serde_json::from_str::<Frontier>(&text).unwrap(), frontier);
        }
        let bytes = frontier.to_bytes();
        assert_eq!(bytes.len(), 8 + 3 * 32);
        for length in (0..bytes.len()).chain([bytes.len() + 1, bytes.len() + 32]) {
            let mut other = bytes.clone();
            other.resize(length, 0);
            assert_eq!(Frontier::from_bytes(&other).unwrap_err().code(), Code::ParseProof, "{length}");
        }
        assert!(Frontier::try_from("0".repeat(15)).is_err());
    }

    #[test]
    fn a_full_tree_takes_no_more() {
        let mut full = Frontier { size: u64::MAX, complete: vec![Hash::EMPTY; 64] };
        assert_eq!(full.append(Hash::EMPTY).unwrap_err().code(), Code::StateLogBroken);
        assert_eq!(full.size(), u64::MAX);
        assert_eq!(Frontier::from_bytes(&full.to_bytes()).unwrap(), full);
    }
}
