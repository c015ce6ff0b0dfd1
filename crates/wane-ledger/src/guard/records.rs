//! What the log says of what a guard did.

use std::collections::BTreeMap;

use wane::{Approval, Code, Decision, Mark, Name, Refusal, Value, Verified};
use wane_audit::{
    ApprovalSeen, Closed, Decided, DenialsDropped, Event, Hash, Opened, Outcome, Record, RecordId, RecordKey,
    Unverified,
};

use super::Shared;
use super::denials::Denials;
use super::group::{Job, Weighed};
use crate::law::{self, Overlay};
use crate::store::Fault;

/// Arguments whose digests stand in a record for themselves; all of them together have one in any case.
const ARGUMENTS: usize = 64;

/// Bytes of an argument's name that a record has room for.
const NAME_BYTES: usize = 128;

/// One decision, and all that its record tells of.
pub(crate) struct Story<'a> {
    pub(crate) id: RecordId,
    pub(crate) job: &'a Job,
    pub(crate) deposited: &'a [Approval],
    pub(crate) weighed: &'a Weighed,
}

/// Whether there is room for its line whatever these few things say: at six bytes for each byte of a text, and with as many
/// names, labels and marks as the limits allow, and as many facts and costs as a catalogue can state, it stays under the limit of a record.
pub(crate) fn is_small(shared: &Shared, story: &Story<'_>) -> bool {
    let Story { job, deposited, weighed, .. } = story;
    let (request, known) = (&job.request, &weighed.known);
    let agents = job.verified().chain().blocks().iter().filter_map(|block| block.claims().subject());
    let agents: usize = agents.map(str::len).sum();
    let call: usize = request.call().parts().map(str::len).sum();
    let held = |state: &wane::BlockState| state.mark.labels().len().saturating_add(state.spent.len());
    let held: usize = known.blocks.iter().chain(known.first.as_ref().map(|first| &first.state)).map(held).sum();
    let charges = match &weighed.judged.decision {
        Decision::Allow(permit) => permit.effects().charges.len(),
        Decision::Ask(_) | Decision::Deny(_) => 0,
    };
    let approvals = job.approvals.len().saturating_add(deposited.len());
    shared.version.len() <= 64
        && agents <= 1_024
        && call <= 1_024
        && request.stated_arguments().members_cbor().len() <= 8
        && (request.facts().count() <= 66 && request.costs().count() <= 64)
        && held <= 32
        && charges <= 16
        && weighed.judged.heard.len() <= 64
        && (known.used.len() <= 4 && known.revoked_before.len() <= 1)
        && (approvals == 0 && job.misfit.is_none() && request.asks().is_empty())
}

/// The line of a decision. A denial that is too large is shortened.
///
/// # Errors
/// `parse-too-large` for anything else that is too large: nothing may follow that cannot be decided again.
pub(crate) fn decision(shared: &Shared, story: &Story<'_>) -> Result<Vec<u8>, Refusal> {
    let decided = decided(shared, story)?;
    let line = |decided: &Decided| {
        let line = decided.to_line(story.id, story.job.now, &shared.origin, shared.log);
        line.map(String::into_bytes)
    };
    match (decided.decision, line(&decided)) {
        // spec: A4
        (Outcome::Deny, Err(refusal)) if refusal.code() == Code::ParseTooLarge => line(&decided.shorten()),
        (Outcome::Allow | Outcome::Ask, line) => {
            debug_assert!(line.is_ok() || !is_small(shared, story), "what is small fits");
            line
        }
        (Outcome::Deny, line) => line,
    }
}

fn line(shared: &Shared, id: RecordId, at: u64, event: Event) -> Result<Vec<u8>, Refusal> {
    let record = Record { id, at, origin: shared.origin.clone(), log: shared.log, event };
    record.to_line().map(String::into_bytes)
}

fn decided(shared: &Shared, story: &Story<'_>) -> Result<Decided, Refusal> {
    let Story { job, weighed, .. } = story;
    let (verified, request) = (job.verified(), &job.request);
    let key = shared.log_secret.record_key(&story.id);
    let mut before = Mark::default();
    let first = weighed.known.first.as_ref().map(|first| &first.state);
    weighed.known.blocks.iter().chain(first).for_each(|block| before.join(&block.mark));
    let mut after = before.clone();
    let (outcome, refusal, charges) = match &weighed.judged.decision {
        Decision::Allow(permit) => {
            after.join(&permit.effects().raise);
            (Outcome::Allow, None, permit.effects().charges.clone())
        }
        Decision::Ask(ask) => (Outcome::Ask, Some(ask.refusal()), Vec::new()),
        Decision::Deny(refusal) => (Outcome::Deny, Some(refusal), Vec::new()),
    };
    let blocks = verified.chain().blocks();
    let (seal, chain) = blocks.split_last().ok_or_else(|| Refusal::new(Code::ChainUnsealed, "token", "", ""))?;
    let code = refusal.map(Refusal::code);
    let hint = verified.root().key().hint().into();
    Ok(Decided {
        blocks: chain.iter().map(wane::Block::id).collect(),
        seal_claims: job.account.seal_claims().to_vec(),
        for_request: verified.is_for_one_request(),
        wants_request_seal: request.demands_request_seal(),
        seal_code: code.filter(|code| *code == Code::DenyOtherRequest),
        agents: chain.iter().map(|block| block.claims().subject().map(str::to_owned)).collect(),
        call: request.call().parts().map(str::to_owned).collect(),
        actions: request.actions().to_vec(),
        level: request.mark().level(),
        labels: request.mark().labels().cloned().collect(),
        facts: facts(&key, job),
        arguments: arguments(&key, job),
        request: Some(key.digest("request", job.approvable.request_digest())),
        // spec: T156
        code,
        block: refusal.and_then(Refusal::block),
        mark_before: before,
        mark_after: after,
        state: Some(weighed.known.clone()),
        local: shared.local_approver,
        costs: request.costs().map(|(name, cost)| (name.clone(), cost)).collect(),
        asks: request.asks().to_vec(),
        charges,
        approvals: approvals(&key, story)?,
        conditions: weighed.judged.heard.clone(),
        roots: Hash::from_bytes(*verified.roots_digest()),
        version: shared.version.clone(),
        ..Decided::new(hint, seal.id(), request.audience().clone(), outcome)
    })
}

