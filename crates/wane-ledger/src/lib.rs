//! The ledger: live, monotone state of sessions, and the guard that admits a request only once what follows from it is
//! durable.

mod guard;
mod law;
mod ledger;
mod session;
mod store;
mod url;

pub use guard::{Answer, Checked, Guard, GuardOptions, Pace, Published, Volatile};
pub use law::{About, Entry, KeyText, Opened, PendingRequest, Revoked, Rise};
pub use ledger::{Collected, Considered, Doomed, Filter, Known, Ledger, LogHead, Restored, Revocation, Status};
pub use session::{Access, Session};
pub use store::postgres::{PostgresOptions, PostgresStore};
pub use store::{Change, Fault, Key, Lock, MemoryStore, Room, Row, Rows, SqliteOptions, SqliteStore, Store, Table};
pub use url::{LedgerUrl, StateHome};
