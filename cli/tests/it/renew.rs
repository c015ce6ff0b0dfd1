//! `renew`, by somebody who wants the root key to vouch for more than it did.

use crate::scene::Scene;

const LEDGER: &str = "--ledger sqlite:l.db";

/// A ledger, a root, and the token of a session that may read the payroll.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.sh("for name in root board holder; do wane keygen $name.pem > $name.pub; done").exits(0);
    scene
        .sh(&format!("wane mint --key root.pem --aud a --scope 'read:hr:payroll' --budget calls=3 {LEDGER} -o tok"))
        .exits(0);
    scene
}

/// How many blocks the ledger knows.
fn known(scene: &Scene) -> usize {
    scene.sh(&format!("wane sessions {LEDGER} --json")).exits(0).json()["sessions"].as_array().unwrap().len()
}

fn allowed(scene: &Scene, token: &str, action: &str, roots: &str) -> i32 {
    let check = format!("wane check - --root {roots} --aud a --action {action} --level public --cost calls=1 {LEDGER}");
    scene.sh(&format!("wane seal {token} | {check}")).code
}

#[test]
fn the_key_vouches_for_nothing_that_was_altered() {
    let scene = scene();
    scene.sh(&format!("wane renew tok --key root.pem {LEDGER} -o next && wane seal next -o next.s")).exits(0);
    let before = known(&scene);
    for (name, from, to) in [
        ("next", "read:hr:payroll", "send:hr:payroll"),
        ("next.s", "read:hr:payroll", "send:hr:payroll"),
        ("tok", "calls\u{3}", "calls\u{17}"),
    ] {
        scene.alter(name, from, to, "forged");
        scene.sh(&format!("wane renew forged --key root.pem {LEDGER} -o x")).fails(4, "chain-signature");
        scene.sh("rm forged").exits(0);
    }
    assert!(!scene.path("x").exists());
    assert_eq!(known(&scene), before, "nothing was registered");
    // Untouched, both are good, and so is what they become.
    for old in ["next", "next.s"] {
        let ran = scene.sh(&format!("wane renew {old} --key root.pem {LEDGER} -o again")).exits(0);
        assert!(ran.err.contains("it grants:\n  aud a\n  scope read:hr:payroll\n"), "{ran:?}");
        assert_eq!(allowed(&scene, "again", "read:hr:payroll", "root.pub"), 0);
        assert_eq!(allowed(&scene, "again", "send:hr:payroll", "root.pub"), 3);
        scene.sh("rm again").exits(0);
    }
}

#[test]
fn what_is_revoked_is_not_renewed() {
    let scene = scene();
    scene.sh(&format!("wane renew tok --key root.pem {LEDGER} -o next && wane seal next -o next.s")).exits(0);
    scene.sh("wane attenuate next --sub kid -o kid && wane attenuate kid --sub grandkid -o grandkid").exits(0);
    scene.sh(&format!("wane revoke kid --yes {LEDGER}")).exits(0);
    for dead in ["kid", "grandkid"] {
        scene.sh(&format!("wane renew {dead} --key root.pem {LEDGER} -o x")).fails(3, "state-revoked");
    }
    scene.sh(&format!("wane renew next --key root.pem {LEDGER} -o again")).exits(0);
    scene.sh(&format!("wane revoke next --yes {LEDGER}")).exits(0);
    for dead in ["next", "next.s"] {
        scene.sh(&format!("wane renew {dead} --key root.pem {LEDGER} -o x")).fails(3, "state-revoked");
    }
    // With the first session its whole line is dead.
    scene.sh(&format!("wane revoke tok --yes {LEDGER}")).exits(0);
    for dead in ["tok", "again"] {
        scene.sh(&format!("wane renew {dead} --key root.pem {LEDGER} -o x")).fails(3, "state-revoked");
    }
    scene.sh(&format!("wane mint --key root.pem --aud a --scope 'read:*' --sub bob {LEDGER} -o bob")).exits(0);
    scene.sh(&format!("wane revoke --agent bob --before now --yes {LEDGER}")).exits(0);
    scene.sh(&format!("wane renew bob --key root.pem {LEDGER} -o x")).fails(3, "state-revoked");
    assert!(!scene.path("x").exists());
}

