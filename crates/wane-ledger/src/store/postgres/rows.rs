//! The rows, as one transaction on one connection sees them. What callers may ask is checked before, in `contract`.

use std::collections::BTreeMap;

use tokio_postgres::Row as Answer;
use tokio_postgres::types::{FromSql, ToSql};

use super::connection::Connection;
use super::driver::both;
use super::trouble::Trouble;
use crate::store::{Change, Fault, Key, Row, Rows, Table};

pub(super) struct PgRows<'a> {
    connection: &'a Connection,
    /// The first thing that went wrong. It decides how the transaction ends, whatever the body makes of it: the server would
    /// answer a commit with a silent rollback.
    pub(super) trouble: Option<Trouble>,
}

impl<'a> PgRows<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, trouble: None }
    }

    fn noted<T>(&mut self, result: Result<T, Trouble>) -> Result<T, Fault> {
        result.map_err(|trouble| {
            let fault = trouble.fault();
            self.trouble.get_or_insert(trouble);
            fault
        })
    }
}

impl Rows for PgRows<'_> {
    fn get(&mut self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let mut found = vec![None; keys.len()];
        if keys.is_empty() {
            return Ok(found);
        }
        let (tables, names) = columns(keys.iter());
        let answers = self.connection.ask(move |client, statements| async move {
            let parameters: [&(dyn ToSql + Sync); 2] = [&tables, &names];
            client.query(&statements.get, &parameters).await
        });
        for answer in self.noted(answers)? {
            let read = column::<i64>(&answer, 0).and_then(|place| Ok((place, column::<Vec<u8>>(&answer, 1)?)));
            let (place, value) = self.noted(read)?;
            // Places count from 1.
            let place = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
            match place.and_then(|place| found.get_mut(place)) {
                Some(slot) => *slot = Some(value),
                None => return self.noted(Err(unreadable())),
            }
        }
        Ok(found)
    }

    fn put(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        // Of several changes of one row, the last is what counts.
        let mut last: BTreeMap<Key, Option<Vec<u8>>> = BTreeMap::new();
        last.extend(changes);
        let (tables, keys) = columns(last.iter().filter(|(_, value)| value.is_some()).map(|(key, _)| key));
        let (gone_tables, gone_keys) = columns(last.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key));
        let values: Vec<Vec<u8>> = last.into_values().flatten().collect();
        let answer = self.connection.ask(move |client, statements| async move {
            let set: [&(dyn ToSql + Sync); 3] = [&tables, &keys, &values];
            let gone: [&(dyn ToSql + Sync); 2] = [&gone_tables, &gone_keys];
            let set = async { if values.is_empty() { Ok(0) } else { client.execute(&statements.upsert, &set).await } };
            let gone =
                async { if gone_keys.is_empty() { Ok(0) } else { client.execute(&statements.delete, &gone).await } };
            let (set, gone) = both(set, gone).await;
            set.and(gone)
        });
        self.noted(answer).map(|_| ())
    }

    fn append(&mut self, values: Vec<Vec<u8>>) -> Result<(), Fault> {
        if values.is_empty() {
            return Ok(());
        }
        let answer = self.connection.ask(move |client, statements| async move {
            let parameters: [&(dyn ToSql + Sync); 2] = [&number(Table::Queue), &values];
            client.execute(&statements.append, &parameters).await
        });
        self.noted(answer).map(|_| ())
    }

    fn scan(&mut self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Fault> {
        let (table, from, to) = (number(table), from.to_vec(), to.map(<[u8]>::to_vec));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let answers = self.connection.ask(move |client, statements| async move {
            match &to {
                None => client.query(&statements.scan, &[&table, &from, &limit]).await,
                Some(to) => client.query(&statements.scan_to, &[&table, &from, &limit, to]).await,
            }
        });
        let rows = self.noted(answers)?;
        let read = rows.iter().map(|row| Ok((column(row, 0)?, column(row, 1)?))).collect::<Result<Vec<Row>, Trouble>>();
        self.noted(read)
    }
}

fn columns<'k>(keys: impl Iterator<Item = &'k Key>) -> (Vec<i16>, Vec<Vec<u8>>) {
    keys.map(|(table, key)| (number(*table), key.clone())).unzip()
}

fn number(table: Table) -> i16 {
    i16::from(table.number())
}

fn column<'a, T: FromSql<'a>>(row: &'a Answer, place: usize) -> Result<T, Trouble> {
    row.try_get(place).map_err(|_| unreadable())
}

// spec: S8
fn unreadable() -> Trouble {
    Trouble::Failed(Fault::Corrupt("a row is not of the type that the schema states".to_owned()))
}
