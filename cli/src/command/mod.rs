//! The verbs, one file each.

mod completions;
mod config;
mod key;
mod keygen;
mod man;

use clap::Subcommand;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Keygen(keygen::Keygen),
    Key(key::Key),
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
            Self::Config(verb) => verb.run(context),
            Self::Completions(verb) => verb.run(context),
            Self::Man(verb) => verb.run(context),
        }
    }
}
