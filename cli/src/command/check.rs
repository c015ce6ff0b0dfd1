//! `wane check`: would this request be allowed, and why.

use clap::Args;
use serde::Serialize;
use wane::{Audience, Decision, Level, LiveState, Mark, Name, Refusal, Request, SealedToken, Verified, decide, verify};

use crate::arguments::Context;
use crate::call::CallFlags;
use crate::change::{self, GrantJson};
use crate::exit::Exit;
use crate::failure::{Failure, place, sentence};
use crate::input::{self, Source, TOKEN_TEXT, source};
use crate::output::{escape, paint};
use crate::tree::{self, BlockJson};
use crate::{time, trust, typed};

/// Judge one request as a tool server would: allow, deny or approval needed, and why
///
/// States the server's side: its audience, the actions that the call needs, and the level of what it touches
/// come from the server's own knowledge, never from the agent. Nothing is written.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit codes: 0 allow, 3 deny, 4 malformed or forged, 5 approval needed. Without --tool or --http the call is the
actions themselves. This version has no ledger, so an older, wider copy of a token is not noticed.

Examples:
  wane check child.sealed --root root.pub --aud files --action read:hr:employees --level internal
  wane check child.sealed --root root.pub --aud files --action write:hr --level internal   # exit 3
  wane check child.sealed --root root.pub --aud files --action read:hr:a --level public --tool read --args '{\"path\": \"/data\"}'
  wane check child.sealed --root root.pub --aud files --action read:hr:a --level internal --fact env=prod --json
")]
pub(crate) struct Check {
    /// The sealed token (default: standard input)
    #[arg(value_name = "SEALED", value_parser = source())]
    sealed: Option<Source>,

    /// The trusted root: a `wane1.key`, a file that holds a public key, or a roots.toml
    #[arg(long, value_name = "ROOT")]
    root: Option<String>,

    /// The audience that the server is (default: WANE_AUD)
    #[arg(long, value_name = "AUDIENCE")]
    aud: Option<String>,

    #[command(flatten)]
    call: CallFlags,

    /// The level of what the request touches: public, internal, confidential, restricted or top-secret
    #[arg(long, value_name = "LEVEL")]
    level: String,

    /// A label of what the request touches; may be repeated
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,

    /// A fact that the server states, which conditions know as `@NAME`; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    fact: Vec<String>,

    /// When, instead of now: 2026-11-21T09:30:00Z or seconds since 1970
    #[arg(long, value_name = "TIME")]
    at: Option<String>,

    /// Deny a seal that is not bound to one request
    #[arg(long)]
    require_sealed_to_request: bool,
}

/// What is said of every answer given without a ledger.
const NOT_ROLLBACK_SAFE: &str = "not rollback-safe: no ledger";

#[derive(Serialize)]
struct Answer<'a> {
    decision: &'static str,
    error: Option<crate::failure::ErrorJson<'a>>,
    aud: String,
    actions: Vec<String>,
    call: String,
    at: u64,
    level: &'static str,
    labels: Vec<String>,
    request_digest: Option<String>,
    rollback_safe: bool,
    note: &'static str,
    root: String,
    grant: GrantJson,
    blocks: Vec<BlockJson>,
}

