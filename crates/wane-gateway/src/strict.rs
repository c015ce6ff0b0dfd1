//! JSON with one reading: what any two parsers would take for the same.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// How deep arrays and objects may lie within each other.
pub(crate) const DEPTH: usize = 64;

/// Why a text has no single reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous(pub(crate) String);

/// Reads a whole text: UTF-8, RFC 8259, no member twice within an object (after unescaping), no lone surrogate, at most
/// [`DEPTH`] levels, nothing behind it. Numbers may be of any size, since they are passed on as they are written.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Ambiguous> {
    let text = std::str::from_utf8(bytes).map_err(|error| Ambiguous(error.to_string()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    // Deeper than serde_json's own limit is never asked for: the walk has a lower one.
    Walk { left: DEPTH }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| Ambiguous(error.to_string()))
}

#[derive(Clone, Copy)]
struct Walk {
    left: usize,
}

impl Walk {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1).ok_or_else(|| E::custom(format_args!("nested deeper than {DEPTH}")))?;
        Ok(Self { left })
    }
}

impl<'de> DeserializeSeed<'de> for Walk {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a json value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        while seq.next_element_seed(inside)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a member stands twice"));
            }
            map.next_value_seed(inside)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_passes() {
        for text in [
            "{}",
            " [1, -0, 1e300, 123456789012345678901234567890] ",
            r#""\ud83d\ude00""#,
            "null",
            "true",
            r#"{"a":{"a":[]}}"#,
        ] {
            assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
        }
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(check(deep(DEPTH).as_bytes()).is_ok());
        assert!(check(deep(DEPTH + 1).as_bytes()).is_err());
        assert!(check(deep(100_000).as_bytes()).is_err());
    }

    #[test]
    fn what_has_two_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "{}{}",
            "{} x",
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[{"b":{"x":1,"x":1}}]"#,
            r#""\ud800""#,
            r#"{"\udc00":1}"#,
            "{'a':1}",
            "[1,]",
            "[NaN]",
            "[Infinity]",
            "[01]",
            "[+1]",
            "[.5]",
            "[1.]",
            "// x\n{}",
            "\u{feff}{}",
            "\"\u{1}\"",
            "nul",
            "[1e400]",
        ] {
            assert!(check(text.as_bytes()).is_err(), "{text}");
        }
        assert!(check(b"\"\xff\"").is_err());
        assert!(check(b"\"\xc0\xaf\"").is_err());
    }
}
