//! One JSON-RPC message of MCP, read strictly and kept as it was received.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::object::quoted;
use crate::strict;

/// Bytes of a message, at most. A request's arguments have a lower bound of their own.
pub const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of an id, as it is written, at most.
const ID_BYTES: usize = 256;

/// A message: its bytes as they were received, and what has to be known of it.
///
/// ```
/// use wane_gateway::{Kind, Message};
/// let line = br#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read"}}"#;
/// let message = Message::read(line)?;
/// assert!(matches!(message.kind(), Kind::Request { method: "tools/call", .. }));
/// assert_eq!(message.id().map(|id| id.to_string()).as_deref(), Some("7"));
/// assert_eq!(message.bytes(), line);
/// # Ok::<(), wane_gateway::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    id: Option<Id<'a>>,
    kind: Kind<'a>,
}

/// What a message is.
#[derive(Clone, Debug)]
pub enum Kind<'a> {
    /// It wants an answer.
    Request {
        /// Its method.
        method: &'a str,
        /// Its parameters, an object; `{}` where it states none.
        params: &'a str,
    },
    /// It wants none.
    Notification {
        /// Its method.
        method: &'a str,
        /// Its parameters, an object; `{}` where it states none.
        params: &'a str,
    },
    /// The answer to a request: what was asked for.
    Result {
        /// The result as received.
        result: &'a str,
    },
    /// The answer to a request: a fault.
    Error {
        /// The error as received.
        error: &'a str,
    },
}

/// The id of a request, as it was written: a text or an integer.
///
/// ```
/// use wane_gateway::{Id, Message};
/// let message = Message::read(br#"{"jsonrpc":"2.0","id":"a\u0062","result":{}}"#)?;
/// let id: Id = message.id().unwrap();
/// assert_eq!(id.to_string(), r#""a\u0062""#);
/// # Ok::<(), wane_gateway::Fault>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id<'a>(&'a str);

/// As it was written, quotes included.
impl std::fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// Why bytes are no message that is passed on.
///
/// ```
/// use wane_gateway::{FaultKind, Message};
/// let fault = Message::read(br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#).unwrap_err();
/// assert_eq!((fault.kind(), fault.id()), (FaultKind::Invalid, None));
/// assert_eq!(fault.message(), "a message is one object; there are no batches");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    kind: FaultKind,
    message: String,
    id: Option<String>,
    answered: Option<String>,
}

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// No JSON, or JSON that parsers read in different ways.
    Parse,
    /// JSON, and no message.
    Invalid,
}

impl Fault {
    /// What kind of fault it is.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        self.kind
    }

    /// What is wrong, in one line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The id to answer to, where one could be told and the message is no answer itself: one without is not answered.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The id of the request that the message seems to answer, written in one way: its members are those of an answer, each once, and its
    /// id is one. What the answer itself says may be read in several ways, or be no JSON at all.
    ///
    /// ```
    /// let fault = wane_gateway::Message::read(br#"{"jsonrpc":"2.0","id":7,"result":{"a":1,"a":2}}"#).unwrap_err();
    /// assert_eq!((fault.id(), fault.answered()), (None, Some("7")));
    /// ```
    #[must_use]
    pub fn answered(&self) -> Option<&str> {
        self.answered.as_deref()
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// The members of a message; there are no others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members<'a> {
    #[serde(borrow, default, deserialize_with = "stated")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "stated")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "stated")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "stated")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "stated")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "stated")]
    error: Option<&'a RawValue>,
}

/// What a member says, `null` included.
fn stated<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

