//! Servers that are refused, and what is said of it.

use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wane_ledger::{Fault, PostgresOptions, PostgresStore, Store, Table};

use super::server::{self, Cluster};
use super::together::{add_one, count};

fn refused(url: &str) -> Fault {
    let options = PostgresOptions { create: true, ..PostgresOptions::default() };
    PostgresStore::connect(url, options).expect_err("the server is unfit")
}

#[test]
fn a_server_that_does_not_wait_for_its_disk() {
    let Some(mut cluster) = Cluster::start(&["fsync=off"]) else { return };
    let async_commit = |why: &str| Fault::AsyncCommit(why.to_owned());
    assert_eq!(refused(&cluster.url), async_commit("fsync is off"));
    cluster.stop();
    cluster.again(&["full_page_writes=off"]);
    assert_eq!(refused(&cluster.url), async_commit("full_page_writes is off"));
    cluster.stop();
    cluster.again(&["synchronous_commit=off"]);
    assert_eq!(refused(&cluster.url), async_commit("synchronous_commit is off"));

    // Switched off under an open connection.
    cluster.stop();
    cluster.again(&[]);
    let mut store = server::store(&cluster.url);
    let mut write = || store.transact(&[], &mut |rows| rows.append(vec![Vec::new()]));
    write().expect("a transaction");
    let set = |value: &str| {
        server::sql(&cluster.url, &format!("ALTER SYSTEM SET fsync = {value}"));
        server::sql(&cluster.url, "SELECT pg_reload_conf(), pg_sleep(0.3)");
    };
    set("off");
    assert_eq!(write(), Err(async_commit("fsync or full_page_writes is off")));
    set("on");
    write().expect("a transaction");
}

#[test]
fn a_standby() {
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    server::store(&cluster.url);
    cluster.stop();
    std::fs::write(cluster.file("standby.signal"), "").expect("the file can be written");
    cluster.again(&[]);
    assert_eq!(refused(&cluster.url), Fault::ReadOnly("the server is a standby".to_owned()));
}

#[test]
fn nothing_secret_is_told_of_a_server_that_lets_nobody_in() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    server::sql(
        &cluster.url,
        "CREATE ROLE guarded LOGIN PASSWORD 'sesame'; GRANT CREATE ON DATABASE postgres TO guarded",
    );
    cluster.prepend("pg_hba.conf", "local all guarded scram-sha-256");
    server::sql(&cluster.url, "SELECT pg_reload_conf(), pg_sleep(0.3)");
    let folder = cluster.folder().display();
    let cases = [
        (format!("postgres://guarded:hunter2@/postgres?host={folder}"), "user or password"),
        (format!("postgres://hunter2@/postgres?host={folder}"), "user or password"),
        (format!("postgres://guarded@/postgres?host={folder}"), "cannot be reached"),
        (format!("postgres://guarded:sesame@/hunter2?host={folder}"), "no such database"),
        (format!("postgres://wane:hunter2@/postgres?host={folder}/nothing"), "no server listens"),
        ("postgres://wane:hunter2@127.0.0.1:1/postgres".to_owned(), "refused"),
    ];
    for (url, expected) in cases {
        let fault = refused(&url);
        assert!(matches!(fault, Fault::Unreachable(_)), "{url}: {fault:?}");
        let text = format!("{fault} {fault:?}");
        assert!(text.contains(expected), "{url}: {text}");
        assert!(!text.contains("hunter2") && !text.contains("sesame"), "{text}");
    }
    let store = server::store(&format!("postgres://guarded:sesame@/postgres?host={folder}"));
    assert!(!format!("{store:?}").contains("sesame"));
}

/// A policy binds neither a superuser nor, unless it is forced, the owner.
#[test]
fn rows_that_a_policy_hides_are_not_absent() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    server::sql(&cluster.url, "CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE postgres TO plain");
    let url = server::within(&cluster.url.replace("wane@", "plain@"));
    let mut store = server::store(&url);
    store.transact(&[], &mut |rows| add_one(rows, b"n").map(|_| ())).expect("a transaction");
    let name = server::name(&url);
    for table in ["row", "version"] {
        server::sql(&url, &format!("ALTER TABLE {name}.{table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"));
        let key = (Table::Spent, b"n".to_vec());
        let view = store.view(&mut |rows| rows.get(std::slice::from_ref(&key)).map(|_| ()));
        assert!(matches!(view, Err(Fault::Unreachable(_))), "{table}: {view:?}");
        let scan = store.view(&mut |rows| rows.scan(Table::Spent, &[], None, 9).map(|_| ()));
        assert!(matches!(scan, Err(Fault::Unreachable(_))), "{table}: {scan:?}");
        let change = store.transact(&[], &mut |rows| rows.put(vec![(key.clone(), None)]));
        assert!(matches!(change, Err(Fault::Unreachable(_))), "{table}: {change:?}");
        server::sql(&url, &format!("ALTER TABLE {name}.{table} DISABLE ROW LEVEL SECURITY"));
        assert_eq!(count(&mut store, b"n"), 1);
    }
}

/// Takes connections and never says a word.
#[test]
fn a_server_that_is_silent() {
    let dir = TempDir::new().expect("a folder");
    let _listener = UnixListener::bind(dir.path().join(".s.PGSQL.5432")).expect("a socket");
    let from = Instant::now();
    let fault = refused(&format!("postgres://wane:hunter2@/postgres?host={}", dir.path().display()));
    assert_eq!(fault, Fault::Unreachable("the server did not answer in 10 s".to_owned()));
    assert!(from.elapsed() < Duration::from_secs(13), "{:?}", from.elapsed());
}
