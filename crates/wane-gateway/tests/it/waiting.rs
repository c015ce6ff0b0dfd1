//! Calls that are kept back, and results that are remembered, while a ledger takes its time.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::Duration;

use wane_gateway::{Gate, Outlet};

use crate::scene::{Own, Scene, To, Whose, local};
use crate::slow::{Slow, Told, until};

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

/// A scene over such a store, and a gate that waits a minute and asks its client.
struct Waiting {
    scene: Scene,
    told: Arc<Told>,
    gate: Arc<Gate>,
    attends: thread::JoinHandle<()>,
}

impl Waiting {
    fn new() -> Self {
        Self::asking(Own::None)
    }

    fn asking(own: Own) -> Self {
        let told = Arc::<Told>::default();
        let scopes = ["read:files", "read:list", "read:one if key seen ids", "send:*"];
        let scene = Scene::before(CATALOGUE, &scopes, &[], Whose::Gateway, Slow::way(&told));
        let gate = Arc::new(scene.gate().with_approvals(Scene::approvals(60, own)));
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

    /// Nothing more comes.
    fn end(self) {
        self.gate.end_waits().unwrap();
        self.attends.join().unwrap();
        let late = self.scene.take();
        assert!(late.is_empty(), "{late:?}");
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
    waiting.told.hold();
    until("it is approved", || waiting.scene.approve(&local()));
    waiting.told.is_caught();
    waiting.gate.end_waits().unwrap();
    waiting.gate.server_ended().unwrap();
    waiting.told.go_on();
    let came = waiting.comes(1);
    assert!(came[0].1.contains(r#""id":1,"error":{"code":1502,"message":"the tool server has ended"#), "{came:?}");
    waiting.end();
}

#[test]
fn a_call_that_was_cancelled_while_it_was_judged_does_not_go_on_for_the_next_of_its_id() {
    let waiting = Waiting::new();
    waiting.client(&call(5, "post", r#"{"text":"a"}"#));
    waiting.told.hold();
    until("it is approved", || waiting.scene.approve(&local()));
    waiting.told.is_caught();
    waiting.client(&cancel(5));
    // Another call comes under its id, and is kept back as well.
    waiting.client(&call(5, "post", r#"{"text":"b"}"#));
    waiting.told.go_on();
    until("only the other one waits, and is approved", || waiting.scene.approve(&local()));
    assert_eq!(waiting.comes(1), [(To::Server, call(5, "post", r#"{"text":"b"}"#))]);
    waiting.end();
}

#[test]
fn a_no_stands_whatever_the_ledger_says_of_the_call_meanwhile() {
    let waiting = Waiting::asking(Own::Asks(None));
    waiting.client(
        r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{}}}"#,
    );
    waiting.comes(1);
    waiting.client(&call(1, "post", "{}"));
    let asked = waiting.comes(1);
    let id = asked[0].1.split_once(r#""id":"#).unwrap().1.split_once(',').unwrap().0.to_owned();
    // The ledger is asked, and takes its time; somebody approves it there, and whoever was asked here says no.
    waiting.told.hold_questions();
    waiting.told.has_asked();
    until("it is approved", || waiting.scene.approve(&local()));
    waiting.client(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"action":"decline"}}}}"#));
    waiting.told.go_on();
    let came = waiting.comes(1);
    assert!(came[0].0 == To::Client && came[0].1.contains(r#""code":"deny-needs-approval""#), "{came:?}");
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

#[test]
fn a_server_that_cannot_be_written_to_does_not_end_whoever_attends() {
    let scene = Scene::new(CATALOGUE, &["send:*"], &[], Whose::Gateway);
    let log: Arc<Mutex<Vec<String>>> = Arc::default();
    let out = Arc::clone(&log);
    let to_server: Outlet = Box::new(move |message| {
        let text = String::from_utf8(message.to_vec()).unwrap();
        let fails = text.contains(r#""id":1,"#);
        out.lock().unwrap().push(text);
        if fails { Err(std::io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    });
    let options = scene.options(Box::new(|_| Ok(())), to_server);
    let gate = Arc::new(Gate::new(options).unwrap().with_approvals(Scene::approvals(60, Own::None)));
    let attends = Arc::clone(&gate);
    let attends = thread::spawn(move || attends.attend());
    for id in 1..=2 {
        gate.from_client(call(id, "post", "{}").as_bytes()).unwrap();
        until("it is approved", || scene.approve(&local()));
        until("it goes on", || log.lock().unwrap().iter().any(|text| *text == call(id, "post", "{}")));
    }
    gate.end_waits().unwrap();
    attends.join().unwrap();
}

const IDS: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[],"structuredContent":{"ids":[7]}}}"#;

#[test]
fn what_was_returned_is_known_before_the_client_gets_it() {
    let waiting = Waiting::new();
    waiting.client(&call(1, "list", "{}"));
    assert_eq!(waiting.comes(1)[0].0, To::Server);
    waiting.told.hold();
    let gate = Arc::clone(&waiting.gate);
    let server = thread::spawn(move || gate.from_server(IDS.as_bytes()).unwrap());
    waiting.told.is_caught();
    assert_eq!(waiting.scene.take(), []);
    waiting.told.go_on();
    server.join().unwrap();
    assert_eq!(waiting.comes(1), [(To::Client, IDS.to_owned())]);
    waiting.client(&call(2, "get", r#"{"key":7}"#));
    assert_eq!(waiting.comes(1), [(To::Server, call(2, "get", r#"{"key":7}"#))]);
    waiting.end();
}

#[test]
fn of_one_result_the_first_1024_values_are_known_and_no_text_over_4096_bytes() {
    let waiting = Waiting::new();
    waiting.client(&call(1, "list", "{}"));
    waiting.comes(1);
    let (longest, longer) = ("x".repeat(4_096), "x".repeat(4_097));
    let numbers: Vec<String> = (0..1_030).map(|number| number.to_string()).collect();
    let ids = format!(r#"["{longer}","{longest}",{}]"#, numbers.join(","));
    waiting.gate.from_server(IDS.replace("[7]", &ids).as_bytes()).unwrap();
    waiting.comes(1);
    let gets = |id: u32, key: &str| {
        waiting.client(&call(id, "get", &format!(r#"{{"key":{key}}}"#)));
        waiting.comes(1)[0].0 == To::Server
    };
    // The longer one takes no place.
    assert!(gets(2, "0") && gets(3, "1022") && !gets(4, "1023") && !gets(5, "1029"));
    assert!(gets(6, &format!("\"{longest}\"")) && !gets(7, &format!("\"{longer}\"")));
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
