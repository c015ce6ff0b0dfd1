//! Capability tokens for AI agents: authority that only shrinks.
#![no_std]
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice, reason = "tests may panic"))]

extern crate alloc;

// What is compared.
mod arguments;
mod ask;
mod condition;
mod ids;
mod level;
mod name;
mod pattern;
mod pointer;
mod ratchet;
mod scope;
mod value;

// What is on the wire.
mod cbor;
mod claims;
mod envelope;
mod json;
mod key;
pub mod limits;
mod text;

// What a chain allows, and what is done with it.
mod chain;
mod decide;
mod grant;
mod mint;
mod narrowing;
mod request;
mod roots;
mod scope_tree;
mod seal;
mod state;
mod token;
mod verify;

// How it is refused.
mod code;
mod refusal;

pub use arguments::Arguments;
pub use ask::{Approver, AskRule};
pub use chain::{Block, Chain};
pub use claims::Claims;
pub use code::{Code, Family, Retry};
pub use condition::{Condition, Directory, Glob, Host, Length, Network, Operands, Scheme, Source, Target, Test};
pub use decide::{Ask, Decision, Permit, decide, may_still};
pub use envelope::Kind;
pub use grant::Grant;
pub use ids::{BlockId, LedgerId};
pub use key::{KeyHint, PublicKey, SecretKey, Signer, SignerError};
pub use level::{Level, Mark};
pub use mint::{Heir, RootGrant, mint};
pub use name::Name;
pub use narrowing::Narrowing;
pub use pattern::{Action, Audience, Pattern};
pub use pointer::Pointer;
pub use ratchet::Rule;
pub use refusal::Refusal;
pub use request::{Call, Request};
pub use roots::{Roots, TrustedRoot};
pub use scope::{OtherArguments, Scope};
pub use seal::Seal;
pub use state::LiveState;
pub use token::{SealedToken, Token, UntrustedToken};
pub use value::{Integer, Value};
pub use verify::{Verified, verify};
