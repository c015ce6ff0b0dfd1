//! The gateway without its pipes: what becomes of each message, in both directions.

pub(crate) mod client;
mod held;
mod list;
mod lists;
mod person;
mod server;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use rand_core::CryptoRng;
use wane::{Audience, Code, Refusal};
use wane_ledger::Guard;
use wane_policy::{Catalogue, Server};

use self::held::Shelf;
use self::lists::Lists;
use crate::approvals::Approvals;
use crate::credential::{Counted, Credential, Who};
use crate::flow::{Flow, Untold, Waits};

/// The ids of requests that the gateway makes itself begin so.
pub(crate) const OWN_ID: &str = "dev.wane/";

/// Where messages go: one whole message a call, without a line's end.
///
/// ```
/// use wane_gateway::Outlet;
/// let to_nowhere: Outlet = Box::new(|_message| Ok(()));
/// # let _ = to_nowhere;
/// ```
pub type Outlet = Box<dyn Fn(&[u8]) -> io::Result<()> + Send + Sync>;

/// What a gate is made of. [`Gate`] has a whole example.
///
/// ```
/// fn names(options: &wane_gateway::GateOptions) -> (&str, bool) {
///     (&options.server, options.audience.is_some())
/// }
/// # let _ = names;
/// ```
pub struct GateOptions {
    /// What each tool needs, may reveal and costs.
    pub catalogue: Catalogue,
    /// Which of the catalogue's servers stands behind the gate.
    pub server: String,
    /// Its audience, where the catalogue states none.
    pub audience: Option<Audience>,
    /// By which tokens requests are judged.
    pub credential: Credential,
    /// What decides and commits. Whoever holds it takes it away from the gate by closing it; everything is denied then.
    pub guard: Weak<Guard>,
    /// Seconds since 1970-01-01T00:00:00Z, whenever something is decided. One that cannot be told is the largest number: everything has
    /// expired then.
    pub clock: Box<dyn Fn() -> u64 + Send + Sync>,
    /// The generator for seals.
    pub rng: Box<dyn CryptoRng + Send>,
    /// The way to the client.
    pub to_client: Outlet,
    /// The way to the server.
    pub to_server: Outlet,
    /// Told of what went no further.
    pub report: Box<dyn Fn(&Notice<'_>) + Send + Sync>,
}

/// What went no further, and why. It holds no value of an argument and no token.
///
/// ```
/// use wane_gateway::{Notice, Side};
/// let notice = Notice::Dropped { from: Side::Server, why: "an answer that nobody waits for" };
/// assert_eq!(notice.to_string(), "dropped from the server: an answer that nobody waits for");
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// A request was answered in the place of the server.
    Denied {
        /// Its method, and what it named.
        what: &'a str,
        /// Why.
        refusal: &'a Refusal,
    },
    /// A message has no receiver.
    Dropped {
        /// Where it came from.
        from: Side,
        /// Why.
        why: &'a str,
    },
    /// The server lists a tool that is not the one that was pinned.
    Changed {
        /// The tool.
        tool: &'a str,
        /// In what it differs.
        refusal: &'a Refusal,
    },
}

/// One of the two whom a gate stands between.
///
/// ```
/// assert_ne!(wane_gateway::Side::Client, wane_gateway::Side::Server);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who calls.
    Client,
    /// Who is called.
    Server,
}

impl fmt::Display for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied { what, refusal } => write!(f, "denied {what}: {}", refusal.code()),
            Self::Dropped { from: Side::Client, why } => write!(f, "dropped from the client: {why}"),
            Self::Dropped { from: Side::Server, why } => write!(f, "dropped from the server: {why}"),
            Self::Changed { tool, refusal } => write!(f, "hidden {tool:?}: {}", refusal.code()),
        }
    }
}

