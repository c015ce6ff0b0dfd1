//! The layer before real servers on real sockets, and what clients of all kinds send them.
#![cfg_attr(test, allow(clippy::string_slice, reason = "tests may panic"))]

#[cfg(test)]
mod admission;
#[cfg(test)]
mod body;
#[cfg(test)]
mod demands;
#[cfg(test)]
mod distrust;
#[cfg(test)]
mod example;
#[cfg(test)]
mod permit;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod token;
