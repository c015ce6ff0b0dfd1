//! Lines, none of them longer than a message may be.

use std::io::{self, BufRead};

use crate::message::MESSAGE_BYTES;

/// One line of what a side writes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A message, perhaps; without the end of its line.
    Message(&'a [u8]),
    /// Nothing stands in it.
    Empty,
    /// It was longer than a message may be, and is gone.
    TooLong,
    /// There are no more.
    End,
}

pub(crate) struct Lines<R> {
    from: R,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) const fn new(from: R) -> Self {
        Self { from, line: Vec::new() }
    }

    /// The next line. What stands behind the last end of a line is one as well.
    pub(crate) fn next(&mut self) -> io::Result<Line<'_>> {
        self.line.clear();
        let (mut any, mut fits) = (false, true);
        loop {
            let read = match self.from.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', read);
            let part = read.get(..end.unwrap_or(read.len())).unwrap_or_default();
            fits = fits && self.line.len().saturating_add(part.len()) <= MESSAGE_BYTES;
            if fits {
                self.line.extend_from_slice(part);
            }
            let used = end.map_or(read.len(), |end| end.saturating_add(1));
            self.from.consume(used);
            if end.is_some() {
                break;
            }
        }
        Ok(match (any, fits) {
            (false, _) => Line::End,
            (true, false) => {
                // A long line is not kept in memory either.
                self.line = Vec::new();
                Line::TooLong
            }
            (true, true) if self.line.trim_ascii().is_empty() => Line::Empty,
            (true, true) => Line::Message(&self.line),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Cursor};

    #[test]
    fn every_line_comes_as_it_was_written() {
        let text: &[u8] = b"{}\n\n \r\n{\"a\":1}\r\nlast";
        for capacity in [1, 2, 3, 100] {
            let mut lines = Lines::new(BufReader::with_capacity(capacity, Cursor::new(text)));
            assert_eq!(lines.next().unwrap(), Line::Message(b"{}"));
            assert_eq!(lines.next().unwrap(), Line::Empty);
            assert_eq!(lines.next().unwrap(), Line::Empty);
            assert_eq!(lines.next().unwrap(), Line::Message(b"{\"a\":1}\r"));
            assert_eq!(lines.next().unwrap(), Line::Message(b"last"));
            assert_eq!(lines.next().unwrap(), Line::End);
            assert_eq!(lines.next().unwrap(), Line::End);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_gone_and_the_next_is_read() {
        let mut text = vec![b'x'; MESSAGE_BYTES];
        text.extend_from_slice(b"\n");
        text.extend(vec![b'y'; MESSAGE_BYTES + 1]);
        text.extend_from_slice(b"\nz\n");
        let mut lines = Lines::new(BufReader::new(Cursor::new(text)));
        assert!(matches!(lines.next().unwrap(), Line::Message(line) if line.len() == MESSAGE_BYTES));
        assert_eq!(lines.next().unwrap(), Line::TooLong);
        assert_eq!(lines.next().unwrap(), Line::Message(b"z"));
    }
}
