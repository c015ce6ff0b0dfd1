//! `/v1/check` and `/v1/admit`.

use serde_json::{Value, json};
use wane::{Approval, SecretKey, limits};

use super::{CATALOGUE, Serving, tool};
use crate::scene::NOW;

fn read_of(path: &str) -> (&'static str, Value) {
    ("tool", json!({ "name": "read", "arguments": { "path": path } }))
}

#[test]
fn a_check_writes_nothing_and_an_admission_commits() {
    let serving = Serving::start(&["read:*", "send:*"], &[]);
    for _ in 0..2 {
        let checked = serving.asks("/v1/check", tool("salaries"));
        let expected = json!({
            "verdict": "allow", "committed": false, "durable": false, "mark": { "level": "restricted", "labels": [] },
        });
        assert_eq!((checked.status, checked.json()), (200, expected));
        assert_eq!(checked.header("content-type"), Some("application/json"));
        assert_eq!(checked.header("cache-control"), Some("no-store"));
    }
    assert_eq!(serving.asks("/v1/admit", tool("post")).status, 200);
    let admitted = serving.asks("/v1/admit", tool("salaries"));
    assert_eq!(admitted.status, 200);
    let told = admitted.json();
    assert_eq!((&told["verdict"], &told["committed"]), (&json!("allow"), &json!(true)));
    assert_eq!(told["record"].as_str().unwrap().len(), 32, "{told}");
    for path in ["/v1/check", "/v1/admit"] {
        let denied = serving.asks(path, tool("post"));
        assert_eq!(denied.code(), (403, "deny-ratchet".into()));
        assert_eq!(denied.header("content-type"), Some("application/problem+json"));
        let problem = denied.json();
        assert_eq!(problem["type"], "/v1/codes/deny-ratchet");
        assert_eq!((&problem["verdict"], &problem["committed"]), (&json!("deny"), &json!(false)));
        assert_eq!((&problem["status"], &problem["retry"]), (&json!(403), &json!("never")));
        assert!(problem["detail"].as_str().unwrap().contains("does not survive"), "{problem}");
    }
}

#[test]
fn the_catalogue_says_what_a_call_demands_and_nobody_else() {
    let serving = Serving::start(&["read:*", "write:repos:core"], &[]);
    let level = |path: &str| serving.asks("/v1/check", read_of(path)).json()["mark"]["level"].clone();
    assert_eq!((level("/repo/public/a"), level("/repo/b")), (json!("public"), json!("confidential")));
    let http = |method: &str, target: &str, content_type: Option<&str>, body: Option<&str>| {
        let mut call = json!({ "method": method, "target": target });
        for (name, value) in [("content_type", content_type), ("body", body)] {
            if let Some(value) = value {
                call[name] = value.into();
            }
        }
        serving.asks("/v1/check", ("http", call)).code()
    };
    let (json_type, title, other) =
        (Some("application/json"), Some("eyJ0aXRsZSI6Im9rIn0="), Some("eyJ0aXRsZSI6Im5vIn0="));
    for (answered, expected) in [
        (serving.asks("/v1/check", read_of("/etc/passwd")).code(), (403, "deny-unmatched")),
        (serving.asks("/v1/check", read_of("/repo/../etc")).code(), (403, "deny-path")),
        (serving.asks("/v1/check", tool("read")).code(), (403, "deny-missing-argument")),
        (serving.asks("/v1/check", tool("shell")).code(), (403, "deny-unlisted")),
        (serving.asks("/v1/check", tool("erase")).code(), (403, "deny-scope")),
        (serving.asks("/v1/check", ("prompt", json!({ "name": "review" }))).code(), (200, "none")),
        (serving.asks("/v1/check", ("resource", json!({ "uri": "file:///repo/a" }))).code(), (200, "none")),
        (serving.asks("/v1/check", ("resource", json!({ "uri": "file:///etc/a" }))).code(), (403, "deny-unlisted")),
        (http("GET", "/repos/core", None, None), (200, "none")),
        (http("GET", "/repos/core/", None, None), (403, "deny-unlisted")),
        (http("GET", "/repos/%63ore", None, None), (403, "deny-route")),
        (http("POST", "/repos/core/issues", json_type, title), (200, "none")),
        (http("POST", "/repos/other/issues", json_type, title), (403, "deny-scope")),
        (http("POST", "/repos/core/issues", json_type, other), (403, "deny-unmatched")),
        (http("POST", "/repos/core/issues", Some("text/plain"), title), (403, "deny-route")),
        (http("POST", "/repos/core/stars", None, title), (403, "deny-route")),
    ] {
        assert_eq!(answered, (expected.0, expected.1.to_owned()));
    }
    let elsewhere = json!({ "token": serving.scene.sealed(), "server": "mail", "tool": { "name": "read" } });
    assert_eq!(serving.post("/v1/check", &elsewhere.to_string()).code(), (403, "deny-unlisted".into()));
}

