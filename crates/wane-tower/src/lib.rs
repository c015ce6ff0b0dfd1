//! A tower layer for tool servers: each request is admitted once, and its handler is given the permit.
//!
//! An [`AdmitLayer`] stands before any service of HTTP requests. It takes the sealed token from the head, asks the server's
//! [`Demands`] what the request demands, and admits it on a [`Guard`](wane_ledger::Guard): nothing reaches the service that was not
//! verified, decided and committed. A handler takes the [`Admitted`] and uses it up. What is refused is answered with a
//! [`Problem`]. `spec/tower.md` says what becomes of each request; `examples/tool_server.rs` is a whole server.
//!
//! The feature `testing` makes tokens for the tests of such a server. Nothing outside it trusts them.
//!
//! # What it does not do
//!
//! How long a client may take for its head and its body, and how many may come at once, is the server's to bound, and so is TLS.
//! Layers that change a request (that decompress its body, rewrite its path or its method) belong outside of this one, and outside
//! of the router around it: what changes it later makes the handler do something else than was decided. A target that was rewritten
//! between a router of axum and this layer is refused by [`http_call`]; what is changed behind this layer nobody sees.
#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests may panic"))]

mod admitted;
mod demands;
mod layer;
mod problem;
#[cfg(feature = "testing")]
pub mod testing;
mod token;

pub use admitted::Admitted;
pub use demands::{Demands, Reads, body_passed_on, http_call, whole_body};
pub use layer::{Admit, AdmitLayer, Body};
pub use problem::Problem;
