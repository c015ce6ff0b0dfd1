//! Sentence, line, vector: each binding sentence has a line of code that enforces it and a vector that shows it, or a row
//! in `spec/untested.txt` that says which of them is missing, and why. Codes likewise.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use wane::Code;

use super::sentences::{defined, under};

const UNTESTED: &str = "../../spec/untested.txt";

/// What a row may say is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Line,
    Vector,
}

/// Each row: an id or a code, what is missing (`line`, `vector` or `line,vector`), and the reason.
fn rows(text: &str) -> BTreeMap<&str, BTreeSet<Side>> {
    let mut rows = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut words = line.splitn(3, ' ');
        let (name, sides, reason) = (words.next().unwrap(), words.next().unwrap_or(""), words.next().unwrap_or(""));
        assert!(reason.trim().len() > 10, "{line}: no reason");
        let sides = sides.split(',').map(|side| match side {
            "line" => Side::Line,
            "vector" => Side::Vector,
            other => panic!("{line}: `{other}` is neither line nor vector"),
        });
        assert!(rows.insert(name, sides.collect()).is_none(), "{name} stands twice");
    }
    rows
}

/// The words behind a prefix, of every line of every file that has it.
fn behind(folders: &[&str], extension: &str, prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in folders.iter().flat_map(|folder| under(folder, extension)) {
        let bytes = fs::read(&path).unwrap();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let words = line.trim().strip_prefix(prefix).into_iter().flat_map(|after| after.split([' ', ',']));
            found.extend(words.filter(|word| !word.is_empty()).map(str::to_string));
        }
    }
    found
}

fn vectors(prefix: &str) -> BTreeSet<String> {
    behind(&["../../test-vectors"], "txt", prefix)
}

/// What is wrong with the rows, given what has a line and what has a vector.
fn faults(
    names: impl IntoIterator<Item = String>,
    rows: &BTreeMap<&str, BTreeSet<Side>>,
    lines: &BTreeSet<String>,
    vectors: &BTreeSet<String>,
) -> Vec<String> {
    let mut faults = Vec::new();
    for name in names {
        let excused = rows.get(name.as_str());
        for (side, have) in [(Side::Line, lines.contains(&name)), (Side::Vector, vectors.contains(&name))] {
            match (have, excused.is_some_and(|sides| sides.contains(&side))) {
                (false, false) => faults.push(format!("{name} has no {side:?} and no row in spec/untested.txt")),
                (true, true) => {
                    faults.push(format!("{name} has a {side:?}, though spec/untested.txt says it has none"))
                }
                _ => {}
            }
        }
    }
    faults
}

#[test]
fn every_sentence_has_its_line_and_its_vector() {
    let untested = fs::read_to_string(UNTESTED).unwrap();
    let rows = rows(&untested);
    let lines = behind(&["../../crates", "../../cli"], "rs", "// spec: ");
    let sentences = defined();
    assert!(lines.len() > 250, "only {} lines were found", lines.len());
    let faults = faults(sentences.keys().cloned(), &rows, &lines, &vectors("spec: "));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_code_has_its_vector() {
    let untested = fs::read_to_string(UNTESTED).unwrap();
    let codes: BTreeSet<String> = Code::ALL.iter().map(ToString::to_string).collect();
    // That each code has its row in spec/errors.md and a line that gives it is `errors_md` and the compiler.
    let faults = faults(codes.iter().cloned(), &rows(&untested), &codes, &vectors("code: "));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_row_names_a_sentence_or_a_code() {
    let untested = fs::read_to_string(UNTESTED).unwrap();
    let mut known: BTreeSet<String> = defined().into_keys().collect();
    known.extend(Code::ALL.iter().map(ToString::to_string));
    for name in rows(&untested).keys() {
        assert!(known.contains(*name), "spec/untested.txt names {name}, which is no sentence and no code");
    }
}

#[test]
fn what_is_missing_is_noticed() {
    let set = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let judged = |rows_text: &str, lines: &[&str], vectors: &[&str]| {
        faults([String::from("T1")], &rows(rows_text), &set(lines), &set(vectors)).len()
    };
    assert_eq!(judged("", &["T1"], &["T1"]), 0);
    assert_eq!(judged("", &[], &["T1"]), 1);
    assert_eq!(judged("", &["T1"], &[]), 1);
    assert_eq!(judged("T1 line,vector it binds people only", &[], &[]), 0);
    assert_eq!(judged("T1 vector it binds people only", &[], &[]), 1);
    assert_eq!(judged("T1 vector it binds people only", &["T1"], &["T1"]), 1);
}

#[test]
fn every_file_that_a_row_names_exists() {
    let untested = fs::read_to_string(UNTESTED).unwrap();
    let words = untested.split([' ', '\n']).map(|word| word.trim_end_matches([',', ':', '.']));
    let paths: Vec<&str> =
        words.filter(|word| ["crates/", "cli/", "spec/"].iter().any(|top| word.starts_with(top))).collect();
    assert!(paths.len() > 50, "only {} files are named", paths.len());
    for path in paths {
        assert!(std::path::Path::new("../..").join(path).is_file(), "spec/untested.txt names {path}");
    }
}
