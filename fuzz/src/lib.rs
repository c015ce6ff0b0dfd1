//! What the fuzz targets run. Each target is a module with one `run`, so that seeds can be replayed without a fuzzer.
//!
//! A target asserts more than that nothing panics: what is accepted must come back the same, and must agree with a
//! second, naive implementation here, which shares no encoder and no parser with the library.
#![forbid(unsafe_code)]

pub mod approval;
pub mod catalogue;
pub mod ledger;
pub mod log;
pub mod message;
pub mod model;
pub mod narrow;
pub mod record;
pub mod request;
pub mod roots;
pub mod scan;
pub mod scope;
pub mod text;
pub mod verify;
pub mod wiring;

/// Writes the committed seeds; see `examples/seeds.rs`.
pub mod seeds;

mod asks;
mod cbor;
mod check;
mod choices;
mod claims;
mod forge;
mod json;
mod laws;
mod limits;
mod live;
mod rebuild;
mod tree;

/// Every target by its name.
pub const TARGETS: &[(&str, fn(&[u8]))] = &[
    ("approval", approval::run),
    ("catalogue", catalogue::run),
    ("ledger", ledger::run),
    ("log", log::run),
    ("message", message::run),
    ("model", model::run),
    ("narrow", narrow::run),
    ("record", record::run),
    ("request", request::run),
    ("roots", roots::run),
    ("scan", scan::run),
    ("scope", scope::run),
    ("text", text::run),
    ("verify", verify::run),
    ("wiring", wiring::run),
];
