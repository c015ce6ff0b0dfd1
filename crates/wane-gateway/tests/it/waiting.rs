//! Calls that are kept back, and results that are remembered, while a ledger takes its time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use wane_gateway::{Gate, Outlet};
use wane_ledger::{Fault, Lock, MemoryStore, Room, Rows, Store};

use crate::scene::{Own, Scene, To, Whose, local};

const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
level = "public"
[server.files.tool.list]
action = "read:list"
level = "public"
trusted = { ids = ["/ids/*"] }
[server.files.tool.get]
action = "read:one"
level = "public"
[server.files.tool.post]
action = "send:web"
level = "public"
ask = ["@local"]
"#;

type Body<'a> = &'a mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>;

/// What a store is told to do.
#[derive(Default)]
struct Told {
    /// The next one who writes is kept waiting.
    catches: AtomicBool,
    /// Until this is over.
    is_held: AtomicBool,
    /// It answers that it is not there.
    is_away: AtomicBool,
    /// Transactions that were begun.
    begun: AtomicUsize,
}

/// A store in front of one in memory. It writes when it is told that it may; it answers questions at once.
#[derive(Clone)]
struct Slow(MemoryStore, Arc<Told>);

impl Store for Slow {
    fn is_durable(&self) -> bool {
        self.0.is_durable()
    }

    fn transact(&mut self, locks: &[Lock], body: Body<'_>) -> Result<(), Fault> {
        self.1.begun.fetch_add(1, Ordering::SeqCst);
        let caught = self.1.catches.swap(false, Ordering::SeqCst);
        while caught && self.1.is_held.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        match self.1.is_away.load(Ordering::SeqCst) {
            true => Err(Fault::Unreachable("told to be away".into())),
            false => self.0.transact(locks, body),
        }
    }

    fn view(&mut self, body: Body<'_>) -> Result<(), Fault> {
        self.0.view(body)
    }

    fn room(&mut self) -> Result<Room, Fault> {
        self.0.room()
    }
}

/// A scene over such a store, and a gate that waits a minute and asks its client.
struct Waiting {
    scene: Scene,
    told: Arc<Told>,
    gate: Arc<Gate>,
    attends: thread::JoinHandle<()>,
}

impl Waiting {
    fn new() -> Self {
        let told = Arc::<Told>::default();
        let way = Arc::clone(&told);
        let scopes = ["read:files", "read:list", "read:one if key seen ids", "send:*"];
        // Two at a time may write: one of them is caught.
        let scene = Scene::before(CATALOGUE, &scopes, &[], Whose::Gateway, |store| {
            let slow = Slow(store, way);
            vec![Box::new(slow.clone()), Box::new(slow)]
        });
        let gate = Arc::new(scene.gate().with_approvals(Scene::approvals(60, Own::None)));
        let attends = Arc::clone(&gate);
        Self { scene, told, gate, attends: thread::spawn(move || attends.attend()) }
    }

    fn client(&self, text: &str) {
        self.gate.from_client(text.as_bytes()).unwrap();
    }

    /// The next messages, so many, in their order.
    #[track_caller]
    fn comes(&self, count: usize) -> Vec<(To, String)> {
        let mut came = Vec::new();
        until("it comes", || {
            came.extend(self.scene.take());
            came.len() >= count
        });
        assert_eq!(came.len(), count, "{came:?}");
        came
    }

    /// Whoever writes next has to wait.
    fn hold(&self) {
        self.told.begun.store(0, Ordering::SeqCst);
        self.told.is_held.store(true, Ordering::SeqCst);
        self.told.catches.store(true, Ordering::SeqCst);
    }

    /// Somebody does.
    fn is_caught(&self) {
        until("somebody writes", || !self.told.catches.load(Ordering::SeqCst));
    }

    fn go_on(&self) {
        self.told.is_held.store(false, Ordering::SeqCst);
    }

    /// Nothing more comes.
    fn end(self) {
        self.gate.end_waits().unwrap();
        self.attends.join().unwrap();
        let late = self.scene.take();
        assert!(late.is_empty(), "{late:?}");
    }
}

#[track_caller]
fn until(what: &str, mut is: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn call(id: u32, tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}

fn cancel(id: u32) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#)
}

