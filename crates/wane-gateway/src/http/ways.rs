//! Between a gate, which calls and is called, and exchanges, which wait.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedMutexGuard, Semaphore};
use tokio::task::JoinHandle;

use crate::gate::{Connection, Gate, Outlet};

/// A message that a gate lets out. None of them waits: a call of a gate lets out a few at most, and no more are handed in before these
/// are gone.
#[derive(Debug)]
pub(super) enum Way {
    Client(Vec<u8>),
    Server(Vec<u8>),
}

/// A gate for one exchange, and what it lets out.
#[derive(Debug)]
pub(super) struct Ways {
    pub(super) gate: Arc<Gate>,
    out: UnboundedReceiver<Way>,
    reading: Arc<Semaphore>,
}

fn outlet(to: &UnboundedSender<Way>, way: fn(Vec<u8>) -> Way) -> Outlet {
    let to = to.clone();
    // Who asked may have gone.
    Box::new(move |message| to.send(way(message.to_vec())).map_err(|_| io::ErrorKind::BrokenPipe.into()))
}

impl Ways {
    /// A gate like this one, for one exchange.
    pub(super) fn of(gate: &Gate, connection: Connection, beside: Option<Box<str>>, reading: &Arc<Semaphore>) -> Self {
        let (to, out) = unbounded_channel();
        let gate = gate.on(connection, outlet(&to, Way::Client), outlet(&to, Way::Server), beside);
        Self { gate: Arc::new(gate), out, reading: Arc::clone(reading) }
    }

    /// A gate that outlives the exchange, and remembers with it.
    pub(super) fn kept(&self) -> Gate {
        let nowhere = || -> Outlet { Box::new(|_| Err(io::ErrorKind::BrokenPipe.into())) };
        self.gate.on(Connection::Same, nowhere(), nowhere(), None)
    }

    /// Hands in what the client says. It takes as long as it takes, also where nobody waits for it any more.
    pub(super) async fn hand_clients(
        &self,
        bytes: super::body::Read,
        deciding: &Arc<Semaphore>,
        turn: Option<OwnedMutexGuard<()>>,
    ) -> Option<JoinHandle<io::Result<()>>> {
        let place = Arc::clone(deciding).acquire_owned().await.ok()?;
        let gate = Arc::clone(&self.gate);
        Some(tokio::task::spawn_blocking(move || {
            let done = gate.from_client(&bytes.bytes);
            drop((bytes, turn, place));
            done
        }))
    }

    /// Hands in what the server says, and waits until it is looked at.
    pub(super) async fn hand_servers(&self, bytes: Vec<u8>) {
        let Ok(place) = Arc::clone(&self.reading).acquire_owned().await else { return };
        let gate = Arc::clone(&self.gate);
        let looked = tokio::task::spawn_blocking(move || {
            let done = gate.from_server(&bytes);
            drop(place);
            done
        });
        // Nothing came out where it failed, and whoever waits for that is told so.
        let _: Result<io::Result<()>, _> = looked.await;
    }

    /// The next message that comes out.
    pub(super) async fn next(&mut self) -> Option<Way> {
        self.out.recv().await
    }

    /// One that has come out already.
    pub(super) fn take(&mut self) -> Option<Way> {
        self.out.try_recv().ok()
    }

    pub(super) const fn reading(&self) -> &Arc<Semaphore> {
        &self.reading
    }
}
