//! Who says what a request holds: the request itself, or the record of a decision that was made on it.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::approval::{Approvable, Approval};
use crate::arguments::Names;
use crate::code::Code;
use crate::condition::{Condition, Evidence};
use crate::refusal::Refusal;
use crate::request::{Request, request_digest};
use crate::verify::Verified;

/// Which scopes were asked: those of the chain, or those of the root entry's ceiling.
///
/// ```
/// assert_eq!(wane::Tree::Ceiling.as_str(), "ceiling");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tree {
    /// Those of the chain.
    Scopes,
    /// Those of the root entry.
    Ceiling,
}

impl Tree {
    /// The word: `scopes` or `ceiling`.
    ///
    /// ```
    /// assert_eq!(wane::Tree::Scopes.as_str(), "scopes");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scopes => "scopes",
            Self::Ceiling => "ceiling",
        }
    }
}

/// Where a condition stands: the tree, the block that states it, which of the block's scopes, which of its conditions,
/// each counted from 0. Without a condition it is the scope's `only`.
///
/// ```
/// let only = wane::Place { tree: wane::Tree::Scopes, block: 1, scope: 0, condition: None };
/// assert!(only < wane::Place { condition: Some(0), ..only });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which scopes.
    pub tree: Tree,
    /// The block; 0 for a ceiling.
    pub block: usize,
    /// The scope among those that the block states.
    pub scope: usize,
    /// The condition among those that the scope states there; `None` for its `only`.
    pub condition: Option<usize>,
}

/// What one condition answered: nothing where it held, else the code.
///
/// ```
/// let place = wane::Place { tree: wane::Tree::Scopes, block: 0, scope: 0, condition: Some(0) };
/// let heard = wane::Heard { place, outcome: Some(wane::Code::DenyCondition) };
/// assert!(heard.outcome.is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Which condition.
    pub place: Place,
    /// Why it did not hold.
    pub outcome: Option<Code>,
}

/// What a decision asks about the request's own content.
pub(crate) trait Witness {
    /// Whether the request's digest is the one that the seal states.
    fn seal_fits(&mut self, verified: &Verified, request: &Request) -> Result<(), Refusal>;

    /// Whether a condition holds.
    fn condition(&mut self, place: Place, condition: &Condition) -> Result<(), Refusal>;

    /// The first argument that an `only` does not name.
    fn first_unnamed<'n>(&mut self, place: Place, names: &dyn Fn() -> Names<'n>) -> Result<Option<String>, Refusal>;

    /// Whether an approval is for this request behind this chain.
    fn approval_fits(&mut self, verified: &Verified, request: &Request, approval: &Approval) -> Result<(), Refusal>;
}

/// The request itself; it keeps what each condition answered.
pub(crate) struct Present<'a> {
    pub(crate) evidence: Evidence<'a>,
    pub(crate) heard: Vec<Heard>,
    /// Made when it is first asked for: a holder may show many approvals of one long request.
    approvable: Option<Approvable>,
}

impl<'a> Present<'a> {
    pub(crate) const fn new(evidence: Evidence<'a>) -> Self {
        Self { evidence, heard: Vec::new(), approvable: None }
    }

    pub(crate) fn approvable(&mut self, verified: &Verified, request: &Request) -> &Approvable {
        self.approvable.get_or_insert_with(|| verified.approvable(request))
    }
}

/// SHA-256 over the canonical request, said facts of the seal included.
pub(crate) fn digest(verified: &Verified, request: &Request) -> [u8; 32] {
    let parts = request.parts();
    request_digest(&parts.audience, &parts.call, &parts.arguments, verified.said().iter())
}

impl Witness for Present<'_> {
    fn seal_fits(&mut self, verified: &Verified, request: &Request) -> Result<(), Refusal> {
        use crate::key::Hex;
        let Some(sealed) = verified.digest() else { return Ok(()) };
        let asked = self.approvable(verified, request).request_digest();
        // spec: T140
        if sealed == asked {
            return Ok(());
        }
        Err(Refusal::new(Code::DenyOtherRequest, "digest", Hex(asked), Hex(sealed)))
    }

    fn condition(&mut self, place: Place, condition: &Condition) -> Result<(), Refusal> {
        let answer = condition.judge(&self.evidence);
        self.heard.push(Heard { place, outcome: answer.as_ref().err().map(Refusal::code) });
        answer
    }

    fn first_unnamed<'n>(&mut self, place: Place, names: &dyn Fn() -> Names<'n>) -> Result<Option<String>, Refusal> {
        let found = self.evidence.arguments.first_unnamed(&names());
        self.heard.push(Heard { place, outcome: found.as_ref().map(|_| Code::DenyOnly) });
        Ok(found)
    }

    fn approval_fits(&mut self, verified: &Verified, request: &Request, approval: &Approval) -> Result<(), Refusal> {
        self.approvable(verified, request).check(approval)
    }
}

/// The record of a decision: what it does not say cannot be decided again.
pub(crate) struct Recalled<'a> {
    pub(crate) seal: Option<Code>,
    pub(crate) heard: &'a BTreeMap<Place, Option<Code>>,
    /// Why an approval was not for this request, by its number.
    pub(crate) approvals: &'a BTreeMap<crate::ids::BlockId, Option<Code>>,
    /// The first question that the record does not answer.
    pub(crate) missing: Option<Refusal>,
}

impl Recalled<'_> {
    fn outcome(&mut self, place: Place) -> Result<Option<Code>, Refusal> {
        if let Some(outcome) = self.heard.get(&place) {
            return Ok(*outcome);
        }
        let Place { tree, block, scope, condition } = place;
        let condition = condition.map_or_else(|| "only".into(), |number| alloc::format!("condition {number}"));
        let found = alloc::format!("{condition} of scope {scope} of block {block} in the {}", tree.as_str());
        Err(self.miss(&found))
    }

    fn miss(&mut self, what: &str) -> Refusal {
        let refusal = Refusal::new(Code::UseRecall, "conditions", what, "");
        self.missing.get_or_insert(refusal).clone()
    }
}

impl Witness for Recalled<'_> {
    fn seal_fits(&mut self, _: &Verified, _: &Request) -> Result<(), Refusal> {
        match self.seal {
            Some(code) => Err(Refusal::new(code, "digest", "another request", "the one it was sealed for")),
            None => Ok(()),
        }
    }

    fn condition(&mut self, place: Place, condition: &Condition) -> Result<(), Refusal> {
        match self.outcome(place)? {
            Some(code) => Err(Refusal::new(code, "conditions", "what was asked", condition)),
            None => Ok(()),
        }
    }

    fn first_unnamed<'n>(&mut self, place: Place, _: &dyn Fn() -> Names<'n>) -> Result<Option<String>, Refusal> {
        Ok(self.outcome(place)?.map(|_| "an argument".into()))
    }

    fn approval_fits(&mut self, _: &Verified, _: &Request, approval: &Approval) -> Result<(), Refusal> {
        match self.approvals.get(&approval.id()) {
            Some(None) => Ok(()),
            Some(Some(code)) => Err(Refusal::new(*code, "approval", approval.approver().hint(), "this request")),
            None => Err(self.miss("an approval")),
        }
    }
}
