//! Approvals: one key's signed word that one request, behind one chain, may be admitted.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ask::AskRule;
use crate::cbor::{Reader, Writer, scan};
use crate::claims::{Claims, Place};
use crate::code::Code;
use crate::envelope::{Envelope, Kind, SigStructure};
use crate::ids::BlockId;
use crate::key::{Hex, PublicKey, Signer};
use crate::limits;
use crate::pattern::Action;
use crate::refusal::Refusal;
use crate::roots::Roots;
use crate::text::{self, Prefix};

/// An approval as read: well-formed, and not believed.
///
/// ```
/// use wane::{Approval, BlockId, Code, SecretKey, UntrustedApproval};
/// let (chain, key) = (BlockId::from_bytes([1; 32]), SecretKey::from_seed([7; 32]));
/// let signed = Approval::sign(chain, [2; 32], vec!["send:mail".parse()?], 1_000, 1_600, &key)?;
/// let read = UntrustedApproval::parse(&signed.to_text())?;
/// assert_eq!(read.approver(), &key.public_key());
/// assert_eq!(read.request_digest(), &[2; 32]);
/// assert_eq!(read.actions().len(), 1);
/// assert_eq!((read.issued_at(), read.expires_at()), (1_000, 1_600));
/// assert_eq!(read.verify(chain)?.id(), signed.id());
/// let elsewhere = BlockId::from_bytes([3; 32]);
/// assert_eq!(read.verify(elsewhere).unwrap_err().code(), Code::DenyApprovalChain);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct UntrustedApproval {
    statement: Statement,
    payload: Vec<u8>,
    signature: [u8; 64],
}

/// What an approval says.
#[derive(Clone, Debug)]
struct Statement {
    approver: PublicKey,
    digest: [u8; 32],
    actions: Vec<Action>,
    issued_at: u64,
    expires_at: u64,
}

impl UntrustedApproval {
    /// Reads `wane1.approval.…`, with at most one LF behind it.
    ///
    /// # Errors
    /// `parse-*` for anything malformed; `parse-prefix` for another kind of text.
    pub fn parse(line: &str) -> Result<Self, Refusal> {
        Self::from_bytes(&text::decode(line, Prefix::Approval)?)
    }

    /// Reads the CBOR: one envelope.
    ///
    /// # Errors
    /// `parse-*` for anything malformed.
    ///
    /// ```
    /// assert!(wane::UntrustedApproval::from_bytes(&[0x80]).is_err());
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > limits::TOKEN_BYTES {
            return Err(Refusal::new(Code::ParseTooLarge, "approval", bytes.len(), limits::TOKEN_BYTES));
        }
        scan(bytes)?;
        let envelope = Envelope::read(&mut Reader::new(bytes))?;
        scan(envelope.payload)?;
        let claims = Claims::read(envelope.payload, Place::Approval)?;
        let missing = || Refusal::new(Code::ParseMissingClaim, "claims", "a claim", "an approval");
        let statement = Statement {
            approver: claims.approver.ok_or_else(missing)?,
            digest: claims.digest.ok_or_else(missing)?,
            actions: claims.actions,
            issued_at: claims.issued_at.ok_or_else(missing)?,
            expires_at: claims.expires_at.ok_or_else(missing)?,
        };
        Ok(Self { statement, payload: envelope.payload.to_vec(), signature: *envelope.signature })
    }

    /// Checks that the key it names signed it for a chain whose last block before the seal is this one.
    ///
    /// # Errors
    /// `deny-approval-chain` where it was signed for another chain, or by another key.
    pub fn verify(&self, last_block: BlockId) -> Result<Approval, Refusal> {
        let signed = SigStructure::new(Kind::Approval, last_block, &self.payload)?;
        // spec: T164
        if !signed.is_signed_by(&self.statement.approver, &self.signature) {
            return Err(Refusal::new(Code::DenyApprovalChain, "approval", self.statement.approver.hint(), ""));
        }
        Ok(Approval { id: signed.id(), last_block, untrusted: self.clone() })
    }

    /// The id it has behind this block, whoever signed it.
    ///
    /// # Errors
    /// `parse-limit` where it is longer than what is ever signed.
    ///
    /// ```
    /// # use wane::{Approval, BlockId, SecretKey};
    /// let (chain, key) = (BlockId::from_bytes([1; 32]), SecretKey::from_seed([7; 32]));
    /// let signed = Approval::sign(chain, [2; 32], vec!["send:mail".parse()?], 1_000, 1_600, &key)?;
    /// assert_eq!(signed.statement().id_behind(chain)?, signed.id());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn id_behind(&self, last_block: BlockId) -> Result<BlockId, Refusal> {
        SigStructure::new(Kind::Approval, last_block, &self.payload).map(|signed| signed.id())
    }

    /// Who says so.
    #[must_use]
    pub const fn approver(&self) -> &PublicKey {
        &self.statement.approver
    }

    /// The request: SHA-256 over its canonical form.
    #[must_use]
    pub const fn request_digest(&self) -> &[u8; 32] {
        &self.statement.digest
    }

    /// The actions that the enforcement point had derived for it.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.statement.actions
    }

    /// When it was signed, seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn issued_at(&self) -> u64 {
        self.statement.issued_at
    }

    /// First second at which it no longer serves, seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn expires_at(&self) -> u64 {
        self.statement.expires_at
    }
}

