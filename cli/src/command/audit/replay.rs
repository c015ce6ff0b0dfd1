//! `wane audit replay`.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use wane_audit::{Replayed, replay};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::log::LogFlag;
use crate::{input, trust, typed};

/// Make every recorded decision again, from the blocks that are kept and from what the record says
///
/// The signatures of the blocks, their narrowing, the state that the ledger had and every check are gone through again by
/// the same code. What the log keeps to itself, the outcomes of conditions on arguments and facts, is taken as given,
/// and how often is said.
#[derive(Args, Debug)]
#[command(after_help = "\
The roots must be those that were in force; a decision made under others cannot be made again. Exit code 6: a decision
comes out otherwise than its record says.

Examples:
  wane audit replay --root roots.toml
  wane audit replay --from log --root roots.toml --json
")]
pub(super) struct Replay {
    /// The trusted roots that were in force: a `wane1.key`, a file that holds a public key, or a roots.toml
    #[arg(long, value_name = "ROOT")]
    root: Option<String>,

    #[command(flatten)]
    log: LogFlag,
}

/// Decisions that came out otherwise, of which so many are listed.
const LISTED: usize = 100;

/// How many records are replayed between two lines about progress.
const STRIDE: u64 = 10_000;

#[derive(Default, Serialize)]
struct Answer {
    decisions: u64,
    same: u64,
    different: u64,
    undecidable: BTreeMap<&'static str, u64>,
    given: u64,
    differences: Vec<Difference>,
}

#[derive(Serialize)]
struct Difference {
    number: u64,
    record: String,
    recorded: String,
    again: String,
}

impl Replay {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        typed::claim(&context.inputs, "--root", self.root.as_deref(), input::ROOTS)?;
        let roots = trust::roots(context, self.root.as_deref())?;
        let mut log = self.log.open(context)?;
        let mut answer = Answer::default();
        log.decisions(|number, record, decided, envelopes| {
            answer.decisions = answer.decisions.saturating_add(1);
            if answer.decisions.is_multiple_of(STRIDE) {
                context.output.progress(format_args!("{} decisions replayed", answer.decisions));
            }
            let again = replay(decided, record.at, |block| envelopes.of(block), &roots);
            answer.count(number, record.id.to_string(), decided, again);
            Ok(())
        })?;
        context.output.answer(&answer, || answer.text())?;
        Ok(if answer.different == 0 { Exit::Done } else { Exit::Broken })
    }
}

impl Answer {
    fn count(
        &mut self,
        number: u64,
        record: String,
        decided: &wane_audit::Decided,
        again: Result<Replayed, wane::Refusal>,
    ) {
        let (recorded, again) = match again {
            Ok(Replayed::Same { given }) => {
                self.same = self.same.saturating_add(1);
                self.given = self.given.saturating_add(u64::try_from(given).unwrap_or(u64::MAX));
                return;
            }
            Ok(Replayed::Undecidable(why)) => {
                let count = self.undecidable.entry(why.as_str()).or_default();
                *count = count.saturating_add(1);
                return;
            }
            Ok(Replayed::Different { recorded, again }) => (recorded, again),
            // Kept blocks that do not make the chain that the record names.
            Err(refusal) => (decided.decision.as_str().to_owned(), format!("{}: {refusal}", refusal.code())),
        };
        self.different = self.different.saturating_add(1);
        if self.differences.len() < LISTED {
            self.differences.push(Difference { number, record, recorded, again });
        }
    }

    fn text(&self) -> String {
        let mut lines = vec![format!("{} of {} decisions come out as recorded", self.same, self.decisions)];
        if self.given > 0 {
            lines.push(format!("  {} outcomes of conditions are taken as recorded", self.given));
        }
        lines.extend(self.undecidable.iter().map(|(why, count)| format!("  {count} cannot be made again: {why}")));
        for Difference { number, record, recorded, again } in &self.differences {
            lines.push(format!("  record {number} {record}: recorded `{recorded}`, comes out as `{again}`"));
        }
        let more = self.different.saturating_sub(u64::try_from(self.differences.len()).unwrap_or(u64::MAX));
        if more > 0 {
            lines.push(format!("  and {more} more"));
        }
        lines.join("\n")
    }
}
