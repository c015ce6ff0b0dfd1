//! The processes that were started here: how many there may be of each server, and that the gateway leaves none behind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::sessions::half;
use crate::credential::Who;

/// How long a process may take to end, as its end is asked for: two seconds by itself, two more when it was told to, and then it is
/// killed.
pub(super) const END: Duration = Duration::from_secs(5);

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Processes {
    counted: Mutex<Counted>,
    fewer: Condvar,
}

#[derive(Debug, Default)]
struct Counted {
    running: usize,
    phase: Phase,
}

/// What the gateway is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Serving,
    Ending,
}

impl Processes {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process is about to be started in this place; none is any more once the gateway ends.
    pub(super) fn begin(self: &Arc<Self>, place: Place) -> Option<Running> {
        let mut counted = self.counted();
        if counted.phase == Phase::Ending {
            return None;
        }
        counted.running = counted.running.saturating_add(1);
        Some(Running { processes: Arc::clone(self), place })
    }

    /// The gateway ends: no process is started any more, and none has time to end by itself.
    pub(super) fn close(&self) {
        self.counted().phase = Phase::Ending;
    }

    /// Waits until none is left, no longer than so long.
    // spec: G42
    pub(super) fn wait(&self, within: Duration) {
        let waited = self.fewer.wait_timeout_while(self.counted(), within, |counted| counted.running > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// One process, from before its start until nothing of it is left.
#[derive(Debug)]
pub(super) struct Running {
    processes: Arc<Processes>,
    place: Place,
}

impl Running {
    /// Whether the gateway ends.
    pub(super) fn is_to_end(&self) -> bool {
        self.processes.counted().phase == Phase::Ending
    }

    /// Somebody who is known talks to it.
    pub(super) fn is_known(&mut self) {
        self.place.stranger = None;
    }

    /// Nobody talks to it any more. Its place is free once it has ended.
    pub(super) fn ends(&mut self) {
        self.place.is_ending();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut counted = self.processes.counted();
        counted.running = counted.running.saturating_sub(1);
        drop(counted);
        self.processes.fewer.notify_all();
    }
}

/// Places for the processes of one server.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// Those of them that strangers may have.
    strangers: Arc<Semaphore>,
    ending: AtomicUsize,
    /// How many wait for one of them.
    waiting: AtomicUsize,
}

/// One of them. What is free again is free before nobody counts it as ending any more.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    _permit: OwnedSemaphorePermit,
    stranger: Option<OwnedSemaphorePermit>,
    ending: Option<Ending>,
}

/// What will be free soon.
#[derive(Debug)]
struct Ending(Arc<Places>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.ending.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Somebody waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn of(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Places {
    pub(super) fn new(most: usize) -> Arc<Self> {
        let places = |most| Arc::new(Semaphore::new(most));
        Arc::new(Self {
            free: places(most),
            strangers: places(half(most)),
            ending: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
        })
    }

    /// A free place. Where there is none and none can be made, there is none; one that is about to be free is waited for.
    // spec: G42 G59
    pub(super) async fn take(self: &Arc<Self>, who: Who, make_room: impl Fn() -> Room) -> Option<Place> {
        let stranger = match who {
            Who::Stranger => Some(self.one_of(&self.strangers, who, &make_room).await?),
            Who::Known => None,
        };
        let permit = self.one_of(&self.free, who, &make_room).await?;
        Some(Place { places: Arc::clone(self), _permit: permit, stranger, ending: None })
    }

    /// What is about to be free is first for those who wait already: a stranger that waited for it as well would have it in the place of
    /// somebody who has given something up for it.
    async fn one_of(
        &self,
        places: &Arc<Semaphore>,
        who: Who,
        make_room: impl Fn() -> Room,
    ) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
            return Some(permit);
        }
        let waiting = Waiting::of(&self.waiting);
        let made = make_room();
        let ending = self.ending.load(Ordering::Relaxed);
        let comes = match who {
            Who::Known => ending > 0,
            Who::Stranger => ending >= waiting.0.load(Ordering::Relaxed),
        };
        if made == Room::None && !comes {
            return None;
        }
        timeout(END, Arc::clone(places).acquire_owned()).await.ok()?.ok()
    }
}

/// Whether somebody has given way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Made,
    None,
}

impl Place {
    fn is_ending(&mut self) {
        if self.ending.is_none() {
            self.places.ending.fetch_add(1, Ordering::Relaxed);
            self.ending = Some(Ending(Arc::clone(&self.places)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stranger_does_not_wait_for_what_others_have_made_room_for() {
        let places = Places::new(2);
        let mut first = places.take(Who::Known, || Room::None).await.unwrap();
        let _second = places.take(Who::Known, || Room::None).await.unwrap();
        first.is_ending();
        let before = tokio::time::Instant::now();
        let (known, ()) = tokio::join!(places.take(Who::Known, || Room::Made), async {
            assert!(places.take(Who::Stranger, || Room::None).await.is_none());
            assert!(before.elapsed() < END, "it has waited");
            drop(first);
        });
        let mut known = known.unwrap();
        // It does wait for what nobody else waits for.
        known.is_ending();
        let (stranger, ()) = tokio::join!(places.take(Who::Stranger, || Room::None), async { drop(known) });
        assert!(stranger.is_some());
    }
}
