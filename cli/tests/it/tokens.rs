//! `mint`, `attenuate`, `seal`, `verify` and `show`.

use crate::scene::{Ran, Scene};

const MINT: &str = "wane mint --key root.pem --aud files --scope 'read:*' --scope 'write:*'";

/// A root key, and a token for reading and writing.
pub(crate) fn with_session() -> Scene {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub").exits(0);
    scene.sh(&format!("{MINT} --ttl 10m -o session.tok")).exits(0);
    scene
}

/// The grant at the end of a token.
fn grant(scene: &Scene, token: &str) -> serde_json::Value {
    scene.sh(&format!("wane show {token} --json")).exits(0).json()["grant"].clone()
}

#[test]
fn the_lines_at_the_top_of_the_design_work() {
    let scene = Scene::new();
    for (line, code) in [
        ("wane keygen root.pem > root.pub", 0),
        ("wane mint --key root.pem --aud files --scope 'read:*' --scope 'write:*' --ttl 10m -o session.tok", 0),
        ("wane attenuate session.tok --scope 'read:hr:*' --raise internal --ttl 5m -o child.tok", 0),
        ("wane seal child.tok -o child.sealed", 0),
        ("wane check child.sealed --root root.pub --aud files --action read:hr:employees --level internal", 0),
        ("wane check child.sealed --root root.pub --aud files --action write:hr:employees --level internal", 3),
    ] {
        scene.sh(line).exits(code);
    }
}

#[test]
fn tokens_are_private_files_made_new() {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem").exits(0);
    scene
        .sh(&format!("umask 000; {MINT} -o a.tok; wane attenuate a.tok -o b.tok; wane seal b.tok -o c.sealed"))
        .exits(0);
    for name in ["a.tok", "b.tok", "c.sealed"] {
        assert_eq!(scene.mode(name), 0o600, "{name}");
        assert_eq!(scene.read(name).lines().count(), 1);
    }
    scene.sh(&format!("{MINT} -o a.tok")).fails(1, "use-file-exists");
    scene.sh("wane seal a.tok -o a.tok").fails(1, "use-file-exists");
}

#[test]
fn a_secret_into_an_open_file_is_warned_of() {
    let scene = with_session();
    let warned = |ran: &Ran| ran.err.contains("warning: others can read") && ran.err.contains("chmod 600");
    assert!(warned(&scene.sh(&format!("umask 022; {MINT} > a.tok")).exits(0)));
    assert!(warned(&scene.sh("umask 022; wane seal session.tok --header > h.json").exits(0)));
    assert!(!warned(&scene.sh(&format!("umask 077; {MINT} > b.tok")).exits(0)));
    assert!(!warned(&scene.sh(&format!("{MINT} | cat")).exits(0)));
    // Reading such a file later is warned of as well.
    assert!(scene.sh("wane show a.tok").err.contains("others can read `a.tok`"));
}

#[test]
fn what_a_root_needs_is_asked_for() {
    let scene = with_session();
    scene.sh("wane mint --key root.pem --scope 'read:*'").fails(2, "use-arguments");
    scene.sh("wane mint --key root.pem --aud files").fails(2, "use-arguments");
    scene.sh("wane mint --aud files --scope 'read:*'").exits(2);
    scene.sh("wane mint --key root.pem --aud files --scope 'read:**'").fails(2, "parse-pattern");
    scene.sh("wane mint --key root.pem --aud files --scope 'read:* if'").exits(2);
    scene.sh(&format!("{MINT} --ttl soon")).fails(2, "use-arguments");
    scene.sh(&format!("{MINT} --raise secret")).fails(2, "parse-level");
    scene.sh(&format!("{MINT} --key root.pub")).exits(2);
    scene.sh(&format!("{MINT} --note {}", "x".repeat(1025))).fails(2, "parse-limit");
    scene.sh(&format!("wane attenuate session.tok --note {}", "x".repeat(1025))).fails(2, "parse-limit");
    scene.sh("wane attenuate session.tok --issuer").fails(2, "use-arguments");
    scene.sh("wane attenuate session.tok --dry-run -o x.tok").exits(2);
    scene.sh(&format!("{MINT} --sub ''")).exits(2);
    scene.sh("wane seal session.tok --action read:a --tool x").fails(2, "use-arguments");
    scene.sh("wane mint --key root.pub --aud files --scope 'read:*'").fails(4, "parse-key-file");
    let ran = scene.sh("WANE_AUD=mail wane mint --key root.pem --scope 'read:*' -o env.tok").exits(0);
    assert!(ran.err.contains("the audience `mail` comes from WANE_AUD"), "{ran:?}");
}

