//! Checkpoints as a guard publishes them: one structured line of talk, and a file.

use std::path::{Path, PathBuf};

use wane_ledger::Published;

use crate::arguments::Context;
use crate::output::Output;
use crate::write::Edit;

/// The mode of a checkpoint's file, which is there to be shown around.
const MODE: u32 = 0o644;

/// Who is told of every signed head.
pub(crate) fn publisher(context: &Context, file: Option<&Path>) -> Box<dyn FnMut(&Published) + Send> {
    let (output, file) = (context.output, file.map(PathBuf::from));
    Box::new(move |published| {
        if let Some(file) = &file {
            publish(output, file, published);
        }
    })
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
        let written = Edit::begin(file).and_then(|edit| edit.replace(published.checkpoint.text().as_bytes(), MODE));
        if let Err(failure) = written {
            output.warn(format_args!("the checkpoint was not written: {}", failure.message()));
        }
    }
    // Logs are shipped from standard error.
    output.log(&line);
}
