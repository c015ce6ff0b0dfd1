//! `wane audit query`.

use clap::{Args, ValueEnum};
use serde::Serialize;
use wane::{BlockId, Code};
use wane_audit::{Event, Filter, Outcome, Record};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::log::LogFlag;
use crate::output::escape;
use crate::{exact, time, typed};

/// Search the log: by agent, action, decision, code, time or block
///
/// One line a record: its number, its id, when, what. It is not verified here; `wane audit verify` does that.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane audit query
  wane audit query --decision deny --agent planner
  wane audit query --action 'send:*' --since 2026-11-21T00:00:00Z --json
  wane audit query --code deny-ratchet --limit 10
")]
pub(super) struct Query {
    /// Only those that somebody of this name took part in
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,

    /// Only those with an action within a pattern
    #[arg(long, value_name = "PATTERN")]
    action: Option<String>,

    /// Only those decided so
    #[arg(long, value_enum)]
    decision: Option<Decided>,

    /// Only those with this code
    #[arg(long, value_name = "CODE")]
    code: Option<String>,

    /// Only those from this time on
    #[arg(long, value_name = "TIME")]
    since: Option<String>,

    /// Only those before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,

    /// Only those that a block takes part in: its whole id
    #[arg(long, value_name = "ID")]
    block: Option<String>,

    /// At most so many, the oldest; that there are more is said
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    limit: usize,

    #[command(flatten)]
    log: LogFlag,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Decided {
    Allow,
    Ask,
    Deny,
}

#[derive(Serialize)]
struct Answer {
    records: Vec<Found>,
    more: bool,
}

#[derive(Serialize)]
struct Found {
    number: u64,
    id: String,
    at: u64,
    kind: &'static str,
    decision: Option<&'static str>,
    code: Option<&'static str>,
    audience: Option<String>,
    call: Option<String>,
    actions: Vec<String>,
    agents: Vec<String>,
    level: Option<&'static str>,
    blocks: Vec<String>,
}

impl Query {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let filter = self.filter()?;
        let mut answer = Answer { records: Vec::new(), more: false };
        self.log.open(context)?.records(|number, record| {
            if filter.matches(&record) {
                answer.more = answer.records.len() == self.limit;
                if answer.more {
                    return Ok(false);
                }
                answer.records.push(Found::of(number, &record));
            }
            Ok(true)
        })?;
        if answer.more {
            let shown = answer.records.len();
            context.output.note(format_args!("these are the oldest {shown}, there are more: `--since` or `--limit`"));
        }
        context.output.answer(&answer, || match answer.records.is_empty() {
            true if answer.more => String::new(),
            true => "none".to_owned(),
            false => answer.records.iter().map(Found::line).collect::<Vec<_>>().join("\n"),
        })?;
        Ok(Exit::Done)
    }

    fn filter(&self) -> Result<Filter, Failure> {
        let instant = |flag, text: &Option<String>| text.as_deref().map(|text| typed::instant(flag, text)).transpose();
        Ok(Filter {
            agent: self.agent.clone(),
            action: self.action.as_deref().map(|text| typed::value("--action", text)).transpose()?,
            decision: self.decision.map(|decided| match decided {
                Decided::Allow => Outcome::Allow,
                Decided::Ask => Outcome::Ask,
                Decided::Deny => Outcome::Deny,
            }),
            code: self.code.as_deref().map(code).transpose()?,
            from: instant("--since", &self.since)?,
            until: instant("--until", &self.until)?,
            block: self.block.as_deref().map(|text| typed::value::<BlockId>("--block", text)).transpose()?,
        })
    }
}

fn code(text: &str) -> Result<Code, Failure> {
    let known = Code::ALL.iter().find(|code| code.as_str() == text);
    known.copied().ok_or_else(|| {
        Failure::usage(format!("--code: `{}` is no code", escape(text))).hint("spec/errors.md lists them")
    })
}

impl Found {
    fn of(number: u64, record: &Record) -> Self {
        let mut found = Self {
            number,
            id: record.id.to_string(),
            at: record.at,
            kind: record.event.kind(),
            decision: None,
            code: None,
            audience: None,
            call: None,
            actions: Vec::new(),
            agents: Vec::new(),
            level: None,
            blocks: Vec::new(),
        };
        match &record.event {
            Event::Decision(decided) => {
                found.decision = Some(decided.decision.as_str());
                found.code = decided.code.map(Code::as_str);
                found.audience = Some(decided.aud.to_string());
                found.call = Some(decided.call.join(" "));
                found.actions = decided.actions.iter().map(ToString::to_string).collect();
                found.agents = decided.agents.iter().flatten().cloned().collect();
                found.level = Some(decided.level.as_str());
                found.blocks = decided.blocks.iter().chain([&decided.seal]).map(ToString::to_string).collect();
            }
            Event::Raise(raise) => found.blocks.push(raise.block.to_string()),
            Event::Revoke(revoke) => found.blocks.push(revoke.block.to_string()),
            Event::Register(register) => {
                found.blocks.push(register.block.to_string());
                found.agents.extend(register.sub.clone());
            }
            _ => {}
        }
        found
    }

    fn line(&self) -> String {
        let id: String = self.id.chars().take(16).collect();
        let mut words = vec![format!("{:>6}", self.number), id, time::show(self.at)];
        words.push(self.decision.unwrap_or(self.kind).to_owned());
        words.extend(self.code.map(str::to_owned));
        words.extend((!self.actions.is_empty()).then(|| self.actions.join(" and ")));
        words.extend(self.audience.as_ref().map(|audience| format!("at {audience}")));
        words.extend(self.agents.last().map(|agent| format!("by {}", exact::text(agent))));
        if self.decision.is_none() {
            words.extend(self.blocks.first().map(|block| block.chars().take(16).collect::<String>()));
        }
        words.join("  ")
    }
}
