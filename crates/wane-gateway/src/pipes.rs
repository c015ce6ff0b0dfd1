//! A gate between this process's own client and a server that it starts: one message a line.

mod lines;
mod server;

use std::io::{self, BufReader, Read, Write};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use wane::Refusal;

pub(crate) use self::lines::{Line, Lines};
pub(crate) use self::server::Server;
use crate::gate::{Gate, Outlet, Side};

/// Why a gateway has ended.
///
/// ```
/// use wane_gateway::End;
/// assert!(!matches!(End::Stopped, End::ClientClosed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client closed its end; the server has ended too.
    ClientClosed,
    /// The server ended by itself.
    ServerEnded(ExitStatus),
    /// Somebody asked the gateway to stop; the server has ended too.
    Stopped,
}

/// Why a gateway did not run.
///
/// ```
/// use wane_gateway::RunError;
/// let error = RunError::Start(std::io::Error::from(std::io::ErrorKind::NotFound));
/// assert_eq!(error.to_string(), "the server cannot be started: entity not found");
/// ```
#[derive(Debug)]
pub enum RunError {
    /// The command cannot be started.
    Start(io::Error),
    /// The gate was refused.
    Gate(Refusal),
    /// A thread cannot be started, or the server cannot be waited for.
    System(io::Error),
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start(error) => write!(f, "the server cannot be started: {error}"),
            Self::Gate(refusal) => write!(f, "{refusal}"),
            Self::System(error) => write!(f, "the gateway cannot run: {error}"),
        }
    }
}

impl std::error::Error for RunError {}

/// The two ends of a gateway's client, and what tells the time.
///
/// ```
/// use std::io;
/// use wane_gateway::Client;
/// let client = Client { input: Box::new(io::stdin()), output: Box::new(io::stdout()), clock: Box::new(|| 1_767_225_600) };
/// # let _ = client;
/// ```
pub struct Client {
    /// What the client writes.
    pub input: Box<dyn Read + Send>,
    /// What the client reads.
    pub output: Box<dyn Write + Send>,
    /// Seconds since 1970-01-01T00:00:00Z. One that cannot be told is the largest number: everything has expired then.
    pub clock: Box<dyn Fn() -> u64 + Send + Sync>,
}

/// What can happen to a gateway.
enum Event {
    ClientClosed,
    ServerClosed,
    Stop,
}

/// Stops a gateway from another thread.
///
/// ```
/// let (stopper, stops) = wane_gateway::Stopper::new();
/// stopper.stop();
/// # let _ = stops;
/// ```
#[derive(Clone, Debug)]
pub struct Stopper(Sender<()>);

/// Where a [`Stopper`] is heard.
///
/// ```
/// let (_, stops): (_, wane_gateway::Stops) = wane_gateway::Stopper::new();
/// # let _ = stops;
/// ```
#[derive(Debug)]
pub struct Stops(Receiver<()>);

impl Stopper {
    /// A pair of the two.
    #[must_use]
    pub fn new() -> (Self, Stops) {
        let (sender, receiver) = channel();
        (Self(sender), Stops(receiver))
    }

    /// Stops it; twice is once.
    pub fn stop(&self) {
        // A gateway that has ended hears nothing.
        let _: Result<(), _> = self.0.send(());
    }
}

