//! The older era: one connection in many exchanges.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wane_gateway::http::Limits;

use super::wire::{self, Answer, Out, Reading, Received, Server, result, switch, wait};
use super::{CATALOGUE, Gateway, Setting, call};
use crate::scene::{Scene, Whose};

const HELLO: &str =
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}"#;

/// A server that gives each client a session, and then does what `then` says.
fn server(then: impl Fn(&Received, &mut Out) + Send + Sync + 'static) -> Server {
    let begun = Mutex::new(0);
    Server::start(move |request, out| {
        if request.method != "POST" || request.json()["method"] != "initialize" {
            return then(request, out);
        }
        let mut begun = begun.lock().unwrap();
        *begun += 1;
        let capabilities = r#"{"capabilities":{"tools":{"listChanged":true}}}"#;
        let body = format!(r#"{{"jsonrpc":"2.0","id":0,"result":{capabilities}}}"#);
        out.whole("200 OK", &format!("content-type: application/json\r\nmcp-session-id: s{begun}\r\n"), &body);
    })
}

const NEWS: &str = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"news"}}"#;

struct Talk {
    gateway: Gateway,
    token: String,
}

impl Talk {
    fn before(server: &Server, limits: Limits) -> Self {
        let scene = Scene::new(CATALOGUE, &["read:*", "send:*"], &[], Whose::Client);
        let token = format!("Bearer {}", scene.sealed());
        let gateway = Gateway::with(scene, &[("files", server)], Setting { limits, ..Setting::default() });
        Self { gateway, token }
    }

    /// A session's id.
    fn begin(&self) -> String {
        let answer = self.gateway.post("/mcp", &[], HELLO);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("mcp-session-id").unwrap().to_owned()
    }

    fn headers<'a>(&'a self, session: &'a str) -> [(&'a str, &'a str); 3] {
        let version = ("mcp-protocol-version", "2025-11-25");
        [("authorization", self.token.as_str()), ("mcp-session-id", session), version]
    }

    fn say(&self, session: &str, body: &str) -> Answer {
        self.gateway.post("/mcp", &self.headers(session), body)
    }
}

#[test]
fn what_has_no_id_is_told_as_well_that_the_server_is_gone() {
    // It speaks no HTTP any more.
    let server = server(|_, out| out.write("gone\r\n\r\n").unwrap());
    let talk = Talk::before(&server, Limits::default());
    let id = talk.begin();
    for method in ["GET", "DELETE"] {
        let answer = wire::ask(talk.gateway.address(), method, "/mcp", &talk.headers(&id), "");
        let message = "the tool server cannot be reached, or broke off";
        assert_eq!((answer.status, &answer.json()["error"]["message"]), (502, &message.into()), "{method}: {answer:?}");
        assert_eq!((&answer.json()["id"], &answer.json()["error"]["code"]), (&Value::Null, &json!(1502)));
    }
}

