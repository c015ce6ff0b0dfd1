//! Chains behind the signature. The target signs what the fuzzer wants to have said, so that claims, narrowing,
//! ceilings and decisions are reached, and holds every chain that verifies to the laws.

use std::sync::OnceLock;

use wane::{Family, Level, Mark, Roots, Rule, SealedToken, TrustedRoot, UntrustedToken, Verified, verify};

use crate::choices::Choices;
use crate::{check, claims, forge, laws};

/// Byte 0: how the payloads are made. Byte 1: which root entry, and what is tried beside. The rest: payloads, each
/// behind two bytes of length, or choices.
pub fn run(data: &[u8]) {
    let [how, beside, rest @ ..] = data else { return };
    let payloads = if how % 2 == 0 { raw(rest) } else { claims::chain(&mut Choices(rest)) };
    if payloads.is_empty() || payloads.len() > 16 {
        return;
    }
    let blocks = forge::Blocks::sealed(&payloads);
    let token = blocks.token();
    let sealed = match UntrustedToken::from_bytes(&token).and_then(UntrustedToken::into_sealed) {
        Ok(sealed) => sealed,
        Err(refusal) => return check::refusal(&refusal),
    };
    assert_eq!(sealed.to_bytes(), token);
    let [open, ceiling, issuer, own] = roots();
    let entry = [open, ceiling, issuer, own][usize::from(beside % 4)];
    let answer = verify(&sealed, entry);
    if beside / 16 == 0 {
        same_answer(&answer, &verify(&sealed, entry));
    }
    match answer {
        Ok(verified) => {
            laws::grants_only_shrink(&verified);
            laws::decisions(&verified);
            if beside / 4 % 4 == 0 {
                return an_altered_byte_is_refused(&token, rest, entry);
            }
            laws::no_wider_than_its_prefix(&verified, &blocks, &payloads, entry);
            laws::no_freer_with_a_mark(&verified);
            // A root entry that lets root blocks replace the default rules gives a right and is no ceiling.
            if matches!(beside % 4, 1 | 2) {
                laws::no_freer_under_a_ceiling(&verified, &verify(&sealed, open));
            }
        }
        Err(refusal) => {
            check::refusal(&refusal);
            assert!(matches!(refusal.code().family(), Family::Chain), "{refusal:?}");
        }
    }
}

fn raw(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(tail.len());
        let (payload, tail) = tail.split_at(length);
        let mut payload = payload.to_vec();
        if payloads.len() < 16 {
            forge::patch(&mut payload, payloads.len());
        }
        payloads.push(payload);
        rest = tail;
    }
    payloads
}

fn same_answer(one: &Result<Verified, wane::Refusal>, two: &Result<Verified, wane::Refusal>) {
    match (one, two) {
        (Ok(one), Ok(two)) => assert_eq!(format!("{:?}", one.grant()), format!("{:?}", two.grant())),
        (one, two) => assert_eq!(one.as_ref().err(), two.as_ref().err()),
    }
}

/// Ed25519 keys here sign once and the encoding has one spelling, so no other byte can stand anywhere.
fn an_altered_byte_is_refused(token: &[u8], seed: &[u8], roots: &Roots) {
    let number = |from: usize| {
        seed.iter().skip(from).step_by(3).fold(0_usize, |sum, byte| sum * 31 % 65_521 + usize::from(*byte))
    };
    let mut altered = token.to_vec();
    let place = number(0) % altered.len();
    altered[place] ^= 1 + (number(1) % 255) as u8;
    let answer = SealedToken::from_bytes(&altered).and_then(|sealed| verify(&sealed, roots));
    assert!(answer.is_err(), "byte {place} altered, and it still verifies");
}

/// Without a ceiling; with one; with the right to leave the session open; with the right to own rules.
fn roots() -> [&'static Roots; 4] {
    static ROOTS: OnceLock<[Roots; 4]> = OnceLock::new();
    let make = || {
        let key = forge::root();
        let alone = |entry: TrustedRoot| Roots::new([entry]).expect("one root");
        let pattern = |text: &str| text.parse().expect("a pattern");
        let ceiling = TrustedRoot::new(key)
            .audiences([pattern("files"), pattern("files:*")])
            .scopes(["read:*", "write:files:* if path under /data open"].map(|scope| scope.parse().expect("a scope")))
            .longest(3_600)
            .depth(14)
            .mark(Mark::at(Level::Internal))
            .rule(Rule::new(Level::Restricted, [], [pattern("read:hr:*")]))
            .minting_from(forge::NOW)
            .minting_until(forge::NOW + 1);
        [
            Roots::single(key),
            alone(ceiling),
            alone(TrustedRoot::new(key).allow_issuer()),
            alone(TrustedRoot::new(key).allow_own_ratchet()),
        ]
    };
    ROOTS.get_or_init(make).each_ref()
}
