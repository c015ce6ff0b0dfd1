//! One file of a client: read, edited and written, with a copy of what it was.

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use wane_gateway::wiring::{self, Edit, Layout, State};

use super::Task;
use crate::clients::Target;
use crate::failure::{self, Failure, Trouble};
use crate::write;

/// The largest file of a client. That of Claude Code holds its history too.
const MOST: u64 = 64 * 1024 * 1024;

/// What the copy of the old file is called, behind its name.
const BACKUP: &str = ".wane-backup";

/// Whether anything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    All,
    Nothing,
}

/// What becomes of the copy of the old file, and of the file with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// There is no copy, and none is needed.
    None,
    /// The copy is kept.
    Kept,
    /// The file is again what its copy says, and the copy is removed.
    Restored,
    /// The servers are as they were, other things may not be: the copy says from now on what was there before.
    Undone,
    /// Nothing was wrapped any more, and the copy says something else: it may be all that is left of it.
    Left,
}

/// What was done to a file, or would be.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) target: Target,
    pub(super) backup: PathBuf,
    pub(super) edit: Edit,
    pub(super) fate: Fate,
}

impl Change {
    /// Whether there is anything to write or to remove.
    pub(super) const fn is_due(&self) -> bool {
        self.edit.is_changed() || matches!(self.fate, Fate::Restored)
    }
}

/// Edits a file. It is read under the lock that other processes of `wane` wait for.
pub(super) fn change(target: Target, task: &Task<'_>, write: Write) -> Result<Change, Failure> {
    let held = write::Edit::begin(&target.real)?;
    let (path, layout) = (held.path(), target.layout);
    let (bytes, text) = read(path)?.ok_or_else(|| vanished(path))?;
    let mut name: OsString = path.file_name().unwrap_or_default().to_owned();
    name.push(BACKUP);
    let backup = path.with_file_name(name);
    let old = read(&backup)?;
    let edited = match task {
        Task::Enforce { runner, names } => wiring::enforce(&text, layout, runner, names),
        Task::Stop { program } => wiring::stop(&text, layout, program, old.as_ref().map(|(_, text)| text.as_str())),
    };
    let edit = edited.map_err(|fault| Failure::new(Trouble::File, format!("{}: {fault}", failure::name(path))))?;
    if edit.is_changed() {
        one_name(path)?;
    }
    // A copy belongs to what is wrapped. Where nothing is, it is one of a file that somebody has replaced since.
    let wrapped_before = any_wrapped(&text, layout, task);
    let still = edit.outcomes().iter().any(|outcome| matches!(outcome.state, State::Refused(_)));
    let fate = match task {
        Task::Enforce { .. } if edit.is_changed() || (old.is_some() && wrapped_before) => Fate::Kept,
        Task::Enforce { .. } => Fate::None,
        Task::Stop { .. } => match &old {
            Some((_, old)) if old == edit.text() => Fate::Restored,
            Some(_) if still => Fate::Kept,
            Some(_) if !edit.is_changed() => Fate::Left,
            None if !edit.is_changed() => Fate::None,
            Some(_) | None => Fate::Undone,
        },
    };
    if write == Write::All {
        // It lies beside a file that may be shared, and nobody looks at it: what opens a gateway that runs is not for it.
        let kept = wiring::without_bearers(&text, layout);
        if edit.is_changed() {
            // What is wrapped already is no text from before.
            if matches!(task, Task::Enforce { .. }) && (old.is_none() || !wrapped_before) {
                held.write_beside(&backup, kept.as_bytes())?;
            }
            held.replace_read(&bytes, edit.text().as_bytes())?;
            if fate == Fate::Undone {
                held.write_beside(&backup, kept.as_bytes())?;
            }
        }
        if fate == Fate::Restored {
            std::fs::remove_file(&backup).map_err(|error| Failure::file("remove", failure::name(&backup), &error))?;
        }
    }
    Ok(Change { target, backup, edit, fate })
}

/// A file is replaced under one name. Whoever reads it by another would go on reading the old one.
fn one_name(path: &Path) -> Result<(), Failure> {
    let about = std::fs::metadata(path).map_err(|error| Failure::file("read", failure::name(path), &error))?;
    match about.nlink() {
        0 | 1 => Ok(()),
        names => Err(Failure::new(
            Trouble::File,
            format!("{} has {names} names, and only one can be edited", failure::name(path)),
        )
        .hint("make it a file of its own, or the others symbolic links to it")),
    }
}

/// Whether any server of the file, named or not, is behind a gateway, wrapped here or not.
fn any_wrapped(text: &str, layout: Layout, task: &Task<'_>) -> bool {
    let program = match task {
        Task::Enforce { runner, .. } => &runner.program,
        Task::Stop { program } => *program,
    };
    wiring::stop(text, layout, program, None).is_ok_and(|edit| !edit.outcomes().is_empty())
}

/// What a file says.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    read(path)?.map(|(_, text)| text).ok_or_else(|| vanished(path))
}

/// The bytes of a file and what they say, if it exists.
fn read(path: &Path) -> Result<Option<(Vec<u8>, String)>, Failure> {
    let named = failure::name(path);
    let failed = |error: std::io::Error| Failure::file("read", &named, &error);
    let said = |what: &str| Failure::new(Trouble::File, format!("{named} {what}"));
    let file = match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
        // Opening a pipe would wait.
        Ok(about) if !about.is_file() => return Err(said("is no file")),
        Ok(_) => File::open(path).map_err(failed)?,
    };
    let mut bytes = Vec::new();
    file.take(MOST.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).map_or(true, |length| length > MOST) {
        return Err(said("is larger than 64 MiB"));
    }
    let text = String::from_utf8(bytes.clone()).map_err(|_| said("is no utf-8"))?;
    Ok(Some((bytes, text)))
}

fn vanished(path: &Path) -> Failure {
    Failure::new(Trouble::File, format!("{} is no longer there", failure::name(path)))
}
