//! What a client is answered with, and its body.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, VARY, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use tokio::sync::mpsc::Receiver;
use wane::{Code, Family, Refusal};

use super::agree::Mismatch;
use super::upstream::NoAnswer;
use crate::answer::{self, DENIED, Denial, Era};
use crate::message::{Kind, Message};
use crate::object::Object;

/// The number that JSON-RPC has for a method that is not there.
const METHOD_NOT_FOUND: i32 = -32601;

/// Small, since most functions that refuse something have little else to say.
pub(super) type Reply = Box<Response<Written>>;

/// A body that is there, or that comes piece by piece.
#[derive(Debug)]
pub(super) enum Written {
    Whole(Option<Bytes>),
    Comes(Receiver<Bytes>),
}

impl Body for Written {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match self.get_mut() {
            Self::Whole(bytes) => Poll::Ready(bytes.take()),
            Self::Comes(pieces) => pieces.poll_recv(context),
        };
        bytes.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match self {
            Self::Whole(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                http_body::SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Self::Comes(_) => http_body::SizeHint::default(),
        }
    }
}

/// Nothing but a status.
pub(super) fn bare(status: StatusCode) -> Reply {
    let mut reply = Box::new(Response::new(Written::Whole(None)));
    *reply.status_mut() = status;
    reply
}

/// The server does not answer what has no id.
pub(super) fn unreached(why: NoAnswer) -> Reply {
    message(StatusCode::BAD_GATEWAY, answer::unanswered("null", why.words()))
}

/// One message.
pub(super) fn message(status: StatusCode, message: impl Into<Bytes>) -> Reply {
    let mut reply = Box::new(Response::new(Written::Whole(Some(message.into()))));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        reply.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    reply
}

/// Events, as they come.
pub(super) fn stream(pieces: Receiver<Bytes>) -> Reply {
    let mut reply = Box::new(Response::new(Written::Comes(pieces)));
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    reply
}

/// A request that was refused before the gate saw it: whoever sent it learns why, and so does whoever runs the gateway.
pub(super) fn refused(status: StatusCode, refusal: Refusal) -> Reply {
    let mut reply = message(status, Denial::from(refusal.clone()).error_to_nobody());
    reply.extensions_mut().insert(refusal);
    reply
}

/// A message without an answer that the gate has dropped, and told so.
pub(super) fn not_passed_on() -> Reply {
    let why = "this notification or answer is not passed on";
    let denial = Denial::from(Refusal::new(Code::ParseMessage, "message", why, ""));
    message(StatusCode::BAD_REQUEST, denial.error_to_nobody())
}

/// The same where head and body disagree: the error is the one that MCP has for it.
pub(super) fn disagrees(why: &Mismatch, id: Option<&str>) -> Reply {
    let mut reply = message(StatusCode::BAD_REQUEST, why.error(id));
    reply.extensions_mut().insert(why.refusal());
    reply
}

/// Tells a browser that pages of this origin may ask, and see what they are answered.
// spec: G43
pub(super) fn let_in(reply: &mut Reply, origin: HeaderValue) {
    let headers = reply.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, GET, DELETE"));
    let asked = "accept, authorization, content-type, last-event-id, mcp-method, mcp-name, mcp-protocol-version, mcp-session-id";
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(asked));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("mcp-session-id, www-authenticate"));
    headers.insert(VARY, HeaderValue::from_static("origin"));
}

/// What a request was refused with before the gate saw it.
pub(super) fn refusal(reply: &mut Reply) -> Option<Refusal> {
    reply.extensions_mut().remove()
}

/// A head or a body that is none.
pub(super) fn malformed(status: StatusCode, why: &str) -> Reply {
    refused(status, Refusal::new(Code::ParseMessage, "request", why, ""))
}

/// What the gate has answered in the place of the server.
// spec: G37
pub(super) fn denied(text: Vec<u8>, era: Era) -> Reply {
    let (status, instead) = match said(&text) {
        // For a client of the newer era the gateway is a server that does not have the method.
        Some(Said { number: Some(_), code: Some(Code::DenyMethod), data, id }) if era == Era::Stateless => {
            (StatusCode::NOT_FOUND, Some(told(&id, METHOD_NOT_FOUND, data)))
        }
        Some(Said { number: Some(_), code, .. }) => (status(code), None),
        // Whoever has shown no token can show one, which a model cannot: it is told as other faults of a token are.
        Some(Said { number: None, code: Some(Code::DenyNoToken), data, id }) => {
            (StatusCode::UNAUTHORIZED, Some(told(&id, 1403, data)))
        }
        None if is_unanswered(&text) => (StatusCode::BAD_GATEWAY, None),
        _ => (StatusCode::OK, None),
    };
    message(status, instead.map_or(text, String::into_bytes))
}

