//! Sealed tokens by a key that everybody knows, for the tests of a tool server. **Never trust what is made here outside of tests.**
//!
//! A [`Scene`] has a root key that stands in the source of this crate, a clock that stands still at [`NOW`], and a ledger in
//! memory. No other way leads to a layer that trusts this key than [`Scene::layer`]: the scene gives out neither the key nor its
//! guard. A guard of anybody else's refuses its tokens with `chain-unknown-root`, and whoever came to trust the key nevertheless
//! would find them expired: none outlives a day after [`NOW`], which has passed. Answers say `wane-ledger: volatile`.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use rand_core::{TryCryptoRng, TryRng};
use wane::{
    Approval, Arguments, Audience, Call, Code, Grant, Heir, LedgerId, Pattern, Refusal, RootGrant, Roots, Seal,
    SealedToken, SecretKey, Token, mint,
};
use wane_audit::LogSecret;
use wane_ledger::{Guard, GuardOptions, Ledger, MemoryStore, Pace, Volatile};

use crate::demands::Demands;
use crate::layer::AdmitLayer;

/// The one time that the clock of a [`Scene`] tells: 2026-01-01T00:00:00Z.
///
/// ```
/// assert_eq!(wane_tower::testing::NOW, 1_767_225_600);
/// ```
pub const NOW: u64 = 1_767_225_600;

/// Seconds that tokens live unless something else is said.
const LIFETIME: u64 = 600;

/// Seconds after [`NOW`] that no token outlives.
const LONGEST: u64 = 86_400;

/// The root key. It must not be one that anybody uses for something else.
const SEED: [u8; 32] = *b"wane-tower testing, not trusted!";

/// The key that approves, which asks know as `@local`.
const APPROVER: [u8; 32] = *b"wane-tower testing, an approver!";

/// Requests that are approved at a time, at most.
const PENDING: usize = 1_000;

/// Everything that a test of a tool server needs beside the server.
///
/// ```
/// use axum::{Router, body::Body, routing};
/// use http::request::Parts;
/// use tower::ServiceExt as _;
/// use wane::{Level, Request};
/// use wane_tower::testing::Scene;
/// use wane_tower::{Admitted, http_call};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let scene = Scene::new("notes")?;
/// let demands = |head: &Parts| {
///     Request::new("notes".parse()?, http_call(head)?, vec!["read:notes".parse()?], Level::Internal)
/// };
/// let list = |admitted: Admitted| async move { admitted.into_request().call().to_string() };
/// let tools = Router::new().route("/notes", routing::get(list)).layer(scene.layer(demands));
///
/// for (scope, status) in [("read:*", 200), ("write:*", 403)] {
///     let token = scene.sealed(&[scope])?.to_text();
///     let request = http::Request::get("/notes").header("authorization", format!("Bearer {token}"));
///     let response = tools.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
///     assert_eq!(response.status(), status);
/// }
/// # Ok::<(), wane::Refusal>(())
/// # }).unwrap();
/// ```
pub struct Scene {
    audience: Audience,
    guard: Arc<Guard>,
    ledger: Mutex<Ledger>,
    rng: Mutex<Counter>,
}

impl Scene {
    /// A scene for tool servers of this audience, with a ledger of its own.
    ///
    /// # Errors
    /// `parse-pattern` for what is no audience.
    ///
    /// ```
    /// assert!(wane_tower::testing::Scene::new("notes").is_ok());
    /// assert!(wane_tower::testing::Scene::new("*").is_err());
    /// ```
    pub fn new(audience: &str) -> Result<Self, Refusal> {
        let audience = audience.parse()?;
        let (store, secret) = (MemoryStore::new(), LogSecret::from_bytes(SEED));
        let ledger = Ledger::create(Box::new(store.clone()), secret.hint(), None, NOW, Box::new(Counter(1 << 32)))?;
        let options = GuardOptions {
            roots: roots(),
            log_secret: Some(secret),
            checkpoint_key: None,
            volatile: Volatile::Allowed,
            local_approver: Some(SecretKey::from_seed(APPROVER).public_key()),
            head: None,
            pace: Pace::default(),
            published: Box::new(|_| ()),
            rng: Box::new(Counter(2 << 32)),
            version: "testing".into(),
        };
        let guard = Arc::new(Guard::open(vec![Box::new(store)], options, NOW)?);
        Ok(Self { audience, guard, ledger: Mutex::new(ledger), rng: Mutex::new(Counter(3 << 32)) })
    }

