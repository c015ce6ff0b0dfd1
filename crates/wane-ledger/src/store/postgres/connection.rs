//! One connection: opened and checked, and the few statements that are sent over it.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio_postgres::error::Severity;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls, Statement};

use super::address::Address;
use super::driver::{Driver, both};
use super::pool::Place;
use super::trouble::Trouble;
use super::{check, schema};
use crate::store::{Fault, Lock};

/// How long a transaction waits for its locks, and how long it is tried again.
pub(super) const BUSY: Duration = Duration::from_secs(10);
/// How long one that wants to write alone waits for the others, and they for it.
const GATE: Duration = Duration::from_secs(2);
/// How long a connection may take to open, its checks included.
const OPENING: Duration = Duration::from_secs(10);
/// How long an answer of the server is waited for. The server itself stops each statement but a commit after [`SETTINGS`]'s `statement_timeout`, so this passes only where it is silent.
const ANSWER: Duration = Duration::from_secs(20);

/// Plans by the index alone: a plan that reads a whole table would conflict with every transaction that writes to it. The
/// transaction of a client that hangs is ended, and its locks with it; a host that is gone is noticed within half a minute. Where a
/// policy would hide rows, the statement fails.
// spec: S86 S89
const SETTINGS: &str = "SET search_path = pg_catalog; SET client_min_messages = warning; SET row_security = off;
    SET lock_timeout = '10s'; SET statement_timeout = '15s'; SET idle_in_transaction_session_timeout = '20s';
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4;
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan; SET jit = off";
const UNLOCK: &str = "SELECT pg_catalog.pg_advisory_unlock_all()";

/// What a transaction may do, and beside whom.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    pub(super) writes: bool,
    /// While nobody else writes: for what would conflict with every writer.
    pub(super) alone: bool,
}

pub(super) struct Connection {
    client: Arc<Client>,
    statements: Arc<Statements>,
    /// The number of the server's process that serves it.
    process: String,
    schema: String,
    driver: Arc<Driver>,
    /// Whether the server has warned of something since this was last set back.
    warned: Arc<AtomicBool>,
}

pub(super) struct Statements {
    pub(super) get: Statement,
    pub(super) upsert: Statement,
    pub(super) delete: Statement,
    pub(super) append: Statement,
    pub(super) scan: Statement,
    pub(super) scan_to: Statement,
    pass: Statement,
    close: Statement,
    lock: Statement,
}

