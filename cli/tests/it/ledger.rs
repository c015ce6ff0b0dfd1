//! Ledgers and logs, as somebody would break them.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use crate::scene::{Ran, Scene, run, shell};

/// A ledger, a root and a token that reads and sends, with a budget of three.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub && wane roots add roots.toml root.pub").exits(0);
    let limits = "--scope 'read:*' --scope 'send:*' --budget calls=3 --sub planner";
    scene.sh(&format!("wane mint --key root.pem --aud a {limits} {LEDGER} -o tok && wane seal tok -o sealed")).exits(0);
    scene
}

const LEDGER: &str = "--ledger sqlite:l.db";

fn admit(action: &str, level: &str) -> String {
    format!(
        "wane admit sealed --root roots.toml --aud a --action {action} --level {level} --cost calls=1 {LEDGER} --json"
    )
}

/// The file below the folder of the ledger's id.
fn state(scene: &Scene, name: &str) -> String {
    let folder = scene.path(".local/state/wane").read_dir().unwrap().next().unwrap().unwrap().path();
    folder.join(name).display().to_string()
}

fn decision(ran: &Ran) -> String {
    let json = ran.json();
    let code = json["error"]["code"].as_str().map(|code| format!(" {code}")).unwrap_or_default();
    format!("{}{code}", json["decision"].as_str().unwrap_or("failure"))
}

#[test]
fn a_second_ledger_in_the_same_place_takes_nothing_away() {
    let scene = scene();
    let secret = std::fs::read(state(&scene, "log.secret")).unwrap();
    let folder = || scene.path(".local/state/wane").read_dir().unwrap().count();
    assert_eq!(folder(), 1);
    scene.sh("wane ledger init sqlite:l.db").fails(2, "use-ledger-exists");
    // Nothing is left of the files that were made for it.
    assert_eq!(folder(), 1);
    assert_eq!(std::fs::read(state(&scene, "log.secret")).unwrap(), secret);
    scene.sh("wane ledger init sqlite:l.db --log-secret s --audit-key k").fails(2, "use-ledger-exists");
    assert!(!scene.path("s").exists() && !scene.path("k").exists());
    scene.sh(&admit("read:x", "public")).exits(0);
}