#[test]
fn another_key_renews_only_what_it_succeeds() {
    let scene = scene();
    let before = known(&scene);
    scene.sh("wane roots add both.toml root.pub && wane roots add both.toml board.pub").exits(0);
    let ran = scene.sh(&format!("wane renew tok --key board.pem {LEDGER} -o x")).fails(4, "chain-unknown-root");
    assert!(ran.err.contains("`succeeds`"), "{ran:?}");
    scene.sh(&format!("wane renew tok --key board.pem --root both.toml {LEDGER} -o x")).fails(3, "state-continues");
    scene.sh(&format!("wane renew tok --key board.pem --root root.pub {LEDGER} -o x")).fails(4, "chain-unknown-root");
    assert_eq!((known(&scene), scene.path("x").exists()), (before, false));

    scene.sh("wane roots add roots.toml root.pub && wane roots add roots.toml board.pub --succeeds root.pub").exits(0);
    scene.sh(&format!("wane renew tok --key board.pem --root roots.toml {LEDGER} -o next")).exits(0);
    assert_eq!(allowed(&scene, "next", "read:hr:payroll", "roots.toml"), 0);
    // The line began under the other root, and the key alone does not say that it succeeds it.
    scene.sh(&format!("wane renew next --key board.pem {LEDGER} -o x")).fails(3, "state-continues");
    scene.sh(&format!("WANE_ROOTS=roots.toml wane renew next --key board.pem {LEDGER} -o third")).exits(0);
    assert_eq!(allowed(&scene, "third", "read:hr:payroll", "roots.toml"), 0);
}

#[test]
fn what_no_server_would_take_is_not_made() {
    let scene = scene();
    let before = known(&scene);
    scene.sh("wane roots add roots.toml root.pub --max-ttl 2h").exits(0);
    scene.sh(&format!("wane renew tok --key root.pem --root roots.toml --ttl 3h {LEDGER} -o x")).fails(4, "chain-root");
    scene.sh("wane seal tok --action read:hr:payroll -o one").exits(0);
    scene.sh(&format!("wane renew one --key root.pem {LEDGER} -o x")).fails(2, "use-arguments");
    assert_eq!((known(&scene), scene.path("x").exists()), (before, false));
}

#[test]
fn audiences_are_kept_and_a_bound_token_is_shown_sealed() {
    let scene = scene();
    let many = "--aud 'srv:*' --aud b --scope 'read:*' --to holder.pub";
    scene.sh(&format!("wane mint --key root.pem {} {LEDGER} -o many", many.replace(" --to holder.pub", ""))).exits(0);
    let json = scene.sh(&format!("wane renew many --key root.pem {LEDGER} --json -o x")).exits(0).json();
    assert_eq!(json["grant"]["aud"], serde_json::json!(["srv:*", "b"]), "{json}");
    scene.sh(&format!("wane mint --key root.pem {many} {LEDGER} -o bound")).exits(0);
    let ran = scene.sh(&format!("wane renew bound --key root.pem {LEDGER} -o y")).fails(2, "use-no-secret");
    assert!(ran.err.contains("wane seal"), "{ran:?}");
    scene.sh("wane seal bound --key holder.pem --aud srv:one -o bound.s").exits(0);
    let renew = format!("wane renew bound.s --key root.pem --to holder.pub {LEDGER} --json -o y");
    let json = scene.sh(&renew).exits(0).json();
    assert_eq!((&json["carries_secret"], &json["grant"]["aud"]), (&false.into(), &serde_json::json!(["srv:one"])));
}

#[test]
fn what_has_expired_goes_on_until_it_is_forgotten() {
    let scene = scene();
    scene.sh(&format!("wane attenuate tok --ttl 1s {LEDGER} -o short && sleep 2")).exits(0);
    scene.sh(&format!("wane renew short --key root.pem --ttl 1h {LEDGER} -o next")).exits(0);
    assert_eq!(allowed(&scene, "next", "read:hr:payroll", "root.pub"), 0);
}

#[test]
fn what_no_root_can_say_is_not_renewed() {
    let scene = scene();
    let calls = |token: &str, args: &str| {
        let check =
            format!("wane check - --root root.pub --aud a --action read:x --level public --args '{args}' {LEDGER}");
        scene.sh(&format!("wane seal {token} | {check}")).code
    };
    let mint = "wane mint --key root.pem --aud a --scope 'read:* if path under /data only'";
    scene.sh(&format!("{mint} {LEDGER} -o closed")).exits(0);
    // The parent lets nothing in but `path`, so that a child which asks for `q` as well is allowed nothing.
    scene.sh("wane attenuate closed --scope 'read:* if q = 1' -o child").exits(0);
    assert_eq!(calls("child", r#"{"path":"/data/x","q":1}"#), 3);
    scene.sh(&format!("wane renew child --key root.pem {LEDGER} -o x")).fails(2, "use-arguments");
    assert!(!scene.path("x").exists());
    // What names no other argument, or was not closed before, comes out as it was.
    scene.sh("wane attenuate closed --scope 'read:* if path under /data/hr' -o narrower").exits(0);
    scene.sh("wane attenuate closed --scope 'read:*' -o same").exits(0);
    for token in ["narrower", "same"] {
        scene.sh(&format!("wane renew {token} --key root.pem {LEDGER} -o {token}.next")).exits(0);
        let next = format!("{token}.next");
        assert_eq!(calls(&next, r#"{"path":"/data/hr/x"}"#), 0);
        assert_eq!(calls(&next, r#"{"path":"/data/hr/x","q":1}"#), 3);
    }
}
