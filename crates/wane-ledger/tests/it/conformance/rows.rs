//! Rows, their order and their bounds.

use wane_ledger::{Row, Table};

use super::{Handles, key, put, read, scanned};

fn names(rows: Vec<Row>) -> Vec<Vec<u8>> {
    rows.into_iter().map(|(key, _)| key).collect()
}

fn values(rows: Vec<Row>) -> Vec<Vec<u8>> {
    rows.into_iter().map(|(_, value)| value).collect()
}

pub(super) fn rows_come_back_in_the_order_asked_for(open: &Handles) {
    let mut store = open();
    put(&mut *store, Table::Entry, b"a", b"1");
    put(&mut *store, Table::Entry, b"b", b"");
    put(&mut *store, Table::Pending, b"a", b"2");
    let keys = [
        key(Table::Pending, b"a"),
        key(Table::Entry, b"missing"),
        key(Table::Entry, b"b"),
        key(Table::Entry, b"a"),
        key(Table::Pending, b"a"),
        key(Table::Leaf, &7_u64.to_be_bytes()),
    ];
    let (one, two) = (Some(b"1".to_vec()), Some(b"2".to_vec()));
    assert_eq!(read(&mut *store, &keys), [two.clone(), None, Some(Vec::new()), one, two, None]);
    assert!(read(&mut *store, &[]).is_empty());
}

pub(super) fn of_several_changes_the_last_one_counts(open: &Handles) {
    let mut store = open();
    let value = |text: &str| Some(text.as_bytes().to_vec());
    let changes = [
        (key(Table::Entry, b"a"), value("1")),
        (key(Table::Entry, b"a"), value("2")),
        (key(Table::Entry, b"gone"), value("1")),
        (key(Table::Entry, b"gone"), None),
        (key(Table::Entry, b"back"), None),
        (key(Table::Entry, b"back"), value("3")),
        (key(Table::Entry, b"never"), None),
    ];
    store.transact(&[], &mut |rows| rows.put(changes.to_vec())).expect("a transaction");
    store.transact(&[], &mut |rows| rows.put(Vec::new())).expect("nothing to change is no fault");
    let found = scanned(&mut *store, Table::Entry, &[], None, 9);
    assert_eq!(found, [(b"a".to_vec(), b"2".to_vec()), (b"back".to_vec(), b"3".to_vec())]);
}

pub(super) fn tables_are_apart(open: &Handles) {
    let mut store = open();
    let name = 1_u64.to_be_bytes();
    for table in Table::ALL {
        put(&mut *store, table, &name, &[table.number()]);
    }
    for table in Table::ALL {
        let only = [(name.to_vec(), vec![table.number()])];
        assert_eq!(scanned(&mut *store, table, &[], None, 9), only, "{table:?}");
        assert_eq!(read(&mut *store, &[key(table, &name)]), [Some(vec![table.number()])]);
    }
    store.transact(&[], &mut |rows| rows.put(vec![(key(Table::Leaf, &name), None)])).expect("a transaction");
    assert_eq!(read(&mut *store, &[key(Table::Leaf, &name), key(Table::Head, &name)]), [None, Some(vec![12])]);
}

pub(super) fn scans_are_ordered_as_bytes_and_bounded(open: &Handles) {
    let mut store = open();
    let keys: [&[u8]; 8] = [&[0], &[0, 0], b"A", b"a", &[0x7f], &[0x80], &[0xff], &[0xff, 0]];
    for table in [Table::Used, Table::Pending] {
        for key in keys.iter().rev() {
            put(&mut *store, table, key, key);
        }
        put(&mut *store, Table::Spent, &[0x70], b"elsewhere");
        let mut scan = |from: &[u8], to: Option<&[u8]>, limit| names(scanned(&mut *store, table, from, to, limit));
        assert_eq!(scan(&[], None, 100), keys);
        assert_eq!(scan(&[0, 0], Some(&[0x80]), 100), keys[1..5]);
        assert_eq!(scan(&[0, 1], Some(&[0xff]), 100), keys[2..6]);
        assert_eq!(scan(b"A", None, 2), keys[2..4]);
        assert_eq!(scan(&[], Some(&[]), 100), keys[..0]);
        assert_eq!(scan(&[5], Some(&[5]), 100), keys[..0]);
        assert_eq!(scan(&[9], Some(&[5]), 100), keys[..0]);
        assert_eq!(scan(&[], None, 0), keys[..0]);
        assert_eq!(scan(&[], None, usize::MAX), keys);
        assert_eq!(scan(&[0xff, 0, 0], None, 9), keys[..0]);
    }
}

