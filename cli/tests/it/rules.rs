//! The rules of the workspace: what may depend on what, and what no file may hold.
//!
//! Each rule is a function from data to a list of violations. It is tested twice: on data that breaks it, so that
//! a rule which notices nothing is noticed itself, and on the real tree.

mod arrows;
mod deny;
mod dependencies;
mod examples;
mod layout;
mod licence;
mod metadata;
mod text;
mod tree;

/// Fails with one line a violation.
#[track_caller]
fn assert_kept(violations: Vec<String>) {
    assert!(violations.is_empty(), "rule broken:\n  {}", violations.join("\n  "));
}

/// Fails unless the violations are exactly these.
#[track_caller]
fn assert_broken(violations: Vec<String>, expected: &[&str]) {
    assert_eq!(violations, expected);
}
