//! JSON with one reading: what any two parsers would take for the same.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::object::Name;

/// How deep arrays and objects may lie within each other.
pub(crate) const DEPTH: usize = 64;

/// Members and elements that a text may have in all. Whoever reads them into a tree or a set takes some hundred bytes for each, however
/// few it has in the text; large results of real tools have a tenth of them.
pub(crate) const VALUES: usize = 1 << 18;

/// Why a text has no single reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous(pub(crate) String);

/// Reads a whole text: UTF-8, RFC 8259, no member twice within an object (after unescaping), no lone surrogate, at most
/// [`DEPTH`] levels and [`VALUES`] members and elements, nothing behind it. Numbers may be of any size, since they are passed on as they are written.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Ambiguous> {
    check_within(bytes, VALUES)
}

fn check_within(bytes: &[u8], most: usize) -> Result<(), Ambiguous> {
    let text = std::str::from_utf8(bytes).map_err(|error| Ambiguous(error.to_string()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    // Deeper than serde_json's own limit is never asked for: the walk has a lower one.
    let values = Cell::new(most);
    Walk { left: DEPTH, values: &values }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| Ambiguous(error.to_string()))
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    left: usize,
    /// How many more there may be.
    values: &'a Cell<usize>,
}

impl Walk<'_> {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1).ok_or_else(|| E::custom(format_args!("nested deeper than {DEPTH}")))?;
        Ok(Self { left, ..self })
    }

    // spec: G1
    fn value<E: serde::de::Error>(self) -> Result<(), E> {
        let more = || E::custom(format_args!("more than {VALUES} members and elements"));
        self.values.set(self.values.get().checked_sub(1).ok_or_else(more)?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
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
        while seq.next_element_seed(inside)?.is_some() {
            inside.value()?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inside = self.inside()?;
        // Most objects have few members, and need neither a hash of any nor more room than one node.
        let mut names = BTreeSet::new();
        while let Some(Name(name)) = map.next_key()? {
            inside.value()?;
            if !names.insert(name) {
                return Err(A::Error::custom("a member stands twice"));
            }
            map.next_value_seed(inside)?;
        }
        Ok(())
    }
}

/// Whether a text has no more members and elements than so many, if it is JSON: only what is no text in it is looked at.
pub(crate) fn has_at_most(values: usize, text: &[u8]) -> bool {
    // Each takes a byte of its own, and most texts are shorter.
    if text.len() <= values {
        return true;
    }
    // Each but the first of an array or object stands behind a comma, and the first of one that is not empty behind its bracket.
    let (mut found, mut bytes) = (0_usize, text.iter());
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(byte) = bytes.next().filter(|byte| **byte != b'"') {
                    if *byte == b'\\' {
                        bytes.next();
                    }
                }
            }
            b'[' | b'{' if matches!(bytes.as_slice().trim_ascii_start().first(), Some(b']' | b'}')) => {}
            b',' | b'[' | b'{' => found = found.saturating_add(1),
            _ => {}
        }
    }
    found <= values
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn there_are_only_so_many_values() {
        let array = |elements: usize| format!("[{}0]", "0,".repeat(elements - 1));
        assert!(check(array(VALUES).as_bytes()).is_ok());
        let refused = check(array(VALUES + 1).as_bytes()).unwrap_err();
        assert!(refused.0.starts_with("more than 262144 members and elements"), "{refused:?}");
        // They are counted in all.
        let nested = format!(r#"{{"a":{},"b":{}}}"#, array(VALUES / 2), array(VALUES / 2));
        assert!(check(nested.as_bytes()).is_err());
        let members = |members: usize| {
            let members: Vec<String> = (0..members).map(|name| format!("\"{name}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(check(members(VALUES).as_bytes()).is_ok() && check(members(VALUES + 1).as_bytes()).is_err());
        for (text, found) in
            [(r#"{"a,[{":[1,2,"\",\\"],"b":{}}"#, 5), ("[ ]", 0), ("[{},[ ]]", 2), ("7", 0), (r#"",,"#, 0)]
        {
            assert!(has_at_most(found, text.as_bytes()) && (found == 0 || !has_at_most(found - 1, text.as_bytes())));
        }
    }

    fn trees() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            r#"[\[\]{},:"\\a ]{0,6}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let members = proptest::collection::btree_map(r#"[\[\]{},:"\\ab]{0,4}"#, inner.clone(), 0..6);
            prop_oneof![
                proptest::collection::vec(inner, 0..6).prop_map(Value::from),
                members.prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn counted(tree: &Value) -> usize {
        match tree {
            Value::Array(all) => all.len() + all.iter().map(counted).sum::<usize>(),
            Value::Object(all) => all.len() + all.values().map(counted).sum::<usize>(),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn both_ways_of_counting_count_what_is_there(tree in trees()) {
            let found = counted(&tree);
            for text in [serde_json::to_string(&tree).unwrap(), serde_json::to_string_pretty(&tree).unwrap()] {
                prop_assert!(has_at_most(found, text.as_bytes()) && check_within(text.as_bytes(), found).is_ok());
                if let Some(less) = found.checked_sub(1) {
                    prop_assert!(!has_at_most(less, text.as_bytes()) && check_within(text.as_bytes(), less).is_err());
                }
            }
        }
    }

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
