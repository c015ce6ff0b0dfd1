//! One of several processes on one ledger: this test binary started once more, with a plan.
//!
//! Each thread writes every call to a file of its own before it makes it, and every answer before it makes anything of it.
//! What was written is the kernel's, so that it outlives a process that is killed.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand_core::UnwrapErr;
use serde::{Deserialize, Serialize};
use wane::{Decision, Level, Mark, Refusal, Request, SealedToken, UntrustedApproval};
use wane_ledger::{Answer, Guard, GuardOptions, Ledger, Pace, Revocation, Volatile};

use crate::checker::{Admit, Cost, Kind, Operation, Outcome};
use crate::place::{NOW, secret};
use crate::plan::{self, COUNTER, Plan, Session, Shown, block};
use crate::random::Random;

const PLAN: &str = "WANE_HISTORY_PLAN";
const NUMBER: &str = "WANE_HISTORY_PROCESS";

/// Nanoseconds of a clock that all processes share.
pub(crate) fn clock() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

/// A process that works on a plan.
pub(crate) struct Worker {
    child: Child,
    input: Option<ChildStdin>,
}

impl Worker {
    /// Starts the binary again in this test, which begins with [`enter`]. It waits for [`Worker::go`].
    pub(crate) fn start(test: &str, plan: &Path, number: u32) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a path"));
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        command.env(PLAN, plan).env(NUMBER, number.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the test binary starts");
        let input = child.stdin.take();
        Self { child, input }
    }

    /// Waits until it has opened its guard.
    pub(crate) fn wait_until_ready(&mut self) {
        let mut seen = Vec::new();
        let output = self.child.stdout.as_mut().expect("piped");
        let mut byte = [0];
        while !seen.ends_with(b"READY\n") {
            assert_eq!(output.read(&mut byte).expect("a pipe"), 1, "it ended: {}", String::from_utf8_lossy(&seen));
            seen.push(byte[0]);
        }
    }

    pub(crate) fn go(&mut self) {
        self.input.as_mut().expect("it was not told to stop").write_all(b"go\n").expect("it waits");
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is ours");
    }

    /// Lets it finish what it does, and close its guard.
    pub(crate) fn stop(mut self) {
        drop(self.input.take());
        self.finish();
    }

    /// Waits for it.
    pub(crate) fn finish(mut self) {
        let mut rest = String::new();
        let _ = self.child.stdout.as_mut().expect("piped").read_to_string(&mut rest);
        assert!(self.child.wait().expect("it is ours").success(), "a worker failed: {rest}");
    }
}

/// Where a test begins whose binary is started once more: there, it does that work and ends.
pub(crate) fn enter() {
    let Some(path) = std::env::var_os(PLAN) else { return };
    let number = std::env::var(NUMBER).expect("a number").parse().expect("a number");
    work(&Plan::read(Path::new(&path)), number);
    std::process::exit(0);
}

pub(crate) fn options() -> GuardOptions {
    GuardOptions {
        roots: plan::roots(),
        log_secret: Some(secret()),
        checkpoint_key: Some(plan::checkpoint_key()),
        volatile: Volatile::Refused,
        local_approver: None,
        head: None,
        pace: Pace {
            denials: Duration::from_millis(300),
            sequence: Duration::from_millis(300),
            checkpoint: Duration::from_millis(900),
            ..Pace::default()
        },
        published: Box::new(|_| ()),
        rng: Box::new(UnwrapErr(getrandom::SysRng)),
        version: "test".into(),
    }
}

fn work(plan: &Plan, process: u32) {
    let options = GuardOptions { head: Some(plan.head.clone()), ..options() };
    let guard = Guard::open(vec![plan.place.open()], options, NOW).expect("a guard");
    let ledger = Mutex::new(plan.place.ledger());
    println!("\nREADY");
    let mut line = [0; 3];
    std::io::stdin().read_exact(&mut line).expect("a word");
    let stopped = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..plan.threads {
            let hand = Hand::new(plan, process, thread);
            let (guard, ledger, stopped) = (&guard, &ledger, &stopped);
            scope.spawn(move || hand.run(guard, ledger, stopped));
        }
        if plan.calls == usize::MAX {
            // Until whoever started it lets go.
            let _ = std::io::stdin().read(&mut line);
            stopped.store(true, Ordering::Relaxed);
        }
    });
    guard.close(NOW).expect("the guard can be closed");
}

