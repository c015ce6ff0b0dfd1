//! `wane raise`: a mark, raised by hand.

use clap::Args;
use serde::Serialize;
use wane::{Level, Mark, Name};

use crate::arguments::Context;
use crate::block::{self, Named, Part};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ledger::LedgerFlag;
use crate::{known, terminal, time, typed};

/// Raise the mark of a session by hand: what it has seen outside of what the ledger admits
///
/// A mark never falls, so this cannot be undone. Of a token, the session is raised that it belongs to, and so every
/// other token of that session; of an id, the block itself and all below it. A token that the ledger does not know may be
/// altered: on a terminal it is asked about, elsewhere it takes --yes.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane raise session.tok --level confidential --reason 'was shown the payroll'
  wane raise mail.tok --level public --label untrusted --ledger sqlite:wane.db --json
")]
pub(crate) struct Raise {
    /// The start of an id, at least eight digits, or a token
    #[arg(value_name = "ID|TOKEN")]
    id: String,

    /// The level: public, internal, confidential, restricted or top-secret
    #[arg(long, value_name = "LEVEL")]
    level: String,

    /// A label; may be repeated
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,

    /// Why, for the log
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,

    /// Raise what a token names that the ledger does not know, without asking
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    ledger: LedgerFlag,
}

#[derive(Serialize)]
struct Answer {
    id: String,
    level: &'static str,
    labels: Vec<String>,
    lost: Vec<&'static str>,
}

impl Raise {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        typed::reason(&self.reason)?;
        let level: Level = typed::value("--level", &self.level)?;
        let labels = typed::values::<Name>("--label", &self.label)?;
        let mark = labels.into_iter().fold(Mark::at(level), Mark::with);
        let mut ledger = self.ledger.open(context)?.ledger;
        let named = block::named(context, &mut ledger, &self.id, Part::Session)?;
        self.check(context, &named)?;
        let id = named.id;
        ledger.raise(id, &mark, &self.reason, time::now()?)?;
        let mark = ledger.session(id)?.map(|entry| entry.mark).unwrap_or(mark);
        let answer = Answer {
            id: id.to_string(),
            level: mark.level().as_str(),
            labels: mark.labels().map(ToString::to_string).collect(),
            lost: known::lost(&mark),
        };
        context.output.answer(&answer, || {
            let lost =
                if answer.lost.is_empty() { String::new() } else { format!("\nlost: {}", answer.lost.join(", ")) };
            format!("{id}\nlevel so far: {mark}{lost}")
        })?;
        Ok(Exit::Done)
    }

    /// A token that the ledger does not know may be altered, and then names whatever session it likes.
    fn check(&self, context: &Context, named: &Named) -> Result<(), Failure> {
        if named.known {
            return Ok(());
        }
        let id = named.id;
        if named.by_id {
            context.output.warn(format_args!("the ledger does not know the block {id}"));
            return Ok(());
        }
        context.output.warn(format_args!("the ledger does not know this token, so nothing shows that it is of {id}"));
        if self.yes {
            return Ok(());
        }
        terminal::agree(
            &format!("Raise {id}? It cannot be undone."),
            "`wane verify` shows whether a sealed copy is genuine, `--yes` raises without asking",
        )
    }
}
