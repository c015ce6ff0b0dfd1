//! `wane demo mcp`: a tool server that does whatever it is asked, an agent that tries, and the gateway between them.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};
use wane_policy::ToolDigest;

use super::folder::Folder;
use super::{Answer, Step, text, tools};
use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};

/// Watch an agent work and cheat through the gateway, before a tool server that does whatever it is asked
///
/// Everything is real: the ledger, the tokens, `wane mcp run` and its server run as processes of their own, in a folder that goes with the
/// demo. At the end the server says what it was asked. The exit code is 0 only if every answer was the expected one.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane demo mcp
  wane demo mcp --json
")]
pub(super) struct DemoMcp {}

/// What the tools need and may reveal. `shell` is not in it.
const CATALOGUE: &str = r#"
[server.workspace]
audience = "workspace"
[server.workspace.tool.read_table]
action = "read:hr:{table}"
level = "confidential"
[server.workspace.tool.read_file]
action = "read:files"
rule = [{ when = "path under /data", level = "public" }]
[server.workspace.tool.post]
action = "send:channel"
level = "public"
[server.workspace.tool.delete_row]
action = "delete:hr:{table}"
level = "public"
[server.workspace.tool.lookup]
action = "read:words"
level = "public"
"#;

const FIRST: &str = "An agent that may read, send and delete, before a server that does whatever it is asked";
const LEAK: &str = "It has read a confidential table";
const CHANGED: &str = "The server changes a tool after somebody has looked at it";
const CHILD: &str = "It hands a narrower token to a child, which has a gateway of its own";
const SERVER: &str = "What reached the server";

impl DemoMcp {
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let started = Instant::now();
        let folder = Folder::new()?;
        let mut play = Play { folder: folder.path(), steps: Vec::new() };
        play.prepare()?;
        play.work()?;
        play.cheat()?;
        let held = play.steps.iter().filter(|step| step.held).count();
        let server = "a process behind each gateway, which knows no token".to_owned();
        let milliseconds = started.elapsed().as_millis();
        let answer = Answer { held, of: play.steps.len(), milliseconds, server, steps: play.steps };
        context
            .output
            .answer(&answer, || text("agent: process", "which makes the tokens and talks to the gateway", &answer))?;
        Ok(if answer.held == answer.of { Exit::Done } else { Exit::CouldNotRun })
    }
}

struct Play<'a> {
    folder: &'a Path,
    steps: Vec<Step>,
}

impl Play<'_> {
    /// A root, a ledger, a session, a narrower token, and a catalogue that pins one tool.
    fn prepare(&self) -> Result<(), Failure> {
        let tool = tools::tool("lookup").to_string();
        let pin = format!("digest = \"{}\"\n", ToolDigest::of_json(tool.as_bytes())?);
        fs::write(self.folder.join("catalogue.toml"), format!("{CATALOGUE}{pin}")).map_err(failed)?;
        self.wane(&["keygen", "root.pem"])?;
        let scopes = ["--scope", "read:*", "--scope", "send:*", "--scope", "delete:*"];
        let session =
            ["mint", "--key", "root.pem", "--aud", "workspace", "--ledger", "sqlite:l.db", "-o", "session.tok"];
        self.wane(&[&session[..], &scopes[..]].concat())?;
        self.wane(&["attenuate", "session.tok", "--scope", "read:files", "--ttl", "5m", "-o", "child.tok"])
    }

    fn work(&mut self) -> Result<(), Failure> {
        let mut agent = self.gateway("session.tok", &[])?;
        self.expect(FIRST, "lists the tools, and is shown those that it may call", "5 of 6", agent.list()?);
        self.expect(
            FIRST,
            "posts to the public channel: nothing was read yet",
            "allow",
            agent.call("post", json!({}))?,
        );
        self.expect(FIRST, "reads /data/menu", "allow", agent.call("read_file", json!({ "path": "/data/menu" }))?);
        let up = json!({ "path": "/data/../etc/passwd" });
        self.expect(FIRST, "reads /data/../etc/passwd", "deny-path", agent.call("read_file", up)?);
        self.expect(
            FIRST,
            "runs a shell, which nobody has catalogued",
            "deny-unlisted",
            agent.call("shell", json!({}))?,
        );
        let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"shell"}}]"#;
        self.expect(FIRST, "hides the call in a batch", "dropped", agent.is_answered(batch)?);
        let twice = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lookup","name":"shell"}}"#;
        self.expect(FIRST, "names two tools in one call", "dropped", agent.is_answered(twice)?);
        let salaries = json!({ "table": "salaries" });
        self.expect(LEAK, "reads the table of salaries", "allow", agent.call("read_table", salaries.clone())?);
        self.expect(LEAK, "posts to the public channel", "deny-ratchet", agent.call("post", json!({}))?);
        self.expect(LEAK, "deletes a row", "deny-ratchet", agent.call("delete_row", salaries)?);
        self.expect(LEAK, "lists the tools again", "3 of 6", agent.list()?);
        agent.close()
    }

    fn cheat(&mut self) -> Result<(), Failure> {
        let mut again = self.gateway("session.tok", &["--changed"])?;
        self.expect(LEAK, "starts another gateway, and posts", "deny-ratchet", again.call("post", json!({}))?);
        self.expect(CHANGED, "looks a word up", "deny-pin", again.call("lookup", json!({}))?);
        self.expect(CHANGED, "lists the tools: it is not shown any more", "2 of 6", again.list()?);
        again.close()?;
        let mut child = self.gateway("child.tok", &[])?;
        self.expect(
            CHILD,
            "the child reads /data/menu",
            "allow",
            child.call("read_file", json!({ "path": "/data/menu" }))?,
        );
        let salaries = json!({ "table": "salaries" });
        self.expect(CHILD, "the child reads the table of salaries", "deny-scope", child.call("read_table", salaries)?);
        child.close()?;
        let asked = fs::read_to_string(self.folder.join("asked")).map_err(failed)?;
        let asked: Vec<&str> = asked.lines().collect();
        let what = "four calls, which are those that were allowed";
        let got = if asked == ["post", "read_file", "read_table", "read_file"] {
            "allow".to_owned()
        } else {
            asked.join(" ")
        };
        self.expect(SERVER, what, "allow", got);
        Ok(())
    }

    fn expect(&mut self, part: &'static str, what: &'static str, expected: &'static str, got: String) {
        let held = got == expected;
        self.steps.push(Step { part, what, expected, got, held });
    }

    /// This program, in the folder of the demo, knowing nothing of anybody's settings.
    fn command(&self) -> Result<Command, Failure> {
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"WANE_") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder).env("XDG_STATE_HOME", self.folder).env("XDG_CONFIG_HOME", self.folder);
        Ok(command)
    }

    fn wane(&self, words: &[&str]) -> Result<(), Failure> {
        let ran = self.command()?.args(words).stdin(Stdio::null()).output().map_err(failed)?;
        if ran.status.success() {
            // The public half of the key is what the gateway trusts.
            return match words {
                ["keygen", ..] => fs::write(self.folder.join("root.pub"), ran.stdout).map_err(failed),
                _ => Ok(()),
            };
        }
        Err(Failure::new(Trouble::File, String::from_utf8_lossy(&ran.stderr).trim().to_owned()))
    }

    fn gateway(&self, token: &str, server: &[&str]) -> Result<Agent, Failure> {
        let here = std::env::current_exe().map_err(failed)?;
        let mut command = self.command()?;
        command.args(["mcp", "run", "--catalogue", "catalogue.toml", "--token", token, "--root", "root.pub"]);
        command.args(["--ledger", "sqlite:l.db", "--"]).arg(here).args(["demo-tools", "--asked", "asked"]).args(server);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(failed)?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => {
                Ok(Agent { child, input: Some(input), output: BufReader::new(output), number: 0 })
            }
            _ => Err(failed(io::ErrorKind::BrokenPipe.into())),
        }
    }
}

