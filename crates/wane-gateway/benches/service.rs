//! What a check costs the HTTP service: processor time beside that of a bare echo on the same server library, with a token that is known
//! and a ledger in memory; then throughput, and how long answers take at half of that. Both servers are processes of their own and take
//! turns; this program fails when the bound is passed.
//!
//! `cargo bench --package wane-gateway --bench service` prints the figures.
#![allow(
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark prints, and stops where it must"
)]

mod common;

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read, Write as _, stdin};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use common::{CATALOGUE, NOW, on_one_processor, session};
use rustix::time::{ClockId, clock_gettime};
use wane::{Arguments, Seal, SealedToken};
use wane_gateway::service::{Listen, Reach, Service, ServiceOptions};
use wane_ledger::Guard;
use wane_policy::{Catalogue, Incoming};

/// What a check may cost of processor time on one processor, in echoes.
const ECHOES: f64 = 3.0;

/// Questions in one turn, and turns of each side.
const TURN: usize = 2_000;
const TURNS: usize = 10;
/// Clients at once.
const CLIENTS: usize = 16;
/// How long load lasts.
const LOAD: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("echo") => echo(),
        Some("checks") => checks(),
        _ => return compare(),
    }
    ExitCode::SUCCESS
}

fn compare() -> ExitCode {
    parts();
    let mut free = [Side::start("echo"), Side::start("checks")];
    println!(
        "processor time of the server, medians of {TURNS} turns of {TURN} questions, wherever the system puts clients and server"
    );
    ratios(&mut free);
    println!("\n{CLIENTS} clients, {LOAD:?} each");
    for side in &free {
        let most = side.load(None);
        let per_second = most.len() as f64 / LOAD.as_secs_f64();
        let half = side.load(Some(per_second / 2.0));
        println!(
            "{:<6} {per_second:>7.0} a second; at half of that median {:.1?}, p99 {:.1?}",
            side.name,
            percentile(&half, 50),
            percentile(&half, 99)
        );
    }
    drop(free);
    // What it costs to wake a processor that sleeps is the machine's, and whether one has to be woken is luck: the bound is for what is
    // worked on one.
    on_one_processor();
    println!("\nprocessor time of the server, the same on one processor");
    let worst = ratios(&mut [Side::start("echo"), Side::start("checks")]);
    if worst <= ECHOES { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a check costs in echoes, with one client and with many; the larger of the two.
fn ratios(sides: &mut [Side; 2]) -> f64 {
    let mut worst: f64 = 0.0;
    for clients in [1, CLIENTS] {
        let mut spent = [Vec::new(), Vec::new()];
        for turn in 0..2 * (TURNS + 1) {
            let side = turn % 2;
            let before = sides[side].processor_time();
            sides[side].ask(clients, TURN);
            // The first turn of each warms up.
            if turn > 1 {
                spent[side].push((sides[side].processor_time() - before) / u32::try_from(TURN).unwrap());
            }
        }
        let [echo, check] = spent.map(|mut spent| {
            spent.sort();
            spent[spent.len() / 2]
        });
        let echoes = check.as_secs_f64() / echo.as_secs_f64();
        worst = worst.max(echoes);
        println!("{clients:>2} clients: echo {echo:>8.1?}, check {check:>8.1?}, ratio {echoes:.2} (at most {ECHOES})");
    }
    worst
}

/// What is spent on a check whatever asks for it: reading the token, the catalogue, and the guard.
fn parts() {
    let (guard, body) = question();
    let catalogue = Catalogue::from_toml(CATALOGUE).unwrap();
    let token = body.split('"').nth(3).unwrap();
    let arguments = Arguments::from_json(br#"{"path":"/repo/src/lib.rs"}"#).unwrap();
    let call = Incoming::Tool { name: "read", arguments: &arguments };
    let read = || SealedToken::parse(black_box(token)).unwrap();
    let demand = || catalogue.server("files", None).unwrap().demand(black_box(&call)).unwrap().into_request();
    let (sealed, request) = (read(), demand());
    let check = || guard.check(black_box(&sealed), &request, &[], NOW);
    let each = |what: &str, once: &dyn Fn()| {
        once();
        let before = clock_gettime(ClockId::ProcessCPUTime);
        (0..TURN * TURNS).for_each(|_| once());
        let spent =
            Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap() - Duration::try_from(before).unwrap();
        println!("{what:<22} {:>8.1?}", spent / u32::try_from(TURN * TURNS).unwrap());
    };
    println!("processor time without HTTP, mean of {}", TURN * TURNS);
    each("reading the token", &|| drop(black_box(read())));
    each("the catalogue", &|| drop(black_box(demand())));
    each("the guard", &|| drop(black_box(check())));
    println!();
}

/// A server in a process of its own.
struct Side {
    name: &'static str,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: String,
    question: String,
}

impl Side {
    fn start(name: &'static str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut child = command.arg(name).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut line = || {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let (address, body) = (line(), line());
        let question = format!(
            "POST /v1/check HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Self { name, child, input, output, address, question }
    }

    fn processor_time(&mut self) -> Duration {
        self.input.write_all(b"\n").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        Duration::from_nanos(line.trim_end().parse().unwrap())
    }

    /// Asks so many questions, from so many connections at once.
    fn ask(&self, clients: usize, questions: usize) {
        std::thread::scope(|scope| {
            for _ in 0..clients {
                scope.spawn(|| {
                    let mut client = Client::to(self);
                    (0..questions / clients).for_each(|_| client.ask());
                });
            }
        });
    }

    /// How long each answer took, as fast as they come or at this rate: then from when it should have been asked for.
    fn load(&self, rate: Option<f64>) -> Vec<Duration> {
        let mut took: Vec<Duration> = std::thread::scope(|scope| {
            let client = |number: usize| {
                let mut client = Client::to(self);
                let (began, mut took) = (Instant::now(), Vec::new());
                let gap = rate.map(|rate| Duration::from_secs_f64(CLIENTS as f64 / rate));
                let mut due = began + gap.unwrap_or_default().mul_f64(number as f64 / CLIENTS as f64);
                while began.elapsed() < LOAD {
                    match gap {
                        Some(gap) => {
                            std::thread::sleep(due.saturating_duration_since(Instant::now()));
                            client.ask();
                            took.push(due.elapsed());
                            due += gap;
                        }
                        None => {
                            let asked = Instant::now();
                            client.ask();
                            took.push(asked.elapsed());
                        }
                    }
                }
                took
            };
            let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || client(number))).collect();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        took.sort();
        took
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

struct Client<'a> {
    stream: TcpStream,
    question: &'a str,
    buffer: Vec<u8>,
}

impl<'a> Client<'a> {
    fn to(side: &'a Side) -> Self {
        let stream = TcpStream::connect(&side.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, question: &side.question, buffer: vec![0; 64 * 1024] }
    }

    fn ask(&mut self) {
        self.stream.write_all(self.question.as_bytes()).unwrap();
        let mut filled = 0;
        loop {
            filled += self.stream.read(&mut self.buffer[filled..]).unwrap();
            let text = std::str::from_utf8(&self.buffer[..filled]).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            assert!(head.starts_with("HTTP/1.1 200 "), "{text}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return;
            }
        }
    }
}

fn percentile(sorted: &[Duration], part: usize) -> Duration {
    sorted[(sorted.len() * part / 100).min(sorted.len() - 1)]
}

/// Tells of the processor time whenever somebody asks.
fn tell_processor_time() {
    std::thread::spawn(|| {
        for _ in stdin().lines() {
            let spent = Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap();
            println!("{}", spent.as_nanos());
        }
    });
}

fn echo() {
    let (_, body) = question();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}\n{body}", listener.local_addr().unwrap());
        tell_processor_time();
        let router = Router::new().route("/v1/check", post(|body: Bytes| async { body }));
        axum::serve(listener, router).await.unwrap();
    });
}

fn checks() {
    let (guard, body) = question();
    let service = Service::new(ServiceOptions {
        catalogue: Catalogue::from_toml(CATALOGUE).unwrap(),
        guard: Arc::downgrade(&guard),
        clock: Box::new(|| NOW),
    })
    .unwrap();
    let listener = "127.0.0.1:0".parse::<Listen>().unwrap().bind(Reach::ThisMachine).unwrap();
    println!("{}\n{body}", listener.address());
    tell_processor_time();
    service.serve(listener, Vec::new(), std::thread::park).unwrap();
}

/// A guard, and a question by a token of three blocks that it allows.
fn question() -> (Arc<Guard>, String) {
    let (guard, child) = session();
    let sealed = child.seal(&Seal::new()).unwrap().to_text();
    let call = r#""server":"files","tool":{"name":"read","arguments":{"path":"/repo/src/lib.rs"}}"#;
    (guard, format!(r#"{{"token":"{sealed}",{call}}}"#))
}
