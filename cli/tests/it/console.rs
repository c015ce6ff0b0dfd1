//! Runs the `console` blocks of documents and compares what they show with what happens.
//!
//! `$` starts a line of shell, the lines below it are what it prints on both outputs, `? 3` is its exit code
//! when that is not 0, `[..]` stands for any part of a line and a line `...` for any lines. The blocks of one
//! document share one temporary folder. `WANE_BLESS=1` writes what happened into the document.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::scene::{Scene, run, shell};

#[test]
fn documents_show_what_happens() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<PathBuf> =
        here.join("tests/cmd").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    documents.sort();
    assert!(!documents.is_empty());
    let readme = here.join("../README.md");
    documents.extend(readme.exists().then_some(readme));
    for document in documents {
        check(&document);
    }
}

fn check(document: &Path) {
    let text = std::fs::read_to_string(document).unwrap();
    let mut actual = String::new();
    let mut scene = Scene::new();
    let mut lines = text.lines().peekable();
    let mut wrong = Vec::new();
    while let Some(line) = lines.next() {
        let _ = writeln!(actual, "{line}");
        if line.trim() == "<!-- new folder -->" {
            scene = Scene::new();
        }
        if line.trim() != "```console" {
            continue;
        }
        while let Some(command) = lines.next() {
            let _ = writeln!(actual, "{command}");
            if command.trim() == "```" {
                break;
            }
            let mut shell_line =
                command.strip_prefix("$ ").unwrap_or_else(|| panic!("{document:?}: `{command}`")).to_owned();
            while shell_line.ends_with('\\') {
                let next = lines.next().unwrap();
                let _ = writeln!(actual, "{next}");
                shell_line = format!("{shell_line}\n{}", next.strip_prefix("> ").unwrap_or(next));
            }
            let mut expected = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ") && line.trim() != "```") {
                expected.push(line);
            }
            let said = happens(&scene, &shell_line);
            if matches(&expected, &said.lines().collect::<Vec<_>>()) {
                expected.iter().for_each(|line| writeln!(actual, "{line}").unwrap());
            } else {
                wrong
                    .push(format!("{document:?}: {shell_line}\nexpected:\n{}\nhappened:\n{said}", expected.join("\n")));
                actual.push_str(&said);
            }
        }
    }
    if std::env::var_os("WANE_BLESS").is_some() {
        std::fs::write(document, actual).unwrap();
    } else {
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}

fn happens(scene: &Scene, line: &str) -> String {
    let ran = run(&mut shell(&scene.path("."), &format!("exec 2>&1\n{line}")));
    let mut said = ran.out;
    if !said.is_empty() && !said.ends_with('\n') {
        said.push('\n');
    }
    if ran.code != 0 {
        let _ = writeln!(said, "? {}", ran.code);
    }
    said
}

fn matches(expected: &[&str], happened: &[&str]) -> bool {
    match (expected.split_first(), happened.split_first()) {
        (None, None) => true,
        (Some((&"...", rest)), _) => (0..=happened.len()).any(|skipped| matches(rest, &happened[skipped..])),
        (Some((line, rest)), Some((said, others))) => matches_line(line, said) && matches(rest, others),
        _ => false,
    }
}

fn matches_line(expected: &str, happened: &str) -> bool {
    match expected.split_once("[..]") {
        None => expected == happened,
        Some((before, after)) => happened.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(i, _)| i).chain([rest.len()]).any(|i| matches_line(after, &rest[i..]))
        }),
    }
}

#[test]
fn wildcards_stand_for_parts_and_lines() {
    assert!(matches(&["a[..]c", "...", "d"], &["abc", "x", "y", "d"]));
    assert!(!matches(&["a[..]c"], &["abd"]));
    assert!(!matches(&["a"], &["a", "b"]));
    assert!(matches(&["...", "? 3"], &["? 3"]));
}
