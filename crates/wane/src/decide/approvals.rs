//! Asks, and the approvals that satisfy them.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::approval::{Approval, check_approver, check_times};
use crate::ask::AskRule;
use crate::code::Code;
use crate::key::PublicKey;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::state::LiveState;
use crate::verify::Verified;
use crate::witness::Witness;

/// An approval rule that covers an action, and the block that states it; none where the enforcement point does.
pub(crate) type Open<'a> = (Option<usize>, &'a AskRule);

/// Every approval rule that covers an action: those of the blocks, then those of the request.
// spec: T190
pub(super) fn asks<'a>(verified: &'a Verified, request: &'a Request) -> Vec<Open<'a>> {
    let covers = |rule: &AskRule| request.actions().iter().any(|action| rule.pattern.covers(action));
    let stated = verified.grant().ask.iter().map(|(block, rule)| (Some(*block), rule));
    let own = request.asks().iter().map(|rule| (None, rule));
    stated.chain(own).filter(|(_, rule)| covers(rule)).collect()
}

/// The rules that the approvals leave open. An approval that is not good for this request denies: whoever shows one has it
/// counted or refused, never passed over.
pub(super) fn unmet<'a>(
    verified: &'a Verified,
    request: &'a Request,
    state: &LiveState,
    now: u64,
    witness: &mut impl Witness,
) -> Result<Vec<Open<'a>>, Refusal> {
    let mut asks = asks(verified, request);
    // Only a ledger can tell whether an approval has served, so without one none counts.
    // spec: T150
    let Some(ledger) = state.ledger() else { return Ok(asks) };
    for approval in state.approvals() {
        witness.approval_fits(verified, request, approval)?;
        let holders = verified.chain().blocks().iter().filter_map(|block| block.claims().key());
        check_approver(approval, holders.chain([verified.root().key()]), |key| {
            asks.iter().any(|(_, rule)| names(verified, rule, key, state))
        })?;
        check_times(approval, ledger.collected, now)?;
        // spec: T175
        if ledger.used.contains(&approval.id()) {
            return Err(Refusal::new(Code::StateApprovalUsed, "approval", approval.id(), ""));
        }
    }
    asks.retain(|(_, rule)| {
        let approvers =
            state.approvals().iter().map(Approval::approver).filter(|key| names(verified, rule, key, state));
        // spec: T174
        let distinct: BTreeSet<&[u8; 32]> = approvers.map(PublicKey::as_bytes).collect();
        u64::try_from(distinct.len()).is_ok_and(|count| count < rule.need)
    });
    Ok(asks)
}

fn names(verified: &Verified, rule: &AskRule, key: &PublicKey, state: &LiveState) -> bool {
    rule.approvers.iter().any(|approver| verified.roots().names(approver, key, state.local()))
}
