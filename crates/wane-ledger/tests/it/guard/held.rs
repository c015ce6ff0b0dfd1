//! Hostile review: claims, as tests that fail where the claim holds ("wrong" is asserted as seen).
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Code, Heir, Level, Narrowing, RootGrant, Seal};
use wane_audit::Verifier;
use wane_ledger::*;

use super::scene::{MADE, NOW, Scene, admit, asked, code, key, secret};

pub(super) fn copy(from: &MemoryStore) -> MemoryStore {
    let to = MemoryStore::new();
    let mut all = Vec::new();
    let mut queue = Vec::new();
    from.clone()
        .view(&mut |rows| {
            for table in Table::ALL {
                for (key, value) in rows.scan(table, &[], None, 1_000_000)? {
                    if table == Table::Queue { queue.push(value) } else { all.push(((table, key), Some(value))) }
                }
            }
            Ok(())
        })
        .unwrap();
    to.clone()
        .transact(&[], &mut |rows| {
            rows.put(&all)?;
            if queue.is_empty() { Ok(()) } else { rows.append(&queue) }
        })
        .unwrap();
    to
}

#[derive(Clone)]
struct Swap(Arc<Mutex<MemoryStore>>);
impl Store for Swap {
    fn is_durable(&self) -> bool {
        false
    }
    fn transact(&mut self, l: &[Lock], b: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut s = self.0.lock().unwrap().clone();
        s.transact(l, b)
    }
    fn view(&mut self, b: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut s = self.0.lock().unwrap().clone();
        s.view(b)
    }
    fn room(&mut self) -> Result<Room, Fault> {
        Ok(Room::Ample)
    }
}

pub(super) fn fast() -> Pace {
    Pace {
        sequence: Duration::from_millis(5),
        checkpoint: Duration::from_millis(5),
        checkpoint_records: 1,
        ..Pace::default()
    }
}

/// A fork that has outgrown the known head is taken by a running guard: a raise is lost, the head file is overwritten,
/// and two checkpoints that cannot be of one log are signed.
#[test]
fn a_fork_that_has_outgrown_the_head_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("head");
    let scene = Scene::new();
    let swap = Swap(Arc::new(Mutex::new(scene.store.clone())));
    let options = GuardOptions { head: Some(path.clone()), pace: fast(), ..scene.options() };
    let guard = Guard::open(vec![Box::new(swap.clone())], options, NOW).unwrap();
    let sealed = scene.sealed(&scene.grant());
    assert!(admit(&guard, &sealed, "write:notes", Level::Public).is_ok());
    std::thread::sleep(Duration::from_millis(60));
    let backup = copy(&scene.store);
    // what the backup does not know: the session read something restricted.
    assert!(admit(&guard, &sealed, "read:salaries", Level::Restricted).is_ok());
    assert_eq!(code(admit(&guard, &sealed, "write:notes", Level::Public)), Code::DenyRatchet);
    std::thread::sleep(Duration::from_millis(1200));
    let head1 = std::fs::read_to_string(&path).unwrap();
    // the backup is restored; while it is shorter the guard refuses.
    *swap.0.lock().unwrap() = backup.clone();
    println!(
        "after restore: {:?}",
        admit(&guard, &sealed, "write:notes", Level::Public).map(|_| ()).map_err(|e| e.code())
    );
    // another guard, on a host without that head, works on
    let other =
        Guard::open(vec![Box::new(backup.clone())], GuardOptions { pace: fast(), ..scene.options() }, NOW).unwrap();
    let busy = scene.sealed(&scene.grant().subject("other"));
    for _ in 0..20 {
        assert!(admit(&other, &busy, "read:x", Level::Public).is_ok());
    }
    std::thread::sleep(Duration::from_millis(100));
    let after = admit(&guard, &sealed, "write:notes", Level::Public);
    println!("after regrowth: {:?}", after.as_ref().map(|_| ()).map_err(|e| e.code()));
    std::thread::sleep(Duration::from_millis(100));
    let head2 = std::fs::read_to_string(&path).unwrap();
    println!("head before {head1}\nhead after  {head2}");
    drop(guard);
    drop(other);
    // a fresh guard with the same file is content
    println!(
        "reopen: {:?}",
        Guard::open(vec![Box::new(backup.clone())], GuardOptions { head: Some(path), ..scene.options() }, NOW)
            .map(|_| ())
            .map_err(|e| e.code())
    );
    let heads = scene.published.lock().unwrap().clone();
    // verify the log in `backup` against all published checkpoints
    let origin = scene.ledger.origin().clone();
    let all: Vec<_> = heads.iter().map(|h| h.checkpoint.clone()).collect();
    let v = Verifier::new(&key(9).public_key(), &origin, [], all);
    let mut leaves = Vec::new();
    backup
        .clone()
        .view(&mut |rows| {
            leaves = rows.scan(Table::Leaf, &[], None, 100000)?;
            Ok(())
        })
        .unwrap();
    let r = v.and_then(|mut v| {
        for (n, (_, l)) in leaves.iter().enumerate() {
            v.push(u64::try_from(n).unwrap(), Some(l), None)?;
        }
        v.finish().map(|_| ())
    });
    println!("verify with every published checkpoint: {:?}", r.map_err(|e| e.to_string()));
    assert!(after.is_err(), "write admitted after the raise, by the guard that made the raise");
}

