//! The examples in the help of every verb are run.

use crate::scene::Scene;

/// Verbs that work on a ledger.
const ON_A_LEDGER: &[&str] =
    &["admit", "approve", "audit", "ledger", "pending", "raise", "renew", "revoke", "session", "sessions"];

/// Where that ledger is, for a line of shell.
const LEDGER: &str = "export WANE_LEDGER=sqlite:wane.db WANE_ROOTS=roots.toml";

/// What the examples find in their folder.
fn prepare(scene: &Scene, verb: &str) {
    if ON_A_LEDGER.contains(&verb) {
        return prepare_ledger(scene);
    }
    scene.write("grant.toml", "aud = ['files', 'mail']\nscope = ['read:*']\nttl = '2h'\n[budget]\n");
    scene.write(
        "catalogue.toml",
        "[server.files]\naudience = 'files'\n[server.files.tool.read_file]\naction = 'read:files'\n\
         rule = [{ when = 'path under /repo', level = 'internal' }]\n",
    );
    scene.write(
        "cases.toml",
        "catalogue = 'catalogue.toml'\n[[case]]\nserver = 'files'\ntool = 'read_file'\nargs = { path = '/etc' }\n\
         expect = 'deny'\ncode = 'deny-unmatched'\n",
    );
    scene.sh("mkdir .cursor").exits(0);
    scene.write("mcp-server-filesystem", SERVER);
    scene.chmod("mcp-server-filesystem", 0o755);
    scene.write("wane.crt", include_str!("../../../crates/wane-gateway/tests/tls/server.crt"));
    scene.write("wane.key", include_str!("../../../crates/wane-gateway/tests/tls/server.key"));
    scene.chmod("wane.key", 0o600);
    for name in [".mcp.json", ".cursor/mcp.json"] {
        scene.write(name, "{\"mcpServers\": {\"files\": {\"command\": \"server-files\"}}}\n");
    }
    for line in [
        "wane keygen root.pem > root.pub",
        "wane keygen old-new.pem > new.pub",
        "wane roots add roots.toml root.pub --name ops-2026",
        "wane mint --key root.pem --aud files --scope 'read:*' --scope 'write:*' --ttl 10m -o session.tok",
        "wane attenuate session.tok --scope 'read:hr:*' --raise internal --ttl 5m -o child.tok",
        "wane seal child.tok -o child.sealed",
        "wane mint --key root.pem --aud files --scope 'read:*' --ledger sqlite:wane.db -o known.tok",
        "wane seal known.tok -o known.sealed",
    ] {
        scene.sh(line).exits(0);
    }
    scene.sh("rm child.tok").exits(0);
}

/// A session that is known to a ledger, and a request that waits for approval. It is the same request each time, so that its
/// digest can stand in the examples.
fn prepare_ledger(scene: &Scene) {
    for line in [
        "wane keygen root.pem > root.pub && wane keygen approver.pem > approver.pub && wane keygen agent.pem > agent.pub",
        "wane roots add roots.toml root.pub && printf '[groups]\\noncall = [\"%s\"]\\n' $(cat approver.pub) >> roots.toml",
        "wane mint --key root.pem --aud files --scope 'read:*' --sub planner -o session.tok",
        "wane mint --key root.pem --aud mail --scope 'send:*' --ask 'send:* by @oncall' -o mail.tok",
        "wane seal session.tok -o child.sealed && wane seal mail.tok -o mail.sealed && cp mail.tok stolen.tok",
        "wane admit mail.sealed --aud mail --action send:mail --level public --tool send || [ $? = 5 ]",
        "wane pending $(wane pending --json | grep -o '\"digest\":\"[0-9a-f]*' | cut -c 11-) -o request.json",
        "wane approve request.json --key approver.pem --yes -o approval.txt",
    ] {
        scene.sh(&format!("{LEDGER}; {line}")).exits(0);
    }
}

/// A server of the older era that has one tool, in shell.
const SERVER: &str = r#"#!/bin/sh
while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    case "$line" in
    *server/discover*) answer='"error":{"code":-32601,"message":"no"}' ;;
    *tools/list*) answer='"result":{"tools":[{"name":"read_file","inputSchema":{}}]}' ;;
    *) answer='"result":{}' ;;
    esac
    [ -z "$id" ] || printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$answer"
done
"#;

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
        prepare(&scene, verb);
        let help = scene.sh(&format!("wane {verb} --help")).exits(0).out;
        assert!(help.lines().count() < 120, "the help of {verb} is a wall of text");
        let examples = examples(&help);
        assert!(!examples.is_empty(), "the help of {verb} has no examples");
        for (line, code) in examples {
            let settings = if ON_A_LEDGER.contains(&verb) { LEDGER } else { "PATH=$PWD:$PATH" };
            // What serves does so until it is asked to stop.
            let line = match verb {
                "serve" => format!("timeout --preserve-status 2 {line}"),
                _ => {
                    line.replace("wane mcp serve", "timeout --preserve-status 1 wane mcp serve").replace(":7000", ":0")
                }
            };
            let ran = scene.sh(&format!("{settings}; {line}"));
            assert_eq!(ran.code, code, "{verb}: {line}\n{ran:?}");
        }
    }
}
