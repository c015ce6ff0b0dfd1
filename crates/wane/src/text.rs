//! The text forms: a typed prefix and unpadded base64url (RFC 4648 section 5).

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroizing;

use crate::code::Code;
use crate::limits;
use crate::refusal::Refusal;

/// What a text says that it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prefix {
    Approval,
    Key,
    Sealed,
    Token,
}

impl Prefix {
    const ALL: [Self; 4] = [Self::Approval, Self::Key, Self::Sealed, Self::Token];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "wane1.approval.",
            Self::Key => "wane1.key.",
            Self::Sealed => "wane1.sealed.",
            Self::Token => "wane1.token.",
        }
    }

    /// What the content is called in messages.
    pub(crate) const fn content(self) -> &'static str {
        match self {
            Self::Approval => "an approval",
            Self::Key => "a public key",
            Self::Sealed => "a sealed token",
            Self::Token => "a token that can be extended",
        }
    }
}

/// The longest text read: prefix, base64url of the largest token, one LF.
const TEXT_BYTES: usize = 16 + limits::TOKEN_BYTES.div_ceil(3) * 4;

/// The text form. It is written in one buffer of the right size: a token's text holds a secret, and a buffer that grows
/// leaves copies behind.
pub(crate) fn encode(prefix: Prefix, bytes: &[u8]) -> String {
    let head = prefix.as_str().as_bytes();
    let mut text = alloc::vec![0; head.len().saturating_add(Base64UrlUnpadded::encoded_len(bytes))];
    if let Some((front, body)) = text.split_at_mut_checked(head.len()) {
        front.copy_from_slice(head);
        // The buffer has the length the encoder itself asked for.
        let _: Result<&str, _> = Base64UrlUnpadded::encode(bytes, body);
    }
    String::from_utf8(text).unwrap_or_default()
}

/// The prefix of one line and the bytes behind it. One final LF may be there; nothing else around it.
pub(crate) fn split(line: &str) -> Result<(Prefix, Zeroizing<Vec<u8>>), Refusal> {
    // spec: T3
    if line.len() > TEXT_BYTES {
        return Err(Refusal::new(Code::ParseTooLarge, "text", line.len(), TEXT_BYTES));
    }
    let line = line.strip_suffix('\n').unwrap_or(line);
    let refuse = |reason| Refusal::new(Code::ParseText, "text", reason, "");
    let (prefix, body) = Prefix::ALL
        .into_iter()
        .find_map(|prefix| line.strip_prefix(prefix.as_str()).map(|body| (prefix, body)))
        .ok_or_else(|| refuse("it does not start with a known prefix"))?;
    // spec: T1 T2
    // The decoder refuses padding, other alphabets and trailing bits that are not zero.
    let mut bytes = Zeroizing::new(alloc::vec![0; body.len()]);
    let decoded = Base64UrlUnpadded::decode(body, &mut bytes).map(<[u8]>::len);
    bytes.truncate(decoded.map_err(|_| refuse("the part after the prefix is not base64url"))?);
    Ok((prefix, bytes))
}

/// The bytes of a line that must have this prefix.
pub(crate) fn decode(line: &str, wanted: Prefix) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let (prefix, bytes) = split(line)?;
    if prefix != wanted {
        return Err(Refusal::new(Code::ParsePrefix, "text", prefix.content(), wanted.content()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_is_read() {
        assert_eq!(split("wane1.key.AAE\n").unwrap(), (Prefix::Key, Zeroizing::new(alloc::vec![0, 1])));
        for (text, code) in [
            ("", Code::ParseText),
            ("wane1.", Code::ParseText),
            ("wane2.key.AAE", Code::ParseText),
            (" wane1.key.AAE", Code::ParseText),
            ("wane1.key.AAE ", Code::ParseText),
            ("wane1.key.AAE\r\n", Code::ParseText),
            ("wane1.key.AAE=", Code::ParseText),
            ("wane1.key.AAF", Code::ParseText),
            ("wane1.key.AA+", Code::ParseText),
            ("wane1.key.A", Code::ParseText),
            ("WANE1.key.AAE", Code::ParseText),
        ] {
            assert_eq!(split(text).unwrap_err().code(), code, "{text:?}");
        }
        assert_eq!(decode("wane1.sealed.AAE", Prefix::Token).unwrap_err().code(), Code::ParsePrefix);
        let refusal = decode("wane1.approval.AAE", Prefix::Key).unwrap_err();
        assert_eq!((refusal.found(), refusal.bound()), ("an approval", "a public key"));
        assert_eq!(split(&"A".repeat(TEXT_BYTES)).unwrap_err().code(), Code::ParseText);
        assert_eq!(split(&"A".repeat(TEXT_BYTES + 1)).unwrap_err().code(), Code::ParseTooLarge);
    }
}