pub(super) fn scans_of_numbers_take_any_bounds(open: &Handles) {
    let mut store = open();
    let numbers = [0, 1, 255, 256, 1 << 32, u64::MAX >> 1].map(u64::to_be_bytes);
    for number in numbers.iter().rev() {
        put(&mut *store, Table::Leaf, number, b"x");
    }
    let mut scan = |from: &[u8], to: Option<&[u8]>| names(scanned(&mut *store, Table::Leaf, from, to, 100));
    assert_eq!(scan(&[], None), numbers);
    assert_eq!(scan(&numbers[1], Some(&numbers[3])), numbers[1..3]);
    // Shorter and longer than a number, as bytes compare.
    assert_eq!(scan(&[0, 0, 0, 1], None), numbers[4..]);
    assert_eq!(scan(&[], Some(&[0, 0, 0, 1])), numbers[..4]);
    let longer = [numbers[2].as_slice(), &[0]].concat();
    assert_eq!(scan(&longer, None), numbers[3..]);
    assert_eq!(scan(&[], Some(&longer)), numbers[..3]);
    assert_eq!(scan(&[0x80], None), numbers[..0]);
    assert_eq!(scan(&[], Some(&[0x80])), numbers);
    assert_eq!(scan(&[], Some(&[0xff; 9])), numbers);
    assert_eq!(scan(&[0xff; 9], None), numbers[..0]);
}

pub(super) fn the_bounds_themselves_fit(open: &Handles) {
    let mut store = open();
    let long: Vec<u8> = (0..=255).cycle().take(128 * 1024).collect();
    let (short_key, long_key) = ([0xff], [0; 512]);
    for table in [Table::Meta, Table::Entry, Table::Config] {
        put(&mut *store, table, &short_key, &long);
        put(&mut *store, table, &long_key, &long);
        let found = scanned(&mut *store, table, &[], None, 9);
        assert!(found == [(long_key.to_vec(), long.clone()), (short_key.to_vec(), long.clone())], "{table:?}");
    }
    store.transact(&[], &mut |rows| rows.append(vec![long.clone(), Vec::new()])).expect("a transaction");
    assert!(values(scanned(&mut *store, Table::Queue, &[], None, 9)) == [long, Vec::new()]);
}

pub(super) fn the_queue_keeps_its_order(open: &Handles) {
    let mut store = open();
    let values_of = |range: std::ops::Range<u16>| range.map(|n| n.to_be_bytes().to_vec()).collect::<Vec<_>>();
    let (first, second) = (values_of(0..300), values_of(300..600));
    store
        .transact(&[], &mut |rows| {
            rows.append(first.clone())?;
            rows.append(Vec::new())?;
            rows.append(second.clone())
        })
        .expect("a transaction");
    let found = scanned(&mut *store, Table::Queue, &[], None, 1_000);
    assert!(found.iter().all(|(key, _)| key.len() == 8));
    assert_eq!(values(found), values_of(0..600));
}

pub(super) fn the_queue_never_gives_a_number_twice(open: &Handles) {
    let mut store = open();
    let mut highest = Vec::new();
    for round in 0..4 {
        store.transact(&[], &mut |rows| rows.append(vec![vec![1], vec![2], vec![3]])).expect("a transaction");
        // What was not committed may leave a gap, and nothing else.
        let refused = wane_ledger::Fault::Corrupt("on purpose".into());
        let failed = store.transact(&[], &mut |rows| {
            rows.append(vec![vec![9]])?;
            Err(refused.clone())
        });
        assert_eq!(failed, Err(refused));
        let found = names(scanned(&mut *store, Table::Queue, &[], None, 100));
        assert_eq!(found.len(), 3, "round {round}");
        assert!(found[0] > highest, "round {round}: {found:?} after {highest:?}");
        highest = found[2].clone();
        let gone: Vec<_> = found.into_iter().map(|name| (key(Table::Queue, &name), None)).collect();
        store.transact(&[], &mut |rows| rows.put(gone.clone())).expect("a transaction");
        drop(store);
        store = open();
    }
}

pub(super) fn what_is_committed_is_there_on_reopening(open: &Handles) {
    let mut store = open();
    put(&mut *store, Table::Entry, b"a", b"1");
    store.transact(&[], &mut |rows| rows.append(vec![vec![7]])).expect("a transaction");
    drop(store);
    let mut store = open();
    assert_eq!(read(&mut *store, &[key(Table::Entry, b"a")]), [Some(b"1".to_vec())]);
    assert_eq!(values(scanned(&mut *store, Table::Queue, &[], None, 9)), [vec![7]]);
    assert!(store.room().is_ok());
}
