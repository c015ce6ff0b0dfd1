//! A block that the ledger knows, as it is told.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use wane::{BlockId, Level, Mark, Name, Rule};
use wane_ledger::{Filter, Known, Ledger};

use crate::failure::Failure;
use crate::output::escape;
use crate::time;

/// What a ledger knows about a block, in JSON. Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Serialize)]
pub(crate) struct KnownJson {
    id: String,
    state: &'static str,
    level: &'static str,
    labels: Vec<String>,
    lost: Vec<&'static str>,
    sub: Option<String>,
    note: Option<String>,
    key: Option<String>,
    parent: Option<String>,
    root: Option<String>,
    iat: Option<u64>,
    exp: Option<u64>,
    continues: Option<String>,
    first_seen: Option<u64>,
    registered: Option<u64>,
    revoked: Option<RevokedJson>,
}

#[derive(Serialize)]
struct RevokedJson {
    at: u64,
    reason: String,
}

/// Verbs with a meaning of their own.
const VERBS: [&str; 6] = ["read", "write", "send", "delete", "execute", "admin"];

impl KnownJson {
    /// The block as it stands.
    pub(crate) fn of(known: &Known, seen: &Seen) -> Self {
        let entry = &known.entry;
        let (about, opened) = (entry.about.as_ref(), entry.opened.as_ref());
        Self {
            id: known.id.to_string(),
            state: seen.state(known),
            level: entry.mark.level().as_str(),
            labels: entry.mark.labels().map(ToString::to_string).collect(),
            lost: lost(&entry.mark),
            sub: about.and_then(|about| about.sub.clone()),
            note: about.and_then(|about| about.note.clone()),
            key: about.and_then(|about| about.key.as_ref()).map(ToString::to_string),
            parent: about.and_then(|about| about.parent).map(|id| id.to_string()),
            root: opened.map(|opened| opened.root.to_string()),
            iat: opened.map(|opened| opened.iat),
            exp: entry.exp,
            continues: opened.and_then(|opened| opened.continues).map(|id| id.to_string()),
            first_seen: opened.map(|opened| opened.at),
            registered: entry.registered,
            revoked: entry.revoked.as_ref().map(|gone| RevokedJson { at: gone.at, reason: gone.reason.clone() }),
        }
    }
}

/// When a ledger was looked at, and what was dead there: by somebody's word, its own or one above it, or because a restored copy
/// was accepted.
pub(crate) struct Seen {
    pub(crate) now: u64,
    ended: BTreeSet<BlockId>,
    too_old: BTreeSet<BlockId>,
}

impl Seen {
    /// Looks at all of a ledger.
    pub(crate) fn all(ledger: &mut Ledger, now: u64) -> Result<Self, Failure> {
        Ok(Self { now, ended: ledger.ended()?, too_old: too_old(ledger)? })
    }

    /// Whether it is neither revoked, nor past its end, nor of a session that an epoch has ended.
    pub(crate) fn is_live(&self, known: &Known) -> bool {
        self.state(known) == "live"
    }

    fn state(&self, known: &Known) -> &'static str {
        match &known.entry {
            entry if entry.revoked.is_some() || self.ended.contains(&known.id) => "revoked",
            entry if !entry.is_live(self.now) => "expired",
            _ if self.too_old.contains(&known.id) => "too-old",
            _ => "live",
        }
    }
}

/// The known blocks that every request is refused under with `state-session-too-old`. What may belong to no session yet, or to
/// one that the ledger does not know, is not among them.
fn too_old(ledger: &mut Ledger) -> Result<BTreeSet<BlockId>, Failure> {
    let status = ledger.status()?;
    // What the first epoch knows it has believed.
    if status.epoch == 1 {
        return Ok(BTreeSet::new());
    }
    let (mut below, mut old) = (BTreeMap::<BlockId, Vec<BlockId>>::new(), BTreeSet::new());
    for Known { id, entry } in ledger.sessions(&Filter::new(), None, usize::MAX)? {
        let parent = entry.about.as_ref().and_then(|about| about.parent);
        let first = entry.opened.as_ref().and_then(|opened| opened.continues);
        parent.into_iter().chain(first).for_each(|above| below.entry(above).or_default().push(id));
        let issued = entry.opened.as_ref().map(|opened| opened.iat);
        if issued.is_some_and(|iat| iat <= status.since) && entry.registered != Some(status.epoch) {
            old.insert(id);
        }
    }
    let mut grown: Vec<BlockId> = old.iter().copied().collect();
    while let Some(id) = grown.pop() {
        let under = below.get(&id).into_iter().flatten();
        grown.extend(under.filter(|id| old.insert(**id)));
    }
    Ok(old)
}

