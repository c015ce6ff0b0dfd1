//! Lines on their way out: whoever hands one in does not wait for whoever reads it, until there are too many.

use std::collections::VecDeque;
#[cfg(target_os = "linux")]
use std::io::IoSlice;
use std::io::{self, Write};
use std::os::fd::AsFd;
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
#[cfg(target_os = "linux")]
use rustix::{
    fs::{FileType, fstat},
    io::{Errno, ReadWriteFlags, pwritev2},
};

/// Bytes that may wait to be read: several messages of any size.
const BYTES: usize = 64 * 1024 * 1024;

/// Bytes that are written at once: who reads slowly is seen to read.
const PIECE: usize = 16 * 1024;

/// A pipe that can be written to has room for so many bytes (POSIX has 512, Linux a page).
const ROOM: usize = if cfg!(target_os = "linux") { 4_096 } else { 512 };

/// Where a pipe is written to.
#[cfg(target_os = "linux")]
const AT_END: u64 = u64::MAX;

/// How often it is looked whether somebody wants an end.
const LOOK: Duration = Duration::from_millis(50);

/// Where lines go, and what tells whether there is room. Its descriptor is where all that is written goes: a short line is written to that
/// where it is a pipe, and what waits in a buffer comes behind.
///
/// ```
/// fn take(_: impl wane_gateway::Sink) {}
/// take(std::io::stdout());
/// ```
pub trait Sink: Write + AsFd + Send {}

impl<T: Write + AsFd + Send> Sink for T {}

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
    /// Whether one could not be.
    broken: bool,
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

/// A queue of lines before one sink. A line that finds nothing before it and room behind it is written at once, by whoever hands it in;
/// the others are written by whoever calls [`Queue::write`].
pub(super) struct Queue {
    lines: Mutex<Lines>,
    changed: Condvar,
    /// Locked by whoever has said that it writes. Dropped at the end: that is how whoever reads learns of it.
    to: Mutex<Option<Box<dyn Sink>>>,
    /// Whether it is a pipe that can be told not to keep anybody waiting.
    #[cfg(target_os = "linux")]
    writes_at_once: AtomicBool,
}

