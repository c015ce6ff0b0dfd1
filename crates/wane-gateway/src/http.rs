//! The gateway over Streamable HTTP: several servers behind one address, and a gate before each of them.
//!
//! An exchange of the newer era is a connection of its own to its gate; those of a session of the older era are one. What gates are
//! asked they are asked on threads that may wait, so that nobody waits for the ledger but whoever asked.

mod agree;
mod body;
mod connect;
mod events;
mod exchange;
mod head;
mod large;
mod limits;
mod listing;
mod names;
mod processes;
mod reply;
mod sessions;
mod started;
mod stream;
mod talk;
mod upstream;
mod waiting;
mod ways;

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use wane::Refusal;

use self::head::{Checks, Head};
use self::large::Large;
use self::processes::Processes;
use self::reply::Written;
use self::sessions::Sessions;
use self::talk::Starter;
use self::upstream::Behind;
use crate::connections::{Connections, Patient, Place};
use crate::listen::{Accepting, Stream};
use crate::pipes::Stops;
use crate::tls::Authorities;

pub use self::head::{Bearer, Door};
use self::limits::AGREEING;
pub use self::limits::Limits;
pub use self::upstream::{Starts, Target, Upstream, UpstreamHeader, UpstreamUrl, UrlError};
pub use crate::listen::{Bound, Listen, ListenError, Listener, Reach};

/// Servers behind one address, at most: each has threads of its own.
const UPSTREAMS: usize = 32;

/// How long nobody is accepted where that has failed: the machine has no more of something.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// What a gateway is made of.
///
/// ```
/// use wane_gateway::http::{Door, HttpOptions, Limits, Listen, Reach, ServeError, Upstream, serve};
///
/// fn run(upstreams: Vec<Upstream>) -> Result<(), ServeError> {
///     let (_stopper, stops) = wane_gateway::Stopper::new();
///     let options = HttpOptions {
///         listen: Listen::Address(([127, 0, 0, 1], 7000).into()),
///         reach: Reach::ThisMachine,
///         door: Door::Open,
///         origins: Vec::new(),
///         upstreams,
///         authorities: None,
///         limits: Limits::default(),
///     };
///     serve(options, |_| std::ops::ControlFlow::Continue(()), stops)
/// }
/// assert!(matches!(run(Vec::new()), Err(ServeError::Upstreams(_))));
/// ```
#[derive(Debug)]
pub struct HttpOptions {
    /// Where it listens.
    pub listen: Listen,
    /// From where clients may come, and what is encrypted.
    pub reach: Reach,
    /// Whom it lets in.
    pub door: Door,
    /// Origins of pages that may ask, beside those that this machine serves.
    pub origins: Vec<String>,
    /// The servers behind it.
    pub upstreams: Vec<Upstream>,
    /// Who says which server at `https://` is which.
    pub authorities: Option<Authorities>,
    /// How much of everything there is.
    pub limits: Limits,
}

