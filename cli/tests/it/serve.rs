//! `wane serve`: a real service, asked over real connections, while other processes work on its ledger and its files.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scene::{Scene, shell};

const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
level = "public"
[server.files.tool.post]
action = "send:web"
level = "public"
[[server.files.route]]
method = "GET"
path = "/files/{name}"
action = "read:files:{/path/name}"
level = "internal"
"#;

/// A ledger, a root, a sealed token that may read and send, and a catalogue.
pub(crate) fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("catalogue.toml", CATALOGUE);
    scene.sh("wane keygen root.pem > root.pub && wane roots add roots.toml root.pub").exits(0);
    let scopes = "--scope 'read:*' --scope 'send:*'";
    scene.sh(&format!("wane mint --key root.pem --aud files {scopes} --ledger sqlite:l.db -o tok")).exits(0);
    scene.sh("wane seal tok -o sealed").exits(0);
    scene
}

const SERVE: &str = "wane serve --catalogue catalogue.toml --root roots.toml --ledger sqlite:l.db";

/// A service that runs.
pub(crate) struct Serving {
    child: Child,
    pub(crate) first: String,
}

impl Serving {
    pub(crate) fn start(scene: &Scene, flags: &str) -> Self {
        let mut command = shell(&scene.path(""), &format!("exec {SERVE} {flags} 2> log"));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(!first.is_empty(), "{}", scene.read("log"));
        Self { child, first: first.trim_end().to_owned() }
    }

