//! Requests without a body, which only sessions of the older era have: to wait for what their servers say, and to end them.

use std::sync::Arc;

use bytes::Bytes;
use hyper::{HeaderMap, Method, StatusCode};

use super::Inner;
use super::agree;
use super::exchange::{Content, content, onward, unknown_session};
use super::head::Head;
use super::reply::{self, Reply};
use super::sessions::InUse;
use super::started;
use super::stream::Stream;
use super::upstream::Behind;
use super::ways::Ways;
use crate::connections::Place;
use crate::credential::{Counted, Who};
use crate::gate::Connection;

/// The session that a request without a body names.
fn named(inner: &Inner, behind: &Behind, head: &Head) -> Result<(String, InUse), Reply> {
    agree::agree_on_nothing(&head.headers).map_err(|why| reply::disagrees(&why, None))?;
    // spec: G40
    let version = agree::one(&head.headers, &agree::PROTOCOL_VERSION);
    let newer = version.is_ok_and(|version| version.is_some_and(agree::is_stateless));
    match head.session.as_ref().filter(|_| !newer) {
        None => Err(reply::bare(StatusCode::METHOD_NOT_ALLOWED)),
        Some(id) => {
            let session = inner.sessions.find(&behind.name, id).ok_or_else(|| unknown_session(None))?;
            Ok((id.clone(), session))
        }
    }
}

/// What goes on to the server with a request without a body.
fn without_body(behind: &Behind, head: &Head, id: &str) -> HeaderMap {
    let mut onward = onward(behind, head);
    Head::with_session(&mut onward, id);
    onward
}

/// The stream of a session on which its server says what nobody asked for.
pub(super) async fn listen(inner: &Arc<Inner>, place: &Place, behind: Arc<Behind>, head: Head) -> Result<Reply, Reply> {
    let (id, session) = named(inner, &behind, &head)?;
    let (gate, shown) = (Arc::clone(&behind.gate), head.token.clone());
    // It takes as long as many signatures do.
    let who = tokio::task::spawn_blocking(move || gate.who(shown.as_deref(), Counted::Now)).await;
    session.0.learns(who.unwrap_or(Who::Stranger));
    place.listens(session.0.who());
    if behind.starts().is_some() {
        return Ok(started::listen(inner, session));
    }
    let onward = without_body(&behind, &head, &id);
    let response = behind.ask(Method::GET, &onward, Bytes::new()).await;
    let response = response.map_err(reply::unreached)?;
    match (content(&response), response.status()) {
        (Content::Events, _) => {
            let ways = Ways::of(&session.0.gate, Connection::Same, None, &behind.reading);
            let sign_of_life = inner.limits.sign_of_life;
            let stream = Stream { behind, ways, onward, answers: None, session: Some(session), sign_of_life };
            Ok(stream.reply(Vec::new(), response))
        }
        (_, status) => {
            if status == StatusCode::NOT_FOUND {
                inner.sessions.end(&behind.name, &id);
            }
            Ok(reply::bare(if status.as_u16() < 400 { StatusCode::BAD_GATEWAY } else { status }))
        }
    }
}

/// The end of a session.
pub(super) async fn end(inner: &Arc<Inner>, behind: Arc<Behind>, head: Head) -> Result<Reply, Reply> {
    let (id, session) = named(inner, &behind, &head)?;
    if behind.starts().is_some() {
        inner.sessions.end(&behind.name, &id);
        session.0.talk.iter().for_each(|talk| talk.end());
        return Ok(reply::bare(StatusCode::NO_CONTENT));
    }
    let onward = without_body(&behind, &head, &id);
    let response = behind.ask(Method::DELETE, &onward, Bytes::new()).await;
    let status = response.map_err(reply::unreached)?.status();
    if status.is_success() || status == StatusCode::NOT_FOUND {
        inner.sessions.end(&behind.name, &id);
    }
    Ok(reply::bare(if status.is_redirection() || status.is_informational() { StatusCode::BAD_GATEWAY } else { status }))
}
