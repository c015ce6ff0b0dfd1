//! One transaction by itself: all of it or nothing, and what its caller may not do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wane::{Code, Refusal};
use wane_ledger::{Fault, Lock, Table};

use super::{Handles, key, put, read, scanned, session};

pub(super) fn a_transaction_sees_its_own_changes(open: &Handles) {
    let mut store = open();
    put(&mut *store, Table::Entry, b"old", b"1");
    put(&mut *store, Table::Entry, b"gone", b"1");
    let (old, gone, new) = (key(Table::Entry, b"old"), key(Table::Entry, b"gone"), key(Table::Entry, b"new"));
    store
        .transact(&[Lock::Sequencer, session(1)], &mut |rows| {
            rows.put(vec![
                (old.clone(), Some(b"2".to_vec())),
                (gone.clone(), None),
                (new.clone(), Some(b"3".to_vec())),
            ])?;
            let (two, three) = (Some(b"2".to_vec()), Some(b"3".to_vec()));
            assert_eq!(rows.get(&[old.clone(), gone.clone(), new.clone()])?, [two, None, three]);
            let found = rows.scan(Table::Entry, &[], None, 9)?;
            assert_eq!(found, [(b"new".to_vec(), b"3".to_vec()), (b"old".to_vec(), b"2".to_vec())]);
            rows.append(vec![vec![1], vec![2]])?;
            let queued = rows.scan(Table::Queue, &[], None, 9)?;
            assert_eq!(queued.len(), 2);
            rows.put(vec![((Table::Queue, queued[0].0.clone()), None), (new.clone(), None)])?;
            assert_eq!(rows.scan(Table::Queue, &[], None, 9)?, queued[1..]);
            assert_eq!(rows.get(std::slice::from_ref(&new))?, [None]);
            Ok(())
        })
        .expect("a transaction");
    assert_eq!(read(&mut *store, &[old, gone, new]), [Some(b"2".to_vec()), None, None]);
    assert_eq!(scanned(&mut *store, Table::Queue, &[], None, 9).len(), 1);
}

fn nothing_is_there(open: &Handles) {
    let mut store = open();
    for table in Table::ALL {
        assert!(scanned(&mut *store, table, &[], None, 9).is_empty(), "{table:?}");
    }
}

pub(super) fn a_body_that_fails_leaves_nothing(open: &Handles) {
    let mut store = open();
    let refused = Fault::Refused(Box::new(Refusal::new(Code::StateUsed, "ledger", "x", "")));
    for fault in [refused, Fault::Corrupt("on purpose".into())] {
        let result = store.transact(&[session(1), session(2)], &mut |rows| {
            rows.put(vec![
                (key(Table::Entry, b"a"), Some(b"1".to_vec())),
                (key(Table::Config, b"b"), Some(vec![7; 9_000])),
            ])?;
            rows.append(vec![vec![1]])?;
            Err(fault.clone())
        });
        assert_eq!(result, Err(fault));
        nothing_is_there(open);
    }
    put(&mut *store, Table::Entry, b"a", b"1");
}

pub(super) fn a_body_that_panics_leaves_nothing(open: &Handles) {
    let mut store = open();
    for _ in 0..6 {
        let run = catch_unwind(AssertUnwindSafe(|| {
            let _ = store.transact(&[session(1)], &mut |rows| {
                rows.put(vec![(key(Table::Entry, b"a"), Some(b"1".to_vec()))])?;
                rows.append(vec![vec![1]])?;
                std::panic::resume_unwind(Box::new("on purpose"));
            });
        }));
        assert!(run.is_err());
        let run = catch_unwind(AssertUnwindSafe(|| {
            let _ = store.view(&mut |_| std::panic::resume_unwind(Box::new("on purpose")));
        }));
        assert!(run.is_err());
        nothing_is_there(open);
    }
    // Neither this handle nor another is the worse for it.
    put(&mut *store, Table::Entry, b"a", b"1");
    store.transact(&[session(1)], &mut |rows| rows.put(vec![(key(Table::Entry, b"a"), None)])).expect("a transaction");
    put(&mut *open(), Table::Entry, b"a", b"1");
}

