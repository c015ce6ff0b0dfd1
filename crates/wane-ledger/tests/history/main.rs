//! What several processes do to one ledger at once, and what is left of it when some of them are killed.

#[cfg(test)]
mod checker;
