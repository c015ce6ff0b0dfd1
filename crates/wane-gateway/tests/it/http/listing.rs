//! What a server says while the gate asks it for its tools: none of it is mixed with what the client is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;
use wane_gateway::http::Limits;

use super::wire::{self, Answer, Server, result, switch, wait};
use super::{CATALOGUE, Gateway, Setting, call, lent, stateless};
use crate::scene::{Scene, Whose};

const TOOL: &str = r#"{"name":"read","inputSchema":{}}"#;
const ASKS: &str = r#"{"jsonrpc":"2.0","id":9,"method":"sampling/createMessage","params":{}}"#;
const ELICITS: &str = r#"{"jsonrpc":"2.0","id":9,"method":"elicitation/create","params":{}}"#;
const SAYS: &str = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"x"}}"#;
const OTHER: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":["forged"]}}"#;
const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

/// A server that says these before its list, and those behind it.
fn server(before: &'static [&'static str], behind: &'static [&'static str]) -> Server {
    Server::start(move |request, out| {
        let json = request.json();
        if json["method"] != "tools/list" {
            return match json["method"] {
                Value::Null => out.whole("202 Accepted", "", ""),
                _ => out.json(&result(&json["id"], "[]")),
            };
        }
        out.events("");
        let list = format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"tools":[{TOOL}]}}}}"#, json["id"]);
        let all = before.iter().copied().chain([list.as_str()]).chain(behind.iter().copied());
        // Whoever asked may have gone once it has the list.
        let _: std::io::Result<()> = out.write(&all.map(|message| format!("data: {message}\n\n")).collect::<String>());
    })
}

struct Talk {
    gateway: Gateway,
    token: String,
}

impl Talk {
    fn before(server: &Server, scopes: &[&str]) -> Self {
        Self::within(server, scopes, Limits::default())
    }

    fn within(server: &Server, scopes: &[&str], limits: Limits) -> Self {
        let digest = wane_policy::ToolDigest::of_json(TOOL.as_bytes()).unwrap();
        let pinned = CATALOGUE.replacen("level = \"public\"", &format!("level = \"public\"\ndigest = \"{digest}\""), 1);
        let scene = Scene::new(&pinned, scopes, &[], Whose::Client);
        let token = format!("Bearer {}", scene.sealed());
        let setting = Setting { limits, ..Setting::default() };
        Self { gateway: Gateway::with(scene, &[("files", server)], setting), token }
    }