impl<'a> Message<'a> {
    /// Reads one message.
    ///
    /// # Errors
    /// [`FaultKind::Parse`] for more than 16 MiB, for what is no JSON in UTF-8, a member twice, a lone surrogate, more than 64
    /// levels or 262,144 members and elements, or a line break but at its end; [`FaultKind::Invalid`] for a batch, an unknown member, another `jsonrpc` than `"2.0"`, an id that is neither a text
    /// nor an integer, a method that is not written plainly, parameters that are no object, and a message that is both a request
    /// and an answer or neither.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let fault = |kind, message: &str| Fault { kind, message: message.to_owned(), id: None, answered: None };
        // Parsers that differ in what an answer says do not in what it answers.
        let ambiguous = |message: &str| {
            let members = serde_json::from_slice::<Members<'_>>(bytes).ok();
            Fault { answered: members.as_ref().and_then(answered), ..fault(FaultKind::Parse, message) }
        };
        if bytes.len() > MESSAGE_BYTES {
            return Err(fault(FaultKind::Parse, &format!("{} bytes, at most {MESSAGE_BYTES} are read", bytes.len())));
        }
        // There are servers and clients that end a line at either: to them a message could hold another.
        if memchr::memchr2(b'\r', b'\n', bytes.trim_ascii_end()).is_some() {
            return Err(ambiguous("a line break stands within it"));
        }
        strict::check(bytes).map_err(|found| ambiguous(&found.0))?;
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(fault(FaultKind::Invalid, "a message is one object; there are no batches"));
        }
        // The error would repeat the name of the member, of any length.
        let members: Members<'a> = serde_json::from_slice(bytes)
            .map_err(|_| fault(FaultKind::Invalid, "a member that a message does not have"))?;
        let id = members.id.map(|raw| Id::read(raw.get()));
        let is_answer = members.result.is_some() || members.error.is_some();
        let invalid = |message: &str| Fault {
            id: id.and_then(Result::ok).filter(|_| !is_answer).map(|id| id.to_string()),
            answered: answered(&members),
            ..fault(FaultKind::Invalid, message)
        };
        if members.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
            return Err(invalid("`jsonrpc` is not \"2.0\""));
        }
        let id = id.transpose().map_err(|()| invalid("the id is neither a short text nor an integer"))?;
        let kind = kind(&members, id).map_err(invalid)?;
        Ok(Self { bytes, id, kind })
    }

    /// Its bytes as they were received.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The id of a request, or of the request that this answers.
    #[must_use]
    pub const fn id(&self) -> Option<Id<'a>> {
        self.id
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> &Kind<'a> {
        &self.kind
    }
}

/// The id of what these members answer, if they do.
fn answered(members: &Members<'_>) -> Option<String> {
    let is_answer = members.method.is_none() && (members.result.is_some() || members.error.is_some());
    members.id.filter(|_| is_answer).and_then(|id| Id::read(id.get()).ok()).map(|id| id.key().into_owned())
}

fn kind<'a>(members: &Members<'a>, id: Option<Id<'a>>) -> Result<Kind<'a>, &'static str> {
    match (members.method, members.result, members.error, id) {
        (Some(method), None, None, _) => {
            let method = plain(method.get()).ok_or("the method is not written plainly")?;
            let params = members.params.map_or("{}", RawValue::get);
            if !params.starts_with('{') {
                return Err("the parameters are no object");
            }
            Ok(match id {
                Some(_) => Kind::Request { method, params },
                None => Kind::Notification { method, params },
            })
        }
        (None, Some(result), None, Some(_)) if members.params.is_none() => Ok(Kind::Result { result: result.get() }),
        (None, None, Some(error), _) if members.params.is_none() => Ok(Kind::Error { error: error.get() }),
        _ => Err("neither a request nor an answer"),
    }
}

impl<'a> Id<'a> {
    /// The id, written in one way: whoever answers may escape a text otherwise.
    pub(crate) fn key(&self) -> Cow<'a, str> {
        let text = if self.is_text() { serde_json::from_str::<String>(self.0).ok() } else { None };
        text.map_or(Cow::Borrowed(self.0), |text| Cow::Owned(quoted(&text)))
    }

    /// Whether it is a text, and no integer.
    pub(crate) fn is_text(&self) -> bool {
        self.0.starts_with('"')
    }

    /// A text, or an integer that every JSON implementation keeps.
    pub(crate) fn read(raw: &'a str) -> Result<Self, ()> {
        // Neither `-0` nor `01`, nor what Rust reads beside JSON: `+1`.
        let is_plain = || raw == "0" || !raw.strip_prefix('-').unwrap_or(raw).starts_with(['0', '+']);
        let integer = || raw.parse::<i64>().is_ok_and(|number| number.unsigned_abs() < 1 << 53) && is_plain();
        let id = Self(raw);
        if (id.is_text() && raw.len() <= ID_BYTES) || integer() { Ok(id) } else { Err(()) }
    }
}

