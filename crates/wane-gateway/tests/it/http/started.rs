//! Servers that the gateway starts itself: how many, for whom, and how they end.

use std::process::Command;

use serde_json::Value;
use wane_gateway::http::{Limits, Starts, Target};

use super::wire::{self, Answer, Reading};
use super::{CATALOGUE, Gateway, Setting, call, lent, stateless};
use crate::pipes::{is_gone, lives};
use crate::scene::{Scene, Whose};

/// A server in shell: its answers tell its process. It says how far it is where it is asked for `salaries`, and ends where for `post`.
const SERVER: &str = r#"
while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    case "$line" in
    *salaries*) printf '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}\n' ;;
    *'"post"'*) exit 3 ;;
    *initialized*) printf '{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"hello"}}\n' ;;
    esac
    [ -z "$id" ] || printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"from":"%s"}}\n' "$id" "$$"
done
"#;

const HELLO: &str =
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}"#;

struct Talk {
    gateway: Gateway,
    token: String,
}

impl Talk {
    fn before(script: &'static str, limits: Limits) -> Self {
        let scene = Scene::new(CATALOGUE, &["read:*", "send:*"], &[], Whose::Client);
        let token = format!("Bearer {}", scene.sealed());
        let starts = Starts::new(move || {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            Ok(command)
        });
        let setting = Setting { limits, ..Setting::default() };
        let gateway = Gateway::behind(scene, vec![("files", Target::Command(starts))], setting).unwrap();
        Self { gateway, token }
    }

    /// A session's id, and its process.
    fn begin(&self) -> (String, String) {
        let answer = self.gateway.post("/mcp", &[], HELLO);
        (answer.header("mcp-session-id").unwrap_or_else(|| panic!("{answer:?}")).to_owned(), process(&answer))
    }

    fn headers<'a>(&'a self, session: &'a str) -> [(&'a str, &'a str); 2] {
        [("authorization", self.token.as_str()), ("mcp-session-id", session)]
    }

    fn say(&self, session: &str, body: &str) -> Answer {
        self.gateway.post("/mcp", &self.headers(session), body)
    }
}

fn process(answer: &Answer) -> String {
    answer.json()["result"]["from"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

#[test]
fn each_session_has_a_process_and_ends_it() {
    let talk = Talk::before(SERVER, Limits::default());
    let ((one, first), (two, second)) = (talk.begin(), talk.begin());
    assert_ne!((&one, &first), (&two, &second));
    for (session, expected) in [(&one, &first), (&two, &second), (&one, &first)] {
        let answer = talk.say(session, &call(1, "read"));
        assert_eq!((answer.status, &process(&answer)), (200, expected));
    }
    assert_eq!(talk.say(&one, &call(2, "shell")).code(), "deny-unlisted");
    // What comes before the answer comes with it, and what nobody asked for on the session's stream.
    let answer = talk.say(&one, &call(3, "salaries"));
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert!(answer.body.contains("notifications/progress") && process(&answer) == first, "{answer:?}");
    let mut reading = Reading::of(talk.gateway.address(), "GET", &talk.headers(&one), "");
    assert_eq!(talk.say(&one, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).status, 202);
    assert_eq!(reading.message()["params"]["data"], "hello");
    assert!(lives(&first) && lives(&second));
    assert_eq!(wire::ask(talk.gateway.address(), "DELETE", "/mcp", &talk.headers(&two), "").status, 204);
    is_gone(&second);
    assert_eq!(talk.say(&two, &call(4, "read")).status, 404);
    assert!(lives(&first));
    talk.gateway.stop();
    is_gone(&first);
}

#[test]
fn an_exchange_of_the_newer_era_has_one_of_its_own() {
    let talk = Talk::before(SERVER, Limits::default());
    let ask = |id, tool: &str| {
        let (mut headers, body) = stateless(id, tool, "");
        headers.push(("authorization", talk.token.clone()));
        talk.gateway.post("/mcp", &lent(&headers), &body)
    };
    let (one, two) = (process(&ask(1, "read")), process(&ask(1, "read")));
    assert_ne!(one, two);
    is_gone(&one);
    is_gone(&two);
    assert_eq!(ask(2, "shell").code(), "deny-unlisted");
    let notified = talk.gateway.post("/mcp", &[], r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(notified.status, 400);
}

#[test]
fn a_pinned_tool_is_asked_of_the_process_that_is_called() {
    const PINNED: &str = r#"
while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/p')
    case "$line" in
    *tools/list*) printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"read","inputSchema":{}}]}}\n' "$id" ;;
    *) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"from":"%s"}}\n' "$id" "$$" ;;
    esac
