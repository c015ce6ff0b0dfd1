//! The newer era: each exchange for itself.

use serde_json::json;

use super::wire::{self, Reading, Server, result, switch, wait};
use super::{CATALOGUE, Gateway, Setting, call, lent, stateless};
use crate::scene::{Scene, Whose};

fn own() -> Scene {
    Scene::new(CATALOGUE, &["read:*", "send:*"], &[], Whose::Client)
}

/// A scene whose requests bring tokens, and the header that brings one.
fn with_token() -> (Scene, String) {
    let scene = own();
    let token = format!("Bearer {}", scene.sealed());
    (scene, token)
}

#[test]
fn what_is_allowed_goes_on_as_it_came_and_what_is_not_does_not() {
    let (scene, token) = with_token();
    let server = Server::echo();
    let gateway = Gateway::before(scene, &server);
    let (mut headers, body) = stateless(1, "read", r#","x/y":1.50"#);
    headers.extend([
        ("authorization", token.clone()),
        ("x-trace", "7".into()),
        ("origin", "http://localhost".into()),
        ("x_trace", "8".into()),
        ("connection", "x-gone, close".into()),
        ("x-gone", "9".into()),
        ("x-http-method-override", "DELETE".into()),
        ("x-original-url", "/admin".into()),
        ("true-client-ip", "127.0.0.1".into()),
    ]);
    let answer = gateway.post("/mcp", &lent(&headers), &body);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{answer:?}");
    assert_eq!(answer.body, result(&json!(1), "[]"));
    let [received] = &server.take()[..] else { panic!("not one request") };
    assert_eq!((received.body.as_str(), received.path.as_str()), (body.as_str(), "/mcp"));
    let header = |name| received.header(name);
    assert_eq!((header("mcp-method"), header("mcp-name")), (Some("tools/call"), Some("read")));
    assert_eq!((header("x-trace"), header("accept")), (Some("7"), Some("application/json, text/event-stream")));
    let gone = [header("authorization"), header("origin"), header("x_trace"), header("x-gone")];
    assert_eq!(gone, [None; 4], "{received:?}");
    let gone = [header("x-http-method-override"), header("x-original-url"), header("true-client-ip")];
    assert_eq!(gone, [None; 3], "{received:?}");

    let (mut headers, body) = stateless(2, "shell", "");
    headers.push(("authorization", token));
    let answer = gateway.post("/files/mcp", &lent(&headers), &body);
    assert_eq!((answer.status, answer.code().as_str()), (200, "deny-unlisted"), "{answer:?}");
    assert_eq!(answer.json()["result"]["isError"], true);
    assert!(server.take().is_empty());
    assert_eq!(gateway.notices(), ["denied tools/call: deny-unlisted"]);
    gateway.stop();
}

#[test]
fn what_many_ask_at_once_under_one_id_is_answered_to_each() {
    let (scene, token) = with_token();
    let server = Server::start(|request, out| {
        let said = request.json()["params"]["arguments"]["said"].to_string();
        let answer = result(&json!(1), &format!("[{said}]"));
        // Half of them as events.
        if said.parse::<u32>().unwrap().is_multiple_of(2) {
            return out.json(&answer);
        }
        out.events("");
        out.event(&answer).unwrap();
    });
    let gateway = Gateway::before(scene, &server);
    std::thread::scope(|scope| {
        for one in 0..40_u32 {
            let (gateway, token) = (&gateway, &token);
            scope.spawn(move || {
                for said in one * 10..one * 10 + 5 {
                    let (mut headers, body) = stateless(1, "read", "");
                    headers.push(("authorization", token.clone()));
                    let body = body.replace(r#""arguments":{}"#, &format!(r#""arguments":{{"said":{said}}}"#));
                    let answer = gateway.post("/mcp", &lent(&headers), &body);
                    assert_eq!(answer.json()["result"]["content"], json!([said]), "{answer:?}");
                }
            });
        }
    });
    assert_eq!(server.take().len(), 200);
}

#[test]
fn marks_are_the_sessions_and_not_the_connections() {
    let (scene, token) = with_token();
    let server = Server::echo();
    let gateway = Gateway::before(scene, &server);
    let ask = |id, tool: &str| {
        let (mut headers, body) = stateless(id, tool, "");
        headers.push(("authorization", token.clone()));
        gateway.post("/mcp", &lent(&headers), &body)
    };
    assert_eq!(ask(1, "post").code(), "none");
    assert_eq!(ask(2, "salaries").json()["result"]["_meta"]["dev.wane/mark"]["level"], "restricted");
    let denied = ask(3, "post");
    assert_eq!((denied.status, denied.code().as_str()), (200, "deny-ratchet"));
    assert_eq!(server.take().len(), 2);
}

#[test]
fn a_head_that_says_another_thing_than_the_body_goes_no_further() {
    let (scene, token) = with_token();
    let server = Server::echo();
    let gateway = Gateway::before(scene, &server);
    let (mut headers, body) = stateless(7, "read", "");
    headers.push(("authorization", token));
    for (name, value) in [("mcp-name", "salaries"), ("mcp-method", "ping"), ("mcp-protocol-version", "2025-11-25")] {
        let mut headers = headers.clone();
        headers.iter_mut().find(|(known, _)| *known == name).unwrap().1 = value.to_owned();
        let answer = gateway.post("/mcp", &lent(&headers), &body);
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["code"], &answer.json()["id"]), (400, &json!(-32020), &json!(7)), "{name}");
    }
    let mut twice = headers.clone();
    twice.push(("mcp-name", "salaries".into()));
    assert_eq!(gateway.post("/mcp", &lent(&twice), &body).json()["error"]["code"], -32020);
    for named in ["mcp-name", "close, MCP-Protocol-Version", "x,content-type", "Mcp-Param-X"] {
        let mut dropped = headers.clone();
        dropped.push(("connection", named.into()));
        assert_eq!(gateway.post("/mcp", &lent(&dropped), &body).status, 400, "{named}");
    }
    let mut param = headers.clone();
    param.push(("mcp-param-region", "us".into()));
    assert_eq!(gateway.post("/mcp", &lent(&param), &body).json()["error"]["code"], -32020);
    let silent = gateway.post("/mcp", &lent(&headers), &call(7, "read"));
    assert_eq!((silent.status, &silent.json()["error"]["code"]), (400, &json!(-32602)), "{silent:?}");
    let later = body.replace("2026-07-28", "2027-01-01");
    headers[0].1 = "2027-01-01".into();
    let answer = gateway.post("/mcp", &lent(&headers), &later);
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!(-32022)), "{answer:?}");
    assert_eq!(answer.json()["error"]["data"]["supported"], json!(["2026-07-28"]));
    assert!(server.take().is_empty());
}

