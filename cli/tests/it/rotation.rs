//! `roots`, and a rotation without one refused call.

use crate::scene::Scene;

#[test]
fn a_root_is_rotated_without_one_refused_call() {
    let scene = Scene::new();
    let call = |key: &str| {
        let mint = format!("wane mint --key {key}.pem --aud files --scope 'read:*' -o - | wane seal -");
        let check = "wane check - --root server/roots.toml --aud files --action read:a --level public";
        scene.sh(&format!("{mint} | {check}")).exits(0);
    };
    scene.sh("mkdir server; wane keygen old.pem > old.pub; wane keygen new.pem > new.pub").exits(0);
    scene.sh("wane roots add roots.toml old.pub --name ops-2026 && cp roots.toml server/").exits(0);
    scene
        .sh("wane mint --key old.pem --aud files --scope 'read:*' -o before.tok && wane seal before.tok -o before")
        .exits(0);
    call("old");
    // 1. add
    scene.sh("wane roots add roots.toml new.pub --name ops-2027 --succeeds old.pub").exits(0);
    call("old");
    // 2. distribute
    scene.sh("cp roots.toml server/roots.toml").exits(0);
    call("old");
    // 3. switch the minter
    call("new");
    // 4. retire
    scene.sh("wane roots retire roots.toml ops-2026 && cp roots.toml server/roots.toml").exits(0);
    call("new");
    // What the old key minted before goes on; what it mints later does not.
    let check = "wane check before --root server/roots.toml --aud files --action read:a --level public";
    scene.sh(check).exits(0);
    scene.sh("wane roots retire roots.toml ops-2026 --at 60").exits(0);
    scene.sh(&check.replace("server/", "")).fails(4, "chain-mint-window");
}

#[test]
fn the_file_is_kept_as_it_was_written() {
    let scene = Scene::new();
    scene.sh("wane keygen a.pem > a.pub; wane keygen b.pem > b.pub").exits(0);
    scene.sh("echo '# ours' > roots.toml; wane roots add roots.toml a.pub --name a --max-ttl 8h --aud files --scope 'read:*'").exits(0);
    scene.chmod("roots.toml", 0o640);
    scene
        .sh("ln -s roots.toml link.toml; wane roots add link.toml b.pub --level internal --label untrusted --depth 4")
        .exits(0);
    assert_eq!(scene.mode("roots.toml"), 0o640);
    assert!(scene.read("roots.toml").starts_with("# ours\n"));
    assert!(std::fs::symlink_metadata(scene.path("link.toml")).unwrap().is_symlink());
    let json = scene.sh("wane roots list roots.toml --json").exits(0).json();
    assert_eq!(json["roots"][0]["name"], "a");
    assert_eq!(json["roots"][0]["max_ttl"], "8h");
    assert_eq!(json["roots"].as_array().unwrap().len(), 2);
    assert!(scene.sh("wane roots list roots.toml").exits(0).out.contains("aud files  scopes read:*  max-ttl 8h"));
    let names: Vec<_> = std::fs::read_dir(scene.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_str().unwrap().ends_with(".new")), "{names:?}");
}

#[test]
fn mistakes_change_nothing() {
    let scene = Scene::new();
    scene.sh("wane keygen a.pem > a.pub; wane roots add roots.toml a.pub --name a").exits(0);
    let before = scene.read("roots.toml");
    scene.sh("wane roots add roots.toml a.pub").fails(2, "parse-roots");
    scene.sh("wane roots add roots.toml a.pem").fails(4, "parse-key-file");
    scene.sh("wane roots retire roots.toml b").fails(2, "use-arguments");
    scene.sh("wane roots add roots.toml nothing.pub").fails(1, "use-file");
    assert_eq!(scene.read("roots.toml"), before);
    scene.sh("wane roots check roots.toml").exits(0);
    scene.write("bad.toml", "[[root]]\nkey = 'x'\n");
    scene.sh("wane roots check bad.toml").exits(2);
    scene.sh("wane roots check none.toml").fails(1, "use-file");
}

#[test]
fn edits_at_the_same_time_are_all_kept() {
    let scene = Scene::new();
    let names: Vec<String> = (0..12).map(|number| format!("r{number}")).collect();
    for name in &names {
        scene.sh(&format!("wane keygen {name}.pem > {name}.pub")).exits(0);
    }
    let all = |line: &str| {
        let started: Vec<String> =
            names.iter().map(|name| format!("{} & pids=\"$pids $!\"", line.replace('N', name))).collect();
        scene.sh(&format!("{}\nfor pid in $pids; do wait $pid || exit 9; done", started.join("\n"))).exits(0);
    };
    all("wane roots add roots.toml N.pub --name N");
    all("wane roots retire roots.toml N --at 60");
    let json = scene.sh("wane roots list roots.toml --json").exits(0).json();
    let entries = json["roots"].as_array().unwrap();
    assert_eq!(entries.len(), names.len());
    assert!(entries.iter().all(|entry| entry["mint_until"] == "1970-01-01T00:01:00Z"), "{json}");
}

#[test]
fn owner_and_group_stay() {
    use std::os::unix::fs::MetadataExt as _;
    let scene = Scene::new();
    scene.sh("wane keygen a.pem > a.pub; wane roots add roots.toml a.pub --name a").exits(0);
    if !rustix::process::geteuid().is_root() {
        return;
    }
    scene.sh("chown 12345:23456 roots.toml && wane roots retire roots.toml a").exits(0);
    let metadata = std::fs::metadata(scene.path("roots.toml")).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (12345, 23456));
}

#[test]
fn an_end_with_a_fraction_is_not_moved() {
    let scene = Scene::new();
    scene.sh("wane keygen a.pem > a.pub; wane roots add roots.toml a.pub --name a --mint-until 60").exits(0);
    let text = scene.read("roots.toml").replace("00:01:00Z", "00:01:00.5Z");
    scene.write("roots.toml", &text);
    scene.sh("wane roots retire roots.toml a --at 3600").exits(2);
    assert_eq!(scene.read("roots.toml"), text);
}
