//! What the gateway adds to one allowed call: the time beside a plain pipe to the same server, and its processor time beside one
//! signature check. Memory ledger; both sides take turns in one run, and this program fails when a bound is passed.
//!
//! `cargo bench --package wane-gateway --bench call` prints the figures.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and stops where it must"
)]

mod common;

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use common::{CATALOGUE, NOW, on_one_processor, session};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use rustix::time::{ClockId, clock_gettime};
use wane::{Roots, Seal, SealedToken, SecretKey, verify};
use wane_gateway::{Client, Credential, End, Gate, GateOptions, Outlet, RunError, Stopper, run};
use wane_ledger::Guard;
use wane_policy::Catalogue;

/// What an allowed call may take longer through the gateway, in the median.
const LATENCY: Duration = Duration::from_micros(150);

/// What it may cost of processor time, in checks of one signature.
const CHECKS: f64 = 3.0;

const ROUNDS: usize = 20_000;
/// Sides: a plain pipe, something between that decides nothing, and the gateway twice.
const SIDES: usize = 4;
/// Rounds that one side has before the other has its own.
const TURN: usize = 100;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        serve();
        return ExitCode::SUCCESS;
    }
    let free = Figures::measured();
    free.print("wherever the system puts them");
    on_one_processor();
    let bound = Figures::measured();
    bound.print("client, gateway and server on one processor");
    if free.hold() && bound.hold() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What whatever stands between adds: something that decides nothing, the gateway with its own token, and with tokens of clients.
struct Figures {
    added: [Duration; 3],
    processor: [Duration; 3],
    check: Duration,
    plain: Duration,
}

impl Figures {
    fn measured() -> Self {
        let mut sides = [Side::plain(), Side::relayed(), Side::through(Whose::Gateway), Side::through(Whose::Client)];
        let mut turns = [const { Vec::new() }; SIDES];
        let mut spent = [const { Vec::new() }; SIDES];
        let (check, mut checks) = (Check::new(), Vec::new());
        let mut number = 0;
        for turn in 0..SIDES * (1 + ROUNDS / TURN) {
            let side = turn % SIDES;
            if side == 0 {
                checks.push(check.one());
            }
            let before = between();
            for _ in 0..TURN {
                number += 1;
                let took = sides[side].call(number);
                // The first turn of each warms up.
                if turn >= SIDES {
                    turns[side].push(took);
                }
            }
            if turn >= SIDES {
                // The two clocks are not read at one moment.
                spent[side].push(between().saturating_sub(before) / u32::try_from(TURN).unwrap());
            }
        }
        sides.into_iter().for_each(Side::close);
        // Nothing of this process stands between on a plain pipe.
        let [_, processor @ ..] = spent.map(median);
        let [plain, through @ ..] = turns.map(median);
        let added = through.map(|each| each.saturating_sub(plain));
        Self { added, processor, check: median(checks), plain }
    }

    fn checks(&self) -> [f64; 3] {
        self.processor.map(|spent| spent.as_secs_f64() / self.check.as_secs_f64())
    }

    fn hold(&self) -> bool {
        self.added.iter().all(|added| *added <= LATENCY) && self.checks().iter().all(|checks| *checks <= CHECKS)
    }

    fn print(&self, how: &str) {
        let (Self { added, processor, check, plain }, checks) = (self, self.checks());
        println!("{how}: medians of {ROUNDS} calls in turns of {TURN}, memory ledger");
        println!("                                 decides nothing   its own token   tokens of clients");
        let row = |what: &str, [relay, own, shown]: [String; 3], more: String| {
            println!("{what:<30} {relay:>17} {own:>15} {shown:>19} ({more})");
        };
        row("added, wall clock", added.map(|added| format!("{added:.1?}")), format!("at most {LATENCY:?}"));
        row("processor time", processor.map(|spent| format!("{spent:.1?}")), format!("a check takes {check:.1?}"));
        row("… in checks of one signature", checks.map(|checks| format!("{checks:.2}")), format!("at most {CHECKS}"));
        println!("through a plain pipe           {plain:>13.1?}\n");
    }
}

/// Whose token calls are judged by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The gateway's: it seals it for itself twice a minute.
    Gateway,
    /// The client's, sealed once and shown with each call.
    Client,
}

/// A client's two ends.
struct Side {
    input: Box<dyn Write>,
    /// Members of the parameters, behind the others.
    meta: String,
    output: BufReader<Box<dyn Read>>,
    end: Ending,
}

enum Ending {
    Server(Child),
    Relay(Child, [JoinHandle<()>; 2]),
    Gateway(JoinHandle<Result<End, RunError>>, Arc<Guard>),
}