#[test]
fn what_is_no_message_is_told_so() {
    let server = Server::echo();
    let gateway = Gateway::before(own(), &server);
    for (body, status) in [
        ("[]", 400),
        ("{", 400),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}"#, 400),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tasks/list"}"#, 403),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, 400),
        (r#"{"jsonrpc":"2.0","method":"notifications/unheard"}"#, 400),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, 400),
        (r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"hello"}}"#, 401),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, 200),
        (r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, 202),
    ] {
        assert_eq!(gateway.post("/mcp", &[], body).status, status, "{body}");
    }
    assert_eq!(server.take().len(), 2);
    for method in ["tasks/list", "resources/subscribe"] {
        let body = stateless(1, "read", "").1.replace("tools/call", method);
        let headers = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
        let answer = gateway.post("/mcp", &headers, &body);
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (404, &json!(-32601)), "{answer:?}");
        assert_eq!(answer.code(), "deny-method");
    }
    for (method, path, status) in [
        ("GET", "/mcp", 405),
        ("DELETE", "/mcp", 405),
        ("PUT", "/mcp", 405),
        ("POST", "/", 404),
        ("POST", "/web/mcp", 404),
    ] {
        assert_eq!(wire::ask(gateway.address(), method, path, &[], "").status, status, "{method} {path}");
    }
    let evil = gateway.post("/mcp", &[("origin", "https://evil.example")], &call(1, "read"));
    assert_eq!((evil.status, evil.code().as_str()), (403, "deny-origin"));
    let rebound = gateway.post("/mcp", &[("host", "evil.example")], &call(1, "read"));
    assert_eq!((rebound.status, rebound.code().as_str()), (403, "deny-origin"));
    assert_eq!(gateway.post("/mcp", &[("origin", "https://app.example")], &call(1, "read")).status, 401);
    assert!(server.take().is_empty());
    // Whoever runs it is told of each, and of none twice.
    let notices = gateway.notices();
    let count = |text: &str| notices.iter().filter(|notice| notice.contains(text)).count();
    assert_eq!(
        (count("denied a request: deny-origin"), count("denied a request: parse-message")),
        (2, 5),
        "{notices:?}"
    );
    assert_eq!(
        (count("dropped from the client"), count("deny-method"), count("deny-no-token")),
        (2, 3, 2),
        "{notices:?}"
    );
}