/// A line of a history's file.
#[derive(Serialize, Deserialize)]
enum Line {
    Invoked(Operation),
    Returned(u64, Outcome, Option<String>),
}

/// One thread.
struct Hand<'a> {
    plan: &'a Plan,
    process: u32,
    thread: u32,
    random: Random,
    file: File,
}

/// What to do next.
enum Step<'a> {
    Raise(&'a Session, Level),
    Revoke(String),
    Admit { session: &'a Session, shown: &'a Shown, request: Request, survives: u8, extra: Extra },
}

enum Extra {
    Nothing,
    OneRequest,
    Approval(usize),
}

impl<'a> Hand<'a> {
    fn new(plan: &'a Plan, process: u32, thread: u32) -> Self {
        let path = history_file(&plan.folder, process, thread);
        let file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
        let random = Random::new(plan.seed ^ (u64::from(process) << 32) ^ (u64::from(thread) << 48));
        Self { plan, process, thread, random, file }
    }

    fn run(mut self, guard: &Guard, ledger: &Mutex<Ledger>, stopped: &AtomicBool) {
        let mut call = 0;
        while call < self.plan.calls && !stopped.load(Ordering::Relaxed) {
            let step = self.choose(call);
            self.take(&step, guard, ledger);
            call += 1;
        }
    }

    fn take(&mut self, step: &Step<'_>, guard: &Guard, ledger: &Mutex<Ledger>) {
        let shown = match step {
            Step::Admit { shown, .. } => Some(SealedToken::parse(&shown.text).expect("a sealed token")),
            _ => None,
        };
        let kind = step.kind();
        let (process, thread) = (self.process, self.thread);
        let outcome = Outcome::Unknown;
        let operation =
            Operation { process, thread, invoked: clock(), returned: u64::MAX, kind, outcome, record: None };
        self.write(&Line::Invoked(operation));
        let (outcome, record) = match step {
            Step::Raise(session, level) => {
                let mut ledger = ledger.lock().expect("no thread has panicked");
                (told(ledger.raise(block(&session.id), &Mark::at(*level), "", NOW)), None)
            }
            Step::Revoke(id) => {
                let mut ledger = ledger.lock().expect("no thread has panicked");
                (told(ledger.revoke(&Revocation::Block(block(id)), "", NOW)), None)
            }
            Step::Admit { session, request, extra, .. } => {
                let approvals: Vec<UntrustedApproval> = match extra {
                    Extra::Approval(number) => {
                        vec![UntrustedApproval::parse(&session.approvals[*number].text).expect("an approval")]
                    }
                    _ => Vec::new(),
                };
                let shown = shown.expect("an admission shows something");
                answered(guard.admit(&shown, request, &approvals, NOW))
            }
        };
        self.write(&Line::Returned(clock(), outcome, record));
    }

    fn write(&mut self, line: &Line) {
        let mut text = serde_json::to_vec(line).unwrap();
        text.push(b'\n');
        self.file.write_all(&text).expect("the history can be written");
    }

