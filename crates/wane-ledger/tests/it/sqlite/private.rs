//! Who may read and write the file.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use wane_ledger::{Fault, SqliteOptions, SqliteStore, Table};

use super::child::{Child, command, command_after};
use super::{PATIENT, made, opened};
use crate::conformance::put;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("the mode can be set");
}

/// Opens or makes what lies there, and expects to be told why not.
fn refused(path: &Path, why: &str) {
    for create in [false, true] {
        match SqliteStore::open(path, SqliteOptions { create, ..PATIENT }) {
            Err(Fault::Unreachable(text)) => assert!(text.contains(why), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_file_is_private_whatever_the_mask() {
    for mask in ["000", "022", "077", "277"] {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("state/wane/ledger.db");
        if mask == "277" {
            // This one would take away the right to enter the folders that are made.
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        }
        let mut child = Child::start(command_after(&format!("umask {mask}"), "create", &path));
        assert_eq!(child.says().as_deref(), Some("made"));
        for end in ["", "-wal", "-shm"] {
            let file = path.with_file_name(format!("ledger.db{end}"));
            assert_eq!(mode(&file), 0o600, "{end} under {mask}");
        }
        if mask != "277" {
            assert_eq!(mode(&folder.path().join("state")), 0o700);
            assert_eq!(mode(&folder.path().join("state/wane")), 0o700);
        }
        child.ends();
        drop(opened(&path));
    }
}

#[test]
fn what_others_can_write_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    for open_to in [0o606, 0o620, 0o666] {
        set_mode(&path, open_to);
        refused(&path, "others can write the file");
    }
    set_mode(&path, 0o644);
    drop(opened(&path));

    set_mode(folder.path(), 0o777);
    refused(&path, "others can write the folder");
    set_mode(folder.path(), 0o1777);
    refused(&path, "others can write the folder");
    set_mode(folder.path(), 0o700);

    let below = folder.path().join("a/b");
    fs::create_dir_all(&below).expect("folders");
    set_mode(&folder.path().join("a"), 0o777);
    let inside = below.join("ledger.db");
    let result = SqliteStore::open(&inside, SqliteOptions { create: true, ..PATIENT });
    assert!(matches!(&result, Err(Fault::Unreachable(why)) if why.contains("a folder above")), "{result:?}");
    assert!(!inside.exists());
}

#[test]
fn a_link_is_followed_to_a_private_file_only() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    put(&mut made(&path), Table::Entry, b"a", b"1");
    let link = folder.path().join("link.db");
    symlink("ledger.db", &link).expect("a link");
    let mut through = opened(&link);
    put(&mut through, Table::Entry, b"a", b"2");
    put(&mut opened(&path), Table::Entry, b"a", b"3");
    assert!(!folder.path().join("link.db-wal").exists(), "one file, one log");
    put(&mut through, Table::Entry, b"a", b"4");

    set_mode(&path, 0o666);
    refused(&link, "others can write the file");
    set_mode(&path, 0o600);
    let nowhere = folder.path().join("nowhere.db");
    symlink("missing.db", &nowhere).expect("a link");
    refused(&nowhere, "nowhere.db");
    assert!(!folder.path().join("missing.db").exists());
}

#[test]
fn a_path_through_a_link_that_others_can_put_there_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    drop(made(&path));
    let shared = TempDir::new().expect("a folder");
    // The link to the file itself; to its folder; and one that leads to such a link.
    let (direct, through) = (shared.path().join("link.db"), shared.path().join("link"));
    let (private, relative) = (folder.path().join("private.db"), folder.path().join("relative.db"));
    symlink(&path, &direct).expect("a link");
    symlink(folder.path(), &through).expect("a link");
    symlink(&direct, &private).expect("a link");
    let up = Path::new("..").join(shared.path().file_name().expect("a name"));
    symlink(up.join("link/ledger.db"), &relative).expect("a link");
    let paths = [&direct, &through.join("ledger.db"), &private, &relative];
    for path in paths {
        drop(opened(path));
    }
    set_mode(shared.path(), 0o777);
    for path in paths {
        refused(path, "a folder above");
    }
    // Where others may add but not remove, a link of this user's leads on; the file must not lie there.
    set_mode(shared.path(), 0o1777);
    refused(&direct, "a folder above");
    for path in &paths[1..] {
        drop(opened(path));
    }
    if rustix::process::geteuid().is_root() {
        for link in [&direct, &through] {
            lchown(link, Some(65_534), None).expect("another owner");
        }
        refused(&direct, "a folder above");
        for path in &paths[1..] {
            refused(path, "belongs to another user");
        }
    }
    set_mode(shared.path(), 0o700);
}

#[test]
fn links_that_lead_round_are_refused() {
    let folder = TempDir::new().expect("a folder");
    let round = folder.path().join("round");
    symlink("round", &round).expect("a link");
    for create in [false, true] {
        let result = SqliteStore::open(round.join("ledger.db"), SqliteOptions { create, ..PATIENT });
        assert!(matches!(result, Err(Fault::Unreachable(_))), "{result:?}");
    }
}

#[test]
fn what_is_no_file_of_ours_alone_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    fs::create_dir(folder.path().join("below")).expect("a folder");
    refused(&folder.path().join("below"), "no plain file");
    drop(made(&path));
    fs::hard_link(&path, folder.path().join("second.db")).expect("a second name");
    refused(&path, "second name");
    fs::remove_file(folder.path().join("second.db")).expect("removed");
    symlink("/dev/null", folder.path().join("ledger.db-wal")).expect("a link");
    refused(&path, "no plain file");
}

#[test]
fn nothing_is_made_unless_told() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("none/ledger.db");
    let result = SqliteStore::open(&path, SqliteOptions::default());
    assert!(matches!(result, Err(Fault::Unreachable(_))), "{result:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// A file that is mounted by itself, as into a container; unmounted when dropped.
struct Mounted(std::path::PathBuf);

impl Mounted {
    /// None where this user may not mount; it is then said what was not tested.
    fn at(seen: &Path, file: &Path) -> Option<Self> {
        let mount = Command::new("mount").arg("--bind").args([file, seen]).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(seen.to_owned()));
        }
        let _ = writeln!(std::io::stderr(), "SKIPPED: a file mounted by itself under SQLite: none can be mounted here");
        None
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_file_that_is_mounted_by_itself_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("ledger.db");
    // Another process has it open, and its newest rows lie in the log in that folder.
    let mut child = Child::start(command("create", &path));
    assert_eq!(child.says().as_deref(), Some("made"));
    let container = TempDir::new().expect("a folder");
    let seen = container.path().join("ledger.db");
    fs::write(&seen, "").expect("a file");
    set_mode(&seen, 0o600);
    let Some(_mounted) = Mounted::at(&seen, &path) else { return };
    refused(&seen, "mount of its own");
    assert!(!container.path().join("ledger.db-wal").exists());
    drop(opened(&path));
    child.ends();
}

#[test]
fn a_folder_that_is_mounted_is_taken() {
    let folder = TempDir::new().expect("a folder");
    drop(made(&folder.path().join("ledger.db")));
    let container = TempDir::new().expect("a folder");
    let seen = container.path().join("state");
    fs::create_dir(&seen).expect("a folder");
    let Some(_mounted) = Mounted::at(&seen, folder.path()) else { return };
    put(&mut opened(&seen.join("ledger.db")), Table::Entry, b"a", b"1");
}
