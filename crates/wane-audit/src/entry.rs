//! A place of the log with what is kept there, and its line in an export.

use serde::{Deserialize, Serialize};
use wane::{Code, Refusal};

use crate::hash::Hash;

/// What a log keeps at one place: the record's bytes, its leaf hash, or both. A pruned record has left its hash only.
///
/// ```
/// use wane_audit::{Entry, Hash};
/// let kept = Entry { number: 0, record: Some(b"{\"v\":1}".to_vec()), leaf: None };
/// assert_eq!(kept.to_export()?, b"{\"v\":1}\n");
/// let pruned = Entry { number: 0, record: None, leaf: Some(Hash::of_leaf(b"{\"v\":1}")) };
/// assert_eq!(Entry::from_export(0, &pruned.to_export()?)?, pruned);
/// assert_eq!(kept.leaf_hash()?, pruned.leaf_hash()?);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, counted from 0.
    pub number: u64,
    /// The record's bytes, without an LF.
    pub record: Option<Vec<u8>>,
    /// The leaf hash kept beside it.
    pub leaf: Option<Hash>,
}

/// The line of a pruned record in an export.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pruned {
    leaf: Hash,
}

/// No record begins like this.
const PRUNED: &[u8] = b"{\"leaf\":";

impl Entry {
    /// Its line in an export, with the LF.
    ///
    /// # Errors
    /// `state-log-broken` where neither the record nor its hash is there; `parse-record` for bytes that are no line.
    pub fn to_export(&self) -> Result<Vec<u8>, Refusal> {
        // spec: A29
        let mut line = match (&self.record, self.leaf) {
            (Some(record), _) if record.contains(&b'\n') || record.starts_with(PRUNED) => {
                let found = format_args!("what record {} holds is no line of one", self.number);
                return Err(Refusal::new(Code::ParseRecord, "record", found, ""));
            }
            (Some(record), _) => record.clone(),
            (None, Some(leaf)) => serde_json::to_vec(&Pruned { leaf }).unwrap_or_default(),
            (None, None) => return Err(missing(self.number)),
        };
        line.push(b'\n');
        Ok(line)
    }

    /// Reads the line of an export, with or without its LF.
    ///
    /// # Errors
    /// `parse-record` for the line of a pruned record that has another form.
    pub fn from_export(number: u64, line: &[u8]) -> Result<Self, Refusal> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if !line.starts_with(PRUNED) {
            return Ok(Self { number, record: Some(line.to_vec()), leaf: None });
        }
        let Pruned { leaf } = serde_json::from_slice(line)
            .map_err(|error| Refusal::new(Code::ParseRecord, "leaf", format_args!("{error}"), ""))?;
        Ok(Self { number, record: None, leaf: Some(leaf) })
    }

    /// Its leaf hash: computed where the record is there.
    ///
    /// # Errors
    /// `state-log-broken` where neither is there, or the hash kept is not the record's.
    pub fn leaf_hash(&self) -> Result<Hash, Refusal> {
        leaf_hash(self.number, self.record.as_deref(), self.leaf)
    }
}

pub(crate) fn leaf_hash(number: u64, record: Option<&[u8]>, kept: Option<Hash>) -> Result<Hash, Refusal> {
    match (record.map(Hash::of_leaf), kept) {
        // spec: A21
        (Some(found), Some(kept)) if found != kept => {
            Err(Refusal::new(Code::StateLogBroken, "record", format_args!("record {number} is altered"), ""))
        }
        (Some(leaf), _) | (None, Some(leaf)) => Ok(leaf),
        (None, None) => Err(missing(number)),
    }
}

pub(crate) fn missing(number: u64) -> Refusal {
    Refusal::new(Code::StateLogBroken, "record", format_args!("record {number} is missing"), "")
}
