//! Prefixes, base64url and what may stand around it; keys as texts (token.md section 2).

use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, root};
use crate::key::{key_off_the_curve, key_text, mixed_order_key, non_canonical_key, public, small_order};
use crate::request::approval;
use crate::text::line;

const SEALED: &str = "wane1.sealed.";

pub(super) fn cases() -> Vec<Case> {
    [accepted(), refused(), prefixes(), lengths(), keys()].concat()
}

/// The standard sealed token, and its text behind the prefix.
fn good() -> (String, String) {
    let good = Chain::standard().sealed();
    let body = good.trim_start_matches(SEALED).to_owned();
    (good, body)
}

/// A note whose seal makes a token of so many bytes more than a multiple of three.
fn note(rest: usize) -> String {
    let bytes = |letters: usize| Chain::minted().seal(Claims::new().note(&"n".repeat(letters))).to_item().to_bytes();
    "n".repeat((1..=3).find(|letters| bytes(*letters).len() % 3 == rest).unwrap_or_default())
}

/// A text whose last letter has a spare bit set.
fn spare_bit(rest: usize) -> String {
    let mut text = Chain::minted().seal(Claims::new().note(&note(rest))).sealed();
    // Its spare bits are zero, so the next letter of the alphabet has the lowest one set; Z and 9 are not among them.
    let last = text.pop().and_then(|last| u8::try_from(last).ok()).unwrap_or_default();
    text.push(char::from(last + 1));
    text
}

fn accepted() -> Vec<Case> {
    let rest = |rest: usize| {
        Case::new(
            &format!("text/rest-{rest}"),
            &format!("the last group of base64url stands for {rest} bytes, 0 for three"),
        )
        .spec("T1 T2")
        .sealed_from(&Chain::minted(), Claims::new().note(&note(rest)))
    };
    vec![
        Case::new("text/good", "the standard token, read as it stands")
            .spec("T1 T2")
            .sealed_from(&Chain::minted(), Claims::new()),
        Case::new("text/one-lf", "one LF behind the text").spec("T2").payload(good().0 + "\n"),
        rest(0),
        rest(1),
        rest(2),
    ]
}

fn refused() -> Vec<Case> {
    let (good, body) = good();
    let cases: Vec<(&str, &str, String)> = vec![
        ("empty", "nothing at all", String::new()),
        ("only-lf", "one LF and nothing else", "\n".to_owned()),
        ("two-lf", "two LF behind the text", format!("{good}\n\n")),
        ("lf-before", "LF before the text", format!("\n{good}")),
        ("lf-inside", "LF in the middle of the text", insert(&good, "\n")),
        ("cr-lf", "CR and LF behind the text", format!("{good}\r\n")),
        ("cr", "CR behind the text", format!("{good}\r")),
        ("blank-before", "a blank before the text", format!(" {good}")),
        ("blank-behind", "a blank behind the text", format!("{good} ")),
        ("blank-inside", "a blank in the middle of the text", insert(&good, " ")),
        ("tab-behind", "a tab behind the text", format!("{good}\t")),
        ("nul-behind", "NUL behind the text", format!("{good}\0")),
        ("byte-order-mark", "a byte order mark before the text", format!("\u{feff}{good}")),
        ("two-tokens", "a second token behind the first", format!("{good}{good}")),
        ("padded", "one character of padding", format!("{good}=")),
        ("padded-twice", "two characters of padding", format!("{good}==")),
        ("one-letter", "one letter alone in the last group", good.clone() + &"A".repeat((5 - body.len() % 4) % 4)),
        ("spare-bits-four", "one of four spare bits is set", spare_bit(1)),
        ("spare-bits-two", "one of two spare bits is set", spare_bit(2)),
        ("plus", "+ in place of -", SEALED.to_owned() + &swap(&body, "-", "+")),
        ("slash", "/ in place of _", SEALED.to_owned() + &swap(&body, "_", "/")),
        ("percent", "a percent sign and two digits in place of -", SEALED.to_owned() + &swap(&body, "-", "%2D")),
        ("other-letter", "a letter beyond ASCII", insert(&good, "é")),
        ("capital-prefix", "the prefix in capitals", format!("WANE1.SEALED.{body}")),
        ("version-2", "the prefix of another version", format!("wane2.sealed.{body}")),
        ("unknown-prefix", "a prefix that no text has", format!("wane1.seal.{body}")),
        ("no-dot", "no dot behind the prefix", format!("wane1.sealed{body}")),
        ("colon", "a colon for the dot", format!("wane1:sealed:{body}")),
        ("no-prefix", "no prefix", body.clone()),
        ("bearer", "the name of a scheme before the text", format!("Bearer {good}")),
    ];
    let case = |(name, comment, text): (&str, &str, String)| {
        let spec = if name.starts_with("spare-bits") || name.starts_with("padded") { "T1 T2" } else { "T2" };
        let case = Case::new(&format!("text/{name}"), comment).refused("parse-text").spec(spec);
        case.payload(text)
    };
    cases.into_iter().map(case).collect()
}

