//! Ids of records, several of them drawn at once: whoever asks the system for random bytes pays for asking, and little for each.

use rand_core::CryptoRng;
use wane_audit::RecordId;

/// How many are drawn at once.
const DRAWN: usize = 16;

pub(super) struct Ids {
    rng: Box<dyn CryptoRng + Send>,
    /// Those that nobody has yet.
    left: Vec<RecordId>,
}

impl Ids {
    pub(super) fn drawn_from(rng: Box<dyn CryptoRng + Send>) -> Self {
        Self { rng, left: Vec::with_capacity(DRAWN) }
    }

    pub(super) fn next(&mut self) -> RecordId {
        loop {
            if let Some(id) = self.left.pop() {
                return id;
            }
            let mut bytes = [[0; 16]; DRAWN];
            self.rng.fill_bytes(bytes.as_flattened_mut());
            self.left.extend(bytes.map(RecordId::from_bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use getrandom::SysRng;
    use rand_core::UnwrapErr;

    use super::*;

    #[test]
    fn no_id_comes_twice() {
        let mut ids = Ids::drawn_from(Box::new(UnwrapErr(SysRng)));
        let all: BTreeSet<RecordId> = (0..10 * DRAWN).map(|_| ids.next()).collect();
        assert_eq!(all.len(), 10 * DRAWN);
    }
}
