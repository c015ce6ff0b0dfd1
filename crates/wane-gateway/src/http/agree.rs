//! Whether the headers of a request say what its body says: whoever routes by the one must not be told something else than whoever
//! runs the other.

use std::collections::HashSet;

use base64ct::{Base64, Encoding as _};
use hyper::HeaderMap;
use hyper::header::HeaderName;
use serde_json::{Value, json};
use wane::{Code, Refusal};

use crate::answer::{self, DENIED, Denial, Era};
use crate::call::VERSION;
use crate::message::{Kind, Message};
use crate::object::Object;

pub(super) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const METHOD: HeaderName = HeaderName::from_static("mcp-method");
pub(super) const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// Arguments that a tool wants to see in headers begin so.
pub(super) const PARAM: &str = "mcp-param-";

/// Versions of the era that begins with a handshake.
const HANDSHAKE: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
/// Versions of the era in which each request says its version, and in which headers have to be there.
const STATELESS: [&str; 1] = ["2026-07-28"];
/// What may stand in a head, and in `_meta`.
const IN_HEAD: &[&[&str]] = &[&HANDSHAKE, &STATELESS];
const IN_META: &[&[&str]] = &[&STATELESS];

/// The numbers that MCP has for these.
const HEADER_MISMATCH: i32 = -32020;
const UNSUPPORTED_VERSION: i32 = -32022;
const INVALID_PARAMS: i32 = -32602;

/// Why head and body are not passed on together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// They disagree, or the head does not say what it must.
    Header(String),
    /// A version that nobody here speaks, and those that are spoken instead.
    Version { requested: String, spoken: &'static [&'static [&'static str]] },
    /// A request of the newer era that does not say its version in `_meta`.
    NoVersion,
}

impl Mismatch {
    /// As the refusals of a gate are told.
    pub(super) fn refusal(&self) -> Refusal {
        Refusal::new(Code::ParseMessage, "headers", self.words(), "")
    }

    fn words(&self) -> &str {
        match self {
            Self::Header(why) => why,
            Self::Version { .. } => "the protocol version is not known here",
            Self::NoVersion => "`_meta` does not say the protocol version",
        }
    }

    /// The error that MCP has for it, to a request with this id.
    pub(super) fn error(&self, id: Option<&str>) -> String {
        let denied = Denial::from(self.refusal()).data();
        let (number, data) = match self {
            Self::Header(_) => (HEADER_MISMATCH, json!({ DENIED: denied })),
            Self::NoVersion => (INVALID_PARAMS, json!({ DENIED: denied })),
            Self::Version { requested, spoken } => {
                let supported = spoken.concat();
                (UNSUPPORTED_VERSION, json!({ "supported": supported, "requested": requested, DENIED: denied }))
            }
        };
        let error = json!({ "code": number, "message": self.words(), "data": data });
        match id {
            Some(id) => answer::error(id, error),
            None => answer::error_to_nobody(error),
        }
    }
}

/// Compares the head of a request with its body; which era they belong to.
// spec: G34
pub(super) fn agree(headers: &HeaderMap, message: &Message<'_>) -> Result<Era, Mismatch> {
    let (method, params) = match *message.kind() {
        Kind::Request { method, params } | Kind::Notification { method, params } => (method, params),
        Kind::Result { .. } | Kind::Error { .. } => ("", "{}"),
    };
    let params = Object::read(params).unwrap_or_default();
    let era = versions(headers, &params)?;
    let is_request = matches!(message.kind(), Kind::Request { .. });
    let must = if era == Era::Stateless && is_request { Must::Stand } else { Must::AgreeIfThere };
    compare(headers, &METHOD, must, Some(method.to_owned()).filter(|method| !method.is_empty()), plain)?;
    let (named, must) = match method {
        "tools/call" | "prompts/get" => (params.text("name"), must),
        "resources/read" => (params.text("uri"), must),
        _ => (params.text("name").or_else(|| params.text("uri")), Must::AgreeIfThere),
    };
    compare(headers, &NAME, must, named, decoded)?;
    arguments(headers, &params)?;
    Ok(era)
}

/// The same for a request without a body: its head can say a version, and nothing else that would be compared.
// spec: G34
pub(super) fn agree_on_nothing(headers: &HeaderMap) -> Result<(), Mismatch> {
    if let Some(version) = one(headers, &PROTOCOL_VERSION)?
        && !IN_HEAD.iter().any(|known| known.contains(&version))
    {
        return Err(unknown(version, IN_HEAD));
    }
    let params = headers.keys().filter(|name| name.as_str().starts_with(PARAM));
    match params.chain([&METHOD, &NAME]).find(|name| headers.contains_key(*name)) {
        Some(name) => Err(disagrees(name)),
        None => Ok(()),
    }
}

/// Whether a header has to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Must {
    Stand,
    AgreeIfThere,
}

