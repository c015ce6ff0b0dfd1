//! From an admission to rows.

use std::sync::Arc;

use wane::{BlockId, Charge, Effects, Mark, Use, Verified};

use super::account::Account;
use super::entry::{Entry, Rise};
use super::outline::Outline;
use super::overlay::Overlay;
use super::rows::{Spent, Used, entry_key, envelope_key, spent_key, used_key};
use super::state::load_entry;
use crate::store::{Fault, Key};

/// Stages everything that an admission commits: the session's entry, its mark, charges, uses and envelopes.
///
/// # Errors
/// The store's faults. [`Fault::Misuse`] where the decision cannot have been made on these rows: a charge over its cap, an id
/// that has served, a first session that is not known, blocks that are not of this chain.
pub(crate) fn commit_effects(
    account: &Account,
    effects: &Effects,
    now: u64,
    record: &str,
    overlay: &mut Overlay<'_>,
) -> Result<(), Fault> {
    let outline = Outline::of(account.verified())?;
    if effects.session != account.line() {
        return Err(Fault::Misuse(format!("{} is not the session of this chain", effects.session)));
    }
    if !account.has_told(&effects.raise, now, overlay) {
        let rise = Rise { at: now, record: record.to_owned(), mark: effects.raise.clone() };
        open(account, &outline, rise, overlay)?;
    }
    // spec: S20
    for charge in &effects.charges {
        spend(&outline, charge, overlay)?;
    }
    // spec: S21
    for (index, used) in effects.uses.iter().enumerate() {
        // Whoever shows an approval twice has used it once.
        if !effects.uses.iter().take(index).any(|before| before.id == used.id) {
            serve(used, overlay)?;
        }
    }
    keep(account.envelopes(), overlay)
}

/// The blocks of a chain but the seal, each with where it is kept.
pub(crate) type Envelopes = Arc<[(Key, Vec<u8>)]>;

pub(super) fn envelopes(verified: &Verified) -> Envelopes {
    let blocks = verified.chain().blocks().iter().filter(|block| block.claims().key().is_some());
    blocks.map(|block| (envelope_key(block.id()), block.envelope_bytes())).collect()
}

/// Keeps each block but the seal, so that an auditor can recompute decisions. Whoever records a denial does the same.
pub(crate) fn keep(envelopes: &[(Key, Vec<u8>)], overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    overlay.prefetch(envelopes.iter().map(|(key, _)| key))?;
    for (key, bytes) in envelopes {
        // The id says nothing about the signature, so that the first one seen is kept.
        // spec: S14 S22
        if overlay.bytes(key)?.is_none() {
            overlay.put(key.clone(), Some(bytes.clone()));
        }
    }
    Ok(())
}

fn open(account: &Account, outline: &Outline<'_>, rise: Rise, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    let session = outline.session()?;
    let own = Entry {
        // spec: S15
        opened: Some(outline.opened(rise.at)?),
        about: Some(session.about()),
        exp: Some(session.exp),
        ..Entry::default()
    };
    let (mark, now) = (rise.mark.clone(), rise.at);
    // spec: S19
    let raise = Entry { mark: mark.clone(), raised: vec![rise], ..Entry::default() };
    let Some(first) = outline.first else {
        let mut both = own;
        both.join(raise);
        let point = overlay.savepoint();
        let joined = join_entry(overlay, session.id(), both)?;
        if !overlay.has_changed_since(point) {
            account.told(&joined, mark, now, overlay);
        }
        return Ok(());
    };
    // An end given to a block that was never seen could let its revocation be collected early.
    if load_entry(overlay, first)?.is_none_or(|entry| entry.opened.is_none() || entry.exp.is_none()) {
        return Err(Fault::Misuse(format!("the session {first} was never opened here")));
    }
    join_entry(overlay, session.id(), own)?;
    // spec: S18
    join_entry(overlay, first, Entry { exp: Some(session.exp), ..raise }).map(drop)
}

/// Adds to what is known about a block: what is known then. Where that changes nothing, nothing is staged. What raised a session that
/// continues another one raised the line.
pub(super) fn join_entry(overlay: &mut Overlay<'_>, id: BlockId, more: Entry) -> Result<Entry, Fault> {
    let joined = join_one(overlay, id, more)?;
    // Whether or not the root key is known under which it was opened.
    let told = joined.about.as_ref().and_then(|about| about.continues);
    let first = joined.opened.as_ref().and_then(|opened| opened.continues).or(told);
    // spec: S28
    if let Some(first) = first.filter(|_| joined.mark != Mark::default()) {
        let raise = Entry { mark: joined.mark.clone(), raised: joined.raised.clone(), ..Entry::default() };
        join_one(overlay, first, raise)?;
    }
    Ok(joined)
}

fn join_one(overlay: &mut Overlay<'_>, id: BlockId, more: Entry) -> Result<Entry, Fault> {
    let known = load_entry(overlay, id)?;
    let mut joined = known.clone().unwrap_or_default();
    joined.join(more);
    if known.as_ref() != Some(&joined) {
        overlay.store(entry_key(id), &joined)?;
    }
    Ok(joined)
}

fn spend(outline: &Outline<'_>, charge: &Charge, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    let mut blocks = outline.blocks.iter().enumerate();
    let (_, placed) = blocks
        .find(|(index, placed)| outline.counters_of(*index, placed) == charge.block)
        .ok_or_else(|| Fault::Misuse(format!("a charge to {}, which is no block of this chain", charge.block)))?;
    let key = spent_key(charge.block, &charge.name);
    let mut row = overlay.load::<Spent>(&key)?.unwrap_or(Spent { spent: 0, exp: placed.exp });
    let spent = row.spent.checked_add(charge.cost).filter(|spent| *spent <= charge.cap);
    let spent = spent.ok_or_else(|| Fault::Misuse(format!("a charge beyond the cap of {}", charge.name)))?;
    row.join(Spent { spent, exp: placed.exp });
    if charge.cost == 0 { Ok(()) } else { overlay.store(key, &row) }
}

fn serve(used: &Use, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    let key = used_key(used.id);
    if overlay.load::<Used>(&key)?.is_some() {
        return Err(Fault::Misuse(format!("{} has served", used.id)));
    }
    overlay.store(key, &Used { exp: used.expires_at })
}