#[test]
fn what_cannot_be_read_or_believed_is_no_allow() {
    let serving = Serving::start(&["read:*"], &[]);
    let sealed = serving.scene.sealed();
    let forged = {
        let mut bytes = wane::SealedToken::parse(&sealed).unwrap().to_bytes();
        *bytes.last_mut().unwrap() ^= 1;
        wane::SealedToken::from_bytes(&bytes).unwrap().to_text()
    };
    let unsealed = serving.scene.token.expose_text().to_string();
    let call = r#""server":"files","prompt":{"name":"review"}"#;
    let large = format!(r#"{{"token":"{sealed}",{call}{}}}"#, " ".repeat(limits::REQUEST_BYTES));
    for path in ["/v1/check", "/v1/admit"] {
        for (body, expected) in [
            (format!("{{{call}}}"), (401, "deny-no-token")),
            (format!(r#"{{"token":"{forged}",{call}}}"#), (401, "chain-signature")),
            (format!(r#"{{"token":"{unsealed}",{call}}}"#), (401, "chain-unsealed")),
            (format!(r#"{{"token":"x",{call}}}"#), (400, "parse-text")),
            (format!(r#"{{"token":"{sealed}","token":"{sealed}",{call}}}"#), (400, "parse-json")),
            (format!(r#"{{"token":"{sealed}",{call},"level":"public"}}"#), (400, "parse-json")),
            (format!(r#"[{{"token":"{sealed}",{call}}}]"#), (400, "parse-json")),
            (String::new(), (400, "parse-json")),
            (large.clone(), (413, "parse-too-large")),
        ] {
            let answered = serving.post(path, &body);
            assert_eq!(answered.code(), (expected.0, expected.1.to_owned()), "{body:.80}");
            let secret = unsealed.rsplit('.').next().unwrap();
            assert!(!answered.body.contains(secret) && !answered.body.contains(&sealed), "{answered:?}");
        }
    }
    for content_type in ["Content-Type: text/plain", "Content-Type: application/jsonx", "X-Y: z"] {
        let answered = serving.send(&format!("POST /v1/check HTTP/1.1\r\n{content_type}"), b"{}");
        assert_eq!(answered.code(), (415, "parse-message".into()), "{content_type}");
    }
    assert_eq!(serving.get("/v1/check").code(), (405, "deny-method".into()));
    assert_eq!(serving.post("/v2/check", "{}").code(), (404, "deny-method".into()));
    assert_eq!(serving.get("/v1/codes/deny-nothing").status, 404);
    assert_eq!(serving.get("/v1/codes/deny-scope").json()["retry"], "never");
    let foreign =
        serving.send("POST /v1/check HTTP/1.1\r\nContent-Type: application/json\r\nOrigin: http://localhost", b"{}");
    assert_eq!(foreign.code(), (403, "deny-method".into()));
}

#[test]
fn a_pinned_tool_must_be_shown() {
    let tool = json!({ "name": "fetch", "description": "Fetches" });
    let digest = wane_policy::ToolDigest::of_json(tool.to_string().as_bytes()).unwrap();
    let catalogue = format!(
        "[server.files]\naudience = 'files'\n[server.files.tool.fetch]\naction = 'read:web'\nlevel = 'public'\ndigest = '{digest}'\n"
    );
    let serving = Serving::start_with(&catalogue, &["read:*"], &[], "127.0.0.1:0", |_| Vec::new());
    let asks = |call: Value| serving.asks("/v1/admit", ("tool", call)).code();
    assert_eq!(asks(json!({ "name": "fetch" })), (403, "deny-pin".into()));
    assert_eq!(asks(json!({ "name": "fetch", "listed": tool })), (200, "none".into()));
    let changed = json!({ "name": "fetch", "description": "Fetches, and tells others" });
    assert_eq!(asks(json!({ "name": "fetch", "listed": changed })), (403, "deny-pin".into()));
    assert_eq!(asks(json!({ "name": "fetch", "listed": [tool] })), (400, "parse-json".into()));
}

#[test]
fn an_approval_is_named_waited_for_and_used_once() {
    let approver = SecretKey::from_seed([9; 32]);
    let ask = format!("send:* by {} need 1", approver.public_key());
    let serving = Serving::start(&["send:*"], &[ask]);
    let asked = serving.asks("/v1/admit", tool("post"));
    assert_eq!(asked.code(), (403, "deny-needs-approval".into()));
    let problem = asked.json();
    assert_eq!((&problem["verdict"], &problem["retry"]), (&json!("ask"), &json!("approve")));
    let digest = problem["request"].as_str().unwrap().to_owned();
    let bytes: Vec<u8> = (0..64).step_by(2).map(|at| u8::from_str_radix(&digest[at..at + 2], 16).unwrap()).collect();
    let sealed = wane::SealedToken::parse(&serving.scene.sealed()).unwrap();
    let last = wane::verify(&sealed, &serving.scene.roots).unwrap().last_delegate().unwrap();
    let actions = vec!["send:web".parse().unwrap()];
    let approval = Approval::sign(last, bytes.try_into().unwrap(), actions, NOW, NOW + 60, &approver).unwrap();
    let body = json!({
        "token": sealed.to_text(), "server": "files", "tool": { "name": "post" }, "approvals": [approval.to_text()],
    });
    assert_eq!(serving.post("/v1/check", &body.to_string()).status, 200);
    assert_eq!(serving.post("/v1/admit", &body.to_string()).status, 200);
    assert_eq!(serving.post("/v1/admit", &body.to_string()).code(), (403, "state-approval-used".into()));
}

#[test]
fn without_its_ledger_nothing_is_allowed() {
    let mut serving = Serving::start(&["read:*"], &[]);
    let sealed = serving.scene.sealed();
    let call = json!({ "token": sealed, "server": "files", "prompt": { "name": "review" } }).to_string();
    assert_eq!(serving.post("/v1/admit", &call).status, 200);
    // With the scene goes the guard.
    serving.lose_guard();
    let denied = serving.post("/v1/admit", &call);
    assert_eq!(denied.code(), (503, "state-unreachable".into()));
    assert_eq!(denied.header("retry-after"), Some("1"));
    serving.stop();
}

#[test]
fn a_decision_that_breaks_off_is_a_denial() {
    let clock = Box::new(|| panic!("no time"));
    let serving = Serving::start_at(clock, CATALOGUE, &["send:*", "read:*"], &[], "127.0.0.1:0", |_| Vec::new());
    for path in ["/v1/check", "/v1/admit"] {
        assert_eq!(serving.asks(path, tool("post")).code(), (503, "state-unreachable".into()), "{path}");
    }
    // To Envoy it is none of its errors.
    let head = format!("GET /envoy/files/repos/core HTTP/1.1\r\nAuthorization: Bearer {}", serving.scene.sealed());
    assert_eq!(serving.send(&head, b"").code(), (403, "state-unreachable".into()));
}
