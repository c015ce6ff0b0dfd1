//! `wane mcp enforce` on real files.

use std::os::unix::fs::symlink;

use crate::scene::Scene;

/// JSON as editors write it: a byte order mark, remarks, a trailing comma, tabs, CRLF.
const EDITOR: &str = "\u{feff}// mine\r\n{\r\n\t\"servers\": {\r\n\t\t\"files\": {\r\n\t\t\t\"type\": \"stdio\", // local\r\n\t\t\t\
    \"command\": \"npx\",\r\n\t\t\t\"args\": [\r\n\t\t\t\t\"-y\",\r\n\t\t\t\t\"x\", // last\r\n\t\t\t],\r\n\t\t\t\"env\": {\"KEY\": \
    \"hush\"},\r\n\t\t},\r\n\t},\r\n}\r\n";

const CODEX: &str = "# mine\nmodel = 'm'\n\n[mcp_servers.git]\ncommand = 'uvx' # run\nargs = ['git']\n\n[mcp_servers.git.env]\nKEY = \
                     'hush'\n\n[mcp_servers.web]\nurl = 'https://example.com'\n";

fn plain(name: &str) -> String {
    format!("{{\"mcpServers\": {{\"{name}\": {{\"command\": \"npx\", \"env\": {{\"KEY\": \"hush\"}}}}}}}}\n")
}

/// Someone whose own settings name all that the gateway needs.
fn scene() -> Scene {
    let scene = Scene::new();
    scene
        .sh("mkdir -p .config/wane && cd .config/wane && touch c.toml tok && wane keygen root.pem > root.pub")
        .exits(0);
    let settings = "catalogue = 'c.toml'\ntoken-file = 'tok'\nroots = 'root.pub'\nledger = 'sqlite:l.db'\n";
    scene.write(".config/wane/wane.toml", settings);
    scene
}

/// Where the program is, and what each line of arguments starts with.
fn wane() -> String {
    env!("CARGO_BIN_EXE_wane").to_owned()
}

fn backup(name: &str) -> String {
    format!("{name}.wane-backup")
}

#[test]
fn the_files_of_each_client_are_wrapped_and_given_back() {
    let projects =
        "{\"n\": 1, \"projects\": {\"/p\": {\"mcpServers\": {\"b\": {\"command\": \"x\"}}}}, \"mcpServers\": {}}";
    for (client, files) in [
        ("claude", vec![(".config/Claude/claude_desktop_config.json", plain("a"))]),
        ("claude-code", vec![(".claude.json", projects.to_owned()), ("here/.mcp.json", plain("b"))]),
        ("cursor", vec![(".cursor/mcp.json", plain("a")), ("here/.cursor/mcp.json", plain("b"))]),
        (
            "vscode",
            vec![(".config/Code/User/mcp.json", EDITOR.to_owned()), ("here/.vscode/mcp.json", EDITOR.to_owned())],
        ),
        (
            "codex",
            vec![(".codex/config.toml", CODEX.to_owned()), ("here/.codex/config.toml", CODEX.replace('\n', "\r\n"))],
        ),
    ] {
        let scene = scene();
        for (name, text) in &files {
            std::fs::create_dir_all(scene.path(name).parent().unwrap()).unwrap();
            scene.write(name, text);
        }
        scene.sh("mkdir -p here").exits(0);
        let line = format!("cd here && env -u CODEX_HOME wane mcp enforce --client {client}");
        let json = scene.sh(&format!("{line} --json")).exits(0).json();
        assert_eq!(json["enforced"], files.len(), "{client}: {json}");
        for (name, text) in &files {
            let now = scene.read(name);
            assert!(now.contains(&wane()) && now.contains("\"mcp\"") && &now != text, "{client}: {now}");
            assert_eq!(&scene.read(&backup(name)), text);
        }
        let ran = scene.sh(&format!("{line} --stop")).exits(0);
        assert_eq!(ran.out.matches("again what it was, byte for byte").count(), files.len(), "{ran:?}");
        for (name, text) in &files {
            assert_eq!(&scene.read(name), text, "{client}");
            assert!(!scene.path(&backup(name)).exists());
        }
        let ran = scene.sh(&format!("{line} --stop")).exits(0);
        assert_eq!(ran.out.matches("no server is wrapped").count(), files.len(), "{ran:?}");
    }
}

