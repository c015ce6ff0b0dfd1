//! Where the ledgers of these tests lie: in a SQLite file or on a PostgreSQL server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use serde::{Deserialize, Serialize};
use wane_audit::LogSecret;
use wane_ledger::{Fault, Ledger, PostgresOptions, PostgresStore, SqliteOptions, SqliteStore, Store};

use crate::server;

/// When the ledgers are made, seconds since 1970-01-01T00:00:00Z.
pub(crate) const MADE: u64 = 1_767_225_600;

/// After their `since`.
pub(crate) const NOW: u64 = MADE + 100;

/// A place for a store, as other processes are told of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Place {
    Postgres(String),
    Sqlite(PathBuf),
}

pub(crate) fn secret() -> LogSecret {
    LogSecret::from_bytes([7; 32])
}

/// Connections are dear: those of one process share a pool.
fn pooled(url: &str) -> PostgresStore {
    static POOLS: Mutex<BTreeMap<String, PostgresStore>> = Mutex::new(BTreeMap::new());
    let mut pools = POOLS.lock().expect("no thread has panicked");
    let connect = || {
        let options = PostgresOptions { create: true, ..PostgresOptions::default() };
        PostgresStore::connect(url, options).expect("a store")
    };
    pools.entry(url.to_owned()).or_insert_with(connect).clone()
}

impl Place {
    /// A schema of its own on the server, where there is one.
    pub(crate) fn postgres() -> Option<Self> {
        server::fresh().map(Self::Postgres)
    }

    pub(crate) fn open(&self) -> Box<dyn Store> {
        self.try_open().expect("a store")
    }

    pub(crate) fn try_open(&self) -> Result<Box<dyn Store>, Fault> {
        Ok(match self {
            Self::Postgres(url) => Box::new(pooled(url)),
            Self::Sqlite(path) => {
                let options = SqliteOptions { create: !path.exists(), ..SqliteOptions::default() };
                Box::new(SqliteStore::open(path, options)?)
            }
        })
    }

    pub(crate) fn create(&self) -> Ledger {
        Ledger::create(self.open(), secret().hint(), None, MADE, Box::new(UnwrapErr(SysRng))).expect("a ledger")
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::open(self.open(), Box::new(UnwrapErr(SysRng))).expect("a ledger")
    }
}
