//! What a decision answers.

use alloc::vec::Vec;

use crate::ask::AskRule;
use crate::ids::BlockId;
use crate::level::Mark;
use crate::name::Name;
use crate::refusal::Refusal;
use crate::request::Request;

/// Allow, ask or deny; the last two with a reason and a stable code. Callers react to all three, so the list stays closed.
///
/// ```
/// # use wane::Decision;
/// fn exit_code(decision: &Decision) -> u8 {
///     match decision {
///         Decision::Allow(_) => 0,
///         Decision::Ask(_) => 5,
///         Decision::Deny(_) => 3,
///     }
/// }
/// # let _ = exit_code;
/// ```
#[derive(Debug)]
#[must_use]
pub enum Decision {
    /// The call may be forwarded, by whoever consumes the permit.
    Allow(Permit),
    /// Approvals are missing.
    Ask(Ask),
    /// Refused, by the check that failed first.
    Deny(Refusal),
}

/// The proof that one request was allowed. Only [`decide`](crate::decide) makes one; whoever forwards the call takes it
/// by value, so that it serves once.
///
/// ```compile_fail,E0451
/// fn forge(request: wane::Request, mark: wane::Mark, effects: wane::Effects) -> wane::Permit {
///     wane::Permit { request, mark, effects }
/// }
/// ```
///
/// ```compile_fail,E0382
/// fn twice(permit: wane::Permit) {
///     let first = permit.into_request();
///     let second = permit.into_request();
/// }
/// ```
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Decision, Heir, Level, LiveState, Permit, Request, Roots, RootGrant, Seal, SecretKey, decide, mint, verify};
/// # let mut rng = UnwrapErr(SysRng);
/// # let root = SecretKey::generate(&mut rng);
/// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?);
/// # let sealed = mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
/// # let verified = verify(&sealed, &Roots::single(root.public_key()))?;
/// # let request = Request::for_actions("files".parse()?, vec!["read:hr".parse()?], Level::Internal)?;
/// fn forward(permit: Permit) -> String {
///     permit.into_request().call().to_string()
/// }
/// let Decision::Allow(permit) = decide(&verified, &request, &LiveState::without_ledger(), 2_000) else { panic!() };
/// assert_eq!(permit.mark().level(), Level::Internal);
/// assert_eq!(permit.request().actions().len(), 1);
/// assert_eq!(permit.effects().raise.level(), Level::Internal);
/// assert_eq!(forward(permit), "action read:hr");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
#[must_use = "the call it permits is still to be forwarded"]
pub struct Permit {
    request: Request,
    mark: Mark,
    effects: Effects,
}

impl Permit {
    pub(crate) const fn new(request: Request, mark: Mark, effects: Effects) -> Self {
        Self { request, mark, effects }
    }

    /// What a ledger must have committed before the call is forwarded.
    #[must_use]
    pub const fn effects(&self) -> &Effects {
        &self.effects
    }

    /// What is permitted.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The mark of the session once this request is admitted.
    #[must_use]
    pub const fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Uses the permit up.
    // spec: T155
    pub fn into_request(self) -> Request {
        self.request
    }
}

/// What follows from an admission: a ledger commits it, all or nothing, before the call is forwarded.
///
/// ```
/// use wane::{BlockId, Effects, Mark};
/// let none = Effects { session: BlockId::from_bytes([1; 32]), raise: Mark::default(), charges: vec![], uses: vec![] };
/// assert!(none.charges.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effects {
    /// The block under which the session's mark is kept: the one that opened it, or the first of the line it continues.
    pub session: BlockId,
    /// What the mark of the session is joined with: the request's own level and labels.
    pub raise: Mark,
    /// What is charged, one for each cap.
    pub charges: Vec<Charge>,
    /// What has served now: the seal for one request, the approvals.
    pub uses: Vec<Use>,
}

/// A cost, charged to the counter of one block.
///
/// ```
/// use wane::{BlockId, Charge};
/// let charge = Charge { block: BlockId::from_bytes([1; 32]), name: "calls".parse()?, cost: 1, cap: 50 };
/// assert!(charge.cost <= charge.cap);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Whose counter.
    pub block: BlockId,
    /// Which counter.
    pub name: Name,
    /// How much.
    pub cost: u64,
    /// The most that the counter may come to.
    pub cap: u64,
}

/// An id that may serve once, and has.
///
/// ```
/// let seal = wane::Use { id: wane::BlockId::from_bytes([1; 32]), expires_at: 1_300 };
/// assert_eq!(seal.expires_at, 1_300);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The seal's or the approval's id.
    pub id: BlockId,
    /// From this second on it is refused by its own exp, seconds since 1970-01-01T00:00:00Z.
    pub expires_at: u64,
}

/// Approvals that are missing before a request may be forwarded.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Code, Decision, Heir, Level, LiveState, Request, Roots, RootGrant, Seal, SecretKey, decide, mint, verify};
/// # let mut rng = UnwrapErr(SysRng);
/// # let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("*".parse()?).ask("send:* by @local".parse()?);
/// # let sealed = mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
/// # let verified = verify(&sealed, &Roots::single(root.public_key()))?;
/// let request = Request::for_actions("files".parse()?, vec!["send:mail".parse()?], Level::Public)?;
/// let Decision::Ask(ask) = decide(&verified, &request, &LiveState::without_ledger(), 2_000) else { panic!() };
/// assert_eq!(ask.refusal().code(), Code::DenyNeedsApproval);
/// assert_eq!(ask.rules()[0].to_string(), "send:* by @local need 1");
/// assert_eq!(ask.request_digest().len(), 32);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Ask {
    refusal: Refusal,
    rules: Vec<AskRule>,
    request_digest: [u8; 32],
}

impl Ask {
    pub(crate) const fn new(refusal: Refusal, rules: Vec<AskRule>, request_digest: [u8; 32]) -> Self {
        Self { refusal, rules, request_digest }
    }

    /// Why it is not allowed yet.
    #[must_use]
    pub const fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// Every rule that covers an action of the request; all must be satisfied.
    #[must_use]
    pub fn rules(&self) -> &[AskRule] {
        &self.rules
    }

    /// What approvers sign for: SHA-256 over the canonical request.
    #[must_use]
    pub const fn request_digest(&self) -> &[u8; 32] {
        &self.request_digest
    }
}
