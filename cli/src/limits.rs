//! The limits that `mint` and `attenuate` share: as typed, as written in a grant file, and as meant.

use clap::Args;
use serde::Deserialize;
use wane::{AskRule, LedgerId, Level, Name, Pattern, Rule, Scope};

use crate::arguments::Context;
use crate::failure::Failure;
use crate::input::{self, Source, TOML_TEXT, source};
use crate::settings::parse_toml;
use crate::typed;

/// What may be typed.
#[derive(Args, Debug)]
pub(crate) struct LimitFlags {
    /// A scope: PATTERN [if COND [and COND]...] [only|open]; may be repeated
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Vec<String>,

    /// An audience, the name of a tool server or a pattern of names; may be repeated
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) aud: Vec<String>,

    /// Deny the actions within a pattern for ever; may be repeated
    #[arg(long, value_name = "PATTERN")]
    deny: Vec<String>,

    /// Demand approvals for the actions within a pattern, K a key or a group; may be repeated
    #[arg(long, value_name = "P by K[, K] need N")]
    ask: Vec<String>,

    /// Raise the mark to a level: public, internal, confidential, restricted or top-secret
    #[arg(long, value_name = "LEVEL")]
    raise: Option<String>,

    /// Add a label to the mark, such as `pii` or `untrusted`; may be repeated
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,

    /// The highest level that may be touched
    #[arg(long, value_name = "LEVEL")]
    clearance: Option<String>,

    /// A file of ratchet rules: [[rule]] level, labels, keep
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) ratchet: Option<Source>,

    /// How long it lives from now on, such as `10m` or `1h 30m`
    #[arg(long, value_name = "DURATION")]
    ttl: Option<String>,

    /// How many more blocks may be added by those it is handed to
    #[arg(long, value_name = "N")]
    depth: Option<u8>,

    /// Cap a counter of the ledger; may be repeated
    #[arg(long, value_name = "NAME=N")]
    budget: Vec<String>,

    /// The ledger that must be asked
    #[arg(long, value_name = "HEX")]
    ledger_id: Option<String>,

    /// Whom it is for, in your words
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    sub: Option<String>,

    /// A remark, in your words
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    note: Option<String>,
}

/// What a grant file may say: the flags of `mint`, in TOML.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct GrantFile {
    aud: Vec<String>,
    scope: Vec<String>,
    deny: Vec<String>,
    ask: Vec<String>,
    raise: Option<String>,
    label: Vec<String>,
    clearance: Option<String>,
    ratchet: Option<Vec<RuleFile>>,
    ttl: Option<String>,
    depth: Option<u8>,
    budget: std::collections::BTreeMap<String, u64>,
    ledger_id: Option<String>,
    sub: Option<String>,
    note: Option<String>,
    /// `--issuer`
    pub(crate) issuer: bool,
    /// `--to`
    pub(crate) to: Option<String>,
}

/// A ratchet rule, in whichever file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleFile {
    level: String,
    #[serde(default)]
    labels: Vec<String>,
    keep: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    #[serde(default)]
    rule: Vec<RuleFile>,
}

/// What was meant.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) scopes: Vec<Scope>,
    pub(crate) audiences: Vec<Pattern>,
    pub(crate) deny: Vec<Pattern>,
    pub(crate) ask: Vec<AskRule>,
    pub(crate) raise: Option<Level>,
    pub(crate) labels: Vec<Name>,
    pub(crate) clearance: Option<Level>,
    /// `Some` and empty: a file without a rule was given.
    pub(crate) rules: Option<Vec<Rule>>,
    /// Seconds.
    pub(crate) ttl: Option<u64>,
    pub(crate) depth: Option<u8>,
    pub(crate) budgets: Vec<(Name, u64)>,
    pub(crate) ledger: Option<LedgerId>,
    pub(crate) sub: Option<String>,
    pub(crate) note: Option<String>,
}

