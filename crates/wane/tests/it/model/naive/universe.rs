//! Actions of up to a few segments over a few words, and patterns as the sets of those they cover.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fault::Fault;

/// A bit for each action of a universe.
pub(crate) type Set = u128;

/// Every action over some words, and every pattern over them.
pub(crate) struct Universe {
    /// One segment longer than the patterns, and over one word more: what a `*` takes beyond what patterns name.
    pub(crate) actions: Vec<&'static str>,
    pub(crate) patterns: Vec<&'static str>,
    sets: HashMap<&'static str, Set>,
    single: HashMap<&'static str, Set>,
}

/// A word that no pattern names.
const FRESH: &str = "z";

impl Universe {
    /// Patterns of up to so many segments, the first of them out of a list of its own.
    pub(crate) fn new(first: &[&str], later: &[&str], longest: usize, fault: Option<Fault>) -> Self {
        let with = |words: &[&str], more: &str| words.iter().copied().chain([more]).map(String::from).collect();
        let actions = sequences(with(first, FRESH), with(later, FRESH), longest + 1);
        let patterns = sequences(with(first, "*"), with(later, "*"), longest);
        let bit = |place: usize| 1 << place;
        let set = |pattern: &str| -> Set {
            let covered = |(place, action): (usize, &&str)| if covers(pattern, action, fault) { bit(place) } else { 0 };
            actions.iter().enumerate().map(covered).sum()
        };
        let sets = patterns.iter().chain(&actions).map(|pattern| (*pattern, set(pattern))).collect();
        let single = actions.iter().enumerate().map(|(place, action)| (*action, bit(place))).collect();
        Self { actions, patterns, sets, single }
    }

    /// Everything that the pattern covers.
    pub(crate) fn set(&self, pattern: &str) -> Set {
        self.sets[pattern]
    }

    pub(crate) fn union(&self, patterns: &[&str]) -> Set {
        patterns.iter().fold(0, |all, pattern| all | self.set(pattern))
    }

    pub(crate) fn covers(&self, pattern: &str, action: &str) -> bool {
        self.set(pattern) & self.single[action] != 0
    }

    /// The set of this one action.
    pub(crate) fn one(&self, action: &str) -> Set {
        self.single[action]
    }

    /// Whether everything that `inner` covers is covered by one of the others.
    pub(crate) fn within(&self, inner: &str, outer: &[&str]) -> bool {
        self.set(inner) & !self.union(outer) == 0
    }

    pub(crate) fn meet(&self, one: &str, other: &str) -> bool {
        self.set(one) & self.set(other) != 0
    }
}

/// Every sequence of up to `longest` words, the shorter ones first.
fn sequences(first: Vec<String>, later: Vec<String>, longest: usize) -> Vec<&'static str> {
    let mut all = Vec::new();
    let mut last = first;
    for _ in 0..longest {
        all.extend(last.iter().cloned());
        last = last.iter().flat_map(|start| later.iter().map(move |word| format!("{start}:{word}"))).collect();
    }
    // They are made once and stand in every statement.
    all.into_iter().map(|text| -> &'static str { text.leak() }).collect()
}

/// `*` is one segment, at the end one or more.
fn covers(pattern: &str, action: &str, fault: Option<Fault>) -> bool {
    let wanted: Vec<&str> = pattern.split(':').collect();
    let given: Vec<&str> = action.split(':').collect();
    let long_enough = match (wanted.last(), fault) {
        (Some(&"*"), Some(Fault::StarAtEndMayBeNothing)) => given.len() + 1 >= wanted.len(),
        (Some(&"*"), Some(Fault::StarAtEndIsOneSegment)) => given.len() == wanted.len(),
        (Some(&"*"), _) | (_, Some(Fault::PatternsArePrefixes)) => given.len() >= wanted.len(),
        _ => given.len() == wanted.len(),
    };
    long_enough && wanted.iter().zip(&given).all(|(wanted, given)| *wanted == "*" || wanted == given)
}

/// What can be done: 60 actions, and 28 patterns over them.
pub(crate) fn actions(fault: Option<Fault>) -> &'static Universe {
    static RIGHT: LazyLock<Universe> = LazyLock::new(|| with_actions(None));
    static BROKEN: LazyLock<Vec<(Fault, Universe)>> = LazyLock::new(|| broken(with_actions));
    one_of(&RIGHT, &BROKEN, fault)
}

/// Where it can be done: 21 servers, and 9 patterns over them.
pub(crate) fn audiences(fault: Option<Fault>) -> &'static Universe {
    static RIGHT: LazyLock<Universe> = LazyLock::new(|| with_audiences(None));
    static BROKEN: LazyLock<Vec<(Fault, Universe)>> = LazyLock::new(|| broken(with_audiences));
    one_of(&RIGHT, &BROKEN, fault)
}

fn with_actions(fault: Option<Fault>) -> Universe {
    Universe::new(&["read", "write", "send"], &["a"], 3, fault)
}

fn with_audiences(fault: Option<Fault>) -> Universe {
    Universe::new(&["files", "mail"], &["in"], 2, fault)
}

fn broken(make: fn(Option<Fault>) -> Universe) -> Vec<(Fault, Universe)> {
    let faults = [Fault::StarAtEndMayBeNothing, Fault::StarAtEndIsOneSegment, Fault::PatternsArePrefixes];
    faults.into_iter().map(|fault| (fault, make(Some(fault)))).collect()
}

fn one_of(
    right: &'static Universe,
    broken: &'static LazyLock<Vec<(Fault, Universe)>>,
    fault: Option<Fault>,
) -> &'static Universe {
    match fault {
        Some(Fault::StarAtEndMayBeNothing | Fault::StarAtEndIsOneSegment | Fault::PatternsArePrefixes) => {
            broken.iter().find(|(known, _)| Some(*known) == fault).map_or(right, |(_, universe)| universe)
        }
        _ => right,
    }
}
