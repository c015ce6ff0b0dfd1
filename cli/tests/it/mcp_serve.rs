//! `wane mcp serve`: a real server behind it, over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::scene::{Scene, shell};

const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
level = "public"
[server.letters]
audience = "letters"
[server.letters.tool.read]
action = "read:letters"
level = "public"
"#;

pub(crate) fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("catalogue.toml", CATALOGUE);
    scene.write("one.toml", CATALOGUE.split("[server.letters]").next().unwrap());
    scene.write("key", "hunter2\n");
    scene.chmod("key", 0o600);
    scene.sh("wane keygen root.pem > root.pub").exits(0);
    scene.sh("wane mint --key root.pem --aud '*' --scope 'read:*' --ledger sqlite:l.db -o tok").exits(0);
    scene.sh("wane seal tok --aud files -o sealed").exits(0);
    scene
}

/// A request or an answer: its first line and its headers, and its body.
fn read(stream: impl std::io::Read) -> (String, String) {
    let (mut reader, mut head, mut length) = (BufReader::new(stream), String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim_end().is_empty() {
            break;
        }
        let line = line.to_ascii_lowercase();
        length = line.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

/// A server that answers whatever it is asked; its URL, and the heads that it gets.
pub(crate) fn server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, heads) = (format!("http://{}/mcp", listener.local_addr().unwrap()), Arc::<Mutex<Vec<_>>>::default());
    let all = Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (head, body) = read(&stream);
            all.lock().unwrap().push(format!("{head}{body}"));
            let id = serde_json::from_str::<Value>(&body).unwrap()["id"].clone();
            let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[]}}}}"#);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
            write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    (url, heads)
}

/// A gateway that runs, and what it has told.
pub(crate) struct Gateway {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Gateway {
    pub(crate) fn start(scene: &Scene, flags: &str) -> Self {
        let line = format!("exec wane mcp serve --root root.pub --ledger sqlite:l.db {flags}");
        Self::spawn(&mut shell(&scene.path(""), &line))
    }

