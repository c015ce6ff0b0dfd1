//! `wane mcp catalogue`: what a server has, beside what its catalogue lists.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use wane::Name;
use wane_gateway::{Draft, draft, list_tools};

use super::exec;
use crate::arguments::Context;
use crate::catalogue;
use crate::emit::OutFlag;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::input::{self, Source, source};
use crate::output::escape;
use crate::typed;

/// Draft a catalogue from the tools of a server, or compare one with them
///
/// Starts the server, asks for its list of tools, and ends it. What is drafted is denied until a person has looked at it: every
/// entry is a comment, and says what is guessed. With --catalogue only what is not listed there is drafted, and what differs is told.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit codes: 0 done, 1 the server cannot be started, does not answer in time or tells no tools, 2 a catalogue that cannot be used,
6 a tool is not the one that was pinned, or is open-world to its server and not to the catalogue.

Examples:
  wane mcp catalogue --server files -o catalogue.toml -- mcp-server-filesystem /repo
  wane mcp catalogue --server files --catalogue catalogue.toml -- mcp-server-filesystem /repo
")]
pub(super) struct Catalogue {
    /// The server's name, in what is drafted or in the catalogue (default: the only one of the catalogue)
    #[arg(long, value_name = "NAME", required_unless_present = "catalogue")]
    server: Option<String>,

    /// The catalogue to compare with, TOML; YAML where its name ends in .yaml or .yml
    #[arg(long, value_name = "FILE", value_parser = source())]
    catalogue: Option<Source>,

    /// How long the server may take for everything
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    patience: String,

    #[command(flatten)]
    out: OutFlag,

    /// The server's command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Serialize)]
struct Answer<'a> {
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

impl Catalogue {
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        context.inputs.claim_all([(self.catalogue.as_ref(), input::CATALOGUE)])?;
        let known = self.catalogue.as_ref().map(|source| catalogue::read(context, source)).transpose()?;
        let name = match (&self.server, &known) {
            (Some(name), _) => name.clone(),
            (None, Some(known)) => catalogue::server_name(known, None)?,
            (None, None) => return Err(Failure::usage("--server: what the server is called")),
        };
        let server: Name = typed::value("--server", &name)?;
        let patience = Duration::from_secs(typed::duration("--patience", &self.patience)?);
        self.out.check()?;
        let tools = list_tools(exec::child(&self.command)?, patience).map_err(|error| {
            let program = self.command.first().map(|program| escape(&program.to_string_lossy())).unwrap_or_default();
            Failure::new(Trouble::File, format!("`{program}`: {error}"))
        })?;
        let draft = draft(&server, &tools, known.as_ref())?;
        self.tell(context, &name, tools.len(), &draft)?;
        Ok(if draft.changed.is_empty() && draft.open.is_empty() { Exit::Done } else { Exit::Broken })
    }

    fn tell(&self, context: &Context, server: &str, tools: usize, draft: &Draft) -> Result<(), Failure> {
        let answer = Answer {
            server,
            tools,
            missing: &draft.missing,
            changed: draft.changed.iter().map(|(tool, why)| Changed { tool, why }).collect(),
            open_world: &draft.open,
        };
        for (tool, why) in &draft.changed {
            context.output.warn(format_args!("`{}` is not the tool that was pinned: {}", escape(tool), escape(why)));
        }
        for tool in &draft.open {
            context.output.warn(format_args!(
                "`{}` is open-world, says its server, and catalogued to stay inside: state a `sink`, or `closed-world = true`",
                escape(tool)
            ));
        }
        context.output.note(format_args!("{tools} tools, {} of them not in the catalogue", draft.missing.len()));
        self.out.emit_public(context, "draft", draft.text.trim_end(), &answer)
    }
}
