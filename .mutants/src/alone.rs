//! Mutants that have to be built one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use crate::mutant::{Mutant, root};
use crate::outcome::Outcome;
use crate::switched::{ALL, BUILD, INTEGRATION, Switched, UNIT, binaries, cargo};
use crate::tests::{self, Test, Verdict};
use crate::{Result, copy};

pub(crate) struct Alone<'a> {
    copy: PathBuf,
    /// The test binaries without any mutant, as far as they were needed.
    plain: BTreeMap<&'static str, PathBuf>,
    switched: &'a Switched,
    tests: &'a [Test],
}

impl<'a> Alone<'a> {
    pub(crate) fn new(switched: &'a Switched, tests: &'a [Test]) -> Result<Self> {
        Ok(Self { copy: copy::workspace("alone", &BTreeSet::new())?, plain: BTreeMap::new(), switched, tests })
    }

    /// Builds it, and runs the tests that the other mutants were run against: integration tests first, since those of
    /// limits are among them, and one build less is a lot.
    pub(crate) fn judge(&mut self, mutant: &Mutant) -> Result<Outcome> {
        let text = copy::read(&root().join(&mutant.file))?;
        let place = self.copy.join(&mutant.file);
        let changed = format!("{} {} {}", &text[..mutant.span.start], mutant.replacement, &text[mutant.span.end..]);
        for kind in [INTEGRATION, UNIT] {
            copy::write(&place, changed.as_bytes())?;
            let built = self.build(kind);
            copy::write(&place, text.as_bytes())?;
            let Some(binary) = built? else { return Ok(Outcome::Unviable) };
            let (verdict, names) = self.run(kind, binary, None)?;
            if verdict != Verdict::Missed {
                // What fails or hangs here must not do so without the mutant.
                let plain = self.plain(kind)?;
                if self.run(kind, plain, Some(&names))?.0 != Verdict::Missed {
                    return Err(format!("without any mutant, one of these fails: {names}"));
                }
                return Ok(if verdict == Verdict::Caught { Outcome::Caught } else { Outcome::Timeout });
            }
        }
        Ok(Outcome::Missed)
    }

    /// The test binary of this kind, or none if it does not compile.
    fn build(&self, kind: &'static str) -> Result<Option<PathBuf>> {
        let messages = cargo(&self.copy, &[BUILD, &[kind]].concat())?;
        if messages.iter().any(|message| message["message"]["level"] == "error") {
            return Ok(None);
        }
        binaries(&messages, &[kind]).map(|mut found| found.pop())
    }

    fn plain(&mut self, kind: &'static str) -> Result<PathBuf> {
        if let Some(kept) = self.plain.get(kind) {
            return Ok(kept.clone());
        }
        let binary = self.build(kind)?.ok_or("the copy does not build without any mutant")?;
        let kept = binary.with_extension("plain");
        fs::copy(&binary, &kept).map_err(|error| format!("{}: {error}", binary.display()))?;
        self.plain.insert(kind, kept.clone());
        Ok(kept)
    }

    /// Runs the tests of this kind: all, or those with these names.
    fn run(&self, kind: &str, binary: PathBuf, names: Option<&str>) -> Result<(Verdict, String)> {
        let place = ALL.iter().position(|one| *one == kind).ok_or("no such tests")?;
        let of_kind = |test: &&Test| self.switched.binaries.get(place) == Some(&test.binary);
        let named = |test: &&Test| names.is_none_or(|names| names.split(' ').any(|name| name == test.name));
        let left: Vec<&Test> = self.tests.iter().filter(of_kind).filter(named).collect();
        tests::judge_alone(&left, &binary, &self.copy)
    }
}
