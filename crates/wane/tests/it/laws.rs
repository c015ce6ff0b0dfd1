//! The laws L1 to L7 as properties: each holds for ten thousand random histories, and the same ones in every run.

mod history;
mod link;
mod mark;
mod narrow;
mod narrowing;
mod round_trip;
mod same;
mod seal;
mod tape;
mod time;
mod unknown;
