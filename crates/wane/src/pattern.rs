//! Actions, audiences and the patterns that cover them.

use alloc::boxed::Box;
use alloc::string::ToString;
use core::fmt;
use core::str::FromStr;

use crate::code::Code;
use crate::json;
use crate::limits;
use crate::refusal::Refusal;

/// A set of actions or audiences: segments joined by `:`, some of them `*`.
///
/// A `*` in the middle stands for exactly one segment; at the end it stands for one or more, so `*` alone
/// covers everything. Nothing is decoded or folded: `read:a` and `READ:a` differ, and `%61` is refused.
///
/// ```
/// use wane::{Action, Pattern};
/// let pattern: Pattern = "vault:*:read".parse()?;
/// assert!(pattern.covers(&"vault:finance:read".parse::<Action>()?));
/// assert!(!pattern.covers(&"vault:finance:q3:read".parse::<Action>()?));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// Whether this pattern covers `action`.
    ///
    /// ```
    /// # use wane::Pattern;
    /// let pattern: Pattern = "read:*".parse()?;
    /// assert!(pattern.covers(&"read:hr:employees".parse()?));
    /// assert!(!pattern.covers(&"read".parse()?));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn covers(&self, action: &Action) -> bool {
        matches(&self.0, &action.0)
    }

    /// Whether this pattern covers everything that `narrower` covers. The answer is exact.
    ///
    /// ```
    /// # use wane::Pattern;
    /// let wide: Pattern = "read:*".parse()?;
    /// assert!(wide.contains(&"read:*:q3".parse()?));
    /// assert!(!wide.contains(&"*".parse()?));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn contains(&self, narrower: &Self) -> bool {
        // With each `*` read as one segment that stands nowhere else, matching decides containment: only a
        // `*` matches such a segment, and one that matches the last segment takes any number more.
        // spec: T68
        matches(&self.0, &narrower.0)
    }

    /// Whether this pattern covers `audience`.
    ///
    /// ```
    /// # use wane::Pattern;
    /// let pattern: Pattern = "mail:*".parse()?;
    /// assert!(pattern.covers_audience(&"mail:eu".parse()?));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn covers_audience(&self, audience: &Audience) -> bool {
        matches(&self.0, &audience.0)
    }

    /// Whether some action lies in both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        overlap(self.0.split(':'), other.0.split(':'))
    }

    /// The one audience this pattern covers, if it has no `*`.
    ///
    /// ```
    /// # use wane::Pattern;
    /// assert_eq!("mail:eu".parse::<Pattern>()?.as_audience(), Some("mail:eu".parse()?));
    /// assert_eq!("mail:*".parse::<Pattern>()?.as_audience(), None);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn as_audience(&self) -> Option<Audience> {
        if self.0.contains('*') { None } else { Some(Audience(self.0.clone())) }
    }

    /// The pattern as text.
    ///
    /// ```
    /// assert_eq!("read:*".parse::<wane::Pattern>()?.as_str(), "read:*");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Walks both side by side: a final `*` meets whatever is left, as long as that is one segment or more.
fn overlap<'a>(mut one: impl Iterator<Item = &'a str> + Clone, mut two: impl Iterator<Item = &'a str> + Clone) -> bool {
    loop {
        match (one.next(), two.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) => {
                let last = |rest: &mut dyn Iterator<Item = &'a str>| rest.next().is_none();
                if (a == "*" && last(&mut one.clone())) || (b == "*" && last(&mut two.clone())) {
                    return true;
                }
                if a != b && a != "*" && b != "*" {
                    return false;
                }
            }
            (Some(_), None) | (None, Some(_)) => return false,
        }
    }
}

/// Whether one member contains `pattern`. No union ever contains what none of its members does, so this is
/// exact for the union too.
pub(crate) fn any_contains(members: &[Pattern], pattern: &Pattern) -> bool {
    members.iter().any(|member| member.contains(pattern))
}

impl FromStr for Pattern {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        // spec: T65
        check(text, "a pattern", |segment| segment == "*").map(Self)
    }
}

impl From<&Action> for Pattern {
    fn from(action: &Action) -> Self {
        Self(action.0.clone())
    }
}

impl From<&Audience> for Pattern {
    fn from(audience: &Audience) -> Self {
        Self(audience.0.clone())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One concrete thing asked for, `read:hr:employees`. It has no `*`; its first segment is the verb.
///
/// ```
/// let action: wane::Action = "read:hr:employees".parse()?;
/// assert_eq!(action.verb(), "read");
/// assert!("read:*".parse::<wane::Action>().is_err());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Action(Box<str>);

impl Action {
    /// The first segment: `read`, `write`, `send`, `delete`, `execute`, `admin` or another.
    ///
    /// ```
    /// assert_eq!("send:mail".parse::<wane::Action>()?.verb(), "send");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn verb(&self) -> &str {
        self.0.split_once(':').map_or(&*self.0, |(verb, _)| verb)
    }

    /// The action as text.
    ///
    /// ```
    /// assert_eq!("send:mail".parse::<wane::Action>()?.as_str(), "send:mail");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Action {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        check(text, "an action", |_| false).map(Self)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of one tool server, written like an action: `files`, `mail:eu`.
///
/// ```
/// let audience: wane::Audience = "mail:eu".parse()?;
/// assert_eq!(audience.as_str(), "mail:eu");
/// assert!("mail:*".parse::<wane::Audience>().is_err());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Audience(Box<str>);

impl Audience {
    /// The audience as text.
    ///
    /// ```
    /// assert_eq!("files".parse::<wane::Audience>()?.as_str(), "files");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Audience {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        check(text, "an audience", |_| false).map(Self)
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text, if every segment is a word or is let through by `wild`.
fn check(text: &str, what: &'static str, wild: fn(&str) -> bool) -> Result<Box<str>, Refusal> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"._-/@+".contains(&b);
    let word = |s: &str| !s.is_empty() && s.len() <= limits::SEGMENT_BYTES && s.bytes().all(letter);
    let fits = text.len() <= limits::TEXT_BYTES
        && text.split(':').count() <= limits::SEGMENTS
        && text.split(':').all(|segment| word(segment) || wild(segment));
    if fits {
        Ok(text.to_string().into_boxed_str())
    } else {
        Err(Refusal::new(Code::ParsePattern, what, json::shorten(text), what))
    }
}

/// Whether `pattern` matches `text`, in which `*` is a segment like any other that only a `*` matches.
// spec: T66 T67
fn matches(pattern: &str, text: &str) -> bool {
    let mut wanted = pattern.split(':').peekable();
    let mut given = text.split(':');
    while let Some(segment) = wanted.next() {
        match given.next() {
            Some(_) if segment == "*" && wanted.peek().is_none() => return true,
            Some(other) if segment == "*" || segment == other => {}
            _ => return false,
        }
    }
    given.next().is_none()
}

#[cfg(test)]
mod tests;
