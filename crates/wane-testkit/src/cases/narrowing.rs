//! What a later block may not do, and how long what an earlier one said lasts (token.md sections 6 and 7).

mod lists;
mod sessions;
mod times;

use crate::case::Case;
use crate::chain::Chain;
use crate::claims::Claims;

pub(super) fn cases() -> Vec<Case> {
    [times::cases(), lists::cases(), sessions::cases()].concat()
}

/// The chain of a root block and the delegate blocks that state this.
fn chain(blocks: &[Claims]) -> Chain {
    let (root, rest) = blocks.split_first().expect("a chain has a root block");
    rest.iter().cloned().fold(Chain::root(root), Chain::delegate)
}

/// These blocks and an empty seal are verified and allowed.
fn kept(name: &str, comment: &str, spec: &str, blocks: &[Claims]) -> Case {
    Case::new(&format!("narrowing/{name}"), comment).spec(spec).sealed_from(&chain(blocks), Claims::new())
}

/// The last of these blocks is refused; without it the chain would be allowed.
fn wider(name: &str, comment: &str, code: &str, spec: &str, blocks: &[Claims]) -> Case {
    Case::new(&format!("narrowing/{name}"), comment)
        .refused(code)
        .block(blocks.len() - 1)
        .spec(spec)
        .sealed(&chain(blocks).seal(Claims::new()))
}

/// These blocks verify, and the request is refused by what one of them said.
fn lasts(name: &str, comment: &str, code: &str, spec: &str, blocks: &[Claims]) -> Case {
    Case::new(&format!("narrowing/{name}"), comment).refused(code).spec(spec).sealed(&chain(blocks).seal(Claims::new()))
}
