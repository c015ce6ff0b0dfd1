//! Judges a recorded history: is there one order of its operations that agrees with their order in time and explains every
//! answer?
//!
//! For histories in general that question is hard. Here each object only grows, in one direction, and an operation either
//! pushes it on or demands that it has not come too far. So it is enough to compare intervals, object by object:
//!
//! - **The mark of a session** is explained by placing every admission at its invocation, every denial at its return, and every
//!   raise, an admission's own included, as early as it can lie: behind its invocation, and behind that of every admission which the
//!   level it raises to forbids. What a raise forbids, every higher one forbids as well, so that no admission is moved by that. No
//!   other order makes more denials true, and none makes an admission good that was invoked after the return of what forbids it.
//! - **A revocation** is a mark with one level.
//! - **A counter** is explained by placing every admitted charge at its invocation and every denial at its return: that is the
//!   most a denial can have seen. No other order makes more of them true, and the sum does not depend on the order.
//! - **An id that serves once** is a counter up to one.
//!
//! Each object is judged by itself; that what one admission does to several of them is one step, the comparison with the
//! state in the end ([`compare`]) sees: nothing of a refused request is there, and everything of an admitted one.
//!
//! An operation that never answered may have happened or not: it explains what others saw, and is held against nobody.
//! [`brute`] tries every order of short histories, and a property test holds the two together.

mod bad;
mod brute;
mod compare;
mod counters;
mod generated;
mod marks;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use compare::{Final, compare};

/// A block, a seal, an approval, a record: in hex, or any name in a test.
pub(crate) type Id = String;

/// One call of one thread. Times are nanoseconds of a clock that all processes share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Operation {
    pub(crate) process: u32,
    pub(crate) thread: u32,
    pub(crate) invoked: u64,
    /// `u64::MAX` where it never returned.
    pub(crate) returned: u64,
    pub(crate) kind: Kind,
    pub(crate) outcome: Outcome,
    /// The record that the answer named.
    pub(crate) record: Option<Id>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// The operator raises the mark of a session.
    Raise { session: Id, level: u8 },
    /// The operator revokes a block.
    Revoke { block: Id },
    /// A request, with everything that follows from its admission.
    Admit(Box<Admit>),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Admit {
    /// The highest level of the mark at which it is not forbidden: 4 for a read, 2 for a write, 1 for what leaves.
    pub(crate) survives: u8,
    pub(crate) session: Id,
    /// Of the chain, from the root.
    pub(crate) blocks: Vec<Id>,
    pub(crate) level: u8,
    pub(crate) charges: Vec<Cost>,
    /// The seal, where it is for one request.
    pub(crate) seal: Option<Id>,
    pub(crate) approvals: Vec<Id>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) block: Id,
    pub(crate) name: String,
    pub(crate) cost: u64,
    pub(crate) cap: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Ok,
    /// With the code, and the block it speaks of.
    Denied(String, Option<usize>),
    /// No answer, or one that says that it is not known.
    Unknown,
}

/// Why no order explains a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// An operation returns before it is invoked, a thread does two at once, or a counter has two caps.
    Malformed,
    /// A request was admitted whose own level forbids it.
    ForbidsItself,
    /// A request was invoked after what forbids it had been admitted, and was admitted.
    AfterForbidden,
    /// A request was admitted after the return of a denial which showed that the mark forbids it.
    MarkFell,
    /// A request was invoked after a revocation had returned, and was admitted.
    AfterRevoked,
    /// A request was admitted after the return of a denial which said that it is revoked.
    Revived,
    /// More was charged than the cap.
    OverCap,
    /// After a denial for want of budget more was charged than was left then.
    Refilled,
    /// An id has served twice.
    UsedTwice,
    /// A denial for which nothing was invoked before it returned.
    Unjustified,
    /// A denial with a code that no operation of the history gives reason for.
    UnknownCode,
    /// What was answered is not in the state in the end.
    Lost,
    /// What is in the state in the end was not asked for, or was refused.
    Foreign,
}

/// One thing that is wrong, and the few operations that show it.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    pub(crate) what: String,
    pub(crate) operations: Vec<Operation>,
}

