//! L4: a block is valid only after exactly its predecessor. Envelopes of two genuine chains in any other order than
//! the one they were signed in never verify, even where one key signed them all.

use wane::{SealedToken, verify};

use super::tape::{Tape, ensure, holds};
use crate::forge::{DELEGATE, Forged, OPS, Payload, ROOT, SEAL, roots, text, token};

/// A signed block and the one it was signed behind.
struct Known {
    envelope: Vec<u8>,
    above: Option<usize>,
    seals: bool,
}

/// A tree of genuine blocks. Key 10 holds everything, or each block has a holder of its own.
fn tree(tape: &mut Tape<'_>) -> Vec<Known> {
    let one_key = tape.once_in(2);
    let mut chains: Vec<(Forged, u8)> = Vec::new();
    let mut known: Vec<Known> = Vec::new();
    for i in 0..u8::try_from(3 + tape.below(7)).unwrap() {
        let next = if one_key { 10 } else { 20 + i };
        // Often the same content: only the place differs.
        let note = |payload: Payload, tape: &mut Tape<'_>| match tape.below(3) {
            0 => payload.private(13, text("x")),
            _ => payload,
        };
        let open: Vec<usize> = (0..known.len()).filter(|at| !known[*at].seals).collect();
        let (chain, holder, above, kind) = if open.is_empty() || tape.once_in(5) {
            (Forged::behind(OPS), OPS, None, ROOT)
        } else {
            let above = tape.pick(&open);
            let (chain, holder) = chains[above].clone();
            (chain, holder, Some(above), tape.pick(&[DELEGATE, SEAL]))
        };
        let payload = match kind {
            ROOT => note(Payload::root(OPS, next), tape),
            DELEGATE => note(Payload::delegate(next), tape),
            _ => note(Payload::seal(), tape),
        };
        let chain = chain.block(kind, holder, &payload);
        let envelope = chain.envelopes.last().unwrap().clone();
        // The same content behind the same block is the same block.
        if known.iter().all(|other| other.envelope != envelope) {
            known.push(Known { envelope, above, seals: kind == SEAL });
            chains.push((chain, next));
        }
    }
    known
}

fn law(tape: &mut Tape<'_>) -> Result<(), String> {
    let known = tree(tape);
    for _ in 0..4 {
        // A genuine path, with up to two mistakes.
        let mut order = Vec::new();
        let mut at = Some(tape.below(known.len()));
        while let Some(place) = at {
            order.insert(0, place);
            at = known[place].above;
        }
        for _ in 0..tape.below(3) {
            let place = tape.below(order.len());
            match tape.below(4) {
                0 => {
                    order.remove(place);
                }
                1 => order.insert(place, tape.below(known.len())),
                2 => {
                    let other = tape.below(order.len());
                    order.swap(place, other);
                }
                _ => order.push(order[place]),
            }
            if order.is_empty() {
                order.push(tape.below(known.len()));
            }
        }
        let mut before = None;
        let genuine = order.iter().all(|place| {
            let follows = known[*place].above == before;
            before = Some(*place);
            follows
        }) && known[*order.last().unwrap()].seals;
        let envelopes: Vec<_> = order.iter().map(|place| known[*place].envelope.clone()).collect();
        let answer = SealedToken::from_bytes(&token(&envelopes, None)).and_then(|token| verify(&token, &roots()));
        let shown = || {
            let above: Vec<_> = known.iter().map(|known| (known.above, known.seals)).collect();
            format!("{order:?} of {above:?}: {answer:?}")
        };
        ensure(answer.is_ok() == genuine, shown)?;
    }
    Ok(())
}

#[test]
fn l4_only_the_signed_order_verifies() {
    holds(120, law);
}
