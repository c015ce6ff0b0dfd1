//! From a body of `/v1/check` and `/v1/admit` to what is asked.

use base64ct::{Base64, Encoding as _};
use wane::{Arguments, Code, Refusal, SealedToken, UntrustedApproval, limits};
use wane_policy::{Incoming, ToolDigest};

use crate::object::{Object, elements};
use crate::strict;
use crate::tokens::Tokens;

/// Members and elements of a JSON text that is judged. Each takes about a hundred bytes, and 256 questions may be judged at once.
const VALUES: usize = 1 << 15;

/// Members of the body.
pub(super) const MEMBERS: [&str; 7] = ["token", "server", "tool", "prompt", "resource", "http", "approvals"];
/// What a call is of: exactly one of them stands in a body.
pub(super) const CALLS: [&str; 4] = ["tool", "prompt", "resource", "http"];
/// Members of `tool`.
pub(super) const TOOL: [&str; 3] = ["name", "arguments", "listed"];
/// Members of `prompt`.
pub(super) const PROMPT: [&str; 2] = ["name", "arguments"];
/// Members of `resource`.
pub(super) const RESOURCE: [&str; 1] = ["uri"];
/// Members of `http`.
pub(super) const HTTP: [&str; 4] = ["method", "target", "content_type", "body"];

/// What is asked about: by which token, of which server.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) token: SealedToken,
    pub(super) server: String,
    pub(super) call: Asked,
    pub(super) approvals: Vec<UntrustedApproval>,
}

/// The call that the one who asks has received.
#[derive(Debug)]
pub(super) enum Asked {
    /// A tool, and its object as the server lists it now, where that was told.
    Tool { name: String, arguments: Arguments, listed: Option<Vec<u8>> },
    /// A prompt.
    Prompt { name: String, arguments: Arguments },
    /// A resource.
    Resource { uri: String },
    /// An HTTP request.
    Http { method: String, target: String, content_type: Option<String>, body: Vec<u8> },
}

impl Asked {
    /// As a catalogue is asked.
    pub(super) fn incoming(&self) -> Incoming<'_> {
        match self {
            Self::Tool { name, arguments, .. } => Incoming::Tool { name, arguments },
            Self::Prompt { name, arguments } => Incoming::Prompt { name, arguments },
            Self::Resource { uri } => Incoming::Resource { uri },
            Self::Http { method, target, content_type, body } => {
                Incoming::Http { method, target, content_type: content_type.as_deref(), body }
            }
        }
    }
}

impl Question {
    /// Reads a body: one JSON object that has one reading. The level of a call has no place in it.
    // spec: H1
    pub(super) fn read(body: &[u8], tokens: &Tokens) -> Result<Self, Refusal> {
        if body.len() > limits::REQUEST_BYTES {
            return Err(Refusal::new(Code::ParseTooLarge, "body", body.len(), limits::REQUEST_BYTES));
        }
        let text = std::str::from_utf8(body).map_err(|_| unread("body", "it is no utf-8"))?;
        has_few_values(body)?;
        let members = object(text, "body", &MEMBERS)?;
        let calls = || CALLS.iter().filter_map(|name| members.get(name).map(|value| (*name, value)));
        let (Some((kind, value)), 1) = (calls().next(), calls().count()) else {
            return Err(unread("body", "exactly one of `tool`, `prompt`, `resource` and `http` is asked about"));
        };
        let call = Asked::read(kind, value)?;
        let server = text_of(&members, "server")?;
        let approvals = members.get("approvals").map_or(Ok(Vec::new()), approvals)?;
        // spec: H2
        if members.get("token").is_none() {
            return Err(Refusal::new(Code::DenyNoToken, "token", "the question", ""));
        }
        let token = tokens.read(&text_of(&members, "token")?)?;
        Ok(Self { token, server, call, approvals })
    }
}

impl Asked {
    /// An HTTP request. What is read as JSON has few values.
    pub(super) fn http(
        method: String,
        target: String,
        content_type: Option<String>,
        body: Vec<u8>,
    ) -> Result<Self, Refusal> {
        if content_type.as_deref().is_some_and(is_json) {
            has_few_values(&body)?;
        }
        Ok(Self::Http { method, target, content_type, body })
    }

    fn read(kind: &'static str, value: &str) -> Result<Self, Refusal> {
        match kind {
            "tool" => {
                let members = object(value, kind, &TOOL)?;
                let listed = members.get("listed").map(|listed| listed.as_bytes().to_vec());
                // Pinned or not, it has one reading like all the rest.
                listed.as_deref().map(ToolDigest::of_json).transpose()?;
                Ok(Self::Tool { name: text_of(&members, "name")?, arguments: arguments(&members)?, listed })
            }
            "prompt" => {
                let members = object(value, kind, &PROMPT)?;
                Ok(Self::Prompt { name: text_of(&members, "name")?, arguments: arguments(&members)? })
            }
            "resource" => {
                let members = object(value, kind, &RESOURCE)?;
                Ok(Self::Resource { uri: text_of(&members, "uri")? })
            }
            _ => {
                let members = object(value, kind, &HTTP)?;
                let optional = |name| members.get(name).map(|_| text_of(&members, name)).transpose();
                let (method, target) = (text_of(&members, "method")?, text_of(&members, "target")?);
                let content_type = optional("content_type")?;
                let body = optional("body")?.map_or(Ok(Vec::new()), |body| decoded(&body))?;
                Self::http(method, target, content_type, body)
            }
        }
    }
}

