//! Cases as files, and all of them as one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::case::Case;
use crate::request::sorted;

/// Folders that other programs write.
const OTHERS: &[&str] = &["catalogue", "checkpoints", "gateway", "logs", "records"];

/// The path of each file below `test-vectors`, and what stands in it.
///
/// # Panics
/// Where two paths would be one on a disk that does not tell capitals apart, or a name is not in kebab case.
#[must_use]
pub fn files(cases: &[Case]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for case in cases {
        let (family, name) = case.path().split_once('/').expect("a path is family/name");
        for part in [family, name] {
            let letters =
                part.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
            assert!(letters && !part.is_empty() && !part.starts_with('-') && !part.ends_with('-'), "{}", case.path());
        }
        assert!(!OTHERS.contains(&family) && family != "target", "the folder {family} is not ours");
        let earlier = files.insert(format!("{family}/{name}.txt"), case.to_file());
        assert!(earlier.is_none(), "{} is there twice", case.path());
    }
    files
}

/// `all.json`: one line a case.
#[must_use]
pub fn all_json(cases: &[Case]) -> String {
    let mut lines: Vec<String> =
        cases.iter().map(|case| format!("\"{}.txt\":{}", case.path(), sorted(&case.to_json()))).collect();
    lines.sort();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// Writes what differs, and removes every file and folder of ours that no case stands for.
///
/// # Errors
/// What reading and writing below the folder answers.
pub fn write(folder: &Path, cases: &[Case]) -> io::Result<()> {
    let files = files(cases);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let family = entry.file_name().to_string_lossy().into_owned();
        if !entry.file_type()?.is_dir() || OTHERS.contains(&family.as_str()) {
            continue;
        }
        for file in fs::read_dir(entry.path())? {
            let file = file?;
            if !files.contains_key(&format!("{family}/{}", file.file_name().to_string_lossy())) {
                fs::remove_file(file.path())?;
            }
        }
        match fs::remove_dir(entry.path()) {
            Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => return Err(error),
            _ => {}
        }
    }
    for (path, text) in &files {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        write_if_other(&path, text)?;
    }
    write_if_other(&folder.join("all.json"), &all_json(cases))
}

fn write_if_other(path: &Path, text: &str) -> io::Result<()> {
    match fs::read(path) {
        Ok(known) if known == text.as_bytes() => Ok(()),
        _ => fs::write(path, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "is there twice")]
    fn two_cases_of_one_name_are_noticed() {
        let case = Case::new("text/one", "a comment").spec("T1");
        let _: BTreeMap<_, _> = files(&[case.clone(), case]);
    }

    #[test]
    #[should_panic(expected = "text/One")]
    fn capitals_in_a_name_are_noticed() {
        let _: BTreeMap<_, _> = files(&[Case::new("text/One", "a comment").spec("T1")]);
    }

    #[test]
    #[should_panic(expected = "is not ours")]
    fn a_folder_of_others_is_noticed() {
        let _: BTreeMap<_, _> = files(&[Case::new("logs/one", "a comment").spec("T1")]);
    }
}
