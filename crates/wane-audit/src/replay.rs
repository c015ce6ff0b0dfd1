//! Making a recorded decision again, from the blocks that the log keeps and from what the record says.

use wane::{Call, Code, LiveState, Mark, Recall, RecalledApproval, Refusal, Remembered, Request, Roots, Verdict};

use crate::record::{Decided, Outcome};

/// What making a decision again came to.
///
/// ```
/// assert!(wane_audit::Replayed::Same { given: 2 }.agrees());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The same decision, with the same code in the same block, and the same charges.
    Same {
        /// How many outcomes of conditions were taken as the record gives them.
        given: usize,
    },
    /// Another decision than the record's: what was recorded, and what it comes to.
    Different {
        /// In the words of the record.
        recorded: String,
        /// In the same words.
        again: String,
    },
    /// It cannot be made again, and why.
    Undecidable(Why),
}

/// Why a decision cannot be made again.
///
/// ```
/// assert_eq!(wane_audit::Why::Shortened.as_str(), "the record was shortened");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Other roots were in force than those given here.
    OtherRoots,
    /// A denial whose record had no room for all of it.
    Shortened,
    /// A block of the chain is not among those that are kept.
    MissingBlock,
    /// The guard denied on its own account, for want of room.
    Guard,
}

impl Why {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherRoots => "other roots were in force",
            Self::Shortened => "the record was shortened",
            Self::MissingBlock => "a block of its chain is not kept",
            Self::Guard => "the guard denied for want of room",
        }
    }
}

impl Replayed {
    /// Whether nothing speaks against the record.
    #[must_use]
    pub const fn agrees(&self) -> bool {
        !matches!(self, Self::Different { .. })
    }
}

/// Makes a recorded decision again. `envelope` gives the kept envelope of a block, `at` is the record's time, `roots` are
/// those that the verifier had then: compare their digest with the record's.
///
/// ```
/// use wane::{BlockId, Roots, SecretKey};
/// use wane_audit::{Decided, Hint, Outcome, Replayed, Why, replay};
/// let roots = Roots::single(SecretKey::from_seed([1; 32]).public_key());
/// let seal = BlockId::from_bytes([2; 32]);
/// let decided = Decided::new(Hint::from_bytes([1; 8]), seal, "files".parse()?, Outcome::Deny);
/// assert_eq!(replay(&decided, 1_000, |_| None, &roots)?, Replayed::Undecidable(Why::OtherRoots));
/// # Ok::<(), wane::Refusal>(())
/// ```
///
/// # Errors
/// `use-recall` where a check asks what the record does not say; `chain-*` and `parse-*` where the kept blocks do not make
/// the chain that the record names.
pub fn replay(
    decided: &Decided,
    at: u64,
    mut envelope: impl FnMut(wane::BlockId) -> Option<Vec<u8>>,
    roots: &Roots,
) -> Result<Replayed, Refusal> {
    if decided.roots.as_bytes() != roots.digest() {
        return Ok(Replayed::Undecidable(Why::OtherRoots));
    }
    if decided.shortened {
        return Ok(Replayed::Undecidable(Why::Shortened));
    }
    let Some(envelopes) = decided.blocks.iter().map(|id| envelope(*id)).collect::<Option<Vec<_>>>() else {
        return Ok(Replayed::Undecidable(Why::MissingBlock));
    };
    let kept = Remembered::new(&envelopes, decided.seal, &decided.seal_claims, decided.for_request, roots)?;
    let ids = kept.chain().blocks().iter().map(wane::Block::id);
    // The blocks that are kept are those that the record names, not others that verify as well.
    if !ids.eq(decided.blocks.iter().copied().chain([decided.seal])) {
        return Err(Refusal::new(Code::ChainSignature, "blocks", "", ""));
    }
    if let Some(other) = misnamed(decided, &kept) {
        return Ok(other);
    }
    let request = request(decided)?;
    let mut state = decided.state.clone().map_or_else(LiveState::without_ledger, LiveState::with_ledger);
    if let Some(key) = decided.local {
        state = state.local_approver(key);
    }
    let recall = recall(decided);
    let effects = kept.effects(&request, &state);
    let mut mark = known_mark(&state);
    let mark_before = mark.clone();
    if decided.decision == Outcome::Allow {
        mark.join(&effects.raise);
    }
    let verdict = kept.decide(&request, &recall, state, at)?;
    let again = words(verdict.as_str(), verdict.code(), block(&verdict));
    let recorded = words(decided.decision.as_str(), decided.code, decided.block);
    if again != recorded {
        let for_want_of_room = matches!(
            decided.code,
            Some(Code::StateFull | Code::StatePendingFull | Code::ParseTooLarge | Code::ParseLimit)
        );
        // A guard adds denials of its own, and takes none away.
        let denied_again = matches!(verdict, Verdict::Deny(_));
        if decided.decision == Outcome::Deny && for_want_of_room && !denied_again {
            return Ok(Replayed::Undecidable(Why::Guard));
        }
        return Ok(Replayed::Different { recorded, again });
    }
    let charges = if decided.decision == Outcome::Allow { effects.charges.as_slice() } else { &[] };
    if charges != decided.charges {
        let count = |charges: &[wane::Charge]| format!("{recorded}, {} charges", charges.len());
        return Ok(Replayed::Different { recorded: count(&decided.charges), again: count(charges) });
    }
    if (&mark_before, &mark) != (&decided.mark_before, &decided.mark_after) {
        let marks = |before, after| format!("{recorded}, mark {before} then {after}");
        return Ok(Replayed::Different {
            recorded: marks(&decided.mark_before, &decided.mark_after),
            again: marks(&mark_before, &mark),
        });
    }
    Ok(Replayed::Same { given: decided.conditions.len() })
}

