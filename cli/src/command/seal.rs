//! `wane seal`: what a tool server is shown.

use clap::Args;
use serde::Serialize;
use wane::{Audience, Grant, Seal as Sealing, limits};

use crate::arguments::Context;
use crate::call::CallFlags;
use crate::change::GrantJson;
use crate::emit::OutFlag;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{self, Source, source};
use crate::{holder, key_file, random, time, typed};

/// Seal a token for a tool server: nobody can extend it, and it carries no secret
///
/// With a call (--action, --tool or --http) it is good for exactly that request, with these arguments, for at
/// most five minutes.
#[derive(Args, Debug)]
#[command(after_help = "\
An audience is needed only where the token leaves more than one. A seal for one request lives 60 seconds unless
--ttl says otherwise.

Examples:
  wane seal session.tok -o session.sealed
  wane seal session.tok --ttl 1m --header
  wane seal session.tok --tool read_file --args '{\"path\": \"/data/a\"}' --said purpose=report -o one.sealed
  wane seal - --http 'GET /files?limit=5' < session.tok
")]
pub(crate) struct Seal {
    /// The token (default: WANE_TOKEN_FILE, else standard input)
    #[arg(value_name = "TOKEN", value_parser = source())]
    token: Option<Source>,

    /// The tool server it is for
    #[arg(long, value_name = "AUDIENCE")]
    aud: Option<String>,

    /// How long it lives from now on (default: as long as the token)
    #[arg(long, value_name = "DURATION")]
    ttl: Option<String>,

    #[command(flatten)]
    call: CallFlags,

    /// A fact in the holder's own words, which conditions know as `@said.NAME`; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    said: Vec<String>,

    /// Your own private key, where the token is bound to it
    #[arg(long, value_name = "HOLDER.pem", value_parser = source())]
    key: Option<Source>,

    /// Where the passphrase of an encrypted key is read from, instead of the terminal
    #[arg(long, value_name = "FILE", value_parser = source(), requires = "key")]
    passphrase_file: Option<Source>,

    /// Print a JSON object with the Authorization header
    #[arg(long)]
    header: bool,

    #[command(flatten)]
    out: OutFlag,
}

/// The lifetime of a seal for one request where none is stated, in seconds.
const REQUEST_TTL: u64 = 60;

#[derive(Serialize)]
struct Answer {
    id: String,
    for_one_request: bool,
    grant: Option<GrantJson>,
}

impl Seal {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        if !self.call.action.is_empty() && self.call.names_a_message() {
            return Err(Failure::usage("--action beside --tool or --http: a seal is for one call"));
        }
        if self.call.args.is_some() && self.call.call()?.is_none() {
            return Err(Failure::usage("--args without a call").hint("name it with `--action`, `--tool` or `--http`"));
        }
        let source = holder::source(context, self.token.as_ref())?;
        let arguments = self.call.source()?;
        context.inputs.claim(&source, input::TOKEN)?;
        context.inputs.claim_all([
            (self.key.as_ref(), input::KEY),
            (self.passphrase_file.as_ref(), input::PASSPHRASE),
            (arguments.as_ref(), input::ARGUMENTS),
        ])?;
        let token = holder::read_token(context, Some(&source))?;
        let grant = holder::grant(token.chain())?;
        let seal = self.sealing(context, &grant)?;
        let sealed = match &self.key {
            Some(source) => {
                let key = key_file::read_secret(&context.inputs, source, self.passphrase_file.as_ref())?;
                token.seal_as(&key, &seal)
            }
            None => token.seal(&seal),
        }
        .map_err(Failure::making)?;
        let answer = Answer {
            id: sealed.chain().blocks().last().map(|block| block.id().to_string()).unwrap_or_default(),
            for_one_request: self.call.call()?.is_some(),
            grant: sealed.chain().grants()?.last().map(GrantJson::of),
        };
        let text = sealed.to_text();
        if self.header {
            let header = serde_json::json!({ "Authorization": format!("Bearer {text}") }).to_string();
            self.out.emit_as_is(context, &header, &answer)?;
        } else {
            self.out.emit(context, "sealed", &text, &answer)?;
        }
        Ok(Exit::Done)
    }

    fn sealing(&self, context: &Context, grant: &Grant) -> Result<Sealing, Failure> {
        let now = time::now()?;
        let mut seal = Sealing::new();
        if let Some(audience) = self.audience(context, grant)? {
            seal = seal.audience(audience);
        }
        for (name, value) in typed::named_values("--said", &self.said)? {
            seal = seal.said(name, value);
        }
        let ttl = self.ttl.as_deref().map(|text| typed::duration("--ttl", text)).transpose()?;
        Ok(match self.call.call()? {
            Some(call) => {
                // A stated lifetime is taken as it is, and refused if it is too long; ours gives way.
                let expires_at = match ttl {
                    Some(ttl) => now.saturating_add(ttl),
                    None => now.saturating_add(REQUEST_TTL.min(limits::REQUEST_SEAL_SECONDS)).min(grant.expires_at()),
                };
                let arguments = self.call.arguments(context)?;
                seal.for_request(call, arguments, now, expires_at, &mut random::system()?)
            }
            None => ttl.into_iter().fold(seal, |seal, ttl| seal.expires_at(now.saturating_add(ttl))),
        })
    }

    /// The audience to state: the one that was named, or the one of the settings where the token leaves a choice.
    fn audience(&self, context: &Context, grant: &Grant) -> Result<Option<Audience>, Failure> {
        if let Some(audience) = &self.aud {
            return typed::value("--aud", audience).map(Some);
        }
        if let [only] = grant.audiences()
            && only.as_audience().is_some()
        {
            return Ok(None);
        }
        match &context.settings()?.aud {
            Some(setting) => {
                context.output.note(format_args!("the audience `{}` comes from {}", setting.value, setting.origin));
                typed::value("aud", &setting.value).map(Some)
            }
            None => Ok(None),
        }
    }
}
