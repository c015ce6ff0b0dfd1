//! Reads one strict item head after the other. The scanner and every decoder stand on [`Reader::next`].

use crate::code::Code;
use crate::refusal::Refusal;

/// One data item, or the head of an array or a map whose elements follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    Unsigned(u64),
    /// −1 − n.
    Negative(u64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(usize),
    Map(usize),
    Bool(bool),
    Null,
}

impl Item<'_> {
    /// What it is called in messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Unsigned(_) => "an unsigned integer",
            Self::Negative(_) => "a negative integer",
            Self::Bytes(_) => "a byte string",
            Self::Text(_) => "a text",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
            Self::Bool(_) => "a boolean",
            Self::Null => "null",
        }
    }
}

/// A position in bytes that are read strictly: shortest heads, stated lengths, no floats, no tags.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    len: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, len: bytes.len() }
    }

    /// The offset of the next byte.
    pub(crate) const fn position(&self) -> usize {
        self.len - self.rest.len()
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next item, or the head of the next array or map.
    pub(crate) fn next(&mut self) -> Result<Item<'a>, Refusal> {
        let start = self.position();
        let refuse = |code| Refusal::new(code, "cbor", start, "");
        let [first] = *self.take::<1>()?;
        let (major, info) = (first >> 5, first & 0x1f);
        if major == 7 {
            return match info {
                20 => Ok(Item::Bool(false)),
                21 => Ok(Item::Bool(true)),
                22 => Ok(Item::Null),
                // spec: T7
                25..=27 => Err(refuse(Code::ParseFloat)),
                28..=30 => Err(refuse(Code::ParseReserved)),
                31 => Err(refuse(Code::ParseIndefinite)),
                _ => Err(refuse(Code::ParseSimple)),
            };
        }
        let (argument, least) = match info {
            0..=23 => (u64::from(info), 0),
            24 => (u64::from(u8::from_be_bytes(*self.take()?)), 24),
            25 => (u64::from(u16::from_be_bytes(*self.take()?)), 1 << 8),
            26 => (u64::from(u32::from_be_bytes(*self.take()?)), 1 << 16),
            27 => (u64::from_be_bytes(*self.take()?), 1 << 32),
            31 if (2..=5).contains(&major) => return Err(refuse(Code::ParseIndefinite)),
            _ => return Err(refuse(Code::ParseReserved)),
        };
        // spec: T8
        if argument < least {
            return Err(refuse(Code::ParseNotShortest));
        }
        match major {
            0 => Ok(Item::Unsigned(argument)),
            1 => Ok(Item::Negative(argument)),
            2 => Ok(Item::Bytes(self.take_slice(argument)?)),
            3 => {
                let bytes = self.take_slice(argument)?;
                // spec: T11
                core::str::from_utf8(bytes).map(Item::Text).map_err(|_| refuse(Code::ParseUtf8))
            }
            4 => self.count(argument, 1).map(Item::Array),
            5 => self.count(argument, 2).map(Item::Map),
            // spec: T6
            _ => Err(refuse(Code::ParseTag)),
        }
    }

    /// Steps over `count` bytes that the caller has compared with a constant.
    pub(crate) fn skip(&mut self, count: usize) -> Result<(), Refusal> {
        self.rest = self.rest.get(count..).ok_or_else(|| self.truncated())?;
        Ok(())
    }

    /// The number of elements, if the bytes that are left could hold them at all.
    fn count(&self, stated: u64, bytes_each: usize) -> Result<usize, Refusal> {
        match usize::try_from(stated) {
            // spec: T10
            Ok(count) if count <= self.rest.len() / bytes_each => Ok(count),
            _ => Err(self.truncated()),
        }
    }

    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], Refusal> {
        let (head, tail) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.truncated())?;
        self.rest = tail;
        Ok(head)
    }

    fn take_slice(&mut self, len: u64) -> Result<&'a [u8], Refusal> {
        let split = usize::try_from(len).ok().and_then(|len| self.rest.split_at_checked(len));
        let (head, tail) = split.ok_or_else(|| self.truncated())?;
        self.rest = tail;
        Ok(head)
    }

    fn truncated(&self) -> Refusal {
        Refusal::new(Code::ParseTruncated, "cbor", self.len, "")
    }
}

/// Typed reading. `field` names what is read in the refusal.
impl<'a> Reader<'a> {
    pub(crate) fn unsigned(&mut self, field: &'static str) -> Result<u64, Refusal> {
        match self.next()? {
            Item::Unsigned(value) => Ok(value),
            other => Err(wrong_type(field, &other, "an unsigned integer")),
        }
    }

    pub(crate) fn bytes<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Refusal> {
        let bytes = self.byte_string(field)?;
        bytes.try_into().map_err(|_| {
            let found = format_args!("{} bytes", bytes.len());
            Refusal::new(Code::ParseClaimType, field, found, format_args!("{N} bytes"))
        })
    }

    pub(crate) fn byte_string(&mut self, field: &'static str) -> Result<&'a [u8], Refusal> {
        match self.next()? {
            Item::Bytes(bytes) => Ok(bytes),
            other => Err(wrong_type(field, &other, "a byte string")),
        }
    }

    pub(crate) fn text(&mut self, field: &'static str) -> Result<&'a str, Refusal> {
        match self.next()? {
            Item::Text(text) => Ok(text),
            other => Err(wrong_type(field, &other, "a text")),
        }
    }

    pub(crate) fn array(&mut self, field: &'static str) -> Result<usize, Refusal> {
        match self.next()? {
            Item::Array(count) => Ok(count),
            other => Err(wrong_type(field, &other, "an array")),
        }
    }

    pub(crate) fn map(&mut self, field: &'static str) -> Result<usize, Refusal> {
        match self.next()? {
            Item::Map(count) => Ok(count),
            other => Err(wrong_type(field, &other, "a map")),
        }
    }
}

pub(crate) fn wrong_type(field: &'static str, found: &Item<'_>, wanted: &str) -> Refusal {
    // spec: T31
    Refusal::new(Code::ParseClaimType, field, found.kind(), wanted)
}