/// What the record says of the chain beside its ids, where the chain says otherwise.
fn misnamed(decided: &Decided, kept: &Remembered) -> Option<Replayed> {
    let blocks = kept.chain().blocks().iter().take(decided.blocks.len());
    let agents: Vec<Option<String>> = blocks.clone().map(|block| block.claims().subject().map(str::to_owned)).collect();
    let root = blocks.into_iter().next().and_then(|block| block.claims().hint()).map(crate::secret::Hint::from);
    let told = |agents: &[Option<String>], root: Option<crate::secret::Hint>| {
        let names: Vec<&str> = agents.iter().map(|name| name.as_deref().unwrap_or("-")).collect();
        format!("{} under {}", names.join(" > "), root.map(|hint| hint.to_string()).unwrap_or_default())
    };
    let same = agents == decided.agents && root == Some(decided.root);
    (!same).then(|| Replayed::Different {
        recorded: told(&decided.agents, Some(decided.root)),
        again: told(&agents, root),
    })
}

/// A recorded decision made again, to be shown: the chain with what it grants, and the verdict with both sides of the
/// comparison that failed, where they do not depend on what the record keeps to itself. `None` where the record was shortened
/// or a block of its chain is not kept. Whether it is the recorded one, [`replay`] says.
///
/// ```
/// use wane::{BlockId, Roots, SecretKey};
/// use wane_audit::{Decided, Hint, Outcome, retell};
/// let roots = Roots::single(SecretKey::from_seed([1; 32]).public_key());
/// let seal = BlockId::from_bytes([2; 32]);
/// let decided = Decided::new(Hint::from_bytes([1; 8]), seal, "files".parse()?, Outcome::Deny).shorten();
/// assert!(retell(&decided, 1_000, |_| None, &roots)?.is_none());
/// # Ok::<(), wane::Refusal>(())
/// ```
///
/// # Errors
/// As [`replay`].
pub fn retell(
    decided: &Decided,
    at: u64,
    mut envelope: impl FnMut(wane::BlockId) -> Option<Vec<u8>>,
    roots: &Roots,
) -> Result<Option<(Remembered, Verdict)>, Refusal> {
    let envelopes = decided.blocks.iter().map(|id| envelope(*id)).collect::<Option<Vec<_>>>();
    let Some(envelopes) = envelopes.filter(|_| !decided.shortened) else { return Ok(None) };
    let kept = Remembered::new(&envelopes, decided.seal, &decided.seal_claims, decided.for_request, roots)?;
    let mut state = decided.state.clone().map_or_else(LiveState::without_ledger, LiveState::with_ledger);
    if let Some(key) = decided.local {
        state = state.local_approver(key);
    }
    let verdict = kept.decide(&request(decided)?, &recall(decided), state, at)?;
    Ok(Some((kept, verdict)))
}

/// What the ledger knew was read under the chain.
fn known_mark(state: &LiveState) -> Mark {
    let mut mark = Mark::default();
    if let Some(ledger) = state.ledger() {
        let first = ledger.first.as_ref().map(|first| &first.state);
        ledger.blocks.iter().chain(first).for_each(|block| mark.join(&block.mark));
    }
    mark
}

fn request(decided: &Decided) -> Result<Request, Refusal> {
    let parts: Vec<&str> = decided.call.iter().map(String::as_str).collect();
    let call = Call::from_parts(&parts)?;
    let request = Request::new(decided.aud.clone(), call, decided.actions.clone(), decided.level)?;
    let request = decided.labels.iter().cloned().fold(request, Request::label);
    let costs = decided.costs.iter();
    let request = costs.fold(request, |request, (name, cost)| request.cost(name.clone(), *cost));
    // An ask of the enforcement point's own stands in no block.
    let request = decided.asks.iter().cloned().try_fold(request, Request::asking)?;
    Ok(if decided.wants_request_seal { request.require_request_seal() } else { request })
}

fn recall(decided: &Decided) -> Recall {
    let approvals = decided.approvals.iter().map(|seen| RecalledApproval {
        id: seen.id,
        approver: seen.key,
        issued_at: seen.iat,
        expires_at: seen.exp,
        unfit: seen.code,
    });
    Recall { seal: decided.seal_code, heard: decided.conditions.clone(), approvals: approvals.collect() }
}

const fn block(verdict: &Verdict) -> Option<usize> {
    match verdict {
        Verdict::Allow(_) => None,
        Verdict::Ask(refusal) | Verdict::Deny(refusal) => refusal.block(),
    }
}

fn words(word: &str, code: Option<Code>, block: Option<usize>) -> String {
    let code = code.map(|code| format!(" {code}")).unwrap_or_default();
    let block = block.map(|block| format!(" in block {block}")).unwrap_or_default();
    format!("{word}{code}{block}")
}
