//! `wane audit prune`.

use clap::Args;
use serde::Serialize;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{Source, source};
use crate::ledger::LedgerFlag;
use crate::log::{self, HEAD, KeyFlag};
use crate::{terminal, time};

/// Drop the text of the records that a checkpoint covers; their hashes stay, and all proofs with them
///
/// Export them first: what they said is gone for ever. A record of its own says that they were dropped.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane audit prune --before head.txt --yes
  wane audit prune --before head.txt --ledger sqlite:wane.db --yes --json
")]
pub(super) struct Prune {
    /// A checkpoint of this log: what it covers is dropped
    #[arg(long, value_name = "CHECKPOINT", value_parser = source())]
    before: Source,

    /// Ask nothing
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    key: KeyFlag,

    #[command(flatten)]
    ledger: LedgerFlag,
}

#[derive(Serialize)]
struct Answer {
    before: u64,
    pruned: u64,
}

impl Prune {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        context.inputs.claim(&self.before, HEAD)?;
        self.key.claim(context)?;
        let signed = log::read_checkpoint(context, &self.before, HEAD)?;
        let mut opened = self.ledger.open(context)?;
        let key = self.key.public(context, Some(&opened.home))?;
        let head = signed.verify(&key, opened.ledger.origin())?;
        if !self.yes {
            let question = format!("Drop the text of the first {} records for ever?", head.size);
            terminal::agree(&question, "`--yes` drops them without asking")?;
        }
        let answer = Answer { before: head.size, pruned: opened.ledger.prune(head, time::now()?)? };
        context.output.answer(&answer, || format!("{} records have left their hashes", answer.pruned))?;
        Ok(Exit::Done)
    }
}
