//! What a request demands, as the tool server says it.

use axum::extract::{NestedPath, OriginalUri};
use http::Uri;
use http::request::Parts;
use http::uri::PathAndQuery;
use wane::{Call, Code, Refusal, Request};

/// Says what a request demands: which actions, at which level, with which arguments. It is asked before anything is decided, and
/// answers from what was received alone. It never sees the token.
///
/// A function of the head is one, for requests without a body; [`whole_body`] and [`body_passed_on`] make the other two kinds.
///
/// ```
/// use http::request::Parts;
/// use wane::{Arguments, Level, Refusal, Request};
/// use wane_tower::{Demands, Reads, http_call};
///
/// struct Notes;
///
/// impl Demands for Notes {
///     fn reads(&self, _head: &Parts) -> Reads {
///         Reads::Whole { most: 4_096 }
///     }
///
///     fn demand(&self, head: &Parts, body: &[u8]) -> Result<Request, Refusal> {
///         let call = http_call(head)?;
///         let request = Request::new("notes".parse()?, call, vec!["write:notes".parse()?], Level::Internal)?;
///         Ok(request.arguments(Arguments::from_json(body)?))
///     }
/// }
///
/// let (head, ()) = http::Request::post("/notes").body(()).unwrap().into_parts();
/// assert_eq!(Notes.reads(&head), Reads::Whole { most: 4_096 });
/// assert_eq!(Notes.demand(&head, br#"{"text": "a"}"#)?.call().to_string(), "http POST /notes");
/// assert!(Notes.demand(&head, br#"{"text": "a", "text": "b"}"#).is_err());
/// # Ok::<(), Refusal>(())
/// ```
pub trait Demands: Send + Sync + 'static {
    /// How much of the body the demand is about.
    fn reads(&self, head: &Parts) -> Reads;

    /// The request to decide; the body is empty where [`Demands::reads`] said that it is passed on. Its level is stated here, and
    /// is the highest of anything that the answer may reveal.
    ///
    /// # Errors
    /// Whatever keeps it from being decided: the request is refused with it.
    fn demand(&self, head: &Parts, body: &[u8]) -> Result<Request, Refusal>;
}

/// How much of a body a decision is about.
///
/// ```
/// use wane_tower::Reads;
/// assert_ne!(Reads::Whole { most: 0 }, Reads::PassedOn);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// All of it. It is read first, and the handler is given the bytes that were decided on, and no upgrade of the connection.
    Whole {
        /// More bytes than this are refused; with 0 every body is.
        most: usize,
    },
    /// Nothing: the handler reads it as it comes in, and what an upgrade brings, and nobody has decided about it.
    PassedOn,
}

impl<F> Demands for F
where
    F: Fn(&Parts) -> Result<Request, Refusal> + Send + Sync + 'static,
{
    fn reads(&self, _head: &Parts) -> Reads {
        Reads::Whole { most: 0 }
    }

    fn demand(&self, head: &Parts, _body: &[u8]) -> Result<Request, Refusal> {
        self(head)
    }
}

/// Demands that are about the head and the whole body, of at most so many bytes.
///
/// ```
/// use wane::{Arguments, Level, Request};
/// use wane_tower::{Demands, http_call, whole_body};
/// let demands = whole_body(4_096, |head, body| {
///     let request = Request::new("notes".parse()?, http_call(head)?, vec!["write:notes".parse()?], Level::Internal)?;
///     Ok(request.arguments(Arguments::from_json(body)?))
/// });
/// let (head, ()) = http::Request::post("/notes").body(()).unwrap().into_parts();
/// assert_eq!(demands.demand(&head, br#"{"text": "a"}"#)?.stated_arguments().to_json(), r#"{"text":"a"}"#);
/// # Ok::<(), wane::Refusal>(())
/// ```
pub fn whole_body<F>(most: usize, demand: F) -> impl Demands
where
    F: Fn(&Parts, &[u8]) -> Result<Request, Refusal> + Send + Sync + 'static,
{
    Reading { reads: Reads::Whole { most }, demand }
}

/// Demands that are about the head alone, though there is a body: the handler reads it undecided, however long it is.
///
/// ```
/// use wane::{Level, Request};
/// use wane_tower::{Demands, Reads, body_passed_on, http_call};
/// let demands = body_passed_on(|head| {
///     Request::new("store".parse()?, http_call(head)?, vec!["write:uploads".parse()?], Level::Internal)
/// });
/// let (head, ()) = http::Request::put("/uploads/7").body(()).unwrap().into_parts();
/// assert_eq!(demands.reads(&head), Reads::PassedOn);
/// ```
pub fn body_passed_on<F>(demand: F) -> impl Demands
where
    F: Fn(&Parts) -> Result<Request, Refusal> + Send + Sync + 'static,
{
    Reading { reads: Reads::PassedOn, demand: move |head: &Parts, _body: &[u8]| demand(head) }
}

struct Reading<F> {
    reads: Reads,
    demand: F,
}

impl<F> Demands for Reading<F>
where
    F: Fn(&Parts, &[u8]) -> Result<Request, Refusal> + Send + Sync + 'static,
{
    fn reads(&self, _head: &Parts) -> Reads {
        self.reads
    }

    fn demand(&self, head: &Parts, body: &[u8]) -> Result<Request, Refusal> {
        (self.demand)(head, body)
    }
}

/// The call of an HTTP request: its method, and its path with the query as received, before any router of axum has cut a prefix off.
///
/// # Errors
/// `deny-route` where it names no path, as CONNECT does, and where it was rewritten since a router received it; `parse-limit` for a
/// target over 4,096 bytes.
///
/// ```
/// let (head, ()) = http::Request::get("/notes?after=7").body(()).unwrap().into_parts();
/// assert_eq!(wane_tower::http_call(&head)?.to_string(), "http GET /notes?after=7");
/// # Ok::<(), wane::Refusal>(())
/// ```
pub fn http_call(head: &Parts) -> Result<Call, Refusal> {
    let refused = |found, why| Refusal::new(Code::DenyRoute, "target", found, why);
    let received = head.extensions.get::<OriginalUri>().map_or(&head.uri, |original| &original.0);
    // spec: W7
    let target = received.path_and_query().map(PathAndQuery::as_str).filter(|target| target.starts_with('/'));
    let target = target.ok_or_else(|| refused("a target without a path", "it names none"))?;
    // spec: W14
    if !is_handed_on(received, head) {
        return Err(refused("a target that was rewritten", "its handler would be given another one than was received"));
    }
    Call::http(head.method.as_str(), target)
}

/// Whether the target of the head is the one received, but for the segments that nested routers have cut off.
fn is_handed_on(received: &Uri, head: &Parts) -> bool {
    let nested = head.extensions.get::<NestedPath>().map_or("", NestedPath::as_str);
    let mut rest = received.path();
    for _ in nested.split('/').filter(|segment| !segment.is_empty()) {
        let Some(cut) = rest.strip_prefix('/') else { return false };
        rest = cut.find('/').and_then(|end| cut.get(end..)).unwrap_or_default();
    }
    let rest = if rest.is_empty() { "/" } else { rest };
    head.uri.path() == rest && head.uri.query() == received.query()
}
