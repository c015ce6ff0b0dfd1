//! `wane show`: what something claims to be, believed by nobody.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;
use wane::{Grant, PublicKey, Roots, UntrustedToken};

use crate::arguments::Context;
use crate::change;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::holder;
use crate::input::{self, Source, TOML_TEXT, source};
use crate::roots_file::{self, Listing};
use crate::{key_file, tree};

/// Decode a token, sealed token, key or roots file WITHOUT verifying it
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane show session.tok
  wane show child.sealed --json
  wane show roots.toml
  wane key root.pem | wane show
")]
pub(crate) struct Show {
    /// What to decode (default: WANE_TOKEN_FILE, else standard input)
    #[arg(value_name = "ANY", value_parser = source())]
    any: Option<Source>,
}

/// What is said of everything decoded.
const UNVERIFIED: &str = "NOT VERIFIED: this is only what it claims";

impl Show {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let source = holder::source(context, self.any.as_ref())?;
        let text = context.inputs.read_text(&source, "the input", TOML_TEXT)?;
        let text = input::unmarked(&text);
        if text.contains("PRIVATE KEY-----") {
            context
                .output
                .warn("it is a private key: whoever has this file can sign with it; at most its public half is shown");
        }
        let shown = if key_file::is_encrypted(text) {
            show_encrypted(context)
        } else if text.starts_with("wane1.key.") || key_file::looks_like_a_key(text) {
            show_key(context, &key_file::public_of_any(&context.inputs, text, &source, None)?)
        } else if text.starts_with("wane1.") {
            show_token(context, text)
        } else {
            show_roots(context, text)
        };
        shown.map_err(|failure| failure.within(source.name()))?;
        Ok(Exit::Done)
    }
}

fn show_token(context: &Context, text: &str) -> Result<(), Failure> {
    let token = UntrustedToken::parse(text)?;
    let replayed = token.chain().grants();
    let refusal = replayed.as_ref().err();
    let grants: &[Grant] = replayed.as_deref().unwrap_or_default();
    let kind = if token.is_sealed() { "sealed token" } else { "token" };
    context.output.warn(UNVERIFIED);
    if token.carries_secret() {
        context.output.warn("it carries a secret: whoever has this text can use and extend the token");
    }
    if let Some(refusal) = refusal {
        context.output.warn(format_args!("no verifier accepts it: {refusal} ({})", refusal.code()));
    }
    let json = serde_json::json!({
        "verified": false,
        "kind": if token.is_sealed() { "sealed" } else { "token" },
        "carries_secret": token.carries_secret(),
        "grant": grants.last().map(change::GrantJson::of),
        "blocks": tree::to_json(token.chain(), grants),
        "error": refusal.map(|refusal| Failure::from(refusal.clone())).as_ref().map(Failure::to_json),
    });
    context.output.answer(&json, || {
        let mut shown = format!("{kind}, {UNVERIFIED}\n{}", tree::draw(token.chain(), grants, refusal));
        if let Some(grant) = grants.last() {
            let _ =
                write!(shown, "\nThe grant at its end, if it is genuine:\n{}", change::indented(&change::lines(grant)));
        }
        shown
    })
}

/// Showing asks nobody for a passphrase.
fn show_encrypted(context: &Context) -> Result<(), Failure> {
    context.output.hint("`wane key FILE` asks for its passphrase and prints the public half");
    let json = serde_json::json!({ "verified": false, "kind": "encrypted-key" });
    context.output.answer(&json, || "encrypted private key".into())
}

fn show_key(context: &Context, key: &PublicKey) -> Result<(), Failure> {
    context.output.warn("NOT VERIFIED: compare the fingerprint with its owner's");
    let json = serde_json::json!({
        "verified": false, "kind": "key", "public_key": key.to_string(), "fingerprint": key.hint().to_string(),
    });
    context.output.answer(&json, || format!("public key {key}\nfingerprint {}", key.hint()))
}

#[derive(Serialize)]
struct Shown<'a> {
    verified: bool,
    kind: &'static str,
    #[serde(flatten)]
    listing: &'a Listing,
}

fn show_roots(context: &Context, text: &str) -> Result<(), Failure> {
    Roots::from_toml(text)
        .map_err(|refusal| Failure::from(refusal).hint("a token, a sealed token, a key or a roots.toml is decoded"))?;
    context.output.warn("NOT VERIFIED: a roots file is believed for where it lies, not for what it says");
    let listing = roots_file::entries(text)?;
    let json = Shown { verified: false, kind: "roots", listing: &listing };
    context.output.answer(&json, || listing.text())
}
