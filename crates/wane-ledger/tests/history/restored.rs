//! Old copies, wrong clocks, sessions that are continued, and disks that are full or cannot be written: with real files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Approval, Code, Level, RootGrant, Seal, SealedToken, Token};
use wane_ledger::{Ledger, Restored};

use crate::place::{NOW, Place};
use crate::plan::{self, approver};
use crate::scene::{Scene, admit, ask, asked, minted, refused, session, shown};
use crate::server::skipped;

fn file(scene: &Scene) -> &Path {
    match &scene.place {
        Place::Sqlite(path) => path,
        Place::Postgres(_) => panic!("a file"),
    }
}

/// The ledger's file and the two beside it.
fn files(path: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|end| PathBuf::from(format!("{}{end}", path.display())))
}

/// Copies the ledger's files, as a backup of a folder does; what was there is gone.
fn copy(from: &Path, to: &Path) {
    for (from, to) in files(from).iter().zip(&files(to)) {
        let _ = fs::remove_file(to);
        if from.exists() {
            fs::copy(from, to).unwrap();
        }
    }
}

#[test]
fn yesterdays_copy_is_put_back() {
    let mut scene = Scene::new();
    let sealed = shown(&scene.mint());
    let guard = scene.guard();
    assert!(admit(&guard, &sealed, "write:a", Level::Public).is_ok());
    guard.close(NOW).unwrap();
    let yesterday = scene.folder.path().join("yesterday.db");
    copy(file(&scene), &yesterday);

    let guard = scene.guard();
    let head = fs::read(scene.folder.path().join("head")).unwrap();
    assert!(admit(&guard, &sealed, "read:hr", Level::Restricted).is_ok());
    refused(admit(&guard, &sealed, "write:a", Level::Public), Code::DenyRatchet);
    // What is known outside goes no further than the log does, a moment after what it tells of.
    let from = Instant::now();
    while fs::read(scene.folder.path().join("head")).unwrap() == head {
        assert!(from.elapsed() < Duration::from_secs(20), "the head outside stands still");
        sleep(Duration::from_millis(20));
    }
    // Under the guard that runs, nothing is admitted that the old copy would allow.
    copy(&yesterday, file(&scene));
    let answer = admit(&guard, &sealed, "write:a", Level::Public);
    let code = answer.expect_err("the old copy knows nothing of the read").code();
    assert!([Code::StateRolledBack, Code::StateCorrupt, Code::StateUnreachable].contains(&code), "{code}");
    drop(guard);
    copy(&yesterday, file(&scene));
    refused_to_open(&scene, NOW);
    // And so it stays, until an operator has accepted it.
    refused_to_open(&scene, NOW + 100);
    let mut ledger = scene.place.ledger();
    let head = ledger.log_head().unwrap();
    ledger
        .accept_restore(Restored { known_epoch: 1, known_size: head.size + 3, size: head.size, root: head.root }, NOW)
        .unwrap();
    let guard = scene.guard();
    refused(admit(&guard, &sealed, "write:a", Level::Public), Code::StateSessionTooOld);
    scene.ledger = ledger;
    assert_eq!(scene.ledger.status().unwrap().epoch, 2);
}

fn refused_to_open(scene: &Scene, now: u64) {
    match scene.try_guard(now) {
        Ok(_) => panic!("the old copy was opened"),
        Err(refusal) => assert_eq!(refusal.code(), Code::StateRolledBack, "{refusal}"),
    }
}

#[test]
fn an_old_copy_that_has_grown_again_is_another_log() {
    let scene = Scene::new();
    let sealed = shown(&scene.mint());
    scene.guard().close(NOW).unwrap();
    let yesterday = scene.folder.path().join("yesterday.db");
    copy(file(&scene), &yesterday);
    let guard = scene.guard();
    assert!(admit(&guard, &sealed, "read:hr", Level::Restricted).is_ok());
    guard.close(NOW).unwrap();
    copy(&yesterday, file(&scene));
    // By an operator whose tools do not look at the file outside.
    let mut ledger = scene.place.ledger();
    for number in 0..20 {
        ledger.raise(wane::BlockId::from_bytes([number; 32]), &wane::Mark::at(Level::Internal), "", NOW).unwrap();
    }
    ledger.place(NOW).unwrap();
    refused_to_open(&scene, NOW);
}