#[test]
fn a_token_that_is_not_genuine_is_counted_once_wherever_it_is_shown() {
    let server = server(|request, out| match request.method == "POST" && request.json()["method"] == "tools/list" {
        true => {
            out.json(r#"{"jsonrpc":"2.0","id":3,"result":{"tools":[{"name":"read","inputSchema":{"type":"object"}}]}}"#)
        }
        false => out.whole("405 Method Not Allowed", "", ""),
    });
    let scene = Scene::new(CATALOGUE, &["read:*"], &[], Whose::Client);
    let other = format!("Bearer {}", Scene::new(CATALOGUE, &["read:*"], &[], Whose::Client).sealed());
    let unverified = scene.unverified();
    let talk = Talk { gateway: Gateway::before(scene, &server), token: other };
    let id = talk.begin();
    // Where it is judged by, and where nothing is judged.
    let ping = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    let told = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let list = r#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#;
    for body in [&*call(1, "read"), ping, told, list] {
        talk.say(&id, body);
    }
    wire::ask(talk.gateway.address(), "GET", "/mcp", &talk.headers(&id), "");
    talk.gateway.stop();
    assert_eq!(unverified(), 5);
}

#[test]
fn a_session_is_one_connection() {
    let (asked, asks) = (Arc::new(Mutex::new(Vec::<Value>::new())), Arc::new(Mutex::new(Vec::<Value>::new())));
    let (into, (more, comes)) = (Arc::clone(&asked), switch());
    let server = server(move |request, out| {
        if request.method == "GET" {
            out.events("");
            out.event(r#"{"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{}}"#).unwrap();
            out.event(r#"{"jsonrpc":"2.0","id":"r","method":"sampling/createMessage","params":{}}"#).unwrap();
            wait(&comes);
            out.event(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#).unwrap();
            return;
        }
        if request.method == "DELETE" {
            return out.whole("204 No Content", "", "");
        }
        let json = request.json();
        match (&json["method"], &json["id"]) {
            (Value::String(_), Value::Null) => out.whole("202 Accepted", "", ""),
            (Value::String(_), id) => out.json(&result(id, "[]")),
            _ => {
                into.lock().unwrap().push(json);
                out.whole("202 Accepted", "", "");
            }
        }
    });
    let talk = Talk::before(&server, Limits::default());
    let session = talk.begin();
    let initialized = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    assert_eq!(talk.say(&session, initialized).status, 202);
    // An answer to what nobody asked goes no further; the answer to what the server asked on another stream does, once.
    let answer = r#"{"jsonrpc":"2.0","id":"q","result":{"action":"decline"}}"#;
    assert_eq!(talk.say(&session, answer).status, 400);
    let mut reading = Reading::of(talk.gateway.address(), "GET", &talk.headers(&session), "");
    assert_eq!(reading.message()["method"], "elicitation/create");
    assert_eq!(talk.say(&session, answer).status, 202);
    assert_eq!(talk.say(&session, answer).status, 400);
    more.send(()).unwrap();
    assert_eq!(reading.message()["method"], "notifications/tools/list_changed");
    assert_eq!(reading.event(), None);
    // It was told what it may not ask, before it said the last.
    asks.lock().unwrap().extend(asked.lock().unwrap().drain(..));
    let asks = asks.lock().unwrap();
    let refused = asks.iter().find(|message| message["id"] == "r").expect("an answer to its own question");
    assert_eq!(refused["error"]["data"]["dev.wane/denied"]["code"], "deny-method");
    assert_eq!(asks.iter().filter(|message| message["id"] == "q").count(), 1, "{asks:?}");
    let received = server.take();
    assert!(received.iter().skip(1).all(|request| request.header("mcp-session-id") == Some("s1")), "{received:?}");
    assert!(!format!("{received:?}").contains("wane1."));

    let gone = wire::ask(talk.gateway.address(), "DELETE", "/mcp", &talk.headers(&session), "");
    assert_eq!(gone.status, 204);
    let late = talk.say(&session, &call(1, "read"));
    assert_eq!((late.status, &late.json()["id"]), (404, &json!(1)), "{late:?}");
}

#[test]
fn a_shorter_list_is_announced_where_the_server_announces_such() {
    let server = server(|request, out| out.json(&result(&request.json()["id"], "[]")));
    let talk = Talk::before(&server, Limits::default());
    let session = talk.begin();
    let answer = talk.say(&session, &call(1, "salaries"));
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let messages: Vec<&str> = answer.body.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!(messages.len(), 2, "{answer:?}");
    assert!(messages[0].contains("list_changed") && messages[1].contains("restricted"), "{answer:?}");
    // It was told: the next is a whole answer again.
    assert_eq!(talk.say(&session, &call(2, "salaries")).json()["result"]["_meta"], Value::Null);
}

#[test]
fn ids_are_those_of_one_connection_and_no_other() {
    let (go, goes) = switch();
    let (began, begins) = switch();
    let server = server(move |request, out| {
        let json = request.json();
        if json["params"]["name"] == "salaries" {
            began.send(()).unwrap();
            wait(&goes);
        }
        out.json(&result(&json["id"], "[]"));
    });
    let talk = Talk::before(&server, Limits::default());
    let (one, two) = (talk.begin(), talk.begin());
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| talk.say(&one, &call(1, "salaries")));
        wait(&begins);
        let same = talk.say(&one, &call(1, "read"));
        assert_eq!((same.status, same.code().as_str()), (400, "parse-message"));
        assert_eq!(talk.say(&two, &call(1, "read")).code(), "none");
        let cancelled = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
        assert_eq!(talk.say(&two, cancelled).status, 400);
        go.send(()).unwrap();
        assert_eq!(slow.join().unwrap().code(), "none");
    });
}

#[test]
fn a_stream_that_breaks_off_is_gone_on_with() {
    let server = server(|request, out| {
        let json = if request.method == "POST" { request.json() } else { Value::Null };
        match (request.method.as_str(), json["params"]["name"].as_str()) {
            ("GET", _) => {
                assert_eq!(request.header("last-event-id"), Some("e1"));
                out.events("");
                out.event(&result(&json!(1), "[]")).unwrap();
            }
            (_, Some("read")) => {
                out.events("");
                out.write("id: e1\ndata: \n\n").unwrap();
            }
            _ => out.events(""),
        }
    });
    let talk = Talk::before(&server, Limits::default());
    let session = talk.begin();
    let first = talk.say(&session, &call(1, "read"));
    assert_eq!(first.body, "id: e1\ndata: \n\n");
    let headers = [&talk.headers(&session)[..], &[("last-event-id", "e1")]].concat();
    let mut reading = Reading::of(talk.gateway.address(), "GET", &headers, "");
    assert_eq!(reading.message()["id"], 1);
    // Without a place to go on from, nobody waits any more.
    let last = talk.say(&session, &call(2, "post"));
    assert!(last.body.contains("1502"), "{last:?}");
}

#[test]
fn those_in_use_are_kept_and_the_oldest_others_make_room() {
    let (go, goes) = switch();
    let (began, begins) = switch();
    let server = server(move |request, out| {
        let json = request.json();
        if json["params"]["name"] == "salaries" {
            began.send(()).unwrap();
            wait(&goes);
        }
        out.json(&result(&json["id"], "[]"));
    });
    let talk = Talk::before(&server, Limits { sessions: 2, ..Limits::default() });
    let one = talk.begin();
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| talk.say(&one, &call(1, "salaries")));
        wait(&begins);
        let (two, three) = (talk.begin(), talk.begin());
        assert_eq!(talk.say(&two, &call(2, "read")).status, 404);
        assert_eq!(talk.say(&three, &call(2, "read")).code(), "none");
        go.send(()).unwrap();
        assert_eq!(busy.join().unwrap().status, 200);
    });
}

