//! Nothing that was said is passed over, and nothing is read before all of it fits together.

use crate::scene::Scene;

/// Keys, roots and a token that allows everything to `files`.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub && wane keygen b.pem > b.pub").exits(0);
    scene.sh("wane mint --key root.pem --aud files --scope '*' -o tok && wane seal tok -o sealed").exits(0);
    scene
}

#[test]
fn a_listing_hides_nothing() {
    let scene = scene();
    let (root, b) = (scene.read("root.pub"), scene.read("b.pub"));
    let (root, b) = (root.trim(), b.trim());
    scene.write(
        "roots.toml",
        &format!(
            "[[root]]\nkey = '{root}'\naud = []\ndepth = 3\nlevel = 'internal'\nlabels = ['untrusted']\nissuer = true\n\
             own-ratchet = true\nsucceeds = ['{b}']\nratchet = [{{ level = 'internal', keep = ['read:*'] }}]\n\
             [groups]\noncall = ['{b}']\n"
        ),
    );
    let text = scene.sh("wane roots list roots.toml").exits(0).out;
    let hint = scene.sh("wane key b.pub").err.trim().rsplit(' ').next().unwrap().to_owned();
    for part in [
        "aud nothing  scopes any",
        "depth 3",
        "level internal",
        "labels untrusted",
        "issuer yes",
        "own-ratchet yes",
        &format!("succeeds {hint}"),
        "ratchet ",
        "keep",
        &format!("\ngroup oncall  {hint}\n"),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(text, scene.sh("wane show roots.toml").exits(0).out);
    let json = scene.sh("wane roots list roots.toml --json").exits(0).json();
    let entry = &json["roots"][0];
    assert!(entry["aud"].as_array().unwrap().is_empty() && entry["scopes"].is_null(), "{json}");
    assert_eq!(
        (&entry["own_ratchet"], &entry["depth"], &entry["level"]),
        (&true.into(), &3.into(), &"internal".into())
    );
    assert_eq!((&entry["succeeds"][0], &json["groups"]["oncall"][0]), (&b.into(), &b.into()));
    assert!(entry["ratchet"][0].as_str().unwrap().contains("read:*"));
}

#[test]
fn what_is_left_heeds_the_entry_of_the_root() {
    let scene = scene();
    let check = "wane check sealed --aud files --action read:a --level public --root";
    let ran = scene.sh(&format!("{check} root.pub")).exits(0);
    assert!(ran.out.contains("which leaves admin, delete, execute, read, send, write\n"), "{ran:?}");
    scene.sh("wane roots add roots.toml root.pub --level restricted").exits(0);
    let ran = scene.sh(&format!("{check} roots.toml")).exits(0);
    assert!(ran.out.contains("which leaves read\n"), "{ran:?}");
}

#[test]
fn a_time_that_is_not_now_is_said() {
    let scene = scene();
    let check = "wane check sealed --aud files --action read:a --level public --root root.pub";
    let ran = scene.sh(&format!("{check} --at 4000000000")).exits(3);
    assert!(ran.out.contains("judged at 2096-10-02T07:06:40Z, not now"), "{ran:?}");
    assert!(ran.out.contains("which leaves nothing"), "{ran:?}");
    assert!(!scene.sh(check).exits(0).out.contains("judged at"));
}

#[test]
fn what_would_be_ignored_is_refused() {
    let scene = scene();
    scene.sh("umask 077; echo abc > pass").exits(0);
    scene.sh("wane key root.pem --passphrase-file pass").fails(2, "use-arguments");
    scene.sh("wane key root.pub --passphrase-file pass").fails(2, "use-arguments");
    scene.sh("wane attenuate tok --passphrase-file pass").fails(2, "use-arguments");
    scene.sh("wane seal tok --passphrase-file pass").fails(2, "use-arguments");
    let mint = "wane mint --key root.pem --aud files --scope 'read:*'";
    scene.sh(&format!("{mint} --passphrase-file pass")).fails(2, "use-arguments");
    let ran = scene.sh(&format!("{mint} --ledger-id {} --budget a=1 --budget a=2", "ab".repeat(16)));
    assert!(ran.fails(2, "use-arguments").err.contains("--budget: `a` is stated twice"));
    scene.sh("wane seal tok --tool ''").fails(2, "use-arguments");
}

#[test]
fn a_seal_is_for_at_most_four_actions() {
    let scene = scene();
    let four = "--action read:a --action read:b --action read:c --action read:d";
    scene.sh(&format!("wane seal tok {four} -o four")).exits(0);
    let ran = scene.sh(&format!("wane seal tok {four} --action read:e")).fails(2, "use-actions");
    assert!(ran.out.is_empty(), "{ran:?}");
}

#[test]
fn facts_are_numbers_as_arguments_are() {
    let scene = scene();
    scene.sh("wane attenuate tok --scope 'read:* if @n = 100' -o n && wane seal n -o n.sealed").exits(0);
    let check = "wane check n.sealed --root root.pub --aud files --action read:a --level public --fact";
    for value in ["100", "1e2", "100.0", "10000e-2"] {
        scene.sh(&format!("{check} n={value}")).exits(0);
    }
    scene.sh(&format!("{check} 'n=\"100\"'")).exits(3);
    for value in ["1e400", "0.5", "9007199254740993", "-1e16"] {
        scene.sh(&format!("{check} n={value}")).fails(2, "parse-json-number");
        scene.sh(&format!("wane seal tok --said n={value}")).fails(2, "parse-json-number");
    }
    for value in ["1.", "01", "[1]", "{}", "1e", "a b"] {
        scene.sh(&format!("wane seal tok --said 'n={value}'")).exits(0);
    }
}

#[test]
fn two_inputs_from_standard_input_are_refused_before_either_is_read() {
    let scene = scene();
    for line in [
        "wane verify --root -",
        "wane verify - --root fd:0",
        "wane check --root - --aud files --action read:a --level public",
        "wane check sealed --root - --args - --aud files --action read:a --level public",
        "wane roots add roots.toml - --succeeds -",
        "wane roots add roots.toml root.pub --succeeds - --succeeds -",
        "wane mint --key - --to - --aud files --scope 'read:*'",
        "wane attenuate - --to -",
    ] {
        let ran = scene.sh(&format!("{{ {line}; echo $? >&2; cat; }} < root.pub"));
        assert!(ran.err.contains("error[use-stdin-twice]") && ran.err.ends_with("\n2\n"), "{line}: {ran:?}");
        assert_eq!(ran.out, scene.read("root.pub"), "{line}: something was read");
    }
}

#[test]
fn showing_an_encrypted_key_asks_nobody() {
    let scene = scene();
    let pem = scene.read("root.pem").replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    scene.sh("umask 077; touch enc.pem").exits(0);
    scene.write("enc.pem", &pem);
    let ran = scene.sh("setsid wane show enc.pem").exits(0);
    assert_eq!(ran.out, "encrypted private key\n");
}

#[test]
fn a_wrong_limit_of_a_root_is_named_by_its_flag() {
    let scene = scene();
    for (flag, value) in [
        ("--max-ttl", "x"),
        ("--level", "x"),
        ("--label", "X"),
        ("--aud", "a b"),
        ("--scope", "read:*:a if"),
        ("--depth", "15"),
    ] {
        let ran = scene.sh(&format!("wane roots add roots.toml root.pub {flag} '{value}'")).exits(2);
        assert!(ran.err.contains(flag) && !ran.err.contains("line "), "{ran:?}");
        assert!(!scene.path("roots.toml").exists());
    }
}

#[test]
fn pages_and_completions_are_there_for_what_can_be_said_and_nothing_else() {
    let scene = Scene::new();
    assert!(scene.sh("wane man roots add").exits(0).out.contains("max\\-ttl"));
    assert!(scene.sh("wane man roots").exits(0).out.contains("roots"));
    scene.sh("wane man roots nothing").fails(2, "use-arguments");
    scene.sh("wane man demo-server").fails(2, "use-arguments");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let out = scene.sh(&format!("wane completions {shell}")).exits(0).out;
        assert!(!out.contains("demo-server") && !out.contains("demo__server"), "{shell}");
        assert!(out.contains("retire") && out.contains("json"), "{shell}");
    }
}

