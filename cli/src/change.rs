//! What a block took away: the difference of two grants.

use std::fmt::Write as _;

use serde::Serialize;
use wane::{Grant, Level, LiveState, Mark, Pattern, Rule, Verified, may_still};

use crate::output::escape;
use crate::time;

/// Verbs with a meaning of their own; a scope of `*` allows these and any other.
const VERBS: [&str; 6] = ["read", "write", "send", "delete", "execute", "admin"];

/// The difference of two grants. Every part of it takes authority away: what was removed is gone, what was
/// added restricts or replaces what was removed.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Change {
    removed: Vec<Part>,
    added: Vec<Part>,
    changed: Vec<Step>,
    /// Verbs of which no action can be allowed any more.
    lost: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Part {
    what: &'static str,
    value: String,
}

#[derive(Debug, Serialize)]
struct Step {
    what: String,
    from: Option<String>,
    to: Option<String>,
}

impl Change {
    /// From one grant to the next, under the rules that hold without being stated.
    pub(crate) fn between(before: &Grant, after: &Grant, unstated: &[Rule]) -> Self {
        let mut change = Self::default();
        let (old, new) = (lists(before), lists(after));
        change.removed.extend(lists(before).into_iter().filter(|part| !new.contains(part)));
        change.added.extend(new.into_iter().filter(|part| !old.contains(part)));
        let time = |seconds: u64| Some(time::show(seconds));
        change.step("exp", time(before.expires_at()), time(after.expires_at()));
        change.step("nbf", before.not_before().and_then(time), after.not_before().and_then(time));
        change.step("level", Some(before.mark().level().to_string()), Some(after.mark().level().to_string()));
        change.step("clearance", clearance(before), clearance(after));
        change.step("ledger", before.ledger().map(|id| id.to_string()), after.ledger().map(|id| id.to_string()));
        // Each block takes one from the depth; only more than that is worth a line.
        if after.depth().saturating_add(1) < before.depth() {
            change.step("depth", Some(before.depth().to_string()), Some(after.depth().to_string()));
        }
        for (name, cap) in after.budgets() {
            let old = before.budgets().iter().find(|(known, _)| known == name).map(|(_, cap)| cap.to_string());
            change.step(&format!("budget {name}"), old, Some(cap.to_string()));
        }
        let still = possible(after, unstated);
        change.lost.extend(possible(before, unstated).into_iter().filter(|verb| !still.contains(verb)));
        change
    }

    /// Whether nothing was taken away.
    pub(crate) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.added.is_empty() && self.changed.is_empty()
    }

    /// The lines of the difference: `-` gone, `+` in its place or a new restriction, `~` changed.
    pub(crate) fn lines(&self) -> Vec<String> {
        let part = |sign: char, part: &Part| format!("{sign} {} {}", part.what, escape(&part.value));
        let mut lines: Vec<String> = self.removed.iter().map(|gone| part('-', gone)).collect();
        lines.extend(self.added.iter().map(|new| part('+', new)));
        lines.extend(self.changed.iter().map(|step| {
            let side = |side: &Option<String>| side.as_deref().unwrap_or("none").to_owned();
            format!("~ {} {} -> {}", step.what, side(&step.from), side(&step.to))
        }));
        if !self.lost.is_empty() {
            lines.push(format!("lost: {}", self.lost.join(", ")));
        }
        lines
    }

    fn step(&mut self, what: &str, from: Option<String>, to: Option<String>) {
        if from != to {
            self.changed.push(Step { what: what.into(), from, to });
        }
    }
}

/// The parts of a grant that are lists.
fn lists(grant: &Grant) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut say = |what, value: String| parts.push(Part { what, value });
    grant.audiences().iter().for_each(|audience| say("aud", audience.to_string()));
    grant.scopes().iter().for_each(|scope| say("scope", scope.to_string()));
    grant.denied().for_each(|pattern| say("deny", pattern.to_string()));
    grant.asks().for_each(|rule| say("ask", rule.to_string()));
    grant.rules().for_each(|rule| say("ratchet", rule.to_string()));
    grant.mark().labels().for_each(|label| say("label", label.to_string()));
    parts
}

fn clearance(grant: &Grant) -> Option<String> {
    Some(grant.clearance()).filter(|level| *level < Level::TopSecret).map(|level| level.to_string())
}

/// The verb of a pattern.
fn verb(pattern: &str) -> &str {
    pattern.split(':').next().unwrap_or_default()
}

/// The verbs that the scopes name.
fn verbs(grant: &Grant) -> Vec<String> {
    let mut verbs: Vec<String> = Vec::new();
    for scope in grant.scopes() {
        match verb(scope.pattern().as_str()) {
            "*" => verbs.extend(VERBS.map(str::to_owned)),
            named => verbs.push(named.to_owned()),
        }
    }
    verbs.sort();
    verbs.dedup();
    verbs
}

