//! Deciding again from what an audit log keeps: the signed blocks, the seal's claims without its signature, and what each
//! condition answered. It permits nothing.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::approval::Approval;
use crate::chain::Chain;
use crate::code::Code;
use crate::decide::{Effects, effects, missing, settle};
use crate::ids::BlockId;
use crate::key::PublicKey;
use crate::level::Mark;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::roots::Roots;
use crate::state::LiveState;
use crate::verify::{Signed, Verified, replay};
use crate::witness::{Heard, Recalled};

/// The chain of a decision that was recorded: every block before the seal with its signature, and of the seal only what it
/// states. A log never keeps a seal that could be shown again, so nothing is permitted on the strength of this.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Heir, Judgement, Level, LiveState, Recall, Remembered, Request, Roots, RootGrant, Seal, SecretKey, Verdict};
/// # let mut rng = UnwrapErr(SysRng);
/// # let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:* if path absent".parse()?);
/// # let sealed = wane::mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
/// # let roots = Roots::single(root.public_key());
/// let verified = wane::verify(&sealed, &roots)?;
/// let request = Request::for_actions("files".parse()?, vec!["read:hr".parse()?], Level::Internal)?;
/// let Judgement { heard, .. } = wane::judge(&verified, &request, &LiveState::without_ledger(), 2_000);
///
/// // What a log keeps.
/// let blocks = verified.chain().blocks();
/// let envelopes = vec![blocks[0].envelope_bytes()];
/// let seal = (blocks[1].id(), verified.seal_claims());
///
/// let kept = Remembered::new(&envelopes, seal.0, &seal.1, verified.is_for_one_request(), &roots)?;
/// let recall = Recall { heard, ..Recall::default() };
/// let verdict = kept.decide(&request, &recall, LiveState::without_ledger(), 2_000)?;
/// assert!(kept.effects(&request, &LiveState::without_ledger()).charges.is_empty());
/// assert_eq!((kept.grants().len(), kept.chain().blocks().len()), (2, 2));
/// assert!(matches!(verdict, Verdict::Allow(mark) if mark.level() == Level::Internal));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Remembered {
    verified: Verified,
}

impl Remembered {
    /// The envelopes of every block before the seal, root block first; the seal's id and its claims, as
    /// [`Verified::seal_claims`] gives them; and whether it was bound to one request.
    ///
    /// # Errors
    /// As [`verify`](crate::verify), for everything but the seal's signature.
    pub fn new(
        envelopes: &[Vec<u8>],
        seal: BlockId,
        seal_claims: &[u8],
        for_one_request: bool,
        roots: &Roots,
    ) -> Result<Self, Refusal> {
        let chain = Chain::recalled(envelopes, seal, seal_claims)?;
        let mut verified = replay(chain.into(), roots, Signed::BeforeTheSeal)?;
        if for_one_request {
            verified.set_for_one_request();
        }
        Ok(Self { verified })
    }

    /// The same decision, made by the same checks, on what the record says. The request's arguments, facts and seen values
    /// are not looked at.
    ///
    /// # Errors
    /// `use-recall` where a check asks what the record does not say.
    pub fn decide(&self, request: &Request, recall: &Recall, state: LiveState, now: u64) -> Result<Verdict, Refusal> {
        let heard: BTreeMap<_, _> = recall.heard.iter().map(|heard| (heard.place, heard.outcome)).collect();
        let approvals = recall.approvals.iter().map(|approval| (approval.id, approval.unfit)).collect();
        let state = recall.approvals.iter().fold(state, |state, approval| {
            let RecalledApproval { id, approver, issued_at, expires_at, .. } = *approval;
            state.approved_by(Approval::recalled(id, approver, issued_at, expires_at))
        });
        let mut witness = Recalled { seal: recall.seal, heard: &heard, approvals: &approvals, missing: None };
        let settled = settle(&self.verified, request, &state, now, &mut witness);
        if let Some(missing) = witness.missing {
            return Err(missing);
        }
        Ok(match settled {
            Ok(settled) if settled.unmet.is_empty() => Verdict::Allow(settled.mark),
            Ok(settled) => Verdict::Ask(missing(request, &settled.unmet)),
            Err(refusal) => Verdict::Deny(refusal),
        })
    }

    /// What followed, if it was allowed.
    #[must_use]
    pub fn effects(&self, request: &Request, state: &LiveState) -> Effects {
        effects(&self.verified, request, state)
    }

    /// What the chain allows after each block, root block first.
    #[must_use]
    pub fn grants(&self) -> Vec<crate::grant::Grant> {
        self.verified.grants()
    }

    /// The chain; its last block is the seal, without a signature.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        self.verified.chain()
    }
}

/// What a record says of a request whose content it does not keep.
///
/// ```
/// let nothing = wane::Recall::default();
/// assert!(nothing.heard.is_empty() && nothing.seal.is_none());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Recall {
    /// Why the request was not the one it was sealed for, if so.
    pub seal: Option<Code>,
    /// What each condition that was looked at answered.
    pub heard: Vec<Heard>,
    /// The approvals that came with it.
    pub approvals: Vec<RecalledApproval>,
}

/// An approval, as a record names it.
///
/// ```
/// let approval = wane::RecalledApproval {
///     id: wane::BlockId::from_bytes([1; 32]),
///     approver: wane::SecretKey::from_seed([7; 32]).public_key(),
///     issued_at: 1_000,
///     expires_at: 1_600,
///     unfit: None,
/// };
/// assert!(approval.unfit.is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RecalledApproval {
    /// Its id.
    pub id: BlockId,
    /// Who signed it.
    pub approver: PublicKey,
    /// When, seconds since 1970-01-01T00:00:00Z.
    pub issued_at: u64,
    /// Until when, seconds since 1970-01-01T00:00:00Z.
    pub expires_at: u64,
    /// Why it was not for this request behind this chain, if so.
    pub unfit: Option<Code>,
}

/// What a decision comes to when it is made again.
///
/// ```
/// let verdict = wane::Verdict::Allow(wane::Mark::default());
/// assert_eq!(verdict.as_str(), "allow");
/// assert_eq!(verdict.code(), None);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub enum Verdict {
    /// Allowed; the mark that held then.
    Allow(Mark),
    /// Approvals were missing.
    Ask(Refusal),
    /// Denied.
    Deny(Refusal),
}

impl Verdict {
    /// The word: `allow`, `ask` or `deny`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Allow(_) => "allow",
            Self::Ask(_) => "ask",
            Self::Deny(_) => "deny",
        }
    }

    /// Why it was not allowed.
    #[must_use]
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Allow(_) => None,
            Self::Ask(refusal) | Self::Deny(refusal) => Some(refusal.code()),
        }
    }
}
