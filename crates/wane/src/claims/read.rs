//! Reads a payload that the scanner has passed. Unknown, misplaced and non-canonical claims are refused.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::wire::{action, ask, name, pattern, rule, scope_item, text, value};
use super::{Claims, Scopes};
use crate::cbor::{Item, Reader, wrong_type};
use crate::code::Code;
use crate::ids::{BlockId, LedgerId};
use crate::key::{KeyHint, PublicKey};
use crate::level::Level;
use crate::limits;
use crate::refusal::Refusal;

/// Which form the scopes have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Root,
    Later,
    Approval,
}

/// The key of the private map, −65537, as its CBOR argument.
const PRIVATE: u64 = 65_536;

/// `cnf` up to the key: `{1: {1: 1, −1: 6, −2: bytes(32)}}`, the only form accepted.
pub(super) const CNF_HEAD: [u8; 10] = [0xa1, 0x01, 0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20];

impl Claims {
    /// Reads one payload. The scanner has checked that keys ascend.
    pub(crate) fn read(payload: &[u8], place: Place) -> Result<Self, Refusal> {
        let mut claims = Self::default();
        let mut reader = Reader::new(payload);
        for _ in 0..reader.map("payload")? {
            match reader.next()? {
                Item::Unsigned(2) => claims.subject = Some(long_text(&mut reader, "sub", limits::TEXT_BYTES)?),
                Item::Unsigned(3) => claims.audiences = audiences(&mut reader)?,
                Item::Unsigned(4) => claims.expires_at = Some(time(&mut reader, "exp")?),
                Item::Unsigned(5) => claims.not_before = Some(time(&mut reader, "nbf")?),
                Item::Unsigned(6) => claims.issued_at = Some(time(&mut reader, "iat")?),
                Item::Unsigned(7) => claims.token_id = Some(reader.bytes("cti")?),
                Item::Unsigned(8) => claims.key = Some(confirmation(&mut reader)?),
                Item::Negative(PRIVATE) => claims.read_private(&mut reader, place)?,
                // spec: T28
                Item::Unsigned(key) => return Err(unknown(format_args!("{key}"))),
                Item::Negative(key) => return Err(unknown(format_args!("-{}", u128::from(key).saturating_add(1)))),
                other => return Err(unknown(format_args!("under {}", other.kind()))),
            }
        }
        claims.check_place(place)?;
        Ok(claims)
    }

    fn read_private(&mut self, reader: &mut Reader<'_>, place: Place) -> Result<(), Refusal> {
        let count = reader.map("private")?;
        if count == 0 {
            return Err(empty("private"));
        }
        for _ in 0..count {
            match reader.next()? {
                Item::Unsigned(0) => self.hint = Some(KeyHint(reader.bytes("hint")?)),
                Item::Unsigned(1) => self.session = true_only(reader, "session")?,
                Item::Unsigned(2) => self.continues = Some(BlockId(reader.bytes("continues")?)),
                Item::Unsigned(3) => self.ledger = Some(LedgerId(reader.bytes("ledger")?)),
                Item::Unsigned(4) => self.scopes = Some(scopes(reader, place)?),
                Item::Unsigned(5) => self.deny = distinct(reader, "deny", 1, limits::LIST, pattern)?,
                Item::Unsigned(6) => self.ask = distinct(reader, "ask", 1, limits::LIST, ask)?,
                Item::Unsigned(7) => {
                    let least = usize::from(place != Place::Root);
                    self.rules = Some(distinct(reader, "rules", least, limits::LIST, rule)?);
                }
                Item::Unsigned(8) => self.level = Some(level(reader, "level")?),
                Item::Unsigned(9) => self.labels = ascending_names(reader, "labels", 1)?,
                Item::Unsigned(10) => self.clearance = Some(level(reader, "clearance")?),
                Item::Unsigned(11) => self.budgets = entries(reader, "budgets", budget)?,
                Item::Unsigned(12) => self.depth = Some(depth(reader)?),
                Item::Unsigned(13) => self.note = Some(long_text(reader, "note", limits::NOTE_BYTES)?),
                Item::Unsigned(14) => self.digest = Some(reader.bytes("digest")?),
                Item::Unsigned(15) => self.said = entries(reader, "said", |reader| value(reader, "said"))?,
                // spec: T29
                Item::Unsigned(key @ (16 | 17)) if place != Place::Approval => {
                    return Err(misplaced(if key == 16 { "approver" } else { "actions" }, "a token"));
                }
                Item::Unsigned(16) => self.approver = Some(PublicKey::from_bytes(&reader.bytes("approver")?)?),
                Item::Unsigned(17) => self.actions = distinct(reader, "actions", 1, limits::ACTIONS, action)?,
                Item::Unsigned(key) => return Err(unknown(format_args!("-65537/{key}"))),
                other => return Err(unknown(format_args!("-65537 under {}", other.kind()))),
            }
        }
        Ok(())
    }

