//! What `wane mcp enforce` has written, and who may say what the gateway judges by.

use std::fs::hard_link;

use crate::scene::Scene;

const ENTRY: &str = "{\"mcpServers\": {\"files\": {\"command\": \"sh\", \"args\": [\"server.sh\"]}}}\n";

/// A server in shell that says on standard error what reached it.
const SERVER: &str = r#"
while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    echo "RAN $line" >> ran
    printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}\n' "$id"
done
"#;

fn catalogue(tool: &str) -> String {
    format!(
        "[server.files]\naudience = \"files\"\n[server.files.tool.{tool}]\naction = \"read:{tool}\"\nlevel = \"public\"\n"
    )
}

/// In this folder a root, a token of it, a ledger and a catalogue of one tool, and the `wane.toml` that names them all.
fn settle(scene: &Scene, folder: &str, tool: &str) {
    scene.sh(&format!("mkdir -p {folder}")).exits(0);
    let mint = format!("wane mint --key root.pem --aud files --scope read:{tool} --ledger sqlite:l.db -o tok");
    let make = "wane keygen root.pem > root.pub && wane ledger init sqlite:l.db";
    scene.sh(&format!("cd {folder} && {make} && {mint}")).exits(0);
    scene.write(&format!("{folder}/c.toml"), &catalogue(tool));
    let settings =
        "catalogue = 'c.toml'\ntoken-file = 'tok'\nroots = 'root.pub'\nledger = 'sqlite:l.db'\naud = 'files'\n";
    scene.write(&format!("{folder}/wane.toml"), settings);
}

fn call(tool: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#)
}

/// The command of the only server, as a shell takes it.
fn command(scene: &Scene, name: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(&scene.read(name)).unwrap();
    let entry = &json["mcpServers"]["files"];
    let words = std::iter::once(&entry["command"]).chain(entry["args"].as_array().unwrap());
    words.map(|word| format!("'{}'", word.as_str().unwrap())).collect::<Vec<_>>().join(" ")
}

#[test]
fn no_folder_says_what_its_server_is_judged_by() {
    let scene = Scene::new();
    settle(&scene, ".config/wane", "read");
    settle(&scene, "repo", "shell");
    scene.write("repo/server.sh", SERVER);
    scene.write("repo/.mcp.json", ENTRY);
    // Neither where it is enforced,
    let ran = scene.sh("cd repo && wane mcp enforce --path .mcp.json").exits(0);
    assert!(ran.err.contains("does not count here, and states roots, aud, ledger, token-file, catalogue"), "{ran:?}");
    let line = command(&scene, "repo/.mcp.json");
    let own = scene.path(".config/wane").display().to_string();
    for name in ["c.toml", "tok", "root.pub", "l.db"] {
        assert!(line.contains(&format!("{own}/{name}'")), "{line}");
    }
    // nor where it is started, with flags or without.
    for line in [line.as_str(), "wane mcp run -- sh server.sh"] {
        for (tool, denied) in [("shell", true), ("read", false)] {
            scene.write("repo/in", &format!("{}\n", call(tool)));
            let ran = scene.sh(&format!("cd repo && rm -f ran && {line} < in")).exits(0);
            assert_eq!(ran.out.contains("deny-unlisted"), denied, "{line}: {ran:?}");
            assert_eq!(scene.path("repo/ran").exists(), !denied, "{line}: {ran:?}");
            assert!(
                ran.err.contains("`wane.toml` does not count here")
                    || ran.err.contains("/wane.toml` does not count here"),
                "{ran:?}"
            );
        }
    }
    // Variables are the user's own, and so are flags.
    let ran = scene.sh("cd repo && WANE_CATALOGUE=c.toml WANE_TOKEN_FILE=tok WANE_ROOTS=root.pub wane mcp run --ledger sqlite:l.db -- sh server.sh < in");
    assert!(ran.exits(0).out.contains("deny-unlisted"));
    // A file that cannot be read stops nobody; other verbs read it as before.
    scene.write("repo/wane.toml", "roots = \n");
    scene.sh("cd repo && wane mcp run -- sh server.sh < in").exits(0);
    scene.sh("cd repo && wane config").fails(2, "parse-toml");
    // The user's own file counts wherever somebody stands.
    scene.sh("cp repo/in repo/server.sh .config/wane && cd .config/wane && wane mcp run -- sh server.sh < in").exits(0);
}

