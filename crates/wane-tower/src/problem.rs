//! Refusals as HTTP answers: problem details, RFC 9457.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Extensions, HeaderMap, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use wane::{Ask, BlockId, Code, Family, Refusal};

/// A refusal as an HTTP answer: a status by the family of its code, and a body of `application/problem+json` with the members
/// `type`, `title`, `status`, `detail`, `code`, `retry` and, where an approval is waited for, `request`, the digest that approvers
/// name. What troubles the ledger itself is not told to clients: `detail` is the title then. The [`Code`] and the whole [`Refusal`]
/// stand in the answer's extensions, for layers outside that count and log.
///
/// ```
/// use wane::{Code, Refusal};
/// use wane_tower::Problem;
/// let problem = Problem::from(Refusal::new(Code::DenyScope, "scopes", "write:notes", "`read:*`"));
/// assert_eq!(problem.status(), 403);
/// assert_eq!(problem.refusal().code(), Code::DenyScope);
/// assert_eq!(problem.to_json()["detail"], "`write:notes` is not within `read:*`");
/// assert_eq!(problem.to_json()["retry"], "never");
///
/// let problem = Problem::from(Refusal::new(Code::StateFull, "ledger", "/var/lib/ledger: no space is left", ""));
/// assert_eq!(problem.to_json()["detail"], "the ledger cannot admit the request");
/// let answer = axum::response::IntoResponse::into_response(problem);
/// assert!(answer.extensions().get::<Refusal>().unwrap().found().starts_with("/var"));
/// ```
#[derive(Clone, Debug)]
pub struct Problem {
    refusal: Refusal,
    request: Option<Box<str>>,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, request: None }
    }
}

impl Problem {
    /// Something needs approval.
    pub(crate) fn asking(ask: &Ask) -> Self {
        let request = BlockId::from_bytes(*ask.request_digest()).to_string().into();
        Self { refusal: ask.refusal().clone(), request: Some(request) }
    }

    /// Why.
    #[must_use]
    pub const fn refusal(&self) -> &Refusal {
        &self.refusal
    }

    /// The status of the answer.
    // spec: W8
    #[must_use]
    pub fn status(&self) -> StatusCode {
        let code = self.refusal.code();
        match (code, code.family()) {
            (Code::DenyNoToken, _) | (_, Family::Chain) => StatusCode::UNAUTHORIZED,
            (_, Family::Deny) => StatusCode::FORBIDDEN,
            (Code::UsePermit, _) => StatusCode::INTERNAL_SERVER_ERROR,
            (_, Family::Parse | Family::Use) => StatusCode::BAD_REQUEST,
            (_, Family::State) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The body of the answer.
    // spec: W9
    #[must_use]
    pub fn to_json(&self) -> Value {
        let code = self.refusal.code();
        let mut json = json!({
            "type": format!("{TYPES}{code}"),
            "title": title(code),
            "status": self.status().as_u16(),
            "detail": self.detail(),
            "code": code.as_str(),
            "retry": self.refusal.retry().as_str(),
        });
        if let (Some(request), Some(members)) = (&self.request, json.as_object_mut()) {
            members.insert("request".into(), (&**request).into());
        }
        json
    }

    /// What troubles a ledger may name its path, or its server.
    // spec: W16
    fn detail(&self) -> String {
        match self.refusal.code() {
            code if code.family() == Family::State && !code.is_about_the_chain() => title(code).to_owned(),
            _ => self.refusal.to_string(),
        }
    }

    pub(crate) fn into_full(self) -> http::Response<Full<Bytes>> {
        let (status, code) = (self.status(), self.refusal.code());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110 wants it of every 401, RFC 6750 says how: no error where there was no token.
            let challenge = if code == Code::DenyNoToken { "Bearer" } else { r#"Bearer error="invalid_token""# };
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        let mut extensions = Extensions::new();
        extensions.insert(code);
        extensions.insert(self.refusal.clone());
        let mut response = http::Response::new(Full::from(self.to_json().to_string()));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        *response.extensions_mut() = extensions;
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.into_full().map(axum::body::Body::new)
    }
}

/// What the type of a problem begins with; its code follows.
const TYPES: &str = "tag:wane.dev,2026:";

/// The same for every refusal of one type.
const fn title(code: Code) -> &'static str {
    match (code, code.family()) {
        (Code::DenyNeedsApproval, _) => "the request needs approval",
        (Code::UsePermit, _) => "the tool server misuses its permit",
        (_, Family::Chain) => "the token is not accepted",
        (_, Family::Deny) => "the request is denied",
        (_, Family::Parse) => "the request cannot be read",
        (_, Family::State) => "the ledger cannot admit the request",
        (_, Family::Use) => "the request cannot be put to a decision",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status_that_no_client_takes_for_success() {
        for code in Code::ALL {
            let problem = Problem::from(Refusal::new(*code, "field", "a", "b"));
            let status = problem.status().as_u16();
            let expected = match (code.as_str(), code.as_str().split('-').next().unwrap()) {
                ("deny-no-token", _) | (_, "chain") => 401,
                ("use-permit", _) => 500,
                (_, "deny") => 403,
                (_, "parse" | "use") => 400,
                (_, "state") => 503,
                other => panic!("{other:?}"),
            };
            assert_eq!(status, expected, "{code}");
            let response = problem.clone().into_full();
            assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), status == 401, "{code}");
            assert_eq!(response.extensions().get::<Code>(), Some(code));
            let json = problem.to_json();
            assert_eq!((&json["status"], &json["code"]), (&json!(expected), &json!(code.as_str())));
            assert_eq!(json["type"], format!("tag:wane.dev,2026:{code}"));
            assert_eq!(json.as_object().unwrap().len(), 6, "{json}");
        }
    }

    #[test]
    fn what_troubles_the_ledger_is_told_to_no_client() {
        // What the guard finds in the ledger about what it was shown; whatever else comes to be is held back.
        let told = "no-ledger other-ledger volatile revoked session-too-old collected unknown-session continues used \
                    approval-used pending-full";
        let told: Vec<_> = told.split(' ').map(|code| format!("state-{code}")).collect();
        for code in Code::ALL {
            let refusal = Refusal::new(*code, "ledger", "/var/lib/ledger", "/var/lib/ledger");
            let problem = Problem::from(refusal.clone());
            let is_told = code.family() != Family::State || told.contains(&code.to_string());
            let json = problem.to_json();
            assert_eq!(json["detail"] == refusal.to_string(), is_told, "{json}");
            assert!(is_told || !json.to_string().contains("/var"), "{json}");
            let response = problem.into_full();
            assert_eq!(response.extensions().get::<Refusal>().map(ToString::to_string), Some(refusal.to_string()));
        }
    }
}
