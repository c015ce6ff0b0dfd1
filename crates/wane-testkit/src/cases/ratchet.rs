//! Mark, ratchet and clearance (decide.md section 5 and steps 8 to 10).

mod clearance;
mod defaults;
mod mark;
mod rules;

use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, root};
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [defaults::cases(), mark::cases(), rules::cases(), clearance::cases()].concat()
}

/// A case that is allowed.
fn ok(name: &str, spec: &str, comment: &str) -> Case {
    Case::new(&format!("ratchet/{name}"), comment).spec(spec)
}

/// A case that is refused.
fn no(name: &str, code: &str, spec: &str, comment: &str) -> Case {
    ok(name, spec, comment).refused(code)
}

/// A root block that grants everything.
fn all() -> Claims {
    root().scopes(list!["*"])
}

/// A token that grants everything.
fn any() -> Chain {
    Chain::root(&all())
}

/// One action at a level.
fn at(level: &str, action: &str) -> Request {
    Request::from(action).level(level)
}
