//! Lower-case hexadecimal digits, the one spelling of bytes in records.

use std::fmt;

use wane::{Code, Refusal};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Bytes that are written at once: nearly all that stand in a record.
const AT_ONCE: usize = 32;

pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A record holds a dozen of these: whoever escapes what is written is called once for all digits, and not for each.
        let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or_default();
        self.0.chunks(AT_ONCE).try_for_each(|bytes| {
            let mut digits = [[0; 2]; AT_ONCE];
            digits.iter_mut().zip(bytes).for_each(|(pair, byte)| *pair = [digit(byte >> 4), digit(byte & 15)]);
            let written = digits.get(..bytes.len()).unwrap_or_default().as_flattened();
            f.write_str(std::str::from_utf8(written).map_err(|_| fmt::Error)?)
        })
    }
}

/// Any number of bytes.
pub(crate) fn read_all(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => byte.checked_sub(b'0'),
        b'a'..=b'f' => byte.checked_sub(b'a' - 10),
        _ => None,
    };
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    odd.is_empty().then(|| pairs.iter().map(byte).collect())?
}

/// Exactly `N` bytes.
pub(crate) fn read<const N: usize>(text: &str) -> Result<[u8; N], Refusal> {
    let bytes = (text.len() == N.saturating_mul(2)).then(|| read_all(text)).flatten();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
        let found: String = text.chars().take(80).collect();
        let bound = format_args!("{} lower-case hexadecimal digits", N.saturating_mul(2));
        Refusal::new(Code::ParseName, "hex", found, bound)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_is_read() {
        assert_eq!(read::<2>("00fa").unwrap(), [0, 0xfa]);
        for text in ["", "00", "00f", "00fA", "00fg", "0x00", "00fa00", " 0fa", "é00"] {
            assert_eq!(read::<2>(text).unwrap_err().code(), Code::ParseName, "{text}");
        }
        assert_eq!(Hex(&[0, 0xfa]).to_string(), "00fa");
        for length in [0, 1, 31, 32, 33, 64, 65] {
            let bytes: Vec<u8> = (0..length).map(|number| number * 3).collect();
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(Hex(&bytes).to_string(), digits);
        }
        assert_eq!(read_all(""), Some(vec![]));
        assert_eq!(read_all("é"), None);
    }
}
