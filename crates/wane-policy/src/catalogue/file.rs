//! The file of a catalogue: what may stand where.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, Visitor};
use wane::{Audience, Level, Name, Pointer, Refusal, Value};

use super::entry::{Approvers, Case, Cases, Cost, Entry, Reach};
use super::route::{Body, Method, Path, Route};
use super::template::{Place, Template};
use super::when::When;
use super::{Entries, Seals};
use crate::pin::ToolDigest;

/// How YAML is read: without what only YAML has.
pub(super) fn yaml() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_anchors: 0, max_aliases: 0, max_nodes: 100_000, max_depth: 32, max_documents: 1 },
        merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        reject_tagged_field_names: true,
        ignore_binary_tag_for_string: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}

/// What the reader of YAML says, in one line.
pub(super) fn said(error: &serde_saphyr::Error) -> String {
    let place = error.location().map(|at| format!("line {}, column {}: ", at.line(), at.column()));
    let message = error.without_snippet().to_string();
    let message = message.lines().next().unwrap_or_default();
    let message = message.split(" at line ").next().unwrap_or_default();
    format!("{}{message}", place.unwrap_or_default())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    server: BTreeMap<Text<Name>, ServerTable>,
}

impl File {
    pub(super) fn servers(self) -> BTreeMap<Name, Entries> {
        self.server.into_iter().map(|(name, table)| (name.0, table.into_entries())).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ServerTable {
    #[serde(default, deserialize_with = "stated")]
    audience: Option<Text<Audience>>,
    #[serde(default)]
    request_seal: bool,
    #[serde(default)]
    tool: BTreeMap<String, Of<Tool>>,
    #[serde(default)]
    prompt: BTreeMap<String, Of<Prompt>>,
    #[serde(default)]
    resource: Resources,
    #[serde(default)]
    route: Routes,
}

impl ServerTable {
    fn into_entries(self) -> Entries {
        let called = |kind: &str, name: &str, mut entry: Entry| {
            entry.named = format!("the {kind} {name:?}");
            entry
        };
        let tool = |(name, of): (String, Of<Tool>)| (name.clone(), called("tool", &name, of.0));
        let prompt = |(name, of): (String, Of<Prompt>)| (name.clone(), called("prompt", &name, of.0));
        let resource = |(of, place): (Of<Resource>, usize)| {
            let (when, entry) = of.0;
            (when, called("resource", &place.to_string(), entry))
        };
        let route = |(of, place): (Of<RouteKind>, usize)| {
            let (route, entry) = of.0;
            (route, called("route", &place.to_string(), entry))
        };
        Entries {
            audience: self.audience.map(|text| text.0),
            seals: if self.request_seal { Seals::ForOneRequest } else { Seals::Any },
            tools: self.tool.into_iter().map(tool).collect(),
            prompts: self.prompt.into_iter().map(prompt).collect(),
            resources: self.resource.0.into_iter().zip(1..).map(resource).collect(),
            routes: self.route.0.into_iter().zip(1..).map(route).collect(),
        }
    }
}

/// Whatever may stand in an entry or a rule. Which of it may stand where depends on the kind.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Table {
    #[serde(deserialize_with = "stated")]
    action: Option<Text<Template>>,
    #[serde(deserialize_with = "stated")]
    sink: Option<Vec<Text<Template>>>,
    #[serde(deserialize_with = "stated")]
    level: Option<Text<Level>>,
    #[serde(deserialize_with = "stated")]
    labels: Option<Vec<Text<Name>>>,
    #[serde(deserialize_with = "stated")]
    costs: Option<BTreeMap<Text<Name>, Cost>>,
    #[serde(deserialize_with = "stated")]
    facts: Option<BTreeMap<Text<Name>, Scalar>>,
    #[serde(deserialize_with = "stated")]
    ask: Option<Vec<Text<Approvers>>>,
    #[serde(deserialize_with = "stated")]
    when: Option<Text<When>>,
    #[serde(deserialize_with = "stated")]
    rule: Option<Vec<Table>>,
    #[serde(deserialize_with = "stated")]
    trusted: Option<BTreeMap<String, Vec<Text<Pointer>>>>,
    #[serde(deserialize_with = "stated")]
    digest: Option<Text<ToolDigest>>,
    #[serde(deserialize_with = "stated")]
    open_world: Option<bool>,
    #[serde(deserialize_with = "stated")]
    closed_world: Option<bool>,
    #[serde(deserialize_with = "stated")]
    method: Option<Text<Method>>,
    #[serde(deserialize_with = "stated")]
    path: Option<Text<Path>>,
    #[serde(deserialize_with = "stated")]
    body: Option<Text<Body>>,
}

/// What a member says; that it says nothing, as `null` does, is not the same as that it is not there.
fn stated<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// What an entry of one kind is made into.
trait Kind: Sized {
    type Made;
    /// The members that only some kinds have, and this one has.
    const ALSO: &'static [&'static str];
    fn make(table: Table) -> Result<Self::Made, String>;
}

