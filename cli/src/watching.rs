//! Files that are read again when they change.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::input::TOML_TEXT;

/// A file that can be read again, and its name without its folder. A pipe is read once.
pub(crate) fn watchable(path: &Path) -> Option<(PathBuf, String)> {
    let is_file = std::fs::metadata(path).is_ok_and(|found| found.is_file());
    let name = path.file_name()?.to_string_lossy().into_owned();
    is_file.then(|| (path.to_owned(), name))
}

/// Opens what may be anything, without waiting for it.
pub(crate) fn open_at_once(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// As much of a file as is read at first; what is longer is refused when it is to come into force. What has become a pipe meanwhile is
/// not waited for.
pub(crate) fn look(path: &Path) -> io::Result<Vec<u8>> {
    let file = open_at_once(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    file.take(TOML_TEXT.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
