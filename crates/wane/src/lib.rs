//! Capability tokens for AI agents: authority that only shrinks.
#![no_std]
#![cfg_attr(test, allow(clippy::as_conversions, clippy::string_slice, reason = "tests may panic"))]

extern crate alloc;

mod arguments;
mod code;
mod condition;
mod json;
mod key;
mod level;
pub mod limits;
mod name;
mod pattern;
mod pointer;
mod refusal;
mod scope;
mod text;
mod value;

pub use arguments::Arguments;
pub use code::{Code, Family, Retry};
pub use condition::{Condition, Directory, Glob, Host, Length, Network, Operands, Scheme, Source, Target, Test};
pub use key::{KeyHint, PublicKey, SecretKey, Signer, SignerError};
pub use level::{Level, Mark};
pub use name::Name;
pub use pattern::{Action, Audience, Pattern};
pub use pointer::Pointer;
pub use refusal::Refusal;
pub use scope::{OtherArguments, Scope};
pub use value::{Integer, Value};
