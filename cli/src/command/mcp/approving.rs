//! How a gateway comes by approvals: how long a call waits for them, and who is asked here.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use wane::PublicKey;
use wane_gateway::{Approvals, Consent, LocalApprover, Question, Terminal};

use crate::arguments::Context;
use crate::failure::Failure;
use crate::input::{self, Source, source};
use crate::{exact, key_file, random, terminal, typed, waiting};

/// Approvals.
#[derive(Args, Debug)]
pub(crate) struct ApprovingFlags {
    /// How long a call waits until somebody has approved it with `wane approve`, 10m at most (default: it does not)
    #[arg(long, value_name = "DURATION")]
    wait: Option<String>,

    /// The gateway's own approval key, which asks know as `@local`: whoever sits at the client is asked, where it asks its user
    #[arg(long, value_name = "FILE", value_parser = source())]
    approver_key: Option<Source>,

    /// The passphrase of that key
    #[arg(long, value_name = "FILE", value_parser = source(), requires = "approver_key")]
    approver_passphrase_file: Option<Source>,

    /// Ask for `@local` on the terminal that this is started on, where the client does not ask its user
    #[arg(long, requires = "approver_key")]
    ask_terminal: bool,
}

/// What a form of a client has room for.
const FORM_BYTES: usize = 4_096;

impl ApprovingFlags {
    pub(crate) fn claim(&self, context: &Context) -> Result<(), Failure> {
        context.inputs.claim_all([
            (self.approver_key.as_ref(), input::KEY),
            (self.approver_passphrase_file.as_ref(), input::PASSPHRASE),
        ])
    }

    /// Everything that a server must not know of.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Source> {
        self.approver_key.iter().chain(&self.approver_passphrase_file)
    }

    /// Whether somebody is asked on the terminal.
    pub(crate) const fn asks_terminal(&self) -> bool {
        self.ask_terminal
    }

    /// Refuses a terminal on which messages come and go as well.
    // spec: G52
    pub(crate) fn check_terminal(&self) -> Result<(), Failure> {
        match self.ask_terminal && (io::stdin().is_terminal() || io::stdout().is_terminal()) {
            true => Err(Failure::usage("--ask-terminal: standard input or output is the terminal")
                .hint("they are the client's, whose messages come and go there: give it pipes")),
            false => Ok(()),
        }
    }

    /// What the gate is told, and the key that the guard knows as `@local`.
    pub(crate) fn read(&self, context: &Context) -> Result<(Approvals, Option<PublicKey>), Failure> {
        let seconds = self.wait.as_deref().map_or(Ok(0), |wait| typed::duration("--wait", wait))?;
        if seconds > Approvals::LONGEST.as_secs() {
            let longest = Approvals::LONGEST.as_secs();
            return Err(Failure::usage(format!("--wait: {seconds} seconds, a call waits at most {longest}")));
        }
        let approvals = Approvals::waiting(Duration::from_secs(seconds));
        let Some(source) = &self.approver_key else { return Ok((approvals, None)) };
        let key = key_file::read_secret(&context.inputs, source, self.approver_passphrase_file.as_ref())?;
        let public = key.public_key();
        let terminal = self.ask_terminal.then(|| -> Terminal { Arc::new(on_terminal) });
        Ok((approvals.asking(LocalApprover { key, words: Box::new(words), terminal }), Some(public)))
    }
}

/// A question for a form.
fn words(question: &Question) -> Option<String> {
    let text = format!("wane asks for your approval.\n{}", waiting::question(question, exact::WIDTH).join("\n"));
    (text.len() <= FORM_BYTES).then_some(text)
}

/// A question on the terminal. Nobody but who reads it there knows what is to be typed.
// spec: G51
fn on_terminal(question: &Question, still_waits: &dyn Fn() -> bool) -> Option<Consent> {
    let lines = |width: usize| {
        let mut lines = waiting::question(question, width);
        let short = waiting::in_short(question, lines.len(), width);
        lines.push(String::new());
        lines.extend(short);
        lines
    };
    let mut drawn = [0; 2];
    random::fill(&mut drawn).ok()?;
    let yes = format!("yes {:04x}", u16::from_be_bytes(drawn));
    terminal::asks(&lines, &yes, still_waits)
}
