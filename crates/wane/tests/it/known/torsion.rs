//! The twelve classes of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko 2020), about which Ed25519 libraries
//! disagree. The cases are built here, from points and scalars; each satisfies the equation that it should, so that
//! none is refused for being merely wrong. Only class 3 may pass.

mod recipe;

use std::collections::BTreeSet;

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use wane::{Code, PublicKey, Refusal, Roots, SealedToken, Verified, verify};

use crate::forge::{
    Forged, Payload, ROOT, SEAL, bytes, envelope, external_aad, int, map, refused, sha256, sig_structure, text,
};
use recipe::{Hashed, Holds, PLAIN, Recipe};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    /// No verifier trusts this key and no block names it.
    KeyRefused,
    SignatureRefused,
}
use Verdict::{Accepted, KeyRefused, SignatureRefused};

struct Class {
    recipe: Recipe,
    verdict: Verdict,
    why: &'static str,
    /// Whether the crate beneath accepts it with `verify`, which is not what this library calls.
    loosely: bool,
}

/// y = −1 is the point of order 2, whose x is 0: this spelling gives it a sign.
const SIGNED_ZERO: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xec;
    bytes
};
const ORDER_TWO: usize = 4;

/// The twelve, under their numbers.
fn classes() -> [Class; 12] {
    let class = |recipe, verdict, loosely, why| Class { recipe, verdict, why, loosely };
    let mixed = Recipe { t: 1, u: 3, ..PLAIN };
    let small_a = Recipe { a: 0, ..mixed };
    let small_r = Recipe { r: 0, ..mixed };
    let odd_r = Recipe { r: 0, u: ORDER_TWO, r_sent: Some(SIGNED_ZERO), t: ORDER_TWO, ..PLAIN };
    let odd_a = Recipe { a: 0, t: ORDER_TWO, a_sent: Some(SIGNED_ZERO), u: ORDER_TWO, ..PLAIN };
    let canonical = Hashed::Canonical;
    [
        class(Recipe { r: 0, ..small_a }, KeyRefused, true, "A and R are of small order: S = 0 signs"),
        class(small_a, KeyRefused, true, "A is of small order: whoever knows R signs any message"),
        class(small_r, SignatureRefused, true, "R is of small order"),
        class(mixed, Accepted, true, "A and R have a small part that cancels out: the equation holds as it stands"),
        class(Recipe { holds: Holds::TimesEight, ..mixed }, SignatureRefused, false, "holds only when multiplied by 8"),
        class(
            Recipe { u: 0, holds: Holds::TimesEight, ..mixed },
            SignatureRefused,
            false,
            "holds only when multiplied by 8, and not if 8·h is reduced before",
        ),
        class(Recipe { added: 1, ..PLAIN }, SignatureRefused, false, "S is not below the order: a second spelling"),
        class(Recipe { added: 8, ..PLAIN }, SignatureRefused, false, "S is so large that its highest bit is set"),
        class(Recipe { hashed: canonical, ..odd_r }, SignatureRefused, false, "R is spelt oddly, and reduced for h"),
        class(odd_r, SignatureRefused, false, "R is spelt oddly, and hashed as it is"),
        class(Recipe { hashed: canonical, ..odd_a }, KeyRefused, false, "A is spelt oddly, and reduced for h"),
        class(odd_a, KeyRefused, true, "A is spelt oddly, and hashed as it is"),
    ]
}

