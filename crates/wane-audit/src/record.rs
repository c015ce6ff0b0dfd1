//! Records: one line of JSON each, whose bytes are a leaf of the log.

mod decision;
mod event;
pub(crate) mod mirror;

pub use decision::{ApprovalSeen, Decided, Outcome};
pub use event::{
    AcceptRestore, Closed, Collect, DenialsDropped, Opened, Prune, Raise, Register, Revoke, RevokeBefore, Unverified,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wane::{Code, Refusal};

use crate::as_text;
use crate::checkpoint::Origin;
use crate::secret::{Hint, RecordId};

/// Bytes of a record's line, without its LF: what one leaf may cost a reader.
pub const RECORD_BYTES: usize = 64 * 1024;

/// Bytes that most lines have room in.
const USUAL: usize = 2 * 1024;

/// The version of the schema.
const VERSION: u8 = 1;

/// One record of the log.
///
/// ```
/// use wane_audit::{Closed, Event, Hint, Origin, Record, RecordId};
/// let record = Record {
///     id: RecordId::from_bytes([1; 16]),
///     at: 1_767_225_600,
///     origin: Origin::new("example.com/log")?,
///     log: Hint::from_bytes([2; 8]),
///     event: Event::Closed(Closed { guard: RecordId::from_bytes([3; 16]) }),
/// };
/// let line = record.to_line()?;
/// assert_eq!(
///     line,
///     r#"{"v":1,"id":"01010101010101010101010101010101","at":1767225600,"kind":"closed","origin":"example.com/log","log":"0202020202020202","body":{"guard":"03030303030303030303030303030303"}}"#
/// );
/// assert_eq!(Record::parse(line.as_bytes())?, record);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its random id, which also separates its keyed digests from those of other records.
    pub id: RecordId,
    /// When, seconds since 1970-01-01T00:00:00Z, by the clock of whoever wrote it.
    pub at: u64,
    /// Which log it is of.
    pub origin: Origin,
    /// The hint of the secret that its keyed digests were made with.
    pub log: Hint,
    /// What happened.
    pub event: Event,
}

macro_rules! kinds {
    ($($kind:ident $type:ident $word:literal $what:literal,)*) => {
        /// What a record is about.
        ///
        /// ```
        /// let event = wane_audit::Event::Collect(wane_audit::Collect { up_to: 1_000, entries: 3 });
        /// assert_eq!(event.kind(), "collect");
        /// assert!(wane_audit::Event::KINDS.contains(&"revoke-before"));
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Event {
            $(#[doc = $what] $kind($type),)*
        }

        impl Event {
            /// Every kind there is.
            pub const KINDS: &'static [&'static str] = &[$($word,)*];

            /// The word in the record's `kind`.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => $word,)* }
            }

            fn read(kind: &str, body: &RawValue) -> Result<Self, Refusal> {
                match kind {
                    $($word => read(body.get()).map(Self::$kind),)*
                    _ => Err(refuse(format_args!("the kind {kind} is not known here"))),
                }
            }
        }
    };
}

kinds! {
    Decision DecidedBox "decision" "A request was judged.",
    Opened Opened "opened" "A guard began to decide.",
    Closed Closed "closed" "A guard ended.",
    Raise Raise "raise" "A mark was raised by hand.",
    Revoke Revoke "revoke" "A block was revoked.",
    RevokeBefore RevokeBefore "revoke-before" "All that a bearer holds was revoked, up to a time.",
    Register Register "register" "A block was made known to the ledger.",
    AcceptRestore AcceptRestore "accept-restore" "A restored copy was accepted.",
    Collect Collect "collect" "What had expired was forgotten.",
    Unverified Unverified "unverified" "Input that failed verification was counted.",
    DenialsDropped DenialsDropped "denials-dropped" "Denials were not recorded.",
    Prune Prune "prune" "The text of older records was dropped.",
}

/// A decision is much larger than all other events.
type DecidedBox = Box<Decided>;

impl Event {
    const DECISION: &'static str = "decision";
}

