//! L6: the same bytes, roots, state, request and time give the same answer: again, later, and in any thread.

use std::cell::Cell;

use wane::{LiveState, Request, Roots, decide, may_still, verify};

use super::history::probes;
use super::tape::{CASES, Tape, ensure, holds};
use crate::forge::Rng;
use crate::model::bridge::{Asked, Forged, live, request, roots};
use crate::model::choose;

/// How many choices a case is made of.
const CHOICES: usize = 1_400;

/// Everything that goes into one answer.
struct Case {
    bytes: Vec<u8>,
    roots: Roots,
    /// Requests, each with what is known then, and when.
    asked: Vec<(Request, LiveState, u64)>,
}

fn case(tape: &mut Tape<'_>) -> Case {
    let mut case = choose::case_of(tape, 2);
    case.asked.truncate(1);
    case.asked.extend(probes(&case, tape, 1).into_iter().step_by(2));
    let forged = Forged::new(&case.chain, Some(&case.asked[0].request));
    let known = |it: &Asked| (request(&it.request), live(&it.live, &case.chain, &forged, &it.request), it.now);
    let asked = case.asked.iter().map(known).collect();
    let mut bytes = forged.token.clone();
    // Some are altered: refusals are answers too.
    if tape.once_in(4) {
        let at = tape.below(bytes.len().min(256));
        bytes[at] ^= 1 << tape.below(8);
    }
    Case { bytes, roots: roots(&case.entry), asked }
}

/// The whole answer, as `Debug` shows it.
fn answer(case: &Case) -> String {
    let token = match wane::SealedToken::from_bytes(&case.bytes) {
        Ok(token) => token,
        Err(refusal) => return format!("{refusal:?} {refusal}"),
    };
    match verify(&token, &case.roots) {
        Ok(verified) => {
            let decide = |(request, state, now): &(_, _, u64)| format!("{:?}", decide(&verified, request, state, *now));
            let some: Vec<String> = case.asked.iter().take(3).map(decide).collect();
            format!("{} {verified:?}", some.join(" "))
        }
        Err(refusal) => format!("{refusal:?} {refusal}"),
    }
}

/// The list of tools that is shown never leaves out one that would be allowed.
fn shows_what_it_allows(case: &Case) -> Result<usize, String> {
    let token = wane::SealedToken::from_bytes(&case.bytes).and_then(|token| verify(&token, &case.roots));
    let Ok(verified) = token else { return Ok(0) };
    let mut free = 0;
    for (request, state, now) in &case.asked {
        if matches!(decide(&verified, request, state, *now), wane::Decision::Deny(_)) {
            continue;
        }
        free += 1;
        let still = |action: &wane::Action| may_still(&verified, &action.as_str().parse().unwrap(), state, *now);
        ensure(request.actions().iter().all(still), || format!("{request:?} of {verified:?}"))?;
    }
    Ok(free)
}

#[test]
fn l6_asked_twice_it_answers_the_same() {
    let kinds = Cell::new([0_usize; 5]);
    holds(CHOICES, |tape| {
        let case = case(tape);
        let (first, second) = (answer(&case), answer(&case));
        let mut counts = kinds.get();
        for (kind, count) in ["Allow(", "Ask(", "Deny(", ""].iter().zip(&mut counts) {
            *count += usize::from(first.starts_with(kind));
        }
        counts[4] += shows_what_it_allows(&case)?;
        kinds.set(counts);
        ensure(first == second, || format!("{first}\n{second}"))
    });
    let [allowed, asked, denied, all, free] = kinds.get();
    println!("of {all} first answers {allowed} allow, {asked} ask and {denied} deny; {free} of all do not deny");
    assert!(allowed > 300 && denied > 3_000 && allowed + asked + denied < all - 3_000 && free > 3_000);
}

#[test]
fn l6_every_thread_answers_the_same() {
    let cases: Vec<Case> = (0..u64::from(CASES) / 10)
        .map(|seed| {
            let mut bytes = [0; CHOICES];
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