/// Whether the gate says that the server does not answer.
fn is_unanswered(text: &[u8]) -> bool {
    let number = |text| match *Message::read(text).ok()?.kind() {
        Kind::Error { error } => Object::read(error)?.get("code").map(str::to_owned),
        Kind::Request { .. } | Kind::Notification { .. } | Kind::Result { .. } => None,
    };
    number(text).is_some_and(|number| number == answer::UNANSWERED)
}

/// A denial under another number.
fn told(id: &str, number: i32, data: serde_json::Value) -> String {
    answer::error(id, serde_json::json!({ "code": number, "message": data.get("message"), "data": { DENIED: data } }))
}

/// A denial as the gate wrote it.
struct Said {
    /// Of an error; nothing of a result.
    number: Option<String>,
    code: Option<Code>,
    data: serde_json::Value,
    id: String,
}

fn said(text: &[u8]) -> Option<Said> {
    let message = Message::read(text).ok()?;
    let (number, data) = match *message.kind() {
        Kind::Error { error } => (Some(Object::read(error)?.get("code")?.to_owned()), member(error, "data")?),
        Kind::Result { result } => (None, member(result, "_meta")?),
        Kind::Request { .. } | Kind::Notification { .. } => return None,
    };
    let data: serde_json::Value = serde_json::from_str(&member(&data, DENIED)?).ok()?;
    let code = data.get("code").and_then(serde_json::Value::as_str);
    let code = code.and_then(|text| Code::ALL.iter().find(|code| code.as_str() == text).copied());
    Some(Said { number, code, data, id: message.id()?.to_string() })
}

fn member(text: &str, name: &str) -> Option<String> {
    Object::read(text)?.get(name).map(str::to_owned)
}

/// The status that fits a code.
fn status(code: Option<Code>) -> StatusCode {
    let Some(code) = code else { return StatusCode::BAD_GATEWAY };
    match (code, code.family()) {
        (Code::DenyNoToken, _) | (_, Family::Chain) => StatusCode::UNAUTHORIZED,
        (_, Family::Parse | Family::Use) => StatusCode::BAD_REQUEST,
        (_, Family::Deny) => StatusCode::FORBIDDEN,
        (_, Family::State) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::boxed_local, reason = "a reply is boxed")]
    fn bytes(reply: Reply) -> (u16, serde_json::Value) {
        let (head, body) = (*reply).into_parts();
        let Written::Whole(Some(bytes)) = body else { panic!("no body") };
        (head.status.as_u16(), serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn every_denial_has_a_status() {
        let ask = Message::read(br#"{"jsonrpc":"2.0","id":"a","method":"tools/call"}"#).unwrap();
        let id = ask.id().unwrap();
        for (code, as_error, as_result) in [
            (Code::DenyScope, 403, 200),
            (Code::DenyMethod, 403, 200),
            (Code::StateLocked, 503, 200),
            (Code::ParseMessage, 400, 200),
            (Code::ChainSignature, 401, 200),
            (Code::DenyNoToken, 401, 401),
        ] {
            let denial = Denial::from(Refusal::new(code, "x", "y", "z"));
            let (status, error) = bytes(denied(denial.error(id).into_bytes(), Era::Handshake));
            assert_eq!((status, &error["id"]), (as_error, &serde_json::json!("a")), "{code}");
            let (status, _) = bytes(denied(denial.tool_result(id, Era::Stateless).into_bytes(), Era::Stateless));
            assert_eq!(status, as_result, "{code}");
        }
        let none = Denial::from(Refusal::new(Code::DenyNoToken, "token", "it", ""));
        let (_, error) = bytes(denied(none.tool_result(id, Era::Handshake).into_bytes(), Era::Handshake));
        assert_eq!(error["error"]["data"][DENIED]["code"], "deny-no-token", "{error}");
        let method = Denial::from(Refusal::new(Code::DenyMethod, "method", "`x`", ""));
        let (status, error) = bytes(denied(method.error(id).into_bytes(), Era::Stateless));
        assert_eq!((status, &error["error"]["code"], &error["id"]), (404, &(-32601).into(), &"a".into()), "{error}");
        assert_eq!(error["error"]["data"][DENIED]["code"], "deny-method", "{error}");
    }

    #[test]
    fn what_has_no_id_is_answered_under_none() {
        let (status, error) = bytes(malformed(StatusCode::BAD_REQUEST, "x"));
        assert_eq!((status, &error["id"], &error["error"]["code"]), (400, &serde_json::Value::Null, &1400.into()));
    }
}
