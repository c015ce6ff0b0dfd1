//! Ids of records.

use rand_core::CryptoRng;

/// Ids that are drawn at once beside the one that is asked for.
const MORE: usize = 31;

/// Ids, drawn many at a time: asking the system for them costs as much as using them.
pub(super) struct Ids {
    rng: Box<dyn CryptoRng + Send>,
    drawn: std::vec::IntoIter<[u8; 16]>,
}

impl Ids {
    pub(super) fn new(rng: Box<dyn CryptoRng + Send>) -> Self {
        Self { rng, drawn: Vec::new().into_iter() }
    }

    pub(super) fn next(&mut self) -> [u8; 16] {
        self.drawn.next().unwrap_or_else(|| {
            let (mut one, mut more) = ([0; 16], vec![[0; 16]; MORE]);
            self.rng.fill_bytes(&mut one);
            self.rng.fill_bytes(more.as_flattened_mut());
            self.drawn = more.into_iter();
            one
        })
    }
}
