//! Random choices, read from bytes that the generator of the properties makes and shrinks.

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};

/// How many random cases a law must survive.
pub(super) const CASES: u32 = 10_000;

/// The choices left. Where none are left, every choice is the first.
pub(crate) struct Tape<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Tape<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Something, once in so many times.
    pub(crate) fn maybe<T>(&mut self, count: usize, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.once_in(count).then(|| make(self))
    }

    pub(crate) fn several<T>(&mut self, most: usize, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    /// Distinct elements of a list, in its order.
    pub(crate) fn some_of<T: Copy>(&mut self, from: &[T], most: usize) -> Vec<T> {
        let mut places = self.several(most, |tape| tape.below(from.len()));
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| from[place]).collect()
    }

    pub(crate) fn number(&mut self) -> u64 {
        (0..8).fold(0, |sum, _| sum << 8 | u64::from(self.byte()))
    }
}

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
