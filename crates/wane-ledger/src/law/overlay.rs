//! A transaction in memory: what was read, and what is to be written.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::{Change, Fault, Key, Row, Rows, Table};

/// The rows of one transaction with the changes that are not written yet. Each row is read at most once. What happens
/// after a savepoint can be undone, so that a request that is not admitted leaves nothing.
pub(crate) struct Overlay<'a> {
    rows: &'a mut dyn Rows,
    /// The rows that were read first, nearly always all of them, ascending.
    first: Vec<Key>,
    /// What each of those says. `None`: looked for, and not there.
    values: Vec<Option<Vec<u8>>>,
    /// Those that were read later.
    read: BTreeMap<Key, Option<Vec<u8>>>,
    /// `None`: to be taken away.
    staged: BTreeMap<Key, Option<Vec<u8>>>,
    appended: Vec<Vec<u8>>,
    /// What was staged before each change behind the first savepoint, oldest first; nothing where there is none.
    undo: Option<Vec<Undo>>,
}

/// A row, and what was staged of it, if anything was.
type Undo = (Key, Option<Option<Vec<u8>>>);

/// A point to come back to.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Savepoint {
    changes: usize,
    appended: usize,
}

/// Rows read at a time where all of a range is wanted.
const PAGE: usize = 256;

impl<'a> Overlay<'a> {
    pub(crate) const fn new(rows: &'a mut dyn Rows) -> Self {
        Self {
            rows,
            first: Vec::new(),
            values: Vec::new(),
            read: BTreeMap::new(),
            staged: BTreeMap::new(),
            appended: Vec::new(),
            undo: None,
        }
    }

