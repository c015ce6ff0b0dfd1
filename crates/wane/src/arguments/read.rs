//! From bytes to the tree, in two linear passes.
//!
//! `serde_json` hands a visitor numbers that it has already rounded, and hands out their text only for
//! whole values, which would have to be read again at every level. So the first pass walks over the text
//! once and notes every number, read from its text, and every object, in the order they start; the second
//! lets `serde_json` judge the grammar and build the tree, and takes the numbers from that list. On a text
//! that is JSON both meet the same things; on any other the second pass refuses.
//!
//! A feature of `serde_json` that any crate of a build may switch on hands numbers out as objects of one
//! member. The list tells the two apart, so the answer does not depend on who else is in the build.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::{self, Vec};
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

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
    let mut reader = Reader { starts: starts(text)?.into_iter(), duplicate: None };
    let mut json = serde_json::Deserializer::from_str(text);
    let node = reader.deserialize(&mut json).and_then(|node| json.end().map(|()| node));
    match (node, reader.duplicate) {
        // spec: T127
        (_, Some(name)) => Err(Refusal::new(Code::ParseJsonDuplicate, "arguments", json::shorten(&name), "")),
        (Ok(node), None) if reader.starts.next().is_none() => Ok(node),
        (Ok(_), None) => Err(refuse("its parts cannot be told apart")),
        // spec: T128
        (Err(error), None) => Err(refuse(error)),
    }
}

fn refuse(found: impl fmt::Display) -> Refusal {
    Refusal::new(Code::ParseJson, "arguments", found, "")
}

/// What the second pass must meet, in this order.
#[derive(Clone, Copy)]
enum Start {
    Number(Number),
    Object,
}

/// The numbers and objects of a JSON text in the order they start; also bounds how deep it nests, before anything
/// recurses. What is not JSON may give anything.
fn starts(text: &str) -> Result<Vec<Start>, Refusal> {
    let mut starts = Vec::new();
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
                if byte == b'{' {
                    starts.push(Start::Object);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                let mut end = at + 1;
                while bytes.next_if(|(_, b)| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')).is_some() {
                    end += 1;
                }
                starts.push(Start::Number(number_at(text.get(at..end).unwrap_or_default(), at)?));
            }
            _ => {}
        }
    }
    Ok(starts)
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
    starts: vec::IntoIter<Start>,
    /// The member that stood twice: `serde_json`'s own errors carry texts only.
    duplicate: Option<Box<str>>,
}

impl Reader {
    fn number<E: Error>(&mut self) -> Result<Node, E> {
        match self.starts.next() {
            Some(Start::Number(number)) => Ok(number.into()),
            Some(Start::Object) | None => Err(E::custom("a number that cannot be read")),
        }
    }
}

impl From<Number> for Node {
    fn from(number: Number) -> Self {
        match number {
            Number::Integer(integer) => Self::Integer(integer),
            Number::Float(float) => Self::Float(float),
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
        match self.starts.next() {
            Some(Start::Object) => {}
            Some(Start::Number(number)) => {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(number.into());
            }
            None => return Err(A::Error::custom("an object that cannot be read")),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Integer;
    use serde::de::value::{Error, MapDeserializer};

    /// What `serde_json` does with its feature `arbitrary_precision`, which this build has not.
    fn number_as_object(mut reader: Reader) -> Result<Node, Error> {
        reader.visit_map(MapDeserializer::new([("$serde_json::private::Number", "7")].into_iter()))
    }

    #[test]
    fn a_number_handed_out_as_an_object_is_that_number() {
        let reader = |text| Reader { starts: starts(text).unwrap().into_iter(), duplicate: None };
        assert_eq!(number_as_object(reader("7")), Ok(Node::Integer(Integer::new(7).unwrap())));
        assert!(matches!(number_as_object(reader("{}")), Ok(Node::Object(_))));
        assert!(number_as_object(reader("[]")).is_err());
    }

    #[test]
    fn an_object_that_looks_like_such_a_number_is_an_object() {
        let node = read(br#"{"a": {"$serde_json::private::Number": "7"}, "b": 1.0, "c": 1000000}"#).unwrap();
        let Node::Object(members) = node else { panic!("{node:?}") };
        assert!(matches!(members[0].value, Node::Object(_)));
        assert_eq!(members[1].value, Node::Integer(Integer::new(1).unwrap()));
        assert_eq!(members[2].value, Node::Integer(Integer::new(1_000_000).unwrap()));
    }
}
