//! Commits that wait for a standby which never comes.

use std::thread;
use std::time::{Duration, Instant};

use wane_ledger::{Fault, Store};

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
