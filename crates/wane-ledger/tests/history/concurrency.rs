//! Eight processes of two threads on one ledger, with raises, budgets, approvals, seals for one request and revocations:
//! the judge of histories finds nothing. `just concurrency` does the same with ten times as many calls.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;

use crate::checker::{Kind, Operation, Outcome, TROUBLE, Violation, check, compare};
use crate::observe;
use crate::place::Place;
use crate::plan::Plan;
use crate::worker::{Worker, enter, read_history};

const PROCESSES: u32 = 8;
const THREADS: u32 = 2;

/// Calls of all threads together.
fn calls() -> usize {
    std::env::var("WANE_HISTORY_CALLS").map_or(2_000, |text| text.parse().expect("WANE_HISTORY_CALLS is a number"))
}

/// What a test says past the capturing of its output.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Panics with the violations, and leaves the history where it can be looked at.
pub(crate) fn assert_none(what: &str, history: &[Operation], violations: &[Violation]) {
    if violations.is_empty() {
        return;
    }
    let (file, path) = tempfile::NamedTempFile::new().expect("a file").keep().expect("it is kept");
    serde_json::to_writer_pretty(file, history).expect("the history can be written");
    let shown: Vec<_> = violations.iter().take(5).map(ToString::to_string).collect();
    panic!("{what}: {} violations, the history is in {}\n{}", violations.len(), path.display(), shown.join("\n"));
}

/// How often each outcome came.
pub(crate) fn tally(history: &[Operation]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for operation in history {
        let word = match (&operation.kind, &operation.outcome) {
            (Kind::Admit(_), Outcome::Ok) => "admitted".to_owned(),
            (Kind::Raise { .. }, Outcome::Ok) => "raised".to_owned(),
            (Kind::Revoke { .. }, Outcome::Ok) => "revoked".to_owned(),
            (_, Outcome::Denied(code, _)) => code.clone(),
            (_, Outcome::Unknown) => "unknown".to_owned(),
        };
        *counts.entry(word).or_default() += 1;
    }
    counts
}

fn eight_processes(test: &str, place: &Place) {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = place.create().id();
    let calls = calls();
    let mut plan = Plan::new(place, ledger, 1, calls / 50, folder.path());
    plan.calls = calls.div_ceil(usize::try_from(PROCESSES * THREADS).unwrap());
    plan.threads = THREADS;
    let path = plan.write();
    let mut workers: Vec<_> = (0..PROCESSES).map(|number| Worker::start(test, &path, number)).collect();
    workers.iter_mut().for_each(Worker::wait_until_ready);
    workers.iter_mut().for_each(Worker::go);
    workers.into_iter().for_each(Worker::finish);

    let history = read_history(folder.path(), PROCESSES, THREADS);
    let counts = tally(&history);
    tell(&format!("{test}: {} calls: {counts:?}", history.len()));
    assert!(history.len() >= calls);
    let mut violations = check(&history);
    violations.extend(compare(&history, &observe::holds(&plan, &history)));
    assert_none(test, &history, &violations);

    // Every guard was closed, so that every denial is in the log too.
    let denied =
        |one: &&Operation| matches!(&one.outcome, Outcome::Denied(code, _) if !TROUBLE.contains(&code.as_str()));
    assert_eq!(observe::denials(place), u64::try_from(history.iter().filter(denied).count()).unwrap());
    observe::verify(place, &plan.head);
    // What nobody tried shows nothing.
    for word in [
        "admitted",
        "raised",
        "revoked",
        "deny-ratchet",
        "deny-budget",
        "state-used",
        "state-approval-used",
        "state-revoked",
    ] {
        assert!(counts.get(word).is_some_and(|count| *count > 0), "no call came to {word}: {counts:?}");
    }
    assert!(fs::metadata(&plan.head).is_ok());
}

#[test]
fn eight_processes_on_one_sqlite_file() {
    enter();
    let folder = tempfile::tempdir().expect("a folder");
    eight_processes("concurrency::eight_processes_on_one_sqlite_file", &Place::Sqlite(folder.path().join("ledger.db")));
}

#[test]
fn eight_processes_on_one_postgresql() {
    enter();
    let Some(place) = Place::postgres() else { return };
    eight_processes("concurrency::eight_processes_on_one_postgresql", &place);
}
