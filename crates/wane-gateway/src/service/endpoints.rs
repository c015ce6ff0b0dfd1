//! Each path, and what answers there.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{MethodFilter, any, on};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Value, json};
use wane::{Code, Refusal, limits};

use super::health::Readiness;
use super::judge::{Outcome, Purpose};
use super::metrics::{OPEN_METRICS, Surface};
use super::question::{self, Question};
use super::{Service, envoy, openapi, reply};
use crate::connections::Place;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Check,
    Admit,
    Code,
    Live,
    Ready,
    Metrics,
    OpenApi,
}

impl Endpoint {
    pub(super) const ALL: [Self; 7] =
        [Self::Check, Self::Admit, Self::Code, Self::Live, Self::Ready, Self::Metrics, Self::OpenApi];

    /// Where it is, as a template.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Check => "/v1/check",
            Self::Admit => "/v1/admit",
            Self::Code => "/v1/codes/{code}",
            Self::Live => "/healthz",
            Self::Ready => "/readyz",
            Self::Metrics => "/metrics",
            Self::OpenApi => "/openapi.json",
        }
    }

    /// How it is asked.
    pub(super) const fn method(self) -> Method {
        match self {
            Self::Check | Self::Admit => Method::POST,
            Self::Code | Self::Live | Self::Ready | Self::Metrics | Self::OpenApi => Method::GET,
        }
    }

    /// Adds what answers there.
    fn mount(self, router: Router<Service>) -> Router<Service> {
        let path = self.path();
        match self {
            Self::Check => router.route(path, on(MethodFilter::POST, check)),
            Self::Admit => router.route(path, on(MethodFilter::POST, admit)),
            Self::Code => router.route(path, on(MethodFilter::GET, code)),
            Self::Live => router.route(path, on(MethodFilter::GET, live)),
            Self::Ready => router.route(path, on(MethodFilter::GET, ready)),
            Self::Metrics => router.route(path, on(MethodFilter::GET, metrics)),
            Self::OpenApi => router.route(path, on(MethodFilter::GET, document)),
        }
    }
}

/// Everything that answers.
pub(super) fn router(service: Service) -> Router {
    let router = Endpoint::ALL.into_iter().fold(Router::new(), |router, endpoint| endpoint.mount(router));
    router
        .route(envoy::ROUTE, any(envoy::answer))
        .method_not_allowed_fallback(wrong_method)
        .fallback(nowhere)
        .with_state(service)
}

async fn check(State(service): State<Service>, request: Request) -> Response {
    question(&service, Surface::Check, Purpose::Check, request).await
}

async fn admit(State(service): State<Service>, request: Request) -> Response {
    question(&service, Surface::Admit, Purpose::Admit, request).await
}

async fn question(service: &Service, surface: Surface, purpose: Purpose, request: Request) -> Response {
    let place = request.extensions().get::<Arc<Place>>().cloned();
    if !is_json(request.headers().get(header::CONTENT_TYPE)) {
        return unread(&unread_body("its type is not `application/json`"), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let body = match whole(request.into_body(), place.as_deref()).await {
        Ok(body) => body,
        Err(unfit) => return unfit.response(),
    };
    let outcome = service.ask(surface, purpose, move |_, tokens| Question::read(&body, tokens)).await;
    said(&outcome)
}

/// An answer; where waiting helps, it says so.
pub(super) fn said(outcome: &Outcome) -> Response {
    let mut response = reply::outcome(outcome);
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// No web page can send a body of this type to another origin without being asked about it first.
// spec: H8
fn is_json(content_type: Option<&HeaderValue>) -> bool {
    question::is_json(content_type.and_then(|value| value.to_str().ok()).unwrap_or_default())
}

/// Why there is no whole body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    TooLarge,
    TooSlow,
    Broken,
}

impl Unfit {
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::TooLarge => Refusal::new(
                Code::ParseTooLarge,
                "body",
                format_args!("more than {}", limits::REQUEST_BYTES),
                limits::REQUEST_BYTES,
            ),
            Self::TooSlow => unread_body("it did not come in time"),
            Self::Broken => unread_body("it ended early"),
        }
    }

    fn response(self) -> Response {
        let status = match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        };
        let mut response = unread(&self.refusal(), status);
        // What is left of the body is nobody's next request.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// A body up to the limit of a request, within its time.
pub(super) async fn whole(body: Body, place: Option<&Place>) -> Result<Bytes, Unfit> {
    let most = u64::try_from(limits::REQUEST_BYTES).unwrap_or(u64::MAX);
    if body.size_hint().lower() > most {
        return Err(Unfit::TooLarge);
    }
    let late = async {
        match place {
            Some(place) => place.reads().await,
            None => std::future::pending().await,
        }
    };
    let read = tokio::select! {
        read = Limited::new(body, limits::REQUEST_BYTES).collect() => read,
        () = late => return Err(Unfit::TooSlow),
    };
    if let Some(place) = place {
        place.answers();
    }
    match read {
        Err(error) if error.is::<LengthLimitError>() => Err(Unfit::TooLarge),
        Err(_) => Err(Unfit::Broken),
        Ok(body) => Ok(body.to_bytes()),
    }
}

fn unread_body(why: &str) -> Refusal {
    Refusal::new(Code::ParseMessage, "body", format_args!("the body: {why}"), "")
}

fn unread(refusal: &Refusal, status: StatusCode) -> Response {
    reply::refused_as(status, &refusal.clone().into())
}

async fn code(request: Request) -> Response {
    let word = request.uri().path().strip_prefix(reply::CODES).unwrap_or_default();
    match Code::ALL.iter().find(|code| code.as_str() == word) {
        Some(code) => json_answer(StatusCode::OK, &reply::code(*code)),
        None => nowhere().await,
    }
}

/// It answers, so it lives: nothing else is looked at.
async fn live() -> Response {
    json_answer(StatusCode::OK, &json!({ "alive": true }))
}

async fn ready(State(service): State<Service>) -> Response {
    let (readiness, told) = service.0.health.readiness();
    let status = match readiness {
        Readiness::Ready => StatusCode::OK,
        Readiness::NotReady => StatusCode::SERVICE_UNAVAILABLE,
    };
    json_answer(status, &told)
}

async fn metrics(State(service): State<Service>) -> Response {
    match service.0.metrics.text() {
        Ok(text) => reply::text(StatusCode::OK, OPEN_METRICS, text),
        Err(_) => unread(&super::unreachable_ledger("metrics cannot be written"), StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn document() -> Response {
    json_answer(StatusCode::OK, &openapi::document())
}

async fn nowhere() -> Response {
    unread(&Refusal::new(Code::DenyMethod, "path", "of a request for this path", ""), StatusCode::NOT_FOUND)
}

async fn wrong_method() -> Response {
    unread(&Refusal::new(Code::DenyMethod, "method", "of this request", ""), StatusCode::METHOD_NOT_ALLOWED)
}

fn json_answer(status: StatusCode, value: &Value) -> Response {
    reply::json_of(status, reply::JSON, value)
}