done
"#;
    for (tool, code) in [(r#"{"name":"read","inputSchema":{}}"#, "none"), (r#"{"name":"read"}"#, "deny-pin")] {
        let digest = wane_policy::ToolDigest::of_json(tool.as_bytes()).unwrap();
        let pinned = CATALOGUE.replacen("level = \"public\"", &format!("level = \"public\"\ndigest = \"{digest}\""), 1);
        let scene = Scene::new(&pinned, &["read:*"], &[], Whose::Client);
        let token = format!("Bearer {}", scene.sealed());
        let starts = Starts::new(|| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", PINNED]);
            Ok(command)
        });
        let gateway = Gateway::behind(scene, vec![("files", Target::Command(starts))], Setting::default()).unwrap();
        let (mut headers, body) = stateless(1, "read", "");
        headers.push(("authorization", token));
        assert_eq!(gateway.post("/mcp", &lent(&headers), &body).code(), code);
    }
}

#[test]
fn there_are_so_many_at_most_and_idle_ones_make_room() {
    let talk = Talk::before(SERVER, Limits { children: 1, ..Limits::default() });
    let (one, first) = talk.begin();
    let (two, second) = talk.begin();
    is_gone(&first);
    assert_eq!(talk.say(&one, &call(1, "read")).status, 404);
    assert_eq!(process(&talk.say(&two, &call(1, "read"))), second);
    // One in use stays.
    let reading = Reading::of(talk.gateway.address(), "GET", &talk.headers(&two), "");
    assert_eq!(talk.gateway.post("/mcp", &[], HELLO).status, 503);
    drop(reading);
}

#[test]
fn a_process_that_ends_is_answered_for() {
    let talk = Talk::before(SERVER, Limits::default());
    let (session, process) = talk.begin();
    let answer = talk.say(&session, &call(1, "post"));
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (502, &Value::from(1502)), "{answer:?}");
    is_gone(&process);
    let late = talk.say(&session, &call(2, "read"));
    assert_eq!((late.status, &late.json()["error"]["code"]), (502, &Value::from(1502)), "{late:?}");
    let missing = Talk::before("exit 1", Limits::default());
    assert_eq!(missing.gateway.post("/mcp", &[], HELLO).status, 502);
}

#[test]
fn who_goes_away_ends_the_process_of_the_exchange() {
    const SLOW: &str = "read -r line; printf '{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":\"%s\"}}\\n' $$; sleep 600";
    let talk = Talk::before(SLOW, Limits::default());
    let (mut headers, body) = stateless(1, "read", "");
    headers.push(("authorization", talk.token.clone()));
    let mut reading = Reading::of(talk.gateway.address(), "POST", &lent(&headers), &body);
    let process = reading.message()["params"]["progressToken"].as_str().unwrap().to_owned();
    assert!(lives(&process));
    drop(reading);
    is_gone(&process);
}

#[test]
fn what_is_no_message_is_answered_to_its_id() {
    let talk = Talk::before(SERVER, Limits::default());
    let answer = talk.gateway.post("/mcp", &[], r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#);
    assert_eq!((answer.status, &answer.json()["id"]), (400, &Value::from(7)), "{answer:?}");
}

#[test]
fn a_session_that_did_not_begin_is_none() {
    const MOODY: &str = r#"
while read -r line; do
    case "$line" in *fails*) exit 1 ;; esac
    printf '{"jsonrpc":"2.0","id":%s,"result":{"from":"%s"}}\n' "$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')" "$$"
done
"#;
    let talk = Talk::before(MOODY, Limits { sessions: 4, ..Limits::default() });
    let (one, _) = talk.begin();
    let fails = HELLO.replace("\"capabilities\":{}", "\"capabilities\":{\"fails\":{}}");
    assert_eq!(talk.gateway.post("/mcp", &[], &fails).status, 502);
    // Strangers have two: the first need not give way.
    talk.begin();
    assert_eq!(talk.say(&one, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).status, 200);
}

