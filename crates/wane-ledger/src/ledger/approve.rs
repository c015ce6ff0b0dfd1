//! Requests that wait for approval, and the statements of approvers.

use wane::{Action, AskRule, Asked, BlockId, Code, PublicKey, Refusal, Roots, UntrustedApproval};

use super::Ledger;
use crate::law::{self, Deposited, Overlay, PendingRequest, Used};
use crate::store::Fault;

/// Waiting requests.
impl Ledger {
    /// Requests that wait for approval at `now`, at most `limit` of them.
    ///
    /// # Errors
    /// `state-*` of the store.
    ///
    /// ```
    /// fn how_many(ledger: &mut wane_ledger::Ledger, now: u64) -> Result<usize, wane::Refusal> {
    ///     Ok(ledger.pending(now, 1_000)?.len())
    /// }
    /// # let _ = how_many;
    /// ```
    pub fn pending(&mut self, now: u64, limit: usize) -> Result<Vec<PendingRequest>, Refusal> {
        self.look(|overlay| law::pending(now, limit, overlay))
    }

    /// Leaves an approver's statement (`wane1.approval.…`) for the request that waits for it, once it has passed every check
    /// that a decision will make again. `roots` say who is in which group, `local` is the enforcement point's own approval key.
    /// Returns the request.
    ///
    /// # Errors
    /// `parse-*` for what is no statement; `deny-approval-request` where no request waits for it; the `deny-approval-*` that a
    /// decision would give; `state-approval-used`; `state-pending-full` where 64 statements are kept; `state-*` of the store.
    ///
    /// ```
    /// use wane::{Refusal, Roots};
    /// fn leave(ledger: &mut wane_ledger::Ledger, text: &str, roots: &Roots, now: u64) -> Result<(), Refusal> {
    ///     let request = ledger.deposit(text, roots, None, now)?;
    ///     assert!(now < request.until);
    ///     Ok(())
    /// }
    /// # let _ = leave;
    /// ```
    pub fn deposit(
        &mut self,
        text: &str,
        roots: &Roots,
        local: Option<PublicKey>,
        now: u64,
    ) -> Result<PendingRequest, Refusal> {
        let statement = UntrustedApproval::parse(text)?;
        // Anybody may bring one: it is looked for, and its signature verified, where that keeps nobody from writing.
        let found = self.look(|overlay| waiting(&statement, now, overlay))?;
        let approval = statement.verify(found.last)?;
        let request = self.change(&[], |overlay| {
            let request = law::still_waits(&found, now, overlay)?.ok_or_else(|| none_waits(&statement))?;
            check(&request, roots, local, overlay, |asked| asked.check(&approval, now))?;
            if overlay.load::<Used>(&law::used_key(approval.id()))?.is_some() {
                return Err(Refusal::new(Code::StateApprovalUsed, "approval", approval.id(), "").into());
            }
            let kept = Deposited { text: approval.to_text(), exp: statement.expires_at() };
            law::deposit(request.last, &request.digest, statement.approver(), &kept, now, overlay)?;
            Ok(request)
        })?;
        self.note_outside(now)?;
        Ok(request)
    }
}

/// The request that a statement is for: it names the digest, and its signature the chain.
fn waiting(statement: &UntrustedApproval, now: u64, overlay: &mut Overlay<'_>) -> Result<PendingRequest, Fault> {
    let digest = statement.request_digest();
    let candidates = law::waiting_for(digest, now, overlay)?;
    let signed_for = candidates.iter().position(|request| statement.verify(request.last).is_ok());
    let mut candidates = candidates.into_iter();
    match (signed_for, candidates.len()) {
        (Some(index), _) => candidates.nth(index),
        // To verify it once more says why not.
        (None, 1..) => candidates.next(),
        (None, 0) => None,
    }
    .ok_or_else(|| none_waits(statement).into())
}

fn none_waits(statement: &UntrustedApproval) -> Refusal {
    let found = BlockId::from_bytes(*statement.request_digest());
    Refusal::new(Code::DenyApprovalRequest, "approval", found, "none that waits here")
}

fn check(
    request: &PendingRequest,
    roots: &Roots,
    local: Option<PublicKey>,
    overlay: &mut Overlay<'_>,
    check: impl FnOnce(Asked<'_>) -> Result<(), Refusal>,
) -> Result<(), Fault> {
    let corrupt = |_| Fault::Corrupt("a request that waits cannot be read".into());
    let mut actions: Vec<Action> = Vec::new();
    for action in &request.actions {
        let action = action.parse().map_err(corrupt)?;
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
    let rules: Result<Vec<AskRule>, _> = request.asks.iter().map(|ask| ask.parse().map_err(corrupt)).collect();
    check(Asked {
        last_block: request.last,
        request_digest: request.digest,
        actions: &actions,
        rules: &rules?,
        chain_keys: &request.chain_keys,
        roots,
        local,
        collected: law::load_meta(overlay)?.collected,
    })
    .map_err(Fault::from)
}
