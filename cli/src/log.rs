//! An audit log, as it lies in a ledger or in an export.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use clap::Args;
use serde::{Deserialize, Serialize};
use wane::{BlockId, Code, PublicKey, Refusal};
use wane_audit::{Decided, Entry, Event, Origin, RECORD_BYTES, Record, SignedCheckpoint};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::home::{self, Home};
use crate::input::{self, KEY_TEXT, Source};
use crate::ledger::{LedgerFlag, Opened};
use crate::{key_file, typed};

/// The files of an export.
pub(crate) const RECORDS: &str = "records.jsonl";
pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const ENVELOPES: &str = "envelopes.jsonl";

/// Records read from a ledger at once.
const PAGE: usize = 1_024;

/// The longest text of a checkpoint that is read.
pub(crate) const CHECKPOINT_TEXT: u64 = 16 * 1024;

/// What checkpoints are called, where two of them meet.
pub(crate) const HEAD: &str = "the checkpoint";
pub(crate) const OLDER: &str = "the older checkpoint";

/// The longest line of an export.
const LINE: u64 = 2 * 64 * 1024;

/// Which log.
#[derive(Args, Debug)]
pub(crate) struct LogFlag {
    /// An export to read, instead of the ledger
    #[arg(long, value_name = "FOLDER")]
    from: Option<PathBuf>,

    #[command(flatten)]
    ledger: LedgerFlag,
}

/// Whose checkpoints are believed.
#[derive(Args, Debug)]
pub(crate) struct KeyFlag {
    /// The key that signs checkpoints, its public half or its private one (default: where `wane ledger init` put it)
    #[arg(long, value_name = "KEY")]
    audit_key: Option<String>,
}

/// A log that can be read.
pub(crate) enum Log {
    Export(PathBuf),
    Ledger(Box<Opened>),
}

/// One line of `envelopes.jsonl`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvelopeLine {
    pub(crate) block: String,
    pub(crate) envelope: String,
}

impl LogFlag {
    /// Opens it, an export or the ledger that is named.
    pub(crate) fn open(&self, context: &Context) -> Result<Log, Failure> {
        match &self.from {
            Some(folder) if self.ledger.is_stated() => {
                Err(Failure::usage(format!("--from {} beside --ledger: one log is read", failure::name(folder))))
            }
            Some(folder) => Ok(Log::Export(folder.clone())),
            None => Ok(Log::Ledger(Box::new(self.ledger.open(context)?))),
        }
    }
}

impl KeyFlag {
    /// Claims standard input for it.
    pub(crate) fn claim(&self, context: &Context) -> Result<(), Failure> {
        typed::claim(&context.inputs, "--audit-key", self.audit_key.as_deref(), input::AUDIT_KEY)
    }

    /// The public half of the key that is named, else of the one that is kept beside the ledger.
    pub(crate) fn public(&self, context: &Context, home: Option<&Home>) -> Result<PublicKey, Failure> {
        if let Some(text) = self.audit_key.as_deref().filter(|text| text.starts_with("wane1.")) {
            return typed::value("--audit-key", text);
        }
        let kept = || home.map(Home::audit_key).filter(|path| home::exists(path)).map(Source::File);
        let source = match &self.audit_key {
            Some(text) => typed::source("--audit-key", text)?,
            None => kept().ok_or_else(|| {
                Failure::usage("no audit key is given, so no checkpoint can be believed")
                    .hint("`--audit-key KEY` names the public key that signs the log's checkpoints")
            })?,
        };
        let text = context.inputs.read_text(&source, input::AUDIT_KEY, KEY_TEXT)?;
        key_file::public_of_any(&context.inputs, &text, &source, None).map_err(|failure| failure.within(source.name()))
    }
}

impl Log {
    /// The folder of its ledger's files, where it is a ledger.
    pub(crate) fn home(&self) -> Option<&Home> {
        match self {
            Self::Export(_) => None,
            Self::Ledger(opened) => Some(&opened.home),
        }
    }

    /// Whether it is an export, whose checkpoint is over exactly its records.
    pub(crate) const fn is_export(&self) -> bool {
        matches!(self, Self::Export(_))
    }

