//! Checkpoints as a guard publishes them: one structured line of talk, and a file.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use wane_ledger::Published;

use crate::arguments::Context;
use crate::failure::{self, Failure};
use crate::log::{self, CHECKPOINT_TEXT};
use crate::output::Output;
use crate::write::{self, Edit};

/// The mode of a checkpoint's file, which is there to be shown around.
const MODE: u32 = 0o644;

/// Who is told of every signed head.
pub(crate) type Publisher = Box<dyn FnMut(&Published) + Send>;

/// The publisher to a file, and to standard error. A file that is no checkpoint is refused here, before there is one to be written.
pub(crate) fn publisher(context: &Context, file: Option<&Path>) -> Result<Publisher, Failure> {
    let (output, file) = (context.output, file.map(PathBuf::from));
    if let Some(file) = file.as_deref().filter(|file| file.as_os_str() != "-") {
        check_replaceable(file)?;
    }
    Ok(Box::new(move |published| {
        if let Some(file) = &file {
            publish(output, file, published);
        }
    }))
}

/// Only what is empty or a checkpoint is written over: a key or a ledger named by mistake would be gone.
fn check_replaceable(path: &Path) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file("read", failure::name(path), &error);
    let metadata = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata.map_err(failed)?,
    };
    let mut bytes = Vec::new();
    if metadata.is_file() {
        let file = File::open(path).map_err(failed)?;
        file.take(CHECKPOINT_TEXT + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if metadata.is_file() && (bytes.is_empty() || log::parse_checkpoint(&bytes).is_ok()) {
        return Ok(());
    }
    Err(write::occupied(path, "is no checkpoint").hint("only a checkpoint is written over: name another file"))
}

fn publish(output: Output, file: &Path, published: &Published) {
    let head = published.checkpoint.claimed();
    let line = serde_json::json!({
        "event": "checkpoint",
        "origin": head.origin.as_str(),
        "size": head.size,
        "root": head.root.to_string(),
        "at": published.at,
        "note": published.checkpoint.text(),
    });
    if file.as_os_str() != "-" {
        let text = published.checkpoint.text();
        let replace = |edit: Edit| check_replaceable(file).and_then(|()| edit.replace(text.as_bytes(), MODE));
        let written = Edit::begin(file).and_then(replace);
        if let Err(failure) = written {
            output.warn(format_args!("the checkpoint was not written: {}", failure.message()));
        }
    }
    // Logs are shipped from standard error.
    output.log(&line);
}
