//! Bodies beyond a small one: how much memory they take while they come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::limits::SMALL_BODY;
use crate::message::MESSAGE_BYTES;

/// What large bodies share.
#[derive(Debug)]
pub(super) struct Large {
    memory: Arc<Memory>,
}

impl Large {
    /// Memory for so many of the longest.
    pub(super) fn new(bodies: usize) -> Self {
        let pieces = MESSAGE_BYTES.div_ceil(SMALL_BODY).saturating_mul(bodies);
        let counted = Counted { left: pieces, next: 0, whole: 0, leaving: BTreeSet::new(), coming: BTreeMap::new() };
        let memory = Memory { counted: Mutex::new(counted), freed: Notify::new() };
        Self { memory: Arc::new(memory) }
    }

    /// A share of the memory, of nothing so far.
    pub(super) fn share(&self) -> Share {
        let gives_way = Arc::<Notify>::default();
        let mut counted = self.memory.counted();
        let number = counted.next;
        counted.next = number.wrapping_add(1);
        drop(counted);
        Share { memory: Arc::clone(&self.memory), number, pieces: 0, state: State::Coming, gives_way }
    }
}

/// Memory in pieces of as many bytes as a small body has.
#[derive(Debug)]
struct Memory {
    counted: Mutex<Counted>,
    freed: Notify,
}

#[derive(Debug)]
struct Counted {
    left: usize,
    next: u64,
    /// Bodies that have come: what they take is given back without their clients.
    whole: usize,
    /// Bodies that give way, and have not yet given anything back.
    leaving: BTreeSet<u64>,
    coming: BTreeMap<u64, Coming>,
}

/// A body of which more is to come.
#[derive(Debug)]
struct Coming {
    /// When it last took another piece.
    since: Instant,
    gives_way: Arc<Notify>,
}

impl Memory {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body takes.
#[derive(Debug)]
pub(super) struct Share {
    memory: Arc<Memory>,
    number: u64,
    pieces: usize,
    state: State,
    gives_way: Arc<Notify>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Coming,
    Whole,
}

/// There is no memory, and nobody who could give some back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoMemory;

impl Share {
    /// Takes memory for so many bytes in all. Where there is none, the body gives way that has gone on for the longest without another
    /// piece; who waits for memory is not slow. Waits until there is some.
    // spec: G57
    pub(super) async fn grow(&mut self, bytes: usize) -> Result<(), NoMemory> {
        let memory = Arc::clone(&self.memory);
        loop {
            let freed = memory.freed.notified();
            {
                let mut counted = memory.counted();
                // It was told to go before it asked.
                if counted.leaving.contains(&self.number) {
                    return Err(NoMemory);
                }
                let more = bytes.div_ceil(SMALL_BODY).saturating_sub(self.pieces);
                if more == 0 {
                    return Ok(());
                }
                if let Some(left) = counted.left.checked_sub(more) {
                    counted.left = left;
                    self.pieces = self.pieces.saturating_add(more);
                    let coming = Coming { since: Instant::now(), gives_way: Arc::clone(&self.gives_way) };
                    counted.coming.insert(self.number, coming);
                    return Ok(());
                }
                counted.coming.remove(&self.number);
                let slowest = counted.coming.iter().map(|(number, coming)| (coming.since, *number)).min();
                let slowest = slowest.and_then(|(_, number)| Some((number, counted.coming.remove(&number)?)));
                match slowest {
                    Some((number, slowest)) => {
                        counted.leaving.insert(number);
                        slowest.gives_way.notify_one();
                    }
                    // All who are here wait as well: one of them has to go.
                    None if counted.whole == 0 && counted.leaving.is_empty() && self.pieces > 0 => {
                        return Err(NoMemory);
                    }
                    None => {}
                }
            }
            freed.await;
        }
    }

    /// Ends when it has to give way.
    pub(super) async fn must_go(&self) {
        self.gives_way.notified().await;
    }

    /// All of the body has come.
    pub(super) fn is_whole(&mut self) {
        let mut counted = self.memory.counted();
        counted.coming.remove(&self.number);
        if std::mem::replace(&mut self.state, State::Whole) == State::Coming {
            counted.whole = counted.whole.saturating_add(1);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counted = self.memory.counted();
        counted.coming.remove(&self.number);
        counted.leaving.remove(&self.number);
        counted.left = counted.left.saturating_add(self.pieces);
        if self.state == State::Whole {
            counted.whole = counted.whole.saturating_sub(1);
        }
        drop(counted);
        self.memory.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll};

    use super::*;

    fn at_once<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn who_stands_still_gives_way() {
        let large = Large::new(1);
        let [mut still, mut goes_on, mut comes] = [(); 3].map(|()| large.share());
        for bytes in [4, 8] {
            still.grow(4 << 20).await.unwrap();
            goes_on.grow(bytes << 20).await.unwrap();
        }
        {
            let mut room = pin!(comes.grow(5 << 20));
            assert_eq!(at_once(room.as_mut()), None);
            still.must_go().await;
            assert_eq!(at_once(pin!(goes_on.must_go())), None);
            drop(still);
            room.await.unwrap();
        }
        // What is whole goes by itself, and what waits for it is not slow.
        goes_on.is_whole();
        {
            let mut room = pin!(comes.grow(9 << 20));
            assert_eq!(at_once(room.as_mut()), None);
            drop(goes_on);
            room.await.unwrap();
        }
        drop(comes);
        assert_eq!(large.memory.counted().left, 256);
    }

    #[tokio::test]
    async fn where_all_wait_one_of_them_goes() {
        let large = Large::new(1);
        let [mut one, mut two] = [(); 2].map(|()| large.share());
        one.grow(8 << 20).await.unwrap();
        two.grow(8 << 20).await.unwrap();
        let (mut first, mut second) = (pin!(one.grow(9 << 20)), pin!(two.grow(9 << 20)));
        assert_eq!(at_once(first.as_mut()), None);
        // The second was told to go.
        assert_eq!(at_once(second.as_mut()), Some(Err(NoMemory)));
    }
}
