//! From rows to what a decision sees.

use std::collections::{BTreeMap, BTreeSet};

use wane::{Bearer, BlockId, BlockState, FirstState, LedgerState, Name, Verified, Volatility};

use super::entry::Entry;
use super::outline::{Outline, Placed};
use super::overlay::Overlay;
use super::rows::{
    RevokedBefore, Spent, Used, entry_key, load_meta, meta_key, revoked_before_key, spent_key, used_key,
};
use crate::store::{Fault, Key};

/// Every row that the state of a chain is made of; those of approvals come on top.
pub(super) fn state_keys(verified: &Verified) -> Result<Vec<Key>, Fault> {
    let outline = Outline::of(verified)?;
    let mut keys = vec![meta_key()];
    keys.extend(outline.first.map(entry_key));
    for (index, placed) in outline.blocks.iter().enumerate() {
        keys.push(entry_key(placed.id()));
        let counters = outline.counters_of(index, placed);
        keys.extend(placed.claims().budgets().iter().map(|(name, _)| spent_key(counters, name)));
    }
    keys.extend(outline.bearers().iter().map(revoked_before_key));
    keys.extend(outline.one_request.map(used_key));
    Ok(keys)
}

/// What the ledger knows about this chain and these approvals, read in one batch.
///
/// # Errors
/// The store's faults; [`Fault::Corrupt`] for a row that cannot be read, or that tells otherwise what the chain proves.
pub(crate) fn state_for(
    verified: &Verified,
    approvals: &[BlockId],
    overlay: &mut Overlay<'_>,
    volatility: Volatility,
) -> Result<LedgerState, Fault> {
    let mut keys = state_keys(verified)?;
    keys.extend(approvals.iter().map(|id| used_key(*id)));
    overlay.prefetch(&keys)?;
    read_state(verified, approvals, overlay, volatility)
}

/// The same where the rows were asked for with those of others; a row that was not is read by itself.
///
/// The mark of a session that continues another is the first one's and its own; its counters are the first one's.
pub(super) fn read_state(
    verified: &Verified,
    approvals: &[BlockId],
    overlay: &mut Overlay<'_>,
    volatility: Volatility,
) -> Result<LedgerState, Fault> {
    let outline = Outline::of(verified)?;
    let meta = load_meta(overlay)?;
    let mut blocks = Vec::with_capacity(outline.blocks.len());
    for (index, placed) in outline.blocks.iter().enumerate() {
        let entry = load_entry(overlay, placed.id())?;
        check_account(&outline, placed, entry.as_ref())?;
        let spent = spent(overlay, outline.counters_of(index, placed), placed)?;
        blocks.push(block_state(entry.as_ref(), spent, meta.epoch));
    }
    let first = match outline.first {
        Some(id) => first_state(overlay, id, outline.session()?, meta.epoch)?,
        None => None,
    };
    let mut state = LedgerState::new(meta.id, volatility);
    state.since = meta.since;
    state.collected = meta.collected;
    state.blocks = blocks;
    state.first = first;
    state.revoked_before = revoked_before(overlay, outline.bearers())?;
    state.used = used(overlay, outline.one_request.iter().chain(approvals))?;
    Ok(state)
}

/// What is known about a block.
pub(crate) fn load_entry(overlay: &mut Overlay<'_>, id: BlockId) -> Result<Option<Entry>, Fault> {
    overlay.load(&entry_key(id))
}

fn block_state(entry: Option<&Entry>, spent: BTreeMap<Name, u64>, epoch: u64) -> BlockState {
    BlockState {
        mark: entry.map(|entry| entry.mark.clone()).unwrap_or_default(),
        revoked: entry.is_some_and(|entry| entry.revoked.is_some()),
        registered: entry.is_some_and(|entry| entry.registered == Some(epoch)),
        spent,
    }
}

fn first_state(
    overlay: &mut Overlay<'_>,
    id: BlockId,
    session: &Placed<'_>,
    epoch: u64,
) -> Result<Option<FirstState>, Fault> {
    let Some(entry) = load_entry(overlay, id)? else { return Ok(None) };
    let spent = spent(overlay, id, session)?;
    let state = block_state(Some(&entry), spent, epoch);
    let Some(opened) = entry.opened else { return Ok(None) };
    let root = opened.root.key().map_err(|_| Fault::Corrupt(format!("the session {id} was opened under no key")))?;
    // spec: S16
    Ok(Some(FirstState { state, root, issued_at: opened.iat, continues: opened.continues.is_some() }))
}

/// An entry that tells of another session than the block opens was not written by this law.
fn check_account(outline: &Outline<'_>, placed: &Placed<'_>, entry: Option<&Entry>) -> Result<(), Fault> {
    let Some(opened) = entry.and_then(|entry| entry.opened.as_ref()) else { return Ok(()) };
    // spec: S13
    if placed.claims().opens_session() && *opened == outline.opened(opened.at)? {
        return Ok(());
    }
    Err(Fault::Corrupt(format!("the session {} was opened otherwise", placed.id())))
}

fn spent(overlay: &mut Overlay<'_>, counters: BlockId, placed: &Placed<'_>) -> Result<BTreeMap<Name, u64>, Fault> {
    let mut found = BTreeMap::new();
    for (name, _) in placed.claims().budgets() {
        if let Some(row) = overlay.load::<Spent>(&spent_key(counters, name))? {
            found.insert(name.clone(), row.spent);
        }
    }
    Ok(found)
}

fn revoked_before(overlay: &mut Overlay<'_>, bearers: Vec<Bearer>) -> Result<Vec<(Bearer, u64)>, Fault> {
    let mut found = Vec::new();
    for bearer in bearers {
        if let Some(row) = overlay.load::<RevokedBefore>(&revoked_before_key(&bearer))? {
            found.push((bearer, row.before));
        }
    }
    Ok(found)
}

fn used<'a>(overlay: &mut Overlay<'_>, ids: impl Iterator<Item = &'a BlockId>) -> Result<BTreeSet<BlockId>, Fault> {
    let mut found = BTreeSet::new();
    for id in ids {
        if overlay.load::<Used>(&used_key(*id))?.is_some() {
            found.insert(*id);
        }
    }
    Ok(found)
}
