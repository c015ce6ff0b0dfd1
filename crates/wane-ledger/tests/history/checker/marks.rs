//! Marks and revocations: what was passed stays passed.

use std::collections::BTreeMap;

use super::{Admit, Id, Kind, Operation, RATCHET, REVOKED, Rule, Violation, reaches};

const LEVELS: usize = 5;

pub(super) fn check(history: &[Operation]) -> Vec<Violation> {
    let mut found = check_marks(history);
    if found.is_empty() {
        found.extend(check_moments(history));
    }
    found.extend(check_revocations(history));
    found
}

/// Of one session, for each level: the operations that return, and that are invoked, first of those above it.
#[derive(Clone, Copy, Default)]
struct Passed<'a> {
    raised: [Option<&'a Operation>; LEVELS],
    may_be_raised: [Option<&'a Operation>; LEVELS],
    /// Denials which show that the mark was above.
    shown: [Option<&'a Operation>; LEVELS],
}

fn check_marks(history: &[Operation]) -> Vec<Violation> {
    let mut sessions: BTreeMap<&Id, Passed<'_>> = BTreeMap::new();
    for operation in history {
        if let Some((session, level)) = operation.raises().filter(|_| operation.may_have_happened()) {
            let passed = sessions.entry(session).or_default();
            for below in 0..usize::from(level).min(LEVELS) {
                first_invoked(&mut passed.may_be_raised[below], operation);
                if operation.is_ok() {
                    first_returned(&mut passed.raised[below], operation);
                }
            }
        }
        if let Some(admit) = told_by_the_mark(operation) {
            let passed = sessions.entry(&admit.session).or_default();
            for below in 0..=usize::from(admit.survives).min(LEVELS - 1) {
                first_returned(&mut passed.shown[below], operation);
            }
        }
    }
    let mut found = Vec::new();
    for operation in history {
        let Some(admit) = operation.admit() else { continue };
        let passed = sessions.get(&admit.session).copied().unwrap_or_default();
        let survives = usize::from(admit.survives).min(LEVELS - 1);
        let before = |other: Option<&'_ Operation>| other.is_some_and(|other| other.is_before(operation));
        if operation.is_ok() {
            if admit.level > admit.survives {
                found.push(Violation::new(Rule::ForbidsItself, "it was admitted", &[operation]));
            }
            let (raised, shown) = (passed.raised[survives], passed.shown[survives]);
            if let Some(raised) = raised.filter(|raised| before(Some(raised))) {
                let what = format!("the mark of {} was above {survives}", admit.session);
                found.push(Violation::new(Rule::AfterForbidden, what, &[raised, operation]));
            } else if let Some(shown) = shown.filter(|shown| before(Some(shown))) {
                let what = format!("the mark of {} had been told to be above {survives}", admit.session);
                found.push(Violation::new(Rule::MarkFell, what, &[shown, operation]));
            }
        }
        if told_by_the_mark(operation).is_some()
            && !passed.may_be_raised[survives].is_some_and(|one| reaches(one, operation))
        {
            let what = format!("nothing had raised {} above {survives}", admit.session);
            found.push(Violation::new(Rule::Unjustified, what, &[operation]));
        }
    }
    found
}

/// What raises a mark passes all the levels below at one moment: behind the invocation of every admission that it forbids, and before the
/// return of every denial that it is to explain.
fn check_moments(history: &[Operation]) -> Vec<Violation> {
    // Of one session, by what it survives: the last admission to be invoked.
    let mut admitted: BTreeMap<&Id, [u64; LEVELS]> = BTreeMap::new();
    for operation in history.iter().filter(|operation| operation.is_ok()) {
        let Some(admit) = operation.admit() else { continue };
        let last = &mut admitted.entry(&admit.session).or_default()[usize::from(admit.survives).min(LEVELS - 1)];
        *last = operation.invoked.max(*last);
    }
    // For each level: the first moment at which the mark can have come above it.
    let mut passed: BTreeMap<&Id, [Option<u64>; LEVELS]> = BTreeMap::new();
    for operation in history.iter().filter(|operation| operation.may_have_happened()) {
        let Some((session, level)) = operation.raises() else { continue };
        let below = usize::from(level).min(LEVELS);
        let forbidden = admitted.get(session).copied().unwrap_or_default();
        let moment = forbidden[..below].iter().copied().fold(operation.invoked, u64::max);
        for first in &mut passed.entry(session).or_default()[..below] {
            *first = Some(first.map_or(moment, |first| first.min(moment)));
        }
    }
    let is_late = |operation: &&Operation| {
        told_by_the_mark(operation).is_some_and(|admit| {
            let first = passed.get(&admit.session).and_then(|first| first[usize::from(admit.survives).min(LEVELS - 1)]);
            first.is_some_and(|first| first > operation.returned)
        })
    };
    let late = history.iter().filter(is_late);
    let what = "whatever had raised the mark by then forbids what was admitted later";
    late.map(|operation| Violation::new(Rule::MarkFell, what, &[operation])).collect()
}

/// A request that was denied for what others had read.
fn told_by_the_mark(operation: &Operation) -> Option<&Admit> {
    let (code, _) = operation.denied()?;
    operation.admit().filter(|admit| code == RATCHET && admit.level <= admit.survives)
}

fn first_returned<'a>(place: &mut Option<&'a Operation>, operation: &'a Operation) {
    if place.is_none_or(|first| operation.returned < first.returned) {
        *place = Some(operation);
    }
}

fn first_invoked<'a>(place: &mut Option<&'a Operation>, operation: &'a Operation) {
    if place.is_none_or(|first| operation.invoked < first.invoked) {
        *place = Some(operation);
    }
}