    fn ask(&self, request: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.first).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        asked(&mut stream, &request.replacen("\r\n", &format!("\r\nHost: {}\r\n", self.first), 1))
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n"))
    }

    fn admit(&self, scene: &Scene, tool: &str) -> (u16, Value) {
        self.ask(&question(scene, "/v1/admit", tool))
    }

    /// Ends it by a signal; the exit code.
    pub(crate) fn end(&mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        let _: std::io::Result<()> = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn question(scene: &Scene, path: &str, tool: &str) -> String {
    let body = json!({ "token": scene.read("sealed").trim(), "server": "files", "tool": { "name": tool } }).to_string();
    let head = format!("POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nConnection: close\r\n");
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn asked(stream: &mut (impl Read + Write), request: &str) -> (u16, Value) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[track_caller]
pub(crate) fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_is_admitted_is_committed_and_told_without_a_secret() {
    let scene = scene();
    let mut serving = Serving::start(&scene, "--listen 127.0.0.1:0 --json");
    let told: Value = serde_json::from_str(&serving.first).unwrap();
    serving.first = told["listen"].as_str().unwrap().to_owned();
    assert!(!serving.first.ends_with(":0"));
    let (status, admitted) = serving.admit(&scene, "read");
    assert_eq!((status, &admitted["committed"], &admitted["durable"]), (200, &json!(true), &json!(true)));
    let (status, denied) = serving.admit(&scene, "shell");
    assert_eq!((status, &denied["code"]), (403, &json!("deny-unlisted")));
    let sealed = scene.read("sealed");
    let bearer = format!("Authorization: Bearer {}", sealed.trim());
    let envoy =
        |path: &str| serving.ask(&format!("GET /envoy/files{path} HTTP/1.1\r\n{bearer}\r\nConnection: close\r\n\r\n"));
    assert_eq!(envoy("/files/secret-name").0, 200);
    assert_eq!(envoy("/files/%2e").1["code"], "deny-route");
    soon("it is ready", || serving.get("/readyz").0 == 200);
    let metrics = serving.get("/metrics").0;
    assert_eq!(metrics, 200);
    assert_eq!(serving.end("-TERM"), Some(0));
    // Each line of the log is an object, and none has what callers said.
    let log = scene.read("log");
    let lines: Vec<Value> =
        log.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered: Vec<&Value> = lines.iter().filter(|line| line["message"] == "answered").collect();
    assert_eq!(answered.len(), 4, "{log}");
    assert_eq!((&answered[0]["verdict"], &answered[0]["record"]), (&json!("allow"), &admitted["record"]));
    assert_eq!((&answered[1]["surface"], &answered[1]["code"]), (&json!("admit"), &json!("deny-unlisted")));
    for said in [sealed.trim().rsplit('.').next().unwrap(), "wane1.", "secret-name", "shell"] {
        assert!(!log.contains(said), "{said}: {log}");
    }
    let records = scene.sh("wane audit query --ledger sqlite:l.db --json").exits(0).out;
    assert_eq!((records.matches("opened").count(), records.matches("closed").count()), (1, 1), "{records}");
    assert!(records.contains(admitted["record"].as_str().unwrap()));
    scene.sh("wane audit verify --ledger sqlite:l.db").exits(0);
}

#[test]
fn what_changes_while_it_runs_counts() {
    let scene = scene();
    let mut serving = Serving::start(&scene, "--listen '[::1]:0'");
    assert_eq!(serving.admit(&scene, "post").0, 200);
    soon("it is ready", || serving.get("/readyz").0 == 200);
    let problem = || serving.get("/readyz").1["problems"][0].clone();
    scene.write("catalogue.toml", "[server.files");
    soon("the catalogue is broken", || {
        problem() == json!({ "what": "catalogue", "file": "catalogue.toml", "code": "parse-catalogue" })
    });
    assert_eq!(serving.admit(&scene, "post").0, 200);
    scene.write("catalogue.toml", &CATALOGUE.replace("tool.post", "tool.send"));
    soon("there is another tool", || serving.admit(&scene, "send").0 == 200);
    assert_eq!(serving.admit(&scene, "post").1["code"], "deny-unlisted");
    scene.write("roots.toml", "nonsense");
    soon("the roots are broken", || {
        problem() == json!({ "what": "roots", "file": "roots.toml", "code": "parse-roots" })
    });
    assert_eq!(serving.admit(&scene, "send").0, 200);
    scene.sh("rm roots.toml && wane keygen other.pem > other.pub && wane roots add roots.toml other.pub").exits(0);
    soon("there is another root", || serving.admit(&scene, "send").1["code"] == "chain-unknown-root");
    scene.sh("rm roots.toml && wane roots add roots.toml root.pub").exits(0);
    soon("the root is back", || serving.admit(&scene, "send").0 == 200);
    // A pipe is not waited for, and keeps nobody from looking at other files.
    scene.sh("rm roots.toml && mkfifo roots.toml").exits(0);
    soon("the roots are a pipe", || problem()["what"] == "roots");
    scene.write("catalogue.toml", &CATALOGUE.replace("tool.post", "tool.mail"));
    soon("there is yet another tool", || serving.admit(&scene, "mail").0 == 200);
    scene.write("catalogue.toml", &CATALOGUE.replace("tool.post", "tool.send"));
    soon("it is gone", || serving.admit(&scene, "send").0 == 200);
    scene.sh("wane revoke tok --yes --ledger sqlite:l.db").exits(0);
    let (status, revoked) = serving.admit(&scene, "send");
    assert_eq!((status, &revoked["code"]), (403, &json!("state-revoked")));
    assert_eq!(serving.end("-INT"), Some(0));
    let log = scene.read("log");
    assert!(log.contains("read again what=\"catalogue\" file=\"catalogue.toml\""), "{log}");
}

#[test]
fn a_socket_in_the_file_system_is_its_users() {
    let scene = scene();
    let mut serving = Serving::start(&scene, "--listen unix:sock");
    assert_eq!((serving.first.as_str(), scene.mode("sock")), ("unix:sock", 0o600));
    let mut stream = UnixStream::connect(scene.path("sock")).unwrap();
    let question = question(&scene, "/v1/check", "read").replacen("\r\n", "\r\nHost: wane\r\n", 1);
    let (status, checked) = asked(&mut stream, &question);
    assert_eq!((status, &checked["committed"]), (200, &json!(false)));
    scene.sh(&format!("{SERVE} --listen unix:sock")).fails(1, "use-file");
    assert_eq!(serving.end("-KILL"), None);
    // It was left behind, and nobody answers there.
    let mut next = Serving::start(&scene, "--listen unix:sock");
    assert_eq!(next.end("-HUP"), Some(0));
    assert!(!scene.path("sock").exists());
}

#[test]
fn what_is_not_whole_does_not_start() {
    let scene = scene();
    scene.write("without.toml", &CATALOGUE.replace("audience = \"files\"", ""));
    scene.write("note", "none");
    let ledger = "--ledger sqlite:l.db";
    for (flags, exit, word) in [
        ("--listen 0.0.0.0:0 --catalogue catalogue.toml --root root.pub", 2, "use-arguments"),
        ("--listen localhost --catalogue catalogue.toml --root root.pub", 2, "parse-text"),
        ("--listen unix:note --catalogue catalogue.toml --root root.pub", 1, "use-file"),
        ("--listen 127.0.0.1:0 --catalogue without.toml --root root.pub", 2, "parse-catalogue"),
        ("--listen 127.0.0.1:0 --catalogue nope.toml --root root.pub", 1, "use-file"),
        ("--listen 127.0.0.1:0 --catalogue catalogue.toml", 2, "use-no-root"),
        ("--listen 127.0.0.1:0 --root root.pub", 2, "use-arguments"),
        ("--catalogue catalogue.toml --root root.pub", 2, "use-arguments"),
    ] {
        scene.sh(&format!("timeout 20 wane serve {flags} {ledger}")).fails(exit, word);
    }
    let forgets = "--listen 127.0.0.1:0 --catalogue catalogue.toml --root root.pub --ledger memory:";
    scene.sh(&format!("timeout 20 wane serve {forgets}")).fails(3, "state-volatile");
    assert_eq!(scene.read("note"), "none");
}
