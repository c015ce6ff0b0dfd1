//! The gateway as its client and its server see it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests may panic")]
#![allow(clippy::indexing_slicing, clippy::string_slice, reason = "tests may panic")]

#[cfg(test)]
mod http;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod pins;
#[cfg(test)]
mod pipes;
#[cfg(test)]
mod returned;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod service;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod transcripts;
#[cfg(test)]
mod waiting;