/// The text with something in the middle.
fn insert(text: &str, what: &str) -> String {
    let (before, behind) = text.split_at(text.len() / 2);
    format!("{before}{what}{behind}")
}

fn swap(body: &str, old: &str, new: &str) -> String {
    assert!(body.contains(old), "the text has no {old}");
    body.replacen(old, new, 1)
}

fn prefixes() -> Vec<Case> {
    let (_, body) = good();
    let wrong = |name, comment, text: String| {
        Case::new(&format!("text/{name}"), comment).refused("parse-prefix").spec("T4").payload(text)
    };
    let approved = approval(0x51, Chain::minted().id(0), [7; 32], &["read:hr:employees"]);
    let behind = |text: String| text.trim_start_matches("wane1.token.").to_owned();
    vec![
        wrong("token-prefix", "a sealed token behind the prefix of one to extend", format!("wane1.token.{body}")),
        wrong("sealed-prefix", "a token to extend behind the prefix of a sealed one", {
            format!("{SEALED}{}", behind(Chain::minted().carried()))
        }),
        wrong("sealed-prefix-bound", "a bound token behind the prefix of a sealed one", {
            format!("{SEALED}{}", behind(Chain::delegated().bound()))
        }),
        wrong("key-for-token", "a public key where a token is wanted", key_text(1)),
        wrong("approval-for-token", "an approval where a token is wanted", approved),
    ]
}

fn lengths() -> Vec<Case> {
    let repeated = |name, comment, code, spec, times: usize| {
        Case::new(&format!("text/{name}"), comment)
            .refused(code)
            .spec(spec)
            .flag(&format!("repeat {times}"))
            .payload("A")
    };
    // Three full blocks, one that fills what is left, and a seal: 16,382 bytes behind the two heads.
    let full = |bytes: usize| Claims::new().cnf(9).padded_to(bytes);
    let largest = |last: usize| {
        let chain = Chain::root(&root().cnf(9).padded_to(4_033)).delegate(full(4_033)).delegate(full(4_033));
        chain.delegate(full(last))
    };
    assert_eq!(largest(3_909).seal(Claims::new()).to_item().to_bytes().len(), 16_384);
    vec![
        repeated("longest", "21,864 bytes are looked at, and have no prefix", "parse-text", "T2 T3", 21_864),
        repeated("too-long", "21,865 bytes are not looked at", "parse-too-large", "T3", 21_865),
        Case::new("text/largest-token", "a token of 16,384 bytes")
            .spec("T3 T107")
            .sealed(&largest(3_909).seal(Claims::new())),
        Case::new("text/too-large-token", "a token of 16,385 bytes")
            .refused("parse-too-large")
            .spec("T107")
            .sealed(&largest(3_910).seal(Claims::new())),
    ]
}

fn keys() -> Vec<Case> {
    let key = |name: &str, comment: &str| Case::new(&format!("text/key-{name}"), comment);
    let bytes = |bytes: &[u8]| line("wane1.key.", bytes);
    let mut cases = vec![
        key("good", "a public key").spec("T5").plain("key", key_text(1)),
        key("one-lf", "a public key and one LF").spec("T2 T5").plain("key", key_text(1) + "\n"),
        key("mixed-order", "a point with a part of small order")
            .spec("T5 T33")
            .plain("key", bytes(&mixed_order_key(5))),
        key("two-lf", "a public key and two LF").refused("parse-text").spec("T2").plain("key", key_text(1) + "\n\n"),
        key("padded", "a public key with padding").refused("parse-text").spec("T2").plain("key", key_text(1) + "="),
    ];
    let long = [&public(1)[..], &[0]].concat();
    let mut refuse = |name: &str, comment: &str, spec: &str, content: &[u8]| {
        cases.push(key(name, comment).refused("parse-key").spec(spec).plain("key", bytes(content)));
    };
    refuse("empty", "a key of no bytes", "T5", &[]);
    refuse("short", "a key of 31 bytes", "T5", long.get(..31).unwrap_or_default());
    refuse("long", "a key of 33 bytes", "T5", &long);
    refuse("in-cbor", "a key as a byte string of CBOR", "T5", &Item::from(public(1)).to_bytes());
    refuse("off-the-curve", "no point has this y", "T5 T33", &key_off_the_curve());
    refuse("not-canonical", "y is not reduced", "T5 T33", &non_canonical_key());
    for number in 0..8 {
        let comment = format!("the point of small order number {number}");
        refuse(&format!("small-order-{number}"), &comment, "T5 T33", &small_order(number));
    }
    let mut minus_zero = small_order(0);
    minus_zero[31] = 0x80;
    refuse("minus-zero", "the neutral point with the sign of an x that is 0", "T5 T33", &minus_zero);
    let mut over = [0xff; 32];
    (over[0], over[31]) = (0xee, 0x7f);
    refuse("neutral-not-reduced", "the neutral point with y not reduced", "T5 T33", &over);
    cases
}
