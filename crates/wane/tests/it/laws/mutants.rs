//! The model of L1 notices when it is broken: for each fault there is a history whose chain is allowed more than its
//! prefix.

use rand_core::Rng as _;

use super::history::{block, entry, root};
use super::model::{Fault, Freedom, Model};
use super::narrow::{sample, scene};
use super::tape::Tape;
use crate::forge::Rng;

const HISTORIES: u64 = 3_000;

/// How many histories break the law in a model with this fault.
fn violations(fault: Option<Fault>) -> usize {
    let broken = |seed: &u64| {
        let mut bytes = [0; 400];
        Rng::new(*seed).fill_bytes(&mut bytes);
        breaks_the_law(&mut Tape::new(&bytes), fault)
    };
    let found = (0..HISTORIES).filter(broken).count();
    println!("{fault:?}: {found}");
    found
}

fn breaks_the_law(tape: &mut Tape<'_>, fault: Option<Fault>) -> bool {
    let scene = scene(tape);
    let entry = entry(tape);
    let asked = sample(tape);
    let Some(mut model) = Model::root(&root(tape), &entry, fault) else { return false };
    for _ in 0..tape.below(5) {
        let Some(next) = model.narrow(&block(tape, &model)) else { continue };
        let freer =
            |asked| next.freedom(scene.audience, scene.said, asked) > model.freedom(scene.audience, scene.said, asked);
        if asked.iter().any(freer) {
            return true;
        }
        model = next;
    }
    false
}

#[test]
fn the_model_keeps_the_law() {
    assert_eq!(violations(None), 0);
}

#[test]
fn only_admitting_later_names_is_noticed() {
    assert!(violations(Some(Fault::OnlyAdmitsLaterNames)) > 10);
}

#[test]
fn only_the_newest_deny_or_ask_counting_is_noticed() {
    assert!(violations(Some(Fault::OnlyTheNewestDenyOrAskCounts)) > 10);
}

#[test]
fn a_block_replacing_the_ratchet_rules_is_noticed() {
    assert!(violations(Some(Fault::BlocksReplaceRules)) > 10);
}

/// Of all answers: allowed, asked, and made less free by a later block.
#[test]
fn the_histories_are_worth_judging() {
    let (mut answers, mut allowed, mut asked_for, mut taken, mut refused) = (0, 0, 0, 0, 0);
    for seed in 0..1_000 {
        let mut bytes = [0; 400];
        Rng::new(seed).fill_bytes(&mut bytes);
        let tape = &mut Tape::new(&bytes);
        let scene = scene(tape);
        let entry = entry(tape);
        let asked = sample(tape);
        let Some(mut model) = Model::root(&root(tape), &entry, None) else { continue };
        for _ in 0..tape.below(5) {
            let Some(next) = model.narrow(&block(tape, &model)) else {
                refused += 1;
                continue;
            };
            for asked in &asked {
                let freedom = |model: &Model| model.freedom(scene.audience, scene.said, asked);
                let (before, after) = (freedom(&model), freedom(&next));
                answers += 1;
                allowed += usize::from(after == Freedom::Allow);
                asked_for += usize::from(after == Freedom::Ask);
                taken += usize::from(after < before);
            }
            model = next;
        }
    }
    println!(
        "{answers} answers: {allowed} allowed, {asked_for} asked for, {taken} taken away; {refused} blocks refused"
    );
    assert!(allowed * 20 > answers && asked_for * 100 > answers && taken * 50 > answers && refused > 50);
}
