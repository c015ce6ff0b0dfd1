//! Requests, and what has happened since.

use super::condition::Point;
use super::stated::Ask;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Mark {
    pub(crate) level: u8,
    pub(crate) labels: Vec<&'static str>,
}

impl Mark {
    pub(crate) fn join(&mut self, other: &Self) {
        self.level = self.level.max(other.level);
        for label in &other.labels {
            if !self.labels.contains(label) {
                self.labels.push(label);
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) audience: &'static str,
    pub(crate) actions: Vec<&'static str>,
    pub(crate) point: Point,
    pub(crate) mark: Mark,
    pub(crate) costs: Vec<(&'static str, u64)>,
    /// What the enforcement point asks for itself.
    pub(crate) ask: Vec<Ask>,
    /// Whether only a seal for exactly this request will do.
    pub(crate) needs_own_seal: bool,
}

impl Request {
    /// Each action once.
    pub(crate) fn distinct_actions(&self) -> Vec<&'static str> {
        let mut distinct = Vec::new();
        for action in &self.actions {
            if !distinct.contains(action) {
                distinct.push(*action);
            }
        }
        distinct
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kept {
    #[default]
    Durably,
    /// It forgets, and the enforcement point was built to allow that.
    Allowed,
    Refused,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct BlockState {
    pub(crate) mark: Mark,
    pub(crate) revoked: bool,
    pub(crate) registered: bool,
    pub(crate) spent: Vec<(&'static str, u64)>,
}

/// The session that the chain continues.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct First {
    pub(crate) state: BlockState,
    pub(crate) root: u8,
    pub(crate) iat: u64,
    pub(crate) continues: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    Root(u8),
    Key(u8),
    Agent(&'static str),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ledger {
    pub(crate) id: u8,
    pub(crate) kept: Kept,
    pub(crate) since: u64,
    pub(crate) collected: u64,
    /// Of the blocks of the chain, in order; those left out have seen nothing.
    pub(crate) blocks: Vec<BlockState>,
    pub(crate) first: Option<First>,
    pub(crate) revoked_before: Vec<(Bearer, u64)>,
    pub(crate) seal_used: bool,
}

impl Ledger {
    pub(crate) fn block(&self, index: usize) -> BlockState {
        self.blocks.get(index).cloned().unwrap_or_default()
    }
}

/// A statement of an approver.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Approval {
    pub(crate) key: u8,
    /// Whether it is for this chain, and for this request.
    pub(crate) chain: bool,
    pub(crate) request: bool,
    pub(crate) actions: Vec<&'static str>,
    pub(crate) iat: u64,
    pub(crate) exp: u64,
    pub(crate) used: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Live {
    /// What the enforcement point remembers itself.
    pub(crate) mark: Mark,
    pub(crate) ledger: Option<Ledger>,
    pub(crate) approvals: Vec<Approval>,
    /// Its own approval key.
    pub(crate) local: Option<u8>,
}