    fn check_place(&self, place: Place) -> Result<(), Refusal> {
        let missing = |field: &'static str| Err(Refusal::new(Code::ParseMissingClaim, field, field, "a root block"));
        match place {
            // spec: T30
            Place::Root if self.audiences.is_empty() => missing("aud"),
            Place::Root if self.expires_at.is_none() => missing("exp"),
            Place::Root if self.issued_at.is_none() => missing("iat"),
            Place::Root if self.hint.is_none() => missing("hint"),
            Place::Root if self.scopes.is_none() => missing("scopes"),
            Place::Root if self.key.is_none() => missing("cnf"),
            // spec: T53
            Place::Later if self.session && self.key.is_some() && self.issued_at.is_none() => {
                let bound = "a delegate block that opens a session";
                Err(Refusal::new(Code::ParseMissingClaim, "iat", "iat", bound))
            }
            // spec: T29
            Place::Later if self.hint.is_some() => Err(misplaced("hint", "a block after the root")),
            Place::Root | Place::Later => self.check_seal_only(),
            Place::Approval => self.check_approval(),
        }
    }

    /// An approval states its five claims and no other.
    fn check_approval(&self) -> Result<(), Refusal> {
        let missing = |field: &'static str| Err(Refusal::new(Code::ParseMissingClaim, field, field, "an approval"));
        match self {
            // spec: T163
            Self { expires_at: None, .. } => return missing("exp"),
            Self { issued_at: None, .. } => return missing("iat"),
            Self { digest: None, .. } => return missing("digest"),
            Self { approver: None, .. } => return missing("approver"),
            Self { actions, .. } if actions.is_empty() => return missing("actions"),
            Self { .. } => {}
        }
        let its_own = Self {
            expires_at: self.expires_at,
            issued_at: self.issued_at,
            digest: self.digest,
            approver: self.approver,
            actions: self.actions.clone(),
            ..Self::default()
        };
        if *self == its_own { Ok(()) } else { Err(misplaced("a claim of blocks", "an approval")) }
    }

    /// A block with `cnf` is no seal and states nothing that only seals state; a seal for one request has all
    /// that makes it one.
    fn check_seal_only(&self) -> Result<(), Refusal> {
        if self.key.is_some() {
            return match (&self.digest, self.said.is_empty()) {
                (Some(_), _) => Err(misplaced("digest", "a block that names the next key")),
                (None, false) => Err(misplaced("said", "a block that names the next key")),
                (None, true) => Ok(()),
            };
        }
        let missing =
            |field: &'static str| Err(Refusal::new(Code::ParseMissingClaim, field, field, "a seal for one request"));
        match self.digest {
            Some(_) if self.token_id.is_none() => missing("cti"),
            Some(_) if self.issued_at.is_none() => missing("iat"),
            Some(_) if self.expires_at.is_none() => missing("exp"),
            Some(_) | None => Ok(()),
        }
    }
}

fn unknown(key: core::fmt::Arguments<'_>) -> Refusal {
    Refusal::new(Code::ParseUnknownClaim, "claims", key, "")
}

fn misplaced(field: &'static str, place: &str) -> Refusal {
    Refusal::new(Code::ParseMisplacedClaim, field, field, place)
}

fn empty(field: &'static str) -> Refusal {
    Refusal::new(Code::ParseNotCanonical, field, "an empty list stands", "it would be left out")
}

pub(super) fn too_many(field: &'static str, found: usize, most: usize) -> Refusal {
    Refusal::new(Code::ParseLimit, field, format_args!("{found} in {field}"), most)
}

/// A list of `least..=most` elements, no two equal.
pub(super) fn distinct<'a, T: PartialEq>(
    reader: &mut Reader<'a>,
    field: &'static str,
    least: usize,
    most: usize,
    read: impl Fn(&mut Reader<'a>) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    let count = reader.array(field)?;
    // spec: T35
    if count < least {
        return Err(empty(field));
    }
    // spec: T34
    if count > most {
        return Err(too_many(field, count, most));
    }
    let mut list = Vec::with_capacity(count);
    for _ in 0..count {
        let element = read(reader)?;
        if list.contains(&element) {
            return Err(Refusal::new(Code::ParseNotCanonical, field, "an element stands twice", "one says it"));
        }
        list.push(element);
    }
    Ok(list)
}

