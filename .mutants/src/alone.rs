//! Mutants that have to be built one by one.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::mutant::{Mutant, root};
use crate::outcome::Outcome;
use crate::switched::{BUILD, binaries, cargo};
use crate::{Result, copy, tests};

pub(crate) struct Alone {
    copy: PathBuf,
}

impl Alone {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { copy: copy::workspace("alone", &BTreeSet::new())? })
    }

    /// Checks, then builds, then runs all tests.
    pub(crate) fn judge(&self, mutant: &Mutant) -> Result<Outcome> {
        let text = copy::read(&root().join(&mutant.file))?;
        let place = self.copy.join(&mutant.file);
        let changed = format!("{} {} {}", &text[..mutant.span.start], mutant.replacement, &text[mutant.span.end..]);
        copy::write(&place, changed.as_bytes())?;
        let outcome = self.outcome();
        copy::write(&place, text.as_bytes())?;
        outcome
    }

    fn outcome(&self) -> Result<Outcome> {
        let messages = cargo(&self.copy, BUILD)?;
        if messages.iter().any(|message| message["message"]["level"] == "error") {
            return Ok(Outcome::Unviable);
        }
        for binary in binaries(&messages)? {
            match tests::all(&binary, &self.copy, Duration::from_secs(1800))? {
                tests::Verdict::Missed => {}
                tests::Verdict::Caught => return Ok(Outcome::Caught),
                tests::Verdict::Timeout => return Ok(Outcome::Timeout),
            }
        }
        Ok(Outcome::Missed)
    }
}
