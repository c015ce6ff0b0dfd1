//! Strict deterministic CBOR (RFC 8949 section 4.2): one scanner, one reader, one writer.

#[cfg(test)]
mod known;
mod read;
mod scan;
mod write;

pub(crate) use read::{Item, Reader, wrong_type};
pub(crate) use scan::scan;
pub(crate) use write::Writer;
