//! One connection, and what is set on it.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// Opens a file that is there. Nothing in it is trusted further than its rows.
pub(super) fn connect(file: &std::path::Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(file, flags)?;
    for (what, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        connection.set_db_config(what, on)?;
    }
    // Each commit is on the disk before it is answered; on some systems a plain sync does not reach it.
    // spec: S74
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
         PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA journal_size_limit = 16777216;",
    )?;
    // In KiB: records are read again when they find their place, a second after they were written.
    connection.execute_batch("PRAGMA cache_size = -16384;")?;
    // Five statements a table.
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// How long to wait for others, up to what SQLite can count.
pub(super) fn wait_for(connection: &Connection, busy: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(busy.min(Duration::from_secs(86_400)))
}

/// Reads a setting that is a number.
pub(super) fn pragma(connection: &Connection, sql: &str) -> rusqlite::Result<i32> {
    connection.prepare_cached(sql)?.query_row([], |row| row.get(0))
}
