//! `check`: allow, deny, ask and why.

use crate::scene::{Ran, Scene};

fn with_root() -> Scene {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub").exits(0);
    scene
}

/// Mints with these flags, seals with those, and checks.
fn judge(scene: &Scene, mint: &str, seal: &str, check: &str) -> Ran {
    scene.sh("rm -f t s").exits(0);
    scene.sh(&format!("wane mint --key root.pem --aud files {mint} -o t && wane seal t {seal} -o s")).exits(0);
    scene.sh(&format!("wane check s --root root.pub --aud files {check}"))
}

#[track_caller]
fn says(ran: Ran, code: i32, word: &str) -> Ran {
    let ran = ran.exits(code);
    assert!(ran.out.contains(word), "{word}: {ran:?}");
    assert!(ran.out.contains("not rollback-safe: no ledger"), "{ran:?}");
    ran
}

#[test]
fn each_answer_has_its_exit_code() {
    let scene = with_root();
    let read = "--scope 'read:*' --scope 'write:*'";
    says(judge(&scene, read, "", "--action read:a --level internal"), 0, "allow read:a");
    says(judge(&scene, read, "", "--action send:a --level internal"), 3, "deny-scope");
    says(judge(&scene, read, "", "--action write:a --level restricted"), 3, "deny-ratchet");
    says(judge(&scene, read, "", "--action write:a --level confidential --label untrusted"), 3, "deny-ratchet");
    says(judge(&scene, read, "", "--action read:a --level internal --at 2099-01-01T00:00:00Z"), 3, "deny-expired");
    says(judge(&scene, read, "", "--action read:a --level internal --at 60"), 3, "deny-");
    says(judge(&scene, read, "", "--action read:a --action send:a --level internal"), 3, "deny-scope");
    let clear = format!("{read} --clearance internal");
    says(judge(&scene, &clear, "", "--action read:a --level confidential"), 3, "deny-clearance");
    let deny = format!("{read} --deny 'read:hr:*'");
    says(judge(&scene, &deny, "", "--action read:hr:a --level internal"), 3, "deny-pattern");
    let ledger = format!("{read} --ledger-id {}", "00".repeat(16));
    says(judge(&scene, &ledger, "", "--action read:a --level internal"), 3, "state-no-ledger");
}

#[test]
fn an_approval_is_asked_for_with_exit_5() {
    let scene = with_root();
    scene.sh("wane keygen boss.pem > boss.pub").exits(0);
    let asks = "--scope 'write:*' --ask \"write:* by $(cat boss.pub) need 1\"";
    says(judge(&scene, asks, "", "--action write:a --level internal"), 5, "deny-needs-approval");
    let json =
        scene.sh("wane check s --root root.pub --aud files --action write:a --level internal --json").exits(5).json();
    assert_eq!(json["decision"], "ask");
    assert_eq!(json["request_digest"].as_str().unwrap().len(), 64);
    assert_eq!(json["error"]["retry"], "approve");
    let group = "--scope 'write:*' --ask 'write:* by @oncall need 1'";
    says(judge(&scene, group, "", "--action write:a --level internal"), 3, "deny-group");
}

