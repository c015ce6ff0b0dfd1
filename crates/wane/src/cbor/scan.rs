//! The gate before any decoder: is this one item of strict deterministic CBOR and nothing else?

use super::read::{Item, Reader};
use crate::code::Code;
use crate::limits;
use crate::refusal::Refusal;

/// Accepts exactly one item in the subset of RFC 8949 that tokens use: shortest heads, stated lengths, map keys
/// strictly ascending by their encoding, no floats, no tags, at most [`limits::CBOR_DEPTH`] arrays and maps
/// within each other, and no byte behind it.
pub(crate) fn scan(bytes: &[u8]) -> Result<(), Refusal> {
    let mut reader = Reader::new(bytes);
    item(&mut reader, limits::CBOR_DEPTH)?;
    match reader.rest().len() {
        0 => Ok(()),
        // spec: T13
        left => Err(Refusal::new(Code::ParseTrailingBytes, "cbor", left, "")),
    }
}

fn item(reader: &mut Reader<'_>, depth_left: usize) -> Result<(), Refusal> {
    let start = reader.position();
    let inside =
        // spec: T12
        || depth_left.checked_sub(1).ok_or_else(|| Refusal::new(Code::ParseTooDeep, "cbor", start, limits::CBOR_DEPTH));
    match reader.next()? {
        Item::Array(count) => {
            let depth_left = inside()?;
            (0..count).try_for_each(|_| item(reader, depth_left))
        }
        Item::Map(count) => {
            let depth_left = inside()?;
            let mut previous: Option<&[u8]> = None;
            for _ in 0..count {
                let (start, before) = (reader.position(), reader.rest());
                item(reader, depth_left)?;
                let key = before.get(..reader.position().saturating_sub(start)).unwrap_or(before);
                // spec: T9
                match previous.map(|previous| previous.cmp(key)) {
                    Some(core::cmp::Ordering::Equal) => return Err(refuse(Code::ParseDuplicateKey, start)),
                    Some(core::cmp::Ordering::Greater) => return Err(refuse(Code::ParseKeyOrder, start)),
                    Some(core::cmp::Ordering::Less) | None => previous = Some(key),
                }
                item(reader, depth_left)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn refuse(code: Code, at: usize) -> Refusal {
    Refusal::new(code, "cbor", at, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    #[test]
    fn exactly_the_profile_is_accepted() {
        for accepted in [
            "00",
            "17",
            "1818",
            "18ff",
            "190100",
            "1a00010000",
            "1b0000000100000000",
            "20",
            "3818",
            "40",
            "4100",
            "60",
            "6161",
            "80",
            "8100",
            "a0",
            "a10000",
            "a200000100",
            "a2000061610 0",
            "f4",
            "f5",
            "f6",
            "8181818181818180",
        ] {
            assert_eq!(scan(&unhex(accepted)), Ok(()), "{accepted}");
        }
        for (refused, code) in [
            ("", Code::ParseTruncated),
            ("18", Code::ParseTruncated),
            ("1817", Code::ParseNotShortest),
            ("1900ff", Code::ParseNotShortest),
            ("1a0000ffff", Code::ParseNotShortest),
            ("1b00000000ffffffff", Code::ParseNotShortest),
            ("5801 00", Code::ParseNotShortest),
            ("9801 00", Code::ParseNotShortest),
            ("1c", Code::ParseReserved),
            ("1f", Code::ParseReserved),
            ("5f", Code::ParseIndefinite),
            ("7f", Code::ParseIndefinite),
            ("9fff", Code::ParseIndefinite),
            ("bfff", Code::ParseIndefinite),
            ("ff", Code::ParseIndefinite),
            ("f90000", Code::ParseFloat),
            ("fa00000000", Code::ParseFloat),
            ("fb0000000000000000", Code::ParseFloat),
            ("c000", Code::ParseTag),
            ("d81800", Code::ParseTag),
            ("c249010000000000000000", Code::ParseTag),
            ("e0", Code::ParseSimple),
            ("f7", Code::ParseSimple),
            ("f8ff", Code::ParseSimple),
            ("fc", Code::ParseReserved),
            ("41", Code::ParseTruncated),
            ("5bffffffffffffffff", Code::ParseTruncated),
            ("9bffffffffffffffff", Code::ParseTruncated),
            ("bbffffffffffffffff", Code::ParseTruncated),
            ("8100 00", Code::ParseTrailingBytes),
            ("61ff", Code::ParseUtf8),
            ("62c080", Code::ParseUtf8),
            ("a200000000", Code::ParseDuplicateKey),
            ("a201000000", Code::ParseKeyOrder),
            ("a2616100410000", Code::ParseKeyOrder),
            ("818181818181818180", Code::ParseTooDeep),
            ("8181818181818181a0", Code::ParseTooDeep),
        ] {
            assert_eq!(scan(&unhex(refused)).unwrap_err().code(), code, "{refused}");
        }
    }
}
