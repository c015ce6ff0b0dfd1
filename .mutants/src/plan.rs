//! Which source files come first, and which shard has them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Result;
use crate::mutant::Mutant;

/// Where nothing may survive, in this order: what tells genuine from forged, and allowed from denied.
pub(crate) const STRICT: &[&str] = &[
    "cbor/",
    "chain.rs",
    "grant.rs",
    "grant/",
    "narrowing.rs",
    "scope_tree.rs",
    "pattern.rs",
    "scope.rs",
    "scope/",
    "condition.rs",
    "condition/",
    "seal.rs",
    "approval.rs",
    "decide.rs",
    "decide/",
    "roots.rs",
    "roots/",
    "verify.rs",
    "claims/",
    "envelope.rs",
];

/// Where sources lie.
pub(crate) const SOURCES: &str = "crates/wane/src/";

/// The place of a source file in the list above.
pub(crate) fn strict(file: &str) -> Option<usize> {
    let name = file.strip_prefix(SOURCES)?;
    STRICT.iter().position(|begin| name.starts_with(begin))
}

/// What to run: paths that begin as one of these, or all.
#[derive(Debug)]
pub(crate) struct Plan {
    shard: usize,
    of: usize,
    begins: Vec<String>,
    /// Whether mutants that must be built alone are left out.
    pub(crate) together: bool,
    /// Whether all others are: what is noted of them stands.
    pub(crate) alone: bool,
    /// Tests that take longer are left out.
    pub(crate) within: Duration,
}

impl Plan {
    pub(crate) fn read(arguments: &[String]) -> Result<Self> {
        let within = Duration::from_secs(1800);
        let mut plan = Self { shard: 0, of: 1, begins: Vec::new(), together: false, alone: false, within };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if argument == "--shard" {
                let both = arguments.next().and_then(|value| value.split_once('/'));
                let both = both.and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
                let Some((shard, of)) = both.filter(|(shard, of)| shard < of) else {
                    return Err("--shard takes K/N, K from 0 to N-1".to_owned());
                };
                (plan.shard, plan.of) = (shard, of);
            } else if argument == "--together" {
                plan.together = true;
            } else if argument == "--alone" {
                plan.alone = true;
            } else if argument == "--within" {
                let seconds = arguments.next().and_then(|value| value.parse().ok());
                plan.within = Duration::from_secs(seconds.ok_or("--within takes seconds")?);
            } else {
                let begin = argument.strip_prefix(SOURCES).unwrap_or(argument);
                plan.begins.push(format!("{SOURCES}{begin}"));
            }
        }
        Ok(plan)
    }

    /// The files of this shard, the strict ones first. A file is never split, so that its outcome is whole.
    pub(crate) fn files<'a>(&self, mutants: &'a BTreeMap<String, Vec<Mutant>>) -> Result<Vec<&'a str>> {
        let named = |name: &&str| self.begins.is_empty() || self.begins.iter().any(|begin| name.starts_with(begin));
        let mut files: Vec<&str> = mutants.keys().map(String::as_str).filter(named).collect();
        if files.is_empty() {
            return Err("no source file's path begins so".to_owned());
        }
        files.sort_by_key(|file| (strict(file).unwrap_or(usize::MAX), *file));
        Ok(files.into_iter().enumerate().filter(|(at, _)| at % self.of == self.shard).map(|(_, file)| file).collect())
    }
}
