//! The law against itself: joins are joins, state only narrows, nothing comes back.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "tests may panic"
)]

mod budgets;
mod collecting;
mod history;
mod joins;
mod overlaid;
mod rows;
mod sessions;
mod waiting;
pub(crate) mod world;
