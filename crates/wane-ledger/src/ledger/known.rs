//! What a ledger knows: sessions, who holds them, and what a revocation would end.

use std::collections::{BTreeMap, BTreeSet};

use wane::{Bearer, BlockId, Name, PublicKey, Refusal};

use super::{Ledger, PAGE};
use crate::law::{self, About, Entry, Overlay, Spent};
use crate::store::{Fault, Table};

/// A block that the ledger knows.
///
/// ```
/// use wane::BlockId;
/// use wane_ledger::{Entry, Known};
/// let known = Known { id: BlockId::from_bytes([1; 32]), entry: Entry::default() };
/// assert!(known.entry.is_live(1_000));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: BlockId,
    /// What is known.
    pub entry: Entry,
}

/// Which blocks to list. Without any condition: all that open a session or were registered.
///
/// ```
/// use wane_ledger::Filter;
/// let key = wane::SecretKey::from_seed([1; 32]).public_key();
/// let filter = Filter::new().agent("planner").key(key).root(key).live_at(1_000).sessions_only();
/// assert_ne!(filter, Filter::new());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Filter {
    agent: Option<String>,
    key: Option<PublicKey>,
    root: Option<PublicKey>,
    live_at: Option<u64>,
    only: Only,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Only {
    #[default]
    AllThatWasSeen,
    Sessions,
}

impl Filter {
    /// No condition.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whose block has this `sub`.
    pub fn agent(mut self, name: &str) -> Self {
        self.agent = Some(name.to_owned());
        self
    }

    /// Whose block names this key as the next one.
    pub const fn key(mut self, key: PublicKey) -> Self {
        self.key = Some(key);
        self
    }

    /// Sessions opened under this root key.
    pub const fn root(mut self, key: PublicKey) -> Self {
        self.root = Some(key);
        self
    }

    /// What is neither revoked nor expired at this second, seconds since 1970-01-01T00:00:00Z.
    pub const fn live_at(mut self, now: u64) -> Self {
        self.live_at = Some(now);
        self
    }

    /// Blocks that open a session, and no others.
    pub const fn sessions_only(mut self) -> Self {
        self.only = Only::Sessions;
        self
    }

    fn takes(&self, entry: &Entry) -> bool {
        let about = entry.about.as_ref();
        let seen = match self.only {
            Only::AllThatWasSeen => about.is_some(),
            Only::Sessions => entry.opened.is_some(),
        };
        seen && self.agent.as_ref().is_none_or(|agent| about.is_some_and(|about| about.sub.as_ref() == Some(agent)))
            && self
                .key
                .is_none_or(|key| about.is_some_and(|about| about.key.as_ref().is_some_and(|held| held.is(&key))))
            && self.root.is_none_or(|root| entry.opened.as_ref().is_some_and(|opened| opened.root.is(&root)))
            && self.live_at.is_none_or(|now| entry.is_live(now))
    }
}

/// What to end.
///
/// ```
/// use wane::{Bearer, BlockId};
/// use wane_ledger::Revocation;
/// let one = Revocation::Block(BlockId::from_bytes([1; 32]));
/// let all = Revocation::Before { bearer: Bearer::Agent("reporter".into()), time: 1_000 };
/// assert_ne!(one, all);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// A block and all below it; where it is the first session of a line, the line.
    Block(BlockId),
    /// Whatever was issued to this bearer at `time` or earlier, seconds since 1970-01-01T00:00:00Z.
    Before {
        /// Whose.
        bearer: Bearer,
        /// Until when.
        time: u64,
    },
}

/// What a revocation would end, as far as the ledger knows it: a block that nobody registered or used is not listed, and
/// dies all the same.
///
/// ```
/// let none = wane_ledger::Doomed { known: vec![], more: 0 };
/// assert!(none.known.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doomed {
    /// In the order of their ids.
    pub known: Vec<Known>,
    /// How many there are beside those listed.
    pub more: usize,
}

/// Reading.
///
/// ```
/// # use getrandom::SysRng;
/// # use rand_core::UnwrapErr;
/// # use wane::{Heir, RootGrant, SecretKey, mint};
/// # use wane_audit::Hint;
/// use wane_ledger::{Filter, Ledger, MemoryStore, Revocation};
/// # let (now, mut rng, root) = (1_767_225_600, UnwrapErr(SysRng), SecretKey::from_seed([1; 32]));
/// # let mut ledger =
/// #     Ledger::create(Box::new(MemoryStore::new()), Hint::from_bytes([7; 8]), None, now, Box::new(rng))?;
/// # let grant = RootGrant::new("files".parse()?, now, now + 600).ledger(ledger.id()).subject("planner");
/// # let token = mint(&grant, &root, Heir::carried(&mut rng))?;
/// let id = ledger.register(token.chain(), None, now)?;
/// let known = ledger.sessions(&Filter::new().agent("planner").live_at(now), None, 100)?;
/// assert_eq!(known.len(), 1);
/// assert_eq!(ledger.session(id)?.as_ref(), Some(&known[0].entry));
/// assert!(ledger.spent(id)?.is_empty());
/// assert_eq!(ledger.would_revoke(&Revocation::Block(id), now, 10)?.known, known);
/// # Ok::<(), wane::Refusal>(())
/// ```
impl Ledger {
    /// Blocks that the filter takes, in the order of their ids, those after `after`, at most `limit` of them.
    ///
    /// # Errors
    /// `state-*` of the store.
    pub fn sessions(&mut self, filter: &Filter, after: Option<BlockId>, limit: usize) -> Result<Vec<Known>, Refusal> {
        self.look(|overlay| {
            let mut found = Vec::new();
            each(overlay, after, |id, entry| {
                if found.len() < limit && filter.takes(&entry) {
                    found.push(Known { id, entry });
                }
                found.len() < limit
            })?;
            Ok(found)
        })
    }

