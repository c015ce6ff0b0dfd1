//! Requests that are decided together: one after the other, each seeing what those before it did, in one transaction.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use wane::{
    Approvable, Approval, BlockId, Code, Decision, LiveState, Refusal, Request, Roots, SealedToken, UntrustedApproval,
    Verified, Volatility, judge, verify,
};

use super::denials::Denial;
use super::records::{self, Story};
use super::seen::{Asked, with_seen};
use super::{Shared, Volatile};
use wane_audit::RecordId;

use crate::law::{self, Account, Overlay, PendingRequest};
use crate::store::{Fault, Key, Lock, Room, Store};

/// What waits for a committer.
pub(crate) enum Task {
    Decide(Box<Job>),
    /// Something that only looks.
    Look(Look),
    /// Nothing: it is time to look what is to be done.
    Wake,
}

/// Looks at the store, once.
pub(crate) type Look = Box<dyn FnOnce(&mut dyn Store, &Shared) + Send>;

/// A request that waits for its decision.
pub(crate) struct Job {
    pub(crate) purpose: Purpose,
    pub(crate) sealed: SealedToken,
    pub(crate) account: Arc<Account>,
    pub(crate) request: Request,
    /// What approvals must be for, the request's digest in it; computed before anybody waits for the store.
    pub(crate) approvable: Approvable,
    /// The rows that it reads beside those of its chain.
    pub(crate) more: Vec<Key>,
    pub(crate) approvals: Vec<Approval>,
    /// What conditions ask whether it was returned before in this session, and how the ledger would know it.
    pub(crate) asked: Vec<Asked>,
    pub(crate) misfit: Option<Misfit>,
    pub(crate) now: u64,
    pub(crate) reply: SyncSender<Reply>,
}

/// The answer, and what is left of the job: whoever asked has the time to take it apart, and the committer has not.
pub(crate) struct Reply {
    pub(crate) answer: Result<Answered, Refusal>,
    _left: (SealedToken, Arc<Account>, Request, Vec<Key>),
}

/// Whether what follows is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Admit,
    Check,
}

/// An approval that was not signed for the chain it came with, or one too many.
pub(crate) struct Misfit {
    pub(crate) approval: UntrustedApproval,
    pub(crate) refusal: Refusal,
}

/// What a request is answered with, once the group is committed.
pub(crate) struct Answered {
    pub(crate) decision: Decision,
    pub(crate) record: Option<RecordId>,
}

/// What one request came to within the transaction.
pub(crate) struct Done {
    pub(crate) answered: Answered,
    /// To be recorded later: nothing follows from it.
    pub(crate) denial: Option<Denial>,
}

impl Job {
    pub(crate) fn reply(self, answer: Result<Answered, Refusal>) {
        let Self { sealed, account, request, more, reply, .. } = self;
        // A caller that has gone away needs no answer; what was committed stays.
        let _: Result<(), _> = reply.send(Reply { answer, _left: (sealed, account, request, more) });
    }

    /// Verifies again where other roots came into force since.
    pub(crate) fn refresh(&mut self, roots: &Roots) -> Result<(), Refusal> {
        // spec: S30
        if self.verified().roots_digest() != roots.digest() {
            let verified = Arc::new(verify(&self.sealed, roots)?);
            self.account = Account::of(verified).map(Arc::new).map_err(|fault| fault.refusal())?;
        }
        Ok(())
    }

    pub(crate) fn verified(&self) -> &Arc<Verified> {
        self.account.verified()
    }

