//! `same_answer [CHECKS]`: so many checks of valid tokens, a million if unstated, by four threads a core. Prints how many
//! were denied, which must be none, and exits with 1 otherwise.
#![allow(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs, thread};

use getrandom::SysRng;
use rand_core::UnwrapErr;

#[path = "../tests/it/vectors/file.rs"]
mod file;
#[path = "../tests/it/vectors/judge.rs"]
mod judge;
#[path = "../tests/it/vectors/load.rs"]
mod load;
#[path = "../tests/it/vectors/stated.rs"]
mod stated;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors");
/// Folders of another form.
const OTHERS: &[&str] = &["catalogue", "checkpoints", "gateway", "logs", "records"];
const MINTED: usize = 2_000;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let checks = env::args().nth(1).map_or(Ok(1_000_000), |number| number.parse())?;
    let valid = load::tokens(&files(Path::new(FOLDER))?, MINTED, &mut UnwrapErr(SysRng))?;
    if checks < valid.len() {
        return Err(format!("{checks} checks do not reach each of {} tokens", valid.len()).into());
    }
    let cores = thread::available_parallelism()?.get();
    let threads = 4 * cores;
    let start = Instant::now();
    let denials = load::denials(&valid, checks, threads);
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{checks} checks of {} valid tokens ({} vectors, {MINTED} minted) by {threads} threads on {cores} cores in {seconds:.1} s: \
         {} denied",
        valid.len(),
        valid.len() - MINTED,
        denials.len()
    );
    denials.iter().take(10).for_each(|denial| println!("{denial}"));
    Ok(if denials.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Path and text of every file about tokens and decisions.
fn files(folder: &Path) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let mut files = BTreeMap::new();
    for family in fs::read_dir(folder)? {
        let family = family?.path();
        if !family.is_dir() || OTHERS.iter().any(|other| family.ends_with(other)) {
            continue;
        }
        for file in fs::read_dir(family)? {
            let path = file?.path();
            files.insert(path.display().to_string(), fs::read_to_string(path)?);
        }
    }
    Ok(files)
}