/// Two stores of two ledgers are taken by one guard.
#[test]
fn stores_of_two_ledgers_make_no_guard() {
    let scene = Scene::new();
    let second = MemoryStore::new();
    Ledger::create(Box::new(second.clone()), secret().hint(), None, MADE, Box::new(UnwrapErr(SysRng))).unwrap();
    let guard = Guard::open(vec![Box::new(scene.store.clone()), Box::new(second)], scene.options(), NOW);
    assert_eq!(guard.err().map(|refusal| refusal.code()), Some(Code::StateOtherLedger));
}

/// A store with a reserve: tight, and full once more than so many bytes are queued.
#[derive(Clone)]
pub(super) struct Small {
    inner: MemoryStore,
    pub(super) left: Arc<AtomicUsize>,
    tight: Arc<AtomicBool>,
    gets: Arc<AtomicUsize>,
}
struct Counting<'a> {
    rows: &'a mut dyn Rows,
    used: usize,
    gets: &'a AtomicUsize,
}
impl Rows for Counting<'_> {
    fn get(&mut self, k: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        self.rows.get(k)
    }
    fn put(&mut self, c: &[Change]) -> Result<(), Fault> {
        self.used += c.iter().map(|(_, v)| v.as_ref().map_or(0, Vec::len)).sum::<usize>();
        self.rows.put(c)
    }
    fn append(&mut self, v: &[Vec<u8>]) -> Result<(), Fault> {
        self.used += v.iter().map(Vec::len).sum::<usize>();
        self.rows.append(v)
    }
    fn scan(&mut self, t: Table, f: &[u8], to: Option<&[u8]>, l: usize) -> Result<Vec<Row>, Fault> {
        self.rows.scan(t, f, to, l)
    }
}
impl Store for Small {
    fn is_durable(&self) -> bool {
        false
    }
    fn transact(&mut self, l: &[Lock], b: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        let left = self.left.load(Ordering::SeqCst);
        let mut used = 0;
        let gets = Arc::clone(&self.gets);
        let out = self.inner.transact(l, &mut |rows| {
            let mut c = Counting { rows, used: 0, gets: &gets };
            b(&mut c)?;
            used = c.used;
            if used > left { Err(Fault::Full("no room".into())) } else { Ok(()) }
        });
        if out.is_ok() {
            self.left.fetch_sub(used, Ordering::SeqCst);
        }
        out
    }
    fn view(&mut self, b: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        self.inner.view(b)
    }
    fn room(&mut self) -> Result<Room, Fault> {
        Ok(if self.tight.load(Ordering::SeqCst) { Room::Tight } else { Room::Ample })
    }
}
pub(super) fn small(scene: &Scene) -> Small {
    Small {
        inner: scene.store.clone(),
        left: Arc::new(AtomicUsize::new(usize::MAX / 2)),
        tight: Arc::default(),
        gets: Arc::default(),
    }
}