/// Stands between one client and one server, and lets through what may pass. Nothing that is decided reaches the server without
/// a [`wane::Permit`].
///
/// Messages of the client are handed in one after the other, by one thread; those of the server by another.
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use getrandom::SysRng;
/// use rand_core::UnwrapErr;
/// use wane::{Heir, RootGrant, Roots, SecretKey, mint};
/// use wane_audit::LogSecret;
/// use wane_gateway::{Credential, Gate, GateOptions, Outlet};
/// use wane_ledger::{Guard, GuardOptions, Ledger, MemoryStore, Pace, Volatile};
/// use wane_policy::Catalogue;
///
/// let (now, mut rng) = (1_767_225_600, UnwrapErr(SysRng));
/// let (store, secret) = (MemoryStore::new(), LogSecret::from_bytes([7; 32]));
/// let mut ledger = Ledger::create(Box::new(store.clone()), secret.hint(), None, now, Box::new(rng))?;
/// let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, now, now + 600).scope("read:*".parse()?);
/// let token = mint(&grant, &root, Heir::carried(&mut rng))?;
/// ledger.register(token.chain(), Some(&root.public_key()), now)?;
/// let options = GuardOptions {
///     roots: Roots::single(root.public_key()),
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
///
/// let collect = |into: &Arc<Mutex<Vec<String>>>| -> Outlet {
///     let into = Arc::clone(into);
///     Box::new(move |message| Ok(into.lock().unwrap().push(String::from_utf8_lossy(message).into_owned())))
/// };
/// let (client, server) = (Arc::default(), Arc::default());
/// let guard = Arc::new(Guard::open(vec![Box::new(store)], options, now)?);
/// let gate = Gate::new(GateOptions {
///     catalogue: Catalogue::from_toml("[server.files.tool.read]\naction = 'read:files'\nlevel = 'internal'\n")?,
///     server: "files".into(),
///     audience: Some("files".parse()?),
///     credential: Credential::own(token, None),
///     guard: Arc::downgrade(&guard),
///     clock: Box::new(move || now),
///     rng: Box::new(rng),
///     to_client: collect(&client),
///     to_server: collect(&server),
///     report: Box::new(|_| ()),
/// })?;
///
/// let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{}}}"#;
/// gate.from_client(call.as_bytes()).unwrap();
/// assert_eq!(*server.lock().unwrap(), [call]);
/// let call = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"drop","arguments":{}}}"#;
/// gate.from_client(call.as_bytes()).unwrap();
/// assert_eq!(server.lock().unwrap().len(), 1);
/// assert!(client.lock().unwrap()[0].contains("deny-unlisted"));
/// gate.from_server(br#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#).unwrap();
/// assert!(client.lock().unwrap()[1].contains(r#""dev.wane/mark":{"labels":[],"level":"internal"}"#));
/// # Ok::<(), wane::Refusal>(())
/// ```
pub struct Gate {
    catalogue: Arc<Catalogue>,
    server: String,
    audience: Audience,
    credential: Arc<Credential>,
    guard: Weak<Guard>,
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    rng: Arc<Mutex<Box<dyn CryptoRng + Send>>>,
    to_client: Outlet,
    to_server: Outlet,
    report: Arc<dyn Fn(&Notice<'_>) + Send + Sync>,
    flow: Arc<Mutex<Flow>>,
    /// One list at a time: pages of two would be taken for those of one.
    listing: Arc<Mutex<()>>,
    /// What the server has just listed, whoever asked.
    lists: Arc<Lists>,
    /// When the ledger last did not keep what was returned, and why; whoever asked.
    unkept: Arc<Mutex<Option<(Instant, Code)>>>,
    /// The head that the server sees of this exchange, where it is one for itself.
    head: Option<Box<[u8]>>,
    /// The token that came beside the messages of this exchange.
    beside: Option<Box<str>>,
    approvals: Approvals,
    shelf: Arc<Shelf>,
    /// Held from where it is settled that what was kept back goes on until it has gone, and while a cancellation goes: neither passes the
    /// other. What has just come is of the thread that hands in cancellations too.
    order: Mutex<()>,
}

/// What two gates before one server have in common, beside what they decide by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// Who waits for what: their messages are those of one connection.
    Same,
    /// Nothing.
    Another,
}

impl Gate {
    /// A gate before one server.
    ///
    /// # Errors
    /// `parse-catalogue` where the catalogue has no such server, or nobody states its audience.
    pub fn new(options: GateOptions) -> Result<Self, Refusal> {
        let audience = options.catalogue.server(&options.server, options.audience)?.audience().clone();
        Ok(Self {
            catalogue: Arc::new(options.catalogue),
            server: options.server,
            audience,
            credential: Arc::new(options.credential),
            guard: options.guard,
            clock: options.clock.into(),
            rng: Arc::new(Mutex::new(options.rng)),
            to_client: options.to_client,
            to_server: options.to_server,
            report: options.report.into(),
            flow: Arc::default(),
            listing: Arc::default(),
            lists: Arc::default(),
            unkept: Arc::default(),
            head: None,
            beside: None,
            approvals: Approvals::default(),
            shelf: Arc::default(),
            order: Mutex::default(),
        })
    }

