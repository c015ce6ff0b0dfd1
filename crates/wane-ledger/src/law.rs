//! What rows mean, computed once for every backend.
//!
//! Everything that happens to a ledger is a join: it adds to what is known and takes nothing back, so the order in which
//! things happen does not matter to what is known in the end. Counters are one exception: they grow by sums. What was returned
//! in a session is the other: of that only the last is kept, and what is forgotten denies. Only
//! [`collect`] takes rows away, and what it takes away is dead by its `exp` first and by the ledger's `collected` for ever.

mod about;
mod account;
mod asks;
mod collect;
mod effects;
mod entry;
mod key_text;
mod operate;
mod outline;
mod overlay;
mod rows;
mod seen;
mod state;
mod statements;
mod text;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use account::Account;
#[cfg(test)]
pub(crate) use asks::approvals_for;
pub(crate) use asks::{Deposited, answered, deposit, pending, still_waits, wait, waiting_for, waits_until};
#[cfg(test)]
pub(crate) use collect::MARGIN;
pub(crate) use collect::{Cursor, advance, collect_page};
pub(crate) use effects::{Envelopes, commit_effects, keep};
pub(crate) use operate::{accept_restore, create, raise, register, revoke, revoke_before};
pub(crate) use overlay::{Overlay, decode};
pub(crate) use rows::{
    Meta, RevokedBefore, SCHEMA, Spent, Used, load_meta, meta_key, pending_key, revoked_before_key, seen_key, used_key,
};
#[cfg(test)]
pub(crate) use rows::{entry_key, spent_key};
pub(crate) use seen::{SEEN, remember, seen};
pub(crate) use state::{load_entry, state_for};
pub(crate) use statements::{statements_for, still_good};

pub use about::About;
pub use asks::PendingRequest;
pub use entry::{Entry, Opened, Revoked, Rise};
pub use key_text::KeyText;