#[test]
fn what_is_written_is_the_command_and_its_flags() {
    let scene = scene();
    scene.write("m.json", &plain("files"));
    scene.sh("wane keygen root.pem > root.pub; touch c.toml tok").exits(0);
    let flags = "--catalogue c.toml --token ./tok --root root.pub --ledger sqlite:l.db --aud files";
    let ran = scene.sh(&format!("wane mcp enforce --path m.json {flags}")).exits(0);
    assert!(!ran.err.contains("warning"), "{ran:?}");
    let json: serde_json::Value = serde_json::from_str(&scene.read("m.json")).unwrap();
    let entry = &json["mcpServers"]["files"];
    let path = |name: &str| scene.path("").join(name).display().to_string();
    let expected = serde_json::json!([
        "mcp",
        "run",
        "--server",
        "files",
        "--catalogue",
        path("c.toml"),
        "--token",
        path("tok"),
        "--root",
        path("root.pub"),
        "--ledger",
        format!("sqlite:{}", path("l.db")),
        "--aud",
        "files",
        "--",
        "npx"
    ]);
    assert_eq!((&entry["command"], &entry["args"]), (&wane().into(), &expected));
    assert_eq!(entry["env"]["KEY"], "hush");
    scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    let key = scene.read("root.pub");
    let line = format!("wane mcp enforce --path m.json --token env:TOKEN --catalogue none.toml --root {key}");
    let ran = scene.sh(&line).exits(0);
    assert!(ran.err.contains("warning: --catalogue: there is no file `none.toml`"), "{ran:?}");
    assert!(scene.read("m.json").contains(&format!("\"env:TOKEN\", \"--root\", \"{}\"", key.trim())));
}

#[test]
fn what_cannot_reach_the_gateway_is_usage() {
    let scene = scene();
    scene.write("m.json", &plain("files"));
    for (flags, code) in [
        ("--token -", "use-arguments"),
        ("--catalogue -", "use-arguments"),
        ("--token fd:3", "use-arguments"),
        ("--token wane1.key.x", "use-arguments"),
        ("--root -", "use-arguments"),
        ("--root wane1.key.x", "parse-text"),
        ("--ledger postgres://a:b@host/db", "use-secret-argument"),
        ("--ledger x", "use-ledger-url"),
        ("--aud 'a b'", "parse-pattern"),
        ("--stop --server files", "use-arguments"),
        ("--stop --aud files", "use-arguments"),
        ("--client cursor", "use-arguments"),
    ] {
        scene.sh(&format!("wane mcp enforce --path m.json {flags}")).fails(2, code);
    }
    scene.sh("wane mcp enforce --path m.json --ledger memory:").fails(3, "state-volatile");
    scene.sh("wane mcp enforce").fails(2, "use-arguments");
    scene.sh("wane mcp enforce --client emacs").fails(2, "use-arguments");
    assert_eq!(scene.read("m.json"), plain("files"));
}

#[test]
fn twice_is_once_and_the_backup_stays() {
    let scene = scene();
    let text = "{\"servers\": {\"a\": {\"command\": \"x\"}, \"b\": {\"command\": \"y\"}}}";
    scene.write("m.json", text);
    scene.sh("wane mcp enforce --path m.json --server a").exits(0);
    scene.sh("wane mcp enforce --path m.json").exits(0);
    let now = scene.read("m.json");
    assert_eq!(now.matches(&wane()).count(), 2, "{now}");
    let ran = scene.sh("wane mcp enforce --path m.json").exits(0);
    assert_eq!(ran.out.matches("already wrapped").count(), 2, "{ran:?}");
    // Whoever wants other flags, or finds some that somebody else has written, is not told that all is well.
    let ran = scene.sh("wane mcp enforce --path m.json --aud other").exits(1);
    assert_eq!(ran.out.matches("it is wrapped with other flags than these").count(), 2, "{ran:?}");
    assert_eq!((scene.read("m.json"), scene.read("m.json.wane-backup")), (now, text.to_owned()));
    scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    assert_eq!(scene.read("m.json"), text);
}

#[test]
fn what_was_edited_in_between_stays() {
    let scene = scene();
    scene.write("m.json", EDITOR);
    scene.sh("wane mcp enforce --path m.json").exits(0);
    let edited =
        scene.read("m.json").replace("// mine", "// ours").replace("hush", "other").replace("\"x\"", "\"x\", \"y\"");
    scene.write("m.json", &edited);
    let ran = scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    assert!(ran.out.contains("what was edited in between stays"), "{ran:?}");
    let expected = EDITOR.replace("// mine", "// ours").replace("hush", "other").replace("\"x\"", "\"x\", \"y\"");
    assert_eq!(scene.read("m.json"), expected);
    // The flags that stood there may have been somebody's own.
    assert!(ran.out.contains("what the file said until now is kept as m.json.wane-backup"), "{ran:?}");
    assert_eq!(scene.read("m.json.wane-backup"), edited);
    let ran = scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    assert!(ran.out.contains("is another text than this file, and is left there"), "{ran:?}");
    assert_eq!(scene.read("m.json.wane-backup"), edited);
    scene.sh("wane mcp enforce --path m.json").exits(0);
    assert_eq!(scene.read("m.json.wane-backup"), expected);
}