impl LimitFlags {
    /// What the flags mean.
    pub(crate) fn read(&self, context: &Context) -> Result<Limits, Failure> {
        let rules = match &self.ratchet {
            None => None,
            Some(source) => {
                let text = context.inputs.read_text(source, input::RULES, TOML_TEXT)?;
                let file: RulesFile = parse_toml(&text).map_err(|failure| failure.within(source.name()))?;
                Some(
                    file.rule
                        .iter()
                        .map(RuleFile::read)
                        .collect::<Result<_, _>>()
                        .map_err(|failure: Failure| failure.within(source.name()))?,
                )
            }
        };
        Ok(Limits {
            scopes: typed::values("--scope", &self.scope)?,
            audiences: typed::values("--aud", &self.aud)?,
            deny: typed::values("--deny", &self.deny)?,
            ask: typed::values("--ask", &self.ask)?,
            raise: self.raise.as_deref().map(|text| typed::value("--raise", text)).transpose()?,
            labels: typed::values("--label", &self.label)?,
            clearance: self.clearance.as_deref().map(|text| typed::value("--clearance", text)).transpose()?,
            rules,
            ttl: self.ttl.as_deref().map(|text| typed::duration("--ttl", text)).transpose()?,
            depth: self.depth,
            budgets: typed::named_numbers("--budget", &self.budget)?,
            ledger: self.ledger_id.as_deref().map(|text| typed::value("--ledger-id", text)).transpose()?,
            sub: self.sub.clone(),
            note: self.note.clone(),
        })
    }
}

impl GrantFile {
    /// Reads a grant file.
    pub(crate) fn open(context: &Context, source: &Source) -> Result<Self, Failure> {
        let text = context.inputs.read_text(source, input::GRANT, TOML_TEXT)?;
        parse_toml(&text).map_err(|failure| failure.within(source.name()))
    }

    /// What the file means.
    pub(crate) fn read(&self) -> Result<Limits, Failure> {
        let rules = self.ratchet.as_ref().map(|rules| rules.iter().map(RuleFile::read).collect::<Result<_, _>>());
        let budgets = self.budget.iter().map(|(name, cap)| Ok((typed::value("budget", name)?, *cap)));
        Ok(Limits {
            scopes: typed::values("scope", &self.scope)?,
            audiences: typed::values("aud", &self.aud)?,
            deny: typed::values("deny", &self.deny)?,
            ask: typed::values("ask", &self.ask)?,
            raise: self.raise.as_deref().map(|text| typed::value("raise", text)).transpose()?,
            labels: typed::values("label", &self.label)?,
            clearance: self.clearance.as_deref().map(|text| typed::value("clearance", text)).transpose()?,
            rules: rules.transpose()?,
            ttl: self.ttl.as_deref().map(|text| typed::duration("ttl", text)).transpose()?,
            depth: self.depth,
            budgets: budgets.collect::<Result<_, Failure>>()?,
            ledger: self.ledger_id.as_deref().map(|text| typed::value("ledger-id", text)).transpose()?,
            sub: self.sub.clone(),
            note: self.note.clone(),
        })
    }
}

impl RuleFile {
    /// What the rule means.
    pub(crate) fn read(&self) -> Result<Rule, Failure> {
        let labels: Vec<Name> = typed::values("labels", &self.labels)?;
        let keep: Vec<Pattern> = typed::values("keep", &self.keep)?;
        Ok(Rule::new(typed::value("level", &self.level)?, labels, keep))
    }
}

impl Limits {
    /// These limits on top of those of a file: what a flag says once replaces what the file says, audiences
    /// too; restrictions add up.
    pub(crate) fn over(self, mut file: Self) -> Self {
        file.deny.extend(self.deny);
        file.ask.extend(self.ask);
        file.labels.extend(self.labels);
        file.budgets.retain(|(name, _)| !self.budgets.iter().any(|(flag, _)| flag == name));
        file.budgets.extend(self.budgets);
        Self {
            scopes: if self.scopes.is_empty() { file.scopes } else { self.scopes },
            audiences: if self.audiences.is_empty() { file.audiences } else { self.audiences },
            raise: self.raise.or(file.raise),
            clearance: self.clearance.or(file.clearance),
            rules: self.rules.or(file.rules),
            ttl: self.ttl.or(file.ttl),
            depth: self.depth.or(file.depth),
            ledger: self.ledger.or(file.ledger),
            sub: self.sub.or(file.sub),
            note: self.note.or(file.note),
            deny: file.deny,
            ask: file.ask,
            labels: file.labels,
            budgets: file.budgets,
        }
    }
}
