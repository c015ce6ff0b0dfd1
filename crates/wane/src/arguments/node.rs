//! The tree of a request's arguments, and the way to one of them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::limits;
use crate::pointer::{self, Pointer};
use crate::value::{Integer, Value};

/// A value of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Array(Vec<Self>),
    Bool(bool),
    /// Finite, neither zero nor integral.
    Float(f64),
    Integer(Integer),
    Null,
    /// Members ascending in the order of their encodings, each name once.
    Object(Vec<Member>),
    Text(Box<str>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: Box<str>,
    pub(crate) value: Node,
}

/// What stands at a pointer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lookup<'a> {
    /// A step above is there and is no object; this is its pointer.
    Blocked(String),
    Found(&'a Node),
    /// Nothing, and every existing step above is an object.
    Missing,
}

impl Node {
    /// Bytes of a text; anything else has none.
    pub(crate) fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            _ => 0,
        }
    }

    /// The value that conditions can compare, if it is one.
    pub(crate) fn scalar(&self) -> Option<Value> {
        match self {
            Self::Bool(truth) => Some(Value::Bool(*truth)),
            Self::Integer(integer) => Some(Value::Integer(*integer)),
            Self::Null => Some(Value::Null),
            Self::Text(text) if text.len() <= limits::CONDITIONED_TEXT_BYTES => Some(Value::Text(text.clone())),
            Self::Text(_) | Self::Array(_) | Self::Float(_) | Self::Object(_) => None,
        }
    }

    /// The type as words, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Array(_) => "an array",
            Self::Bool(_) => "a boolean",
            Self::Float(_) => "a float",
            Self::Integer(_) => "an integer",
            Self::Null => "null",
            Self::Object(_) => "an object",
            Self::Text(_) => "a text",
        }
    }
}

/// Names order as their CBOR encodings do: the shorter first, then byte by byte (RFC 8949 section 4.2.1).
pub(super) fn order(a: &str, b: &str) -> Ordering {
    (a.len(), a.as_bytes()).cmp(&(b.len(), b.as_bytes()))
}

pub(super) fn lookup<'a>(members: &'a [Member], pointer: &Pointer) -> Lookup<'a> {
    let mut members = members;
    let mut walked = String::new();
    let mut found: Option<&Node> = None;
    for step in pointer.steps() {
        members = match found {
            None => members,
            Some(Node::Object(members)) => members,
            Some(_) => return Lookup::Blocked(walked),
        };
        let Some(member) = find(members, &step) else { return Lookup::Missing };
        walked.push('/');
        walked.push_str(&pointer::escape(&step));
        found = Some(&member.value);
    }
    found.map_or(Lookup::Missing, Lookup::Found)
}

pub(crate) fn find<'a>(members: &'a [Member], name: &str) -> Option<&'a Member> {
    let place = members.binary_search_by(|member| order(&member.name, name)).ok()?;
    members.get(place)
}
