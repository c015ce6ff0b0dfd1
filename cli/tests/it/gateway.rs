//! `wane mcp run`: a real server behind it, and everything that can go wrong around it.

mod asking;
mod terminal;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scene::{Ran, Scene, run, shell};

const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
level = "public"
[server.files.tool.salaries]
action = "read:hr"
level = "restricted"
[server.files.tool.post]
action = "send:web"
level = "public"
"#;

/// A server in shell: it gives back whatever it was asked, under the id that it was asked with.
const SERVER: &str = r#"
while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    [ -z "$id" ] || printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"from":"%s"}}\n' "$id" "$$"
done
"#;

/// A ledger, a root, a token that may read and send, and a catalogue.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.write("catalogue.toml", CATALOGUE);
    scene.write("server.sh", SERVER);
    scene.sh("wane keygen root.pem > root.pub").exits(0);
    let scopes = "--scope 'read:*' --scope 'send:*'";
    scene.sh(&format!("wane mint --key root.pem --aud files {scopes} --ledger sqlite:l.db -o tok")).exits(0);
    scene
}

const RUN: &str = "wane mcp run --catalogue catalogue.toml --token tok --root root.pub --ledger sqlite:l.db";

fn call(id: u32, tool: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#)
}

/// A gateway that runs, and its client's pipes.
struct Gateway {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Gateway {
    fn start(scene: &Scene, line: &str) -> Self {
        let mut command = shell(&scene.path(""), &format!("exec {line}"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn ask(&mut self, line: &str) -> Value {
        self.send(line);
        self.next()
    }

    fn send(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    fn next(&mut self) -> Value {
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
    }

    /// Closes the client's end; the exit code.
    fn close(mut self) -> i32 {
        drop(self.input.take());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
    }
}

fn code(answer: &Value) -> &str {
    answer["result"]["_meta"]["dev.wane/denied"]["code"].as_str().unwrap_or("none")
}

/// Whether a process of this id is there and is no zombie.
fn lives(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}

#[track_caller]
fn is_gone(id: &str) {
    let until = Instant::now() + Duration::from_secs(10);
    while lives(id) {
        assert!(Instant::now() < until, "{id} is still there");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn asked(scene: &Scene, flags: &str, lines: &[String]) -> Ran {
    scene.write("in", &(lines.join("\n") + "\n"));
    run(&mut shell(&scene.path(""), &format!("(cat in; sleep 1) | {RUN} {flags} -- sh server.sh")))
}

#[test]
fn what_a_session_has_read_counts_in_every_gateway() {
    let scene = scene();
    let line = format!("{RUN} -- sh server.sh");
    let (mut one, mut two) = (Gateway::start(&scene, &line), Gateway::start(&scene, &line));
    assert_eq!(code(&one.ask(&call(1, "post"))), "none");
    assert_eq!(code(&two.ask(&call(1, "post"))), "none");
    let read = one.ask(&call(2, "salaries"));
    assert_eq!(read["result"]["_meta"]["dev.wane/mark"]["level"], "restricted");
    assert_eq!(code(&two.ask(&call(2, "post"))), "deny-ratchet");
    assert_eq!(code(&one.ask(&call(3, "post"))), "deny-ratchet");
    assert_eq!((one.close(), two.close()), (0, 0));
    let mut three = Gateway::start(&scene, &line);
    assert_eq!(code(&three.ask(&call(1, "post"))), "deny-ratchet");
    assert_eq!(code(&three.ask(&call(2, "read"))), "none");
    assert_eq!(three.close(), 0);
    // The log has the admissions and the denials, each gateway's beginning and its end, and verifies.
    let log = scene.sh("wane audit query --ledger sqlite:l.db --json").exits(0).out;
    let count = |word: &str| log.matches(word).count();
    assert_eq!((count(r#""deny-ratchet""#), count(r#"closed"#)), (3, 3), "{log}");
    scene.sh("wane audit verify --ledger sqlite:l.db").exits(0);
}

#[test]
fn what_a_trusted_result_returned_counts_in_every_gateway() {
    let scene = Scene::new();
    let tools = "[server.files]\naudience = 'files'\n[server.files.tool.list]\naction = 'read:list'\nlevel = 'public'\n\
                 trusted = { ids = ['/ids/*'] }\n[server.files.tool.get]\naction = 'read:one'\nlevel = 'public'\n";
    scene.write("catalogue.toml", tools);
    let content = r#""content":[],"structuredContent":{"ids":[7,8]}"#;
    scene.write("server.sh", &SERVER.replace(r#""content":[]"#, content));
    scene.sh("wane keygen root.pem > root.pub").exits(0);
    let mint = "wane mint --key root.pem --aud files --scope read:list --scope 'read:one if key seen ids' --ledger sqlite:l.db";
    scene.sh(&format!("{mint} -o tok && {mint} -o other")).exits(0);
    let line = format!("{RUN} -- sh server.sh");
    let get = |id: u32, value: u32| call(id, "get").replace("{}", &format!(r#"{{"key":{value}}}"#));
    let (mut one, mut two) = (Gateway::start(&scene, &line), Gateway::start(&scene, &line));
    assert_eq!(code(&two.ask(&get(1, 7))), "deny-condition");
    assert_eq!(code(&one.ask(&call(1, "list"))), "none");
    assert_eq!((code(&two.ask(&get(2, 7))), code(&one.ask(&get(2, 8)))), ("none", "none"));
    assert_eq!(code(&two.ask(&get(3, 9))), "deny-condition");
    assert_eq!((one.close(), two.close()), (0, 0));
    // Another session of the same agent has seen nothing.
    let mut three = Gateway::start(&scene, &line.replace("--token tok", "--token other"));
    assert_eq!(code(&three.ask(&get(1, 7))), "deny-condition");
    assert_eq!(three.close(), 0);
    scene.sh("wane audit replay --root root.pub --ledger sqlite:l.db").exits(0);
}

#[test]
fn what_goes_no_further_is_told_on_standard_error() {
    let scene = scene();
    let lines = [call(1, "shell"), "[]".to_owned(), call(2, "read")];
    let ran = asked(&scene, "", &lines).exits(0);
    assert!(ran.err.contains("note: denied tools/call: deny-unlisted\n"), "{ran:?}");
    assert!(ran.err.contains("note: dropped from the client: a message is one object"), "{ran:?}");
    assert_eq!(ran.out.lines().count(), 2, "{ran:?}");
    let ran = asked(&scene, "--json", &lines).exits(0);
    let told: Vec<Value> = ran.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(told[0], serde_json::json!({ "event": "denied", "what": "tools/call", "code": "deny-unlisted" }));
    assert_eq!(told[1]["event"], "dropped");
}

#[test]
fn requests_may_bring_their_own_token() {
    let scene = scene();
    scene.sh("wane seal tok -o sealed && wane mint --key root.pem --aud mail --scope 'read:*' -o other").exits(0);
    let line = "wane mcp run --catalogue catalogue.toml --client-tokens --root root.pub --ledger sqlite:l.db";
    let mut gateway = Gateway::start(&scene, &format!("{line} -- sh server.sh"));
    let with = |id: u32, token: &str| {
        let meta = format!(r#""_meta":{{"dev.wane/token":"{}"}},"name""#, token.trim());
        call(id, "read").replacen(r#""name""#, &meta, 1)
    };
    assert_eq!(code(&gateway.ask(&with(1, &scene.read("sealed")))), "none");
    assert_eq!(code(&gateway.ask(&call(2, "read"))), "deny-no-token");
    let unsealed = gateway.ask(&with(3, &scene.read("tok")));
    assert_eq!(unsealed["error"]["data"]["dev.wane/denied"]["code"], "chain-unsealed");
    let secret = scene.read("tok");
    assert!(!unsealed.to_string().contains(secret.trim().split('.').nth(2).unwrap()));
    assert_eq!(gateway.close(), 0);
}

#[test]
fn neither_outlives_the_other() {
    let scene = scene();
    let line = format!("{RUN} -- sh server.sh");
    for (signal, expected) in [("-TERM", Some(0)), ("-INT", Some(0)), ("-HUP", Some(0)), ("-KILL", None)] {
        let mut gateway = Gateway::start(&scene, &line);
        let server = gateway.ask(&call(1, "read"))["result"]["from"].as_str().unwrap().to_owned();
        assert!(lives(&server));
        gateway.signal(signal);
        assert_eq!(gateway.child.wait().unwrap().code(), expected, "{signal}");
        is_gone(&server);
    }
    let ran = scene.sh(&format!("sleep 3 | {RUN} -- sh -c 'exit 7'")).fails(1, "use-file");
    assert!(ran.err.contains("the server has ended by itself: exit status: 7"), "{ran:?}");
    // Standard output is the client's, whatever happens.
    let ran = scene.sh(&format!("sleep 3 | {RUN} --json -- sh -c 'exit 7'")).fails(1, "use-file");
    assert_eq!(ran.out, "", "{ran:?}");
}

#[test]
fn the_server_is_told_nothing_of_what_the_gateway_was_given() {
    let scene = scene();
    let line = "sleep 3 | WANE_TOKEN_FILE=tok WANE_LEDGER=sqlite:l.db WANE_ROOTS=root.pub SECRET=$(cat tok) MINE=1 \
                wane mcp run --catalogue catalogue.toml --token env:SECRET -- sh -c 'env > seen'";
    scene.sh(line).exits(1);
    // Nor does it find open what the gateway was given open.
    let line = format!(
        "sleep 3 | {} -- sh -c 'ls /proc/self/fd > open; cat <&7 >> open' 7< tok",
        RUN.replace("--token tok", "--token fd:7")
    );
    scene.sh(&line).exits(1);
    let open = scene.read("open");
    assert!(!open.contains("wane1") && !open.lines().any(|fd| fd == "7"), "{open}");
    let seen = scene.read("seen");
    assert!(seen.contains("MINE=1") && !seen.contains("WANE_") && !seen.contains("SECRET"), "{seen}");
}

#[cfg(target_os = "linux")]
#[test]
fn nobody_of_the_same_user_looks_into_a_gateway() {
    let scene = scene();
    // Root may look anywhere unless everybody here gives that up.
    let drop = "setpriv --bounding-set=-all --inh-caps=-all";
    let drop = if scene.sh(&format!("{drop} true")).code == 0 { drop } else { "" };
    let start = |line: &str| Gateway::start(&scene, &format!("{drop} env HUSH=hush-7 {line}"));
    let read = |id: u32| scene.sh(&format!("{drop} cat /proc/{id}/environ"));
    // Of a process that does not forbid it all is read.
    let mut other = start("sh server.sh");
    other.ask(&call(1, "read"));
    let looked = read(other.child.id());
    assert!(looked.out.contains("hush-7"), "{}", looked.err);
    other.close();
    let mut gateway = start(&format!("{RUN} -- sh server.sh"));
    assert_eq!(code(&gateway.ask(&call(1, "read"))), "none");
    let looked = read(gateway.child.id());
    assert!(looked.code != 0 && looked.out.is_empty(), "{}", looked.err);
    assert_eq!(gateway.close(), 0);
}

#[test]
fn what_is_not_whole_does_not_start() {
    let scene = scene();
    scene.write("two.toml", &format!("{CATALOGUE}\n[server.mail]\naudience = \"mail\"\n"));
    scene.write("typo.toml", &CATALOGUE.replace("action", "actoin"));
    scene.sh("wane keygen other.pem > other.pub && wane seal tok -o sealed").exits(0);
    let (ledger, server) = ("--ledger sqlite:l.db", "-- sh -c 'touch started'");
    for (flags, exit, word) in [
        ("--token tok --root root.pub --catalogue nope.toml", 1, "use-file"),
        ("--token tok --root root.pub --catalogue typo.toml", 2, "parse-catalogue"),
        ("--token tok --root root.pub --catalogue two.toml", 2, "use-arguments"),
        ("--token tok --root root.pub --catalogue two.toml --server web", 2, "parse-catalogue"),
        ("--token tok --root root.pub --catalogue two.toml --server mail", 4, "chain-audience"),
        ("--token tok --root root.pub --catalogue catalogue.toml --aud mail", 2, "parse-catalogue"),
        ("--token tok --root other.pub --catalogue catalogue.toml", 4, "chain-unknown-root"),
        ("--token sealed --root root.pub --catalogue catalogue.toml", 4, "parse-prefix"),
        ("--token - --root root.pub --catalogue catalogue.toml", 2, "use-stdin-twice"),
        ("--token tok --client-tokens --root root.pub --catalogue catalogue.toml", 2, "use-arguments"),
        ("--root root.pub --catalogue catalogue.toml", 2, "use-arguments"),
        ("--token tok --root root.pub", 2, "use-arguments"),
        ("--token tok --catalogue catalogue.toml", 2, "use-no-root"),
        ("--token tok --root root.pub --catalogue catalogue.toml --mode enforcee", 2, "use-arguments"),
    ] {
        scene.sh(&format!("wane mcp run {ledger} {flags} {server}")).fails(exit, word);
        assert!(!scene.path("started").exists(), "{flags}");
    }
    let all = "wane mcp run --token tok --root root.pub --catalogue catalogue.toml";
    scene.sh(&format!("{all} {server}")).fails(2, "use-arguments");
    scene.sh(&format!("{all} --ledger memory: {server}")).fails(3, "state-volatile");
    scene.sh(&format!("{all} --ledger sqlite:none.db {server}")).exits(3);
    assert!(!scene.path("started").exists());
    scene.sh(&format!("{all} {ledger}")).fails(2, "use-arguments");
    let ran = scene.sh(&format!("sleep 3 | {all} {ledger} -- no-such-server")).fails(1, "use-file");
    assert!(ran.err.contains("the server `no-such-server` cannot be started"), "{ran:?}");
}

#[test]
fn the_folder_that_it_is_started_in_does_not_say_what_it_is_judged_by() {
    let scene = scene();
    scene.write(
        "wane.toml",
        "catalogue = 'catalogue.toml'\ntoken-file = 'tok'\nroots = 'root.pub'\nledger = 'sqlite:l.db'\n",
    );
    let all = ["--catalogue catalogue.toml", "--token tok", "--root root.pub", "--ledger sqlite:l.db"];
    for missing in 0..all.len() {
        let flags: Vec<_> =
            all.iter().enumerate().filter(|(number, _)| *number != missing).map(|(_, flag)| *flag).collect();
        let ran = scene.sh(&format!("wane mcp run {} -- sh -c 'touch started'", flags.join(" "))).exits(2);
        assert!(ran.err.contains("does not count here, and states roots, ledger, token-file, catalogue"), "{ran:?}");
        assert!(!scene.path("started").exists());
    }
    // It is the same file to whoever it belongs to.
    scene
        .sh("mkdir -p .config/wane && mv wane.toml .config/wane && cp catalogue.toml tok root.pub l.db .config/wane")
        .exits(0);
    scene.sh("wane mcp run -- sh -c 'touch started; cat'").exits(0);
    assert!(scene.path("started").exists());
}

#[test]
fn a_ledger_that_is_gone_denies_and_comes_back() {
    let scene = scene();
    let mut gateway = Gateway::start(&scene, &format!("{RUN} -- sh server.sh"));
    assert_eq!(code(&gateway.ask(&call(1, "read"))), "none");
    // Somebody else holds it for longer than anybody waits.
    let lock = "import sqlite3,sys; c = sqlite3.connect('l.db', isolation_level=None); c.execute('BEGIN EXCLUSIVE'); \
                print('held', flush=True); sys.stdin.read()";
    let mut holder = shell(&scene.path(""), &format!("exec python3 -c \"{lock}\""))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut held).unwrap();
    assert_eq!(held, "held\n");
    assert_eq!(code(&gateway.ask(&call(2, "read"))), "state-locked");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    assert_eq!(code(&gateway.ask(&call(3, "read"))), "none");
    assert_eq!(gateway.close(), 0);
}

/// A server that tells its tools, each of them once a page.
fn pages(tools: &[&str]) -> String {
    let mut script = String::from(
        "while read -r line; do\nid=$(printf '%s' \"$line\" | sed -n 's/.*\"id\":\\([0-9]*\\).*/\\1/p')\n",
    );
    script.push_str("case \"$line\" in\n*server/discover*) printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":-32601,\"message\":\"no\"}}\\n' \"$id\" ;;\n");
    for (number, tool) in tools.iter().enumerate().skip(1) {
        let next =
            if number + 1 < tools.len() { format!(",\"nextCursor\":\"p{}\"", number + 1) } else { String::new() };
        script.push_str(&format!(
            "*'\"cursor\":\"p{number}\"'*) printf '{{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{{\"tools\":[%s]{next}}}}}\\n' \"$id\" '{tool}' ;;\n"
        ));
    }
    let next = if tools.len() > 1 { ",\"nextCursor\":\"p1\"" } else { "" };
    script.push_str(&format!(
        "*tools/list*) printf '{{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{{\"tools\":[%s]{next}}}}}\\n' \"$id\" '{}' ;;\n",
        tools[0]
    ));
    script.push_str("*'\"id\"'*) printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{}}\\n' \"$id\" ;;\nesac\ndone\n");
    script
}

#[test]
fn a_catalogue_is_drafted_and_compared() {
    let scene = Scene::new();
    let closed = r#"{"name":"a","annotations":{"readOnlyHint":true,"openWorldHint":false}}"#;
    scene.write("one.sh", &pages(&[closed, r#"{"name":"b"}"#, r#"{"name":"c"}"#]));
    scene.sh("wane mcp catalogue --server s -o c.toml -- sh one.sh").exits(0);
    let draft = scene.read("c.toml");
    assert!(["a", "b", "c"].iter().all(|tool| draft.contains(&format!("# [server.s.tool.{tool}]\n"))), "{draft}");
    let listed = scene.sh("wane policy check c.toml").exits(0).out;
    assert!(listed.contains("ok: s as s: 0 tools"), "{listed}");
    scene.sh("wane mcp catalogue --server s -o c.toml -- sh one.sh").fails(1, "use-file-exists");
    // What is no message is passed over, as the gateway does.
    scene.write("noisy.sh", &format!("echo 'listening on stdio'\n{}", pages(&[closed])));
    scene.sh("wane mcp catalogue --server s -- sh noisy.sh").exits(0);

    // Somebody takes the marks of the first away; the others are still missing.
    let marks = "sed '/tool.a]/,/digest/s/^# //' c.toml > whole.toml";
    scene.sh(marks).exits(0);
    let ran = scene.sh("wane mcp catalogue --catalogue whole.toml -- sh one.sh").exits(0);
    assert!(ran.out.contains("tool.b]") && !ran.out.contains("tool.a]") && !ran.out.contains("audience"), "{ran:?}");
    scene.write("two.sh", &pages(&[&closed.replace("false", "true")]));
    let ran = scene.sh("wane mcp catalogue --catalogue whole.toml -- sh two.sh").exits(6);
    assert!(
        ran.err.contains("`a` is not the tool that was pinned") && ran.err.contains("`a` is open-world"),
        "{ran:?}"
    );

    for (server, why) in [
        ("sleep 60", "does not answer in time"),
        ("true", "ended before it had answered"),
        ("sh -c 'echo nonsense; sleep 9'", "does not answer in time"),
        (
            r#"sh -c 'echo "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1,\"a\":2}}"; sleep 9'"#,
            "does not tell its tools: a member stands twice",
        ),
        ("cat", "does not answer in time"),
    ] {
        let ran = scene.sh(&format!("wane mcp catalogue --server s --patience 2s -- {server}")).fails(1, "use-file");
        assert!(ran.err.contains(why), "{ran:?}");
    }
    scene.sh("wane mcp catalogue -- sh one.sh").fails(2, "use-arguments");
    scene.sh("wane mcp catalogue --server s").fails(2, "use-arguments");
    scene.sh("wane mcp catalogue files").fails(2, "use-arguments");
    scene.sh("wane mcp catalogue --server 'S S' -- sh one.sh").fails(2, "parse-name");
}

#[test]
fn the_servers_of_a_client_are_drafted_together() {
    let scene = Scene::new();
    scene.write("one.sh", &pages(&[r#"{"name":"a"}"#]));
    scene.write("two.sh", &format!("[ \"$KEY\" = hidden-7 ] || exit 9\n{}", pages(&[r#"{"name":"b"}"#])));
    let start = |script: &str| format!(r#""command":"sh","args":["{script}"]"#);
    let (one, two) = (start("one.sh"), start("two.sh"));
    let config = format!(
        r#"{{"mcpServers":{{"one":{{{one}}}, "two":{{{two},"env":{{"KEY":"hidden-7"}}}}, "web":{{"url":"https://example.com/mcp"}} }} }}"#
    );
    scene.write("mcp.json", &config);
    scene.sh("wane mcp catalogue one two --path mcp.json -o c.toml").exits(0);
    let draft = scene.read("c.toml");
    assert!(draft.contains("# [server.one.tool.a]\n") && draft.contains("# [server.two.tool.b]\n"), "{draft}");
    assert!(!draft.contains("hidden-7") && draft.matches("# A draft").count() == 1, "{draft}");
    let listed = scene.sh("wane policy check c.toml").exits(0).out;
    assert!(listed.contains("ok: one as one: 0 tools") && listed.contains("ok: two as two: 0 tools"), "{listed}");

    // A gateway before a server is passed by, and one that cannot be asked does not stop the others.
    scene.sh("touch tok root.pub").exits(0);
    let flags = "--catalogue c.toml --token tok --root root.pub --ledger sqlite:l.db";
    scene.sh(&format!("wane mcp enforce --path mcp.json --server one {flags}")).exits(0);
    let ran = scene.sh("wane --json mcp catalogue --path mcp.json").exits(1);
    let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let names: Vec<&str> =
        answer["servers"].as_array().unwrap().iter().map(|one| one["server"].as_str().unwrap()).collect();
    assert_eq!(names, ["one", "two"], "{answer}");
    assert!(ran.err.contains("`url`"), "{ran:?}");
    scene.sh("wane mcp catalogue three --path mcp.json").fails(2, "use-arguments");
    scene.sh("wane mcp catalogue web --path mcp.json").fails(1, "use-file");
    scene.sh("wane mcp catalogue one --path nowhere.json").fails(1, "use-file");
}

#[test]
fn what_needs_approval_is_admitted_once_somebody_has_approved_it() {
    let scene = scene();
    scene.sh("wane keygen approver.pem > approver.pub").exits(0);
    let mint = "wane mint --key root.pem --aud files --scope 'send:*' --ask \"send:* by $(cat approver.pub)\" \
                --ledger sqlite:l.db -o asking.tok";
    scene.sh(mint).exits(0);
    let line = format!("{} -- sh server.sh", RUN.replace("--token tok", "--token asking.tok"));
    let mut gateway = Gateway::start(&scene, &line);
    let post = |id: u32, text: &str| call(id, "post").replace("{}", &format!(r#"{{"text":"{text}"}}"#));
    let asks = gateway.ask(&post(1, "hello"));
    assert_eq!(code(&asks), "deny-needs-approval");
    let digest = asks["result"]["_meta"]["dev.wane/denied"]["request"].as_str().unwrap().to_owned();
    let approve =
        format!("wane approve {} --key approver.pem --yes --root root.pub --ledger sqlite:l.db", &digest[..16]);
    scene.sh(&approve).exits(0);
    // It is for this call, with these arguments, and for once.
    assert_eq!(code(&gateway.ask(&post(2, "hello!"))), "deny-needs-approval");
    assert_eq!(code(&gateway.ask(&post(3, "hello"))), "none");
    assert_eq!(code(&gateway.ask(&post(4, "hello"))), "deny-needs-approval");
    assert_eq!(gateway.close(), 0);
}