fn accept(scene: &mut Scene, now: u64) {
    let head = scene.ledger.log_head().unwrap();
    scene
        .ledger
        .accept_restore(Restored { known_epoch: 1, known_size: head.size, size: head.size, root: head.root }, now)
        .unwrap();
}

fn at(scene: &Scene, issued: u64) -> RootGrant {
    RootGrant::new("files".parse().unwrap(), issued, issued + 3_600)
        .scope("*".parse().unwrap())
        .ledger(scene.ledger.id())
}

#[test]
fn after_accept_restore_nothing_older_lives_nor_what_continues_it() {
    let mut scene = Scene::new();
    let root = plan::root().public_key();
    let (seen, registered, never_seen) = (scene.mint(), scene.mint(), scene.mint());
    scene.ledger.register(registered.chain(), Some(&root), NOW).unwrap();
    let guard = scene.guard();
    let read = |token: &Token, now| ask(&guard, &shown(token), &asked("read:a", Level::Public), &[], now);
    for token in [&seen, &registered] {
        assert!(read(token, NOW).is_ok());
    }
    accept(&mut scene, NOW + 10);
    // Its epoch begins at NOW + 40.
    let late = NOW + 60;
    for token in [&seen, &registered, &never_seen] {
        refused(read(token, late), Code::StateSessionTooOld);
    }
    for first in [&seen, &registered] {
        for issued in [NOW + 11, NOW + 50] {
            let line = minted(&at(&scene, issued).continues(session(first.chain())));
            refused(read(&line, late), Code::StateSessionTooOld);
            // Nor is it handed out to somebody who would find out later.
            let made = scene.ledger.register(line.chain(), Some(&root), issued);
            assert_eq!(made.unwrap_err().code(), Code::StateSessionTooOld);
            refused(read(&line, late), Code::StateSessionTooOld);
        }
    }
    let backdated = minted(&at(&scene, NOW + 40));
    refused(read(&backdated, late), Code::StateSessionTooOld);
    let line = minted(&at(&scene, NOW + 50).continues(session(never_seen.chain())));
    refused(read(&line, late), Code::StateUnknownSession);
    // To register the old ones again does not bring them back.
    for token in [&seen, &registered] {
        let again = scene.ledger.register(token.chain(), Some(&root), late);
        assert_eq!(again.unwrap_err().code(), Code::StateSessionTooOld);
        refused(read(token, late), Code::StateSessionTooOld);
    }
    assert!(read(&minted(&at(&scene, NOW + 41)), late).is_ok());
    let fresh = minted(&at(&scene, NOW + 15));
    scene.ledger.register(fresh.chain(), Some(&root), NOW + 15).unwrap();
    assert!(read(&fresh, late).is_ok(), "registered in this epoch by the call that made it");
}

