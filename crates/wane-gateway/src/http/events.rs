//! Server-sent events: read piece by piece, and written again.

use crate::message::MESSAGE_BYTES;

/// Bytes of an event's id, at most.
const ID_BYTES: usize = 1_024;

/// Bytes of a line that are not the data in it.
const FIELD: usize = 64;

/// One event, or a sign of life.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// An event. Its data is one message, or nothing where only the place in the stream is told.
    Event(Event),
    /// A comment. What it says is nobody's business.
    Comment,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Where a client that was cut off goes on.
    pub(super) id: Option<String>,
    /// Milliseconds after which it may.
    pub(super) retry: Option<u64>,
    pub(super) data: Vec<u8>,
}

/// An event has more bytes than a message may have, or an id of more than 1,024.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// What was read of a stream so far.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    /// Whether the last byte was a carriage return: a line feed behind it ends no second line.
    returned: bool,
    started: bool,
    event: Event,
    any: bool,
    /// Whether it is an event of another type, which MCP has none of.
    other: bool,
}

impl Events {
    /// Reads a piece.
    pub(super) fn feed(&mut self, mut piece: &[u8], items: &mut Vec<Item>) -> Result<(), TooLong> {
        while let Some((first, rest)) = piece.split_first() {
            if std::mem::take(&mut self.returned) && *first == b'\n' {
                piece = rest;
                continue;
            }
            let end = piece.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (part, behind) = piece.split_at(end.unwrap_or(piece.len()));
            if self.line.len().saturating_add(part.len()) > MESSAGE_BYTES.saturating_add(FIELD) {
                return Err(TooLong);
            }
            self.line.extend_from_slice(part);
            piece = match behind.split_first() {
                Some((byte, behind)) => {
                    self.returned = *byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.line(&line, items)?;
                    behind
                }
                None => behind,
            };
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], items: &mut Vec<Item>) -> Result<(), TooLong> {
        let line = match std::mem::replace(&mut self.started, true) {
            false => line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line),
            true => line,
        };
        let Some(first) = line.first() else {
            let event = std::mem::take(&mut self.event);
            let (any, other) = (std::mem::take(&mut self.any), std::mem::take(&mut self.other));
            if any && !other {
                items.push(Item::Event(event));
            }
            return Ok(());
        };
        if *first == b':' {
            items.push(Item::Comment);
            return Ok(());
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push(b'\n');
                }
                if self.event.data.len().saturating_add(value.len()) > MESSAGE_BYTES {
                    return Err(TooLong);
                }
                self.event.data.extend_from_slice(value);
                self.any = true;
            }
            b"event" => self.other = !matches!(value, b"message" | b""),
            b"id" if value.len() > ID_BYTES => return Err(TooLong),
            // What is no text, or has a NUL in it, is no id.
            b"id" => {
                let text = std::str::from_utf8(value).ok().filter(|text| !text.contains('\0'));
                self.any |= text.is_some();
                self.event.id = text.map(str::to_owned).or(self.event.id.take());
            }
            b"retry" => {
                let digits = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
                let number = digits.and_then(|text| text.parse().ok());
                self.any |= number.is_some();
                self.event.retry = number.or(self.event.retry);
            }
            _ => {}
        }
        Ok(())
    }
}

/// A sign of life.
pub(super) const COMMENT: &[u8] = b":\n\n";

/// An event as it is written. The message has no line break but at its end, or it would have been refused.
pub(super) fn written(message: &[u8], id: Option<&str>, retry: Option<u64>) -> Vec<u8> {
    let message = message.trim_ascii_end();
    let mut text = Vec::with_capacity(message.len().saturating_add(FIELD));
    if let Some(id) = id {
        text.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    if let Some(retry) = retry {
        text.extend_from_slice(format!("retry: {retry}\n").as_bytes());
    }
    if !message.is_empty() {
        text.extend_from_slice(b"event: message\n");
    }
    text.extend_from_slice(b"data: ");
    text.extend_from_slice(message);
    text.extend_from_slice(b"\n\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], piece: usize) -> Result<Vec<Item>, TooLong> {
        let (mut events, mut items) = (Events::default(), Vec::new());
        text.chunks(piece).try_for_each(|piece| events.feed(piece, &mut items))?;
        Ok(items)
    }

    fn event(id: Option<&str>, retry: Option<u64>, data: &str) -> Item {
        Item::Event(Event { id: id.map(str::to_owned), retry, data: data.as_bytes().to_vec() })
    }

    #[test]
    fn events_are_the_same_in_pieces_of_any_size() {
        let text = "\u{feff}id: 1\nretry: 3000\ndata: \n\n: hello\n\nevent: message\r\ndata:{}\r\n\r\ndata: a\rdata: b\r\r\
                    event: endpoint\ndata: /x\n\nfoo: bar\n\nid\ndata: c\n\ndata: cut off";
        let expected = [
            event(Some("1"), Some(3000), ""),
            Item::Comment,
            event(None, None, "{}"),
            event(None, None, "a\nb"),
            event(Some(""), None, "c"),
        ];
        for piece in 1..=text.len() {
            assert_eq!(read(text.as_bytes(), piece).unwrap(), expected, "{piece}");
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for (message, id, retry) in [("{}", None, None), ("{\"a\": 1}", Some("x:1"), Some(7)), ("", Some("x"), None)] {
            let text = written(message.as_bytes(), id, retry);
            assert_eq!(read(&text, 3).unwrap(), [event(id, retry, message)]);
        }
        assert_eq!(read(COMMENT, 1).unwrap(), [Item::Comment]);
    }

    #[test]
    fn none_is_longer_than_a_message() {
        let data = vec![b'x'; MESSAGE_BYTES / 2];
        let lines = |count: usize| {
            let line = [b"data: ", data.as_slice(), b"\n"].concat();
            [line.repeat(count), b"\n".to_vec()].concat()
        };
        assert_eq!(read(&lines(1), 1 << 16).unwrap().len(), 1);
        assert_eq!(read(&lines(2), 1 << 16), Err(TooLong));
        assert_eq!(read(&vec![b'x'; MESSAGE_BYTES + 100], 1 << 16), Err(TooLong));
        assert_eq!(read(format!("id: {}\n", "x".repeat(ID_BYTES + 1)).as_bytes(), 64), Err(TooLong));
        assert!(read(b"id: a\0b\nretry: 1x\n\n", 64).unwrap().is_empty());
    }
}
