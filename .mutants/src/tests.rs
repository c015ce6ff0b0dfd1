//! The tests: how long each takes, which mutants it reaches, and running some of them with one mutant.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::switched::Switched;
use crate::{Result, copy};

pub(crate) struct Test {
    pub(crate) binary: PathBuf,
    pub(crate) name: String,
    pub(crate) took: Duration,
    pub(crate) reaches: BTreeSet<u32>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Caught,
    Missed,
    Timeout,
}

/// How many tests or mutants run at once.
pub(crate) fn jobs() -> usize {
    std::env::var("WANE_MUTANTS_JOBS").ok().and_then(|jobs| jobs.parse().ok()).unwrap_or(2)
}

/// Does the same to all of a list, several at once, and keeps the order.
pub(crate) fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(0..items.len());
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..jobs() {
            scope.spawn(|| {
                loop {
                    let Some(at) = next.lock().expect("no worker panics").next() else { break };
                    let result = work(&items[at]);
                    done.lock().expect("no worker panics").push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no worker panics");
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Every test run once, alone, with no mutant on; those that take longer than `within` are left out. What was measured on
/// the same copy before is not measured again: a test that has changed since may now reach more, so at worst a mutant
/// counts as missed that is not.
pub(crate) fn measure(switched: &Switched, within: Duration) -> Result<Vec<Test>> {
    let folder = copy::target().join("mutants").join("seen").join(switched.digest()?);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let mut names = Vec::new();
    for (number, binary) in switched.binaries.iter().enumerate() {
        let output = Command::new(binary).args(["--list", "--format=terse"]).output();
        let output = output.map_err(|error| format!("{}: {error}", binary.display()))?;
        for name in String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| line.strip_suffix(": test")) {
            let place = folder.join(format!("{number}-{}", name.replace("::", "-")));
            names.push((binary.clone(), name.to_owned(), place));
        }
    }
    let measured = parallel(&names, |(binary, name, place)| measure_one(switched, binary, name, place, within));
    let tests: Vec<Option<Test>> = measured.into_iter().collect::<Result<_>>()?;
    let slow = tests.iter().filter(|test| test.is_none()).count();
    if slow > 0 {
        eprintln!("{slow} tests take longer than {} s and are left out", within.as_secs());
    }
    Ok(tests.into_iter().flatten().collect())
}

fn measure_one(switched: &Switched, binary: &Path, name: &str, place: &Path, within: Duration) -> Result<Option<Test>> {
    let (seen, time) = (place.with_extension("seen"), place.with_extension("ms"));
    if !time.exists() {
        let _ = fs::remove_file(&seen);
        let started = Instant::now();
        let mut command = command(binary, &switched.copy, &[name]);
        command.env("WANE_MUTANTS_SEEN", &seen);
        match wait(spawn(&mut command)?, within)? {
            Verdict::Missed => {}
            Verdict::Caught => return Err(format!("{name} fails without any mutant")),
            Verdict::Timeout => return Ok(None),
        }
        copy::write(&time, started.elapsed().as_millis().to_string().as_bytes())?;
    }
    let took = Duration::from_millis(copy::read(&time)?.parse().map_err(|_| format!("{}: no time", time.display()))?);
    let reaches = fs::read_to_string(&seen).unwrap_or_default().lines().filter_map(|id| id.parse().ok()).collect();
    let test = Test { binary: binary.to_owned(), name: name.to_owned(), took, reaches };
    Ok((took <= within).then_some(test))
}

/// Runs the tests that reach a mutant behind a switch.
pub(crate) fn judge(switched: &Switched, tests: &[Test], id: u32) -> Result<(Verdict, String)> {
    let left = tests.iter().filter(|test| test.reaches.contains(&id)).map(|test| (test.binary.as_path(), test));
    one_by_one(left.collect(), &switched.copy, id)
}

/// Runs tests with a binary that was built alone, in place of the one with switches.
pub(crate) fn judge_alone(tests: &[&Test], binary: &Path, copy: &Path) -> Result<(Verdict, String)> {
    one_by_one(tests.iter().map(|test| (binary, *test)).collect(), copy, 0)
}

/// Runs tests, the quick ones first, until some fail or do not end.
fn one_by_one(mut left: Vec<(&Path, &Test)>, copy: &Path, id: u32) -> Result<(Verdict, String)> {
    left.sort_by_key(|(_, test)| test.took);
    let mut budget = Duration::from_millis(100);
    while let Some((binary, _)) = left.first().copied() {
        // One process runs tests of one binary, as many as fit; what fits grows.
        let mut together: Vec<&str> = Vec::new();
        let mut expected = Duration::ZERO;
        left.retain(|(of, test)| {
            let fits = *of == binary && (together.is_empty() || expected + test.took <= budget);
            if fits {
                expected += test.took;
                together.push(&test.name);
            }
            !fits
        });
        let mut command = command(binary, copy, &together);
        command.env("WANE_MUTANT", id.to_string());
        let verdict = wait(spawn(&mut command)?, Duration::from_secs(60) + expected * 20)?;
        if verdict != Verdict::Missed {
            return Ok((verdict, together.join(" ")));
        }
        budget *= 2;
    }
    Ok((Verdict::Missed, String::new()))
}

/// A test binary with the names of tests, as cargo would start it; no mutant takes all memory.
fn command<S: AsRef<str>>(binary: &Path, copy: &Path, names: &[S]) -> Command {
    let package = copy.join("crates").join("wane");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 6000000; exec \"$@\"", "sh"]).arg(binary).args(["--exact", "--test-threads=1"]);
    command.args(names.iter().map(AsRef::as_ref)).current_dir(&package).env("CARGO_MANIFEST_DIR", package);
    command
}

fn spawn(command: &mut Command) -> Result<Child> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("a test does not start: {error}"))
}

/// Success means that a mutant was missed.
fn wait(mut child: Child, limit: Duration) -> Result<Verdict> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) if status.success() => return Ok(Verdict::Missed),
            Some(_) => return Ok(Verdict::Caught),
            None if started.elapsed() > limit => {
                let _ = child.kill();
                let _ = child.wait();
                return Ok(Verdict::Timeout);
            }
            None => thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