struct Tool;
struct Prompt;
struct Resource;
struct RouteKind;

/// An entry of this kind, checked where it stands so that a fault has a place.
struct Of<K: Kind>(K::Made);

impl<'de, K: Kind> Deserialize<'de> for Of<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let table = Table::deserialize(from)?;
        table.allows(K::ALSO).and_then(|()| K::make(table)).map(Self).map_err(D::Error::custom)
    }
}

/// Resources, each of which can be reached.
#[derive(Default)]
struct Resources(Vec<Of<Resource>>);

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let list: Vec<Of<Resource>> = Vec::deserialize(from)?;
        match list.iter().rev().skip(1).any(|of| of.0.0.is_always()) {
            true => Err(D::Error::custom("a resource is never reached: one before it has no `when`")),
            false => Ok(Self(list)),
        }
    }
}

/// Routes, each of which can be reached.
#[derive(Default)]
struct Routes(Vec<Of<RouteKind>>);

impl<'de> Deserialize<'de> for Routes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let list: Vec<Of<RouteKind>> = Vec::deserialize(from)?;
        for (place, route) in list.iter().enumerate() {
            if let Some(before) = list.iter().take(place).position(|before| before.0.0.covers(&route.0.0)) {
                let (before, place) = (before.saturating_add(1), place.saturating_add(1));
                return Err(D::Error::custom(format_args!(
                    "route {place} is never reached: route {before} takes its calls"
                )));
            }
        }
        Ok(Self(list))
    }
}

impl Kind for Tool {
    type Made = Entry;
    const ALSO: &'static [&'static str] = &["rule", "trusted", "digest", "open-world", "closed-world"];
    fn make(table: Table) -> Result<Entry, String> {
        let (open, closed) = (table.open_world == Some(true), table.closed_world == Some(true));
        let mut entry = table.into_entry()?;
        // spec: C4
        let stays = |template: &Template| matches!(template.verb(), "read" | "write");
        let quiet = |case: &Case| case.templates().all(stays);
        let cases: Vec<&Case> = match &entry.cases {
            Cases::Always(case) => vec![case],
            Cases::Rules(rules) => rules.iter().map(|(_, case)| case).collect(),
        };
        match cases.into_iter().find(|case| !closed && quiet(case)) {
            Some(case) if open => Err(format!(
                "the server calls it open-world, and its action is to {}: state a `sink`, or `closed-world = true`",
                case.action.verb()
            )),
            Some(_) => {
                entry.reach = Reach::Presumed;
                Ok(entry)
            }
            None => Ok(entry),
        }
    }
}

impl Kind for Prompt {
    type Made = Entry;
    const ALSO: &'static [&'static str] = &["rule"];
    fn make(table: Table) -> Result<Entry, String> {
        table.into_entry()
    }
}

impl Kind for Resource {
    type Made = (When, Entry);
    const ALSO: &'static [&'static str] = &["rule", "when"];
    fn make(mut table: Table) -> Result<Self::Made, String> {
        let when = table.when.take().map(|text| text.0).unwrap_or_default();
        table.into_entry().map(|entry| (when, entry))
    }
}

impl Kind for RouteKind {
    type Made = (Route, Entry);
    const ALSO: &'static [&'static str] = &["rule", "method", "path", "body"];
    fn make(mut table: Table) -> Result<Self::Made, String> {
        let method = table.method.take().ok_or("a route states its `method`")?.0;
        let path = table.path.take().ok_or("a route states its `path`")?.0;
        let body = table.body.take().map(|text| text.0).unwrap_or_default();
        table.into_entry().map(|entry| (Route { method, path, body }, entry))
    }
}

