//! What a record says of one decision.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wane::{Action, AskRule, Audience, BlockId, Charge, Code, Heard, LedgerState, Level, Mark, Name, PublicKey};

use super::mirror;
use crate::as_text;
use crate::hash::Hash;
use crate::secret::{Hint, Keyed};

/// What was decided.
///
/// ```
/// use wane_audit::Outcome;
/// assert_eq!(Outcome::Allow.as_str(), "allow");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The call may be forwarded.
    Allow,
    /// Approvals are missing.
    Ask,
    /// Refused.
    Deny,
}

impl Outcome {
    /// The word: `allow`, `ask` or `deny`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

/// One decision: who asked for what, what was answered, and all that is needed to decide again. Values of arguments and
/// facts stand in it only as keyed digests. It is plain data: whoever fills it in has made the decision.
///
/// ```
/// use wane::{BlockId, Level};
/// use wane_audit::{Decided, Hash, Hint, Outcome};
/// let decided = Decided::new(Hint::from_bytes([1; 8]), BlockId::from_bytes([2; 32]), "files".parse()?, Outcome::Allow);
/// assert!(decided.conditions.is_empty() && decided.state.is_none());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// The hint of the root key.
    pub root: Hint,
    /// The blocks before the seal, root block first. Their envelopes lie beside the log.
    #[serde(with = "as_text::list")]
    pub blocks: Vec<BlockId>,
    /// The seal.
    #[serde(with = "as_text")]
    pub seal: BlockId,
    /// The payload of the seal without its said facts and its digest; base64url in JSON.
    #[serde(with = "as_text::bytes")]
    pub seal_claims: Vec<u8>,
    /// Whether the seal was for one request.
    pub for_request: bool,
    /// Whether the enforcement point wanted such a seal.
    pub wants_request_seal: bool,
    /// Why the request was not the one it was sealed for, if so.
    #[serde(with = "as_text::code::option", default, skip_serializing_if = "Option::is_none")]
    pub seal_code: Option<Code>,
    /// What each block calls its holder, root block first; none where it does not.
    pub agents: Vec<Option<String>>,
    /// The audience reached.
    #[serde(with = "as_text")]
    pub aud: Audience,
    /// The parts of the call.
    pub call: Vec<String>,
    /// The actions it needs.
    #[serde(with = "as_text::list")]
    pub actions: Vec<Action>,
    /// The level of what it may reveal.
    #[serde(with = "as_text")]
    pub level: Level,
    /// The labels of what it may reveal.
    #[serde(with = "as_text::list", default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Name>,
    /// Facts: `name`, or `said.name` where the seal states it.
    #[serde(with = "as_text::map", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Keyed>,
    /// Arguments under a condition, by their JSON Pointers.
    #[serde(with = "as_text::map", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, Keyed>,
    /// The digest of the whole request, keyed. None where the record had no room.
    #[serde(default, deserialize_with = "as_text::stated", skip_serializing_if = "Option::is_none")]
    pub request: Option<Keyed>,
    /// Values shown because somebody chose so: by JSON Pointer or `@name`, each as canonical JSON.
    #[serde(with = "as_text::map", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clear: BTreeMap<String, String>,
    /// What was answered.
    pub decision: Outcome,
    /// Why it was not allowed.
    #[serde(with = "as_text::code::option", default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The block that the refusal arose in.
    #[serde(default, deserialize_with = "as_text::stated", skip_serializing_if = "Option::is_none")]
    pub block: Option<usize>,
    /// The mark of the session before.
    #[serde(with = "mirror::mark")]
    pub mark_before: Mark,
    /// The mark of the session after.
    #[serde(with = "mirror::mark")]
    pub mark_after: Mark,
    /// What the ledger knew, counters before the charges included. None where there was no ledger.
    #[serde(with = "mirror::state", default, skip_serializing_if = "Option::is_none")]
    pub state: Option<LedgerState>,
    /// The key that asks knew as `@local`.
    #[serde(with = "as_text::option", default, skip_serializing_if = "Option::is_none")]
    pub local: Option<PublicKey>,
    /// What the call costs of each counter.
    #[serde(with = "as_text::map", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub costs: BTreeMap<Name, u64>,
    /// What the enforcement point asked for itself.
    #[serde(with = "as_text::list", default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<AskRule>,
    /// What was charged, and to which block.
    #[serde(with = "mirror::charges", default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    /// The approvals that came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<ApprovalSeen>,
    /// What each condition, and each `only`, answered that was looked at.
    #[serde(with = "mirror::heard", default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Heard>,
    /// Whether something was left out because the record had no room for it. Never so for an allow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
    /// The digest of the roots in force.
    pub roots: Hash,
    /// The digest of the catalogue in force, where there is one.
    #[serde(default, deserialize_with = "as_text::stated", skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<Hash>,
    /// The version of the software that decided.
    pub version: String,
}

