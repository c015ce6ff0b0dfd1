//! Cases that have everything at once, made by the same choices in every run.

use std::collections::BTreeMap;

use rand_core::Rng as _;

use super::bridge::{Case, Heard, Tally, heard_by_library, heard_by_model};
use super::choose;
use super::families::differences;
use super::naive::{Answer, Fault};
use super::tape::Tape;
use crate::forge::Rng;

const CASES: u64 = 4_000;

fn cases() -> impl Iterator<Item = (u64, Case)> {
    (0..CASES).map(|seed| {
        let mut bytes = [0; 3_000];
        Rng::new(seed).fill_bytes(&mut bytes);
        (seed, choose::case(&mut Tape::new(&bytes)))
    })
}

#[test]
fn everything_at_once() {
    let mut tally = Tally::default();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    for (seed, case) in cases() {
        let (library, model) = (heard_by_library(&case), heard_by_model(&case, None));
        assert!(library == model, "{seed}: {}", differences(&case, &library, &model));
        tally.count(&library);
        codes_in(&library).for_each(|code| *codes.entry(code).or_default() += 1);
    }
    println!("{tally:?} {codes:?}");
    assert!(codes.len() >= 50, "{codes:?}");
    let floor = Tally { refused: 800, accepted: 2_000, allowed: 300, asked: 20, denied: 3_000, shown: 500 };
    assert!(tally.reaches(&floor), "{tally:?}");
}

fn codes_in(heard: &Heard) -> Box<dyn Iterator<Item = &'static str> + '_> {
    match heard {
        Err(no) => Box::new([no.code].into_iter()),
        Ok((_, answers, _)) => Box::new(answers.iter().filter_map(|answer| match answer {
            Answer::Allow(..) => None,
            Answer::Ask(no) | Answer::Deny(no) => Some(no.code),
        })),
    }
}

/// What the fuzzer tries does not rest on the families: most faults are found out by chance as well.
#[test]
fn chance_finds_most_faults() {
    let mut missed = Fault::ALL.to_vec();
    for (_, case) in cases().take(1_500) {
        // Whether it is the library's, the other test says.
        let right = heard_by_model(&case, None);
        missed.retain(|fault| heard_by_model(&case, Some(*fault)) == right);
    }
    println!("{} of {} missed: {missed:?}", missed.len(), Fault::ALL.len());
    assert!(missed.len() * 2 < Fault::ALL.len(), "{missed:?}");
}