impl Table {
    /// Refuses the members that are not among these and that only some kinds have.
    fn allows(&self, also: &[&str]) -> Result<(), String> {
        let stated = [
            ("when", self.when.is_some()),
            ("rule", self.rule.is_some()),
            ("trusted", self.trusted.is_some()),
            ("digest", self.digest.is_some()),
            ("open-world", self.open_world.is_some()),
            ("closed-world", self.closed_world.is_some()),
            ("method", self.method.is_some()),
            ("path", self.path.is_some()),
            ("body", self.body.is_some()),
        ];
        match stated.into_iter().find(|(name, stated)| *stated && !also.contains(name)) {
            Some((name, _)) => Err(format!("`{name}` has no place here")),
            None => Ok(()),
        }
    }

    // spec: C2
    fn into_entry(mut self) -> Result<Entry, String> {
        let trusted = self.trusted.take().unwrap_or_default();
        let trusted =
            trusted.into_iter().map(|(source, pointers)| source_of(source, pointers)).collect::<Result<_, _>>()?;
        let pin = self.digest.take().map(|text| text.0);
        let cases = match self.rule.take() {
            None => Cases::Always(Box::new(Stated::of(self)?.into_case()?)),
            Some(rules) => Cases::Rules(cases(Stated::of(self)?, rules)?),
        };
        Ok(Entry { named: String::new(), cases, trusted, pin, reach: Reach::Stated })
    }
}

/// The cases of an entry with rules. What the entry states holds in all of them.
fn cases(entry: Stated, rules: Vec<Table>) -> Result<Vec<(When, Case)>, String> {
    if rules.is_empty() {
        return Err("an empty list of rules matches nothing: leave the entry out".into());
    }
    few("rules", rules.len())?;
    let mut made: Vec<(When, Case)> = Vec::new();
    for (mut table, number) in rules.into_iter().zip(1..) {
        if made.last().is_some_and(|(when, _)| when.is_always()) {
            return Err(format!("rule {number} is never reached: the one before it has no `when`"));
        }
        table.allows(&["when"]).map_err(|why| format!("rule {number}: {why}"))?;
        let when = table.when.take().map(|text| text.0).unwrap_or_default();
        let case = Stated::of(table).and_then(|rule| entry.clone().joined(rule)).and_then(Stated::into_case);
        made.push((when, case.map_err(|why| format!("rule {number}: {why}"))?));
    }
    Ok(made)
}

/// Elements of one list of an entry, at most.
const FEW: usize = 64;

fn few(what: &str, count: usize) -> Result<(), String> {
    if count > FEW { Err(format!("{count} {what}, at most {FEW}")) } else { Ok(()) }
}

/// What may stand in an entry or in each of its rules, and not in both.
#[derive(Clone)]
struct Stated {
    action: Option<Template>,
    sinks: Option<Vec<Template>>,
    level: Option<Level>,
    labels: Option<Vec<Name>>,
    costs: Option<BTreeMap<Name, Cost>>,
    facts: Option<BTreeMap<Name, Value>>,
    asks: Option<Vec<Approvers>>,
}

impl Stated {
    /// # Errors
    /// More members of one kind than anybody needs: each rule has its own copy of them.
    fn of(table: Table) -> Result<Self, String> {
        few("labels", table.labels.as_ref().map_or(0, Vec::len))?;
        few("costs", table.costs.as_ref().map_or(0, BTreeMap::len))?;
        few("facts", table.facts.as_ref().map_or(0, BTreeMap::len))?;
        few("asks", table.ask.as_ref().map_or(0, Vec::len))?;
        Ok(Self {
            action: table.action.map(|text| text.0),
            sinks: table.sink.map(values),
            level: table.level.map(|text| text.0),
            labels: table.labels.map(values),
            costs: table.costs.map(|costs| costs.into_iter().map(|(name, cost)| (name.0, cost)).collect()),
            facts: table.facts.map(|facts| facts.into_iter().map(|(name, value)| (name.0, value.0)).collect()),
            asks: table.ask.map(values),
        })
    }

