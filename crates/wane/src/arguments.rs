//! The arguments of a request: JSON read strictly, once, for conditions and digest alike.

mod encode;
mod names;
mod node;
pub(crate) mod number;
mod read;
mod scalar;
mod write;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::cbor::Writer;
use crate::code::Code;
use crate::limits;
use crate::pointer::Pointer;
use crate::refusal::Refusal;
use crate::value::Value;

pub(crate) use names::Names;
pub(crate) use node::{Lookup, Member, Node, find as node_member};
pub(crate) use number::Number;

/// The arguments of a request: an object of JSON values.
///
/// They are read strictly: at most 1 MiB and 64 levels deep, no member twice, no lone surrogate. A number
/// whose text denotes exactly an integer is that integer (`1.0` is `1`), and must lie within ±(2^53−1); any
/// other must be a double that is finite and no integer.
///
/// ```
/// use wane::{Arguments, Code};
/// let arguments = Arguments::from_json(br#"{"path": "/data/a.csv", "limit": 10}"#)?;
/// assert_ne!(arguments, Arguments::empty());
/// assert_eq!(Arguments::from_json(br#"{"a": 1, "\u0061": 2}"#).unwrap_err().code(), Code::ParseJsonDuplicate);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Arguments {
    // INVARIANT: ascending in the order of their encodings, each name once.
    members: Vec<Member>,
}

impl Arguments {
    /// The arguments written as a JSON object.
    ///
    /// # Errors
    /// `parse-too-large` over 1 MiB, `parse-too-deep` over 64 levels, `parse-json-number`,
    /// `parse-json-duplicate`, and `parse-json` for anything else that is not one JSON object.
    ///
    /// ```
    /// use wane::{Arguments, Code};
    /// assert!(Arguments::from_json(b"{}").is_ok());
    /// assert_eq!(Arguments::from_json(b"[]").unwrap_err().code(), Code::ParseJson);
    /// assert_eq!(Arguments::from_json(br#"{"n": 1e400}"#).unwrap_err().code(), Code::ParseJsonNumber);
    /// ```
    pub fn from_json(json: &[u8]) -> Result<Self, Refusal> {
        if json.len() > limits::REQUEST_BYTES {
            return Err(Refusal::new(Code::ParseTooLarge, "arguments", json.len(), limits::REQUEST_BYTES));
        }
        match read::read(json)? {
            Node::Object(members) => Ok(Self { members }),
            other => {
                let found = alloc::format!("{} where an object is expected", other.kind());
                Err(Refusal::new(Code::ParseJson, "arguments", found, ""))
            }
        }
    }

    /// No arguments: the empty object, which is also what absent arguments are.
    ///
    /// ```
    /// assert_eq!(wane::Arguments::empty(), wane::Arguments::from_json(b" {} ").unwrap());
    /// ```
    #[must_use]
    pub const fn empty() -> Self {
        Self { members: Vec::new() }
    }

    /// The arguments as one line of JSON, members ascending in the order of their encodings: equal arguments give equal texts.
    ///
    /// ```
    /// let arguments = wane::Arguments::from_json(br#"{"limit": 1e2, "at": {"b": null}}"#)?;
    /// assert_eq!(arguments.to_json(), r#"{"at":{"b":null},"limit":100}"#);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        write::object(&self.members)
    }

    /// The outermost members, each with its value as one line of JSON.
    ///
    /// ```
    /// let arguments = wane::Arguments::from_json(br#"{"path": "/data", "n": [1]}"#)?;
    /// let members: Vec<_> = arguments.members_json().collect();
    /// assert_eq!(members, [("n", "[1]".to_string()), ("path", "\"/data\"".to_string())]);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn members_json(&self) -> impl ExactSizeIterator<Item = (&str, String)> {
        self.members.iter().map(|member| (&*member.name, write::value(&member.value)))
    }

    /// The outermost members, each with its value as deterministic CBOR, as the digest of a request has it.
    ///
    /// ```
    /// let arguments = wane::Arguments::from_json(br#"{"path": "/data", "n": [1]}"#)?;
    /// let members: Vec<_> = arguments.members_cbor().collect();
    /// assert_eq!(members, [("n", b"\x81\x01".to_vec()), ("path", b"\x65/data".to_vec())]);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn members_cbor(&self) -> impl ExactSizeIterator<Item = (&str, Vec<u8>)> {
        self.members.iter().map(|member| {
            let mut out = Writer::default();
            encode::write_node(&mut out, &member.value);
            (&*member.name, out.into_bytes())
        })
    }

    /// The scalar that stands at `pointer`, if one does: not a number with a fraction, nor a text of more than 4,096 bytes.
    ///
    /// ```
    /// use wane::{Arguments, Value};
    /// let arguments = Arguments::from_json(br#"{"filter": {"limit": 1e1, "ids": [1]}}"#)?;
    /// assert_eq!(arguments.scalar(&"/filter/limit".parse()?), Some(Value::integer(10)?));
    /// assert_eq!(arguments.scalar(&"/filter/ids".parse()?), None);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn scalar(&self, pointer: &Pointer) -> Option<Value> {
        match self.lookup(pointer) {
            Lookup::Found(node) => node.scalar(),
            Lookup::Blocked(_) | Lookup::Missing => None,
        }
    }

    pub(crate) fn write_cbor(&self, out: &mut Writer) {
        encode::write_members(out, &self.members);
    }

    /// The members, ascending in the order of their encodings.
    #[cfg(test)]
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// The outermost member of this name.
    pub(crate) fn member(&self, name: &str) -> Option<&Node> {
        node_member(&self.members, name).map(|member| &member.value)
    }

    /// What stands at `pointer`.
    pub(crate) fn lookup(&self, pointer: &Pointer) -> Lookup<'_> {
        node::lookup(&self.members, pointer)
    }

    /// The pointer, as text, of the first leaf that is neither named nor an element of an array at a name.
    pub(crate) fn first_unnamed(&self, names: &Names<'_>) -> Option<String> {
        names::first_unnamed(&self.members, names)
    }
}

/// Only how many there are: arguments may be confidential.
impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arguments({} members)", self.members.len())
    }
}

#[cfg(test)]
mod tests;
