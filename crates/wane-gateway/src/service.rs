//! The HTTP service: what other programs ask before they do something.
//!
//! [`Service`] answers the questions of programs that are no gateways themselves, and of Envoy. `spec/http.md` says what it answers.

mod endpoints;
mod envoy;
mod health;
mod judge;
mod metrics;
mod openapi;
mod question;
mod reply;
mod running;

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wane::{Code, Refusal};
use wane_ledger::Guard;
use wane_policy::Catalogue;

use self::health::Health;
use self::judge::{Denial, Outcome, Purpose};
use self::metrics::{Metrics, Surface};
use self::question::Question;
use crate::tokens::Tokens;

pub use crate::listen::{Listen, ListenError, Listener, Reach};
pub use crate::watched::{Look, Unfit, Watched, Watching};

/// Questions that may wait for their decision at one time, each on a thread of its own.
const DECIDING: usize = 256;

/// What a service is made of. [`Service`] has a whole example.
///
/// ```
/// fn servers(options: &wane_gateway::service::ServiceOptions) -> usize {
///     options.catalogue.servers().count()
/// }
/// # let _ = servers;
/// ```
pub struct ServiceOptions {
    /// What each call needs, may reveal and costs. Each of its servers states its audience.
    pub catalogue: Catalogue,
    /// What decides and commits. Whoever holds it takes it away from the service by closing it; everything is denied then.
    pub guard: Weak<Guard>,
    /// Seconds since 1970-01-01T00:00:00Z, whenever something is decided. One that cannot be told is the largest number: everything has
    /// expired then.
    pub clock: Box<dyn Fn() -> u64 + Send + Sync>,
}

/// Answers whether calls are allowed, over HTTP.
///
/// ```
/// use std::io::{Read as _, Write as _};
/// use std::net::TcpStream;
/// use std::sync::{Arc, mpsc};
///
/// use getrandom::SysRng;
/// use rand_core::UnwrapErr;
/// use wane::{Roots, SecretKey};
/// use wane_audit::LogSecret;
/// use wane_gateway::service::{Listen, Reach, Service, ServiceOptions};
/// use wane_ledger::{Guard, GuardOptions, Ledger, MemoryStore, Pace, Volatile};
/// use wane_policy::Catalogue;
///
/// let (now, rng) = (1_767_225_600, UnwrapErr(SysRng));
/// let (store, secret) = (MemoryStore::new(), LogSecret::from_bytes([7; 32]));
/// Ledger::create(Box::new(store.clone()), secret.hint(), None, now, Box::new(rng))?;
/// let options = GuardOptions {
///     roots: Roots::single(SecretKey::from_seed([1; 32]).public_key()),
///     log_secret: Some(secret),
///     checkpoint_key: None,
///     volatile: Volatile::Allowed,
///     local_approver: None,
///     head: None,
///     pace: Pace::default(),
///     published: Box::new(|_| ()),
///     rng: Box::new(rng),
///     version: "0.1.0".into(),
/// };
/// let guard = Arc::new(Guard::open(vec![Box::new(store)], options, now)?);
/// let text = "[server.files]\naudience = 'files'\n[server.files.tool.read]\naction = 'read:files'\nlevel = 'internal'\n";
/// let service = Service::new(ServiceOptions {
///     catalogue: Catalogue::from_toml(text)?,
///     guard: Arc::downgrade(&guard),
///     clock: Box::new(move || now),
/// })?;
/// service.replace_catalogue(Catalogue::from_toml(text)?)?;
///
/// let listener = "127.0.0.1:0".parse::<Listen>()?.bind(Reach::ThisMachine)?;
/// let address = listener.address().to_string();
/// let (stop, stopped) = mpsc::channel::<()>();
/// let serving = std::thread::spawn(move || service.serve(listener, Vec::new(), move || stopped.recv().unwrap_or(())));
///
/// let mut client = TcpStream::connect(&address)?;
/// let body = r#"{"server": "files", "tool": {"name": "read"}}"#;
/// let head = format!("POST /v1/check HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
/// write!(client, "{head}Content-Type: application/json\r\n\r\n{body}")?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
/// assert!(answer.contains(r#""code":"deny-no-token""#));
///
/// drop(stop);
/// serving.join().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    catalogue: RwLock<Arc<Catalogue>>,
    guard: Weak<Guard>,
    clock: Box<dyn Fn() -> u64 + Send + Sync>,
    deciding: Arc<Semaphore>,
    metrics: Metrics,
    health: Health,
    tokens: Tokens,
}

