//! What an operator does to a ledger, and what a minter tells it.

use wane::{Bearer, BlockId, Chain, Code, Kind, Mark, PublicKey, Refusal, limits};

use super::effects::join_entry;
use super::entry::{Entry, Opened, Revoked, Rise};
use super::outline::{Placed, place};
use super::overlay::Overlay;
use super::rows::{Meta, RevokedBefore, load_meta, meta_key, revoked_before_key};
use super::state::load_entry;
use crate::store::Fault;

/// Writes the row of a new ledger: sessions must be issued after `now` + 30, so that none that another ledger knew is
/// believed here.
///
/// # Errors
/// `use-ledger-exists` where there is one.
pub(crate) fn create(meta: &Meta, now: u64, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    if overlay.bytes(&meta_key())?.is_some() {
        let id = load_meta(overlay)?.id;
        // spec: S45
        return Err(Refusal::new(Code::UseLedgerExists, "ledger", id, "").into());
    }
    // spec: S46
    let since = now.saturating_add(limits::LEEWAY);
    overlay.store(meta_key(), &Meta { since, ..meta.clone() })
}

/// Starts a new epoch, later than this one and than `known`, the latest that is known outside: sessions issued up to now + 30
/// are dead, and what was registered exempts none of them.
pub(crate) fn accept_restore(known: u64, now: u64, overlay: &mut Overlay<'_>) -> Result<Meta, Fault> {
    let mut meta = load_meta(overlay)?;
    // spec: S53 S54
    let epoch = meta.epoch.max(known).checked_add(1).ok_or_else(|| Fault::Corrupt("no epoch is left".into()))?;
    meta.join(&Meta { epoch, since: now.saturating_add(limits::LEEWAY), ..meta.clone() });
    overlay.store(meta_key(), &meta)?;
    Ok(meta)
}

/// Registers the last block of a chain that can be extended, in the call that made it; `root` is the chain's root key
/// where the caller knows it. A session that is registered may be older than the ledger, and may be continued before
/// anything was admitted under it.
///
/// # Errors
/// `state-other-ledger` for a chain bound to another; `state-session-too-old` for a session that was not made just now and
/// that the ledger would refuse, and for one that continues such a session; `state-collected` and `deny-expired` for a block
/// that has ended; the chain's own refusals; `chain-unknown-root` where the root key is not the one the chain names.
pub(crate) fn register(
    chain: &Chain,
    root: Option<&PublicKey>,
    now: u64,
    overlay: &mut Overlay<'_>,
) -> Result<BlockId, Fault> {
    let meta = load_meta(overlay)?;
    let grants = chain.grants()?;
    let placed = place(chain.blocks());
    let mut both = placed.iter().zip(&grants).filter(|(placed, _)| placed.block.kind() != Kind::Seal);
    let (block, grant) = both.next_back().ok_or_else(|| Fault::Misuse("a chain without blocks".into()))?;
    if let Some(other) = grant.ledger().filter(|bound| *bound != meta.id) {
        // spec: S49
        return Err(Refusal::new(Code::StateOtherLedger, "ledger", meta.id, other).into());
    }
    let hint = placed.first().and_then(|root| root.claims().hint());
    if let Some(key) = root.filter(|key| hint != Some(key.hint())) {
        return Err(Refusal::new(Code::ChainUnknownRoot, "hint", key.hint(), "").into());
    }
    // What was forgotten stays dead: to register it would bring it back without its mark and its revocation.
    // spec: S11
    if block.exp <= meta.collected {
        return Err(Refusal::new(Code::StateCollected, "exp", block.exp, meta.collected).into());
    }
    if block.exp <= now {
        return Err(Refusal::new(Code::DenyExpired, "exp", now, block.exp).into());
    }
    if block.claims().opens_session() {
        check_fresh(block, &meta, now)?;
        check_line(block, &meta, overlay)?;
    }
    let opened = root.filter(|_| block.claims().opens_session());
    let opened = opened.map(|root| Opened { root: root.into(), iat: block.iat, continues: grant.continues(), at: now });
    let entry = Entry {
        exp: Some(block.exp),
        // spec: S47
        registered: Some(meta.epoch),
        about: Some(block.about()),
        opened,
        ..Entry::default()
    };
    join_entry(overlay, block.id(), entry)?;
    remember_line(block, overlay)?;
    Ok(block.id())
}

