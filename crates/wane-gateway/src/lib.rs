//! The MCP gateway: nothing reaches a tool without a permit.
//!
//! A [`Gate`] stands between one client and one server. It reads messages strictly, since what two parsers take in different ways
//! would be decided as one thing and run as another; it decides what asks for something, by a catalogue and a ledger; and what it
//! lets through it passes on as it was received. `spec/gateway.md` says what becomes of each message.
//!
//! [`run`] puts one between pipes, [`http`] several behind one address. [`service`] answers the same question over HTTP, for programs
//! that are no gateways themselves, and [`tls`] encrypts both. [`wiring`] puts a gateway into the configuration of a client, and out
//! of it again.
#![cfg_attr(not(feature = "http"), allow(dead_code, reason = "some of it is for what listens"))]
#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests may panic"))]

mod answer;
mod approvals;
mod call;
#[cfg(feature = "http")]
mod connections;
mod credential;
mod draft;
mod flow;
mod gate;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
mod listen;
mod listing;
mod message;
mod method;
mod object;
mod onward;
mod pipes;
#[cfg(feature = "http")]
pub mod service;
mod strict;
#[cfg(feature = "http")]
pub mod tls;
mod tokens;
#[cfg(feature = "http")]
mod watched;
pub mod wiring;

pub use approvals::{Approvals, Consent, LocalApprover, Question, Terminal, Words};
pub use credential::Credential;
pub use draft::{DRAFT_HEADING, Draft, draft};
pub use gate::{Gate, GateOptions, Notice, Outlet, Side};
pub use listing::{ListError, list_tools};
pub use message::{Fault, FaultKind, Id, Kind, MESSAGE_BYTES, Message};
pub use pipes::{Client, End, RunError, Sink, Stopper, Stops, run};
