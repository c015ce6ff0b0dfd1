//! Between a gate, which calls and is called, and exchanges, which wait.

use std::io;
use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedMutexGuard, Semaphore};
use tokio::task::JoinHandle;

use crate::gate::client::is_own_request;
use crate::gate::{Connection, Gate, Outlet};
use crate::message::Message;

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
    /// The id of the request that is handed in.
    expects: Option<String>,
    stage: Stage,
    /// What the gate has asked for itself. It waits for that, and for nothing once this exchange is gone.
    own: Vec<String>,
}

/// How far a client's request has come, whose id nobody else can have until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The gate has not let it through.
    Nowhere,
    /// The gate has let it through, and the server has not seen it.
    LetThrough,
    /// The server may have seen it.
    Sent,
    /// Its answer has come, or comes on another way.
    Over,
}

/// It fails where who asked has gone: what would have gone on does not.
fn to_server(to: &UnboundedSender<Way>) -> Outlet {
    let to = to.clone();
    Box::new(move |message| to.send(Way::Server(message.to_vec())).map_err(|_| io::ErrorKind::BrokenPipe.into()))
}

/// It does not fail: what nobody hears changes nothing about what has gone on.
fn to_client(to: &UnboundedSender<Way>) -> Outlet {
    let to = to.clone();
    Box::new(move |message| to.send(Way::Client(message.to_vec())).or(Ok(())))
}

impl Ways {
    /// A gate like this one, for one exchange.
    pub(super) fn of(gate: &Gate, connection: Connection, beside: Option<Box<str>>, reading: &Arc<Semaphore>) -> Self {
        Self::with(gate, connection, beside, reading, |gate| gate)
    }