/// An approval whose signature fits a chain. It serves once, for one request, and only a ledger can tell whether it has.
///
/// ```compile_fail,E0451
/// fn forge(id: wane::BlockId, untrusted: wane::UntrustedApproval) -> wane::Approval {
///     wane::Approval { id, last_block: id, untrusted }
/// }
/// ```
///
/// ```
/// use wane::{Approval, BlockId, SecretKey};
/// let key = SecretKey::from_seed([7; 32]);
/// let approval = Approval::sign(BlockId::from_bytes([1; 32]), [2; 32], vec!["send:mail".parse()?], 1_000, 1_600, &key)?;
/// assert!(approval.to_text().starts_with("wane1.approval."));
/// assert_eq!(approval.statement().approver(), &key.public_key());
/// assert_eq!(approval.last_block(), BlockId::from_bytes([1; 32]));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Approval {
    id: BlockId,
    last_block: BlockId,
    untrusted: UntrustedApproval,
}

impl Approval {
    /// Signs for one request behind one chain: the id of its last block before the seal, the digest and all actions that the
    /// enforcement point states. Times are seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `deny-approval-lifetime` unless `expires_at` comes after `issued_at` by at most an hour; `use-actions` unless there
    /// are one to four actions; `use-signer` where the key fails.
    ///
    /// ```
    /// use wane::{Approval, BlockId, Code, SecretKey};
    /// let key = SecretKey::from_seed([7; 32]);
    /// let forever = Approval::sign(BlockId::from_bytes([1; 32]), [2; 32], vec!["send:mail".parse()?], 0, 9_999, &key);
    /// assert_eq!(forever.unwrap_err().code(), Code::DenyApprovalLifetime);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn sign(
        last_block: BlockId,
        request_digest: [u8; 32],
        actions: Vec<Action>,
        issued_at: u64,
        expires_at: u64,
        signer: &(impl Signer + ?Sized),
    ) -> Result<Self, Refusal> {
        check_lifetime(issued_at, expires_at)?;
        if !(1..=limits::ACTIONS).contains(&actions.len()) {
            return Err(Refusal::new(Code::UseActions, "actions", actions.len(), limits::ACTIONS));
        }
        let claims = Claims {
            expires_at: Some(expires_at),
            issued_at: Some(issued_at),
            digest: Some(request_digest),
            approver: Some(signer.public_key()),
            actions,
            ..Claims::default()
        };
        let payload = claims.write();
        let signature = SigStructure::new(Kind::Approval, last_block, &payload)?.sign_by(signer)?;
        let mut out = Writer::default();
        Envelope { payload: &payload, signature: &signature }.write(&mut out);
        // Through the same reader as a received one.
        UntrustedApproval::from_bytes(&out.into_bytes())?.verify(last_block)
    }

    /// SHA-256 of what was signed: the id under which a ledger remembers that it has served.
    #[must_use]
    pub const fn id(&self) -> BlockId {
        self.id
    }

    /// The last block before the seal of the chain that it was signed for.
    #[must_use]
    pub const fn last_block(&self) -> BlockId {
        self.last_block
    }

    /// What it says.
    #[must_use]
    pub const fn statement(&self) -> &UntrustedApproval {
        &self.untrusted
    }

    /// The text form, `wane1.approval.…`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = Writer::default();
        Envelope { payload: &self.untrusted.payload, signature: &self.untrusted.signature }.write(&mut out);
        text::encode(Prefix::Approval, &out.into_bytes())
    }
}

