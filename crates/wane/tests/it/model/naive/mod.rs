//! The grant algebra a second time, as naively as it can be said: a pattern is the set of actions of a small universe that
//! it covers, a scope the set of actions and arguments that it allows, narrowing an intersection, and a decision the checks
//! of `spec/decide.md` one after the other.
//!
//! It is written from `spec/` and shares no code with the library, so it names nothing of it. It can be broken on purpose,
//! by one [`Fault`] at a time, to show that a comparison with the library would notice.

mod condition;
mod decide;
mod fault;
mod grant;
mod live;
mod stated;
mod tree;
mod universe;
mod verify;

pub(crate) use condition::{CONDITIONS, Point, place};
pub(crate) use decide::{Answer, Charge, decide, may_still};
pub(crate) use fault::Fault;
pub(crate) use grant::Grant;
pub(crate) use live::{Approval, Bearer, BlockState, First, Kept, Ledger, Live, Mark, Request};
pub(crate) use stated::{Approver, Ask, Block, Chain, Digest, Entry, Hint, Rule, Signature, Stated};
pub(crate) use tree::Tree;
pub(crate) use universe::{Universe, actions, audiences};
pub(crate) use verify::{replay, verify};

/// The number of the root key that the verifier trusts; the key with number n is that of the seed of 32 bytes n.
pub(crate) const ROOT_KEY: u8 = 1;

/// A refusal: its code and the block it arose in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct No {
    pub(crate) code: &'static str,
    pub(crate) block: Option<usize>,
}

pub(crate) fn no<T>(code: &'static str, block: impl Into<Option<usize>>) -> Result<T, No> {
    Err(No { code, block: block.into() })
}

pub(crate) fn ensure(holds: bool, code: &'static str, block: impl Into<Option<usize>>) -> Result<(), No> {
    if holds { Ok(()) } else { no(code, block) }
}
