//! The tools of a server, asked for by nobody's client: for whoever writes a catalogue.

use std::fmt;
use std::io::{self, BufReader, Write as _};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::answer;
use crate::message::{Kind, Message};
use crate::object::{Object, elements, quoted};
use crate::pipes::{Line, Lines, Server};

/// Pages of a list, at most.
const PAGES: usize = 100;

/// Bytes of all that a server says.
const BYTES: usize = 64 * 1024 * 1024;

/// Lines that a server may write between two answers.
const BETWEEN: usize = 1_000;

/// What the handshake says of whoever asks. Servers have shown other tools to clients whose names they knew.
const HELLO: &str =
    r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"mcp-client","version":"1.0.0"}}"#;

/// What each request of the newer era says.
const META: &str =
    r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;

/// Why a server's tools are not known.
///
/// ```
/// assert_eq!(wane_gateway::ListError::Late.to_string(), "the server does not answer in time");
/// ```
#[derive(Debug)]
pub enum ListError {
    /// The command cannot be started.
    Start(io::Error),
    /// It did not answer in time.
    Late,
    /// It ended, or closed its output.
    Ended,
    /// What it answered is no list of tools.
    Unread(String),
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "the server cannot be started: {error}"),
            Self::Late => f.write_str("the server does not answer in time"),
            Self::Ended => f.write_str("the server ended before it had answered"),
            Self::Unread(why) => write!(f, "the server does not tell its tools: {why}"),
        }
    }
}

impl std::error::Error for ListError {}

/// Starts a server, asks for all pages of its list of tools in whichever era it speaks, and ends it: each tool's object as the server
/// wrote it. It is given so long for everything.
///
/// # Errors
/// Where the server cannot be started, does not answer in time, ends, or answers with anything but a list.
///
/// ```
/// use std::process::Command;
/// use std::time::Duration;
/// use wane_gateway::{ListError, list_tools};
/// let ended = list_tools(Command::new("true"), Duration::from_secs(10));
/// assert!(matches!(ended, Err(ListError::Ended)));
/// ```
pub fn list_tools(command: Command, patience: Duration) -> Result<Vec<String>, ListError> {
    let until = Instant::now() + patience;
    let (server, mut input, output) = Server::start(command).map_err(ListError::Start)?;
    // A server that does not read or does not stop writing keeps nobody: both are left to threads that end with it.
    let (say, said) = channel::<Vec<u8>>();
    let writer = thread::Builder::new().name("wane-list-to".into()).spawn(move || {
        for line in said {
            if input.write_all(&line).and_then(|()| input.flush()).is_err() {
                break;
            }
        }
    });
    writer.map_err(ListError::Start)?;
    let (lines, come) = sync_channel(1);
    let reader = thread::Builder::new().name("wane-list".into()).spawn(move || {
        let mut output = Lines::new(BufReader::new(output));
        while let Ok(line) = output.next() {
            let line = match line {
                Line::Message(line) => line.to_vec(),
                Line::Empty | Line::TooLong => continue,
                Line::End => break,
            };
            if lines.send(line).is_err() {
                break;
            }
        }
    });
    reader.map_err(ListError::Start)?;
    let mut talk = Talk { say, come, until, number: 0, bytes: 0 };
    let tools = talk.tools();
    drop(talk);
    // What it says of itself when it is ended changes nothing about its tools.
    let _: io::Result<_> = server.end(|| false);
    tools
}

struct Talk {
    say: Sender<Vec<u8>>,
    come: Receiver<Vec<u8>>,
    until: Instant,
    number: u64,
    /// Bytes that came so far.
    bytes: usize,
}

impl Talk {
    fn tools(&mut self) -> Result<Vec<String>, ListError> {
        // A server of the newer era answers without a handshake, one of the older refuses it and begins with one.
        let stateless = self.ask("server/discover", &format!("{{\"_meta\":{META}}}"))?.is_ok();
        if !stateless {
            self.ask("initialize", HELLO)?.map_err(ListError::Unread)?;
            self.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)?;
        }
        let (mut tools, mut cursor): (Vec<String>, Option<String>) = (Vec::new(), None);
        for _ in 0..PAGES {
            let mut params = Object::default();
            if stateless {
                params.set("_meta", META.to_owned());
            }
            if let Some(cursor) = cursor.take() {
                params.set("cursor", quoted(&cursor));
            }
            let page = self.ask("tools/list", &params.to_string())?.map_err(ListError::Unread)?;
            let unread = || ListError::Unread("its result has no list".to_owned());
            let page = Object::read(&page).ok_or_else(unread)?;
            let listed = page.borrowed("tools").and_then(elements).ok_or_else(unread)?;
            tools.extend(listed.into_iter().map(str::to_owned));
            match page.text("nextCursor") {
                None => return Ok(tools),
                next => cursor = next,
            }
        }
        Err(ListError::Unread("its list has no end".to_owned()))
    }

    /// The result of a request, or what the server's error says.
    fn ask(&mut self, method: &str, params: &str) -> Result<Result<String, String>, ListError> {
        self.number = self.number.wrapping_add(1);
        let id = self.number.to_string();
        self.say(&answer::request(&id, method, params))?;
        for _ in 0..BETWEEN {
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ListError::Late);
            }
            let line = self.come.recv_timeout(left).map_err(|error| match error {
                RecvTimeoutError::Timeout => ListError::Late,
                RecvTimeoutError::Disconnected => ListError::Ended,
            })?;
            self.bytes = self.bytes.saturating_add(line.len());
            if self.bytes > BYTES {
                return Err(ListError::Unread("it says too much".to_owned()));
            }
            let message = match Message::read(&line) {
                Ok(message) => message,
                Err(fault) if fault.answered() == Some(id.as_str()) => {
                    return Err(ListError::Unread(fault.message().to_owned()));
                }
                // The gateway drops such a line too, and goes on.
                Err(_) => continue,
            };
            let answers = message.id().is_some_and(|found| found.to_string() == id);
            match *message.kind() {
                Kind::Result { result } if answers => return Ok(Ok(result.to_owned())),
                Kind::Error { error } if answers => return Ok(Err(error.chars().take(200).collect())),
                _ => {}
            }
        }
        Err(ListError::Unread("it says too much else".to_owned()))
    }

    fn say(&mut self, message: &str) -> Result<(), ListError> {
        self.say.send(format!("{message}\n").into_bytes()).map_err(|_| ListError::Ended)
    }
}
