//! Exchanges with a server that was started here: one process for each session of the older era, and one for each exchange of the newer.

use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;
use tokio::sync::OnceCell;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::Inner;
use super::body;
use super::events::{self, COMMENT};
use super::exchange::{Agreed, Answered, Begins, judge};
use super::head::Head;
use super::reply::{self, Reply};
use super::sessions::InUse;
use super::talk::{Talk, WAITING};
use super::upstream::Behind;
use super::ways::Ways;
use crate::answer;
use crate::credential::Who;
use crate::gate::{Connection, Gate};
use crate::message::{Kind, Message};
use crate::object::Object;

/// An exchange: while it goes on, its process does, and its session is not idle.
struct Exchange {
    talk: Arc<Talk>,
    session: Option<InUse>,
    id: String,
    key: String,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Where nobody waits for the answer any more, none is waited for.
        if self.talk.gate.awaits(&self.key) {
            self.talk.gate.give_up(&self.key);
        }
    }
}

/// The process of an exchange: that of its session, or one that is started once there is something to say to it.
struct Process {
    inner: Arc<Inner>,
    behind: Arc<Behind>,
    gate: Arc<Gate>,
    who: Who,
    started: OnceCell<Option<Arc<Talk>>>,
}

impl Process {
    async fn get(&self) -> Option<Arc<Talk>> {
        self.started.get_or_init(|| self.start()).await.clone()
    }

    async fn start(&self) -> Option<Arc<Talk>> {
        let make_room = || self.inner.sessions.make_room(&self.behind.name, self.who);
        let place = self.behind.places.take(self.who, make_room).await?;
        let running = self.inner.processes.begin(place)?;
        self.inner.starter.start(&self.behind, &self.gate, running).await.ok()
    }
}

/// Hands a message to the process of its session, or to a new one.
// spec: G42
pub(super) async fn post(
    inner: &Arc<Inner>,
    behind: Arc<Behind>,
    head: Head,
    read: body::Read,
    agreed: Agreed,
    session: Option<InUse>,
) -> Result<Reply, Reply> {
    let unavailable = |why: &str| reply::malformed(StatusCode::SERVICE_UNAVAILABLE, why);
    if session.is_none() && agreed.answers.is_none() && agreed.answered == Answered::AsIsFit {
        let why = "a notification or an answer belongs to a session";
        return Err(reply::malformed(StatusCode::BAD_REQUEST, why));
    }
    let mut ways = match &session {
        Some(InUse(session)) => Ways::of(&session.gate, Connection::Same, head.token, &behind.reading),
        None => Ways::of(&behind.gate, Connection::Another, head.token, &behind.reading),
    };
    let turn = match &session {
        Some(InUse(session)) => Some(Arc::clone(&session.turn).lock_owned().await),
        None => None,
    };
    let known = session.as_ref().and_then(|InUse(session)| session.talk.clone());
    let process = Arc::new(Process {
        inner: Arc::clone(inner),
        behind: Arc::clone(&behind),
        gate: Arc::clone(&ways.gate),
        who: agreed.who,
        started: known.map_or_else(OnceCell::new, |talk| OnceCell::new_with(Some(Some(talk)))),
    });
    ways.expects(agreed.answers.as_ref().map(|(_, key)| key.clone()));
    let judging = ways
        .hand_clients(read, &behind.deciding, &behind.large, turn)
        .await
        .ok_or_else(|| unavailable("the gateway ends"))?;
    // What the gate wants to know before it decides.
    let own = |message: Vec<u8>| {
        let process = Arc::clone(&process);
        tokio::spawn(async move {
            let said = process.get().await.is_some_and(|talk| talk.say(message.clone()).is_ok());
            let id = Message::read(&message).ok().and_then(|message| message.id().map(|id| id.key().into_owned()));
            // There is nobody who could answer.
            if let Some(id) = id.filter(|_| !said) {
                process.gate.give_up(&id);
            }
        });
    };
    let judged = judge(&mut ways, own, judging).await.ok_or_else(|| unavailable("the server does not read"))?;
    // It was to be started, to be asked for its tools.
    if process.started.get().is_some_and(Option::is_none) {
        return Err(unavailable("the server cannot be started now"));
    }
    let Some(message) = judged.onward else {
        return Ok(match judged.to_client.into_iter().last() {
            Some(denial) => reply::denied(denial, agreed.era),
            None => reply::not_passed_on(),
        });
    };
    let Some(talk) = process.get().await else { return Err(unavailable("the server cannot be started now")) };
    let Some((id, key)) = agreed.answers else {
        let ended = |_| reply::malformed(StatusCode::BAD_GATEWAY, "the server has ended, or does not read");
        return talk.say(message).map(|()| reply::bare(StatusCode::ACCEPTED)).map_err(ended);
    };
    let (to, answers) = channel(WAITING);
    talk.hears(&key, to);
    // From here on the exchange sees to it.
    ways.is_answered();
    let mut exchange = Exchange { talk, session, id, key };
    if exchange.talk.say(message).is_err() {
        let text = answer::unanswered(&exchange.id, "has ended, or does not read");
        return Ok(reply::message(StatusCode::BAD_GATEWAY, text));
    }
    let begun = match agreed.begins {
        Begins::Session => begin(inner, &behind, &mut exchange, agreed.who),
        Begins::Listening | Begins::Nothing => None,
    };
    let mut reply = exchange.reply(inner, judged.to_client, answers).await;
    match begun {
        Some(id) if reply.status().is_success() => Head::name_session(&mut reply, &id),
        // Nobody knows of it.
        Some(id) => inner.sessions.end(&behind.name, &id),
        None => {}
    }
    Ok(reply)
}