#[test]
fn a_call_that_is_being_judged_when_its_server_ends_is_answered() {
    let waiting = Waiting::new();
    waiting.client(&call(1, "post", "{}"));
    waiting.hold();
    until("it is approved", || waiting.scene.approve(&local()));
    waiting.is_caught();
    waiting.gate.end_waits().unwrap();
    waiting.gate.server_ended().unwrap();
    waiting.go_on();
    let came = waiting.comes(1);
    assert!(came[0].1.contains(r#""id":1,"error":{"code":1502,"message":"the tool server has ended"#), "{came:?}");
    waiting.end();
}

#[test]
fn a_call_that_was_cancelled_while_it_was_judged_does_not_go_on_for_the_next_of_its_id() {
    let waiting = Waiting::new();
    waiting.client(&call(5, "post", r#"{"text":"a"}"#));
    waiting.hold();
    until("it is approved", || waiting.scene.approve(&local()));
    waiting.is_caught();
    waiting.client(&cancel(5));
    // Another call comes under its id, and is kept back as well.
    waiting.client(&call(5, "post", r#"{"text":"b"}"#));
    waiting.go_on();
    until("only the other one waits, and is approved", || waiting.scene.approve(&local()));
    assert_eq!(waiting.comes(1), [(To::Server, call(5, "post", r#"{"text":"b"}"#))]);
    waiting.end();
}

#[test]
fn a_cancellation_does_not_pass_its_call() {
    let scene = Scene::new(CATALOGUE, &["send:*"], &[], Whose::Gateway);
    let gate: Arc<OnceLock<Weak<Gate>>> = Arc::default();
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let (told, tells) = channel();
    let to_server: Outlet = {
        let (gate, log) = (Arc::clone(&gate), Arc::clone(&log));
        Box::new(move |message| {
            let text = String::from_utf8(message.to_vec()).unwrap();
            if text.contains("tools/call") {
                // It is on its way, and has not arrived: its client cancels it, and may get so far that the server is told.
                let (gate, told) = (gate.get().unwrap().upgrade().unwrap(), told.clone());
                let (done, is_done) = channel();
                thread::spawn(move || {
                    gate.from_client(cancel(1).as_bytes()).unwrap();
                    // Nobody may wait for it any more.
                    let _: Result<(), _> = done.send(());
                    told.send(()).unwrap();
                });
                assert_eq!(is_done.recv_timeout(Duration::from_millis(200)), Err(RecvTimeoutError::Timeout));
            }
            log.lock().unwrap().push(text);
            Ok(())
        })
    };
    let options = scene.options(Box::new(|_| Ok(())), to_server);
    let made = Arc::new(Gate::new(options).unwrap().with_approvals(Scene::approvals(60, Own::None)));
    gate.set(Arc::downgrade(&made)).unwrap();
    let attends = Arc::clone(&made);
    let attends = thread::spawn(move || attends.attend());
    made.from_client(call(1, "post", "{}").as_bytes()).unwrap();
    until("it is approved", || scene.approve(&local()));
    tells.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(*log.lock().unwrap(), [call(1, "post", "{}"), cancel(1)]);
    made.end_waits().unwrap();
    attends.join().unwrap();
}

const IDS: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"ids":[7]}}}"#;

#[test]
fn what_was_returned_is_known_before_the_client_gets_it() {
    let waiting = Waiting::new();
    waiting.client(&call(1, "list", "{}"));
    assert_eq!(waiting.comes(1)[0].0, To::Server);
    waiting.hold();
    let gate = Arc::clone(&waiting.gate);
    let server = thread::spawn(move || gate.from_server(IDS.as_bytes()).unwrap());
    waiting.is_caught();
    assert_eq!(waiting.scene.take(), []);
    waiting.go_on();
    server.join().unwrap();
    assert_eq!(waiting.comes(1), [(To::Client, IDS.to_owned())]);
    waiting.client(&call(2, "get", r#"{"key":7}"#));
    assert_eq!(waiting.comes(1), [(To::Server, call(2, "get", r#"{"key":7}"#))]);
    waiting.end();
}

/// Whether this was said, and nothing else.
#[track_caller]
fn says(notices: &[String], words: &str) {
    assert!(notices.len() == 1 && notices[0].contains(words), "{notices:?}");
}

#[test]
fn what_the_ledger_does_not_keep_is_reported_and_was_not_returned() {
    let waiting = Waiting::new();
    for id in 1..=3 {
        waiting.client(&call(id, "list", "{}"));
    }
    waiting.comes(3);
    waiting.told.begun.store(0, Ordering::SeqCst);
    waiting.told.is_away.store(true, Ordering::SeqCst);
    waiting.gate.from_server(IDS.as_bytes()).unwrap();
    assert_eq!(waiting.comes(1), [(To::Client, IDS.to_owned())]);
    says(&waiting.scene.notices(), "trusted values that the ledger did not keep, state-unreachable");
    // For a while after that nobody waits for a ledger that is away.
    let asked = waiting.told.begun.load(Ordering::SeqCst);
    assert!(asked > 0);
    waiting.told.is_away.store(false, Ordering::SeqCst);
    let next = IDS.replace(r#""id":1"#, r#""id":2"#);
    waiting.gate.from_server(next.as_bytes()).unwrap();
    assert_eq!(waiting.comes(1), [(To::Client, next)]);
    says(&waiting.scene.notices(), "trusted values that the ledger did not keep, state-unreachable");
    assert_eq!(waiting.told.begun.load(Ordering::SeqCst), asked);
    waiting.client(&call(4, "get", r#"{"key":7}"#));
    assert!(waiting.comes(1)[0].1.contains("deny-condition"));
    waiting.scene.notices();
    // What is late for a client that has cancelled its call returns nothing either.
    waiting.client(&cancel(3));
    waiting.comes(1);
    waiting.gate.from_server(IDS.replace(r#""id":1"#, r#""id":3"#).as_bytes()).unwrap();
    says(&waiting.scene.notices(), "an answer that nobody waits for");
    waiting.end();
}

#[test]
fn a_gate_without_its_guard_passes_results_on_and_reports_what_it_does_not_keep() {
    let scene = Scene::new(CATALOGUE, &["read:list"], &[], Whose::Gateway);
    let gate = scene.gate();
    gate.from_client(call(1, "list", "{}").as_bytes()).unwrap();
    scene.take();
    let out = Arc::clone(&scene.out);
    drop(scene);
    gate.from_server(IDS.as_bytes()).unwrap();
    let out = std::mem::take(&mut *out.lock().unwrap());
    assert_eq!(out.messages, [(To::Client, IDS.to_owned())]);
    says(&out.notices, "trusted values that the ledger did not keep, state-unreachable");
}
