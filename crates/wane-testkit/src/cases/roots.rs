//! Roots files, and the ceiling that an entry sets (decide.md section 3).

mod ceiling;
mod file;

use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [ceiling::cases(), file::cases()].concat()
}
