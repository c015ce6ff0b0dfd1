//! A disk that is really full: a small file system that holds the rows.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use wane_ledger::{Fault, Key, Room, Store, Table};

use super::contract::{read, session};
use super::server::{self, Cluster};
use super::together::{add_one, count};

/// A file system in memory, gone when dropped.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir(at).expect("a folder");
        run("mount", &["-t", "tmpfs", "-o", "size=6m", "tmpfs"], at).then(|| Self(at.to_owned()))
    }

    fn grow(&self) {
        assert!(run("mount", &["-o", "remount,size=60m"], &self.0));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        run("umount", &["-l"], &self.0);
    }
}

fn run(program: &str, arguments: &[&str], at: &Path) -> bool {
    Command::new(program).args(arguments).arg(at).output().is_ok_and(|output| output.status.success())
}

/// 64 KiB that do not compress.
fn block(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()
    });
    words.take(8 * 1024).flatten().collect()
}

#[test]
fn a_full_disk_refuses_whole_transactions_and_recovers() {
    let Some(mut cluster) = Cluster::start(&[]) else { return };
    let at = cluster.folder().join("small");
    let Some(small) = Small::mount(&at) else {
        // What the server's code means is tested elsewhere; only the real disk is not.
        let _ =
            writeln!(std::io::stderr(), "SKIPPED: a full disk under PostgreSQL: no file system can be mounted here");
        return;
    };
    assert!(run("chown", &["postgres:"], &at));
    server::store(&cluster.url);
    server::sql(&cluster.url, &format!("CREATE TABLESPACE small LOCATION '{}'", at.display()));
    server::sql(&cluster.url, "ALTER TABLE wane.row SET TABLESPACE small");

    let mut store = server::store(&cluster.url);
    let key = |n: u64, half: u8| -> Key { (Table::Envelope, [n.to_be_bytes().as_slice(), &[half]].concat()) };
    let mut stored = 0;
    let mut put = |n: u64| {
        let changes = [(key(n, 0), Some(block(2 * n))), (key(n, 1), Some(block(2 * n + 1)))];
        store.transact(&[session(1)], &mut |rows| {
            add_one(rows, b"n")?;
            rows.put(changes.to_vec())
        })
    };
    let fault = loop {
        match put(stored) {
            Ok(()) => stored += 1,
            Err(fault) => break fault,
        }
        assert!(stored < 1_000, "the disk never fills");
    };
    assert!(matches!(fault, Fault::Full(_)), "{fault:?}");
    assert!(stored > 3, "{stored}");
    for _ in 0..5 {
        assert!(matches!(put(stored), Err(Fault::Full(_))));
    }
    assert_eq!(store.room(), Ok(Room::Tight));
    assert_eq!(count(&mut store, b"n"), stored);
    let halves = [key(stored, 0), key(stored, 1)];
    assert_eq!(read(&mut store, &halves), [None, None]);
    assert_eq!(read(&mut store, &[key(stored - 1, 1)]), [Some(block(2 * stored - 1))]);

    small.grow();
    store.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ())).expect("there is room again");
    assert_eq!(store.room(), Ok(Room::Ample));
    assert_eq!(count(&mut store, b"n"), stored + 1);
    // Its files first, then the file system, then the folder.
    cluster.stop();
}
