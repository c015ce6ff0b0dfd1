//! L2: the mark of a chain never falls, and whoever states a lower one is refused.

use std::collections::BTreeSet;

use wane::{Code, Decision, Level, LiveState, Mark, Request, Roots, TrustedRoot, decide, verify};

use super::tape::{Tape, ensure, holds};
use crate::forge::{Forged, NOW, OPS, Payload, int, public, text, texts};

fn labels(tape: &mut Tape<'_>) -> Vec<&'static str> {
    tape.some_of(&["pii", "secret", "untrusted", "finance-eu"], 2)
}

fn mark(tape: &mut Tape<'_>) -> Mark {
    let level = Level::ALL[tape.below(5)];
    labels(tape).into_iter().fold(Mark::at(level), |mark, label| mark.with(label.parse().unwrap()))
}

fn reaches(mark: &Mark, other: &Mark) -> bool {
    let labels: Vec<_> = other.labels().cloned().collect();
    mark.reaches(other.level(), &labels)
}

fn law(tape: &mut Tape<'_>) -> Result<(), String> {
    let (mut level, mut all) = (0, BTreeSet::new());
    let mut raised = |payload: Payload, tape: &mut Tape<'_>, force: bool| {
        let stated = tape.maybe(2, |tape| if force { level + tape.below(5 - level) } else { tape.below(5) });
        // Ascending by their encodings: the shorter first.
        let mut labels = labels(tape);
        labels.sort_by_key(|label| (label.len(), *label));
        let falls = stated.is_some_and(|stated| stated < level);
        level = level.max(stated.unwrap_or(0));
        all.extend(labels.iter().copied());
        let payload = if labels.is_empty() { payload } else { payload.private(9, texts(&labels)) };
        let payload = match stated {
            Some(stated) => payload.private(8, int(i64::try_from(stated).unwrap())),
            None => payload,
        };
        (payload, falls)
    };
    let (root, _) = raised(Payload::root(OPS, 10).scopes([text("*")]), tape, true);
    let mut chain = Forged::from_root(&root);
    let delegates = u8::try_from(tape.below(4)).unwrap();
    for i in 0..delegates {
        chain = chain.delegate(10 + i, &raised(Payload::delegate(11 + i), tape, true).0);
    }
    let (seal, falls) = raised(Payload::seal(), tape, false);
    let chain = chain.seal(10 + delegates, &seal);
    let lowest = mark(tape);
    let entry = TrustedRoot::new(public(OPS)).mark(lowest.clone());
    let answer = verify(&chain.sealed().unwrap(), &Roots::new([entry]).unwrap());
    let verified = match answer {
        Err(refusal) => return ensure(falls && refusal.code() == Code::ChainLevel, || format!("{refusal:?}")),
        Ok(verified) => verified,
    };
    ensure(!falls, || format!("a lower mark is accepted: {verified:?}"))?;

    let grants = verified.grants();
    for pair in grants.windows(2) {
        ensure(reaches(pair[1].mark(), pair[0].mark()), || {
            format!("{:?} fell to {:?}", pair[0].mark(), pair[1].mark())
        })?;
    }
    let last = verified.grant().mark();
    let named: BTreeSet<&str> = last.labels().map(wane::Name::as_str).collect();
    ensure(last.level() == Level::ALL[level] && named == all, || format!("{last:?}, not {level} with {all:?}"))?;

    // A permit's mark is the join of everything that was known.
    let (remembered, asked) = (mark(tape), mark(tape));
    let state = LiveState::without_ledger().marked(remembered.clone());
    let request =
        Request::for_actions("files".parse().unwrap(), vec!["read:a".parse().unwrap()], asked.level()).unwrap();
    let request = asked.labels().fold(request, |request, label| request.label(label.clone()));
    let Decision::Allow(permit) = decide(&verified, &request, &state, NOW) else {
        return Err(String::from("reading survives every default rule"));
    };
    for part in [last, &lowest, &remembered, &asked] {
        ensure(reaches(permit.mark(), part), || format!("{:?} is below {part:?}", permit.mark()))?;
    }
    Ok(())
}

#[test]
fn l2_the_mark_never_falls() {
    holds(60, law);
}
