//! Processes are killed at random points, with the signal that nobody can catch: what was answered is there, what was not
//! is there whole or not at all, and those that are left go on. Continuous integration does 60 rounds on each
//! kind of store; `just crash` does more, and writes a log.
//!
//! The machine itself goes on: that a commit waits for the disk is for the stores' own tests.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use crate::checker::{check, compare};
use crate::concurrency::{assert_none, tally, tell};
use crate::observe;
use crate::place::Place;
use crate::plan::Plan;
use crate::random::Random;
use crate::worker::{Worker, enter, read_history};

const PROCESSES: u32 = 3;
const THREADS: u32 = 2;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// What happens to a process of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Killed so long after it was started, most likely while it opens its guard.
    Early(u64),
    /// Killed so long after all were let go.
    Killed(u64),
    /// Stopped in the end.
    Left,
}

fn fates(random: &mut Random) -> Vec<Fate> {
    let millis = |random: &mut Random, most| u64::try_from(random.below(most)).unwrap();
    (0..PROCESSES)
        .map(|number| match random.below(8) {
            0 => Fate::Early(millis(random, 60)),
            1 | 2 if number > 0 => Fate::Left,
            _ => Fate::Killed(millis(random, 150)),
        })
        .collect()
}

/// Starts the processes, and sees to it that each meets its fate.
fn run(test: &str, plan: &Plan, fates: &[Fate]) {
    let path = plan.write();
    let mut running = Vec::new();
    for (number, fate) in (0..).zip(fates) {
        let mut worker = Worker::start(test, &path, number);
        match fate {
            Fate::Early(millis) => {
                sleep(Duration::from_millis(*millis));
                worker.kill();
            }
            Fate::Killed(_) | Fate::Left => running.push((*fate, worker)),
        }
    }
    running.iter_mut().for_each(|(_, worker)| worker.wait_until_ready());
    running.iter_mut().for_each(|(_, worker)| worker.go());
    let (mut doomed, left): (Vec<_>, Vec<_>) = running.into_iter().partition(|(fate, _)| *fate != Fate::Left);
    doomed.sort_by_key(|(fate, _)| match fate {
        Fate::Killed(millis) => *millis,
        Fate::Early(_) | Fate::Left => 0,
    });
    let mut passed = 0;
    for (fate, mut worker) in doomed {
        if let Fate::Killed(millis) = fate {
            sleep(Duration::from_millis(millis - passed));
            passed = millis;
        }
        worker.kill();
    }
    // Those that are left must not stand still for what the dead have held.
    if !left.is_empty() {
        sleep(Duration::from_millis(40));
    }
    left.into_iter().for_each(|(_, worker)| worker.stop());
}

fn crash(test: &str, place: &Place) {
    let few_or_many = if std::env::var_os("CI").is_some() { 60 } else { 12 };
    let rounds = setting("WANE_CRASH_ROUNDS").unwrap_or(few_or_many);
    let seed = setting("WANE_CRASH_SEED").unwrap_or_else(|| getrandom::u64().expect("a seed"));
    let mut log = std::env::var_os("WANE_CRASH_LOG")
        .map(|path| OpenOptions::new().create(true).append(true).open(path).expect("the log can be written"));
    let mut note = |line: String| {
        if let Some(file) = &mut log {
            writeln!(file, "{test}: {line}").expect("the log can be written");
        }
        line
    };
    tell(&format!("{test}: {}", note(format!("{rounds} rounds, WANE_CRASH_SEED={seed}"))));
    let folder = tempfile::tempdir().expect("a folder");
    let head: PathBuf = folder.path().join("head");
    let ledger = place.create().id();
    let mut admitted = 0;
    for round in 0..rounds {
        let mut random = Random::new(seed.wrapping_add(round));
        let within = folder.path().join(round.to_string());
        std::fs::create_dir(&within).expect("a folder");
        let mut plan = Plan::new(place, ledger, random.next(), 2, &within);
        (plan.calls, plan.threads, plan.head) = (usize::MAX, THREADS, head.clone());
        let fates = fates(&mut random);
        run(test, &plan, &fates);

        let history = read_history(&within, PROCESSES, THREADS);
        let mut violations = check(&history);
        violations.extend(compare(&history, &observe::holds(&plan, &history)));
        let counts = tally(&history);
        admitted += counts.get("admitted").copied().unwrap_or_default();
        let line = note(format!("round {round}: {fates:?} {counts:?} {} violations", violations.len()));
        assert_none(&format!("{test}, WANE_CRASH_SEED={seed}, {line}"), &history, &violations);
        observe::verify(place, &head);
    }
    let records = observe::verify(place, &head);
    let line = note(format!("{rounds} rounds, {admitted} answers that admit, {records} records, 0 violations"));
    tell(&format!("{test}: {line}"));
    assert!(admitted > usize::try_from(rounds).unwrap(), "the processes were killed before they did anything");
}

#[test]
fn killed_on_one_sqlite_file() {
    enter();
    let folder = tempfile::tempdir().expect("a folder");
    crash("crash::killed_on_one_sqlite_file", &Place::Sqlite(folder.path().join("ledger.db")));
}

#[test]
fn killed_on_one_postgresql() {
    enter();
    let Some(place) = Place::postgres() else { return };
    crash("crash::killed_on_one_postgresql", &place);
}