#[test]
fn pages_of_an_allowed_origin_are_let_in_and_no_others() {
    let server = Server::echo();
    let gateway = Gateway::before(own(), &server);
    let ask = |method: &str, origin: &str| wire::ask(gateway.address(), method, "/mcp", &[("origin", origin)], "");
    let asked = ask("OPTIONS", "https://app.example");
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, Some("https://app.example")));
    assert!(asked.header("access-control-allow-headers").unwrap().contains("mcp-protocol-version"));
    let denied = gateway.post("/mcp", &[("origin", "https://app.example")], &call(1, "read"));
    assert_eq!((denied.status, denied.header("vary")), (401, Some("origin")));
    for (origin, status) in
        [("http://localhost", 405), ("https://evil.example", 403), ("https://app.example.evil", 403)]
    {
        let refused = ask("OPTIONS", origin);
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (status, None), "{origin}");
    }
    assert!(server.take().is_empty());
}

#[test]
fn a_body_that_would_be_read_as_another_does_not_go_on() {
    let server = Server::echo();
    let gateway = Gateway::before(own(), &server);
    for (encoding, status) in [("br", 415), ("deflate", 415), ("identity, gzip", 415), ("identity", 401)] {
        let answer = gateway.post("/mcp", &[("content-encoding", encoding)], &call(1, "read"));
        assert_eq!(answer.status, status, "{encoding}: {answer:?}");
    }
    assert!(server.take().is_empty());
}