/// The session of which this process is.
fn begin(inner: &Inner, behind: &Behind, exchange: &mut Exchange, who: Who) -> Option<String> {
    let id: String = exchange.talk.gate.random_id().iter().map(|byte| format!("{byte:02x}")).collect();
    let nowhere = || -> crate::Outlet { Box::new(|_| Ok(())) };
    let gate = exchange.talk.gate.on(Connection::Same, nowhere(), nowhere(), None);
    exchange.session = Some(inner.sessions.begin(&behind.name, &id, gate, Some(Arc::clone(&exchange.talk)), who)?);
    Some(id)
}

impl Exchange {
    /// One answer as itself, and with anything before it as events.
    async fn reply(self, inner: &Inner, first: Vec<Vec<u8>>, mut answers: Receiver<Vec<u8>>) -> Reply {
        let limits = inner.limits;
        let next = tokio::time::timeout(limits.silence, answers.recv()).await.ok().flatten();
        let next = next.unwrap_or_else(|| answer::unanswered(&self.id, "has ended, or said nothing").into_bytes());
        if first.is_empty() && is_answer(&next) {
            return reply::message(if is_unanswered(&next) { StatusCode::BAD_GATEWAY } else { StatusCode::OK }, next);
        }
        let (to, pieces) = channel(1);
        tokio::spawn(async move {
            tokio::select! {
                () = to.closed() => {}
                () = self.pass_on(first, next, answers, &to, limits) => {}
            }
        });
        reply::stream(pieces)
    }

    async fn pass_on(
        &self,
        first: Vec<Vec<u8>>,
        next: Vec<u8>,
        mut answers: Receiver<Vec<u8>>,
        to: &Sender<Bytes>,
        limits: super::Limits,
    ) {
        for message in first {
            send(to, &message).await;
        }
        let mut message = next;
        loop {
            send(to, &message).await;
            if is_answer(&message) {
                return;
            }
            message = loop {
                match tokio::time::timeout(limits.sign_of_life, answers.recv()).await {
                    Ok(Some(message)) => break message,
                    Ok(None) => break answer::unanswered(&self.id, "has ended").into_bytes(),
                    // Who waits is written to; where that fails this ends.
                    Err(_) => drop(to.send(Bytes::from_static(COMMENT)).await),
                }
            };
        }
    }
}

async fn send(to: &Sender<Bytes>, message: &[u8]) {
    // Where nobody reads, all of this ends.
    let _: Result<(), _> = to.send(events::written(message, None, None).into()).await;
}

fn is_answer(message: &[u8]) -> bool {
    let read = Message::read(message);
    read.is_ok_and(|message| matches!(message.kind(), Kind::Result { .. } | Kind::Error { .. }))
}

/// Whether it is what the gate says where the server says nothing.
fn is_unanswered(message: &[u8]) -> bool {
    let read = Message::read(message);
    read.is_ok_and(|message| match message.kind() {
        Kind::Error { error } => Object::read(error).is_some_and(|error| error.get("code") == Some(answer::UNANSWERED)),
        _ => false,
    })
}

/// The stream of a session.
pub(super) fn listen(inner: &Arc<Inner>, session: InUse) -> Reply {
    let (hears, mut heard) = channel(WAITING);
    let listens = session.0.talk.as_ref().is_some_and(|talk| talk.listens(hears));
    if !listens {
        return reply::malformed(StatusCode::NOT_FOUND, "the session's server has ended");
    }
    let (to, pieces) = channel(1);
    let sign_of_life = inner.limits.sign_of_life;
    tokio::spawn(async move {
        let passes = async {
            loop {
                match tokio::time::timeout(sign_of_life, heard.recv()).await {
                    Ok(Some(message)) => send(&to, &message).await,
                    Ok(None) => return,
                    Err(_) => drop(to.send(Bytes::from_static(COMMENT)).await),
                }
            }
        };
        tokio::select! {
            () = to.closed() => {}
            () = passes => {}
        }
        drop(session);
    });
    reply::stream(pieces)
}
