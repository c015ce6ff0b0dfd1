//! Sessions, ledgers and depth: where they are stated.

use super::super::bridge::{Asked, Case, Tally};
use super::super::naive::{Block, BlockState, Entry, First, Ledger};
use super::Family;
use super::scene::{IAT, NOW, ROOT, asked, case, chain, delegate, ledger, request, root, seal, some, with_ledger};

pub(super) const FAMILIES: &[Family] = &[PLACES, DEPTHS, LENGTHS];

/// A session, what it continues and a ledger, each stated by none of four blocks or by any of them.
const PLACES: Family = Family { name: "sessions", sizes: &[16, 5, 5, 2, 2, 3], step: 7, make: places };

fn places(choices: &[usize]) -> Case {
    let mut blocks = [root(), delegate(1), delegate(2), seal()];
    for (place, block) in blocks.iter_mut().enumerate() {
        block.session = choices[0] >> place & 1 == 1;
        // A time that falls is another matter; one that is missing is not.
        if place > 0 && block.session && choices[4] == 1 {
            block.iat = Some(IAT + 1);
        }
    }
    if let Some(place) = choices[1].checked_sub(1) {
        blocks[place].continues = Some(9);
    }
    if let Some(place) = choices[2].checked_sub(1) {
        blocks[place].ledger = Some(5);
    }
    if choices[5] == 1 {
        blocks[2].ledger = Some(6);
    }
    let first = First { state: BlockState::default(), root: ROOT, iat: IAT, continues: false };
    let first = (choices[1] > 0 && choices[5] < 2).then_some(first);
    let with = Asked { live: with_ledger(Ledger { first, ..ledger() }), ..asked(request("read:a")) };
    let case = case(chain(blocks), vec![asked(request("read:a")), with]);
    Case { entry: Entry { issuer: choices[3] == 1, ..Entry::default() }, shown: vec!["read:*"], ..case }
}

/// Depths of the root entry, the root block and up to three delegate blocks.
const DEPTHS: Family = Family { name: "depths", sizes: &[4, 6, 5, 5, 4, 4], step: 7, make: depths };

fn depths(choices: &[usize]) -> Case {
    let mut blocks = vec![Block { depth: some(&[0, 1, 2, 3, 14], choices[1]), ..root() }];
    let count = u8::try_from(choices[5]).unwrap();
    for (index, choice) in (1..=count).zip(&choices[2..]) {
        blocks.push(Block { depth: some(&[0, 1, 2, 13], *choice), ..delegate(index) });
    }
    blocks.push(seal());
    let entry = Entry { depth: some(&[0, 2, 14], choices[0]), ..Entry::default() };
    Case { entry, ..case(chain(blocks), vec![asked(request("read:a"))]) }
}

/// As many delegate blocks as fit, under a depth that is stated or not.
const LENGTHS: Family = Family { name: "lengths", sizes: &[16, 15], step: 1, make: lengths };

fn lengths(choices: &[usize]) -> Case {
    let first = Block { depth: choices[0].checked_sub(1).map(|depth| u8::try_from(depth).unwrap()), ..root() };
    let later = (1..=u8::try_from(choices[1]).unwrap()).map(delegate);
    let blocks = [first].into_iter().chain(later).chain([seal()]);
    case(chain(blocks), vec![Asked { now: NOW, ..asked(request("read:a")) }])
}

#[test]
fn one_session_and_one_ledger() {
    PLACES.compare(Tally { refused: 675, accepted: 11, allowed: 9, denied: 13, shown: 22, ..Tally::default() });
}

#[test]
fn depth_counts_down() {
    DEPTHS.compare(Tally { refused: 958, accepted: 414, allowed: 414, ..Tally::default() });
}

#[test]
fn up_to_fourteen_delegates() {
    LENGTHS.compare(Tally { refused: 105, accepted: 135, allowed: 135, ..Tally::default() });
}
