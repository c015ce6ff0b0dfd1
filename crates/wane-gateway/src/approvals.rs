//! Calls that need an approval: how long they wait for it, and who is asked here.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wane::{
    Approval, Approver, AskRule, BlockId, KeyHint, PublicKey, Refusal, Request, SealedToken, SecretKey, request_digest,
};

/// How a gate comes by approvals. Without any it denies at once, and the request waits in the ledger.
///
/// ```
/// use std::time::Duration;
/// use wane_gateway::Approvals;
/// let approvals = Approvals::waiting(Duration::from_secs(60));
/// assert_eq!(Approvals::default().wait(), Duration::ZERO);
/// assert_eq!(approvals.wait(), Duration::from_secs(60));
/// ```
#[derive(Default)]
pub struct Approvals {
    wait: Duration,
    local: Option<LocalApprover>,
    /// How many approvals were signed here.
    signed: AtomicU64,
}

impl Approvals {
    /// A call waits so long, [`Approvals::LONGEST`] at most, for approvals to be left in the ledger; not at all where that is zero.
    #[must_use]
    pub fn waiting(wait: Duration) -> Self {
        Self { wait: wait.min(Self::LONGEST), ..Self::default() }
    }

    /// As long as any call waits: clients give up as well.
    ///
    /// ```
    /// use wane_gateway::Approvals;
    /// assert_eq!(Approvals::waiting(Approvals::LONGEST * 2).wait(), Approvals::LONGEST);
    /// ```
    pub const LONGEST: Duration = Duration::from_secs(600);

    /// Whoever sits here is asked as well, where that is enough.
    ///
    /// ```
    /// use wane_gateway::{Approvals, LocalApprover};
    /// let local = LocalApprover { key: wane::SecretKey::from_seed([1; 32]), words: Box::new(|_| None), terminal: None };
    /// let approvals = Approvals::default().asking(local);
    /// # let _ = approvals;
    /// ```
    #[must_use]
    pub fn asking(self, local: LocalApprover) -> Self {
        Self { local: Some(local), ..self }
    }

    /// How long a call waits.
    #[must_use]
    pub const fn wait(&self) -> Duration {
        self.wait
    }

    /// Where a person is asked beside the client.
    pub(crate) fn terminal(&self) -> Option<&Terminal> {
        self.local.as_ref()?.terminal.as_ref()
    }

    pub(crate) const fn local(&self) -> Option<&LocalApprover> {
        self.local.as_ref()
    }

    /// An approval with the key of its own, for what is asked and once. Those that are signed within one second differ in their end: two
    /// for equal requests would else be one, which counts once.
    // spec: G23
    pub(crate) fn approve(&self, question: &Question, now: u64) -> Result<Option<Approval>, Refusal> {
        let Some(local) = &self.local else { return Ok(None) };
        let sooner = self.signed.fetch_add(1, Ordering::Relaxed).checked_rem(APPROVALS_A_SECOND).unwrap_or_default();
        question.approve(&local.key, now, APPROVAL_SECONDS.saturating_sub(sooner)).map(Some)
    }
}

/// The enforcement point's own approval key, which asks know as `@local`, and how the person is asked who says yes or no with it.
///
/// ```
/// use std::sync::Arc;
/// use wane_gateway::{Consent, LocalApprover, Question};
/// let local = LocalApprover {
///     key: wane::SecretKey::from_seed([1; 32]),
///     words: Box::new(|question: &Question| Some(question.request().call().to_string())),
///     terminal: Some(Arc::new(|_question, still_waits| still_waits().then_some(Consent::No))),
/// };
/// # let _ = local;
/// ```
pub struct LocalApprover {
    /// The key. Its public half is the guard's `local_approver`.
    pub key: SecretKey,
    /// A question as it is asked by the client: all of it, written so that it can be taken for no other. Nothing where it is too long for
    /// that; it is not asked then.
    pub words: Words,
    /// Asks on a terminal of this gateway's own, where it has one.
    pub terminal: Option<Terminal>,
}

/// Writes a question out.
pub type Words = Box<dyn Fn(&Question) -> Option<String> + Send + Sync>;

/// Asks a person on a terminal, one question at a time. It is told whether anybody still waits for the answer, and returns soon after nobody
/// does. Nothing where nobody could be asked: that is no answer.
pub type Terminal = Arc<dyn Fn(&Question, &dyn Fn() -> bool) -> Option<Consent> + Send + Sync>;

/// What a person answers. Anything but a clear yes is a no.
///
/// ```
/// assert_ne!(wane_gateway::Consent::Yes, wane_gateway::Consent::No);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Exactly this request, once.
    Yes,
    /// Not this.
    No,
}