    fn call(&self, tool: &str, more: &[(&'static str, &str)], meta: &str) -> Answer {
        let (mut headers, body) = stateless(1, tool, meta);
        headers.push(("authorization", self.token.clone()));
        headers.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.gateway.post("/mcp", &lent(&headers), &body)
    }
}

fn read(server: &Server, scopes: &[&str]) -> Answer {
    Talk::before(server, scopes).call("read", &[], "")
}

fn asked(server: &Server) -> Vec<String> {
    server.take().iter().map(|request| request.json()["method"].as_str().unwrap_or("none").to_owned()).collect()
}

#[test]
fn a_denial_is_one_answer_whatever_the_server_asks_meanwhile() {
    for before in [&[ASKS][..], &[ELICITS], &[SAYS; 64], &[OTHER], &[ASKS, SAYS, "no message"]] {
        let server = server(before, &[]);
        let denied = read(&server, &["send:*"]);
        assert_eq!(denied.code(), "deny-scope", "{before:?}: {denied:?}");
        assert_eq!(denied.header("content-type"), Some("application/json"), "{before:?}: {denied:?}");
        // Nothing else went to it under the client's head.
        assert_eq!(asked(&server), ["tools/list"], "{before:?}");
    }
}

#[test]
fn what_is_admitted_goes_on_and_is_answered_alone() {
    for (before, behind) in
        [(&[ASKS, SAYS][..], &[][..]), (&[], &[ASKS, ELICITS, SAYS, OTHER]), (&[OTHER, ELICITS], &[SAYS])]
    {
        let server = server(before, behind);
        let answer = read(&server, &["read:*"]);
        assert_eq!(answer.body, result(&Value::from(1), "[]"), "{before:?} {behind:?}: {answer:?}");
        assert_eq!(asked(&server), ["tools/list", "tools/call"], "{before:?} {behind:?}");
    }
}

#[test]
fn a_change_is_heard_there_as_well() {
    assert_eq!(read(&server(&[CHANGED], &[]), &["read:*"]).code(), "deny-pin");
}

#[test]
fn a_server_that_breaks_off_is_not_waited_for() {
    let server = Server::start(|_, out| out.whole("500 Internal Server Error", "", ""));
    let since = std::time::Instant::now();
    assert_eq!(read(&server, &["read:*"]).code(), "deny-pin");
    assert!(since.elapsed() < std::time::Duration::from_secs(8), "{:?}", since.elapsed());
}

#[test]
fn who_goes_away_leaves_its_place_and_says_nothing_of_the_server() {
    use std::io::Write as _;
    use std::sync::Mutex;
    let (seen, sees) = std::sync::mpsc::channel();
    let first = Mutex::new(Some(seen));
    let server = Server::start(move |request, out| {
        let json = request.json();
        let told = first.lock().unwrap().take();
        match json["method"].as_str() {
            Some("tools/list") => match told {
                Some(seen) => {
                    seen.send(()).unwrap();
                    out.wait_until_gone();
                }
                None => out.json(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"tools":[{TOOL}]}}}}"#, json["id"])),
            },
            _ => out.json(&result(&json["id"], "[]")),
        }
    });
    let talk = Talk::within(&server, &["read:*"], Limits { deciding: 1, ..Limits::default() });
    let (mut headers, body) = stateless(1, "read", "");
    headers.push(("authorization", talk.token.clone()));
    let mut gone = wire::connect(talk.gateway.address());
    let text = wire::request("POST", &talk.gateway.address().to_string(), "/mcp", &lent(&headers), &body);
    gone.write_all(text.as_bytes()).unwrap();
    sees.recv_timeout(std::time::Duration::from_secs(10)).unwrap();
    drop(gone);
    let since = std::time::Instant::now();
    assert_eq!(talk.call("read", &[], "").code(), "none");
    assert!(since.elapsed() < std::time::Duration::from_secs(5), "{:?}", since.elapsed());
}

