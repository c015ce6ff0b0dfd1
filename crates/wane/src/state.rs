//! What has happened since the token was made.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::approval::Approval;
use crate::ids::{BlockId, LedgerId};
use crate::key::PublicKey;
use crate::level::Mark;
use crate::name::Name;

/// The live state a decision is made on. Every answer without a ledger is `not rollback-safe`: the holder of an older,
/// wider copy of a token can still show it.
///
/// ```
/// use wane::{Level, LiveState, Mark};
/// let state = LiveState::without_ledger().marked(Mark::at(Level::Confidential));
/// assert_eq!(state.mark().level(), Level::Confidential);
/// assert!(state.ledger().is_none() && state.approvals().is_empty());
///
/// let key = wane::SecretKey::from_seed([7; 32]);
/// let action = vec!["send:mail".parse()?];
/// let approval = wane::Approval::sign(wane::BlockId::from_bytes([1; 32]), [2; 32], action, 1_000, 1_600, &key)?;
/// let state = state.approved_by(approval).local_approver(key.public_key());
/// assert_eq!(state.approvals().len(), 1);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct LiveState {
    mark: Mark,
    ledger: Option<LedgerState>,
    approvals: Vec<Approval>,
    local: Option<PublicKey>,
}

impl LiveState {
    /// No ledger: nothing is known but what the caller adds, and what needs a ledger is refused.
    pub fn without_ledger() -> Self {
        Self::default()
    }

    /// What a ledger knows about the chain and the request, read in the transaction that will commit what follows.
    pub fn with_ledger(ledger: LedgerState) -> Self {
        Self { ledger: Some(ledger), ..Self::default() }
    }

    /// Joins a mark that the enforcement point itself remembers for this session.
    pub fn marked(mut self, mark: Mark) -> Self {
        self.mark.join(&mark);
        self
    }

    /// Adds an approval that came with the request. Only a decision with a ledger counts it.
    pub fn approved_by(mut self, approval: Approval) -> Self {
        self.approvals.push(approval);
        self
    }

    /// States the enforcement point's own approval key, which asks know as `@local`.
    pub fn local_approver(mut self, key: PublicKey) -> Self {
        self.local = Some(key);
        self
    }

    /// The approvals that came with the request.
    #[must_use]
    pub fn approvals(&self) -> &[Approval] {
        &self.approvals
    }

    pub(crate) const fn local(&self) -> Option<&PublicKey> {
        self.local.as_ref()
    }

    /// The mark remembered.
    #[must_use]
    pub const fn mark(&self) -> &Mark {
        &self.mark
    }

    /// What the ledger knows, if there is one.
    #[must_use]
    pub const fn ledger(&self) -> Option<&LedgerState> {
        self.ledger.as_ref()
    }
}

/// What a ledger knows about one chain and one request. All of it is monotone: a decision on more of it is never freer.
///
/// It is plain data: whoever fills it in has read it from a ledger, in one transaction.
///
/// ```
/// use wane::{BlockState, LedgerId, LedgerState, Volatility};
/// let state = LedgerState {
///     blocks: vec![BlockState::default(); 2],
///     ..LedgerState::new(LedgerId::from_bytes([0x5e; 16]), Volatility::Durable)
/// };
/// assert!(state.first.is_none() && state.used.is_empty());
/// assert_eq!(wane::LiveState::with_ledger(state).ledger().map(|ledger| ledger.blocks.len()), Some(2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerState {
    /// The ledger's random id.
    pub id: LedgerId,
    /// Whether it keeps what it commits, and whether that matters to the caller.
    pub volatility: Volatility,
    /// Sessions must be issued after this second, or be registered in this epoch; seconds since 1970-01-01T00:00:00Z.
    pub since: u64,
    /// What expired at this second or before may have been forgotten; seconds since 1970-01-01T00:00:00Z.
    pub collected: u64,
    /// One for each block of the chain, seal included, in order.
    pub blocks: Vec<BlockState>,
    /// The session that the chain continues, where the ledger knows it.
    pub first: Option<FirstState>,
    /// For the chain's root key, `cnf` keys and `sub` names: what was issued at this second or before is dead.
    pub revoked_before: Vec<(Bearer, u64)>,
    /// Of the ids that may serve once (the seal's for one request, the approvals'), those that have served.
    pub used: BTreeSet<BlockId>,
}

impl LedgerState {
    /// A ledger that has seen nothing.
    ///
    /// ```
    /// use wane::{LedgerId, LedgerState, Volatility};
    /// let state = LedgerState::new(LedgerId::from_bytes([1; 16]), Volatility::Durable);
    /// assert_eq!((state.since, state.collected), (0, 0));
    /// ```
    #[must_use]
    pub const fn new(id: LedgerId, volatility: Volatility) -> Self {
        Self {
            id,
            volatility,
            since: 0,
            collected: 0,
            blocks: Vec::new(),
            first: None,
            revoked_before: Vec::new(),
            used: BTreeSet::new(),
        }
    }
}

/// Whether a ledger outlives its process.
///
/// ```
/// assert_ne!(wane::Volatility::Durable, wane::Volatility::VolatileRefused);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volatility {
    /// It keeps what it has committed.
    Durable,
    /// It forgets when its process ends, and the caller was built to accept that.
    VolatileAllowed,
    /// It forgets when its process ends: chains that need a ledger are refused.
    VolatileRefused,
}

/// What is known about one block.
///
/// ```
/// let unseen = wane::BlockState::default();
/// assert!(!unseen.revoked && unseen.spent.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockState {
    /// What was read under it.
    pub mark: Mark,
    /// Whether it is dead.
    pub revoked: bool,
    /// What was spent of each counter it caps.
    pub spent: BTreeMap<Name, u64>,
    /// Whether the call that made it registered it in this ledger and epoch.
    pub registered: bool,
}

/// What is known about the session that a chain continues.
///
/// ```
/// use wane::{BlockState, FirstState, SecretKey};
/// let root = SecretKey::from_seed([1; 32]).public_key();
/// let first = FirstState { state: BlockState::default(), root, issued_at: 1_000, continues: false };
/// assert!(!first.continues);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstState {
    /// What is known about the block that opened it.
    pub state: BlockState,
    /// The root key it was opened under.
    pub root: PublicKey,
    /// The iat in force at the block that opened it, seconds since 1970-01-01T00:00:00Z.
    pub issued_at: u64,
    /// Whether it continues another session itself.
    pub continues: bool,
}

/// Whose tokens a `revoked-before` time is about.
///
/// ```
/// let agent = wane::Bearer::Agent("reporter".into());
/// assert_ne!(agent, wane::Bearer::Agent("planner".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// Whatever a block with this `sub` is part of.
    Agent(Box<str>),
    /// Whatever a block with this `cnf` key is part of.
    Key(PublicKey),
    /// Whatever this root key has signed.
    Root(PublicKey),
}
