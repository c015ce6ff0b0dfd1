//! `wane ledger accept-restore`.

use clap::Args;
use serde::Serialize;
use wane_ledger::{LogHead, Restored};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::ledger::{self, LedgerFlag, Opened};
use crate::{terminal, time};

/// Accept a restored copy of the ledger: a new epoch begins, and every session of the old one is dead
///
/// A copy does not know what was revoked, raised, spent and used since it was made. Accepting it ends every session
/// issued up to half a minute from now, registered or not, and whatever continues one. A file of the newest head that
/// cannot be read is replaced.
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
        let restored = found(context, &mut opened)?;
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

/// How long the log is, and was known to be.
fn found(context: &Context, opened: &mut Opened) -> Result<Restored, Failure> {
    let (output, head, id) = (context.output, opened.home.head(), opened.ledger.id());
    match opened.ledger.restored(&head) {
        Ok(restored) => {
            let Restored { size, known_size, .. } = restored;
            output.say(format_args!(
                "the log of ledger {id} has {size} records, the newest head known here has {known_size}"
            ));
            Ok(restored)
        }
        // Nothing is known here then, and accepting the ledger puts its head in that place.
        Err(refusal) if ledger::is_of_head(&refusal) => {
            let LogHead { size, root, .. } = opened.ledger.log_head()?;
            output.say(format_args!("the log of ledger {id} has {size} records"));
            output.warn(format_args!("{} is no head of a log, and is replaced", failure::name(&head)));
            let known_epoch = opened.ledger.status()?.epoch;
            Ok(Restored { known_epoch, known_size: size, size, root })
        }
        Err(refusal) => Err(refusal.into()),
    }
}
