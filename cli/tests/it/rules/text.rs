//! What no file may hold: too many lines, tests and code that only pretend, a clock in the library.

use super::tree::{self, File};
use super::{assert_broken, assert_kept};

/// More than a reader takes in at one sitting.
const MOST_LINES: usize = 600;

/// Written by tools, and read by nobody from top to bottom.
const GENERATED: &[&str] = &[
    "Cargo.lock",
    "crates/wane-gateway/tests/real/package-lock.json",
    "crates/wane/tests/no_std/Cargo.lock",
    "crates/wane/tests/wasm/Cargo.lock",
    "fuzz/Cargo.lock",
    "test-vectors/all.json",
];

/// Tests that do not run and code that is not there. Put together here, so that this file may stand in the tree.
const PRETENCE: &[&str] =
    &[concat!("#[", "ignore"), concat!("``", "`ignore"), concat!("todo", "!("), concat!("unimplemented", "!(")];

/// Words that reach for a clock or a generator of random numbers.
const OUTSIDE: &[&str] =
    &["Instant", "OsRng", "SysRng", "SystemTime", "ThreadRng", "UNIX_EPOCH", "getrandom", "std::time", "thread_rng"];

/// The token library, which must have neither.
const LIBRARY: &str = "crates/wane/src/";

fn too_long(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    if lines <= MOST_LINES || GENERATED.contains(&file.path.as_str()) {
        return Vec::new();
    }
    vec![format!("{} has {lines} lines, more than {MOST_LINES}", file.path)]
}

fn pretences(file: &File) -> Vec<String> {
    if !file.is_rust() && !file.is_documentation() {
        return Vec::new();
    }
    lines_with(file, PRETENCE, |line, word| line.contains(word))
}

fn clock_or_generator(file: &File) -> Vec<String> {
    if !file.is_rust() || !file.path.starts_with(LIBRARY) {
        return Vec::new();
    }
    lines_with(file, OUTSIDE, |line, word| {
        // A comment may say what the library does not do.
        let code = line.split("//").next().unwrap_or_default();
        words(code).any(|found| found == word || found.starts_with(&format!("{word}::")))
    })
}

/// The paths in a line of code, `std::time::Instant` as a whole and each of its ends.
fn words(code: &str) -> impl Iterator<Item = &str> {
    let paths = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
    paths.flat_map(|path| {
        let tails = path.match_indices("::").filter_map(|(at, colons)| path.get(at + colons.len()..));
        std::iter::once(path).chain(tails)
    })
}

fn lines_with(file: &File, words: &[&str], holds: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (line, number) in file.text.lines().zip(1..) {
        for word in words.iter().filter(|word| holds(line, word)) {
            found.push(format!("{}:{number} holds `{word}`", file.path));
        }
    }
    found
}

#[test]
fn a_long_file_is_noticed() {
    assert_kept(too_long(&File::made("spec/token.md", &"line\n".repeat(600))));
    let expected = ["spec/token.md has 601 lines, more than 600"];
    assert_broken(too_long(&File::made("spec/token.md", &"line\n".repeat(601))), &expected);
    assert_kept(too_long(&File::made("Cargo.lock", &"line\n".repeat(601))));
}

#[test]
fn no_file_is_too_long() {
    assert_kept(tree::real().iter().flat_map(too_long).collect());
}

#[test]
fn tests_that_do_not_run_are_noticed() {
    for word in PRETENCE {
        let file = File::made("cli/src/main.rs", &format!("fn main() {{\n    {word}\n}}\n"));
        assert_broken(pretences(&file), &[&format!("cli/src/main.rs:2 holds `{word}`")]);
    }
    assert_kept(pretences(&File::made("cli/src/main.rs", "fn ignore() {}\n// a todo\n")));
}

#[test]
fn nothing_pretends() {
    assert_kept(tree::real().iter().flat_map(pretences).collect());
}

#[test]
fn a_clock_in_the_library_is_noticed() {
    let cases = [
        ("use std::time::Duration;", "std::time"),
        ("    let now = SystemTime::now();", "SystemTime"),
        ("    let start = core::time::Instant::now();", "Instant"),
        ("    getrandom::fill(&mut seed);", "getrandom"),
        ("use rand_core::OsRng;", "OsRng"),
    ];
    for (line, word) in cases {
        let file = File::made("crates/wane/src/mint.rs", line);
        assert_broken(clock_or_generator(&file), &[&format!("crates/wane/src/mint.rs:1 holds `{word}`")]);
    }
    assert_kept(clock_or_generator(&File::made("cli/src/main.rs", "use std::time::SystemTime;")));
    assert_kept(clock_or_generator(&File::made("crates/wane/src/lib.rs", "//! No std::time here; Instantly done.")));
    assert_kept(clock_or_generator(&File::made("crates/wane/src/lib.rs", "fn instant(Instantly: u8) {}")));
}

#[test]
fn the_library_reads_no_clock() {
    assert_kept(tree::real().iter().flat_map(clock_or_generator).collect());
}
