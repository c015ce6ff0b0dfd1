//! L6: the same bytes, roots, state, request and time give the same answer: again, later, and in any thread.

use wane::{LiveState, Request, decide, may_still, verify};

use super::history::{block, entry, later_payload, root, root_payload, roots};
use super::model::{Entry, Model};
use super::narrow::{Scene, request, sample, scene, sealed};
use super::tape::{CASES, Tape, ensure, holds};
use crate::forge::{DELEGATE, Forged, NOW, OPS, ROOT, Rng};

/// Everything that goes into one answer.
struct Case {
    bytes: Vec<u8>,
    entry: Entry,
    scene: Scene,
    request: Request,
    now: u64,
}

fn case(tape: &mut Tape<'_>) -> Case {
    let scene = scene(tape);
    let entry = entry(tape);
    let asked = sample(tape).swap_remove(0);
    let root = root(tape);
    let mut chain = Forged::behind(OPS).block(ROOT, OPS, &root_payload(&root, 10));
    let mut session = root.session;
    if let Some(model) = Model::root(&root, &entry, None) {
        let block = block(tape, &model);
        session |= block.session;
        chain = chain.block(DELEGATE, 10, &later_payload(&block, Some(11)));
    }
    let mut bytes = sealed(&chain, session, scene, None).bytes();
    // Some are altered: refusals are answers too.
    if tape.once_in(4) {
        let at = tape.below(bytes.len().min(256));
        bytes[at] ^= 1 << tape.below(8);
    }
    Case { bytes, request: request(scene.audience, &asked), now: NOW + u64::from(tape.byte()) * 20, entry, scene }
}

/// The whole answer, as `Debug` shows it.
fn answer(case: &Case) -> String {
    let token = match wane::SealedToken::from_bytes(&case.bytes) {
        Ok(token) => token,
        Err(refusal) => return format!("{refusal:?} {refusal}"),
    };
    match verify(&token, &roots(&case.entry)) {
        Ok(verified) => {
            let decision = decide(&verified, &case.request, &LiveState::without_ledger(), case.now);
            format!("{:?} {decision:?} {verified:?}", case.scene)
        }
        Err(refusal) => format!("{refusal:?} {refusal}"),
    }
}

#[test]
fn l6_asked_twice_it_answers_the_same() {
    holds(220, |tape| {
        let case = case(tape);
        let (first, second) = (answer(&case), answer(&case));
        ensure(first == second, || format!("{first}\n{second}"))
    });
}

#[test]
fn what_is_allowed_is_among_what_may_still_be() {
    // The list of tools that is shown never leaves out one that would be allowed.
    holds(220, |tape| {
        let case = case(tape);
        let token = wane::SealedToken::from_bytes(&case.bytes).and_then(|token| verify(&token, &roots(&case.entry)));
        let (Ok(verified), state) = (token, LiveState::without_ledger()) else { return Ok(()) };
        if matches!(decide(&verified, &case.request, &state, case.now), wane::Decision::Deny(_)) {
            return Ok(());
        }
        let still = |action: &wane::Action| may_still(&verified, &action.as_str().parse().unwrap(), &state, case.now);
        ensure(case.request.actions().iter().all(still), || format!("{:?} of {verified:?}", case.request))
    });
}

#[test]
fn l6_every_thread_answers_the_same() {
    let cases: Vec<Case> = (0..u64::from(CASES) / 10)
        .map(|seed| {
            let mut bytes = [0; 220];
            rand_core::Rng::fill_bytes(&mut Rng::new(seed), &mut bytes);
            case(&mut Tape::new(&bytes))
        })
        .collect();
    let forwards = || cases.iter().map(answer).collect::<Vec<_>>();
    let backwards = || {
        let mut answers: Vec<_> = cases.iter().rev().map(answer).collect();
        answers.reverse();
        answers
    };
    let expected = forwards();
    std::thread::scope(|threads| {
        let others = [threads.spawn(forwards), threads.spawn(backwards), threads.spawn(forwards)];
        for other in others {
            assert!(other.join().unwrap() == expected, "a thread answered otherwise");
        }
    });
}