    /// A layer that trusts the scene's tokens, at [`NOW`].
    ///
    /// ```
    /// use wane::{Level, Request};
    /// let scene = wane_tower::testing::Scene::new("notes")?;
    /// let layer = scene.layer(|_: &http::request::Parts| {
    ///     Request::for_actions("notes".parse()?, vec!["read:notes".parse()?], Level::Public)
    /// });
    /// # let _ = layer;
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn layer(&self, demands: impl Demands) -> AdmitLayer {
        AdmitLayer::new(&self.guard, demands, || NOW)
    }

    /// The scene's ledger, which budgets name.
    ///
    /// ```
    /// let scene = wane_tower::testing::Scene::new("notes")?;
    /// let grant = scene.grant(&["read:*"])?.ledger(scene.ledger()).budget("calls".parse()?, 10);
    /// assert!(scene.mint(&grant).is_ok());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn ledger(&self) -> LedgerId {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).id()
    }

    /// A grant of these scopes for ten minutes from [`NOW`] on, to be narrowed further and minted.
    ///
    /// # Errors
    /// `parse-*` for what is no scope.
    ///
    /// ```
    /// let scene = wane_tower::testing::Scene::new("notes")?;
    /// let grant = scene.grant(&["read:* if path under /data"])?.clearance(wane::Level::Internal);
    /// assert!(scene.mint(&grant).is_ok());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn grant(&self, scopes: &[&str]) -> Result<RootGrant, Refusal> {
        let mut grant = RootGrant::new(Pattern::from(&self.audience), NOW, NOW + LIFETIME);
        for scope in scopes {
            grant = grant.scope(scope.parse()?);
        }
        Ok(grant)
    }

    /// A token by the scene's key, in a session of its own that the scene's ledger knows.
    ///
    /// # Errors
    /// `chain-expiry` for one that would live a day after [`NOW`]; others as [`wane::mint`].
    ///
    /// ```
    /// use wane_tower::testing::{NOW, Scene};
    /// let scene = Scene::new("notes")?;
    /// let token = scene.mint(&scene.grant(&["read:*"])?)?;
    /// assert_eq!(token.chain().grants()?[0].expires_at(), NOW + 600);
    ///
    /// let forever = wane::RootGrant::new("notes".parse()?, NOW, wane::limits::TIME_MAX);
    /// assert_eq!(scene.mint(&forever).unwrap_err().code(), wane::Code::ChainExpiry);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn mint(&self, grant: &RootGrant) -> Result<Token, Refusal> {
        let root = root();
        let token = mint(grant, &root, Heir::carried(&mut *self.rng.lock().unwrap_or_else(PoisonError::into_inner)))?;
        let expires_at = token.chain().grants()?.first().map_or(u64::MAX, Grant::expires_at);
        // spec: W12
        if expires_at > NOW + LONGEST {
            return Err(Refusal::new(Code::ChainExpiry, "exp", expires_at, NOW + LONGEST));
        }
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.register(token.chain(), Some(&root.public_key()), NOW)?;
        Ok(token)
    }

    /// A sealed token with these scopes, in a session of its own, for any request that they allow.
    ///
    /// # Errors
    /// `parse-*` for what is no scope.
    ///
    /// ```
    /// let sealed = wane_tower::testing::Scene::new("notes")?.sealed(&["read:*"])?;
    /// assert!(sealed.to_text().starts_with("wane1.sealed."));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn sealed(&self, scopes: &[&str]) -> Result<SealedToken, Refusal> {
        self.mint(&self.grant(scopes)?)?.seal(&Seal::new())
    }

    /// The token, sealed for exactly this request, once.
    ///
    /// # Errors
    /// As [`Token::seal`].
    ///
    /// ```
    /// use wane::{Arguments, Call};
    /// let scene = wane_tower::testing::Scene::new("notes")?;
    /// let token = scene.mint(&scene.grant(&["read:*"])?)?;
    /// assert!(scene.seal_for(&token, Call::http("GET", "/notes")?, Arguments::empty()).is_ok());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn seal_for(&self, token: &Token, call: Call, arguments: Arguments) -> Result<SealedToken, Refusal> {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        token.seal(&Seal::new().audience(self.audience.clone()).for_request(call, arguments, NOW, NOW + 60, &mut *rng))
    }

    /// Approves every request that waits for `@local`, as a person would who looks at all of them; how many there were. The same
    /// request, made again, is admitted then.
    ///
    /// # Errors
    /// `deny-approval-*` where one waits for somebody else.
    ///
    /// ```
    /// let scene = wane_tower::testing::Scene::new("notes")?;
    /// let grant = scene.grant(&["*"])?.ledger(scene.ledger()).ask("send:* by @local".parse()?);
    /// # let _ = grant;
    /// assert_eq!(scene.approve()?, 0, "nobody has asked yet");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn approve(&self) -> Result<usize, Refusal> {
        let approver = SecretKey::from_seed(APPROVER);
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = ledger.pending(NOW, PENDING)?;
        for request in &waiting {
            let actions = request.actions.iter().map(|action| action.parse()).collect::<Result<_, _>>()?;
            let approval = Approval::sign(request.last, request.digest, actions, NOW, NOW + LIFETIME, &approver)?;
            ledger.deposit(&approval.to_text(), &roots(), Some(approver.public_key()), NOW)?;
        }
        Ok(waiting.len())
    }
}

