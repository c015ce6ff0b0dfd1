//! `wane audit prove`.

use clap::Args;
use serde::Serialize;
use wane::Refusal;
use wane_audit::{Checkpoint, Consistency, Hash, Inclusion};

use crate::arguments::Context;
use crate::emit::OutFlag;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::input::{Source, source};
use crate::log::{self, HEAD, KeyFlag, Log, LogFlag, OLDER};
use crate::output::escape;

/// Prove that one record stands in the log, or that a checkpoint goes on from an older one
///
/// The proof is a line of JSON. It is worth as much as the checkpoint that it leads to: the newest one that lies with
/// the log, or the one you name.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane audit prove 0
  wane audit prove 1 --checkpoint head.txt -o proof.json
  wane audit prove --since head.txt
")]
pub(super) struct Prove {
    /// The record: its number, or the start of its id, at least eight digits
    #[arg(value_name = "RECORD", required_unless_present = "since", conflicts_with = "since")]
    record: Option<String>,

    /// Prove instead that the log starts with all that this older checkpoint covers
    #[arg(long, value_name = "CHECKPOINT", value_parser = source())]
    since: Option<Source>,

    /// The checkpoint to prove against (default: the newest of the log)
    #[arg(long, value_name = "FILE", value_parser = source())]
    checkpoint: Option<Source>,

    #[command(flatten)]
    key: KeyFlag,

    #[command(flatten)]
    log: LogFlag,

    #[command(flatten)]
    out: OutFlag,
}

#[derive(Serialize)]
struct Answer {
    size: u64,
    root: String,
    leaf: Option<String>,
    record: Option<u64>,
    from: Option<u64>,
}

impl Prove {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        context.inputs.claim_all([(self.since.as_ref(), OLDER), (self.checkpoint.as_ref(), HEAD)])?;
        self.key.claim(context)?;
        let mut log = self.log.open(context)?;
        let (key, origin) = (self.key.public(context, log.home())?, log.origin()?);
        let newest = match &self.checkpoint {
            Some(source) => log::read_checkpoint(context, source, HEAD)?,
            None => log.checkpoints()?.pop().ok_or_else(|| {
                Failure::usage("no checkpoint was ever signed, so there is nothing to prove against")
                    .hint("`wane audit export` signs one where the audit key is")
            })?,
        };
        let head = newest.verify(&key, &origin)?;
        let (text, answer) = match (&self.since, &self.record) {
            (Some(source), _) => {
                let older = log::read_checkpoint(context, source, OLDER)?;
                consistent(&mut log, older.verify(&key, &origin)?, head)?
            }
            (None, Some(record)) => included(&mut log, record, head)?,
            (None, None) => return Err(Failure::usage("neither a record nor an older checkpoint is named")),
        };
        self.out.emit_public(context, "proof", &text, &answer)?;
        Ok(Exit::Done)
    }
}

fn included(log: &mut Log, record: &str, head: &Checkpoint) -> Result<(String, Answer), Failure> {
    let number = find(log, record)?;
    if number >= head.size {
        let message = format!("no record {number} is among the {} of the checkpoint", head.size);
        return Err(
            Failure::new(Trouble::NotFound, message).hint("a newer checkpoint covers more: `wane audit export`")
        );
    }
    let leaves = leaves(log, head.size)?;
    let proof = Inclusion::prove(number, head.size, leaves.iter().copied().map(Ok::<Hash, Refusal>))?;
    let leaf = usize::try_from(number).ok().and_then(|number| leaves.get(number));
    let leaf = leaf.ok_or_else(|| Failure::new(Trouble::NotFound, format!("no record has the number {number}")))?;
    // A proof that proves nothing is not handed out.
    proof.verify(leaf, head)?;
    let answer = Answer { leaf: Some(leaf.to_string()), record: Some(number), ..Answer::of(head) };
    Ok((proof.to_json(), answer))
}

fn consistent(log: &mut Log, older: &Checkpoint, head: &Checkpoint) -> Result<(String, Answer), Failure> {
    let leaves = leaves(log, head.size)?;
    let proof = Consistency::prove(older.size, head.size, leaves.into_iter().map(Ok::<Hash, Refusal>))?;
    proof.verify(older, head)?;
    Ok((proof.to_json(), Answer { from: Some(older.size), ..Answer::of(head) }))
}

impl Answer {
    fn of(head: &Checkpoint) -> Self {
        Self { size: head.size, root: head.root.to_string(), leaf: None, record: None, from: None }
    }
}

/// The leaf hashes of the first records.
fn leaves(log: &mut Log, size: u64) -> Result<Vec<Hash>, Failure> {
    let mut leaves = Vec::new();
    if size == 0 {
        return Ok(leaves);
    }
    log.each(|entry| {
        leaves.push(entry.leaf_hash().map_err(|no| Failure::from(no).broken())?);
        Ok(entry.number.saturating_add(1) < size)
    })?;
    Ok(leaves)
}

/// The number of the record that `text` names: a number, or the start of an id.
pub(super) fn find(log: &mut Log, text: &str) -> Result<u64, Failure> {
    let id = (8..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match text.parse() {
        Ok(number) if !id => return Ok(number),
        _ if id => {}
        _ => return Err(Failure::usage(format!("`{}` is neither a number nor the start of an id", escape(text)))),
    }
    let mut found = Vec::new();
    log.records(|number, record| {
        if record.id.to_string().starts_with(text) {
            found.push(number);
        }
        Ok(found.len() < 2)
    })?;
    match found.as_slice() {
        [number] => Ok(*number),
        [] => Err(Failure::new(Trouble::NotFound, format!("no record has the id {text}"))
            .hint("`wane audit query` lists them")),
        _ => Err(Failure::new(Trouble::NotFound, format!("several records have ids that start with {text}"))),
    }
}
