//! A store that forgets when its process ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Change, Fault, Key, Lock, Room, Row, Rows, Store, Table, contract};

/// Rows in memory. Clones share them, so that several guards of one process can be of one ledger. It is volatile: what it
/// holds is gone with the process, and every answer made with it says so.
///
/// ```
/// use wane_ledger::{MemoryStore, Store, Table};
/// let mut store = MemoryStore::new();
/// let mut other = store.clone();
/// let key = (Table::Used, vec![1]);
/// store.transact(&[], &mut |rows| rows.put(vec![(key.clone(), Some(b"{}".to_vec()))]))?;
/// other.view(&mut |rows| {
///     assert_eq!(rows.get(&[key.clone()])?, [Some(b"{}".to_vec())]);
///     Ok(())
/// })?;
/// assert!(!store.is_durable());
/// # Ok::<(), wane_ledger::Fault>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Held by the one transaction that may write.
    writing: Mutex<()>,
    /// What is committed. A view keeps what it began with.
    memory: Mutex<Arc<Memory>>,
}

#[derive(Clone, Debug, Default)]
struct Memory {
    /// By table: the few rows that every decision reads do not lie among all the records.
    tables: BTreeMap<Table, BTreeMap<Vec<u8>, Vec<u8>>>,
    /// The last number that the queue has given.
    last: u64,
}

impl MemoryStore {
    /// A store without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn memory(&self) -> MutexGuard<'_, Arc<Memory>> {
        hold(&self.0.memory)
    }
}

/// A body that panicked has changed nothing but its own changes.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One transaction: what it changes lies beside what is there until it commits.
struct Transaction {
    memory: Arc<Memory>,
    changed: BTreeMap<Key, Option<Vec<u8>>>,
    last: u64,
}

impl Transaction {
    fn on(memory: Arc<Memory>) -> Self {
        let last = memory.last;
        Self { memory, changed: BTreeMap::new(), last }
    }
}

impl Store for MemoryStore {
    fn is_durable(&self) -> bool {
        false
    }

    fn transact(
        &mut self,
        locks: &[Lock],
        body: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        contract::ascending(locks)?;
        // One at a time, so that no lock is needed beside this one. Only this process's own threads are waited for.
        let _one = hold(&self.0.writing);
        let mut transaction = Transaction::on(Arc::clone(&self.memory()));
        contract::run(&mut transaction, true, body)?;
        let Transaction { memory, changed, last } = transaction;
        drop(memory);
        let mut committed = self.memory();
        // Copied only where a view still looks at it.
        let memory = Arc::make_mut(&mut committed);
        for ((table, key), value) in changed {
            let rows = memory.tables.entry(table).or_default();
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        memory.last = last;
        Ok(())
    }

    fn view(&mut self, body: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault> {
        let memory = Arc::clone(&self.memory());
        contract::run(&mut Transaction::on(memory), false, body)
    }

    fn room(&mut self) -> Result<Room, Fault> {
        Ok(Room::Ample)
    }
}

impl Rows for Transaction {
    fn get(&mut self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let value = |key: &Key| match self.changed.get(key) {
            Some(changed) => changed.clone(),
            None => self.memory.tables.get(&key.0).and_then(|rows| rows.get(&key.1)).cloned(),
        };
        Ok(keys.iter().map(value).collect())
    }

    fn put(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        // What ascends is made a tree of at once, and not leaf by leaf.
        match self.changed.is_empty() && changes.is_sorted_by(|(one, _), (next, _)| one < next) {
            true => self.changed = changes.into_iter().collect(),
            false => self.changed.extend(changes),
        }
        Ok(())
    }

    fn append(&mut self, values: Vec<Vec<u8>>) -> Result<(), Fault> {
        for value in values {
            // spec: S6
            self.last = self.last.checked_add(1).ok_or_else(|| Fault::Full("no number is left".into()))?;
            self.changed.insert((Table::Queue, self.last.to_be_bytes().to_vec()), Some(value));
        }
        Ok(())
    }

    fn scan(&mut self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Fault> {
        let below = |key: &[u8]| to.is_none_or(|to| key < to);
        let stored = self.memory.tables.get(&table).into_iter().flat_map(|rows| rows.range(from.to_vec()..));
        let mut stored = stored.take_while(|(key, _)| below(key)).peekable();
        let changed = self.changed.range((table, from.to_vec())..);
        let mut changed = changed.take_while(|(key, _)| key.0 == table && below(&key.1)).peekable();
        let mut found = Vec::new();
        while found.len() < limit {
            let (old, new) = (stored.peek().map(|(key, _)| *key), changed.peek().map(|(key, _)| &key.1));
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

fn row((key, value): (&Vec<u8>, &Vec<u8>)) -> Row {
    (key.clone(), value.clone())
}
