//! A session for a program that has no tokens yet: the ratchet alone, in one process.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand_core::{CryptoRng, Rng as _, TryCryptoRng, TryRng};
use wane::{
    Action, Audience, BlockId, Code, Decision, Heir, Level, Mark, Name, Narrowing, Pattern, Permit, Refusal, Request,
    RootGrant, Roots, Scope, Seal, SealedToken, SecretKey, Token, limits, mint,
};
use wane_audit::LogSecret;

use crate::guard::{Guard, GuardOptions, Pace, Volatile};
use crate::ledger::{Ledger, Revocation};
use crate::store::MemoryStore;

/// Scopes that shrink as the program reads. What one holder of a session reads counts for all of them: its parent, its
/// siblings and its copies. It is made of the parts that tokens and ledgers are made of, with a key that nobody else has and
/// a ledger that ends with the process; it does not expire.
///
/// The levels and what survives them are the default rules: confidential keeps `read` and `write`, restricted keeps `read`.
///
/// ```
/// use getrandom::SysRng;
/// use rand_core::UnwrapErr;
/// use wane::Level;
/// use wane_ledger::Session;
///
/// let session = Session::start(&["read:*", "write:*", "delete:*", "execute:*"], UnwrapErr(SysRng))?;
/// assert_eq!(session.effective_scopes()?.len(), 4);
///
/// let access = session.access(Level::Confidential)?;
/// assert_eq!(access.lost, ["delete:*".parse()?, "execute:*".parse()?]);
/// session.access(Level::Restricted)?;
/// assert_eq!(session.effective_scopes()?, ["read:*".parse()?]);
/// session.access(Level::Public)?;
/// assert_eq!(session.mark()?.level(), Level::Restricted, "it never falls");
///
/// // A child has at most what its parent has, and what it reads counts for both.
/// let child = session.delegate(&["read:hr:*"])?;
/// assert!(child.admit("read:hr:people", Level::Restricted).is_ok());
/// assert!(child.admit("read:sales", Level::Public).is_err());
/// assert!(session.delegate(&["admin:*"]).is_ok_and(|child| child.admit("admin:keys", Level::Public).is_err()));
///
/// // What an outsider could have written leaves reading alone, once something confidential is known.
/// let other = Session::start(&["read:*", "write:*"], UnwrapErr(SysRng))?;
/// other.access_labelled(Level::Confidential, &["untrusted"])?;
/// let request = wane::Request::for_actions("local".parse()?, vec!["write:notes".parse()?], Level::Public)?;
/// assert_eq!(other.admit_request(&request).unwrap_err().code(), wane::Code::DenyRatchet);
///
/// session.terminate()?;
/// assert!(session.admit("read:hr:people", Level::Public).is_err() && child.access(Level::Public).is_err());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone)]
pub struct Session {
    local: Arc<Local>,
    token: Arc<Token>,
    shown: SealedToken,
}

/// What all holders of one session share.
struct Local {
    guard: Guard,
    ledger: Mutex<Ledger>,
    session: BlockId,
    rng: Shared,
}

/// One generator for everybody: two that go on from the same point would give secrets away as ids.
#[derive(Clone)]
struct Shared(Arc<Mutex<Box<dyn CryptoRng + Send>>>);

impl TryRng for Shared {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Shared {}

/// What an access has changed.
///
/// ```
/// use wane::{Level, Mark};
/// let access = wane_ledger::Access { before: Mark::default(), after: Mark::at(Level::Internal), lost: vec![] };
/// assert!(access.lost.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The mark before.
    pub before: Mark,
    /// The mark since.
    pub after: Mark,
    /// The scopes that no action of survives any more.
    pub lost: Vec<Pattern>,
}

/// The one server that such a session knows.
const HERE: &str = "local";

/// A session that does not expire needs no clock: every time is this one.
const NOW: u64 = 1;

