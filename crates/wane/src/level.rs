//! Levels, labels and the mark that only rises.

use alloc::collections::BTreeSet;
use core::fmt;
use core::str::FromStr;

use crate::code::Code;
use crate::name::Name;
use crate::refusal::Refusal;

/// How sensitive something is, from `public` (0) to `top-secret` (4).
///
/// ```
/// use wane::Level;
/// assert!(Level::Confidential < Level::Restricted);
/// assert_eq!("top-secret".parse::<Level>()?, Level::TopSecret);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// 0: anybody may know it.
    #[default]
    Public,
    /// 1: stays inside the organisation.
    Internal,
    /// 2: stays with those who need it.
    Confidential,
    /// 3: harms if it leaks.
    Restricted,
    /// 4: nothing is above it.
    TopSecret,
}

impl Level {
    /// Every level, lowest first.
    ///
    /// ```
    /// assert_eq!(wane::Level::ALL.len(), 5);
    /// ```
    pub const ALL: [Self; 5] = [Self::Public, Self::Internal, Self::Confidential, Self::Restricted, Self::TopSecret];

    /// The word: `public`, `internal`, `confidential`, `restricted` or `top-secret`.
    ///
    /// ```
    /// assert_eq!(wane::Level::Internal.as_str(), "internal");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
            Self::TopSecret => "top-secret",
        }
    }

    /// The number on the wire, 0 to 4.
    ///
    /// ```
    /// assert_eq!(wane::Level::Restricted.number(), 3);
    /// ```
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Public => 0,
            Self::Internal => 1,
            Self::Confidential => 2,
            Self::Restricted => 3,
            Self::TopSecret => 4,
        }
    }

    /// The level with this number on the wire.
    ///
    /// ```
    /// assert_eq!(wane::Level::from_number(2), Some(wane::Level::Confidential));
    /// assert_eq!(wane::Level::from_number(5), None);
    /// ```
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|level| u64::from(level.number()) == number)
    }
}

impl FromStr for Level {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::ALL
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| Refusal::new(Code::ParseLevel, "level", text, ""))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The high-water mark: a level and a set of labels. It joins and never falls.
///
/// ```
/// use wane::{Level, Mark};
/// let mut mark = Mark::at(Level::Confidential);
/// mark.join(&Mark::at(Level::Public).with("pii".parse()?));
/// assert_eq!(mark.to_string(), "confidential with pii");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    level: Level,
    labels: BTreeSet<Name>,
}

impl Mark {
    /// A mark without labels.
    ///
    /// ```
    /// assert_eq!(wane::Mark::at(wane::Level::Internal).level(), wane::Level::Internal);
    /// ```
    #[must_use]
    pub const fn at(level: Level) -> Self {
        Self { level, labels: BTreeSet::new() }
    }

    /// The same mark with one more label.
    ///
    /// ```
    /// let mark = wane::Mark::default().with("untrusted".parse()?);
    /// assert_eq!(mark.labels().count(), 1);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn with(mut self, label: Name) -> Self {
        self.labels.insert(label);
        self
    }

    /// Raises this mark to the join of both: the higher level, all labels.
    ///
    /// ```
    /// # use wane::{Level, Mark};
    /// let mut mark = Mark::at(Level::Restricted);
    /// mark.join(&Mark::at(Level::Public));
    /// assert_eq!(mark.level(), Level::Restricted);
    /// ```
    pub fn join(&mut self, other: &Self) {
        self.level = self.level.max(other.level);
        self.labels.extend(other.labels.iter().cloned());
    }

    /// Adds one label.
    pub(crate) fn add(&mut self, label: &Name) {
        if !self.labels.contains(label) {
            self.labels.insert(label.clone());
        }
    }

    /// The level.
    ///
    /// ```
    /// assert_eq!(wane::Mark::default().level(), wane::Level::Public);
    /// ```
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The labels, in the order of their encodings.
    ///
    /// ```
    /// assert_eq!(wane::Mark::default().labels().count(), 0);
    /// ```
    pub fn labels(&self) -> impl ExactSizeIterator<Item = &Name> {
        self.labels.iter()
    }

    /// Whether this mark has at least that level and all of those labels.
    ///
    /// ```
    /// # use wane::{Level, Mark};
    /// assert!(Mark::at(Level::Restricted).reaches(Level::Confidential, &[]));
    /// ```
    #[must_use]
    pub fn reaches(&self, level: Level, labels: &[Name]) -> bool {
        self.level >= level && labels.iter().all(|label| self.labels.contains(label))
    }
}

/// `confidential` or `confidential with pii, untrusted`.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.level)?;
        for (i, label) in self.labels.iter().enumerate() {
            write!(f, "{}{label}", if i == 0 { " with " } else { ", " })?;
        }
        Ok(())
    }
}
