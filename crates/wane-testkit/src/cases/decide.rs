//! Genuine, and allowed or not (decide.md section 6): what needs no live state.

mod deny;
mod order;
mod request;
mod scopes;
mod times;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [times::cases(), request::cases(), deny::cases(), scopes::cases(), order::cases()].concat()
}

/// A case that is allowed.
fn ok(name: &str, spec: &str, comment: &str) -> Case {
    Case::new(&format!("decide/{name}"), comment).spec(spec)
}

/// A case that is refused.
fn no(name: &str, code: &str, spec: &str, comment: &str) -> Case {
    ok(name, spec, comment).refused(code)
}
