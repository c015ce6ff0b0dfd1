//! Whether a thread is at work on what it was handed.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Since when nobody is at work, if nobody is.
#[derive(Debug)]
pub(super) struct Busy(Mutex<Option<Instant>>);

impl Default for Busy {
    fn default() -> Self {
        Self(Mutex::new(Some(Instant::now())))
    }
}

impl Busy {
    fn set(&self, idle: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = idle;
    }

    /// Does some work.
    pub(super) fn with<T>(&self, work: impl FnOnce() -> T) -> T {
        self.set(None);
        let done = work();
        self.set(Some(Instant::now()));
        done
    }

    /// Whether there was none for so long.
    pub(super) fn is_idle_for(&self, quiet: Duration) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() >= quiet)
    }
}
