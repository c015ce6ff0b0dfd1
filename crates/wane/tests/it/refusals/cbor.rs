//! Encodings that a general decoder would read, and sizes beyond the limits.

use ciborium::value::Value;
use wane::{Code, Refusal, SealedToken, Token, UntrustedToken, limits};

use crate::forge::{
    EXP, Forged, OPS, PRIVATE, Payload, ROOT, cbor, head, int, line, list, map, refused, replaced, text, time, token,
};

/// The answer to a token whose root block has this payload, signed by the trusted root.
fn root_of(payload: &[u8]) -> Result<SealedToken, Refusal> {
    Forged::behind(OPS).raw(ROOT, OPS, payload).seal(10, &Payload::seal()).sealed()
}

fn payload() -> Vec<u8> {
    Payload::root(OPS, 10).bytes()
}

/// The number 4,600 as the payload writes it.
const WRITTEN_EXP: [u8; 4] = [0x04, 0x19, 0x11, 0xf8];

#[test]
fn the_payload_these_tests_alter_is_accepted() {
    assert!(root_of(&payload()).is_ok());
    assert_eq!(EXP, 0x11f8);
}

#[test]
fn duplicate_map_keys() {
    let twice = Payload::root(OPS, 10).also(4, time(9_999));
    refused(root_of(&twice.bytes()), Code::ParseDuplicateKey, 0);
    let equal = Payload::root(OPS, 10).also(4, time(EXP));
    refused(root_of(&equal.bytes()), Code::ParseDuplicateKey, 0);
    let private = Payload::root(OPS, 10).also_private(4, list([text("*")]));
    refused(root_of(&private.bytes()), Code::ParseDuplicateKey, 0);
}

#[test]
fn unsorted_map_keys() {
    let Value::Map(mut entries) = ciborium::from_reader::<Value, _>(payload().as_slice()).unwrap() else { panic!() };
    entries.reverse();
    refused(root_of(&cbor(&map(entries.clone()))), Code::ParseKeyOrder, 0);
    entries.reverse();
    for (_, value) in &mut entries {
        if let Value::Map(private) = value {
            private.reverse();
        }
    }
    refused(root_of(&cbor(&map(entries))), Code::ParseKeyOrder, 0);
}

#[test]
fn negative_keys_stand_behind_positive_ones() {
    let Value::Map(mut entries) = ciborium::from_reader::<Value, _>(payload().as_slice()).unwrap() else { panic!() };
    entries.rotate_right(1);
    assert_eq!(entries[0].0, int(PRIVATE));
    refused(root_of(&cbor(&map(entries))), Code::ParseKeyOrder, 0);
}

#[test]
fn integers_that_are_not_the_shortest() {
    for longer in [
        &[0x04, 0x1a, 0, 0, 0x11, 0xf8][..],
        &[0x04, 0x1b, 0, 0, 0, 0, 0, 0, 0x11, 0xf8],
        &[0x18, 0x04, 0x19, 0x11, 0xf8],
    ] {
        refused(root_of(&replaced(&payload(), &WRITTEN_EXP, longer)), Code::ParseNotShortest, 0);
    }
}

#[test]
fn lengths_that_are_not_the_shortest() {
    let aud = replaced(&payload(), b"\x65files", b"\x78\x05files");
    refused(root_of(&aud), Code::ParseNotShortest, 0);
    let wide = [&[0x81, 0x98, 0x02][..], &Forged::minted().seal(10, &Payload::seal()).envelopes.concat()].concat();
    refused(SealedToken::from_bytes(&wide), Code::ParseNotShortest, None);
}

#[test]
fn indefinite_lengths() {
    let text = replaced(&payload(), b"\x65files", b"\x7f\x65files\xff");
    refused(root_of(&text), Code::ParseIndefinite, 0);
    let array = replaced(&payload(), b"\x81\x66read:*", b"\x9f\x66read:*\xff");
    refused(root_of(&array), Code::ParseIndefinite, 0);
    let whole = payload();
    let map = [&[0xbf][..], &whole[1..], &[0xff]].concat();
    refused(root_of(&map), Code::ParseIndefinite, 0);
    let envelopes = Forged::minted().seal(10, &Payload::seal()).envelopes.concat();
    let token = [&[0x81, 0x9f][..], &envelopes, &[0xff]].concat();
    refused(SealedToken::from_bytes(&token), Code::ParseIndefinite, None);
}

#[test]
fn floats() {
    for float in [
        &[0x04, 0xf9, 0x6c, 0x7e][..],
        &[0x04, 0xfa, 0x45, 0x8f, 0xc0, 0],
        &[0x04, 0xfb, 0x40, 0xb1, 0xf8, 0, 0, 0, 0, 0],
    ] {
        refused(root_of(&replaced(&payload(), &WRITTEN_EXP, float)), Code::ParseFloat, 0);
    }
    let nan = replaced(&payload(), &WRITTEN_EXP, &[0x04, 0xf9, 0x7e, 0]);
    refused(root_of(&nan), Code::ParseFloat, 0);
}

#[test]
fn tags() {
    let date = replaced(&payload(), &WRITTEN_EXP, &[0x04, 0xc1, 0x19, 0x11, 0xf8]);
    refused(root_of(&date), Code::ParseTag, 0);
    let bignum = replaced(&payload(), &WRITTEN_EXP, &[0x04, 0xc2, 0x42, 0x11, 0xf8]);
    refused(root_of(&bignum), Code::ParseTag, 0);
    let sign1 = |envelope: &Vec<u8>| [&[0xd2][..], envelope].concat();
    let tagged: Vec<_> = Forged::minted().seal(10, &Payload::seal()).envelopes.iter().map(sign1).collect();
    refused(SealedToken::from_bytes(&token(&tagged, None)), Code::ParseTag, None);
}

