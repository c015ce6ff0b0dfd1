//! Capability tokens for AI agents: authority that only shrinks.
//!
//! A session is a chain of Ed25519-signed blocks. A root key mints the first; whoever holds the token can narrow it
//! offline for somebody else; a tool server is shown a sealed token and needs nothing but the root's public key to
//! tell what the chain still allows.
//!
//! | you are | you use |
//! |---|---|
//! | the minter, with the root's secret key | [`RootGrant`], [`mint`] |
//! | an agent that holds a token | [`Token::attenuate`] with a [`Narrowing`], [`Token::seal`] with a [`Seal`] |
//! | a tool server | [`SealedToken::parse`], [`verify`], [`Request`], [`decide`], and a [`Permit`] to forward by |
//! | a person looking at a token | [`UntrustedToken`] |
//!
//! # A tour
//!
//! Mint, narrow for a child agent, seal, verify, decide. Time and randomness are arguments: the library reads no clock
//! and owns no generator.
//!
//! ```
//! use getrandom::SysRng;
//! use rand_core::UnwrapErr;
//! use wane::{
//!     Code, Decision, Heir, Level, LiveState, Narrowing, Request, RootGrant, Roots, Seal, SealedToken, SecretKey,
//!     decide, mint, verify,
//! };
//!
//! let mut rng = UnwrapErr(SysRng);
//! let now = 1_767_225_600; // seconds since 1970
//!
//! // The minter: one key, one hour, two scopes.
//! let root = SecretKey::generate(&mut rng);
//! let grant = RootGrant::new("files".parse()?, now, now + 3_600)
//!     .scope("read:*".parse()?)
//!     .scope("write:*".parse()?);
//! let session = mint(&grant, &root, Heir::carried(&mut rng))?;
//!
//! // The agent, offline: its child may read one folder for five minutes.
//! let narrowing = Narrowing::new()
//!     .keep("read:hr:* if path under /data/hr".parse()?)
//!     .raise(Level::Internal)
//!     .expires_at(now + 300);
//! let child = session.attenuate(&narrowing, Heir::carried(&mut rng))?;
//!
//! // The child shows a sealed copy, which nobody can extend.
//! let shown = child.seal(&Seal::new())?;
//! assert_eq!(session.chain().blocks()[0].size(), 172);
//! assert_eq!(shown.to_bytes().len(), 414);
//! let line = shown.to_text();
//!
//! // The tool server knows the root's public key, and derives the request from the message it received.
//! let roots = Roots::single(root.public_key());
//! let verified = verify(&SealedToken::parse(&line)?, &roots)?;
//! let request = |action: &str, level| {
//!     let arguments = wane::Arguments::from_json(br#"{"path": "/data/hr/people.csv"}"#)?;
//!     Ok::<_, wane::Refusal>(
//!         Request::for_actions("files".parse()?, vec![action.parse()?], level)?.arguments(arguments),
//!     )
//! };
//! let state = LiveState::without_ledger();
//!
//! let allowed = decide(&verified, &request("read:hr:people", Level::Internal)?, &state, now + 10);
//! assert!(matches!(allowed, Decision::Allow(_)));
//!
//! let Decision::Deny(why) = decide(&verified, &request("write:hr:people", Level::Internal)?, &state, now + 10) else {
//!     panic!("a child that may only read has written");
//! };
//! assert_eq!(why.code(), Code::DenyScope);
//! assert_eq!(why.to_string(), "`write:hr:people` is not within `read:hr:*`");
//! # Ok::<(), wane::Refusal>(())
//! ```
//!
//! # What it does not do
//!
//! Without a ledger the holder of an older, wider copy of a token can still show that copy; a decision made so is not
//! rollback-safe. Budgets, continued sessions and approvals need a ledger too, and are refused or asked for until there
//! is one. What an agent sends to an allowed recipient, and what it writes in its answer, is not judged here.
//!
//! # Compatibility
//!
//! Codes, text forms and the wire format `wane1` are stable; a change to the format gets another prefix. The Rust API may
//! change between minor versions before 1.0.
// No clock, no generator and no file can be reached from here.
// spec: T105
#![no_std]
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice, reason = "tests may panic"))]

extern crate alloc;

// What is compared.
mod approval;
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
mod recall;
mod request;
mod roots;
mod scope_tree;
mod seal;
mod seen;
mod signature_cache;
mod state;
mod token;
mod verify;
mod witness;

// How it is refused.
mod code;
mod refusal;

/// The Rust in the README is compiled with the documentation's examples.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

pub use approval::{Approvable, Approval, Asked, UntrustedApproval};
pub use arguments::Arguments;
pub use ask::{Approver, AskRule};
pub use chain::{Block, Chain};
pub use claims::Claims;
pub use code::{Code, Family, Retry};
pub use condition::{Condition, Directory, Glob, Host, Length, Network, Operands, Scheme, Source, Target, Test};
pub use decide::{Ask, Charge, Decision, Effects, Judgement, Permit, Use, decide, judge, may_still};
pub use envelope::Kind;
pub use grant::Grant;
pub use ids::{BlockId, LedgerId};
pub use key::{Hex, KeyHint, PublicKey, SecretKey, Signer, SignerError};
pub use level::{Level, Mark};
pub use mint::{Heir, RootGrant, mint};
pub use name::Name;
pub use narrowing::Narrowing;
pub use pattern::{Action, Audience, Pattern};
pub use pointer::Pointer;
pub use ratchet::Rule;
pub use recall::{Recall, RecalledApproval, Remembered, Verdict};
pub use refusal::Refusal;
pub use request::{Call, Request, request_digest};
pub use roots::{Roots, TrustedRoot};
pub use scope::{OtherArguments, Scope};
pub use seal::Seal;
pub use signature_cache::{KnownSignatures, SignatureCache};
pub use state::{Bearer, BlockState, FirstState, LedgerState, LiveState, Volatility};
pub use token::{SealedToken, Token, UntrustedToken};
pub use value::{Integer, Value};
pub use verify::{Verified, verify, verify_with};
pub use witness::{Heard, Place, Tree};
