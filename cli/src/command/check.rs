//! `wane check`: would this request be allowed, and why.

use clap::Args;
use wane::{LiveState, decide};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::{Ground, RequestFlags, Told, verdict};
use crate::ledger::{self, LedgerFlag};
use crate::{time, typed};

/// Judge one request as a tool server would: allow, deny or approval needed, and why
///
/// States the server's side: its audience, the actions that the call needs, and the level of what it touches
/// come from the server's own knowledge, never from the agent. Nothing is written; `wane admit` does the same and
/// commits what follows.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit codes: 0 allow, 3 deny, 4 malformed or forged, 5 approval needed. Without --tool or --http the call is the
actions themselves. Without a ledger an older, wider copy of a token is not noticed.

Examples:
  wane check child.sealed --root root.pub --aud files --action read:hr:employees --level internal
  wane check child.sealed --root root.pub --aud files --action write:hr --level internal   # exit 3
  wane check child.sealed --root root.pub --aud files --action read:hr:a --level public --tool read --args '{\"path\": \"/data\"}'
  wane check child.sealed --root root.pub --aud files --action read:hr:a --level internal --fact env=prod --json
  wane check known.sealed --root root.pub --aud files --action read:hr:a --level internal --ledger sqlite:wane.db
")]
pub(crate) struct Check {
    #[command(flatten)]
    request: RequestFlags,

    /// When, instead of now: 2026-11-21T09:30:00Z or seconds since 1970
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    #[command(flatten)]
    ledger: LedgerFlag,
}

impl Check {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let asked = self.request.read(context, &[])?;
        let now = match &self.at {
            Some(text) => typed::instant("--at", text)?,
            None => time::now()?,
        };
        let told = match self.ledger.url(context)? {
            None => {
                let state = LiveState::without_ledger();
                let verdict = verdict(decide(&asked.verified, &asked.request, &state, now));
                Told::of(&asked, verdict, Ground::NoLedger, state)
            }
            Some(url) => {
                let (mut ledger, volatile) = match url.is_volatile() {
                    true => (ledger::fleeting(&url)?, true),
                    false => (self.ledger.open(context)?.ledger, false),
                };
                let considered = ledger.consider(&asked.verified, &asked.request, None, now)?;
                let ground = if volatile { Ground::Volatile(ledger.id()) } else { Ground::Read(ledger.id()) };
                Told::of(&asked, considered.verdict, ground, considered.state)
            }
        };
        let remark = self.at.as_ref().map(|_| format!("judged at {}, not now", time::show(now)));
        told.print(context, &asked, now, remark)
    }
}
