//! What a decision answers.

use alloc::vec::Vec;

use crate::ask::AskRule;
use crate::level::Mark;
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
/// fn forge(request: wane::Request, mark: wane::Mark) -> wane::Permit {
///     wane::Permit { request, mark }
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
/// assert_eq!(forward(permit), "action read:hr");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
#[must_use = "the call it permits is still to be forwarded"]
pub struct Permit {
    request: Request,
    mark: Mark,
}

impl Permit {
    pub(crate) const fn new(request: Request, mark: Mark) -> Self {
        Self { request, mark }
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
