//! Proofs that a record is in a log, and that one log goes on from another (RFC 6962 sections 2.1.1 and 2.1.2).

use std::ops::Range;

use serde::{Deserialize, Serialize};
use wane::{Code, Refusal};

use crate::checkpoint::Checkpoint;
use crate::frontier::Frontier;
use crate::hash::Hash;

/// Bytes of a proof's JSON that are read: the longest has 66 hashes.
const JSON_BYTES: usize = 16 * 1024;

/// A proof that one record stands at one place of a log: the hashes beside the path from it to the root.
///
/// ```
/// use wane_audit::{Checkpoint, Hash, Inclusion, Origin};
/// let leaves = [b"one", b"two", b"six"].map(|line| Hash::of_leaf(line));
/// let proof = Inclusion::prove(2, 3, leaves.iter().copied().map(Ok))?;
///
/// let mut log = wane_audit::Frontier::new();
/// leaves.iter().try_for_each(|leaf| log.append(*leaf))?;
/// let head = Checkpoint { origin: Origin::new("example.com/log")?, size: 3, root: log.root() };
/// proof.verify(&leaves[2], &head)?;
/// assert!(proof.verify(&leaves[1], &head).is_err());
/// assert_eq!((proof.record(), proof.size()), (2, 3));
/// assert_eq!(Inclusion::from_json(&proof.to_json())?, proof);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inclusion {
    /// What it proves, so that the two proofs are never taken for each other.
    proof: InclusionWord,
    record: u64,
    size: u64,
    path: Vec<Hash>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum InclusionWord {
    Inclusion,
}

impl Inclusion {
    /// The proof for record `record` (counted from 0) in the log of the first `size` records. `leaves` gives their leaf
    /// hashes in order, from 0; each is looked at once.
    ///
    /// # Errors
    /// `parse-proof` where the record is not among them; `state-log-broken` where there are fewer; what `leaves` answers.
    pub fn prove(
        record: u64,
        size: u64,
        leaves: impl IntoIterator<Item = Result<Hash, Refusal>>,
    ) -> Result<Self, Refusal> {
        if record >= size {
            return Err(unfit(format_args!("record {record} is not among the first {size}")));
        }
        let path = hash_parts(&beside(record, size), size, leaves)?;
        Ok(Self { proof: InclusionWord::Inclusion, record, size, path })
    }

    /// Whether the record with this leaf hash stands at this place of the log with this head. Verify the checkpoint first:
    /// a proof is worth as much as the head it leads to.
    ///
    /// # Errors
    /// `state-log-broken` where it does not; `parse-proof` where the proof is for another size or has another length.
    pub fn verify(&self, leaf: &Hash, head: &Checkpoint) -> Result<(), Refusal> {
        // spec: A24
        let beside = beside(self.record, self.size);
        if self.size != head.size || self.record >= self.size || beside.len() != self.path.len() {
            return Err(unfit(format_args!("this proof is not one for record {} of {}", self.record, head.size)));
        }
        let root = beside.iter().zip(&self.path).fold(*leaf, |below, (part, hash)| {
            if part.start > self.record { Hash::of_nodes(&below, hash) } else { Hash::of_nodes(hash, &below) }
        });
        if root == head.root {
            return Ok(());
        }
        Err(broken(format_args!("the log of {} records has another record {}", self.size, self.record)))
    }

    /// The record's number, counted from 0.
    #[must_use]
    pub const fn record(&self) -> u64 {
        self.record
    }

    /// How many records the log has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// One line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Numbers and texts always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the JSON.
    ///
    /// # Errors
    /// `parse-proof` for anything else.
    pub fn from_json(text: &str) -> Result<Self, Refusal> {
        read(text)
    }
}

/// A proof that the log at one size starts with all of the log at a smaller one.
///
/// ```
/// use wane_audit::{Checkpoint, Consistency, Frontier, Hash, Origin};
/// let origin = Origin::new("example.com/log")?;
/// let leaves = [b"one", b"two", b"six"].map(|line| Hash::of_leaf(line));
/// let (mut log, mut heads) = (Frontier::new(), vec![]);
/// for leaf in leaves {
///     log.append(leaf)?;
///     heads.push(Checkpoint { origin: origin.clone(), size: log.size(), root: log.root() });
/// }
/// let proof = Consistency::prove(1, 3, leaves.iter().copied().map(Ok))?;
/// proof.verify(&heads[0], &heads[2])?;
/// assert!(proof.verify(&heads[1], &heads[2]).is_err());
/// assert_eq!((proof.from_size(), proof.to_size()), (1, 3));
/// assert_eq!(Consistency::from_json(&proof.to_json())?, proof);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    proof: ConsistencyWord,
    from: u64,
    to: u64,
    path: Vec<Hash>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ConsistencyWord {
    Consistency,
}

impl Consistency {
    /// The proof that the log of the first `to` records goes on from that of the first `from`. `leaves` gives the leaf
    /// hashes of all `to` in order, from 0.
    ///
    /// # Errors
    /// `parse-proof` where `from` is larger than `to`; `state-log-broken` where there are fewer leaves; what `leaves`
    /// answers.
    pub fn prove(from: u64, to: u64, leaves: impl IntoIterator<Item = Result<Hash, Refusal>>) -> Result<Self, Refusal> {
        if from > to {
            return Err(unfit(format_args!("{from} records are more than {to}")));
        }
        let path = hash_parts(&between(from, to), to, leaves)?;
        Ok(Self { proof: ConsistencyWord::Consistency, from, to, path })
    }

