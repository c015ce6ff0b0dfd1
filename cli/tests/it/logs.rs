//! Logs, exports and checkpoints, as somebody would break or mistake them.

use crate::scene::Scene;

const LEDGER: &str = "--ledger sqlite:l.db";

/// A log with two admissions, its audit key in `k` and a checkpoint of the first in `head.txt`.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.sh("wane keygen root.pem > root.pub && wane ledger init sqlite:l.db --log-secret s --audit-key k").exits(0);
    scene
        .sh(&format!(
            "wane mint --key root.pem --aud a --scope '*' {LEDGER} --sub planner -o t && wane seal t -o sealed"
        ))
        .exits(0);
    scene.sh(&admit("read:x --checkpoint-to head.txt")).exits(0);
    scene.sh(&admit("read:y")).exits(0);
    scene
}

fn admit(action: &str) -> String {
    format!(
        "wane admit sealed --root root.pub --aud a --level public {LEDGER} --log-secret s --audit-key k --action {action}"
    )
}

/// The same, exported to `log`.
fn exported() -> Scene {
    let scene = scene();
    scene.sh(&format!("wane audit export log {LEDGER} --log-secret s --audit-key k")).exits(0);
    scene
}

const VERIFY: &str = "wane audit verify --from log --audit-key k";

#[test]
fn a_damaged_checkpoint_of_an_export_is_broken_integrity() {
    let scene = exported();
    let whole = std::fs::read(scene.path("log/checkpoint")).unwrap();
    let replay = "wane audit prove 0 --from log --audit-key k";
    let cut = whole[..whole.len() - 20].to_vec();
    for damaged in [cut, vec![0xff, 0xfe], Vec::new(), [whole.as_slice(), &[b'x'; 20_000]].concat()] {
        std::fs::write(scene.path("log/checkpoint"), &damaged).unwrap();
        for line in [VERIFY, replay] {
            scene.sh(line).fails(6, "parse-checkpoint");
        }
    }
    for name in ["checkpoint", "records.jsonl"] {
        std::fs::write(scene.path("log/checkpoint"), &whole).unwrap();
        std::fs::remove_file(scene.path("log").join(name)).unwrap();
        let ran = scene.sh(VERIFY).fails(6, "state-log-broken");
        assert!(ran.err.contains(&format!("`log/{name}` is missing")), "{ran:?}");
    }
    // A folder that was never there is a mistake of whoever names it.
    scene.sh("wane audit verify --from none --audit-key k").fails(1, "use-file");
}

#[test]
fn an_export_ends_where_its_checkpoint_does() {
    let scene = exported();
    let json = scene.sh(&format!("{VERIFY} --json")).exits(0).json();
    assert_eq!((&json["records"], &json["unproven"]), (&json["proved_up_to"], &0.into()), "{json}");
    let records = scene.read("log/records.jsonl");
    scene.write("log/records.jsonl", &records.repeat(2));
    let ran = scene.sh(VERIFY).fails(6, "state-log-broken");
    assert!(ran.err.contains(&format!("the export has {} records", 2 * records.lines().count())), "{ran:?}");
    // A larger checkpoint from elsewhere proves more records, and does not make it an export.
    scene.write("log/records.jsonl", &records);
    scene.sh("cp -r log newer; rm -r log").exits(0);
    scene.sh(&format!("{} --checkpoint-to head.txt", admit("read:z"))).exits(0);
    scene.sh(&format!("wane audit export log {LEDGER} --log-secret s --audit-key k")).exits(0);
    scene.sh("cp newer/checkpoint log/checkpoint").exits(0);
    scene.sh(&format!("{VERIFY} --checkpoint head.txt")).fails(6, "state-log-broken");
    scene.sh(&format!("wane audit verify {LEDGER} --audit-key k --checkpoint newer/checkpoint")).exits(0);
}

#[test]
fn a_checkpoint_that_is_too_long_is_refused_and_not_cut() {
    let scene = scene();
    // Signatures of other keys are passed over; the first 16,384 bytes are a whole note.
    let (start, end) = (scene.read("head.txt"), |count| "A".repeat(count));
    let other = |count: usize| format!("\u{2014} x {}\n", end(count));
    let room = 16_384 - start.len() - other(0).len();
    let fits = room - room % 4;
    scene.write("fits", &format!("{start}{}", other(fits)));
    scene.sh(&format!("wane audit verify {LEDGER} --audit-key k --checkpoint fits")).exits(0);
    let pad = 16_384 - std::fs::metadata(scene.path("fits")).unwrap().len();
    let name = "x".repeat(usize::try_from(pad).unwrap() + 1);
    scene.write("full", &format!("{start}{}", other(fits).replacen('x', &name, 1)));
    assert_eq!(std::fs::metadata(scene.path("full")).unwrap().len(), 16_384);
    scene.sh(&format!("wane audit verify {LEDGER} --audit-key k --checkpoint full")).exits(0);
    scene.write("long", &format!("{}{}", scene.read("full"), other(96)));
    for flags in ["verify --checkpoint long", "prove 0 --checkpoint long", "prune --yes --before long"] {
        scene.sh(&format!("wane audit {flags} {LEDGER} --audit-key k")).fails(4, "parse-checkpoint");
    }
    std::fs::write(scene.path("bytes"), [0xff; 40]).unwrap();
    scene.sh(&format!("wane audit verify {LEDGER} --audit-key k --checkpoint bytes")).fails(4, "parse-checkpoint");
}