#[test]
fn a_clock_is_set_back_ten_minutes() {
    let mut scene = Scene::new();
    let guard = scene.guard();
    let token = minted(&at(&scene, NOW - 10).ask("send:* by @oncall".parse().unwrap()));
    let write = asked("write:a", Level::Public);
    let seal = |from: u64| -> SealedToken {
        let seal = Seal::new();
        let call = write.call().clone();
        token.seal(&seal.for_request(call, wane::Arguments::empty(), from, from + 300, &mut UnwrapErr(SysRng))).unwrap()
    };
    let send = asked("send:mail", Level::Public);
    let digest = wane::verify(&shown(&token), &plan::roots()).unwrap().request_digest(&send);
    let sign = |from: u64| {
        let last = session(token.chain());
        Approval::sign(last, digest, send.actions().to_vec(), from, from + 900, &approver()).unwrap()
    };
    let later = NOW + 600;
    // Issued for both times, and used at the later one.
    let (used, approval) = (seal(NOW), sign(NOW));
    assert!(ask(&guard, &used, &write, &[], NOW + 250).is_ok());
    assert!(ask(&guard, &shown(&token), &send, &[&approval], later).is_ok());
    for now in [NOW + 250, NOW, NOW - 20] {
        refused(ask(&guard, &used, &write, &[], now), Code::StateUsed);
        refused(ask(&guard, &shown(&token), &send, &[&approval], now), Code::StateApprovalUsed);
    }
    assert!(ask(&guard, &used, &write, &[], NOW - 600).is_err() && ask(&guard, &used, &write, &[], later).is_err());
    // What the session has read, and what was revoked, does not depend on the clock either.
    assert!(ask(&guard, &shown(&token), &asked("read:hr", Level::Restricted), &[], later).is_ok());
    refused(ask(&guard, &shown(&token), &write, &[], NOW), Code::DenyRatchet);
    // Nor what was forgotten: it had ended by then.
    let short = minted(&RootGrant::new("files".parse().unwrap(), NOW, NOW + 60).scope("*".parse().unwrap()));
    let call = write.call().clone();
    let once = Seal::new().for_request(call, wane::Arguments::empty(), NOW, NOW + 60, &mut UnwrapErr(SysRng));
    let once = short.seal(&once).unwrap();
    assert!(ask(&guard, &once, &write, &[], NOW).is_ok());
    let collected = scene.ledger.collect(NOW + 600 + 3_600).unwrap();
    assert!(collected.rows > 0);
    refused(ask(&guard, &once, &write, &[], NOW), Code::StateCollected);
    refused(ask(&guard, &used, &write, &[], NOW), Code::StateCollected);
    refused(ask(&guard, &shown(&short), &asked("read:a", Level::Public), &[], NOW), Code::StateCollected);
}

#[test]
fn renewal_never_lowers_a_mark_also_after_collection() {
    let mut scene = Scene::new();
    let guard = scene.guard();
    let first = minted(&at(&scene, NOW));
    let line = session(first.chain());
    let read = asked("read:hr", Level::Restricted);
    assert!(ask(&guard, &shown(&first), &read, &[], NOW).is_ok());
    let write = |token: &Token, now| ask(&guard, &shown(token), &asked("write:a", Level::Public), &[], now);
    let mut now = NOW;
    // Each renewal comes when what it continues is about to end, and what has ended is collected.
    for _ in 0..4 {
        let next = minted(&at(&scene, now + 3_000).continues(line));
        now += 3_500;
        refused(write(&next, now), Code::DenyRatchet);
        assert!(ask(&guard, &shown(&next), &asked("read:a", Level::Public), &[], now).is_ok());
        scene.ledger.collect(now + 1).unwrap();
        refused(write(&next, now + 2), Code::DenyRatchet);
        // The wide copy of the first one is dead long since, or still marked.
        assert!(write(&first, now + 2).is_err() && write(&first, NOW).is_err());
        // A session of the line is not the first of another one.
        let second = minted(&at(&scene, now).continues(session(next.chain())));
        refused(write(&second, now), Code::StateContinues);
    }
    // Once all of the line has ended and is forgotten, nobody continues it.
    let end = now + 3 * 3_600 + 7_200;
    scene.ledger.collect(end).unwrap();
    let last = minted(&at(&scene, end - 10).continues(line));
    refused(write(&last, end), Code::StateUnknownSession);
}

/// Heads outside: one that saw nothing yet, and the same when the log has begun.
#[test]
fn a_guard_that_was_killed_before_its_log_began_is_no_roll_back() {
    let scene = Scene::new();
    let store = scene.place.open();
    let mut options = scene.options();
    options.head = Some(scene.folder.path().join("another-head"));
    options.pace.sequence = Duration::from_secs(3_600);
    let guard = wane_ledger::Guard::open(vec![store], options, NOW).unwrap();
    // As if it were killed: its file says that the log is empty.
    std::mem::forget(guard);
    scene.guard().close(NOW).unwrap();
    let options = wane_ledger::GuardOptions { head: Some(scene.folder.path().join("another-head")), ..scene.options() };
    assert!(wane_ledger::Guard::open(vec![scene.place.open()], options, NOW).is_ok());
}