/// The first of a line is remembered for as long as any session of it could be shown.
// spec: S18
fn remember_line(block: &Placed<'_>, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    let Some(first) = block.claims().continues().filter(|_| block.claims().opens_session()) else { return Ok(()) };
    // An end given to a block that was never seen could let its revocation be collected early.
    if load_entry(overlay, first)?.is_none_or(|entry| entry.opened.is_none() || entry.exp.is_none()) {
        return Ok(());
    }
    join_entry(overlay, first, Entry { exp: Some(block.exp), ..Entry::default() }).map(drop)
}

/// To register an old session would bring back what a new ledger or epoch has ended.
fn check_fresh(session: &Placed<'_>, meta: &Meta, now: u64) -> Result<(), Refusal> {
    // What was issued before a restore was accepted, 30 seconds before `since`, a lost tail may have known, however short ago
    // that was.
    let of_this_epoch = meta.epoch == 1 || session.iat > meta.since.saturating_sub(limits::LEEWAY);
    let just_made = of_this_epoch && session.iat.saturating_add(limits::LEEWAY) >= now;
    // spec: S48
    if session.iat > meta.since || just_made {
        return Ok(());
    }
    Err(Refusal::new(Code::StateSessionTooOld, "iat", session.iat, meta.since))
}

/// What continues a session that an epoch has ended would be refused (T182), and so would every session after it.
fn check_line(session: &Placed<'_>, meta: &Meta, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    let Some(first) = session.claims().continues() else { return Ok(()) };
    let Some(entry) = load_entry(overlay, first)? else { return Ok(()) };
    let of_this_epoch = entry.registered == Some(meta.epoch);
    // spec: S48
    match entry.opened.filter(|opened| !of_this_epoch && opened.iat <= meta.since) {
        Some(opened) => Err(Refusal::new(Code::StateSessionTooOld, "continues", opened.iat, meta.since).into()),
        None => Ok(()),
    }
}

/// Raises the mark of a block; that of a session that continues another is raised for the whole line.
///
/// # Errors
/// `deny-labels` for more labels than a mark may hold.
pub(crate) fn raise(id: BlockId, mark: &Mark, record: &str, now: u64, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    if mark.labels().len() > limits::LABELS {
        return Err(Refusal::new(Code::DenyLabels, "labels", mark.labels().len(), limits::LABELS).into());
    }
    let rise = Rise { at: now, record: record.to_owned(), mark: mark.clone() };
    // spec: S28
    join_entry(overlay, id, Entry { mark: mark.clone(), raised: vec![rise], ..Entry::default() }).map(drop)
}

/// Ends a block and everything below it, whether it is known here or not.
pub(crate) fn revoke(id: BlockId, reason: &str, now: u64, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    // spec: S24
    let revoked = Revoked { at: now, reason: reason.to_owned() };
    join_entry(overlay, id, Entry { revoked: Some(revoked), ..Entry::default() }).map(drop)
}

/// Ends whatever was issued to this bearer at `before` or earlier, whether it is known here or not.
pub(crate) fn revoke_before(
    bearer: &Bearer,
    before: u64,
    reason: &str,
    now: u64,
    overlay: &mut Overlay<'_>,
) -> Result<(), Fault> {
    let key = revoked_before_key(bearer);
    // spec: S25
    let said = RevokedBefore { before, at: now, reason: reason.to_owned() };
    let row = match overlay.load::<RevokedBefore>(&key)? {
        Some(mut known) => {
            known.join(said);
            known
        }
        None => said,
    };
    overlay.store(key, &row)
}