    /// All threads walk through the sessions at about the same pace; in each, most is forbidden in the end.
    fn choose(&mut self, call: usize) -> Step<'a> {
        let sessions = &self.plan.sessions;
        let walk = if self.plan.calls == usize::MAX { (call % 100) * sessions.len() } else { call * sessions.len() };
        let calls = if self.plan.calls == usize::MAX { 100 } else { self.plan.calls };
        let (at, late) = (walk / calls, walk % calls * 100 / calls);
        let session = &sessions[(at + self.random.below(2)).min(sessions.len() - 1)];
        let random = &mut self.random;
        let shown = &session.tokens[random.below(session.tokens.len())];
        let ask = |action: &str, level| plan::request(action, level, None);
        let (request, survives) = match random.below(100) {
            0 if late > 60 => return Step::Raise(session, Level::Confidential),
            1 if late > 80 => return Step::Raise(session, Level::Restricted),
            2 if late > 50 => return Step::Revoke(session.tokens[1].blocks[1].clone()),
            3 if late > 90 => return Step::Revoke(session.id.clone()),
            0..=7 if late > 40 => (ask("read:a", Level::Confidential), 4),
            8..=11 if late > 60 => (ask("read:a", Level::Restricted), 4),
            0..=39 => (ask("write:a", if random.percent(20) { Level::Confidential } else { Level::Public }), 2),
            40..=54 => (ask("send:a", Level::Internal), 1),
            55..=69 => {
                let number = random.below(plan::SEALS);
                let (shown, request) = (&session.seals[number], plan::sealed(number));
                let request = request.cost(COUNTER.parse().unwrap(), 1);
                return Step::Admit { session, shown, request, survives: 2, extra: Extra::OneRequest };
            }
            70..=84 => {
                let number = random.below(plan::APPROVALS);
                let request = plan::approved(number).cost(COUNTER.parse().unwrap(), 1);
                let shown = &session.tokens[0];
                return Step::Admit { session, shown, request, survives: 2, extra: Extra::Approval(number) };
            }
            _ => (ask("read:a", Level::Public), 4),
        };
        // One child keeps nothing that sends.
        let shown = if survives == 1 && std::ptr::eq(shown, &session.tokens[2]) { &session.tokens[0] } else { shown };
        let cost = 1 + u64::try_from(random.below(3)).unwrap();
        let request = request.cost(COUNTER.parse().unwrap(), cost);
        Step::Admit { session, shown, request, survives, extra: Extra::Nothing }
    }
}

impl Step<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Raise(session, level) => Kind::Raise { session: session.id.clone(), level: level.number() },
            Self::Revoke(block) => Kind::Revoke { block: block.clone() },
            Self::Admit { session, shown, request, survives, extra } => {
                let cost = request.costs().map(|(_, cost)| cost).next().unwrap_or_default();
                let charge =
                    |(block, cap): &(String, u64)| Cost { block: block.clone(), name: COUNTER.into(), cost, cap: *cap };
                let seal = match extra {
                    Extra::OneRequest => shown.blocks.last().cloned(),
                    _ => None,
                };
                let approvals = match extra {
                    Extra::Approval(number) => vec![session.approvals[*number].id.clone()],
                    _ => Vec::new(),
                };
                Kind::Admit(Box::new(Admit {
                    survives: *survives,
                    session: session.id.clone(),
                    blocks: shown.blocks.clone(),
                    level: request.mark().level().number(),
                    charges: shown.caps.iter().map(charge).collect(),
                    seal,
                    approvals,
                }))
            }
        }
    }
}

fn told(answer: Result<(), Refusal>) -> Outcome {
    match answer {
        Ok(()) => Outcome::Ok,
        Err(refusal) => denied(&refusal),
    }
}

fn answered(answer: Answer) -> (Outcome, Option<String>) {
    let record = answer.record.map(|id| id.to_string());
    match answer.decision {
        Decision::Allow(_) => (Outcome::Ok, record),
        Decision::Ask(ask) => (denied(ask.refusal()), None),
        Decision::Deny(refusal) => (denied(&refusal), None),
    }
}

fn denied(refusal: &Refusal) -> Outcome {
    match refusal.code() {
        wane::Code::StateOutcomeUnknown => Outcome::Unknown,
        code => Outcome::Denied(code.to_string(), refusal.block()),
    }
}

fn history_file(folder: &Path, process: u32, thread: u32) -> PathBuf {
    folder.join(format!("history-{process}-{thread}"))
}

/// What one thread has written. A call without an answer may have been committed.
fn read_one(path: &Path) -> Vec<Operation> {
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let mut operations: Vec<Operation> = Vec::new();
    // What was killed while it wrote has no end.
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        match serde_json::from_str(line).expect("a line of a history") {
            Line::Invoked(operation) => operations.push(operation),
            Line::Returned(returned, outcome, record) => {
                let last = operations.last_mut().expect("a call before its answer");
                (last.outcome, last.record, last.returned) = (outcome, record, returned);
            }
        }
    }
    operations
}

/// What all of these processes have written.
pub(crate) fn read_history(folder: &Path, processes: u32, threads: u32) -> Vec<Operation> {
    let of = |process| (0..threads).flat_map(move |thread| read_one(&history_file(folder, process, thread)));
    (0..processes).flat_map(of).collect()
}