impl Approval {
    /// As the record of a decision names it: without what it was for.
    pub(crate) const fn recalled(id: BlockId, approver: PublicKey, issued_at: u64, expires_at: u64) -> Self {
        let statement = Statement { approver, digest: [0; 32], actions: Vec::new(), issued_at, expires_at };
        let untrusted = UntrustedApproval { statement, payload: Vec::new(), signature: [0; 64] };
        Self { id, last_block: BlockId([0; 32]), untrusted }
    }

    pub(crate) const fn approver(&self) -> &PublicKey {
        self.untrusted.approver()
    }
}

/// What an approval must be for: one request behind one chain, as [`Verified::approvable`](crate::Verified::approvable) makes it.
///
/// ```
/// fn fit(asked: &wane::Approvable, approvals: &[wane::Approval]) -> usize {
///     approvals.iter().filter(|approval| asked.check(approval).is_ok()).count()
/// }
/// # let _ = fit;
/// ```
#[derive(Clone, Debug)]
pub struct Approvable {
    last_block: Option<BlockId>,
    digest: [u8; 32],
    actions: Vec<Action>,
}

impl Approvable {
    pub(crate) const fn new(last_block: Option<BlockId>, digest: [u8; 32], actions: Vec<Action>) -> Self {
        Self { last_block, digest, actions }
    }

    /// The digest of the request.
    #[must_use]
    pub const fn request_digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether an approval is for it. Whose it is, and when, a decision looks at.
    ///
    /// # Errors
    /// `deny-approval-chain`, `deny-approval-request`, `deny-approval-actions`, in this order.
    pub fn check(&self, approval: &Approval) -> Result<(), Refusal> {
        let statement = &approval.untrusted.statement;
        let refuse = |code, found: &dyn core::fmt::Display, bound: &dyn core::fmt::Display| {
            Err(Refusal::new(code, "approval", found, bound))
        };
        // spec: T166
        if self.last_block != Some(approval.last_block) {
            return refuse(Code::DenyApprovalChain, &statement.approver.hint(), &"");
        }
        // spec: T167
        if statement.digest != self.digest {
            return refuse(Code::DenyApprovalRequest, &Hex(&statement.digest), &Hex(&self.digest));
        }
        // spec: T168
        if statement.actions != self.actions {
            return refuse(Code::DenyApprovalActions, &Listed(&statement.actions), &Listed(&self.actions));
        }
        Ok(())
    }
}

/// Actions in backticks.
struct Listed<'a>(&'a [Action]);

