//! One request of a client, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Method, Response, StatusCode};
use tokio::task::JoinSet;
use tokio::time::timeout;
use wane::{Code, Refusal};

use super::Inner;
use super::agree::{self, Mismatch};
use super::body::{self, Unread};
use super::head::{Asked, Head, is_type};
use super::listing::{Listing, Unreached};
use super::reply::{self, Reply};
use super::sessions::InUse;
use super::started;
use super::stream::Stream;
use super::upstream::{Behind, NoAnswer, of_its_own};
use super::waiting;
use super::ways::{Way, Ways};
use crate::answer::{self, Era};
use crate::call::Parameters;
use crate::connections::Place;
use crate::credential::{Counted, ToServer, Who};
use crate::gate::Connection;
use crate::gate::client::is_own_request;
use crate::message::{Kind, Message};
use crate::method;

/// What a body is, once it agrees with its head.
pub(super) struct Agreed {
    pub(super) era: Era,
    /// The id that an answer of the server is waited for under, as it was written and as it is looked for.
    pub(super) answers: Option<(String, String)>,
    pub(super) answered: Answered,
    pub(super) begins: Begins,
    counted: Counted,
    /// Who asks, where that makes a difference: where something stays for them behind the exchange.
    pub(super) who: Who,
}

/// Whose answer it gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// The server's, where it goes on; nobody's where it is no request.
    AsIsFit,
    /// The gate's: it is no message, and has an id.
    ByGate,
}

/// Whether something begins with a message that goes on beyond its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    /// A session of the older era.
    Session,
    /// A stream of news in the newer one.
    Listening,
    Nothing,
}

/// What has become of a message of the client.
pub(super) struct Judged {
    pub(super) onward: Option<Vec<u8>>,
    pub(super) to_client: Vec<Vec<u8>>,
}

/// Answers a request whose head was looked at.
pub(super) async fn answer(inner: Arc<Inner>, place: &Place, head: Head, body: Incoming) -> Reply {
    let Some(behind) = inner.behind(head.server.as_deref()) else {
        return reply::malformed(StatusCode::NOT_FOUND, "no server of this name stands behind the gateway");
    };
    // spec: G11
    if behind.gate.credential().is_own() && head.token.is_some() {
        let refusal = Refusal::new(Code::DenyTokenPlace, "token", "`authorization`", "the gateway has its own");
        return reply::refused(StatusCode::FORBIDDEN, refusal);
    }
    let answered = match head.method {
        Asked::Post => post(&inner, place, behind, head, body).await,
        Asked::Get => waiting::listen(&inner, place, behind, head).await,
        Asked::Delete => {
            place.answers();
            waiting::end(&inner, behind, head).await
        }
    };
    answered.unwrap_or_else(|refused| refused)
}

