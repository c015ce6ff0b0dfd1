//! `wane admit`: one request, decided and committed.

use std::path::PathBuf;

use clap::Args;
use wane::{LiveState, UntrustedApproval};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{self, Source};
use crate::judging::{Ground, RequestFlags, Told, verdict};
use crate::ledger::{self, LedgerFlag, LogFlags};
use crate::{guarding, time, typed};

/// Judge one request and commit what follows from it: its mark, its costs, its uses and its record, or none of them
///
/// As `wane check`, on a ledger: only after exit 0 may the call be forwarded. What needs approval waits in the ledger
/// for an hour; `wane pending` lists it. A ledger that forgets is refused.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit codes: 0 admitted, 3 denied or the ledger cannot be reached, 4 malformed or forged, 5 approval needed, 6 the
ledger is damaged or older than it was. Interrupted, it has committed all or nothing; what was committed stays.

Examples:
  wane admit child.sealed --root root.pub --aud files --action read:hr:a --level internal --ledger sqlite:wane.db
  wane admit child.sealed --aud files --action read:hr:a --level internal --cost reads=1 --checkpoint-to head.txt
  wane admit mail.sealed --aud mail --action send:mail --level public --tool send   # exit 5
  wane admit mail.sealed --aud mail --action send:mail --level public --tool send --approval approval.txt --json
")]
pub(crate) struct Admit {
    #[command(flatten)]
    request: RequestFlags,

    /// An approval of this request: FILE, `-`, or its text; may be repeated
    #[arg(long, value_name = "APPROVAL")]
    approval: Vec<String>,

    /// The key that asks know as `@local`: a `wane1.key` or a file
    #[arg(long, value_name = "KEY")]
    local_approver: Option<String>,

    /// Write the newest checkpoint of the log to FILE, new or in the place of an older one, and as a line of JSON to
    /// standard error; `-` for the line alone
    #[arg(long, value_name = "FILE")]
    checkpoint_to: Option<PathBuf>,

    #[command(flatten)]
    log: LogFlags,

    #[command(flatten)]
    ledger: LedgerFlag,
}

impl Admit {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        self.log.claim(context)?;
        let sources = self.approval_files()?;
        let asked = self.request.read(context, &sources.iter().collect::<Vec<_>>())?;
        let approvals = self.approvals(context)?;
        let local = self.local_approver.as_deref();
        let local = local.map(|key| typed::public_key(&context.inputs, "--local-approver", key)).transpose()?;
        let url = self.ledger.needed(context)?;
        if url.is_volatile() {
            return Err(ledger::volatile(&url, "an admission must outlive its process"));
        }
        let now = time::now()?;
        let mut opened = self.ledger.open(context)?;
        let (id, before) = (opened.ledger.id(), opened.ledger.known(&asked.verified)?);
        let published = super::publisher(context, self.checkpoint_to.as_deref())?;
        let guard = guarding::guard(context, &self.log, &mut opened, asked.roots.clone(), local, published)?;
        drop(opened);
        let answer = guard.admit(&asked.sealed, &asked.request, &approvals, now);
        let record = answer.record.map(|record| record.to_string());
        let ground = Ground::Committed(id, record);
        let told = Told::of(&asked, verdict(answer.decision), ground, LiveState::with_ledger(before));
        // The answer stands; what was not written of the log is written by whoever opens the ledger next.
        if let Err(refusal) = guard.close(now) {
            context.output.warn(format_args!("the log was not brought up to date: {refusal} ({})", refusal.code()));
        }
        let exit = told.print(context, &asked, now, None)?;
        if let Some(digest) = told.digest() {
            let start: String = digest.chars().take(16).collect();
            context.output.hint(format_args!("`wane approve {start} --key APPROVER.pem`, then admit it again"));
        }
        Ok(exit)
    }

    fn approval_files(&self) -> Result<Vec<Source>, Failure> {
        let named = self.approval.iter().filter(|text| !is_approval(text));
        named.map(|text| typed::source("--approval", text)).collect()
    }

    fn approvals(&self, context: &Context) -> Result<Vec<UntrustedApproval>, Failure> {
        let read = |text: &String| {
            if is_approval(text) {
                return UntrustedApproval::parse(text).map_err(|refusal| Failure::from(refusal).within("--approval"));
            }
            let source = typed::source("--approval", text)?;
            let content = context.inputs.read_text(&source, input::APPROVAL, input::TOKEN_TEXT)?;
            let parsed = UntrustedApproval::parse(input::unmarked(&content));
            parsed.map_err(|refusal| Failure::from(refusal).within(source.name()))
        };
        self.approval.iter().map(read).collect()
    }
}

fn is_approval(text: &str) -> bool {
    text.starts_with("wane1.approval.")
}
