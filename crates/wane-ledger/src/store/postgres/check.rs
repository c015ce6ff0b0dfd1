//! What is asked of a server before a connection to it is used.

use tokio_postgres::{Client, Row, SimpleQueryMessage};

use super::trouble::Trouble;
use crate::store::Fault;

/// PostgreSQL 12, as the server writes it.
const LEAST_VERSION: i32 = 120_000;
/// How often a connection is asked which process of the server serves it.
const ASKED: usize = 6;

/// Version, settings and role; then the number of the process that serves the connection.
pub(super) async fn server(client: &Client) -> Result<i32, Trouble> {
    let query = "SELECT current_setting('server_version_num')::int4, pg_catalog.pg_is_in_recovery(),
        current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')";
    let row = client.query_one(query, &[]).await.map_err(|error| Trouble::of(&error))?;
    if column::<i32>(&row, 0)? < LEAST_VERSION {
        return Err(failed(Fault::Unreachable("the server is older than postgresql 12".to_owned())));
    }
    // spec: S69
    if column::<bool>(&row, 1)? {
        return Err(failed(Fault::ReadOnly("the server is a standby".to_owned())));
    }
    // spec: S68
    for (place, name) in [(2, "fsync"), (3, "full_page_writes"), (4, "synchronous_commit")] {
        if column::<String>(&row, place)? == "off" {
            return Err(failed(Fault::AsyncCommit(format!("{name} is off"))));
        }
    }
    let own = "BEGIN; SET LOCAL synchronous_commit = on; SELECT current_setting('synchronous_commit'); ROLLBACK";
    match first(client, own).await {
        Ok(value) if value == "on" => {}
        Ok(_) | Err(Trouble::Failed(_)) => {
            return Err(failed(Fault::AsyncCommit("synchronous_commit cannot be set to on".to_owned())));
        }
        Err(trouble) => return Err(trouble),
    }
    process(client).await
}

/// Whether locks of a session hold from one transaction to the next, and against another connection. Behind a pooler
/// that hands out processes by the transaction, one of the two fails: either the second connection is served by the process
/// that holds the lock and may take it again, or the first one is served by several.
pub(super) async fn pooler(client: &Client, second: &Client, process_id: i32, lock: i64) -> Result<(), Trouble> {
    let take = format!("SELECT pg_catalog.pg_try_advisory_lock({lock})");
    let mut taken = first(client, &take).await? != "t";
    taken |= first(second, &take).await? != "f";
    let mut moved = process(second).await? == process_id;
    for _ in 0..ASKED {
        moved |= process(client).await? != process_id;
    }
    let held = "SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted
        AND pid = pg_catalog.pg_backend_pid() AND database = (SELECT oid FROM pg_catalog.pg_database
        WHERE datname = current_database())";
    let held = first(client, held).await? == "1";
    // Behind a pooler the process lives on: nothing of this may stay with it.
    let release = "SELECT pg_catalog.pg_advisory_unlock_all()";
    first(second, release).await?;
    for _ in 0..ASKED {
        first(client, release).await?;
    }
    // spec: S70
    if taken || moved || !held {
        return Err(failed(Fault::Pooler("locks do not last beyond a transaction".to_owned())));
    }
    Ok(())
}

async fn process(client: &Client) -> Result<i32, Trouble> {
    let answer = first(client, "SELECT pg_catalog.pg_backend_pid()").await?;
    answer.parse().map_err(|_| unexpected())
}

/// The first value of the first row that these statements answer with, sent without being prepared.
pub(super) async fn first(client: &Client, statements: &str) -> Result<String, Trouble> {
    let answers = client.simple_query(statements).await.map_err(|error| Trouble::of(&error))?;
    let row = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten(),
        _ => None,
    });
    row.map(str::to_owned).ok_or_else(unexpected)
}

fn column<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, place: usize) -> Result<T, Trouble> {
    row.try_get(place).map_err(|_| unexpected())
}

fn failed(fault: Fault) -> Trouble {
    Trouble::Failed(fault)
}

fn unexpected() -> Trouble {
    failed(Fault::Unreachable("the server answers otherwise than postgresql does".to_owned()))
}
