//! What `check` and `admit` share: the request as the server states it, and the decision as it is told.

use clap::Args;
use serde::Serialize;
use wane::{
    Audience, BlockId, Decision, LedgerId, Level, LiveState, Mark, Name, Refusal, Request, Roots, SealedToken, Verdict,
    Verified, verify,
};

use crate::arguments::Context;
use crate::call::CallFlags;
use crate::change::{self, GrantJson};
use crate::exit::Exit;
use crate::failure::{self, Failure, sentence};
use crate::input::{self, Source, TOKEN_TEXT, source};
use crate::output::{escape, paint};
use crate::tree::{self, BlockJson};
use crate::{command, trust, typed};

/// The request.
#[derive(Args, Debug)]
pub(crate) struct RequestFlags {
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

    /// What the request costs of a counter; may be repeated
    #[arg(long, value_name = "NAME=N")]
    cost: Vec<String>,

    /// Who must approve it, whatever the token says: `P by K, K need N`, as in a block; may be repeated
    #[arg(long, value_name = "ASK")]
    ask: Vec<String>,

    /// Deny a seal that is not bound to one request
    #[arg(long)]
    require_sealed_to_request: bool,
}

/// A genuine token, and the request that it was shown for.
pub(crate) struct Asked {
    pub(crate) sealed: SealedToken,
    pub(crate) verified: Verified,
    pub(crate) request: Request,
    pub(crate) roots: Roots,
}

impl RequestFlags {
    /// Reads everything that the flags name; a token that is not genuine is shown and refused.
    pub(crate) fn read(&self, context: &Context, others: &[&Source]) -> Result<Asked, Failure> {
        let source = context.inputs.or_stdin(self.sealed.as_ref(), "sealed token")?;
        context.inputs.claim(&source, input::SEALED)?;
        typed::claim(&context.inputs, "--root", self.root.as_deref(), input::ROOTS)?;
        context.inputs.claim_all([(self.call.source()?.as_ref(), input::ARGUMENTS)])?;
        context.inputs.claim_all(others.iter().map(|other| (Some(*other), input::APPROVAL)))?;
        let roots = trust::roots(context, self.root.as_deref())?;
        let request = self.request(context)?;
        let text = context.inputs.read_text(&source, input::SEALED, TOKEN_TEXT)?;
        let read = SealedToken::parse(input::unmarked(&text))
            .and_then(|sealed| verify(&sealed, &roots).map(|verified| (sealed, verified)));
        match read {
            Ok((sealed, verified)) => Ok(Asked { sealed, verified, request, roots }),
            Err(refusal) => Err(command::unverified(context, &text, &source, refusal)),
        }
    }

    fn request(&self, context: &Context) -> Result<Request, Failure> {
        let audience = self.audience(context)?;
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
        for (name, cost) in typed::named_numbers("--cost", &self.cost)? {
            request = request.cost(name, cost);
        }
        for ask in typed::values("--ask", &self.ask)? {
            request = request.asking(ask).map_err(Failure::typed)?;
        }
        request = request.arguments(self.call.arguments(context)?);
        Ok(if self.require_sealed_to_request { request.require_request_seal() } else { request })
    }

    fn audience(&self, context: &Context) -> Result<Audience, Failure> {
        let setting = context.settings()?.aud.as_ref().filter(|_| self.aud.is_none());
        if let Some(setting) = setting {
            let value = escape(&setting.value);
            context.output.note(format_args!("the audience `{value}` comes from {}", setting.origin));
        }
        let audience = self.aud.as_deref().or(setting.map(|setting| setting.value.as_str()));
        let audience = audience.ok_or_else(|| {
            Failure::usage("no audience is given").hint("`--aud NAME` says which tool server this is")
        })?;
        typed::value("--aud", audience)
    }
}

/// What the answer rests on.
#[derive(Clone, Debug)]
pub(crate) enum Ground {
    /// Nothing but the token.
    NoLedger,
    /// A ledger that was read.
    Read(LedgerId),
    /// A ledger that has committed what follows; the id of the record, where it is known already.
    Committed(LedgerId, Option<String>),
    /// A ledger that forgets.
    Volatile(LedgerId),
}

impl Ground {
    const fn is_safe(&self) -> bool {
        matches!(self, Self::Read(_) | Self::Committed(..))
    }

    const fn ledger(&self) -> Option<&LedgerId> {
        match self {
            Self::NoLedger => None,
            Self::Read(id) | Self::Committed(id, _) | Self::Volatile(id) => Some(id),
        }
    }

    fn note(&self) -> String {
        match self {
            // spec: T154
            Self::NoLedger => "not rollback-safe: no ledger".into(),
            Self::Read(id) => format!("as ledger {id} knows it; nothing was written"),
            Self::Committed(id, Some(record)) => format!("committed by ledger {id}, record {record}"),
            Self::Committed(id, None) => format!("decided on ledger {id}"),
            Self::Volatile(id) => format!("not rollback-safe: the ledger {id} forgets when its process ends"),
        }
    }
}

