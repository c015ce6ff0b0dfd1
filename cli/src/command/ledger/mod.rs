//! `wane ledger`: making one, and keeping it.

mod accept_restore;
mod gc;
mod init;
mod status;

use clap::{Args, Subcommand};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Make a ledger, see how it stands, collect what has ended, accept a restored copy
///
/// A ledger keeps what has happened to tokens: marks, revocations, budgets, uses, approvals that are waited for, and the
/// audit log, all committed together. `sqlite:PATH` for the processes of one host, `postgres://HOST/DATABASE` for many.
#[derive(Args, Debug)]
#[command(after_help = "\
A password in a url belongs into WANE_LEDGER or wane.toml, never into an argument.

Examples:
  wane ledger init sqlite:new.db
  wane ledger status --ledger sqlite:wane.db
  wane ledger gc
  wane ledger accept-restore --yes
")]
pub(crate) struct LedgerVerb {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Init(init::Init),
    Status(status::Status),
    Gc(gc::Gc),
    AcceptRestore(accept_restore::AcceptRestore),
}

impl LedgerVerb {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.what {
            What::Init(verb) => verb.run(context),
            What::Status(verb) => verb.run(context),
            What::Gc(verb) => verb.run(context),
            What::AcceptRestore(verb) => verb.run(context),
        }
    }
}
