//! From bytes to the tree, in two linear passes.
//!
//! `serde_json` hands a visitor numbers that it has already rounded, and hands out their text only for
//! whole values, which would have to be read again at every level. So the first pass walks over the text
//! once and reads every number from its text, in the order they stand; the second lets `serde_json` judge
//! the grammar and build the tree, and takes the numbers from that list. On a text that is JSON both meet
//! the same numbers; on any other the second pass refuses.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::{self, Vec};
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::node::{Member, Node, order};
use super::number::{self, Fault, Number};
use crate::code::Code;
use crate::json;
use crate::limits;
use crate::refusal::Refusal;
use crate::value::INTEGER_RANGE;

pub(super) fn read(bytes: &[u8]) -> Result<Node, Refusal> {
    let text =
        core::str::from_utf8(bytes).map_err(|error| refuse(format!("byte {} is not utf-8", error.valid_up_to())))?;
    let mut reader = Reader { numbers: numbers(text)?.into_iter(), duplicate: None };
    let mut json = serde_json::Deserializer::from_str(text);
    let node = reader.deserialize(&mut json).and_then(|node| json.end().map(|()| node));
    match (node, reader.duplicate) {
        // spec: T127
        (_, Some(name)) => Err(Refusal::new(Code::ParseJsonDuplicate, "arguments", json::shorten(&name), "")),
        (Ok(node), None) => Ok(node),
        // spec: T128
        (Err(error), None) => Err(refuse(error)),
    }
}

fn refuse(found: impl fmt::Display) -> Refusal {
    Refusal::new(Code::ParseJson, "arguments", found, "")
}

/// The numbers of a JSON text in the order they stand; also bounds how deep it nests, before anything
/// recurses. What is not JSON may give anything.
fn numbers(text: &str) -> Result<Vec<Number>, Refusal> {
    let mut numbers = Vec::new();
    let mut depth = 0_usize;
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => {
                while let Some((_, byte)) = bytes.next_if(|(_, byte)| *byte != b'"') {
                    if byte == b'\\' {
                        bytes.next();
                    }
                }
                bytes.next();
            }
            b'[' | b'{' => {
                depth += 1;
                if depth > limits::REQUEST_DEPTH {
                    // spec: T129
                    return Err(Refusal::new(Code::ParseTooDeep, "arguments", at, limits::REQUEST_DEPTH));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                let mut end = at + 1;
                while bytes.next_if(|(_, b)| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')).is_some() {
                    end += 1;
                }
                numbers.push(number_at(text.get(at..end).unwrap_or_default(), at)?);
            }
            _ => {}
        }
    }
    Ok(numbers)
}

fn number_at(text: &str, at: usize) -> Result<Number, Refusal> {
    number::read(text).map_err(|fault| {
        let bound = match fault {
            Fault::Grammar => return refuse(format!("`{}` at byte {at} is not a number", json::shorten(text))),
            Fault::IntegerRange => INTEGER_RANGE,
            Fault::FloatRange => "the doubles that are neither zero, infinite nor integers",
        };
        Refusal::new(Code::ParseJsonNumber, "arguments", json::shorten(text), bound)
    })
}

/// Builds the tree from what `serde_json` meets.
struct Reader {
    numbers: vec::IntoIter<Number>,
    /// The member that stood twice: `serde_json`'s own errors carry texts only.
    duplicate: Option<Box<str>>,
}

impl Reader {
    fn number<E: Error>(&mut self) -> Result<Node, E> {
        match self.numbers.next() {
            Some(Number::Integer(integer)) => Ok(Node::Integer(integer)),
            Some(Number::Float(float)) => Ok(Node::Float(float)),
            None => Err(E::custom("a number that cannot be read")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Reader {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a json value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Node, E> {
        self.number()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Node, E> {
        self.number()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Node, E> {
        self.number()
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_string().into_boxed_str()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = elements.next_element_seed(&mut *self)? {
            nodes.push(node);
        }
        Ok(Node::Array(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut members: Vec<Member> = Vec::new();
        while let Some(name) = entries.next_key::<Cow<'de, str>>()? {
            let value = entries.next_value_seed(&mut *self)?;
            members.push(Member { name: name.into_owned().into_boxed_str(), value });
        }
        members.sort_by(|a, b| order(&a.name, &b.name));
        let mut neighbours = members.iter().zip(members.iter().skip(1));
        if let Some((twice, _)) = neighbours.find(|(a, b)| a.name == b.name) {
            self.duplicate = Some(twice.name.clone());
            return Err(A::Error::custom("a member stands twice"));
        }
        Ok(Node::Object(members))
    }
}
