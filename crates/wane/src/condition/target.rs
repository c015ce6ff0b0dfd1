//! What a condition looks at.

use core::fmt;
use core::str::FromStr;

use crate::code::Code;
use crate::name::Name;
use crate::pointer::Pointer;
use crate::refusal::Refusal;

/// What a condition looks at. Its text is the one on the wire: `/filter/limit`, `@env`, `@said.purpose`.
///
/// ```
/// use wane::Target;
/// assert!(matches!("/path".parse()?, Target::Argument(_)));
/// assert!(matches!("@env".parse()?, Target::Fact(_)));
/// assert!(matches!("@said.purpose".parse()?, Target::Said(_)));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// An argument of the call.
    Argument(Pointer),
    /// A fact the enforcement point states. Its name is not `said`.
    Fact(Name),
    /// A fact the holder states in the seal.
    Said(Name),
}

impl Target {
    /// The argument's place, if this is an argument.
    ///
    /// ```
    /// let target: wane::Target = "/path".parse()?;
    /// assert_eq!(target.pointer().map(wane::Pointer::as_str), Some("/path"));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn pointer(&self) -> Option<&Pointer> {
        match self {
            Self::Argument(pointer) => Some(pointer),
            Self::Fact(_) | Self::Said(_) => None,
        }
    }
}

impl FromStr for Target {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        match text.strip_prefix('@') {
            None => text.parse().map(Self::Argument),
            Some("said") => Err(said_alone()),
            Some(fact) => match fact.strip_prefix("said.") {
                None => fact.parse().map(Self::Fact),
                Some(said) => said.parse().map(Self::Said),
            },
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(pointer) => write!(f, "{pointer}"),
            Self::Fact(name) => write!(f, "@{name}"),
            Self::Said(name) => write!(f, "@said.{name}"),
        }
    }
}

pub(super) fn said_alone() -> Refusal {
    Refusal::new(Code::ParseCondition, "conditions", "`@said`", "a fact: what the holder says is `@said.name`")
}
