//! A run: build, measure, judge, note.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::alone::Alone;
use crate::mutant::{Mutant, root};
use crate::outcome::{self, Outcome};
use crate::plan::Plan;
use crate::tests::{self, Verdict};
use crate::{Result, copy, mutant, switched};

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let plan = Plan::read(arguments)?;
    let mutants = mutant::list()?;
    let files = plan.files(&mutants)?;
    let mut texts = BTreeMap::new();
    for file in &files {
        texts.insert(*file, copy::read(&root().join(file))?);
    }
    let switched = switched::build(&mutants)?;
    eprintln!("built: {} mutants stand alone, {} do not compile", switched.alone.len(), switched.unviable.len());
    let tests = tests::measure(&switched, plan.within)?;
    let took: u128 = tests.iter().map(|test| test.took.as_millis()).sum();
    eprintln!("{} tests take {took} ms one by one", tests.len());

    // What stands behind switches, whole files at once, so that no worker waits for the last of a file.
    let all: Vec<&Mutant> = files.iter().flat_map(|file| &mutants[*file]).collect();
    let stays = |mutant: &&Mutant| !switched.alone.contains(&mutant.id) && !switched.unviable.contains(&mutant.id);
    let mut outcomes: BTreeMap<u32, Outcome> = switched.unviable.iter().map(|id| (*id, Outcome::Unviable)).collect();
    if plan.alone {
        for file in &files {
            outcomes.extend(outcome::noted(file, &texts[file], mutants[*file].iter().filter(stays))?);
        }
    }
    let behind: Vec<&Mutant> = all.iter().copied().filter(|mutant| stays(mutant) && !plan.alone).collect();
    let done = AtomicUsize::new(0);
    let verdicts = tests::parallel(&behind, |mutant| {
        let verdict = tests::judge(&switched, &tests, mutant.id);
        let number = done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Ok((verdict @ (Verdict::Missed | Verdict::Timeout), by)) = &verdict {
            let Mutant { file, line, column, change, .. } = mutant;
            eprintln!("{number}/{} {verdict:?} {file}:{line}:{column}: {change} {by}", behind.len());
        }
        verdict
    });
    for (mutant, verdict) in behind.iter().zip(verdicts) {
        let outcome = match verdict?.0 {
            Verdict::Caught => Outcome::Caught,
            Verdict::Missed => Outcome::Missed,
            Verdict::Timeout => Outcome::Timeout,
        };
        outcomes.insert(mutant.id, outcome);
    }

    let any = !plan.together && all.iter().any(|mutant| switched.alone.contains(&mutant.id));
    let mut alone = any.then(|| Alone::new(&switched, &tests)).transpose()?;
    for file in files {
        for mutant in mutants[file].iter().filter(|mutant| switched.alone.contains(&mutant.id)) {
            let outcome = alone.as_mut().map_or(Ok(Outcome::Untried), |alone| alone.judge(mutant))?;
            if !matches!(outcome, Outcome::Unviable | Outcome::Untried) {
                eprintln!("alone {outcome:?} {}:{}:{}: {}", file, mutant.line, mutant.column, mutant.change);
            }
            outcomes.insert(mutant.id, outcome);
        }
        let noted: Vec<_> = mutants[file].iter().map(|mutant| (mutant, outcomes[&mutant.id])).collect();
        outcome::note(file, &texts[file], &noted)?;
    }
    Ok(())
}
