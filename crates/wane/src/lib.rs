//! Capability tokens for AI agents: authority that only shrinks.
#![no_std]

extern crate alloc;

mod code;
mod json;
mod level;
pub mod limits;
mod name;
mod refusal;
mod value;

pub use code::{Code, Family, Retry};
pub use level::{Level, Mark};
pub use name::Name;
pub use refusal::Refusal;
pub use value::{Integer, Value};