impl Connection {
    /// A connection to a server and a schema that have passed every check; makes the tables first where `create` says so.
    pub(super) fn open(
        driver: &Arc<Driver>,
        address: &Address,
        place: Arc<Place>,
        create: bool,
    ) -> Result<Self, Fault> {
        let (config, schema) = (address.config.clone(), address.schema.clone());
        let name = schema.clone();
        let opening = async move {
            let (client, warned) = connect(&config, Arc::clone(&place)).await?;
            let process = check::server(&client).await?;
            let (second, _) = connect(&config, place).await?;
            check::pooler(&client, &second, process, number(&name, &[b"probe", &process.to_be_bytes()])).await?;
            client.batch_execute(SETTINGS).await.map_err(|error| Trouble::of(&error))?;
            if create {
                schema::create(&client, &name, number(&name, &[b"create"])).await?;
            }
            schema::check(&client, &name).await?;
            let statements = prepare(&client, &name).await.map_err(|error| Trouble::of(&error))?;
            Ok::<_, Trouble>((client, statements, process, warned))
        };
        match driver.run(OPENING, opening) {
            Some(Ok((client, statements, process, warned))) => Ok(Self {
                client: Arc::new(client),
                statements: Arc::new(statements),
                process: process.to_string(),
                schema,
                driver: Arc::clone(driver),
                warned,
            }),
            Some(Err(trouble)) => Err(trouble.fault()),
            None => Err(silent(OPENING)),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Passes the gate, takes the locks in their order, then begins. All of it is sent at once: whoever dies or hangs from there on
    /// leaves an open transaction, which the server ends.
    pub(super) fn begin(&self, locks: &[Lock], mode: Mode) -> Result<(), Trouble> {
        // Not READ WRITE: a server that is set to take no writes is to say so.
        let access = if mode.writes { "" } else { "READ ONLY" };
        // Nor does anybody wait until no writer is about, whatever the role is set to.
        let begin = format!(
            // spec: S66
            "BEGIN ISOLATION LEVEL SERIALIZABLE NOT DEFERRABLE {access}; SET LOCAL synchronous_commit = on; SELECT concat_ws(' ',
             pg_catalog.pg_backend_pid(), current_setting('fsync'), current_setting('full_page_writes'),
             array_to_string(ARRAY(SELECT version FROM \"{}\".version), ','))",
            self.schema
        );
        let gate = number(&self.schema, &[b"gate"]);
        let keys: Vec<i64> = locks.iter().map(|lock| self.key(lock)).collect();
        let state = self.ask(move |client, statements| async move {
            let passed = async {
                if !mode.writes {
                    return Ok(0);
                }
                let gate: [&(dyn ToSql + Sync); 1] = [&gate];
                match client.execute(if mode.alone { &statements.close } else { &statements.pass }, &gate).await {
                    // It spares conflicts and nothing else, and nobody must wait for long behind one that hangs.
                    Err(error) if matches!(Trouble::of(&error), Trouble::Failed(Fault::Locked(_))) => Ok(0),
                    answer => answer,
                }
            };
            let taken =
                async { if keys.is_empty() { Ok(0) } else { client.execute(&statements.lock, &[&keys]).await } };
            // spec: S5 S67 S85
            let (passed, (taken, begun)) = both(passed, both(taken, check::first(&client, &begin))).await;
            passed.and(taken).map(|_| begun)
        })?;
        match state?.splitn(4, ' ').collect::<Vec<_>>().as_slice() {
            // spec: S70
            [process, ..] if *process != self.process => {
                Err(Trouble::Lost(Fault::Pooler("the server's process changed between transactions".to_owned())))
            }
            // spec: S88
            [_, "on", "on", version] if *version != schema::KNOWN => Err(schema::unknown(version)),
            // spec: S68
            [_, "on", "on", _] => Ok(()),
            _ => Err(Trouble::Failed(Fault::AsyncCommit("fsync or full_page_writes is off".to_owned()))),
        }
    }

    /// Commits and releases the locks; says whether they are free. After an error the locks are free or the connection is
    /// lost, as after [`Self::roll_back`]. It is lost as well where the server warned: it does so when somebody cut short its wait
    /// for a standby, and calls the commit done.
    pub(super) fn commit(&self) -> Result<bool, Trouble> {
        // A commit that waits for a standby must not be cut short: it would count as done without the standby.
        let commit = "SET LOCAL statement_timeout = 0; COMMIT";
        self.warned.store(false, Ordering::SeqCst);
        let (committed, released) = self.ask(move |client, _| async move {
            Ok(both(client.batch_execute(commit), client.batch_execute(UNLOCK)).await)
        })?;
        committed.map_err(|error| Trouble::of(&error))?;
        // spec: S86
        if self.warned.load(Ordering::SeqCst) {
            return Err(Trouble::Lost(Fault::Unreachable("the server warned as it committed".to_owned())));
        }
        Ok(released.is_ok())
    }

    /// Ends the transaction without a change and releases the locks.
    pub(super) fn roll_back(&self) -> Result<(), Trouble> {
        self.ask(|client, _| async move {
            let (rolled_back, released) = both(client.batch_execute("ROLLBACK"), client.batch_execute(UNLOCK)).await;
            rolled_back.and(released)
        })
    }

    /// Waits for what `work` asks of the server.
    pub(super) fn ask<T, F>(&self, work: impl FnOnce(Arc<Client>, Arc<Statements>) -> F) -> Result<T, Trouble>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        match self.driver.run(ANSWER, work(Arc::clone(&self.client), Arc::clone(&self.statements))) {
            Some(answer) => answer.map_err(|error| Trouble::of(&error)),
            None => Err(Trouble::Lost(silent(ANSWER))),
        }
    }

    fn key(&self, lock: &Lock) -> i64 {
        match lock {
            Lock::Sequencer => number(&self.schema, &[b"sequencer"]),
            Lock::Session(id) => number(&self.schema, &[b"session", id.as_bytes()]),
        }
    }
}

/// A connection, and the note of what the server warns of on it.
async fn connect(config: &Config, place: Arc<Place>) -> Result<(Client, Arc<AtomicBool>), Trouble> {
    let (client, mut connection) = config.connect(NoTls).await.map_err(|error| Trouble::of(&error))?;
    let warned = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&warned);
    tokio::spawn(async move {
        // A warning comes here before the answer that follows it is passed on.
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notice(notice) = message
                && !is_harmless(notice.parsed_severity())
            {
                noted.store(true, Ordering::SeqCst);
            }
        }
        drop(connection);
        drop(place);
    });
    Ok((client, warned))
}

/// What is no warning, as far as this version knows the word.
fn is_harmless(severity: Option<Severity>) -> bool {
    matches!(severity, Some(Severity::Notice | Severity::Debug | Severity::Info | Severity::Log))
}

/// The server knows its locks by numbers, which all users of a database share. Two of ours with one number would only
/// wait for each other.
fn number(schema: &str, parts: &[&[u8]]) -> i64 {
    let mut hash = Sha256::new();
    hash.update(b"wane ledger\0");
    hash.update(schema.as_bytes());
    for part in parts {
        hash.update([0]);
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn silent(limit: Duration) -> Fault {
    Fault::Unreachable(format!("the server did not answer in {} s", limit.as_secs()))
}

async fn prepare(client: &Client, schema: &str) -> Result<Statements, Error> {
    let row = format!("\"{schema}\".row");
    let keys = "unnest($1::int2[], $2::bytea[])";
    let get = format!(
        "SELECT k.place, r.value FROM {keys} WITH ORDINALITY AS k(tbl, key, place)
         JOIN {row} r ON r.tbl = k.tbl AND r.key = k.key"
    );
    let upsert = format!(
        "INSERT INTO {row} SELECT * FROM unnest($1::int2[], $2::bytea[], $3::bytea[])
         ON CONFLICT (tbl, key) DO UPDATE SET value = excluded.value"
    );
    let delete = format!("DELETE FROM {row} r USING {keys} AS k(tbl, key) WHERE r.tbl = k.tbl AND r.key = k.key");
    // spec: S6
    let append = format!(
        "INSERT INTO {row} SELECT $1, int8send(nextval('\"{schema}\".queue')), v.value FROM (
             SELECT value FROM unnest($2::bytea[]) WITH ORDINALITY AS v(value, place) ORDER BY place) v"
    );
    let scan = format!("SELECT key, value FROM {row} WHERE tbl = $1 AND key >= $2 ORDER BY key LIMIT $3");
    let scan_to =
        format!("SELECT key, value FROM {row} WHERE tbl = $1 AND key >= $2 AND key < $4 ORDER BY key LIMIT $3");
    // The shorter wait ends with the statement.
    let gate = |lock: &str| format!("SELECT set_config('lock_timeout', '{}ms', true), {lock}($1)", GATE.as_millis());
    let lock = "SELECT pg_advisory_lock(k) FROM unnest($1::int8[]) AS k";
    Ok(Statements {
        get: client.prepare(&get).await?,
        upsert: client.prepare(&upsert).await?,
        delete: client.prepare(&delete).await?,
        append: client.prepare_typed(&append, &[Type::INT2, Type::BYTEA_ARRAY]).await?,
        scan: client.prepare_typed(&scan, &[Type::INT2, Type::BYTEA, Type::INT8]).await?,
        scan_to: client.prepare_typed(&scan_to, &[Type::INT2, Type::BYTEA, Type::INT8, Type::BYTEA]).await?,
        pass: client.prepare(&gate("pg_advisory_lock_shared")).await?,
        close: client.prepare(&gate("pg_advisory_lock")).await?,
        lock: client.prepare(lock).await?,
    })
}
