//! What every store promises, of this one.

use wane_ledger::Store;

use super::server;
use crate::conformance::{self, Handles};

fn fresh() -> Option<Handles> {
    let url = server::fresh()?;
    Some(Box::new(move || -> Box<dyn Store> { Box::new(server::store(&url)) }))
}

#[test]
fn it_keeps_the_contract() {
    conformance::all(&fresh);
}
