//! `revoke` and `raise`: what they say before, and what they refuse.

use crate::scene::Scene;

const LEDGER: &str = "--ledger sqlite:l.db";

/// A ledger, and a root that holds its own token: its key names both.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub").exits(0);
    let limits = "--aud a --scope 'read:*' --scope 'send:*' --sub planner";
    scene.sh(&format!("wane mint --key root.pem {limits} --to root.pub {LEDGER} -o held")).exits(0);
    scene.sh(&format!("wane mint --key root.pem {limits} {LEDGER} -o tok")).exits(0);
    scene
}

#[test]
fn what_dies_is_told_once_and_counted() {
    let scene = scene();
    let dry = format!("wane revoke --key root.pub --before now --dry-run --json {LEDGER}");
    let json = scene.sh(&dry).exits(0).json();
    assert_eq!((json["dies"].as_array().unwrap().len(), &json["more"]), (2, &0.into()), "{json}");
    // Of a hundred more, some dead already, a hundred are listed and the rest is counted.
    let mint = format!("wane mint --key root.pem --aud a --scope 'read:*' --to root.pub {LEDGER}");
    scene.sh(&format!("for i in $(seq 101); do {mint} -o t$i 2> /dev/null || exit 9; done")).exits(0);
    scene.sh(&format!("wane revoke t1 --yes {LEDGER} && wane revoke t2 --yes {LEDGER}")).exits(0);
    let json = scene.sh(&dry).exits(0).json();
    let mut ids: Vec<_> = json["dies"].as_array().unwrap().iter().map(|known| known["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), &json["more"]), (100, &1.into()), "{json}");
    assert!(json["dies"].as_array().unwrap().iter().all(|known| known["state"] == "live"), "{json}");
    let ran = scene.sh(&dry.replace(" --json", "")).exits(0);
    assert!(ran.err.contains("  and 1 more\n"), "{ran:?}");
}

#[test]
fn a_name_that_no_token_can_state_is_refused() {
    let scene = scene();
    let revoke = |bytes: usize| format!("wane revoke --agent $(printf %0{bytes}d 0) --before now --yes {LEDGER}");
    for bytes in [257, 512, 5000] {
        let ran = scene.sh(&revoke(bytes)).fails(2, "parse-limit");
        assert!(ran.err.contains(&format!("--agent: a name of {bytes} bytes, at most 256")), "{ran:?}");
        assert!(!ran.err.contains("dies:"), "{ran:?}");
    }
    scene.sh(&revoke(256)).exits(0);
    scene.sh(&format!("wane audit verify {LEDGER}")).exits(0);
}

#[test]
fn a_reason_that_no_record_holds_is_refused_before_anything_is_said() {
    let scene = scene();
    for line in ["wane revoke tok --yes", "wane revoke tok --dry-run", "wane raise tok --level restricted"] {
        let reason = |bytes: usize| format!("{line} --reason $(printf %0{bytes}d 0) {LEDGER}");
        let ran = scene.sh(&reason(1025)).fails(2, "parse-limit");
        assert!(ran.err.starts_with("error[parse-limit]: --reason: a reason of 1025 bytes, at most 1024"), "{ran:?}");
    }
    let known = scene.sh(&format!("wane session show tok {LEDGER} --json")).exits(0).json();
    assert_eq!((&known["state"], &known["level"]), (&"live".into(), &"public".into()));
    scene.sh(&format!("wane raise tok --level restricted --reason $(printf %01024d 0) {LEDGER}")).exits(0);
    scene.sh(&format!("wane revoke tok --yes --reason $(printf %01024d 0) {LEDGER}")).exits(0);
}