#[test]
fn every_flag_arrives() {
    let scene = with_session();
    scene.write("rules.toml", "[[rule]]\nlevel = 'internal'\nlabels = ['pii']\nkeep = ['read:*']\n");
    scene.sh(&format!(
        "{MINT} --ttl 1h --sub planner --depth 3 --raise internal --label pii --clearance restricted --ratchet rules.toml \
         --deny 'read:hr:*' --ask 'write:* by @oncall need 2' --budget calls=5 --ledger-id {} --note hi -o full.tok",
        "ab".repeat(16)
    ))
    .exits(0);
    let grant = grant(&scene, "full.tok");
    assert_eq!(grant["depth"], 3);
    assert_eq!(grant["level"], "internal");
    assert_eq!(grant["labels"][0], "pii");
    assert_eq!(grant["clearance"], "restricted");
    assert_eq!(grant["ratchet"][0], "internal with pii keeps read:*");
    assert_eq!(grant["deny"][0], "read:hr:*");
    assert_eq!(grant["ask"][0], "write:* by @oncall need 2");
    assert_eq!(grant["budgets"]["calls"], 5);
    assert_eq!(grant["ledger"], "ab".repeat(16));
    assert_eq!(grant["exp"].as_u64().unwrap() - grant["iat"].as_u64().unwrap(), 3600);
    let shown = scene.sh("wane show full.tok").exits(0).out;
    assert!(shown.contains("for \"planner\"") && shown.contains("note hi"), "{shown}");
}

#[test]
fn a_grant_file_holds_the_same_words() {
    let scene = with_session();
    scene.write(
        "grant.toml",
        "aud = ['files', 'mail']\nscope = ['read:* if path under /data only']\ndeny = ['read:hr']\nttl = '2h'\n\
         raise = 'internal'\nsub = 'planner'\n[budget]\n[[ratchet]]\nlevel = 'internal'\nkeep = []\n",
    );
    scene.sh("wane mint --key root.pem --grant grant.toml --deny 'read:it' --ttl 1h -o g.tok").exits(0);
    let grant = grant(&scene, "g.tok");
    assert_eq!(grant["aud"], serde_json::json!(["files", "mail"]));
    assert_eq!(grant["scopes"][0], "read:* if path under /data only");
    assert_eq!(grant["deny"], serde_json::json!(["read:hr", "read:it"]));
    assert_eq!(grant["ratchet"][0], "internal keeps nothing");
    assert_eq!(grant["exp"].as_u64().unwrap() - grant["iat"].as_u64().unwrap(), 3600);
    scene.sh("wane mint --key root.pem --grant grant.toml --scope 'read:*'").exits(2);
    for (text, place) in [
        ("aud = ['a']\nscopes = ['read:*']\n", "line 2, column 1: unknown field `scopes`"),
        ("aud = ['a']\n\naud = ['b']\n", "line 3, column 1: duplicate key"),
        ("aud = 'a'\n", "line 1, column 7: "),
        ("[[ratchet]]\nlevel = 'internal'\nkept = []\n", "line 3, column 1: unknown field `kept`"),
    ] {
        scene.write("bad.toml", text);
        let ran = scene.sh("wane mint --key root.pem --grant bad.toml").fails(2, "parse-toml");
        assert!(ran.err.contains(place), "{place}: {ran:?}");
    }
}

