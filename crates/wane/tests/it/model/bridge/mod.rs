//! Between the model and the library: one case for both, and both answers in one form.
//!
//! The tokens are forged with a small encoder of its own, so that what the library would refuse to write is asked as well.

mod compare;
mod forge;
mod library;
mod wire;

pub(crate) use compare::{Asked, Case, Heard, Tally, heard_by_library, heard_by_model, heard_of};
pub(crate) use forge::Forged;
pub(crate) use library::{answer, live, request, roots, scope};