/// Why a gateway does not serve.
///
/// ```
/// let error = wane_gateway::http::ServeError::Upstreams("no server stands behind it");
/// assert_eq!(error.to_string(), "no server stands behind it");
/// ```
#[derive(Debug)]
pub enum ServeError {
    /// There is no server, there are too many, or two have one name.
    Upstreams(&'static str),
    /// Whoever can connect could do what a token of the gateway's own can, or read what others say.
    Open(&'static str),
    /// It cannot listen there.
    Listen(ListenError),
    /// Threads or timers cannot be had.
    System(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstreams(why) | Self::Open(why) => f.write_str(why),
            Self::Listen(error) => error.fmt(f),
            Self::System(error) => write!(f, "the gateway cannot run: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}

/// What all exchanges have in common.
#[derive(Debug)]
struct Inner {
    behind: Vec<Arc<Behind>>,
    checks: Checks,
    sessions: Sessions,
    starter: Starter,
    processes: Arc<Processes>,
    limits: Limits,
    large: Large,
}

impl Inner {
    /// Tells whoever runs the gateway of a request that no gate has seen.
    fn tell(&self, refusal: &Refusal) {
        // Where it was for is not known, and all gates tell the same one.
        if let Some(behind) = self.behind.first() {
            behind.gate.denied("a request", refusal);
        }
    }

    /// The server of that name, or the only one where none is named.
    fn behind(&self, name: Option<&str>) -> Option<Arc<Behind>> {
        match (name, self.behind.as_slice()) {
            (Some(name), behind) => behind.iter().find(|behind| behind.name == name).cloned(),
            (None, [behind]) => Some(Arc::clone(behind)),
            (None, _) => None,
        }
    }
}

/// Serves until it is asked to stop. `bound` is told where it listens, once it does and before anybody is let in; it may be what ends it.
///
/// # Errors
/// Where it cannot listen there, or must not: a gateway with a token of its own listens on a unix socket, or on this machine's own
/// addresses behind a [`Door::Bearer`].
///
/// ```
/// use std::ops::ControlFlow;
/// use wane_gateway::http::{Bound, HttpOptions, ServeError, serve};
/// fn run(options: HttpOptions) -> Result<(), ServeError> {
///     let (_stopper, stops) = wane_gateway::Stopper::new();
///     let told = |bound: &Bound| {
///         println!("listening on {bound}");
///         ControlFlow::Continue(())
///     };
///     serve(options, told, stops)
/// }
/// # let _ = run;
/// ```
pub fn serve(
    options: HttpOptions,
    bound: impl FnOnce(&Bound) -> ControlFlow<()>,
    stops: Stops,
) -> Result<(), ServeError> {
    check(&options)?;
    let limits = options.limits;
    // Those who decide, who look at answers, who compare a request with its head, and who ask for the address of a name.
    let looking = limits.deciding.saturating_mul(2).saturating_add(AGREEING).saturating_add(names::LOOKUPS);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("wane-http")
        .max_blocking_threads(looking.saturating_mul(options.upstreams.len()).saturating_add(16))
        .build()
        .map_err(ServeError::System)?;
    let (stop, stopped) = oneshot::channel();
    std::thread::Builder::new()
        .name("wane-http-stops".into())
        .spawn(move || {
            stops.wait();
            // It may have ended already.
            let _: Result<(), ()> = stop.send(());
        })
        .map_err(ServeError::System)?;
    let processes = Arc::<Processes>::default();
    let served = runtime.block_on(run(options, bound, stopped, Arc::clone(&processes)));
    processes.close();
    // Who is still deciding holds what it needs, and has nobody to tell.
    runtime.shutdown_timeout(limits.end);
    processes.wait(processes::END);
    served
}

/// What must not be.
// spec: G32 G41
fn check(options: &HttpOptions) -> Result<(), ServeError> {
    let names: HashSet<&str> = options.upstreams.iter().map(|upstream| upstream.name.as_str()).collect();
    match options.upstreams.len() {
        0 => return Err(ServeError::Upstreams("no server stands behind it")),
        many if many > UPSTREAMS => return Err(ServeError::Upstreams("more than 32 servers stand behind it")),
        many if many != names.len() => return Err(ServeError::Upstreams("two servers have one name")),
        _ => {}
    }
    if options.authorities.is_none() && options.upstreams.iter().any(|upstream| upstream.target.is_encrypted()) {
        return Err(ServeError::Upstreams("nobody is believed who says which server at `https://` is which"));
    }
    let own = options.upstreams.iter().any(|upstream| upstream.gate.credential().is_own());
    match (&options.listen, &options.door) {
        (listen, _) if own && !listen.is_local() => {
            Err(ServeError::Open("a gateway with a token of its own listens on this machine alone"))
        }
        (Listen::Address(_), Door::Open) if own => {
            Err(ServeError::Open("a gateway with a token of its own needs a bearer, or a unix socket"))
        }
        _ => Ok(()),
    }
}

async fn run(
    options: HttpOptions,
    bound: impl FnOnce(&Bound) -> ControlFlow<()>,
    mut stopped: oneshot::Receiver<()>,
    processes: Arc<Processes>,
) -> Result<(), ServeError> {
    let listener = options.listen.bind(options.reach).map_err(|error| match error {
        ListenError::BeyondLoopback(_) => {
            ServeError::Open("other machines reach this address, and nothing is encrypted")
        }
        error => ServeError::Listen(error),
    })?;
    let at = listener.bound();
    let limits = options.limits;
    let hosts = match &at {
        Bound::Address(address) => Checks::hosts_of(*address, 80),
        Bound::Encrypted(address) => Checks::hosts_of(*address, 443),
        Bound::Socket(_) => Vec::new(),
    };
    let authorities = options.authorities.as_ref();
    let upstreams = options.upstreams.into_iter();
    let behind = upstreams.map(|upstream| Arc::new(Behind::new(upstream, authorities, &limits))).collect();
    let inner = Arc::new(Inner {
        behind,
        checks: Checks { door: options.door, origins: options.origins, hosts },
        sessions: Sessions::new(&limits),
        starter: Starter::new().map_err(ServeError::System)?,
        processes,
        limits,
        large: Large::new(limits.large_bodies),
    });
    let open = Arc::<Connections>::default();
    let (end, ends) = watch::channel(());
    let mut connections = JoinSet::new();
    let (accepting, encrypted) = (listener.accepting().map_err(ServeError::System)?, listener.tls());
    if bound(&at).is_break() {
        return Ok(());
    }
    loop {
        // Those that have ended are forgotten.
        while connections.try_join_next().is_some() {}
        tokio::select! {
            _ = &mut stopped => break,
            accepted = accept(&accepting, &open, limits.connections) => {
                if let Some((stream, place)) = accepted {
                    let (place, encrypted) = (Arc::new(place), encrypted.clone());
                    connections.spawn(connection(Arc::clone(&inner), stream, encrypted, place, ends.clone()));
                }
            }
        }
    }
    drop((accepting, listener, end));
    let all = async { while connections.join_next().await.is_some() {} };
    // Who has not ended by then is cut off.
    let _: Result<(), _> = tokio::time::timeout(limits.end, all).await;
    Ok(())
}

/// The next connection, once there is a place for it.
// spec: G39 G58
async fn accept(accepting: &Accepting, open: &Arc<Connections>, most: usize) -> Option<(Stream, Place)> {
    match accepting.accept().await {
        Ok(stream) => {
            open.room(most).await;
            Some((stream, open.enter()))
        }
        Err(_) => {
            tokio::time::sleep(EXHAUSTED).await;
            None
        }
    }
}

/// Begins TLS where that is asked for, in the time that a head has. Meanwhile the connection has its place, and nobody else waits.
// spec: G46
async fn connection(
    inner: Arc<Inner>,
    stream: Stream,
    encrypted: Option<TlsAcceptor>,
    place: Arc<Place>,
    mut ends: watch::Receiver<()>,
) {
    let stream = Patient::new(stream, Arc::clone(&place), inner.limits.unread);
    match encrypted {
        None => heard(inner, stream, place, ends).await,
        Some(tls) => {
            let shaken = tokio::select! {
                shaken = tokio::time::timeout(inner.limits.head_time, tls.accept(stream)) => shaken,
                () = place.must_close() => return,
                _ = ends.changed() => return,
            };
            // Whoever cannot is no client, and knows.
            if let Ok(Ok(stream)) = shaken {
                heard(inner, stream, place, ends).await;
            }
        }
    }
}

async fn heard(
    inner: Arc<Inner>,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    place: Arc<Place>,
    mut ends: watch::Receiver<()>,
) {
    let limits = inner.limits;
    let answering = Arc::clone(&place);
    let service = service_fn(move |request| answer(Arc::clone(&inner), Arc::clone(&answering), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // What breaks is the client's, and it knows.
        _ = connection.as_mut() => {}
        () = place.must_close() => {}
        _ = ends.changed() => {
            connection.as_mut().graceful_shutdown();
            let _: Result<(), _> = connection.await;
        }
    }
}

/// An answer while there is more to come of it. Then its client is waited for: to read it, and to ask again.
struct Answer {
    written: Written,
    place: Arc<Place>,
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.place.writes();
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.written).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.written.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.written.size_hint()
    }
}

async fn answer(
    inner: Arc<Inner>,
    place: Arc<Place>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    place.receives();
    let (parts, body) = request.into_parts();
    let page = inner.checks.allowed(&parts.headers);
    let mut reply = match Head::read(parts, &inner.checks) {
        Ok(head) => exchange::answer(Arc::clone(&inner), &place, head, body).await,
        Err(refused) => refused,
    };
    if let Some(refusal) = reply::refusal(&mut reply) {
        inner.tell(&refusal);
    }
    if let Some(origin) = page {
        reply::let_in(&mut reply, origin);
    }
    Ok(reply.map(|written| Answer { written, place }))
}
