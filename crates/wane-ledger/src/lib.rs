//! The ledger: live, monotone state of sessions, and the guard that admits a request only once what follows from it is
//! durable.

mod store;

pub use store::{Change, Fault, Key, Lock, Room, Row, Rows, Store, Table};
