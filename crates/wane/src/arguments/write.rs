//! Arguments as JSON texts, one spelling for each value.

use alloc::string::{String, ToString};

use super::node::{Member, Node};

pub(super) fn object(members: &[Member]) -> String {
    let mut out = String::new();
    write_members(&mut out, members);
    out
}

pub(super) fn value(node: &Node) -> String {
    let mut out = String::new();
    write(&mut out, node);
    out
}

/// Arguments nest at most 64 deep, so this recursion is bounded.
fn write(out: &mut String, node: &Node) {
    match node {
        Node::Array(elements) => {
            out.push('[');
            for (i, element) in elements.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(out, element);
            }
            out.push(']');
        }
        Node::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        // Finite, so that there is a text for it; `null` could not be mistaken for a number.
        Node::Float(value) => out.push_str(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_string())),
        Node::Integer(value) => out.push_str(&value.get().to_string()),
        Node::Null => out.push_str("null"),
        Node::Object(members) => write_members(out, members),
        Node::Text(text) => write_text(out, text),
    }
}

fn write_members(out: &mut String, members: &[Member]) {
    out.push('{');
    for (i, member) in members.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write_text(out, &member.name);
        out.push(':');
        write(out, &member.value);
    }
    out.push('}');
}

/// What is not ASCII or plain is escaped, so that the line stays one line and holds no bytes that hide.
fn write_text(out: &mut String, text: &str) {
    out.push_str(&crate::json::quote(text));
}

#[cfg(test)]
mod tests {
    use crate::Arguments;

    #[test]
    fn what_is_written_is_read_back_as_the_same() {
        for json in [
            r#"{}"#,
            r#"{"a":[1,-2,0.5,1e-300,true,false,null,"x"],"b":{"c":{}}}"#,
            r#"{"t":"\u0000\n\"\\\u202e\ud83d\ude00é"}"#,
        ] {
            let read = Arguments::from_json(json.as_bytes()).unwrap();
            let again = read.to_json();
            assert_eq!(Arguments::from_json(again.as_bytes()).unwrap(), read, "{again}");
            assert!(!again.contains(['\n', '\u{202e}']), "{again}");
        }
    }
}