#[test]
fn files_are_private_and_may_lie_elsewhere() {
    let scene = scene();
    for name in ["log.secret", "audit.pem", "head"] {
        scene.sh(&admit("read:x", "public"));
        let mode = std::fs::metadata(state(&scene, name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{name}");
    }
    let init = "umask 0; wane ledger init sqlite:m.db --log-secret s --audit-key k --json";
    let json = scene.sh(init).exits(0).json();
    assert_eq!((json["log_secret"].as_str(), json["audit_key"].as_str()), (Some("s"), Some("k")));
    assert_eq!((scene.mode("s"), scene.mode("k")), (0o600, 0o600));
    // What is there already is taken as it is, from a variable too.
    let again = "wane ledger init sqlite:n.db --log-secret env:SECRET --audit-key k --json";
    let json = scene.sh(&format!("SECRET=$(cat s) {again}")).exits(0).json();
    assert!(json["log_secret"].is_null() && json["audit_key"].is_null(), "{json}");
    let told = "--root roots.toml --aud a --action read:x --level public --ledger sqlite:m.db";
    scene
        .sh("wane mint --key root.pem --aud a --scope 'read:*' --ledger sqlite:m.db -o m && wane seal m -o m.s")
        .exits(0);
    scene.sh(&format!("wane admit m.s {told}")).fails(3, "state-log-secret");
    scene.sh(&format!("wane admit m.s {told} --log-secret s --audit-key k")).exits(0);
    // It must be the one that the ledger was made with.
    scene
        .sh(&format!("wane admit m.s {told} --log-secret {}", state_of_the_first(&scene)))
        .fails(3, "state-log-secret");
}

fn state_of_the_first(scene: &Scene) -> String {
    scene.sh("printf '%064d\\n' 0 > other && chmod 600 other").exits(0);
    scene.path("other").display().to_string()
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let scene = scene();
    for name in ["log.secret", "audit.pem"] {
        let path = state(&scene, name);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        scene.sh(&admit("read:x", "public")).fails(1, "use-key-open");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }
    scene.sh("printf '%064d\\n' 0 > open && chmod 644 open").exits(0);
    scene.sh("wane ledger init sqlite:m.db --log-secret open").fails(1, "use-key-open");
    assert!(!scene.path("m.db").exists());
    let shown =
        scene.sh("printf 'not a secret xyzzy' > odd && chmod 600 odd && wane ledger init sqlite:m.db --log-secret odd");
    assert!(!shown.fails(3, "state-log-secret").err.contains("xyzzy"));
}

#[test]
fn yesterdays_copy_is_noticed_and_accepted_by_hand_only() {
    let scene = scene();
    scene.sh(&admit("read:x", "public")).exits(0);
    scene.sh("cp l.db copy.db").exits(0);
    scene.sh(&admit("read:x", "restricted")).exits(0);
    scene.sh("cp copy.db l.db && rm -f l.db-wal l.db-shm").exits(0);
    for line in [
        admit("send:x", "public"),
        format!("wane check sealed --root roots.toml --aud a --action send:x --level public {LEDGER}"),
        format!("wane mint --key root.pem --aud a --scope 'read:*' {LEDGER}"),
        format!("wane sessions {LEDGER}"),
        format!("wane ledger status {LEDGER}"),
        format!("wane audit verify {LEDGER}"),
    ] {
        scene.sh(&line).fails(6, "state-rolled-back");
    }
    scene.sh(&format!("wane ledger accept-restore {LEDGER}")).fails(2, "use-arguments");
    let json = scene.sh(&format!("wane ledger accept-restore --yes {LEDGER} --json")).exits(0).json();
    assert_eq!(json["epoch"], 2);
    assert!(json["known_size"].as_u64() > json["size"].as_u64(), "{json}");
    // The session that the copy had forgotten the reading of is dead, and so is whatever continues it.
    assert_eq!(decision(&scene.sh(&admit("read:x", "public"))), "deny state-session-too-old");
    for pause in ["0", "1.1"] {
        scene
            .sh(&format!("sleep {pause}; wane renew tok --key root.pem {LEDGER} -o next"))
            .fails(3, "state-session-too-old");
    }
    assert!(!scene.path("next").exists());
}

#[test]
fn what_a_restore_has_ended_is_not_live() {
    let scene = scene();
    // A session that was used, a block under it, one that continues it, and a root that others open sessions under.
    scene.sh(&admit("read:x", "public")).exits(0);
    scene.sh(&format!("wane attenuate tok --sub kid {LEDGER} -o kid")).exits(0);
    scene.sh(&format!("wane renew tok --key root.pem {LEDGER} -o next")).exits(0);
    scene
        .sh(&format!("wane mint --key root.pem --issuer --aud a --scope 'read:*' --sub issuer {LEDGER} -o issuer"))
        .exits(0);
    let states = || -> Vec<String> {
        let json = scene.sh(&format!("wane sessions {LEDGER} --json")).exits(0).json();
        let known = json["sessions"].as_array().unwrap().iter();
        let line = |known: &serde_json::Value| {
            format!("{} {}", known["sub"].as_str().unwrap(), known["state"].as_str().unwrap())
        };
        known.map(line).collect()
    };
    assert_eq!(states(), ["issuer live", "kid live", "planner live", "planner live"]);
    // What is issued in the same second as the restore is taken for older.
    scene.sh(&format!("sleep 1.1; wane ledger accept-restore --yes {LEDGER} && sleep 1.1")).exits(0);
    assert_eq!(states(), ["issuer live", "kid too-old", "planner too-old", "planner too-old"]);
    scene.sh(&format!("wane mint --key root.pem --aud a --scope 'read:*' --sub new {LEDGER} -o new")).exits(0);
    let live = scene.sh(&format!("wane sessions --live {LEDGER}")).exits(0).out;
    assert_eq!(live.lines().filter(|line| line.contains("issuer") || line.contains("new")).count(), 2, "{live}");
    assert_eq!(live.lines().count(), 2, "{live}");
    // So it is: each of them is refused, and there is nothing left that a revocation could end.
    let check =
        format!("wane check - --root roots.toml --aud a --action read:x --level public --cost calls=1 {LEDGER} --json");
    for (token, said) in [
        ("tok", " state-session-too-old"),
        ("kid", " state-session-too-old"),
        ("next", " state-session-too-old"),
        ("new", ""),
    ] {
        let word = if said.is_empty() { "allow" } else { "deny" };
        assert_eq!(decision(&scene.sh(&format!("wane seal {token} | {check}"))), format!("{word}{said}"), "{token}");
    }
    let dies = scene.sh(&format!("wane revoke tok --dry-run {LEDGER} --json")).exits(0).json();
    assert_eq!(dies["dies"].as_array().unwrap().len(), 0, "{dies}");
}

#[test]
fn another_ledger_in_its_place_is_another() {
    let scene = scene();
    scene.sh(&admit("read:x", "public")).exits(0);
    scene.sh("wane ledger init sqlite:m.db && mv m.db l.db && rm -f l.db-wal l.db-shm").exits(0);
    assert_eq!(decision(&scene.sh(&admit("read:x", "public"))), "deny state-other-ledger");
    scene.write("l.db", "this is no database, but it is long enough to be looked at twice");
    scene.chmod("l.db", 0o600);
    assert_ne!(scene.sh(&admit("read:x", "public")).code, 0);
}

#[test]
fn a_ledger_that_cannot_be_reached_denies() {
    let scene = scene();
    scene.sh("mv l.db gone.db").exits(0);
    scene.sh(&admit("read:x", "public")).fails(3, "state-unreachable");
    // Nobody makes an empty one in its place but `init` and the first `mint`.
    assert!(!scene.path("l.db").exists());
    let nobody = "postgres://wane@127.0.0.1:1/wane";
    scene.sh(&admit("read:x", "public").replace("sqlite:l.db", nobody)).fails(3, "state-unreachable");
    let ran =
        scene.sh("WANE_LEDGER=postgres://wane:xyzzy@127.0.0.1:1/wane wane sessions").fails(3, "state-unreachable");
    assert!(!ran.err.contains("xyzzy") && ran.err.contains("wane:***@"), "{ran:?}");
    let ran = scene.sh("wane sessions --ledger postgres://wane:xyzzy@127.0.0.1:1/wane").fails(2, "use-secret-argument");
    assert!(!ran.err.contains("xyzzy"), "{ran:?}");
    let ran =
        scene.sh("WANE_LEDGER=mysql://wane:xyzzy@h/d wane sessions; WANE_LEDGER=mysql://wane:xyzzy@h/d wane config");
    assert!(!ran.err.contains("xyzzy") && !ran.out.contains("xyzzy"), "{ran:?}");
}

#[test]
fn two_at_once_share_one_budget() {
    let scene = scene();
    let lines: Vec<String> = (0..8).map(|_| admit("read:x", "public")).collect();
    let children: Vec<_> = lines
        .iter()
        .map(|line| shell(&scene.path("."), line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    let mut allowed = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        match output.status.code() {
            Some(0) => allowed += 1,
            code => {
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(
                    code == Some(3) && (out.contains("deny-budget") || said.contains("state-")),
                    "{code:?} {out} {said}"
                );
            }
        }
    }
    assert_eq!(allowed, 3);
    let shown = scene.sh(&format!("wane session show tok {LEDGER} --json")).json();
    assert_eq!(shown["spent"]["calls"], 3);
    scene.sh(&format!("wane audit verify {LEDGER}")).exits(0);
}

#[test]
fn killed_half_way_it_has_done_all_or_nothing() {
    let scene = scene();
    scene.sh(&format!("wane mint --key root.pem --aud a --scope 'read:*' --budget calls=1000 {LEDGER} -o tok2 && wane seal tok2 -o s2"))
        .exits(0);
    let line = format!("exec {}", admit("read:x", "public").replace("admit sealed", "admit s2"));
    let mut told = 0;
    for round in 0..12_u64 {
        let mut child = shell(&scene.path("."), &line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(round * 6));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        told += u64::from(String::from_utf8_lossy(&output.stdout).contains("\"decision\":\"allow\""));
    }
    let shown = scene.sh(&format!("wane session show tok2 {LEDGER} --json")).exits(0).json();
    let spent = shown["spent"]["calls"].as_u64().unwrap_or(0);
    // A charge without a call, never a call without one; and as many records as charges.
    assert!(spent >= told && spent <= 12, "{spent} {told}");
    scene.sh(&admit("read:x", "public")).exits(0);
    let found = scene.sh(&format!("wane audit query --decision allow {LEDGER} --json")).exits(0).json();
    assert_eq!(u64::try_from(found["records"].as_array().unwrap().len()).unwrap(), spent + 1);
    scene.sh(&format!("wane audit verify {LEDGER} && wane audit replay --root roots.toml {LEDGER}")).exits(0);
}

#[test]
fn a_terminal_is_asked_before_anything_dies() {
    let scene = scene();
    if run(&mut shell(&scene.path("."), "script --version")).code != 0 {
        return;
    }
    // Keys that are typed before the question, and those that are typed once it stands there.
    let asked = |before: &str, keys: &str| {
        scene.sh(&format!(
            "rm -f shown; {{ printf '{before}'; for i in $(seq 400); do grep -q 'y/N' shown 2>/dev/null && break; sleep 0.05; done; \
             printf '{keys}'; sleep 0.3; }} | script -qfec 'wane revoke tok {LEDGER}; echo code $?' shown"
        ))
    };
    let live =
        || scene.sh(&format!("wane sessions --live {LEDGER} --json")).json()["sessions"].as_array().unwrap().len();
    for keys in ["n\\n", "\\n", "yesterday\\n", "\\003"] {
        let ran = asked("", keys);
        assert!(ran.out.contains("this cannot be undone") && !ran.out.contains("code 0"), "{ran:?}");
        assert_eq!(live(), 1, "{keys}");
    }
    for before in ["y\\n", "y\\ny\\n", "y"] {
        let ran = asked(before, "\\n");
        assert!(ran.out.contains("use-cancelled") && !ran.out.contains("code 0"), "{ran:?}");
        assert_eq!(live(), 1, "{before}");
    }
    assert!(asked("n\\n", "y\\n").out.contains("code 0"));
    assert_eq!(live(), 0);
}

#[test]
fn what_hangs_below_the_dead_is_not_live() {
    let scene = scene();
    scene.sh(&format!("wane attenuate tok --scope 'read:*' --sub kid {LEDGER} -o kid")).exits(0);
    scene.sh(&format!("wane attenuate kid --scope 'read:a' --sub grandkid {LEDGER} -o grandkid")).exits(0);
    scene.sh(&format!("wane revoke kid --yes {LEDGER}")).exits(0);
    let live = scene.sh(&format!("wane sessions --live {LEDGER} --json")).exits(0).json();
    let subs: Vec<_> =
        live["sessions"].as_array().unwrap().iter().map(|known| known["sub"].as_str().unwrap()).collect();
    assert_eq!(subs, ["planner"]);
    scene.sh(&format!("wane revoke --agent planner --before now --yes {LEDGER}")).exits(0);
    let live = scene.sh(&format!("wane sessions --live {LEDGER} --json")).exits(0).json();
    assert_eq!(live["sessions"].as_array().unwrap().len(), 0, "{live}");
}

#[test]
fn the_older_and_wider_copy_is_refused() {
    let scene = scene();
    scene
        .sh(&format!(
            "wane attenuate tok --scope 'read:*' --sub reader {LEDGER} -o child && wane seal child -o child.s"
        ))
        .exits(0);
    assert_eq!(decision(&scene.sh(&admit("send:x", "public"))), "allow");
    let read = admit("read:x", "confidential").replace("admit sealed", "admit child.s");
    assert_eq!(decision(&scene.sh(&read)), "allow");
    assert_eq!(decision(&scene.sh(&admit("send:x", "public"))), "deny deny-ratchet");
    // A new copy of the state folder, another user's say, changes nothing: the ledger knows.
    let elsewhere = format!(
        "export XDG_STATE_HOME=$PWD/state; mkdir -p state; cp -r .local/state/wane state/; {}",
        admit("send:x", "public")
    );
    assert_eq!(decision(&scene.sh(&elsewhere)), "deny deny-ratchet");
}

#[test]
fn tokens_and_ledgers_that_do_not_belong_together_are_refused() {
    let scene = scene();
    scene.sh("wane ledger init sqlite:m.db").exits(0);
    scene.sh("wane attenuate tok --ledger sqlite:m.db -o x").fails(3, "state-other-ledger");
    let id = "ab".repeat(16);
    scene
        .sh(&format!("wane mint --key root.pem --aud a --scope 'read:*' --ledger-id {id} {LEDGER} -o x"))
        .fails(3, "state-other-ledger");
    assert!(!scene.path("x").exists());
    // What could not be handed out is not registered either.
    scene.sh(&format!("wane mint --key root.pem --aud a --scope 'read:*' {LEDGER} -o tok")).fails(1, "use-file-exists");
    let known = scene.sh(&format!("wane sessions {LEDGER} --json")).json();
    assert_eq!(known["sessions"].as_array().unwrap().len(), 1, "{known}");
    scene.sh("wane renew tok --key root.pem --ledger sqlite:m.db -o x").fails(3, "state-unknown-session");
    scene.sh(&format!("wane session show {id} {LEDGER}")).fails(1, "use-not-found");
}

#[test]
fn only_a_checkpoint_is_written_over() {
    let scene = scene();
    scene.sh("cp root.pem kept.pem && : > empty && ln -s l.db link && mkdir folder && mkfifo pipe").exits(0);
    let admit = |file: &str| scene.sh(&format!("{} --checkpoint-to {file}", admit("read:x", "public")));
    for file in ["kept.pem", "l.db", "./link", "folder", "pipe", "/dev/null"] {
        admit(file).fails(1, "use-file-exists");
    }
    assert_eq!(scene.read("kept.pem"), scene.read("root.pem"));
    let shown = scene.sh(&format!("wane session show tok {LEDGER} --json")).exits(0).json();
    assert!(shown["spent"]["calls"].is_null(), "nothing was admitted: {shown}");
    for file in ["empty", "new", "new"] {
        admit(file).exits(0);
        scene.sh(&format!("wane audit verify {LEDGER} --checkpoint {file}")).exits(0);
    }
}

#[test]
fn the_checkpoints_of_a_log_are_of_one_key() {
    let scene = scene();
    scene.sh("wane keygen wrong.pem > /dev/null && wane keygen other.pem > /dev/null").exits(0);
    let with = |key: &str| scene.sh(&format!("{} --audit-key {key}", admit("read:x", "public")));
    let ran = with("wrong.pem");
    // The first one is that which was made with the ledger.
    let ran = ran.fails(6, "state-checkpoint-key");
    assert!(ran.err.contains("wrong.pem") && ran.err.contains("hint: "), "{ran:?}");
    scene.sh(&admit("read:x", "public")).exits(0);
    with("wrong.pem").fails(6, "state-checkpoint-key");
    // What an operator adds has no checkpoint of its own, and the newest is still found.
    for _ in 0..70 {
        scene.sh(&format!("wane raise tok --level public {LEDGER}")).exits(0);
    }
    with("wrong.pem").fails(6, "state-checkpoint-key");
    scene.sh(&format!("wane audit export log --audit-key wrong.pem {LEDGER}")).fails(6, "state-checkpoint-key");
    assert!(!scene.path("log").exists());
    with(&state(&scene, "audit.pem")).exits(0);
    scene.sh(&format!("wane audit verify {LEDGER}")).exits(0);
    // Kept elsewhere, it is known by what it has signed.
    let there = "--ledger sqlite:m.db --log-secret s --audit-key";
    scene.sh("wane ledger init sqlite:m.db --log-secret s --audit-key k").exits(0);
    scene.sh("wane mint --key root.pem --aud a --scope 'read:*' --ledger sqlite:m.db | wane seal - -o m.s").exits(0);
    let line = format!("wane admit m.s --root roots.toml --aud a --action read:x --level public {there}");
    scene.sh(&format!("{line} k")).exits(0);
    scene.sh(&format!("{line} other.pem")).fails(6, "state-checkpoint-key");
    scene.sh("wane audit verify --ledger sqlite:m.db --audit-key k").exits(0);
}

#[test]
fn a_log_secret_is_not_printed_and_said_to_be_none() {
    let scene = scene();
    let secret = std::fs::read_to_string(state(&scene, "log.secret")).unwrap();
    for digits in [secret.trim_end().to_owned(), secret.trim_end().to_uppercase()] {
        for flag in [format!("--log-secret {digits}"), format!("--log-secret={digits}")] {
            for verb in [admit("read:x", "public"), "wane ledger init sqlite:m.db".into()] {
                let ran = scene.sh(&format!("{verb} {flag}")).fails(2, "use-secret-argument");
                assert!(!ran.err.contains(&digits) && !ran.out.contains(&digits), "{ran:?}");
            }
        }
    }
    // The same digits are an id elsewhere, and a file of that name can be named.
    scene.sh(&format!("wane revoke {} --dry-run {LEDGER}", "ab".repeat(32))).exits(0);
    scene.sh("head -c 40 /dev/urandom > noise && printf '\\377\\n' > odd && head -c 20000 /dev/zero > long").exits(0);
    scene.sh("chmod 600 noise odd long").exits(0);
    for file in ["noise", "odd", "long"] {
        let ran = scene.sh(&format!("{} --log-secret {file}", admit("read:x", "public"))).fails(3, "state-log-secret");
        assert!(!ran.err.contains("token") && ran.err.contains("64 hexadecimal digits"), "{ran:?}");
    }
    // A missing one is named by its hint, as a wrong one is.
    let told = scene.sh(&format!("{} --log-secret {}", admit("read:x", "public"), state_of_the_first(&scene)));
    let named = |ran: &Ran| ran.err.split("the ledger names ").nth(1).unwrap()[..16].to_owned();
    let hint = named(&told.fails(3, "state-log-secret"));
    std::fs::remove_file(state(&scene, "log.secret")).unwrap();
    assert_eq!(named(&scene.sh(&admit("read:x", "public")).fails(3, "state-log-secret")), hint);
}

#[test]
fn what_the_system_says_is_one_line_in_lower_case() {
    let scene = scene();
    for url in ["sqlite:missing/l.db", "sqlite:gone.db"] {
        let ran = scene.sh(&format!("wane sessions --ledger {url}")).fails(3, "state-unreachable");
        assert!(!ran.err.contains("os error") && ran.err.contains("no such file or directory"), "{ran:?}");
    }
}
