//! What a block may state, and in which form (token.md section 5).

mod forms;
mod limits;
mod places;
mod types;

use crate::case::Case;
use crate::chain::Chain;
use crate::claims::Claims;

pub(super) fn cases() -> Vec<Case> {
    [places::cases(), types::cases(), forms::cases(), limits::cases()].concat()
}

fn case(name: &str, comment: &str, spec: &str) -> Case {
    Case::new(&format!("claims/{name}"), comment).spec(spec)
}

/// A root block of these claims is refused.
fn in_root(name: &str, comment: &str, code: &str, spec: &str, claims: &Claims) -> Case {
    case(name, comment, spec).refused(code).block(0).sealed(&Chain::root(claims).seal(Claims::new()))
}

/// A delegate block of these claims behind the standard root block is refused.
fn in_delegate(name: &str, comment: &str, code: &str, spec: &str, claims: Claims) -> Case {
    case(name, comment, spec).refused(code).block(1).sealed(&Chain::minted().delegate(claims).seal(Claims::new()))
}

/// A seal of these claims behind the standard root block is refused.
fn in_seal(name: &str, comment: &str, code: &str, spec: &str, claims: Claims) -> Case {
    case(name, comment, spec).refused(code).block(1).sealed(&Chain::minted().seal(claims))
}

/// A root block of these claims, and a seal that states nothing, are allowed.
fn accepted(name: &str, comment: &str, spec: &str, claims: &Claims) -> Case {
    case(name, comment, spec).sealed_from(&Chain::root(claims), Claims::new())
}
