//! L1: for every request, a chain is allowed no more freely than each of its prefixes, and as freely as a naive model
//! says; and a model that breaks the law would be noticed.

use rand_core::Rng as _;

use super::history::{Freedom, History, freedoms, history, history_of};
use super::tape::{Tape, ensure, holds, holds_for};
use crate::forge::Rng;
use crate::model::bridge::{self, Asked, Case, heard_by_model, heard_of};
use crate::model::choose;
use crate::model::families::differences;
use crate::model::naive::{Fault, Mark, actions};

/// Each step is judged by the library and by the model, and then held against the one before.
fn law(history: &History) -> Result<(), String> {
    let mut all: Vec<Vec<Freedom>> = Vec::new();
    // All ask the same verifier the same.
    let first = &history.steps[0].1;
    let roots = bridge::roots(&first.entry);
    let requests: Vec<_> = first.asked.iter().map(|asked| bridge::request(&asked.request)).collect();
    for (before, case) in &history.steps {
        let (library, model) = (heard_of(case, &roots, &requests), heard_by_model(case, None));
        ensure(library == model, || differences(case, &library, &model))?;
        let after = freedoms(case, &library);
        let freer = before.is_some_and(|before| is_freer(&after, &all[before]));
        ensure(!freer, || format!("freer than before: {library:?}\n{case:#?}"))?;
        all.push(after);
    }
    Ok(())
}

/// Whether any request is allowed more freely.
fn is_freer(after: &[Freedom], before: &[Freedom]) -> bool {
    after.iter().zip(before).any(|(after, before)| after > before)
}

#[test]
fn l1_a_chain_is_allowed_no_more_than_its_prefix() {
    holds(CHOICES, |tape| history(tape, 1).map_or(Ok(()), |history| law(&history)));
}

/// Every action of the universe, at a few marks.
#[test]
fn l1_for_every_action_of_the_universe() {
    holds_for(60, CHOICES, |tape| {
        let case = choose::case_of(tape, 0);
        let first = &case.asked[0];
        let asked = |action: &&'static str, level: u8| {
            let mut asked: Asked = first.clone();
            asked.request.actions = vec![*action];
            asked.request.mark = Mark { level, ..Mark::default() };
            asked
        };
        let each = |level| actions(None).actions.iter().map(move |action| asked(action, level));
        let asked = [0, 2, 3].into_iter().flat_map(each).collect();
        history_of(Case { asked, ..case }, tape).map_or(Ok(()), |history| law(&history))
    });
}

/// How many choices a history is made of.
const CHOICES: usize = 1_400;

fn seeded(seed: u64) -> Option<History> {
    let mut bytes = [0; CHOICES];
    Rng::new(seed).fill_bytes(&mut bytes);
    history(&mut Tape::new(&bytes), 4)
}

/// Whether a model with this fault allows more behind a block than before it.
fn breaks_the_law(history: &History, fault: Fault) -> bool {
    let mut all: Vec<Vec<Freedom>> = Vec::new();
    history.steps.iter().any(|(before, case)| {
        let after = freedoms(case, &heard_by_model(case, Some(fault)));
        let freer = before.is_some_and(|before| is_freer(&after, &all[before]));
        all.push(after);
        freer
    })
}

#[test]
fn a_model_that_breaks_the_law_is_noticed() {
    let mut found = [
        Fault::ConditionsAreReplaced,
        Fault::TheFirstScopeDecides,
        Fault::OnlyAdmitsLaterNames,
        Fault::OnlyTheNewestDenyCounts,
        Fault::OnlyTheNewestAskCounts,
        Fault::OnlyTheNewestRulesCount,
    ]
    .map(|fault| (fault, 0));
    // Not once by a rare chance, but by more than ten histories.
    let mut seeds = 0..3_000;
    while found.iter().any(|(_, count)| *count <= 10) {
        let Some(seed) = seeds.next() else { panic!("{found:?}") };
        let Some(history) = seeded(seed) else { continue };
        for (fault, count) in found.iter_mut().filter(|(_, count)| *count <= 10) {
            *count += usize::from(breaks_the_law(&history, *fault));
        }
    }
    println!("each by more than ten of {seeds:?}");
}

/// The model itself keeps the law; and of all answers some are allowed, some asked for, some made less free by a later
/// block, and some blocks are refused.
#[test]
fn the_histories_are_worth_judging() {
    let (mut answers, mut allowed, mut asked_for, mut taken, mut refused) = (0, 0, 0, 0, 0);
    for history in (0..1_000).filter_map(seeded) {
        let mut all: Vec<Vec<Freedom>> = Vec::new();
        for (before, case) in &history.steps {
            let heard = heard_by_model(case, None);
            refused += usize::from(heard.is_err());
            let after = freedoms(case, &heard);
            answers += after.len();
            allowed += after.iter().filter(|freedom| **freedom == Freedom::Allow).count();
            asked_for += after.iter().filter(|freedom| **freedom == Freedom::Ask).count();
            if let Some(before) = before {
                assert!(!is_freer(&after, &all[*before]), "{case:#?}");
                taken += after.iter().zip(&all[*before]).filter(|(after, before)| after < before).count();
            }
            all.push(after);
        }
    }
    println!(
        "{answers} answers: {allowed} allowed, {asked_for} asked for, {taken} taken away; {refused} chains refused"
    );
    assert!(answers > 50_000 && refused > 500);
    assert!(allowed * 20 > answers && asked_for * 100 > answers && taken * 50 > answers);
}