/// Starts the server that `command` names, and stands between it and the client until one of them ends. The server runs in a process
/// group of its own, and no process of that group is left behind. `gate` is given the ways to the client and to the server.
///
/// A thread that reads the client's input may outlive the call, until that input ends.
///
/// # Errors
/// Where the server or the gate cannot be had.
///
/// ```
/// use wane::Refusal;
/// use wane_gateway::{Client, End, Gate, Outlet, RunError, Stopper, run};
///
/// fn serve(client: Client, gate: fn(Outlet, Outlet) -> Result<Gate, Refusal>) -> Result<End, RunError> {
///     let (_stopper, stops) = Stopper::new();
///     let mut command = std::process::Command::new("mcp-server-filesystem");
///     command.arg("/repo");
///     run(command, client, gate, stops)
/// }
/// # let _ = serve;
/// ```
pub fn run(
    command: Command,
    client: Client,
    gate: impl FnOnce(Outlet, Outlet) -> Result<Gate, Refusal>,
    stops: Stops,
) -> Result<End, RunError> {
    let (server, input, output) = Server::start(command).map_err(RunError::Start)?;
    let input = Arc::new(Mutex::new(Some(input)));
    let to_server = {
        let input = Arc::clone(&input);
        outlet(move |line| match &mut *input.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(input) => input.write_all(line).and_then(|()| input.flush()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        })
    };
    let to_client = {
        let output = Mutex::new(client.output);
        outlet(move |line| {
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            output.write_all(line).and_then(|()| output.flush())
        })
    };
    let gate = Arc::new(gate(to_client, to_server).map_err(RunError::Gate)?);
    let clock = Arc::new(client.clock);
    let (events, happens) = channel();
    let tell = |event: Event| {
        let events = events.clone();
        move || {
            // Only the first event counts.
            let _: Result<(), _> = events.send(event);
        }
    };
    let hand = {
        let (gate, clock) = (Arc::clone(&gate), Arc::clone(&clock));
        move |line: &[u8]| gate.from_client(line, clock())
    };
    pump("wane-client", client.input, Side::Client, &gate, hand, tell(Event::ClientClosed))?;
    let hand = {
        let (gate, clock) = (Arc::clone(&gate), Arc::clone(&clock));
        move |line: &[u8]| gate.from_server(line, clock())
    };
    pump("wane-server", Box::new(output), Side::Server, &gate, hand, tell(Event::ServerClosed))?;
    let stop = tell(Event::Stop);
    spawn("wane-stops", move || {
        if stops.0.recv().is_ok() {
            stop();
        }
    })?;
    let event = happens.recv().unwrap_or(Event::Stop);
    if matches!(event, Event::Stop) {
        server.terminate();
    }
    // Whoever writes to a server that does not read holds its input until that server has ended.
    spawn("wane-close", move || drop(input.lock().unwrap_or_else(PoisonError::into_inner).take()))?;
    let status = server.end().map_err(RunError::System)?;
    // The client may be gone as well.
    let _: io::Result<()> = gate.server_ended();
    Ok(match event {
        Event::ClientClosed => End::ClientClosed,
        // spec: G20
        Event::ServerClosed => End::ServerEnded(status),
        Event::Stop => End::Stopped,
    })
}

/// A way out of the gate: each message becomes a line.
fn outlet(write: impl Fn(&[u8]) -> io::Result<()> + Send + Sync + 'static) -> Outlet {
    Box::new(move |message| {
        let mut line = Vec::with_capacity(message.len().saturating_add(1));
        line.extend_from_slice(message);
        line.push(b'\n');
        write(&line)
    })
}

/// Hands each line of a side to the gate until that side, or the one behind the gate, is gone.
fn pump(
    name: &str,
    from: Box<dyn Read + Send>,
    side: Side,
    gate: &Arc<Gate>,
    hand: impl Fn(&[u8]) -> io::Result<()> + Send + 'static,
    end: impl FnOnce() + Send + 'static,
) -> Result<(), RunError> {
    let gate = Arc::clone(gate);
    spawn(name, move || {
        let mut lines = Lines::new(BufReader::new(from));
        loop {
            let handed = match lines.next() {
                Ok(Line::Message(line)) => hand(line),
                // spec: G18
                Ok(Line::TooLong) => {
                    gate.dropped(side, "a line over the limit of a message");
                    Ok(())
                }
                Ok(Line::Empty) => Ok(()),
                Ok(Line::End) | Err(_) => break,
            };
            if handed.is_err() {
                break;
            }
        }
        end();
    })
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), RunError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop).map_err(RunError::System)
}
