//! Settings and where they come from.

use crate::scene::Scene;

#[test]
fn the_environment_wins_over_the_project_over_the_user() {
    let scene = Scene::new();
    scene.sh("mkdir -p .config/wane project/deep/er && cd project && touch wane.toml").exits(0);
    scene.write(".config/wane/wane.toml", "aud = 'user'\nledger = 'sqlite:user.db'\ntoken-file = '/run/token'\n");
    scene.write("project/wane.toml", "aud = 'project'\nroots = 'roots.toml'\n");
    let json = scene.sh("cd project/deep/er && WANE_AUD=env wane config --json").exits(0).json();
    assert_eq!(json["aud"]["value"], "env");
    assert_eq!(json["aud"]["source"], "WANE_AUD");
    let roots = json["roots"]["value"].as_str().unwrap();
    assert!(roots.ends_with("/project/roots.toml"), "{roots}");
    assert!(json["ledger"]["value"].as_str().unwrap().ends_with("/.config/wane/user.db"), "{json}");
    assert_eq!(json["token-file"]["value"], "/run/token");
    let text = scene.sh("cd project && wane config").exits(0).out;
    assert!(text.contains("aud         project  ("), "{text}");
    assert!(scene.sh("wane config").out.contains("roots       not set"));
    let json = scene.sh("XDG_CONFIG_HOME=$PWD/.config/none wane config --json").json();
    assert!(json["aud"]["value"].is_null());
}

#[test]
fn mistakes_name_line_and_column() {
    let scene = Scene::new();
    scene.write("wane.toml", "aud = 'files'\nrots = 'x'\n");
    let ran = scene.sh("wane config").fails(2, "parse-toml");
    assert!(ran.err.contains("line 2, column 1: unknown field `rots`"), "{ran:?}");
    scene.write("wane.toml", "aud = 'files'\naud = 'x'\n");
    assert!(scene.sh("wane config").fails(2, "parse-toml").err.contains("line 2, column 1: duplicate key"));
}

#[test]
fn a_project_file_that_others_could_have_written_is_not_read() {
    let scene = Scene::new();
    scene.write("wane.toml", "roots = 'evil.toml'\n");
    scene.chmod("wane.toml", 0o666);
    let ran = scene.sh("wane config").exits(0);
    assert!(ran.err.contains("can be written by others, so it is not read"), "{ran:?}");
    assert!(ran.out.contains("roots       not set"));
    if rustix::process::geteuid().is_root() {
        scene.chmod("wane.toml", 0o644);
        scene.sh("chown 12345 wane.toml").exits(0);
        assert!(scene.sh("wane config").err.contains("belongs to another user, so it is not read"));
    }
}

/// A root, a sealed token, and a second root with a token of its own, in the folder of somebody else.
fn two_roots() -> Scene {
    let scene = Scene::new();
    let made = "wane keygen $1/root.pem > $1/root.pub && wane roots add $1/roots.toml $1/root.pub &&
        wane mint --key $1/root.pem --aud files --scope 'read:*' -o $1/tok && wane seal $1/tok -o $1/sealed";
    scene.write("make.sh", made);
    scene.sh("mkdir ours theirs && sh -e make.sh ours && sh -e make.sh theirs").exits(0);
    scene.write("ours/wane.toml", "roots = 'roots.toml'\naud = 'files'\n");
    scene
}

const CHECK: &str = "wane check sealed --action read:a --level public";

#[test]
fn a_link_to_our_settings_still_means_our_roots() {
    let scene = two_roots();
    scene.sh("ln -s ../ours/wane.toml theirs/wane.toml").exits(0);
    scene.sh(&format!("cd ours && {CHECK}")).exits(0);
    scene.sh(&format!("cd theirs && {CHECK}")).fails(4, "chain-unknown-root");
    if rustix::process::geteuid().is_root() {
        scene.sh("chown -h 12345 theirs/wane.toml").exits(0);
        let ran = scene.sh(&format!("cd theirs && {CHECK}")).fails(2, "use-no-root");
        assert!(ran.err.contains("belongs to another user, so it is not read"), "{ran:?}");
    }
}

#[test]
fn roots_of_another_user_are_believed_only_where_they_are_named() {
    let scene = two_roots();
    if !rustix::process::geteuid().is_root() {
        return;
    }
    scene.sh("chown 12345 ours/roots.toml").exits(0);
    let ran = scene.sh(&format!("cd ours && {CHECK}")).fails(2, "use-no-root");
    assert!(ran.err.contains("belongs to another user"), "{ran:?}");
    let ran = scene.sh(&format!("cd ours && {CHECK} --root roots.toml")).exits(0);
    assert!(ran.err.contains("warning: `roots.toml` says what is trusted, and belongs to another user"), "{ran:?}");
}