    /// What is known about one block.
    ///
    /// # Errors
    /// `state-*` of the store.
    pub fn session(&mut self, id: BlockId) -> Result<Option<Entry>, Refusal> {
        self.look(|overlay| law::load_entry(overlay, id))
    }

    /// What was spent of the counters that live under this id.
    ///
    /// # Errors
    /// `state-*` of the store.
    pub fn spent(&mut self, id: BlockId) -> Result<BTreeMap<Name, u64>, Refusal> {
        self.look(|overlay| {
            let mut found = BTreeMap::new();
            for (key, value) in overlay.scan_prefix(Table::Spent, id.as_bytes())? {
                let name = key.get(id.as_bytes().len()..).and_then(|name| std::str::from_utf8(name).ok());
                let name = name.and_then(|name| name.parse().ok());
                let name = name.ok_or_else(|| Fault::Corrupt(format!("a counter of {id} has no name")))?;
                found.insert(name, law::decode::<Spent>(&(Table::Spent, key), &value)?.spent);
            }
            Ok(found)
        })
    }

    /// What a revocation would end that is alive at `now`; at most `limit` are listed. It changes nothing.
    ///
    /// # Errors
    /// `state-*` of the store.
    pub fn would_revoke(&mut self, revocation: &Revocation, now: u64, limit: usize) -> Result<Doomed, Refusal> {
        self.look(|overlay| {
            let (mut dead, mut children) = (BTreeSet::new(), BTreeMap::<BlockId, Vec<BlockId>>::new());
            each(overlay, None, |id, entry| {
                if names(revocation, id, &entry) {
                    dead.insert(id);
                }
                if let Some(parent) = entry.about.and_then(|about| about.parent) {
                    children.entry(parent).or_default().push(id);
                }
                true
            })?;
            if let Revocation::Block(id) = revocation {
                dead.insert(*id);
            }
            let mut grown: Vec<BlockId> = dead.iter().copied().collect();
            while let Some(id) = grown.pop() {
                let below = children.get(&id).into_iter().flatten();
                grown.extend(below.filter(|child| dead.insert(**child)));
            }
            let mut doomed = Doomed { known: Vec::new(), more: 0 };
            for id in dead {
                match law::load_entry(overlay, id)?.filter(|entry| entry.is_live(now)) {
                    Some(entry) if doomed.known.len() < limit => doomed.known.push(Known { id, entry }),
                    Some(_) => doomed.more = doomed.more.saturating_add(1),
                    None => {}
                }
            }
            Ok(doomed)
        })
    }
}

/// Whether a revocation ends a block by itself and not by one above it.
pub(super) fn names(revocation: &Revocation, id: BlockId, entry: &Entry) -> bool {
    let about = entry.about.as_ref();
    match revocation {
        Revocation::Block(revoked) => *revoked == id || first_of(entry) == Some(*revoked),
        Revocation::Before { bearer: Bearer::Root(key), time } => {
            entry.opened.as_ref().is_some_and(|opened| opened.root.is(key))
                && about.is_some_and(|about| about.root_issued <= *time)
        }
        Revocation::Before { bearer: Bearer::Key(key), time } => {
            let held = |about: &About| about.key.as_ref().is_some_and(|held| held.is(key));
            about.is_some_and(|about| held(about) && about.issued <= *time)
        }
        Revocation::Before { bearer: Bearer::Agent(name), time } => {
            about.is_some_and(|about| about.sub.as_deref() == Some(&**name) && about.issued <= *time)
        }
    }
}

/// The first session of its line, if it is not that itself: its block says so before anything was admitted under it.
pub(super) fn first_of(entry: &Entry) -> Option<BlockId> {
    let opened = entry.opened.as_ref().and_then(|opened| opened.continues);
    opened.or_else(|| entry.about.as_ref().and_then(|about| about.continues))
}

/// Every entry in the order of ids, until `more` says that it is enough.
pub(super) fn each(
    overlay: &mut Overlay<'_>,
    after: Option<BlockId>,
    mut more: impl FnMut(BlockId, Entry) -> bool,
) -> Result<(), Fault> {
    let mut from = after.map(|id| above(id.as_bytes())).unwrap_or_default();
    loop {
        let page = overlay.scan(Table::Entry, &from, None, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = above(last);
        for (key, value) in page {
            let id = <[u8; 32]>::try_from(key.as_slice()).map(BlockId::from_bytes);
            let id = id.map_err(|_| Fault::Corrupt("an entry of no block".into()))?;
            if !more(id, law::decode(&(Table::Entry, key), &value)?) {
                return Ok(());
            }
        }
    }
}

/// The least key above this one.
fn above(key: &[u8]) -> Vec<u8> {
    key.iter().copied().chain([0]).collect()
}