fn message(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn judged(recipe: &Recipe) -> Verdict {
    let Ok(key) = PublicKey::from_bytes(&recipe.key()) else { return KeyRefused };
    let signed = recipe.sign(message);
    if key.has_signed(&signed.message, &signed.signature) { Accepted } else { SignatureRefused }
}

/// A chain whose root key and root signature are those of the recipe, as far as a verifier follows it.
fn in_a_token(recipe: &Recipe) -> Result<Verified, Refusal> {
    let hint = sha256(&[&recipe.key()]);
    let payload = |number: u64| {
        let noted = Payload::root(0, 10).private(0, bytes(&hint[..8])).private(13, text(&number.to_string()));
        noted.bytes()
    };
    let before = sha256(&[b"wane1", &hint[..8]]);
    let signed_bytes = |number| sig_structure(&external_aad(ROOT, &before), &payload(number));
    let signed = recipe.sign(signed_bytes);
    let number = (0..).find(|number| signed_bytes(*number) == signed.message).unwrap();
    let chain = Forged { envelopes: Vec::new(), previous: before }
        .put(envelope(&payload(number), &signed.signature), sha256(&[&signed.message]))
        .block(SEAL, 10, &Payload::seal());
    verify(&SealedToken::from_bytes(&chain.bytes())?, &Roots::single(PublicKey::from_bytes(&recipe.key())?))
}

/// A chain whose first holder has this key.
fn held_by(key: &[u8; 32]) -> Result<SealedToken, Refusal> {
    let cnf = map([(int(1), map([(int(1), int(1)), (int(-1), int(6)), (int(-2), bytes(key))]))]);
    Forged::from_root(&Payload::root(1, 10).claim(8, cnf)).block(SEAL, 10, &Payload::seal()).sealed()
}

#[test]
fn only_the_third_class_passes() {
    for (number, class) in classes().iter().enumerate() {
        assert_eq!(judged(&class.recipe), class.verdict, "{number}: {}", class.why);
        assert_eq!(class.verdict == Accepted, number == 3);
    }
    assert_eq!(judged(&PLAIN), Accepted);
}

#[test]
fn no_chain_passes_but_with_the_third_class() {
    for (number, class) in classes().iter().enumerate() {
        let key = class.recipe.key();
        match class.verdict {
            Accepted => {
                in_a_token(&class.recipe).unwrap();
                held_by(&key).unwrap();
            }
            SignatureRefused => refused(in_a_token(&class.recipe), Code::ChainSignature, 0),
            KeyRefused => {
                refused(PublicKey::from_bytes(&key), Code::ParseKey, None);
                refused(held_by(&key), Code::ParseKey, 0);
            }
        }
        println!("{number}: {:?}: {}", class.verdict, class.why);
    }
    in_a_token(&PLAIN).unwrap();
}

/// The cases are what their numbers say: points, spellings and equations.
#[test]
fn the_classes_are_what_they_are_called() {
    for (number, class) in classes().iter().enumerate() {
        let recipe = &class.recipe;
        let signed = recipe.sign(message);
        let [first, second] = [&signed.signature[..32], &signed.signature[32..]];
        let point = |bytes: &[u8]| CompressedEdwardsY::from_slice(bytes).unwrap().decompress().unwrap();
        let (a, r) = (point(&recipe.key()), point(first));
        let kind = |small: bool, torsion_free: bool| match (small, torsion_free) {
            (true, _) => "small",
            (false, true) => "L",
            (false, false) => "mixed",
        };
        let kinds = [kind(a.is_small_order(), a.is_torsion_free()), kind(r.is_small_order(), r.is_torsion_free())];
        let expected = match number {
            0 => ["small", "small"],
            1 | 10 | 11 => ["small", "mixed"],
            2 | 8 | 9 => ["mixed", "small"],
            3 | 4 => ["mixed", "mixed"],
            5 => ["mixed", "L"],
            _ => ["L", "L"],
        };
        assert_eq!(kinds, expected, "{number}");
        assert_eq!(number == 0, second == [0; 32]);
        assert_eq!(number == 7, second[31] & 0x80 != 0, "{number}");
        assert_eq!(a.compress().to_bytes() != recipe.key(), matches!(number, 10 | 11), "{number}");
        assert_eq!(r.compress().to_bytes() != first, matches!(number, 8 | 9), "{number}");
        assert_eq!(number == 5, recipe.u == 0 && !signed.holds_reduced, "{number}");
    }
}

/// What the crate beneath accepts by each of its two functions, which is why only one of them is called.
#[test]
fn verify_of_the_crate_beneath_accepts_more() {
    let numbers = |accepts: &dyn Fn(&Class) -> bool| -> Vec<usize> {
        classes().iter().enumerate().filter(|(_, class)| accepts(class)).map(|(number, _)| number).collect()
    };
    let parts = |class: &Class| {
        let signed = class.recipe.sign(message);
        let key = VerifyingKey::from_bytes(&class.recipe.key()).unwrap();
        (key, signed.message, Signature::from_bytes(&signed.signature))
    };
    let strictly = numbers(&|class| {
        let (key, message, signature) = parts(class);
        key.verify_strict(&message, &signature).is_ok()
    });
    let loosely = numbers(&|class| {
        let (key, message, signature) = parts(class);
        let accepted = key.verify(&message, &signature).is_ok();
        assert_eq!(accepted, class.loosely, "{}", class.why);
        accepted
    });
    assert_eq!((strictly, loosely), (vec![3], vec![0, 1, 2, 3, 11]));
}

/// All 64 pairs of small parts: what decides is whether the equation holds as it stands.
#[test]
fn every_pair_of_small_parts_is_judged_by_the_equation_alone() {
    let mut cases = 0;
    for (t, u) in (0..8).flat_map(|t| (0..8).map(move |u| (t, u))) {
        // U + h·T vanishes for some h if U is a multiple of T, and does not for some h unless both are nothing.
        let divisor = |place: usize| if place == 0 { 8 } else { 1 << place.trailing_zeros() };
        for (holds, possible, verdict) in
            [(Holds::Both, divisor(u) >= divisor(t), Accepted), (Holds::TimesEight, (t, u) != (0, 0), SignatureRefused)]
        {
            if possible {
                assert_eq!(judged(&Recipe { t, u, holds, ..PLAIN }), verdict, "{t} {u} {holds:?}");
                cases += 1;
            }
        }
    }
    assert_eq!(cases, 43 + 63);
}

/// Every point of small order, in each spelling that the crate beneath reads, as A and as R.
#[test]
fn no_point_of_small_order_is_a_key_or_half_of_a_signature() {
    let canonical = EIGHT_TORSION.map(|point| point.compress().to_bytes());
    // y and, where it still has 255 bits, y + p; each with either sign.
    let spellings: BTreeSet<[u8; 32]> = canonical.iter().flat_map(|bytes| spellings_of(*bytes)).collect();
    let read: Vec<[u8; 32]> = spellings
        .into_iter()
        .filter(|bytes| CompressedEdwardsY(*bytes).decompress().is_some_and(|point| point.is_small_order()))
        .collect();
    assert_eq!(read.len(), 14);
    for bytes in read {
        refused(PublicKey::from_bytes(&bytes), Code::ParseKey, None);
        let point = CompressedEdwardsY(bytes).decompress().unwrap();
        let u = EIGHT_TORSION.iter().position(|known| *known == point).unwrap();
        // With a key of order L the equation holds for the neutral point; with T = −U it does where h is 1 modulo 8.
        for hashed in [Hashed::AsSent, Hashed::Canonical] {
            let recipe = Recipe { r: 0, u, t: (8 - u) % 8, r_sent: Some(bytes), hashed, ..PLAIN };
            assert_eq!(judged(&recipe), SignatureRefused, "{bytes:02x?}");
        }
    }
}

fn spellings_of(mut bytes: [u8; 32]) -> Vec<[u8; 32]> {
    bytes[31] &= 0x7f;
    let mut found = vec![bytes];
    // p ends in 19 less than a power of two, so that y + p has 255 bits only for y < 19.
    if bytes[0] < 19 && bytes[1..].iter().all(|byte| *byte == 0) {
        let mut above = [0xff; 32];
        above[0] = 0xed + bytes[0];
        above[31] = 0x7f;
        found.push(above);
    }
    found
        .iter()
        .flat_map(|bytes| [0, 0x80].map(|sign| [&bytes[..31], &[bytes[31] | sign]].concat().try_into().unwrap()))
        .collect()
}
