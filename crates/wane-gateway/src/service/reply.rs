//! How outcomes are said in HTTP.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use wane::{Code, Family, Refusal};
use wane_audit::RecordId;

use super::judge::{Allowed, Denial, Outcome, Purpose};
use crate::answer::MarkJson;

/// The type of every refusal.
pub(super) const PROBLEM: &str = "application/problem+json";
pub(super) const JSON: &str = "application/json";
/// Where each code is described; a problem's `type` points there.
pub(super) const CODES: &str = "/v1/codes/";

/// Members that each allowance has; `record` stands beside them where something was committed.
pub(super) const ALLOWANCE: [&str; 4] = ["verdict", "committed", "mark", "durable"];
/// Members that each problem has; `request` and `hint` stand beside them where there is one.
pub(super) const REFUSAL: [&str; 8] = ["type", "title", "status", "detail", "verdict", "code", "retry", "committed"];

/// Members of what a code means.
pub(super) const CODE: [&str; 6] = ["code", "title", "message", "hint", "retry", "status"];

/// The status of a refusal. Only an allow is 200, so that whoever looks at nothing else is safe.
// spec: H6
pub(super) fn status(code: Code) -> StatusCode {
    match code {
        Code::DenyNoToken => return StatusCode::UNAUTHORIZED,
        Code::ParseTooLarge => return StatusCode::PAYLOAD_TOO_LARGE,
        Code::DenyMethod => return StatusCode::METHOD_NOT_ALLOWED,
        _ => {}
    }
    match code.family() {
        Family::Chain => StatusCode::UNAUTHORIZED,
        Family::Deny => StatusCode::FORBIDDEN,
        Family::Parse | Family::Use => StatusCode::BAD_REQUEST,
        // What the ledger knows against this token is an answer; a holder must not be able to make the service look broken.
        // spec: H7
        Family::State if code.is_about_the_chain() => StatusCode::FORBIDDEN,
        Family::State => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The word for a refusal: what may be approved is asked for, all else is denied.
pub(super) fn verdict(refusal: &Refusal) -> &'static str {
    if refusal.code() == Code::DenyNeedsApproval { "ask" } else { "deny" }
}

fn title(code: Code) -> &'static str {
    match (code, code.family()) {
        (Code::DenyNeedsApproval, _) => "an approval is needed",
        (_, Family::Parse) => "the request cannot be read",
        (_, Family::Chain) => "the token is not genuine",
        (_, Family::Deny) => "the request is denied",
        (_, Family::State) => "the ledger says no, or cannot be asked",
        (_, Family::Use) => "the request is not one that can be decided",
    }
}

/// The whole answer to a question.
pub(super) fn outcome(outcome: &Outcome) -> Response {
    match outcome {
        Outcome::Allowed(allowed) => json_of(StatusCode::OK, JSON, &allowance(allowed)),
        Outcome::Refused(denial) => refused(denial),
    }
}

/// What is said of an allowance, in the order of its members.
#[derive(Serialize)]
struct Allowance<'a> {
    committed: bool,
    durable: bool,
    mark: MarkJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<RecordId>,
    verdict: &'static str,
}

fn allowance(allowed: &Allowed) -> Allowance<'_> {
    Allowance {
        committed: allowed.purpose == Purpose::Admit,
        durable: allowed.durable,
        mark: (&allowed.mark).into(),
        record: allowed.record,
        verdict: "allow",
    }
}

/// A problem (RFC 9457) with the status that belongs to its code.
pub(super) fn refused(denial: &Denial) -> Response {
    refused_as(status(denial.refusal.code()), denial)
}

/// A problem with another status.
pub(super) fn refused_as(status: StatusCode, denial: &Denial) -> Response {
    json_of(status, PROBLEM, &problem(status, denial))
}

fn problem(status: StatusCode, denial: &Denial) -> Value {
    let refusal = &denial.refusal;
    let code = refusal.code();
    let mut said = json!({
        "type": format!("{CODES}{code}"),
        "title": title(code),
        "status": status.as_u16(),
        "detail": refusal.to_string(),
        "verdict": verdict(refusal),
        "code": code.as_str(),
        "retry": refusal.retry().as_str(),
        // Where the outcome of a commit is unknown, nobody can say.
        "committed": (code != Code::StateOutcomeUnknown).then_some(false),
    });
    if let Some(members) = said.as_object_mut() {
        if let Some(request) = &denial.request {
            members.insert("request".into(), request.as_str().into());
        }
        if let Some(hint) = hint(refusal) {
            members.insert("hint".into(), hint.into());
        }
    }
    said
}

/// What could be done about it, here.
fn hint(refusal: &Refusal) -> Option<&'static str> {
    match refusal.code() {
        Code::DenyNoToken => {
            Some("a sealed token is the member `token`, or stands behind `Authorization: Bearer` where Envoy asks")
        }
        _ => refusal.hint(),
    }
}

/// A code as `/v1/codes/` describes it.
pub(super) fn code(code: Code) -> Value {
    json!({
        "code": code.as_str(),
        "title": title(code),
        "message": code.message(),
        "hint": code.hint(),
        "retry": code.retry().as_str(),
        "status": status(code).as_u16(),
    })
}

/// JSON as an answer that nobody keeps: the same question may be answered otherwise the next moment.
pub(super) fn json_of(status: StatusCode, content_type: &'static str, value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(said) => text(status, content_type, said),
        // An answer without words is no allowance.
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, content_type, String::new()),
    }
}

/// The same for any text.
pub(super) fn text(status: StatusCode, content_type: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_refusal_looks_like_an_allow() {
        for code in Code::ALL {
            assert!(!status(*code).is_success() && !status(*code).is_redirection(), "{code}");
        }
        for (code, expected) in [
            (Code::DenyScope, 403),
            (Code::DenyNeedsApproval, 403),
            (Code::DenyNoToken, 401),
            (Code::ChainSignature, 401),
            (Code::ParseJson, 400),
            (Code::ParseTooLarge, 413),
            (Code::UseActions, 400),
            (Code::StateRevoked, 403),
            (Code::StateUsed, 403),
            (Code::StateUnreachable, 503),
            (Code::StateOutcomeUnknown, 503),
            (Code::StateRolledBack, 503),
            (Code::StateLocked, 503),
        ] {
            assert_eq!(status(code).as_u16(), expected, "{code}");
        }
    }
}
