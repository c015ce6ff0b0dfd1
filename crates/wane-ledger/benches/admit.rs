//! What an admission costs on SQLite, beside the verification and the one durable write that it cannot do without; and what
//! sharing a commit gains. Both sides take turns in one run, and this program fails when a bound is passed.
//!
//! `cargo bench --package wane-ledger --bench admit` prints the figures. With `-- sessions N` it opens N live sessions instead
//! and prints what they take in memory and on disk.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and stops where it must"
)]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Decision, Heir, Level, Narrowing, Request, RootGrant, Roots, Seal, SealedToken, SecretKey, mint, verify};
use wane_audit::LogSecret;
use wane_ledger::{Guard, GuardOptions, Ledger, Pace, SqliteOptions, SqliteStore, Volatile};

/// What one admission may cost of a verification and one durable write.
const ALONE: f64 = 1.5;

/// How many times the admissions of one caller 64 callers must come to.
const TOGETHER: f64 = 8.0;

const CALLERS: usize = 64;
const ROUNDS: usize = 400;
/// Rounds that one side has before the other has its own.
const TURN: usize = 20;
const NOW: u64 = 1_800_000_000;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    if arguments.next().as_deref() == Some("sessions") {
        sessions(arguments.next().map_or(1_000_000, |number| number.parse().unwrap()));
        return ExitCode::SUCCESS;
    }
    let folder = tempfile::tempdir_in(".").unwrap();
    let bench = Bench::new(folder.path());
    let alone = bench.alone(folder.path());
    let together = bench.together();
    bench.guard.close(NOW).unwrap();
    if alone && together { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Bench {
    guard: Guard,
    root: SecretKey,
    roots: Roots,
    request: Request,
}

impl Bench {
    fn new(folder: &Path) -> Self {
        let rng = UnwrapErr(SysRng);
        let path = folder.join("ledger.db");
        let open =
            || Box::new(SqliteStore::open(&path, SqliteOptions { create: true, ..SqliteOptions::default() }).unwrap());
        let secret = LogSecret::from_bytes([7; 32]);
        drop(Ledger::create(open(), secret.hint(), None, NOW - 1_000, Box::new(rng)).unwrap());
        let root = SecretKey::from_seed([1; 32]);
        let roots = Roots::single(root.public_key());
        let options = GuardOptions {
            roots: roots.clone(),
            log_secret: Some(secret),
            checkpoint_key: Some(SecretKey::from_seed([9; 32])),
            volatile: Volatile::Refused,
            local_approver: None,
            head: Some(folder.join("head")),
            pace: Pace::default(),
            published: Box::new(|_| ()),
            rng: Box::new(rng),
            version: "bench".into(),
        };
        let guard = Guard::open(vec![open()], options, NOW).unwrap();
        let actions = vec!["read:hr:people".parse().unwrap()];
        let request = Request::for_actions("files".parse().unwrap(), actions, Level::Internal).unwrap();
        Self { guard, root, roots, request }
    }

    /// A session with one delegation, as a tool server is shown it.
    fn shown(&self, number: usize) -> SealedToken {
        let mut rng = UnwrapErr(SysRng);
        let grant = RootGrant::new("files".parse().unwrap(), NOW - 100, NOW + 3_600)
            .scope("read:*".parse().unwrap())
            .subject(&format!("agent-{number}"));
        let token = mint(&grant, &self.root, Heir::carried(&mut rng)).unwrap();
        let child = token.attenuate(&Narrowing::new().expires_at(NOW + 600), Heir::carried(&mut rng)).unwrap();
        child.seal(&Seal::new()).unwrap()
    }

    fn admit(&self, sealed: &SealedToken) {
        let answer = self.guard.admit(sealed, &self.request, &[], NOW);
        // Without a record of its own nothing would have been written.
        assert!(matches!(answer.decision, Decision::Allow(_)) && answer.record.is_some(), "{:?}", answer.decision);
    }

    fn alone(&self, folder: &Path) -> bool {
        let sealed = self.shown(0);
        let mut file = File::create(folder.join("bare")).unwrap();
        let page = [0x5e; 4_096];
        let timed = |run: &mut dyn FnMut()| {
            let start = Instant::now();
            run();
            start.elapsed()
        };
        let mut bare_once = || {
            black_box(verify(black_box(&sealed), &self.roots).unwrap());
            file.write_all(&page).unwrap();
            file.sync_data().unwrap();
        };
        self.admit(&sealed);
        let (mut bare, mut whole) = (Vec::new(), Vec::new());
        // In turns, each long enough that the other side's threads are not asleep in between.
        for _ in 0..ROUNDS / TURN {
            bare.extend((0..TURN).map(|_| timed(&mut bare_once)));
            whole.extend((0..TURN).map(|_| timed(&mut || self.admit(&sealed))));
        }
        let (bare, whole) = (median(bare), median(whole));
        let ratio = whole.as_secs_f64() / bare.as_secs_f64();
        println!("median of {ROUNDS} rounds, wall clock");
        println!("verification of 3 blocks and one fdatasync of 4 KiB  {bare:>10.1?}");
        println!("one admission on sqlite                              {whole:>10.1?}");
        println!("ratio {ratio:.2} (at most {ALONE})\n");
        ratio <= ALONE
    }

    fn together(&self) -> bool {
        let shown: Vec<SealedToken> = (0..CALLERS).map(|number| self.shown(number)).collect();
        let each = |callers: &[SealedToken], times: usize| {
            let start = Instant::now();
            std::thread::scope(|scope| {
                for sealed in callers {
                    scope.spawn(move || (0..times).for_each(|_| self.admit(sealed)));
                }
            });
            #[allow(clippy::as_conversions, clippy::cast_precision_loss, reason = "small counts")]
            let count = (callers.len() * times) as f64;
            count / start.elapsed().as_secs_f64()
        };
        let (mut alone, mut together) = (Vec::new(), Vec::new());
        for _ in 0..9 {
            alone.push(each(&shown[..1], 200));
            together.push(each(&shown, 60));
        }
        let middle = |mut rates: Vec<f64>| {
            rates.sort_by(f64::total_cmp);
            rates[rates.len() / 2]
        };
        let (alone, together) = (middle(alone), middle(together));
        let gain = together / alone;
        println!("admissions a second, one caller {alone:.0}, {CALLERS} callers {together:.0}");
        println!("gain {gain:.1} (at least {TOGETHER})");
        gain >= TOGETHER
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Opens so many live sessions, each by one admission.
fn sessions(count: usize) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let before = resident();
    let bench = Bench::new(folder.path());
    let start = Instant::now();
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let bench = &bench;
            scope.spawn(move || {
                for number in (caller..count).step_by(CALLERS) {
                    bench.admit(&bench.shown(number));
                }
            });
        }
    });
    let took = start.elapsed();
    bench.guard.close(NOW).unwrap();
    let size: u64 = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("ledger.db"))
        .map(|entry| entry.metadata().unwrap().len())
        .sum();
    let sessions = u64::try_from(count).unwrap();
    println!("{count} live sessions, each opened by one admission, in {:.0} s", took.as_secs_f64());
    println!("resident memory before {before} KiB, after {} KiB", resident());
    println!("file {} MiB, {} bytes a session with its record and its chain", size >> 20, size / sessions);
}

/// Resident memory of this process in KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
