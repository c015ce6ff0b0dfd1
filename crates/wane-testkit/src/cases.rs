//! The families: one file and one folder each.

mod cbor;
mod claims;
mod decide;
mod envelope;
mod narrowing;
mod signature;
mod text;

use crate::case::Case;

/// Every case of every family.
#[must_use]
pub fn all() -> Vec<Case> {
    let families: &[fn() -> Vec<Case>] =
        &[cbor::cases, claims::cases, decide::cases, envelope::cases, narrowing::cases, signature::cases, text::cases];
    families.iter().flat_map(|family| family()).collect()
}
