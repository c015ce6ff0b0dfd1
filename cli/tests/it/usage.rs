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

#[test]
fn a_closed_standard_error_is_no_panic() {
    let scene = Scene::new();
    scene.sh("wane keygen a.pem > a.pub").exits(0);
    for (line, code) in [("wane key a.pem", 0), ("wane key none", 1), ("wane key --frmat", 2), ("wane", 2)] {
        scene.sh(&format!("{line} 2> /dev/full")).exits(code);
        scene.sh(&format!("{line} 2>&-")).exits(code);
    }
}

#[test]
fn what_arguments_and_files_say_moves_no_cursor() {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub").exits(0);
    scene.write("evil.toml", "\"a\\u001b[2J\" = 1\n");
    let mint = "wane mint --key root.pem --aud a --scope 'read:*'";
    let esc = "\"$(printf 'x\\033[2J')\"";
    for line in [
        format!("{mint} --budget {esc}"),
        format!("{mint} --budget a={esc}"),
        "wane mint --key root.pem --grant evil.toml".to_owned(),
        format!("wane key --format {esc}"),
        format!("wane key a b {esc}"),
        "wane show evil.toml".to_owned(),
        "cp evil.toml wane.toml; wane config; e=$?; rm wane.toml; exit $e".to_owned(),
        format!("printf 'aud = \"a\\\\u001b[2J\"' > wane.toml; {mint}; {mint} --aud ''; rm wane.toml; exit 2"),
    ] {
        let ran = scene.sh(&line);
        assert!(ran.code != 0 && !ran.err.is_empty() && !ran.err.contains('\u{1b}'), "{line}: {ran:?}");
    }
}

#[test]
fn json_moves_no_cursor_and_says_the_same() {
    let scene = Scene::new();
    let note = "a\u{9b}b\u{202e}c\u{2066}d\u{200b}e\u{7f}f\u{1f600}gé";
    scene
        .sh(&format!("wane keygen root.pem; wane mint --key root.pem --aud a --scope 'read:*' --sub '{note}' -o t"))
        .exits(0);
    let ran = scene.sh("wane show t --json").exits(0);
    assert!(ran.out.chars().all(|c| c.is_ascii() && c != '\u{7f}' || c.is_alphanumeric()), "{ran:?}");
    assert!(ran.json().to_string().contains(note), "{ran:?}");
}

#[test]
fn mistakes_in_arguments_have_the_form_of_all_others() {
    let scene = Scene::new();
    let ran = scene.sh("wane mint --json").exits(2);
    let message = ran.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("--key <KEY>"), "{message}");
    assert!(ran.err.contains("\nhint: `wane mint "), "{ran:?}");
    let ran = scene.sh("wane key --format der a").fails(2, "use-arguments");
    assert!(ran.err.contains("[possible values: jwk, pem, wane]"), "{ran:?}");
    assert_eq!(ran.err.lines().count(), 2, "{ran:?}");
    let ran = scene.sh("wane mnit").fails(2, "use-arguments");
    assert!(ran.err.contains("hint: some similar subcommands exist: 'man', 'mint'"), "{ran:?}");
    assert!(scene.sh("wane").fails(2, "use-arguments").err.contains("Usage: wane"));
}

#[test]
fn what_follows_two_dashes_is_a_name() {
    let scene = Scene::new();
    let ran = scene.sh("wane show -- --json").fails(1, "use-file");
    assert!(ran.out.is_empty(), "{ran:?}");
}
