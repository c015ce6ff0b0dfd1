//! Forgetting what is dead.
//!
//! First the ledger notes up to where it forgets, then it forgets. What expired by then stays dead whatever any clock says
//! later, since every decision compares the `exp` of its chain with that note. It never falls, so the clock of whoever collects
//! must not run ahead: what it counts as expired is expired for everybody. Rows are therefore kept for [`MARGIN`] seconds
//! longer than they are needed, which costs a little room, and a clock that is wrong by less than that ends nobody's session.
//!
//! Never forgotten: `revoked-before` times, and entries of blocks that were never seen, whose end is not known.

use serde::Deserialize;
use wane::BlockId;

use super::asks::{Deposited, PendingRequest};
use super::entry::Entry;
use super::overlay::{Overlay, decode};
use super::rows::{Meta, Spent, Used, entry_key, load_meta, meta_key};
use super::seen::Seen;
use crate::store::{Fault, Key, Table};

/// Seconds that a row is kept after its end.
pub(crate) const MARGIN: u64 = 3_600;

/// Where collecting goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    table: usize,
    from: Vec<u8>,
}

/// The tables with rows that end.
// spec: S59
const TABLES: [Table; 6] = [Table::Entry, Table::Spent, Table::Seen, Table::Used, Table::Pending, Table::Approval];

impl Cursor {
    /// Before the first row.
    pub(crate) const fn start() -> Self {
        Self { table: 0, from: Vec::new() }
    }
}

/// Notes up to where will be forgotten: `now` less the margin, or later if that was noted before. To be committed before, or
/// together with, the first [`collect_page`].
pub(crate) fn advance(now: u64, overlay: &mut Overlay<'_>) -> Result<Meta, Fault> {
    let mut meta = load_meta(overlay)?;
    // spec: S55 S56
    meta.join(&Meta { collected: now.saturating_sub(MARGIN), ..meta.clone() });
    overlay.store(meta_key(), &meta)?;
    Ok(meta)
}

/// Looks at the next `limit` rows and takes away those that ended by what [`advance`] has noted; requests that wait and
/// statements for them, which bind nobody, where they ended by `now`. Returns how many went and where to go on.
pub(crate) fn collect_page(
    cursor: &Cursor,
    limit: usize,
    now: u64,
    overlay: &mut Overlay<'_>,
) -> Result<(usize, Option<Cursor>), Fault> {
    let Some(table) = TABLES.get(cursor.table).copied() else { return Ok((0, None)) };
    let cutoff = load_meta(overlay)?.collected;
    let rows = overlay.scan(table, &cursor.from, None, limit.max(1))?;
    let next = match rows.last() {
        Some((last, _)) => Cursor { table: cursor.table, from: last.iter().copied().chain([0]).collect() },
        None => Cursor { table: cursor.table.saturating_add(1), from: Vec::new() },
    };
    if matches!(table, Table::Spent | Table::Seen) {
        overlay.prefetch(&rows.iter().filter_map(|(key, _)| counted_for(key)).map(entry_key).collect::<Vec<_>>())?;
    }
    let mut gone = 0_usize;
    for (key, value) in rows {
        let key = (table, key);
        // spec: S57
        if ends(&key, &value, overlay)?.is_some_and(|end| end <= if is_state(table) { cutoff } else { now }) {
            overlay.put(key, None);
            gone = gone.saturating_add(1);
        }
    }
    Ok((gone, (next.table < TABLES.len()).then_some(next)))
}

const fn is_state(table: Table) -> bool {
    matches!(table, Table::Entry | Table::Spent | Table::Seen | Table::Used)
}

/// When a row may go; never, where that is not known.
fn ends(key: &Key, value: &[u8], overlay: &mut Overlay<'_>) -> Result<Option<u64>, Fault> {
    fn of<T: for<'de> Deserialize<'de>>(key: &Key, value: &[u8]) -> Result<T, Fault> {
        decode(key, value)
    }
    Ok(match key.0 {
        // spec: S27
        Table::Entry => of::<Entry>(key, value)?.exp,
        Table::Used => Some(of::<Used>(key, value)?.exp),
        Table::Pending => Some(of::<PendingRequest>(key, value)?.until),
        Table::Approval => Some(of::<Deposited>(key, value)?.exp),
        Table::Spent => {
            let exp = of::<Spent>(key, value)?.exp;
            Some(with_its_line(key, exp, overlay)?)
        }
        Table::Seen => {
            let exp = of::<Seen>(key, value)?.exp;
            Some(with_its_line(key, exp, overlay)?)
        }
        _ => None,
    })
}

/// What is kept of a line lives as long as its first entry, whose end a later session may have put off.
fn with_its_line(key: &Key, exp: u64, overlay: &mut Overlay<'_>) -> Result<u64, Fault> {
    let entry = match counted_for(&key.1) {
        Some(id) => overlay.load::<Entry>(&entry_key(id))?,
        None => None,
    };
    // spec: S58
    Ok(entry.and_then(|entry| entry.exp).map_or(exp, |end| end.max(exp)))
}

/// The block that a counter belongs to.
fn counted_for(key: &[u8]) -> Option<BlockId> {
    key.first_chunk().map(|id| BlockId::from_bytes(*id))
}
