//! The checks on live state: what a ledger knows about the chain.

use alloc::vec::Vec;

use super::outcome::{Charge, Effects, Use};
use crate::chain::Block;
use crate::claims::Claims;
use crate::code::Code;
use crate::ids::BlockId;
use crate::level::Mark;
use crate::name::Name;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::state::{Bearer, BlockState, LedgerState, LiveState, Volatility};
use crate::verify::Verified;

/// Whether the ledger is the one the chain names, and knows nothing that kills it.
pub(super) fn check_ledger(verified: &Verified, state: &LiveState) -> Result<(), Refusal> {
    let named = verified.grant().ledger;
    let ledger = match (named, state.ledger()) {
        (None, None) => return Ok(()),
        // spec: T54 T142
        (Some(named), None) => return Err(Refusal::new(Code::StateNoLedger, "ledger", needs(verified), named)),
        // spec: T176
        (Some(named), Some(ledger)) if named != ledger.id => {
            return Err(Refusal::new(Code::StateOtherLedger, "ledger", ledger.id, named));
        }
        (_, Some(ledger)) => ledger,
    };
    // spec: T177
    if named.is_some() && ledger.volatility == Volatility::VolatileRefused {
        let bound = alloc::format!("{} needs a ledger", needs(verified));
        return Err(Refusal::new(Code::StateVolatile, "ledger", ledger.id, bound));
    }
    let blocks = verified.chain().blocks();
    if ledger.blocks.len() != blocks.len() {
        let found = alloc::format!("state of {} blocks for a chain of {}", ledger.blocks.len(), blocks.len());
        return Err(Refusal::new(Code::StateCorrupt, "ledger", found, ""));
    }
    check_revoked(verified, ledger)?;
    check_continued(verified, ledger)?;
    check_age(verified, ledger)?;
    // spec: T183
    if verified.grant().expires_at <= ledger.collected {
        let exp = verified.grant().expires_at;
        return Err(Refusal::new(Code::StateCollected, "exp", exp, ledger.collected));
    }
    // spec: T184
    match seal_id(verified).filter(|id| verified.is_for_one_request() && ledger.used.contains(id)) {
        Some(id) => Err(Refusal::new(Code::StateUsed, "seal", id, "")),
        None => Ok(()),
    }
}

/// What it is about the chain that a ledger must keep.
fn needs(verified: &Verified) -> &'static str {
    match verified.grant() {
        grant if grant.continues.is_some() => "a continued session",
        grant if !grant.budgets.is_empty() => "a budget",
        _ => "the chain",
    }
}

fn check_revoked(verified: &Verified, ledger: &LedgerState) -> Result<(), Refusal> {
    // spec: T178
    if let Some(index) = ledger.blocks.iter().position(|block| block.revoked) {
        let found = alloc::format!("block {index}");
        return Err(Refusal::new(Code::StateRevoked, "ledger", found, "").in_block(index));
    }
    if ledger.first.as_ref().is_some_and(|first| first.state.revoked) {
        return Err(Refusal::new(Code::StateRevoked, "continues", "the session that it continues", ""));
    }
    if ledger.revoked_before.is_empty() {
        return Ok(());
    }
    let blocks = verified.chain().blocks();
    let grants = verified.grants();
    // What a holder could choose is never compared: of a block, the iat in force at its parent.
    let issued_before = |index: usize| grants.get(index.saturating_sub(1)).map(|grant| grant.issued_at);
    let stated_by = |states: &dyn Fn(&Claims) -> bool| blocks.iter().position(|block| states(block.claims()));
    let dead = ledger.revoked_before.iter().filter_map(|(bearer, time)| {
        // spec: T179 T180
        let (rank, what, index) = match bearer {
            Bearer::Root(key) => (0, "the root key", (verified.root().key() == key).then_some(0)),
            Bearer::Key(key) => (1, "a holder's key", stated_by(&|claims| claims.key.as_ref() == Some(key))),
            Bearer::Agent(name) => (2, "an agent", stated_by(&|claims| claims.subject.as_deref() == Some(&**name))),
        };
        let index = index.filter(|index| issued_before(*index).is_none_or(|issued| issued <= *time))?;
        Some((index, rank, what, *time))
    });
    // From the root block on, and its root key first: whoever filled in the state may have it in any order.
    if let Some((index, _, what, time)) = dead.min() {
        let found = alloc::format!("{what}, for what was issued up to {time}");
        return Err(Refusal::new(Code::StateRevoked, "ledger", found, "").in_block(index));
    }
    Ok(())
}

fn check_continued(verified: &Verified, ledger: &LedgerState) -> Result<(), Refusal> {
    let Some(id) = verified.grant().continues else { return Ok(()) };
    let refuse = |why: &str| Err(Refusal::new(Code::StateContinues, "continues", id, why));
    match &ledger.first {
        // spec: T181
        None => Err(Refusal::new(Code::StateUnknownSession, "continues", id, "")),
        Some(first) if first.continues => refuse("it continues another one itself"),
        Some(first) if !verified.root().continues_those_of(&first.root) => {
            refuse("it was opened under a root that this one does not succeed")
        }
        Some(_) => Ok(()),
    }
}

