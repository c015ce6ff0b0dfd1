//! What a server has just listed, for exchanges between which nothing else is kept.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

/// How long nothing is asked again: a server that announces no change of its tools is believed for as long.
const AGE: Duration = Duration::from_secs(5);

/// Lists that are kept, by the words that they were asked for with: clients with credentials of their own each have theirs.
const LISTS: usize = 64;

/// What a list was asked for with, as its digest: whoever asks may say as much as a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Words([u8; 32]);

impl Words {
    pub(crate) fn of(head: &[u8], meta: &str) -> Self {
        let length = u64::try_from(head.len()).unwrap_or(u64::MAX).to_be_bytes();
        Self(Sha256::new().chain_update(length).chain_update(head).chain_update(meta).finalize().into())
    }
}

/// The lists of one server.
#[derive(Debug, Default)]
pub(crate) struct Lists(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// How often it was heard that its tools are others, or that one is.
    changes: u64,
    /// At which of these it was last heard of all of them,
    all: u64,
    /// and of these. They stand in the catalogue, so that there are no more than there.
    differed: HashMap<String, u64>,
    lists: HashMap<Words, List>,
}

impl Kept {
    fn is_as_then(&self, tool: &str, changes: u64) -> bool {
        self.all <= changes && self.differed.get(tool).is_none_or(|at| *at <= changes)
    }
}

#[derive(Debug)]
struct List {
    asked: Instant,
    /// Which tools are as they were pinned; nothing where the server did not tell its tools.
    pinned: Option<HashSet<String>>,
}

/// What is known of a tool without asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It was listed, and is as it was pinned.
    AsPinned,
    /// The server has just not told its tools.
    Untold,
    /// It has to be asked.
    Nothing,
}

impl Lists {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of this tool to who asks with these words. One that was not as it was pinned may have become so.
    pub(crate) fn known(&self, words: &Words, tool: &str, now: Instant) -> Known {
        let kept = self.kept();
        let list = kept.lists.get(words).filter(|list| now.saturating_duration_since(list.asked) < AGE);
        match list.map(|list| &list.pinned) {
            Some(None) => Known::Untold,
            Some(Some(pinned)) if pinned.contains(tool) => Known::AsPinned,
            Some(Some(_)) | None => Known::Nothing,
        }
    }

    /// How often its tools have changed, as far as anybody has heard.
    pub(crate) fn changes(&self) -> u64 {
        self.kept().changes
    }

    /// Somebody has heard that its tools have changed.
    pub(crate) fn changed(&self) {
        let mut kept = self.kept();
        kept.changes = kept.changes.saturating_add(1);
        kept.all = kept.changes;
        kept.lists.clear();
    }

    /// Somebody was listed this tool, and it is not as it was pinned.
    // spec: G60
    pub(crate) fn differs(&self, tool: &str) {
        let mut kept = self.kept();
        kept.changes = kept.changes.saturating_add(1);
        let changes = kept.changes;
        kept.differed.insert(tool.to_owned(), changes);
        kept.lists.clear();
    }

    /// Whether nobody has heard since then that this tool is another.
    pub(crate) fn is_as_then(&self, tool: &str, changes: u64) -> bool {
        self.kept().is_as_then(tool, changes)
    }

    /// Keeps what was asked for then. A list from before a change does not undo it.
    pub(crate) fn keep(&self, words: Words, mut pinned: Option<HashSet<String>>, asked: Instant, changes: u64) {
        let mut kept = self.kept();
        // Nor does one that comes late undo what was asked for since.
        if kept.all > changes || kept.lists.get(&words).is_some_and(|known| known.asked > asked) {
            return;
        }
        pinned.iter_mut().for_each(|pinned| pinned.retain(|tool| kept.is_as_then(tool, changes)));
        if kept.lists.len() >= LISTS {
            let oldest = kept.lists.iter().min_by_key(|(_, list)| list.asked).map(|(words, _)| *words);
            oldest.and_then(|words| kept.lists.remove(&words));
        }
        kept.lists.insert(words, List { asked, pinned });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: impl ToString) -> Words {
        Words::of(text.to_string().as_bytes(), "")
    }

    #[test]
    fn words_are_the_same_only_where_both_parts_are() {
        assert_eq!(Words::of(b"a", "b"), Words::of(b"a", "b"));
        assert_ne!(Words::of(b"ab", ""), Words::of(b"a", "b"));
        assert_eq!(size_of::<Words>(), 32);
    }

    #[test]
    fn a_list_is_believed_for_a_while_and_by_those_who_asked_for_it() {
        let (lists, now) = (Lists::default(), Instant::now());
        let pinned = || Some(HashSet::from(["a".to_owned()]));
        lists.keep(words("x"), pinned(), now, lists.changes());
        lists.keep(words("y"), None, now, lists.changes());
        assert_eq!(lists.known(&words("x"), "a", now), Known::AsPinned);
        assert_eq!(lists.known(&words("x"), "b", now), Known::Nothing);
        assert_eq!(lists.known(&words("y"), "a", now), Known::Untold);
        assert_eq!(lists.known(&words("z"), "a", now), Known::Nothing);
        let later = now + AGE;
        assert_eq!(
            (lists.known(&words("x"), "a", later), lists.known(&words("y"), "a", later)),
            (Known::Nothing, Known::Nothing)
        );
        // What was announced since it was asked for comes behind it.
        let before = lists.changes();
        lists.changed();
        assert_eq!(lists.known(&words("x"), "a", now), Known::Nothing);
        lists.keep(words("x"), pinned(), now, before);
        assert_eq!(lists.known(&words("x"), "a", now), Known::Nothing);
        // So does what somebody else was listed meanwhile, of that tool alone.
        let before = lists.changes();
        lists.keep(words("y"), pinned(), now, before);
        lists.differs("a");
        assert_eq!(lists.known(&words("y"), "a", now), Known::Nothing);
        lists.keep(words("x"), Some(HashSet::from(["a".to_owned(), "b".to_owned()])), now, before);
        assert_eq!(lists.known(&words("x"), "a", now), Known::Nothing);
        assert_eq!(lists.known(&words("x"), "b", now), Known::AsPinned);
        assert!(!lists.is_as_then("a", before) && lists.is_as_then("b", before));
        assert!(lists.is_as_then("a", lists.changes()));
        lists.changed();
        assert!(!lists.is_as_then("b", before));
        for number in 0..=LISTS {
            let asked = now + Duration::from_millis(u64::try_from(number).unwrap());
            lists.keep(words(number), pinned(), asked, lists.changes());
        }
        assert_eq!(
            (lists.known(&words("0"), "a", now), lists.known(&words("1"), "a", now)),
            (Known::Nothing, Known::AsPinned)
        );
    }

    #[test]
    fn what_was_asked_for_earlier_and_told_later_is_not_kept() {
        let (lists, now) = (Lists::default(), Instant::now());
        let later = now + Duration::from_secs(1);
        lists.keep(words("x"), Some(HashSet::new()), later, lists.changes());
        lists.keep(words("x"), Some(HashSet::from(["a".to_owned()])), now, lists.changes());
        assert_eq!(lists.known(&words("x"), "a", later), Known::Nothing);
    }
}
