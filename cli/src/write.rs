//! Files that are written: secrets, created new and never in the place of another, and files that are edited by
//! one process at a time.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use crate::failure::{self, Failure, Trouble};

/// Creates `path`, which must not exist, with mode 0600 and writes `bytes` to it.
pub(crate) fn create_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    // Whatever the umask takes away, the owner can read the file again.
    create(path, bytes, 0o600, |file| file.set_permissions(Permissions::from_mode(0o600))).map(drop)
}

/// The same, locked before anything stands in it and for as long as what is returned is kept.
pub(crate) fn create_held(path: &Path, bytes: &[u8]) -> Result<File, Failure> {
    create(path, bytes, 0o600, |file| {
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.lock()
    })
}

/// Nothing is written over.
pub(crate) fn exists(path: &Path) -> Failure {
    occupied(path, "exists").hint("it is never overwritten: name another file")
}

/// Something else is in the place of what was to be written.
pub(crate) fn occupied(path: &Path, why: &str) -> Failure {
    Failure::new(Trouble::FileExists, format!("{} {why}", failure::name(path)))
}

/// Creates `path`, which must not exist, with at most this mode. A file that could not be written is removed.
fn create(
    path: &Path,
    bytes: &[u8],
    mode: u32,
    prepare: impl FnOnce(&File) -> io::Result<()>,
) -> Result<File, Failure> {
    let named = failure::name(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            exists(path)
        } else {
            Failure::file("create", &named, &error)
        }
    })?;
    let written = prepare(&file).and_then(|()| file.write_all(bytes)).and_then(|()| file.sync_all());
    written.map_err(|error| {
        let _ = std::fs::remove_file(path);
        Failure::file("write", &named, &error)
    })?;
    Ok(file)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// The folder of a file, by the one name that it has.
pub(crate) fn folder(path: &Path) -> Result<PathBuf, Failure> {
    std::fs::canonicalize(parent(path))
        .map_err(|error| Failure::file("find the folder of", failure::name(path), &error))
}

/// Waits until no other `wane` holds this folder, and holds it until what is returned goes away.
pub(crate) fn lock(folder: &Path) -> Result<File, Failure> {
    let failed = |error: io::Error| Failure::file("lock the folder", failure::name(folder), &error);
    let lock = File::open(folder).map_err(failed)?;
    lock.lock().map_err(failed)?;
    Ok(lock)
}

/// A file that no other `wane` edits while this lives: its folder is locked, since the file itself is replaced.
#[derive(Debug)]
pub(crate) struct Edit {
    path: PathBuf,
    /// Locked while this lives.
    folder: File,
}

impl Edit {
    /// Waits until nobody else edits the file, which need not exist. It is to be read only after this.
    pub(crate) fn begin(path: &Path) -> Result<Self, Failure> {
        // A link stays a link: the file it leads to is replaced.
        let path = match std::fs::canonicalize(path) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(Failure::file("find", failure::name(path), &error)),
        };
        let folder = lock(parent(&path))?;
        Ok(Self { path, folder })
    }

    /// Whether the file exists.
    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// The file itself, where a link leads to it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a whole new file in the place of the old one, or creates it with this mode. Whoever reads sees the old
    /// text or the new one, never a part. Owner, group and mode stay, or nothing is replaced.
    pub(crate) fn replace(&self, bytes: &[u8], mode: u32) -> Result<(), Failure> {
        if !self.exists() {
            return create(&self.path, bytes, mode, |_| Ok(())).map(drop);
        }
        self.put(&self.path, bytes, || Ok(()))
    }

    /// The same, unless the file says something else than what was read: programs of others wait for nobody.
    pub(crate) fn replace_read(&self, read: &[u8], bytes: &[u8]) -> Result<(), Failure> {
        self.put(&self.path, bytes, || {
            let now =
                std::fs::read(&self.path).map_err(|error| Failure::file("read", failure::name(&self.path), &error))?;
            match now == read {
                true => Ok(()),
                false => {
                    let changed = format!("{} was changed while it was read", failure::name(&self.path));
                    Err(Failure::new(Trouble::File, changed).hint("nothing was written: try again"))
                }
            }
        })
    }

    /// Writes a file of the same folder, in the place of one that is there; whoever can read this one can read that.
    pub(crate) fn write_beside(&self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        self.put(path, bytes, || Ok(()))
    }

    /// Writes `path` with owner, group and mode of the file, once all is written and `check` allows it.
    fn put(&self, path: &Path, bytes: &[u8], check: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::file("replace", failure::name(path), &error);
        let old = std::fs::metadata(&self.path).map_err(failed)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let beside = path.with_file_name(name);
        create(&beside, bytes, 0o600, |file| {
            let new = file.metadata()?;
            if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
                fchown(file, Some(old.uid()), Some(old.gid()))?;
            }
            file.set_permissions(old.permissions())
        })?;
        check().and_then(|()| std::fs::rename(&beside, path).map_err(failed)).inspect_err(|_| {
            let _ = std::fs::remove_file(&beside);
        })?;
        // Not every file system can; then it is for the system to say when the name is on the disk.
        let _ = self.folder.sync_all();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_changed_since_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::fs::write(&path, "old").unwrap();
        let edit = Edit::begin(&path).unwrap();
        let failure = edit.replace_read(b"older", b"new").unwrap_err();
        assert!(failure.message().ends_with("was changed while it was read"), "{}", failure.message());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        edit.replace_read(b"old", b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }
}
