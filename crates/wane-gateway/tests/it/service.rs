//! The HTTP service as those see it who ask it: over real connections.

mod connections;
mod decisions;
mod described;
mod envoy;
mod watching;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wane_gateway::service::{Listen, Reach, Service, ServiceOptions, Watched};
use wane_policy::Catalogue;

use crate::scene::{NOW, Scene, Whose};

const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
rule = [
    { when = "path under /repo/public", level = "public" },
    { when = "path under /repo", level = "confidential" },
]
[server.files.tool.salaries]
action = "read:hr"
level = "restricted"
[server.files.tool.post]
action = "send:web"
level = "public"
[server.files.tool.erase]
action = "delete:files"
level = "public"
[server.files.prompt.review]
action = "read:prompts"
level = "internal"
[[server.files.resource]]
when = "uri like file:///repo/*"
action = "read:files"
level = "internal"
[[server.files.route]]
method = "GET"
path = "/repos/{repo}"
action = "read:repos:{/path/repo}"
level = "internal"
[[server.files.route]]
method = "POST"
path = "/repos/{repo}/stars"
action = "write:repos:{/path/repo}"
level = "internal"
[[server.files.route]]
method = "POST"
path = "/repos/{repo}/issues"
body = "json"
action = "write:repos:{/path/repo}"
rule = [{ when = "/body/title like ok*", level = "internal" }]
[[server.files.route]]
method = "PUT"
path = "/repos/{repo}/blob"
body = "opaque"
action = "write:repos:{/path/repo}"
level = "internal"
"#;

/// A service that runs, and the session that may ask it.
struct Serving {
    scene: Scene,
    address: Listen,
    stop: Option<Sender<()>>,
    ends: Option<JoinHandle<std::io::Result<()>>>,
}

/// An answer, taken apart.
#[derive(Debug)]
struct Answered {
    status: u16,
    head: String,
    body: String,
}

impl Answered {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status and code.
    fn code(&self) -> (u16, String) {
        (self.status, self.json()["code"].as_str().unwrap_or("none").to_owned())
    }

    fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        self.head.lines().find(named).and_then(|line| line.split_once(':')).map(|(_, value)| value.trim())
    }
}

impl Serving {
    /// Takes the guard away. Whoever looks at the ledger just then holds it a moment longer.
    fn lose_guard(&mut self) {
        let guard = Arc::downgrade(&self.scene.guard);
        self.scene = Scene::new(CATALOGUE, &[], &[], Whose::Client);
        soon("the guard has gone", || guard.strong_count() == 0);
    }

    fn start(scopes: &[&str], asks: &[String]) -> Self {
        Self::start_with(CATALOGUE, scopes, asks, "127.0.0.1:0", |_| Vec::new())
    }

    fn start_with(
        catalogue: &str,
        scopes: &[&str],
        asks: &[String],
        listen: &str,
        watched: impl FnOnce(&Service) -> Vec<Watched>,
    ) -> Self {
        Self::start_at(Box::new(|| NOW), catalogue, scopes, asks, listen, watched)
    }

    fn start_at(
        clock: Box<dyn Fn() -> u64 + Send + Sync>,
        catalogue: &str,
        scopes: &[&str],
        asks: &[String],
        listen: &str,
        watched: impl FnOnce(&Service) -> Vec<Watched>,
    ) -> Self {
        let scene = Scene::new(catalogue, scopes, asks, Whose::Client);
        let service = Service::new(ServiceOptions {
            catalogue: Catalogue::from_toml(catalogue).unwrap(),
            guard: Arc::downgrade(&scene.guard),
            clock,
        })
        .unwrap();
        let watched = watched(&service);
        let listener = listen.parse::<Listen>().unwrap().bind(Reach::ThisMachine).unwrap();
        let address = listener.address().clone();
        let (stop, stopped) = channel::<()>();
        let until = move || stopped.recv().unwrap_or(());
        let ends = std::thread::spawn(move || service.serve(listener, watched, until));
        Self { scene, address, stop: Some(stop), ends: Some(ends) }
    }

