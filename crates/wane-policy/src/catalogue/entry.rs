//! What a call of one tool, prompt, resource or route needs.

use std::collections::BTreeMap;
use std::str::FromStr;

use wane::{Arguments, AskRule, Audience, Call, Code, Level, Name, Pattern, Refusal, Request, Value};

use super::template::{Place, Template};
use super::when::When;
use crate::demand::Tried;
use crate::pin::ToolDigest;

/// An entry: its cases in order, the first that matches counts.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What messages call it: `the tool "fetch"`.
    pub(super) named: String,
    pub(super) cases: Cases,
    pub(super) trusted: BTreeMap<String, Vec<String>>,
    pub(super) pin: Option<ToolDigest>,
    pub(super) reach: Reach,
}

/// Whether somebody has thought of where a tool's arguments go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It says so, or one of its actions does.
    Stated,
    /// Some call of it does no more than read and write, and nothing says that it stays inside.
    Presumed,
}

/// What an entry needs.
#[derive(Clone, Debug)]
pub(super) enum Cases {
    /// The same of every call.
    Always(Box<Case>),
    /// What the first rule says that matches.
    Rules(Vec<(When, Case)>),
}

/// What a call needs, may reveal and costs.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) action: Template,
    pub(super) sinks: Vec<Template>,
    pub(super) level: Level,
    pub(super) labels: Vec<Name>,
    pub(super) costs: BTreeMap<Name, Cost>,
    pub(super) facts: BTreeMap<Name, Value>,
    pub(super) asks: Vec<Approvers>,
}

/// Who must approve every call of a case, and how many of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Approvers(AskRule);

impl FromStr for Approvers {
    type Err = Refusal;

    /// `K[, K] [need N]`: an ask whose pattern is still to come.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refuse = |why: &dyn std::fmt::Display| Refusal::new(Code::ParseCatalogue, "ask", why, "");
        let rule: AskRule = format!("* by {text}").parse().map_err(|why| refuse(&format_args!("`{text}`: {why}")))?;
        match rule.approvers().len() {
            count if count > wane::limits::LIST => Err(refuse(&format_args!("{count} approvers of one ask"))),
            _ => Ok(Self(rule)),
        }
    }
}

/// What a call costs of a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    Number(u64),
    /// What the call says at this place.
    Stated(Place),
}

impl Entry {
    /// The case that matches, and the number of its rule; each rule that was looked at goes into `tried`.
    pub(super) fn matching(
        &self,
        arguments: &Arguments,
        facts: &BTreeMap<Name, Value>,
        mut tried: Option<&mut Vec<Tried>>,
    ) -> Result<(&Case, Option<usize>), Refusal> {
        let rules = match &self.cases {
            Cases::Always(case) => return Ok((case, None)),
            Cases::Rules(rules) => rules,
        };
        for ((when, case), rule) in rules.iter().zip(1..) {
            // A condition may look at what its own case states.
            let answer = match case.facts.is_empty() {
                true => when.judge(arguments, facts),
                false => when.judge(arguments, &case.with(facts.clone())),
            };
            if let Some(tried) = tried.as_mut() {
                tried.push(Tried { rule, when: when.to_string(), refusal: answer.clone().err() });
            }
            match answer {
                Ok(()) => return Ok((case, Some(rule))),
                Err(refusal) if refusal.code() == Code::DenyCondition => {}
                Err(refusal) => return Err(refusal),
            }
        }
        // spec: C8
        Err(Refusal::new(Code::DenyUnmatched, "rule", &self.named, ""))
    }

    /// For each case, the patterns of the actions it needs.
    pub(super) fn patterns(&self) -> Vec<Vec<Pattern>> {
        let cases: Vec<&Case> = match &self.cases {
            Cases::Always(case) => vec![case],
            Cases::Rules(rules) => rules.iter().map(|(_, case)| case).collect(),
        };
        cases
            .into_iter()
            .map(|case| case.templates().filter_map(|template| template.pattern().ok()).collect())
            .collect()
    }
}

impl Case {
    /// Its action, then its sinks.
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.action).chain(&self.sinks)
    }

    /// Its facts beside those of every call.
    fn with(&self, mut facts: BTreeMap<Name, Value>) -> BTreeMap<Name, Value> {
        facts.extend(self.facts.iter().map(|(name, value)| (name.clone(), value.clone())));
        facts
    }

    /// The request that a call is.
    pub(super) fn request(
        &self,
        audience: Audience,
        call: Call,
        arguments: Arguments,
        facts: BTreeMap<Name, Value>,
    ) -> Result<Request, Refusal> {
        let facts = self.with(facts);
        let mut actions = Vec::new();
        for template in self.templates() {
            let action = template.fill(&arguments, &facts)?;
            if !actions.contains(&action) {
                actions.push(action);
            }
        }
        let costs: Vec<(Name, u64)> =
            self.costs.iter().filter_map(|(name, cost)| Some((name.clone(), cost.of(&arguments, &facts)?))).collect();
        // One action that is asked about is enough: all of them are one request, and are approved as one.
        // spec: C23
        let asks: Vec<AskRule> =
            self.asks.iter().flat_map(|ask| actions.first().map(|action| ask.0.for_action(action))).collect();
        let mut request = Request::new(audience, call, actions, self.level)?.arguments(arguments);
        request = asks.into_iter().try_fold(request, Request::asking)?;
        for label in &self.labels {
            request = request.label(label.clone());
        }
        for (name, value) in facts {
            request = request.fact(name, value);
        }
        for (name, cost) in costs {
            request = request.cost(name, cost);
        }
        Ok(request)
    }
}

impl Cost {
    /// The number, if there is one: a counter without a stated cost denies where it is capped.
    // spec: C10
    fn of(&self, arguments: &Arguments, facts: &BTreeMap<Name, Value>) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Stated(place) => match place.scalar(arguments, facts)? {
                Value::Integer(integer) => u64::try_from(integer.get()).ok(),
                Value::Bool(_) | Value::Null | Value::Text(_) => None,
            },
        }
    }
}
