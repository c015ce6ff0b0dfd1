//! Lines on their way out: whoever hands one in does not wait for whoever reads it, until there are too many.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that may wait to be read: several messages of any size.
const BYTES: usize = 64 * 1024 * 1024;

/// Bytes that are written at once: who reads slowly is seen to read.
const PIECE: usize = 16 * 1024;

/// What happens to a line that finds too many before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// It waits until some are read.
    Waits,
    /// It is refused: whoever should read does not.
    Fails,
}

#[derive(Debug, Default)]
struct Lines {
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Whether one is being written.
    writing: bool,
    /// How many pieces were.
    written: u64,
    open: Open,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    /// Lines come and go.
    #[default]
    Bounded,
    /// The last ones come, and none of them waits.
    Last,
    /// No more come; those that are here still go.
    Finishing,
    /// Nobody reads any more.
    Closed,
}

/// A queue of lines before one writer.
#[derive(Debug, Default)]
pub(super) struct Queue {
    lines: Mutex<Lines>,
    changed: Condvar,
}

impl Queue {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, lines: MutexGuard<'a, Lines>) -> MutexGuard<'a, Lines> {
        self.changed.wait(lines).unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a message in; it becomes a line.
    pub(super) fn push(&self, message: &[u8], full: Full) -> io::Result<()> {
        let mut lines = self.lines();
        while lines.open == Open::Bounded && lines.bytes > BYTES {
            match full {
                Full::Waits => lines = self.wait(lines),
                Full::Fails => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
        if matches!(lines.open, Open::Finishing | Open::Closed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut line = Vec::with_capacity(message.len().saturating_add(1));
        line.extend_from_slice(message);
        line.push(b'\n');
        lines.bytes = lines.bytes.saturating_add(line.len());
        lines.waiting.push_back(line);
        drop(lines);
        self.changed.notify_all();
        Ok(())
    }

    fn turn(&self, open: Open) {
        let mut lines = self.lines();
        if lines.open != Open::Closed {
            lines.open = open;
        }
        if open == Open::Closed {
            lines.waiting.clear();
            lines.bytes = 0;
        }
        drop(lines);
        self.changed.notify_all();
    }

    /// From here on nobody waits for room.
    pub(super) fn last_words(&self) {
        self.turn(Open::Last);
    }

    /// No more come; those that are here still go.
    pub(super) fn finish(&self) {
        self.turn(Open::Finishing);
    }

    /// Those that are here do not go either.
    pub(super) fn close(&self) {
        self.turn(Open::Closed);
    }

    /// Waits until all are written, or nobody has read anything for so long.
    pub(super) fn drain(&self, patience: Duration) {
        let mut until = Instant::now() + patience;
        let mut lines = self.lines();
        let mut written = lines.written;
        while lines.open != Open::Closed && (lines.writing || !lines.waiting.is_empty()) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            lines = self.changed.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
            if lines.written != written {
                written = lines.written;
                until = Instant::now() + patience;
            }
        }
    }

    /// A piece was written.
    fn wrote(&self) {
        let mut lines = self.lines();
        lines.written = lines.written.wrapping_add(1);
        drop(lines);
        self.changed.notify_all();
    }

    fn next(&self) -> Option<Vec<u8>> {
        let mut lines = self.lines();
        lines.writing = false;
        loop {
            if let Some(line) = lines.waiting.pop_front() {
                lines.bytes = lines.bytes.saturating_sub(line.len());
                lines.writing = true;
                drop(lines);
                self.changed.notify_all();
                return Some(line);
            }
            self.changed.notify_all();
            if matches!(lines.open, Open::Finishing | Open::Closed) {
                return None;
            }
            lines = self.wait(lines);
        }
    }
}

/// Writes the lines of a queue until no more come, or nobody reads them: then it tells.
pub(super) fn write(queue: &Arc<Queue>, mut to: impl Write, unread: impl FnOnce()) {
    while let Some(line) = queue.next() {
        for piece in line.chunks(PIECE) {
            if to.write_all(piece).and_then(|()| to.flush()).is_err() {
                queue.close();
                unread();
                return;
            }
            queue.wrote();
        }
    }
    queue.close();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::thread;

    #[test]
    fn lines_go_in_order_and_then_it_ends() {
        let queue = Arc::new(Queue::default());
        let (mut read, to) = io::pipe().unwrap();
        let writer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || write(&queue, to, || panic!("somebody reads")))
        };
        for number in 0..100 {
            queue.push(number.to_string().as_bytes(), Full::Waits).unwrap();
        }
        queue.finish();
        assert!(queue.push(b"late", Full::Waits).is_err());
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        writer.join().unwrap();
        assert_eq!(text, (0..100).map(|number| format!("{number}\n")).collect::<String>());
        queue.drain(Duration::from_secs(10));
    }

    #[test]
    fn nobody_waits_for_a_reader_that_is_gone() {
        let queue = Arc::new(Queue::default());
        let (read, to) = io::pipe().unwrap();
        drop(read);
        let (told, tells) = std::sync::mpsc::channel();
        let writer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || write(&queue, to, move || told.send(()).unwrap()))
        };
        queue.push(b"x", Full::Waits).unwrap();
        tells.recv().unwrap();
        writer.join().unwrap();
        assert!(queue.push(b"x", Full::Waits).is_err());
        queue.drain(Duration::from_secs(10));
    }

    #[test]
    fn too_many_wait_or_fail_and_last_words_do_not() {
        let queue = Arc::new(Queue::default());
        let large = vec![b'x'; BYTES];
        queue.push(&large, Full::Fails).unwrap();
        assert!(queue.push(b"x", Full::Fails).is_err());
        let waits = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(b"x", Full::Waits))
        };
        thread::sleep(Duration::from_millis(20));
        assert!(!waits.is_finished());
        queue.last_words();
        waits.join().unwrap().unwrap();
        queue.push(b"x", Full::Fails).unwrap();
        let since = Instant::now();
        queue.drain(Duration::from_millis(20));
        assert!(since.elapsed() < Duration::from_secs(5));
        queue.close();
        assert!(queue.push(b"x", Full::Waits).is_err() && queue.next().is_none());
    }
}
