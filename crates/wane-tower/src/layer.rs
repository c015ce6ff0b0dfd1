//! The layer, and the service it makes.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::header::{HeaderValue, UPGRADE};
use http::request::Parts;
use http::{HeaderName, Request, Response};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::upgrade::OnUpgrade;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::{Layer, Service};
use wane::{Code, Decision, Refusal, SealedToken};
use wane_ledger::{Answer, Guard};

use crate::admitted::{Given, Slot};
use crate::demands::{Demands, Reads};
use crate::problem::Problem;
use crate::token;

/// A body: one that the layer made or has read, or the one that was there.
///
/// ```
/// use bytes::Bytes;
/// use http_body_util::{Either, Empty, Full};
/// let read: wane_tower::Body<Empty<Bytes>> = Either::Left(Full::from("what was decided on"));
/// # let _ = read;
/// ```
pub type Body<B> = Either<Full<Bytes>, B>;

/// Admits each request before the service behind it sees it, and gives it the permit.
///
/// The token is the sealed one of `Authorization: Bearer …`, which is taken out, and verified before anything else is done. What the
/// request demands is asked of the [`Demands`]; then the guard admits it, once: verified, decided and committed, with its record. A
/// request that is refused is answered with a [`Problem`]. One that is given up meanwhile may have been charged and goes nowhere.
///
/// The permit is the [`Admitted`](crate::Admitted) that the handler takes. Where an answer is no error (1xx to 3xx) and the permit
/// was not used up, the answer is thrown away and replaced by a 500 with `use-permit`: the handler has done something that it was
/// not given.
///
/// ```
/// use std::sync::Arc;
/// use std::time::{SystemTime, UNIX_EPOCH};
///
/// use axum::{Router, routing};
/// use http::request::Parts;
/// use wane::{Level, Request};
/// use wane_ledger::Guard;
/// use wane_tower::{Admitted, AdmitLayer, http_call};
///
/// fn tools(guard: &Arc<Guard>) -> Router {
///     let demands = |head: &Parts| {
///         Request::new("notes".parse()?, http_call(head)?, vec!["read:notes".parse()?], Level::Internal)
///     };
///     let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs());
///     let layer = AdmitLayer::new(guard, demands, now).most_waiting(100);
///     let list = |admitted: Admitted| async move { format!("{}\n", admitted.into_request().call()) };
///     Router::new().route("/notes", routing::get(list)).layer(layer)
/// }
/// # let _ = tools;
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it stands before a service"]
pub struct AdmitLayer {
    shared: Arc<Shared>,
    /// Places for admissions that wait for the ledger.
    places: Arc<Semaphore>,
    /// Turns of tokens that are verified.
    turns: Arc<Semaphore>,
}

struct Shared {
    guard: Weak<Guard>,
    demands: Box<dyn Demands>,
    clock: Box<dyn Fn() -> u64 + Send + Sync>,
}

/// Admissions that wait at a time unless something else is said: half of the threads that tokio has for what blocks.
const WAITING: usize = 256;

/// Tokens that are verified at a time. It takes a moment and waits for nobody, so that whoever comes beyond waits for its turn.
const VERIFYING: usize = 32;

/// What answers carry that a ledger gave which forgets when its process ends.
const LEDGER: HeaderName = HeaderName::from_static("wane-ledger");

impl AdmitLayer {
    /// A layer over a guard, which stays its owner's: once that one has closed or dropped it, everything is refused. The clock
    /// gives seconds since 1970-01-01T00:00:00Z; one that cannot tell gives the largest number, and everything has expired.
    pub fn new(guard: &Arc<Guard>, demands: impl Demands, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let shared = Shared { guard: Arc::downgrade(guard), demands: Box::new(demands), clock: Box::new(clock) };
        let of = |most| Arc::new(Semaphore::new(most));
        Self { shared: Arc::new(shared), places: of(WAITING), turns: of(VERIFYING) }
    }

    /// How many admissions may wait for the ledger at a time, 256 unless it is said; whatever comes beyond is refused at once with
    /// `state-locked`. Each holds one of the runtime's threads for blocking.
    pub fn most_waiting(mut self, most: usize) -> Self {
        self.places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        self
    }

    /// What comes of one request: to be passed on with its permit, or why not.
    async fn admit<B>(&self, request: Request<B>) -> Result<(Request<Body<B>>, Slot, Lasting), Refused>
    where
        B: http_body::Body<Data = Bytes>,
    {
        let (mut head, body) = request.into_parts();
        let sealed = token::take(&mut head.headers)?;
        // Whoever has no genuine token is neither read nor given a place.
        // spec: W13
        self.verify(sealed.clone()).await?;
        let (demanded, body) = self.demand(&mut head, body).await?;
        let answer = self.ask(sealed, demanded).await?;
        let lasting = if answer.durable { Lasting::Durable } else { Lasting::Volatile };
        let problem = match answer.decision {
            Decision::Allow(permit) => {
                let slot = Slot::new(Given { permit, record: answer.record });
                head.extensions.insert(slot.clone());
                return Ok((Request::from_parts(head, body), slot, lasting));
            }
            Decision::Ask(ask) => Problem::asking(&ask),
            Decision::Deny(refusal) => refusal.into(),
        };
        Err(Refused { problem, lasting })
    }

