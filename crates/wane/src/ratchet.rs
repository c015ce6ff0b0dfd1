//! The ratchet: which actions survive at which mark.

use alloc::vec::Vec;
use core::fmt;

use crate::code::Code;
use crate::level::{Level, Mark};
use crate::name::Name;
use crate::narrowing::push_new;
use crate::pattern::{Action, Pattern};
use crate::refusal::Refusal;

/// Once the mark has this level and all of these labels, only these patterns survive.
///
/// ```
/// use wane::{Level, Rule};
/// let rule = Rule::new(Level::Restricted, [], ["read:*".parse()?]);
/// assert_eq!(rule.to_string(), "restricted keeps read:*");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(crate) level: Level,
    /// Ascending by their encoding, distinct.
    pub(crate) labels: Vec<Name>,
    pub(crate) keep: Vec<Pattern>,
}

impl Rule {
    /// A rule. An empty keep-list leaves nothing.
    ///
    /// ```
    /// use wane::{Level, Rule};
    /// let lockdown = Rule::new(Level::TopSecret, [], []);
    /// assert_eq!(lockdown.to_string(), "top-secret keeps nothing");
    /// ```
    #[must_use]
    pub fn new(level: Level, labels: impl IntoIterator<Item = Name>, keep: impl IntoIterator<Item = Pattern>) -> Self {
        let mut labels: Vec<Name> = labels.into_iter().collect();
        labels.sort();
        labels.dedup();
        let mut kept = Vec::new();
        keep.into_iter().for_each(|pattern| push_new(&mut kept, pattern));
        Self { level, labels, keep: kept }
    }

    /// The rules in force where a root block states none: confidential keeps `read:*` and `write:*`,
    /// restricted keeps `read:*`, confidential with `untrusted` keeps `read:*`.
    ///
    /// ```
    /// assert_eq!(wane::Rule::defaults().len(), 3);
    /// ```
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        let verb = |verb: &str| verb.parse::<Pattern>().ok();
        let reads = || verb("read:*").into_iter();
        let untrusted = "untrusted".parse::<Name>().ok();
        alloc::vec![
            Self::new(Level::Confidential, [], reads().chain(verb("write:*"))),
            Self::new(Level::Restricted, [], reads()),
            Self::new(Level::Confidential, untrusted, reads()),
        ]
    }

    /// The level the mark must reach.
    ///
    /// ```
    /// assert_eq!(wane::Rule::defaults()[1].level(), wane::Level::Restricted);
    /// ```
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The labels the mark must have.
    ///
    /// ```
    /// assert_eq!(wane::Rule::defaults()[2].labels()[0].as_str(), "untrusted");
    /// ```
    #[must_use]
    pub fn labels(&self) -> &[Name] {
        &self.labels
    }

    /// What survives.
    ///
    /// ```
    /// assert_eq!(wane::Rule::defaults()[0].keep().len(), 2);
    /// ```
    #[must_use]
    pub fn keep(&self) -> &[Pattern] {
        &self.keep
    }

    /// Whether the mark has the level and all the labels.
    pub(crate) fn applies(&self, mark: &Mark) -> bool {
        mark.reaches(self.level, &self.labels)
    }

    /// Refuses the action if this rule applies at the mark and does not keep it.
    pub(crate) fn judge(&self, mark: &Mark, action: &Action) -> Result<(), Refusal> {
        // spec: T133
        if self.applies(mark) && !self.keep.iter().any(|pattern| pattern.covers(action)) {
            return Err(Refusal::new(Code::DenyRatchet, "ratchet", action, self));
        }
        Ok(())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.level)?;
        for (i, label) in self.labels.iter().enumerate() {
            write!(f, "{}{label}", if i == 0 { " with " } else { ", " })?;
        }
        f.write_str(" keeps ")?;
        if self.keep.is_empty() {
            return f.write_str("nothing");
        }
        for (i, pattern) in self.keep.iter().enumerate() {
            write!(f, "{}{pattern}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