impl Check {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let source = context.inputs.or_stdin(self.sealed.as_ref(), "sealed token")?;
        context.inputs.claim(&source, input::SEALED)?;
        typed::claim(&context.inputs, "--root", self.root.as_deref(), input::ROOTS)?;
        context.inputs.claim_all([(self.call.source()?.as_ref(), input::ARGUMENTS)])?;
        let roots = trust::roots(context, self.root.as_deref())?;
        let now = match &self.at {
            Some(text) => typed::instant("--at", text)?,
            None => time::now()?,
        };
        let request = self.request(context)?;
        if let Some(ledger) = &context.settings()?.ledger {
            context
                .output
                .warn(format_args!("the ledger named by {} is not asked: this version has none", ledger.origin));
        }
        let text = context.inputs.read_text(&source, input::SEALED, TOKEN_TEXT)?;
        let verified = match SealedToken::parse(input::unmarked(&text)).and_then(|sealed| verify(&sealed, &roots)) {
            Ok(verified) => verified,
            Err(refusal) => {
                return Err(super::verify::unverified(context, &text, &source, refusal));
            }
        };
        let decision = decide(&verified, &request, &LiveState::without_ledger(), now);
        let verdict = Verdict::of(decision);
        context.output.answer(&verdict.answer(&verified, &request, now), || {
            let mut text = verdict.text(&verified, &request, now);
            if self.at.is_some() {
                text.push_str(&format!("\n  judged at {}, not now", time::show(now)));
            }
            text
        })?;
        if let Some(hint) = verdict.refusal.as_ref().and_then(Refusal::hint)
            && !context.output.is_json()
        {
            context.output.hint(hint);
        }
        Ok(verdict.exit)
    }

    fn request(&self, context: &Context) -> Result<Request, Failure> {
        let setting = context.settings()?.aud.as_ref().filter(|_| self.aud.is_none());
        if let Some(setting) = setting {
            let value = escape(&setting.value);
            context.output.note(format_args!("the audience `{value}` comes from {}", setting.origin));
        }
        let audience = self.aud.as_deref().or(setting.map(|setting| setting.value.as_str()));
        let audience = audience.ok_or_else(|| {
            Failure::usage("no audience is given").hint("`--aud NAME` says which tool server this is")
        })?;
        let audience: Audience = typed::value("--aud", audience)?;
        let actions = self.call.actions()?;
        if actions.is_empty() {
            return Err(Failure::usage("no action is given").hint("`--action VERB:THING` says what the call needs"));
        }
        let level: Level = typed::value("--level", &self.level)?;
        let call = self.call.call()?.ok_or_else(|| Failure::usage("no call is given"))?;
        let mut request = Request::new(audience, call, actions, level).map_err(Failure::typed)?;
        for label in typed::values::<Name>("--label", &self.label)? {
            request = request.label(label);
        }
        for (name, value) in typed::named_values("--fact", &self.fact)? {
            if name.as_str() == "said" {
                return Err(Failure::usage("--fact: `said` is what holders state, in the seal"));
            }
            request = request.fact(name, value);
        }
        request = request.arguments(self.call.arguments(context)?);
        Ok(if self.require_sealed_to_request { request.require_request_seal() } else { request })
    }
}

/// The decision, as it is told.
struct Verdict {
    word: &'static str,
    exit: Exit,
    mark: Option<Mark>,
    refusal: Option<Refusal>,
    failure: Option<Failure>,
    digest: Option<String>,
}

impl Verdict {
    fn of(decision: Decision) -> Self {
        let (word, exit, mark, refusal, digest) = match decision {
            Decision::Allow(permit) => ("allow", Exit::Done, Some(permit.mark().clone()), None, None),
            Decision::Ask(ask) => {
                let digest = ask.request_digest().iter().map(|byte| format!("{byte:02x}")).collect();
                ("ask", Exit::NeedsApproval, None, Some(ask.refusal().clone()), Some(digest))
            }
            Decision::Deny(refusal) => ("deny", Exit::of(refusal.code().family()), None, Some(refusal), None),
        };
        let failure = refusal.clone().map(Failure::from);
        Self { word, exit, mark, refusal, failure, digest }
    }

    fn answer<'a>(&'a self, verified: &Verified, request: &Request, now: u64) -> Answer<'a> {
        Answer {
            decision: self.word,
            error: self.failure.as_ref().map(Failure::to_json),
            aud: request.audience().to_string(),
            actions: request.actions().iter().map(ToString::to_string).collect(),
            call: request.call().to_string(),
            at: now,
            level: request.mark().level().as_str(),
            labels: request.mark().labels().map(ToString::to_string).collect(),
            request_digest: self.digest.clone(),
            rollback_safe: false,
            note: NOT_ROLLBACK_SAFE,
            root: verified.root().key().to_string(),
            grant: GrantJson::of(verified.grant()),
            blocks: tree::to_json(verified.chain(), &verified.grants()),
        }
    }

    fn text(&self, verified: &Verified, request: &Request, now: u64) -> String {
        let actions: Vec<String> = request.actions().iter().map(ToString::to_string).collect();
        let grants = &verified.grants();
        let mut lines = vec![format!("{} {}", paint(self.exit, self.word), actions.join(" and "))];
        if let Some(refusal) = &self.refusal {
            lines.push(format!("  {}: {}", refusal.code(), sentence(refusal)));
            lines.extend(place(refusal).map(|place| format!("  in {place}")));
        }
        lines.push(String::new());
        lines.push(tree::draw(verified.chain(), grants, self.refusal.as_ref()));
        lines.push(format!("  trusted root: {}", trust::name(verified.root())));
        lines.extend(change::left(verified, now).iter().map(|line| format!("  {line}")));
        if let Some(mark) = &self.mark {
            lines.push(format!("  level with this request: {mark}"));
        }
        lines.push(format!("  {NOT_ROLLBACK_SAFE}"));
        lines.join("\n")
    }
}