/// Names in ascending order of their encodings.
pub(super) fn ascending_names(
    reader: &mut Reader<'_>,
    field: &'static str,
    least: usize,
) -> Result<Vec<crate::name::Name>, Refusal> {
    let names = distinct(reader, field, least, limits::LABELS, |reader| name(reader, field))?;
    if names.is_sorted() {
        Ok(names)
    } else {
        Err(Refusal::new(Code::ParseNotCanonical, field, "names stand out of order", "they ascend by their encoding"))
    }
}

/// A map from names; the scanner has checked the order of its keys.
fn entries<'a, T>(
    reader: &mut Reader<'a>,
    field: &'static str,
    read: impl Fn(&mut Reader<'a>) -> Result<T, Refusal>,
) -> Result<Vec<(crate::name::Name, T)>, Refusal> {
    let count = reader.map(field)?;
    if count == 0 {
        return Err(empty(field));
    }
    if count > limits::ENTRIES {
        return Err(too_many(field, count, limits::ENTRIES));
    }
    (0..count).map(|_| Ok((name(reader, field)?, read(reader)?))).collect()
}

fn long_text(reader: &mut Reader<'_>, field: &'static str, most: usize) -> Result<Box<str>, Refusal> {
    let text = text(reader, field, most)?;
    if text.is_empty() { Err(empty(field)) } else { Ok(text.into()) }
}

fn time(reader: &mut Reader<'_>, field: &'static str) -> Result<u64, Refusal> {
    match reader.unsigned(field)? {
        // spec: T36
        time if time <= limits::TIME_MAX => Ok(time),
        time => Err(Refusal::new(Code::ParseTime, field, time, "seconds since 1970, before the year 10000")),
    }
}

fn level(reader: &mut Reader<'_>, field: &'static str) -> Result<Level, Refusal> {
    let number = reader.unsigned(field)?;
    Level::from_number(number).ok_or_else(|| Refusal::new(Code::ParseLevel, field, number, ""))
}

fn depth(reader: &mut Reader<'_>) -> Result<u8, Refusal> {
    let stated = reader.unsigned("depth")?;
    match u8::try_from(stated) {
        Ok(depth) if depth <= limits::DEPTH => Ok(depth),
        _ => Err(Refusal::new(Code::ParseLimit, "depth", format_args!("depth {stated}"), limits::DEPTH)),
    }
}

fn budget(reader: &mut Reader<'_>) -> Result<u64, Refusal> {
    let cap = reader.unsigned("budgets")?;
    if cap <= limits::INTEGER_MAX.unsigned_abs() {
        return Ok(cap);
    }
    Err(Refusal::new(Code::ParseLimit, "budgets", format_args!("a budget of {cap}"), limits::INTEGER_MAX))
}

fn true_only(reader: &mut Reader<'_>, field: &'static str) -> Result<bool, Refusal> {
    match reader.next()? {
        Item::Bool(true) => Ok(true),
        other => Err(wrong_type(field, &other, "true")),
    }
}

fn confirmation(reader: &mut Reader<'_>) -> Result<PublicKey, Refusal> {
    let rest = reader.rest();
    let refuse = || Refusal::new(Code::ParseClaimType, "cnf", "another structure", "an ed25519 cose key");
    // spec: T32
    let key = rest.strip_prefix(&CNF_HEAD).and_then(|tail| tail.first_chunk::<32>()).ok_or_else(refuse)?;
    // The constant head is three maps; stepping over it keeps the reader on item borders.
    reader.skip(CNF_HEAD.len() + key.len())?;
    PublicKey::from_bytes(key)
}

fn audiences(reader: &mut Reader<'_>) -> Result<Vec<crate::pattern::Pattern>, Refusal> {
    if matches!(reader.clone().next()?, Item::Text(_)) {
        return Ok(alloc::vec![pattern(reader)?]);
    }
    let audiences = distinct(reader, "aud", 1, limits::AUDIENCES, pattern)?;
    if audiences.len() == 1 {
        return Err(Refusal::new(
            Code::ParseNotCanonical,
            "aud",
            "one audience stands in a list",
            "it is a plain text",
        ));
    }
    Ok(audiences)
}

fn scopes(reader: &mut Reader<'_>, place: Place) -> Result<Scopes, Refusal> {
    let count = reader.array("scopes")?;
    if count > limits::SCOPES {
        return Err(too_many("scopes", count, limits::SCOPES));
    }
    match place {
        Place::Root => (0..count).map(|_| scope_item::whole(reader)).collect::<Result<_, _>>().map(Scopes::Whole),
        Place::Later | Place::Approval => {
            (0..count).map(|_| scope_item::refinement(reader)).collect::<Result<_, _>>().map(Scopes::Refined)
        }
    }
}
