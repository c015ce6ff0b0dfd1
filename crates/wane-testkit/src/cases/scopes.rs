//! What scopes cover, how they are refined, and how they are written (scopes.md sections 1, 2 and 4).

mod forms;
mod only;
mod patterns;
mod refine;
mod text;

use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, root};

pub(super) fn cases() -> Vec<Case> {
    [forms::cases(), only::cases(), patterns::cases(), refine::cases(), text::cases()].concat()
}

/// A chain whose root block grants the first of these scopes, and each block after it refines them as the next says.
/// `null` stands for a block that says nothing about scopes.
fn chain(scopes: Vec<Item>) -> Chain {
    let mut scopes = scopes.into_iter();
    let granted = scopes.next().expect("a root block has scopes");
    scopes.fold(Chain::root(&root().scopes(granted)), |chain, scopes| {
        chain.delegate(if scopes == Item::NULL { Claims::new() } else { Claims::new().scopes(scopes) })
    })
}
