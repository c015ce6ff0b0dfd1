//! `wane ledger accept-restore`.

use clap::Args;
use serde::Serialize;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ledger::LedgerFlag;
use crate::{terminal, time};

/// Accept a restored copy of the ledger: a new epoch begins, and every session of the old one is dead
///
/// A copy does not know what was revoked, raised, spent and used since it was made. Accepting it ends every session
/// issued up to half a minute from now, registered or not, and whatever continues one.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane ledger accept-restore --yes
  wane ledger accept-restore --ledger sqlite:wane.db --yes --json
")]
pub(super) struct AcceptRestore {
    /// Ask nothing
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    ledger: LedgerFlag,
}

#[derive(Serialize)]
struct Answer {
    id: String,
    epoch: u64,
    since: u64,
    known_size: u64,
    size: u64,
}

impl AcceptRestore {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let mut opened = self.ledger.open_as_it_is(context)?;
        let head = opened.home.head();
        let restored = opened.ledger.restored(&head)?;
        context.output.say(format_args!(
            "the log of ledger {} has {} records, the newest head known here has {}",
            opened.ledger.id(),
            restored.size,
            restored.known_size
        ));
        if restored.size >= restored.known_size {
            context.output.warn("nothing known here shows that it is a copy: every session dies all the same");
        }
        if !self.yes {
            let question = "Accept it as it is? Every session of the old epoch dies; this cannot be undone.";
            terminal::agree(question, "`--yes` accepts without asking")?;
        }
        let status = opened.ledger.accept_restore(restored, time::now()?)?;
        let answer = Answer {
            id: status.id.to_string(),
            epoch: status.epoch,
            since: status.since,
            known_size: restored.known_size,
            size: restored.size,
        };
        context.output.answer(&answer, || {
            format!("epoch {}: sessions issued after {} are accepted", answer.epoch, time::show(answer.since))
        })?;
        Ok(Exit::Done)
    }
}