/// The verbs of which some action may be allowed, for all that the token itself says: named by a scope, not denied
/// as a whole, and kept by every ratchet rule that the mark has reached. Conditions are not looked at. A verb that
/// is missing here is lost for certain; one that stands here a verifier may still refuse.
fn possible(grant: &Grant, unstated: &[Rule]) -> Vec<String> {
    let mut verbs = verbs(grant);
    let labels: Vec<_> = grant.mark().labels().cloned().collect();
    let reached =
        |rule: &&Rule| grant.mark().level() >= rule.level() && rule.labels().iter().all(|label| labels.contains(label));
    let kept = |keep: &[Pattern], name: &str| keep.iter().any(|pattern| ["*", name].contains(&verb(pattern.as_str())));
    verbs.retain(|name| {
        let denied = grant.denied().any(|pattern| pattern.as_str() == "*" || pattern.as_str() == format!("{name}:*"));
        !denied && grant.rules().chain(unstated).filter(reached).all(|rule| kept(rule.keep(), name))
    });
    verbs
}

/// A grant as it stands in JSON.
#[derive(Serialize)]
pub(crate) struct GrantJson {
    aud: Vec<String>,
    scopes: Vec<String>,
    deny: Vec<String>,
    ask: Vec<String>,
    ratchet: Vec<String>,
    level: &'static str,
    labels: Vec<String>,
    clearance: &'static str,
    exp: u64,
    nbf: Option<u64>,
    iat: u64,
    depth: u8,
    budgets: std::collections::BTreeMap<String, u64>,
    ledger: Option<String>,
    session: Option<usize>,
}

impl GrantJson {
    /// The grant.
    pub(crate) fn of(grant: &Grant) -> Self {
        Self {
            aud: grant.audiences().iter().map(ToString::to_string).collect(),
            scopes: grant.scopes().iter().map(ToString::to_string).collect(),
            deny: grant.denied().map(ToString::to_string).collect(),
            ask: grant.asks().map(ToString::to_string).collect(),
            ratchet: grant.rules().map(ToString::to_string).collect(),
            level: grant.mark().level().as_str(),
            labels: grant.mark().labels().map(ToString::to_string).collect(),
            clearance: grant.clearance().as_str(),
            exp: grant.expires_at(),
            nbf: grant.not_before(),
            iat: grant.issued_at(),
            depth: grant.depth(),
            budgets: grant.budgets().iter().map(|(name, cap)| (name.to_string(), *cap)).collect(),
            ledger: grant.ledger().map(|id| id.to_string()),
            session: grant.session(),
        }
    }
}

/// The grant in lines, as a person reads it.
pub(crate) fn lines(grant: &Grant) -> Vec<String> {
    let mut lines: Vec<String> = lists(grant)
        .iter()
        .filter(|part| part.what != "ratchet")
        .map(|part| format!("{} {}", part.what, escape(&part.value)))
        .collect();
    if grant.scopes().is_empty() {
        lines.push("no scope: nothing is allowed".into());
    }
    lines.push(format!("level so far: {}", grant.mark()));
    lines.extend(clearance(grant).map(|level| format!("clearance {level}")));
    lines.push(format!("exp {}", time::show(grant.expires_at())));
    lines.extend(grant.not_before().map(|time| format!("nbf {}", time::show(time))));
    lines.extend(grant.ledger().map(|id| format!("ledger {id}")));
    lines.extend(grant.budgets().iter().map(|(name, cap)| format!("budget {name}={cap}")));
    lines
}

/// The rules that hold without being stated: the default ones, unless the root block has rules of its own. (A
/// verifier whose entry for the root does not allow that adds the defaults all the same.)
pub(crate) fn unstated(grants: &[Grant]) -> Vec<Rule> {
    match grants.first() {
        Some(root) if root.rules().next().is_some() => Vec::new(),
        _ => Rule::defaults(),
    }
}

/// What is left of a genuine token at this time, in the words of a decision. What its root's entry takes away is
/// the library's to say.
pub(crate) fn left(verified: &Verified, state: &LiveState, now: u64) -> Vec<String> {
    let grant = verified.grant();
    let scopes: Vec<String> = grant.scopes().iter().map(ToString::to_string).collect();
    let or_nothing = |list: Vec<String>| if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
    let mut verbs = verbs(grant);
    verbs.retain(|verb| {
        format!("{verb}:*").parse().is_ok_and(|pattern: Pattern| may_still(verified, &pattern, state, now))
    });
    vec![
        format!("scopes left: {}", escape(&or_nothing(scopes))),
        format!("level so far: {}, which leaves {}", mark(verified, state), or_nothing(verbs)),
    ]
}

/// What the token states and what is known of its blocks, joined.
pub(crate) fn mark(verified: &Verified, state: &LiveState) -> Mark {
    let mut mark = verified.grant().mark().clone();
    mark.join(state.mark());
    if let Some(ledger) = state.ledger() {
        ledger.blocks.iter().for_each(|block| mark.join(&block.mark));
        ledger.first.iter().for_each(|first| mark.join(&first.state.mark));
    }
    mark
}

/// Lines under each other, indented.
pub(crate) fn indented(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
    text
}
