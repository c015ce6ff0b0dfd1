//! What a ledger and an enforcement point know, made from choices: the same of every prefix of one chain.

use wane::{
    Bearer, BlockState, FirstState, LedgerId, LedgerState, LiveState, Mark, Request, Verified, Volatility, decide,
};

use crate::choices::Choices;
use crate::forge::{self, NOW};
use crate::laws::freedom;
use crate::narrow::{LEDGER, level, parse};

/// What is known: of the ledger all blocks but the seal, which nobody has seen before.
#[derive(Clone)]
pub(crate) struct Seen {
    mark: Mark,
    ledger: Option<LedgerState>,
}

impl Seen {
    /// Something about the blocks of this chain.
    pub(crate) fn chosen(verified: &Verified, choices: &mut Choices<'_>) -> Self {
        let mark = mark(choices);
        if choices.one_in(3) {
            return Self { mark, ledger: None };
        }
        let id = if choices.one_in(16) { [1; 16] } else { LEDGER };
        let volatility =
            choices.one_of(&[Volatility::Durable, Volatility::VolatileAllowed, Volatility::VolatileRefused]);
        let blocks = verified.chain().blocks().len().saturating_sub(1);
        let mut ledger = LedgerState::new(LedgerId::from_bytes(id), volatility);
        ledger.blocks = (0..blocks).map(|_| block(choices)).collect();
        if choices.one_in(8) {
            ledger.since = choices.one_of(&[NOW - 1, NOW, NOW + 1]);
        }
        if choices.one_in(8) {
            ledger.collected = choices.one_of(&[NOW, NOW + 300, NOW + 3_599, NOW + 3_600]);
        }
        if choices.one_in(8) {
            ledger.revoked_before.push(revocation(choices));
        }
        if !choices.one_in(4) && verified.grant().continues().is_some() {
            ledger.first = Some(FirstState {
                state: block(choices),
                root: forge::key(choices.one_of(&[0, 2, 3])).public_key(),
                issued_at: choices.one_of(&[NOW - 100, NOW]),
                continues: choices.one_in(8),
            });
        }
        Self { mark, ledger: Some(ledger) }
    }

    /// As far as it is about this chain: the same one, or a prefix of it.
    pub(crate) fn state(&self, verified: &Verified) -> LiveState {
        let Some(ledger) = &self.ledger else { return LiveState::without_ledger().marked(self.mark.clone()) };
        let mut ledger = ledger.clone();
        ledger.blocks.resize(verified.chain().blocks().len() - 1, BlockState::default());
        ledger.blocks.push(BlockState::default());
        // A ledger says of the first session of a line only what a chain asks for.
        ledger.first = ledger.first.filter(|_| verified.grant().continues().is_some());
        LiveState::with_ledger(ledger).marked(self.mark.clone())
    }
}

/// L2 and the order of states: whoever knows more denies as much or more.
pub(crate) fn more_is_never_freer(
    verified: &Verified,
    request: &Request,
    seen: &Seen,
    now: u64,
    choices: &mut Choices<'_>,
) {
    let mut more = seen.clone();
    match (choices.below(8), &mut more.ledger) {
        (0, Some(ledger)) => ledger.since += choices.one_of(&[1, NOW, NOW + 1]),
        (1, Some(ledger)) => ledger.collected += choices.one_of(&[1, NOW, NOW + 300]),
        (2, Some(ledger)) => ledger.revoked_before.push(revocation(choices)),
        (3, Some(ledger)) => ledger.used.extend(verified.chain().blocks().iter().map(wane::Block::id)),
        (4 | 5, Some(ledger)) => {
            let at = choices.below(ledger.blocks.len() + 1);
            let first = ledger.first.as_mut().map(|first| &mut first.state);
            if let Some(state) = ledger.blocks.get_mut(at).or(first) {
                add(state, choices);
            }
        }
        _ => more.mark.join(&mark(choices)),
    }
    let (before, after) = (seen.state(verified), more.state(verified));
    let (before, after) = (decide(verified, request, &before, now), decide(verified, request, &after, now));
    assert!(freedom(&after) <= freedom(&before), "{after:?} after {before:?}: {:?}", more.ledger);
}

/// More of everything but what lets it live: that it was registered.
fn add(state: &mut BlockState, choices: &mut Choices<'_>) {
    match choices.below(3) {
        0 => state.revoked = true,
        1 => state.mark.join(&mark(choices)),
        _ => {
            let spent = state.spent.entry(parse(choices, &["calls", "pii"])).or_default();
            *spent = spent.saturating_add(choices.one_of(&[1, 7, 255, u64::MAX]));
        }
    }
}

fn block(choices: &mut Choices<'_>) -> BlockState {
    let mut state = BlockState { registered: choices.one_in(2), ..BlockState::default() };
    if choices.one_in(3) {
        add(&mut state, choices);
    }
    state
}

fn mark(choices: &mut Choices<'_>) -> Mark {
    if choices.one_in(3) {
        let mark = Mark::at(level(choices));
        return if choices.one_in(2) { mark.with(parse(choices, &["pii", "untrusted"])) } else { mark };
    }
    Mark::default()
}

fn revocation(choices: &mut Choices<'_>) -> (Bearer, u64) {
    let bearer = match choices.below(3) {
        0 => Bearer::Root(forge::root()),
        1 => Bearer::Key(forge::key(1 + choices.below(4)).public_key()),
        _ => Bearer::Agent(choices.one_of(&["planner", "reporter", "nobody"]).into()),
    };
    (bearer, choices.one_of(&[NOW - 1, NOW, NOW + 1]))
}
