//! Input that does not verify: counted, and nothing else, so that it costs a ledger nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use wane::{Code, Refusal, SealedToken};

use super::Guard;
use crate::law::Account;

impl Guard {
    /// Whether what is shown is genuine by the roots in force, for whoever has something to do before there is a request to admit.
    /// No ledger is asked and nothing permitted: an admission verifies again. `now` is in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `parse-*` and `chain-*` for what does not verify, which is counted as where it is to be admitted.
    ///
    /// ```
    /// use wane::{Refusal, SealedToken};
    /// fn before_a_body_is_read(guard: &wane_ledger::Guard, shown: &SealedToken, now: u64) -> Result<(), Refusal> {
    ///     guard.verify(shown, now)
    /// }
    /// # let _ = before_a_body_is_read;
    /// ```
    pub fn verify(&self, sealed: &SealedToken, now: u64) -> Result<(), Refusal> {
        self.verified(sealed, now).map(|_account| ())
    }

    /// The same for whoever hands it in to be admitted or verified as well, and has it counted there.
    ///
    /// ```
    /// use wane::SealedToken;
    /// fn is_a_stranger(guard: &wane_ledger::Guard, shown: &SealedToken) -> bool {
    ///     !guard.is_genuine(shown)
    /// }
    /// # let _ = is_a_stranger;
    /// ```
    #[must_use]
    pub fn is_genuine(&self, sealed: &SealedToken) -> bool {
        self.shared.verify(sealed).is_ok()
    }

    pub(super) fn verified(&self, sealed: &SealedToken, now: u64) -> Result<Arc<Account>, Refusal> {
        self.shared.saw(now);
        self.shared.verify(sealed).inspect_err(|refusal| {
            // It never reaches the ledger.
            // spec: A32
            self.shared.junk.count(refusal.code());
        })
    }
}

/// How many of each code came in. There are fewer than two hundred codes, so this is bounded.
#[derive(Debug, Default)]
pub(crate) struct Junk(Mutex<BTreeMap<Code, u64>>);

impl Junk {
    pub(crate) fn count(&self, code: Code) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(code).or_default();
        *count = count.saturating_add(1);
    }

    /// Takes the counts for a record.
    pub(crate) fn take(&self) -> BTreeMap<Code, u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what could not be recorded.
    pub(crate) fn put_back(&self, counts: BTreeMap<Code, u64>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (code, count) in counts {
            let sum = held.entry(code).or_default();
            *sum = sum.saturating_add(count);
        }
    }
}
