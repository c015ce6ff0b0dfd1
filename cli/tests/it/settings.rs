//! Settings and where they come from.

use crate::scene::Scene;

#[test]
fn the_environment_wins_over_the_project_over_the_user() {
    let scene = Scene::new();
    scene.sh("mkdir -p .config/wane project/deep/er && cd project && touch wane.toml").exits(0);
    scene.write(".config/wane/wane.toml", "aud = 'user'\nledger = 'user.db'\ntoken-file = '/run/token'\n");
    scene.write("project/wane.toml", "aud = 'project'\nroots = 'roots.toml'\n");
    let json = scene.sh("cd project/deep/er && WANE_AUD=env wane config --json").exits(0).json();
    assert_eq!(json["aud"]["value"], "env");
    assert_eq!(json["aud"]["source"], "WANE_AUD");
    let roots = json["roots"]["value"].as_str().unwrap();
    assert!(roots.ends_with("/project/roots.toml"), "{roots}");
    assert!(json["ledger"]["value"].as_str().unwrap().ends_with("/.config/wane/user.db"));
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
