//! Approval rules: who must approve before an action is allowed.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::code::Code;
use crate::key::PublicKey;
use crate::name::Name;
use crate::narrowing::push_new;
use crate::pattern::{Action, Pattern};
use crate::refusal::Refusal;

/// An approver that a rule names.
///
/// ```
/// let group: wane::Approver = "@oncall".parse()?;
/// assert_eq!(group.to_string(), "@oncall");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approver {
    /// A group that the verifier's roots define; `@local` is the enforcement point's own approval key.
    Group(Name),
    /// One key.
    Key(PublicKey),
}

impl FromStr for Approver {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text.strip_prefix('@') {
            Some(group) => group.parse().map(Self::Group),
            None => text.parse().map(Self::Key),
        }
    }
}

impl fmt::Display for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(name) => write!(f, "@{name}"),
            Self::Key(key) => write!(f, "{key}"),
        }
    }
}

/// `ask P by K[, K] need N`: what the pattern covers needs that many approvals by distinct keys of the list.
///
/// ```
/// let rule: wane::AskRule = "send:* by @oncall need 2".parse()?;
/// assert_eq!(rule.to_string(), "send:* by @oncall need 2");
/// assert_eq!("send:* by @oncall".parse::<wane::AskRule>()?.need(), 1);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskRule {
    pub(crate) pattern: Pattern,
    pub(crate) approvers: Vec<Approver>,
    pub(crate) need: u64,
}

impl AskRule {
    /// The actions it covers.
    ///
    /// ```
    /// assert_eq!("send:* by @oncall".parse::<wane::AskRule>()?.pattern().as_str(), "send:*");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The same approvers, as many of them, for exactly this action.
    ///
    /// ```
    /// let rule: wane::AskRule = "* by @oncall need 2".parse()?;
    /// assert_eq!(rule.for_action(&"send:mail".parse()?).to_string(), "send:mail by @oncall need 2");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn for_action(&self, action: &Action) -> Self {
        Self { pattern: action.into(), ..self.clone() }
    }

    /// Who may approve.
    ///
    /// ```
    /// assert_eq!("send:* by @oncall".parse::<wane::AskRule>()?.approvers().len(), 1);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn approvers(&self) -> &[Approver] {
        &self.approvers
    }

    /// How many approvals by distinct keys it needs, at least 1.
    ///
    /// ```
    /// assert_eq!("send:* by @oncall need 3".parse::<wane::AskRule>()?.need(), 3);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn need(&self) -> u64 {
        self.need
    }
}

impl FromStr for AskRule {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let refuse = || Refusal::new(Code::ParseCondition, "ask", format_args!("`{text}`"), "`P by K[, K] [need N]`");
        let (pattern, rest) = split_at_word(text, "by").ok_or_else(refuse)?;
        let (approvers, need) = match split_at_word(rest, "need") {
            Some((approvers, need)) => (approvers, count(need).ok_or_else(refuse)?),
            None => (rest, 1),
        };
        let mut distinct = Vec::new();
        for approver in approvers.split(',') {
            push_new(&mut distinct, approver.trim_matches(SPACE).parse()?);
        }
        Ok(Self { pattern: pattern.parse()?, approvers: distinct, need })
    }
}

/// What may stand between two words.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// The parts before and after the first place where `word` stands alone.
fn split_at_word<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    text.match_indices(word).find_map(|(at, _)| {
        let before = text.get(..at)?.strip_suffix(SPACE)?;
        let after = text.get(at.checked_add(word.len())?..)?.strip_prefix(SPACE)?;
        Some((before.trim_matches(SPACE), after.trim_matches(SPACE)))
    })
}

/// A number of at least 1 in its shortest form.
fn count(text: &str) -> Option<u64> {
    let shortest = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    shortest.then(|| text.parse().ok())?
}

impl AskRule {
    pub(crate) fn write_approvers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, approver) in self.approvers.iter().enumerate() {
            write!(f, "{}{approver}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Display for AskRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by ", self.pattern)?;
        self.write_approvers(f)?;
        write!(f, " need {}", self.need)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn one_spelling_of_the_number_and_any_space() {
        let rule: AskRule = " send:*\tby\n@a ,@b  need  2 ".trim().parse().unwrap();
        assert_eq!(rule.to_string(), "send:* by @a, @b need 2");
        for text in
            ["send:* by @a need +2", "send:* by @a need 02", "send:* by @a need 0", "send:*", "send:* by", "by @a"]
        {
            assert!(text.parse::<AskRule>().is_err(), "{text}");
        }
    }
}