/// A small file system in memory, gone when dropped.
struct Small(PathBuf);

impl Small {
    fn mount(at: PathBuf) -> Option<Self> {
        fs::create_dir(&at).unwrap();
        let mounted = run("mount", &["-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs"], &at);
        if !mounted {
            skipped("full and read-only file systems", "none can be mounted here");
        }
        mounted.then(|| Self(at))
    }

    fn remount(&self, option: &str) {
        assert!(run("mount", &["-o", &format!("remount,{option}")], &self.0));
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

fn on(small: &Small) -> (Place, Ledger) {
    let place = Place::Sqlite(small.0.join("ledger.db"));
    let ledger = place.create();
    (place, ledger)
}

#[test]
fn on_a_full_disk_it_denies_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(folder.path().join("small")) else { return };
    let (place, mut ledger) = on(&small);
    let counter = || "calls".parse().unwrap();
    let grant = RootGrant::new("files".parse().unwrap(), NOW - 10, NOW + 3_600).scope("*".parse().unwrap());
    let token = minted(&grant.ledger(ledger.id()).budget(counter(), 1_000_000));
    let options = wane_ledger::GuardOptions { head: Some(folder.path().join("head")), ..crate::worker::options() };
    let guard = wane_ledger::Guard::open(vec![place.open()], options, NOW).unwrap();
    let read = || ask(&guard, &shown(&token), &asked("read:a", Level::Public).cost(counter(), 1), &[], NOW);
    assert!(read().is_ok());
    let ballast = small.0.join("ballast");
    fill(&ballast);
    let mut admitted = 1;
    let refusal = loop {
        match read() {
            Ok(_) => admitted += 1,
            Err(refusal) => break refusal,
        }
        assert!(admitted < 20_000, "the disk is never full");
    };
    assert_eq!(refusal.code(), Code::StateFull, "{refusal}");
    refused(read(), Code::StateFull);
    fs::remove_file(&ballast).unwrap();
    assert!(read().is_ok(), "there is room again");
    admitted += 1;
    // What was refused is not there, and what was admitted is.
    assert_eq!(ledger.spent(session(token.chain())).unwrap().get(&counter()), Some(&admitted));
    guard.close(NOW).unwrap();
    crate::observe::verify(&place, &folder.path().join("head"));
}

/// Takes all the room there is.
fn fill(path: &Path) {
    use std::io::Write as _;
    let mut file = fs::File::create(path).unwrap();
    while file.write_all(&[0; 4_096]).is_ok() {}
    while file.write_all(&[0]).is_ok() {}
}

#[test]
fn on_a_disk_that_cannot_be_written_it_denies_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(folder.path().join("small")) else { return };
    let (place, ledger) = on(&small);
    let grant = RootGrant::new("files".parse().unwrap(), NOW - 10, NOW + 3_600).scope("*".parse().unwrap());
    let sealed = shown(&minted(&grant.ledger(ledger.id())));
    let head = folder.path().join("head");
    let open = || {
        let options = wane_ledger::GuardOptions { head: Some(head.clone()), ..crate::worker::options() };
        place
            .try_open()
            .and_then(|store| wane_ledger::Guard::open(vec![store], options, NOW).map_err(wane_ledger::Fault::from))
    };
    let guard = open().unwrap();
    assert!(admit(&guard, &sealed, "write:a", Level::Public).is_ok());
    guard.close(NOW).unwrap();
    drop(ledger);
    small.remount("ro");
    let refusal = open().map(|_| ()).unwrap_err().refusal();
    assert_eq!(refusal.code(), Code::StateReadOnly, "{refusal}");
    small.remount("rw");
    let guard = open().unwrap();
    assert!(admit(&guard, &sealed, "read:hr", Level::Restricted).is_ok());
    refused(admit(&guard, &sealed, "write:a", Level::Public), Code::DenyRatchet);
}