#[test]
fn all_that_the_gateway_needs_is_written_or_nothing_is() {
    let scene = Scene::new();
    scene.write("m.json", ENTRY);
    scene.sh("touch c.toml tok root.pub").exits(0);
    let all = ["--catalogue c.toml", "--token tok", "--root root.pub", "--ledger sqlite:l.db"];
    for (missing, what) in ["catalogue", "token", "trusted root", "ledger"].iter().enumerate() {
        let flags: Vec<_> =
            all.iter().enumerate().filter(|(number, _)| *number != missing).map(|(_, flag)| *flag).collect();
        for dry in ["", "--dry-run"] {
            let ran = scene
                .sh(&format!("wane mcp enforce --path m.json {dry} {}", flags.join(" ")))
                .fails(2, "use-arguments");
            assert!(ran.err.contains(&format!("no {what} is named")), "{ran:?}");
        }
    }
    assert_eq!(scene.read("m.json"), ENTRY);
    // Variables name them as well, and a flag is before a variable.
    let variables = "WANE_CATALOGUE=$PWD/c.toml WANE_TOKEN_FILE=env:TOKEN WANE_ROOTS=none.pub WANE_LEDGER=sqlite:";
    let ran = scene.sh(&format!("{variables} wane mcp enforce --path m.json --root root.pub")).exits(0);
    assert!(ran.err.contains("note: the token comes from WANE_TOKEN_FILE"), "{ran:?}");
    let line = command(&scene, "m.json");
    let here = scene.path("").display().to_string();
    let here = here.trim_end_matches('/');
    let expected = format!(
        "'--catalogue' '{here}/c.toml' '--token' 'env:TOKEN' '--root' '{here}/root.pub' '--ledger' 'sqlite:{here}/.local/state/wane/ledger.db' '--'"
    );
    assert!(line.contains(&expected), "{line}");
    scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    // No password gets into the file.
    for url in ["postgres://ada:hush@db.example.com/wane", "postgres://ada@db.example.com/wane?password=hush"] {
        let variables = format!("{} WANE_LEDGER='{url}'", all[..3].join(" "));
        let (flags, ledger) = variables.split_once(" WANE").unwrap();
        let ran =
            scene.sh(&format!("WANE{ledger} wane mcp enforce --path m.json {flags}")).fails(2, "use-secret-argument");
        assert!(!ran.err.contains("hush"), "{ran:?}");
    }
    scene
        .sh(&format!("WANE_LEDGER=memory: wane mcp enforce --path m.json {}", all[..3].join(" ")))
        .fails(3, "state-volatile");
    assert_eq!(scene.read("m.json"), ENTRY);
}

const FLAGS: &str = "--catalogue c.toml --token tok --root root.pub --ledger sqlite:l.db";

/// Where there are the files that flags name.
fn with_files() -> Scene {
    let scene = Scene::new();
    scene.sh("touch c.toml tok root.pub").exits(0);
    scene
}

