//! Structured logs on standard error. Nobody waits for whoever reads them: what finds too much before it is only counted.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

use crate::failure::{Failure, Trouble};
use crate::output::Output;

/// Lines that may wait to be read.
const WAITING: usize = 4_096;

/// The way to standard error.
#[derive(Clone)]
pub(crate) struct LogLines {
    lines: SyncSender<String>,
    waiting: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
}

impl LogLines {
    /// From now on, what the program tells is a line on standard error: text, or with `--json` an object.
    pub(crate) fn start(output: Output) -> Result<Self, Failure> {
        let failed =
            |error: &dyn std::fmt::Display| Failure::new(Trouble::File, format!("nothing can be logged: {error}"));
        let (lines, come) = sync_channel::<String>(WAITING);
        let (waiting, lost): (Arc<AtomicU64>, Arc<AtomicU64>) = (Arc::default(), Arc::default());
        let (left, missing) = (Arc::clone(&waiting), Arc::clone(&lost));
        thread::Builder::new()
            .name("wane-log".into())
            .spawn(move || {
                for line in come {
                    output.say(line.trim_end());
                    match missing.swap(0, Ordering::Relaxed) {
                        0 => {}
                        lost => {
                            output.warn(format_args!("{lost} lines of the log were lost: nobody read them in time"))
                        }
                    }
                    left.fetch_sub(1, Ordering::SeqCst);
                }
            })
            .map_err(|error| failed(&error))?;
        let lines = Self { lines, waiting, lost };
        let format = tracing_subscriber::fmt().with_writer(lines.clone()).with_target(false);
        let started = match output.is_json() {
            true => tracing::subscriber::set_global_default(format.json().flatten_event(true).finish()),
            false => tracing::subscriber::set_global_default(format.finish()),
        };
        started.map_err(|error| failed(&error))?;
        Ok(lines)
    }

    /// Lets what was told last be read, but does not wait for long.
    pub(crate) fn finish(&self) {
        let until = Instant::now() + Duration::from_secs(1);
        while self.waiting.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl MakeWriter<'_> for LogLines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { text: Vec::new(), to: self.clone() }
    }
}

/// One line, which is sent when it is whole.
pub(crate) struct Line {
    text: Vec<u8>,
    to: LogLines,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text).into_owned();
        self.to.waiting.fetch_add(1, Ordering::SeqCst);
        if self.to.lines.try_send(text).is_err() {
            self.to.waiting.fetch_sub(1, Ordering::SeqCst);
            self.to.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}
