//! The store in PostgreSQL, on real servers.

mod contract;
mod crowd;
mod faults;
mod full;
mod gate;
mod pooler;
mod restart;
mod schema;
pub(crate) mod server;
mod standby;
mod suite;
mod together;
mod unfit;
