//! The guard over a store in memory: what it admits, what it commits, what it records.

mod admission;
mod again;
mod approvals;
mod brought_back;
mod by_hand;
mod denials;
mod fair;
mod front;
mod heads;
mod large;
mod log;
mod own_asks;
mod replay;
mod scene;
mod seat;
mod seen;
mod swapped;
