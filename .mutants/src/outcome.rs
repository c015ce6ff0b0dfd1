//! What came out, one small file for each source file, and what holds now.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::mutant::{Mutant, root};
use crate::{Result, copy, mutant, plan, survivors};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Caught,
    Missed,
    Timeout,
    /// It does not compile.
    Unviable,
    /// It must be built alone, and was not yet.
    Untried,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Missed => "missed",
            Self::Timeout => "timeout",
            Self::Unviable => "unviable",
            Self::Untried => "untried",
        }
    }
}

const ALL: [Outcome; 5] = [Outcome::Caught, Outcome::Missed, Outcome::Timeout, Outcome::Unviable, Outcome::Untried];

fn path(file: &str) -> PathBuf {
    let name = file.strip_prefix(plan::SOURCES).unwrap_or(file);
    root().join(".mutants/outcomes").join(name).with_extension("txt")
}

pub(crate) fn digest(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Notes the outcomes of one source file as it was when they were found out.
pub(crate) fn note(file: &str, source: &str, outcomes: &[(&Mutant, Outcome)]) -> Result<()> {
    let mut text = format!("source {file}\nsha256 {}\n", digest(source));
    for kind in ALL {
        let count = outcomes.iter().filter(|(_, outcome)| *outcome == kind).count();
        let _ = writeln!(text, "{} {count}", kind.word());
    }
    for (mutant, outcome) in outcomes {
        if matches!(outcome, Outcome::Missed | Outcome::Timeout | Outcome::Untried) {
            let _ = writeln!(text, "{}", line(source, mutant, *outcome));
        }
    }
    copy::write(&path(file), text.as_bytes())
}

fn line(source: &str, mutant: &Mutant, outcome: Outcome) -> String {
    let line = source.lines().nth(mutant.line - 1).unwrap_or_default().trim();
    let change = mutant.change.replace('\n', " ");
    format!("{} {}:{} {change} | {line}", outcome.word(), mutant.line, mutant.column)
}

/// What is noted of mutants that compile and stand behind switches.
pub(crate) fn noted<'a>(
    file: &str,
    source: &str,
    mutants: impl Iterator<Item = &'a Mutant>,
) -> Result<BTreeMap<u32, Outcome>> {
    let text = copy::read(&path(file))?;
    if read(&text).sha256 != digest(source) {
        return Err(format!("the outcome of {file} is of other content"));
    }
    let lines: Vec<&str> = text.lines().collect();
    let of = |mutant: &Mutant| {
        let listed = [Outcome::Missed, Outcome::Timeout, Outcome::Untried];
        let found = listed.into_iter().find(|outcome| lines.contains(&line(source, mutant, *outcome).as_str()));
        found.unwrap_or(Outcome::Caught)
    };
    Ok(mutants.map(|mutant| (mutant.id, of(mutant))).collect())
}

/// An outcome file read again.
#[derive(Default)]
struct Noted {
    sha256: String,
    counts: BTreeMap<String, usize>,
    /// Each mutant that was missed: the change and the line of the source.
    missed: Vec<String>,
}

fn read(text: &str) -> Noted {
    let mut noted = Noted::default();
    for line in text.lines() {
        let Some((word, rest)) = line.split_once(' ') else { continue };
        if word == "sha256" {
            noted.sha256 = rest.to_owned();
        } else if let Ok(count) = rest.parse() {
            noted.counts.insert(word.to_owned(), count);
        } else if let ("missed", Some((_, what))) = (word, rest.split_once(' ')) {
            noted.missed.push(what.to_owned());
        }
    }
    noted
}

/// Prints a line for each source file. Fails where an outcome is missing or of other content, where a survivor has no
/// reason or a reason no survivor, where one survives that must not, and where too many do.
pub(crate) fn report() -> Result<()> {
    let mut amiss = Vec::new();
    let mut total: BTreeMap<String, usize> = BTreeMap::new();
    let mut missed = Vec::new();
    println!("{:<44}{:>8}{:>8}{:>8}{:>9}{:>8}", "", "caught", "missed", "timeout", "unviable", "untried");
    let files = mutant::list()?;
    let mut names: Vec<&String> = files.keys().collect();
    names.sort_by_key(|file| (plan::strict(file).unwrap_or(usize::MAX), file.as_str()));
    for file in names {
        let short = file.strip_prefix(plan::SOURCES).unwrap_or(file);
        let Ok(text) = copy::read(&path(file)) else {
            amiss.push(format!("{short} has no outcome"));
            continue;
        };
        let noted = read(&text);
        if noted.sha256 != digest(&copy::read(&root().join(file))?) {
            println!("{short:<44} stale");
            amiss.push(format!("the outcome of {short} is of other content"));
            continue;
        }
        let count = |outcome: Outcome| noted.counts.get(outcome.word()).copied().unwrap_or(0);
        let [caught, survived, timeout, unviable, untried] = ALL.map(count);
        println!("{short:<44}{caught:>8}{survived:>8}{timeout:>8}{unviable:>9}{untried:>8}");
        if plan::strict(file).is_some() && survived + timeout > 0 {
            amiss.push(format!("nothing may survive in {short}"));
        }
        for outcome in ALL {
            *total.entry(outcome.word().to_owned()).or_default() += count(outcome);
        }
        missed.extend(noted.missed.iter().map(|what| format!("{short}: {what}")));
    }
    let count = |outcome: Outcome| total.get(outcome.word()).copied().unwrap_or(0);
    let [caught, survived, timeout, unviable, untried] = ALL.map(count);
    println!("{:<44}{caught:>8}{survived:>8}{timeout:>8}{unviable:>9}{untried:>8}", "together");
    amiss.extend(survivors::compare(&missed)?);
    // At most 3 in 100 of those that compile, and of those no timeout counts as caught.
    if (survived + timeout) * 100 > (caught + survived + timeout) * 3 {
        amiss.push(format!("{survived} survive and {timeout} run out of time, of {}", caught + survived + timeout));
    }
    if untried > 0 {
        amiss.push(format!("{untried} are untried"));
    }
    if amiss.is_empty() { Ok(()) } else { Err(amiss.join("\n       ")) }
}
