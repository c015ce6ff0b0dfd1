//! Approval rules: who must approve before an action is allowed.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::code::Code;
use crate::key::PublicKey;
use crate::name::Name;
use crate::pattern::Pattern;
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
        let (pattern, rest) = text.split_once(" by ").ok_or_else(refuse)?;
        let (approvers, need) = match rest.split_once(" need ") {
            Some((approvers, need)) => (approvers, need.trim().parse().map_err(|_| refuse())?),
            None => (rest, 1),
        };
        let approvers = approvers.split(',').map(|one| one.trim().parse()).collect::<Result<_, _>>()?;
        if need == 0 {
            return Err(refuse());
        }
        Ok(Self { pattern: pattern.trim().parse()?, approvers, need })
    }
}

impl fmt::Display for AskRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by ", self.pattern)?;
        for (i, approver) in self.approvers.iter().enumerate() {
            write!(f, "{}{approver}", if i == 0 { "" } else { ", " })?;
        }
        write!(f, " need {}", self.need)
    }
}
