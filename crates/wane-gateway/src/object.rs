//! One JSON object, member by member, each value as it was written.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// So many names are compared faster than they are put into a set.
const FEW: usize = 8;

/// The members of an object in their order. Values are kept letter by letter, whatever a parser would make of their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object<'a> {
    members: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Object<'a> {
    /// The members of `text`, or nothing where it is no object. The text is part of a message that was read strictly, so no member
    /// stands in it twice.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The value of a member as it was written.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// The same, for as long as the text lives that the object was read from: nothing where a value was put in its place.
    pub(crate) fn borrowed(&self, name: &str) -> Option<&'a str> {
        match self.members.iter().find(|(known, _)| known == name) {
            Some((_, Cow::Borrowed(value))) => Some(value),
            _ => None,
        }
    }

    /// The names of the members, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| &**name)
    }

    /// Whether every name could be taken for no other and for none of these: it is printable ASCII, and equal to none but for
    /// capitals. There are readers that take either for the other, that end a name at a NUL, and that follow a `__proto__`.
    // spec: G4
    pub(crate) fn is_plain(&self, known: &[&str]) -> bool {
        let alike = |name: &str| known.iter().any(|known| *known != name && known.eq_ignore_ascii_case(name));
        let printable = |name: &str| name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let odd = |name: &str| !printable(name) || name.eq_ignore_ascii_case("__proto__") || alike(name);
        !self.members.iter().any(|(name, _)| odd(name)) && self.has_each_name_once()
    }

    fn has_each_name_once(&self) -> bool {
        let names = || self.members.iter().map(|(name, _)| &**name);
        if self.members.len() <= FEW {
            let mut names = names().enumerate();
            return names.all(|(at, name)| !self.names().take(at).any(|before| before.eq_ignore_ascii_case(name)));
        }
        let mut folded = HashSet::with_capacity(self.members.len());
        names().all(|name| folded.insert(without_capitals(name)))
    }

    /// Takes out the members whose names begin so, in capitals or not; whether there were any.
    pub(crate) fn remove_all(&mut self, start: &str) -> bool {
        let before = self.members.len();
        let begins = |name: &str| name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
        self.members.retain(|(name, _)| !begins(name));
        self.members.len() != before
    }

    /// The text of a member that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        // What was read as JSON stands as it is where nothing in it is escaped.
        match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|text| !text.contains('\\')) {
            Some(text) => Some(text.to_owned()),
            None => serde_json::from_str(value).ok(),
        }
    }

    /// Puts a value in the place of the member, or behind the others where there is none.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        match self.members.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = Cow::Owned(value),
            None => self.members.push((Cow::Owned(name.to_owned()), Cow::Owned(value))),
        }
    }

    /// Takes a member out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.members.retain(|(known, _)| known != name);
    }
}

/// The object again; white space between members is not kept.
impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (number, (name, value)) in self.members.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma}{}:{value}", quoted(name))?;
        }
        f.write_str("}")
    }
}

/// A name in small letters; most are already.
fn without_capitals(name: &str) -> Cow<'_, str> {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(name.to_ascii_lowercase()),
        false => Cow::Borrowed(name),
    }
}

/// The name of a member. Where nothing in it is escaped it takes no memory of its own: a message may have very many.
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Borrows;

        impl<'de> Visitor<'de> for Borrows {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a member")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        from.deserialize_str(Borrows)
    }
}

/// A text as JSON writes it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &RawValue>()? {
            members.push((name, Cow::Borrowed(value.get())));
        }
        Ok(Object { members })
    }
}

/// The elements of an array, each as it was written, or nothing where `text` is no array.
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    let raw: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(raw.into_iter().map(RawValue::get).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_letter_by_letter() {
        let text = r#"{"a" : 1.0e2,"b":{"x" :[1 , 2]},"\u0063":"\u00e9"}"#;
        let mut object = Object::read(text).unwrap();
        assert_eq!((object.get("a"), object.get("b")), (Some("1.0e2"), Some(r#"{"x" :[1 , 2]}"#)));
        assert_eq!((object.text("c").as_deref(), object.text("a")), (Some("é"), None));
        let texts = Object::read(r#"{"a":"","b":" é x","c":"\"","d":"\\","e":["a","b"],"f":null}"#).unwrap();
        let said = ["a", "b", "c", "d", "e", "f", "g"].map(|name| texts.text(name));
        assert_eq!(
            said.each_ref().map(Option::as_deref),
            [Some(""), Some(" é x"), Some("\""), Some("\\"), None, None, None]
        );
        object.set("b", "7".into());
        object.set("d", "[]".into());
        object.remove("a");
        assert_eq!(object.to_string(), r#"{"b":7,"c":"\u00e9","d":[]}"#);
        assert_eq!(Object::default().to_string(), "{}");
    }

    #[test]
    fn names_that_could_be_taken_for_others_are_noticed() {
        let is_plain = |text: &str| Object::read(text).unwrap().is_plain(&["name", "arguments"]);
        for text in [r#"{"name":1,"x":2}"#, "{}", r#"{"other":1}"#, r#"{"a b":1,"~":2,"proto":3}"#] {
            assert!(is_plain(text), "{text}");
        }
        for text in [r#"{"Name":1}"#, r#"{"x":1,"X":2}"#, r#"{"argumentſ":1}"#, r#"{"é":1}"#, r#"{"name":1,"NAME":2}"#]
        {
            assert!(!is_plain(text), "{text}");
        }
        for text in [
            r#"{"name\u0000":1,"name":2}"#,
            r#"{"arguments\u0000":1}"#,
            r#"{"\u0000":1}"#,
            r#"{"a\tb":1}"#,
            r#"{"a\u007f":1}"#,
            r#"{"__proto__":{"arguments":{}}}"#,
            r#"{"\u005f_proto__":{}}"#,
            r#"{"__PROTO__":{}}"#,
        ] {
            assert!(!is_plain(text), "{text}");
        }
        // Many are looked at in another way than few.
        for many in [FEW, FEW + 1] {
            let names: Vec<String> = (1..many).map(|number| format!("\"n{number}\":0")).collect();
            let with = |name: &str| format!("{{{},\"{name}\":1}}", names.join(","));
            assert!(is_plain(&with("other")) && !is_plain(&with("N1")) && !is_plain(&with("n1")), "{many}");
        }
        let mut object = Object::read(r#"{"a/b":1,"a/c":2,"b":3}"#).unwrap();
        assert!(object.remove_all("a/") && !object.remove_all("a/"));
        assert_eq!(object.to_string(), r#"{"b":3}"#);
    }

    #[test]
    fn what_is_none_is_nothing() {
        for text in ["[]", "7", "\"\"", "null", "", "{} x"] {
            assert!(Object::read(text).is_none(), "{text}");
        }
        assert_eq!(elements(r#"[1.0, {"a" :1}]"#), Some(vec!["1.0", r#"{"a" :1}"#]));
        assert_eq!(elements("{}"), None);
    }
}
