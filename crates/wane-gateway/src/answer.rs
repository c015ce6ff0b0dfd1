//! The messages that the gateway writes itself.

use serde::Serialize;
use serde_json::{Value, json};
use wane::{BlockId, Code, Family, Mark, Name, Refusal, Request, Retry};

use crate::approvals::Consent;
use crate::message::Id;

/// Members of `_meta`, all of them ours.
pub(crate) const OURS: &str = "dev.wane/";
pub(crate) const TOKEN: &str = "dev.wane/token";
pub(crate) const DENIED: &str = "dev.wane/denied";
pub(crate) const MARK: &str = "dev.wane/mark";

/// Where an error of JSON-RPC comes from; none of the numbers lies in a range that JSON-RPC or MCP keeps for itself.
// spec: G8
fn number(code: Code) -> i32 {
    match (code, code.family()) {
        (Code::DenyMethod, _) => 1405,
        (_, Family::Deny) => 1403,
        (_, Family::State) => 1503,
        (_, Family::Parse | Family::Chain | Family::Use) => 1400,
    }
}

/// Which era a request belongs to: the newer one wants the type of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2025-11-25 and before: a connection begins with `initialize`.
    Handshake,
    /// 2026-07-28: each request says which version it speaks.
    Stateless,
}

/// A refusal, and the digest of the request where an approval is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Denial {
    pub(crate) refusal: Refusal,
    pub(crate) request: Option<Box<str>>,
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, request: None }
    }
}

impl Denial {
    /// Something needs approval.
    pub(crate) fn asking(ask: &wane::Ask) -> Self {
        let request = BlockId::from_bytes(*ask.request_digest()).to_string().into();
        Self { refusal: ask.refusal().clone(), request: Some(request) }
    }

    /// Somebody was asked to approve this request, and said no.
    pub(crate) fn declined(request: &Request, digest: &[u8; 32]) -> Self {
        let found = request.actions().first().map(ToString::to_string).unwrap_or_default();
        let refusal = Refusal::new(Code::DenyNeedsApproval, "ask", found, "an approval, and who was asked said no");
        Self { refusal, request: Some(BlockId::from_bytes(*digest).to_string().into()) }
    }

    /// What programs read.
    pub(crate) fn data(&self) -> Value {
        let refusal = &self.refusal;
        let mut data = json!({
            "code": refusal.code().as_str(),
            "retry": refusal.retry().as_str(),
            "message": refusal.to_string(),
        });
        if let (Some(request), Some(members)) = (&self.request, data.as_object_mut()) {
            members.insert("request".into(), (&**request).into());
        }
        data
    }

    /// One sentence for a model, and what it can do.
    fn sentence(&self) -> String {
        let refusal = &self.refusal;
        let advice = match (refusal.retry(), self.request.as_deref()) {
            (Retry::Never, _) => "It stays denied: do not try it again.".to_owned(),
            (Retry::Renew, _) => "It may be tried again with what is newer.".to_owned(),
            (Retry::Approve, Some(request)) => {
                let start = request.get(..16).unwrap_or(request);
                format!("Someone has to approve the request {start}; then make the same call again, unchanged.")
            }
            (Retry::Approve, None) => "Someone has to approve it again.".to_owned(),
        };
        format!("Denied by wane, {}: {refusal}. {advice}", refusal.code())
    }

    /// The result of a tool that was not called: clients show it to the model.
    // spec: G7
    pub(crate) fn tool_result(&self, id: Id<'_>, era: Era) -> String {
        let mut result = json!({
            "content": [{ "type": "text", "text": self.sentence() }],
            "isError": true,
            "_meta": { DENIED: self.data() },
        });
        if let (Era::Stateless, Some(members)) = (era, result.as_object_mut()) {
            members.insert("resultType".into(), "complete".into());
        }
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
    }

    /// Whether it is the token or the message that is broken, which no model can do anything about.
    pub(crate) fn is_fault(&self) -> bool {
        matches!(self.refusal.code().family(), Family::Parse | Family::Chain | Family::Use)
    }

    /// The error that answers a request.
    pub(crate) fn error(&self, id: impl std::fmt::Display) -> String {
        error(id, self.whole())
    }

    /// The same where it cannot be told which request it answers.
    pub(crate) fn error_to_nobody(&self) -> String {
        error_to_nobody(self.whole())
    }

    fn whole(&self) -> Value {
        let number = number(self.refusal.code());
        json!({ "code": number, "message": self.refusal.to_string(), "data": { DENIED: self.data() } })
    }
}

/// A mark as results carry it.
#[derive(Serialize)]
pub(crate) struct MarkJson<'a> {
    labels: Vec<&'a str>,
    level: &'static str,
}

impl<'a> From<&'a Mark> for MarkJson<'a> {
    fn from(mark: &'a Mark) -> Self {
        Self { labels: mark.labels().map(Name::as_str).collect(), level: mark.level().as_str() }
    }
}

/// A request, with parameters as they are written.
pub(crate) fn request(id: impl std::fmt::Display, method: &str, params: impl std::fmt::Display) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

/// A result, as it is written.
pub(crate) fn result(id: impl std::fmt::Display, result: impl std::fmt::Display) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
}

/// A notification, with parameters as they are written.
pub(crate) fn notification(method: &str, params: impl std::fmt::Display) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#)
}

/// An error, as it is written.
pub(crate) fn error(id: impl std::fmt::Display, error: impl std::fmt::Display) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)
}

