//! Scopes: patterns, refinements, lists of them, deny, several actions.

use super::super::bridge::{Case, Tally};
use super::super::naive::{Block, Request, actions};
use super::Family;
use super::scene::{asked, case, chain, delegate, each, refine, request, root, scope, seal, some};

pub(super) const FAMILIES: &[Family] = &[PATTERNS, DEEPER, LISTS, DENY, TOGETHER];

/// One scope, refined once, and every action asked for.
const PATTERNS: Family = Family { name: "patterns", sizes: &[28, 29], step: 1, make: patterns };

fn patterns(choices: &[usize]) -> Case {
    let universe = actions(None);
    let root = Block { scopes: Some(vec![scope(universe.patterns[choices[0]])]), ..root() };
    let later = Block { scopes: Some(vec![refine(0, some(&universe.patterns, choices[1]))]), ..delegate(1) };
    let case = case(chain([root, later, seal()]), each(&universe.actions));
    Case { shown: universe.patterns[choices[0]..=choices[0]].to_vec(), ..case }
}

/// Refined twice, the second time in the seal.
const DEEPER: Family = Family { name: "patterns refined twice", sizes: &[28, 29, 29], step: 13, make: deeper };

fn deeper(choices: &[usize]) -> Case {
    let universe = actions(None);
    let root = Block { scopes: Some(vec![scope(universe.patterns[choices[0]])]), ..root() };
    let later = Block { scopes: Some(vec![refine(0, some(&universe.patterns, choices[1]))]), ..delegate(1) };
    let seal = Block { scopes: Some(vec![refine(0, some(&universe.patterns, choices[2]))]), ..seal() };
    let asked = each(&["read:a", "write:z", "send:a:z", "z"]);
    Case { shown: vec!["read:*", "*:a:a"], ..case(chain([root, later, seal]), asked) }
}

const WIDE: [&str; 5] = ["*", "read:*", "*:a", "write:*", "read:a:*"];
const SMALL: [&str; 3] = ["read:a", "read:a:*", "write:a"];

/// Two scopes, and a later block that keeps none, some, or all of them, in any order.
const LISTS: Family = Family { name: "lists of scopes", sizes: &[5, 5, 13, 13, 3], step: 7, make: lists };

fn lists(choices: &[usize]) -> Case {
    // Not there, or an index that may be one too high, and none of the patterns or one.
    let refinement = |choice: usize| {
        let choice = choice.checked_sub(1)?;
        Some(refine(choice % 3, some(&SMALL, choice / 3)))
    };
    let stated: Vec<_> = [refinement(choices[2]), refinement(choices[3])].into_iter().flatten().collect();
    let root = Block { scopes: Some(vec![scope(WIDE[choices[0]]), scope(WIDE[choices[1]])]), ..root() };
    let first = Block { scopes: Some(stated), ..delegate(1) };
    let second = match choices[4] {
        0 => delegate(2),
        1 => Block { scopes: Some(Vec::new()), ..delegate(2) },
        _ => Block { scopes: Some(vec![refine(1, None), refine(0, None)]), ..delegate(2) },
    };
    case(chain([root, first, second, seal()]), each(&["read:a", "write:a", "read:a:a", "send:a"]))
}

const DENIED: [&str; 5] = ["read:*", "*:a", "send:*", "*:*:a", "write:a"];

/// Patterns denied by the root block, by a later one and by the seal.
const DENY: Family = Family { name: "deny", sizes: &[6, 6, 6, 2], step: 1, make: deny };

fn deny(choices: &[usize]) -> Case {
    let denied = |choice: usize, block: Block| Block { deny: some(&DENIED, choice).into_iter().collect(), ..block };
    let mut first = denied(choices[0], root());
    if choices[3] == 1 {
        first.deny.extend(["read:a:z"]);
    }
    let blocks = [first, denied(choices[1], delegate(1)), denied(choices[2], seal())];
    let mut asked = each(&["read:a", "write:a", "send:z", "read:a:z", "z:a:a"]);
    asked.extend(pairs(&["read:a", "write:z"]).map(super::scene::asked));
    Case { shown: vec!["read:*", "*:a:a"], ..case(chain(blocks), asked) }
}

fn pairs(actions: &'static [&'static str]) -> impl Iterator<Item = Request> {
    let pair = |one: &'static str, other: &'static str| Request { actions: vec![one, other], ..request(one) };
    actions.iter().flat_map(move |one| actions.iter().map(move |other| pair(one, other)))
}

/// Up to four actions at once under two scopes; all of them must be allowed.
const TOGETHER: Family = Family { name: "several actions", sizes: &[5, 5, 4, 4, 4, 4], step: 7, make: together };

fn together(choices: &[usize]) -> Case {
    const ACTIONS: [&str; 4] = ["read:a", "write:a", "read:z", "send:a:z"];
    let root = Block { scopes: Some(vec![scope(WIDE[choices[0]]), scope(WIDE[choices[1]])]), ..root() };
    let all: Vec<_> = choices[2..].iter().map(|choice| ACTIONS[*choice]).collect();
    let up_to = |count: usize| asked(Request { actions: all[..count].to_vec(), ..request("read:a") });
    case(chain([root, seal()]), (2..=4).map(up_to).collect())
}

#[test]
fn patterns_and_what_refines_them() {
    PATTERNS.compare(Tally {
        refused: 669,
        accepted: 143,
        allowed: 1_008,
        denied: 7_572,
        shown: 8_580,
        ..Tally::default()
    });
}

#[test]
fn patterns_refined_twice() {
    DEEPER.compare(Tally { refused: 1_775, accepted: 37, allowed: 5, denied: 143, shown: 296, ..Tally::default() });
}

#[test]
fn lists_of_scopes() {
    LISTS.compare(Tally { refused: 1_421, accepted: 390, allowed: 515, denied: 1_045, ..Tally::default() });
}

#[test]
fn denied_patterns() {
    DENY.compare(Tally { accepted: 432, allowed: 1_697, denied: 2_191, shown: 7_776, ..Tally::default() });
}

#[test]
fn several_actions_at_once() {
    TOGETHER.compare(Tally { accepted: 915, allowed: 1_317, denied: 1_428, ..Tally::default() });
}
