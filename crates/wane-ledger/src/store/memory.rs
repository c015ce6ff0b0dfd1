//! A store that forgets when its process ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Change, Fault, Key, Lock, Room, Row, Rows, Store, Table};

/// Rows in memory. Clones share them, so that several guards of one process can be of one ledger. It is volatile: what it
/// holds is gone with the process, and every answer made with it says so.
///
/// ```
/// use wane_ledger::{MemoryStore, Store, Table};
/// let mut store = MemoryStore::new();
/// let mut other = store.clone();
/// let key = (Table::Used, vec![1]);
/// store.transact(&[], &mut |rows| rows.put(&[(key.clone(), Some(b"{}".to_vec()))]))?;
/// other.view(&mut |rows| {
///     assert_eq!(rows.get(&[key.clone()])?, [Some(b"{}".to_vec())]);
///     Ok(())
/// })?;
/// assert!(!store.is_durable());
/// # Ok::<(), wane_ledger::Fault>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Memory>>);

#[derive(Clone, Debug, Default)]
struct Memory {
    rows: BTreeMap<Key, Vec<u8>>,
    /// The last number that the queue has given.
    last: u64,
}

impl MemoryStore {
    /// A store without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        // A body that panicked has changed nothing but its own changes.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One transaction: what it changes lies beside what is there until it commits.
struct Transaction<'a> {
    memory: &'a Memory,
    changed: BTreeMap<Key, Option<Vec<u8>>>,
    last: u64,
    access: Access,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Store for MemoryStore {
    fn is_durable(&self) -> bool {
        false
    }

    fn transact(&mut self, _: &[Lock], body: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        // One at a time, so that no lock is needed.
        let mut memory = self.lock();
        let last = memory.last;
        let mut transaction = Transaction { memory: &memory, changed: BTreeMap::new(), last, access: Access::Write };
        body(&mut transaction)?;
        let Transaction { changed, last, .. } = transaction;
        for (key, value) in changed {
            match value {
                Some(value) => memory.rows.insert(key, value),
                None => memory.rows.remove(&key),
            };
        }
        memory.last = last;
        Ok(())
    }

    fn view(&mut self, body: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        let memory = self.lock();
        let last = memory.last;
        body(&mut Transaction { memory: &memory, changed: BTreeMap::new(), last, access: Access::Read })
    }

    fn room(&mut self) -> Result<Room, Fault> {
        Ok(Room::Ample)
    }
}

impl Transaction<'_> {
    fn may_write(&self) -> Result<(), Fault> {
        match self.access {
            Access::Write => Ok(()),
            // spec: S9
            Access::Read => Err(Fault::Misuse("a view changes something".into())),
        }
    }
}

impl Rows for Transaction<'_> {
    fn get(&mut self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let value = |key: &Key| match self.changed.get(key) {
            Some(changed) => changed.clone(),
            None => self.memory.rows.get(key).cloned(),
        };
        Ok(keys.iter().map(value).collect())
    }

    fn put(&mut self, changes: &[Change]) -> Result<(), Fault> {
        self.may_write()?;
        self.changed.extend(changes.iter().cloned());
        Ok(())
    }

    fn append(&mut self, values: &[Vec<u8>]) -> Result<(), Fault> {
        self.may_write()?;
        for value in values {
            // spec: S6
            self.last = self.last.checked_add(1).ok_or_else(|| Fault::Full("no number is left".into()))?;
            self.changed.insert((Table::Queue, self.last.to_be_bytes().to_vec()), Some(value.clone()));
        }
        Ok(())
    }

    fn scan(&mut self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Fault> {
        let start = (table, from.to_vec());
        let within = |key: &&Key| key.0 == table && to.is_none_or(|to| key.1.as_slice() < to);
        let mut stored = self.memory.rows.range(start.clone()..).take_while(|(key, _)| within(key)).peekable();
        let mut changed = self.changed.range(start..).take_while(|(key, _)| within(key)).peekable();
        let mut found = Vec::new();
        while found.len() < limit {
            let (old, new) = (stored.peek().map(|(key, _)| *key), changed.peek().map(|(key, _)| *key));
            match (old, new) {
                (None, None) => break,
                (Some(old), Some(new)) if old < new => found.extend(stored.next().map(row)),
                (Some(_), None) => found.extend(stored.next().map(row)),
                (old, Some(new)) => {
                    if old == Some(new) {
                        stored.next();
                    }
                    let changed = changed.next();
                    found.extend(changed.and_then(|(key, value)| Some((key.1.clone(), value.clone()?))));
                }
            }
        }
        Ok(found)
    }
}

fn row((key, value): (&Key, &Vec<u8>)) -> Row {
    (key.1.clone(), value.clone())
}