/// An error that answers no request that is known, as JSON-RPC has it.
pub(crate) fn error_to_nobody(error: impl std::fmt::Display) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":null,"error":{error}}}"#)
}

/// The number of an error where the server did not answer.
pub(crate) const UNANSWERED: &str = "1502";

/// What a client is told whose request the server did not answer.
pub(crate) fn unanswered(id: impl std::fmt::Display, why: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{UNANSWERED},"message":"the tool server {why}"}}}}"#)
}

/// What a person is asked: one box to tick, behind the words.
fn form(words: &str) -> Value {
    json!({
        "message": words,
        "requestedSchema": {
            "type": "object",
            "properties": {
                APPROVE: { "type": "boolean", "title": "Approve exactly this request, once", "default": false },
            },
            "required": [APPROVE],
        },
    })
}

/// The member of an answer that says yes.
const APPROVE: &str = "approve";

/// A question to the user of a client that waits for answers.
pub(crate) fn elicitation(id: &str, words: &str) -> String {
    request(id, "elicitation/create", form(words))
}

/// The same for a client of the newer era: its request is answered with the question, and it makes the request again with the answer.
pub(crate) fn input_required(id: Id<'_>, state: &str, words: &str) -> String {
    let asked = json!({ "method": "elicitation/create", "params": form(words) });
    result(id, json!({ "resultType": "input_required", "inputRequests": { QUESTION: asked }, "requestState": state }))
}

/// The name of the question in such an answer.
pub(crate) const QUESTION: &str = "dev.wane/approve";

/// Whether a user has said yes: it was accepted, with the one box ticked, and nothing else.
// spec: G24
pub(crate) fn consent(answer: &str) -> Consent {
    let accepted = || {
        let answer: Value = serde_json::from_str(answer).ok()?;
        let content = answer.get("content")?.as_object()?;
        (answer.get("action")? == "accept" && content.len() == 1 && content.get(APPROVE)? == true).then_some(())
    };
    if accepted().is_some() { Consent::Yes } else { Consent::No }
}

/// A question is asked no longer.
pub(crate) fn taken_back(id: &str) -> String {
    notification("notifications/cancelled", format_args!(r#"{{"requestId":{id}}}"#))
}

/// What a server is told whose request does not reach the client, which has answered none of so many.
pub(crate) fn unheard(id: impl std::fmt::Display) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{UNANSWERED},"message":"the client has not answered"}}}}"#)
}

/// The news that the list of tools is another.
pub(crate) const LIST_CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_one_of_the_protocols() {
        for code in Code::ALL {
            assert!(!(-32768..=-32000).contains(&number(*code)), "{code}");
        }
    }

    #[test]
    fn only_a_clear_yes_is_one() {
        assert_eq!(consent(r#"{"action":"accept","content":{"approve":true}}"#), Consent::Yes);
        assert_eq!(consent(r#"{"_meta":{},"content":{"approve":true},"action":"accept"}"#), Consent::Yes);
        for no in [
            r#"{"action":"decline"}"#,
            r#"{"action":"cancel","content":{"approve":true}}"#,
            r#"{"action":"decline","content":{"approve":true}}"#,
            r#"{"action":"accept","content":{"approve":false}}"#,
            r#"{"action":"accept","content":{"approve":"true"}}"#,
            r#"{"action":"accept","content":{"approve":1}}"#,
            r#"{"action":"accept","content":{"approve":true,"other":true}}"#,
            r#"{"action":"accept","content":{"Approve":true}}"#,
            r#"{"action":"accept","content":[true]}"#,
            r#"{"action":"accept","content":{}}"#,
            r#"{"action":"accept"}"#,
            r#"{"action":"Accept","content":{"approve":true}}"#,
            r#"{"content":{"approve":true}}"#,
            r#"{"approve":true}"#,
            "true",
            "null",
            "",
        ] {
            assert_eq!(consent(no), Consent::No, "{no}");
        }
    }

    #[test]
    fn each_family_has_its_number() {
        for (code, expected) in [
            (Code::ParseMessage, 1400),
            (Code::ChainUnsealed, 1400),
            (Code::UseActions, 1400),
            (Code::DenyScope, 1403),
            (Code::DenyMethod, 1405),
            (Code::StateUnreachable, 1503),
        ] {
            assert_eq!(number(code), expected, "{code}");
        }
    }

    #[test]
    fn both_eras_understand_a_denial() {
        let denial = Denial::from(Refusal::new(Code::DenyUnlisted, "call", "the tool \"x\"", ""));
        let message = crate::Message::read(br#"{"jsonrpc":"2.0","id":"a","method":"tools/call"}"#).unwrap();
        let id = message.id().unwrap();
        let older: Value = serde_json::from_str(&denial.tool_result(id, Era::Handshake)).unwrap();
        let newer: Value = serde_json::from_str(&denial.tool_result(id, Era::Stateless)).unwrap();
        assert_eq!(older["result"]["resultType"], Value::Null);
        assert_eq!(newer["result"]["resultType"], "complete");
        assert_eq!(newer["result"]["_meta"][DENIED]["code"], "deny-unlisted");
        assert_eq!((&newer["id"], &newer["result"]["isError"]), (&json!("a"), &json!(true)));
        let error: Value = serde_json::from_str(&denial.error(id)).unwrap();
        assert_eq!(error["error"]["data"][DENIED]["retry"], "never");
    }
}
