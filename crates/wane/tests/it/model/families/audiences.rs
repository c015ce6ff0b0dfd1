//! Audiences of three blocks, alone and in pairs.

use super::super::bridge::{Case, Tally};
use super::super::naive::{Block, Request, audiences};
use super::Family;
use super::scene::{asked, case, chain, delegate, request, root, seal};

pub(super) const FAMILIES: &[Family] = &[ALL];

const ALL: Family = Family { name: "audiences", sizes: &[16, 17, 12], step: 5, make: all };

/// Nothing, one of the nine patterns, or a pair.
fn stated(choice: usize) -> Vec<&'static str> {
    const PAIRS: [[&str; 2]; 7] = [
        ["files", "mail"],
        ["files:*", "mail:*"],
        ["mail", "mail:*"],
        ["*:in", "files"],
        ["mail:in", "files:in"],
        ["*", "mail"],
        ["mail:*", "mail:in"],
    ];
    match choice {
        0 => Vec::new(),
        1..=9 => vec![audiences(None).patterns[choice - 1]],
        _ => PAIRS[choice - 10].to_vec(),
    }
}

fn all(choices: &[usize]) -> Case {
    let first = Block { aud: stated(choices[0] + 1), ..root() };
    let second = Block { aud: stated(choices[1]), ..delegate(1) };
    let last = Block { aud: stated(choices[2]), ..seal() };
    let at = |audience| asked(Request { audience, ..request("read:a") });
    case(chain([first, second, last]), ["files", "mail", "mail:in", "z"].map(at).to_vec())
}

#[test]
fn audiences_of_every_block() {
    ALL.compare(Tally { refused: 615, accepted: 38, allowed: 24, denied: 128, ..Tally::default() });
}
