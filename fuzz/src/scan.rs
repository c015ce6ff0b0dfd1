//! The strict scanner, against the second reader in `cbor`: as a whole token, as the payload of a root block and as
//! the payload of a later block.

use wane::{Code, Refusal, UntrustedToken};

use crate::cbor::{head, strict};
use crate::{check, forge, rebuild, text};

/// What the scanner alone says.
const SCANNER: [Code; 12] = [
    Code::ParseDuplicateKey,
    Code::ParseFloat,
    Code::ParseIndefinite,
    Code::ParseKeyOrder,
    Code::ParseNotShortest,
    Code::ParseReserved,
    Code::ParseSimple,
    Code::ParseTag,
    Code::ParseTooDeep,
    Code::ParseTrailingBytes,
    Code::ParseTruncated,
    Code::ParseUtf8,
];

/// The bytes of one item.
pub fn run(data: &[u8]) {
    as_token(data);
    if data.len() <= 4_000 {
        as_root_payload(data);
        as_later_payload(data);
    }
}

fn as_token(bytes: &[u8]) {
    let answer = UntrustedToken::from_bytes(bytes);
    if bytes.len() > wane::limits::TOKEN_BYTES {
        assert_eq!(answer.map(|_| ()).map_err(|refusal| refusal.code()), Err(Code::ParseTooLarge));
        return;
    }
    agrees_with_the_second_reader(bytes, answer.as_ref().err(), None);
    match answer {
        Ok(token) => comes_back(token, bytes),
        Err(refusal) => check::refusal(&refusal),
    }
}

fn as_root_payload(bytes: &[u8]) {
    let mut payload = bytes.to_vec();
    forge::patch(&mut payload, 0);
    let token = [head(4, 1), head(4, 1), forge::envelope(&payload, &[1; 64])].concat();
    let answer = UntrustedToken::from_bytes(&token);
    agrees_with_the_second_reader(&payload, answer.as_ref().err(), Some(0));
    if let Ok(token) = answer {
        rebuild::root_block(token.chain());
    }
}

fn as_later_payload(bytes: &[u8]) {
    let root = forge::envelope(&rebuild::smallest_root(), &[1; 64]);
    let token = [head(4, 1), head(4, 2), root, forge::envelope(bytes, &[1; 64])].concat();
    let answer = UntrustedToken::from_bytes(&token);
    agrees_with_the_second_reader(bytes, answer.as_ref().err(), Some(1));
    match answer {
        Ok(read) => comes_back(read, &token),
        Err(refusal) => check::refusal(&refusal),
    }
}

/// The scanner refuses these bytes, in this block or in the token around all, just where the second reader does.
fn agrees_with_the_second_reader(bytes: &[u8], refusal: Option<&Refusal>, block: Option<usize>) {
    let scanned = |refusal: &&Refusal| SCANNER.contains(&refusal.code()) && refusal.block() == block;
    match (strict(bytes), refusal.filter(scanned)) {
        (Some(_), Some(refusal)) => panic!("refused, and strict: {refusal:?}"),
        (None, None) => panic!("not strict, and not refused by the scanner: {refusal:?}"),
        (Some(_), None) | (None, Some(_)) => {}
    }
}

/// What was accepted is written as the same bytes.
fn comes_back(token: UntrustedToken, bytes: &[u8]) {
    let (is_sealed, carries_secret) = (token.is_sealed(), token.carries_secret());
    // A chain that contradicts itself can still be read; replaying it must not panic.
    match token.chain().grants() {
        Ok(grants) => assert_eq!(grants.len(), token.chain().blocks().len()),
        Err(refusal) => check::refusal(&refusal),
    }
    if is_sealed {
        match token.into_sealed() {
            Ok(sealed) => assert_eq!(sealed.to_bytes(), bytes),
            Err(refusal) => assert!(carries_secret && refusal.code() == Code::ChainCarriesSecret, "{refusal:?}"),
        }
    } else {
        match token.into_token() {
            Ok(token) => assert_eq!(*token.expose_text(), text::encode("token", bytes)),
            Err(refusal) => assert!(carries_secret && refusal.code() == Code::ChainSecret, "{refusal:?}"),
        }
    }
}
