//! `wane audit`: the log.

mod explain;
mod export;
mod prove;
mod prune;
mod publish;
mod query;
mod replay;
mod verify;

use clap::{Args, Subcommand};

pub(crate) use publish::{Publisher, publisher};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Verify the audit log, search it, explain and replay its decisions, export, prove and prune
///
/// Every admission is recorded in the transaction that admits it; every record becomes a leaf of an append-only tree
/// whose heads, checkpoints, are signed. What is proved is proved up to a checkpoint, and never further.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit code 6: the log is not what was signed, or a decision does not follow from its record.

Examples:
  wane audit verify
  wane audit query --decision deny --agent planner
  wane audit export log
  wane audit replay --from log
")]
pub(crate) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Verify(verify::Verify),
    Query(query::Query),
    Explain(explain::Explain),
    Replay(replay::Replay),
    Export(export::Export),
    Prove(prove::Prove),
    Prune(prune::Prune),
}

impl Audit {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.what {
            What::Verify(verb) => verb.run(context),
            What::Query(verb) => verb.run(context),
            What::Explain(verb) => verb.run(context),
            What::Replay(verb) => verb.run(context),
            What::Export(verb) => verb.run(context),
            What::Prove(verb) => verb.run(context),
            What::Prune(verb) => verb.run(context),
        }
    }
}
