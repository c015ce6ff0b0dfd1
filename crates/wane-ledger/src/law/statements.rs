//! Statements that were left in the ledger, as a decision counts them.

use wane::{Approval, BlockId, UntrustedApproval};

use super::asks::approvals_for;
use super::overlay::Overlay;
use crate::store::Fault;

/// Those that were left for this chain and request and are valid at `now`.
pub(crate) fn statements_for(
    last: BlockId,
    digest: &[u8; 32],
    now: u64,
    overlay: &mut Overlay<'_>,
) -> Result<Vec<Approval>, Fault> {
    let read = |text: &String| UntrustedApproval::parse(text).and_then(|approval| approval.verify(last));
    let texts = approvals_for(last, digest, now, overlay)?;
    let none = |_| Fault::Corrupt("a deposited approval is none".into());
    texts.iter().map(|text| read(text).map_err(none)).collect()
}

/// Those that deny nothing, each by itself; there are at most 64. One that has become no good since it was left must not stop
/// a request that others approve.
pub(crate) fn still_good(
    statements: Vec<Approval>,
    mut denies: impl FnMut(&Approval) -> Result<bool, Fault>,
) -> Result<Vec<Approval>, Fault> {
    let mut good = Vec::with_capacity(statements.len());
    for statement in statements {
        // spec: S64
        if !denies(&statement)? {
            good.push(statement);
        }
    }
    Ok(good)
}
