//! What a block says about itself.

use serde::{Deserialize, Serialize};
use wane::BlockId;

use super::key_text::KeyText;
use super::text;

/// Who holds what: claims of a block that its id covers, so that nobody can tell them otherwise later. `sub` and `note` are
/// the words of whoever signed it; times are seconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use wane_ledger::About;
/// let about = About { parent: None, sub: Some("planner".into()), key: None, note: None, issued: 1_000, root_issued: 1_000, continues: None };
/// assert_eq!(about.sub.as_deref(), Some("planner"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The block before; a root block has none.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::maybe")]
    pub parent: Option<BlockId>,
    /// The name it gives its holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The key that must sign the next block.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyText>,
    /// Its note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The iat that its `sub` and key are judged by: in force at its parent, or at itself where it is a root block.
    pub issued: u64,
    /// The iat of the root block of its chain.
    pub root_issued: u64,
    /// The first session of the line, where it opens a session that continues one.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::maybe")]
    pub continues: Option<BlockId>,
}

impl About {
    /// Any order will do: two accounts of one block are equal, unless somebody lied about one.
    pub(super) fn rank(&self) -> impl Ord {
        (
            self.issued,
            self.root_issued,
            self.parent,
            self.continues,
            self.sub.clone(),
            self.key.clone(),
            self.note.clone(),
        )
    }
}