async fn post(
    inner: &Arc<Inner>,
    place: &Place,
    behind: Arc<Behind>,
    head: Head,
    body: Incoming,
) -> Result<Reply, Reply> {
    let read = body::of_client(body, place, inner.limits.body_time, &inner.large).await;
    let read = read.map_err(|why| match why {
        Unread::Long => reply::malformed(StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than a message may be"),
        Unread::Late => reply::malformed(StatusCode::REQUEST_TIMEOUT, "the body does not come"),
        Unread::Broken => reply::malformed(StatusCode::BAD_REQUEST, "the body broke off"),
    })?;
    place.answers();
    let (read, agreed) = agree(&behind, &head, read, inner.limits.body_time).await?;
    let mut onward = onward(&behind, &head);
    // An id of a session says nothing in the newer era, nor beside what begins one.
    let session = match &head.session {
        Some(id) if agreed.era == Era::Handshake && agreed.begins != Begins::Session => {
            Head::with_session(&mut onward, id);
            let known = inner.sessions.find(&behind.name, id);
            let known = known.ok_or_else(|| unknown_session(agreed.answers.as_ref()))?;
            known.0.learns(agreed.who);
            Some((id.clone(), known))
        }
        _ => None,
    };
    if agreed.begins == Begins::Listening {
        // It has no end, so that it gives way as the stream of a session does.
        // spec: G58
        place.listens(agreed.who);
    }
    if behind.starts().is_some() {
        return started::post(inner, behind, head, read, agreed, session.map(|(_, session)| session)).await;
    }
    let mut ways = match &session {
        Some((_, InUse(session))) => Ways::of(&session.gate, Connection::Same, head.token, &behind.reading),
        None => Ways::alone(&behind.gate, head.token, &behind.reading, &of_its_own(&onward, "tools/list")),
    };
    let turn = match &session {
        Some((_, InUse(session))) => Some(Arc::clone(&session.turn).lock_owned().await),
        None => None,
    };
    ways.expects(agreed.answers.as_ref().map(|(_, key)| key.clone()));
    let unavailable = || reply::malformed(StatusCode::SERVICE_UNAVAILABLE, "the gateway ends");
    let judging = ways.hand_clients(read, &behind.deciding, &behind.large, turn).await.ok_or_else(unavailable)?;
    // They end with this exchange.
    let mut asking = JoinSet::new();
    let (gate, reading) = (Arc::clone(&ways.gate), Arc::clone(ways.reading()));
    let unreached = Unreached::default();
    let own = |message| {
        let headers = of_its_own(&onward, "tools/list");
        asking.spawn(Listing::of(&gate, &reading, &unreached).ask(Arc::clone(&behind), headers, message));
    };
    let judged = judge(&mut ways, own, judging).await.ok_or_else(unavailable)?;
    drop(asking);
    let Some(message) = judged.onward else {
        return Ok(match (judged.to_client.into_iter().last(), unreached.get()) {
            // That its tools are not known says less than why.
            // spec: G45
            (Some(_), Some(why)) => {
                let exchange = Exchange { inner, behind, ways, onward, session, agreed };
                exchange.unanswered(StatusCode::BAD_GATEWAY, why.words(), Vec::new(), None)
            }
            (Some(denial), None) => reply::denied(denial, agreed.era),
            (None, _) => reply::not_passed_on(),
        });
    };
    ways.is_sent();
    let asked = behind.ask(Method::POST, &onward, message.into()).await;
    let exchange = Exchange { inner, behind, ways, onward, session, agreed };
    Ok(match asked {
        Err(why) => exchange.unanswered(StatusCode::BAD_GATEWAY, why.words(), judged.to_client, None),
        Ok(response) => exchange.answered(response, judged.to_client).await,
    })
}

/// Reads a body, and compares it with its head.
async fn agree(
    behind: &Arc<Behind>,
    head: &Head,
    read: body::Read,
    within: Duration,
) -> Result<(body::Read, Agreed), Reply> {
    // Those before it are whole, and no clients that could be slow.
    let large = timeout(within, read.looked_at(&behind.large)).await;
    let large = large.map_err(|_| reply::malformed(StatusCode::SERVICE_UNAVAILABLE, "too many large bodies come"))?;
    let (behind, headers, shown) = (Arc::clone(behind), head.headers.clone(), head.token.clone());
    let in_session = head.session.is_some();
    let place = Arc::clone(&behind.agreeing).acquire_owned().await;
    let looked = tokio::task::spawn_blocking(move || {
        let agreed = agreed(&headers, &read.bytes).map(|mut agreed| {
            if in_session || agreed.begins != Begins::Nothing || behind.starts().is_some() {
                agreed.who = who(&behind, shown.as_deref(), &read.bytes, agreed.counted);
            }
            agreed
        });
        drop((place, large));
        (read, agreed)
    });
    let ends = |_| reply::malformed(StatusCode::SERVICE_UNAVAILABLE, "the gateway ends");
    let (read, agreed) = looked.await.map_err(ends)?;
    Ok((read, agreed?))
}

/// Who asks: a token stands beside a request, or within it.
fn who(behind: &Behind, shown: Option<&str>, bytes: &[u8], counted: Counted) -> Who {
    if shown.is_some() || behind.gate.credential().is_own() {
        return behind.gate.who(shown, counted);
    }
    let message = Message::read(bytes).ok();
    let within = message.and_then(|message| match *message.kind() {
        Kind::Request { params, .. } => Parameters::read(params).ok()?.token().ok()?,
        _ => None,
    });
    behind.gate.who(within.as_deref(), counted)
}

fn agreed(headers: &HeaderMap, bytes: &[u8]) -> Result<Agreed, Reply> {
    let message = match Message::read(bytes) {
        Ok(message) => message,
        // The gate answers it, as it does on pipes.
        Err(fault) if fault.id().is_some() => {
            return Ok(Agreed {
                era: Era::Handshake,
                answers: None,
                answered: Answered::ByGate,
                begins: Begins::Nothing,
                counted: Counted::Now,
                who: Who::Stranger,
            });
        }
        Err(fault) => return Err(reply::malformed(StatusCode::BAD_REQUEST, fault.message())),
    };
    let id = message.id().map(|id| id.to_string());
    let refused = |why: Mismatch| reply::disagrees(&why, id.as_deref());
    let era = agree::agree(headers, &message).map_err(refused)?;
    let (answers, begins, counted) = match message.kind() {
        Kind::Request { method, .. } => {
            let begins = match *method {
                "initialize" => Begins::Session,
                "subscriptions/listen" => Begins::Listening,
                _ => Begins::Nothing,
            };
            (message.id().map(|id| (id.to_string(), id.key().into_owned())), begins, method::counted(method, era))
        }
        _ => (None, Begins::Nothing, Counted::Now),
    };
    Ok(Agreed { era, answers, answered: Answered::AsIsFit, begins, counted, who: Who::Stranger })
}

/// Waits for what the gate says to a message; what the gate wants to know before goes to `own`.
pub(super) async fn judge(
    ways: &mut Ways,
    mut own: impl FnMut(Vec<u8>),
    mut judging: tokio::task::JoinHandle<std::io::Result<()>>,
) -> Option<Judged> {
    let mut judged = Judged { onward: None, to_client: Vec::new() };
    let done = loop {
        let way = tokio::select! {
            way = ways.next() => way,
            done = &mut judging => break done,
        };
        judged.take(way?, ways, &mut own);
    };
    while let Some(way) = ways.take() {
        judged.take(way, ways, drop);
    }
    done.ok()?.ok()?;
    Some(judged)
}

impl Judged {
    fn take(&mut self, way: Way, ways: &mut Ways, own: impl FnOnce(Vec<u8>)) {
        match way {
            Way::Client(message) => self.to_client.push(message),
            Way::Server(message) if is_own_request(&message) => {
                ways.asks_itself(&message);
                own(message);
            }
            Way::Server(message) => {
                ways.is_let_through();
                self.onward = Some(message);
            }
        }
    }
}

/// What a server's answer holds.
pub(super) enum Content {
    Message,
    Events,
    Other,
}

pub(super) fn content(response: &Response<Incoming>) -> Content {
    let text = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match response.status() {
        _ if is_type(text, "application/json") => Content::Message,
        StatusCode::OK if is_type(text, "text/event-stream") => Content::Events,
        _ => Content::Other,
    }
}

struct Exchange<'a> {
    inner: &'a Arc<Inner>,
    behind: Arc<Behind>,
    ways: Ways,
    onward: HeaderMap,
    session: Option<(String, InUse)>,
    agreed: Agreed,
}

