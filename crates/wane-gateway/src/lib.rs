//! The MCP gateway: nothing reaches a tool without a permit.
//!
//! So far it reads messages: strictly, since what two parsers take in different ways would be decided as one thing and run as
//! another, and without changing a byte of what is passed on.
#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests may panic"))]

mod message;
mod strict;

pub use message::{Fault, FaultKind, Id, Kind, MESSAGE_BYTES, Message};