    async fn demand<B>(&self, head: &mut Parts, body: B) -> Result<(wane::Request, Body<B>), Refusal>
    where
        B: http_body::Body<Data = Bytes>,
    {
        let demands = &self.shared.demands;
        match demands.reads(head) {
            Reads::Whole { most } => {
                // Nothing follows the body: a server may always stay with HTTP (RFC 9110, section 7.8).
                // spec: W15
                head.extensions.remove::<OnUpgrade>();
                head.headers.remove(UPGRADE);
                let read = read(body, most).await?;
                // spec: W4
                Ok((demands.demand(head, &read)?, Either::Left(Full::new(read))))
            }
            Reads::PassedOn => Ok((demands.demand(head, &[])?, Either::Right(body))),
        }
    }

    /// Whether the token is genuine. No ledger is asked.
    async fn verify(&self, sealed: SealedToken) -> Result<(), Refusal> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| unreachable("no token is verified any more"))?;
        self.with_guard(turn, move |guard, now| guard.verify(&sealed, now)).await?
    }

    /// Asks the guard, which blocks until what follows is committed.
    async fn ask(&self, sealed: SealedToken, request: wane::Request) -> Result<Answer, Refusal> {
        // spec: W6
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| Refusal::new(Code::StateLocked, "ledger", "as many admissions wait as may", ""))?;
        self.with_guard(place, move |guard, now| guard.admit(&sealed, &request, &[], now)).await
    }

    /// Does something with the guard, in a thread that may be blocked.
    async fn with_guard<T: Send + 'static>(
        &self,
        place: OwnedSemaphorePermit,
        ask: impl FnOnce(&Guard, u64) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let runtime = Handle::try_current().map_err(|_| unreachable("there is no tokio runtime"))?;
        let shared = Arc::clone(&self.shared);
        let asked = runtime.spawn_blocking(move || {
            // The place is free again when the guard has answered, whether or not anybody still waits for the answer.
            let _place = place;
            let guard = shared.guard.upgrade().ok_or_else(|| unreachable("the guard is closed"))?;
            Ok(ask(&guard, (shared.clock)()))
        });
        asked.await.unwrap_or_else(|_| Err(unreachable("the guard was not asked to the end")))
    }
}

fn unreachable(why: &str) -> Refusal {
    Refusal::new(Code::StateUnreachable, "ledger", why, "")
}

/// Whether the ledger keeps what it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lasting {
    Durable,
    Volatile,
}

impl Lasting {
    fn tell<B>(self, mut response: Response<B>) -> Response<B> {
        // spec: W10
        if self == Self::Volatile {
            response.headers_mut().insert(LEDGER, HeaderValue::from_static("volatile"));
        }
        response
    }
}

/// Why a request goes no further, and what ledger was asked, if one was.
struct Refused {
    problem: Problem,
    lasting: Lasting,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { problem: refusal.into(), lasting: Lasting::Durable }
    }
}

/// Reads a body of at most so many bytes, to its end.
async fn read<B: http_body::Body<Data = Bytes>>(body: B, most: usize) -> Result<Bytes, Refusal> {
    let too_large = |found: u64| {
        let found = format_args!("at least {found}");
        Refusal::new(Code::ParseTooLarge, "body", found, most)
    };
    let mut body = pin!(body);
    let stated = body.size_hint().lower();
    // spec: W3
    if usize::try_from(stated).map_or(true, |stated| stated > most) {
        return Err(too_large(stated));
    }
    // Copied into one piece as it comes: a piece of one byte would keep a whole buffer alive.
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::new(Code::ParseMessage, "body", "its body ends early", ""))?;
        // Trailers are no part of what is decided, and go no further.
        let Ok(data) = frame.into_data() else { continue };
        let length = read.len().saturating_add(data.len());
        if length > most {
            return Err(too_large(u64::try_from(length).unwrap_or(u64::MAX)));
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

impl<S> Layer<S> for AdmitLayer {
    type Service = Admit<S>;

    fn layer(&self, inner: S) -> Admit<S> {
        Admit { layer: self.clone(), inner }
    }
}

impl fmt::Debug for AdmitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdmitLayer").finish_non_exhaustive()
    }
}

/// A service behind an [`AdmitLayer`].
///
/// ```
/// use tower::Layer as _;
/// fn before<S>(layer: &wane_tower::AdmitLayer, service: S) -> wane_tower::Admit<S> {
///     layer.layer(service)
/// }
/// # let _ = before::<()>;
/// ```
#[derive(Clone, Debug)]
pub struct Admit<S> {
    layer: AdmitLayer,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Admit<S>
where
    S: Service<Request<Body<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<Body<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let layer = self.layer.clone();
        // The one that has said it is ready is called, and the copy stays.
        let copy = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, copy);
        Box::pin(async move {
            let (request, slot, lasting) = match layer.admit(request).await {
                Ok(admitted) => admitted,
                Err(Refused { problem, lasting }) => return Ok(lasting.tell(problem.into_full().map(Either::Left))),
            };
            let response = inner.call(request).await?;
            let status = response.status();
            let is_error = status.is_client_error() || status.is_server_error();
            let response = match slot.used() {
                // spec: W11
                Err(refusal) if !is_error => Problem::from(refusal).into_full().map(Either::Left),
                _ => response.map(Either::Right),
            };
            Ok(lasting.tell(response))
        })
    }
}
