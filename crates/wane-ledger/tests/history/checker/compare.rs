//! The state in the end against what was answered.

use std::collections::{BTreeMap, BTreeSet};

use super::{Id, Kind, Operation, Rule, Violation};

/// What the ledger holds when all have ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Final {
    /// Of each session.
    pub(crate) marks: BTreeMap<Id, u8>,
    pub(crate) revoked: BTreeSet<Id>,
    pub(crate) spent: BTreeMap<(Id, String), u64>,
    /// Of the ids that the history names.
    pub(crate) used: BTreeSet<Id>,
    /// Each record of an admission.
    pub(crate) records: BTreeSet<Id>,
}

/// Two bounds for what must be there: what was answered, and what may have happened beside.
pub(crate) fn compare(history: &[Operation], found: &Final) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let answered: Vec<_> = history.iter().filter(|operation| operation.is_ok()).collect();
    let possible: Vec<_> = history.iter().filter(|operation| operation.may_have_happened()).collect();

    let (least, most) = (marks(&answered), marks(&possible));
    for session in least.keys().chain(found.marks.keys()).collect::<BTreeSet<_>>() {
        let mark = found.marks.get(session).copied().unwrap_or_default();
        let bounds = [&least, &most].map(|bound| u64::from(bound.get(session).copied().unwrap_or_default()));
        let by = |one: &&Operation| one.raises().is_some_and(|(id, level)| id == session && level > mark);
        wrong.extend(within(&format!("the mark of {session}"), u64::from(mark), bounds, &answered, by));
    }
    let (least, most) = (spent(&answered), spent(&possible));
    for counter in least.keys().chain(found.spent.keys()).collect::<BTreeSet<_>>() {
        let of = |map: &BTreeMap<(Id, String), u64>| map.get(counter).copied().unwrap_or_default();
        let what = format!("{} of {}", counter.1, counter.0);
        wrong.extend(within(&what, of(&found.spent), [of(&least), of(&most)], &[], |_| true));
    }
    let sets: [(&str, &BTreeSet<Id>, Ids); 3] =
        [("revoked", &found.revoked, revoked), ("used", &found.used, used), ("recorded", &found.records, recorded)];
    for (what, held, ids) in sets {
        for operation in &answered {
            for id in ids(operation).into_iter().filter(|id| !held.contains(*id)) {
                wrong.push(Violation::new(Rule::Lost, format!("{id} is not {what}"), &[operation]));
            }
        }
        // An operation that never answered named no record.
        let allowed: BTreeSet<_> = possible.iter().flat_map(|operation| ids(operation)).collect();
        let foreign: Vec<_> = held.iter().filter(|id| !allowed.contains(id)).collect();
        let unnamed = if what == "recorded" { possible.len().saturating_sub(answered.len()) } else { 0 };
        if foreign.len() > unnamed {
            let what = format!("{what} and nobody's: {foreign:?}, at most {unnamed} can be");
            wrong.push(Violation::new(Rule::Foreign, what, &[]));
        }
    }
    for operation in answered.iter().filter(|operation| operation.admit().is_some() && operation.record.is_none()) {
        wrong.push(Violation::new(Rule::Lost, "an admission without a record", &[operation]));
    }
    wrong
}

/// What of an operation stands in a set.
type Ids = fn(&Operation) -> Vec<&Id>;

fn within(
    what: &str,
    found: u64,
    [least, most]: [u64; 2],
    answered: &[&Operation],
    by: impl Fn(&&Operation) -> bool,
) -> Option<Violation> {
    let what = format!("{what} is {found}, between {least} and {most} was answered");
    let shown: Vec<_> = answered.iter().copied().filter(|one| by(one)).take(2).collect();
    match found {
        _ if found < least => Some(Violation::new(Rule::Lost, what, &shown)),
        _ if found > most => Some(Violation::new(Rule::Foreign, what, &[])),
        _ => None,
    }
}

fn marks(operations: &[&Operation]) -> BTreeMap<Id, u8> {
    let mut marks: BTreeMap<Id, u8> = BTreeMap::new();
    for (session, level) in operations.iter().filter_map(|operation| operation.raises()) {
        let mark = marks.entry(session.clone()).or_default();
        *mark = level.max(*mark);
    }
    marks
}

fn spent(operations: &[&Operation]) -> BTreeMap<(Id, String), u64> {
    let mut spent: BTreeMap<(Id, String), u64> = BTreeMap::new();
    for cost in operations.iter().filter_map(|operation| operation.admit()).flat_map(|admit| &admit.charges) {
        *spent.entry((cost.block.clone(), cost.name.clone())).or_default() += cost.cost;
    }
    spent
}

fn revoked(operation: &Operation) -> Vec<&Id> {
    match &operation.kind {
        Kind::Revoke { block } => vec![block],
        Kind::Admit(_) | Kind::Raise { .. } => Vec::new(),
    }
}

fn used(operation: &Operation) -> Vec<&Id> {
    operation.admit().map(|admit| admit.seal.iter().chain(&admit.approvals).collect()).unwrap_or_default()
}

fn recorded(operation: &Operation) -> Vec<&Id> {
    operation.record.iter().filter(|_| operation.admit().is_some()).collect()
}