    /// Every row that the decision reads.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.account.rows().iter().chain(&self.more)
    }

    /// The lock that everything under this session is done under.
    pub(crate) fn lock(&self) -> Lock {
        Lock::Session(self.account.line())
    }

    /// Decides, and stages what follows.
    pub(crate) fn decide(&self, shared: &Shared, room: Room, overlay: &mut Overlay<'_>) -> Result<Done, Fault> {
        let first = self.decide_with(&[], shared, overlay)?;
        let Some((digest, last)) = self.waits_for_statements(&first) else {
            return self.settle(first, &[], shared, room, overlay);
        };
        // What approvers left in the ledger counts only where something asks for it.
        // spec: S64
        let mut deposited = law::statements_for(last, &digest, self.now, overlay)?;
        deposited.retain(|left| self.approvals.iter().all(|known| known.id() != left.id()));
        if deposited.is_empty() {
            return self.settle(first, &[], shared, room, overlay);
        }
        overlay.prefetch(&deposited.iter().map(|left| law::used_key(left.id())).collect::<Vec<_>>())?;
        let mut second = self.decide_with(&deposited, shared, overlay)?;
        if matches!(second.judged.decision, Decision::Deny(_)) {
            // A statement that has become no good since must not stop a request that others approve.
            deposited = law::still_good(deposited, |one| {
                let alone = self.decide_with(std::slice::from_ref(one), shared, overlay)?;
                Ok(matches!(alone.judged.decision, Decision::Deny(_)))
            })?;
            second = self.decide_with(&deposited, shared, overlay)?;
        }
        match &second.judged.decision {
            Decision::Deny(_) => self.settle(first, &[], shared, room, overlay),
            _ => self.settle_with(second, &deposited, first, shared, room, overlay),
        }
    }

    fn waits_for_statements(&self, weighed: &Weighed) -> Option<([u8; 32], BlockId)> {
        match &weighed.judged.decision {
            Decision::Ask(ask) if self.misfit.is_none() => {
                Some((*ask.request_digest(), self.verified().last_delegate()?))
            }
            _ => None,
        }
    }

    fn decide_with(
        &self,
        deposited: &[Approval],
        shared: &Shared,
        overlay: &mut Overlay<'_>,
    ) -> Result<Weighed, Fault> {
        let all = || self.approvals.iter().chain(deposited);
        let ids: Vec<BlockId> = all().map(Approval::id).collect();
        let known = self.account.state(&ids, overlay, volatility(shared))?;
        let mut state = all().cloned().fold(LiveState::with_ledger(known.clone()), LiveState::approved_by);
        if let Some(key) = shared.local_approver {
            state = state.local_approver(key);
        }
        let request = with_seen(&self.request, self.account.line(), &self.asked, overlay)?;
        let mut judged = judge(self.verified(), &request, &state, self.now);
        if let (Some(misfit), Decision::Allow(_) | Decision::Ask(_)) = (&self.misfit, &judged.decision) {
            judged.decision = Decision::Deny(misfit.refusal.clone());
        }
        Ok(Weighed { judged, known })
    }

    /// The same with statements that were left in the ledger; where its record has no room for them all, without.
    fn settle_with(
        &self,
        second: Weighed,
        deposited: &[Approval],
        first: Weighed,
        shared: &Shared,
        room: Room,
        overlay: &mut Overlay<'_>,
    ) -> Result<Done, Fault> {
        let story = Story { id: RecordId::from_bytes([0; 16]), job: self, deposited, weighed: &second };
        match records::decision(shared, &story) {
            Ok(_) => self.settle(second, deposited, shared, room, overlay),
            Err(_) => self.settle(first, &[], shared, room, overlay),
        }
    }

    /// Stages what follows from the decision.
    fn settle(
        &self,
        weighed: Weighed,
        deposited: &[Approval],
        shared: &Shared,
        room: Room,
        overlay: &mut Overlay<'_>,
    ) -> Result<Done, Fault> {
        let id = shared.record_id();
        // Nothing is recorded of a check. Where the record has room and nobody has to wait, nothing that would follow can be refused.
        let asks = matches!(weighed.judged.decision, Decision::Ask(_));
        if self.purpose == Purpose::Check
            && !asks
            && records::is_small(shared, &Story { id, job: self, deposited, weighed: &weighed })
        {
            let answered = Answered { decision: weighed.judged.decision, record: None };
            return Ok(Done { answered, denial: None });
        }
        let record = records::decision(shared, &Story { id, job: self, deposited, weighed: &weighed });
        let record = match record {
            Ok(record) => record,
            // What cannot be recorded whole is not admitted.
            Err(refusal) => return self.deny(id, weighed, refusal, deposited, shared),
        };
        let point = overlay.savepoint();
        let staged = match &weighed.judged.decision {
            Decision::Allow(permit) => self.stage_admission(permit, id, overlay),
            // What admissions need is not given to what only waits.
            // spec: A33
            Decision::Ask(_) if room == Room::Tight => {
                Err(Refusal::new(Code::StateFull, "ledger", "too little for a request to wait", "").into())
            }
            Decision::Ask(ask) => self.stage_wait(ask, overlay),
            // spec: S23
            Decision::Deny(_) => {
                let denial = Denial { record, envelopes: Arc::clone(self.account.envelopes()) };
                let answered = Answered { decision: weighed.judged.decision, record: None };
                return Ok(Done { answered, denial: Some(denial) });
            }
        };
        let waits = matches!(weighed.judged.decision, Decision::Ask(_));
        match staged {
            // It waits already, and that is recorded: asking again is recorded like a denial.
            Ok(()) if waits && !overlay.has_changed_since(point) => {
                let denial = Denial { record, envelopes: Arc::clone(self.account.envelopes()) };
                let answered = Answered { decision: weighed.judged.decision, record: None };
                Ok(Done { answered, denial: Some(denial) })
            }
            Ok(()) => {
                overlay.append(record);
                let answered = Answered { decision: weighed.judged.decision, record: Some(id) };
                Ok(Done { answered, denial: None })
            }
            Err(Fault::Refused(refusal)) => {
                // spec: S35
                overlay.rollback_to(point);
                self.deny(id, weighed, *refusal, deposited, shared)
            }
            Err(fault) => Err(fault),
        }
    }

    /// Denies after all: what should have followed cannot be kept.
    fn deny(
        &self,
        id: RecordId,
        weighed: Weighed,
        refusal: Refusal,
        deposited: &[Approval],
        shared: &Shared,
    ) -> Result<Done, Fault> {
        let judged = wane::Judgement { decision: Decision::Deny(refusal), heard: weighed.judged.heard };
        let weighed = Weighed { judged, known: weighed.known };
        let record = records::decision(shared, &Story { id, job: self, deposited, weighed: &weighed })?;
        let denial = Denial { record, envelopes: Arc::clone(self.account.envelopes()) };
        Ok(Done { answered: Answered { decision: weighed.judged.decision, record: None }, denial: Some(denial) })
    }

    fn stage_admission(&self, permit: &wane::Permit, record: RecordId, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
        let effects = permit.effects();
        law::commit_effects(&self.account, effects, self.now, &record.to_string(), overlay)?;
        let Some(last) = self.verified().last_delegate() else { return Ok(()) };
        // A seal may ask as well, so the request may have waited behind another one though this chain asks for nothing.
        let asks = self.verified().grant().asks().chain(self.request.asks()).next().is_some();
        if asks || overlay.bytes(&law::pending_key(effects.session, self.approvable.request_digest(), last))?.is_some()
        {
            law::answered(effects.session, self.approvable.request_digest(), last, overlay)?;
        }
        Ok(())
    }

    /// An approval is for the chain before the seal, and who makes the request again may seal it anew.
    // spec: S62
    fn ends_before_the_seal(&self) -> u64 {
        let grants = self.verified().grants();
        grants.iter().rev().nth(1).or(grants.last()).map_or(self.now, wane::Grant::expires_at)
    }

    /// The ledger keeps the request, so that approvers can be shown what they sign for.
    fn stage_wait(&self, ask: &wane::Ask, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
        let missing = || Refusal::new(Code::DenyNeedsApproval, "ask", "", "");
        let chain = self.verified().chain();
        let keys = chain.blocks().iter().filter_map(|block| block.claims().key().copied());
        let agents = chain.blocks().iter().filter_map(|block| block.claims().subject());
        // spec: S61
        let request = PendingRequest {
            session: self.account.line(),
            last: self.verified().last_delegate().ok_or_else(missing)?,
            digest: *ask.request_digest(),
            audience: self.request.audience().to_string(),
            call: self.request.call().parts().map(str::to_owned).collect(),
            arguments: self.request.stated_arguments().to_json(),
            said: records::said_json(self.verified()),
            actions: self.request.actions().iter().map(ToString::to_string).collect(),
            mark: self.request.mark().clone(),
            asks: ask.rules().iter().map(ToString::to_string).collect(),
            chain_keys: std::iter::once(*self.verified().root().key()).chain(keys).collect(),
            agents: agents.map(str::to_owned).collect(),
            at: self.now,
            until: self.ends_before_the_seal(),
        };
        law::keep(self.account.envelopes(), overlay)?;
        law::wait(&request, self.now, overlay)
    }
}