#[test]
fn what_comes_from_the_settings_is_said() {
    let scene = two_roots();
    let ran = scene.sh(&format!("cd ours && {CHECK}")).exits(0);
    assert!(ran.err.contains("note: the trusted roots `") && ran.err.contains("/ours/wane.toml"), "{ran:?}");
    assert!(ran.err.contains("note: the audience `files` comes from "), "{ran:?}");
    let ran = scene.sh("cd ours && WANE_ROOTS=root.pub wane verify sealed").exits(0);
    assert!(ran.err.contains("note: the trusted roots `root.pub` come from WANE_ROOTS"), "{ran:?}");
    let ran = scene.sh(&format!("cd ours && {CHECK} --root root.pub --aud files")).exits(0);
    assert!(!ran.err.contains("note:"), "{ran:?}");
    let ran = scene.sh("WANE_TOKEN_FILE=ours/tok wane attenuate --dry-run < theirs/tok").exits(0);
    assert!(ran.err.contains("note: the token comes from `ours/tok`, named by WANE_TOKEN_FILE"), "{ran:?}");
}

#[test]
fn a_secret_in_a_settings_or_grant_file_is_not_printed() {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem").exits(0);
    for text in ["token-file = 'wane1.token.xyzzy'", "aud = 'a wane1.sealed.xyzzy'", "\"wane1.token.xyzzy\" = 1"] {
        scene.write("wane.toml", text);
        let ran = scene.sh("wane config").fails(2, "use-secret-argument");
        assert!(!format!("{ran:?}").contains("xyzzy"), "{ran:?}");
    }
    scene.sh("rm wane.toml").exits(0);
    for text in ["aud = ['wane1.token.xyzzy']\nscope = ['read:*']", "aud = ['a']\nscope = ['read:wane1.sealed.xyzzy']"]
    {
        scene.write("grant.toml", text);
        let ran = scene.sh("wane mint --key root.pem --grant grant.toml").fails(2, "use-secret-argument");
        assert!(ran.err.contains("`grant.toml`") && !format!("{ran:?}").contains("xyzzy"), "{ran:?}");
    }
}

#[test]
fn the_file_of_the_user_is_passed_over_with_a_note() {
    let scene = Scene::new();
    scene.sh("mkdir -p .config/wane").exits(0);
    scene.write(".config/wane/wane.toml", "aud = 'user'\n");
    scene.chmod(".config/wane/wane.toml", 0o666);
    let ran = scene.sh("wane config").exits(0);
    assert!(ran.err.contains("can be written by others, so it is not read"), "{ran:?}");
    let ran = scene.sh("rm -r .config && touch .config && wane config").exits(0);
    assert!(ran.err.contains("wane.toml` is out of reach, so it is not read"), "{ran:?}");
    // A user that may pass everywhere is never kept out.
    if !rustix::process::geteuid().is_root() {
        let ran = scene.sh("rm .config && mkdir .config && chmod 0 .config && wane config; chmod 700 .config");
        assert!(ran.err.contains("is out of reach, so it is not read") && ran.out.contains("aud "), "{ran:?}");
        scene.sh("rmdir .config && touch .config").exits(0);
    }
    let ran =
        scene.sh("rm .config && mkdir .config && ln -s loop .config/wane && ln -s loop .config/loop; wane config");
    ran.fails(1, "use-file");
}

#[test]
fn a_settings_file_that_is_too_long_is_not_cut() {
    let scene = Scene::new();
    scene.write("wane.toml", &format!("aud = 'files'\n{}\nledger = 'x'\n", "#".repeat(1024 * 1024)));
    assert!(scene.sh("wane config").fails(1, "use-file").err.contains("more than 1048576 bytes"));
}

#[test]
fn broken_settings_stop_no_verb_that_does_without() {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub && wane mint --key root.pem --aud files --scope 'read:*' -o t").exits(0);
    scene.write("wane.toml", "aud = \n");
    scene.sh("wane config").fails(2, "parse-toml");
    scene.sh("wane keygen b.pem && wane completions bash && wane man && wane demo && wane seal t -o s").exits(0);
    scene.sh("wane verify s --root root.pub").exits(0);
}