// spec: H29
fn has_few_values(text: &[u8]) -> Result<(), Refusal> {
    match strict::has_at_most(VALUES, text) {
        true => Ok(()),
        false => Err(unread("body", &format!("it has more than {VALUES} members and elements"))),
    }
}

/// Whether a type is JSON's, whatever else is said of it.
pub(super) fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The members of an object, each once, none of another name and none that could be taken for one of them.
fn object<'a>(text: &'a str, what: &'static str, known: &[&str]) -> Result<Object<'a>, Refusal> {
    let members = Object::read(text).ok_or_else(|| unread(what, "it is no object"))?;
    if !members.is_plain(known) {
        return Err(unread(what, "a member stands twice, or could be taken for another"));
    }
    if let Some(name) = members.names().find(|name| !known.contains(name)) {
        return Err(unread(what, &format!("the member {name:?} has no place in it")));
    }
    Ok(members)
}

fn text_of(members: &Object<'_>, name: &'static str) -> Result<String, Refusal> {
    members.text(name).ok_or_else(|| unread(name, "it is no text"))
}

fn arguments(members: &Object<'_>) -> Result<Arguments, Refusal> {
    members.get("arguments").map_or(Ok(Arguments::empty()), |json| Arguments::from_json(json.as_bytes()))
}

fn approvals(list: &str) -> Result<Vec<UntrustedApproval>, Refusal> {
    let read = |element: &str| {
        let text: String = serde_json::from_str(element).map_err(|_| unread("approvals", "one is no text"))?;
        UntrustedApproval::parse(&text)
    };
    elements(list).ok_or_else(|| unread("approvals", "it is no list"))?.into_iter().map(read).collect()
}

fn decoded(body: &str) -> Result<Vec<u8>, Refusal> {
    Base64::decode_vec(body).map_err(|_| unread("body", "it is no base64 with padding"))
}

fn unread(what: &'static str, why: &str) -> Refusal {
    Refusal::new(Code::ParseJson, what, format_args!("`{what}`: {why}"), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> Code {
        Question::read(body.as_bytes(), &Tokens::default()).unwrap_err().code()
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        let tool = r#""server":"s","tool":{"name":"t"}"#;
        for body in [
            "",
            "[]",
            "null",
            "{}",
            "{} x",
            r#"["wane1.sealed.AA","s",{"name":"t"}]"#,
            &format!(r#"{{"token":"x",{tool},"level":"public"}}"#),
            &format!(r#"{{"token":"x",{tool},"Server":"s"}}"#),
            &format!(r#"{{"token":"x","token":"y",{tool}}}"#),
            &format!(r#"{{"token":"x","tok\u0065n":"y",{tool}}}"#),
            &format!(r#"{{"token":null,{tool}}}"#),
            &format!(r#"{{"token":"\ud800",{tool}}}"#),
            &format!(r#"{{"token":"x",{tool},"resource":{{"uri":"a:b"}}}}"#),
            &format!(r#"{{"token":"x",{tool},"approvals":null}}"#),
            &format!(r#"{{"token":"x",{tool},"approvals":[7]}}"#),
            r#"{"token":"x","server":"s"}"#,
            r#"{"token":"x","server":"s","tool":["t"]}"#,
            r#"{"token":"x","server":"s","tool":null}"#,
            r#"{"token":"x","server":"s","tool":{"name":"t","level":"public"}}"#,
            r#"{"token":"x","server":"s","tool":{"name":"t","arguments":null}}"#,
            r#"{"token":"x","server":"s","tool":{"name":"t","arguments":[]}}"#,
            r#"{"token":"x","server":7,"tool":{"name":"t"}}"#,
            r#"{"token":"x","server":"s","prompt":{"name":"t","listed":{}}}"#,
            r#"{"token":"x","server":"s","http":{"method":"GET","target":"/","body":"_w"}}"#,
            r#"{"token":"x","server":"s","http":{"method":"GET","target":"/","content_type":null}}"#,
        ] {
            assert_eq!(code(body), Code::ParseJson, "{body}");
        }
        let twice = r#"{"token":"x","server":"s","tool":{"name":"t","arguments":{"a":1,"a":2}}}"#;
        assert_eq!(code(twice), Code::ParseJsonDuplicate);
        assert_eq!(code(&format!("{{{tool}}}")), Code::DenyNoToken);
        assert_eq!(code(&format!(r#"{{"token":"wane1.token.AA",{tool}}}"#)).family(), wane::Family::Parse);
        assert_eq!(code(&" ".repeat(limits::REQUEST_BYTES + 1)), Code::ParseTooLarge);
        let many = format!("{{\"a\":[{}0]}}", "0,".repeat(VALUES));
        assert_eq!(code(&format!(r#"{{{tool},"listed":{many}}}"#)), Code::ParseJson);
        let http = |content_type: &str| {
            Asked::http("POST".into(), "/".into(), Some(content_type.to_owned()), many.clone().into_bytes())
        };
        assert_eq!(http("Application/JSON; charset=utf-8").unwrap_err().code(), Code::ParseJson);
        assert!(http("text/csv").is_ok());
        assert_eq!(Question::read(b"{\"token\":\"\xff\"}", &Tokens::default()).unwrap_err().code(), Code::ParseJson);
    }
}
