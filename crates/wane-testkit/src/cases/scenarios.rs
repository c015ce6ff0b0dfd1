//! What other projects published as test vectors, said in our words. `test-vectors/scenarios.md` lists their names, and
//! what has no counterpart here.

mod adc;
mod biscuit;
mod tenuo;

use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, root};
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [biscuit::cases(), tenuo::cases(), adc::cases()].concat()
}

/// The action of requests under a condition, and the pattern of their one scope.
const REPORT: &str = "read:files:report";
const FILES: &str = "read:files:*";

fn case(name: &str, comment: &str, spec: &str) -> Case {
    Case::new(&format!("scenarios/{name}"), comment).spec(spec)
}

/// A root block whose one scope is `read:files:*` under these conditions.
fn under(conditions: Item) -> Chain {
    Chain::root(&root().scopes(list![list![FILES, conditions]]))
}

/// A request with these arguments, which the chain allows.
fn allowed(name: &str, comment: &str, spec: &str, chain: &Chain, arguments: &str) -> Case {
    case(name, comment, spec).request(REPORT).arguments(arguments).sealed_from(chain, Claims::new())
}

/// A request with these arguments, which the chain denies in this block.
fn denied(name: &str, comment: &str, spec: &str, (code, block): (&str, usize), chain: &Chain, arguments: &str) -> Case {
    let case = case(name, comment, spec).refused(code).block(block).request(REPORT).arguments(arguments);
    case.sealed(&chain.clone().seal(Claims::new()))
}

/// A chain that is refused in this block, whatever is asked.
fn broken(name: &str, comment: &str, spec: &str, (code, block): (&str, usize), chain: &Chain) -> Case {
    case(name, comment, spec).refused(code).block(block).sealed(chain)
}
