//! Input that does not verify: counted, and nothing else, so that it costs a ledger nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use wane::Code;

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
