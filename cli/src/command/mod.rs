//! The verbs, one file each.

mod admit;
mod approve;
mod attenuate;
mod audit;
mod check;
mod completions;
mod config;
mod demo;
mod key;
mod keygen;
mod ledger;
mod man;
mod mcp;
mod mint;
mod pending;
mod policy;
mod raise;
mod renew;
mod revoke;
mod roots;
mod seal;
mod serve;
mod sessions;
mod show;
mod verify;

pub(crate) use audit::{Publisher, publisher};
pub(crate) use verify::unverified;

use clap::Subcommand;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Keygen(keygen::Keygen),
    Key(key::Key),
    Roots(roots::Roots),
    Mint(Box<mint::Mint>),
    Renew(Box<renew::Renew>),
    Attenuate(Box<attenuate::Attenuate>),
    Seal(Box<seal::Seal>),
    Verify(verify::Verify),
    Check(Box<check::Check>),
    Admit(Box<admit::Admit>),
    Ledger(ledger::LedgerVerb),
    Sessions(sessions::Sessions),
    Session(sessions::Session),
    Revoke(revoke::Revoke),
    Raise(raise::Raise),
    Pending(pending::Pending),
    Approve(approve::Approve),
    Audit(audit::Audit),
    Policy(policy::Policy),
    Mcp(mcp::Mcp),
    Serve(Box<serve::Serve>),
    Show(show::Show),
    Demo(demo::Demo),
    #[command(hide = true)]
    DemoServer(demo::DemoServer),
    #[command(hide = true)]
    DemoTools(demo::DemoTools),
    Config(config::Config),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Verb {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Keygen(verb) => verb.run(context),
            Self::Key(verb) => verb.run(context),
            Self::Roots(verb) => verb.run(context),
            Self::Mint(verb) => verb.run(context),
            Self::Renew(verb) => verb.run(context),
            Self::Attenuate(verb) => verb.run(context),
            Self::Seal(verb) => verb.run(context),
            Self::Verify(verb) => verb.run(context),
            Self::Check(verb) => verb.run(context),
            Self::Admit(verb) => verb.run(context),
            Self::Ledger(verb) => verb.run(context),
            Self::Sessions(verb) => verb.run(context),
            Self::Session(verb) => verb.run(context),
            Self::Revoke(verb) => verb.run(context),
            Self::Raise(verb) => verb.run(context),
            Self::Pending(verb) => verb.run(context),
            Self::Approve(verb) => verb.run(context),
            Self::Audit(verb) => verb.run(context),
            Self::Policy(verb) => verb.run(context),
            Self::Mcp(verb) => verb.run(context),
            Self::Serve(verb) => verb.run(context),
            Self::Show(verb) => verb.run(context),
            Self::Demo(verb) => verb.run(context),
            Self::DemoServer(verb) => verb.run(context),
            Self::DemoTools(verb) => verb.run(),
            Self::Config(verb) => verb.run(context),
            Self::Completions(verb) => verb.run(context),
            Self::Man(verb) => verb.run(context),
        }
    }
}
