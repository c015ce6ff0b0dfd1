//! One case through the library, and which layer answered.

use serde_json::Value as Json;
use wane::{
    Arguments, Decision, PublicKey, Refusal, Request, Roots, Scope, SealedToken, UntrustedApproval, UntrustedToken,
    Verified, decide, verify,
};

use super::file::{Payload, Vector};
use super::stated::{self, Trouble};

/// What a case is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) layer: &'static str,
    pub(super) code: Option<String>,
    pub(super) block: Option<usize>,
}

impl Answer {
    const OK: Self = Self { layer: "ok", code: None, block: None };

    fn refused(layer: &'static str, refusal: &Refusal) -> Self {
        Self { layer, code: Some(refusal.code().as_str().to_owned()), block: refusal.block() }
    }
}

/// The answer, or what is wrong with the file.
pub(super) fn judge(vector: &Vector) -> Result<Answer, String> {
    let payload = vector.payload.as_str();
    let read = match vector.kind {
        Payload::Sealed => return sealed(vector, payload),
        Payload::Token => return Ok(held(payload)),
        Payload::Key => payload.parse::<PublicKey>().map(drop),
        Payload::Approval => UntrustedApproval::parse(payload).map(drop),
        Payload::Scope => payload.parse::<Scope>().map(drop),
        Payload::Arguments => Arguments::from_json(payload.as_bytes()).map(drop),
    };
    Ok(read.map_or_else(|refusal| Answer::refused("parse-error", &refusal), |()| Answer::OK))
}

/// As its holder reads it: form, replay without signatures, secret.
fn held(payload: &str) -> Answer {
    let token = match UntrustedToken::parse(payload) {
        Ok(token) => token,
        Err(refusal) => return Answer::refused("parse-error", &refusal),
    };
    if let Err(refusal) = token.chain().grants() {
        return Answer::refused("chain-error", &refusal);
    }
    // A seal has no holder: what refuses it here is its prefix.
    let layer = if token.is_sealed() { "parse-error" } else { "chain-error" };
    token.into_token().map_or_else(|refusal| Answer::refused(layer, &refusal), |_| Answer::OK)
}

fn sealed(vector: &Vector, payload: &str) -> Result<Answer, String> {
    let roots = match Roots::from_toml(vector.roots.as_deref().unwrap_or_default()) {
        Ok(roots) => roots,
        Err(refusal) => return Ok(Answer::refused("parse-error", &refusal)),
    };
    let asked = match &vector.request {
        None => None,
        Some(request) => match stated::request(request, vector.arguments.as_deref()) {
            Ok((request, approvals)) => Some((request, approvals)),
            Err(Trouble::Header(reason)) => return Err(reason),
            Err(Trouble::Refused(refusal)) => {
                let misuse = refusal.code().as_str().starts_with("use-");
                return Ok(Answer::refused(if misuse { "misuse" } else { "parse-error" }, &refusal));
            }
        },
    };
    // Read now, as the documentation says; how long the chain is, and so what is not known of it, follows.
    match stated::state(vector.state.as_ref(), wane::limits::BLOCKS) {
        Ok(_) => {}
        Err(Trouble::Header(reason)) => return Err(reason),
        Err(Trouble::Refused(refusal)) => return Ok(Answer::refused("parse-error", &refusal)),
    }
    let mut approvals = Vec::new();
    for text in asked.iter().flat_map(|(_, approvals)| approvals) {
        match UntrustedApproval::parse(text) {
            Ok(approval) => approvals.push(approval),
            Err(refusal) => return Ok(Answer::refused("parse-error", &refusal)),
        }
    }
    let request = asked.map(|(request, _)| request);
    present(payload, &roots, request.as_ref(), &approvals, vector.state.as_ref(), vector.now.unwrap_or_default())
}

/// A sealed token before a verifier that was asked this.
pub(super) fn present(
    payload: &str,
    roots: &Roots,
    request: Option<&Request>,
    approvals: &[UntrustedApproval],
    state: Option<&Json>,
    now: u64,
) -> Result<Answer, String> {
    let whole = SealedToken::parse(payload);
    let token = match UntrustedToken::parse(payload) {
        Ok(token) => token,
        Err(refusal) => return same(&whole, Answer::refused("parse-error", &refusal)),
    };
    let token = match token.into_sealed() {
        Ok(token) => token,
        Err(refusal) => return same(&whole, Answer::refused("chain-error", &refusal)),
    };
    let verified = match verify(&token, roots) {
        Ok(verified) => verified,
        Err(refusal) => return Ok(Answer::refused("chain-error", &refusal)),
    };
    match request {
        Some(request) => decided(&verified, request, approvals, state, now),
        None => Ok(Answer::OK),
    }
}

/// Readers of sealed tokens and of either kind are one algorithm.
fn same(whole: &Result<SealedToken, Refusal>, answer: Answer) -> Result<Answer, String> {
    match whole {
        Err(refusal) if Answer::refused(answer.layer, refusal) == answer => Ok(answer),
        other => Err(format!("{other:?} and {answer:?} are answered to one text")),
    }
}

fn decided(
    verified: &Verified,
    request: &Request,
    approvals: &[UntrustedApproval],
    state: Option<&Json>,
    now: u64,
) -> Result<Answer, String> {
    let mut state = match stated::state(state, verified.chain().blocks().len()) {
        Ok(state) => state,
        Err(Trouble::Header(reason)) => return Err(reason),
        Err(Trouble::Refused(refusal)) => return Err(refusal.to_string()),
    };
    let last = verified.last_delegate().ok_or("a chain without a root block")?;
    // As a guard does: an approval that was not signed for the chain is refused in its turn, and only where one counts.
    let mut misfit = None;
    for approval in approvals {
        match approval.verify(last) {
            Ok(approval) => state = state.approved_by(approval),
            Err(refusal) => {
                misfit = Some(refusal).filter(|_| state.ledger().is_some());
                break;
            }
        }
    }
    Ok(match (decide(verified, request, &state, now), misfit) {
        (Decision::Allow(_) | Decision::Ask(_), Some(misfit)) => Answer::refused("denied", &misfit),
        (decision, _) => answered(decision),
    })
}

fn answered(decision: Decision) -> Answer {
    match decision {
        Decision::Allow(_) => Answer::OK,
        Decision::Ask(ask) => Answer::refused("needs-approval", ask.refusal()),
        Decision::Deny(refusal) => Answer::refused("denied", &refusal),
    }
}
