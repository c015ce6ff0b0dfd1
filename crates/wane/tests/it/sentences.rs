//! Ids of binding sentences: each stands once, and whatever is named exists.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn under(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found
}

/// The `T12` of a word that begins with one: T of tokens and decisions, S of live state, A of the audit log, C of catalogues,
/// G of the gateway, H of the HTTP service, W of the tower layer.
fn id(word: &str) -> Option<&str> {
    let digits = word.strip_prefix(['T', 'S', 'A', 'C', 'G', 'H', 'W'])?.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| &word[..=digits])
}

/// Ids that end a sentence, `[T12]`, and ids that text refers to, `T12`.
fn ids(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut defined, mut named) = (Vec::new(), Vec::new());
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && !"[]`".contains(c)) {
        match word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) {
            Some(inner) if id(inner) == Some(inner) => defined.push(inner),
            _ if id(word) == Some(word) => named.push(word),
            _ => {}
        }
    }
    (defined, named)
}

pub(crate) fn defined() -> BTreeMap<String, Vec<PathBuf>> {
    let mut all: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in under("../../spec", "md") {
        for id in ids(&fs::read_to_string(&path).unwrap()).0 {
            all.entry(id.to_string()).or_default().push(path.clone());
        }
    }
    all
}

#[test]
fn ids_are_unique() {
    let all = defined();
    assert!(all.len() > 90, "only {} sentences were found", all.len());
    for (id, places) in all {
        assert_eq!(places.len(), 1, "[{id}] stands in {places:?}");
    }
}

#[test]
fn what_the_specification_refers_to_exists() {
    let all = defined();
    for path in under("../../spec", "md") {
        for id in ids(&fs::read_to_string(&path).unwrap()).1 {
            assert!(all.contains_key(id), "{} refers to {id}", path.display());
        }
    }
}

#[test]
fn what_the_code_refers_to_exists() {
    let all = defined();
    for path in ["../../crates", "../../cli"].into_iter().flat_map(|folder| under(folder, "rs")) {
        let text = fs::read_to_string(&path).unwrap();
        for (line, after) in text.lines().filter_map(|line| Some((line, line.trim().strip_prefix("// spec: ")?))) {
            for word in after.split([' ', ',']).filter(|word| !word.is_empty()) {
                assert!(all.contains_key(word), "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn what_test_vectors_refer_to_exists() {
    let all = defined();
    let files = under("../../test-vectors", "txt");
    assert!(files.len() > 50, "only {} files were found", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let named = text.lines().find_map(|line| line.strip_prefix("spec: "));
        for id in named.unwrap_or_else(|| panic!("{} names no sentence", path.display())).split(' ') {
            assert!(all.contains_key(id), "{} refers to {id}", path.display());
        }
    }
}

#[test]
fn sentences_end_in_their_id() {
    for path in under("../../spec", "md") {
        let text = fs::read_to_string(&path).unwrap();
        for line in text.lines() {
            for id in ids(line).0 {
                let (before, after) = line.split_once(&format!("[{id}]")).unwrap();
                let ends = before.is_empty() || before.ends_with(['.', ';', ' ']);
                assert!(ends && after.trim().is_empty(), "{}: [{id}] does not end its sentence", path.display());
            }
        }
    }
}