    /// Its name, as its own checkpoint or ledger tells it.
    pub(crate) fn origin(&mut self) -> Result<Origin, Failure> {
        match self {
            Self::Export(folder) => Ok(exported_checkpoint(folder)?.claimed().origin.clone()),
            Self::Ledger(opened) => Ok(opened.ledger.origin().clone()),
        }
    }

    /// The checkpoints that lie with it.
    pub(crate) fn checkpoints(&mut self) -> Result<Vec<SignedCheckpoint>, Failure> {
        match self {
            Self::Export(folder) => Ok(vec![exported_checkpoint(folder)?]),
            Self::Ledger(opened) => opened.ledger.checkpoints(0, usize::MAX).map_err(|no| Failure::from(no).broken()),
        }
    }

    /// Whether records that are committed wait for their place.
    pub(crate) fn waits(&mut self) -> Result<bool, Failure> {
        match self {
            Self::Export(_) => Ok(false),
            Self::Ledger(opened) => Ok(opened.ledger.log_head()?.waiting),
        }
    }

    /// Every place of the log in order, until `each` says that it is enough.
    pub(crate) fn each(&mut self, each: impl FnMut(Entry) -> Result<bool, Failure>) -> Result<(), Failure> {
        self.each_from(0, each)
    }

    fn each_from(&mut self, from: u64, mut each: impl FnMut(Entry) -> Result<bool, Failure>) -> Result<(), Failure> {
        match self {
            Self::Export(folder) => {
                let mut next = 0_u64;
                lines(&folder.join(RECORDS), |line| {
                    let number = next;
                    next = next.saturating_add(1);
                    if number < from {
                        return Ok(true);
                    }
                    each(Entry::from_export(number, line).map_err(|no| Failure::from(no).broken())?)
                })
            }
            Self::Ledger(opened) => {
                let mut next = from;
                loop {
                    let page = opened.ledger.entries(next, PAGE)?;
                    if page.is_empty() {
                        return Ok(());
                    }
                    for entry in page {
                        next = entry.number.saturating_add(1);
                        if !each(entry)? {
                            return Ok(());
                        }
                    }
                }
            }
        }
    }

    /// Every record in order with its number, until `each` says that it is enough; what was pruned is passed over.
    pub(crate) fn records(
        &mut self,
        mut each: impl FnMut(u64, Record) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        self.each(|entry| match &entry.record {
            Some(bytes) => each(entry.number, read_record(entry.number, bytes)?),
            None => Ok(true),
        })
    }

    /// The same with the envelopes of its decisions at hand.
    pub(crate) fn decisions(
        &mut self,
        mut each: impl FnMut(u64, &Record, &Decided, &Envelopes) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut envelopes = self.envelopes()?;
        let mut next = 0;
        loop {
            // A ledger is asked for envelopes between two pages of records.
            let mut page = Vec::with_capacity(PAGE);
            self.each_from(next, |entry| {
                page.push(entry);
                Ok(page.len() < PAGE)
            })?;
            let Some(last) = page.last() else { return Ok(()) };
            next = last.number.saturating_add(1);
            for entry in page {
                let Some(bytes) = &entry.record else { continue };
                let record = read_record(entry.number, bytes)?;
                if let Event::Decision(decided) = &record.event {
                    envelopes.fetch(self, &decided.blocks)?;
                    each(entry.number, &record, decided, &envelopes)?;
                }
            }
        }
    }

    /// Where the envelopes of blocks are asked for.
    pub(crate) fn envelopes(&mut self) -> Result<Envelopes, Failure> {
        let mut known = BTreeMap::new();
        if let Self::Export(folder) = self {
            let path = folder.join(ENVELOPES);
            lines(&path, |line| {
                let refuse = || {
                    let found = "a line that is no envelope";
                    Failure::from(Refusal::new(Code::ParseRecord, "envelope", found, ""))
                        .within(failure::name(&path))
                        .broken()
                };
                let line: EnvelopeLine = serde_json::from_slice(line).map_err(|_| refuse())?;
                let block: BlockId = line.block.parse().map_err(|_| refuse())?;
                known.insert(block, Base64UrlUnpadded::decode_vec(&line.envelope).map_err(|_| refuse())?);
                Ok(true)
            })?;
        }
        Ok(Envelopes { known })
    }
}