fn root() -> SecretKey {
    SecretKey::from_seed(SEED)
}

fn roots() -> Roots {
    Roots::single(root().public_key())
}

/// The same numbers each time: keys and ids that differ from each other, and from which nothing is safe.
struct Counter(u64);

impl TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let [a, b, c, d, ..] = self.try_next_u64()?.to_le_bytes();
        Ok(u32::from_le_bytes([a, b, c, d]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        // The mixing of SplitMix64, so that neighbours look different.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let next = self.try_next_u64()?.to_le_bytes();
            chunk.iter_mut().zip(next).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

#[cfg(test)]
mod tests {
    use wane::{Decision, Level, LiveState, Request, decide, verify};

    use super::*;

    #[test]
    fn whoever_comes_to_trust_the_key_finds_its_tokens_expired() {
        let scene = Scene::new("notes").unwrap();
        let longest = RootGrant::new("notes".parse().unwrap(), NOW, NOW + LONGEST).scope("read:*".parse().unwrap());
        let sealed = scene.mint(&longest).unwrap().seal(&Seal::new()).unwrap();
        let verified = verify(&sealed, &roots()).unwrap();
        let request = Request::for_actions("notes".parse().unwrap(), vec!["read:a".parse().unwrap()], Level::Public);
        let decided = |now| decide(&verified, request.as_ref().unwrap(), &LiveState::without_ledger(), now);
        assert!(matches!(decided(NOW), Decision::Allow(_)));
        // This was written later than that.
        let Decision::Deny(refusal) = decided(NOW + LONGEST) else { panic!() };
        assert_eq!(refusal.code(), Code::DenyExpired);
    }

    #[test]
    fn two_scenes_are_alike_and_their_tokens_are_not() {
        let scenes = [Scene::new("notes").unwrap(), Scene::new("notes").unwrap()];
        let texts = scenes.each_ref().map(|scene| scene.sealed(&["read:*"]).unwrap().to_text());
        assert_eq!(texts[0], texts[1]);
        assert_ne!(texts[0], scenes[0].sealed(&["read:*"]).unwrap().to_text());
    }
}
