//! What every backend asks of its callers, in one place: bounds of keys and values, views that change nothing, and that no
//! body can hide a fault.

use super::{Change, Fault, Key, Lock, Row, Rows, Table};

/// The bounds of a key and of a value, in bytes.
const MOST_KEY: usize = 512;
const MOST_VALUE: usize = 128 * 1024;

/// Refuses locks that do not ascend: two transactions could wait for each other.
pub(super) fn ascending(locks: &[Lock]) -> Result<(), Fault> {
    if locks.is_sorted_by(|one, next| one < next) { Ok(()) } else { misuse("locks must ascend, each once") }
}

/// Runs a body on rows under the rules. The first fault decides how the transaction ends, whatever the body makes of it: the
/// store itself may have given the transaction up by then.
pub(super) fn run(
    rows: &mut dyn Rows,
    writes: bool,
    body: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut checked = Checked { rows, writes, fault: None };
    let answer = body(&mut checked);
    match checked.fault {
        Some(fault) => Err(fault),
        None => answer,
    }
}

/// The number that a key of a numbered table stands for.
pub(super) fn number(key: &[u8]) -> Option<i64> {
    i64::try_from(u64::from_be_bytes(key.try_into().ok()?)).ok()
}

struct Checked<'a> {
    rows: &'a mut dyn Rows,
    writes: bool,
    fault: Option<Fault>,
}

impl Checked<'_> {
    fn noted<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        let result = run(self);
        if let Err(fault) = &result {
            self.fault = Some(fault.clone());
        }
        result
    }

    fn may_write(&self) -> Result<(), Fault> {
        // spec: S9
        if self.writes { Ok(()) } else { misuse("a view changes nothing") }
    }
}

fn misuse<T>(why: &str) -> Result<T, Fault> {
    Err(Fault::Misuse(why.to_owned()))
}

fn key_fits((table, key): &Key) -> Result<(), Fault> {
    if key.is_empty() || key.len() > MOST_KEY {
        return misuse("a key must be 1 to 512 bytes");
    }
    if table.is_numbered() && number(key).is_none() {
        return misuse("a number must be eight bytes, at most 2^63 - 1");
    }
    Ok(())
}

fn value_fits(value: &[u8]) -> Result<(), Fault> {
    if value.len() > MOST_VALUE { misuse("a value must be at most 128 KiB") } else { Ok(()) }
}

impl Rows for Checked<'_> {
    fn get(&mut self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        self.noted(|it| {
            keys.iter().try_for_each(key_fits)?;
            it.rows.get(keys)
        })
    }

    fn put(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        self.noted(|it| {
            it.may_write()?;
            for (key, value) in &changes {
                key_fits(key)?;
                value.as_deref().map_or(Ok(()), value_fits)?;
            }
            it.rows.put(changes)
        })
    }

    fn append(&mut self, values: Vec<Vec<u8>>) -> Result<(), Fault> {
        self.noted(|it| {
            it.may_write()?;
            values.iter().try_for_each(|value| value_fits(value))?;
            it.rows.append(values)
        })
    }

    fn scan(&mut self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Fault> {
        self.noted(|it| it.rows.scan(table, from, to, limit))
    }
}