fn versions(headers: &HeaderMap, params: &Object<'_>) -> Result<Era, Mismatch> {
    let head = one(headers, &PROTOCOL_VERSION)?.map(plain).transpose()?;
    let meta = params.get("_meta").and_then(Object::read);
    let body = meta.as_ref().and_then(|meta| meta.get(VERSION)).map(serde_json::from_str::<String>).transpose();
    let Ok(body) = body else { return Err(Mismatch::Header(format!("`{VERSION}` is no text"))) };
    match (head, body) {
        (head, Some(body)) if head.as_ref() != Some(&body) => Err(disagrees(&PROTOCOL_VERSION)),
        (_, Some(body)) if STATELESS.contains(&body.as_str()) => Ok(Era::Stateless),
        (_, Some(body)) => Err(unknown(&body, IN_META)),
        (None, None) => Ok(Era::Handshake),
        (Some(head), None) if HANDSHAKE.contains(&head.as_str()) => Ok(Era::Handshake),
        (Some(head), None) if STATELESS.contains(&head.as_str()) => Err(Mismatch::NoVersion),
        (Some(head), None) => Err(unknown(&head, IN_HEAD)),
    }
}

fn unknown(version: &str, spoken: &'static [&'static [&'static str]]) -> Mismatch {
    Mismatch::Version { requested: version.chars().take(64).collect(), spoken }
}

/// Whether a version is one of the era in which there are no sessions.
pub(super) fn is_stateless(version: &str) -> bool {
    STATELESS.contains(&version)
}

fn compare(
    headers: &HeaderMap,
    name: &HeaderName,
    must: Must,
    body: Option<String>,
    read: impl Fn(&str) -> Result<String, Mismatch>,
) -> Result<(), Mismatch> {
    match (one(headers, name)?, body) {
        (None, _) if must == Must::AgreeIfThere => Ok(()),
        (None, _) => Err(Mismatch::Header(format!("the header `{name}` is missing"))),
        (Some(head), Some(body)) if read(head)? == body => Ok(()),
        (Some(_), _) => Err(disagrees(name)),
    }
}

/// Which argument a header stands for is said by the tool's schema, which is not looked at here; but one whose value no argument has
/// stands for none.
// spec: G35
fn arguments(headers: &HeaderMap, params: &Object<'_>) -> Result<(), Mismatch> {
    let mut stated = headers.keys().filter(|name| name.as_str().starts_with(PARAM)).peekable();
    if stated.peek().is_none() {
        return Ok(());
    }
    let mut scalars = Scalars::default();
    if let Some(arguments) = params.get("arguments").and_then(|text| serde_json::from_str(text).ok()) {
        scalars.take(&arguments);
    }
    for name in stated {
        let value = one(headers, name)?.map(decoded).transpose()?.unwrap_or_default();
        if !scalars.have(&value) {
            return Err(disagrees(name));
        }
    }
    Ok(())
}

/// The scalars within arguments, as headers show them.
#[derive(Default)]
struct Scalars {
    texts: HashSet<String>,
    /// Numbers are compared as numbers.
    numbers: HashSet<u64>,
}

impl Scalars {
    fn take(&mut self, value: &Value) {
        // No deeper than a message may be.
        match value {
            Value::String(text) => drop(self.texts.insert(text.clone())),
            Value::Bool(truth) => drop(self.texts.insert(truth.to_string())),
            Value::Number(number) => drop(number.as_f64().map(|number| self.numbers.insert(bits(number)))),
            Value::Object(members) => members.values().for_each(|member| self.take(member)),
            Value::Array(_) | Value::Null => {}
        }
    }

    fn have(&self, value: &str) -> bool {
        let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
        self.texts.contains(value) || number.is_some_and(|number| self.numbers.contains(&bits(number)))
    }
}

/// The same for both zeros.
fn bits(number: f64) -> u64 {
    (number + 0.0).to_bits()
}

/// The only value of a header.
pub(super) fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Mismatch> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(Mismatch::Header(format!("the header `{name}` stands twice"))),
        (Some(value), None) => {
            let text = value.to_str().map_err(|_| Mismatch::Header(format!("the header `{name}` is no plain text")))?;
            Ok(Some(text))
        }
    }
}

