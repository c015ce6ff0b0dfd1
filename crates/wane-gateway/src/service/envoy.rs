//! The HTTP form of Envoy's `ext_authz`: each request that Envoy has received, before it goes on.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use wane::{Code, Refusal, SealedToken};
use wane_policy::Catalogue;

use super::endpoints::{Unfit, whole};
use super::judge::{self, Denial, Outcome, Purpose};
use super::metrics::Surface;
use super::question::{Asked, Question};
use super::{Service, reply};
use crate::connections::Place;
use crate::onward;
use crate::tokens::Tokens;

/// Where Envoy asks: its `path_prefix` is `/envoy/` and the server's name.
pub(super) const ROUTE: &str = "/envoy/{*rest}";
const PREFIX: &str = "/envoy/";

/// What Envoy says of a body that it holds: whether there was more of it.
const PARTIAL: HeaderName = HeaderName::from_static("x-envoy-auth-partial-body");
/// What Envoy takes out of a request before that goes on.
const REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

/// Whether Envoy is asking.
pub(super) fn is_asked(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// Answers Envoy. What is not allowed is never a server error, since Envoy can be told to let through what was answered so.
// spec: H26
pub(super) async fn answer(State(service): State<Service>, request: Request) -> Response {
    let place = request.extensions().get::<Arc<Place>>().cloned();
    let (parts, body) = request.into_parts();
    let body = whole(body, place.as_deref()).await;
    let read =
        move |catalogue: &Catalogue, tokens: &Tokens| read(&parts, body.map(|body| body.to_vec()), catalogue, tokens);
    let outcome = service.ask(Surface::Envoy, Purpose::Admit, read).await;
    match &outcome {
        Outcome::Allowed(_) => {
            let mut response = reply::outcome(&outcome);
            // spec: H25
            response.headers_mut().insert(REMOVE, HeaderValue::from_static("authorization"));
            response
        }
        Outcome::Refused(denial) => refused(denial),
    }
}

fn refused(denial: &Denial) -> Response {
    match reply::status(denial.refusal.code()) {
        status if status.is_server_error() => reply::refused_as(StatusCode::FORBIDDEN, denial),
        status => reply::refused_as(status, denial),
    }
}

fn read(
    parts: &Parts,
    body: Result<Vec<u8>, Unfit>,
    catalogue: &Catalogue,
    tokens: &Tokens,
) -> Result<Question, Refusal> {
    // spec: H22
    let unlisted = || Refusal::new(Code::DenyUnlisted, "server", "no server of the catalogue", "");
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let (server, _) = target.strip_prefix(PREFIX).and_then(|rest| rest.split_once('/')).ok_or_else(unlisted)?;
    let target = target.get(PREFIX.len().saturating_add(server.len())..).ok_or_else(unlisted)?;
    let token = token(&parts.headers, tokens)?;
    let body = body.map_err(Unfit::refusal)?;
    is_whole(&parts.headers, &body)?;
    if let Some(name) = parts.headers.keys().find(|name| onward::stands_for_another(name.as_str())) {
        return Err(Refusal::new(
            Code::DenyRoute,
            "headers",
            format_args!("`{name}`"),
            "it could stand for what is decided",
        ));
    }
    let content_type = one(&parts.headers, &header::CONTENT_TYPE)?;
    let call = Asked::http(parts.method.as_str().into(), target.into(), content_type, body)?;
    if judge::demand(catalogue, server, &call)?.lacks_body() {
        return Err(missing("a route that takes one"));
    }
    Ok(Question { token, server: server.to_owned(), call, approvals: Vec::new() })
}

/// The sealed token of the request.
// spec: H23
fn token(headers: &HeaderMap, tokens: &Tokens) -> Result<SealedToken, Refusal> {
    let none = || Refusal::new(Code::DenyNoToken, "authorization", "the request", "");
    let stated = one(headers, &header::AUTHORIZATION)?.ok_or_else(none)?;
    let (scheme, token) = stated.split_once(' ').ok_or_else(none)?;
    let token = token.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || !token.starts_with("wane1.") {
        return Err(none());
    }
    tokens.read(token)
}

/// A header that stands there once or not at all.
fn one(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Refusal> {
    let unread = || Refusal::new(Code::ParseMessage, "headers", format_args!("`{name}` has several readings"), "");
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text.to_owned())),
        _ => Err(unread()),
    }
}

/// Refuses a body that is a part of one, and one that was announced and is not there: Envoy sends no body unless it is told to.
// spec: H24
fn is_whole(headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    if headers.get_all(PARTIAL).iter().any(|value| value != "false") {
        return Err(Refusal::new(Code::DenyRoute, "body", "the body", "only a part of it is here"));
    }
    // Whoever reads it behind Envoy would read something else than what is decided on.
    if headers.get_all(header::CONTENT_ENCODING).iter().any(|value| value != "identity") {
        return Err(Refusal::new(Code::DenyRoute, "body", "the body", "it is encoded"));
    }
    let announces = [PARTIAL, header::CONTENT_TYPE, header::TRANSFER_ENCODING, header::CONTENT_ENCODING];
    match announces.iter().find(|name| headers.contains_key(*name)) {
        Some(name) if body.is_empty() => Err(missing(name.as_str())),
        _ => Ok(()),
    }
}

fn missing(announced_by: &str) -> Refusal {
    Refusal::new(Code::DenyRoute, "body", "the body", format_args!("announced by {announced_by}, and not here"))
}
