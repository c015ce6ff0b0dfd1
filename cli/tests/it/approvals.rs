//! Requests that wait for approval, as somebody would disguise or mistake them.

use crate::scene::{Ran, Scene};

const LEDGER: &str = "--ledger sqlite:l.db";

/// A token that sends with the approval of `b.pem`, and a child of it that the same holds for.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.sh("wane keygen r.pem > r.pub && wane keygen b.pem > b.pub").exits(0);
    let mint = "wane mint --key r.pem --aud mail --scope 'send:*' --ask \"send:* by $(cat b.pub)\" --sub parent";
    scene.sh(&format!("{mint} {LEDGER} -o t && wane attenuate t --sub child {LEDGER} -o c")).exits(0);
    scene.sh("wane seal t -o t.s && wane seal c -o c.s").exits(0);
    scene
}

/// The request of whoever shows this token.
fn send(scene: &Scene, sealed: &str, arguments: &str) -> Ran {
    scene.write("arguments.json", arguments);
    let request = "--root r.pub --aud mail --action send:mail --level public --tool send --args @arguments.json";
    scene.sh(&format!("wane admit {sealed} {request} {LEDGER}"))
}

/// All requests that wait.
fn pending(scene: &Scene) -> Vec<serde_json::Value> {
    scene.sh(&format!("wane pending {LEDGER} --json")).exits(0).json()["pending"].as_array().unwrap().clone()
}

/// The one request, shown as it would be approved, and written to `request.json`.
fn shown(scene: &Scene, arguments: &str) -> String {
    send(scene, "t.s", arguments).exits(5);
    let digest = pending(scene)[0]["digest"].as_str().unwrap().to_owned();
    scene.sh(&format!("wane pending {digest} {LEDGER} -o request.json")).exits(0);
    scene.sh(&format!("wane pending {digest} {LEDGER}")).exits(0).out
}