/// A client, and the gateway that it takes for its server.
struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    number: u64,
}

impl Agent {
    fn ask(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        self.number = self.number.saturating_add(1);
        let number = self.number;
        self.say(&json!({ "jsonrpc": "2.0", "id": number, "method": method, "params": params }).to_string())?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(failed)?;
        let answer: Value = serde_json::from_str(&line).map_err(|_| failed(io::ErrorKind::UnexpectedEof.into()))?;
        match answer.get("id").and_then(Value::as_u64) == Some(number) {
            true => Ok(answer),
            false => Err(failed(io::ErrorKind::InvalidData.into())),
        }
    }

    fn say(&mut self, line: &str) -> Result<(), Failure> {
        let gone = || failed(io::ErrorKind::BrokenPipe.into());
        let input = self.input.as_mut().ok_or_else(gone)?;
        writeln!(input, "{line}").and_then(|()| input.flush()).map_err(failed)
    }

    /// What a call is answered with: `allow`, or the code.
    fn call(&mut self, tool: &str, arguments: Value) -> Result<String, Failure> {
        let answer = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }))?;
        let denied = answer.pointer("/result/_meta/dev.wane~1denied/code").and_then(Value::as_str);
        let is_error = answer.pointer("/result/isError") == Some(&Value::Bool(true)) || answer.get("error").is_some();
        Ok(match (denied, is_error) {
            (Some(code), _) => code.to_owned(),
            (None, true) => answer.to_string(),
            (None, false) => "allow".to_owned(),
        })
    }

    /// How many of the server's tools are shown.
    fn list(&mut self) -> Result<String, Failure> {
        let answer = self.ask("tools/list", json!({}))?;
        let shown = answer.pointer("/result/tools").and_then(Value::as_array).map_or(0, Vec::len);
        Ok(format!("{shown} of 6"))
    }

    /// Whether this line is answered before the next one.
    fn is_answered(&mut self, line: &str) -> Result<String, Failure> {
        self.say(line)?;
        // An answer to another message would be refused here.
        self.ask("ping", json!({})).map(|_| "dropped".to_owned())
    }

    fn close(mut self) -> Result<(), Failure> {
        drop(self.input.take());
        let status = self.child.wait().map_err(failed)?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::new(Trouble::File, format!("the gateway has ended: {status}"))),
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It ends when its input does.
        drop(self.input.take());
        let _: io::Result<_> = self.child.wait();
    }
}

fn failed(error: io::Error) -> Failure {
    Failure::file("talk to", "a process of the demo", &error)
}
