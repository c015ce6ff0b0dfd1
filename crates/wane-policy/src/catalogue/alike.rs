//! Members that only some parsers tell apart, or take for what they are not.

use std::collections::HashSet;

use serde_json::Value as Json;
use wane::{Arguments, Code, Refusal};

use crate::reserved;

/// Refuses two members of one object whose names are equal but for capitals: there are parsers that take either for the other, so a
/// rule could look at one, and the tool at the other. So they do with a name that ends in a NUL and one without, and a `__proto__`
/// becomes all members that its value has.
// spec: C12
pub(super) fn check(arguments: &Arguments) -> Result<(), Refusal> {
    let members: Vec<(&str, String)> = arguments.members_json().collect();
    for (name, json) in &members {
        reserved::check_text(name)?;
        reserved::check_text(json)?;
    }
    let mut names = Names::of(members.len());
    for (name, json) in members {
        names.note(name)?;
        // Most arguments hold no names of their own.
        if json.starts_with(['{', '[']) {
            let value: Json =
                serde_json::from_str(&json).map_err(|error| Refusal::new(Code::ParseJson, "arguments", error, ""))?;
            // At most 64 levels: the reader of arguments has seen to it.
            walk(&value)?;
        }
    }
    Ok(())
}

fn walk(value: &Json) -> Result<(), Refusal> {
    match value {
        Json::Array(elements) => elements.iter().try_for_each(walk),
        Json::Object(members) => {
            let mut names = Names::of(members.len());
            members.iter().try_for_each(|(name, value)| names.note(name).and_then(|()| walk(value)))
        }
        Json::Bool(_) | Json::Null | Json::Number(_) | Json::String(_) => Ok(()),
    }
}

/// The names of one object, as whoever does not tell capitals sees them; of one alone, nothing, since it is like no other.
struct Names(Option<HashSet<String>>);

impl Names {
    fn of(members: usize) -> Self {
        Self((members > 1).then(HashSet::new))
    }

    fn note(&mut self, name: &str) -> Result<(), Refusal> {
        if is_odd(name) {
            return Err(Refusal::new(Code::ParseJson, "arguments", format_args!("the name {name:?}"), ""));
        }
        // `ſ` is a small letter whose capital is `S`, and `K` a capital whose small letter is `k`.
        let is_new = self.0.as_mut().is_none_or(|names| names.insert(name.to_uppercase().to_lowercase()));
        if is_new { Ok(()) } else { Err(Refusal::new(Code::ParseJsonDuplicate, "arguments", name, "")) }
    }
}

/// Whether some readers take a name for another one, or for none at all.
fn is_odd(name: &str) -> bool {
    name.chars().any(char::is_control) || name.eq_ignore_ascii_case("__proto__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_readers_cut_or_follow_are_refused() {
        let code = |text: &str| {
            let checked = Arguments::from_json(text.as_bytes()).and_then(|arguments| check(&arguments));
            checked.map_err(|refusal| refusal.code())
        };
        for name in [
            r"path\u0000",
            r"\u0000",
            r"a\u001fb",
            r"a\u007f",
            r"\u0080",
            r"a\u009f",
            "__proto__",
            r"__pr\u006fto__",
            "__Proto__",
        ] {
            for text in [format!(r#"{{"{name}":1}}"#), format!(r#"{{"a":[{{"b":{{"{name}":{{}}}}}}]}}"#)] {
                assert_eq!(code(&text), Err(Code::ParseJson), "{text}");
            }
        }
        // In values they are texts like others, and so are names that only look alike.
        for text in [r#"{"a":"\u0000__proto__"}"#, r#"{"proto":1,"__proto":2,"é":3,"a b":4,"\u00a0":5}"#, "{}"] {
            assert_eq!(code(text), Ok(()), "{text}");
        }
        for text in
            [r#"{"a":{"x":1,"X":2}}"#, r#"{"a":1,"A":2}"#, r#"{"s":1,"ſ":2}"#, r#"{"b":[[{"k":1,"\u212a":2}]]}"#]
        {
            assert_eq!(code(text), Err(Code::ParseJsonDuplicate), "{text}");
        }
        assert_eq!(code(r#"{"a":{"x":1},"A2":{"X":2}}"#), Ok(()));
        // What the reader of JSON keeps for itself is looked for first, wherever it stands.
        for text in [
            r#"{"$serde_json::private::RawValue":"1"}"#,
            r#"{"a":"$serde_json::"}"#,
            r#"{"a":{"$serde_json::private::Number":"1"}}"#,
            r#"{"a":1,"A":2,"b":"$serde_json::"}"#,
        ] {
            assert_eq!(code(text), Err(Code::ParseJson), "{text}");
        }
    }
}
