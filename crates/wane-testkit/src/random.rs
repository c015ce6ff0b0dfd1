//! Random cases, for two verifiers to answer alike: chains that mostly narrow, requests that mostly fit, and now and then
//! a fault of any kind. The same seed gives the same cases everywhere.

mod chain;
mod damage;
mod request;
mod state;
mod words;

use crate::case::Case;

/// SplitMix64: a sequence of numbers from a seed, good enough to choose by.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one, which is not zero.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Yes, in so many of a hundred throws.
    pub fn in_hundred(&mut self, throws: u64) -> bool {
        self.below(100) < throws
    }

    /// One of them.
    ///
    /// # Panics
    /// Of none.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let place = usize::try_from(self.below(of.len().try_into().expect("a length"))).expect("a place");
        of.get(place).expect("the place is below the length")
    }

    /// One of these words.
    pub fn word<'a>(&mut self, of: &[&'a str]) -> &'a str {
        self.one::<&str>(of)
    }

    /// Each of them in so many of a hundred throws, in their order.
    pub fn some<'a, T>(&mut self, of: &'a [T], throws: u64) -> Vec<&'a T> {
        of.iter().filter(|_| self.in_hundred(throws)).collect()
    }
}

/// The case of this number in the sequence of a seed. It says nothing of what must be answered.
///
/// ```
/// use wane_testkit::random::case;
/// assert_eq!(case(1, 7).to_json(), case(1, 7).to_json());
/// assert_ne!(case(1, 7).to_json(), case(1, 8).to_json());
/// assert_ne!(case(1, 7).to_json(), case(2, 7).to_json());
/// ```
pub fn case(seed: u64, number: u64) -> Case {
    let mut dice = Dice::new(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
    let asked = request::Asked::thrown(&mut dice);
    let grown = chain::Grown::thrown(&mut dice, &asked);
    let state = state::state(&mut dice, &grown);
    let request = asked.request(&mut dice, &grown);
    let payload = damage::payload(&mut dice, &grown);
    let now = request::now(&mut dice);
    let mut case = Case::new(&format!("random/{seed}-{number}"), &format!("case {number} of seed {seed}"))
        .roots_file(request::roots(&mut dice, &asked))
        .request(request)
        .payload(payload)
        .now(now);
    if let Some(arguments) = &asked.arguments {
        case = case.arguments(arguments);
    }
    match state {
        Some(state) => case.state(state),
        None => case,
    }
}