#[derive(Serialize)]
struct Written<'a, B> {
    v: u8,
    id: RecordId,
    at: u64,
    kind: &'static str,
    #[serde(with = "as_text")]
    origin: &'a Origin,
    log: Hint,
    body: &'a B,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read<'a> {
    v: u8,
    id: RecordId,
    at: u64,
    kind: String,
    #[serde(with = "as_text")]
    origin: Origin,
    log: Hint,
    #[serde(borrow)]
    body: &'a RawValue,
}

impl Record {
    /// The line, without its LF. These bytes are the leaf: whoever stores or passes on a record keeps them as they are.
    ///
    /// # Errors
    /// `parse-too-large` for a line over [`RECORD_BYTES`]; a decision is then denied and [shortened](Decided::shorten).
    pub fn to_line(&self) -> Result<String, Refusal> {
        let Self { id, at, origin, log, event } = self;
        Written { v: VERSION, id: *id, at: *at, kind: event.kind(), origin, log: *log, body: event }.to_line()
    }

    /// Reads a line without its LF.
    ///
    /// # Errors
    /// `parse-too-large`, and `parse-record` for anything that the schema does not have.
    pub fn parse(line: &[u8]) -> Result<Self, Refusal> {
        if line.len() > RECORD_BYTES {
            return Err(Refusal::new(Code::ParseTooLarge, "record", line.len(), RECORD_BYTES));
        }
        let text = std::str::from_utf8(line).map_err(|_| refuse(format_args!("it is not utf-8")))?;
        // spec: A1 A2
        if text.contains(char::is_control) {
            return Err(refuse(format_args!("a control character stands in its line")));
        }
        let Read { v, id, at, kind, origin, log, body } = read(text)?;
        if v != VERSION {
            return Err(refuse(format_args!("its version is {v}, this one knows {VERSION}")));
        }
        Ok(Self { id, at, origin, log, event: Event::read(&kind, body)? })
    }
}

impl<B: Serialize> Written<'_, B> {
    fn to_line(&self) -> Result<String, Refusal> {
        let mut line = Vec::with_capacity(USUAL);
        serde_json::to_writer(&mut line, self).map_err(|error| refuse(format_args!("{error}")))?;
        let line = String::from_utf8(line).map_err(|error| refuse(format_args!("{error}")))?;
        // spec: A1
        let line = escaped(line);
        // spec: A3
        if line.len() > RECORD_BYTES {
            return Err(Refusal::new(Code::ParseTooLarge, "record", line.len(), RECORD_BYTES));
        }
        Ok(line)
    }
}

impl Decided {
    /// The line of the record of this decision, as [`Record::to_line`] has it: whoever decides often keeps no event for it.
    ///
    /// ```
    /// use wane::BlockId;
    /// use wane_audit::{Decided, Event, Hint, Origin, Outcome, Record, RecordId};
    /// let (id, at, log) = (RecordId::from_bytes([1; 16]), 1_767_225_600, Hint::from_bytes([2; 8]));
    /// let origin = Origin::new("example.com/log")?;
    /// let decided = Decided::new(log, BlockId::from_bytes([2; 32]), "files".parse()?, Outcome::Deny);
    /// let line = decided.to_line(id, at, &origin, log)?;
    /// assert_eq!(Record { id, at, origin, log, event: Event::Decision(Box::new(decided)) }.to_line()?, line);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// `parse-too-large` for a line over [`RECORD_BYTES`].
    pub fn to_line(&self, id: RecordId, at: u64, origin: &Origin, log: Hint) -> Result<String, Refusal> {
        Written { v: VERSION, id, at, kind: Event::DECISION, origin, log, body: self }.to_line()
    }
}

/// Control characters above U+007E may stand in JSON as they are, but only within texts, where an escape says the same.
fn escaped(line: String) -> String {
    // The encoder has escaped those below 0x20; in UTF-8 the others are 0x7f or begin with 0xc2.
    if memchr::memchr2(0x7f, 0xc2, line.as_bytes()).is_none() {
        return line;
    }
    let mut escaped = String::with_capacity(line.len());
    for c in line.chars() {
        match c.is_control() {
            true => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => escaped.push(c),
        }
    }
    escaped
}

fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Refusal> {
    serde_json::from_str(text).map_err(|error| refuse(format_args!("{error}")))
}

fn refuse(found: std::fmt::Arguments<'_>) -> Refusal {
    Refusal::new(Code::ParseRecord, "record", found, "")
}
