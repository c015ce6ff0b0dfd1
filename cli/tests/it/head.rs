//! The newest head known outside the ledger, as somebody would get around it.

use crate::scene::{Ran, Scene};

const LEDGER: &str = "--ledger sqlite:l.db";

/// A ledger, a token in it, and a copy of the ledger.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub && wane roots add roots.toml root.pub").exits(0);
    let limits = "--scope 'read:*' --scope 'send:*' --ask 'send:* by @local' --sub planner";
    scene.sh(&format!("wane mint --key root.pem --aud a {limits} {LEDGER} -o tok && wane seal tok -o sealed")).exits(0);
    scene
}

fn admit(scene: &Scene) -> Ran {
    let asked = "--root roots.toml --aud a --action read:x --level public";
    scene.sh(&format!("wane admit sealed {asked} {LEDGER}"))
}

/// The file of the newest head.
fn head(scene: &Scene) -> String {
    let folder = scene.path(".local/state/wane").read_dir().unwrap().next().unwrap().unwrap().path();
    folder.join("head").strip_prefix(scene.path("")).unwrap().display().to_string()
}

#[test]
fn no_change_by_hand_is_undone_by_putting_a_copy_back() {
    for change in [
        "wane revoke tok --yes",
        "wane revoke --agent planner --before now --yes",
        "wane raise tok --level restricted",
        "wane mint --key root.pem --aud a --scope 'read:*' -o another",
        "wane attenuate tok --scope 'read:*' -o child",
        "wane renew tok --key root.pem -o next",
        "wane ledger gc",
        "wane ledger accept-restore --yes",
    ] {
        let scene = scene();
        admit(&scene).exits(0);
        scene.sh("cp l.db copy.db").exits(0);
        scene.sh(&format!("{change} {LEDGER}")).exits(0);
        scene.sh(&format!("wane ledger status {LEDGER}")).exits(0);
        scene.sh("rm -f l.db-wal l.db-shm; cp copy.db l.db").exits(0);
        scene.sh(&format!("wane ledger status {LEDGER}")).fails(6, "state-rolled-back");
        admit(&scene).fails(6, "state-rolled-back");
        scene.sh(&format!("wane revoke tok --yes {LEDGER}")).fails(6, "state-rolled-back");
    }
}

#[test]
fn the_first_mint_is_known_outside_already() {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub && wane ledger init sqlite:l.db && cp l.db empty.db").exits(0);
    scene.sh(&format!("wane mint --key root.pem --aud a --scope 'read:*' {LEDGER} -o tok")).exits(0);
    scene.sh("rm -f l.db-wal l.db-shm; cp empty.db l.db").exits(0);
    scene.sh(&format!("wane sessions {LEDGER}")).fails(6, "state-rolled-back");
}

#[test]
fn what_cannot_be_noted_outside_is_said() {
    let scene = scene();
    let head = head(&scene);
    scene.sh(&format!("rm -f {head} && ln -s nowhere/head {head}")).exits(0);
    let folder = head.trim_end_matches("/head");
    // A head that cannot be looked at keeps everybody from changing anything.
    scene.sh(&format!("rm {head} && mkdir {head}")).exits(0);
    let ran = scene.sh(&format!("wane revoke tok --yes {LEDGER}")).fails(3, "state-unreachable");
    assert!(ran.err.contains("head"), "{ran:?}");
    scene.sh(&format!("rmdir {head} && ls {folder}")).exits(0);
    scene.sh(&format!("wane revoke tok --yes {LEDGER}")).exits(0);
}

#[test]
fn a_head_that_says_nothing_is_no_damaged_ledger() {
    for text in ["", "garbage", &"x".repeat(100_000)] {
        let scene = scene();
        admit(&scene).exits(0);
        let head = head(&scene);
        scene.write(&head, text);
        for line in [format!("wane sessions {LEDGER}"), format!("wane revoke tok --yes {LEDGER}")] {
            let ran = scene.sh(&line).fails(6, "state-corrupt");
            assert!(ran.err.contains(&head) && ran.err.contains("accept-restore"), "{ran:?}");
            assert!(!ran.err.contains("ledger is damaged"), "{ran:?}");
        }
        admit(&scene).fails(6, "state-corrupt");
        // It goes on with another epoch, by hand only, and says what is not known.
        let ran = scene.sh(&format!("wane ledger accept-restore --yes {LEDGER} --json")).exits(0);
        assert!(ran.err.contains("warning: ") && ran.err.contains(&head), "{ran:?}");
        assert_eq!(ran.json()["epoch"], 2);
        assert_eq!(ran.json()["known_size"], ran.json()["size"]);
        scene.sh(&format!("wane sessions {LEDGER}")).exits(0);
        admit(&scene).exits(3);
    }
}
