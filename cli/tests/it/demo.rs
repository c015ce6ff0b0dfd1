//! `wane demo`.

use std::time::{Duration, Instant};

use crate::scene::Scene;

#[test]
fn every_expectation_holds_within_two_seconds() {
    let scene = Scene::new();
    let started = Instant::now();
    let ran = scene.sh("wane demo --json").exits(0);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(ran.err.is_empty(), "{ran:?}");
    let json = ran.json();
    assert_eq!(json["held"], json["of"]);
    let codes: Vec<_> = json["steps"].as_array().unwrap().iter().map(|step| step["got"].as_str().unwrap()).collect();
    for code in [
        "allow",
        "deny-ratchet",
        "chain-scope-wider",
        "chain-signature",
        "parse-truncated",
        "deny-expired",
        "deny-audience",
        "chain-unknown-root",
        "chain-unsealed",
        "chain-carries-secret",
        "deny-other-request",
        "state-used",
        "state-revoked",
        "deny-budget",
        "state-log-broken",
    ] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
}

#[test]
fn it_is_one_line_each_and_a_summary() {
    let ran = Scene::new().sh("wane demo").exits(0);
    let last = ran.out.lines().last().unwrap();
    assert!(last.contains(" as expected, in "), "{last}");
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    assert!(!ran.out.contains("wane1.token.") && !ran.out.contains("wane1.sealed."));
}

#[test]
fn it_leaves_no_file_and_no_process() {
    let scene = Scene::new();
    scene.sh("mkdir tmp && TMPDIR=$PWD/tmp wane demo").exits(0);
    let left: Vec<_> = std::fs::read_dir(scene.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["tmp"]);
    assert_eq!(std::fs::read_dir(scene.path("tmp")).unwrap().count(), 0);
    // The server ends when its holder is killed: its end of the socket closes.
    let ran = scene.sh("wane demo | grep -o 'server: process [0-9]*' | grep -o '[0-9]*'; true").exits(0);
    let server: u32 = ran.out.trim().parse().unwrap();
    assert!(!std::path::Path::new(&format!("/proc/{server}")).exists());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let ran = Scene::new().sh("{ wane demo; echo $? > code; } | true; cat code");
    assert_eq!(ran.out, "0\n", "{ran:?}");
}

#[test]
fn the_gateway_stands_before_a_server_that_does_whatever_it_is_asked() {
    let scene = Scene::new();
    let started = Instant::now();
    // Settings of whoever runs it change nothing.
    let ran = scene
        .sh("mkdir tmp && WANE_LEDGER=sqlite:none.db WANE_ROOTS=none TMPDIR=$PWD/tmp wane demo mcp --json")
        .exits(0);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let json = ran.json();
    assert_eq!(json["held"], json["of"]);
    let codes: Vec<_> = json["steps"].as_array().unwrap().iter().map(|step| step["got"].as_str().unwrap()).collect();
    for code in ["allow", "deny-path", "deny-unlisted", "dropped", "deny-ratchet", "deny-pin", "deny-scope"] {
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    assert_eq!(std::fs::read_dir(scene.path("tmp")).unwrap().count(), 0);
}
