//! L5: a verifier accepts only sealed tokens, and refuses any token that carries a secret.

use wane::{Code, Heir, Narrowing, RootGrant, Seal, SealedToken, Token, UntrustedToken, mint, verify};

use super::tape::{Tape, ensure, holds};
use crate::forge::{EXP, Forged, IAT, OPS, Payload, Rng, line, roots, secret};

fn code<T>(answer: Result<T, wane::Refusal>) -> Option<Code> {
    answer.err().map(|refusal| refusal.code())
}

fn law(tape: &mut Tape<'_>) -> Result<(), String> {
    let mut rng = Rng::new(tape.number());
    let heir = |tape: &mut Tape<'_>, rng: &mut Rng| {
        // A known key, so that the test can seal too.
        let holder = 10 + tape.byte() % 100;
        (Heir::bound(secret(holder).public_key(), rng), holder)
    };
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP).scope("read:*".parse().unwrap());
    let (first, mut holder) = heir(tape, &mut rng);
    let mut open = mint(&grant, &secret(OPS), first).unwrap();
    for i in 0..tape.below(3) {
        let (next, next_holder) = heir(tape, &mut rng);
        let narrowing = Narrowing::new().expires_at(EXP - u64::try_from(i).unwrap());
        open = open.attenuate_as(&secret(holder), &narrowing, next).unwrap();
        holder = next_holder;
    }
    let sealed = open.seal_as(&secret(holder), &Seal::new()).unwrap();
    ensure(verify(&sealed, &roots()).is_ok(), || String::from("the sealed token is genuine"))?;

    // Unsealed, with and without its secret.
    let text = open.expose_text();
    ensure(code(SealedToken::parse(&text)) == Some(Code::ChainUnsealed), || String::from("an unsealed token is read"))?;
    let bytes = sealed.to_bytes();
    let seed = [holder; 32];
    ensure(!bytes.windows(32).any(|window| window == seed), || String::from("a secret stands in the sealed token"))?;

    // Any secret spliced in.
    let spliced = |secret: &[u8]| [&[0x82][..], &bytes[1..], &[0x58, 0x20], secret].concat();
    let mut random = [0; 32];
    random.iter_mut().for_each(|byte| *byte = tape.byte());
    for secret in [seed, random] {
        let whole = spliced(&secret);
        ensure(code(SealedToken::from_bytes(&whole)) == Some(Code::ChainCarriesSecret), || format!("{whole:02x?}"))?;
        let line = line("wane1.sealed.", &whole);
        ensure(code(SealedToken::parse(&line)) == Some(Code::ChainCarriesSecret), || line.clone())?;
        ensure(UntrustedToken::from_bytes(&whole).is_ok_and(|token| token.carries_secret()), || line.clone())?;
    }

    // Nobody extends a sealed token, not even with the key that sealed it.
    ensure(code(Token::from_bytes(&bytes)) == Some(Code::ParsePrefix), || {
        String::from("a sealed token is taken for open")
    })?;
    let last = *sealed.chain().blocks().last().unwrap().id().as_bytes();
    let behind = Forged { envelopes: Vec::new(), previous: last };
    let next = match tape.once_in(2) {
        true => behind.seal(holder, &Payload::seal()),
        false => behind.delegate(holder, &Payload::delegate(11)),
    };
    let count = sealed.chain().blocks().len() + 1;
    let longer = [&[0x81, 0x80 | u8::try_from(count).unwrap()][..], &bytes[2..], &next.envelopes[0]].concat();
    ensure(code(SealedToken::from_bytes(&longer)) == Some(Code::ParseMissingClaim), || format!("{longer:02x?}"))?;

    // A seal by any other key than the last block's.
    let foreign = holder.wrapping_add(1 + tape.byte() % 50);
    let previous = *open.chain().blocks().last().unwrap().id().as_bytes();
    let seal = Forged { envelopes: Vec::new(), previous }.seal(foreign, &Payload::seal());
    let kept = &bytes[2..bytes.len() - sealed.chain().blocks().last().unwrap().size()];
    let count = u8::try_from(count - 1).unwrap();
    let stolen = [&[0x81, 0x80 | count][..], kept, &seal.envelopes[0]].concat();
    let answer = SealedToken::from_bytes(&stolen).and_then(|token| verify(&token, &roots()));
    ensure(code(answer) == Some(Code::ChainSignature), || format!("{stolen:02x?}"))
}

#[test]
fn l5_only_sealed_tokens_without_a_secret() {
    holds(70, law);
}
