//! Values that trusted results returned in a session, as keyed digests.
//!
//! Alone of all that a ledger keeps, this is no join: it has a bound, and what is forgotten only denies.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wane::{BlockId, Code, Refusal};
use wane_audit::Keyed;

use super::overlay::Overlay;
use super::rows::seen_key;
use super::state::load_entry;
use super::text;
use crate::store::Fault;

/// Values of one line that are kept.
pub(crate) const SEEN: usize = 1_024;

/// What was returned in one line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// The end of its session. It stays at least as long as the session's entry.
    pub(crate) exp: u64,
    /// The oldest first, each once.
    #[serde(with = "text::list")]
    pub(crate) values: Vec<Keyed>,
}

/// Keeps these values of a session, the last of them longest; where there are too many, the oldest are forgotten.
///
/// # Errors
/// `state-unknown-session` for a session that was not opened here; the store's faults.
pub(crate) fn remember(session: BlockId, values: &[Keyed], overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    let entry = load_entry(overlay, session)?.filter(|entry| entry.opened.is_some());
    let Some(entry) = entry else {
        return Err(Refusal::new(Code::StateUnknownSession, "session", session, "").into());
    };
    let key = seen_key(session);
    let mut row = overlay.load::<Seen>(&key)?.unwrap_or_default();
    // Of one result no more counts than is kept.
    let values = values.get(values.len().saturating_sub(SEEN)..).unwrap_or_default();
    let mut fresh: BTreeSet<&Keyed> = values.iter().collect();
    row.values.retain(|known| !fresh.contains(known));
    row.values.extend(values.iter().filter(|value| fresh.remove(value)));
    // spec: S91
    let forgotten = row.values.len().saturating_sub(SEEN);
    row.values.drain(..forgotten);
    row.exp = row.exp.max(entry.exp.unwrap_or(row.exp));
    overlay.store(key, &row)
}

/// The values that are kept of a session.
pub(crate) fn seen(session: BlockId, overlay: &mut Overlay<'_>) -> Result<BTreeSet<Keyed>, Fault> {
    Ok(overlay.load::<Seen>(&seen_key(session))?.unwrap_or_default().values.into_iter().collect())
}
