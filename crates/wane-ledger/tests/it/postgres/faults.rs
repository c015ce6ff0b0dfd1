//! What goes wrong under a transaction that runs.

use std::thread;
use std::time::{Duration, Instant};

use wane::Code;
use wane_ledger::{Fault, Room, Rows, Store, Table};

use super::contract::session;
use super::server::{self, Server};
use super::together::{add_one, count};

/// Ends every connection of this place, as an administrator would.
fn terminate(url: &str) {
    let name = server::name(url);
    let query =
        format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = '{name}'");
    assert!(!server::sql(url, &query).is_empty(), "there was a connection");
}

#[test]
fn a_connection_ended_while_idle_is_replaced() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    for round in 1..=3 {
        store.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ())).expect("a transaction");
        assert_eq!(count(&mut store, b"n"), round);
        terminate(&url);
    }
}

#[test]
fn a_transaction_whose_connection_ends_runs_once_more() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let mut runs = 0;
    let body = &mut |rows: &mut dyn Rows| {
        add_one(rows, b"n")?;
        runs += 1;
        if runs == 1 {
            terminate(&url);
        }
        add_one(rows, b"n").map(|_| ())
    };
    store.transact(&[session(1)], body).expect("a transaction");
    assert_eq!((runs, count(&mut store, b"n")), (2, 2));
}

#[test]
fn a_transaction_whose_connections_keep_ending_is_refused() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let mut runs = 0;
    let body = &mut |rows: &mut dyn Rows| {
        add_one(rows, b"n")?;
        runs += 1;
        terminate(&url);
        add_one(rows, b"n").map(|_| ())
    };
    let result = store.transact(&[session(1)], body);
    assert!(matches!(result, Err(Fault::Unreachable(_))), "{result:?}");
    assert_eq!((runs, count(&mut store, b"n")), (2, 0));
}

/// The commits wait for a standby that never comes. One connection ends meanwhile, the other one's answer never comes: the
/// server has committed, and nobody here can know.
#[test]
fn a_commit_without_an_answer_leaves_the_outcome_unknown() {
    let Some(own) = Server::start(&[]) else { return };
    let urls = [server::within(&own.url), server::within(&own.url)];
    let mut stores = urls.each_ref().map(|url| server::store(url));
    let names = |value: &str| {
        server::sql(&own.url, &format!("ALTER SYSTEM SET synchronous_standby_names = '{value}'"));
        server::sql(&own.url, "SELECT pg_reload_conf()");
    };
    names("nobody");
    let results = thread::scope(|scope| {
        let add = |rows: &mut dyn Rows| add_one(rows, b"n").map(|_| ());
        let running = stores.each_mut().map(|store| scope.spawn(move || store.transact(&[session(1)], &mut { add })));
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        // The store itself waits for 20 seconds at most, so that a longer wait here would be for nothing.
        let patience = Instant::now() + Duration::from_secs(15);
        while server::sql(&own.url, waits) != ["2"] {
            assert!(Instant::now() < patience, "the two commits do not wait for the standby together");
            thread::sleep(Duration::from_millis(10));
        }
        terminate(&urls[0]);
        running.map(|thread| thread.join().expect("a thread"))
    });
    for result in results {
        assert!(matches!(&result, Err(Fault::OutcomeUnknown(_))), "{result:?}");
        assert_eq!(result.expect_err("unknown").refusal().code(), Code::StateOutcomeUnknown);
    }
    names("");
    for store in &mut stores {
        store.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ())).expect("a transaction");
        assert_eq!(count(store, b"n"), 2, "this server had committed the first");
    }
}

/// Makes every insert of this place's rows fail with this code of the server.
fn failing(url: &str, code: &str) {
    let name = server::name(url);
    let trigger = format!(
        "CREATE OR REPLACE FUNCTION {name}.fail() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'hunter2' USING ERRCODE = '{code}'; END $$;
         CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON {name}.row FOR EACH ROW EXECUTE FUNCTION {name}.fail()"
    );
    server::sql(url, &trigger);
}

#[test]
fn what_the_server_answers_becomes_a_fault_and_nothing_is_written() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    assert_eq!(store.room(), Ok(Room::Ample));
    let cases = [
        ("53100", Code::StateFull),
        ("25006", Code::StateReadOnly),
        ("XX001", Code::StateCorrupt),
        ("57014", Code::StateLocked),
        ("42501", Code::StateUnreachable),
        ("22000", Code::StateUnreachable),
    ];
    for (code, expected) in cases {
        failing(&url, code);
        let fault = store.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ())).expect_err("it fails");
        assert_eq!(fault.refusal().code(), expected, "{code}");
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
        assert_eq!(count(&mut store, b"n"), 0);
        if code == "53100" {
            assert_eq!(store.room(), Ok(Room::Tight));
        }
    }
    server::sql(&url, &format!("DROP TRIGGER fail ON {}.row", server::name(&url)));
    store.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ())).expect("it works again");
    assert_eq!(store.room(), Ok(Room::Ample));
    assert_eq!(count(&mut store, b"n"), 1);
}

#[test]
fn a_conflict_that_never_ends_is_given_up() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    failing(&url, "40001");
    let mut runs = 0;
    let result = store.transact(&[session(1)], &mut |rows| {
        runs += 1;
        add_one(rows, b"n").map(|_| ())
    });
    assert!(matches!(result, Err(Fault::Locked(_))), "{result:?}");
    assert!(runs > 10, "{runs}");
}

#[test]
fn a_server_that_takes_no_writes_can_be_read() {
    let Some(url) = server::fresh() else { return };
    server::store(&url).transact(&[], &mut |rows| add_one(rows, b"n").map(|_| ())).expect("a transaction");
    let mut store = server::store(&url.replace("?", "?options=-c%20default_transaction_read_only%3Don&"));
    assert_eq!(count(&mut store, b"n"), 1);
    let result = store.transact(&[session(1)], &mut |rows| rows.put(vec![((Table::Meta, vec![1]), None)]));
    assert!(matches!(result, Err(Fault::ReadOnly(_))), "{result:?}");
}
