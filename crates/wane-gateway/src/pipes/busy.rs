//! Whether threads are at work on what they were handed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many threads are at work, and since when none is.
#[derive(Debug)]
pub(super) struct Busy(Mutex<At>);

#[derive(Debug)]
struct At {
    work: usize,
    idle: Instant,
}

impl Default for Busy {
    fn default() -> Self {
        Self(Mutex::new(At { work: 0, idle: Instant::now() }))
    }
}

/// Somebody is at work for as long as this lives.
#[derive(Debug)]
pub(super) struct AtWork(Arc<Busy>);

impl Busy {
    fn at(&self) -> MutexGuard<'_, At> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins some work.
    pub(super) fn begin(self: &Arc<Self>) -> AtWork {
        let mut at = self.at();
        at.work = at.work.saturating_add(1);
        drop(at);
        AtWork(Arc::clone(self))
    }

    /// Whether there was none for so long.
    pub(super) fn is_idle_for(&self, quiet: Duration) -> bool {
        let at = self.at();
        at.work == 0 && at.idle.elapsed() >= quiet
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let mut at = self.0.at();
        at.work = at.work.saturating_sub(1);
        at.idle = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_idle_while_one_of_them_works() {
        let busy = Arc::<Busy>::default();
        assert!(busy.is_idle_for(Duration::ZERO));
        let (one, two) = (busy.begin(), busy.begin());
        drop(one);
        assert!(!busy.is_idle_for(Duration::ZERO));
        drop(two);
        assert!(busy.is_idle_for(Duration::ZERO) && !busy.is_idle_for(Duration::from_secs(3_600)));
    }
}
