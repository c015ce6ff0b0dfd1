//! The stores against their contract and against what goes wrong around them.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod session;
#[cfg(test)]
mod sqlite;
