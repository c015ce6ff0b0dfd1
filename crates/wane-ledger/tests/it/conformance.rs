//! What every store promises, asked of each of them in the same words.
//!
//! A backend names a function that makes a fresh, empty place and answers with a way to open handles on it, or `None` where
//! the backend cannot be had here, and hands it to [`all`].
//!

mod rows;
mod together;
mod transactions;

use wane::BlockId;
use wane_ledger::{Fault, Key, Lock, Row, Rows, Store, Table};

/// Opens one more handle on the same place.
pub(crate) type Handles = Box<dyn Fn() -> Box<dyn Store> + Sync>;

/// One promise and its name.
pub(crate) type Case = (&'static str, fn(&Handles));

pub(crate) const ALL: &[Case] = &[
    ("rows_come_back_in_the_order_asked_for", rows::rows_come_back_in_the_order_asked_for),
    ("of_several_changes_the_last_one_counts", rows::of_several_changes_the_last_one_counts),
    ("tables_are_apart", rows::tables_are_apart),
    ("scans_are_ordered_as_bytes_and_bounded", rows::scans_are_ordered_as_bytes_and_bounded),
    ("scans_of_numbers_take_any_bounds", rows::scans_of_numbers_take_any_bounds),
    ("the_bounds_themselves_fit", rows::the_bounds_themselves_fit),
    ("the_queue_keeps_its_order", rows::the_queue_keeps_its_order),
    ("the_queue_never_gives_a_number_twice", rows::the_queue_never_gives_a_number_twice),
    ("what_is_committed_is_there_on_reopening", rows::what_is_committed_is_there_on_reopening),
    ("a_transaction_sees_its_own_changes", transactions::a_transaction_sees_its_own_changes),
    ("a_body_that_fails_leaves_nothing", transactions::a_body_that_fails_leaves_nothing),
    ("a_body_that_panics_leaves_nothing", transactions::a_body_that_panics_leaves_nothing),
    ("a_view_changes_nothing", transactions::a_view_changes_nothing),
    ("callers_keep_to_the_contract", transactions::callers_keep_to_the_contract),
    ("a_body_cannot_hide_a_fault", transactions::a_body_cannot_hide_a_fault),
    ("what_is_not_committed_is_not_seen", together::what_is_not_committed_is_not_seen),
    ("a_view_keeps_what_it_began_with", together::a_view_keeps_what_it_began_with),
    ("handles_see_each_others_commits_at_once", together::handles_see_each_others_commits_at_once),
    ("no_update_is_lost", together::no_update_is_lost),
    ("no_update_is_lost_under_locks", together::no_update_is_lost_under_locks),
    ("no_sum_is_ever_seen_half_moved", together::no_sum_is_ever_seen_half_moved),
    ("writers_that_queue_together_share_no_number", together::writers_that_queue_together_share_no_number),
];

/// Runs every promise on places of its own, and names all that were broken.
pub(crate) fn all(fresh: &dyn Fn() -> Option<Handles>) {
    let mut broken = Vec::new();
    for (name, run) in ALL {
        let Some(handles) = fresh() else { return };
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&handles))).is_err() {
            broken.push(*name);
        }
    }
    assert!(broken.is_empty(), "broken promises: {broken:?}");
}

pub(crate) fn key(table: Table, name: &[u8]) -> Key {
    (table, name.to_vec())
}

pub(crate) fn session(byte: u8) -> Lock {
    Lock::Session(BlockId::from_bytes([byte; 32]))
}

/// What lies under these keys for everybody.
pub(crate) fn read(store: &mut dyn Store, keys: &[Key]) -> Vec<Option<Vec<u8>>> {
    let mut found = Vec::new();
    store
        .view(&mut |rows| {
            found = rows.get(keys)?;
            Ok(())
        })
        .expect("a view");
    found
}

pub(crate) fn scanned(store: &mut dyn Store, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Vec<Row> {
    let mut found = Vec::new();
    store
        .view(&mut |rows| {
            found = rows.scan(table, from, to, limit)?;
            Ok(())
        })
        .expect("a view");
    found
}

pub(crate) fn put(store: &mut dyn Store, table: Table, name: &[u8], value: &[u8]) {
    let change = (key(table, name), Some(value.to_vec()));
    store.transact(&[], &mut |rows| rows.put(vec![change.clone()])).expect("a transaction");
}

/// Adds to the number in this row, as the law does: reads it, and writes the sum.
pub(crate) fn add(rows: &mut dyn Rows, name: &[u8], by: i64) -> Result<(), Fault> {
    let key = key(Table::Spent, name);
    let found = rows.get(std::slice::from_ref(&key))?.remove(0);
    let sum = number(found.as_deref()) + by;
    rows.put(vec![(key, Some(sum.to_string().into_bytes()))])
}

pub(crate) fn number(value: Option<&[u8]>) -> i64 {
    value.map_or(0, |text| std::str::from_utf8(text).expect("text").parse().expect("a number"))
}

pub(crate) fn count(store: &mut dyn Store, name: &[u8]) -> i64 {
    number(read(store, &[key(Table::Spent, name)])[0].as_deref())
}
