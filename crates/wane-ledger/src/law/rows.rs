//! The small rows, and where rows stand.

use serde::{Deserialize, Serialize};
use wane::{Bearer, BlockId, LedgerId, Name};

use super::overlay::Overlay;
use super::text;
use crate::store::{Fault, Key, Table};

/// The schema of the rows. A ledger with a higher number was made by a newer version.
pub(crate) const SCHEMA: u32 = 1;

/// The ledger's own row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meta {
    pub(crate) schema: u32,
    #[serde(with = "text")]
    pub(crate) id: LedgerId,
    /// Counts accepted restores.
    pub(crate) epoch: u64,
    pub(crate) since: u64,
    pub(crate) collected: u64,
    /// The hint of the log's secret, 16 hexadecimal digits.
    pub(crate) log: String,
    /// The name of the log.
    pub(crate) origin: String,
}

impl Meta {
    /// Adds what is known of the same ledger.
    pub(crate) fn join(&mut self, other: &Self) {
        self.epoch = self.epoch.max(other.epoch);
        self.since = self.since.max(other.since);
        self.collected = self.collected.max(other.collected);
    }
}

/// The ledger's row, which every transaction reads.
pub(crate) fn load_meta(overlay: &mut Overlay<'_>) -> Result<Meta, Fault> {
    #[derive(Deserialize)]
    struct Any {
        schema: u32,
    }
    let key = meta_key();
    let none = || Fault::Schema("none".into(), SCHEMA.to_string());
    let bytes = overlay.bytes(&key)?.ok_or_else(none)?;
    match serde_json::from_slice::<Meta>(bytes) {
        Ok(meta) if meta.schema == SCHEMA => return Ok(meta),
        // Another schema may have other members.
        _ => {}
    }
    // spec: S50
    let any: Any = overlay.load(&key)?.ok_or_else(none)?;
    // spec: S50
    if any.schema != SCHEMA {
        return Err(Fault::Schema(any.schema.to_string(), SCHEMA.to_string()));
    }
    overlay.load(&key)?.ok_or_else(|| Fault::Corrupt("the ledger's row went away".into()))
}

/// What was spent of one counter. It grows by sums; two versions of one counter join to the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spent {
    pub(crate) spent: u64,
    /// The end of its block's lifetime. Where the block has an entry, it stays at least as long as that.
    pub(crate) exp: u64,
}

impl Spent {
    pub(crate) fn join(&mut self, other: Self) {
        self.spent = self.spent.max(other.spent);
        self.exp = self.exp.max(other.exp);
    }
}

/// An id that has served. It is written once and never again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Used {
    pub(crate) exp: u64,
}

/// Whatever was issued to this bearer at `before` or earlier is dead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokedBefore {
    pub(crate) before: u64,
    /// When that was said.
    pub(crate) at: u64,
    pub(crate) reason: String,
}

impl RevokedBefore {
    /// The latest time counts; of two with the same time, who said it first.
    pub(crate) fn join(&mut self, other: Self) {
        // spec: S26
        let rank = |one: &Self| (one.before, std::cmp::Reverse((one.at, one.reason.clone())));
        if rank(&other) > rank(self) {
            *self = other;
        }
    }
}

pub(crate) fn meta_key() -> Key {
    (Table::Meta, b"ledger".to_vec())
}

pub(crate) fn entry_key(id: BlockId) -> Key {
    (Table::Entry, id.as_bytes().to_vec())
}

pub(crate) fn used_key(id: BlockId) -> Key {
    (Table::Used, id.as_bytes().to_vec())
}

pub(crate) fn envelope_key(id: BlockId) -> Key {
    (Table::Envelope, id.as_bytes().to_vec())
}

pub(crate) fn seen_key(session: BlockId) -> Key {
    (Table::Seen, session.as_bytes().to_vec())
}

pub(crate) fn spent_key(id: BlockId, name: &Name) -> Key {
    (Table::Spent, [id.as_bytes().as_slice(), name.as_str().as_bytes()].concat())
}

pub(crate) fn revoked_before_key(bearer: &Bearer) -> Key {
    let (tag, bytes): (u8, &[u8]) = match bearer {
        Bearer::Root(key) => (0, key.as_bytes()),
        Bearer::Key(key) => (1, key.as_bytes()),
        Bearer::Agent(name) => (2, name.as_bytes()),
    };
    (Table::RevokedBefore, [&[tag], bytes].concat())
}

/// Under the session, so that what waits there can be counted.
pub(crate) fn pending_key(session: BlockId, digest: &[u8; 32], last: BlockId) -> Key {
    (Table::Pending, [session.as_bytes().as_slice(), digest, last.as_bytes()].concat())
}

/// Statements for one chain and one request.
pub(crate) fn approval_prefix(last: BlockId, digest: &[u8; 32]) -> Vec<u8> {
    [last.as_bytes().as_slice(), digest].concat()
}