#[test]
fn the_chmod_of_a_hint_can_be_pasted() {
    let scene = scene();
    scene
        .sh("cp root.pem 'a $(b) it'\\''s.pem'; chmod 0644 *s.pem; cp root.pem ./-r.pem; chmod 0644 ./-r.pem")
        .exits(0);
    for (line, file) in [("wane key 'a $(b) it'\\''s.pem'", "a $(b) it's.pem"), ("wane key -- -r.pem", "-r.pem")] {
        let ran = scene.sh(line).fails(1, "use-key-open");
        let chmod = ran.err.split('`').find(|part| part.starts_with("chmod ")).unwrap().to_owned();
        scene.sh(&chmod).exits(0);
        assert_eq!(scene.mode(file), 0o600, "{chmod}");
    }
}

#[test]
fn messages_say_what_is_the_matter() {
    let scene = scene();
    scene.chmod("root.pem", 0o602);
    assert!(scene.sh("wane key root.pem").fails(1, "use-key-open").err.contains("others can write `root.pem`"));
    scene.chmod("root.pem", 0o620);
    assert!(scene.sh("wane key root.pem").fails(1, "use-key-open").err.contains("its group can write `root.pem`"));
    scene.chmod("root.pem", 0o600);
    let ran = scene.sh("wane verify env:NONE --root root.pub").fails(2, "use-input");
    assert!(ran.err.contains("]: the sealed token: the variable `NONE` is not set"), "{ran:?}");
    scene.write("broken", "wane1.sealed.AAAA\n");
    for verb in ["verify broken", "check broken --aud files --action read:a --level public"] {
        let ran = scene.sh(&format!("wane {verb} --root root.pub")).exits(4);
        assert!(ran.err.contains("]: `broken`: "), "{ran:?}");
    }
    let ran = scene.sh("wane keygen kept.pem > /dev/full").fails(1, "use-file");
    assert!(ran.err.contains("hint: the private key is in its file all the same: `wane key kept.pem`"), "{ran:?}");
    scene.sh("wane key kept.pem").exits(0);
    scene.sh("wane roots add roots.toml root.pub && chmod 666 roots.toml").exits(0);
    for verb in ["list", "check"] {
        assert!(scene.sh(&format!("wane roots {verb} roots.toml")).exits(0).err.contains("warning: others can write"));
    }
}

