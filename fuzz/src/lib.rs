//! What the fuzz targets run. Each target is a module with one `run`, so that seeds can be replayed without a fuzzer.
//!
//! A target asserts more than that nothing panics: what is accepted must come back the same, and must agree with a
//! second, naive implementation here, which shares no encoder and no parser with the library.
#![forbid(unsafe_code)]

pub mod model;
pub mod request;
pub mod scan;
pub mod scope;
pub mod text;
pub mod verify;

/// Writes the committed seeds; see `examples/seeds.rs`.
pub mod seeds;

mod cbor;
mod check;
mod choices;
mod claims;
mod forge;
mod json;
mod laws;
mod rebuild;