#[test]
fn what_the_newer_era_says_belongs_to_no_session() {
    let server = server(|request, out| out.json(&result(&request.json()["id"], "[]")));
    let talk = Talk::before(&server, Limits::default());
    let session = talk.begin();
    server.take();
    let (headers, body) = super::stateless(1, "read", "");
    let mut headers = super::lent(&headers);
    headers.extend([("authorization", talk.token.as_str()), ("mcp-session-id", session.as_str())]);
    assert_eq!(talk.gateway.post("/mcp", &headers, &body).code(), "none");
    assert_eq!(server.take()[0].header("mcp-session-id"), None);
    // Nor does a stream wait there.
    let headers = [("mcp-session-id", session.as_str()), ("mcp-protocol-version", "2026-07-28")];
    assert_eq!(wire::ask(talk.gateway.address(), "GET", "/mcp", &headers, "").status, 405);
    assert_eq!(talk.say("unknown", &call(1, "read")).status, 404);
}

#[test]
fn a_stranger_pushes_out_no_session_but_a_strangers() {
    let (go, goes) = switch();
    let server = server(move |request, out| match request.method.as_str() {
        // That of the one who showed a token from the beginning.
        "GET" if request.header("mcp-session-id") == Some("s1") => {
            out.events("");
            wait(&goes);
            // It may be gone.
            let _: std::io::Result<()> = out.write(&format!("data: {NEWS}\n\n"));
        }
        "GET" => {
            out.events("");
            out.wait_until_gone();
        }
        _ => out.json(&result(&request.json()["id"], "[]")),
    });
    let talk = Talk::before(&server, Limits { sessions: 4, connections: 3, ..Limits::default() });
    let known = |session: &str| talk.say(session, &call(1, "read")).status;
    // One that began with a token, and one that showed it later.
    let hello = talk.gateway.post("/mcp", &[("authorization", talk.token.as_str())], HELLO);
    let (one, two) = (hello.header("mcp-session-id").unwrap().to_owned(), talk.begin());
    assert_eq!(known(&two), 200);
    let strangers: Vec<String> = (0..20).map(|_| talk.begin()).collect();
    assert_eq!((known(&one), known(&two)), (200, 200));
    let lives = |session: &String| {
        talk.gateway.post("/mcp", &[("mcp-session-id", session)], r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).status
    };
    let living: Vec<u16> = strangers.iter().map(lives).collect();
    assert_eq!(living.iter().filter(|status| **status == 200).count(), 2, "{living:?}");
    // Who is known pushes out strangers first.
    let more = talk.gateway.post("/mcp", &[("authorization", talk.token.as_str())], HELLO);
    assert_eq!(known(more.header("mcp-session-id").unwrap()), 200);
    assert_eq!((known(&one), known(&two)), (200, 200));
    // Streams of strangers give way before those of others, and both before somebody has to wait.
    let mut by_known = Reading::of(talk.gateway.address(), "GET", &talk.headers(&one), "");
    let last = strangers.iter().rev().find(|session| lives(session) == 200).unwrap();
    let streams: Vec<Reading> =
        (0..6).map(|_| Reading::of(talk.gateway.address(), "GET", &[("mcp-session-id", last.as_str())], "")).collect();
    assert_eq!(known(&two), 200);
    go.send(()).unwrap();
    assert!(by_known.event().is_some_and(|event| event.contains("news")), "the stream of who is known goes on");
    drop(streams);
}

