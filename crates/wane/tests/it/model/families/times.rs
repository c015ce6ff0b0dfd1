//! Times of three blocks, and of the decision.

use super::super::bridge::{Asked, Case, Tally};
use super::super::naive::Block;
use super::Family;
use super::scene::{EXP, IAT, NOW, asked, case, chain, delegate, request, root, seal, some};

pub(super) const FAMILIES: &[Family] = &[STATED, NOWS];

/// Each of the three times of a later block and of the seal.
const STATED: Family = Family { name: "stated times", sizes: &[4, 6, 5, 5, 4, 3, 4], step: 13, make: stated };

fn stated(choices: &[usize]) -> Case {
    let first = Block { nbf: some(&[IAT - 1, IAT + 500, EXP], choices[0]), ..root() };
    let second = Block {
        exp: some(&[EXP, EXP + 1, 3_000, 1_500, IAT], choices[1]),
        nbf: some(&[IAT - 2, IAT, 1_500, 3_000], choices[2]),
        iat: some(&[IAT - 1, IAT, 2_500, 3_000], choices[3]),
        ..delegate(1)
    };
    let last = Block {
        exp: some(&[3_001, 2_999, EXP], choices[4]),
        nbf: some(&[1_499, 2_031], choices[5]),
        iat: some(&[1_200, 2_031, IAT - 1], choices[6]),
        ..seal()
    };
    let at = |now| Asked { now, ..asked(request("read:a")) };
    case(chain([first, second, last]), [NOW, 2_999, 1_469, 1_470].map(at).to_vec())
}

/// Every second around the borders.
const NOWS: Family = Family { name: "seconds", sizes: &[3, 3, 3], step: 1, make: nows };

fn nows(choices: &[usize]) -> Case {
    let first = Block { nbf: some(&[IAT, 2_000], choices[0]), exp: Some(3_000), ..root() };
    let second =
        Block { iat: some(&[IAT + 1, 2_100], choices[1]), exp: some(&[2_500, 3_000], choices[2]), ..delegate(1) };
    let around = [0, 969, 1_970, 2_070, 2_500, 3_000, 3_030].into_iter().flat_map(|border: u64| {
        (border.saturating_sub(2)..border + 3).map(|now| Asked { now, ..asked(request("read:a")) })
    });
    let case = case(chain([first, second, seal()]), around.collect());
    Case { shown: vec!["read:a"], ..case }
}

#[test]
fn times_of_every_block() {
    STATED.compare(Tally { refused: 2_061, accepted: 155, allowed: 232, denied: 388, ..Tally::default() });
}

#[test]
fn every_second_at_a_border() {
    NOWS.compare(Tally { accepted: 27, allowed: 357, denied: 534, shown: 891, ..Tally::default() });
}
