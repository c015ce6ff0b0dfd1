//! The rows, as one transaction of SQLite sees them.

use std::path::Path;

use rusqlite::types::{ToSql, Value};
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::trouble;
use crate::store::contract::number;
use crate::store::{Change, Fault, Key, Row, Rows, Table};

pub(super) struct SqliteRows<'a> {
    connection: &'a Connection,
    folder: &'a Path,
}

impl<'a> SqliteRows<'a> {
    pub(super) const fn new(connection: &'a Connection, folder: &'a Path) -> Self {
        Self { connection, folder }
    }

    fn fault(&self, error: &rusqlite::Error) -> Fault {
        trouble::fault(error, self.folder)
    }

    /// Callers ask for rows in the order of their tables, so that one statement serves many.
    fn get_all(&self, keys: &[Key]) -> rusqlite::Result<Vec<Option<Vec<u8>>>> {
        let mut values = Vec::with_capacity(keys.len());
        for keys in keys.chunk_by(|(table, _), (next, _)| table == next) {
            let Some((table, _)) = keys.first() else { continue };
            let mut statement = self.connection.prepare_cached(get(*table))?;
            for (_, key) in keys {
                let value = |row: &rusqlite::Row<'_>| row.get(0);
                values.push(match key_of(*table, key) {
                    KeyOf::Number(number) => statement.query_row([number], value).optional()?,
                    KeyOf::Bytes(key) => statement.query_row([key], value).optional()?,
                });
            }
        }
        Ok(values)
    }

    /// Likewise.
    fn put_all(&self, changes: &[Change]) -> rusqlite::Result<()> {
        let what = |((table, _), value): &Change| (*table, value.is_some());
        for changes in changes.chunk_by(|one, next| what(one) == what(next)) {
            let Some((table, is_put)) = changes.first().map(what) else { continue };
            let mut statement = self.connection.prepare_cached(if is_put { put(table) } else { remove(table) })?;
            for ((_, key), value) in changes {
                let number_or_bytes = key_of(table, key);
                let key: &dyn ToSql = match &number_or_bytes {
                    KeyOf::Number(number) => number,
                    KeyOf::Bytes(key) => key,
                };
                match value {
                    Some(value) => statement.execute([key, value])?,
                    None => statement.execute([key])?,
                };
            }
        }
        Ok(())
    }

    fn append_all(&self, values: &[Vec<u8>]) -> rusqlite::Result<()> {
        // The column counts up by itself and remembers the highest number that it ever gave or was given.
        // spec: S6
        let mut statement = self.connection.prepare_cached("INSERT INTO queue (value) VALUES (?1)")?;
        values.iter().try_for_each(|value| statement.execute([value]).map(|_| ()))
    }

    fn scan_all(&self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> rusqlite::Result<Vec<Row>> {
        let (name, column) = (name(table), column(table));
        let numbered = table.is_numbered();
        let bound = |bytes: &[u8]| {
            if numbered { first_number(bytes).map(Value::Integer) } else { Some(Value::Blob(bytes.to_vec())) }
        };
        let Some(first) = bound(from) else { return Ok(Vec::new()) };
        // No number is as high as an end that has none.
        let end = to.and_then(bound);
        let until = if end.is_some() { format!("AND {column} < ?3") } else { String::new() };
        let sql = format!("SELECT {column}, value FROM {name} WHERE {column} >= ?1 {until} ORDER BY {column} LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let limit = Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX));
        let parameters = [Some(first), Some(limit), end].into_iter().flatten();
        let row = |row: &rusqlite::Row<'_>| {
            let key = if numbered { row.get::<_, i64>(0)?.to_be_bytes().to_vec() } else { row.get(0)? };
            Ok((key, row.get(1)?))
        };
        statement.query_map(params_from_iter(parameters), row)?.collect()
    }
}

impl Rows for SqliteRows<'_> {
    fn get(&mut self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        self.get_all(keys).map_err(|error| self.fault(&error))
    }

    fn put(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        self.put_all(&changes).map_err(|error| self.fault(&error))
    }

    fn append(&mut self, values: Vec<Vec<u8>>) -> Result<(), Fault> {
        self.append_all(&values).map_err(|error| self.fault(&error))
    }

    fn scan(&mut self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Fault> {
        self.scan_all(table, from, to, limit).map_err(|error| self.fault(&error))
    }
}

enum KeyOf<'a> {
    Number(i64),
    Bytes(&'a [u8]),
}

fn key_of(table: Table, key: &[u8]) -> KeyOf<'_> {
    match number(key) {
        Some(number) if table.is_numbered() => KeyOf::Number(number),
        _ => KeyOf::Bytes(key),
    }
}

/// The first number whose key is not before these bytes.
fn first_number(bytes: &[u8]) -> Option<i64> {
    let mut key = [0; 8];
    key.iter_mut().zip(bytes).for_each(|(slot, byte)| *slot = *byte);
    let beyond = u64::from(bytes.len() > key.len());
    i64::try_from(u64::from_be_bytes(key).checked_add(beyond)?).ok()
}

/// The table's name in the schema, which never changes, the name of its key, and the statements about one row.
macro_rules! tables {
    ($($table:ident $name:literal $column:literal,)*) => {
        pub(super) const fn name(table: Table) -> &'static str {
            match table { $(Table::$table => $name,)* }
        }

        const fn column(table: Table) -> &'static str {
            match table { $(Table::$table => $column,)* }
        }

        const fn get(table: Table) -> &'static str {
            match table { $(Table::$table => concat!("SELECT value FROM ", $name, " WHERE ", $column, " = ?1"),)* }
        }

        const fn put(table: Table) -> &'static str {
            match table {
                $(Table::$table => concat!(
                    "INSERT INTO ", $name, " (", $column, ", value) VALUES (?1, ?2)",
                    " ON CONFLICT DO UPDATE SET value = excluded.value"
                ),)*
            }
        }

        const fn remove(table: Table) -> &'static str {
            match table { $(Table::$table => concat!("DELETE FROM ", $name, " WHERE ", $column, " = ?1"),)* }
        }
    };
}

tables! {
    Meta "meta" "key",
    Entry "entry" "key",
    Spent "spent" "key",
    Used "used" "key",
    RevokedBefore "revoked_before" "key",
    Pending "pending" "key",
    Approval "approval" "key",
    Envelope "envelope" "key",
    Config "config" "key",
    Queue "queue" "number",
    Leaf "leaf" "number",
    LeafHash "leaf_hash" "number",
    Head "head" "number",
    Checkpoint "checkpoint" "number",
    Seen "seen" "key",
}