impl Session {
    /// Starts a session with these scopes: patterns, with conditions where wanted.
    ///
    /// # Errors
    /// `parse-*` for what is no scope.
    pub fn start(scopes: &[&str], rng: impl CryptoRng + Send + 'static) -> Result<Self, Refusal> {
        let mut rng = Shared(Arc::new(Mutex::new(Box::new(rng))));
        let root = SecretKey::generate(&mut rng);
        let store = MemoryStore::new();
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let secret = LogSecret::from_bytes(secret);
        let mut ledger = Ledger::create(Box::new(store.clone()), secret.hint(), None, NOW, Box::new(rng.clone()))?;
        let mut grant = RootGrant::new(HERE.parse()?, NOW, limits::TIME_MAX).ledger(ledger.id());
        for scope in scopes {
            grant = grant.scope(scope.parse()?);
        }
        let token = mint(&grant, &root, Heir::carried(&mut rng))?;
        let session = ledger.register(token.chain(), Some(&root.public_key()), NOW)?;
        let options = GuardOptions {
            roots: Roots::single(root.public_key()),
            log_secret: Some(secret),
            checkpoint_key: None,
            volatile: Volatile::Allowed,
            local_approver: None,
            head: None,
            pace: Pace::default(),
            published: Box::new(|_| ()),
            rng: Box::new(rng.clone()),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let guard = Guard::open(vec![Box::new(store)], options, NOW)?;
        let local = Arc::new(Local { guard, ledger: Mutex::new(ledger), session, rng });
        Self::holding(local, token)
    }

    fn holding(local: Arc<Local>, token: Token) -> Result<Self, Refusal> {
        let shown = token.seal(&Seal::new())?;
        Ok(Self { local, token: Arc::new(token), shown })
    }

    /// Something of this level was read: the mark rises, for every holder of the session.
    ///
    /// # Errors
    /// `state-revoked` once the session is terminated.
    pub fn access(&self, level: Level) -> Result<Access, Refusal> {
        self.access_labelled(level, &[])
    }

    /// As [`Session::access`], for something that has labels as well: `untrusted` for text that an outsider could have written.
    ///
    /// # Errors
    /// `parse-name` for what is no label; `deny-labels` for too many; `state-revoked` once the session is terminated.
    pub fn access_labelled(&self, level: Level, labels: &[&str]) -> Result<Access, Refusal> {
        let mut mark = Mark::at(level);
        for label in labels {
            mark = mark.with(label.parse::<Name>()?);
        }
        let (before, had) = (self.mark()?, self.effective_scopes()?);
        self.ledger().raise(self.local.session, &mark, "", NOW)?;
        let (after, left) = (self.mark()?, self.effective_scopes()?);
        Ok(Access { before, after, lost: had.into_iter().filter(|scope| !left.contains(scope)).collect() })
    }

    /// The scopes of which some action could still be allowed.
    ///
    /// # Errors
    /// `state-revoked` once the session is terminated.
    pub fn effective_scopes(&self) -> Result<Vec<Pattern>, Refusal> {
        self.check_live()?;
        let grants = self.shown.chain().grants()?;
        let scopes = grants.last().map(wane::Grant::scopes).unwrap_or_default();
        let patterns = scopes.iter().map(Scope::pattern).cloned();
        self.local.guard.may_still(&self.shown, patterns.collect(), NOW)
    }

    /// The mark of the session.
    ///
    /// # Errors
    /// `state-revoked` once the session is terminated.
    pub fn mark(&self) -> Result<Mark, Refusal> {
        self.check_live()
    }

    /// A child that may do what these scopes say, each cut down to what this session may: patterns, with conditions where
    /// wanted. What lies within no scope of this session is left out.
    ///
    /// # Errors
    /// `parse-*` for what is no scope; `chain-depth` after 14 generations.
    pub fn delegate(&self, scopes: &[&str]) -> Result<Self, Refusal> {
        let grants = self.token.chain().grants()?;
        let held = grants.last().map(wane::Grant::scopes).unwrap_or_default();
        let mut narrowing = Narrowing::new();
        let mut kept = 0_usize;
        for scope in scopes {
            let scope: Scope = scope.parse()?;
            if held.iter().any(|wider| wider.pattern().contains(scope.pattern())) {
                narrowing = narrowing.keep(scope);
                kept = kept.saturating_add(1);
            }
        }
        if kept == 0 {
            narrowing = narrowing.nothing();
        }
        let token = self.token.attenuate(&narrowing, Heir::carried(&mut self.local.rng.clone()))?;
        Self::holding(Arc::clone(&self.local), token)
    }

    /// Whether an action on something of this level is allowed; what it reads counts from now on.
    ///
    /// # Errors
    /// `deny-*` and `state-*`: it is not allowed. `parse-pattern` for what is no action.
    pub fn admit(&self, action: &str, level: Level) -> Result<Permit, Refusal> {
        let audience: Audience = HERE.parse()?;
        self.admit_request(&Request::for_actions(audience, vec![action.parse::<Action>()?], level)?)
    }

    /// As [`Session::admit`], for a request with arguments, facts or costs. Its audience is `local`.
    ///
    /// # Errors
    /// `deny-*` and `state-*`: it is not allowed.
    pub fn admit_request(&self, request: &Request) -> Result<Permit, Refusal> {
        match self.local.guard.admit(&self.shown, request, &[], NOW).decision {
            Decision::Allow(permit) => Ok(permit),
            Decision::Ask(ask) => Err(ask.refusal().clone()),
            Decision::Deny(refusal) => Err(refusal),
        }
    }

    /// Ends it, for every holder and for good.
    ///
    /// # Errors
    /// `state-*` where that cannot be noted.
    pub fn terminate(&self) -> Result<(), Refusal> {
        self.ledger().revoke(&Revocation::Block(self.local.session), "terminated", NOW)
    }

    /// The mark, unless it is dead.
    fn check_live(&self) -> Result<Mark, Refusal> {
        let entry = self.ledger().session(self.local.session)?;
        let entry = entry.ok_or_else(|| Refusal::new(Code::StateUnknownSession, "session", self.local.session, ""))?;
        match entry.revoked {
            Some(_) => Err(Refusal::new(Code::StateRevoked, "session", "the session", "")),
            None => Ok(entry.mark),
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.local.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.local.session)
    }
}
