//! Where the files of a ledger lie that must not lie in it: the secret of its log, the key of its checkpoints, and the newest
//! head known here.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use wane::LedgerId;

use crate::failure::{self, Failure, Trouble};

/// The folder of one ledger, which need not exist yet.
#[derive(Debug)]
pub(crate) struct Home {
    folder: PathBuf,
}

impl Home {
    /// `$XDG_STATE_HOME/wane/<ledger id>`, or the same under `~/.local/state`.
    pub(crate) fn of(ledger: &LedgerId) -> Result<Self, Failure> {
        let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
        let state = state.ok_or_else(|| {
            Failure::new(Trouble::File, "there is no folder to keep the files of a ledger in")
                .hint("set XDG_STATE_HOME or HOME to an absolute path")
        })?;
        Ok(Self { folder: state.join("wane").join(ledger.to_string()) })
    }

    /// Makes the folder, for its owner alone.
    pub(crate) fn make(&self) -> Result<(), Failure> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|error| Failure::file("make", failure::name(&self.folder), &error))
    }

    /// Takes the folder away again, if nothing lies in it.
    pub(crate) fn unmake(&self) {
        let _ = std::fs::remove_dir(&self.folder);
    }

    /// The file of the log's secret.
    pub(crate) fn log_secret(&self) -> PathBuf {
        self.folder.join("log.secret")
    }

    /// The file of the key that signs checkpoints.
    pub(crate) fn audit_key(&self) -> PathBuf {
        self.folder.join("audit.pem")
    }

    /// The file of the newest head of the log that is known here.
    pub(crate) fn head(&self) -> PathBuf {
        self.folder.join("head")
    }
}

/// Whether there is such a file, as far as can be told.
pub(crate) fn exists(path: &Path) -> bool {
    !matches!(std::fs::symlink_metadata(path), Err(error) if error.kind() == std::io::ErrorKind::NotFound)
}
