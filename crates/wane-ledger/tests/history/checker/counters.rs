//! Budgets, and ids that serve once: what was spent stays spent.

use std::collections::BTreeMap;

use super::{APPROVAL_USED, Admit, BUDGET, Cost, Id, Operation, Rule, USED, Violation, reaches};

pub(super) fn check(history: &[Operation]) -> Vec<Violation> {
    let mut found = check_budgets(history);
    found.extend(check_uses(history));
    found
}

/// A request, and what it costs of one counter.
type Costing<'a> = (&'a Operation, &'a Cost);

fn check_budgets(history: &[Operation]) -> Vec<Violation> {
    let mut counters: BTreeMap<(&Id, &str), Vec<Costing<'_>>> = BTreeMap::new();
    for operation in history {
        for cost in operation.admit().into_iter().flat_map(|admit| &admit.charges) {
            counters.entry((&cost.block, &cost.name)).or_default().push((operation, cost));
        }
    }
    let mut found = Vec::new();
    for operation in history {
        let (Some((BUDGET, index)), Some(admit)) = (operation.denied(), operation.admit()) else { continue };
        let can_have_been_missing = |cost: &Cost| {
            let requests = counters.get(&(&cost.block, cost.name.as_str())).map(Vec::as_slice).unwrap_or_default();
            let charged = requests.iter().filter(|(other, _)| other.may_have_happened() && reaches(other, operation));
            charged.map(|(_, cost)| cost.cost).sum::<u64>() + cost.cost > cost.cap
        };
        let mut named = admit.charges.iter().filter(|cost| speaks_of(admit, index, &cost.block));
        if !named.any(can_have_been_missing) {
            found.push(Violation::new(Rule::Unjustified, "there was enough left", &[operation]));
        }
    }
    for ((block, name), requests) in counters {
        found.extend(check_counter(&format!("{name} of {block}"), &requests));
    }
    found
}

fn speaks_of(admit: &Admit, index: Option<usize>, block: &Id) -> bool {
    index.is_none_or(|index| admit.blocks.get(index) == Some(block))
}

fn check_counter(what: &str, requests: &[Costing<'_>]) -> Vec<Violation> {
    let mut found = Vec::new();
    let Some((first, Cost { cap, .. })) = requests.first() else { return found };
    if let Some((other, _)) = requests.iter().find(|(_, cost)| cost.cap != *cap) {
        found.push(Violation::new(Rule::Malformed, format!("{what} has two caps"), &[first, other]));
    }
    let mut charged: Vec<_> = requests.iter().filter(|(operation, _)| operation.is_ok()).collect();
    charged.sort_by_key(|(operation, _)| operation.returned);
    let total: u64 = charged.iter().map(|(_, cost)| cost.cost).sum();
    if total > *cap {
        let last: Vec<_> = charged.iter().rev().take(2).map(|(operation, _)| *operation).collect();
        found.push(Violation::new(Rule::OverCap, format!("{what}: {total} of {cap}"), &last));
    }
    for (denied, wanted) in requests {
        let Some((BUDGET, index)) = denied.denied() else { continue };
        // Where several counters can be meant, nothing follows for one of them.
        let admit = denied.admit();
        let meant = |cost: &&Cost| admit.is_some_and(|admit| speaks_of(admit, index, &cost.block));
        if admit.is_none_or(|admit| admit.charges.iter().filter(meant).count() != 1) || !meant(wanted) {
            continue;
        }
        let later: Vec<_> = charged.iter().filter(|(operation, _)| denied.is_before(operation)).collect();
        let total: u64 = later.iter().map(|(_, cost)| cost.cost).sum();
        if total >= wanted.cost {
            let mut shown = vec![*denied];
            shown.extend(later.iter().take(2).map(|(operation, _)| *operation));
            let what = format!("{what}: less than {} was left, then {total} was charged", wanted.cost);
            found.push(Violation::new(Rule::Refilled, what, &shown));
        }
    }
    found
}

fn check_uses(history: &[Operation]) -> Vec<Violation> {
    let mut shown: BTreeMap<&Id, Vec<&Operation>> = BTreeMap::new();
    for operation in history.iter().filter(|operation| operation.may_have_happened()) {
        let Some(admit) = operation.admit() else { continue };
        for id in admit.seal.iter().chain(&admit.approvals) {
            shown.entry(id).or_default().push(operation);
        }
    }
    let mut found = Vec::new();
    for (id, operations) in &shown {
        let served: Vec<_> = operations.iter().copied().filter(|operation| operation.is_ok()).collect();
        if served.len() > 1 {
            found.push(Violation::new(Rule::UsedTwice, *id, &served));
        }
    }
    for operation in history {
        let (Some((code, _)), Some(admit)) = (operation.denied(), operation.admit()) else { continue };
        let ids: Vec<&Id> = match code {
            USED => admit.seal.iter().collect(),
            APPROVAL_USED => admit.approvals.iter().collect(),
            _ => continue,
        };
        let others = ids.iter().filter_map(|id| shown.get(id)).flatten();
        if !others.into_iter().any(|other| reaches(other, operation)) {
            found.push(Violation::new(Rule::Unjustified, "it had not served", &[operation]));
        }
    }
    found
}