#[test]
fn checkpoints_come_from_wherever_inputs_come_from() {
    let scene = scene();
    let with = |line: &str| scene.sh(&format!("{line} {LEDGER} --audit-key k"));
    for (before, place) in [
        ("cat head.txt |", "-"),
        ("cat head.txt |", "fd:0"),
        ("exec 3< head.txt;", "fd:3"),
        ("export HEAD_TEXT=\"$(cat head.txt)\n\";", "env:HEAD_TEXT"),
    ] {
        with(&format!("{before} wane audit verify --checkpoint {place}")).exits(0);
        with(&format!("{before} wane audit prove 0 --checkpoint {place}")).exits(0);
        with(&format!("{before} wane audit prove --since {place}")).exits(0);
        with(&format!("{before} wane audit prune --yes --before {place}")).exits(0);
    }
    for line in [
        "cat head.txt | wane audit verify --checkpoint - --checkpoint fd:0",
        "cat head.txt | wane audit prove --since - --checkpoint -",
    ] {
        with(line).fails(2, "use-stdin-twice");
    }
    scene
        .sh(&format!("cat head.txt | wane audit prune --yes --before - {LEDGER} --audit-key -"))
        .fails(2, "use-stdin-twice");
}

#[test]
fn a_search_says_that_there_is_more() {
    let scene = scene();
    let query = |flags: &str| scene.sh(&format!("wane audit query {flags} {LEDGER}")).exits(0);
    let count = query("").out.lines().count();
    for (limit, found) in [(0, 0), (1, 1), (count - 1, count - 1), (count, count), (count + 1, count)] {
        let ran = query(&format!("--limit {limit}"));
        assert_eq!(ran.out.lines().count(), found, "{limit}: {ran:?}");
        assert_eq!(ran.err.contains("there are more"), found < count, "{limit}: {ran:?}");
        let json = query(&format!("--limit {limit} --json")).json();
        assert_eq!((json["records"].as_array().unwrap().len(), &json["more"]), (found, &(found < count).into()));
    }
    assert_eq!(query("--limit 0 --agent nobody").out, "none\n");
    assert_eq!(query("--limit 1 --decision deny --json").json()["more"], false);
}

#[test]
fn what_no_checkpoint_covers_cannot_be_proved() {
    let scene = scene();
    let prove = |flags: &str| scene.sh(&format!("wane audit prove {flags} --audit-key k {LEDGER}"));
    prove("99").fails(1, "use-not-found");
    prove("0").exits(0);
    let size: u64 = scene.read("head.txt").lines().nth(1).unwrap().parse().unwrap();
    prove(&format!("{} --checkpoint head.txt", size - 1)).exits(0);
    let ran = prove(&format!("{size} --checkpoint head.txt")).fails(1, "use-not-found");
    assert!(ran.err.contains("a newer checkpoint covers more"), "{ran:?}");
}

#[test]
fn a_proof_is_no_secret() {
    let scene = scene();
    for flags in ["", "--json"] {
        let ran = scene.sh(&format!("umask 022; wane audit prove 0 --audit-key k {LEDGER} {flags} > proof")).exits(0);
        assert_eq!((ran.err.as_str(), scene.mode("proof")), ("", 0o644));
    }
    // A token still is one.
    let ran = scene.sh("umask 022; wane mint --key root.pem --aud a --scope '*' > token").exits(0);
    assert!(ran.err.contains("a secret is written"), "{ran:?}");
}

