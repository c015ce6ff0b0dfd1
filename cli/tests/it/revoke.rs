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
    scene.sh(&format!("wane attenuate t1 --key root.pem --to root.pub {LEDGER} -o below")).exits(0);
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

#[test]
fn an_altered_copy_is_said_to_be_another_token() {
    let scene = scene();
    scene.alter("tok", "send:*", "sent:*", "forged");
    let state = || scene.sh(&format!("wane session show tok {LEDGER} --json")).exits(0).json()["state"].clone();
    let ran = scene.sh(&format!("wane revoke forged --yes {LEDGER} --json")).exits(0);
    assert_eq!((&ran.json()["known"], state()), (&false.into(), "live".into()));
    assert!(ran.err.contains("warning: the ledger does not know this block"), "{ran:?}");
    // Neither that it was revoked nor that it was raised makes it known.
    for line in ["wane revoke forged --yes", "wane revoke forged --dry-run"] {
        assert_eq!(scene.sh(&format!("{line} {LEDGER} --json")).exits(0).json()["known"], false, "{line}");
    }
    // What was registered is known, and so is what was shown, sealed or not.
    scene.sh("wane attenuate tok --sub kid -o kid && wane seal kid -o kid.s").exits(0);
    let dry = |name: &str| {
        scene.sh(&format!("wane revoke {name} --dry-run {LEDGER} --json")).exits(0).json()["known"].clone()
    };
    assert_eq!((dry("tok"), dry("kid"), dry("kid.s")), (true.into(), false.into(), false.into()));
    scene.sh(&format!("wane admit kid.s --root root.pub --aud a --action read:x --level public {LEDGER}")).exits(0);
    assert_eq!((dry("kid"), dry("kid.s"), dry(&"ab".repeat(32))), (true.into(), true.into(), false.into()));
    let all = scene.sh(&format!("wane revoke --agent kid --before now --dry-run {LEDGER} --json")).exits(0).json();
    assert!(all["known"].is_null(), "{all}");
    let ran = scene.sh(&format!("wane revoke tok --yes {LEDGER}")).exits(0);
    assert!(!ran.err.contains("warning") && state() == "revoked", "{ran:?}");
}

#[test]
fn a_token_that_the_ledger_does_not_know_raises_nothing_unasked() {
    let scene = scene();
    scene.sh(&format!("wane renew tok --key root.pem {LEDGER} -o next")).exits(0);
    scene.alter("next", "send:*", "sent:*", "forged");
    let level = || scene.sh(&format!("wane session show tok {LEDGER} --json")).exits(0).json()["level"].clone();
    let raise = |name: &str, level: &str| format!("wane raise {name} --level {level} {LEDGER} --json");
    // It names the first session of the line, as whoever altered it likes.
    let ran = scene.sh(&raise("forged", "restricted")).fails(2, "use-arguments");
    assert!(ran.err.contains("warning: the ledger does not know this token") && level() == "public", "{ran:?}");
    let ran = scene.sh(&raise("next", "internal")).exits(0);
    assert!(!ran.err.contains("warning") && level() == "internal", "{ran:?}");
    scene.sh(&format!("{} --yes", raise("forged", "confidential"))).exits(0);
    assert_eq!(level(), "confidential");
    let ran = scene.sh(&raise(&"ab".repeat(32), "restricted")).exits(0);
    assert!(ran.err.contains("warning: the ledger does not know the block abab"), "{ran:?}");
}

#[test]
fn what_cannot_be_noted_outside_is_revoked_in_full_all_the_same() {
    let scene = Scene::new();
    scene.sh("for name in root holder; do wane keygen $name.pem > $name.pub; done").exits(0);
    let mint = "wane mint --key root.pem --aud a --scope 'read:*' --to holder.pub";
    scene.sh(&format!("{mint} {LEDGER} -o held && wane seal held --key holder.pem -o sealed")).exits(0);
    let check = format!("wane check sealed --root root.pub --aud a --action read:x --level public {LEDGER}");
    scene.sh(&check).exits(0);
    // Nobody can hold the lock of the newest head.
    scene.sh("cd .local/state/wane/* && rm -f head.lock && mkdir head.lock").exits(0);
    let ran =
        scene.sh(&format!("wane revoke --key holder.pub --before now --yes {LEDGER}")).fails(3, "state-unreachable");
    assert!(ran.err.contains("the change is committed"), "{ran:?}");
    scene.sh("rmdir .local/state/wane/*/head.lock").exits(0);
    // The key was revoked as a root first, and as a holder after that.
    let ran = scene.sh(&check).exits(3);
    assert!(ran.out.contains("state-revoked"), "{ran:?}");
}
