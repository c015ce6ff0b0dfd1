//! A caller that decides itself, and the thread that does the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wane::{Code, Level};
use wane_ledger::{Guard, GuardOptions, Pace};

use super::front::Front;
use super::scene::{NOW, Scene, admit, at_once, code, comes_true};

const NEVER: Duration = Duration::MAX;

#[test]
fn a_pace_that_says_never_ends_nobody() {
    let scene = Scene::new();
    let soon = Duration::from_millis(20);
    let pace = Pace { unverified: NEVER, checkpoint: soon, sequence: soon, ..Pace::default() };
    let guard = scene.guard_with(GuardOptions { pace, ..scene.options() });
    let sealed = scene.sealed(&scene.grant());
    assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
    assert!(comes_true(|| !scene.published.lock().unwrap().is_empty()));
    // Nothing is left to be done: the thread would sleep for ever.
    thread::sleep(Duration::from_millis(200));
    assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
    guard.close(NOW).unwrap();
    assert!(scene.kinds().contains(&"closed"));
}

#[test]
fn whoever_asks_outlives_a_committer() {
    let scene = Scene::new();
    let front = Front::of(&scene.store);
    let guard = Guard::open(vec![Box::new(front.clone())], scene.options(), NOW).unwrap();
    let sealed = scene.sealed(&scene.grant());
    assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
    front.die();
    for _ in 0..3 {
        assert_eq!(code(admit(&guard, &sealed, "read:hr", Level::Public)), Code::StateUnreachable);
    }
    assert_eq!(guard.close(NOW).unwrap_err().code(), Code::StateUnreachable);
    assert!(!scene.kinds().contains(&"closed"));
    assert_eq!(scene.kinds().iter().filter(|kind| **kind == "decision").count(), 1);
}

/// A caller without any pause keeps the thread from nothing.
#[test]
fn the_thread_has_its_turn() {
    let scene = Scene::new();
    let guard = scene.guard_with(GuardOptions { pace: at_once(), ..scene.options() });
    let sealed = scene.sealed(&scene.grant().deny("read:secret".parse().unwrap()));
    let ended = Arc::new(AtomicBool::new(false));
    thread::scope(|threads| {
        threads.spawn(|| {
            while !ended.load(Ordering::SeqCst) {
                assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
            }
        });
        let since = Instant::now();
        let heads = || scene.published.lock().unwrap().len();
        for _ in 0..20 {
            let before = heads();
            assert!(comes_true(|| heads() > before));
        }
        ended.store(true, Ordering::SeqCst);
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    });
    guard.close(NOW).unwrap();
}
