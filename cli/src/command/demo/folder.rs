//! A private folder that goes with the demo.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::together::drawn;
use crate::failure::Failure;

/// A folder of the demo's own, which goes with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn new() -> Result<Self, Failure> {
        let mut name = String::from("wane-demo-");
        drawn()?.iter().take(8).for_each(|byte| name.push_str(&format!("{byte:02x}")));
        let path = std::env::temp_dir().join(name);
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| Failure::file("make", crate::failure::name(&path), &error))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is an empty ledger in a folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
