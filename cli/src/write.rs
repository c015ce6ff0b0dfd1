//! Files that hold secrets: created new, for their owner only, and never in the place of another.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::failure::{self, Failure, Trouble};

/// Creates `path` with mode 0600 and writes `bytes` to it.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    create(path, bytes, 0o600)
}

/// Creates `path`, which must not exist, with at most this mode. A file that could not be written is removed.
pub(crate) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let named = failure::name(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            Failure::new(Trouble::FileExists, format!("{named} exists"))
                .hint("it is never overwritten: name another file")
        } else {
            Failure::file("create", &named, &error)
        }
    })?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        let _ = std::fs::remove_file(path);
        Failure::file("write", &named, &error)
    })
}

/// Puts a whole new file in the place of `path`, or creates it with this mode. Whoever reads sees the old text
/// or the new one, never a part.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    // A link stays a link: the file it leads to is replaced.
    let target = match std::fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return create(path, bytes, mode),
        Err(error) => return Err(Failure::file("find", failure::name(path), &error)),
    };
    let failed = |error: io::Error| Failure::file("replace", failure::name(path), &error);
    let permissions = std::fs::metadata(&target).map_err(failed)?.permissions();
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = target.with_file_name(name);
    create(&beside, bytes, 0o600)?;
    let moved = std::fs::set_permissions(&beside, permissions).and_then(|()| std::fs::rename(&beside, &target));
    moved.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}
