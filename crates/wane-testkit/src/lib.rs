//! Forges tokens, the ones that the library refuses to make included, and writes the vectors in `test-vectors/`. It shares
//! no code with the library: its own encoder, its own texts, its own digests; only the cryptography is the same.
//!
//! A case is a few lines. Families are files in `src/cases`, each a function that gives a list; keys and times are fixed,
//! and nothing is drawn at random.
//!
//! ```
//! use wane_testkit::{Block, Case, Chain, Claims, EXP, list};
//!
//! let cases = [
//!     // Judged as the standard request `read:hr:employees` at `files`, and allowed.
//!     Case::new("narrowing/scope-kept", "a delegate block keeps the first scope")
//!         .spec("T71 T75")
//!         .sealed_from(&Chain::minted().delegate(Claims::new().scopes(list![0])), Claims::new()),
//!     // Refused by the layer that the family of the code says.
//!     Case::new("narrowing/exp-later", "a delegate block states a later exp")
//!         .refused("chain-expiry")
//!         .block(1)
//!         .spec("T40")
//!         .sealed(&Chain::minted().delegate(Claims::new().exp(EXP + 1)).seal(Claims::new())),
//!     // A block that is signed as another kind.
//!     Case::new("signature/seal-as-delegate", "the seal is signed as a delegate block")
//!         .refused("chain-signature")
//!         .block(1)
//!         .spec("T22 T112")
//!         .sealed(&Chain::minted().put(&Block::new(1, &Claims::new()))),
//! ];
//! assert_eq!(cases[1].expect(), "chain-error");
//! assert!(cases[1].to_file().contains("\ncode: chain-expiry\nblock: 1\n"));
//! ```
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a case that cannot be made must stop the program"
)]

mod case;
pub mod cases;
pub mod cbor;
mod chain;
mod claims;
pub mod folder;
pub mod key;
pub mod random;
mod request;
pub mod text;

pub use case::{Case, trusted};
pub use cbor::Item;
pub use chain::{Block, Chain, PROTECTED};
pub use claims::{Claims, EXP, IAT, NOW, PRIVATE, cnf, root};
pub use request::{Request, approval, approval_claims, approval_text, from_json, sorted};
