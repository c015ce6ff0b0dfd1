//! Copies of the workspace to change and build.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::mutant::root;

pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a file unless it says the same already, so that nothing is built again for nothing.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    let failed = |error| format!("{}: {error}", path.display());
    fs::create_dir_all(path.parent().expect("files lie in folders")).map_err(failed)?;
    fs::write(path, bytes).map_err(failed)
}

/// Where copies and builds lie.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A copy of all files of the workspace, but for those to be written by the caller. Lints are off in it: a mutant that
/// only warns is a mutant.
pub(crate) fn workspace(name: &str, written: &BTreeSet<String>) -> Result<PathBuf> {
    let copy = target().join("mutants").join(name);
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("git does not start: {error}"))?;
    let names = String::from_utf8(output.stdout).map_err(|error| error.to_string())?;
    let names: BTreeSet<&str> = names.split('\0').filter(|name| !name.is_empty()).collect();
    for name in &names {
        if written.contains(*name) || name.starts_with(".mutants/") {
            continue;
        }
        let Ok(mut bytes) = fs::read(root().join(name)) else { continue };
        if *name == "crates/wane/Cargo.toml" {
            bytes = String::from_utf8_lossy(&bytes).replace("[lints]\nworkspace = true\n", "").into_bytes();
        }
        write(&copy.join(name), &bytes)?;
    }
    // What is gone here must not be left there: tests walk folders.
    for folder in ["crates/wane", "test-vectors", "spec"] {
        remove_strangers(&copy, &copy.join(folder), &names, written)?;
    }
    Ok(copy)
}

fn remove_strangers(copy: &Path, folder: &Path, names: &BTreeSet<&str>, written: &BTreeSet<String>) -> Result<()> {
    let failed = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.strip_prefix(copy).expect("it lies inside").to_string_lossy().into_owned();
        if path.is_dir() {
            remove_strangers(copy, &path, names, written)?;
        } else if !names.contains(name.as_str()) && !written.contains(&name) {
            fs::remove_file(&path).map_err(failed)?;
        }
    }
    Ok(())
}
