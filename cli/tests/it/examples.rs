//! The examples in the help of every verb are run.

use crate::scene::Scene;

/// What the examples find in their folder.
fn prepare(scene: &Scene) {
    scene.write("grant.toml", "aud = ['files', 'mail']\nscope = ['read:*']\nttl = '2h'\n[budget]\n");
    for line in [
        "wane keygen root.pem > root.pub",
        "wane keygen old-new.pem > new.pub",
        "wane roots add roots.toml root.pub --name ops-2026",
        "wane mint --key root.pem --aud files --scope 'read:*' --scope 'write:*' --ttl 10m -o session.tok",
        "wane attenuate session.tok --scope 'read:hr:*' --raise internal --ttl 5m -o child.tok",
        "wane seal child.tok -o child.sealed",
    ] {
        scene.sh(line).exits(0);
    }
    scene.sh("rm child.tok").exits(0);
}

fn examples(help: &str) -> Vec<(String, i32)> {
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    lines
        .take_while(|line| line.starts_with("  "))
        .map(|line| match line.rsplit_once("# exit ") {
            Some((line, code)) => (line.trim().to_owned(), code.trim().parse().unwrap()),
            None => (line.trim().to_owned(), 0),
        })
        .collect()
}

#[test]
fn examples_in_the_help_work() {
    let verbs = Scene::new().sh("wane --help").exits(0).out;
    let verbs = verbs.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let verbs: Vec<_> = verbs.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(verbs.len() >= 12, "{verbs:?}");
    for verb in verbs {
        let scene = Scene::new();
        prepare(&scene);
        let help = scene.sh(&format!("wane {verb} --help")).exits(0).out;
        assert!(help.lines().count() < 120, "the help of {verb} is a wall of text");
        let examples = examples(&help);
        assert!(!examples.is_empty(), "the help of {verb} has no examples");
        for (line, code) in examples {
            let ran = scene.sh(&line);
            assert_eq!(ran.code, code, "{verb}: {line}\n{ran:?}");
        }
    }
}
