//! What has happened since the token was made.

use crate::level::Mark;

/// The live state a decision is made on. Every answer without a ledger is `not rollback-safe`: the holder of an older,
/// wider copy of a token can still show it.
///
/// ```
/// use wane::{Level, LiveState, Mark};
/// let state = LiveState::without_ledger().marked(Mark::at(Level::Confidential));
/// assert_eq!(state.mark().level(), Level::Confidential);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct LiveState {
    mark: Mark,
}

impl LiveState {
    /// No ledger: nothing is known but what the caller adds, and what needs a ledger is refused.
    pub fn without_ledger() -> Self {
        Self::default()
    }

    /// Joins a mark that the enforcement point itself remembers for this session.
    pub fn marked(mut self, mark: Mark) -> Self {
        self.mark.join(&mark);
        self
    }

    /// The mark remembered.
    #[must_use]
    pub const fn mark(&self) -> &Mark {
        &self.mark
    }
}