pub(super) fn a_view_changes_nothing(open: &Handles) {
    let mut store = open();
    put(&mut *store, Table::Entry, b"a", b"1");
    let change = [(key(Table::Entry, b"a"), None)];
    for hide in [false, true] {
        let result = store.view(&mut |rows| {
            let tried = rows.put(change.to_vec());
            if hide { Ok(()) } else { tried }
        });
        assert!(matches!(result, Err(Fault::Misuse(_))), "{result:?}");
        let result = store.view(&mut |rows| rows.append(vec![vec![1]]));
        assert!(matches!(result, Err(Fault::Misuse(_))), "{result:?}");
        assert_eq!(read(&mut *store, &[key(Table::Entry, b"a")]), [Some(b"1".to_vec())]);
    }
    let refused = Fault::Corrupt("on purpose".into());
    assert_eq!(store.view(&mut |_| Err(refused.clone())), Err(refused));
    assert!(scanned(&mut *store, Table::Queue, &[], None, 9).is_empty());
    put(&mut *store, Table::Entry, b"a", b"2");
}

pub(super) fn callers_keep_to_the_contract(open: &Handles) {
    let mut store = open();
    let is_misuse = |result: Result<(), Fault>| assert!(matches!(result, Err(Fault::Misuse(_))), "{result:?}");
    let change = |bytes: usize, value: usize| vec![((Table::Used, vec![1; bytes]), Some(vec![0; value]))];
    is_misuse(store.transact(&[session(2), session(1)], &mut |_| Ok(())));
    is_misuse(store.transact(&[session(1), session(1)], &mut |_| Ok(())));
    is_misuse(store.transact(&[session(1), Lock::Sequencer], &mut |_| Ok(())));
    is_misuse(store.transact(&[], &mut |rows| rows.put(change(0, 1).to_vec())));
    is_misuse(store.transact(&[], &mut |rows| rows.put(change(513, 1).to_vec())));
    is_misuse(store.transact(&[], &mut |rows| rows.put(change(1, 128 * 1024 + 1).to_vec())));
    is_misuse(store.transact(&[], &mut |rows| rows.append(vec![vec![0; 128 * 1024 + 1]])));
    is_misuse(store.transact(&[], &mut |rows| rows.get(&[(Table::Used, Vec::new())]).map(|_| ())));
    is_misuse(store.view(&mut |rows| rows.get(&[(Table::Used, vec![1; 513])]).map(|_| ())));
    for table in Table::ALL.into_iter().filter(|table| table.is_numbered()) {
        for number in [vec![1; 7], vec![1; 9], vec![0xff; 8]] {
            let change = [((table, number.clone()), Some(vec![1]))];
            is_misuse(store.transact(&[], &mut |rows| rows.put(change.to_vec())));
            is_misuse(store.transact(&[], &mut |rows| rows.put(vec![((table, number.clone()), None)])));
            is_misuse(store.view(&mut |rows| rows.get(&[(table, number.clone())]).map(|_| ())));
        }
        assert!(scanned(&mut *store, table, &[], None, 9).is_empty());
    }
    nothing_is_there(open);
}

pub(super) fn a_body_cannot_hide_a_fault(open: &Handles) {
    let mut store = open();
    let result = store.transact(&[session(1)], &mut |rows| {
        rows.put(vec![(key(Table::Entry, b"a"), Some(b"1".to_vec()))])?;
        let _ = rows.get(&[(Table::Meta, Vec::new())]);
        assert!(rows.put(Vec::new()).is_err(), "nothing is asked of a transaction that is over");
        Ok(())
    });
    assert!(matches!(result, Err(Fault::Misuse(_))), "{result:?}");
    nothing_is_there(open);
}
