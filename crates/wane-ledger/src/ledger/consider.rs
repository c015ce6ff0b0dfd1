//! What would be decided, on what is known now: nothing is written.

use std::path::{Path, PathBuf};

use wane::{
    Approval, Decision, LedgerState, LiveState, PublicKey, Refusal, Request, Verdict, Verified, Volatility, decide,
};

use super::{Ledger, Restored};
use crate::guard::head::{Head, Known, check_outside};
use crate::guard::sequence;
use crate::law;
use crate::store::Fault;

/// A verdict that permits nothing, and what it rests on.
///
/// ```
/// use wane::{LiveState, Mark, Verdict};
/// let considered = wane_ledger::Considered { verdict: Verdict::Allow(Mark::default()), state: LiveState::without_ledger() };
/// assert_eq!(considered.verdict.as_str(), "allow");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Considered {
    /// What a guard would answer.
    pub verdict: Verdict,
    /// What is known of the chain, with the approvals that were left for the request.
    pub state: LiveState,
}

/// Looking without writing.
impl Ledger {
    /// What a guard would answer to this request at `now`, in seconds since 1970-01-01T00:00:00Z, with the approvals that were
    /// left for it here. `local` is the enforcement point's own approval key.
    ///
    /// # Errors
    /// `state-*` of the store.
    ///
    /// ```
    /// use wane::{Refusal, Request, Verified};
    /// fn would(ledger: &mut wane_ledger::Ledger, chain: &Verified, request: &Request) -> Result<&'static str, Refusal> {
    ///     Ok(ledger.consider(chain, request, None, 1_767_225_600)?.verdict.as_str())
    /// }
    /// # let _ = would;
    /// ```
    pub fn consider(
        &mut self,
        verified: &Verified,
        request: &Request,
        local: Option<PublicKey>,
        now: u64,
    ) -> Result<Considered, Refusal> {
        let volatility = self.volatility();
        self.look(|overlay| {
            let bare = law::state_for(verified, &[], overlay, volatility)?;
            let first = considered(verified, request, live(bare, local), now);
            let (Verdict::Ask(_), Some(last)) = (&first.verdict, verified.last_delegate()) else { return Ok(first) };
            let mut left = law::statements_for(last, &verified.request_digest(request), now, overlay)?;
            let mut with = |left: &[Approval]| {
                let ids: Vec<_> = left.iter().map(Approval::id).collect();
                let state = live(law::state_for(verified, &ids, overlay, volatility)?, local);
                let state = left.iter().cloned().fold(state, LiveState::approved_by);
                Ok::<_, Fault>(considered(verified, request, state, now))
            };
            let denies = |second: &Considered| matches!(second.verdict, Verdict::Deny(_));
            let mut second = with(&left)?;
            if denies(&second) {
                left = law::still_good(left, |one| Ok(denies(&with(std::slice::from_ref(one))?)))?;
                second = with(&left)?;
            }
            // As a guard has it: a statement that has become no good stops nothing.
            Ok(if denies(&second) { first } else { second })
        })
    }

    /// What is known of a chain.
    ///
    /// # Errors
    /// `state-*` of the store.
    ///
    /// ```
    /// fn is_revoked(ledger: &mut wane_ledger::Ledger, chain: &wane::Verified) -> Result<bool, wane::Refusal> {
    ///     Ok(ledger.known(chain)?.blocks.iter().any(|block| block.revoked))
    /// }
    /// # let _ = is_revoked;
    /// ```
    pub fn known(&mut self, verified: &Verified) -> Result<LedgerState, Refusal> {
        let volatility = self.volatility();
        self.look(|overlay| law::state_for(verified, &[], overlay, volatility))
    }

    /// Compares the ledger with the newest head known outside, in this small file, which need not be there.
    ///
    /// # Errors
    /// `state-rolled-back` where the log does not extend that head; `state-corrupt` for a file that is none; `state-*` of the
    /// store.
    ///
    /// ```
    /// fn is_newest(ledger: &mut wane_ledger::Ledger, head: &std::path::Path) -> bool {
    ///     ledger.compare(head).is_ok()
    /// }
    /// # let _ = is_newest;
    /// ```
    pub fn compare(&mut self, head: &Path) -> Result<(), Refusal> {
        // Asked first: others go on writing both.
        let known = outside(head)?;
        self.look(|overlay| check_outside(known.as_ref(), overlay))
    }

    /// What would be accepted by [`Ledger::accept_restore`]: how long the log is here, and how long it was known to be, and in
    /// which epoch, by the small file with the newest head.
    ///
    /// # Errors
    /// `state-corrupt` for a file that is none, or that of another ledger; `state-*` of the store.
    ///
    /// ```
    /// fn lost(ledger: &mut wane_ledger::Ledger, head: &std::path::Path) -> Result<u64, wane::Refusal> {
    ///     let restored = ledger.restored(head)?;
    ///     Ok(restored.known_size.saturating_sub(restored.size))
    /// }
    /// # let _ = lost;
    /// ```
    pub fn restored(&mut self, head: &Path) -> Result<Restored, Refusal> {
        let known = outside(head)?;
        self.look(|overlay| {
            let tip = sequence::tip(overlay)?;
            if let Some(known) = &known {
                known.check_ledger(law::load_meta(overlay)?.id)?;
            }
            let (known_epoch, known_size) = known.as_ref().map_or((tip.epoch, tip.size), Known::epoch_and_size);
            Ok(Restored { known_epoch, known_size, size: tip.size, root: tip.root })
        })
    }

    fn volatility(&self) -> Volatility {
        if self.store.is_durable() { Volatility::Durable } else { Volatility::VolatileAllowed }
    }
}

fn outside(head: &Path) -> Result<Option<Known>, Refusal> {
    Head::at(Some(PathBuf::from(head))).outside().map_err(|fault| fault.refusal())
}

fn live(known: LedgerState, local: Option<PublicKey>) -> LiveState {
    local.into_iter().fold(LiveState::with_ledger(known), LiveState::local_approver)
}

fn considered(verified: &Verified, request: &Request, state: LiveState, now: u64) -> Considered {
    let verdict = match decide(verified, request, &state, now) {
        Decision::Allow(permit) => Verdict::Allow(permit.mark().clone()),
        Decision::Ask(ask) => Verdict::Ask(ask.refusal().clone()),
        Decision::Deny(refusal) => Verdict::Deny(refusal),
    };
    Considered { verdict, state }
}
