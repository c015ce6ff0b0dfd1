//! The files of the repository as text.

use std::fs;
use std::path::Path;

/// Folders that hold what tools make, and nothing that anybody wrote.
const MADE: &[&str] = &[".git", ".venv", "__pycache__", "artifacts", "corpus", "node_modules", "target"];

/// One file: its path from the root with `/` between the parts, and its text.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn made(path: &str, text: &str) -> Self {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    pub(super) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub(super) fn is_documentation(&self) -> bool {
        self.path.ends_with(".md")
    }
}

/// Every file below the root of the workspace that is text, in the order of the paths.
pub(super) fn real() -> Vec<File> {
    let mut files = Vec::new();
    collect(&super::metadata::root(), "", &mut files);
    assert!(files.iter().any(|file| file.path == "crates/wane/src/lib.rs"), "the walk missed the library");
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("folders can be listed") {
        let entry = entry.expect("folders can be listed");
        let name = entry.file_name().into_string().expect("file names are UTF-8");
        let kind = entry.file_type().expect("entries have a type");
        let path = format!("{prefix}{name}");
        if kind.is_dir() && !MADE.contains(&name.as_str()) {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if kind.is_file() {
            // What is not UTF-8 is data, and no rule about text applies to it.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                files.push(File { path, text });
            }
        }
    }
}
