//! `wane verify`: who signed what. It allows nothing.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;
use wane::{Grant, Refusal, SealedToken, UntrustedToken, verify};

use crate::arguments::Context;
use crate::change::{self, GrantJson};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{self, Source, TOKEN_TEXT, source};
use crate::tree::{self, BlockJson};
use crate::{trust, typed};

/// Verify a sealed token against trusted roots, and print who signed what
///
/// A genuine token allows nothing by itself: `wane check` judges a request.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane verify child.sealed --root root.pub
  wane verify child.sealed --root roots.toml --json
  wane verify child.sealed                             # exit 2
")]
pub(crate) struct Verify {
    /// The sealed token (default: standard input)
    #[arg(value_name = "SEALED", value_parser = source())]
    sealed: Option<Source>,

    /// The trusted root: a `wane1.key`, a file that holds a public key, or a roots.toml
    #[arg(long, value_name = "ROOT")]
    root: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    verified: bool,
    root: String,
    grant: GrantJson,
    blocks: Vec<BlockJson>,
    note: &'static str,
}

/// What is said of every genuine token.
const ALLOWS_NOTHING: &str = "genuine, which by itself allows nothing: `wane check` judges a request";

impl Verify {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let source = context.inputs.or_stdin(self.sealed.as_ref(), "sealed token");
        if let Ok(source) = &source {
            context.inputs.claim(source, input::SEALED)?;
        }
        typed::claim(&context.inputs, "--root", self.root.as_deref(), input::ROOTS)?;
        // Without a root there is nothing to say about any token.
        let roots = trust::roots(context, self.root.as_deref())?;
        let source = source?;
        let text = context.inputs.read_text(&source, input::SEALED, TOKEN_TEXT)?;
        let verified = match SealedToken::parse(input::unmarked(&text)).and_then(|sealed| verify(&sealed, &roots)) {
            Ok(verified) => verified,
            Err(refusal) => {
                return Err(unverified(context, &text, &source, refusal));
            }
        };
        let (chain, grants) = (verified.chain(), &verified.grants());
        let answer = Answer {
            verified: true,
            root: verified.root().key().to_string(),
            grant: GrantJson::of(verified.grant()),
            blocks: tree::to_json(chain, grants),
            note: ALLOWS_NOTHING,
        };
        context.output.answer(&answer, || {
            let mut text = tree::draw(chain, grants, None);
            let _ = write!(
                text,
                "\nTrusted root: {}\nThe grant at its end:\n{}",
                trust::name(verified.root()),
                change::indented(&change::lines(verified.grant()))
            );
            text
        })?;
        context.output.note(ALLOWS_NOTHING);
        Ok(Exit::Done)
    }
}

/// Shows what a refused token claims, on standard error since nobody vouches for it. What does not parse is named
/// by where it came from.
pub(crate) fn unverified(context: &Context, text: &str, source: &Source, refusal: Refusal) -> Failure {
    let Ok(token) = UntrustedToken::parse(input::unmarked(text)) else {
        return Failure::from(refusal).within(source.name());
    };
    if !context.output.is_json() {
        let grants: Vec<Grant> = token.chain().grants().unwrap_or_default();
        context.output.say("What it claims, which nobody vouches for:");
        context.output.say(tree::draw(token.chain(), &grants, Some(&refusal)).trim_end());
    }
    refusal.into()
}