#[test]
fn an_explanation_says_that_the_record_says_otherwise() {
    let scene = exported();
    let records = scene.read("log/records.jsonl");
    let number = records.lines().position(|line| line.contains(r#""actions":["read:y"]"#)).unwrap();
    let explain = |root: &str| format!("wane audit explain {number} --from log --root {root} --json");
    assert!(scene.sh(&explain("root.pub")).exits(0).json()["again"].is_null());
    let (allow, deny) = (r#""decision":"allow""#, r#""decision":"deny","code":"deny-scope","block":0"#);
    let changed: Vec<String> = records.lines().map(|line| line.replace(allow, deny) + "\n").collect();
    assert_ne!(changed.concat(), records);
    scene.write("log/records.jsonl", &changed.concat());
    let json = scene.sh(&explain("root.pub")).exits(6).json();
    assert_eq!((json["decision"].as_str(), json["again"].as_str()), (Some("deny"), Some("allow")), "{json}");
    let ran = scene.sh(explain("root.pub").trim_end_matches(" --json")).exits(6);
    assert!(ran.out.contains("  ! made again it comes out as `allow`\n"), "{ran:?}");
    // An envelope under the name of another block.
    scene.write("log/records.jsonl", &records);
    let other =
        "wane mint --key root.pem --aud a --scope '*' --ledger sqlite:l.db --sub other -o o && wane seal o -o o.s";
    scene.sh(&format!("{other} && {}", admit("read:z").replace("admit sealed", "admit o.s"))).exits(0);
    scene.sh(&format!("wane audit export more {LEDGER} --log-secret s --audit-key k")).exits(0);
    let own = scene.read("log/envelopes.jsonl");
    let more = scene.read("more/envelopes.jsonl");
    let stranger = more.lines().find(|line| !own.contains(*line)).unwrap();
    let envelope = |line: &str| line.split('"').nth(7).unwrap().to_owned();
    scene.write("log/envelopes.jsonl", &own.replace(&envelope(&own), &envelope(stranger)));
    let json = scene.sh(&explain("root.pub")).exits(6).json();
    assert!(json["again"].as_str().unwrap().starts_with("chain-") && json["blocks"] == serde_json::json!([]), "{json}");
    // Under other roots nothing can be said.
    scene.write("log/envelopes.jsonl", &own);
    scene.sh("wane keygen other.pem > other.pub; cat root.pub other.pub > /dev/null").exits(0);
    scene.sh(&explain("other.pub")).exits(4);
}

#[test]
fn an_export_is_whole_and_private_or_not_there() {
    let scene = scene();
    let export = format!("wane audit export log {LEDGER} --log-secret s --audit-key k");
    // A record that is no line any more, as a damaged disk or a hostile one would have it.
    let whole = std::fs::read(scene.path("l.db")).unwrap();
    let mut damaged = whole.clone();
    let at = whole.windows(15).rposition(|window| window == br#""kind":"opened""#).unwrap();
    damaged[at + 9] = b'\n';
    std::fs::write(scene.path("l.db"), damaged).unwrap();
    scene.sh(&export).fails(6, "parse-record");
    assert!(!scene.path("log").exists());
    // Under the same name it is made once it can be.
    std::fs::write(scene.path("l.db"), whole).unwrap();
    scene.sh(&format!("umask 0; {export}")).exits(0);
    assert_eq!(scene.mode("log"), 0o700);
    for name in ["records.jsonl", "envelopes.jsonl", "checkpoint"] {
        assert_eq!(scene.mode(&format!("log/{name}")), 0o600, "{name}");
    }
    scene.sh(VERIFY).exits(0);
}

#[test]
fn nothing_but_a_checkpoint_is_written_over_by_one() {
    let scene = scene();
    let to = |file: &str| scene.sh(&format!("{} --checkpoint-to {file}", admit("read:z")));
    let count = || scene.sh(&format!("wane audit query --action read:z {LEDGER}")).exits(0).out.lines().count();
    let long = scene.read("head.txt") + &"\u{2014} x AAAAAAAA\n".repeat(1_000);
    std::fs::write(scene.path("long"), &long).unwrap();
    scene.sh("mkdir folder && mkfifo fifo && ln -s root.pem link").exits(0);
    for file in ["root.pem", "l.db", "root.pub", "s", "sealed", "long", "link"] {
        let before = std::fs::read(scene.path(file)).unwrap();
        to(file).fails(1, "use-file-exists");
        assert!(file == "l.db" || std::fs::read(scene.path(file)).unwrap() == before, "{file}");
    }
    for file in ["folder", "fifo"] {
        to(file).fails(1, "use-file-exists");
    }
    // It is refused before anything is decided.
    assert_eq!(count(), 1, "`none` is a line");
    let older = scene.read("head.txt");
    scene.sh(": > empty && ln -s head.txt to-head").exits(0);
    for file in ["new", "empty", "head.txt", "to-head"] {
        to(file).exits(0);
        scene.sh(&format!("wane audit verify --checkpoint {file} {LEDGER} --audit-key k")).exits(0);
    }
    assert_ne!(scene.read("head.txt"), older);
    assert_eq!(count(), 4);
}
