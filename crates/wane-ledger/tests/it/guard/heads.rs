//! The newest head in a small file outside the ledger.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wane::{Code, Level};
use wane_ledger::{Guard, GuardOptions, Pace};

use super::scene::{NOW, Scene, admit, at_once};

fn size_in(path: &Path) -> Option<u64> {
    let head: serde_json::Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    head.get("size")?.as_u64()
}

/// A name in the current folder; the file, and the lock beside it, are taken away again.
struct Name(String);

impl Drop for Name {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
        fs::remove_file(format!("{}.lock", self.0)).unwrap();
    }
}

#[test]
fn a_name_alone_is_a_file_in_the_current_folder() {
    let scene = Scene::new();
    let name = Name(format!("head-of-a-test-{}", std::process::id()));
    let options = || GuardOptions { head: Some((&name.0).into()), ..scene.options() };
    scene.guard_with(options()).close(NOW).unwrap();
    assert_eq!(size_in(Path::new(&name.0)), Some(2), "opened, closed");
    scene.guard_with(options()).close(NOW).unwrap();
}

#[test]
fn nothing_is_admitted_while_the_head_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("below");
    let scene = Scene::new();
    let options = GuardOptions { head: Some(below.join("head")), pace: at_once(), ..scene.options() };
    let guard = scene.guard_with(options);
    let sealed = scene.sealed(&scene.grant());
    let admits = || admit(&guard, &sealed, "read:hr", Level::Public);
    let comes_to = |wanted: bool| {
        (0..500).any(|_| {
            thread::sleep(Duration::from_millis(4));
            admits().is_ok() == wanted
        })
    };
    assert!(admits().is_ok() && guard.look().is_ok());
    // The guard may be writing there just now.
    while fs::write(&below, b"").is_err() {
        if below.is_dir() {
            drop(fs::remove_dir_all(&below));
        }
    }
    assert!(comes_to(false), "it goes on admitting");
    assert_eq!(admits().unwrap_err().code(), Code::StateUnreachable);
    assert_eq!(guard.look().unwrap_err().code(), Code::StateUnreachable);
    fs::remove_file(&below).unwrap();
    assert!(comes_to(true), "it does not try again");
}

#[test]
fn guards_that_share_the_file_never_leave_an_older_head_or_half_of_one_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head");
    let scene = Scene::new();
    let pace = Pace { sequence: Duration::from_millis(1), ..Pace::default() };
    let open = || {
        let options = GuardOptions { head: Some(path.clone()), pace, ..scene.options() };
        Guard::open(vec![Box::new(scene.store.clone())], options, NOW).unwrap()
    };
    let guards = [open(), open()];
    let tokens = [scene.sealed(&scene.grant()), scene.sealed(&scene.grant().subject("other"))];
    let ended = AtomicBool::new(false);
    thread::scope(|threads| {
        for (guard, sealed) in guards.iter().zip(&tokens) {
            let ended = &ended;
            threads.spawn(move || {
                while !ended.load(Ordering::SeqCst) {
                    // One that has waited long for the other denies, and tries again.
                    drop(admit(guard, sealed, "read:hr", Level::Public));
                }
            });
        }
        let (until, mut last) = (Instant::now() + Duration::from_secs(8), 0);
        let mut wrong = None;
        while Instant::now() < until && wrong.is_none() {
            match size_in(&path) {
                Some(size) if size >= last => last = size,
                other => wrong = Some(other),
            }
        }
        ended.store(true, Ordering::SeqCst);
        assert_eq!(wrong, None, "behind a head of {last} records");
        assert!(last > 2, "the log has grown");
    });
    for guard in guards {
        guard.close(NOW).unwrap();
    }
}
