//! The families: one file and one folder each.

mod approval;
mod cbor;
mod claims;
mod decide;
mod envelope;
mod holder;
mod ledger;
mod narrowing;
mod order;
mod ratchet;
mod scenarios;
mod signature;
mod text;

use crate::case::Case;

/// Every case of every family.
#[must_use]
pub fn all() -> Vec<Case> {
    // One a line, so that two of them are added side by side.
    #[rustfmt::skip]
    let families: &[fn() -> Vec<Case>] = &[
        approval::cases,
        cbor::cases,
        claims::cases,
        decide::cases,
        envelope::cases,
        holder::cases,
        ledger::cases,
        narrowing::cases,
        order::cases,
        ratchet::cases,
        scenarios::cases,
        signature::cases,
        text::cases,
    ];
    families.iter().flat_map(|family| family()).collect()
}
