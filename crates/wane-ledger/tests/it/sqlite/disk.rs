//! Disks that are full, or can only be read.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wane_ledger::{Fault, Room, Rows, SqliteOptions, SqliteStore, Store, Table};

use super::child::{Child, command, command_after, prepared};
use super::{PATIENT, made, opened};
use crate::conformance::{add, count, scanned};

/// A small file system in memory, gone when dropped.
struct Small(TempDir);

impl Small {
    /// None where this user may not mount; it is then said what was not tested.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().expect("a folder");
        let options = ["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs"];
        if run("mount", &options, folder.path()) {
            return Some(Self(folder));
        }
        let _ = writeln!(std::io::stderr(), "SKIPPED: a small file system under SQLite: none can be mounted here");
        None
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("ledger.db")
    }

    fn allow(&self, what: &str) {
        assert!(run("mount", &["-o", &format!("remount,{what}")], self.0.path()));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        run("umount", &["-l"], self.0.path());
    }
}

fn run(program: &str, arguments: &[&str], at: &Path) -> bool {
    Command::new(program).args(arguments).arg(at).output().is_ok_and(|output| output.status.success())
}

/// Takes all the room there is but this many bytes.
fn fill(path: &Path, leave: usize) {
    let mut file = fs::File::create(path).expect("a file");
    while file.write_all(&[7; 1024]).is_ok() {}
    let taken = file.metadata().expect("a file").len();
    let leave = u64::try_from(leave).expect("small");
    file.set_len(taken.saturating_sub(leave)).expect("shorter");
}

fn one_more(rows: &mut dyn Rows) -> Result<(), Fault> {
    add(rows, b"all", 1)?;
    rows.put(vec![((Table::Used, b"big".to_vec()), Some(vec![3; 20_000]))])?;
    rows.append(vec![vec![7; 2_000]])
}

#[test]
fn a_full_disk_refuses_whole_transactions_and_recovers() {
    let Some(small) = Small::mount() else { return };
    let path = small.file();
    let mut store = made(&path);
    let filler = small.0.path().join("filler");
    for leave in [0, 4_096, 40_000, 200_000] {
        let before = count(&mut store, b"all");
        fill(&filler, leave);
        let mut done = 0;
        let fault = loop {
            match store.transact(&[], &mut one_more) {
                Ok(()) => done += 1,
                Err(fault) => break fault,
            }
        };
        assert!(matches!(fault, Fault::Full(_)), "{leave}: {fault:?}");
        // It can still be read, by those who have it open and by a newcomer if there is room for its index.
        assert_eq!(count(&mut store, b"all"), before + done, "{leave}");
        assert!(matches!(store.transact(&[], &mut one_more), Err(Fault::Full(_))), "{leave}");
        fs::remove_file(&filler).expect("removed");
        store.transact(&[], &mut one_more).expect("there is room again");
        assert_eq!(count(&mut opened(&path), b"all"), before + done + 1);
        let queued = scanned(&mut store, Table::Queue, &[], None, usize::MAX);
        assert_eq!(i64::try_from(queued.len()).expect("few"), before + done + 1);
        let gone: Vec<_> = queued.iter().skip(1).map(|row| ((Table::Queue, row.0.clone()), None)).collect();
        store
            .transact(&[], &mut |rows| {
                rows.put(gone.clone())?;
                rows.put(vec![((Table::Spent, b"all".to_vec()), Some(b"1".to_vec()))])
            })
            .expect("a transaction");
    }
}

