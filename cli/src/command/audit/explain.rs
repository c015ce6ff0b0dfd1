//! `wane audit explain`.

use clap::Args;
use serde::Serialize;
use wane::{Refusal, Remembered, Verdict};
use wane_audit::{Decided, Event, Record, Replayed, replay, retell};

use super::prove;
use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{ErrorJson, Failure, Trouble, sentence};
use crate::input;
use crate::log::{Log, LogFlag};
use crate::output::escape;
use crate::tree::{self, BlockJson};
use crate::{exact, time, trust, typed};

/// Explain one record: who asked for what, with which chain, what it granted, and which comparison failed
///
/// The blocks of the chain are verified again. Of arguments and facts the log keeps keyed digests; what stands in the
/// record in clear is shown.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit code 6: the decision made again is another than the record says.

Examples:
  wane audit explain 0 --root roots.toml
  wane audit explain 2 --root roots.toml --json
")]
pub(super) struct Explain {
    /// The record: its number, or the start of its id, at least eight digits
    #[arg(value_name = "RECORD")]
    record: String,

    /// The trusted roots that were in force: a `wane1.key`, a file that holds a public key, or a roots.toml
    #[arg(long, value_name = "ROOT")]
    root: Option<String>,

    #[command(flatten)]
    log: LogFlag,
}

#[derive(Serialize)]
struct Answer<'a> {
    number: u64,
    id: String,
    at: u64,
    kind: &'static str,
    decision: Option<&'static str>,
    code: Option<&'static str>,
    error: Option<ErrorJson<'a>>,
    again: Option<&'a str>,
    lines: Vec<String>,
    blocks: Vec<BlockJson>,
}

/// A decision made again, as far as it can be.
#[derive(Default)]
struct Again {
    /// What it comes to, where that is not what the record says.
    different: Option<String>,
    told: Option<Told>,
}

/// The chain and what it is refused for.
struct Told {
    kept: Remembered,
    refusal: Option<Refusal>,
}

impl Explain {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        typed::claim(&context.inputs, "--root", self.root.as_deref(), input::ROOTS)?;
        let mut log = self.log.open(context)?;
        let wanted = prove::find(&mut log, &self.record)?;
        let mut found = None;
        log.records(|number, record| {
            if number == wanted {
                found = Some(record);
            }
            Ok(number < wanted)
        })?;
        let record = found.ok_or_else(|| Failure::new(Trouble::NotFound, format!("there is no record {wanted}")))?;
        let (again, lines) = match &record.event {
            Event::Decision(decided) => (self.again(context, &mut log, &record, decided)?, decision(decided)),
            event => (Again::default(), vec![format!("  {}", other(event))]),
        };
        let told = again.told.as_ref();
        let failure = told.and_then(|told| told.refusal.clone()).map(Failure::from);
        let answer = Answer {
            number: wanted,
            id: record.id.to_string(),
            at: record.at,
            kind: record.event.kind(),
            decision: decided(&record).map(|decided| decided.decision.as_str()),
            code: decided(&record).and_then(|decided| decided.code).map(wane::Code::as_str),
            error: failure.as_ref().map(Failure::to_json),
            again: again.different.as_deref(),
            blocks: told.map_or_else(Vec::new, |told| tree::to_json(told.kept.chain(), &told.kept.grants())),
            lines,
        };
        context.output.answer(&answer, || answer.text(told))?;
        Ok(if again.different.is_none() { Exit::Done } else { Exit::Broken })
    }

    fn again(&self, context: &Context, log: &mut Log, record: &Record, decided: &Decided) -> Result<Again, Failure> {
        let roots = trust::roots(context, self.root.as_deref())?;
        if decided.roots.as_bytes() != roots.digest() {
            context.output.warn("other roots were in force than those given here");
        }
        let mut envelopes = log.envelopes()?;
        envelopes.fetch(log, &decided.blocks)?;
        let different = match replay(decided, record.at, |block| envelopes.of(block), &roots) {
            Ok(Replayed::Different { again, .. }) => Some(again),
            Ok(_) => None,
            // Kept blocks that do not make the chain that the record names show nothing of it.
            Err(refusal) => {
                let different = Some(format!("{}: {}", refusal.code(), sentence(&refusal)));
                return Ok(Again { different, told: None });
            }
        };
        let again = retell(decided, record.at, |block| envelopes.of(block), &roots).map_err(Failure::from)?;
        if again.is_none() {
            context.output.note("the blocks of its chain are not all kept, so the chain cannot be shown");
        }
        let told = again.map(|(kept, verdict)| Told {
            kept,
            refusal: match verdict {
                Verdict::Allow(_) => None,
                Verdict::Ask(refusal) | Verdict::Deny(refusal) => Some(refusal),
            },
        });
        Ok(Again { different, told })
    }
}