/// A request that needs approval, and whose digest covers what it shows and nothing else.
///
/// ```
/// fn ask(question: &wane_gateway::Question) -> String {
///     let (request, digest) = (question.request(), question.request_digest());
///     format!("{} at {} ({:02x}…): {}", request.call(), question.server(), digest[0], question.asks().len())
/// }
/// # let _ = ask;
/// ```
#[derive(Clone, Debug)]
pub struct Question {
    server: String,
    request: Request,
    digest: [u8; 32],
    last: BlockId,
    asks: Vec<AskRule>,
    /// The keys that the chain names, and the hint of its root's.
    keys: Vec<PublicKey>,
    root: Option<KeyHint>,
}

impl Question {
    /// What a request needs that a decision asks approvals for. Nothing where its digest covers something else: what the holder said
    /// in the seal is not known here, so nobody could be shown it.
    pub(crate) fn of(server: &str, request: &Request, sealed: &SealedToken, ask: &wane::Ask) -> Option<Self> {
        let digest = *ask.request_digest();
        let (last, asks) = (Self::last_of(sealed)?, ask.rules().to_vec());
        let blocks = sealed.chain().blocks();
        let keys = blocks.iter().filter_map(|block| block.claims().key().copied()).collect();
        let root = blocks.first().and_then(|root| root.claims().hint());
        let question = || Self { server: server.to_owned(), request: request.clone(), digest, last, asks, keys, root };
        Self::covers(request, &digest).then(question)
    }

    /// The last block before the seal.
    pub(crate) fn last_of(sealed: &SealedToken) -> Option<BlockId> {
        sealed.chain().blocks().iter().rev().nth(1).map(|block| block.id())
    }

    /// Whether this is the digest of the request, with nothing said beside it.
    pub(crate) fn covers(request: &Request, digest: &[u8; 32]) -> bool {
        let (call, arguments) = (request.call(), request.stated_arguments());
        request_digest(request.audience(), call, arguments, std::iter::empty()) == *digest
    }

    /// A question that nothing asks.
    #[cfg(test)]
    pub(crate) fn to_show(request: Request) -> Self {
        let (digest, last) = ([1; 32], BlockId::from_bytes([2; 32]));
        Self { server: "files".into(), request, digest, last, asks: Vec::new(), keys: Vec::new(), root: None }
    }

    /// The server's name in the catalogue.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The request.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// What the approval is for: SHA-256 over the canonical request.
    #[must_use]
    pub const fn request_digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The last block of the chain, which the approval is signed for.
    ///
    /// ```
    /// fn chain(question: &wane_gateway::Question) -> wane::BlockId {
    ///     question.last_block()
    /// }
    /// # let _ = chain;
    /// ```
    #[must_use]
    pub const fn last_block(&self) -> BlockId {
        self.last
    }

    /// The asks that are left.
    #[must_use]
    pub fn asks(&self) -> &[AskRule] {
        &self.asks
    }

    /// Whether this key of the enforcement point's own alone satisfies every ask that is left. One of the chain approves nothing.
    // spec: G23
    pub(crate) fn is_for(&self, key: &PublicKey) -> bool {
        let local = |approver: &Approver| matches!(approver, Approver::Group(name) if name.as_str() == "local");
        let is_of_chain = self.keys.contains(key) || self.root == Some(key.hint());
        !is_of_chain && self.asks.iter().all(|ask| ask.need() == 1 && ask.approvers().iter().any(local))
    }

    /// Whether it is the same request behind the same chain.
    pub(crate) fn is_about(&self, digest: &[u8; 32], last: BlockId) -> bool {
        self.digest == *digest && self.last == last
    }

    /// The approval, for this request and once.
    fn approve(&self, key: &SecretKey, now: u64, seconds: u64) -> Result<Approval, Refusal> {
        let mut actions = Vec::new();
        for action in self.request.actions() {
            if !actions.contains(action) {
                actions.push(action.clone());
            }
        }
        Approval::sign(self.last, self.digest, actions, now, now.saturating_add(seconds), key)
    }
}

/// Seconds that an approval of the gateway lives at most: it is shown at once.
const APPROVAL_SECONDS: u64 = 60;

/// Approvals of one second that differ; each lives for ten seconds at least.
const APPROVALS_A_SECOND: u64 = 50;

/// Without the key.
impl fmt::Debug for Approvals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Approvals").field("wait", &self.wait).field("local", &self.local.is_some()).finish()
    }
}
