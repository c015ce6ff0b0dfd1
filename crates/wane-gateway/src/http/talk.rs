//! A server that was started here, and who hears what it says.

use std::io::{self, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::mpsc::Sender;

use super::processes::Running;
use super::upstream::Behind;
use crate::gate::{Connection, Gate, Outlet, Side};
use crate::message::{Kind, MESSAGE_BYTES, Message};
use crate::pipes::{Line, Lines, Server};

/// Messages that may wait to be read by a server, and by a client.
pub(super) const WAITING: usize = 64;

/// Bytes that may wait to be read by a server before another message does.
const WAITING_BYTES: usize = MESSAGE_BYTES;

/// The way to a server: as much as it has not read yet is bounded.
#[derive(Clone, Debug)]
struct ToServer {
    lines: SyncSender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
}

impl ToServer {
    fn new() -> (Self, Receiver<Vec<u8>>) {
        let (lines, written) = sync_channel(WAITING);
        (Self { lines, waiting: Arc::default() }, written)
    }

    /// It fails where the server has ended, or does not read.
    // spec: G62
    fn say(&self, message: Vec<u8>) -> io::Result<()> {
        let bytes = message.len();
        let before = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        // A message is never one too many by itself.
        let said = if before > WAITING_BYTES { None } else { self.lines.try_send(message).ok() };
        said.ok_or_else(|| {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            io::ErrorKind::BrokenPipe.into()
        })
    }
}

/// Starts processes, on a thread that ends with the gateway: on Linux a child is asked to end when the thread has that started it.
#[derive(Clone, Debug)]
pub(super) struct Starter(SyncSender<Start>);

struct Start {
    behind: Arc<Behind>,
    gate: Arc<Gate>,
    running: Running,
    done: tokio::sync::oneshot::Sender<io::Result<Arc<Talk>>>,
}

impl Starter {
    pub(super) fn new() -> io::Result<Self> {
        let (starter, starts) = sync_channel::<Start>(WAITING);
        thread::Builder::new().name("wane-http-starts".into()).spawn(move || {
            for start in starts {
                // Nobody waits for it where the gateway ends.
                if start.running.is_to_end() {
                    continue;
                }
                let talk = Talk::start(&start.behind, &start.gate, start.running);
                // Who asked may have gone; then it ends again.
                let _: Result<(), _> = start.done.send(talk);
            }
        })?;
        Ok(Self(starter))
    }

    /// A process of this server, behind this gate.
    pub(super) async fn start(
        &self,
        behind: &Arc<Behind>,
        gate: &Arc<Gate>,
        running: Running,
    ) -> io::Result<Arc<Talk>> {
        let (done, started) = tokio::sync::oneshot::channel();
        let start = Start { behind: Arc::clone(behind), gate: Arc::clone(gate), running, done };
        self.0.try_send(start).map_err(|_| io::Error::from(io::ErrorKind::WouldBlock))?;
        started.await.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?
    }
}

/// One process, from its start to its end.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) gate: Gate,
    to_server: ToServer,
    heard: Arc<Mutex<Heard>>,
    server: Mutex<Option<(Server, Running)>>,
}

/// Who hears what.
#[derive(Debug, Default)]
struct Heard {
    /// Exchanges that wait for an answer under these ids, the oldest first.
    exchanges: Vec<(String, Sender<Vec<u8>>)>,
    /// The stream of the session.
    stream: Option<Sender<Vec<u8>>>,
    ended: bool,
}

impl Heard {
    /// Where a message goes: an answer to who asked, all else to who listens.
    fn of(&mut self, message: &[u8]) -> Option<Sender<Vec<u8>>> {
        let read = Message::read(message).ok()?;
        self.exchanges.retain(|(_, to)| !to.is_closed());
        match (read.kind(), read.id()) {
            (Kind::Result { .. } | Kind::Error { .. }, Some(id)) => {
                let at = self.exchanges.iter().position(|(known, _)| *known == id.key())?;
                Some(self.exchanges.remove(at).1)
            }
            _ => {
                let stream = self.stream.as_ref().filter(|stream| !stream.is_closed());
                self.exchanges.first().map(|(_, to)| to).or(stream).cloned()
            }
        }
    }
}

