//! What is answered: by the catalogue and the guard, and by nobody else.

use wane::{BlockId, Code, Decision, Mark, Refusal, Request, Verdict};
use wane_audit::RecordId;
use wane_ledger::Guard;
use wane_policy::{Catalogue, Demand};

use super::question::{Asked, Question};

/// Whether what follows is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Check,
    Admit,
}

/// What comes of a question.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Allowed, and committed where that was asked for.
    Allowed(Allowed),
    /// Denied, or waiting for approval.
    Refused(Denial),
}

/// What is told of something allowed.
#[derive(Debug)]
pub(super) struct Allowed {
    pub(super) purpose: Purpose,
    pub(super) mark: Mark,
    pub(super) record: Option<RecordId>,
    pub(super) durable: bool,
}

/// Why something is not allowed; the digest of the request where it waits for approval.
#[derive(Debug)]
pub(super) struct Denial {
    pub(super) refusal: Refusal,
    pub(super) request: Option<String>,
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, request: None }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

/// What a call demands, as the catalogue says it: whoever asks cannot say it.
// spec: H3
pub(super) fn demand(catalogue: &Catalogue, server: &str, call: &Asked) -> Result<Demand, Refusal> {
    let unlisted = || Refusal::new(Code::DenyUnlisted, "server", format_args!("the server {:?}", start(server)), "");
    if !catalogue.servers().any(|name| name == server) {
        return Err(unlisted());
    }
    let server = catalogue.server(server, None)?;
    let demand = server.demand(&call.incoming())?;
    if let Asked::Tool { name, listed, .. } = call {
        // spec: H4
        server.check_pin(name, listed.as_deref())?;
    }
    Ok(demand)
}

/// Judges a question. It blocks until what follows is committed.
pub(super) fn judge(catalogue: &Catalogue, guard: &Guard, purpose: Purpose, question: &Question, now: u64) -> Outcome {
    match demand(catalogue, &question.server, &question.call) {
        Ok(demand) => decide(guard, purpose, question, &demand.into_request(), now),
        Err(refusal) => refusal.into(),
    }
}

// spec: H17
fn decide(guard: &Guard, purpose: Purpose, question: &Question, request: &Request, now: u64) -> Outcome {
    let (token, approvals) = (&question.token, &question.approvals[..]);
    match purpose {
        // spec: H5
        Purpose::Check => {
            let checked = guard.check(token, request, approvals, now);
            match checked.verdict {
                Verdict::Allow(mark) => {
                    Outcome::Allowed(Allowed { purpose, mark, record: None, durable: checked.durable })
                }
                Verdict::Ask(refusal) | Verdict::Deny(refusal) => refusal.into(),
            }
        }
        Purpose::Admit => {
            let answer = guard.admit(token, request, approvals, now);
            match answer.decision {
                Decision::Allow(permit) => {
                    let mark = permit.mark().clone();
                    // It is used up here: what it permits is done by whoever is told so, once.
                    drop(permit.into_request());
                    Outcome::Allowed(Allowed { purpose, mark, record: answer.record, durable: answer.durable })
                }
                Decision::Ask(ask) => {
                    let request = BlockId::from_bytes(*ask.request_digest()).to_string();
                    Outcome::Refused(Denial { refusal: ask.refusal().clone(), request: Some(request) })
                }
                Decision::Deny(refusal) => refusal.into(),
            }
        }
    }
}

/// As much of a name as a message has room for.
fn start(text: &str) -> &str {
    const SHOWN: usize = 64;
    text.char_indices().nth(SHOWN).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
