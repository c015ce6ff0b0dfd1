//! The stores against their contract and against what goes wrong around them.

#[cfg(test)]
mod guard;
#[cfg(test)]
mod postgres;
