//! The generator of the operating system.

use getrandom::SysRng;
use rand_core::UnwrapErr;

use crate::failure::{Failure, Trouble};

/// The generator, after it has shown that it works: the adapter has no other way to fail than to stop the
/// process, and a system that answers once goes on answering.
pub(crate) fn system() -> Result<UnwrapErr<SysRng>, Failure> {
    fill(&mut [0; 1])?;
    Ok(UnwrapErr(SysRng))
}

/// Fills bytes.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Failure> {
    getrandom::fill(bytes)
        .map_err(|error| Failure::new(Trouble::Random, format!("the system gave no random numbers: {error}")))
}
