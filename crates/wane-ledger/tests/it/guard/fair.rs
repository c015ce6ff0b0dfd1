//! Nobody keeps the others from the store: not with long requests, not by holding a lock, not by hanging.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use rustix::fs::{FlockOperation, flock};
use wane::{Approval, Arguments, Code, Heir, Level, Narrowing, Request, Seal, SealedToken, UntrustedApproval};
use wane_ledger::{Guard, GuardOptions, Pace};

use super::front::Front;
use super::scene::{NOW, Scene, admit, asked, code, key, with};

/// A request with a megabyte of arguments, a chain that a child has told to ask 64 keys of its own, and the word of each.
fn long(scene: &Scene) -> (SealedToken, Request, Vec<UntrustedApproval>) {
    let keys: Vec<_> = (0..64).map(|number| key(100 + number)).collect();
    let named: Vec<String> = keys.iter().map(|key| key.public_key().to_string()).collect();
    let ask = format!("send:mail by {} need 64", named.join(", "));
    let other = format!("send:mail by {}", key(200).public_key());
    let narrowing = Narrowing::new().ask(ask.parse().unwrap()).ask(other.parse().unwrap());
    let parent = scene.mint(&scene.grant());
    let child = parent.attenuate(&narrowing, Heir::carried(&mut UnwrapErr(SysRng))).unwrap();
    let last = child.chain().blocks().last().unwrap().id();
    let sealed = child.seal(&Seal::new()).unwrap();
    let text = format!(r#"{{"body": "{}"}}"#, "x".repeat(1_000_000));
    let request = asked("send:mail", Level::Public).arguments(Arguments::from_json(text.as_bytes()).unwrap());
    let digest = wane::verify(&sealed, &scene.roots()).unwrap().request_digest(&request);
    let sign = |key| Approval::sign(last, digest, request.actions().to_vec(), NOW, NOW + 60, key).unwrap();
    let approvals = keys.iter().map(|key| sign(key).statement().clone()).collect();
    (sealed, request, approvals)
}

#[test]
fn approvals_do_not_multiply_the_work_of_a_long_request() {
    let scene = Scene::new();
    let (sealed, request, approvals) = long(&scene);
    let guard = scene.guard();
    let last = wane::verify(&sealed, &scene.roots()).unwrap().last_delegate().unwrap();
    let mut least = [Duration::MAX; 3];
    for _ in 0..5 {
        let mut time = |at: usize, run: &dyn Fn()| {
            let from = Instant::now();
            run();
            least[at] = least[at].min(from.elapsed());
        };
        time(0, &|| drop(guard.check(&sealed, &request, &[], NOW)));
        time(1, &|| drop(guard.check(&sealed, &request, &approvals, NOW)));
        time(2, &|| approvals.iter().for_each(|approval| drop(approval.verify(last).unwrap())));
    }
    let [without, with, signatures] = least;
    assert!(with.saturating_sub(signatures) < without * 4, "{without:?} {with:?}, of that signatures {signatures:?}");
}

#[test]
fn long_requests_do_not_keep_a_transaction_open() {
    let scene = Scene::new();
    let (sealed, request, approvals) = long(&scene);
    let store = Front::of(&scene.store);
    let guard = Guard::open(vec![Box::new(store.clone())], scene.options(), NOW).unwrap();
    thread::scope(|scope| {
        for _ in 0..128 {
            // The 64 have their say; for the other ask's it would wait, and is too long for that.
            scope.spawn(|| {
                assert_eq!(code(with(&guard, &sealed, &request, &approvals)), Code::ParseLimit);
            });
        }
    });
    let longest = store.longest();
    assert!(longest < Duration::from_secs(2), "a transaction took {longest:?}");
}

#[test]
fn whoever_holds_the_head_or_its_folder_stops_no_guard() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::new();
    let sealed = scene.sealed(&scene.grant());
    let pace = Pace { sequence: Duration::from_millis(20), ..Pace::default() };
    let options = GuardOptions { head: Some(folder.path().join("head")), pace, ..scene.options() };
    let guard = scene.guard_with(options);
    assert!(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
    // Anybody who may read the folder, and another process of this user that was stopped while it wrote.
    let held = ["", "head.lock"].map(|name| {
        let file = std::fs::File::open(folder.path().join(name)).unwrap();
        flock(&file, FlockOperation::LockExclusive).unwrap();
        file
    });
    thread::sleep(Duration::from_millis(100));
    for _ in 0..2 {
        let from = Instant::now();
        // What is known outside stands still: that is said, and nothing is admitted on top of it.
        if let Err(refusal) = admit(&guard, &sealed, "read:other", Level::Internal) {
            assert_eq!(refusal.code(), Code::StateUnreachable);
        }
        assert!(from.elapsed() < Duration::from_secs(10), "{:?}", from.elapsed());
        thread::sleep(Duration::from_millis(100));
    }
    drop(held);
    let from = Instant::now();
    while admit(&guard, &sealed, "read:other", Level::Internal).is_err() {
        assert!(from.elapsed() < Duration::from_secs(20), "it is not admitted again");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_store_that_hangs_stops_no_other_when_roots_are_replaced() {
    let scene = Scene::new();
    let second = Front::of(&scene.store);
    let guard =
        Guard::open(vec![Box::new(scene.store.clone()), Box::new(second.clone())], scene.options(), NOW).unwrap();
    let (sealed, roots) = (scene.sealed(&scene.grant()), scene.roots());
    second.hold(true);
    let (told, answers) = mpsc::channel();
    thread::scope(|scope| {
        // Of the last ones nobody waits for the answer.
        let ask = |told: mpsc::Sender<bool>| {
            let _: Result<(), _> = told.send(admit(&guard, &sealed, "read:hr", Level::Public).is_ok());
        };
        let mut asked = 0;
        let mut answered = 0;
        // Until the one that hangs has taken one.
        while answered == asked && asked < 200 {
            let told = told.clone();
            scope.spawn(move || ask(told));
            asked += 1;
            answered += usize::from(answers.recv_timeout(Duration::from_millis(500)).is_ok());
        }
        assert!(answered < asked, "the store that hangs took none");
        scope.spawn(|| guard.replace_roots(roots));
        thread::sleep(Duration::from_millis(100));
        let told = told.clone();
        scope.spawn(move || ask(told));
        let after = answers.recv_timeout(Duration::from_secs(10));
        second.hold(false);
        assert_eq!(after, Ok(true), "nobody is answered while one store hangs");
    });
}

#[test]
fn an_answer_by_roots_that_were_replaced_meanwhile_permits_nothing() {
    let other = wane::Roots::single(key(2).public_key());
    // The same root key, and what it allows once something was read is less.
    let stricter = |scene: &Scene| {
        let rule = wane::Rule::new(Level::Public, [], ["list:*".parse().unwrap()]);
        wane::Roots::new([wane::TrustedRoot::new(scene.root.public_key()).rule(rule)]).unwrap()
    };
    for (is_stricter, refused) in [(false, Code::ChainUnknownRoot), (true, Code::StateOutcomeUnknown)] {
        let scene = Scene::new();
        let store = Front::of(&scene.store);
        let guard = Guard::open(vec![Box::new(store.clone())], scene.options(), NOW).unwrap();
        let sealed = scene.sealed(&scene.grant());
        let roots = if is_stricter { stricter(&scene) } else { other.clone() };
        store.hold(true);
        thread::scope(|scope| {
            let waits = scope.spawn(|| admit(&guard, &sealed, "read:hr", Level::Public));
            thread::sleep(Duration::from_millis(200));
            guard.replace_roots(roots);
            store.hold(false);
            assert_eq!(code(waits.join().unwrap()), refused);
        });
        // From then on it is decided by the new ones.
        let then = if is_stricter { Code::DenyRatchet } else { Code::ChainUnknownRoot };
        assert_eq!(code(admit(&guard, &sealed, "read:hr", Level::Public)), then);
    }
}
