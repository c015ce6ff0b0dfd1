//! What may be typed, and the way from there to a verb.

use std::cell::OnceCell;
use std::ffi::OsString;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser};

use crate::command::Verb;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::input::{Inputs, is_secret};
use crate::output::{self, Output};
use crate::settings::{Project, Settings};

/// Capability tokens for AI agents: mint, narrow offline, seal, verify and check.
///
/// Authority only shrinks: whoever holds a token can narrow it and hand it on, nobody can widen it, and a
/// tool server needs nothing but the root's public key to judge it.
#[derive(Debug, Parser)]
#[command(name = "wane", version, after_help = AFTER, disable_help_subcommand = true, term_width = 0)]
pub(crate) struct Arguments {
    /// Answer with one JSON object on standard output
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,

    #[command(subcommand)]
    verb: Verb,
}

const AFTER: &str = "\
Inputs are a FILE, `-` for standard input, `env:NAME` or `fd:N`. Secrets never come from an argument.
Exit codes: 0 done or allowed, 1 could not run, 2 usage or no trusted root, 3 denied,
4 malformed, forged or unknown root, 5 approval needed, 6 integrity broken.

Examples:
  wane keygen root.pem > root.pub
  wane mint --key root.pem --aud files --scope 'read:*' --ttl 10m -o session.tok
  wane seal session.tok -o session.sealed
  wane check session.sealed --root root.pub --aud files --action read:notes --level internal
";

/// What every verb is given beside its own arguments.
pub(crate) struct Context {
    /// How to answer.
    pub(crate) output: Output,
    /// What is read.
    pub(crate) inputs: Inputs,
    settings: OnceCell<Settings>,
}

impl Context {
    /// What the environment and the settings files say. They are read when they are first needed, so that
    /// broken ones stop no verb that does without.
    pub(crate) fn settings(&self) -> Result<&Settings, Failure> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let settings = Settings::load(self.output, Project::Counts)?;
        Ok(self.settings.get_or_init(|| settings))
    }

    /// From here on settings come from the environment and the user's own file alone: whoever works in a folder is not judged by what
    /// the folder says. To be called before any setting is read.
    pub(crate) fn pass_over_project(&self) -> Result<(), Failure> {
        let settings = Settings::load(self.output, Project::PassedOver)?;
        let read_before = self.settings.set(settings).is_err();
        if read_before {
            Err(Failure::usage("the settings were read before it was known which of them count"))
        } else {
            Ok(())
        }
    }
}

/// Where the secret of a log was typed that a file should hold. Elsewhere, 64 digits are an id.
fn position_of_log_secret(typed: &[OsString]) -> Option<usize> {
    const FLAG: &[u8] = b"--log-secret";
    let digits = |bytes: &[u8]| bytes.len() == 64 && bytes.iter().all(u8::is_ascii_hexdigit);
    let mut before: &[u8] = b"";
    typed.iter().skip(1).position(|argument| {
        let bytes = argument.as_encoded_bytes();
        let value = bytes.strip_prefix(FLAG).and_then(|rest| rest.strip_prefix(b"="));
        let found = value.is_some_and(digits) || (before == FLAG && digits(bytes));
        before = bytes;
        found
    })
}

/// Reads the arguments and runs the verb.
pub(crate) fn run() -> Exit {
    let typed: Vec<OsString> = std::env::args_os().collect();
    // Until the arguments are understood; what follows `--` are names.
    let json = typed.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json");
    let output = Output::new(json);
    // The first argument is our own name.
    let log_secret = position_of_log_secret(&typed).map(|position| (position, "the secret of a log"));
    let secret = typed.iter().skip(1).position(|argument| is_secret(argument));
    if let Some((position, what)) = secret.map(|position| (position, "a token or a private key")).or(log_secret) {
        let message = format!("argument {} is {what}", position + 1);
        return output.failure(&Failure::new(Trouble::SecretArgument, message).hint(
            "every user of this machine can read arguments: name a file, `-`, `env:NAME` or `fd:N`, and treat this secret as leaked",
        ));
    }
    let matches: Result<ArgMatches, clap::Error> = Arguments::command().try_get_matches_from(typed);
    let arguments = match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => return output::clap_error(&error, json),
    };
    let output = Output::new(arguments.json);
    let context = Context { output, inputs: Inputs::new(output), settings: OnceCell::new() };
    arguments.verb.run(&context).unwrap_or_else(|failure| output.failure(&failure))
}
