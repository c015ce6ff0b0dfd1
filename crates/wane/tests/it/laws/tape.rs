//! Properties of random choices: the bytes they are read from are what the generator makes and shrinks.

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

pub(super) use crate::model::tape::Tape;

/// How many random cases a law must survive.
pub(super) const CASES: u32 = 10_000;

/// Holds the law against [`CASES`] tapes of so many choices; the first that breaks it is shrunk and shown.
#[track_caller]
pub(crate) fn holds(choices: usize, law: impl Fn(&mut Tape<'_>) -> Result<(), String>) {
    holds_for(CASES, choices, law);
}

#[track_caller]
pub(crate) fn holds_for(cases: u32, choices: usize, law: impl Fn(&mut Tape<'_>) -> Result<(), String>) {
    let config =
        Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(0x5741_4e45), ..Config::default() };
    let mut runner = TestRunner::new(config);
    // Eight choices at a time: a strategy for each byte would cost more than the laws.
    let tapes = vec(any::<u64>(), choices.div_ceil(8));
    let answer = runner.run(&tapes, |numbers| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        law(&mut Tape::new(&bytes)).map_err(TestCaseError::fail)
    });
    match answer {
        Ok(()) => {}
        // The history is in the reason; the choices that led to it say nothing to people.
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(aborted) => panic!("{aborted}"),
    }
}

/// The law as stated, or what was found instead.
pub(crate) fn ensure(law: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if law { Ok(()) } else { Err(otherwise()) }
}