#[test]
fn without_its_backup_a_file_is_unwrapped_all_the_same() {
    let scene = scene();
    scene.write("c.toml", CODEX);
    scene.sh("wane mcp enforce --path c.toml && rm c.toml.wane-backup").exits(0);
    let ran = scene.sh("wane mcp enforce --path c.toml --stop").exits(0);
    assert!(ran.out.contains("unwrapped git") && !ran.out.contains("byte for byte"), "{ran:?}");
    assert_eq!(scene.read("c.toml"), CODEX);
}

#[test]
fn a_backup_that_belongs_to_nothing_is_replaced_and_never_lost_by_stopping() {
    let scene = scene();
    scene.write("m.json", &plain("a"));
    scene.sh("wane mcp enforce --path m.json").exits(0);
    scene.write("m.json", "{}");
    let ran = scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    assert!(ran.out.contains("m.json.wane-backup is another text than this file, and is left there"), "{ran:?}");
    assert_eq!(scene.read("m.json.wane-backup"), plain("a"));
    scene.write("m.json", &plain("b"));
    scene.sh("wane mcp enforce --path m.json").exits(0);
    assert_eq!(scene.read("m.json.wane-backup"), plain("b"));
    scene.write("m.json", &plain("b"));
    let ran = scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    assert!(ran.out.contains("again what it was"), "{ran:?}");
    assert!(!scene.path("m.json.wane-backup").exists());
}

#[test]
fn a_link_stays_a_link_and_modes_stay() {
    let scene = scene();
    scene.sh("mkdir real").exits(0);
    scene.write("real/m.json", &plain("a"));
    scene.chmod("real/m.json", 0o600);
    symlink("real/m.json", scene.path("m.json")).unwrap();
    scene.sh("umask 000; wane mcp enforce --path m.json").exits(0);
    assert!(scene.path("m.json").symlink_metadata().unwrap().is_symlink());
    assert!(scene.read("real/m.json").contains(&wane()));
    assert_eq!((scene.mode("real/m.json"), scene.mode("real/m.json.wane-backup")), (0o600, 0o600));
    assert!(!scene.path("m.json.wane-backup").exists());
    scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    assert_eq!((scene.read("real/m.json"), scene.mode("real/m.json")), (plain("a"), 0o600));
    scene.chmod("real/m.json", 0o644);
    scene.sh("umask 077; wane mcp enforce --path m.json").exits(0);
    assert_eq!((scene.mode("real/m.json"), scene.mode("real/m.json.wane-backup")), (0o644, 0o644));
}

#[test]
fn processes_that_run_at_once_lose_nothing() {
    let scene = scene();
    let names: Vec<String> = (0..12).map(|i| format!("s{i}")).collect();
    let entries: Vec<String> = names.iter().map(|name| format!("  \"{name}\": {{\"command\": \"{name}\"}}")).collect();
    let text = format!("{{\"servers\": {{\n{}\n}}}}\n", entries.join(",\n"));
    scene.write("m.json", &text);
    let all: Vec<String> = names
        .iter()
        .map(|name| format!("wane mcp enforce --path m.json --server {name} || echo {name} >> failed &"))
        .collect();
    scene.sh(&format!("{}\nwait; test ! -e failed", all.join("\n"))).exits(0);
    assert_eq!(scene.read("m.json").matches(&wane()).count(), names.len(), "{}", scene.read("m.json"));
    assert_eq!(scene.read("m.json.wane-backup"), text);
    scene
        .sh("for i in 1 2 3 4; do wane mcp enforce --path m.json --stop || touch failed & done; wait; test ! -e failed")
        .exits(0);
    assert_eq!(scene.read("m.json"), text);
    assert_eq!(scene.path("").read_dir().unwrap().count(), 2, "nothing is left beside it");
}

#[test]
fn a_dry_run_writes_nothing_and_shows_no_secret() {
    let scene = scene();
    scene.sh("mkdir .vscode").exits(0);
    scene.write(".vscode/mcp.json", EDITOR);
    scene.write("m.json", &plain("a"));
    for line in [
        "--client vscode --dry-run",
        "--path m.json --dry-run",
        "--path m.json",
        "--path m.json --json",
        "--path m.json --stop --dry-run",
    ] {
        let ran = scene.sh(&format!("wane mcp enforce {line}")).exits(0);
        assert!(!ran.out.contains("hush") && !ran.err.contains("hush"), "{ran:?}");
        if line.ends_with("--dry-run") {
            assert!(ran.out.contains("\n--- ") && ran.out.contains("\n@@ -"), "{ran:?}");
        }
    }
    assert_eq!(scene.read(".vscode/mcp.json"), EDITOR);
    assert!(!scene.path(".vscode/mcp.json.wane-backup").exists() && scene.path("m.json.wane-backup").exists());
    let json = scene.sh("wane mcp enforce --path .vscode/mcp.json --dry-run --json").exits(0).json();
    assert!(
        json["diff"].is_null() && json["files"][0]["diff"].as_str().unwrap().contains("+\t\t\t\"command\""),
        "{json}"
    );
}