impl Decided {
    /// A decision of which nothing more is known.
    #[must_use]
    pub fn new(root: Hint, seal: BlockId, aud: Audience, decision: Outcome) -> Self {
        Self {
            root,
            blocks: Vec::new(),
            seal,
            seal_claims: Vec::new(),
            for_request: false,
            wants_request_seal: false,
            seal_code: None,
            agents: Vec::new(),
            aud,
            call: Vec::new(),
            actions: Vec::new(),
            level: Level::default(),
            labels: Vec::new(),
            facts: BTreeMap::new(),
            arguments: BTreeMap::new(),
            request: None,
            clear: BTreeMap::new(),
            decision,
            code: None,
            block: None,
            mark_before: Mark::default(),
            mark_after: Mark::default(),
            state: None,
            local: None,
            costs: BTreeMap::new(),
            asks: Vec::new(),
            charges: Vec::new(),
            approvals: Vec::new(),
            conditions: Vec::new(),
            shortened: false,
            roots: Hash::EMPTY,
            catalogue: None,
            version: String::new(),
        }
    }

    /// The same without what has no bound of its own, so that a line always has room for it. It cannot be decided again,
    /// and says so: only a denial is recorded like this.
    ///
    /// ```
    /// use wane::BlockId;
    /// use wane_audit::{Decided, Hint, Outcome};
    /// let seal = BlockId::from_bytes([2; 32]);
    /// let decided = Decided::new(Hint::from_bytes([1; 8]), seal, "files".parse()?, Outcome::Deny).shorten();
    /// assert!(decided.shortened && decided.seal == seal);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn shorten(self) -> Self {
        // spec: A4
        let kept = Self::new(self.root, self.seal, self.aud, self.decision);
        Self {
            blocks: self.blocks,
            for_request: self.for_request,
            wants_request_seal: self.wants_request_seal,
            seal_code: self.seal_code,
            actions: self.actions,
            level: self.level,
            request: self.request,
            code: self.code,
            block: self.block,
            mark_before: self.mark_before,
            mark_after: self.mark_after,
            shortened: true,
            roots: self.roots,
            catalogue: self.catalogue,
            version: self.version,
            ..kept
        }
    }
}

/// An approval that came with a request.
///
/// ```
/// let approval = wane_audit::ApprovalSeen {
///     id: wane::BlockId::from_bytes([1; 32]),
///     key: wane::SecretKey::from_seed([7; 32]).public_key(),
///     iat: 1_000,
///     exp: 1_600,
///     actions: vec!["send:mail".parse()?],
///     request: wane_audit::Keyed::from_bytes([2; 32]),
///     code: None,
/// };
/// assert!(approval.code.is_none());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalSeen {
    /// Its id.
    #[serde(with = "as_text")]
    pub id: BlockId,
    /// Who signed it.
    #[serde(with = "as_text")]
    pub key: PublicKey,
    /// When, seconds since 1970-01-01T00:00:00Z.
    pub iat: u64,
    /// Until when, seconds since 1970-01-01T00:00:00Z.
    pub exp: u64,
    /// For which actions.
    #[serde(with = "as_text::list")]
    pub actions: Vec<Action>,
    /// The request digest that it states, keyed.
    pub request: Keyed,
    /// Why it was not for this request behind this chain, if so.
    #[serde(with = "as_text::code::option", default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}
