//! `wane mcp catalogue`: what servers have, beside what their catalogue lists.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use wane::Name;
use wane_gateway::wiring::{self, Start};
use wane_gateway::{DRAFT_HEADING, Draft, draft, list_tools};

use super::heard::{self, Kept};
use super::{enforce, exec};
use crate::arguments::Context;
use crate::catalogue;
use crate::clients::{self, Client};
use crate::emit::OutFlag;
use crate::exit::Exit;
use crate::failure::{self, Failure, Trouble};
use crate::input::{self, Source, source};
use crate::output::{Output, escape};
use crate::typed;

/// Draft a catalogue from the tools of servers, or compare one with them
///
/// Starts each server, asks for its list of tools, and ends it. What is drafted is denied until a person has looked at it: every
/// entry is a comment, and says what is guessed. With --catalogue only what is not listed there is drafted, and what differs is told.
#[derive(Args, Debug)]
#[command(after_help = "\
A server is named by its command, or by its name in the configuration of a client, which says its command; without a name, all that
are listed there.

Exit codes: 0 done, 1 a server cannot be started, does not answer in time or tells no tools, 2 a catalogue that cannot be used,
6 a tool is not the one that was pinned, or is open-world to its server and not to the catalogue.

Examples:
  wane mcp catalogue --server files -o catalogue.toml -- mcp-server-filesystem /repo
  wane mcp catalogue --server files --catalogue catalogue.toml -- mcp-server-filesystem /repo
  wane mcp catalogue files git --client cursor -o catalogue.toml
")]
pub(super) struct Catalogue {
    /// The names of servers in a client's configuration (default: all of them)
    #[arg(value_name = "SERVER", conflicts_with_all = ["server", "command"])]
    servers: Vec<String>,

    /// The client whose configuration says how they are started
    #[arg(long, value_name = "CLIENT", conflicts_with_all = ["path", "server", "command"])]
    client: Option<Client>,

    /// A client's file instead: TOML where its name ends in .toml, else JSON, with remarks or without
    #[arg(long, value_name = "FILE", conflicts_with_all = ["server", "command"])]
    path: Option<PathBuf>,

    /// The server's name, in what is drafted or in the catalogue (default: the only one of the catalogue)
    #[arg(long, value_name = "NAME")]
    server: Option<String>,

    /// The catalogue to compare with, TOML; YAML where its name ends in .yaml or .yml
    #[arg(long, value_name = "FILE", value_parser = source())]
    catalogue: Option<Source>,

    /// How long a server may take for everything
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    patience: String,

    #[command(flatten)]
    out: OutFlag,

    /// The server's command
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Serialize)]
struct Answer<'a> {
    servers: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    server: &'a str,
    tools: usize,
    missing: &'a [String],
    changed: Vec<Changed<'a>>,
    open_world: &'a [String],
}

#[derive(Serialize)]
struct Changed<'a> {
    tool: &'a str,
    why: &'a str,
}

/// A server's name, and how it is started, if that is known.
type Startable = (String, Result<Start, Failure>);

/// What a server was asked for.
struct Asked {
    server: String,
    tools: usize,
    draft: Draft,
}