impl Side {
    fn plain() -> Self {
        let mut server = server().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        Self {
            input: Box::new(input),
            meta: String::new(),
            output: BufReader::new(Box::new(output)),
            end: Ending::Server(server),
        }
    }

    /// Something between that passes lines on, and decides nothing: what no gateway on pipes can be cheaper than.
    fn relayed() -> Self {
        let mut server = server().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (from_client, input) = pipe().unwrap();
        let (output, to_client) = pipe().unwrap();
        let relay = |from: Box<dyn Read + Send>, mut to: Box<dyn Write + Send>| {
            std::thread::spawn(move || {
                let (mut from, mut line) = (BufReader::new(from), Vec::new());
                while from.read_until(b'\n', &mut line).unwrap() > 0 {
                    to.write_all(&line).unwrap();
                    line.clear();
                }
            })
        };
        let relays = [
            relay(Box::new(from_client), Box::new(server.stdin.take().unwrap())),
            relay(Box::new(server.stdout.take().unwrap()), Box::new(to_client)),
        ];
        Self {
            input: Box::new(input),
            meta: String::new(),
            output: BufReader::new(Box::new(output)),
            end: Ending::Relay(server, relays),
        }
    }

    fn through(whose: Whose) -> Self {
        let (from_client, input): (PipeReader, PipeWriter) = pipe().unwrap();
        let (output, to_client) = pipe().unwrap();
        let (guard, token) = session();
        let weak = Arc::downgrade(&guard);
        let sealed = token.seal(&Seal::new()).unwrap().to_text();
        let (credential, meta) = match whose {
            Whose::Gateway => (Credential::own(token, None), String::new()),
            Whose::Client => (Credential::shown(), format!(",\"_meta\":{{\"dev.wane/token\":\"{sealed}\"}}")),
        };
        let gate = move |to_client: Outlet, to_server: Outlet| {
            Gate::new(GateOptions {
                catalogue: Catalogue::from_toml(CATALOGUE)?,
                server: "files".into(),
                audience: None,
                credential,
                guard: weak,
                clock: Box::new(|| NOW),
                rng: Box::new(UnwrapErr(SysRng)),
                to_client,
                to_server,
                report: Box::new(|notice| panic!("{notice}")),
            })
        };
        let client = Client { input: Box::new(from_client), output: Box::new(to_client) };
        let running = std::thread::spawn(move || run(server(), client, gate, Stopper::new().1));
        Self {
            input: Box::new(input),
            meta,
            output: BufReader::new(Box::new(output)),
            end: Ending::Gateway(running, guard),
        }
    }

    fn call(&mut self, id: usize) -> Duration {
        let line = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"read\",\
             \"arguments\":{{\"path\":\"/repo/src/lib.rs\"}}{}}}}}\n",
            self.meta
        );
        let start = Instant::now();
        self.input.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        let took = start.elapsed();
        assert!(answer.contains(&format!("\"id\":{id},\"result\":{{\"content\"")), "{answer}");
        took
    }

    fn close(self) {
        drop(self.input);
        match self.end {
            Ending::Server(mut server) => assert!(server.wait().unwrap().success()),
            Ending::Relay(mut server, relays) => {
                relays.into_iter().for_each(|relay| relay.join().unwrap());
                assert!(server.wait().unwrap().success());
            }
            Ending::Gateway(running, guard) => {
                assert_eq!(running.join().unwrap().unwrap(), End::ClientClosed);
                drop(guard);
            }
        }
    }
}

/// This program again, as a server that answers at once.
fn server() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("serve");
    command
}

fn serve() {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let id = line.split("\"id\":").nth(1).unwrap().split(',').next().unwrap();
        let answer = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\"ok\"}}]}}}}\n"
        );
        output.write_all(answer.as_bytes()).unwrap();
        output.flush().unwrap();
    }
}

/// The check of one signature: a third of what a chain of three blocks takes beyond being read.
struct Check {
    sealed: SealedToken,
    roots: Roots,
}

impl Check {
    fn new() -> Self {
        let (_guard, token) = session();
        let roots = Roots::single(SecretKey::from_seed([1; 32]).public_key());
        Self { sealed: token.seal(&Seal::new()).unwrap(), roots }
    }

    fn one(&self) -> Duration {
        let before = processor_time();
        for _ in 0..TURN {
            black_box(verify(black_box(&self.sealed), &self.roots).unwrap());
        }
        (processor_time() - before) / u32::try_from(3 * TURN).unwrap()
    }
}

fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap()
}

/// What this process has spent but for the thread that is the client, which calls this.
fn between() -> Duration {
    processor_time().saturating_sub(Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
