//! The examples of CBOR's appendix A, and which of them may stand in a token.

use alloc::vec::Vec;

use super::read::{Item, Reader};
use super::scan::scan;
use super::write::Writer;
use crate::code::Code;

/// What is said to an example.
#[derive(Clone, Copy)]
enum Say {
    /// It is deterministic CBOR of the subset.
    Yes,
    No(Code, &'static str),
}
use Say::{No, Yes};

const FLOAT: Say = No(Code::ParseFloat, "a token has no floats: no two encoders need agree on them");
const INFINITE: Say = No(Code::ParseFloat, "nothing is compared with what is no number");
const WIDE: Say = No(Code::ParseFloat, "a float, and not even in its shortest form");
const BIG: Say = No(Code::ParseTag, "an integer of a token has 64 bits; a tag would also be a second spelling of it");
const TAG: Say = No(Code::ParseTag, "the claim says what its value means; a tag could say otherwise");
const UNDEFINED: Say = No(Code::ParseSimple, "what is not there is left out");
const SIMPLE: Say = No(Code::ParseSimple, "has no meaning that a token could need");
const PARTS: Say = No(Code::ParseIndefinite, "a string in parts has as many spellings as ways to part it");
const OPEN: Say = No(Code::ParseIndefinite, "a second spelling, of a length that is not known before the end");

/// Bytes, diagnostic notation, answer: RFC 8949 appendix A, in its order; `[1, 2, 3, …, 25]` is written out there. `simple(24)` in two bytes stood in RFC 7049
/// only; RFC 8949 calls it not well-formed.
const EXAMPLES: [(&str, &str, Say); 82] = [
    ("00", "0", Yes),
    ("01", "1", Yes),
    ("0a", "10", Yes),
    ("17", "23", Yes),
    ("1818", "24", Yes),
    ("1819", "25", Yes),
    ("1864", "100", Yes),
    ("1903e8", "1000", Yes),
    ("1a000f4240", "1000000", Yes),
    ("1b000000e8d4a51000", "1000000000000", Yes),
    ("1bffffffffffffffff", "18446744073709551615", Yes),
    ("c249010000000000000000", "18446744073709551616", BIG),
    ("3bffffffffffffffff", "-18446744073709551616", Yes),
    ("c349010000000000000000", "-18446744073709551617", BIG),
    ("20", "-1", Yes),
    ("29", "-10", Yes),
    ("3863", "-100", Yes),
    ("3903e7", "-1000", Yes),
    ("f90000", "0.0", FLOAT),
    ("f98000", "-0.0", FLOAT),
    ("f93c00", "1.0", FLOAT),
    ("fb3ff199999999999a", "1.1", FLOAT),
    ("f93e00", "1.5", FLOAT),
    ("f97bff", "65504.0", FLOAT),
    ("fa47c35000", "100000.0", FLOAT),
    ("fa7f7fffff", "3.4028234663852886e+38", FLOAT),
    ("fb7e37e43c8800759c", "1e+300", FLOAT),
    ("f90001", "5.960464477539063e-08", FLOAT),
    ("f90400", "6.103515625e-05", FLOAT),
    ("f9c400", "-4.0", FLOAT),
    ("fbc010666666666666", "-4.1", FLOAT),
    ("f97c00", "Infinity", INFINITE),
    ("f97e00", "NaN", INFINITE),
    ("f9fc00", "-Infinity", INFINITE),
    ("fa7f800000", "Infinity", WIDE),
    ("fa7fc00000", "NaN", WIDE),
    ("faff800000", "-Infinity", WIDE),
    ("fb7ff0000000000000", "Infinity", WIDE),
    ("fb7ff8000000000000", "NaN", WIDE),
    ("fbfff0000000000000", "-Infinity", WIDE),
    ("f4", "false", Yes),
    ("f5", "true", Yes),
    ("f6", "null", Yes),
    ("f7", "undefined", UNDEFINED),
    ("f0", "simple(16)", SIMPLE),
    ("f818", "simple(24)", SIMPLE),
    ("f8ff", "simple(255)", SIMPLE),
    ("c074323031332d30332d32315432303a30343a30305a", r#"0("2013-03-21T20:04:00Z")"#, TAG),
    ("c11a514b67b0", "1(1363896240)", TAG),
    ("c1fb41d452d9ec200000", "1(1363896240.5)", TAG),
    ("d74401020304", "23(h'01020304')", TAG),
    ("d818456449455446", "24(h'6449455446')", TAG),
    ("d82076687474703a2f2f7777772e6578616d706c652e636f6d", r#"32("http://www.example.com")"#, TAG),
    ("40", "h''", Yes),
    ("4401020304", "h'01020304'", Yes),
    ("60", r#""""#, Yes),
    ("6161", r#""a""#, Yes),
    ("6449455446", r#""IETF""#, Yes),
    ("62225c", r#""\"\\""#, Yes),
    ("62c3bc", r#""ü""#, Yes),
    ("63e6b0b4", r#""水""#, Yes),
    ("64f0908591", r#""𐅑""#, Yes),
    ("80", "[]", Yes),
    ("83010203", "[1, 2, 3]", Yes),
    ("8301820203820405", "[1, [2, 3], [4, 5]]", Yes),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", "[1, 2, 3, …, 25]", Yes),
    ("a0", "{}", Yes),
    ("a201020304", "{1: 2, 3: 4}", Yes),
    ("a26161016162820203", r#"{"a": 1, "b": [2, 3]}"#, Yes),
    ("826161a161626163", r#"["a", {"b": "c"}]"#, Yes),
    ("a56161614161626142616361436164614461656145", r#"{"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}"#, Yes),
    ("5f42010243030405ff", "(_ h'0102', h'030405')", PARTS),
    ("7f657374726561646d696e67ff", r#"(_ "strea", "ming")"#, PARTS),
    ("9fff", "[_ ]", OPEN),
    ("9f018202039f0405ffff", "[_ 1, [2, 3], [_ 4, 5]]", OPEN),
    ("9f01820203820405ff", "[_ 1, [2, 3], [4, 5]]", OPEN),
    ("83018202039f0405ff", "[1, [2, 3], [_ 4, 5]]", OPEN),
    ("83019f0203ff820405", "[1, [_ 2, 3], [4, 5]]", OPEN),
    ("9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", "[_ 1, 2, 3, …, 25]", OPEN),
    ("bf61610161629f0203ffff", r#"{_ "a": 1, "b": [_ 2, 3]}"#, OPEN),
    ("826161bf61626163ff", r#"["a", {_ "b": "c"}]"#, OPEN),
    ("bf6346756ef563416d7421ff", r#"{_ "Fun": true, "Amt": -2}"#, OPEN),
];

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

/// Writes the next item again as our own writer does.
fn copy(from: &mut Reader<'_>, to: &mut Writer) {
    match from.next().unwrap() {
        Item::Unsigned(value) => _ = to.unsigned(value),
        // The writer takes no integer beyond 64 bits with a sign; none of the library's is.
        Item::Negative(value) => match i64::try_from(value) {
            Ok(value) => _ = to.integer(!value),
            Err(_) => _ = to.raw(&[&[0x3b][..], &value.to_be_bytes()].concat()),
        },
        Item::Bytes(bytes) => _ = to.bytes(bytes),
        Item::Text(text) => _ = to.text(text),
        Item::Bool(value) => _ = to.bool(value),
        Item::Null => _ = to.null(),
        Item::Array(count) => {
            to.array(count);
            (0..count).for_each(|_| copy(from, to));
        }
        Item::Map(count) => {
            to.map(count);
            (0..2 * count).for_each(|_| copy(from, to));
        }
    }
}

#[test]
fn the_scanner_accepts_exactly_the_subset() {
    for (hex, notation, say) in EXAMPLES {
        match say {
            Yes => assert_eq!(scan(&unhex(hex)), Ok(()), "{notation}"),
            No(code, why) => {
                assert_eq!(scan(&unhex(hex)).map_err(|refusal| refusal.code()), Err(code), "{notation}: {why}")
            }
        }
    }
    let count = |wanted: fn(&Say) -> bool| EXAMPLES.iter().filter(|(_, _, say)| wanted(say)).count();
    let counts = [
        count(|say| matches!(say, Yes)),
        count(|say| matches!(say, No(Code::ParseFloat, _))),
        count(|say| matches!(say, No(Code::ParseTag, _))),
        count(|say| matches!(say, No(Code::ParseSimple, _))),
        count(|say| matches!(say, No(Code::ParseIndefinite, _))),
    ];
    assert_eq!(counts, [37, 22, 8, 4, 11]);
}

#[test]
fn what_is_accepted_is_written_again_byte_for_byte() {
    for (hex, notation, _) in EXAMPLES.iter().filter(|(_, _, say)| matches!(say, Yes)) {
        let bytes = unhex(hex);
        let mut writer = Writer::default();
        copy(&mut Reader::new(&bytes), &mut writer);
        assert_eq!(writer.into_bytes(), bytes, "{notation}");
    }
}

/// A value that is accepted alone is accepted where claims are, in arrays and maps; one that is refused is refused there.
#[test]
fn an_example_is_judged_alike_in_any_place() {
    for (hex, notation, say) in EXAMPLES {
        for around in ["81", "8200", "a100", "a2000001"] {
            let bytes = unhex(&[around, hex].concat::<str>());
            let answer = scan(&bytes).map_err(|refusal| refusal.code());
            match say {
                Yes => assert_eq!(answer, Ok(()), "{notation} behind {around}"),
                No(code, _) => assert_eq!(answer, Err(code), "{notation} behind {around}"),
            }
        }
    }
}
