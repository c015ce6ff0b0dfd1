//! Which records somebody wants to see.

use wane::{Bearer, BlockId, Code, Pattern};

use crate::record::{Decided, Event, Outcome, Record};

/// What a record must have to be shown. What is not stated does not matter; a record that has no such thing does not match.
///
/// ```
/// use wane_audit::{Collect, Event, Filter, Hint, Origin, Record, RecordId};
/// let event = Event::Collect(Collect { up_to: 1_000, entries: 3 });
/// let (id, log) = (RecordId::from_bytes([1; 16]), Hint::from_bytes([2; 8]));
/// let record = Record { id, at: 2_000, origin: Origin::new("example.com/log")?, log, event };
/// assert!(Filter::default().matches(&record));
/// assert!(Filter { from: Some(2_000), until: Some(2_001), ..Filter::default() }.matches(&record));
/// assert!(!Filter { until: Some(2_000), ..Filter::default() }.matches(&record));
/// assert!(!Filter { action: Some("*".parse()?), ..Filter::default() }.matches(&record));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A block's `sub`, whole: whoever called itself so, or was called so, takes part.
    pub agent: Option<String>,
    /// At least one action lies within this pattern.
    pub action: Option<Pattern>,
    /// What was decided.
    pub decision: Option<Outcome>,
    /// Why it was not allowed.
    pub code: Option<Code>,
    /// Not before this second, since 1970-01-01T00:00:00Z.
    pub from: Option<u64>,
    /// Before this second, likewise.
    pub until: Option<u64>,
    /// This block takes part: in the chain, as its seal, or as what was done to it.
    pub block: Option<BlockId>,
}

impl Filter {
    /// Whether the record has all of it.
    #[must_use]
    pub fn matches(&self, record: &Record) -> bool {
        let event = &record.event;
        let decided = match event {
            Event::Decision(decided) => Some(&**decided),
            _ => None,
        };
        let of = |wanted: bool, test: &dyn Fn(&Decided) -> bool| !wanted || decided.is_some_and(test);
        self.from.is_none_or(|from| record.at >= from)
            && self.until.is_none_or(|until| record.at < until)
            && self.agent.as_ref().is_none_or(|agent| names_agent(event, agent))
            && self.block.is_none_or(|block| names_block(event, block))
            && of(self.decision.is_some(), &|decided| Some(decided.decision) == self.decision)
            && of(self.code.is_some(), &|decided| decided.code == self.code)
            && self.action.as_ref().is_none_or(|pattern| {
                decided.is_some_and(|decided| decided.actions.iter().any(|action| pattern.covers(action)))
            })
    }
}

fn names_agent(event: &Event, agent: &str) -> bool {
    match event {
        Event::Decision(decided) => decided.agents.iter().flatten().any(|name| name == agent),
        Event::Register(register) => register.sub.as_deref() == Some(agent),
        Event::RevokeBefore(revoke) => matches!(&revoke.bearer, Bearer::Agent(name) if **name == *agent),
        _ => false,
    }
}

fn names_block(event: &Event, block: BlockId) -> bool {
    match event {
        Event::Decision(decided) => decided.seal == block || decided.blocks.contains(&block),
        Event::Raise(raise) => raise.block == block,
        Event::Revoke(revoke) => revoke.block == block,
        Event::Register(register) => register.block == block,
        _ => false,
    }
}