    /// Reads those of these rows that are not known yet, all at once.
    pub(crate) fn prefetch<'k>(&mut self, keys: impl IntoIterator<Item = &'k Key>) -> Result<(), Fault> {
        let mut missing: Vec<&Key> = keys.into_iter().filter(|key| self.was_read(key).is_none()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        missing.dedup();
        let missing: Vec<Key> = missing.into_iter().cloned().collect();
        let values = self.rows.get(&missing)?;
        if values.len() != missing.len() {
            return Err(Fault::Corrupt(format!("{} values for {} rows", values.len(), missing.len())));
        }
        match self.first.is_empty() {
            true => (self.first, self.values) = (missing, values),
            false => self.read.extend(missing.into_iter().zip(values)),
        }
        Ok(())
    }

    /// What the store says of a row, where it was asked.
    fn was_read(&self, key: &Key) -> Option<&Option<Vec<u8>>> {
        let first = self.first.binary_search(key).ok();
        first.and_then(|at| self.values.get(at)).or_else(|| self.read.get(key))
    }

    /// The row as this transaction sees it, where it is known already.
    pub(crate) fn known(&self, key: &Key) -> Option<Option<&[u8]>> {
        self.staged.get(key).or_else(|| self.was_read(key)).map(Option::as_deref)
    }

    /// The row as this transaction sees it.
    pub(crate) fn bytes(&mut self, key: &Key) -> Result<Option<&[u8]>, Fault> {
        if self.known(key).is_none() {
            self.prefetch([key])?;
        }
        Ok(self.known(key).flatten())
    }

    /// The row as what it must be; a row that cannot be read is never an absent one.
    pub(crate) fn load<T: DeserializeOwned>(&mut self, key: &Key) -> Result<Option<T>, Fault> {
        self.bytes(key)?.map(|bytes| decode(key, bytes)).transpose()
    }

    pub(crate) fn store<T: Serialize>(&mut self, key: Key, value: &T) -> Result<(), Fault> {
        let bytes = encode(&key, value)?;
        self.put(key, Some(bytes));
        Ok(())
    }

    /// Stages a row, or its removal.
    pub(crate) fn put(&mut self, key: Key, value: Option<Vec<u8>>) {
        match &mut self.undo {
            Some(undo) => {
                let before = self.staged.insert(key.clone(), value);
                undo.push((key, before));
            }
            // Nobody comes back to what was before.
            None => drop(self.staged.insert(key, value)),
        }
    }

    /// Stages a record that waits for its place in the log.
    pub(crate) fn append(&mut self, record: Vec<u8>) {
        self.appended.push(record);
    }

    /// The records that were staged, to be staged otherwise.
    pub(crate) fn take_appended(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.appended)
    }

    /// Rows of a range as this transaction sees them, ascending, at most `limit` of them.
    pub(crate) fn scan(
        &mut self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, Fault> {
        let staged = || {
            let ahead = self.staged.range((table, from.to_vec())..);
            ahead.take_while(|((of, key), _)| *of == table && to.is_none_or(|to| key.as_slice() < to))
        };
        // Staged removals take rows away from what the store finds, so that many more are asked for.
        let removed = staged().filter(|(_, value)| value.is_none()).count();
        let found = self.rows.scan(table, from, to, limit.saturating_add(removed))?;
        if staged().next().is_none() {
            return Ok(found);
        }
        let mut merged: BTreeMap<Vec<u8>, Vec<u8>> = found.into_iter().collect();
        for ((_, key), value) in staged() {
            match value {
                Some(value) => merged.insert(key.clone(), value.clone()),
                None => merged.remove(key),
            };
        }
        Ok(merged.into_iter().take(limit).collect())
    }

    /// All rows whose keys start so. Only for what is bounded.
    pub(crate) fn scan_prefix(&mut self, table: Table, prefix: &[u8]) -> Result<Vec<Row>, Fault> {
        let end = after_prefix(prefix);
        let mut all: Vec<Row> = Vec::new();
        let mut from = prefix.to_vec();
        loop {
            let page = self.scan(table, &from, end.as_deref(), PAGE)?;
            let full = page.len() == PAGE;
            all.extend(page);
            match all.last() {
                // The least key above the last one.
                Some((last, _)) if full => from = last.iter().copied().chain([0]).collect(),
                _ => return Ok(all),
            }
        }
    }

    pub(crate) fn savepoint(&mut self) -> Savepoint {
        let changes = self.undo.get_or_insert_default().len();
        Savepoint { changes, appended: self.appended.len() }
    }

    /// Whether anything was staged since that differs from what was there.
    pub(crate) fn has_changed_since(&self, point: Savepoint) -> bool {
        let staged = self.undo.iter().flatten().skip(point.changes);
        let differs = |key: &Key| self.was_read(key) != self.staged.get(key);
        self.appended.len() > point.appended || staged.into_iter().any(|(key, _)| differs(key))
    }

    /// Undoes everything staged since.
    pub(crate) fn rollback_to(&mut self, point: Savepoint) {
        let undone = self.undo.as_mut().map(|undo| undo.split_off(point.changes.min(undo.len())));
        for (key, before) in undone.into_iter().flatten().rev() {
            match before {
                Some(before) => self.staged.insert(key, before),
                None => self.staged.remove(&key),
            };
        }
        self.appended.truncate(point.appended);
    }

    /// Hands everything staged to the transaction.
    pub(crate) fn write(mut self) -> Result<(), Fault> {
        let staged = std::mem::take(&mut self.staged);
        let changes: Vec<Change> =
            staged.into_iter().filter(|(key, value)| self.was_read(key) != Some(value)).collect();
        let Overlay { rows, appended, .. } = self;
        if !changes.is_empty() {
            rows.put(changes)?;
        }
        if !appended.is_empty() {
            rows.append(appended)?;
        }
        Ok(())
    }
}

/// The least key above all that start so; `None` where there is none.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// The error says where and not what: a row may hold arguments of a call.
pub(crate) fn decode<T: DeserializeOwned>(key: &Key, bytes: &[u8]) -> Result<T, Fault> {
    // spec: S13
    serde_json::from_slice(bytes).map_err(|error| {
        let place = error.column();
        Fault::Corrupt(format!("the row {} cannot be read at byte {place}", name(key)))
    })
}

fn encode<T: Serialize>(key: &Key, value: &T) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|_| Fault::Misuse(format!("the row {} cannot be written", name(key))))
}

/// The table and the first bytes of the key, enough to find the row.
fn name((table, key): &Key) -> String {
    let digits: String = key.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{table:?}/{digits}").to_lowercase()
}
