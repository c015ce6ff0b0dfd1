//! What a ledger is asked about one chain, and what it said the last time.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use wane::{BlockId, LedgerState, Mark, Verified, Volatility};

use super::effects::{Envelopes, envelopes};
use super::entry::Entry;
use super::outline::line_of;
use super::overlay::Overlay;
use super::rows::entry_key;
use super::state::{read_state, state_keys};
use crate::store::{Fault, Key};

/// Bytes of rows that are remembered for one chain. Longer ones are read again each time.
const BYTES: usize = 4 * 1024;

/// A chain with the rows that its state is made of.
pub(crate) struct Account {
    verified: Arc<Verified>,
    line: BlockId,
    /// Every row that its state is made of, ascending, each once.
    rows: Vec<Key>,
    /// Its blocks as they are kept.
    envelopes: Envelopes,
    /// What its seal states, as records have it.
    seal_claims: Vec<u8>,
    last: Mutex<Option<Arc<Reading>>>,
    /// Where the entry of its line lies.
    entry: Key,
    told: Mutex<Option<Arc<Told>>>,
}

/// What was told of the session and known already: its entry as it lay there, to what it was raised, and when.
struct Told {
    entry: Vec<u8>,
    raise: Mark,
    now: u64,
    /// When the entry was last raised.
    risen: u64,
}

/// Rows as they lay there, and the state that they make. The same rows make the same.
struct Reading {
    rows: Vec<Option<Vec<u8>>>,
    volatility: Volatility,
    state: LedgerState,
}

/// Without what the chain says: it may be confidential.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("line", &self.line).finish_non_exhaustive()
    }
}

impl Account {
    /// # Errors
    /// [`Fault::Misuse`] for a chain without a session, which does not verify.
    pub(crate) fn of(verified: Arc<Verified>) -> Result<Self, Fault> {
        let mut rows = state_keys(&verified)?;
        rows.sort_unstable();
        rows.dedup();
        let (line, envelopes) = (line_of(&verified)?, envelopes(&verified));
        let (entry, seal_claims) = (entry_key(line), verified.seal_claims());
        Ok(Self { verified, line, rows, envelopes, seal_claims, last: Mutex::new(None), entry, told: Mutex::new(None) })
    }

    pub(crate) const fn verified(&self) -> &Arc<Verified> {
        &self.verified
    }

    /// The id that its marks and its session's counters live under.
    pub(crate) const fn line(&self) -> BlockId {
        self.line
    }

    /// Every row that its state is made of.
    pub(crate) fn rows(&self) -> &[Key] {
        &self.rows
    }

    /// Its blocks but the seal, each with where it is kept.
    pub(crate) const fn envelopes(&self) -> &Envelopes {
        &self.envelopes
    }

    /// What its seal states, without its digest and what it said.
    pub(crate) fn seal_claims(&self) -> &[u8] {
        &self.seal_claims
    }

    /// What the ledger knows about the chain and these approvals. Rows that were not asked for together are read one by one.
    ///
    /// # Errors
    /// The store's faults; [`Fault::Corrupt`] for a row that cannot be read, or that tells otherwise what the chain proves.
    pub(crate) fn state(
        &self,
        approvals: &[BlockId],
        overlay: &mut Overlay<'_>,
        volatility: Volatility,
    ) -> Result<LedgerState, Fault> {
        if !approvals.is_empty() {
            return read_state(&self.verified, approvals, overlay, volatility);
        }
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(last) = last
            && last.volatility == volatility
            && last.is_of(&self.rows, overlay)
        {
            return Ok(last.state.clone());
        }
        let state = read_state(&self.verified, &[], overlay, volatility)?;
        let lie = || self.rows.iter().map(|key| overlay.known(key).flatten());
        let is_short = lie().flatten().map(<[u8]>::len).sum::<usize>() <= BYTES;
        // Nobody shows a seal for one request again.
        if is_short && !self.verified.is_for_one_request() {
            let rows = lie().map(|row| row.map(<[u8]>::to_vec)).collect();
            let reading = Reading { rows, volatility, state: state.clone() };
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(reading));
        }
        Ok(state)
    }

    /// Whether it adds nothing to the session's entry that it is raised to this: it did not when the entry was the same and it was no later.
    /// In the second of another rise it may stand before that one, by the id of its record; the lowest mark never raises anything.
    pub(super) fn has_told(&self, raise: &Mark, now: u64, overlay: &Overlay<'_>) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        told.is_some_and(|told| {
            let raises_nothing = *raise == Mark::default() || (*raise == told.raise && now > told.risen);
            raises_nothing && now >= told.now && overlay.known(&self.entry) == Some(Some(&told.entry))
        })
    }

    /// To raise the session, which continues no other, to this has added nothing to its entry.
    pub(super) fn told(&self, known: &Entry, raise: Mark, now: u64, overlay: &Overlay<'_>) {
        // Nobody shows a seal for one request again.
        if self.verified.is_for_one_request() {
            return;
        }
        let lies = overlay.known(&self.entry).flatten();
        if let Some(entry) = lies.filter(|entry| entry.len() <= BYTES).map(<[u8]>::to_vec) {
            let risen = known.raised.iter().map(|rise| rise.at).max().unwrap_or(0);
            let told = Told { entry, raise, now, risen };
            *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(told));
        }
    }
}

impl Reading {
    /// Whether each of these rows says now what it said then; no where one is not known here yet.
    fn is_of(&self, keys: &[Key], overlay: &Overlay<'_>) -> bool {
        self.rows.len() == keys.len()
            && keys.iter().zip(&self.rows).all(|(key, then)| overlay.known(key) == Some(then.as_deref()))
    }
}
