//! Runs the `console` blocks of documents and compares what they show with what happens.
//!
//! `$` starts a line of shell, the lines below it are what it prints on both outputs, `? 3` is its exit code
//! when that is not 0, `[..]` stands for any part of a line and a line `...` for any lines. Ids,
//! keys, times and durations need not be the same. The blocks of one
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
    documents.push(here.join("../README.md"));
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
    matches_text(expected, happened) || matches_text(&blurred(expected), &blurred(happened))
}

/// The line with a word for what is another one each time: ids, keys, times, processes, durations. Documents can so
/// show what really happened once.
fn blurred(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let blur = |(i, word): (usize, &&str)| {
        let (bare, beside) = match word.strip_suffix([',', ';', ':']) {
            Some(bare) => (bare, word.get(bare.len()..).unwrap_or_default()),
            None => (*word, ""),
        };
        let time = |c: (char, char)| if c.1 == '0' { c.0.is_ascii_digit() } else { c.0 == c.1 };
        let number = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit());
        let beside_word = |j: usize, word| words.get(j).is_some_and(|other| other.trim_end_matches(',') == word);
        let (inner, id) = (bare.trim_matches(['`', '"', '(']), [16, 32, 64]);
        let blurred = if id.contains(&inner.len()) && inner.chars().all(|c| c.is_ascii_hexdigit()) {
            "<id>"
        } else if bare.len() == 20 && bare.chars().zip("0000-00-00T00:00:00Z".chars()).all(time) {
            "<time>"
        } else if bare.starts_with("wane1.key.") && bare.len() == 53 {
            "<key>"
        } else if number && (beside_word(i + 1, "ms") || (i > 0 && beside_word(i - 1, "process"))) {
            "<number>"
        } else {
            bare
        };
        format!("{blurred}{beside}")
    };
    words.iter().enumerate().map(blur).collect::<Vec<_>>().join(" ")
}

fn matches_text(expected: &str, happened: &str) -> bool {
    match expected.split_once("[..]") {
        None => expected == happened,
        Some((before, after)) => happened.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(i, _)| i).chain([rest.len()]).any(|i| matches_text(after, &rest[i..]))
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

#[test]
fn only_what_changes_each_time_is_blurred() {
    assert!(matches_line("0 root 9b792a426912cba4", "0 root 0000000000000000"));
    assert!(matches_line("exp 2026-11-21T02:25:09Z", "exp 2027-01-01T00:00:00Z"));
    assert!(matches_line("process 17, in 10 ms", "process 18, in 9 ms"));
    for (expected, happened) in [
        ("23 of 23 as expected", "22 of 23 as expected"),
        ("9b792a426912cba4", "9b792a426912cba"),
        ("exp 2026-11-21T02:25:09Z", "exp never"),
        ("deny-scope", "deny-pattern"),
    ] {
        assert!(!matches_line(expected, happened), "{expected} is not {happened}");
    }
}