impl Violation {
    fn new(rule: Rule, what: impl Into<String>, operations: &[&Operation]) -> Self {
        Self { rule, what: what.into(), operations: operations.iter().copied().cloned().collect() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.what)?;
        self.operations.iter().try_for_each(|operation| write!(f, "\n    {operation}"))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, thread, invoked, returned, kind, outcome, .. } = self;
        write!(f, "{process}.{thread} [{invoked}..{returned}] {kind} -> {outcome:?}")
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raise { session, level } => write!(f, "raise {} to {level}", short(session)),
            Self::Revoke { block } => write!(f, "revoke {}", short(block)),
            Self::Admit(admit) => {
                let Admit { survives, level, blocks, charges, seal, approvals, .. } = &**admit;
                let chain: Vec<_> = blocks.iter().map(|block| short(block)).collect();
                write!(f, "admit at {level}, forbidden above {survives}, by {}", chain.join("/"))?;
                charges.iter().try_for_each(|cost| {
                    write!(f, ", {} of {} {} for {}", cost.cost, cost.cap, cost.name, short(&cost.block))
                })?;
                seal.iter().chain(approvals).try_for_each(|id| write!(f, ", uses {}", short(id)))
            }
        }
    }
}

/// As much of an id as tells it from others.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

impl Operation {
    pub(crate) fn is_ok(&self) -> bool {
        self.outcome == Outcome::Ok
    }

    /// Whether it has, or may have, changed anything.
    pub(crate) fn may_have_happened(&self) -> bool {
        matches!(self.outcome, Outcome::Ok | Outcome::Unknown)
    }

    fn is_before(&self, other: &Self) -> bool {
        self.returned < other.invoked
    }

    fn denied(&self) -> Option<(&str, Option<usize>)> {
        match &self.outcome {
            Outcome::Denied(code, block) => Some((code, *block)),
            Outcome::Ok | Outcome::Unknown => None,
        }
    }

    fn admit(&self) -> Option<&Admit> {
        match &self.kind {
            Kind::Admit(admit) => Some(admit),
            Kind::Raise { .. } | Kind::Revoke { .. } => None,
        }
    }

    /// The session whose mark it raises, and to what.
    fn raises(&self) -> Option<(&Id, u8)> {
        match &self.kind {
            Kind::Raise { session, level } => Some((session, *level)),
            Kind::Admit(admit) => Some((&admit.session, admit.level)),
            Kind::Revoke { .. } => None,
        }
    }
}

pub(crate) const RATCHET: &str = "deny-ratchet";
pub(crate) const REVOKED: &str = "state-revoked";
pub(crate) const BUDGET: &str = "deny-budget";
pub(crate) const USED: &str = "state-used";
pub(crate) const APPROVAL_USED: &str = "state-approval-used";

/// Denials that say nothing about the state: the store was busy, full or away.
pub(crate) const TROUBLE: [&str; 4] = ["state-locked", "state-unreachable", "state-full", "state-read-only"];

/// Everything that is wrong with a history.
pub(crate) fn check(history: &[Operation]) -> Vec<Violation> {
    let mut found = well_formed(history);
    found.extend(marks::check(history));
    found.extend(counters::check(history));
    for operation in history {
        let Some((code, _)) = operation.denied() else { continue };
        if ![RATCHET, REVOKED, BUDGET, USED, APPROVAL_USED].contains(&code) && !TROUBLE.contains(&code) {
            found.push(Violation::new(Rule::UnknownCode, code, &[operation]));
        }
    }
    found
}

/// Whether the one can have happened before the other returned.
fn reaches(one: &Operation, other: &Operation) -> bool {
    one.invoked <= other.returned
}

fn well_formed(history: &[Operation]) -> Vec<Violation> {
    let mut found = Vec::new();
    for operation in history.iter().filter(|operation| operation.returned < operation.invoked) {
        found.push(Violation::new(Rule::Malformed, "it returns before it is invoked", &[operation]));
    }
    let threads: BTreeSet<_> = history.iter().map(|operation| (operation.process, operation.thread)).collect();
    for thread in threads {
        let mut own: Vec<_> = history.iter().filter(|one| (one.process, one.thread) == thread).collect();
        own.sort_by_key(|operation| operation.invoked);
        for pair in own.windows(2).filter(|pair| !pair[0].is_before(pair[1])) {
            found.push(Violation::new(Rule::Malformed, "one thread does two things at once", pair));
        }
    }
    found
}
