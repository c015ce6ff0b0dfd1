//! `wane mcp enforce` for servers that are reached at a url, before a gateway that runs.

use serde_json::Value;

use crate::mcp_serve::{Gateway, call, scene, server};
use crate::scene::Scene;

const BOTH: &str = "--catalogue one.toml --token tok --root root.pub --ledger sqlite:l.db";

/// A gateway with a token of its own before this server, and its origin.
fn gateway(scene: &Scene, url: &str) -> (Gateway, String) {
    let flags = "--token tok --seal --catalogue one.toml --listen 127.0.0.1:0 --bearer-file bearer";
    let mut gateway = Gateway::start(scene, &format!("{flags} --upstream {url}"));
    let origin = gateway.line().strip_prefix("listening on ").unwrap().to_owned();
    (gateway, origin)
}

/// Calls as a client does that is configured so: what follows `#` in a url is never sent.
fn calls(scene: &Scene, file: &str) -> u16 {
    let json: Value = serde_json::from_str(&scene.read(file)).unwrap();
    let entry = &json["mcpServers"]["files"];
    let url = entry["url"].as_str().unwrap().strip_prefix("http://").unwrap().split('#').next().unwrap().to_owned();
    let (address, path) = url.split_once('/').unwrap();
    call(address, &format!("/{path}"), entry["headers"]["Authorization"].as_str()).0
}

#[test]
fn a_server_at_a_url_is_reached_through_the_gateway_that_runs() {
    let scene = scene();
    let (url, heads) = server();
    let text = format!(
        "{{\n  \"mcpServers\": {{\n    \"files\": {{\n      \"type\": \"http\",\n      \"url\": \"{url}?key=hunter2\"\n    }},\n    \"own\": {{\"url\": \
         \"{url}\", \"headers\": {{\"Authorization\": \"Bearer hunter2\"}}}}\n  }}\n}}\n"
    );
    scene.write("m.json", &text);
    let (first, origin) = gateway(&scene, &url);
    let enforce = |origin: &str, more: &str| {
        scene.sh(&format!("wane mcp enforce --path m.json {BOTH} --gateway {origin} --bearer-file bearer {more}"))
    };
    let written = scene.read("bearer");
    let bearer = written.lines().next().unwrap().to_owned();
    let dry = enforce(&origin, "--dry-run").exits(0);
    assert!(dry.out.contains("would wrap files") && dry.out.contains("/files/mcp#***\""), "{dry:?}");
    let ran = enforce(&origin, "").exits(0);
    assert!(ran.out.contains("wrapped files") && ran.out.contains("cannot wrap own"), "{ran:?}");
    assert!(ran.out.contains("--upstream-header") && ran.err.contains("others can read `m.json`"), "{ran:?}");
    for told in [&dry, &ran] {
        let told = format!("{told:?}");
        assert!(!told.contains(&bearer) && !told.contains("hunter2"), "{told}");
    }
    assert_eq!(calls(&scene, "m.json"), 200);
    let heads = heads.lock().unwrap().concat();
    assert!(!heads.contains(&bearer.to_ascii_lowercase()) && !heads.contains("hunter2"), "{heads}");
    scene.chmod("m.json", 0o600);
    let again = enforce(&origin, "").exits(0);
    assert!(again.out.contains("already wrapped so: files") && !again.err.contains("others"), "{again:?}");

    // Another start is another bearer, and another port.
    first.stop();
    enforce(&origin, "").fails(1, "use-file");
    scene.write("bearer", &written);
    scene.chmod("bearer", 0o600);
    assert!(enforce(&origin, "").fails(1, "use-file").err.contains("no gateway that runs"));
    let (second, origin) = gateway(&scene, &url);
    let ran = enforce(&origin, "").exits(0);
    assert!(ran.out.contains("wrapped files"), "{ran:?}");
    assert_eq!(calls(&scene, "m.json"), 200);
    let (wrapped, bearer) = (scene.read("m.json"), scene.read("bearer").lines().next().unwrap().to_owned());
    // A copy that is made of what is wrapped does not open the gateway that runs.
    scene.write("m.json", &wrapped.replace("{\n  \"mcpServers\"", "{\n  \"more\": 1,\n  \"mcpServers\""));
    scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    let kept = scene.read("m.json.wane-backup");
    assert!(wrapped.contains(&bearer) && kept.contains("/files/mcp#") && !kept.contains(&bearer), "{kept}");
    assert_eq!(scene.read("m.json"), text.replacen("{\n", "{\n  \"more\": 1,\n", 1));
    scene.write("m.json", &wrapped);
    scene.sh("rm m.json.wane-backup").exits(0);
    second.stop();
    let (third, origin) = gateway(&scene, &url);
    // Nor does one where the first was lost.
    enforce(&origin, "").exits(0);
    let kept = scene.read("m.json.wane-backup");
    assert!(kept.contains("/files/mcp#") && !kept.contains(&bearer), "{kept}");
    scene.write("m.json", &wrapped);
    scene.write("m.json.wane-backup", &text);
    scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    assert_eq!(scene.read("m.json"), text);
    assert!(!scene.path("m.json.wane-backup").exists());
    third.stop();
}