/// Denials are staged into an admission's own transaction whatever the room.
#[test]
fn denials_leave_room_for_admissions() {
    let scene = Scene::new();
    let store = small(&scene);
    let guard = Guard::open(vec![Box::new(store.clone())], scene.options(), NOW).unwrap();
    let good = scene.sealed(&scene.grant());
    assert!(admit(&guard, &good, "read:x", Level::Public).is_ok());
    // an expired token: genuine, worth nothing
    let dead = scene.sealed(&scene.grant().subject("dead"));
    std::thread::sleep(Duration::from_millis(1100));
    store.tight.store(true, Ordering::SeqCst);
    store.left.store(64 * 1024, Ordering::SeqCst); // the reserve: room for some thirty admissions
    let many: Vec<String> = (0..64).map(|n| format!("\"{}{n}\":1", "k".repeat(120))).collect();
    let big = asked("read:x", Level::Public)
        .arguments(wane::Arguments::from_json(format!("{{{}}}", many.join(",")).as_bytes()).unwrap());
    let start = std::time::Instant::now();
    for _ in 0..12 {
        let _ = guard.admit(&dead, &big, &[], NOW + 9_000);
    }
    println!("denials took {:?}", start.elapsed());
    let r = admit(&guard, &good, "read:x", Level::Public);
    assert!(r.is_ok(), "{:?}", r.map(|_| ()).map_err(|e| e.to_string()));
}

/// Asks are written though room is tight, at once and not in batches, and repeated asks each leave a record.
#[test]
fn asks_leave_room_for_admissions() {
    let scene = Scene::new();
    let store = small(&scene);
    let guard = Guard::open(vec![Box::new(store.clone())], scene.options(), NOW).unwrap();
    let good = scene.sealed(&scene.grant());
    let token = scene.mint(&scene.grant().subject("asker"));
    let asker = token
        .attenuate(&Narrowing::new().ask("read:* by @oncall".parse().unwrap()), Heir::carried(&mut UnwrapErr(SysRng)))
        .unwrap()
        .seal(&Seal::new())
        .unwrap();
    store.tight.store(true, Ordering::SeqCst);
    store.left.store(256 * 1024, Ordering::SeqCst);
    for _ in 0..1000 {
        let _ = admit(&guard, &asker, "read:x", Level::Public);
    }
    let r = admit(&guard, &good, "read:x", Level::Public);
    assert!(r.is_ok(), "{:?}", r.map(|_| ()).map_err(|e| e.to_string()));
}

/// `closed` without the denials that were dropped.
#[test]
fn the_end_counts_denials_that_had_no_room() {
    let scene = Scene::new();
    let store = small(&scene);
    let guard = Guard::open(vec![Box::new(store.clone())], scene.options(), NOW).unwrap();
    let dead = scene.sealed(&scene.grant());
    store.tight.store(true, Ordering::SeqCst);
    let _ = guard.admit(&dead, &asked("read:x", Level::Public), &[], NOW + 9_000);
    guard.close(NOW + 9_000).unwrap();
    let kinds = scene.kinds();
    assert!(
        !kinds.contains(&"closed") || kinds.contains(&"denials-dropped") || kinds.contains(&"decision"),
        "{kinds:?}"
    );
}

/// Slow to commit.
pub(super) struct Slow(pub(super) MemoryStore);
impl Store for Slow {
    fn is_durable(&self) -> bool {
        false
    }
    fn transact(&mut self, l: &[Lock], b: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        std::thread::sleep(Duration::from_millis(300));
        self.0.transact(l, b)
    }
    fn view(&mut self, b: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        self.0.view(b)
    }
    fn room(&mut self) -> Result<Room, Fault> {
        Ok(Room::Ample)
    }
}

