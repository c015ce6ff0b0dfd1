//! The session for programs that have no tokens yet.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use rand_core::{TryCryptoRng, TryRng};
use wane::{Code, Level};
use wane_ledger::Session;

/// Counts, and notes what it gave. A copy of it goes on from the same number, as a copy of any generator does.
#[derive(Clone)]
struct Counting {
    next: u64,
    given: Arc<Mutex<Vec<u64>>>,
}

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| u32::try_from(number & 0xffff_ffff).unwrap())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.next += 1;
        self.given.lock().unwrap().push(self.next);
        Ok(self.next)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counting {}

#[test]
fn what_gave_a_secret_never_gives_an_id() {
    let given = Arc::new(Mutex::new(Vec::new()));
    let session = Session::start(&["read", "write"], Counting { next: 0, given: Arc::clone(&given) }).unwrap();
    let child = session.delegate(&["read"]).unwrap();
    for holder in [&session, &child] {
        assert!(holder.admit("read", Level::Internal).is_ok());
    }
    session.access(Level::Restricted).unwrap();
    assert_eq!(child.admit("write", Level::Public).unwrap_err().code(), Code::DenyRatchet);
    drop((session, child));
    // Keys, the log's secret, ids of records: all from one generator, nothing twice.
    let given = given.lock().unwrap();
    let distinct: BTreeSet<u64> = given.iter().copied().collect();
    assert!(given.len() > 20, "only {} numbers were asked for", given.len());
    assert_eq!(distinct.len(), given.len());
}
