//! `wane completions`: what a shell needs to complete commands.

use clap::{Args, Command, CommandFactory as _};

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
        clap_complete::generate(self.shell, &mut shown(), "wane", &mut script);
        let text = String::from_utf8_lossy(&script);
        context
            .output
            .answer(&serde_json::json!({ "shell": self.shell.to_string(), "script": text }), || text.to_string())?;
        Ok(Exit::Done)
    }
}

/// The command without what is hidden, which shells would offer.
fn shown() -> Command {
    let all = Arguments::command();
    let verbs = all.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned();
    let command = Command::new("wane").version(env!("CARGO_PKG_VERSION")).disable_help_subcommand(true);
    command.args(all.get_arguments().cloned()).subcommands(verbs)
}
