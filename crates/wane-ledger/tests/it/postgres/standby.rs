//! Commits that wait for a standby which never comes.

use std::thread;
use std::time::{Duration, Instant};

use wane_ledger::{Fault, PostgresOptions, PostgresStore, Store};

use super::contract::session;
use super::server::{self, Server};
use super::together::{add_one, count};

/// Names the standby that commits wait for.
fn wait_for(server: &Server, standby: &str) {
    server::sql(&server.url, &format!("ALTER SYSTEM SET synchronous_standby_names = '{standby}'"));
    server::sql(&server.url, "SELECT pg_reload_conf(), pg_sleep(0.3)");
}

#[test]
fn a_commit_whose_wait_is_cut_short_is_not_called_done() {
    let Some(own) = Server::start(&[]) else { return };
    // A role that is set to hear of errors alone is to hear of this all the same.
    let url = server::within(&own.url.replace('?', "?options=-c%20client_min_messages%3Derror&"));
    let mut store = server::store(&url);
    wait_for(&own, "nobody");
    let running = thread::spawn(move || {
        let result = store.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ()));
        (store, result)
    });
    let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let patience = Instant::now() + Duration::from_secs(15);
    while server::sql(&own.url, cancel).is_empty() {
        assert!(Instant::now() < patience, "the commit does not wait for the standby");
        thread::sleep(Duration::from_millis(10));
    }
    let (mut store, result) = running.join().expect("a thread");
    assert!(matches!(result, Err(Fault::OutcomeUnknown(_))), "{result:?}");
    wait_for(&own, "");
    store.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ())).expect("a transaction");
    assert_eq!(count(&mut store, b"n"), 2, "this server had committed the first");
}

/// A connection whose answer nobody waits for any more is open still, and keeps a process of the server.
#[test]
fn a_store_opens_no_more_connections_than_it_may() {
    let Some(own) = Server::start(&[]) else { return };
    let url = server::within(&own.url);
    let options = PostgresOptions { connections: 1, create: true };
    let mut store = PostgresStore::connect(&url, options).expect("a store");
    let mut add = || store.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ()));
    wait_for(&own, "nobody");
    let first = add();
    assert!(matches!(first, Err(Fault::OutcomeUnknown(_))), "{first:?}");
    let open = format!("SELECT count(*) FROM pg_stat_activity WHERE application_name = '{}'", server::name(&url));
    for _ in 0..2 {
        let next = add();
        assert!(matches!(next, Err(Fault::Locked(_))), "{next:?}");
        assert_eq!(server::sql(&own.url, &open), ["1"]);
    }
    // Answered at last, it makes room.
    wait_for(&own, "");
    add().expect("a transaction");
    assert_eq!(count(&mut store, b"n"), 2, "this server had committed the first");
}
