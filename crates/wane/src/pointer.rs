//! JSON Pointers (RFC 6901): which argument a condition looks at.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use crate::code::Code;
use crate::limits;
use crate::refusal::Refusal;

/// The place of one argument, `/filter/limit`: a JSON Pointer (RFC 6901) of 1–256 bytes that starts with
/// `/`. It walks through objects only, so `/list/0` names the member `0` of an object and never an element.
/// In a member's name `~` is written `~0` and `/` is written `~1`; nothing else is escaped.
///
/// ```
/// use wane::Pointer;
/// let pointer: Pointer = "/filter/limit".parse()?;
/// assert_eq!(pointer.as_str(), "/filter/limit");
/// assert!("limit".parse::<Pointer>().is_err());
/// assert!("/a~b".parse::<Pointer>().is_err());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer(Box<str>);

impl Pointer {
    /// The pointer as text, escapes as written.
    ///
    /// ```
    /// assert_eq!("/a~1b".parse::<wane::Pointer>()?.as_str(), "/a~1b");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The members' names on the way, unescaped.
    ///
    /// ```
    /// let pointer: wane::Pointer = "/a~1b/~01".parse()?;
    /// assert_eq!(pointer.steps().collect::<Vec<_>>(), ["a/b", "~1"]);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn steps(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.split('/').skip(1).map(unescape)
    }
}

impl FromStr for Pointer {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        if text.len() > limits::TEXT_BYTES {
            return Err(Refusal::new(Code::ParseLimit, "pointer", text.len(), "256 bytes of pointer"));
        }
        let escapes = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        if !text.starts_with('/') || !escapes {
            let bound = "a pointer: `/` before each name, in it `~0` for `~` and `~1` for `/`";
            return Err(Refusal::new(Code::ParseCondition, "pointer", crate::json::quote_start(text), bound));
        }
        Ok(Self(text.to_string().into_boxed_str()))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A member's name as one step of a pointer.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescape(step: &str) -> Cow<'_, str> {
    // `~1` first: `~01` is a `~` followed by a 1.
    if step.contains('~') { Cow::Owned(step.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(step) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_rfc_6901() {
        for (text, steps) in [
            ("/foo", &["foo"][..]),
            ("/", &[""]),
            ("/a~1b", &["a/b"]),
            ("/c%d", &["c%d"]),
            ("/e^f", &["e^f"]),
            ("/i\\j", &["i\\j"]),
            ("/k\"l", &["k\"l"]),
            ("/ ", &[" "]),
            ("/m~0n", &["m~n"]),
            ("/foo/0", &["foo", "0"]),
            ("/~01", &["~1"]),
        ] {
            let pointer: Pointer = text.parse().unwrap();
            assert_eq!(pointer.steps().collect::<Vec<_>>(), steps);
            assert_eq!(pointer.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_pointer() {
        for text in ["", "a", "#/a", "/~", "/a~", "/~2", "/~~0", "/~0~"] {
            assert_eq!(text.parse::<Pointer>().unwrap_err().code(), Code::ParseCondition, "{text:?}");
        }
        assert!(format!("/{}", "a".repeat(255)).parse::<Pointer>().is_ok());
        assert_eq!(format!("/{}", "a".repeat(256)).parse::<Pointer>().unwrap_err().code(), Code::ParseLimit);
    }

    proptest! {
        #[test]
        fn names_survive_escaping(names in proptest::collection::vec("[~/01a]{0,6}|\\PC{0,6}", 1..5)) {
            let text: String = names.iter().map(|name| format!("/{}", escape(name))).collect();
            let pointer: Pointer = text.parse().unwrap();
            prop_assert_eq!(pointer.steps().collect::<Vec<_>>(), names);
        }
    }
}
