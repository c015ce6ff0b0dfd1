//! Denials of genuine tokens: recorded in batches, so that no answer waits for them.

use std::time::Instant;

use crate::law::Envelopes;

/// A denial that waits to be recorded, with the blocks of its chain as the log keeps them: what a chain means in memory can be a hundred
/// times as much.
pub(crate) struct Denial {
    pub(crate) record: Vec<u8>,
    pub(crate) envelopes: Envelopes,
}

/// Denials that wait. Never more than [`Denials::MOST`]: what does not fit is counted.
#[derive(Default)]
pub(crate) struct Denials {
    waiting: Vec<Denial>,
    since: Option<Instant>,
    dropped: u64,
    dropped_from: Option<u64>,
}

impl Denials {
    /// Denials that wait at most.
    // spec: A30
    pub(crate) const MOST: usize = 1_024;

    pub(crate) fn push(&mut self, denial: Denial) {
        if self.waiting.len() >= Self::MOST {
            self.dropped = self.dropped.saturating_add(1);
            self.since.get_or_insert_with(Instant::now);
            return;
        }
        self.since.get_or_insert_with(Instant::now);
        self.waiting.push(denial);
    }

    pub(crate) fn has_room_for(&self, more: usize) -> bool {
        self.waiting.len().saturating_add(more) <= Self::MOST
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.dropped == 0
    }

    /// Since when the oldest waits.
    pub(crate) const fn since(&self) -> Option<Instant> {
        self.since
    }

    pub(crate) fn waiting(&self) -> &[Denial] {
        &self.waiting
    }

    /// How many were left out, at most.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// They are recorded.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Since when denials were left out, seconds since 1970-01-01T00:00:00Z.
    pub(crate) fn from(&self, now: u64) -> u64 {
        self.dropped_from.unwrap_or(now)
    }

    /// So many were denied and cannot be recorded; their number can.
    pub(crate) fn leave_out(&mut self, count: usize, now: u64) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.dropped = self.dropped.saturating_add(count);
        self.dropped_from.get_or_insert(now);
        self.since.get_or_insert_with(Instant::now);
    }

    pub(crate) fn leave_out_if(&mut self, tight: bool, now: u64) {
        if tight {
            self.drop_all(now);
        }
    }

    /// Takes over what another committer could not record when it ended: how many they were.
    pub(crate) fn take_over(&mut self, left: Self, now: u64) {
        if left.is_empty() {
            return;
        }
        let from = left.from(now);
        let waiting = u64::try_from(left.waiting.len()).unwrap_or(u64::MAX);
        self.dropped = self.dropped.saturating_add(left.dropped).saturating_add(waiting);
        self.dropped_from = Some(self.from(from).min(from));
        self.since.get_or_insert_with(Instant::now);
    }

    /// There is no room for them: they are counted, and the room is kept for admissions.
    pub(crate) fn drop_all(&mut self, now: u64) {
        let count = std::mem::take(&mut self.waiting).len();
        self.since = None;
        if count > 0 {
            self.leave_out(count, now);
        } else if self.dropped > 0 {
            // Their number is still to be told.
            self.since = Some(Instant::now());
        }
    }
}
