//! The audit log: what it keeps, what it proves, and each way to tamper with it.

#![cfg_attr(test, allow(clippy::string_slice, reason = "tests may panic"))]

#[cfg(test)]
mod checkpoints;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod records;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod verifying;
