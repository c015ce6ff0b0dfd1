//! Members that only some parsers tell apart.

use std::collections::HashSet;

use serde_json::Value as Json;
use wane::{Arguments, Code, Refusal};

use crate::reserved;

/// Refuses two members of one object whose names are equal but for capitals: there are parsers that take either for the other, so a
/// rule could look at one, and the tool at the other.
// spec: C12
pub(super) fn check(arguments: &Arguments) -> Result<(), Refusal> {
    let text = arguments.to_json();
    reserved::check_text(&text)?;
    let json: Json =
        serde_json::from_str(&text).map_err(|error| Refusal::new(Code::ParseJson, "arguments", error, ""))?;
    // At most 64 levels: the reader of arguments has seen to it.
    walk(&json)
}

fn walk(value: &Json) -> Result<(), Refusal> {
    match value {
        Json::Array(elements) => elements.iter().try_for_each(walk),
        Json::Object(members) => {
            let mut names = HashSet::new();
            for (name, value) in members {
                // One alone is like no other. `ſ` is a small letter whose capital is `S`, and `K` a capital whose small letter is `k`.
                if members.len() > 1 && !names.insert(name.to_uppercase().to_lowercase()) {
                    return Err(Refusal::new(Code::ParseJsonDuplicate, "arguments", name, ""));
                }
                walk(value)?;
            }
            Ok(())
        }
        Json::Bool(_) | Json::Null | Json::Number(_) | Json::String(_) => Ok(()),
    }
}