    fn joined(self, rule: Self) -> Result<Self, String> {
        fn one<T>(name: &str, entry: Option<T>, rule: Option<T>) -> Result<Option<T>, String> {
            match (entry, rule) {
                (Some(_), Some(_)) => Err(format!("`{name}` stands in the entry and in the rule")),
                (entry, rule) => Ok(entry.or(rule)),
            }
        }
        Ok(Self {
            action: one("action", self.action, rule.action)?,
            sinks: one("sink", self.sinks, rule.sinks)?,
            level: one("level", self.level, rule.level)?,
            labels: one("labels", self.labels, rule.labels)?,
            costs: one("costs", self.costs, rule.costs)?,
            facts: one("facts", self.facts, rule.facts)?,
            asks: one("ask", self.asks, rule.asks)?,
        })
    }

    fn into_case(self) -> Result<Case, String> {
        let sinks = match self.sinks {
            None => Vec::new(),
            Some(sinks) if (1..wane::limits::ACTIONS).contains(&sinks.len()) => sinks,
            Some(sinks) => return Err(format!("{} sinks, not 1 to {}", sinks.len(), wane::limits::ACTIONS - 1)),
        };
        let facts = self.facts.unwrap_or_default();
        if let Some(name) = facts.keys().find(|name| matches!(name.as_str(), "server" | "tool" | "said")) {
            return Err(format!("the fact `{name}` is not for a catalogue to state"));
        }
        Ok(Case {
            action: self.action.ok_or("no `action` is stated")?,
            sinks,
            level: self.level.ok_or("no `level` is stated")?,
            labels: self.labels.unwrap_or_default(),
            costs: self.costs.unwrap_or_default(),
            facts,
            asks: self.asks.unwrap_or_default(),
        })
    }
}

/// A source of seen values: its name, as the operand of `seen` has it.
fn source_of(source: String, pointers: Vec<Text<Pointer>>) -> Result<(String, Vec<String>), String> {
    if source.is_empty() || source.len() > wane::limits::TEXT_BYTES {
        return Err(format!("the name of a source is 1 to {} bytes long", wane::limits::TEXT_BYTES));
    }
    if pointers.is_empty() {
        return Err(format!("the source `{source}` has no pointer"));
    }
    Ok((source, pointers.into_iter().map(|pointer| pointer.0.as_str().to_owned()).collect()))
}

fn values<T>(list: Vec<Text<T>>) -> Vec<T> {
    list.into_iter().map(|text| text.0).collect()
}

/// A value written as text in the form that its reader knows.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Text<T>(T);

impl<'de, T: FromStr<Err = Refusal>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = |refusal: Refusal| match refusal.code() {
            // Its message would say again that the catalogue cannot be used.
            wane::Code::ParseCatalogue => D::Error::custom(refusal.found()),
            _ => D::Error::custom(refusal),
        };
        String::deserialize(from)?.parse().map(Self).map_err(read)
    }
}

/// An unsigned integer, or `{argument}`.
impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(from)?.0 {
            Value::Integer(integer) => u64::try_from(integer.get()).ok().map(Self::Number),
            Value::Text(text) => text
                .strip_prefix('{')
                .and_then(|text| text.strip_suffix('}'))
                .and_then(|place| place.parse::<Place>().ok())
                .map(Self::Stated),
            Value::Bool(_) | Value::Null => None,
        }
        .ok_or_else(|| D::Error::custom("a cost is an unsigned integer, or `{argument}`"))
    }
}

/// A boolean, an integer or a text.
struct Scalar(Value);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ScalarVisitor).map(Self)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean, an integer or a text")
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: serde::de::Error>(self, integer: i64) -> Result<Value, E> {
        Value::integer(integer).map_err(E::custom)
    }

    fn visit_u64<E: serde::de::Error>(self, integer: u64) -> Result<Value, E> {
        let integer = i64::try_from(integer).map_err(|_| E::custom(format!("the number {integer} is too large")))?;
        self.visit_i64(integer)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        Value::text(text).map_err(E::custom)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Err(A::Error::custom("a table where a scalar is expected"))
    }
}