/// Facts by name, those that the holder said as `said.name`.
// spec: A8
fn facts(key: &RecordKey, job: &Job) -> BTreeMap<String, wane_audit::Keyed> {
    let stated = job.request.facts().map(|(name, value)| (["@", name.as_str()].concat(), value));
    let said = job.verified().said().iter();
    let said = said.map(|(name, value)| (["@said.", name.as_str()].concat(), value));
    let kept = |(mut field, value): (String, &Value)| {
        let digest = key.digest(&field, &value.to_cbor());
        field.remove(0);
        (field, digest)
    };
    stated.chain(said).map(kept).collect()
}

/// The outermost arguments by JSON Pointer, as far as there is room.
fn arguments(key: &RecordKey, job: &Job) -> BTreeMap<String, wane_audit::Keyed> {
    let members = job.request.stated_arguments().members_cbor();
    let short = members.filter(|(name, _)| name.len() <= NAME_BYTES).take(ARGUMENTS);
    let pointer = |name: &str| match name.contains(['~', '/']) {
        true => ["/", &name.replace('~', "~0").replace('/', "~1")].concat(),
        false => ["/", name].concat(),
    };
    let kept = |(name, value): (&str, Vec<u8>)| {
        let pointer = pointer(name);
        let digest = key.digest(&pointer, &value);
        (pointer, digest)
    };
    short.map(kept).collect()
}

fn approvals(key: &RecordKey, story: &Story<'_>) -> Result<Vec<ApprovalSeen>, Refusal> {
    let Story { job, deposited, .. } = story;
    let seen = |id, statement: &wane::UntrustedApproval, code| ApprovalSeen {
        id,
        key: *statement.approver(),
        iat: statement.issued_at(),
        exp: statement.expires_at(),
        actions: statement.actions().to_vec(),
        request: key.digest("request", statement.request_digest()),
        code,
    };
    let fits = |approval: &Approval| job.approvable.check(approval).err().map(|why| why.code());
    let good = job.approvals.iter().chain(*deposited);
    let mut all: Vec<ApprovalSeen> =
        good.map(|approval| seen(approval.id(), approval.statement(), fits(approval))).collect();
    if let (Some(misfit), Some(last)) = (&job.misfit, job.verified().last_delegate()) {
        let id = misfit.approval.id_behind(last)?;
        // Its id does not cover its signature. Beside the same statement of one that is good, it is told of only where it
        // made the decision: whoever decides again goes by the id.
        let decides = code(&story.weighed.judged.decision) == Some(misfit.refusal.code());
        if decides || all.iter().all(|seen| seen.id != id) {
            all.push(seen(id, &misfit.approval, Some(misfit.refusal.code())));
        }
    }
    Ok(all)
}

const fn code(decision: &Decision) -> Option<Code> {
    match decision {
        Decision::Allow(_) => None,
        Decision::Ask(ask) => Some(ask.refusal().code()),
        Decision::Deny(refusal) => Some(refusal.code()),
    }
}

/// What the holder said, as one JSON object.
pub(crate) fn said_json(verified: &Verified) -> String {
    let members = |(name, value): (&Name, &Value)| format!("\"{name}\":{value}");
    format!("{{{}}}", verified.said().iter().map(members).collect::<Vec<_>>().join(","))
}

/// A guard has begun to decide.
pub(crate) fn opened(shared: &Shared, now: u64) -> Result<Vec<u8>, Refusal> {
    let roots = Hash::from_bytes(*shared.roots().digest());
    let version = shared.version.clone();
    let opened = Opened { guard: shared.guard, roots, catalogue: None, version };
    line(shared, shared.record_id(), now, Event::Opened(opened))
}

/// A guard has ended, and every denial is recorded.
pub(crate) fn closed(shared: &Shared, now: u64) -> Result<Vec<u8>, Refusal> {
    let closed = Closed { guard: shared.guard };
    line(shared, shared.record_id(), now, Event::Closed(closed))
}

/// Input that did not verify, as counts: there are fewer codes than a record has room for.
pub(crate) fn unverified(
    shared: &Shared,
    counts: &BTreeMap<Code, u64>,
    from: u64,
    to: u64,
) -> Result<Vec<u8>, Refusal> {
    let count = counts.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
    let codes = counts.iter().map(|(code, count)| (code.as_str().to_owned(), *count)).collect();
    let unverified = Unverified { from, to, count, codes };
    line(shared, shared.record_id(), to, Event::Unverified(unverified))
}

/// Stages the denials that wait, with the blocks of their chains, and how many had no room.
pub(crate) fn stage_denials(shared: &Shared, denials: &Denials, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    overlay.prefetch(denials.waiting().iter().flat_map(|denial| denial.envelopes.iter()).map(|(key, _)| key))?;
    for denial in denials.waiting() {
        law::keep(&denial.envelopes, overlay)?;
        overlay.append(denial.record.clone());
    }
    if denials.dropped() > 0 {
        let now = shared.now();
        let dropped = DenialsDropped { from: denials.from(now), to: now, count: denials.dropped() };
        overlay.append(line(shared, shared.record_id(), now, Event::DenialsDropped(dropped))?);
    }
    Ok(())
}