impl Catalogue {
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        context.inputs.claim_all([(self.catalogue.as_ref(), input::CATALOGUE)])?;
        let known = self.catalogue.as_ref().map(|source| catalogue::read(context, source)).transpose()?;
        let patience = Duration::from_secs(typed::duration("--patience", &self.patience)?);
        self.out.check()?;
        let (mut asked, mut failed) = (Vec::new(), None);
        for (name, start) in self.starts(known.as_ref())? {
            let server: Name = typed::value("--server", &name)?;
            let tools = start.and_then(|start| ask(&start, patience, context.output));
            match tools.and_then(|tools| Ok((tools.len(), draft(&server, &tools, known.as_ref())?))) {
                Ok((tools, draft)) => asked.push(Asked { server: name, tools, draft }),
                // What the others say is not lost.
                Err(failure) => {
                    if let Some(before) = failed.replace(failure.within(format!("the server {name}"))) {
                        context.output.complain(&before);
                    }
                }
            }
        }
        if let Some(failure) = failed {
            if asked.is_empty() {
                return Err(failure);
            }
            context.output.complain(&failure);
            self.tell(context, &asked)?;
            return Ok(Exit::CouldNotRun);
        }
        self.tell(context, &asked)?;
        let as_pinned = |asked: &Asked| asked.draft.changed.is_empty() && asked.draft.open.is_empty();
        Ok(if asked.iter().all(as_pinned) { Exit::Done } else { Exit::Broken })
    }

    /// The servers to ask, and how each is started.
    fn starts(&self, known: Option<&wane_policy::Catalogue>) -> Result<Vec<Startable>, Failure> {
        if self.client.is_some() || self.path.is_some() {
            return self.listed();
        }
        if let [_, ..] = self.servers.as_slice() {
            return Err(Failure::usage("nothing says how these servers are started")
                .hint("`--client CLIENT` or `--path FILE` names the configuration that lists them"));
        }
        let name = match (&self.server, known) {
            (Some(name), _) => name.clone(),
            (None, Some(known)) => catalogue::server_name(known, None)?,
            (None, None) => return Err(Failure::usage("--server: what the server is called")),
        };
        let text = |word: &OsString| {
            word.to_str().map(str::to_owned).ok_or_else(|| Failure::usage("the server's command is no text in utf-8"))
        };
        let command = self.command.iter().map(text).collect::<Result<Vec<_>, _>>()?;
        if command.is_empty() {
            return Err(Failure::usage("no server is named").hint("its command stands behind `--`"));
        }
        Ok(vec![(name, Ok(Start { command, env: Vec::new() }))])
    }

    /// Those of a client's configuration.
    fn listed(&self) -> Result<Vec<Startable>, Failure> {
        let (targets, looked) = clients::targets(self.path.as_deref(), self.client)?;
        if targets.is_empty() {
            return Err(clients::none(&looked));
        }
        let program = enforce::program()?;
        let mut found: Vec<Startable> = Vec::new();
        for target in &targets {
            let named = failure::name(&target.named);
            let listed = wiring::listed(&enforce::text_of(target)?, target.layout, &program)
                .map_err(|fault| Failure::new(Trouble::File, format!("{named}: {fault}")))?;
            for server in listed {
                let wanted = self.servers.is_empty() || self.servers.contains(&server.name);
                // Of two that are called alike a client takes the first or the last; nobody knows which is meant.
                if found.iter().any(|(name, _)| *name == server.name) {
                    let twice = format!("`{}` is listed twice", escape(&server.name));
                    return Err(Failure::new(Trouble::File, twice).hint("`--path FILE` names one file"));
                }
                if wanted {
                    let start = server.start.map_err(|why| Failure::new(Trouble::File, escape(&why.to_string())));
                    found.push((server.name, start));
                }
            }
        }
        for name in &self.servers {
            if found.iter().all(|(found, _)| found != name) {
                return Err(Failure::usage(format!("no server is called `{}`", escape(name))));
            }
        }
        if found.is_empty() {
            return Err(Failure::new(Trouble::File, "no server is listed there"));
        }
        Ok(found)
    }

    fn tell(&self, context: &Context, asked: &[Asked]) -> Result<(), Failure> {
        let mut text = if self.catalogue.is_none() { DRAFT_HEADING.to_owned() } else { String::new() };
        for Asked { server, tools, draft } in asked {
            for (tool, why) in &draft.changed {
                let tool = escape(tool);
                context.output.warn(format_args!("`{tool}` is not the tool that was pinned: {}", escape(why)));
            }
            for tool in &draft.open {
                context.output.warn(format_args!(
                    "`{}` is open-world, says its server, and catalogued to stay inside: state a `sink`, or `closed-world = true`",
                    escape(tool)
                ));
            }
            let missing = draft.missing.len();
            context.output.note(format_args!("{server}: {tools} tools, {missing} of them not in the catalogue"));
            if !text.is_empty() && !draft.text.is_empty() {
                text.push('\n');
            }
            text.push_str(&draft.text);
        }
        let servers = asked.iter().map(|Asked { server, tools, draft }| Told {
            server,
            tools: *tools,
            missing: &draft.missing,
            changed: draft.changed.iter().map(|(tool, why)| Changed { tool, why }).collect(),
            open_world: &draft.open,
        });
        self.out.emit_public(context, "draft", text.trim_end(), &Answer { servers: servers.collect() })
    }
}

/// The tools of a server.
fn ask(start: &Start, patience: Duration, output: Output) -> Result<Vec<String>, Failure> {
    let command: Vec<OsString> = start.command.iter().map(OsString::from).collect();
    let mut child = exec::child(&command)?;
    child.envs(start.env.iter().map(|(name, value)| (name, value)));
    let heard = heard::hear(&mut child, output, Kept::FromTerminals)?;
    let listed = list_tools(child, patience);
    heard.finish();
    listed.map_err(|error| {
        let program = start.command.first().map(|program| escape(program)).unwrap_or_default();
        Failure::new(Trouble::File, format!("`{program}`: {error}"))
    })
}
