//! The text forms of tokens and keys.

use wane::{Code, PublicKey, Refusal, SealedToken, Token, UntrustedToken};

use crate::check;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Byte 0: whether the rest is the text itself, or bytes that are put into a text, perhaps with something wrong.
pub fn run(data: &[u8]) {
    let [how, rest @ ..] = data else { return };
    match how % 4 {
        0 => {
            if let Ok(text) = std::str::from_utf8(rest) {
                any_text(text);
            }
        }
        1 => key(rest),
        2 => token("token", rest),
        _ => token("sealed", rest),
    }
}

/// RFC 4648 section 5 without padding, bit by bit.
pub(crate) fn encode(prefix: &str, bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let letter = |six: &[u8]| {
        let value = (0..6).fold(0, |sum, bit| sum << 1 | six.get(bit).copied().unwrap_or(0));
        char::from(ALPHABET[usize::from(value)])
    };
    format!("wane1.{prefix}.{}", bits.chunks(6).map(letter).collect::<String>())
}

/// The bytes behind the prefix, where this text is the one spelling of them.
pub(crate) fn decode(prefix: &str, text: &str) -> Option<Vec<u8>> {
    let body = text.strip_prefix(&format!("wane1.{prefix}."))?;
    let six = |letter: u8| ALPHABET.iter().position(|known| *known == letter);
    let values: Vec<usize> = body.bytes().map(six).collect::<Option<_>>()?;
    let bits: Vec<u8> = values.iter().flat_map(|six| (0..6).rev().map(move |bit| (six >> bit & 1) as u8)).collect();
    let bytes: Vec<u8> = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | bit)).collect();
    (encode(prefix, &bytes) == text).then_some(bytes)
}

fn any_text(text: &str) {
    let line = text.strip_suffix('\n').unwrap_or(text);
    match UntrustedToken::parse(text) {
        Ok(token) if token.is_sealed() => match token.into_sealed() {
            Ok(sealed) => assert_eq!(sealed.to_text(), line),
            Err(refusal) => assert_eq!(refusal.code(), Code::ChainCarriesSecret),
        },
        Ok(token) => match token.into_token() {
            Ok(token) => assert_eq!(*token.expose_text(), line),
            Err(refusal) => assert_eq!(refusal.code(), Code::ChainSecret),
        },
        Err(refusal) => check::refusal(&refusal),
    }
    match text.parse::<PublicKey>() {
        Ok(key) => assert_eq!(key.to_string(), line),
        Err(refusal) => check::refusal(&refusal),
    }
}

fn key(bytes: &[u8]) {
    let text = encode("key", bytes);
    let parsed = text.parse::<PublicKey>();
    let read = <&[u8; 32]>::try_from(bytes).ok().map(PublicKey::from_bytes);
    match read {
        Some(read) => assert_eq!(parsed, read),
        None => {
            assert!(matches!(parsed, Err(refusal) if matches!(refusal.code(), Code::ParseKey | Code::ParseTooLarge)))
        }
    }
    let Ok(key) = text.parse::<PublicKey>() else { return };
    assert_eq!(key.as_bytes(), bytes);
    assert_eq!(key.to_string(), text);
    check::has_one_spelling::<PublicKey>(&text);
    only_one_spelling(&text, |text| text.parse::<PublicKey>().map(|_| ()));
    assert!(UntrustedToken::parse(&text).is_err());
}

fn token(prefix: &str, bytes: &[u8]) {
    let text = encode(prefix, bytes);
    let (read, parsed) = (UntrustedToken::from_bytes(bytes), UntrustedToken::parse(&text));
    let fits = |token: &UntrustedToken| token.is_sealed() == (prefix == "sealed");
    match (&read, &parsed) {
        (Ok(read), Ok(parsed)) => {
            assert!(fits(read) && fits(parsed));
            only_one_spelling(&text, |text| UntrustedToken::parse(text).map(|_| ()));
        }
        (Ok(read), Err(refusal)) => assert!(!fits(read) && refusal.code() == Code::ParsePrefix, "{refusal:?}"),
        (Err(one), Err(two)) if bytes.len() <= wane::limits::TOKEN_BYTES => assert_eq!(one, two),
        (Err(_), Err(_)) => {}
        (Err(refusal), Ok(_)) => panic!("the text of refused bytes is read: {refusal:?}"),
    }
    same_code(Token::parse(&text), Token::from_bytes(bytes), &parsed);
    same_code(SealedToken::parse(&text), SealedToken::from_bytes(bytes), &parsed);
}

/// Where the prefix fits, the text is refused for what its bytes are refused for.
fn same_code<T>(text: Result<T, Refusal>, bytes: Result<T, Refusal>, fits: &Result<UntrustedToken, Refusal>) {
    if fits.is_ok() {
        assert_eq!(text.err(), bytes.err());
    } else {
        assert!(text.is_err());
    }
}

/// One LF may follow, and nothing else may stand anywhere.
pub(crate) fn only_one_spelling(text: &str, parse: impl Fn(&str) -> Result<(), Refusal>) {
    assert!(parse(&format!("{text}\n")).is_ok());
    let cut = &text[..text.len() - 1];
    let wrong = ["\n\n", "\r\n", "=", " ", "\0", "A"].map(|tail| format!("{text}{tail}"));
    for wrong in wrong.into_iter().chain([format!(" {text}"), text.to_uppercase(), cut.to_owned()]) {
        assert!(parse(&wrong).is_err(), "{wrong:?}");
    }
}