/// What `check` and `admit` print in JSON.
#[derive(Serialize)]
pub(crate) struct Answer<'a> {
    decision: &'static str,
    error: Option<failure::ErrorJson<'a>>,
    aud: String,
    actions: Vec<String>,
    call: String,
    at: u64,
    level: &'static str,
    labels: Vec<String>,
    request_digest: Option<String>,
    ledger: Option<String>,
    record: Option<&'a str>,
    mark: &'static str,
    mark_labels: Vec<String>,
    rollback_safe: bool,
    note: String,
    root: String,
    grant: GrantJson,
    blocks: Vec<BlockJson>,
}

/// A decision without its permit: nothing is forwarded from here.
pub(crate) fn verdict(decision: Decision) -> Verdict {
    match decision {
        Decision::Allow(permit) => Verdict::Allow(permit.mark().clone()),
        Decision::Ask(ask) => Verdict::Ask(ask.refusal().clone()),
        Decision::Deny(refusal) => Verdict::Deny(refusal),
    }
}

/// The decision, as it is told.
pub(crate) struct Told {
    word: &'static str,
    exit: Exit,
    /// The mark with this request, where it was allowed.
    mark: Option<Mark>,
    refusal: Option<Refusal>,
    failure: Option<Failure>,
    digest: Option<String>,
    ground: Ground,
    /// What is known beside the token.
    state: LiveState,
}

impl Told {
    /// The verdict, what it rests on and what was known.
    pub(crate) fn of(asked: &Asked, verdict: Verdict, ground: Ground, state: LiveState) -> Self {
        let word = verdict.as_str();
        let (exit, mark, refusal) = match verdict {
            Verdict::Allow(mark) => (Exit::Done, Some(mark), None),
            Verdict::Ask(refusal) => (Exit::NeedsApproval, None, Some(refusal)),
            Verdict::Deny(refusal) => (Exit::of(refusal.code()), None, Some(refusal)),
        };
        let digest = (exit == Exit::NeedsApproval).then(|| asked.verified.request_digest(&asked.request));
        let digest = digest.map(|digest| BlockId::from_bytes(digest).to_string());
        let failure = refusal.clone().map(Failure::from);
        Self { word, exit, mark, refusal, failure, digest, ground, state }
    }

    /// Prints it. `remark` is a line of its own behind the text.
    pub(crate) fn print(
        &self,
        context: &Context,
        asked: &Asked,
        now: u64,
        remark: Option<String>,
    ) -> Result<Exit, Failure> {
        context.output.answer(&self.answer(asked, now), || {
            let mut text = self.text(asked, now);
            if let Some(remark) = remark {
                text.push_str(&format!("\n  {remark}"));
            }
            text
        })?;
        if let Some(hint) = self.refusal.as_ref().and_then(Refusal::hint)
            && !context.output.is_json()
        {
            context.output.hint(hint);
        }
        Ok(self.exit)
    }

    /// The digest of the request, where approvals are missing.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    fn answer<'a>(&'a self, asked: &Asked, now: u64) -> Answer<'a> {
        let Asked { verified, request, .. } = asked;
        let mark = self.mark.clone().unwrap_or_else(|| change::mark(verified, &self.state));
        let record = match &self.ground {
            Ground::Committed(_, record) => record.as_deref(),
            _ => None,
        };
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
            ledger: self.ground.ledger().map(ToString::to_string),
            record,
            mark: mark.level().as_str(),
            mark_labels: mark.labels().map(ToString::to_string).collect(),
            rollback_safe: self.ground.is_safe(),
            note: self.ground.note(),
            root: verified.root().key().to_string(),
            grant: GrantJson::of(verified.grant()),
            blocks: tree::to_json(verified.chain(), &verified.grants()),
        }
    }

    fn text(&self, asked: &Asked, now: u64) -> String {
        let Asked { verified, request, .. } = asked;
        let actions: Vec<String> = request.actions().iter().map(ToString::to_string).collect();
        let grants = &verified.grants();
        let mut lines = vec![format!("{} {}", paint(self.exit, self.word), actions.join(" and "))];
        if let Some(refusal) = &self.refusal {
            lines.push(format!("  {}: {}", refusal.code(), sentence(refusal)));
            lines.extend(failure::place(refusal).map(|place| format!("  in {place}")));
        }
        lines.extend(self.digest.iter().map(|digest| format!("  request {digest}")));
        lines.push(String::new());
        lines.push(tree::draw(verified.chain(), grants, self.refusal.as_ref()));
        lines.push(format!("  trusted root: {}", trust::name(verified.root())));
        lines.extend(change::left(verified, &self.state, now).iter().map(|line| format!("  {line}")));
        if let Some(mark) = &self.mark {
            lines.push(format!("  level with this request: {mark}"));
        }
        lines.push(format!("  {}", self.ground.note()));
        lines.join("\n")
    }
}
