//! What SQLite's result codes mean for whoever waits for an answer.

use std::io;
use std::path::Path;

use rusqlite::{Error, ErrorCode, ffi};
use rustix::fs::{StatVfsMountFlags, statvfs};

use crate::store::Fault;

/// The fault that an error of SQLite stands for; `folder` is where the file lies.
pub(super) fn fault(error: &Error, folder: &Path) -> Fault {
    let Error::SqliteFailure(failure, text) = error else { return of_binding(error) };
    let why = text.clone().unwrap_or_else(|| failure.to_string());
    match failure.code {
        ErrorCode::DiskFull => Fault::Full(why),
        ErrorCode::ReadOnly => Fault::ReadOnly(why),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            Fault::Locked(why)
        }
        // A table that is missing or of another form, or a rule of the schema that does not hold.
        ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::Unknown
        | ErrorCode::ConstraintViolation
        | ErrorCode::TypeMismatch => Fault::Corrupt(why),
        ErrorCode::SystemIoFailure => match failure.extended_code {
            ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_DATA | ffi::SQLITE_IOERR_CORRUPTFS => Fault::Corrupt(why),
            code => of_disk(format!("{why} ({code})"), folder),
        },
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied => of_disk(why, folder),
        ErrorCode::ApiMisuse | ErrorCode::ParameterOutOfRange | ErrorCode::TooBig => Fault::Misuse(why),
        _ => Fault::Unreachable(why),
    }
}

/// Whether an error of `COMMIT` says that nothing is there. In write-ahead mode these arise before the frame that makes the
/// transaction count is whole; whatever fails later, a sync above all, may leave it in the log for the next recovery.
pub(super) fn is_surely_undone(error: &Error) -> bool {
    let Error::SqliteFailure(failure, _) = error else { return false };
    matches!(failure.code, ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::ReadOnly)
        || failure.extended_code == ffi::SQLITE_IOERR_WRITE
}

/// What the operating system answered about the file.
pub(super) fn of_system(error: &io::Error, what: &Path) -> Fault {
    let why = format!("{}: {}", what.display(), words(error));
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Fault::Full(why),
        io::ErrorKind::ReadOnlyFilesystem => Fault::ReadOnly(why),
        _ => Fault::Unreachable(why),
    }
}

/// The words of the operating system, without its number and in lower case.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words).to_lowercase()
}

/// SQLite does not pass on why the disk refused; the disk can say what is likely.
fn of_disk(why: String, folder: &Path) -> Fault {
    match statvfs(folder) {
        Ok(disk) if disk.f_flag.contains(StatVfsMountFlags::RDONLY) => Fault::ReadOnly(why),
        Ok(disk) if disk.f_bavail == 0 || (disk.f_files > 0 && disk.f_favail == 0) => Fault::Full(why),
        _ => Fault::Unreachable(why),
    }
}

/// What was read is not of the type that the schema states, or the caller's path cannot be said in C.
fn of_binding(error: &Error) -> Fault {
    match error {
        Error::NulError(_) | Error::InvalidPath(_) => Fault::Unreachable(error.to_string()),
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::QueryReturnedNoRows
        | Error::Utf8Error(..) => Fault::Corrupt(error.to_string()),
        _ => Fault::Misuse(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_result_code_is_its_fault() {
        let folder = tempfile::tempdir().expect("a folder");
        let of = |code| fault(&Error::SqliteFailure(ffi::Error::new(code), Some("why".into())), folder.path());
        let why = || "why".to_owned();
        let cases = [
            (ffi::SQLITE_FULL, Fault::Full(why())),
            (ffi::SQLITE_READONLY, Fault::ReadOnly(why())),
            (ffi::SQLITE_READONLY_DBMOVED, Fault::ReadOnly(why())),
            (ffi::SQLITE_BUSY, Fault::Locked(why())),
            (ffi::SQLITE_BUSY_SNAPSHOT, Fault::Locked(why())),
            (ffi::SQLITE_LOCKED, Fault::Locked(why())),
            (ffi::SQLITE_PROTOCOL, Fault::Locked(why())),
            (ffi::SQLITE_CORRUPT, Fault::Corrupt(why())),
            (ffi::SQLITE_NOTADB, Fault::Corrupt(why())),
            (ffi::SQLITE_ERROR, Fault::Corrupt(why())),
            (ffi::SQLITE_CANTOPEN, Fault::Unreachable(why())),
            (ffi::SQLITE_PERM, Fault::Unreachable(why())),
            (ffi::SQLITE_NOMEM, Fault::Unreachable(why())),
            (ffi::SQLITE_IOERR_SHORT_READ, Fault::Corrupt(why())),
            (ffi::SQLITE_IOERR_READ, Fault::Unreachable("why (266)".into())),
            (ffi::SQLITE_IOERR_FSYNC, Fault::Unreachable("why (1034)".into())),
            (ffi::SQLITE_MISUSE, Fault::Misuse(why())),
            (ffi::SQLITE_TOOBIG, Fault::Misuse(why())),
        ];
        for (code, expected) in cases {
            assert_eq!(of(code), expected, "{code}");
        }
    }

    #[test]
    fn only_what_fails_before_the_commit_counts_is_surely_undone() {
        let is_undone = |code| is_surely_undone(&Error::SqliteFailure(ffi::Error::new(code), None));
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_READONLY, ffi::SQLITE_IOERR_WRITE] {
            assert!(is_undone(code), "{code}");
        }
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_SHMMAP, ffi::SQLITE_IOERR, ffi::SQLITE_CORRUPT] {
            assert!(!is_undone(code), "{code}");
        }
        assert!(!is_surely_undone(&Error::InvalidQuery));
    }
}
