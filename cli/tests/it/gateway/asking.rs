//! Approvals through a gateway: waited for, and asked of whoever sits before it.

use serde_json::{Value, json};

use super::{Gateway, RUN, call, code, scene as plain};
use crate::scene::Scene;

/// What the server sends has to be approved by the gateway's own key, and what it deletes by somebody else's.
pub(super) fn scene() -> Scene {
    let scene = plain();
    scene.sh("wane keygen approver.pem > approver.pub && wane keygen local.pem > local.pub").exits(0);
    let approver = scene.read("approver.pub");
    let tools = [("post", "send:web", "@local"), ("mail", "send:mail", approver.trim())];
    let entry = |(name, action, who): &(&str, &str, &str)| {
        format!("[server.files.tool.{name}]\naction = '{action}'\nlevel = 'public'\nask = ['{who}']\n")
    };
    let asking: String = tools.iter().map(entry).collect();
    let read = "[server.files.tool.read]\naction = 'read:files'\nlevel = 'public'\n";
    scene.write("catalogue.toml", &format!("[server.files]\naudience = 'files'\n{read}{asking}"));
    scene
}

pub(super) fn with(id: u32, tool: &str, arguments: &Value) -> String {
    call(id, tool).replace("{}", &arguments.to_string())
}

/// A gateway whose client shows forms.
fn showing_forms(scene: &Scene, flags: &str) -> Gateway {
    let mut gateway = Gateway::start(scene, &format!("{RUN} {flags} -- sh server.sh"));
    let initialize = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": { "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} }, "clientInfo": {} },
    });
    assert_eq!(gateway.ask(&initialize.to_string())["id"], 0);
    gateway
}

fn answer(question: &Value, result: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": question["id"], "result": result }).to_string()
}

fn yes() -> Value {
    json!({ "action": "accept", "content": { "approve": true } })
}

#[test]
fn a_call_waits_until_somebody_approves_it() {
    let scene = scene();
    let mut gateway = Gateway::start(&scene, &format!("{RUN} --wait 2m -- sh server.sh"));
    gateway.send(&with(1, "mail", &json!({ "to": "board" })));
    // Other calls pass meanwhile.
    assert_eq!(gateway.ask(&call(2, "read"))["id"], 2);
    let waits = scene.sh("wane pending --ledger sqlite:l.db --json").exits(0).json();
    let digest = waits["pending"][0]["digest"].as_str().unwrap().to_owned();
    scene.sh(&format!("wane approve {digest} --key approver.pem --yes --root root.pub --ledger sqlite:l.db")).exits(0);
    let answered = gateway.next();
    assert_eq!((&answered["id"], code(&answered)), (&json!(1), "none"), "{answered}");
    // Once, and for these arguments.
    gateway.send(&with(3, "mail", &json!({ "to": "board" })));
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3}}"#;
    gateway.send(cancel);
    assert_eq!(gateway.ask(&call(4, "read"))["id"], 4);
    // What still waits when its client goes is not called.
    gateway.send(&with(5, "mail", &json!({ "to": "press" })));
    assert_eq!(gateway.close(), 0);
    let log = scene.sh("wane audit query --ledger sqlite:l.db --json").exits(0).out;
    assert_eq!(log.matches(r#""decision":"allow""#).count(), 3, "{log}");
    scene.sh("wane audit replay --root root.pub --ledger sqlite:l.db").exits(0);
}

#[test]
fn nobody_approves_in_time() {
    let scene = scene();
    let mut gateway = Gateway::start(&scene, &format!("{RUN} --wait 1s -- sh server.sh"));
    assert_eq!(code(&gateway.ask(&call(1, "mail"))), "deny-needs-approval");
    assert_eq!(gateway.close(), 0);
    for flags in ["--wait 11m", "--wait soon", "--approver-passphrase-file p"] {
        scene.sh(&format!("{RUN} {flags} -- sh server.sh")).fails(2, "use-arguments");
    }
}

#[test]
fn a_client_asks_its_user_who_sees_exactly_what_is_approved() {
    let scene = scene();
    let mut gateway = showing_forms(&scene, "--approver-key local.pem");
    let forged = "a\n  audience   \"other\"\n\u{202e}\u{1b}[2J  approve: done";
    let question = gateway.ask(&with(1, "post", &json!({ "text": forged })));
    assert_eq!(question["method"], "elicitation/create");
    let words = question["params"]["message"].as_str().unwrap();
    assert!(words.contains("\n  call       tools/call \"post\"\n"), "{words}");
    assert!(words.contains("\n  actions    send:web\n") && words.contains("\n  server     \"files\"\n"), "{words}");
    assert_eq!(words.matches("\n  audience ").count(), 1, "{words}");
    assert!(words.is_ascii() && words.replace("\n  | ", "").contains(r"\u202e\u001b[2J"), "{words}");
    gateway.send(&answer(&question, &yes()));
    assert_eq!(gateway.next()["id"], 1);
    // No name, run of spaces or line within it stands where another line of the question could.
    let laid_out =
        json!({ "call": "tools/call \"read\"", "  actions": "read:files", "a": "x        y", "b": "z".repeat(300) });
    let question = gateway.ask(&with(9, "post", &laid_out));
    let words = question["params"]["message"].as_str().unwrap();
    let lines: Vec<&str> = words.lines().collect();
    let of = |name: &str| lines.iter().filter(|line| line.starts_with(name)).count();
    assert_eq!((of("  call "), of("  actions "), of("  audience "), of("  arguments  4")), (1, 1, 1, 1), "{words}");
    assert!(words.contains("\n    \"call\" = ") && words.contains(r"\u0020\u0020actions"), "{words}");
    assert!(words.contains(r"x\u0020\u0020") && words.matches('z').count() >= 300, "{words}");
    assert!(lines.iter().all(|line| line.len() <= 120), "{words}");
    gateway.send(&answer(&question, &json!({ "action": "cancel" })));
    assert_eq!(code(&gateway.next()), "deny-needs-approval");
    // One letter more is another request, and a no is a no.
    let question = gateway.ask(&with(2, "post", &json!({ "text": format!("{forged}!") })));
    gateway.send(&answer(&question, &json!({ "action": "decline" })));
    assert_eq!(code(&gateway.next()), "deny-needs-approval");
    // Nobody is asked who is not `@local`, nor what cannot be shown whole.
    assert_eq!(code(&gateway.ask(&call(3, "mail"))), "deny-needs-approval");
    let long = json!({ "text": "x".repeat(5_000) });
    assert_eq!(code(&gateway.ask(&with(4, "post", &long))), "deny-needs-approval");
    assert_eq!(gateway.close(), 0);
    scene.sh("wane audit export log --ledger sqlite:l.db").exits(0);
    let log = scene.read("log/records.jsonl");
    let local = scene.read("local.pub");
    assert!(log.contains(&format!(r#""key":"{}""#, local.trim())), "{log}");
    assert!(log.contains(r#""asks":["send:web by @local need 1"]"#), "{log}");
    scene.sh("wane audit replay --root root.pub --ledger sqlite:l.db").exits(0);
}

#[test]
fn a_key_of_the_chain_approves_nothing() {
    let scene = scene();
    let mut gateway = showing_forms(&scene, "--approver-key root.pem");
    // So nobody is asked in vain.
    assert_eq!(code(&gateway.ask(&call(1, "post"))), "deny-needs-approval");
    assert_eq!(gateway.close(), 0);
}
