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
    /// One request: the start of its digest, at least eight digits; where several tokens wait for the same one,
    /// `DIGEST:BLOCK`, as it is listed
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
            pending.sort_by_key(|request| (request.at, request.digest, request.last));
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

/// The one request whose digest starts so, and behind a colon the last block of its chain.
pub(super) fn find(ledger: &mut Ledger, start: &str) -> Result<PendingRequest, Failure> {
    if !approve::is_digest(start) {
        return Err(Failure::usage(format!("`{}` is not the start of a digest, 8 to 64 digits", escape(start))));
    }
    let (digest, block) = start.split_once(':').unwrap_or((start, ""));
    let mut found = ledger.pending(time::now()?, usize::MAX)?;
    found.retain(|request| {
        let names = BlockId::from_bytes(request.digest).to_string().starts_with(digest);
        names && request.last.to_string().starts_with(block)
    });
    let several: Vec<String> = found.iter().map(|request| format!("`{}`", name(request))).collect();
    match (found.pop(), several.len()) {
        (Some(request), 1) => Ok(request),
        (None, _) => Err(Failure::new(Trouble::NotFound, format!("no request that waits has the digest {start}"))
            .hint("`wane pending` lists those that wait; a request waits for an hour")),
        (Some(_), count) => {
            Err(Failure::new(Trouble::NotFound, format!("{count} requests that wait have the digest {start}"))
                .hint(format!("`wane pending` lists them; each is named by {}", several.join(" or "))))
        }
    }
}

/// A request and the token that it waits for: by the first digits of its digest and of the last block of the chain.
fn name(request: &PendingRequest) -> String {
    format!("{}:{}", start(&BlockId::from_bytes(request.digest)), start(&request.last))
}

fn start(id: &BlockId) -> String {
    id.to_string().chars().take(16).collect()
}

fn listing(pending: &[PendingRequest]) -> String {
    if pending.is_empty() {
        return "no request waits".into();
    }
    let line = |request: &PendingRequest| {
        let twins = pending.iter().filter(|other| other.digest == request.digest).count();
        let named = if twins == 1 { start(&BlockId::from_bytes(request.digest)) } else { name(request) };
        let (call, actions) = (request.call.join(" "), request.actions.join(" and "));
        let until = time::show(request.until);
        let agents =
            request.agents.last().map(|agent| format!("  by {}", crate::exact::text(agent))).unwrap_or_default();
        format!(
            "{named}  {}  {}  {}{agents}  until {until}",
            crate::exact::text(&request.audience),
            escape(&actions),
            crate::exact::text(&call)
        )
    };
    pending.iter().map(line).collect::<Vec<_>>().join("\n")
}
