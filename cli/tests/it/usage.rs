//! Usage, output and secrets among the arguments.

use crate::scene::Scene;

#[test]
fn unknown_flags_and_verbs_are_usage() {
    let scene = Scene::new();
    for line in ["wane", "wane mnit", "wane keygen", "wane keygen a --force", "wane key --format der x"] {
        assert_eq!(scene.sh(line).code, 2, "{line}");
    }
    let json = scene.sh("wane key --jsn --json").exits(2).json();
    assert_eq!(json["error"]["code"], "use-arguments");
}

#[test]
fn version_and_help_are_data() {
    let scene = Scene::new();
    assert_eq!(scene.sh("wane --version").exits(0).out, concat!("wane ", env!("CARGO_PKG_VERSION"), "\n"));
    let ran = scene.sh("wane --help").exits(0);
    assert!(ran.err.is_empty() && ran.out.contains("Examples:"), "{ran:?}");
}

#[test]
fn a_secret_among_the_arguments_is_refused_unseen() {
    let scene = Scene::new();
    for secret in
        ["wane1.token.AAAAxyzzy", "-----BEGIN PRIVATE KEY-----xyzzy", "wane1.sealed.xyzzy", "--key=wane1.token.xyzzy"]
    {
        for line in
            [format!("wane key '{secret}'"), format!("wane '{secret}'"), format!("wane key --format '{secret}'")]
        {
            let ran = scene.sh(&line).fails(2, "use-secret-argument");
            assert!(!ran.err.contains("xyzzy") && !ran.out.contains("xyzzy"), "{ran:?}");
        }
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let scene = Scene::new();
    for verb in ["completions bash", "man", "--help", "config --json"] {
        let ran = scene.sh(&format!("{{ wane {verb}; echo $? > code; }} | true; cat code"));
        assert_eq!(ran.out, "0\n", "{verb}: {ran:?}");
    }
}

#[test]
fn a_full_disk_is_a_failure() {
    let scene = Scene::new();
    scene.sh("wane man > /dev/full").fails(1, "use-file");
}

#[test]
fn colour_only_where_a_person_reads() {
    let scene = Scene::new();
    assert!(!scene.sh("wane key nope").err.contains('\u{1b}'));
    assert!(scene.sh("CLICOLOR_FORCE=1 wane key nope").err.contains('\u{1b}'));
    assert!(!scene.sh("NO_COLOR=1 CLICOLOR_FORCE=0 wane key nope").err.contains('\u{1b}'));
}

#[test]
fn completions_and_manual_pages_name_the_verbs() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(scene.sh(&format!("wane completions {shell}")).exits(0).out.contains("keygen"), "{shell}");
    }
    assert!(scene.sh("wane man").exits(0).out.contains("keygen"));
    assert!(scene.sh("wane man key").exits(0).out.contains("jwk"));
    scene.sh("wane man nothing").fails(2, "use-arguments");
}