impl Exchange<'_> {
    /// The server has begun to answer.
    async fn answered(mut self, response: Response<Incoming>, first: Vec<Vec<u8>>) -> Reply {
        let status = response.status();
        if let Some((id, _)) = self.session.as_ref().filter(|_| status == StatusCode::NOT_FOUND) {
            self.inner.sessions.end(&self.behind.name, id);
        }
        let Some(answers) = self.agreed.answers.clone() else {
            return reply::bare(match status {
                status if status.is_success() => StatusCode::ACCEPTED,
                status if status.is_client_error() || status.is_server_error() => status,
                _ => StatusCode::BAD_GATEWAY,
            });
        };
        let begun = self.begin(&response);
        let challenge = response.headers().get(WWW_AUTHENTICATE).cloned();
        let mut reply = match content(&response) {
            Content::Events => {
                let session = self.session.take().map(|(_, session)| session);
                let stream = Stream {
                    behind: self.behind,
                    ways: self.ways,
                    onward: self.onward,
                    answers: Some(answers),
                    session,
                    sign_of_life: self.inner.limits.sign_of_life,
                };
                stream.reply(first, response)
            }
            Content::Message if !status.is_redirection() => self.whole(response, first).await,
            _ => {
                let why = format!("has answered with the status {}, and no message", status.as_u16());
                let status = if status.as_u16() < 400 { StatusCode::BAD_GATEWAY } else { status };
                self.unanswered(status, &why, first, challenge)
            }
        };
        if let Some(id) = begun {
            Head::name_session(&mut reply, &id);
        }
        reply
    }

    /// Where the answer begins a session, it is kept.
    // spec: G40
    fn begin(&mut self, response: &Response<Incoming>) -> Option<String> {
        let begins = self.agreed.begins == Begins::Session && response.status().is_success();
        let id = Head::session_of(response.headers()).filter(|_| begins)?;
        let session = self.inner.sessions.begin(&self.behind.name, &id, self.ways.kept(), None, self.agreed.who)?;
        Head::with_session(&mut self.onward, &id);
        self.session = Some((id.clone(), session));
        Some(id)
    }

    /// One answer that comes whole.
    async fn whole(mut self, response: Response<Incoming>, mut messages: Vec<Vec<u8>>) -> Reply {
        let before = messages.len();
        let (status, challenge) = (response.status(), response.headers().get(WWW_AUTHENTICATE).cloned());
        match body::of_server(response.into_body(), self.behind.silence()).await {
            Ok(bytes) => self.ways.hand_servers(bytes).await,
            Err(Unread::Late) => {
                return self.unanswered(StatusCode::BAD_GATEWAY, NoAnswer::Silent.words(), messages, None);
            }
            Err(_) => return self.unanswered(StatusCode::BAD_GATEWAY, "has broken off its answer", messages, None),
        }
        while let Some(way) = self.ways.take() {
            if let Way::Client(message) = way {
                messages.push(message);
            }
        }
        let still = self.agreed.answers.as_ref().is_some_and(|(_, key)| self.ways.gate.awaits(key));
        if !still {
            self.ways.is_answered();
        }
        // Where the client has cancelled it, nobody waits for the answer, and still this exchange has none.
        match still || messages.len() == before {
            true => {
                let status = if status.is_success() { StatusCode::BAD_GATEWAY } else { status };
                self.unanswered(status, "has not answered with a message", messages, challenge)
            }
            false => several(status, messages, challenge),
        }
    }

    /// The server does not answer: the client does not wait for it any more.
    fn unanswered(
        &self,
        status: StatusCode,
        why: &str,
        mut messages: Vec<Vec<u8>>,
        challenge: Option<HeaderValue>,
    ) -> Reply {
        let Some((id, key)) = &self.agreed.answers else { return reply::bare(status) };
        self.ways.gate.give_up(key);
        messages.push(answer::unanswered(id, why).into_bytes());
        several(status, messages, challenge)
    }
}