impl Answer<'_> {
    fn text(&self, told: Option<&Told>) -> String {
        let code = self.code.map(|code| format!(" {code}")).unwrap_or_default();
        let what = self.decision.unwrap_or(self.kind);
        let mut lines = vec![format!("{what}{code}, record {} {} at {}", self.number, self.id, time::show(self.at))];
        if let Some(again) = self.again {
            lines.push(format!("  ! made again it comes out as `{}`", escape(again)));
        }
        if let Some(refusal) = told.and_then(|told| told.refusal.as_ref()) {
            lines.push(format!("  {}", sentence(refusal)));
        }
        lines.extend(self.lines.iter().cloned());
        if let Some(told) = told {
            lines.push(String::new());
            lines.push(tree::draw(told.kept.chain(), &told.kept.grants(), told.refusal.as_ref()));
        }
        lines.join("\n")
    }
}

fn decided(record: &Record) -> Option<&Decided> {
    match &record.event {
        Event::Decision(decided) => Some(decided),
        _ => None,
    }
}

/// The request, as far as it is opened, and what followed.
fn decision(decided: &Decided) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |what: &str, text: String| lines.push(format!("  {what:<10} {text}"));
    let call: Vec<String> = decided.call.iter().map(|part| exact::text(part)).collect();
    say("audience", decided.aud.to_string());
    say("call", call.join(" "));
    say("actions", decided.actions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "));
    say("level", decided.labels.iter().fold(decided.level.to_string(), |text, label| format!("{text} {label}")));
    let agents: Vec<String> = decided.agents.iter().flatten().map(|agent| exact::text(agent)).collect();
    if !agents.is_empty() {
        say("agents", agents.join(" > "));
    }
    let shown = |name: &str| match decided.clear.get(name) {
        Some(value) => format!("{} = {}", exact::text(name), exact::json(value)),
        None => format!("{}, not opened", exact::text(name)),
    };
    decided.arguments.keys().for_each(|name| say("argument", shown(name)));
    decided.facts.keys().for_each(|name| say("fact", shown(&format!("@{name}"))));
    say("mark", format!("{} before, {} after", decided.mark_before, decided.mark_after));
    decided.costs.iter().for_each(|(name, cost)| say("cost", format!("{name} {cost}")));
    decided.asks.iter().for_each(|ask| say("asked here", ask.to_string()));
    for charge in &decided.charges {
        let block: String = charge.block.to_string().chars().take(16).collect();
        say("charged", format!("{} {} to block {block}, at most {}", charge.name, charge.cost, charge.cap));
    }
    for approval in &decided.approvals {
        let code = approval.code.map(|code| format!(", {code}")).unwrap_or_default();
        say("approval", format!("by {}{code}", approval.key.hint()));
    }
    if !decided.conditions.is_empty() {
        say("conditions", format!("{} were looked at", decided.conditions.len()));
    }
    say("version", exact::text(&decided.version));
    lines
}

fn other(event: &Event) -> String {
    let json = serde_json::to_string(event).unwrap_or_default();
    exact::json(&json)
}