#[test]
fn conditions_judge_arguments_and_facts() {
    let scene = with_root();
    let under = "--scope 'read:files if path under /data and @env = \"prod\"'";
    let check = |args: &str, fact: &str| format!("--action read:files --level public --args '{args}' {fact}");
    says(judge(&scene, under, "", &check(r#"{"path": "/data/a"}"#, "--fact env=prod")), 0, "allow");
    says(judge(&scene, under, "", &check(r#"{"path": "/data/../etc"}"#, "--fact env=prod")), 3, "deny-path");
    says(judge(&scene, under, "", &check(r#"{"path": "/data/a", "x": 1}"#, "--fact env=prod")), 3, "deny-");
    says(judge(&scene, under, "", &check(r#"{"path": "/data/a"}"#, "")), 3, "deny-missing-fact");
    says(judge(&scene, under, "", &check("{}", "--fact env=prod")), 3, "deny-missing-argument");
    let count = "--scope 'read:files if limit <= 10 and @said.purpose = \"report\" open'";
    let said = "--said purpose=report";
    says(judge(&scene, count, said, &check(r#"{"limit": 10}"#, "")), 0, "allow");
    says(judge(&scene, count, said, &check(r#"{"limit": "10"}"#, "")), 3, "deny-argument-type");
    says(judge(&scene, count, "", &check(r#"{"limit": 10}"#, "")), 3, "deny-missing-fact");
    judge(&scene, count, said, &check(r#"{"limit": 1e400}"#, "")).fails(4, "parse-json-number");
    judge(&scene, count, said, &check(r#"{"limit": 1, "limit": 2}"#, "")).fails(4, "parse-json-duplicate");
    judge(&scene, count, said, &check("[]", "")).fails(4, "parse-json");
    scene.write("args.json", r#"{"limit": 3}"#);
    says(judge(&scene, count, said, "--action read:files --level public --args @args.json"), 0, "allow");
    says(judge(&scene, count, said, "--action read:files --level public --args - < args.json"), 0, "allow");
}

#[test]
fn a_seal_for_one_request_is_good_for_that_one() {
    let scene = with_root();
    let scope = "--scope 'read:*'";
    let seal = r#"--tool read_file --args '{"path": "/a", "n": 1.0}'"#;
    let check = |rest: &str| format!("--action read:files --level public {rest}");
    says(judge(&scene, scope, seal, &check(r#"--tool read_file --args '{"n": 1, "path": "/a"}'"#)), 0, "allow");
    says(
        judge(&scene, scope, seal, &check(r#"--tool read_file --args '{"n": 2, "path": "/a"}'"#)),
        3,
        "deny-other-request",
    );
    says(judge(&scene, scope, seal, &check(r#"--tool read --args '{"n": 1, "path": "/a"}'"#)), 3, "deny-other-request");
    says(judge(&scene, scope, seal, &check("")), 3, "deny-other-request");
    says(judge(&scene, scope, "", &check("--require-sealed-to-request")), 3, "deny-not-for-one-request");
    let http = "--http 'GET /files?a=1'";
    says(judge(&scene, scope, http, &check(&format!("{http} --require-sealed-to-request"))), 0, "allow");
    says(judge(&scene, scope, http, &check("--http 'GET /files?a=2'")), 3, "deny-other-request");
    says(judge(&scene, scope, "--action read:files", &check("")), 0, "allow");
    scene.sh("wane seal t --tool a --ttl 6m").fails(4, "chain-request-seal");
    scene.sh("wane seal t --args '{}'").fails(2, "use-arguments");
    scene.sh("wane seal t --http 'GET'").fails(2, "use-arguments");
}

#[test]
fn the_server_must_state_its_side() {
    let scene = with_root();
    judge(&scene, "--scope 'read:*'", "", "--action read:a").exits(2);
    judge(&scene, "--scope 'read:*'", "", "--level public").fails(2, "use-arguments");
    scene.sh("wane check s --root root.pub --action read:a --level public").fails(2, "use-arguments");
    scene.sh("wane check s --aud files --action read:a --level public").fails(2, "use-no-root");
    scene.sh("wane check s --root root.pub --aud files --action read:a --level secret").fails(2, "parse-level");
    scene.sh("wane check s --root root.pub --aud files --action 'read:*' --level public").fails(2, "parse-pattern");
    scene.sh("WANE_ROOTS=root.pub WANE_AUD=files wane check s --action read:a --level public").exits(0);
    let five = "--action read:a --action read:b --action read:c --action read:d --action read:e";
    scene.sh(&format!("wane check s --root root.pub --aud files {five} --level public")).fails(2, "use-actions");
    scene.sh("wane check s --root root.pub --aud files --action read:a --level public --fact a=1 --fact a=2").exits(2);
}

#[test]
fn a_denial_names_the_block_that_took_it_away() {
    let scene = with_root();
    scene.sh("wane mint --key root.pem --aud files --scope 'read:*' -o t").exits(0);
    scene.sh("wane attenuate t --deny 'read:hr:*' --sub child -o c && wane seal c -o s").exits(0);
    let ran = scene.sh("wane check s --root root.pub --aud files --action read:hr:a --level public").exits(3);
    assert!(ran.out.contains("in block 1, deny"), "{ran:?}");
    assert!(ran.out.contains("! deny-pattern: `read:hr:a` is denied by `read:hr:*`"), "{ran:?}");
    assert!(ran.out.contains("+ deny read:hr:*"));
}

#[test]
fn a_forged_token_shows_what_it_claims() {
    let scene = with_root();
    judge(&scene, "--scope 'read:*'", "", "--action read:a --level public").exits(0);
    let text = scene.read("s");
    let flipped = if text.trim_end().ends_with('A') { "Q" } else { "A" };
    scene.write("bad", &format!("{}{flipped}", &text[..text.len() - 2]));
    let ran = scene.sh("wane check bad --root root.pub --aud files --action read:a --level public").exits(4);
    assert!(ran.err.contains("error["), "{ran:?}");
    assert!(ran.out.is_empty(), "nothing is answered: {ran:?}");
}
