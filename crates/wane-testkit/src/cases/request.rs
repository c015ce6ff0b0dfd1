//! Requests: JSON, actions, calls and the digest (decide.md section 4).

mod call;
mod json;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [call::cases(), json::cases()].concat()
}
