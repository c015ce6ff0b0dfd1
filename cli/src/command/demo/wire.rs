//! What the two processes say to each other: one JSON object a line, over a local socket.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A tool call with the sealed token that is to allow it.
#[derive(Deserialize, Serialize)]
pub(super) struct Ask {
    pub(super) sealed: String,
    pub(super) tool: String,
    pub(super) arguments: serde_json::Value,
}

/// Where the ledger that several servers share lies, and what its guards need.
#[derive(Deserialize, Serialize)]
pub(super) struct Joint {
    pub(super) ledger: std::path::PathBuf,
    pub(super) log_secret: String,
    pub(super) checkpoint_key: [u8; 32],
}

/// What the server did.
#[derive(Deserialize, Serialize)]
pub(super) struct Told {
    /// `allow`, or the code of the refusal.
    pub(super) answer: String,
}

/// One end of the socket.
pub(super) struct Wire {
    stream: UnixStream,
    lines: BufReader<UnixStream>,
}

/// Longer than any message here, and short enough to hold.
const LONGEST: u64 = 64 * 1024;
/// An answer takes a millisecond; whoever waits this long, on however busy a machine, waits for ever.
const PATIENCE: Duration = Duration::from_secs(30);

impl Wire {
    /// Talks over `stream`.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { lines: BufReader::new(stream.try_clone()?), stream })
    }

    /// Says something.
    pub(super) fn say(&mut self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.stream.write_all(&line)
    }

    /// Hears something; `None` when the other end has gone.
    pub(super) fn hear<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let mut line = String::new();
        match (&mut self.lines).take(LONGEST).read_line(&mut line)? {
            0 => Ok(None),
            _ => Ok(Some(serde_json::from_str(&line)?)),
        }
    }
}