#[test]
fn what_is_lost_is_printed() {
    let scene = with_session();
    let ran = scene.sh("wane attenuate session.tok --scope 'read:hr:*' --raise internal --dry-run").exits(0);
    assert!(ran.out.is_empty(), "{ran:?}");
    for line in ["- scope read:*", "- scope write:*", "+ scope read:hr:*", "~ level public -> internal", "lost: write"]
    {
        assert!(ran.err.lines().any(|said| said == line), "{line}: {ran:?}");
    }
    let json = scene.sh("wane attenuate session.tok --drop 'write:*' --json --dry-run").exits(0).json();
    assert_eq!(json["change"]["lost"][0], "write");
    assert_eq!(json["dry_run"], true);
    assert!(json.get("token").is_none());
    let ran = scene.sh("wane attenuate session.tok --raise restricted").exits(0);
    assert!(ran.err.contains("lost: write"), "the ratchet takes it: {ran:?}");
}

#[test]
fn nothing_can_be_widened() {
    let scene = with_session();
    let ran = scene.sh("wane attenuate session.tok --scope '*'").fails(4, "chain-scope-wider");
    assert!(ran.err.contains("`*` is not within"), "{ran:?}");
    assert!(ran.out.is_empty());
    scene.sh("wane attenuate session.tok --ttl 11m").fails(4, "chain-expiry");
    scene.sh("wane attenuate session.tok --aud mail").fails(4, "chain-audience");
    let ran = scene.sh("wane attenuate session.tok --drop 'write:hr:*'").fails(2, "use-drop");
    assert!(ran.err.contains("wider") && ran.err.contains("--deny"), "{ran:?}");
}

#[test]
fn a_bound_token_needs_its_holder() {
    let scene = with_session();
    scene.sh("wane keygen child.pem > child.pub; wane keygen other.pem").exits(0);
    scene.sh("wane attenuate session.tok --to child.pub -o bound.tok").exits(0);
    scene.sh("wane attenuate session.tok --to \"$(cat child.pub)\" -o same.tok").exits(0);
    scene.sh("wane seal bound.tok").fails(2, "use-no-secret");
    scene.sh("wane seal bound.tok --key other.pem").fails(2, "use-key");
    scene.sh("wane seal bound.tok --key child.pem -o bound.sealed").exits(0);
    scene.sh("wane attenuate bound.tok --key child.pem --ttl 1m -o further.tok").exits(0);
    scene.sh("wane verify bound.sealed --root root.pub").exits(0);
    scene.sh("wane attenuate session.tok --to child.pem").fails(4, "parse-key-file");
}

#[test]
fn tokens_come_from_settings_and_standard_input() {
    let scene = with_session();
    scene.sh("WANE_TOKEN_FILE=session.tok wane seal -o a.sealed").exits(0);
    scene.sh("wane seal - -o b.sealed < session.tok").exits(0);
    scene.sh("wane seal -o c.sealed < session.tok").exits(0);
    scene.sh("T=$(cat session.tok) wane seal env:T -o d.sealed").exits(0);
    scene.sh("wane seal - --action read:a --args - < session.tok").fails(2, "use-stdin-twice");
    scene.sh("wane mint --key - --aud a --grant - < root.pem").fails(2, "use-stdin-twice");
    scene
        .sh("wane check - --args - --root root.pub --aud files --action read:a --level public < a.sealed")
        .fails(2, "use-stdin-twice");
    scene.sh("WANE_TOKEN_FILE=$(cat session.tok) wane seal").fails(2, "use-secret-argument");
}

#[test]
fn an_issuer_chain_opens_its_session_when_it_is_handed_on() {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub").exits(0);
    scene.sh("wane roots add roots.toml root.pub --issuer && wane roots add plain.toml root.pub").exits(0);
    scene.sh(&format!("{MINT} --issuer -o issuer.tok")).exits(0);
    scene.sh("wane seal issuer.tok").fails(4, "chain-no-session");
    let ran = scene.sh("wane attenuate issuer.tok --issuer -o passed.tok").exits(0);
    assert!(ran.err.contains("warning: the right to open sessions is passed on"), "{ran:?}");
    let ran = scene.sh("wane attenuate passed.tok -o session.tok").exits(0);
    assert!(ran.err.contains("opens a session"), "{ran:?}");
    scene.sh("wane seal session.tok -o s.sealed").exits(0);
    scene.sh("wane verify s.sealed --root roots.toml").exits(0);
    scene.sh("wane verify s.sealed --root plain.toml").fails(4, "chain-issuer");
}

