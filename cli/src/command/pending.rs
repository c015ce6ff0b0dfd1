//! `wane pending`: requests that wait for approval.

use clap::Args;
use serde::Serialize;
use wane::BlockId;
use wane_ledger::{Ledger, PendingRequest};

use super::approve;
use crate::arguments::Context;
use crate::emit::OutFlag;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::ledger::LedgerFlag;
use crate::output::escape;
use crate::time;
use crate::waiting::{Waiting, Witness};

/// List the requests that wait for approval, or show one exactly as it would be approved
///
/// A request waits for an hour after `wane admit` answered that it needs approval. With DIGEST and -o it is written
/// to a file for an approver who cannot reach the ledger; its arguments stand in it in clear.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane pending
  wane pending 213b3c09a47f8c9c
  wane pending 213b3c09a47f8c9c -o one.json
  wane pending --ledger sqlite:wane.db --json
")]
pub(crate) struct Pending {
    /// One request: the start of its digest, at least eight digits
    #[arg(value_name = "DIGEST")]
    digest: Option<String>,

    #[command(flatten)]
    ledger: LedgerFlag,

    #[command(flatten)]
    out: OutFlag,
}

/// The most requests that are listed.
const LISTED: usize = 1_000;

#[derive(Serialize)]
struct Answer<'a> {
    pending: &'a [PendingRequest],
}

#[derive(Serialize)]
struct Written<'a> {
    digest: &'a str,
}

impl Pending {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        if self.digest.is_none() && self.out.is_file() {
            return Err(Failure::usage("-o without a digest: one request is written at a time"));
        }
        let mut ledger = self.ledger.open(context)?.ledger;
        let Some(digest) = &self.digest else {
            let mut pending = ledger.pending(time::now()?, LISTED)?;
            pending.sort_by_key(|request| (request.at, request.digest));
            let answer = Answer { pending: &pending };
            context.output.answer(&answer, || listing(&pending))?;
            return Ok(Exit::Done);
        };
        let request = find(&mut ledger, digest)?;
        let lines = Waiting::of(&request)?.lines(Witness::Ledger);
        if self.out.is_file() {
            let json = serde_json::to_string(&request)
                .map_err(|error| Failure::new(Trouble::File, format!("cannot write json: {error}")))?;
            let digest = BlockId::from_bytes(request.digest).to_string();
            self.out.emit(context, "request", &json, &Written { digest: &digest })?;
        } else {
            context.output.answer(&request, || lines.join("\n"))?;
        }
        Ok(Exit::Done)
    }
}

/// The one request whose digest starts so.
pub(super) fn find(ledger: &mut Ledger, start: &str) -> Result<PendingRequest, Failure> {
    if !approve::is_digest(start) {
        return Err(Failure::usage(format!("`{}` is not the start of a digest, 8 to 64 digits", escape(start))));
    }
    let digest = |request: &PendingRequest| BlockId::from_bytes(request.digest).to_string();
    let mut found = ledger.pending(time::now()?, usize::MAX)?;
    found.retain(|request| digest(request).starts_with(start));
    let several = found.len();
    match (found.pop(), several) {
        (Some(request), 1) => Ok(request),
        (None, _) => Err(Failure::new(Trouble::NotFound, format!("no request that waits has the digest {start}"))
            .hint("`wane pending` lists those that wait; a request waits for an hour")),
        (Some(_), count) => {
            Err(Failure::new(Trouble::NotFound, format!("{count} requests that wait have the digest {start}"))
                .hint("more digits tell them apart; the same request behind two tokens is told apart by a file"))
        }
    }
}

fn listing(pending: &[PendingRequest]) -> String {
    if pending.is_empty() {
        return "no request waits".into();
    }
    let line = |request: &PendingRequest| {
        let digest: String = BlockId::from_bytes(request.digest).to_string().chars().take(16).collect();
        let (call, actions) = (request.call.join(" "), request.actions.join(" and "));
        let until = time::show(request.until);
        let agents =
            request.agents.last().map(|agent| format!("  by {}", crate::exact::text(agent))).unwrap_or_default();
        format!(
            "{digest}  {}  {}  {}{agents}  until {until}",
            crate::exact::text(&request.audience),
            escape(&actions),
            crate::exact::text(&call)
        )
    };
    pending.iter().map(line).collect::<Vec<_>>().join("\n")
}