#[test]
fn on_a_full_disk_nothing_half_is_made_or_opened() {
    let Some(small) = Small::mount() else { return };
    let path = small.file();
    let filler = small.0.path().join("filler");
    fill(&filler, 8_192);
    let result = SqliteStore::open(&path, SqliteOptions { create: true, ..PATIENT });
    assert!(matches!(result, Err(Fault::Full(_))), "{result:?}");
    let names: Vec<_> =
        fs::read_dir(small.0.path()).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(names, ["filler"]);
    fs::remove_file(&filler).expect("removed");
    made(&path).transact(&[], &mut one_more).expect("a transaction");
    fill(&filler, 0);
    let result = SqliteStore::open(&path, PATIENT).and_then(|mut store| store.transact(&[], &mut one_more));
    assert!(matches!(result, Err(Fault::Full(_))), "{result:?}");
    fs::remove_file(&filler).expect("removed");
    assert_eq!(count(&mut opened(&path), b"all"), 1);
}

#[test]
fn room_is_tight_below_the_reserve() {
    let Some(small) = Small::mount() else { return };
    let options = SqliteOptions { create: true, reserve: 1_000_000, ..PATIENT };
    let mut store = SqliteStore::open(small.file(), options).expect("a store");
    assert_eq!(store.room(), Ok(Room::Ample));
    let filler = small.0.path().join("filler");
    fill(&filler, 500_000);
    assert_eq!(store.room(), Ok(Room::Tight));
    store.transact(&[], &mut one_more).expect("the reserve is there to be used");
    fs::remove_file(&filler).expect("removed");
    // A process that another test starts at this moment still has the file open, until it is another program.
    let until = Instant::now() + Duration::from_secs(20);
    while store.room() != Ok(Room::Ample) {
        assert!(Instant::now() < until, "{:?}", store.room());
        thread::sleep(Duration::from_millis(2));
    }
}

/// The way to meet a disk's refusal that needs no right to mount: a limit on the size of files.
#[test]
fn a_limit_on_files_refuses_whole_transactions_and_recovers() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    let mut child = Child::start(command_after("trap '' XFSZ; ulimit -f 2000", "fill", &path));
    let answer = child.says().expect("an answer");
    assert!(["state-full", "state-unreachable"].contains(&answer.as_str()), "{answer}");
    child.ends();
    let mut store = opened(&path);
    let queued = scanned(&mut store, Table::Queue, &[], None, usize::MAX).len();
    assert!(queued > 10, "{queued}");
    assert_eq!(i64::try_from(queued).expect("few"), count(&mut store, b"all"), "all of each or nothing");
    store.transact(&[], &mut one_more).expect("a transaction");
}

#[test]
fn a_disk_that_can_only_be_read_is_said_to_be() {
    let Some(small) = Small::mount() else { return };
    let path = small.file();
    made(&path).transact(&[], &mut one_more).expect("a transaction");
    small.allow("ro");
    for create in [false, true] {
        let result = SqliteStore::open(&path, SqliteOptions { create, ..PATIENT });
        assert!(matches!(result, Err(Fault::ReadOnly(_))), "{result:?}");
    }
    let result = SqliteStore::open(small.0.path().join("new.db"), SqliteOptions { create: true, ..PATIENT });
    assert!(matches!(result, Err(Fault::ReadOnly(_))), "{result:?}");
    small.allow("rw");
    let mut store = opened(&path);
    store.transact(&[], &mut one_more).expect("a transaction");
    assert_eq!(count(&mut store, b"all"), 2);
}

/// Modes do not bind root, so root tries as somebody else.
#[test]
fn a_file_that_can_only_be_read_is_said_to_be() {
    const NOBODY: u32 = 65_534;
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("a mode");
    let mut child = command("open", &path);
    if rustix::process::geteuid().is_root() {
        // The binary may lie where nobody else can reach it.
        let copy = folder.path().join("it");
        fs::copy(std::env::current_exe().expect("this binary"), &copy).expect("a copy");
        for it in [folder.path(), &path, &copy] {
            chown(it, Some(NOBODY), Some(NOBODY)).expect("an owner");
        }
        child = prepared(Command::new(copy), "open", &path);
        child.current_dir(folder.path()).uid(NOBODY).gid(NOBODY);
    }
    assert_eq!(Child::start(child).says().as_deref(), Some("state-read-only"));
}