#[test]
fn events_come_one_by_one_and_each_goes_through_the_gate() {
    let (more, comes) = switch();
    let server = Server::start(move |_, out| {
        out.events("");
        out.write(": hello\nid: 1\nretry: 5\ndata:\n\n").unwrap();
        out.event(r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}"#)
            .unwrap();
        wait(&comes);
        out.event(r#"{"jsonrpc":"2.0","method":"notifications/unheard"}"#).unwrap();
        out.event(r#"{"jsonrpc":"2.0","id":99,"result":{"content":["of another"]}}"#).unwrap();
        out.event("no message").unwrap();
        out.write("event: endpoint\ndata: /other\n\n").unwrap();
        out.write("id: 2\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[],\"_meta\":{\"dev.wane/mark\":0}}}\n\n").unwrap();
    });
    let (scene, token) = with_token();
    let gateway = Gateway::before(scene, &server);
    let (mut headers, body) = stateless(1, "read", "");
    headers.push(("authorization", token));
    let mut reading = Reading::of(gateway.address(), "POST", &lent(&headers), &body);
    let header = |name: &str| reading.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!((header("content-type"), header("x-accel-buffering")), (Some("text/event-stream"), Some("no")));
    assert_eq!(reading.event().unwrap(), "id: 1\nretry: 5\ndata: ");
    // The first comes before the server has said the last.
    assert_eq!(reading.message()["method"], "notifications/progress");
    more.send(()).unwrap();
    let last = "id: 2\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[],\"_meta\":{}}}";
    assert_eq!(reading.event().unwrap(), last);
    assert_eq!(reading.event(), None);
    let dropped: Vec<_> = gateway.notices();
    assert_eq!(dropped.len(), 3, "{dropped:?}");
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for() {
    let (scene, token) = with_token();
    let server = Server::start(|request, out| match request.json()["params"]["arguments"]["how"].as_str() {
        Some("redirect") => out.whole("307 Temporary Redirect", "location: http://127.0.0.1:1/\r\n", ""),
        Some("text") => out.whole("500 Internal Server Error", "content-type: text/plain\r\n", "secret"),
        Some("challenge") => out.whole("401 Unauthorized", "www-authenticate: Bearer realm=\"x\"\r\n", ""),
        Some("other") => out.json(r#"{"jsonrpc":"2.0","id":99,"result":{}}"#),
        Some("batch") => out.json("[]"),
        Some("accepted") => out.whole("202 Accepted", "", ""),
        Some("events") => {
            out.events("");
            out.event(r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#).unwrap();
        }
        _ => out.write("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{").unwrap(),
    });
    let gateway = Gateway::before(scene, &server);
    for (how, status) in [
        ("redirect", 502),
        ("text", 500),
        ("challenge", 401),
        ("other", 502),
        ("batch", 502),
        ("accepted", 502),
        ("events", 200),
        ("broken", 502),
    ] {
        let (mut headers, body) = stateless(1, "read", "");
        headers.push(("authorization", token.clone()));
        let body = body.replace(r#""arguments":{}"#, &format!(r#""arguments":{{"how":"{how}"}}"#));
        let answer = gateway.post("/mcp", &lent(&headers), &body);
        assert_eq!(answer.status, status, "{how}: {answer:?}");
        assert!(answer.body.contains(r#""code":1502"#) && !answer.body.contains("secret"), "{how}: {answer:?}");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, (how == "challenge").then_some("Bearer realm=\"x\""), "{how}");
    }
    let nowhere = Server::echo();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (scene, token) = with_token();
    let gateway = Gateway::with(scene, &[("files", &nowhere.moved(gone))], Setting::default());
    let (mut headers, body) = stateless(1, "read", "");
    headers.push(("authorization", token));
    let answer = gateway.post("/mcp", &lent(&headers), &body);
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (502, &json!(1502)));
}

#[test]
fn who_goes_away_ends_what_the_server_does_for_them() {
    let (went, goes) = switch();
    let server = Server::start(move |_, out| {
        out.events("");
        out.event(r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#).unwrap();
        assert!(out.wait_until_gone());
        went.send(()).unwrap();
    });
    let (scene, token) = with_token();
    let gateway = Gateway::before(scene, &server);
    let (mut headers, body) = stateless(1, "read", "");
    headers.push(("authorization", token));
    let mut reading = Reading::of(gateway.address(), "POST", &lent(&headers), &body);
    assert!(reading.event().is_some());
    drop(reading);
    wait(&goes);
}

#[test]
fn a_pinned_tool_is_asked_for_before_it_is_called() {
    let tool = r#"{"name":"read","inputSchema":{}}"#;
    let digest = wane_policy::ToolDigest::of_json(tool.as_bytes()).unwrap();
    let pinned = CATALOGUE.replacen("level = \"public\"", &format!("level = \"public\"\ndigest = \"{digest}\""), 1);
    for (listed, events, expected) in
        [(tool, false, "none"), (tool, true, "none"), (r#"{"name":"read","inputSchema":{"x":1}}"#, false, "deny-pin")]
    {
        let listed = listed.to_owned();
        let server = Server::start(move |request, out| {
            let json = request.json();
            let answer = match json["method"].as_str() {
                Some("tools/list") => {
                    format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"tools":[{listed}]}}}}"#, json["id"])
                }
                _ => result(&json["id"], "[]"),
            };
            match events {
                false => out.json(&answer),
                true => {
                    out.events("");
                    out.event(&answer).unwrap();
                }
            }
        });
        let scene = Scene::new(&pinned, &["read:*"], &[], Whose::Client);
        let token = format!("Bearer {}", scene.sealed());
        let gateway = Gateway::before(scene, &server);
        let (mut headers, body) = stateless(1, "read", "");
        // Whoever shows no token, or a forged one, has nobody asked.
        assert_eq!(gateway.post("/mcp", &lent(&headers), &body).code(), "deny-no-token");
        let forged = Scene::new(&pinned, &["read:*"], &[], Whose::Client).sealed();
        let forged = format!("Bearer {forged}");
        let shown = [lent(&headers), vec![("authorization", forged.as_str())]].concat();
        assert_eq!(gateway.post("/mcp", &shown, &body).status, 401);
        assert!(server.take().is_empty());
        headers.push(("authorization", token));
        let answer = gateway.post("/mcp", &lent(&headers), &body);
        let received = server.take();
        assert!(answer.body.contains(if expected == "none" { "content" } else { expected }), "{answer:?}");
        let methods: Vec<_> = received.iter().map(|request| request.header("mcp-method").unwrap().to_owned()).collect();
        let all = ["tools/list", "tools/call"];
        assert_eq!(methods, all[..if expected == "none" { 2 } else { 1 }], "{received:?}");
        assert_eq!(received[0].header("mcp-name"), None);
        let meta = &received[0].json()["params"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
    }
}