/// The verbs that the default rules leave nobody at this mark.
pub(crate) fn lost(mark: &Mark) -> Vec<&'static str> {
    let labels: Vec<_> = mark.labels().cloned().collect();
    let rules = Rule::defaults();
    let reached =
        |rule: &&Rule| mark.level() >= rule.level() && rule.labels().iter().all(|label| labels.contains(label));
    let keeps = |rule: &Rule, verb: &str| {
        rule.keep().iter().any(|pattern| ["*", verb].contains(&pattern.as_str().split(':').next().unwrap_or_default()))
    };
    VERBS.into_iter().filter(|verb| !rules.iter().filter(reached).all(|rule| keeps(rule, verb))).collect()
}

/// In the order of their names; what has been read most first.
pub(crate) fn sort(known: &mut [Known]) {
    known.sort_by_cached_key(|known| {
        let entry = &known.entry;
        let sub = entry.about.as_ref().and_then(|about| about.sub.clone());
        (sub, Reverse((entry.mark.level(), entry.mark.labels().len())), entry.exp, known.id)
    });
}

/// One line for a list.
pub(crate) fn line(known: &Known, seen: &Seen) -> String {
    let entry = &known.entry;
    let id: String = known.id.to_string().chars().take(16).collect();
    let mut words = vec![id, format!("{:<7}", seen.state(known)), mark(&entry.mark)];
    let about = entry.about.as_ref();
    words.extend(about.and_then(|about| about.sub.as_ref()).map(|sub| format!("\"{}\"", escape(sub))));
    words.extend(entry.exp.map(|exp| format!("exp {}", time::show(exp))));
    words.extend(about.and_then(|about| about.note.as_ref()).map(|note| format!("({})", escape(note))));
    words.join("  ")
}

/// One block in full.
pub(crate) fn lines(known: &Known, spent: &BTreeMap<Name, u64>, seen: &Seen) -> Vec<String> {
    let entry = &known.entry;
    let mut lines = vec![format!("{} {}", seen.state(known), known.id)];
    let mut say = |what: &str, text: String| lines.push(format!("  {what:<10} {text}"));
    if let Some(about) = &entry.about {
        about.sub.iter().for_each(|sub| say("agent", format!("\"{}\"", escape(sub))));
        about.note.iter().for_each(|note| say("note", escape(note)));
        about.key.iter().for_each(|key| say("held by", key.to_string()));
        about.parent.iter().for_each(|parent| say("made from", parent.to_string()));
    }
    if let Some(opened) = &entry.opened {
        say("root", opened.root.to_string());
        say("issued", time::show(opened.iat));
        say("first seen", time::show(opened.at));
        opened.continues.iter().for_each(|first| say("continues", format!("{first}, where its mark is kept")));
    }
    entry.exp.iter().for_each(|exp| say("exp", time::show(*exp)));
    if let Some(revoked) = &entry.revoked {
        say("revoked", format!("{} {}", time::show(revoked.at), escape(&revoked.reason)));
    }
    say("level", entry.mark.to_string());
    if !lost(&entry.mark).is_empty() {
        say("lost", lost(&entry.mark).join(", "));
    }
    for rise in &entry.raised {
        say("raised", format!("{} to {} by record {}", time::show(rise.at), rise.mark, escape(&rise.record)));
    }
    spent.iter().for_each(|(name, spent)| say("spent", format!("{name} {spent}")));
    lines
}

fn mark(mark: &Mark) -> String {
    match lost(mark) {
        lost if lost.is_empty() => mark.to_string(),
        lost => format!("{mark}, lost {}", lost.join(" ")),
    }
}

/// Whether anything was read that could matter to somebody who starts anew.
pub(crate) fn is_raised(mark: &Mark) -> bool {
    mark.level() > Level::Public || mark.labels().len() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_what_the_default_rules_do_not_keep() {
        assert!(lost(&Mark::at(Level::Internal)).is_empty());
        assert_eq!(lost(&Mark::at(Level::Confidential)), ["send", "delete", "execute", "admin"]);
        assert_eq!(lost(&Mark::at(Level::Restricted)), ["write", "send", "delete", "execute", "admin"]);
        let tainted = Mark::at(Level::Confidential).with("untrusted".parse().unwrap());
        assert_eq!(lost(&tainted), ["write", "send", "delete", "execute", "admin"]);
        assert!(is_raised(&tainted) && !is_raised(&Mark::default()));
    }
}
