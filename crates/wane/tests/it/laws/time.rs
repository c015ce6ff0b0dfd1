//! L3: `exp` never grows, `nbf` and `iat` never fall, and no block outlives its parent.

use wane::{Code, Decision, LiveState, decide};

use super::tape::{Tape, ensure, holds};
use crate::forge::{Forged, OPS, Payload, request, time};

/// What one block states.
#[derive(Clone, Copy, Debug)]
struct Times {
    exp: Option<u64>,
    nbf: Option<u64>,
    iat: Option<u64>,
}

/// Around the same few seconds, so that they often meet.
fn second(tape: &mut Tape<'_>) -> u64 {
    [1_000, 1_001, 1_029, 1_030, 1_031, 1_060, 1_500, 1_501, 2_000][tape.below(9)]
}

fn times(tape: &mut Tape<'_>) -> Times {
    Times { exp: tape.maybe(2, second), nbf: tape.maybe(2, second), iat: tape.maybe(2, second) }
}

fn stating(mut payload: Payload, times: Times) -> Payload {
    for (claim, value) in [(4, times.exp), (5, times.nbf), (6, times.iat)] {
        if let Some(value) = value {
            payload = payload.claim(claim, time(value));
        }
    }
    payload
}

/// The first block that says more than one before it, and how.
fn fault(all: &[Times]) -> Option<(usize, Code)> {
    for (index, stated) in all.iter().enumerate() {
        let before = &all[..index];
        let earlier = |of: fn(&Times) -> Option<u64>| before.iter().filter_map(of).collect::<Vec<_>>();
        if stated.exp.is_some_and(|exp| earlier(|t| t.exp).iter().any(|bound| exp > *bound)) {
            return Some((index, Code::ChainExpiry));
        }
        if stated.nbf.is_some_and(|nbf| earlier(|t| t.nbf).iter().any(|bound| nbf < *bound)) {
            return Some((index, Code::ChainNotBefore));
        }
        if stated.iat.is_some_and(|iat| earlier(|t| t.iat).iter().any(|bound| iat < *bound)) {
            return Some((index, Code::ChainIssuedAt));
        }
        let so_far = &all[..=index];
        let end = so_far.iter().filter_map(|t| t.exp).min().unwrap();
        let start = so_far.iter().flat_map(|t| [t.nbf, t.iat]).flatten().max().unwrap();
        if end <= start {
            return Some((index, Code::ChainEmptyTime));
        }
    }
    None
}

fn law(tape: &mut Tape<'_>) -> Result<(), String> {
    let root = Times {
        exp: Some(tape.pick(&[1_031, 1_501, 2_000])),
        iat: Some(1_000 + u64::from(tape.byte() % 2)),
        ..times(tape)
    };
    let later = tape.several(3, times);
    let all = [vec![root], later].concat();
    let mut chain = Forged::from_root(&stating(Payload::root(OPS, 10), root));
    for (index, stated) in all.iter().enumerate().skip(1) {
        let holder = 9 + u8::try_from(index).unwrap();
        chain = match index + 1 == all.len() {
            true => chain.seal(holder, &stating(Payload::seal(), *stated)),
            false => chain.delegate(holder, &stating(Payload::delegate(holder + 1), *stated)),
        };
    }
    if all.len() == 1 {
        chain = chain.seal(10, &Payload::seal());
    }
    let verified = match (chain.verified(), fault(&all)) {
        (Err(refusal), Some((block, code))) => {
            return ensure((refusal.block(), refusal.code()) == (Some(block), code), || {
                format!("{refusal:?}: {all:?}")
            });
        }
        (Ok(verified), None) => verified,
        (answer, expected) => return Err(format!("{answer:?}, not {expected:?}: {all:?}")),
    };
    for pair in verified.grants().windows(2) {
        let falls = pair[1].expires_at() <= pair[0].expires_at()
            && pair[1].not_before() >= pair[0].not_before()
            && pair[1].issued_at() >= pair[0].issued_at();
        ensure(falls, || format!("{pair:?}"))?;
    }
    // No leeway at the end, thirty seconds at the start, and every block has its say.
    let near = second(tape) + u64::from(tape.byte() % 3);
    for now in [near - 1, near.saturating_sub(31), near] {
        let lives = all.iter().all(|t| {
            t.exp.is_none_or(|exp| now < exp) && [t.nbf, t.iat].into_iter().flatten().all(|start| start <= now + 30)
        });
        let answer = decide(&verified, &request("read:a"), &LiveState::without_ledger(), now);
        ensure(matches!(answer, Decision::Allow(_)) == lives, || format!("{answer:?} at {now}: {all:?}"))?;
    }
    Ok(())
}

#[test]
fn l3_no_block_outlives_its_parent() {
    holds(40, law);
}