#[test]
fn a_seal_needs_an_audience_only_where_there_is_a_choice() {
    let scene = with_session();
    scene.sh("wane mint --key root.pem --aud files --aud 'mail:*' --scope 'read:*' -o two.tok").exits(0);
    scene.sh("wane seal two.tok").fails(4, "chain-seal-audience");
    scene.sh("wane seal two.tok --aud files -o files.sealed").exits(0);
    scene.sh("WANE_AUD=mail:eu wane seal two.tok -o mail.sealed").exits(0);
    scene.sh("wane seal two.tok --aud 'mail:*'").exits(2);
    scene.sh("wane seal two.tok --aud disk").fails(4, "chain-audience");
    scene.sh("wane check mail.sealed --root root.pub --aud files --action read:a --level public").exits(3);
    let header = scene.sh("wane seal session.tok --header").exits(0).json();
    assert!(header["Authorization"].as_str().unwrap().starts_with("Bearer wane1.sealed."));
}

#[test]
fn verify_without_a_root_is_never_valid() {
    let scene = with_session();
    scene.sh("wane seal session.tok -o s.sealed").exits(0);
    let ran = scene.sh("wane verify s.sealed").fails(2, "use-no-root");
    assert!(ran.out.is_empty(), "{ran:?}");
    scene.sh("wane verify s.sealed --root root.pem").exits(4);
    let ran = scene.sh("wane verify s.sealed --root root.pub").exits(0);
    assert!(ran.err.contains("by itself allows nothing"), "{ran:?}");
    scene.sh("WANE_ROOTS=root.pub wane verify s.sealed").exits(0);
    scene.sh("cp root.pub open.pub && chmod 666 open.pub").exits(0);
    let ran = scene.sh("wane verify s.sealed --root open.pub").exits(0);
    assert!(ran.err.contains("others can write `open.pub`"), "{ran:?}");
    scene.sh("wane verify s.sealed --root \"$(cat root.pub)\"").exits(0);
    scene.sh("wane verify session.tok --root root.pub").fails(4, "chain-unsealed");
    scene.sh("wane keygen b.pem > b.pub; wane verify s.sealed --root b.pub").fails(4, "chain-unknown-root");
    scene.write("bad.toml", "[[root]]\nkee = 'x'\n");
    scene.sh("wane verify s.sealed --root bad.toml").exits(2);
    scene.write("bad.sealed", &scene.read("s.sealed").replace("wane1.sealed.", "wane1.sealed"));
    scene.sh("wane verify bad.sealed --root root.pub").fails(4, "parse-text");
}

#[test]
fn show_believes_nothing_and_says_so() {
    let scene = with_session();
    scene.sh("wane seal session.tok -o s.sealed; wane roots add roots.toml root.pub --name ops").exits(0);
    let ran = scene.sh("wane show session.tok").exits(0);
    assert!(ran.err.contains("NOT VERIFIED") && ran.err.contains("carries a secret"), "{ran:?}");
    assert!(!ran.out.contains("wane1.token."));
    assert!(!scene.sh("wane show s.sealed").exits(0).err.contains("carries a secret"));
    assert!(scene.sh("wane show root.pub").exits(0).out.contains("fingerprint"));
    assert!(scene.sh("wane show roots.toml").exits(0).out.contains("ops"));
    assert_eq!(scene.sh("wane show s.sealed --json").json()["verified"], false);
    scene.write("junk", "hello\n");
    scene.sh("wane show junk").exits(2);
    scene.write("escape.toml", "aud = ['a']\nscope = ['read:*']\nnote = \"\\u001b[2J\\u202e\"\nsub = \"a\\nb\"\n");
    scene.sh("wane mint --key root.pem --grant escape.toml -o e.tok").exits(0);
    let ran = scene.sh("wane show e.tok").exits(0);
    assert!(ran.out.contains("\\u{1b}[2J\\u{202e}") && ran.out.contains("a\\u{a}b"), "{ran:?}");
}