#[test]
fn a_stranger_ends_no_session_but_a_strangers_that_is_idle_for_too_long() {
    let server = server(|request, out| out.json(&result(&request.json()["id"], "[]")));
    let talk =
        Talk::before(&server, Limits { sessions: 4, session_idle: std::time::Duration::ZERO, ..Limits::default() });
    let known = talk.gateway.post("/mcp", &[("authorization", talk.token.as_str())], HELLO);
    (0..5).for_each(|_| drop(talk.begin()));
    assert_eq!(talk.say(known.header("mcp-session-id").unwrap(), &call(1, "read")).status, 200);
}

#[test]
fn an_answer_that_nobody_waits_for_any_more_is_none() {
    let (go, goes) = switch();
    let (began, begins) = switch();
    let server = server(move |request, out| {
        let json = request.json();
        if json["params"]["name"] == "read" {
            began.send(()).unwrap();
            wait(&goes);
        }
        match json["id"] {
            Value::Null => out.whole("202 Accepted", "", ""),
            _ => out.json(&result(&json["id"], "[]")),
        }
    });
    let talk = Talk::before(&server, Limits::default());
    let session = talk.begin();
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| talk.say(&session, &call(5, "read")));
        wait(&begins);
        let cancelled = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}"#;
        assert_eq!(talk.say(&session, cancelled).status, 202);
        go.send(()).unwrap();
        let answer = slow.join().unwrap();
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (502, &json!(1502)), "{answer:?}");
    });
}

#[test]
fn what_is_said_before_an_answer_hides_nothing_of_it() {
    let server = server(|request, out| {
        let error =
            format!(r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":1,"message":"who?"}}}}"#, request.json()["id"]);
        let head = "content-type: application/json\r\nwww-authenticate: Bearer realm=\"x\"\r\n";
        out.whole("401 Unauthorized", head, &error);
    });
    let talk = Talk::before(&server, Limits::default());
    let session = talk.begin();
    let answer = talk.say(&session, &call(1, "salaries"));
    assert!(answer.body.contains("list_changed") && answer.json()["error"]["message"] == "who?", "{answer:?}");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer realm=\"x\"")));
}

#[test]
fn a_head_without_a_body_agrees_with_none() {
    let server = server(|_, out| out.whole("204 No Content", "", ""));
    let talk = Talk::before(&server, Limits::default());
    let session = talk.begin();
    server.take();
    for method in ["GET", "DELETE"] {
        for (name, value, number) in [
            ("mcp-protocol-version", "2099-01-01", -32022),
            ("mcp-method", "ping", -32020),
            ("mcp-param-a", "a", -32020),
        ] {
            let headers = [("mcp-session-id", session.as_str()), (name, value)];
            let answer = wire::ask(talk.gateway.address(), method, "/mcp", &headers, "");
            assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!(number)), "{method} {name}");
        }
    }
    assert!(server.take().is_empty());
}
