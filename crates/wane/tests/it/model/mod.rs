//! The library against a naive model of the grant algebra, over cases that are tried one after the other.

pub(crate) mod bridge;
pub(crate) mod naive;
pub(crate) mod tape;

mod broken;
pub(crate) mod choose;
mod containment;
pub(crate) mod families;
mod mixed;
