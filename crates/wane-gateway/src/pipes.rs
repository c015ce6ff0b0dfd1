//! A gate between this process's own client and a server that it starts: one message a line.

mod busy;
mod lines;
mod queue;
mod server;

use std::io::{self, BufReader, Read};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use wane::Refusal;

use self::busy::Busy;
pub(crate) use self::lines::{Line, Lines};
pub use self::queue::Sink;
use self::queue::{Full, Queue};
use self::server::Ending;
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
    /// However it began, the server goes on: it has not ended by itself and cannot be killed, as one cannot that runs as another user.
    ServerLeft,
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

/// The two ends of a gateway's client.
///
/// ```
/// use std::io;
/// use wane_gateway::Client;
/// let client = Client { input: Box::new(io::stdin()), output: Box::new(io::stdout()) };
/// # let _ = client;
/// ```
pub struct Client {
    /// What the client writes.
    pub input: Box<dyn Read + Send>,
    /// What the client reads.
    pub output: Box<dyn Sink>,
}

/// How often it is looked whether the server has ended.
const LOOK: Duration = Duration::from_millis(100);

/// How long a server that has ended may still be read from.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long a client that does not read is waited for, once the gateway ends.
const UNREAD: Duration = Duration::from_secs(5);

/// For how long nothing must come from a client that has said all.
const QUIET: Duration = Duration::from_millis(50);

/// What can happen to a gateway.
#[derive(Clone, Copy, Debug)]
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

impl Stops {
    /// Waits until somebody asks for the end, or nobody can any more.
    pub(crate) fn wait(&self) {
        let _: Result<(), _> = self.0.recv();
    }
}

/// Starts the server that `command` names, and stands between it and the client until one of them ends. The server runs in a process
/// group of its own, and no process of that group is left behind that can be killed; its standard error is where the command says. `gate` is given the ways to the client and to the server.
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
    let (mut server, input, output) = Server::start(command).map_err(RunError::Start)?;
    let (events, happens) = channel();
    let tell = |event: Event| {
        let events = events.clone();
        move || {
            // Only the first event counts.
            let _: Result<(), _> = events.send(event);
        }
    };
    let (to_client, to_server) = (Arc::new(Queue::new(client.output)), Arc::new(Queue::new(Box::new(input))));
    let gate = {
        let (to_client, to_server, stuck) = (Arc::clone(&to_client), Arc::clone(&to_server), tell(Event::ServerClosed));
        let to_client: Outlet = Box::new(move |message| to_client.push(message, Full::Waits));
        // A server that does not read must not keep anybody from noticing that the client has gone.
        let to_server: Outlet = Box::new(move |message| to_server.push(message, Full::Fails).inspect_err(|_| stuck()));
        Arc::new(gate(to_client, to_server).map_err(RunError::Gate)?)
    };
    for (name, queue, unread) in [
        ("wane-to-client", &to_client, tell(Event::ClientClosed)),
        ("wane-to-server", &to_server, tell(Event::ServerClosed)),
    ] {
        let queue = Arc::clone(queue);
        spawn(name, move || queue.write(unread))?;
    }
    let busy = Arc::new(Busy::default());
    let hand = {
        let (gate, busy, to_client) = (Arc::clone(&gate), Arc::clone(&busy), Arc::clone(&to_client));
        // Where it is the server that cannot be written to, what the client sends is still answered.
        move |line: &[u8]| {
            let _at_work = busy.begin();
            gate.from_client(line).or_else(|error| to_client.is_open().map_err(|_| error))
        }
    };
    pump("wane-from-client", client.input, Side::Client, &gate, hand, tell(Event::ClientClosed))?;
    let hand = {
        let gate = Arc::clone(&gate);
        move |line: &[u8]| gate.from_server(line)
    };
    let said = pump("wane-from-server", Box::new(output), Side::Server, &gate, hand, tell(Event::ServerClosed))?;
    let (held, at_work) = (Arc::clone(&gate), Arc::clone(&busy));
    spawn("wane-held", move || {
        held.attend_with(|tend| {
            let _at_work = at_work.begin();
            tend();
        });
    })?;
    let stop = tell(Event::Stop);
    spawn("wane-stops", move || {
        if stops.0.recv().is_ok() {
            stop();
        }
    })?;
    let mut happens = Happens { events: happens, stopped: None };
    let event = happens.first(&mut server).map_err(RunError::System)?;
    // Nothing that waits for an approval is called any more. The client may be gone, or read nothing.
    let (waits, at_work) = (Arc::clone(&gate), busy.begin());
    spawn("wane-ends-waits", move || {
        let _at_work = at_work;
        let _: io::Result<()> = waits.end_waits();
    })?;
    match event {
        Event::ClientClosed => to_server.finish(),
        Event::ServerClosed | Event::Stop => to_server.close(),
    }
    let ending = server.end(|| happens.stop().is_some()).map_err(RunError::System)?;
    let mut wait = Wait { since: Instant::now(), happens: &mut happens };
    to_client.last_words();
    // What the server has said is passed on before anybody is told that it says no more.
    wait.until(|| said.try_recv() == Err(TryRecvError::Disconnected));
    // The client may be gone as well.
    let _: io::Result<()> = gate.server_ended();
    // What the client has sent meanwhile, or what is still being decided, is answered too.
    wait.until(|| busy.is_idle_for(QUIET));
    to_client.finish();
    to_client.drain(UNREAD, || wait.deadline());
    Ok(match (event, ending) {
        // spec: G19
        (_, Ending::Left) => End::ServerLeft,
        (Event::ClientClosed, Ending::Ended(_)) => End::ClientClosed,
        // spec: G20
        (Event::ServerClosed, Ending::Ended(status)) => End::ServerEnded(status),
        (Event::Stop, Ending::Ended(_)) => End::Stopped,
    })
}

