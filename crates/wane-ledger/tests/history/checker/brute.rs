//! The naive judge: tries every order of a short history on a plain state.

use std::collections::{BTreeMap, BTreeSet};

use super::{APPROVAL_USED, Admit, BUDGET, Id, Kind, Operation, Outcome, RATCHET, REVOKED, USED};

/// A ledger of the simplest kind. It decides as the real one does, each check by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    marks: BTreeMap<Id, u8>,
    revoked: BTreeSet<Id>,
    spent: BTreeMap<(Id, String), u64>,
    used: BTreeSet<Id>,
}

impl Model {
    /// The first check that fails, in the order of the real decision.
    pub(super) fn judge(&self, admit: &Admit) -> Outcome {
        let blocks = || (0..admit.blocks.len()).map(Some);
        let denials = blocks()
            .map(|block| (REVOKED, block))
            .chain([(USED, None), (RATCHET, None)])
            .chain(blocks().map(|block| (BUDGET, block)))
            .chain([(APPROVAL_USED, None)]);
        for (code, block) in denials {
            if self.denies(admit, code, block) {
                return Outcome::Denied(code.into(), block);
            }
        }
        Outcome::Ok
    }

    fn denies(&self, admit: &Admit, code: &str, block: Option<usize>) -> bool {
        let mark = self.marks.get(&admit.session).copied().unwrap_or_default().max(admit.level);
        let is_meant = |id: &Id| block.is_none_or(|block| admit.blocks.get(block) == Some(id));
        match code {
            RATCHET => mark > admit.survives,
            REVOKED => admit.blocks.iter().any(|id| is_meant(id) && self.revoked.contains(id)),
            BUDGET => admit.charges.iter().filter(|cost| is_meant(&cost.block)).any(|cost| {
                let spent = self.spent.get(&(cost.block.clone(), cost.name.clone())).copied().unwrap_or_default();
                spent + cost.cost > cost.cap
            }),
            USED => admit.seal.iter().any(|id| self.used.contains(id)),
            APPROVAL_USED => admit.approvals.iter().any(|id| self.used.contains(id)),
            _ => false,
        }
    }

    pub(super) fn apply(&mut self, kind: &Kind) {
        match kind {
            Kind::Raise { session, level } => self.raise(session, *level),
            Kind::Revoke { block } => {
                self.revoked.insert(block.clone());
            }
            Kind::Admit(admit) => {
                self.raise(&admit.session, admit.level);
                for cost in &admit.charges {
                    *self.spent.entry((cost.block.clone(), cost.name.clone())).or_default() += cost.cost;
                }
                self.used.extend(admit.seal.iter().chain(&admit.approvals).cloned());
            }
        }
    }

    fn raise(&mut self, session: &Id, level: u8) {
        let mark = self.marks.entry(session.clone()).or_default();
        *mark = level.max(*mark);
    }

    /// Whether this outcome is right here; what an admission would change is then changed.
    fn accepts(&mut self, operation: &Operation) -> bool {
        let is_right = match (&operation.kind, &operation.outcome) {
            (Kind::Admit(admit), Outcome::Denied(code, block)) => return self.denies(admit, code, *block),
            (Kind::Admit(admit), Outcome::Ok | Outcome::Unknown) => self.judge(admit) == Outcome::Ok,
            (_, outcome) => !matches!(outcome, Outcome::Denied(..)),
        };
        if is_right {
            self.apply(&operation.kind);
        }
        is_right
    }
}

/// Whether some order explains the history.
pub(super) fn explains(history: &[Operation]) -> bool {
    let left: Vec<&Operation> = history.iter().collect();
    place(&Model::default(), &left)
}

fn place(model: &Model, left: &[&Operation]) -> bool {
    if left.is_empty() {
        return true;
    }
    let is_next = |one: &&&Operation| left.iter().all(|other| !other.is_before(one));
    left.iter().filter(is_next).any(|next| {
        let rest: Vec<_> = left.iter().copied().filter(|other| !std::ptr::eq(*other, *next)).collect();
        let mut after = model.clone();
        (next.outcome == Outcome::Unknown && place(model, &rest)) || (after.accepts(next) && place(&after, &rest))
    })
}
