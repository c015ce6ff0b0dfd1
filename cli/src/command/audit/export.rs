//! `wane audit export`.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use clap::Args;
use serde::Serialize;
use wane::BlockId;
use wane_audit::{Event, Record, SignedCheckpoint};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{self, Failure, Trouble};
use crate::ledger::{LedgerFlag, LogFlags, Opened};
use crate::log::{CHECKPOINT, ENVELOPES, EnvelopeLine, RECORDS};
use crate::{time, write};

/// Export the log: its records, a checkpoint over exactly these, and the blocks that decisions rest on
///
/// FOLDER is made new, for its owner alone, and taken away again where the export fails. `records.jsonl` has one record a line, `checkpoint` the signed head, `envelopes.jsonl` the
/// delegation blocks, never a seal or a secret. Whatever still waits for its place is placed, and the head is signed
/// where the audit key is here; else the newest checkpoint that was signed is taken.
#[derive(Args, Debug)]
#[command(after_help = "\
`spec/reference/verify_export.py KEY ORIGIN FOLDER/records.jsonl FOLDER/checkpoint` recomputes it without any of this
code.

Examples:
  wane audit export log
  wane audit export log-2 --ledger sqlite:wane.db --json
")]
pub(super) struct Export {
    /// The new folder
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,

    #[command(flatten)]
    files: LogFlags,

    #[command(flatten)]
    ledger: LedgerFlag,
}

#[derive(Serialize)]
struct Answer {
    folder: String,
    origin: String,
    records: u64,
    envelopes: usize,
}

/// Records read at once.
const PAGE: usize = 1_024;

impl Export {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        self.files.claim(context)?;
        let mut opened = self.ledger.open(context)?;
        let head = self.head(context, &mut opened)?;
        let size = head.claimed().size;
        let named = failure::name(&self.folder);
        DirBuilder::new().mode(0o700).create(&self.folder).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::new(Trouble::FileExists, format!("{named} exists"))
                .hint("it is never overwritten: name another folder"),
            _ => Failure::file("make", &named, &error),
        })?;
        let envelopes = self.write(&mut opened, &head).inspect_err(|_| self.take_away())?;
        let answer = Answer {
            folder: self.folder.display().to_string(),
            origin: opened.ledger.origin().to_string(),
            records: size,
            envelopes,
        };
        context
            .output
            .answer(&answer, || format!("{size} records of {} and {envelopes} blocks are in {named}", answer.origin))?;
        Ok(Exit::Done)
    }

    /// Writes its files, and says how many envelopes there are.
    fn write(&self, opened: &mut Opened, head: &SignedCheckpoint) -> Result<usize, Failure> {
        let blocks = self.write_records(opened, head.claimed().size)?;
        let envelopes = self.write_envelopes(opened, &blocks)?;
        // Last: an export without it is not whole.
        write::create_private(&self.folder.join(CHECKPOINT), head.text().as_bytes())?;
        Ok(envelopes)
    }

    /// Leaves nothing of an export that failed, so that it can be made again under its name.
    fn take_away(&self) {
        for name in [RECORDS, ENVELOPES, CHECKPOINT] {
            let _ = std::fs::remove_file(self.folder.join(name));
        }
        let _ = std::fs::remove_dir(&self.folder);
    }

    fn head(&self, context: &Context, opened: &mut Opened) -> Result<SignedCheckpoint, Failure> {
        if let Some(key) = self.files.key(context, opened)? {
            opened.ledger.place(time::now()?)?;
            return Ok(opened.ledger.sign_head(&key)?);
        }
        let newest = opened.ledger.checkpoints(0, usize::MAX)?.pop();
        newest.ok_or_else(|| {
            Failure::usage("no checkpoint was ever signed, so there is nothing to export against")
                .hint("`--audit-key FILE` signs one")
        })
    }

    /// The blocks that the decisions among the records name.
    fn write_records(&self, opened: &mut Opened, size: u64) -> Result<BTreeSet<BlockId>, Failure> {
        let path = self.folder.join(RECORDS);
        let failed = |error| Failure::file("write", failure::name(&path), &error);
        let mut file = BufWriter::new(create(&path).map_err(failed)?);
        let (mut next, mut blocks) = (0_u64, BTreeSet::new());
        while next < size {
            let page = opened.ledger.entries(next, PAGE)?;
            if page.is_empty() {
                break;
            }
            for entry in page.into_iter().take_while(|entry| entry.number < size) {
                let line = entry.to_export().map_err(|no| Failure::from(no).broken())?;
                file.write_all(&line).map_err(failed)?;
                // What is no record is exported all the same: verifying it says so.
                if let Some(Ok(record)) = entry.record.as_deref().map(Record::parse)
                    && let Event::Decision(decided) = record.event
                {
                    blocks.extend(decided.blocks);
                }
                next = entry.number.saturating_add(1);
            }
        }
        file.into_inner()
            .map_err(|error| failed(error.into_error()))
            .and_then(|file| file.sync_all().map_err(failed))?;
        Ok(blocks)
    }

    fn write_envelopes(&self, opened: &mut Opened, blocks: &BTreeSet<BlockId>) -> Result<usize, Failure> {
        let path = self.folder.join(ENVELOPES);
        let failed = |error| Failure::file("write", failure::name(&path), &error);
        let mut file = BufWriter::new(create(&path).map_err(failed)?);
        let mut count = 0_usize;
        for block in blocks {
            let Some(envelope) = opened.ledger.envelope(*block)? else { continue };
            let envelope = Base64UrlUnpadded::encode_string(&envelope);
            let line = EnvelopeLine { block: block.to_string(), envelope };
            let mut line = serde_json::to_vec(&line).map_err(|error| failed(error.into()))?;
            line.push(b'\n');
            file.write_all(&line).map_err(failed)?;
            count = count.saturating_add(1);
        }
        file.into_inner()
            .map_err(|error| failed(error.into_error()))
            .and_then(|file| file.sync_all().map_err(failed))?;
        Ok(count)
    }
}

/// A new file for its owner alone, as the folder is: it may be moved out of it.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
