//! `wane ledger init`.

use clap::Args;
use serde::Serialize;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::founding;
use crate::ledger::{self, LogFlags};

/// Make a ledger, the secret of its log and the key of its checkpoints, and print its id
///
/// Both files are made with mode 0600 under $XDG_STATE_HOME/wane (~/.local/state/wane), in a folder of the ledger's
/// id, or where you say; one that exists, or comes from `env:` or `fd:`, is taken as it is. Other hosts need a copy of
/// the secret. Nothing is ever overwritten.
#[derive(Args, Debug)]
#[command(after_help = "\
Sessions minted before the ledger was made are refused by it; `wane mint --ledger URL` makes those that are not, and
makes the ledger too where there is none.

Examples:
  wane ledger init sqlite:wane.db
  wane ledger init sqlite:/var/lib/wane/wane.db --log-secret /etc/wane/log.secret --audit-key /etc/wane/audit.pem
  wane ledger init postgres://wane@db.example.com/wane --json
")]
pub(super) struct Init {
    /// Where: `sqlite:PATH` or `postgres://HOST/DATABASE` (default: WANE_LEDGER)
    #[arg(value_name = "URL")]
    url: Option<String>,

    #[command(flatten)]
    files: LogFlags,
}

#[derive(Serialize)]
struct Answer {
    id: String,
    url: String,
    since: u64,
    log_secret: Option<String>,
    audit_key: Option<String>,
    audit_public_key: String,
}

impl Init {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        self.files.claim(context)?;
        let url = ledger::named(context, self.url.as_deref(), "URL")?.ok_or_else(ledger::none_named)?;
        let mut founded = founding::found(context, &url, &self.files)?;
        founding::announce(context, &founded, &url);
        let shown = |path: &std::path::PathBuf| path.display().to_string();
        let answer = Answer {
            id: founded.ledger.id().to_string(),
            url: url.to_string(),
            since: founded.ledger.status()?.since,
            log_secret: founded.log_secret.as_ref().map(shown),
            audit_key: founded.audit_key.as_ref().map(shown),
            audit_public_key: founded.audit_public.to_string(),
        };
        context.output.answer(&answer, || answer.id.clone())?;
        Ok(Exit::Done)
    }
}
