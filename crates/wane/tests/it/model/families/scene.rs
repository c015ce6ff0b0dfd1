//! What most cases have in common.

use super::super::bridge::{Asked, Case};
use super::super::naive::{
    Approver, Ask, Block, Chain, Entry, Hint, Ledger, Live, Mark, Point, ROOT_KEY, Request, Rule, Stated, Tree,
};

pub(crate) const IAT: u64 = 1_000;
pub(crate) const EXP: u64 = 4_600;
pub(crate) const NOW: u64 = 2_000;

/// The holder of the root block; the next ones follow.
pub(crate) const HOLDER: u8 = 10;
/// Approvers.
pub(crate) const APPROVER: u8 = 40;
pub(crate) const SECOND: u8 = 41;
/// The root key, by its number.
pub(crate) const ROOT: u8 = ROOT_KEY;

pub(crate) fn root() -> Block {
    Block {
        aud: vec!["files"],
        exp: Some(EXP),
        iat: Some(IAT),
        cnf: Some(HOLDER),
        hint: Some(Hint::Trusted),
        session: true,
        scopes: Some(vec![scope("*")]),
        ..Block::default()
    }
}

/// The delegate block at this place, which takes nothing away.
pub(crate) fn delegate(index: u8) -> Block {
    Block { cnf: Some(HOLDER + index), ..Block::default() }
}

pub(crate) fn seal() -> Block {
    Block::default()
}

pub(crate) fn scope(pattern: &'static str) -> Stated {
    Stated { pattern: Some(pattern), ..Stated::default() }
}

pub(crate) fn refine(index: usize, pattern: Option<&'static str>) -> Stated {
    Stated { index, pattern, ..Stated::default() }
}

pub(crate) fn chain(blocks: impl IntoIterator<Item = Block>) -> Chain {
    Chain { blocks: blocks.into_iter().collect(), secret: false }
}

pub(crate) fn rule(level: u8, labels: &[&'static str], keep: &[&'static str]) -> Rule {
    Rule { level, labels: labels.to_vec(), keep: keep.to_vec() }
}

pub(crate) fn mark(level: u8, labels: &[&'static str]) -> Mark {
    Mark { level, labels: labels.to_vec() }
}

pub(crate) fn ask(pattern: &'static str, approvers: &[Approver], need: u64) -> Ask {
    Ask { pattern, approvers: approvers.to_vec(), need }
}

pub(crate) fn nothing() -> Point {
    Point { arguments: Tree::Object(Vec::new()), facts: Vec::new(), seen: Vec::new() }
}

pub(crate) fn request(action: &'static str) -> Request {
    Request {
        audience: "files",
        actions: vec![action],
        point: nothing(),
        mark: Mark::default(),
        costs: Vec::new(),
        ask: Vec::new(),
        needs_own_seal: false,
    }
}

/// Asked now, of a verifier without a ledger.
pub(crate) fn asked(request: Request) -> Asked {
    Asked { request, live: Live::default(), now: NOW }
}

pub(crate) fn each(actions: &[&'static str]) -> Vec<Asked> {
    actions.iter().map(|action| asked(request(action))).collect()
}

pub(crate) fn ledger() -> Ledger {
    Ledger { id: 5, ..Ledger::default() }
}

pub(crate) fn with_ledger(ledger: Ledger) -> Live {
    Live { ledger: Some(ledger), ..Live::default() }
}

pub(crate) fn case(chain: Chain, asked: Vec<Asked>) -> Case {
    Case { entry: Entry::default(), chain, asked, shown: Vec::new() }
}

/// Nothing, or what stands at this place less one.
pub(crate) fn some<T: Clone>(choices: &[T], choice: usize) -> Option<T> {
    choice.checked_sub(1).map(|place| choices[place].clone())
}
