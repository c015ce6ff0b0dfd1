//! `wane mcp`: a gateway in front of MCP servers.

mod approving;
mod bearer_file;
mod catalogue;
mod enforce;
mod exec;
mod heard;
mod run;
mod serve;
mod standing;

use clap::{Args, Subcommand};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Put a gateway in front of an MCP server
///
/// The gateway asks for every call whether the agent's token allows it. `enforce` writes it into the configuration of a client.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane mcp catalogue --server files -o draft.toml -- mcp-server-filesystem /repo
  wane mcp run --catalogue catalogue.toml --token session.tok --root root.pub --ledger sqlite:wane.db -- mcp-server-filesystem /repo
  wane mcp serve --client-tokens --catalogue catalogue.toml --root root.pub --ledger sqlite:wane.db --upstream http://127.0.0.1:3001/mcp --listen 127.0.0.1:7000
  wane mcp enforce --client cursor --catalogue catalogue.toml --token session.tok --root root.pub --ledger sqlite:wane.db --dry-run
  wane mcp enforce --path .mcp.json --catalogue catalogue.toml --token session.tok --root root.pub --ledger sqlite:wane.db
  wane mcp enforce --client cursor --stop
")]
pub(crate) struct Mcp {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Run(Box<run::Run>),
    Serve(Box<serve::Serve>),
    Enforce(Box<enforce::Enforce>),
    Catalogue(catalogue::Catalogue),
    #[command(hide = true)]
    Exec(exec::Exec),
}

impl Mcp {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.what {
            What::Run(verb) => verb.run(context),
            What::Serve(verb) => verb.run(context),
            What::Enforce(verb) => verb.run(context),
            What::Catalogue(verb) => verb.run(context),
            What::Exec(verb) => verb.run(),
        }
    }
}
