//! What is known about one block.

use serde::{Deserialize, Serialize};
use wane::{BlockId, Mark, Name, limits};

use super::about::About;
use super::key_text::KeyText;
use super::text;

/// What a ledger knows about one block: a session, or any block that somebody revoked, raised or registered. All of it
/// joins. Times are seconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use wane_ledger::Entry;
/// let entry = Entry::default();
/// assert!(entry.opened.is_none() && entry.revoked.is_none());
/// assert!(entry.is_live(1_000), "nothing is known against it");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What was read under it.
    #[serde(default, skip_serializing_if = "is_lowest", with = "text::mark")]
    pub mark: Mark,
    /// When and why it died.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revoked>,
    /// The end of its lifetime, or of that of the last session that continues it. `None` where the block itself was never
    /// seen; such an entry is never collected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// Set where it opens a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Opened>,
    /// The epoch in which the call that made it registered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<u64>,
    /// What the block says about itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// What raised the mark, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raised: Vec<Rise>,
}

/// A session as it was opened.
///
/// ```
/// use wane_ledger::Opened;
/// let root = wane::SecretKey::from_seed([1; 32]).public_key();
/// let opened = Opened { root: (&root).into(), iat: 1_000, continues: None, at: 1_010 };
/// assert!(opened.iat <= opened.at);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The root key of its chain.
    pub root: KeyText,
    /// The iat in force at its block.
    pub iat: u64,
    /// The first session of its line, if it is not that itself.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::maybe")]
    pub continues: Option<BlockId>,
    /// When this ledger first heard of it.
    pub at: u64,
}

/// A revocation.
///
/// ```
/// let revoked = wane_ledger::Revoked { at: 2_000, reason: "laptop lost".into() };
/// assert_eq!(revoked.at, 2_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// When it was said.
    pub at: u64,
    /// Why, in the words of whoever revoked it; may be empty.
    pub reason: String,
}

/// Something that raised a mark.
///
/// ```
/// use wane::{Level, Mark};
/// let rise = wane_ledger::Rise { at: 2_000, record: "5e5e".into(), mark: Mark::at(Level::Confidential) };
/// assert_eq!(rise.mark.to_string(), "confidential");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rise {
    /// When.
    pub at: u64,
    /// The id of the record that tells the rest.
    pub record: String,
    /// What was joined.
    #[serde(with = "text::mark")]
    pub mark: Mark,
}

impl Rise {
    fn rank(&self) -> (u64, &str, u8, Vec<&Name>) {
        (self.at, &self.record, self.mark.level().number(), self.mark.labels().collect())
    }
}

impl Entry {
    /// Whether it is neither revoked nor past its end at `now`.
    #[must_use]
    pub fn is_live(&self, now: u64) -> bool {
        self.revoked.is_none() && self.exp.is_none_or(|exp| now < exp)
    }

    /// Adds what another account of the same block knows: idempotent, commutative, associative.
    pub(crate) fn join(&mut self, other: Self) {
        // spec: S10
        self.mark = joined(&self.mark, &other.mark);
        self.revoked = either(self.revoked.take(), other.revoked, |a, b| a.min(b));
        self.exp = self.exp.max(other.exp);
        self.registered = self.registered.max(other.registered);
        self.opened = either(self.opened.take(), other.opened, |a, b| if b.rank() < a.rank() { b } else { a });
        self.about = either(self.about.take(), other.about, |a, b| if b.rank() < a.rank() { b } else { a });
        self.raised.extend(other.raised);
        self.forget_what_raised_nothing();
    }

    /// Keeps those rises, in their order in time, that raised what those before them had left: at most four levels, and
    /// labels until there are too many for any request.
    fn forget_what_raised_nothing(&mut self) {
        self.raised.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let mut mark = Mark::default();
        self.raised.retain(|rise| {
            let higher = rise.mark.level() > mark.level();
            let new_label = rise.mark.labels().any(|label| !mark.reaches(mark.level(), std::slice::from_ref(label)));
            let raises = higher || (new_label && mark.labels().len() <= limits::LABELS);
            mark.join(&rise.mark);
            raises
        });
    }
}

impl Opened {
    fn rank(&self) -> impl Ord {
        (self.at, &self.root, self.iat, self.continues)
    }
}

/// A mark denies every request once it has a label more than the limit, so that a longer list would say nothing more:
/// the first labels in order are kept, and the row stays small.
pub(crate) fn joined(one: &Mark, other: &Mark) -> Mark {
    let mut join = one.clone();
    join.join(other);
    // spec: S12
    if join.labels().len() <= limits::LABELS {
        return join;
    }
    let kept = join.labels().take(limits::LABELS.saturating_add(1)).cloned();
    kept.fold(Mark::at(join.level()), Mark::with)
}

fn is_lowest(mark: &Mark) -> bool {
    *mark == Mark::default()
}

fn either<T>(one: Option<T>, other: Option<T>, both: impl FnOnce(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(both(one, other)),
        (one, other) => one.or(other),
    }
}