impl core::fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (i, action) in self.0.iter().enumerate() {
            write!(f, "{}`{action}`", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// An approval lives at most an hour.
pub(crate) fn check_lifetime(issued_at: u64, expires_at: u64) -> Result<(), Refusal> {
    match expires_at.checked_sub(issued_at) {
        // spec: T165
        Some(1..=limits::APPROVAL_SECONDS) => Ok(()),
        seconds => {
            let found = seconds.unwrap_or_default();
            Err(Refusal::new(Code::DenyApprovalLifetime, "approval", found, limits::APPROVAL_SECONDS))
        }
    }
}

/// Nobody approves its own request, and nobody approves who was not asked. `holders` are all keys of the chain.
pub(crate) fn check_approver<'a>(
    approval: &Approval,
    mut holders: impl Iterator<Item = &'a PublicKey>,
    is_asked: impl FnOnce(&PublicKey) -> bool,
) -> Result<(), Refusal> {
    let key = approval.approver();
    // spec: T169
    if holders.any(|holder| holder == key) {
        return Err(Refusal::new(Code::DenyApprovalSelf, "approval", key.hint(), ""));
    }
    // spec: T170
    if !is_asked(key) {
        return Err(Refusal::new(Code::DenyApprovalKey, "approval", key.hint(), ""));
    }
    Ok(())
}

/// Whether an approval is valid at `now`, and whether a ledger that has forgotten up to `collected` still knows its use.
pub(crate) fn check_times(approval: &Approval, collected: u64, now: u64) -> Result<(), Refusal> {
    let (issued_at, expires_at) = (approval.statement().issued_at(), approval.statement().expires_at());
    check_lifetime(issued_at, expires_at)?;
    // spec: T171
    if issued_at > now.saturating_add(limits::LEEWAY) {
        return Err(Refusal::new(Code::DenyApprovalFuture, "approval", now, issued_at));
    }
    // spec: T172
    if now >= expires_at {
        return Err(Refusal::new(Code::DenyApprovalExpired, "approval", now, expires_at));
    }
    // spec: T173
    if expires_at <= collected {
        return Err(Refusal::new(Code::StateCollected, "approval", expires_at, collected));
    }
    Ok(())
}

/// A request that waits for approvals, as far as approvals are compared with it.
///
/// ```
/// use wane::{Approval, Asked, BlockId, Code, Roots, SecretKey};
/// let (root, holder) = (SecretKey::from_seed([1; 32]).public_key(), SecretKey::from_seed([2; 32]));
/// let approver = SecretKey::from_seed([3; 32]);
/// let (chain, actions) = (BlockId::from_bytes([1; 32]), vec!["send:mail".parse()?]);
/// let asked = Asked {
///     last_block: chain,
///     request_digest: [2; 32],
///     actions: &actions,
///     rules: &[format!("send:* by {}", approver.public_key()).parse()?],
///     chain_keys: &[root, holder.public_key()],
///     roots: &Roots::single(root),
///     local: None,
///     collected: 0,
/// };
/// let by = |key: &SecretKey| Approval::sign(chain, [2; 32], actions.clone(), 1_000, 1_600, key);
/// assert!(asked.check(&by(&approver)?, 1_100).is_ok());
/// assert_eq!(asked.check(&by(&approver)?, 1_600).unwrap_err().code(), Code::DenyApprovalExpired);
/// assert_eq!(asked.check(&by(&holder)?, 1_100).unwrap_err().code(), Code::DenyApprovalSelf);
/// assert_eq!(asked.check(&by(&SecretKey::from_seed([4; 32]))?, 1_100).unwrap_err().code(), Code::DenyApprovalKey);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The last block before the seal.
    pub last_block: BlockId,
    /// SHA-256 over the canonical request.
    pub request_digest: [u8; 32],
    /// The actions derived for it, each once, in order.
    pub actions: &'a [Action],
    /// The asks that it does not satisfy yet.
    pub rules: &'a [AskRule],
    /// The root key and every `cnf` key of the chain.
    pub chain_keys: &'a [PublicKey],
    /// The roots, whose groups the asks name.
    pub roots: &'a Roots,
    /// The enforcement point's own approval key.
    pub local: Option<PublicKey>,
    /// What expired at this second or before may have been forgotten, seconds since 1970-01-01T00:00:00Z.
    pub collected: u64,
}

impl Asked<'_> {
    /// Whether the approval would count towards this request at `now`, unless it has served: the checks of a decision.
    ///
    /// # Errors
    /// The `deny-approval-*` refusal, or `state-collected`, that a decision would give.
    pub fn check(&self, approval: &Approval, now: u64) -> Result<(), Refusal> {
        Approvable::new(Some(self.last_block), self.request_digest, self.actions.to_vec()).check(approval)?;
        let named = |key: &PublicKey, rule: &AskRule| {
            rule.approvers.iter().any(|approver| self.roots.names(approver, key, self.local.as_ref()))
        };
        check_approver(approval, self.chain_keys.iter(), |key| self.rules.iter().any(|rule| named(key, rule)))?;
        check_times(approval, self.collected, now)
    }
}
