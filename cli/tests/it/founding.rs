//! Ledgers that are made: by several at once, and not for nothing.

use std::process::Stdio;

use crate::scene::{Ran, Scene, shell};

/// Runs all of these lines at once.
fn at_once(scene: &Scene, lines: &[String]) -> Vec<Ran> {
    let start = |line: &String| shell(&scene.path("."), line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let children: Vec<_> = lines.iter().map(|line| start(line).unwrap()).collect();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ended = children.into_iter().map(|child| child.wait_with_output().unwrap());
    ended.map(|ran| Ran { code: ran.status.code().unwrap(), out: text(ran.stdout), err: text(ran.stderr) }).collect()
}

/// The folders of ledgers that were made here.
fn homes(scene: &Scene) -> usize {
    scene.path(".local/state/wane").read_dir().map_or(0, Iterator::count)
}

#[test]
fn of_two_at_once_the_one_that_is_late_takes_nothing_away() {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub && mkdir f && ln -s f g").exits(0);
    for round in 0..10 {
        let (secret, key) = (format!("s{round}"), format!("k{round}"));
        // The same files by other names, and in the other order.
        let line = |first: &str, second: &str| {
            format!("wane ledger init sqlite:l{round}.db --log-secret {first}/{secret} --audit-key {second}/{key}")
        };
        scene.sh(&format!("mkdir -p f/{round}")).exits(0);
        let lines = ["f", "g", "f", "./f"].map(|folder| line(folder, &format!("{folder}/{round}")));
        let ran = at_once(&scene, &lines);
        assert_eq!(ran.iter().filter(|ran| ran.code == 0).count(), 1, "{ran:?}");
        assert!(ran.iter().filter(|ran| ran.code != 0).all(|ran| ran.err.contains("use-ledger-exists")), "{ran:?}");
        let ledger = format!("--ledger sqlite:l{round}.db");
        scene
            .sh(&format!("wane mint --key root.pem --aud a --scope 'read:*' {ledger} | wane seal - -o {round}.s"))
            .exits(0);
        let asked = format!("wane admit {round}.s --root root.pub --aud a --action read:x --level public {ledger}");
        scene.sh(&format!("{asked} --log-secret f/{secret} --audit-key f/{round}/{key}")).exits(0);
    }
}

#[test]
fn of_many_first_mints_at_once_each_has_its_token() {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub").exits(0);
    for round in 0..5 {
        let line =
            |n| format!("wane mint --key root.pem --aud a --scope 'read:*' --ledger sqlite:l{round}.db -o {round}-{n}");
        let ran = at_once(&scene, &(0..4).map(line).collect::<Vec<_>>());
        assert!(ran.iter().all(|ran| ran.code == 0), "{ran:?}");
        let known = scene.sh(&format!("wane sessions --ledger sqlite:l{round}.db --json")).exits(0).json();
        assert_eq!(known["sessions"].as_array().unwrap().len(), 4, "{known}");
        assert_eq!(homes(&scene), round + 1);
    }
}

#[test]
fn no_ledger_is_made_for_a_token_that_is_not() {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub && : > there").exits(0);
    let id = "ab".repeat(16);
    for (said, code, word) in [
        ("--key missing.pem --scope 'read:*'", 1, "use-file"),
        ("--key root.pub --scope 'read:*'", 4, "parse-key-file"),
        ("--key root.pem", 2, "use-arguments"),
        ("--key root.pem --scope 'read:*' --to missing", 1, "use-file"),
        ("--key root.pem --scope 'read:*' --depth 200", 2, ""),
        ("--key root.pem --scope 'read:*' --sub $(printf %0300d 0)", 2, ""),
        ("--key root.pem --scope 'read:*' -o there", 1, "use-file-exists"),
        ("--key root.pem --scope 'read:*' -o nowhere/tok", 1, "use-file"),
        (&format!("--key root.pem --scope 'read:*' --ledger-id {id}"), 3, "state-other-ledger"),
    ] {
        let ran = scene.sh(&format!("wane mint --aud a {said} --ledger sqlite:l.db")).exits(code);
        assert!(ran.err.contains(&format!("error[{word}")), "{ran:?}");
        assert!(!scene.path("l.db").exists() && homes(&scene) == 0, "{said}");
    }
}