#[test]
fn an_entry_that_states_settings_is_not_wrapped() {
    let scene = with_files();
    for (member, name) in [
        (r#""env": {"WANE_AUD": "hush"}"#, "WANE_AUD"),
        (r#""env": {"LD_PRELOAD": "hush"}"#, "LD_PRELOAD"),
        (r#""envFile": "hush""#, "envFile"),
    ] {
        let text = ENTRY.replace("\"command\"", &format!("{member}, \"command\""));
        scene.write("m.json", &text);
        let ran = scene.sh(&format!("wane mcp enforce --path m.json {FLAGS}")).exits(1);
        assert!(ran.out.contains(&format!("it states `{name}`")) && !ran.out.contains("hush"), "{ran:?}");
        assert_eq!(scene.read("m.json"), text);
    }
}

#[test]
fn another_version_wraps_nothing_twice_and_loses_no_copy() {
    let scene = with_files();
    scene.write("m.json", ENTRY);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_wane"));
    for name in ["wane-0.1", "wane-0.2"] {
        let to = scene.path(name);
        hard_link(program, &to).or_else(|_| std::fs::copy(program, &to).map(|_| ())).unwrap();
    }
    scene.sh(&format!("./wane-0.1 mcp enforce --path m.json {FLAGS}")).exits(0);
    let wrapped = scene.read("m.json");
    assert!(wrapped.contains("/wane-0.1\""), "{wrapped}");
    let ran = scene.sh(&format!("./wane-0.2 mcp enforce --path m.json {FLAGS}")).exits(1);
    assert!(ran.out.contains("/wane-0.1`, which is not this program: `--stop` comes first"), "{ran:?}");
    assert_eq!((scene.read("m.json"), scene.read("m.json.wane-backup")), (wrapped, ENTRY.to_owned()));
    let ran = scene.sh("rm wane-0.1; ./wane-0.2 mcp enforce --path m.json --stop").exits(0);
    assert!(ran.out.contains("byte for byte"), "{ran:?}");
    assert_eq!(scene.read("m.json"), ENTRY);
}

#[test]
fn what_only_calls_itself_wane_does_not_count() {
    let scene = with_files();
    let line = |program: &str, name: &str| {
        format!(
            "{{\"mcpServers\": {{\"files\": {{\"command\": \"{program}\", \"args\": [\"mcp\", \"run\", \"--server\", \"{name}\", \"--catalogue\", \"/tmp/evil.toml\", \"--\", \"sh\"]}}}}}}\n"
        )
    };
    for (program, name) in [
        ("/tmp/evil/wane", "files"),
        ("./wane", "files"),
        ("wane", "files"),
        ("/tmp/evil/wane", "other"),
        (env!("CARGO_BIN_EXE_wane"), "other"),
        (env!("CARGO_BIN_EXE_wane"), "files"),
    ] {
        let text = line(program, name);
        scene.write("m.json", &text);
        let ran = scene.sh(&format!("wane mcp enforce --path m.json {FLAGS}")).exits(1);
        assert!(ran.out.contains("cannot wrap files") && !ran.out.contains("already"), "{ran:?}");
        assert!(!scene.path("m.json.wane-backup").exists());
        assert_eq!(scene.read("m.json"), text);
    }
}

#[test]
fn nothing_that_somebody_wrote_is_lost_by_stopping() {
    let scene = with_files();
    let text = "{\"mcpServers\": {\n  \"files\": {\"command\": \"sh\", \"args\": [\"a\"]},\n  \"git\": {\"command\": \"uvx\"}\n}}\n";
    scene.write("m.json", text);
    scene.sh(&format!("wane mcp enforce --path m.json {FLAGS}")).exits(0);
    let edited = scene.read("m.json").replace("\"sh\", \"a\"", "\"sh\", /* MY REMARK */ \"a\"");
    scene.write("m.json", &edited);
    let ran = scene.sh("wane mcp enforce --path m.json --stop").exits(1);
    assert!(ran.out.contains("cannot unwrap files: a remark stands in what would be taken out"), "{ran:?}");
    assert!(ran.out.contains("unwrapped git") && !ran.out.contains("byte for byte"), "{ran:?}");
    assert!(scene.read("m.json").contains("MY REMARK") && scene.read("m.json.wane-backup") == text);
    // Once it is moved, the rest is undone.
    scene.write("m.json", &scene.read("m.json").replace("/* MY REMARK */ ", ""));
    scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    assert_eq!(scene.read("m.json"), text);

    // Somebody has written this one, and exactly so: its flags are kept beside the file.
    let by_hand = "{\"mcpServers\": {\"files\": {\"command\": \"wane\", \"args\": [\"mcp\", \"run\", \"--server\", \"files\", \"--catalogue\", \
                   \"/home/me/only-copy.toml\", \"--\", \"sh\"]}}}\n";
    scene.write("n.json", by_hand);
    let ran = scene.sh("wane mcp enforce --path n.json --stop").exits(0);
    assert!(ran.out.contains("is kept as n.json.wane-backup"), "{ran:?}");
    assert_eq!(scene.read("n.json.wane-backup"), by_hand);
    // And this one otherwise.
    let remark = by_hand
        .replace("\"--\"", "// reviewed\n\"--\"")
        .replace("files\", \"--cat", "files\", \"--client-tokens\", \"--cat");
    scene.write("n.json", &remark);
    let ran = scene.sh("wane mcp enforce --path n.json --stop --json").exits(1);
    let json = ran.json();
    assert_eq!(json["files"][0]["servers"][0]["state"], "refused", "{json}");
    assert_eq!((scene.read("n.json"), scene.read("n.json.wane-backup")), (remark, by_hand.to_owned()));
}

#[test]
fn a_file_of_two_names_is_not_wrapped_under_one() {
    let scene = with_files();
    scene.write("m.json", ENTRY);
    hard_link(scene.path("m.json"), scene.path("n.json")).unwrap();
    for line in
        [format!("wane mcp enforce --path m.json {FLAGS}"), format!("wane mcp enforce --path m.json {FLAGS} --dry-run")]
    {
        let ran = scene.sh(&line).fails(1, "use-file");
        assert!(ran.err.contains("has 2 names"), "{ran:?}");
    }
    assert_eq!((scene.read("m.json"), scene.read("n.json")), (ENTRY.to_owned(), ENTRY.to_owned()));
    scene.sh(&format!("rm n.json; wane mcp enforce --path m.json {FLAGS}")).exits(0);
}
