//! The tables in the server, their version, and who makes them.

use tokio_postgres::{Client, Row};

use super::trouble::Trouble;
use crate::store::Fault;

/// The version that this code reads and writes.
pub(super) const KNOWN: &str = "1";

/// What stands in the namespace.
enum Found {
    Nothing,
    Foreign,
    Version(String),
}

/// Whether the tables are there and of the version known here; each transaction reads the version again.
pub(super) async fn check(client: &Client, schema: &str) -> Result<(), Trouble> {
    match look(client, schema).await? {
        // spec: S88
        Found::Version(version) if version == KNOWN => Ok(()),
        Found::Version(version) => Err(unknown(&version)),
        Found::Nothing => Err(unknown("none: the database holds no ledger")),
        Found::Foreign => Err(unknown("none: the tables there are no ledger's")),
    }
}

/// Makes the tables unless they are there. Two that do so at once make them once.
pub(super) async fn create(client: &Client, schema: &str, lock: i64) -> Result<(), Trouble> {
    let begin = format!("BEGIN; SET LOCAL synchronous_commit = on; SELECT pg_catalog.pg_advisory_xact_lock({lock})");
    run(client, &begin).await?;
    let made = match look(client, schema).await {
        Ok(Found::Nothing) => run(client, &statements(schema)).await,
        Ok(Found::Foreign | Found::Version(_)) => Ok(()),
        Err(trouble) => Err(trouble),
    };
    match made {
        Ok(()) => run(client, "COMMIT").await,
        Err(trouble) => {
            run(client, "ROLLBACK").await?;
            Err(trouble)
        }
    }
}

/// The namespace may have been made beforehand, for a user who may not make one. Keys compare as bytes. The numbers of
/// the queue are given without a gap being filled later, so none is ever given twice.
fn statements(schema: &str) -> String {
    format!(
        "DO $$ BEGIN IF pg_catalog.to_regnamespace('\"{schema}\"') IS NULL THEN CREATE SCHEMA \"{schema}\"; END IF; END $$;
         CREATE TABLE \"{schema}\".version (version text NOT NULL);
         CREATE UNIQUE INDEX ON \"{schema}\".version ((true));
         INSERT INTO \"{schema}\".version VALUES ('{KNOWN}');
         CREATE SEQUENCE \"{schema}\".queue AS bigint;
         CREATE TABLE \"{schema}\".row (
             tbl smallint NOT NULL, key bytea NOT NULL, value bytea NOT NULL, PRIMARY KEY (tbl, key));"
    )
}

async fn look(client: &Client, schema: &str) -> Result<Found, Trouble> {
    let names = format!(
        "SELECT c.relname::text, c.relkind::text, c.relpersistence::text
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = '{schema}' AND c.relkind <> 'i' ORDER BY 1"
    );
    let rows = client.query(&names, &[]).await.map_err(|error| Trouble::of(&error))?;
    if rows.is_empty() {
        return Ok(Found::Nothing);
    }
    for (name, kind) in [("version", "r"), ("queue", "S"), ("row", "r")] {
        let is = |row: &&Row, place, value: &str| row.try_get(place).is_ok_and(|found: &str| found == value);
        match rows.iter().find(|row| is(row, 0, name)) {
            // spec: S90
            Some(row) if is(&row, 1, kind) && !is(&row, 2, "p") => {
                return Err(Trouble::Failed(Fault::AsyncCommit(format!("the table {name} is unlogged"))));
            }
            Some(row) if is(&row, 1, kind) => {}
            _ => return Ok(Found::Foreign),
        }
    }
    let version = format!("SELECT version::text FROM \"{schema}\".version");
    let rows = client.query(&version, &[]).await.map_err(|error| Trouble::of(&error))?;
    match rows.as_slice() {
        [row] => Ok(row.try_get(0).map_or(Found::Foreign, Found::Version)),
        _ => Ok(Found::Foreign),
    }
}

async fn run(client: &Client, statements: &str) -> Result<(), Trouble> {
    client.batch_execute(statements).await.map_err(|error| Trouble::of(&error))
}

pub(super) fn unknown(found: &str) -> Trouble {
    Trouble::Failed(Fault::Schema(found.to_owned(), KNOWN.to_owned()))
}