    /// Whether the log with the head `new` goes on from that with the head `old`. Verify both checkpoints first.
    ///
    /// # Errors
    /// `state-log-fork` where it does not; `parse-proof` where the proof is for other sizes or has another length.
    pub fn verify(&self, old: &Checkpoint, new: &Checkpoint) -> Result<(), Refusal> {
        // spec: A25
        let parts = between(self.from, self.to);
        if (self.from, self.to) != (old.size, new.size) || self.from > self.to || parts.len() != self.path.len() {
            return Err(unfit(format_args!("this proof is not one from {} records to {}", old.size, new.size)));
        }
        let fork = || {
            let found = format_args!("the log of {} records does not go on from that of {}", self.to, self.from);
            Refusal::new(Code::StateLogFork, "root", found, "")
        };
        if old.origin != new.origin {
            return Err(fork());
        }
        if self.from == 0 {
            return if old.root == Hash::EMPTY { Ok(()) } else { Err(fork()) };
        }
        let mut steps = parts.iter().zip(&self.path);
        // Without a part that ends where the old log does, the old root itself is where the path begins.
        let starts_apart = parts.first().is_some_and(|part| part.end == self.from);
        let seed = if starts_apart { steps.next().map_or(old.root, |(_, hash)| *hash) } else { old.root };
        let (before, after) = steps.fold((seed, seed), |(before, after), (part, hash)| {
            if part.start >= self.from {
                (before, Hash::of_nodes(&after, hash))
            } else {
                (Hash::of_nodes(hash, &before), Hash::of_nodes(hash, &after))
            }
        });
        if before == old.root && after == new.root { Ok(()) } else { Err(fork()) }
    }

    /// The size of the older log.
    #[must_use]
    pub const fn from_size(&self) -> u64 {
        self.from
    }

    /// The size of the newer log.
    #[must_use]
    pub const fn to_size(&self) -> u64 {
        self.to
    }

    /// One line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the JSON.
    ///
    /// # Errors
    /// `parse-proof` for anything else.
    pub fn from_json(text: &str) -> Result<Self, Refusal> {
        read(text)
    }
}

// spec: A26
fn unfit(found: std::fmt::Arguments<'_>) -> Refusal {
    Refusal::new(Code::ParseProof, "proof", found, "")
}

fn broken(found: std::fmt::Arguments<'_>) -> Refusal {
    Refusal::new(Code::StateLogBroken, "proof", found, "")
}

fn read<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Refusal> {
    if text.len() > JSON_BYTES {
        return Err(unfit(format_args!("{} bytes, at most {JSON_BYTES} are read", text.len())));
    }
    serde_json::from_str(text).map_err(|error| unfit(format_args!("{error}")))
}

/// Where the tree over these leaves divides: the largest power of two below their number. There are at least two.
fn middle(leaves: &Range<u64>) -> u64 {
    let number = leaves.end.saturating_sub(leaves.start).max(2);
    let bits = number.saturating_sub(1).checked_ilog2().unwrap_or_default();
    leaves.start.saturating_add(1 << bits)
}

/// The parts of the tree beside the path from a leaf to the root, the lowest first.
fn beside(record: u64, size: u64) -> Vec<Range<u64>> {
    let (mut inside, mut parts) = (0..size, Vec::new());
    while inside.end.saturating_sub(inside.start) > 1 {
        let middle = middle(&inside);
        if record < middle {
            parts.push(middle..inside.end);
            inside.end = middle;
        } else {
            parts.push(inside.start..middle);
            inside.start = middle;
        }
    }
    parts.reverse();
    parts
}

/// The parts of the tree of `to` leaves that show that it starts with that of `from`, the lowest first. Unless the smaller
/// one is a complete part of the larger, the first of them is the part that ends where it does.
fn between(from: u64, to: u64) -> Vec<Range<u64>> {
    let (mut inside, mut parts) = (0..to, Vec::new());
    if from == 0 {
        return parts;
    }
    while from < inside.end {
        let middle = middle(&inside);
        if from <= middle {
            parts.push(middle..inside.end);
            inside.end = middle;
        } else {
            parts.push(inside.start..middle);
            inside.start = middle;
        }
    }
    if inside.start > 0 {
        parts.push(inside);
    }
    parts.reverse();
    parts
}

/// The hashes of these parts, in their order. They do not overlap.
fn hash_parts(
    parts: &[Range<u64>],
    size: u64,
    leaves: impl IntoIterator<Item = Result<Hash, Refusal>>,
) -> Result<Vec<Hash>, Refusal> {
    let mut ordered: Vec<(usize, &Range<u64>, Frontier)> =
        parts.iter().enumerate().map(|(place, part)| (place, part, Frontier::new())).collect();
    ordered.sort_by_key(|(_, part, _)| part.start);
    let (mut current, mut seen) = (0_usize, 0_u64);
    for (number, leaf) in (0..size).zip(leaves) {
        let leaf = leaf?;
        seen = number.saturating_add(1);
        while ordered.get(current).is_some_and(|(_, part, _)| part.end <= number) {
            current = current.saturating_add(1);
        }
        if let Some((_, part, frontier)) = ordered.get_mut(current)
            && part.contains(&number)
        {
            frontier.append(leaf)?;
        }
    }
    if seen < size {
        return Err(broken(format_args!("the log ends after {seen} of {size} records")));
    }
    ordered.sort_by_key(|(place, ..)| *place);
    Ok(ordered.into_iter().map(|(.., frontier)| frontier.root()).collect())
}