    pub(crate) fn spawn(command: &mut std::process::Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Asks it to end; what it said on standard error.
    pub(crate) fn stop(self) -> String {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let output = self.child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

fn request(path: &str, host: &str, authorization: Option<&str>) -> String {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{}}}"#;
    let shown = authorization.map(|value| format!("authorization: {value}\r\n")).unwrap_or_default();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n{shown}connection: close");
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

pub(crate) fn call(address: &str, path: &str, authorization: Option<&str>) -> (u16, Value) {
    let mut stream = TcpStream::connect(address.parse::<SocketAddr>().unwrap()).unwrap();
    stream.write_all(request(path, address, authorization).as_bytes()).unwrap();
    answer(stream)
}

fn answer(stream: impl std::io::Read) -> (u16, Value) {
    let (head, body) = read(stream);
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(&body).unwrap())
}

fn code(answer: &Value) -> &str {
    let denied = |part: &'static str, inner: &'static str| answer[part][inner]["dev.wane/denied"]["code"].as_str();
    denied("error", "data").or_else(|| denied("result", "_meta")).unwrap_or("none")
}

#[test]
fn clients_bring_tokens_to_several_servers() {
    let scene = scene();
    let ((files, heads), (letters, _)) = (server(), server());
    let flags = format!(
        "--client-tokens --catalogue catalogue.toml --upstream files={files} --upstream letters={letters} \
         --upstream-header files/Authorization=file:key --listen 127.0.0.1:0 --json"
    );
    let mut gateway = Gateway::start(&scene, &flags);
    let told: Value = serde_json::from_str(&gateway.line()).unwrap();
    assert_eq!(told["servers"][1], serde_json::json!({ "name": "letters", "path": "/letters/mcp" }), "{told}");
    assert_eq!(told.get("bearer"), None);
    let address = told["listen"].as_str().unwrap().strip_prefix("http://").unwrap();
    let sealed = format!("Bearer {}", scene.read("sealed").trim());
    let (status, answer) = call(address, "/files/mcp", Some(&sealed));
    assert_eq!((status, code(&answer)), (200, "none"), "{answer}");
    let heads = heads.lock().unwrap().concat();
    assert!(heads.contains("authorization: hunter2\r\n") && !heads.contains("wane1."), "{heads}");
    let (status, answer) = call(address, "/letters/mcp", Some(&sealed));
    assert_eq!((status, code(&answer)), (200, "deny-audience"), "{answer}");
    assert_eq!(call(address, "/files/mcp", None).0, 401);
    let said = gateway.stop();
    assert!(said.contains(r#"{"code":"deny-no-token","event":"denied","what":"tools/call"}"#), "{said}");
    assert!(!said.contains("hunter2") && !said.contains("wane1."), "{said}");
    scene.sh("wane audit verify --ledger sqlite:l.db").exits(0);
}

#[test]
fn a_token_of_its_own_is_behind_a_bearer_or_a_socket() {
    let scene = scene();
    let (files, heads) = server();
    let all = format!("--token tok --seal --catalogue one.toml --upstream {files}");
    let mut gateway = Gateway::start(&scene, &format!("{all} --listen 127.0.0.1:0"));
    let address = gateway.line().strip_prefix("listening on http://").unwrap().to_owned();
    assert_eq!(gateway.line(), format!("files: http://{address}/files/mcp"));
    let bearer = gateway.line().strip_prefix("bearer: ").unwrap().to_owned();
    assert_eq!(call(&address, "/mcp", Some(&format!("Bearer {bearer}"))).1["result"]["content"], serde_json::json!([]));
    assert_eq!(call(&address, "/mcp", None).0, 401);
    assert!(!gateway.stop().contains(&bearer));

    // What is written to a file is told nowhere else, and goes with the gateway; what was left behind is replaced.
    scene.write("bearer", &format!("{bearer}\nhttp://{address}\n"));
    let mut gateway = Gateway::start(&scene, &format!("{all} --listen 127.0.0.1:0 --bearer-file bearer"));
    let address = gateway.line().strip_prefix("listening on http://").unwrap().to_owned();
    let written = scene.read("bearer");
    let (shown, origin) = written.split_once('\n').unwrap();
    assert_ne!(shown, bearer);
    assert_eq!(origin, format!("http://{address}\n"));
    assert_eq!(scene.mode("bearer"), 0o600);
    assert_eq!(call(&address, "/mcp", Some(&format!("Bearer {shown}"))).0, 200);
    assert_eq!(call(&address, "/mcp", Some(&format!("Bearer {bearer}"))).0, 401);
    assert!(gateway.line().starts_with("files: "));
    // Another start does not take it away.
    scene
        .sh(&format!("timeout 20 wane mcp serve --root root.pub --ledger sqlite:l.db {all} --listen 127.0.0.1:0 --bearer-file bearer"))
        .fails(1, "use-file-exists");
    assert_eq!(scene.read("bearer"), written);
    // Nor does one whose port is taken, and it leaves none of its own.
    scene
        .sh(&format!(
            "timeout 20 wane mcp serve --root root.pub --ledger sqlite:l.db {all} --listen {address} --bearer-file b"
        ))
        .fails(1, "use-file");
    assert!(!scene.path("b").exists());
    let said = gateway.stop();
    assert!(!said.contains(shown) && !scene.path("bearer").exists(), "{said}");

    let mut gateway = Gateway::start(&scene, &format!("{all} --listen unix:wane.sock"));
    assert_eq!(gateway.line(), "listening on unix:wane.sock");
    assert_eq!(scene.mode("wane.sock"), 0o600);
    let mut stream = UnixStream::connect(scene.path("wane.sock")).unwrap();
    stream.write_all(request("/mcp", "localhost", None).as_bytes()).unwrap();
    assert_eq!(code(&answer(stream).1), "none");
    gateway.stop();
    assert!(!scene.path("wane.sock").exists());
    assert!(!heads.lock().unwrap().concat().contains("wane1."));
}

#[test]
fn a_server_is_started_that_knows_nothing() {
    let scene = scene();
    scene.write(
        "server.sh",
        "env > seen; ls /proc/self/fd > open\nwhile read -r line; do\n\
         printf '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[],\"from\":\"%s\"}}\\n' $$\ndone\n",
    );
    let flags = "--token env:SECRET --seal --catalogue one.toml --upstream 'sh server.sh' --listen 127.0.0.1:0";
    let ledger = "--root root.pub --ledger sqlite:l.db --bearer-file bearer";
    let line = format!(
        "SECRET=$(cat tok) MINE=1 WANE_TOKEN_FILE=tok; export SECRET MINE WANE_TOKEN_FILE; exec wane mcp serve {ledger} {flags}"
    );
    let mut child = shell(&scene.path(""), &line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut gateway = Gateway { child, output };
    let address = gateway.line().strip_prefix("listening on http://").unwrap().to_owned();
    let bearer = format!("Bearer {}", scene.read("bearer").lines().next().unwrap());
    let (status, answer) = call(&address, "/mcp", Some(&bearer));
    assert_eq!((status, &answer["result"]["content"]), (200, &serde_json::json!([])), "{answer}");
    let seen = scene.read("seen");
    assert!(seen.contains("MINE=1") && !seen.contains("WANE_") && !seen.contains("SECRET"), "{seen}");
    assert!(scene.read("open").lines().all(|fd| fd.parse::<u32>().unwrap() <= 3), "{}", scene.read("open"));
    gateway.stop();
}

#[test]
fn what_is_not_whole_does_not_start() {
    let scene = scene();
    scene.write("other", "not a bearer");
    scene.sh("wane mint --key root.pem --aud mail --scope 'read:*' --ledger sqlite:l.db -o mail").exits(0);
    let (ledger, local) = ("--root root.pub --ledger sqlite:l.db", "--listen 127.0.0.1:0");
    let url = "--upstream http://127.0.0.1:9/mcp";
    for (flags, exit, word) in [
        (format!("--catalogue one.toml {url} {local}"), 2, "use-arguments"),
        (format!("--client-tokens --seal --catalogue one.toml {url} {local}"), 2, "use-arguments"),
        (format!("--client-tokens --token tok --catalogue one.toml {url} {local}"), 2, "use-arguments"),
        (format!("--seal --catalogue one.toml {url} {local}"), 2, "use-arguments"),
        (format!("--client-tokens --catalogue one.toml {local}"), 2, "use-arguments"),
        (format!("--client-tokens --catalogue one.toml {url}"), 2, "use-arguments"),
        (format!("--client-tokens --catalogue one.toml {url} --listen localhost"), 2, "use-arguments"),
        (format!("--client-tokens --catalogue one.toml {url} --listen 0.0.0.0:0"), 2, "use-arguments"),
        (format!("--token tok --seal --catalogue one.toml {url} --listen 0.0.0.0:0"), 2, "use-arguments"),
        (format!("--token tok --seal --without-tls --catalogue one.toml {url} {local}"), 2, "use-arguments"),
        (format!("--client-tokens --catalogue catalogue.toml {url} {local}"), 2, "use-arguments"),
        (format!("--client-tokens --catalogue catalogue.toml --upstream web=http://a/ {local}"), 2, "parse-catalogue"),
        (format!("--client-tokens --catalogue one.toml {url} {url} {local}"), 2, "use-arguments"),
        (format!("--client-tokens --catalogue one.toml --upstream 'server \"a b\"' {local}"), 2, "use-arguments"),
        (format!("--client-tokens --catalogue one.toml --upstream ' ' {local}"), 2, "use-arguments"),
        (format!("--client-tokens --catalogue one.toml --upstream localhost:1/mcp {local}"), 2, "use-arguments"),
        (
            format!("--client-tokens --catalogue one.toml --upstream server {local} --upstream-header X=env:HOME"),
            2,
            "use-arguments",
        ),
        (format!("--client-tokens --catalogue one.toml {url} {local} --upstream-header X=hunter2"), 2, "use-arguments"),
        (
            format!("--client-tokens --catalogue one.toml {url} {local} --upstream-header Host=env:HOME"),
            2,
            "use-arguments",
        ),
        (
            format!("--client-tokens --catalogue one.toml {url} {local} --upstream-header a/X=env:HOME"),
            2,
            "use-arguments",
        ),
        (format!("--client-tokens --catalogue one.toml {url} {local} --wane-aware web"), 2, "use-arguments"),
        (format!("--client-tokens --catalogue one.toml {url} {local} --bearer-file b"), 2, "use-arguments"),
        (format!("--token tok --seal --catalogue one.toml {url} --listen unix:s --bearer-file b"), 2, "use-arguments"),
        (format!("--token tok --seal --catalogue one.toml {url} {local} --bearer-file other"), 1, "use-file-exists"),
        (format!("--token mail --seal --catalogue one.toml {url} {local}"), 4, "chain-audience"),
        (format!("--client-tokens --catalogue one.toml {url} --listen unix:one.toml"), 1, "use-file"),
    ] {
        let ran = scene.sh(&format!("timeout 20 wane mcp serve {ledger} {flags}")).fails(exit, word);
        assert!(!format!("{ran:?}").contains("hunter2"), "{flags}");
    }
    assert_eq!(scene.read("other"), "not a bearer");
    // A credential that goes in clear to a name is warned of.
    for (url, warned) in
        [("http://localhost:9/mcp", true), ("http://127.0.0.1:9/mcp", false), ("http://[::1]:9/", false)]
    {
        let flags = format!(
            "--client-tokens --catalogue one.toml --upstream {url} --upstream-header X=file:key --listen unix:one.toml"
        );
        let ran = scene.sh(&format!("timeout 20 wane mcp serve {ledger} {flags}")).fails(1, "use-file");
        assert_eq!(ran.err.contains("goes unencrypted to whoever listens"), warned, "{url}: {ran:?}");
    }
}
