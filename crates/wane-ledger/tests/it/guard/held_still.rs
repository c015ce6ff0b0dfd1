//! What a hostile reading tried, one test each: what lasts, replay, roots, heads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Code, Heir, Level, Roots, Seal};
use wane_audit::{Event, Hash};
use wane_ledger::*;

use super::held::{Slow, fast};
use super::scene::{NOW, Scene, admit, asked, key};

/// Replay agrees with a record that names other agents, another root and other charges.
#[test]
fn replay_compares_agents_and_root() {
    let scene = Scene::new();
    let guard = scene.guard();
    let sealed = scene.sealed(&scene.grant().subject("planner"));
    assert!(admit(&guard, &sealed, "read:x", Level::Public).is_ok());
    let rec = scene
        .records()
        .into_iter()
        .find_map(|r| match r.event {
            Event::Decision(d) => Some((r.at, d)),
            _ => None,
        })
        .unwrap();
    let (at, mut d) = rec;
    d.agents = vec![Some("somebody-else".into())];
    d.root = wane_audit::Hint::from_bytes([0; 8]);
    let store = scene.store.clone();
    let env = |id: wane::BlockId| {
        let mut out = None;
        store
            .clone()
            .view(&mut |rows| {
                out = rows.get(&[(Table::Envelope, id.as_bytes().to_vec())])?.remove(0);
                Ok(())
            })
            .unwrap();
        out
    };
    let r = wane_audit::replay(&d, at, env, &scene.roots()).unwrap();
    assert!(!r.agrees(), "{r:?}");
    let _ = Hash::EMPTY;
}

/// Faults leave denials without a record and without a count.
#[test]
fn junk_is_counted_under_the_time_it_came_at() {
    let scene = Scene::new();
    let pace = Pace { unverified: Duration::from_millis(20), ..fast() };
    let guard = scene.guard_with(GuardOptions { pace, ..scene.options() });
    let other = wane::mint(&scene.grant(), &key(77), Heir::carried(&mut UnwrapErr(SysRng)))
        .unwrap()
        .seal(&Seal::new())
        .unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let _ = guard.admit(&other, &asked("read:x", Level::Public), &[], NOW + 86_400);
    std::thread::sleep(Duration::from_millis(60));
    let u = scene
        .records()
        .into_iter()
        .find_map(|r| match r.event {
            Event::Unverified(u) => Some((r.at, u)),
            _ => None,
        })
        .unwrap();
    assert!(u.1.to >= NOW + 86_400, "at {} from {} to {} (NOW {NOW})", u.0, u.1.from, u.1.to);
}

/// Whoever has replaced roots and was answered need not fear a decision by those before.
#[test]
fn nothing_is_decided_by_roots_that_were_replaced() {
    let scene = Scene::new();
    let guard = Arc::new(Guard::open(vec![Box::new(Slow(scene.store.clone()))], scene.options(), NOW).unwrap());
    let sealed = scene.sealed(&scene.grant());
    let asking = Arc::clone(&guard);
    let before = sealed.clone();
    let waiting = std::thread::spawn(move || (admit(&asking, &before, "write:x", Level::Public), Instant::now()));
    std::thread::sleep(Duration::from_millis(100));
    guard.replace_roots(Roots::single(key(2).public_key()));
    let replaced = Instant::now();
    let (answer, answered) = waiting.join().unwrap();
    // Decided by the old ones only if that was over when the new ones came into force.
    assert!(answer.is_err() || answered <= replaced + Duration::from_millis(20), "{answer:?}");
    assert_eq!(admit(&guard, &sealed, "write:x", Level::Public).unwrap_err().code(), Code::ChainUnknownRoot);
}

/// A callback that panics ends the one that keeps the log; with a second committer nobody hears of it.
#[test]
fn a_callback_that_panics_does_not_end_the_log() {
    let scene = Scene::new();
    let options = GuardOptions { pace: fast(), published: Box::new(|_| panic!("disk full")), ..scene.options() };
    let guard = Guard::open(vec![Box::new(scene.store.clone()), Box::new(scene.store.clone())], options, NOW).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let sealed = scene.sealed(&scene.grant());
    let ok = (0..50).filter(|_| admit(&guard, &sealed, "read:x", Level::Public).is_ok()).count();
    let queued = || {
        let mut queued = 0;
        let count = &mut |rows: &mut dyn Rows| {
            queued = rows.scan(Table::Queue, &[], None, 1000)?.len();
            Ok(())
        };
        scene.store.clone().view(count).unwrap();
        queued
    };
    let from = Instant::now();
    while queued() > 0 && from.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let queued = queued();
    assert!(ok == 0 || queued == 0, "{ok} admitted, {queued} records that nobody will place or sign");
}

