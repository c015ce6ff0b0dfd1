//! A file whose bytes are not what was written.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wane_ledger::{Fault, Row, SqliteStore, Store, Table};

use super::{PATIENT, made, opened};

/// A file with rows in every table, closed, so that all of it lies in the file itself.
fn filled(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("ledger.db");
    let mut store = made(&path);
    for table in Table::ALL {
        let changes: Vec<_> = (1..=150_u64)
            .map(|n| {
                ((table, n.to_be_bytes().to_vec()), Some(format!("{table:?} {n} {}", "x".repeat(60)).into_bytes()))
            })
            .collect();
        store.transact(&[], &mut |rows| rows.put(changes.clone())).expect("a transaction");
    }
    drop(store);
    assert!(!folder.path().join("ledger.db-wal").exists());
    path
}

/// Every row there is, by scanning and by asking for each, or why not.
fn everything(path: &Path) -> Result<Vec<Vec<Row>>, Fault> {
    let mut store = SqliteStore::open(path, PATIENT)?;
    let mut found = Vec::new();
    store.view(&mut |rows| {
        for table in Table::ALL {
            let scanned = rows.scan(table, &[], None, 10_000)?;
            for n in 1..=150_u64 {
                let value = rows.get(&[(table, n.to_be_bytes().to_vec())])?.remove(0);
                let listed = scanned.iter().find(|(key, _)| *key == n.to_be_bytes());
                assert_eq!(value.as_ref(), listed.map(|(_, value)| value));
            }
            found.push(scanned);
        }
        Ok(())
    })?;
    Ok(found)
}

#[test]
fn a_page_overwritten_is_damage_and_never_a_missing_row() {
    let folder = TempDir::new().expect("a folder");
    let path = filled(&folder);
    let whole = fs::read(&path).expect("bytes");
    let rows = everything(&path).expect("rows");
    assert!(rows.iter().all(|table| table.len() == 150));
    let mut noticed = 0;
    let pages = whole.len() / 4096;
    for page in 0..pages {
        for fill in [0x00, 0xff] {
            let mut bytes = whole.clone();
            bytes[page * 4096..(page + 1) * 4096].fill(fill);
            fs::write(&path, &bytes).expect("bytes");
            match everything(&path) {
                Ok(found) => assert!(found == rows, "page {page} of {fill:#x} is not noticed"),
                Err(Fault::Corrupt(_)) => noticed += 1,
                // The first page says whose file it is.
                Err(Fault::Schema(..)) if page == 0 => noticed += 1,
                Err(other) => panic!("page {page} of {fill:#x}: {other:?}"),
            }
        }
    }
    // Only the page of a table that nothing reads here may pass.
    assert!(noticed >= (pages - 1) * 2, "{noticed} of {}", pages * 2);
    fs::write(&path, &whole).expect("bytes");
    assert!(everything(&path).expect("rows") == rows);
}

#[test]
fn a_truncated_file_is_damage() {
    let folder = TempDir::new().expect("a folder");
    let path = filled(&folder);
    let whole = fs::read(&path).expect("bytes");
    for length in
        [0, 1, 50, 100, 512, 4095, 4096, 8192, whole.len() / 2, whole.len() - 4096, whole.len() - 2048, whole.len() - 1]
    {
        fs::write(&path, &whole[..length]).expect("bytes");
        let result = everything(&path).map(|tables| tables.len());
        assert!(matches!(result, Err(Fault::Corrupt(_))), "{length} of {}: {result:?}", whole.len());
    }
}

#[test]
fn a_change_to_a_damaged_file_is_refused_as_well() {
    let folder = TempDir::new().expect("a folder");
    let path = filled(&folder);
    let mut bytes = fs::read(&path).expect("bytes");
    bytes[4096..].fill(0xff);
    fs::write(&path, &bytes).expect("bytes");
    let mut store = opened(&path);
    for table in Table::ALL {
        let change = ((table, 7_u64.to_be_bytes().to_vec()), Some(vec![1]));
        let result = store.transact(&[], &mut |rows| rows.put(vec![change.clone()]));
        assert!(matches!(result, Err(Fault::Corrupt(_))), "{table:?}: {result:?}");
    }
}