/// Envelopes by their blocks: read once, or asked of the ledger once each.
pub(crate) struct Envelopes {
    known: BTreeMap<BlockId, Vec<u8>>,
}

impl Envelopes {
    /// The envelopes of these blocks, as far as they are kept.
    pub(crate) fn fetch(&mut self, log: &mut Log, blocks: &[BlockId]) -> Result<(), Failure> {
        let Log::Ledger(opened) = log else { return Ok(()) };
        for block in blocks {
            if !self.known.contains_key(block)
                && let Some(envelope) = opened.ledger.envelope(*block)?
            {
                self.known.insert(*block, envelope);
            }
        }
        Ok(())
    }

    /// The envelope of this block.
    pub(crate) fn of(&self, block: BlockId) -> Option<Vec<u8>> {
        self.known.get(&block).cloned()
    }
}

fn read_record(number: u64, bytes: &[u8]) -> Result<Record, Failure> {
    Record::parse(bytes).map_err(|no| Failure::from(no).within(format_args!("record {number}")).broken())
}

/// Reads a checkpoint that somebody names.
pub(crate) fn read_checkpoint(
    context: &Context,
    source: &Source,
    what: &'static str,
) -> Result<SignedCheckpoint, Failure> {
    let bytes = context.inputs.read(source, what, CHECKPOINT_TEXT).map_err(|failure| {
        // spec: A19
        let long =
            || Refusal::new(Code::ParseCheckpoint, "", format_args!("it has more than {CHECKPOINT_TEXT} bytes"), "");
        if failure.is(Code::ParseTooLarge) { Failure::from(long()).within(source.name()) } else { failure }
    })?;
    parse_checkpoint(&bytes).map_err(|refusal| Failure::from(refusal).within(source.name()))
}

/// The checkpoint of an export, which is no export without it.
fn exported_checkpoint(folder: &Path) -> Result<SignedCheckpoint, Failure> {
    let (path, mut bytes) = (folder.join(CHECKPOINT), Vec::new());
    let read = File::open(&path).and_then(|file| file.take(CHECKPOINT_TEXT + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(&path, &error))?;
    parse_checkpoint(&bytes).map_err(|refusal| Failure::from(refusal).within(failure::name(&path)).broken())
}

/// A checkpoint as it stands in a file.
pub(crate) fn parse_checkpoint(bytes: &[u8]) -> Result<SignedCheckpoint, Refusal> {
    let refuse = |_| Refusal::new(Code::ParseCheckpoint, "", "it is no utf-8", "");
    std::str::from_utf8(bytes).map_err(refuse)?.parse()
}

/// Why a file of an export was not read. One that is not in its folder was taken out of it.
fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let whole = error.kind() != io::ErrorKind::NotFound || !path.parent().is_some_and(Path::is_dir);
    if whole {
        return Failure::file("read", failure::name(path), error);
    }
    let found = format!("{} is missing", failure::name(path));
    Refusal::new(Code::StateLogBroken, "log", found, "").into()
}

fn lines(path: &Path, mut each: impl FnMut(&[u8]) -> Result<bool, Failure>) -> Result<(), Failure> {
    let failed = |error| Failure::file("read", failure::name(path), &error);
    let mut file = BufReader::new(File::open(path).map_err(|error| unreadable(path, &error))?);
    let mut line = Vec::with_capacity(RECORD_BYTES);
    loop {
        line.clear();
        file.by_ref().take(LINE).read_until(b'\n', &mut line).map_err(failed)?;
        match line.split_last() {
            None => return Ok(()),
            Some((b'\n', line)) => {
                if !each(line)? {
                    return Ok(());
                }
            }
            Some(_) => {
                let refusal = Refusal::new(Code::ParseRecord, "line", "a line without an end", "");
                return Err(Failure::from(refusal).within(failure::name(path)).broken());
            }
        }
    }
}

impl Failure {
    /// The same, as what it is in a log: broken integrity.
    pub(crate) fn broken(self) -> Self {
        self.exits(Exit::Broken)
    }
}
