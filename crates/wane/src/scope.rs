//! Scopes: patterns with conditions.

mod text;

use alloc::vec::Vec;
use core::fmt;

use crate::code::Code;
use crate::condition::{Condition, words};
use crate::limits;
use crate::pattern::Pattern;
use crate::refusal::Refusal;

/// A pattern with conditions, written `PATTERN [if COND [and COND]..] [only|open]`.
///
/// A condition is a target, an operator and its operands:
///
/// - `path under /data, /tmp` · `url host example.com, h:8080` · `url scheme https` · `ip cidr 10.0.0.0/8`
/// - `limit <= 100` · `limit >= 1` · `path len <= 64` · `name like *.csv`
/// - `mode = "rw"` · `n = 5` · `flag = true` · `x = null` · `mode in [a, "b c", 1]`
/// - `cwd absent` · `id seen search.results`
///
/// A target is an argument (`path`, short for `/path`; `/filter/limit`), a fact of the enforcement point
/// (`@env`) or of the holder (`@said.purpose`). Values are JSON, or bare words where a text is meant.
/// With conditions, `only` is meant unless `open` is said.
///
/// ```
/// use wane::{OtherArguments, Scope};
/// let scope: Scope = "read:files:* if path under /data and limit <= 100".parse()?;
/// assert_eq!(scope.conditions().len(), 2);
/// assert_eq!(scope.other_arguments(), OtherArguments::Closed);
/// assert_eq!(scope.to_string(), "read:files:* if path under /data and limit <= 100 only");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    pub(crate) pattern: Pattern,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) other_arguments: OtherArguments,
}

/// What a scope says of arguments that none of its conditions names.
///
/// ```
/// use wane::{OtherArguments, Scope};
/// let scope: Scope = "read:files if path under /data open".parse()?;
/// assert_eq!(scope.other_arguments(), OtherArguments::Open);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OtherArguments {
    /// `only`: a request that has one is refused.
    Closed,
    /// `open`: they may be anything.
    Open,
}

impl Scope {
    /// A scope.
    ///
    /// # Errors
    /// `parse-limit` over 64 conditions, `parse-condition` if one stands twice.
    ///
    /// ```
    /// use wane::{OtherArguments, Scope};
    /// let scope = Scope::new("read:*".parse()?, vec!["cwd absent".parse()?], OtherArguments::Open)?;
    /// assert_eq!(scope.to_string(), "read:* if cwd absent open");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn new(pattern: Pattern, conditions: Vec<Condition>, other: OtherArguments) -> Result<Self, Refusal> {
        if conditions.len() > limits::CONDITIONS {
            return Err(Refusal::new(Code::ParseLimit, "conditions", conditions.len(), "64 conditions"));
        }
        let repeats = |(i, condition)| conditions.iter().skip(i + 1).any(|other| other == condition);
        if let Some((_, twice)) = conditions.iter().enumerate().find(|entry| repeats(*entry)) {
            let found = alloc::format!("`{twice}` twice");
            return Err(Refusal::new(Code::ParseCondition, "conditions", found, "a list of distinct conditions"));
        }
        Ok(Self { pattern, conditions, other_arguments: other })
    }

    /// The pattern.
    ///
    /// ```
    /// # use wane::Scope;
    /// assert_eq!("read:* only".parse::<Scope>()?.pattern().as_str(), "read:*");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The conditions, all of which must hold, in the order stated.
    ///
    /// ```
    /// # use wane::Scope;
    /// assert_eq!("read:*".parse::<Scope>()?.conditions(), []);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Whether arguments that no condition names are refused.
    ///
    /// ```
    /// # use wane::{OtherArguments, Scope};
    /// assert_eq!("read:* only".parse::<Scope>()?.other_arguments(), OtherArguments::Closed);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn other_arguments(&self) -> OtherArguments {
        self.other_arguments
    }
}

/// Without conditions, and open.
impl From<Pattern> for Scope {
    fn from(pattern: Pattern) -> Self {
        Self { pattern, conditions: Vec::new(), other_arguments: OtherArguments::Open }
    }
}

/// As scope text. It parses back to the same scope.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::text(f, self.pattern.as_str())?;
        write_conditions(f, &self.conditions, self.other_arguments)
    }
}

/// The part of scope text behind the pattern.
pub(crate) fn write_conditions(
    f: &mut fmt::Formatter<'_>,
    conditions: &[Condition],
    other_arguments: OtherArguments,
) -> fmt::Result {
    for (i, condition) in conditions.iter().enumerate() {
        write!(f, "{}{condition}", if i == 0 { " if " } else { " and " })?;
    }
    match other_arguments {
        OtherArguments::Closed => f.write_str(" only"),
        OtherArguments::Open if conditions.is_empty() => Ok(()),
        // spec: T104
        OtherArguments::Open => f.write_str(" open"),
    }
}

#[cfg(test)]
mod tests;