    fn connect(&self) -> TcpStream {
        let Listen::Address(address) = &self.address else { panic!("{}", self.address) };
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Sends a whole request of this head, which knows neither host nor length, and reads until the end.
    fn send(&self, head: &str, body: &[u8]) -> Answered {
        let mut stream = self.connect();
        let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
        let rest = if rest.is_empty() { String::new() } else { format!("{rest}\r\n") };
        let (host, length) = (&self.address, body.len());
        let head = format!("{first}\r\nHost: {host}\r\n{rest}Connection: close\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // A refused body may not be read to its end.
        let _: std::io::Result<()> = stream.write_all(body);
        read(stream)
    }

    fn get(&self, path: &str) -> Answered {
        self.send(&format!("GET {path} HTTP/1.1"), b"")
    }

    fn post(&self, path: &str, body: &str) -> Answered {
        self.send(&format!("POST {path} HTTP/1.1\r\nContent-Type: application/json"), body.as_bytes())
    }

    /// Asks about a call by the session's sealed token.
    fn asks(&self, path: &str, call: (&str, Value)) -> Answered {
        let (kind, call) = call;
        self.post(path, &json!({ "token": self.scene.sealed(), "server": "files", kind: call }).to_string())
    }

    /// Ends it, and waits for that.
    fn stop(&mut self) {
        self.stop = None;
        if let Some(ends) = self.ends.take() {
            ends.join().unwrap().unwrap();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop = None;
    }
}

fn tool(name: &str) -> (&'static str, Value) {
    ("tool", json!({ "name": name }))
}

/// Reads a stream to its end.
fn read(mut stream: impl std::io::Read) -> Answered {
    let (mut bytes, mut some) = (Vec::new(), [0; 4096]);
    // Where a body was refused the connection may be reset behind the answer.
    while let Ok(length @ 1..) = stream.read(&mut some) {
        bytes.extend_from_slice(&some[..length]);
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answered { status, head: head.to_owned(), body: body.to_owned() }
}

/// Waits for something that comes by itself.
#[track_caller]
fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A path that nothing lies at yet.
fn fresh_path(name: &str) -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("wane-{name}-{}-{number}", std::process::id()))
}

#[test]
fn a_socket_in_the_file_system_answers_and_goes_with_the_service() {
    let path = fresh_path("sock");
    let listen = format!("unix:{}", path.display());
    let mut serving = Serving::start_with(CATALOGUE, &["read:*"], &[], &listen, |_| Vec::new());
    let mut stream = UnixStream::connect(&path).unwrap();
    // Nobody can be called wrongly on a socket that has no name.
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(read(stream).status, 200);
    serving.stop();
    assert!(!path.exists());
}

#[test]
fn what_is_on_its_way_is_answered_before_the_end() {
    let mut serving = Serving::start(&["read:*"], &[]);
    let mut stream = serving.connect();
    let body =
        json!({ "token": serving.scene.sealed(), "server": "files", "prompt": { "name": "review" } }).to_string();
    let head = format!("POST /v1/admit HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n", serving.address);
    write!(stream, "{head}Content-Length: {}\r\n\r\n{}", body.len(), &body[..10]).unwrap();
    // It is known to be on its way once another, sent later, was answered.
    assert_eq!(serving.get("/healthz").status, 200);
    let mut idle = serving.connect();
    serving.stop = None;
    // A connection without a request ends at once.
    assert_eq!(idle.read(&mut [0; 1]).unwrap_or(0), 0);
    write!(stream, "{}", &body[10..]).unwrap();
    let answered = read(stream);
    assert_eq!((answered.status, &answered.json()["committed"]), (200, &json!(true)));
    serving.stop();
    let Listen::Address(address) = serving.address else { panic!() };
    assert!(TcpStream::connect(address).is_err());
}

/// The status of an answer behind which the connection may be reset.
fn read_status(mut stream: impl std::io::Read) -> Option<u16> {
    let mut some = [0; 12];
    stream.read_exact(&mut some).ok()?;
    std::str::from_utf8(&some).ok()?.strip_prefix("HTTP/1.1 ")?.parse().ok()
}
