//! What the gate asks a server for itself, on the account of a client's request: its list of tools.

use std::sync::{Arc, OnceLock};

use http_body_util::BodyExt as _;
use hyper::{HeaderMap, Method};
use tokio::sync::Semaphore;

use super::body;
use super::events::{Events, Item};
use super::exchange::{Content, content};
use super::upstream::{Behind, NoAnswer};
use crate::gate::client::is_own_id;
use crate::gate::{Connection, Gate, Outlet, Side};
use crate::message::{Kind, Message};

/// A gate that hears for itself. It remembers with the gate of the exchange, and has no way to anybody: what a server says here can
/// neither be taken for the verdict on the client's call nor be kept for the client.
pub(super) struct Listing {
    gate: Arc<Gate>,
    reading: Arc<Semaphore>,
    unreached: Unreached,
}

/// Why the server was not reached, for the client that the gate asks for.
pub(super) type Unreached = Arc<OnceLock<NoAnswer>>;

impl Listing {
    pub(super) fn of(gate: &Gate, reading: &Arc<Semaphore>, unreached: &Unreached) -> Self {
        let nowhere = || -> Outlet { Box::new(|_| Ok(())) };
        let gate = Arc::new(gate.on(Connection::Same, nowhere(), nowhere(), None));
        Self { gate, reading: Arc::clone(reading), unreached: Arc::clone(unreached) }
    }

    /// A request of the gate's own. Where no answer came, the gate waits no longer for one.
    pub(super) async fn ask(self, behind: Arc<Behind>, headers: HeaderMap, message: Vec<u8>) {
        let id = Message::read(&message).ok().and_then(|message| message.id().map(|id| id.key().into_owned()));
        self.hear(&behind, &headers, message).await;
        if let Some(id) = id {
            self.gate.untold(&id);
        }
    }

    async fn hear(&self, behind: &Behind, headers: &HeaderMap, message: Vec<u8>) {
        let response = match behind.ask(Method::POST, headers, message.into()).await {
            Ok(response) => response,
            Err(why) => {
                // The first reason is as good as another.
                let _: Result<(), NoAnswer> = self.unreached.set(why);
                return;
            }
        };
        match content(&response) {
            Content::Message => {
                if let Ok(bytes) = body::of_server(response.into_body(), behind.silence()).await {
                    self.take(bytes).await;
                }
            }
            Content::Events => {
                let (mut events, mut items, mut body) = (Events::default(), Vec::new(), response.into_body());
                while let Some(Ok(piece)) = body.frame().await {
                    let Ok(piece) = piece.into_data() else { continue };
                    let fits = events.feed(&piece, &mut items);
                    for item in items.drain(..) {
                        if let Item::Event(event) = item {
                            self.take(event.data).await;
                        }
                    }
                    if fits.is_err() {
                        return;
                    }
                }
            }
            Content::Other => {}
        }
    }

    async fn take(&self, bytes: Vec<u8>) {
        let Ok(place) = Arc::clone(&self.reading).acquire_owned().await else { return };
        let gate = Arc::clone(&self.gate);
        let looked = tokio::task::spawn_blocking(move || {
            hear(&gate, &bytes);
            drop(place);
        });
        // Nobody learns anything of what could not be looked at.
        let _: Result<(), _> = looked.await;
    }
}

/// Answers to the gate itself are heard, and news: of them only what the gate remembers stays.
// spec: G56
fn hear(gate: &Gate, bytes: &[u8]) {
    let is_heard = match Message::read(bytes) {
        Ok(message) => match message.kind() {
            Kind::Result { .. } | Kind::Error { .. } => message.id().is_some_and(|id| is_own_id(&id.key())),
            Kind::Notification { .. } => true,
            Kind::Request { .. } => false,
        },
        Err(fault) => fault.answered().is_some_and(is_own_id),
    };
    match is_heard {
        // Its ways lead nowhere, so that none of them can fail.
        true => drop(gate.from_server(bytes)),
        false => gate.dropped(Side::Server, "what is no answer, while its tools are asked for"),
    }
}