/// The text of a method: letters, digits, `/`, `_`, `-`, `$` and `.`, none of them escaped, so that it is the same to whoever compares.
fn plain(raw: &str) -> Option<&str> {
    let text = raw.strip_prefix('"')?.strip_suffix('"')?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-$.".contains(&byte);
    (!text.is_empty() && text.len() <= 128 && text.bytes().all(letter)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Message<'_>, Fault> {
        Message::read(text.as_bytes())
    }

    #[test]
    fn every_kind_is_read() {
        for (text, id, kind) in [
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, Some("1"), r#"Request { method: "ping", params: "{}" }"#),
            (
                r#" {"params":{"a":[1.0e2]},"method":"tools/call","id":"x\u0041","jsonrpc":"2.0"} "#,
                Some(r#""x\u0041""#),
                r#"Request { method: "tools/call", params: "{\"a\":[1.0e2]}" }"#,
            ),
            (
                r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
                None,
                r#"Notification { method: "notifications/initialized", params: "{}" }"#,
            ),
            (r#"{"jsonrpc":"2.0","id":-5,"result":null}"#, Some("-5"), r#"Result { result: "null" }"#),
            (r#"{"jsonrpc":"2.0","id":0,"error":{"code":1}}"#, Some("0"), r#"Error { error: "{\"code\":1}" }"#),
            (r#"{"jsonrpc":"2.0","error":{"code":1}}"#, None, r#"Error { error: "{\"code\":1}" }"#),
        ] {
            let message = read(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!(message.id().map(|id| id.to_string()).as_deref(), id, "{text}");
            assert_eq!(format!("{:?}", message.kind()), kind, "{text}");
            assert_eq!(message.bytes(), text.as_bytes());
        }
    }

    #[test]
    fn what_parsers_read_differently_is_no_message() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"exec"},"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"exec","name":"read"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{"path":"/a","p\u0061th":"/etc"}}}"#,
            r#"{"jsonrpc":"2.0","id":NaN,"method":"ping"}"#,
            "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}{}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping""#,
            "",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\r\"method\":\"ping\"}",
            "{\"jsonrpc\":\"2.0\",\n\"id\":1,\"method\":\"ping\"}",
            "\r{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
        ] {
            assert_eq!(read(text).map(|_| ()).map_err(|fault| fault.kind()), Err(FaultKind::Parse), "{text}");
        }
        assert!(read("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r").is_ok());
        let id = |bytes: usize| format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "x".repeat(bytes - 2));
        assert!(read(&id(ID_BYTES)).is_ok() && read(&id(ID_BYTES + 1)).is_err());
        let large =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":"{}"}}}}"#, "x".repeat(MESSAGE_BYTES));
        assert_eq!(read(&large).unwrap_err().kind(), FaultKind::Parse);
    }

    #[test]
    fn what_an_answer_answers_is_told_though_it_cannot_be_read() {
        let deep = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{}{}}}"#, "[".repeat(500), "]".repeat(500));
        for (text, answered) in [
            (r#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":"\u0061","result":"caf\udce9"}"#, Some("\"a\"")),
            (r#"{"jsonrpc":"2.0","id":1,"result":1e400}"#, Some("1")),
            (&deep, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"error":{"code":1e400}}"#, Some("1")),
            (r#"{"id":1,"result":1}"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#, Some("1")),
            ("{\"jsonrpc\":\"2.0\",\r\"id\":1,\"result\":1}", Some("1")),
            // Not where it could be that of another, or of none.
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"result":{}}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"\u0069d":2,"result":{"a":1,"a":2}}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"result":{},"Id":2}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"result":{},"result":{}}"#, None),
            (r#"{"jsonrpc":"2.0","id":1.0,"result":{"a":1,"a":2}}"#, None),
            (r#"{"jsonrpc":"2.0","id":null,"result":{"a":1,"a":2}}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":1}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":1,"a":2}}"#, None),
            (r#"[{"jsonrpc":"2.0","id":1,"result":{}}]"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}{}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}"#, None),
            (r#"{"result":{"id":1,"a":1,"a":2}}"#, None),
        ] {
            let fault = read(text).map(|_| ()).expect_err(text);
            assert_eq!(fault.answered(), answered, "{text}");
        }
    }

    #[test]
    fn json_that_is_no_message() {
        for (text, id) in [
            (r#"[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"exec"}}]"#, None),
            ("[]", None),
            ("7", None),
            (r#"{"id":1,"method":"ping"}"#, Some("1")),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, Some("1")),
            (r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1.0,"method":"ping"}"#, None),
            (r#"{"jsonrpc":"2.0","id":1e3,"method":"ping"}"#, None),
            (r#"{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}"#, None),
            (r#"{"jsonrpc":"2.0","id":-0,"method":"ping"}"#, None),
            (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, None),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call "}"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools\/call"}"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":"tools/c\u0061ll"}"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":""}"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":null}"#, Some("1")),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","extra":1}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":1}"#, None),
            // What may be an answer is not answered: it would be taken for the answer to another request.
            (r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#, None),
            (r#"{"jsonrpc":"2.0","id":1,"result":1,"params":{}}"#, None),
            (r#"{"jsonrpc":"2.0","result":1}"#, None),
            (r#"{"jsonrpc":"2.0","id":1}"#, Some("1")),
            (r#"{"jsonrpc":"2.0"}"#, None),
        ] {
            let fault = read(text).map(|_| ()).expect_err(text);
            assert_eq!((fault.kind(), fault.id()), (FaultKind::Invalid, id), "{text}");
        }
    }
}