/// Of one block: what says first that it is revoked.
#[derive(Clone, Copy, Default)]
struct End<'a> {
    revoked: Option<&'a Operation>,
    may_be_revoked: Option<&'a Operation>,
    shown: Option<&'a Operation>,
}

fn check_revocations(history: &[Operation]) -> Vec<Violation> {
    let mut blocks: BTreeMap<&Id, End<'_>> = BTreeMap::new();
    for operation in history {
        match &operation.kind {
            Kind::Revoke { block } if operation.may_have_happened() => {
                let end = blocks.entry(block).or_default();
                first_invoked(&mut end.may_be_revoked, operation);
                if operation.is_ok() {
                    first_returned(&mut end.revoked, operation);
                }
            }
            Kind::Admit(admit) => {
                if let Some((REVOKED, Some(index))) = operation.denied()
                    && let Some(block) = admit.blocks.get(index)
                {
                    first_returned(&mut blocks.entry(block).or_default().shown, operation);
                }
            }
            Kind::Raise { .. } | Kind::Revoke { .. } => {}
        }
    }
    let mut found = Vec::new();
    for operation in history {
        let Some(admit) = operation.admit() else { continue };
        if operation.is_ok() {
            for block in &admit.blocks {
                let Some(end) = blocks.get(block) else { continue };
                let before = |one: &&Operation| one.is_before(operation);
                if let Some(revoked) = end.revoked.filter(before) {
                    found.push(Violation::new(Rule::AfterRevoked, block, &[revoked, operation]));
                } else if let Some(shown) = end.shown.filter(before) {
                    found.push(Violation::new(Rule::Revived, block, &[shown, operation]));
                }
            }
        }
        if let Some((REVOKED, index)) = operation.denied() {
            let meant = |place: &usize| index.is_none_or(|index| index == *place);
            let mut candidates = (0..admit.blocks.len()).filter(meant);
            let end_of = |place: usize| blocks.get(&admit.blocks[place]).and_then(|end| end.may_be_revoked);
            if !candidates.any(|place| end_of(place).is_some_and(|one| reaches(one, operation))) {
                found.push(Violation::new(Rule::Unjustified, "nobody had revoked it", &[operation]));
            }
        }
    }
    found
}
