//! Licences: each package must be usable under licences that `deny.toml` allows.

use super::deny;
use super::metadata::{self, Metadata};
use super::{assert_broken, assert_kept};

fn unlicensed(metadata: &Metadata, allowed: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for package in &metadata.packages {
        match package.license.as_deref() {
            None => found.push(format!("`{}` states no licence", package.name)),
            Some(licence) if Expression::is_satisfied(licence, allowed) => {}
            Some(licence) => found.push(format!("`{}` is under {licence}", package.name)),
        }
    }
    found
}

/// An SPDX expression that is being read: `AND` binds closer than `OR`, and a slash is the old way to write `OR`.
/// What cannot be read is not satisfied.
struct Expression<'a> {
    words: std::iter::Peekable<std::vec::IntoIter<&'a str>>,
    allowed: &'a [String],
}

impl<'a> Expression<'a> {
    fn is_satisfied(text: &str, allowed: &[String]) -> bool {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut expression = Expression { words: words.into_iter().peekable(), allowed };
        expression.either() && expression.words.next().is_none()
    }

    fn either(&mut self) -> bool {
        let mut satisfied = self.both();
        while self.words.next_if_eq(&"OR").is_some() {
            // Read in any case: a short cut would leave the rest standing.
            satisfied |= self.both();
        }
        satisfied
    }

    fn both(&mut self) -> bool {
        let mut satisfied = self.one();
        while self.words.next_if_eq(&"AND").is_some() {
            satisfied &= self.one();
        }
        satisfied
    }

    fn one(&mut self) -> bool {
        match self.words.next() {
            Some("(") => {
                let satisfied = self.either();
                self.words.next_if_eq(&")").is_some() && satisfied
            }
            Some(word) => {
                let name = match self.words.next_if_eq(&"WITH") {
                    Some(_) => format!("{word} WITH {}", self.words.next().unwrap_or_default()),
                    None => word.to_owned(),
                };
                self.allowed.contains(&name)
            }
            None => false,
        }
    }
}

#[test]
fn expressions_are_judged() {
    let allowed = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
    let cases = [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("MIT OR GPL-3.0-only", true),
        ("MIT/GPL-3.0-only", true),
        ("MIT AND GPL-3.0-only", false),
        ("(GPL-3.0-only OR MIT) AND Unicode-3.0", true),
        ("GPL-3.0-only OR MIT AND Unicode-3.0", true),
        ("MIT WITH LLVM-exception", false),
        ("(MIT", false),
        ("MIT OR", true), // a missing side is not satisfied, the other one is
        ("MIT MIT", false),
        ("", false),
    ];
    for (text, satisfied) in cases {
        assert_eq!(Expression::is_satisfied(text, &allowed), satisfied, "{text}");
    }
}

#[test]
fn a_licence_that_is_not_allowed_is_noticed() {
    let packages = [("free", "1.0.0", "MIT"), ("viral", "1.0.0", "GPL-3.0-only"), ("silent", "1.0.0", "")];
    let metadata = metadata::made(&[], &packages);
    let expected = ["`viral` is under GPL-3.0-only", "`silent` states no licence"];
    assert_broken(unlicensed(&metadata, &deny::made().licenses.allow), &expected);
}

#[test]
fn every_package_is_under_an_allowed_licence() {
    assert_kept(unlicensed(&metadata::real(), &deny::real().licenses.allow));
}