/// The session, and the one it continues, are of this ledger's epoch.
fn check_age(verified: &Verified, ledger: &LedgerState) -> Result<(), Refusal> {
    let session = verified.grant().session.and_then(|index| Some((verified.chain().blocks().get(index)?, index)));
    // A block that opens a session states its iat.
    let own = session.map(|(block, index)| (block.claims().issued_at, ledger.blocks.get(index)));
    let first = ledger.first.as_ref().map(|first| (Some(first.issued_at), Some(&first.state)));
    for (issued, state) in own.into_iter().chain(first) {
        let issued = issued.unwrap_or_default();
        // spec: T182
        if issued <= ledger.since && !state.is_some_and(|state| state.registered) {
            return Err(Refusal::new(Code::StateSessionTooOld, "iat", issued, ledger.since));
        }
    }
    Ok(())
}

/// Joins what the ledger knows was read under the chain and under the session that it continues.
pub(super) fn join_marks(mark: &mut Mark, state: &LiveState) {
    let Some(ledger) = state.ledger() else { return };
    // spec: T185
    for block in ledger.blocks.iter().chain(ledger.first.as_ref().map(|first| &first.state)) {
        mark.join(&block.mark);
    }
}

/// Every cap that a block states, with the block whose counter it is compared with.
fn caps(verified: &Verified) -> impl Iterator<Item = (usize, BlockId, &Name, u64)> {
    let grant = verified.grant();
    let counter = move |index: usize, block: &Block| match grant.continues {
        Some(first) if grant.session == Some(index) => first,
        Some(_) | None => block.id(),
    };
    verified.chain().blocks().iter().enumerate().flat_map(move |(index, block)| {
        let id = counter(index, block);
        block.claims().budgets.iter().map(move |(name, cap)| (index, id, name, *cap))
    })
}

/// The state that holds the counters of a block: the session block of a continuing session counts with the first one.
fn counters<'a>(verified: &Verified, ledger: &'a LedgerState, index: usize) -> Option<&'a BlockState> {
    match &ledger.first {
        Some(first) if verified.grant().session == Some(index) => Some(&first.state),
        Some(_) | None => ledger.blocks.get(index),
    }
}

/// Each cap is compared with the counter of its own block.
pub(super) fn check_budgets(verified: &Verified, request: &Request, state: &LiveState) -> Result<(), Refusal> {
    let Some(ledger) = state.ledger() else { return Ok(()) };
    for (index, _, name, cap) in caps(verified) {
        // spec: T186
        let Some(cost) = request.parts().costs.get(name) else {
            return Err(Refusal::new(Code::DenyCost, "budgets", name, index).in_block(index));
        };
        let spent = counters(verified, ledger, index).and_then(|state| state.spent.get(name)).copied();
        // spec: T187
        match spent.unwrap_or_default().checked_add(*cost) {
            Some(total) if total <= cap => {}
            total => {
                let total = total.map_or_else(|| "more than is counted".into(), |total| alloc::format!("{total}"));
                let found = alloc::format!("{name}={total}");
                return Err(Refusal::new(Code::DenyBudget, "budgets", found, cap).in_block(index));
            }
        }
    }
    Ok(())
}

fn seal_id(verified: &Verified) -> Option<BlockId> {
    verified.chain().blocks().last().map(Block::id)
}

/// What the ledger must commit before the call is forwarded.
pub(crate) fn effects(verified: &Verified, request: &Request, state: &LiveState) -> Effects {
    let grant = verified.grant();
    let opened = grant.session.and_then(|index| verified.chain().blocks().get(index)).map(Block::id);
    let costs = &request.parts().costs;
    let charge = |(_, block, name, cap): (usize, BlockId, &Name, u64)| {
        let cost = *costs.get(name)?;
        Some(Charge { block, name: name.clone(), cost, cap })
    };
    let seal = seal_id(verified).filter(|_| verified.is_for_one_request());
    let seal = seal.map(|id| Use { id, expires_at: grant.expires_at });
    let approvals = if state.ledger().is_some() { state.approvals() } else { &[] };
    let approvals =
        approvals.iter().map(|approval| Use { id: approval.id(), expires_at: approval.statement().expires_at() });
    Effects {
        session: grant.continues.or(opened).unwrap_or(BlockId([0; 32])),
        raise: request.mark().clone(),
        // Without a ledger a chain that caps anything is refused, so nothing is charged.
        charges: caps(verified).filter_map(charge).collect::<Vec<_>>(),
        uses: seal.into_iter().chain(approvals).collect(),
    }
}
