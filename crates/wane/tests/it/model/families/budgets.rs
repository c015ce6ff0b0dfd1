//! Budgets: caps of several blocks, what was spent there, and what a request costs.

use super::super::bridge::{Asked, Case, Tally};
use super::super::naive::{BlockState, First, Ledger, Live, Request};
use super::Family;
use super::scene::{IAT, NOW, ROOT, case, chain, delegate, ledger, request, root, seal, some, with_ledger};

pub(super) const FAMILIES: &[Family] = &[CAPS, SPENT];

/// The largest cap there is.
const MOST: u64 = 9_007_199_254_740_991;

/// The counter `c` and the counter `dd`.
fn caps(c: Option<u64>, dd: Option<u64>) -> Vec<(&'static str, u64)> {
    c.map(|cap| ("c", cap)).into_iter().chain(dd.map(|cap| ("dd", cap))).collect()
}

fn costing(costs: &[(&'static str, u64)], live: &Live) -> Asked {
    Asked { request: Request { costs: costs.to_vec(), ..request("read:a") }, live: live.clone(), now: NOW }
}

/// Caps of the root block, two later ones and the seal, where a ledger is named by none, by the root block, by a later one,
/// or by both, once by another name.
const CAPS: Family = Family { name: "caps", sizes: &[4, 2, 4, 3, 3, 5], step: 1, make: stated };

fn stated(choices: &[usize]) -> Case {
    let mut blocks = [root(), delegate(1), delegate(2), seal()];
    blocks[0].budgets = caps(some(&[0, 2, MOST], choices[0]), some(&[1], choices[1]));
    blocks[1].budgets = caps(some(&[1, 2, 3], choices[2]), None);
    blocks[2].budgets = caps(some(&[2, 0], choices[3]), some(&[1, 2], choices[4]).filter(|_| choices[3] != 1));
    match choices[5] {
        0 => {}
        1 => blocks[0].ledger = Some(5),
        2 => blocks[1].ledger = Some(5),
        3 => (blocks[0].ledger, blocks[1].ledger) = (Some(5), Some(5)),
        _ => (blocks[0].ledger, blocks[1].ledger) = (Some(5), Some(6)),
    }
    // A seal caps nothing.
    if choices[4] == 2 && choices[3] == 1 {
        blocks[3].budgets = caps(Some(0), None);
    }
    let live = with_ledger(ledger());
    let costs: [&[_]; 5] =
        [&[], &[("c", 0), ("dd", 0)], &[("c", 1)], &[("c", 2), ("dd", 1)], &[("c", u64::MAX), ("dd", 2)]];
    case(chain(blocks), costs.map(|costs| costing(costs, &live)).to_vec())
}

/// What was spent under each block that caps a counter, of a session that continues another one or does not.
const SPENT: Family = Family { name: "spent", sizes: &[4, 4, 4, 4, 2, 3, 2], step: 5, make: spent };

fn spent(choices: &[usize]) -> Case {
    const AMOUNTS: [u64; 4] = [0, 1, 2, u64::MAX];
    let state = |choice: usize| BlockState { spent: vec![("c", AMOUNTS[choice])], ..BlockState::default() };
    let continues = (choices[4] == 1).then_some(9);
    // The session opens at the root block, at a later one, or where no cap is.
    let opens = choices[5];
    let mut blocks = [root(), delegate(1), delegate(2), seal()];
    blocks[0].session = false;
    blocks[opens].session = true;
    blocks[opens].iat = Some(IAT + 5);
    blocks[opens].continues = continues;
    blocks[0].ledger = Some(5);
    blocks[0].budgets = caps(Some(3), None);
    blocks[1].budgets = caps(Some(3 - u64::from(choices[6] == 1)), Some(9));
    let first = First { state: state(choices[3]), root: ROOT, iat: IAT, continues: false };
    let states = [choices[0], choices[1], choices[2]].map(state).to_vec();
    let live = with_ledger(Ledger { blocks: states, first: continues.map(|_| first), ..ledger() });
    let two = |costs: &[(&'static str, u64)]| {
        let asked = costing(costs, &live);
        Asked { request: Request { actions: vec!["read:a", "write:a"], ..asked.request }, ..asked }
    };
    let asked = vec![
        costing(&[("c", 1), ("dd", 9)], &live),
        costing(&[("c", 2), ("dd", 0)], &live),
        costing(&[("c", 0)], &live),
        two(&[("c", 1), ("dd", 5)]),
    ];
    let case = case(chain(blocks), asked);
    Case { entry: super::super::naive::Entry { issuer: true, ..case.entry }, ..case }
}

#[test]
fn caps_only_fall() {
    CAPS.compare(Tally { refused: 1_105, accepted: 335, allowed: 571, denied: 1_104, ..Tally::default() });
}

#[test]
fn each_cap_has_its_counter() {
    SPENT.compare(Tally { accepted: 615, allowed: 694, denied: 1_766, ..Tally::default() });
}