#[test]
fn what_is_no_gateway_of_this_machine_is_refused() {
    let scene = scene();
    let (url, _) = server();
    scene.write("m.json", &format!("{{\"mcpServers\": {{\"files\": {{\"url\": \"{url}\"}}}}}}\n"));
    let (running, origin) = gateway(&scene, &url);
    scene.sh("cp bearer open && chmod 644 open && echo short > short && chmod 600 short").exits(0);
    scene.sh("cp bearer group && chmod 640 group && mkfifo -m 600 pipe && cp bearer old && chmod 600 old").exits(0);
    let port = origin.rsplit_once(':').unwrap().1;
    for (flags, exit, word) in [
        (format!("--path m.json --gateway {origin}"), 2, "use-arguments"),
        ("--path m.json --bearer-file bearer".to_owned(), 2, "use-arguments"),
        (format!("--path m.json --gateway {origin} --bearer-file bearer --stop"), 2, "use-arguments"),
        (format!("--path m.json --gateway {origin}/files/mcp --bearer-file bearer"), 2, "use-arguments"),
        ("--path m.json --gateway http://192.0.2.1:7000 --bearer-file bearer".to_owned(), 2, "use-arguments"),
        (format!("--path m.json --gateway {origin} --bearer-file short"), 2, "use-arguments"),
        (format!("--path m.json --gateway {origin} --bearer-file open"), 1, "use-key-open"),
        (format!("--path m.json --gateway {origin} --bearer-file group"), 1, "use-key-open"),
        (format!("--path m.json --gateway {origin} --bearer-file pipe"), 1, "use-file"),
        (format!("--path m.json --gateway {origin} --bearer-file old"), 1, "use-file"),
        // Only what is written in a file that a gateway holds is believed, and only where that one listens.
        (format!("--path m.json --gateway {origin} --bearer-file env:BEARER"), 1, "use-file"),
        (format!("--path m.json --gateway {origin} --bearer-file -"), 1, "use-file"),
        (format!("--path m.json --gateway http://localhost:{port} --bearer-file bearer"), 2, "use-arguments"),
        (format!("--path m.json --gateway https://127.0.0.1:{port} --bearer-file bearer"), 2, "use-arguments"),
        ("--path m.json --gateway http://127.0.0.1:7001 --bearer-file bearer".to_owned(), 2, "use-arguments"),
        (format!("--path m.json --gateway {origin} --bearer-file none"), 1, "use-file"),
        (format!("--client claude --gateway {origin} --bearer-file bearer"), 2, "use-arguments"),
    ] {
        let before = scene.read("m.json");
        scene
            .sh(&format!("export BEARER=\"$(cat bearer)\"; wane mcp enforce {BOTH} {flags} < bearer"))
            .fails(exit, word);
        assert_eq!(scene.read("m.json"), before);
    }
    // A renamed entry is not passed over, and what it was before is kept.
    scene.sh(&format!("wane mcp enforce {BOTH} --path m.json --gateway {origin} --bearer-file bearer")).exits(0);
    let (original, wrapped) = (scene.read("m.json.wane-backup"), scene.read("m.json"));
    scene.write("m.json", &wrapped.replace("\"files\"", "\"papers\""));
    let ran = scene.sh("wane mcp enforce --path m.json --stop").exits(1);
    assert!(ran.out.contains("cannot unwrap papers") && ran.out.contains("in another way"), "{ran:?}");
    scene.sh(&format!("wane mcp enforce {BOTH} --path m.json --gateway {origin} --bearer-file bearer")).exits(1);
    assert_eq!(scene.read("m.json.wane-backup"), original);
    scene.write("m.json", &wrapped);
    scene.sh("wane mcp enforce --path m.json --stop").exits(0);
    // Without a gateway it is said what is missing, and nothing is enforced.
    let ran = scene.sh(&format!("wane mcp enforce --path m.json {BOTH}")).exits(1);
    assert!(ran.out.contains("`--gateway` names a gateway"), "{ran:?}");
    running.stop();
}