/// How often it is looked whether a thread is done.
const LOOK_CLOSELY: Duration = Duration::from_millis(5);

/// What happens, and since when somebody has wanted an end.
struct Happens {
    events: Receiver<Event>,
    stopped: Option<Instant>,
}

impl Happens {
    /// What happens first. A server that has ended may have left somebody who holds its output open.
    fn first(&mut self, server: &mut Server) -> io::Result<Event> {
        let event = loop {
            match self.events.recv_timeout(LOOK) {
                Ok(event) => break event,
                Err(RecvTimeoutError::Disconnected) => break Event::Stop,
                Err(RecvTimeoutError::Timeout) if server.has_ended()? => {
                    break self.events.recv_timeout(LAST_WORDS).unwrap_or(Event::ServerClosed);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        if matches!(event, Event::Stop) {
            self.stopped = Some(Instant::now());
        }
        Ok(event)
    }

    /// When somebody asked for an end, if somebody did by now.
    fn stop(&mut self) -> Option<Instant> {
        while let Ok(event) = self.events.try_recv() {
            if matches!(event, Event::Stop) && self.stopped.is_none() {
                self.stopped = Some(Instant::now());
            }
        }
        self.stopped
    }
}

/// How long others are waited for once the server has ended.
struct Wait<'a> {
    since: Instant,
    happens: &'a mut Happens,
}

impl Wait<'_> {
    /// Until when, where somebody has asked for an end: whoever does that does not want to wait.
    // spec: G19
    fn deadline(&mut self) -> Option<Instant> {
        self.happens.stop().map(|stopped| stopped.max(self.since) + LAST_WORDS)
    }

    /// Until this is so, but not for long.
    fn until(&mut self, mut done: impl FnMut() -> bool) {
        let until = Instant::now() + UNREAD;
        while !done() && Instant::now() < self.deadline().map_or(until, |deadline| deadline.min(until)) {
            thread::sleep(LOOK_CLOSELY);
        }
    }
}

/// Hands each line of a side to the gate until there are no more, or the other side is gone: whoever writes to it tells that. Nothing
/// comes of what is returned, and it is over with the last line.
fn pump(
    name: &str,
    from: Box<dyn Read + Send>,
    side: Side,
    gate: &Arc<Gate>,
    hand: impl Fn(&[u8]) -> io::Result<()> + Send + 'static,
    end: impl FnOnce() + Send + 'static,
) -> Result<Receiver<()>, RunError> {
    let gate = Arc::clone(gate);
    let (goes_on, over) = channel();
    spawn(name, move || {
        let _goes_on: Sender<()> = goes_on;
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
                Ok(Line::End) | Err(_) => return end(),
            };
            if handed.is_err() {
                return;
            }
        }
    })?;
    Ok(over)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), RunError> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop).map_err(RunError::System)
}