/// `closed` before another committer's denials.
#[test]
fn the_end_comes_after_the_denials_of_every_committer() {
    let scene = Scene::new();
    let pace = Pace { denials: Duration::from_secs(1), ..Pace::default() };
    let guard = Guard::open(
        vec![Box::new(scene.store.clone()), Box::new(Slow(scene.store.clone()))],
        GuardOptions { pace, ..scene.options() },
        NOW,
    )
    .unwrap();
    let dead = scene.sealed(&scene.grant());
    for _ in 0..30 {
        let _ = guard.admit(&dead, &asked("read:x", Level::Public), &[], NOW + 9_000);
        std::thread::sleep(Duration::from_millis(5));
    }
    guard.close(NOW + 9_000).unwrap();
    let kinds = scene.kinds();
    let closed = kinds.iter().position(|k| *k == "closed").unwrap();
    assert!(!kinds[closed..].contains(&"decision"), "{kinds:?}");
}

/// Without the head outside a copy of yesterday would go unnoticed.
#[test]
fn nothing_is_admitted_while_the_head_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("x");
    let scene = Scene::new();
    let options = GuardOptions { head: Some(below.join("head")), pace: fast(), ..scene.options() };
    let guard = Guard::open(vec![Box::new(scene.store.clone())], options, NOW).unwrap();
    let sealed = scene.sealed(&scene.grant());
    let admits = || admit(&guard, &sealed, "read:x", Level::Public);
    let comes_to = |wanted: bool| {
        (0..500).any(|_| {
            std::thread::sleep(Duration::from_millis(4));
            admits().is_ok() == wanted
        })
    };
    assert!(admits().is_ok());
    // The guard may be writing there just now.
    while std::fs::write(&below, b"").is_err() {
        let _ = std::fs::remove_dir_all(&below);
    }
    assert!(comes_to(false), "it goes on admitting");
    assert_eq!(admits().unwrap_err().code(), Code::StateUnreachable);
    std::fs::remove_file(&below).unwrap();
    assert!(comes_to(true), "it does not try again");
}

/// Runs a body that failed once more (S4), then fails itself.
struct Again {
    inner: MemoryStore,
    armed: Arc<AtomicBool>,
    between: Box<dyn FnMut() + Send>,
}
impl Store for Again {
    fn is_durable(&self) -> bool {
        false
    }
    fn transact(&mut self, l: &[Lock], b: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        let first = self.inner.transact(l, b);
        if !self.armed.load(Ordering::SeqCst) || first.is_ok() {
            return first;
        }
        (self.between)();
        self.inner.transact(l, &mut |rows| {
            b(rows)?;
            Err(Fault::Misuse("the store's own".into()))
        })
    }
    fn view(&mut self, b: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        self.inner.view(b)
    }
    fn room(&mut self) -> Result<Room, Fault> {
        Ok(Room::Ample)
    }
}

/// A permit that nothing was committed for.
#[test]
fn a_body_that_runs_twice_permits_only_what_it_commits() {
    let scene = Scene::new();
    let grant = RootGrant::new("files".parse().unwrap(), MADE, MADE + 3_600).scope("*".parse().unwrap());
    let token = scene.mint(&grant);
    let sealed = token.seal(&Seal::new()).unwrap();
    let armed = Arc::new(AtomicBool::new(false));
    let (store, root) = (scene.store.clone(), scene.root.public_key());
    let between = Box::new(move || {
        let mut l = Ledger::open(Box::new(store.clone()), Box::new(UnwrapErr(SysRng))).unwrap();
        l.register(token.chain(), Some(&root), MADE).unwrap();
    });
    let again = Again { inner: scene.store.clone(), armed: Arc::clone(&armed), between };
    let guard = Guard::open(vec![Box::new(again)], scene.options(), NOW).unwrap();
    armed.store(true, Ordering::SeqCst);
    let r = admit(&guard, &sealed, "read:hr", Level::Restricted);
    armed.store(false, Ordering::SeqCst);
    if r.is_ok() {
        println!("then write: {:?}", admit(&guard, &sealed, "write:x", Level::Public).is_ok());
    }
    assert!(r.is_err(), "a permit for a transaction that failed; nothing recorded or raised: {:?}", scene.kinds());
}