/// The rows that a decision reads beside those of its chain. What follows from it is written for admissions alone, and reads before it
/// writes.
pub(crate) fn more_keys(
    purpose: Purpose,
    account: &Account,
    approvals: &[Approval],
    asked: &Approvable,
    seen: &[Asked],
) -> Vec<Key> {
    let mut keys: Vec<Key> = approvals.iter().map(|approval| law::used_key(approval.id())).collect();
    keys.extend((!seen.is_empty()).then(|| law::seen_key(account.line())));
    if purpose == Purpose::Admit {
        keys.extend(account.envelopes().iter().map(|(key, _)| key.clone()));
        let last = account.verified().last_delegate();
        keys.extend(last.map(|last| law::pending_key(account.line(), asked.request_digest(), last)));
    }
    keys
}

/// Whether the ledger outlives its process, and whether that matters here.
pub(crate) const fn volatility(shared: &Shared) -> Volatility {
    // spec: S43
    match (shared.durable, shared.volatile) {
        (true, _) => Volatility::Durable,
        (false, Volatile::Allowed) => Volatility::VolatileAllowed,
        (false, Volatile::Refused) => Volatility::VolatileRefused,
    }
}

/// A decision, and what it was made on.
pub(crate) struct Weighed {
    pub(crate) judged: wane::Judgement,
    pub(crate) known: wane::LedgerState,
}