    /// The same gate on other ways, for messages beside which this token came.
    pub(crate) fn on(
        &self,
        connection: Connection,
        to_client: Outlet,
        to_server: Outlet,
        beside: Option<Box<str>>,
    ) -> Self {
        let (flow, listing) = match connection {
            Connection::Same => (Arc::clone(&self.flow), Arc::clone(&self.listing)),
            Connection::Another => Default::default(),
        };
        Self {
            catalogue: Arc::clone(&self.catalogue),
            server: self.server.clone(),
            audience: self.audience.clone(),
            credential: Arc::clone(&self.credential),
            guard: Weak::clone(&self.guard),
            clock: Arc::clone(&self.clock),
            rng: Arc::clone(&self.rng),
            to_client,
            to_server,
            report: Arc::clone(&self.report),
            flow,
            listing,
            lists: Arc::clone(&self.lists),
            unkept: Arc::clone(&self.unkept),
            head: None,
            beside,
            // Nobody attends to what waits here.
            approvals: Approvals::default(),
            shelf: Arc::default(),
            order: Mutex::default(),
        }
    }

    /// Nothing but these lines of a head connects the exchange with others before the same server.
    pub(crate) fn with_head(self, head: Box<[u8]>) -> Self {
        Self { head: Some(head), ..self }
    }

    /// By whose tokens it judges.
    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Who it is that shows this. A token that is genuine may still be denied everything: it was given to somebody, and no more is asked here.
    pub(crate) fn who(&self, shown: Option<&str>, counted: Counted) -> Who {
        let is_genuine = |text| {
            let (sealed, guard) = (self.credential.read(text).ok()?, self.guard().ok()?);
            Some(match counted {
                Counted::Later => guard.is_genuine(&sealed),
                // spec: A32
                Counted::Now => guard.verify(&sealed, (self.clock)()).is_ok(),
            })
        };
        match self.credential.is_own() || shown.and_then(is_genuine) == Some(true) {
            true => Who::Known,
            false => Who::Stranger,
        }
    }

    /// Whether the answer to this request has not come yet.
    pub(crate) fn awaits(&self, id: &str) -> bool {
        self.flow().awaits(id)
    }

    /// No answer to this request is waited for any more.
    pub(crate) fn give_up(&self, id: &str) -> bool {
        self.flow().give_up(id)
    }

    /// The server has not answered this request of the gate's own, and will not.
    pub(crate) fn untold(&self, id: &str) {
        if let Some(Waits::Own(reply, _)) = self.flow().unwait(id) {
            // Whoever asked may have stopped waiting.
            let _: Result<(), _> = reply.try_send(Err(Untold));
        }
    }

    /// This request has never reached the server, and will not: another can have its id.
    pub(crate) fn forget(&self, id: &str) {
        drop(self.flow().unwait(id));
    }

    /// How it comes by approvals; where nobody says, it denies at once. One thread has to [`Gate::attend`] to what waits.
    ///
    /// ```
    /// fn patient(gate: wane_gateway::Gate) -> wane_gateway::Gate {
    ///     gate.with_approvals(wane_gateway::Approvals::waiting(std::time::Duration::from_secs(60)))
    /// }
    /// # let _ = patient;
    /// ```
    #[must_use]
    pub fn with_approvals(self, approvals: Approvals) -> Self {
        Self { approvals, ..self }
    }

    /// The server as its catalogue has it.
    fn listed(&self) -> Result<Server<'_>, Refusal> {
        self.catalogue.server(&self.server, Some(self.audience.clone()))
    }

    fn guard(&self) -> Result<Arc<Guard>, Refusal> {
        self.guard.upgrade().ok_or_else(|| Refusal::new(Code::StateUnreachable, "ledger", "the gateway ends", ""))
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unkept(&self) -> MutexGuard<'_, Option<(Instant, Code)>> {
        self.unkept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_order(&self) -> MutexGuard<'_, ()> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// 16 random bytes, for the id of a session.
    pub(crate) fn random_id(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        bytes
    }

    pub(crate) fn denied(&self, what: &str, refusal: &Refusal) {
        (self.report)(&Notice::Denied { what, refusal });
    }

    pub(crate) fn dropped(&self, from: Side, why: &str) {
        (self.report)(&Notice::Dropped { from, why });
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("server", &self.server).finish_non_exhaustive()
    }
}