impl Queue {
    pub(super) fn new(to: Box<dyn Sink>) -> Self {
        Self {
            #[cfg(target_os = "linux")]
            writes_at_once: fstat(&*to).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_fifo()).into(),
            lines: Mutex::default(),
            changed: Condvar::new(),
            to: Mutex::new(Some(to)),
        }
    }

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
        if line.len() <= ROOM && !lines.writing && lines.waiting.is_empty() {
            lines.writing = true;
            drop(lines);
            return self.begin_with(line);
        }
        lines.bytes = lines.bytes.saturating_add(line.len());
        lines.waiting.push_back(line);
        drop(lines);
        self.changed.notify_all();
        Ok(())
    }

    /// A line that none is before: written at once, or the next to be written.
    fn begin_with(&self, line: Vec<u8>) -> io::Result<()> {
        let written = self.write_at_once(&line);
        let mut lines = self.lines();
        lines.writing = false;
        let goes_on = match written {
            Ok(true) => {
                lines.written = lines.written.wrapping_add(1);
                !lines.waiting.is_empty() || lines.open != Open::Bounded
            }
            Ok(false) if lines.open == Open::Closed => return Err(io::ErrorKind::BrokenPipe.into()),
            Ok(false) => {
                lines.bytes = lines.bytes.saturating_add(line.len());
                lines.waiting.push_front(line);
                true
            }
            Err(error) => {
                drop(lines);
                self.is_broken();
                return Err(error);
            }
        };
        drop(lines);
        // Waking somebody costs as much as writing.
        if goes_on {
            self.changed.notify_all();
        }
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

    /// Whether anybody may still read it.
    pub(super) fn is_open(&self) -> io::Result<()> {
        match self.lines().open {
            Open::Closed => Err(io::ErrorKind::BrokenPipe.into()),
            Open::Bounded | Open::Last | Open::Finishing => Ok(()),
        }
    }

    /// Waits until all are written, or nobody has read anything for so long, or to the end that is told meanwhile: whoever reads
    /// a little now and then does not move that one.
    pub(super) fn drain(&self, patience: Duration, mut end: impl FnMut() -> Option<Instant>) {
        let mut until = Instant::now() + patience;
        let mut lines = self.lines();
        let mut written = lines.written;
        while lines.open != Open::Closed && (lines.writing || !lines.waiting.is_empty()) {
            let left = end().map_or(until, |end| end.min(until)).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            lines = self.changed.wait_timeout(lines, left.min(LOOK)).unwrap_or_else(PoisonError::into_inner).0;
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

    /// Writes a line where that makes nobody wait; whether it did.
    fn write_at_once(&self, line: &[u8]) -> io::Result<bool> {
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(to) = to.as_mut() else { return Err(io::ErrorKind::BrokenPipe.into()) };
        #[cfg(target_os = "linux")]
        if self.writes_at_once.load(Ordering::Relaxed) {
            // One call asks and writes: all of a line that finds room, and else nothing of it (pipe(7), PIPE_BUF).
            match pwritev2(&*to, &[IoSlice::new(line)], AT_END, ReadWriteFlags::NOWAIT) {
                Ok(written) => {
                    return to
                        .write_all(line.get(written..).unwrap_or_default())
                        .and_then(|()| to.flush())
                        .map(|()| true);
                }
                Err(Errno::AGAIN) => return Ok(false),
                // An older kernel cannot be told that, nor can a pipe that has a name.
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                    self.writes_at_once.store(false, Ordering::Relaxed);
                }
                // What has failed tells it below.
                Err(_) => {}
            }
        }
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut room = [PollFd::new(&*to, PollFlags::OUT)];
        // What has failed tells it when it is written to.
        match poll(&mut room, Some(&now)) {
            Ok(1..) => to.write_all(line).and_then(|()| to.flush()).map(|()| true),
            Ok(0) | Err(_) => Ok(false),
        }
    }

    /// Nobody reads any more.
    fn is_broken(&self) {
        self.lines().broken = true;
        self.close();
    }

    /// The next line to write, which is being written from then on; nothing where no more come.
    fn next(&self) -> Option<Vec<u8>> {
        let mut lines = self.lines();
        loop {
            if !lines.writing {
                if let Some(line) = lines.waiting.pop_front() {
                    lines.bytes = lines.bytes.saturating_sub(line.len());
                    lines.writing = true;
                    drop(lines);
                    self.changed.notify_all();
                    return Some(line);
                }
                if matches!(lines.open, Open::Finishing | Open::Closed) {
                    return None;
                }
            }
            lines = self.wait(lines);
        }
    }

    /// Writes lines until no more come, or nobody reads them: then it tells.
    pub(super) fn write(&self, unread: impl FnOnce()) {
        while let Some(line) = self.next() {
            for piece in line.chunks(PIECE) {
                let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
                let written = to.as_mut().map(|to| to.write_all(piece).and_then(|()| to.flush()));
                drop(to);
                match written {
                    Some(Ok(())) => self.wrote(),
                    _ => {
                        self.is_broken();
                        break;
                    }
                }
            }
            self.lines().writing = false;
            self.changed.notify_all();
        }
        self.close();
        drop(self.to.lock().unwrap_or_else(PoisonError::into_inner).take());
        if self.lines().broken {
            unread();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn lines_go_in_order_and_then_it_ends() {
        let (mut read, to) = io::pipe().unwrap();
        let queue = Arc::new(Queue::new(Box::new(to)));
        let writer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.write(|| panic!("somebody reads")))
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
        queue.drain(Duration::from_secs(10), || None);
    }

    #[test]
    fn nobody_waits_for_a_reader_that_is_gone() {
        for length in [1, ROOM] {
            reader_is_gone(length);
        }
    }

    fn reader_is_gone(length: usize) {
        let (read, to) = io::pipe().unwrap();
        drop(read);
        let queue = Arc::new(Queue::new(Box::new(to)));
        let (told, tells) = std::sync::mpsc::channel();
        let writer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.write(move || told.send(()).unwrap()))
        };
        // Written at once or by the other thread, by its length.
        assert_eq!(queue.push(&vec![b'x'; length], Full::Waits).is_err(), length < ROOM);
        tells.recv().unwrap();
        writer.join().unwrap();
        assert!(queue.push(b"x", Full::Waits).is_err());
        queue.drain(Duration::from_secs(10), || None);
    }

    /// Lines of all lengths, before a reader that is slower: some are written at once, some are not, and none passes another.
    #[test]
    fn no_line_passes_another() {
        let (read, to) = io::pipe().unwrap();
        let queue = Arc::new(Queue::new(Box::new(to)));
        let writer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.write(|| panic!("somebody reads")))
        };
        let reader = thread::spawn(move || {
            let mut found = Vec::new();
            for line in io::BufRead::lines(io::BufReader::with_capacity(512, read)) {
                let line = line.unwrap();
                found.push(line.split(' ').next().unwrap().parse::<usize>().unwrap());
                if found.len() % 64 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            found
        });
        for number in 0..2_000 {
            let line = format!("{number} {}", "x".repeat(number * 37 % (2 * ROOM)));
            queue.push(line.as_bytes(), Full::Waits).unwrap();
        }
        queue.finish();
        writer.join().unwrap();
        assert!(reader.join().unwrap().into_iter().eq(0..2_000));
    }

    /// A reader that reads nothing keeps nobody from handing lines in.
    #[test]
    fn who_hands_in_does_not_wait() {
        let (_read, to) = io::pipe().unwrap();
        let queue = Queue::new(Box::new(to));
        for _ in 0..1_000 {
            queue.push(&[b'x'; 1_000], Full::Fails).unwrap();
        }
        assert!(queue.lines().written > 0 && !queue.lines().waiting.is_empty());
    }

    #[test]
    fn too_many_wait_or_fail_and_last_words_do_not() {
        let (_read, to) = io::pipe().unwrap();
        let queue = Arc::new(Queue::new(Box::new(to)));
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
        queue.drain(Duration::from_millis(20), || None);
        assert!(since.elapsed() < Duration::from_secs(5));
        queue.close();
        assert!(queue.push(b"x", Full::Waits).is_err() && queue.next().is_none());
    }
}
