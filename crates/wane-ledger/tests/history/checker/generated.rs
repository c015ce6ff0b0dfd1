//! Histories that a sequential model makes are good; each change of one answer makes them bad; and on short histories this
//! judge and the naive one never differ.

use proptest::prelude::*;

use super::brute::{Model, explains};
use super::{APPROVAL_USED, Admit, BUDGET, Cost, Kind, Operation, Outcome, RATCHET, REVOKED, Rule, USED, check};

/// A step of the model, as numbers: what, on which objects, how much, and how far its interval reaches out.
type Step = (u8, u8, u8, u8, (u64, u64));

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (0_u8..16, 0_u8..2, 0_u8..5, 1_u8..4, (0_u64..40, 0_u64..40));
    proptest::collection::vec(step, 1..=most)
}

/// Which objects there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Objects {
    Mark,
    Revocation,
    Counter,
    Seal,
    All,
}

fn kind((what, object, level, cost, _): &Step, objects: Objects) -> Kind {
    let session = if objects == Objects::All { format!("s{object}") } else { "s".to_owned() };
    let all = objects == Objects::All;
    let mut admit = Admit { survives: 4, session: session.clone(), blocks: vec![session.clone()], ..Admit::default() };
    if all {
        admit.blocks.push(format!("{session}c{}", what % 2));
    }
    if all || objects == Objects::Mark {
        admit.survives = [4, 2, 1, 3][usize::from(what % 4)];
        admit.level = if *cost == 1 { *level } else { 0 };
        if *what == 15 {
            return Kind::Raise { session, level: *level };
        }
    }
    if (all || objects == Objects::Revocation) && *what == 14 {
        return Kind::Revoke { block: admit.blocks[usize::from(*level) % admit.blocks.len()].clone() };
    }
    if all || objects == Objects::Counter {
        let charge =
            |block: &String, cap| Cost { block: block.clone(), name: "calls".into(), cost: (*cost).into(), cap };
        admit.charges = admit.blocks.iter().zip([7, 4]).map(|(block, cap)| charge(block, cap)).collect();
    }
    if (all && *what > 10) || objects == Objects::Seal {
        admit.seal = Some(format!("x{}", level % 2));
        admit.approvals = if all { vec![format!("a{level}")] } else { Vec::new() };
    }
    Kind::Admit(Box::new(admit))
}

/// Runs the steps one after the other, each at the point 10, 20, …, and says of each that it took longer.
fn history(steps: &[Step], objects: Objects) -> Vec<Operation> {
    let mut model = Model::default();
    let mut history: Vec<Operation> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let point = 1_000 + 10 * u64::try_from(number).unwrap();
        let kind = kind(step, objects);
        let outcome = match &kind {
            Kind::Admit(admit) => model.judge(admit),
            Kind::Raise { .. } | Kind::Revoke { .. } => Outcome::Ok,
        };
        if outcome == Outcome::Ok {
            model.apply(&kind);
        }
        let thread = u32::try_from(number).unwrap();
        let (before, after) = step.4;
        let (invoked, returned) = (point - before, point + after);
        history.push(Operation { process: 1, thread, invoked, returned, kind, outcome, record: None });
    }
    history
}

/// Every history that differs from this one in one answer.
fn mutants(history: &[Operation]) -> impl Iterator<Item = Vec<Operation>> {
    (0..history.len()).flat_map(move |place| {
        let operation = &history[place];
        let denials = [(RATCHET, None), (REVOKED, Some(0)), (BUDGET, Some(0)), (USED, None), (APPROVAL_USED, None)];
        let denials = denials.map(|(code, block)| Outcome::Denied(code.into(), block));
        let others: Vec<_> = match (&operation.kind, &operation.outcome) {
            (Kind::Admit(_), Outcome::Ok) => denials.into(),
            (Kind::Admit(_), _) => vec![Outcome::Ok],
            _ => Vec::new(),
        };
        others.into_iter().map(move |outcome| {
            let mut mutant = history.to_vec();
            mutant[place].outcome = outcome;
            mutant
        })
    })
}

/// As one that nobody heard the answer of.
fn forget(history: &mut [Operation], place: usize) {
    if let Some(operation) = history.get_mut(place) {
        (operation.outcome, operation.returned) = (Outcome::Unknown, u64::MAX);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_a_model_has_done_is_good(steps in steps(60), forgotten in 0_usize..120) {
        let mut history = history(&steps, Objects::All);
        forget(&mut history, forgotten);
        let found = check(&history);
        prop_assert!(found.is_empty(), "{}", found[0]);
    }

    /// Where one thing comes after the other, no answer can be another one.
    #[test]
    fn one_other_answer_makes_it_bad(mut steps in steps(30)) {
        steps.iter_mut().for_each(|step| step.4 = (0, 0));
        let history = history(&steps, Objects::All);
        for mutant in mutants(&history) {
            prop_assert!(!check(&mutant).is_empty(), "{mutant:?}");
        }
    }

    #[test]
    fn the_two_judges_agree(
        steps in steps(6),
        object in prop_oneof![Just(Objects::Mark), Just(Objects::Revocation), Just(Objects::Counter), Just(Objects::Seal)],
    ) {
        let history = history(&steps, object);
        for mutant in mutants(&history).chain([history.clone()]) {
            let found = check(&mutant);
            prop_assert_eq!(found.is_empty(), explains(&mutant), "{:?} of {:#?}", found, mutant);
        }
    }

    /// What this judge finds, every order has: with several objects and with answers that nobody heard.
    #[test]
    fn nothing_good_is_called_bad(steps in steps(6), forgotten in 0_usize..8) {
        let history = history(&steps, Objects::All);
        for mut mutant in mutants(&history) {
            forget(&mut mutant, forgotten);
            let found = check(&mutant);
            prop_assert!(found.is_empty() || !explains(&mutant), "{}", found[0]);
        }
    }
}

/// The generator reaches every rule that a change of one answer can break.
#[test]
fn the_mutants_break_every_rule() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = Vec::new();
    for _ in 0..300 {
        let steps = steps(40).new_tree(&mut runner).unwrap().current();
        for mutant in mutants(&history(&steps, Objects::All)) {
            seen.extend(check(&mutant).into_iter().map(|violation| violation.rule));
        }
    }
    for rule in [
        Rule::ForbidsItself,
        Rule::AfterForbidden,
        Rule::MarkFell,
        Rule::AfterRevoked,
        Rule::Revived,
        Rule::OverCap,
        Rule::Refilled,
        Rule::UsedTwice,
        Rule::Unjustified,
    ] {
        assert!(seen.contains(&rule), "{rule:?}");
    }
}