#[test]
fn a_server_that_tells_its_tools_slowly_takes_no_place_of_anothers_large_body() {
    use std::io::Write as _;
    let (seen, sees) = std::sync::mpsc::channel();
    let seen = std::sync::Mutex::new(seen);
    let slow = Server::start(move |_, out| {
        seen.lock().unwrap().send(()).unwrap();
        out.wait_until_gone();
    });
    let echo = Server::echo();
    let digest = wane_policy::ToolDigest::of_json(TOOL.as_bytes()).unwrap();
    let pinned = CATALOGUE.replacen("level = \"public\"", &format!("level = \"public\"\ndigest = \"{digest}\""), 1);
    let scene = Scene::new(&format!("{pinned}[server.other]\naudience = \"other\"\n"), &["read:*"], &[], Whose::Client);
    let token = format!("Bearer {}", scene.sealed());
    let setting = Setting { limits: Limits { large_bodies: 1, ..Limits::default() }, ..Setting::default() };
    let gateway = Gateway::with(scene, &[("files", &slow), ("other", &echo)], setting);
    let padding = format!(r#","x/y":"{}""#, "y".repeat(90_000));
    let (mut headers, body) = stateless(1, "read", &padding);
    headers.push(("authorization", token));
    let mut waits = wire::connect(gateway.address());
    let text = wire::request("POST", &gateway.address().to_string(), "/files/mcp", &lent(&headers), &body);
    waits.write_all(text.as_bytes()).unwrap();
    sees.recv_timeout(std::time::Duration::from_secs(10)).unwrap();
    let since = std::time::Instant::now();
    let ping = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#, "y".repeat(90_000));
    assert_eq!(gateway.post("/other/mcp", &[], &ping).code(), "none");
    assert!(since.elapsed() < std::time::Duration::from_secs(5), "{:?}", since.elapsed());
    drop(waits);
}

#[test]
fn a_list_that_goes_on_in_a_way_of_its_own_is_none() {
    for (next, code) in [("5", "deny-pin"), ("{}", "deny-pin"), ("null", "none")] {
        let server = Server::start(move |request, out| {
            let json = request.json();
            match json["method"] == "tools/list" {
                true => out.json(&format!(
                    r#"{{"jsonrpc":"2.0","id":{},"result":{{"tools":[{TOOL}],"nextCursor":{next}}}}}"#,
                    json["id"]
                )),
                false => out.json(&result(&json["id"], "[]")),
            }
        });
        assert_eq!(read(&server, &["read:*"]).code(), code, "{next}");
    }
}

const ANOTHER: &str = r#"{"name":"read","inputSchema":{"x":1}}"#;

/// A server that lists this one tool. It begins a session for whoever asks, and says that its tools have changed with every answer to
/// `salaries`.
fn telling(tool: impl Fn() -> &'static str + Send + Sync + 'static) -> Server {
    let sessions = AtomicUsize::new(0);
    Server::start(move |request, out| {
        let json = request.json();
        match json["method"].as_str() {
            Some("initialize") => {
                let session = sessions.fetch_add(1, Ordering::SeqCst);
                let head = format!("content-type: application/json\r\nmcp-session-id: s{session}\r\n");
                out.whole("200 OK", &head, &result(&json["id"], "[]"));
            }
            Some("tools/list") => {
                let tool = tool();
                out.json(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"tools":[{tool}]}}}}"#, json["id"]));
            }
            _ if json["params"]["name"] == "salaries" => {
                out.events("");
                out.write(&format!("data: {CHANGED}\n\ndata: {}\n\n", result(&json["id"], "[]"))).unwrap();
            }
            _ => out.json(&result(&json["id"], "[]")),
        }
    })
}

/// One whose tool changes when it is told to.
fn changing() -> (Arc<AtomicBool>, Server) {
    let changed = Arc::new(AtomicBool::new(false));
    let is_changed = Arc::clone(&changed);
    (changed, telling(move || if is_changed.load(Ordering::SeqCst) { ANOTHER } else { TOOL }))
}

