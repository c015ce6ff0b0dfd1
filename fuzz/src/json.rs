//! JSON by a second reader: `serde_json` with exact rounding, and the request digest from what it read.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

use crate::cbor::{Item, head};

/// The largest integer that arguments may hold.
const MOST: i64 = 9_007_199_254_740_991;

/// SHA-256 over `[audience, call, arguments, said facts]`.
pub(crate) fn digest(audience: &str, call: &[&str], arguments: &Value, said: &[(&str, Item)]) -> [u8; 32] {
    let text = |text: &str| Item::Text(text.into());
    let call = Item::Array(call.iter().map(|part| text(part)).collect());
    let said = Item::Map(said.iter().map(|(name, value)| (text(name), value.clone())).collect());
    let parts = [text(audience).encode(), call.encode(), encode(arguments), said.encode()];
    Sha256::digest([head(4, 4), parts.concat()].concat()).into()
}

fn encode(value: &Value) -> Vec<u8> {
    let text = |text: &str| Item::Text(text.into()).encode();
    match value {
        Value::Null => Item::Null.encode(),
        Value::Bool(value) => Item::Bool(*value).encode(),
        Value::Number(value) => number(value),
        Value::String(value) => text(value),
        Value::Array(elements) => {
            let elements = elements.iter().flat_map(encode);
            head(4, elements_of(value)).into_iter().chain(elements).collect()
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(name, value)| (text(name), encode(value))).collect();
            members.sort();
            let members = members.into_iter().flat_map(|(name, value)| [name, value]).flatten();
            head(5, elements_of(value)).into_iter().chain(members).collect()
        }
    }
}

fn elements_of(value: &Value) -> u64 {
    match value {
        Value::Array(elements) => elements.len() as u64,
        Value::Object(members) => members.len() as u64,
        _ => 0,
    }
}

/// An integer where the value is one, else the shortest float that is this double.
fn number(number: &Number) -> Vec<u8> {
    if let Some(integer) = number.as_i64() {
        return self::integer(integer);
    }
    let value = number.as_f64().expect("numbers are doubles here");
    if value.fract() == 0.0 {
        return integer(value as i64);
    }
    match halves().get(&value.to_bits()) {
        Some(half) => [&[0xf9][..], &half.to_be_bytes()].concat(),
        None if f64::from(value as f32) == value => [&[0xfa][..], &(value as f32).to_be_bytes()].concat(),
        None => [&[0xfb][..], &value.to_be_bytes()].concat(),
    }
}

fn integer(value: i64) -> Vec<u8> {
    assert!((-MOST..=MOST).contains(&value), "{value} was accepted");
    match u64::try_from(value) {
        Ok(value) => Item::Unsigned(value).encode(),
        Err(_) => Item::Negative((-1 - value) as u64).encode(),
    }
}

/// Every finite half-precision float that is no integer, by the double that it is.
fn halves() -> &'static HashMap<u64, u16> {
    static HALVES: OnceLock<HashMap<u64, u16>> = OnceLock::new();
    HALVES.get_or_init(|| {
        let value = |half: u16| {
            let (exponent, fraction) = (i32::from(half >> 10 & 0x1f), f64::from(half & 0x3ff));
            let size = match exponent {
                0 => fraction * 2_f64.powi(-24),
                _ => (1_024.0 + fraction) * 2_f64.powi(exponent - 25),
            };
            if half >> 15 == 0 { size } else { -size }
        };
        let finite = (0..=u16::MAX).filter(|half| half >> 10 & 0x1f != 0x1f);
        finite.map(|half| (value(half).to_bits(), half)).collect()
    })
}

/// A value in which no object has a member twice, which `Value` alone would not notice.
pub(crate) fn without_duplicates(text: &str) -> Option<Value> {
    serde_json::from_str::<Strict>(text).ok().map(|strict| strict.0)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Any).map(Self)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("json")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(value)) = from.next_element()? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = from.next_entry::<String, Strict>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("twice"));
            }
        }
        Ok(members.into())
    }
}
