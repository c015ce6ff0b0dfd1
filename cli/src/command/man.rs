//! `wane man`: the manual pages.

use clap::{Args, CommandFactory as _};

use crate::arguments::{Arguments, Context};
use crate::exit::Exit;
use crate::failure::Failure;

/// Print the manual page of wane, or of one verb
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane man > wane.1
  wane man keygen > wane-keygen.1
  wane man roots add > wane-roots-add.1
")]
pub(crate) struct Man {
    /// The verb
    #[arg(value_name = "VERB")]
    verb: Vec<String>,
}

impl Man {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let mut command = Arguments::command();
        command.build();
        for verb in &self.verb {
            let known = command.get_subcommands().find(|known| known.get_name() == verb && !known.is_hide_set());
            command = known
                .cloned()
                .ok_or_else(|| Failure::usage(format!("no verb is called `{}`", crate::output::escape(verb))))?;
        }
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(command).render(&mut page);
        rendered.map_err(|error| Failure::file("write", "the manual page", &error))?;
        let text = String::from_utf8_lossy(&page);
        context.output.answer(&serde_json::json!({ "page": text }), || text.to_string())?;
        Ok(Exit::Done)
    }
}