#[test]
fn what_was_just_listed_is_not_asked_for_again() {
    let (changed, server) = changing();
    let talk = Talk::before(&server, &["read:*"]);
    let (both, once) = (&["tools/list", "tools/call"][..], &["tools/call"][..]);
    let calls = |more: &[(&'static str, &str)], meta: &str, expected: &[&str]| {
        assert_eq!(talk.call("read", more, meta).code(), "none");
        assert_eq!(asked(&server), expected, "{more:?} {meta}");
    };
    calls(&[], "", both);
    calls(&[], "", once);
    // What asks for news of the call says nothing about the list.
    calls(&[], r#","progressToken":7"#, once);
    // Whoever says something else to the server may be listed something else.
    calls(&[("x-tenant", "b")], "", both);
    calls(&[("x-tenant", "b")], "", once);
    calls(&[], r#","x/tenant":"b""#, both);
    // Whoever hears of a change hears it for all.
    assert_eq!(talk.call("salaries", &[], "").status, 200);
    asked(&server);
    calls(&[("x-tenant", "b")], "", both);
    calls(&[], "", both);
    calls(&[], "", once);
    // So does one that is denied since it was listed another tool.
    calls(&[("x-tenant", "b")], "", once);
    changed.store(true, Ordering::SeqCst);
    assert_eq!(talk.call("read", &[("x-tenant", "c")], "").code(), "deny-pin");
    asked(&server);
    for more in [&[("x-tenant", "b")][..], &[]] {
        assert_eq!(talk.call("read", more, "").code(), "deny-pin");
        assert_eq!(asked(&server), ["tools/list"]);
    }
    changed.store(false, Ordering::SeqCst);
    calls(&[], "", both);
    calls(&[], "", once);
    // And a client that is shown another list.
    changed.store(true, Ordering::SeqCst);
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    let list = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{{meta}}}}}"#);
    let head =
        [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list"), ("authorization", talk.token.as_str())];
    assert!(!talk.gateway.post("/mcp", &head, &list).body.contains("inputSchema"));
    asked(&server);
    for _ in 0..2 {
        assert_eq!(talk.call("read", &[], "").code(), "deny-pin");
        assert_eq!(asked(&server), ["tools/list"], "what differs is asked for each time");
    }
}

#[test]
fn what_one_session_has_listed_does_not_outlive_what_another_has_heard() {
    let (changed, server) = changing();
    let talk = Talk::before(&server, &["read:*"]);
    let begin = || {
        let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
        let answer = talk.gateway.post("/mcp", &[("authorization", &talk.token)], body);
        answer.header("mcp-session-id").unwrap().to_owned()
    };
    let (one, two) = (begin(), begin());
    let mut id = 0;
    let mut says = |session: &str, tool: &str, expected: &[&str]| {
        id += 1;
        let headers =
            [("mcp-session-id", session), ("mcp-protocol-version", "2025-06-18"), ("authorization", &talk.token)];
        let code = talk.gateway.post("/mcp", &headers, &call(id, tool)).code();
        assert_eq!(asked(&server), expected, "{session} {tool}");
        code
    };
    asked(&server);
    let (both, once) = (&["tools/list", "tools/call"][..], &["tools/call"][..]);
    assert_eq!(says(&one, "read", both), "none");
    assert_eq!(says(&one, "read", once), "none");
    // News on one is heard by the other,
    says(&two, "salaries", once);
    assert_eq!(says(&one, "read", both), "none");
    assert_eq!(says(&one, "read", once), "none");
    // and so is what one was listed, and was denied for.
    changed.store(true, Ordering::SeqCst);
    assert_eq!(says(&two, "read", &["tools/list"]), "deny-pin");
    assert_eq!(says(&one, "read", &["tools/list"]), "deny-pin");
}

#[test]
fn a_list_that_was_asked_for_before_the_news_says_nothing_of_what_came_behind_it() {
    let lists = AtomicUsize::new(0);
    let (arrived, arrives) = switch();
    let ((tell_first, first), (tell_second, second)) = (switch(), switch());
    let server = telling(move || {
        let number = lists.fetch_add(1, Ordering::SeqCst);
        arrived.send(()).unwrap();
        match number {
            0 => wait(&first),
            1 => wait(&second),
            _ => {}
        }
        // The first was made before the tool changed, and is told late.
        if number == 0 { TOOL } else { ANOTHER }
    });
    let talk = Talk::before(&server, &["read:*"]);
    let says = |session: Option<&str>, body: &str| {
        let mut headers = vec![("mcp-protocol-version", "2025-06-18"), ("authorization", &*talk.token)];
        headers.extend(session.map(|session| ("mcp-session-id", session)));
        talk.gateway.post("/mcp", &headers, body)
    };
    let begin = || {
        let answer = says(None, r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#);
        answer.header("mcp-session-id").unwrap().to_owned()
    };
    let (one, two) = (begin(), begin());
    let list = |id: u32| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list"}}"#);
    std::thread::scope(|scope| {
        let early = scope.spawn(|| says(Some(&one), &list(1)));
        wait(&arrives);
        says(Some(&two), &call(1, "salaries"));
        let late = scope.spawn(|| says(Some(&one), &list(2)));
        wait(&arrives);
        tell_first.send(()).unwrap();
        early.join().unwrap();
        assert_eq!(says(Some(&one), &call(3, "read")).code(), "deny-pin");
        tell_second.send(()).unwrap();
        late.join().unwrap();
    });
}

#[test]
fn a_server_that_has_just_not_told_its_tools_is_not_asked_again() {
    let server = Server::start(|_, out| out.whole("500 Internal Server Error", "", ""));
    let talk = Talk::before(&server, &["read:*"]);
    for expected in [&["tools/list"][..], &[]] {
        assert_eq!(talk.call("read", &[], "").code(), "deny-pin");
        assert_eq!(asked(&server), expected);
    }
}