/// One message as itself, several as events; the status is that of the last.
fn several(status: StatusCode, mut messages: Vec<Vec<u8>>, challenge: Option<HeaderValue>) -> Reply {
    let mut reply = match messages.pop() {
        Some(last) if messages.is_empty() => reply::message(status, last),
        last => {
            messages.extend(last);
            let (to, pieces) = tokio::sync::mpsc::channel(messages.len().max(1));
            for message in messages {
                // There is room for all of them.
                let _: Result<(), _> = to.try_send(super::events::written(&message, None, None).into());
            }
            let mut reply = reply::stream(pieces);
            *reply.status_mut() = status;
            reply
        }
    };
    if let Some(challenge) = challenge {
        reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    reply
}

pub(super) fn unknown_session(answers: Option<&(String, String)>) -> Reply {
    let why = "the session is not known here: begin another";
    let refusal = Refusal::new(Code::ParseMessage, "mcp-session-id", why, "");
    match answers {
        Some((id, _)) => {
            let denial = answer::Denial::from(refusal);
            reply::message(StatusCode::NOT_FOUND, denial.error(id))
        }
        None => reply::refused(StatusCode::NOT_FOUND, refusal),
    }
}

/// What of a head goes on to the server: our token only where it decides as well.
// spec: G30
pub(super) fn onward(behind: &Behind, head: &Head) -> HeaderMap {
    let mut headers = head.headers.clone();
    if head.token.is_some() && behind.gate.credential().to_server() == ToServer::Never {
        headers.remove(AUTHORIZATION);
    }
    behind.onward(&headers)
}
