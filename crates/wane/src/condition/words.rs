//! How conditions are written in scope text: bare words where nothing else could be meant, JSON texts
//! everywhere else.

use core::fmt;

use super::{Operands, Target, Test};
use crate::json;
use crate::value::Value;

/// Words with a place of their own in a scope; as a value they are quoted.
pub(crate) const KEYWORDS: [&str; 4] = ["and", "if", "only", "open"];

/// Words that a reader could take for an operator; as an argument's name they are written with the `/`.
const OPERATORS: [&str; 9] = ["absent", "cidr", "host", "in", "len", "like", "scheme", "seen", "under"];

pub(super) fn target(f: &mut fmt::Formatter<'_>, target: &Target) -> fmt::Result {
    match target {
        Target::Argument(pointer) => {
            let short = |name: &&str| {
                let letter = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
                !name.is_empty() && name.bytes().all(letter) && !KEYWORDS.contains(name) && !OPERATORS.contains(name)
            };
            match pointer.as_str().strip_prefix('/').filter(short) {
                Some(name) => f.write_str(name),
                None => text(f, pointer.as_str()),
            }
        }
        Target::Fact(_) | Target::Said(_) => write!(f, "{target}"),
    }
}

pub(super) fn test(f: &mut fmt::Formatter<'_>, test: &Test) -> fmt::Result {
    match test {
        Test::Absent => f.write_str(" absent"),
        Test::AtLeast(bound) => write!(f, " >= {}", bound.get()),
        Test::AtMost(bound) => write!(f, " <= {}", bound.get()),
        Test::Cidr(networks) => list(f, " cidr ", networks, |f, network| write!(f, "{network}")),
        Test::Equals(operand) => {
            f.write_str(" = ")?;
            value(f, operand)
        }
        Test::Host(hosts) => list(f, " host ", hosts, |f, host| text(f, host.as_str())),
        Test::In(values) => {
            list(f, " in [", values, value)?;
            f.write_str("]")
        }
        Test::LenAtMost(length) => write!(f, " len <= {length}"),
        Test::Like(glob) => {
            f.write_str(" like ")?;
            text(f, glob.as_str())
        }
        Test::Scheme(scheme) => {
            f.write_str(" scheme ")?;
            text(f, scheme.as_str())
        }
        Test::Seen(sources) => list(f, " seen ", sources, |f, source| text(f, source.as_str())),
        Test::Under(dirs) => list(f, " under ", dirs, |f, dir| text(f, dir.as_str())),
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    operator: &str,
    operands: &Operands<T>,
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (i, operand) in operands.as_slice().iter().enumerate() {
        f.write_str(if i == 0 { operator } else { ", " })?;
        write(f, operand)?;
    }
    Ok(())
}

/// A value: a text is bare only where it could not be read as another type.
fn value(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Text(word) if matches!(&**word, "null" | "true" | "false") => f.write_str(&json::quote(word)),
        Value::Text(word) if word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            f.write_str(&json::quote(word))
        }
        Value::Text(word) => text(f, word),
        Value::Null | Value::Bool(_) | Value::Integer(_) => write!(f, "{value}"),
    }
}

/// A text where only a text can stand.
pub(crate) fn text(f: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"._-/@+:*%~".contains(&b);
    let bare = !word.is_empty() && word.bytes().all(letter) && !KEYWORDS.contains(&word);
    if bare { f.write_str(word) } else { f.write_str(&json::quote(word)) }
}
