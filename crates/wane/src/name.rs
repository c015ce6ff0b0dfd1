//! Names: labels, facts, budgets and approver groups.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt;
use core::str::FromStr;

use crate::code::Code;
use crate::json;
use crate::limits;
use crate::refusal::Refusal;

/// A short ASCII word: `[a-z][a-z0-9-]*`, 1–64 bytes. It names a label, a fact, a budget or a group.
///
/// ```
/// let label: wane::Name = "pii".parse()?;
/// assert_eq!(label.as_str(), "pii");
/// assert!("PII".parse::<wane::Name>().is_err());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(Box<str>);

impl Name {
    /// The name as text.
    ///
    /// ```
    /// # use wane::Name;
    /// assert_eq!("purpose".parse::<Name>()?.as_str(), "purpose");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names order as their encodings do: the shorter first, then byte by byte (RFC 8949 section 4.2.1).
impl Ord for Name {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (self.0.len(), self.0.as_bytes()).cmp(&(other.0.len(), other.0.as_bytes()))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Name {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let letters = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
        let fits = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
            && text.as_bytes().iter().all(letters)
            && text.len() <= limits::NAME_BYTES;
        if !fits {
            return Err(Refusal::new(
                Code::ParseName,
                "name",
                json::shorten(text),
                "a-z, then a-z 0-9 -, at most 64 bytes",
            ));
        }
        Ok(Self(text.to_string().into_boxed_str()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
