//! Lower-case hexadecimal digits, the one spelling of bytes in records.

use wane::{Code, Refusal};

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
        assert_eq!(read_all(""), Some(vec![]));
        assert_eq!(read_all("é"), None);
    }
}