impl Talk {
    fn start(behind: &Behind, gate: &Gate, running: Running) -> io::Result<Arc<Self>> {
        let starts = behind.starts().ok_or(io::ErrorKind::Unsupported)?;
        let (server, input, output) = Server::start((starts.0)()?)?;
        let (to_server, lines) = ToServer::new();
        let heard: Arc<Mutex<Heard>> = Arc::default();
        let to_client: Outlet = {
            let heard = Arc::clone(&heard);
            Box::new(move |message| {
                let to = lock(&heard).of(message);
                // A client that does not read holds up its own server; one that has gone hears nothing.
                to.map_or(Ok(()), |to| to.blocking_send(message.to_vec()).or(Ok(())))
            })
        };
        let reads = gate.on(Connection::Same, to_client, outlet(&to_server), None);
        let kept = gate.on(Connection::Same, Box::new(|_| Ok(())), outlet(&to_server), None);
        let waiting = Arc::clone(&to_server.waiting);
        spawn("wane-http-to-server", move || write(&lines, &waiting, input))?;
        let all = Arc::clone(&heard);
        spawn("wane-http-from-server", move || {
            read(&reads, output);
            *lock(&all) = Heard { ended: true, ..Heard::default() };
        })?;
        Ok(Arc::new(Self { gate: kept, to_server, heard, server: Mutex::new(Some((server, running))) }))
    }

    /// Somebody who is known talks to it: it takes no place of a stranger any more.
    pub(super) fn is_known(&self) {
        if let Some((_, running)) = self.server.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            running.is_known();
        }
    }

    /// Says something to the server; it fails where that has ended, or does not read.
    pub(super) fn say(&self, message: Vec<u8>) -> io::Result<()> {
        self.to_server.say(message)
    }

    /// From here on this is who hears the answer with that id.
    pub(super) fn hears(&self, id: &str, to: Sender<Vec<u8>>) {
        let mut heard = lock(&self.heard);
        if !heard.ended {
            heard.exchanges.push((id.to_owned(), to));
        }
    }

    /// From here on this is who hears what nobody asked for; whether there is anything to come.
    pub(super) fn listens(&self, to: Sender<Vec<u8>>) -> bool {
        let mut heard = lock(&self.heard);
        let comes = !heard.ended;
        heard.stream = Some(to).filter(|_| comes);
        comes
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.end();
    }
}

impl Talk {
    /// Its process ends, in its own time, whoever waits for it: they are told so. Until it has, its place is taken.
    // spec: G42
    pub(super) fn end(&self) {
        // Nothing more is said to it: it may end by itself.
        let _: Result<(), _> = self.to_server.lines.try_send(Vec::new());
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((server, mut running)) = server else { return };
        running.ends();
        // Where no thread can be had it is killed at once.
        let _: io::Result<_> = thread::Builder::new().name("wane-http-ends".into()).spawn(move || {
            let _: io::Result<_> = server.end(|| running.is_to_end());
        });
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn outlet(to: &ToServer) -> Outlet {
    let to = to.clone();
    Box::new(move |message| to.say(message.to_vec()))
}

/// Writes lines until an empty one.
fn write(lines: &Receiver<Vec<u8>>, waiting: &AtomicUsize, mut input: ChildStdin) {
    for message in lines {
        let line = message.trim_ascii_end();
        if line.is_empty() {
            return;
        }
        if input.write_all(line).and_then(|()| input.write_all(b"\n")).and_then(|()| input.flush()).is_err() {
            return;
        }
        waiting.fetch_sub(message.len(), Ordering::Relaxed);
    }
}

fn read(gate: &Gate, output: ChildStdout) {
    let mut lines = Lines::new(BufReader::new(output));
    loop {
        match lines.next() {
            Ok(Line::Message(line)) => drop(gate.from_server(line)),
            Ok(Line::TooLong) => gate.dropped(Side::Server, "a line over the limit of a message"),
            Ok(Line::Empty) => {}
            Ok(Line::End) | Err(_) => break,
        }
    }
    // Whoever waits for it is told so.
    drop(gate.server_ended());
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_does_not_read_is_bounded() {
        let (to, lines) = ToServer::new();
        assert!(to.say(vec![b'x'; WAITING_BYTES]).is_ok() && to.say(vec![b'x'; WAITING_BYTES]).is_ok());
        assert!(to.say(vec![b'x']).is_err());
        assert_eq!(lines.try_iter().count(), 2);
        assert_eq!(to.waiting.load(Ordering::Relaxed), 2 * WAITING_BYTES);
    }

    #[test]
    fn what_it_has_read_waits_no_longer() {
        use std::process::{Command, Stdio};
        let mut reads = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let (to, lines) = ToServer::new();
        (0..3).for_each(|_| to.say(vec![b'x'; 1_000]).unwrap());
        to.say(Vec::new()).unwrap();
        write(&lines, &to.waiting, reads.stdin.take().unwrap());
        assert_eq!(to.waiting.load(Ordering::Relaxed), 0);
        reads.wait().unwrap();
    }
}