    /// The same for an exchange that is a connection of its own: of other exchanges with the same head it knows what is listed.
    pub(super) fn alone(gate: &Gate, beside: Option<Box<str>>, reading: &Arc<Semaphore>, head: &HeaderMap) -> Self {
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            [name.as_str().as_bytes(), b":", value.as_bytes(), b"\n"].concat()
        };
        // Values of one name stay in their order: a server may take the first, or the last.
        let mut named: Vec<(&HeaderName, &HeaderValue)> = head.iter().collect();
        named.sort_by_key(|(name, _)| name.as_str());
        let lines: Vec<Vec<u8>> = named.into_iter().map(line).collect();
        Self::with(gate, Connection::Another, beside, reading, |gate| gate.with_head(lines.concat().into()))
    }

    fn with(
        gate: &Gate,
        connection: Connection,
        beside: Option<Box<str>>,
        reading: &Arc<Semaphore>,
        made: impl FnOnce(Gate) -> Gate,
    ) -> Self {
        let (to, out) = unbounded_channel();
        let gate = made(gate.on(connection, to_client(&to), to_server(&to), beside));
        Self {
            gate: Arc::new(gate),
            out,
            reading: Arc::clone(reading),
            expects: None,
            stage: Stage::Nowhere,
            own: Vec::new(),
        }
    }

    /// A gate that outlives the exchange, and remembers with it.
    pub(super) fn kept(&self) -> Gate {
        let nowhere = || -> Outlet { Box::new(|_| Err(io::ErrorKind::BrokenPipe.into())) };
        self.gate.on(Connection::Same, nowhere(), nowhere(), None)
    }

    /// The id of the request that will be handed in.
    pub(super) fn expects(&mut self, id: Option<String>) {
        self.expects = id;
    }

    /// The gate asks this for itself.
    pub(super) fn asks_itself(&mut self, message: &[u8]) {
        self.own.extend(Message::read(message).ok().and_then(|message| message.id().map(|id| id.key().into_owned())));
    }

    /// The gate has let it through.
    pub(super) fn is_let_through(&mut self) {
        self.stage = Stage::LetThrough;
    }

    /// It is on its way to the server.
    pub(super) fn is_sent(&mut self) {
        self.stage = Stage::Sent;
    }

    /// Its answer has come, or somebody else sees to that.
    pub(super) fn is_answered(&mut self) {
        self.stage = Stage::Over;
    }

    /// Hands in what the client says. It takes as long as it takes, also where nobody waits for it any more.
    pub(super) async fn hand_clients(
        &self,
        bytes: super::body::Read,
        deciding: &Arc<Semaphore>,
        large: &Arc<Semaphore>,
        turn: Option<OwnedMutexGuard<()>>,
    ) -> Option<JoinHandle<io::Result<()>>> {
        let place = Arc::clone(deciding).acquire_owned().await.ok()?;
        // Only now: who waits for others of its session or its server takes no place of a large body's.
        let looked_at = bytes.looked_at(large).await;
        let (gate, expects) = (Arc::clone(&self.gate), self.expects.clone());
        Some(tokio::task::spawn_blocking(move || {
            let done = gate.from_client(&bytes.bytes);
            // Whoever asked has gone meanwhile, and what was let through went nowhere; where it went, the end of this exchange sees to it.
            // Nobody else's has the id, as long as it is this client's turn.
            if let Some(id) = expects.filter(|_| done.is_err()) {
                gate.forget(&id);
            }
            drop((bytes, looked_at, turn, place));
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

/// Whoever waits for an answer has gone. What the server has not seen it cannot answer, and its id is free again.
// spec: G14
impl Drop for Ways {
    fn drop(&mut self) {
        self.out.close();
        while let Ok(way) = self.out.try_recv() {
            match way {
                Way::Server(message) if is_own_request(&message) => self.asks_itself(&message),
                Way::Server(_) if self.stage == Stage::Nowhere => self.stage = Stage::LetThrough,
                Way::Server(_) | Way::Client(_) => {}
            }
        }
        // Whoever decides does not wait for a list that nobody asks for any more: others wait for the place.
        // spec: G61
        for id in &self.own {
            self.gate.give_up(id);
        }
        match (&self.expects, self.stage) {
            (Some(id), Stage::LetThrough) => self.gate.forget(id),
            (Some(id), Stage::Sent) => drop(self.gate.give_up(id)),
            (_, Stage::Nowhere | Stage::Over) | (None, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use getrandom::SysRng;
    use rand_core::UnwrapErr;
    use wane_policy::Catalogue;

    use super::*;
    use crate::http::body::Read;
    use crate::{Credential, GateOptions};

    fn gate() -> Gate {
        let nowhere = || -> Outlet { Box::new(|_| Ok(())) };
        let options = GateOptions {
            catalogue: Catalogue::from_toml("[server.s]\naudience = 's'\n").unwrap(),
            server: "s".into(),
            audience: None,
            credential: Credential::shown(),
            guard: Weak::new(),
            clock: Box::new(|| 0),
            rng: Box::new(UnwrapErr(SysRng)),
            to_client: nowhere(),
            to_server: nowhere(),
            report: Box::new(|_| ()),
        };
        Gate::new(options).unwrap()
    }

    async fn ways_over(gate: &Gate, places: &Arc<Semaphore>) {
        let mut ways = Ways::of(gate, Connection::Same, None, places);
        ways.expects(Some("2".into()));
        let ping = Read::small(br#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#.to_vec());
        ways.hand_clients(ping, places, places, None).await.unwrap().await.unwrap().unwrap();
        assert!(matches!(ways.take(), Some(Way::Server(_))));
        ways.is_let_through();
        ways.is_sent();
        ways.is_answered();
        ways.hand_servers(br#"{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage"}"#.to_vec()).await;
        drop(ways);
        assert!(gate.awaits("2"));
    }

    #[tokio::test]
    async fn who_goes_away_leaves_the_id_of_what_was_not_sent() {
        let (gate, places) = (gate(), Arc::new(Semaphore::new(1)));
        let hand = async || {
            let mut ways = Ways::of(&gate, Connection::Same, None, &places);
            ways.expects(Some("1".into()));
            let ping = Read::small(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_vec());
            let judging = ways.hand_clients(ping, &places, &places, None).await.unwrap();
            (ways, judging)
        };
        // Before it was looked at,
        let (ways, judging) = hand().await;
        drop(ways);
        assert!(judging.await.unwrap().is_err() && !gate.awaits("1"));
        // when it was let through, and
        let (ways, judging) = hand().await;
        assert!(judging.await.unwrap().is_ok() && gate.awaits("1"));
        drop(ways);
        assert!(!gate.awaits("1"));
        // when that was taken note of.
        let (mut ways, judging) = hand().await;
        judging.await.unwrap().unwrap();
        assert!(matches!(ways.take(), Some(Way::Server(_))));
        ways.is_let_through();
        drop(ways);
        assert!(!gate.awaits("1"));
        // One that the same id is refused for is nobody else's.
        let (mut first, judging) = hand().await;
        judging.await.unwrap().unwrap();
        let (second, judging) = hand().await;
        judging.await.unwrap().unwrap();
        drop(second);
        assert!(gate.awaits("1"));
        // What the gate says to the server behind an answer that comes elsewhere is not that request, and frees no id.
        ways_over(&gate, &places).await;
        // What may be answered yet keeps its id, and nobody waits for it.
        assert!(matches!(first.take(), Some(Way::Server(_))));
        first.is_sent();
        drop(first);
        assert!(!gate.awaits("1"));
        let (mut ways, judging) = hand().await;
        judging.await.unwrap().unwrap();
        assert!(matches!(ways.take(), Some(Way::Client(_))));
        // Whoever hangs up before that is said does not free it.
        let (ways, judging) = hand().await;
        drop(ways);
        let _: io::Result<()> = judging.await.unwrap();
        let (mut ways, judging) = hand().await;
        judging.await.unwrap().unwrap();
        assert!(matches!(ways.take(), Some(Way::Client(_))));
    }
}
