//! The families: one file and one folder each.

mod approval;
mod cbor;
mod claims;
mod conditions;
mod decide;
mod envelope;
mod holder;
mod ledger;
mod narrowing;
mod order;
mod ratchet;
mod request;
mod roots;
mod scenarios;
mod scopes;
mod signature;
mod table;
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
        conditions::cases,
        decide::cases,
        envelope::cases,
        holder::cases,
        ledger::cases,
        narrowing::cases,
        order::cases,
        ratchet::cases,
        request::cases,
        roots::cases,
        scenarios::cases,
        scopes::cases,
        signature::cases,
        text::cases,
    ];
    families.iter().flat_map(|family| family()).collect()
}
