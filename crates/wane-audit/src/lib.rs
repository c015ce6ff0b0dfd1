//! The audit log: what was decided, in an append-only Merkle log whose heads are signed.
//!
//! A [`Record`] is one line of JSON, and its bytes are one leaf of the log. A [`Frontier`] is all that must be kept to
//! append to it; a [`Checkpoint`] is its head, signed by a key that signs nothing else. Nothing here reads a clock, draws
//! a random number, opens a file or a socket.
//!
//! ```
//! use wane::SecretKey;
//! use wane_audit::{Checkpoint, Closed, Event, Frontier, Hash, Hint, Inclusion, Origin, Record, RecordId};
//!
//! let origin = Origin::new("example.com/log")?;
//! let line = |number: u8| {
//!     let event = Event::Closed(Closed { guard: RecordId::from_bytes([number; 16]) });
//!     let (id, log) = (RecordId::from_bytes([number; 16]), Hint::from_bytes([0; 8]));
//!     Record { id, at: 1_767_225_600, origin: origin.clone(), log, event }.to_line()
//! };
//! let lines = (0..5).map(line).collect::<Result<Vec<_>, _>>()?;
//!
//! // Whoever keeps the log appends and signs.
//! let mut log = Frontier::new();
//! lines.iter().try_for_each(|line| log.append(Hash::of_leaf(line.as_bytes())))?;
//! let key = SecretKey::from_seed([7; 32]);
//! let head = Checkpoint { origin: origin.clone(), size: log.size(), root: log.root() }.sign(&key)?;
//!
//! // Whoever has the key's public half is shown one record and a proof.
//! let leaves = lines.iter().map(|line| Ok(Hash::of_leaf(line.as_bytes())));
//! let proof = Inclusion::prove(3, 5, leaves)?;
//! let head = head.verify(&key.public_key(), &origin)?;
//! proof.verify(&Hash::of_leaf(lines[3].as_bytes()), head)?;
//! # Ok::<(), wane::Refusal>(())
//! ```

mod as_text;
mod checkpoint;
mod entry;
mod filter;
mod frontier;
mod hash;
mod hex;
mod note;
mod proof;
mod record;
mod replay;
mod secret;
mod verify;

pub use checkpoint::{Checkpoint, Origin, SignedCheckpoint};
pub use entry::Entry;
pub use filter::Filter;
pub use frontier::Frontier;
pub use hash::Hash;
pub use proof::{Consistency, Inclusion};
pub use record::{
    AcceptRestore, ApprovalSeen, Closed, Collect, Decided, DenialsDropped, Event, Opened, Outcome, Prune, RECORD_BYTES,
    Raise, Record, Register, Revoke, RevokeBefore, Unverified,
};
pub use replay::{Replayed, Why, replay, retell};
pub use secret::{Hint, Keyed, LogSecret, RecordId, RecordKey, SeenKey};
pub use verify::{Report, Verifier, verify_log};