#[test]
fn trailing_bytes() {
    let mut longer = payload();
    longer.push(0);
    refused(root_of(&longer), Code::ParseTrailingBytes, 0);
    let mut token = Forged::minted().seal(10, &Payload::seal()).bytes();
    token.push(0);
    refused(SealedToken::from_bytes(&token), Code::ParseTrailingBytes, None);
    token.pop();
    let behind_the_line = line("wane1.sealed.", &token) + "\n\n";
    refused(SealedToken::parse(&behind_the_line), Code::ParseText, None);
    assert!(SealedToken::parse(&(line("wane1.sealed.", &token) + "\n")).is_ok());
}

/// So many arrays within each other.
fn nested(depth: usize) -> Value {
    (1..depth).fold(list([]), |inner, _| list([inner]))
}

#[test]
fn nine_levels_deep() {
    // The claims map is one level.
    let deep = |levels: usize| Payload::root(OPS, 10).claim(9, nested(levels - 1)).bytes();
    refused(root_of(&deep(9)), Code::ParseTooDeep, 0);
    refused(root_of(&deep(8)), Code::ParseUnknownClaim, 0);
    refused(root_of(&deep(200)), Code::ParseTooDeep, 0);
    refused(SealedToken::from_bytes(&cbor(&nested(9))), Code::ParseTooDeep, None);
    refused(SealedToken::from_bytes(&[0x81; 16_000]), Code::ParseTooDeep, None);
}

#[test]
fn simple_and_reserved_values() {
    let with = |value: u8| replaced(&payload(), &WRITTEN_EXP, &[0x04, value]);
    refused(root_of(&with(0xf7)), Code::ParseSimple, 0);
    refused(root_of(&with(0xe0)), Code::ParseSimple, 0);
    refused(root_of(&with(0x1c)), Code::ParseReserved, 0);
    refused(root_of(&with(0xfc)), Code::ParseReserved, 0);
}

#[test]
fn text_that_is_not_utf_8() {
    refused(root_of(&replaced(&payload(), b"\x65files", b"\x65fil\xc0\x80")), Code::ParseUtf8, 0);
}

#[test]
fn bytes_that_end_early() {
    let whole = payload();
    refused(root_of(&whole[..whole.len() - 1]), Code::ParseTruncated, 0);
    refused(root_of(&[]), Code::ParseTruncated, 0);
    refused(SealedToken::from_bytes(&[]), Code::ParseTruncated, None);
    // Counts that no input could hold cost nothing.
    refused(
        SealedToken::from_bytes(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        Code::ParseTruncated,
        None,
    );
    refused(root_of(&[0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Code::ParseTruncated, 0);
}

/// A chain with so many delegate blocks.
fn chain(delegates: u8) -> Forged {
    (0..delegates).fold(Forged::minted(), |chain, i| chain.delegate(10 + i, &Payload::delegate(11 + i)))
}

#[test]
fn seventeen_blocks() {
    let most = chain(14).seal(24, &Payload::seal());
    assert_eq!((most.envelopes.len(), most.verified().is_ok()), (limits::BLOCKS, true));
    let one_more = chain(15).seal(25, &Payload::seal());
    refused(one_more.sealed(), Code::ParseTooManyBlocks, None);
    // Even where the count is all there is.
    refused(SealedToken::from_bytes(&[&[0x81, 0x91][..], &[0; 17]].concat()), Code::ParseTooManyBlocks, None);
}

/// A sealed chain of exactly this many bytes.
fn sized(bytes: usize) -> Forged {
    let pattern = |i: usize| text(&format!("{:a>63}:{:b>63}:{:c>63}:{i:0>63}", "", "", ""));
    let filler = |next: u8| Payload::delegate(next).private(5, list((0..15).map(pattern)));
    let full = (0..4).fold(Forged::minted(), |chain, i| chain.delegate(10 + i, &filler(11 + i)));
    let with_note = |len: usize| full.clone().seal(14, &Payload::seal().private(13, text(&"n".repeat(len))));
    let found = (1..=1_000).map(with_note).find(|chain| chain.bytes().len() == bytes);
    found.expect("a note of some length fits")
}

#[test]
fn sixteen_kibibytes_and_one() {
    let most = sized(limits::TOKEN_BYTES);
    assert!(most.verified().is_ok());
    assert!(SealedToken::parse(&(line("wane1.sealed.", &most.bytes()) + "\n")).is_ok());
    let one_more = sized(limits::TOKEN_BYTES + 1);
    refused(one_more.sealed(), Code::ParseTooLarge, None);
    refused(SealedToken::parse(&line("wane1.sealed.", &one_more.bytes())), Code::ParseTooLarge, None);
    refused(UntrustedToken::parse(&"A".repeat(30_000)), Code::ParseTooLarge, None);
    refused(Token::from_bytes(&vec![0; 16_385]), Code::ParseTooLarge, None);
}

#[test]
fn a_block_too_long_to_be_signed() {
    let pattern = |i: usize| text(&format!("{:a>63}:{:b>63}:{:c>63}:{i:0>63}", "", "", ""));
    let long = Payload::seal().private(5, list((0..16).map(pattern)));
    refused(Forged::minted().seal(10, &long).sealed(), Code::ParseLimit, 1);
}

#[test]
fn the_forge_writes_what_the_library_writes() {
    let forged = Forged::minted().seal(10, &Payload::seal());
    let read = forged.sealed().unwrap();
    assert_eq!(read.to_bytes(), forged.bytes());
    assert_eq!(read.to_text(), line("wane1.sealed.", &forged.bytes()));
    assert_eq!(head(4, 300), [0x99, 0x01, 0x2c]);
}