/// Two guards of one process (or of two containers, both process 1) and one head file.
#[test]
fn two_guards_write_one_head_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    let scene = Scene::new();
    let pace = Pace { sequence: Duration::from_millis(1), ..Pace::default() };
    let open = || {
        Guard::open(
            vec![Box::new(scene.store.clone())],
            GuardOptions { head: Some(path.clone()), pace, ..scene.options() },
            NOW,
        )
        .unwrap()
    };
    let (a, b) = (open(), open());
    let (x, y) = (scene.sealed(&scene.grant()), scene.sealed(&scene.grant().subject("y")));
    let stop = AtomicBool::new(false);
    let (mut bad, mut back, mut last) = (0, 0, 0);
    std::thread::scope(|s| {
        for (g, t) in [(&a, &x), (&b, &y)] {
            let stop = &stop;
            s.spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let _ = admit(g, t, "read:x", Level::Public);
                }
            });
        }
        let until = std::time::Instant::now() + Duration::from_secs(8);
        while std::time::Instant::now() < until {
            if let Ok(text) = std::fs::read_to_string(&path) {
                match text
                    .split("\"size\":")
                    .nth(1)
                    .and_then(|t| t.split(',').next())
                    .and_then(|t| t.parse::<u64>().ok())
                {
                    Some(n) => {
                        if n < last {
                            back += 1
                        }
                        last = n;
                    }
                    None => bad += 1,
                }
            }
        }
        stop.store(true, Ordering::SeqCst);
    });
    println!("close: {:?} {:?}", a.close(NOW).map_err(|e| e.to_string()), b.close(NOW).map_err(|e| e.to_string()));
    assert!(bad == 0 && back == 0, "{bad} times unreadable, {back} times a head fell (last {last})");
}

/// A wrong denial with a code of the guard's own is never different.
#[test]
fn replay_takes_no_denial_on_trust() {
    let scene = Scene::new();
    let guard = scene.guard();
    let sealed = scene.sealed(&scene.grant());
    let _ = guard.admit(&sealed, &asked("read:x", Level::Public), &[], NOW + 9_000);
    guard.close(NOW).unwrap();
    let (at, mut d) = scene
        .records()
        .into_iter()
        .find_map(|r| match r.event {
            Event::Decision(d) => Some((r.at, d)),
            _ => None,
        })
        .unwrap();
    d.code = Some(Code::ParseLimit);
    let store = scene.store.clone();
    let env = |id: wane::BlockId| {
        let mut out = None;
        store
            .clone()
            .view(&mut |rows| {
                out = rows.get(&[(Table::Envelope, id.as_bytes().to_vec())])?.remove(0);
                Ok(())
            })
            .unwrap();
        out
    };
    let r = wane_audit::replay(&d, at, env, &scene.roots()).unwrap();
    assert!(!r.agrees(), "an expired token's denial relabelled: {r:?}");
}

/// Busy: answers that others hold it, after its limit.
struct Busy(MemoryStore, Arc<AtomicBool>);
impl Store for Busy {
    fn is_durable(&self) -> bool {
        false
    }
    fn transact(&mut self, l: &[Lock], b: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        if self.1.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(100));
            return Err(Fault::Locked("busy".into()));
        }
        self.0.transact(l, b)
    }
    fn view(&mut self, b: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        self.0.view(b)
    }
    fn room(&mut self) -> Result<Room, Fault> {
        Ok(Room::Ample)
    }
}

/// A store that is busy for its limit is waited for once more for every request of the group.
#[test]
fn a_store_that_is_busy_is_waited_for_once() {
    let scene = Scene::new();
    let busy = Arc::new(AtomicBool::new(false));
    let guard =
        Guard::open(vec![Box::new(Busy(scene.store.clone(), Arc::clone(&busy)))], scene.options(), NOW).unwrap();
    let sealed = scene.sealed(&scene.grant());
    busy.store(true, Ordering::SeqCst);
    let longest = std::thread::scope(|s| {
        let all: Vec<_> = (0..40)
            .map(|_| {
                let (g, t) = (&guard, &sealed);
                s.spawn(move || {
                    let at = std::time::Instant::now();
                    let _ = admit(g, t, "read:x", Level::Public);
                    at.elapsed()
                })
            })
            .collect();
        all.into_iter().map(|t| t.join().unwrap()).max().unwrap()
    });
    busy.store(false, Ordering::SeqCst);
    assert!(longest < Duration::from_millis(600), "the store's limit is 100 ms, 40 callers waited up to {longest:?}");
}