impl Service {
    /// A service that listens nowhere yet.
    ///
    /// # Errors
    /// `parse-catalogue` where a server states no audience.
    pub fn new(options: ServiceOptions) -> Result<Self, Refusal> {
        every_server_has_an_audience(&options.catalogue)?;
        Ok(Self(Arc::new(Inner {
            catalogue: RwLock::new(Arc::new(options.catalogue)),
            guard: options.guard,
            clock: options.clock,
            deciding: Arc::new(Semaphore::new(DECIDING)),
            metrics: Metrics::new(),
            health: Health::default(),
            tokens: Tokens::default(),
        })))
    }

    /// Puts another catalogue in force, for every question that is not judged yet.
    ///
    /// # Errors
    /// `parse-catalogue` where a server states no audience; the one in force stays then.
    pub fn replace_catalogue(&self, catalogue: Catalogue) -> Result<(), Refusal> {
        every_server_has_an_audience(&catalogue)?;
        *self.0.catalogue.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalogue);
        Ok(())
    }

    /// Serves until `until` returns, then answers what is on its way and ends, within seconds. Blocks.
    ///
    /// # Errors
    /// Where no threads can be had.
    pub fn serve(
        &self,
        listener: Listener,
        watched: Vec<Watched>,
        until: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        self.run(listener, watched, until)
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn guard(&self) -> Result<Arc<Guard>, Refusal> {
        self.0.guard.upgrade().ok_or_else(|| unreachable_ledger("the service ends"))
    }

    /// Judges on a thread that may wait for the ledger. What comes of it is counted and told.
    async fn ask(
        &self,
        surface: Surface,
        purpose: Purpose,
        question: impl FnOnce(&Catalogue, &Tokens) -> Result<Question, Refusal> + Send + 'static,
    ) -> Outcome {
        let started = Instant::now();
        let answered = |outcome: Outcome| {
            self.tell(surface, &outcome, started);
            outcome
        };
        // spec: H9
        let Ok(permit) = Arc::clone(&self.0.deciding).try_acquire_owned() else { return answered(busy().into()) };
        let waiting = Waiting::one(self.clone(), permit);
        // A ledger in memory keeps nobody waiting: changing threads would cost more than the decision.
        if self.0.guard.upgrade().is_some_and(|guard| !guard.is_durable()) {
            // Nor does it take the answer with it where it breaks off.
            let judged = catch_unwind(AssertUnwindSafe(|| self.judge(purpose, question)));
            return answered(judged.unwrap_or_else(|_| broken_off()));
        }
        // Whoever asked may go away: what was begun is done to its end, and told.
        let judged = tokio::task::spawn_blocking(move || {
            let outcome = waiting.service.judge(purpose, question);
            waiting.service.tell(surface, &outcome, started);
            outcome
        });
        judged.await.unwrap_or_else(|_| answered(broken_off()))
    }

    fn judge(
        &self,
        purpose: Purpose,
        question: impl FnOnce(&Catalogue, &Tokens) -> Result<Question, Refusal>,
    ) -> Outcome {
        let catalogue = self.catalogue();
        let judged = question(&catalogue, &self.0.tokens).and_then(|question| Ok((self.guard()?, question)));
        match judged {
            Ok((guard, question)) => judge::judge(&catalogue, &guard, purpose, &question, (self.0.clock)()),
            Err(refusal) => refusal.into(),
        }
    }

    /// Counts and logs what was answered: by words of closed sets, and the id of the record.
    // spec: H21
    fn tell(&self, surface: Surface, outcome: &Outcome, started: Instant) {
        let took = started.elapsed();
        let (verdict, code, record) = match outcome {
            Outcome::Allowed(allowed) => ("allow", "none", allowed.record.map(|record| record.to_string())),
            Outcome::Refused(Denial { refusal, .. }) => (reply::verdict(refusal), refusal.code().as_str(), None),
        };
        self.0.metrics.decided(surface, verdict, code, took);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(surface = surface.as_str(), verdict, code, micros, record, "answered");
    }
}

/// A question that waits for its decision, however that ends.
struct Waiting {
    service: Service,
    _permit: OwnedSemaphorePermit,
}

impl Waiting {
    fn one(service: Service, permit: OwnedSemaphorePermit) -> Self {
        service.0.metrics.deciding.inc();
        Self { service, _permit: permit }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.service.0.metrics.deciding.dec();
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

// spec: H14
fn every_server_has_an_audience(catalogue: &Catalogue) -> Result<(), Refusal> {
    catalogue.servers().try_for_each(|name| catalogue.server(name, None).map(drop))
}

fn busy() -> Refusal {
    Refusal::new(Code::StateLocked, "ledger", format_args!("{DECIDING} questions wait for it already"), "")
}

fn broken_off() -> Outcome {
    unreachable_ledger("the decision broke off").into()
}

fn unreachable_ledger(why: &str) -> Refusal {
    Refusal::new(Code::StateUnreachable, "ledger", why, "")
}

#[cfg(test)]
mod tests;
