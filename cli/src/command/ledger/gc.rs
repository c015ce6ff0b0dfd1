//! `wane ledger gc`.

use clap::Args;
use serde::Serialize;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ledger::LedgerFlag;
use crate::time;

/// Collect what has ended: forget sessions and uses that are dead by their own time
///
/// What ended more than an hour ago goes, and stays dead whatever any clock says later. The log is not touched;
/// `wane audit prune` shortens it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane ledger gc
  wane ledger gc --ledger sqlite:wane.db --json
")]
pub(super) struct Gc {
    #[command(flatten)]
    ledger: LedgerFlag,
}

#[derive(Serialize)]
struct Answer {
    up_to: u64,
    rows: u64,
}

impl Gc {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let collected = self.ledger.open(context)?.ledger.collect(time::now()?)?;
        let answer = Answer { up_to: collected.up_to, rows: collected.rows };
        context.output.answer(&answer, || {
            format!("{} rows of what ended up to {} are forgotten", answer.rows, time::show(answer.up_to))
        })?;
        Ok(Exit::Done)
    }
}