fn plain(head: &str) -> Result<String, Mismatch> {
    Ok(head.to_owned())
}

/// The value behind `=?base64?…?=`, or the value itself.
fn decoded(head: &str) -> Result<String, Mismatch> {
    let Some(inner) = head.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return plain(head);
    };
    let bytes = Base64::decode_vec(inner).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.ok_or_else(|| Mismatch::Header("a header is no base64 of a text".to_owned()))
}

fn disagrees(name: &HeaderName) -> Mismatch {
    Mismatch::Header(format!("the header `{name}` does not agree with the body"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn agreed(headers: &[(&str, &str)], body: &str) -> Result<Era, Mismatch> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        agree(&map, &Message::read(body.as_bytes()).unwrap())
    }

    fn call(name: &str, arguments: &str, version: Option<&str>) -> String {
        let meta = version.map(|version| format!(r#","_meta":{{"{VERSION}":"{version}"}}"#)).unwrap_or_default();
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":{name},"arguments":{arguments}{meta}}}}}"#
        )
    }

    const NEW: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
    const CALL: (&str, &str) = ("mcp-method", "tools/call");

    #[test]
    fn heads_that_say_what_bodies_say() {
        let new = Some("2026-07-28");
        for (headers, body, era) in [
            (vec![NEW, CALL, ("mcp-name", "a")], call("\"a\"", "{}", new), Era::Stateless),
            (vec![NEW, CALL, ("mcp-name", "=?base64?w6k=?=")], call("\"\\u00e9\"", "{}", new), Era::Stateless),
            (vec![], call("\"a\"", "{}", None), Era::Handshake),
            (vec![("mcp-protocol-version", "2025-06-18")], call("\"a\"", "{}", None), Era::Handshake),
            (vec![CALL, ("mcp-name", "a")], call("\"a\"", "{}", None), Era::Handshake),
            (
                vec![
                    NEW,
                    CALL,
                    ("mcp-name", "a"),
                    ("mcp-param-region", "us"),
                    ("mcp-param-n", "42.0"),
                    ("mcp-param-deep", "true"),
                    ("mcp-param-text", "=?base64?IGEg?="),
                ],
                call("\"a\"", r#"{"r":"us","n":42,"d":{"e":true},"t":" a "}"#, new),
                Era::Stateless,
            ),
            (vec![], r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned(), Era::Handshake),
        ] {
            assert_eq!(agreed(&headers, &body), Ok(era), "{headers:?} {body}");
        }
    }

    #[test]
    fn heads_that_say_something_else() {
        let new = Some("2026-07-28");
        let all = |more: &[(&'static str, &'static str)]| [&[NEW, CALL, ("mcp-name", "a")], more].concat();
        for (headers, body) in [
            (vec![], call("\"a\"", "{}", new)),
            (vec![NEW], call("\"a\"", "{}", new)),
            (vec![NEW, CALL], call("\"a\"", "{}", new)),
            (vec![NEW, CALL, ("mcp-name", "b")], call("\"a\"", "{}", new)),
            (vec![NEW, CALL, ("mcp-name", "A")], call("\"a\"", "{}", new)),
            (vec![NEW, ("mcp-method", "ping"), ("mcp-name", "a")], call("\"a\"", "{}", new)),
            (vec![("mcp-method", "ping")], call("\"a\"", "{}", None)),
            (vec![("mcp-name", "b")], call("\"a\"", "{}", None)),
            (vec![("mcp-protocol-version", "2025-06-18"), CALL, ("mcp-name", "a")], call("\"a\"", "{}", new)),
            (all(&[("mcp-name", "a")]), call("\"a\"", "{}", new)),
            (all(&[("mcp-param-x", "us")]), call("\"a\"", r#"{"r":"eu"}"#, new)),
            (all(&[("mcp-param-x", "us")]), call("\"a\"", r#"{"r":["us"]}"#, new)),
            (all(&[("mcp-param-x", "=?base64?%%?=")]), call("\"a\"", r#"{"r":"us"}"#, new)),
            (all(&[("mcp-param-x", "us"), ("mcp-param-x", "us")]), call("\"a\"", r#"{"r":"us"}"#, new)),
            (all(&[("mcp-param-x", "é")]), call("\"a\"", r#"{"r":"é"}"#, new)),
        ] {
            assert!(matches!(agreed(&headers, &body), Err(Mismatch::Header(_))), "{headers:?} {body}");
        }
        let later = call("\"a\"", "{}", Some("2027-01-01"));
        let head = [("mcp-protocol-version", "2027-01-01"), CALL, ("mcp-name", "a")];
        assert_eq!(agreed(&head, &later), Err(unknown("2027-01-01", IN_META)));
        assert_eq!(agreed(&head[..1], &call("\"a\"", "{}", None)), Err(unknown("2027-01-01", IN_HEAD)));
        assert_eq!(agreed(&[NEW, CALL, ("mcp-name", "a")], &call("\"a\"", "{}", None)), Err(Mismatch::NoVersion));
    }

    #[test]
    fn heads_without_a_body() {
        let agreed = |name: &'static str, value: &'static str| {
            agree_on_nothing(&HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]))
        };
        for version in ["2025-06-18", "2026-07-28"] {
            assert_eq!(agreed("mcp-protocol-version", version), Ok(()));
        }
        assert_eq!(agreed("mcp-protocol-version", "2099-01-01"), Err(unknown("2099-01-01", IN_HEAD)));
        for (name, value) in [("mcp-method", "tools/call"), ("mcp-name", "a"), ("mcp-param-x", "a")] {
            assert!(matches!(agreed(name, value), Err(Mismatch::Header(_))), "{name}");
        }
        assert_eq!(agree_on_nothing(&HeaderMap::new()), Ok(()));
    }

    #[test]
    fn errors_are_those_that_clients_know() {
        let error: Value = serde_json::from_str(&Mismatch::Header("x".into()).error(Some("1"))).unwrap();
        assert_eq!((&error["id"], &error["error"]["code"]), (&json!(1), &json!(-32020)));
        let error: Value = serde_json::from_str(&Mismatch::NoVersion.error(Some("1"))).unwrap();
        assert_eq!((&error["id"], &error["error"]["code"]), (&json!(1), &json!(-32602)));
        let error: Value = serde_json::from_str(&unknown("9", IN_META).error(Some("1"))).unwrap();
        assert_eq!(error["error"]["data"]["supported"], json!(["2026-07-28"]));
        let error: Value = serde_json::from_str(&unknown("9", IN_HEAD).error(None)).unwrap();
        assert_eq!((&error["id"], &error["error"]["data"]["requested"]), (&Value::Null, &json!("9")));
        assert!(error["error"]["data"]["supported"].as_array().is_some_and(|list| list.len() == 5));
    }
}
