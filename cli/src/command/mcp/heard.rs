//! What a server says on standard error, where it must not write itself.

use std::io::{self, BufRead as _, BufReader, IsTerminal as _, PipeReader, Read as _};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::Duration;

use crate::failure::{Failure, Trouble};
use crate::output::Output;
use crate::screen;

/// Bytes of a line; what is longer is broken.
const LINE: u64 = 8_192;

/// Lines that are kept while somebody is asked.
const KEPT: usize = 256;

/// How often it is looked whether there is room for a line.
const LOOK: Duration = Duration::from_millis(10);

/// For how long the last lines are waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Which servers are kept from writing on standard error themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// All.
    Always,
    /// Where it is a terminal.
    FromTerminals,
}

/// Over once a server has said its last.
pub(super) struct Heard(Option<Receiver<()>>);

impl Heard {
    /// Lets what was said last be read, but does not wait for long.
    pub(super) fn finish(self) {
        if let Some(over) = self.0 {
            // It comes to nothing in both cases.
            let _: Result<(), _> = over.recv_timeout(LAST_WORDS);
        }
    }
}

/// Has a server's standard error go on to that of this process, line by line, where it must not write there itself.
// spec: G52
pub(super) fn hear(command: &mut Command, output: Output, kept: Kept) -> Result<Heard, Failure> {
    if kept == Kept::FromTerminals && !io::stderr().is_terminal() {
        return Ok(Heard(None));
    }
    let failed = |error: io::Error| Failure::new(Trouble::File, format!("the server cannot be heard: {error}"));
    let (from, to) = io::pipe().map_err(failed)?;
    let (lines, come) = sync_channel(KEPT);
    let (goes_on, over) = channel::<()>();
    let lost = Arc::<AtomicU64>::default();
    let counts = Arc::clone(&lost);
    // Both end with whoever can still say something there.
    thread::Builder::new().name("wane-hears".into()).spawn(move || hand_on(from, &lines, &counts)).map_err(failed)?;
    let says = move || {
        let _goes_on = goes_on;
        for line in come {
            output.pass_on(&line);
            match lost.swap(0, Ordering::Relaxed) {
                0 => {}
                lost => output.warn(format_args!("{lost} lines of the server were lost while somebody was asked")),
            }
        }
    };
    thread::Builder::new().name("wane-server-says".into()).spawn(says).map_err(failed)?;
    command.stderr(to);
    Ok(Heard(Some(over)))
}

/// Reads on while somebody is asked: a server that nobody reads from would stop.
// spec: G63
fn hand_on(from: PipeReader, lines: &SyncSender<String>, lost: &AtomicU64) {
    let (mut from, mut line) = (BufReader::new(from), Vec::new());
    while from.by_ref().take(LINE).read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let mut next = Some(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned());
        line.clear();
        while let Some(text) = next.take() {
            match lines.try_send(text) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) if screen::is_asked() => {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
                Err(TrySendError::Full(text)) => {
                    thread::sleep(LOOK);
                    next = Some(text);
                }
                Err(TrySendError::Disconnected(_)) => return,
            }
        }
    }
}
