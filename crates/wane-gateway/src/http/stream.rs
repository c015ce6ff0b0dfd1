//! A server's events: each message of them through the gate, and on to the client as it comes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Response};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep_until, timeout};

use super::events::{self, COMMENT, Event, Events, Item};
use super::reply::{self, Reply};
use super::sessions::InUse;
use super::upstream::{Behind, of_no_method};
use super::ways::{Way, Ways};
use crate::answer;

/// How long a server may take to hear that it may not ask what it asked.
const REFUSAL: Duration = Duration::from_secs(10);

/// A stream that goes on to a client.
pub(super) struct Stream {
    pub(super) behind: Arc<Behind>,
    pub(super) ways: Ways,
    /// What goes on to the server of the client's head.
    pub(super) onward: HeaderMap,
    /// The request that it answers: the id as it was written, and as it is looked for.
    pub(super) answers: Option<(String, String)>,
    /// While it is used, its session is not idle.
    pub(super) session: Option<InUse>,
    pub(super) sign_of_life: Duration,
}

/// The client has gone.
struct Gone;

impl Stream {
    /// Passes the events on until either side ends: the other's connection ends then.
    // spec: G38
    pub(super) fn reply(self, first: Vec<Vec<u8>>, response: Response<Incoming>) -> Reply {
        // One at a time: what is not taken keeps the server from saying more.
        let (to, pieces) = channel(1);
        tokio::spawn(async move {
            tokio::select! {
                // What was being passed on has nobody to go to.
                () = to.closed() => {}
                _ = self.pass_on(first, response.into_body(), &to) => {}
            }
        });
        reply::stream(pieces)
    }

    async fn pass_on(mut self, first: Vec<Vec<u8>>, mut body: Incoming, to: &Sender<Bytes>) -> Result<(), Gone> {
        for message in first {
            send(to, events::written(&message, None, None)).await?;
        }
        let (mut read, mut items) = (Events::default(), Vec::new());
        let mut silent_since = Instant::now();
        let mut resumable = false;
        loop {
            let piece = tokio::select! {
                piece = body.frame() => piece,
                () = sleep_until(silent_since + self.behind.silence()) => None,
                () = tokio::time::sleep(self.sign_of_life) => {
                    send(to, COMMENT.to_vec()).await?;
                    continue;
                }
            };
            silent_since = Instant::now();
            let Some(Ok(piece)) = piece else { break };
            let Ok(piece) = piece.into_data() else { continue };
            let fits = read.feed(&piece, &mut items);
            for item in items.drain(..) {
                match item {
                    Item::Comment => send(to, COMMENT.to_vec()).await?,
                    Item::Event(event) => {
                        if event.id.is_some() {
                            resumable = true;
                            // A client that goes away may come for the rest; outside of sessions there is none.
                            self.ways.is_answered();
                        }
                        self.event(event, to).await?;
                    }
                }
            }
            if fits.is_err() {
                self.ways.gate.dropped(crate::Side::Server, "an event over the limit of a message");
                break;
            }
        }
        // A client of a session asks again for what is still to come.
        let for_good = self.session.is_none() || !resumable;
        let answers = self.answers.take().filter(|(_, key)| for_good && self.ways.gate.awaits(key));
        let Some((id, key)) = answers else { return Ok(()) };
        self.ways.gate.give_up(&key);
        let message = answer::unanswered(&id, "has ended before its answer");
        send(to, events::written(message.as_bytes(), None, None)).await
    }

    async fn event(&mut self, event: Event, to: &Sender<Bytes>) -> Result<(), Gone> {
        let mut messages = Vec::new();
        if !event.data.is_empty() {
            self.ways.hand_servers(event.data).await;
            // From here on the id may be that of another request.
            if self.answers.as_ref().is_some_and(|(_, key)| !self.ways.gate.awaits(key)) {
                self.answers = None;
                self.ways.is_answered();
            }
            while let Some(way) = self.ways.take() {
                match way {
                    Way::Client(message) => messages.push(message),
                    Way::Server(message) => self.refuse(message).await,
                }
            }
        }
        // The place in the stream is told with the last of what came of the event, and where nothing did as well.
        let (id, retry) = (event.id, event.retry);
        let Some(last) = messages.pop() else {
            if id.is_some() || retry.is_some() {
                send(to, events::written(b"", id.as_deref(), retry)).await?;
            }
            return Ok(());
        };
        for message in messages {
            send(to, events::written(&message, None, None)).await?;
        }
        send(to, events::written(&last, id.as_deref(), retry)).await
    }

    /// A server of the older era is told that it may not ask this; one of the newer asks nothing.
    async fn refuse(&self, message: Vec<u8>) {
        if self.session.is_some() {
            let headers = of_no_method(&self.onward);
            // It may have stopped listening.
            let _: Result<_, _> = timeout(REFUSAL, self.behind.ask(Method::POST, &headers, message.into())).await;
        }
    }
}

async fn send(to: &Sender<Bytes>, text: Vec<u8>) -> Result<(), Gone> {
    to.send(text.into()).await.map_err(|_| Gone)
}
