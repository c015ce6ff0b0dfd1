//! `wane completions`: what a shell needs to complete commands.

use clap::{Args, CommandFactory as _};

use crate::arguments::{Arguments, Context};
use crate::exit::Exit;
use crate::failure::Failure;

/// Print the completions for a shell
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane completions bash > wane.bash
  wane completions zsh
")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

impl Completions {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "wane", &mut script);
        let text = String::from_utf8_lossy(&script);
        context
            .output
            .answer(&serde_json::json!({ "shell": self.shell.to_string(), "script": text }), || text.to_string())?;
        Ok(Exit::Done)
    }
}
