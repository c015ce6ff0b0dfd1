//! `wane audit verify`.

use clap::Args;
use serde::Serialize;
use wane::{Code, Refusal};
use wane_audit::{Report, Verifier};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{Source, source};
use crate::log::{self, HEAD, KeyFlag, LogFlag};

/// Verify the log: what is proved, up to where, and by which checkpoint
///
/// Hashes every record and compares with every checkpoint that lies with the log, and with those you kept elsewhere:
/// only these show that the log was not made anew as a whole by whoever holds its key. What follows the last
/// checkpoint is unproven, and that is said; an export has nothing behind its own.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit code 6: a record is missing, altered, doubled or in another place; the log ends before a checkpoint; it has two
histories; or a checkpoint is not signed by the key.

Examples:
  wane audit verify
  wane audit verify --checkpoint head.txt --ledger sqlite:wane.db
  wane audit verify --from log --audit-key audit.pub --json
")]
pub(super) struct Verify {
    /// A checkpoint that was kept elsewhere; may be repeated
    #[arg(long, value_name = "FILE", value_parser = source())]
    checkpoint: Vec<Source>,

    #[command(flatten)]
    key: KeyFlag,

    #[command(flatten)]
    log: LogFlag,
}

#[derive(Serialize)]
struct Answer {
    origin: String,
    records: u64,
    pruned: u64,
    checkpoints: usize,
    root: String,
    proved_up_to: u64,
    unproven: u64,
    waiting: bool,
}

/// How many records are verified between two lines about progress.
const STRIDE: u64 = 100_000;

impl Verify {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let piped = self.checkpoint.iter().filter(|source| **source == Source::Stdin);
        piped.zip([HEAD, "another one"]).try_for_each(|(source, what)| context.inputs.claim(source, what))?;
        self.key.claim(context)?;
        let read = |source| log::read_checkpoint(context, source, HEAD);
        let elsewhere = self.checkpoint.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut log = self.log.open(context)?;
        let key = self.key.public(context, log.home())?;
        let (origin, own) = (log.origin()?, log.checkpoints()?);
        let broken = |refusal| Failure::from(refusal).broken();
        let exact = own.last().filter(|_| log.is_export()).map(|head| head.claimed().size);
        let mut verifier = Verifier::new(&key, &origin, own, elsewhere).map_err(broken)?;
        log.each(|entry| {
            verifier.push(entry.number, entry.record.as_deref(), entry.leaf).map_err(broken)?;
            if verifier.size().is_multiple_of(STRIDE) {
                context.output.progress(format_args!("{} records verified", verifier.size()));
            }
            Ok(true)
        })?;
        let report = verifier.finish().map_err(broken)?;
        // spec: A29
        if let Some(size) = exact.filter(|size| *size != report.records) {
            let found = format!("the export has {} records, its checkpoint {size}", report.records);
            return Err(broken(Refusal::new(Code::StateLogBroken, "log", found, "")));
        }
        let waiting = log.waits()?;
        context.output.answer(&answer(&origin, &report, waiting), || report.to_string())?;
        if waiting {
            context.output.note(
                "records that are committed wait for their place in the log; whoever opens the ledger next places them",
            );
        }
        Ok(Exit::Done)
    }
}

fn answer(origin: &wane_audit::Origin, report: &Report, waiting: bool) -> Answer {
    Answer {
        origin: origin.to_string(),
        records: report.records,
        pruned: report.pruned,
        checkpoints: report.checkpoints,
        root: report.root.to_string(),
        proved_up_to: report.proved_up_to(),
        unproven: report.unproven(),
        waiting,
    }
}