#[test]
fn what_stands_before_a_token_does_not_hide_it() {
    let scene = scene();
    for before in ["\u{feff}", " ", "\n\n", "\u{feff}\r\n"] {
        for name in ["tok", "sealed"] {
            scene.write(&format!("{name}.marked"), &format!("{before}{}", scene.read(name)));
            assert_eq!(
                scene.sh(&format!("wane show {name}.marked")).exits(0).out,
                scene.sh(&format!("wane show {name}")).out
            );
        }
        scene.sh("wane attenuate tok.marked --dry-run && wane verify sealed.marked --root root.pub").exits(0);
        scene.sh("wane check sealed.marked --root root.pub --aud files --action read:a --level public").exits(0);
        scene.chmod("tok.marked", 0o644);
        assert!(scene.sh("wane show tok.marked").err.contains("others can read `tok.marked`"));
    }
}

#[test]
fn the_holder_in_a_grant_file_lies_beside_it() {
    let scene = scene();
    scene.sh("mkdir grants && mv b.pub grants/").exits(0);
    scene.write("grants/grant.toml", "aud = ['files']\nscope = ['read:*']\nto = 'b.pub'\n");
    let json = scene.sh("wane mint --key root.pem --grant grants/grant.toml --json").exits(0).json();
    assert_eq!(json["carries_secret"], false);
}