#[test]
fn strangers_have_half_of_them() {
    let talk = Talk::before(SERVER, Limits { children: 2, ..Limits::default() });
    let known = || {
        let answer = talk.gateway.post("/mcp", &[("authorization", talk.token.as_str())], HELLO);
        (answer.header("mcp-session-id").unwrap().to_owned(), process(&answer))
    };
    let (one, first) = known();
    let strangers: Vec<(String, String)> = (0..4).map(|_| talk.begin()).collect();
    strangers[..3].iter().for_each(|(_, process)| is_gone(process));
    assert!(lives(&first) && lives(&strangers[3].1));
    // One in use stays, and still takes nobody else's place.
    let reading = Reading::of(talk.gateway.address(), "GET", &[("mcp-session-id", strangers[3].0.as_str())], "");
    assert_eq!(talk.gateway.post("/mcp", &[], HELLO).status, 503);
    assert_eq!(process(&talk.say(&one, &call(1, "read"))), first);
    // Once a token was shown in it, it is no stranger's any more.
    let (other, _) = known();
    assert_eq!(talk.say(&one, &call(1, "read")).status, 404);
    drop(reading);
    assert_eq!(talk.say(&strangers[3].0, &call(1, "read")).status, 200);
    assert_eq!(talk.gateway.post("/mcp", &[], HELLO).status, 503);
    assert_eq!(talk.say(&strangers[3].0, &call(1, "read")).status, 200);
    assert_eq!(talk.say(&other, &call(1, "read")).status, 200);
}

#[test]
fn a_session_that_is_ended_ends_its_process_whoever_listens() {
    let talk = Talk::before(SERVER, Limits { children: 1, ..Limits::default() });
    let (id, process) = talk.begin();
    let mut reading = Reading::of(talk.gateway.address(), "GET", &talk.headers(&id), "");
    assert_eq!(wire::ask(talk.gateway.address(), "DELETE", "/mcp", &talk.headers(&id), "").status, 204);
    is_gone(&process);
    assert_eq!(reading.event(), None);
    // Its place is another's.
    talk.begin();
}

/// One that ends neither by itself nor when it is asked to; nor does what it has started.
const STUBBORN: &str = r#"
trap '' TERM
sh -c 'trap "" TERM; while :; do sleep 1; done' &
while :; do
    read -r line || sleep 1
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    line=
    [ -z "$id" ] || printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"from":"%s","too":"%s"}}\n' "$id" "$$" "$!"
done
"#;

#[test]
fn one_that_is_ending_keeps_its_place() {
    let talk = Talk::before(STUBBORN, Limits { children: 1, ..Limits::default() });
    let (one, first) = talk.begin();
    // The place of the first is free only once nothing of it is left.
    let (two, second) = talk.begin();
    assert!(!lives(&first) && lives(&second));
    assert_eq!(talk.say(&one, &call(1, "read")).status, 404);
    assert_eq!(wire::ask(talk.gateway.address(), "DELETE", "/mcp", &talk.headers(&two), "").status, 204);
    let (_, third) = talk.begin();
    assert!(!lives(&second) && lives(&third));
    talk.gateway.stop();
    assert!(!lives(&third));
}

#[test]
fn none_outlives_the_gateway() {
    let talk = Talk::before(STUBBORN, Limits::default());
    let answer = talk.gateway.post("/mcp", &[], HELLO);
    let also = answer.json()["result"]["too"].as_str().unwrap().to_owned();
    let (first, (_, second)) = (process(&answer), talk.begin());
    // One of an exchange that is still going on.
    let id = answer.header("mcp-session-id").unwrap().to_owned();
    let reading = Reading::of(talk.gateway.address(), "GET", &talk.headers(&id), "");
    talk.gateway.stop();
    assert!(!lives(&first) && !lives(&second) && !lives(&also));
    drop(reading);
}
