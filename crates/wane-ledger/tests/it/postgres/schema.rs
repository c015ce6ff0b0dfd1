//! The tables: made once, and only those of the version known here are used.

use std::thread;

use wane_ledger::{Fault, PostgresOptions, PostgresStore, Store};

use super::server;

fn found(url: &str, create: bool) -> String {
    match PostgresStore::connect(url, PostgresOptions { create, ..PostgresOptions::default() }) {
        Err(Fault::Schema(found, known)) => {
            assert_eq!(known, "1");
            found
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_database_without_a_ledger_is_not_taken_for_one() {
    let Some(url) = server::fresh() else { return };
    assert_eq!(found(&url, false), "none: the database holds no ledger");
    server::store(&url);
    PostgresStore::connect(&url, PostgresOptions::default()).expect("now it is there");
}

#[test]
fn many_who_make_it_at_once_make_it_once() {
    let Some(url) = server::fresh() else { return };
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| server::store(&url));
        }
    });
}

#[test]
fn a_namespace_made_beforehand_serves() {
    let Some(url) = server::fresh() else { return };
    server::sql(&url, &format!("CREATE SCHEMA {}", server::name(&url)));
    server::store(&url);
}

#[test]
fn tables_of_a_newer_version_are_left_alone() {
    let Some(url) = server::fresh() else { return };
    server::store(&url);
    server::sql(&url, &format!("UPDATE {}.version SET version = '2'", server::name(&url)));
    assert_eq!(found(&url, false), "2");
    assert_eq!(found(&url, true), "2");
}

#[test]
fn a_newer_version_is_refused_also_while_it_is_open() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    let set = |version: &str| {
        server::sql(&url, &format!("UPDATE {}.version SET version = '{version}'", server::name(&url)));
    };
    for version in ["2", "", "1 "] {
        set(version);
        let newer = Err(Fault::Schema(version.to_owned(), "1".to_owned()));
        assert_eq!(store.transact(&[], &mut |_| panic!("the body must not run")), newer);
        assert_eq!(store.view(&mut |_| panic!("the body must not run")), newer);
    }
    set("1");
    store.transact(&[], &mut |rows| rows.append(vec![Vec::new()])).expect("a transaction");
    server::sql(&url, &format!("DELETE FROM {}.version", server::name(&url)));
    assert!(matches!(store.view(&mut |_| Ok(())), Err(Fault::Schema(..))));
}

#[test]
fn tables_of_others_are_left_alone() {
    let Some(url) = server::fresh() else { return };
    let name = server::name(&url);
    server::sql(&url, &format!("CREATE SCHEMA {name}; CREATE TABLE {name}.row (a int)"));
    assert_eq!(found(&url, false), "none: the tables there are no ledger's");
    assert_eq!(found(&url, true), "none: the tables there are no ledger's");
    let tables = format!("SELECT count(*) FROM information_schema.tables WHERE table_schema = '{name}'");
    assert_eq!(server::sql(&url, &tables), ["1"]);
}

#[test]
fn tables_that_a_crash_empties_are_refused() {
    let Some(url) = server::fresh() else { return };
    server::store(&url);
    let name = server::name(&url);
    for table in ["row", "version"] {
        server::sql(&url, &format!("ALTER TABLE {name}.{table} SET UNLOGGED"));
        for create in [false, true] {
            let options = PostgresOptions { create, ..PostgresOptions::default() };
            let fault = PostgresStore::connect(&url, options).expect_err("the tables are unfit");
            assert_eq!(fault, Fault::AsyncCommit(format!("the table {table} is unlogged")));
        }
        server::sql(&url, &format!("ALTER TABLE {name}.{table} SET LOGGED"));
    }
    server::store(&url);
}

#[test]
fn a_view_in_place_of_a_table_is_no_ledgers() {
    let Some(url) = server::fresh() else { return };
    server::store(&url);
    let name = server::name(&url);
    server::sql(
        &url,
        &format!("ALTER TABLE {name}.row RENAME TO hidden; CREATE VIEW {name}.row AS TABLE {name}.hidden"),
    );
    assert_eq!(found(&url, false), "none: the tables there are no ledger's");
    assert_eq!(found(&url, true), "none: the tables there are no ledger's");
}

#[test]
fn tables_that_vanish_are_noticed() {
    let Some(url) = server::fresh() else { return };
    let mut store = server::store(&url);
    server::sql(&url, &format!("DROP SCHEMA {} CASCADE", server::name(&url)));
    let result =
        wane_ledger::Store::view(&mut store, &mut |rows| rows.scan(wane_ledger::Table::Meta, &[], None, 1).map(|_| ()));
    assert!(matches!(result, Err(Fault::Schema(_, _))), "{result:?}");
}