#[test]
fn what_is_counted_was_written_out() {
    let text = shown(&scene(), r#"{"a": "\\u0430 \\n", "b": "one\ttwo\n", "c": "\u0430"}"#);
    assert!(text.contains("\n    \"a\" = \"\\\\u0430 \\\\n\"\n"), "{text}");
    assert!(text.contains("\n    \"b\" = \"one\\u0009two\\u000a\" (2 written out)\n"), "{text}");
    assert!(text.contains("\n    \"c\" = \"\\u0430\" (1 written out)\n"), "{text}");
}

#[test]
fn no_value_looks_like_a_line_of_its_own() {
    for width in [60, 79, 80, 120] {
        let (scene, indent) = (scene(), " ".repeat(width));
        let forged = format!("x{indent}  audience   \\\"files\\\"{indent}  call       tools/call \\\"read\\\"");
        let text = shown(&scene, &format!(r#"{{"to": "{forged}", "{indent}audience": 1}}"#));
        // As a terminal shows it, whichever width it has.
        let rows = text.lines().flat_map(|line| {
            let bytes = line.as_bytes().chunks(if line.contains("signed for") { 200 } else { width.max(79) });
            bytes.map(|row| String::from_utf8(row.to_vec()).unwrap()).collect::<Vec<_>>()
        });
        let audiences: Vec<_> = rows.filter(|row| row.trim_start().starts_with("audience")).collect();
        assert_eq!(audiences, [r#"  audience   "mail""#], "{text}");
        assert!(text.lines().any(|line| line.starts_with("  | ")), "{text}");
        assert!(!text.contains("files\\\"  "), "{text}");
    }
}

#[test]
fn a_long_value_is_broken_with_a_mark() {
    let text = shown(&scene(), &format!(r#"{{"to": "{}audience files"}}"#, "x".repeat(79 - 12)));
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("    \"to\"")).unwrap();
    assert_eq!((lines[at].len(), lines[at + 1]), (79, "  | audience files\""), "{text}");
}

#[test]
fn a_file_vouches_for_nothing_that_is_not_signed() {
    let scene = scene();
    let text = shown(&scene, "{}");
    assert!(text.contains("\nas the server that was asked tells it:\n"), "{text}");
    let ran = scene.sh(APPROVE).exits(0);
    assert!(ran.err.contains("\nas the file tells it, which anybody may have written:\n"), "{ran:?}");
    assert!(!ran.err.contains("server"), "{ran:?}");
    let mut request: serde_json::Value = serde_json::from_str(&scene.read("request.json")).unwrap();
    let action = request["actions"][0].clone();
    request["actions"] = vec![action; 2_000].into();
    request["agents"] = vec!["a"; 2_000].into();
    scene.write("request.json", &request.to_string());
    let ran = scene.sh(APPROVE).exits(0);
    assert!(ran.err.lines().count() < 30 && ran.err.matches("send:mail\n").count() == 1, "{ran:?}");
    assert!(ran.err.contains(" and 1984 more\n"), "{ran:?}");
    // Nobody is shown a request that cannot be signed, let alone asked.
    for actions in [serde_json::json!([]), serde_json::json!(["send:a", "send:b", "send:c", "send:d", "send:e"])] {
        request["actions"] = actions;
        scene.write("request.json", &request.to_string());
        let ran = scene.sh(APPROVE).fails(2, "use-actions");
        assert!(!ran.err.contains("audience"), "{ran:?}");
    }
}

const APPROVE: &str = "wane approve request.json --key b.pem --yes";

#[test]
fn a_file_that_is_no_request_is_malformed() {
    let scene = scene();
    for content in [&b"no json"[..], b"{}", b"[1]", &[0xff, 0xfe, 0], b""] {
        std::fs::write(scene.path("request.json"), content).unwrap();
        let ran = scene.sh(APPROVE).fails(4, "parse-json");
        assert!(ran.err.contains("hint: `wane pending DIGEST -o FILE` writes one"), "{ran:?}");
    }
}

#[test]
fn the_same_request_of_two_tokens_is_approved_for_each() {
    let scene = scene();
    send(&scene, "t.s", "{}").exits(5);
    send(&scene, "c.s", "{}").exits(5);
    let mut waiting = pending(&scene);
    waiting.sort_by_key(|request| request["agents"].as_array().unwrap().len());
    let digest = waiting[0]["digest"].as_str().unwrap();
    assert_eq!((waiting.len(), waiting[1]["digest"].as_str()), (2, Some(digest)));
    let approve = |name: &str| scene.sh(&format!("wane approve {name} --key b.pem --root r.pub --yes {LEDGER}"));
    let ambiguous = approve(&digest[..16]).fails(1, "use-not-found");
    scene.sh(&format!("wane pending {digest} {LEDGER}")).fails(1, "use-not-found");
    let listed = scene.sh(&format!("wane pending {LEDGER}")).exits(0).out;
    for (request, sealed) in waiting.iter().zip(["t.s", "c.s"]) {
        let name = format!("{}:{}", &digest[..16], &request["last"].as_str().unwrap()[..16]);
        assert!(ambiguous.err.contains(&format!("`{name}`")) && listed.contains(&format!("{name}  ")), "{listed}");
        let text = scene.sh(&format!("wane pending {name} {LEDGER}")).exits(0).out;
        assert!(text.contains(request["last"].as_str().unwrap()), "{text}");
        approve(&name).exits(0);
        send(&scene, sealed, "{}").exits(0);
        // For this token only, and once.
        send(&scene, sealed, "{}").exits(5);
    }
    approve(&format!("{digest}:{}", "0".repeat(8))).fails(1, "use-not-found");
    approve(&format!("{digest}:0")).fails(1, "use-file");
}

#[test]
fn a_server_asks_though_the_token_does_not() {
    let scene = Scene::new();
    scene.sh("wane keygen r.pem > r.pub && wane keygen b.pem > b.pub").exits(0);
    let mint = "wane mint --key r.pem --aud mail --scope 'send:*' -o t";
    scene.sh(&format!("{mint} {LEDGER} && wane seal t -o t.s")).exits(0);
    let request = "--root r.pub --aud mail --action send:mail --level public";
    let ask = "--ask \"send:* by $(cat b.pub)\"";
    let admit = |ask: &str| scene.sh(&format!("wane admit t.s {request} {ask} {LEDGER}"));
    // Without a ledger it is asked for, and never satisfied.
    scene.sh("wane mint --key r.pem --aud mail --scope 'send:*' -o u && wane seal u -o u.s").exits(0);
    let ran = scene.sh(&format!("wane check u.s {request} {ask}")).exits(5);
    assert!(ran.out.contains("deny-needs-approval"), "{ran:?}");
    admit(ask).exits(5);
    let waits = &pending(&scene)[0];
    assert!(waits["asks"][0].as_str().unwrap().starts_with("send:* by wane1.key."), "{waits}");
    let digest = waits["digest"].as_str().unwrap();
    scene.sh(&format!("wane approve {digest} --key b.pem --root r.pub --yes {LEDGER}")).exits(0);
    scene.sh(&format!("wane check t.s {request} {ask} {LEDGER}")).exits(0);
    admit("--ask 'send:* by @local'").exits(5);
    admit(ask).exits(0);
    admit(ask).exits(5);
    assert!(admit("--ask 'send:* by @nobody'").exits(3).out.contains("deny-group"));
    admit("--ask 'send:*'").fails(2, "parse-condition");
    scene.sh(&format!("wane audit replay --root r.pub {LEDGER}")).exits(0);
}
