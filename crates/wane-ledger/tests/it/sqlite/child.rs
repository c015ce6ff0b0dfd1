//! Other processes: this test binary once more, told by its environment what to do.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child as Process, ChildStdout, Command, Stdio};
use std::time::Duration;

use wane_ledger::{Fault, Rows, SqliteOptions, SqliteStore, Store};

use super::{PATIENT, kill, opened};
use crate::conformance::add;

const TASK: &str = "WANE_TEST_SQLITE_TASK";
const FILE: &str = "WANE_TEST_SQLITE_FILE";

/// A process at work; killed when it is dropped.
pub(super) struct Child {
    process: Process,
    answers: BufReader<ChildStdout>,
}

/// This binary, about to do `task` on `file` instead of running its tests.
pub(super) fn command(task: &str, file: &Path) -> Command {
    prepared(Command::new(std::env::current_exe().expect("this binary")), task, file)
}

/// The same after a line of shell, for what only a shell can set up.
pub(super) fn command_after(setting: &str, task: &str, file: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{setting}; exec \"$0\" \"$@\"")).arg(std::env::current_exe().expect("this binary"));
    prepared(shell, task, file)
}

pub(super) fn prepared(mut command: Command, task: &str, file: &Path) -> Command {
    command.args(["--exact", "sqlite::child::works_for_another_process", "--nocapture", "--test-threads=1"]);
    command.env(TASK, task).env(FILE, file).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

impl Child {
    pub(super) fn start(mut command: Command) -> Self {
        let mut process = command.spawn().expect("a process");
        let answers = BufReader::new(process.stdout.take().expect("piped"));
        Self { process, answers }
    }

    /// The next thing that it says.
    pub(super) fn says(&mut self) -> Option<String> {
        self.all().next()
    }

    /// Everything that it still says.
    pub(super) fn all(&mut self) -> impl Iterator<Item = String> {
        let lines = self.answers.by_ref().lines().map_while(Result::ok);
        // The harness says things too, one of them on the line of the first answer.
        lines.filter_map(|line| Some(line.split_once("says: ")?.1.to_owned()))
    }

    pub(super) fn kill(&mut self) {
        self.process.kill().expect("it can be killed");
        assert_eq!(self.process.wait().expect("it ended").signal(), Some(9), "it ended before it was killed");
    }

    /// Waits for its end, which must be a good one.
    pub(super) fn ends(mut self) {
        drop(self.process.stdin.take());
        let status = self.process.wait().expect("it ended");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn say(what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "says: {what}").and_then(|()| out.flush()).expect("somebody listens");
}

/// Until the other side closes its end, or is no more.
fn wait_for_the_parent() {
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn outcome(result: &Result<(), Fault>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(fault) => fault.refusal().code().to_string(),
    }
}

/// No test: what a process does that a test has started. Without a task there is nothing to do.
#[test]
fn works_for_another_process() {
    let (Ok(task), Some(file)) = (std::env::var(TASK), std::env::var_os(FILE)) else { return };
    let file = Path::new(&file);
    match task.split_once(' ').unwrap_or((&task, "")) {
        ("count", times) => {
            let mut store = opened(file);
            for _ in 0..times.parse().expect("a number") {
                store.transact(&[], &mut |rows| add(rows, b"all", 1)).expect("a transaction");
            }
        }
        ("generations", _) => {
            let mut store = opened(file);
            loop {
                say(kill::next_generation(&mut store));
            }
        }
        ("hold", _) => {
            let mut store = opened(file);
            let body = &mut |rows: &mut dyn Rows| {
                add(rows, b"all", 1)?;
                say("held");
                wait_for_the_parent();
                Ok(())
            };
            store.transact(&[], body).expect("a transaction");
        }
        ("create", _) => {
            let mut store = super::made(file);
            store.transact(&[], &mut |rows| add(rows, b"all", 1)).expect("a transaction");
            say("made");
            wait_for_the_parent();
        }
        ("open", _) => {
            let options = SqliteOptions { busy: Duration::from_millis(10), ..PATIENT };
            say(outcome(&SqliteStore::open(file, options).map(drop)));
        }
        ("fill", _) => {
            let mut store = opened(file);
            let refused = (0..5_000).find_map(|_| {
                let body = &mut |rows: &mut dyn Rows| {
                    add(rows, b"all", 1)?;
                    rows.append(vec![vec![7; 8_000]])
                };
                store.transact(&[], body).err()
            });
            say(outcome(&refused.map_or(Ok(()), Err)));
        }
        _ => panic!("no such task: {task}"),
    }
}