#[test]
fn nothing_to_enforce_is_exit_1() {
    let scene = scene();
    scene.sh("wane mcp enforce --client cursor").fails(1, "use-file");
    scene.sh("wane mcp enforce --path none.json").fails(1, "use-file");
    for text in
        ["", "{}", "{\"mcpServers\": {\"a\": {\"url\": \"x\"}}}", "{\"mcpServers\": {\"A\": {\"command\": \"x\"}}}"]
    {
        scene.write("m.json", text);
        scene.sh("wane mcp enforce --path m.json").exits(1);
        assert_eq!(scene.read("m.json"), text);
        assert!(!scene.path("m.json.wane-backup").exists());
    }
    scene.write("m.json", &plain("a"));
    let ran = scene.sh("wane mcp enforce --path m.json --server b").exits(1);
    assert!(ran.out.contains("no server is called `b`"), "{ran:?}");
    let ran = scene.sh("wane mcp enforce --path m.json --server a --server b").exits(0);
    assert!(ran.out.contains("wrapped a") && ran.out.contains("no server is called `b`"), "{ran:?}");
}

#[test]
fn a_file_that_cannot_be_read_stops_all_of_it() {
    let scene = scene();
    scene.sh("mkdir .cursor here here/.cursor folder.json; mkfifo pipe.json").exits(0);
    scene.write(".cursor/mcp.json", &plain("a"));
    let line = "cd here && wane mcp enforce --client cursor";
    for text in ["{\"hush\": ", "{\"a\": hush}", "[\"hush\"]", "mcpServers = 'hush'"] {
        scene.write("here/.cursor/mcp.json", text);
        for line in [line.to_owned(), format!("{line} --stop")] {
            let ran = scene.sh(&line).fails(1, "use-file");
            assert!(
                ran.err.contains("here/.cursor/mcp.json`: line 1, column ") && !ran.err.contains("hush"),
                "{ran:?}"
            );
        }
    }
    assert_eq!(scene.read(".cursor/mcp.json"), plain("a"));
    std::fs::write(scene.path("m.json"), b"{\"a\": \"\xff\"}").unwrap();
    scene.write("m.toml", "[mcp_servers.a]\ncommand = \"hush");
    for name in ["m.json", "m.toml", "folder.json", "pipe.json"] {
        let ran = scene.sh(&format!("wane mcp enforce --path {name}")).fails(1, "use-file");
        assert!(!ran.err.contains("hush"), "{ran:?}");
    }
    let ran = scene.sh("wane mcp enforce --path none.json --stop").exits(0);
    assert!(ran.out.contains("nothing to stop"), "{ran:?}");
}

#[test]
fn what_a_configuration_says_moves_no_cursor() {
    let scene = scene();
    scene.write(
        "m.json",
        "{\"mcpServers\": {\"a\\u001b[2J\": {\"command\": \"x\"}, \"b\": {\"type\": \"\\u001b[2J\"}}}",
    );
    let ran = scene.sh("wane mcp enforce --path m.json").exits(1);
    assert!(ran.out.contains("\\u{1b}[2J") && !ran.out.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn the_command_that_is_written_starts_the_gateway_and_that_the_server() {
    let scene = scene();
    scene.write(
        "catalogue.toml",
        "[server.files]\n[server.files.tool.read_file]\naction = 'read:files'\nrule = [{ level = 'public' }]\n\
         [server.other]\n",
    );
    scene.write(
        "m.json",
        "{\"mcpServers\": {\"files\": {\"command\": \"sh\", \"args\": [\"-c\", \"echo $0 > started; cat\", \"a b\"]}}}",
    );
    scene.sh("wane keygen root.pem > root.pub && wane ledger init sqlite:l.db").exits(0);
    scene.sh("wane mint --key root.pem --aud files --scope 'read:*' --ledger sqlite:l.db -o s.tok").exits(0);
    let flags = "--catalogue catalogue.toml --token s.tok --root root.pub --ledger sqlite:l.db --aud files";
    scene.sh(&format!("wane mcp enforce --path m.json {flags}")).exits(0);
    let json: serde_json::Value = serde_json::from_str(&scene.read("m.json")).unwrap();
    let entry = &json["mcpServers"]["files"];
    let words = std::iter::once(&entry["command"]).chain(entry["args"].as_array().unwrap());
    let quoted: Vec<String> = words.map(|word| format!("'{}'", word.as_str().unwrap())).collect();
    scene.sh(&format!("mkdir elsewhere && cd elsewhere && {}", quoted.join(" "))).exits(0);
    assert_eq!(scene.read("elsewhere/started"), "a b\n");
}
