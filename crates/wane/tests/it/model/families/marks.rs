//! Marks, ratchet rules and clearances.

use super::super::bridge::{Asked, Case, Tally};
use super::super::naive::{Block, BlockState, Entry, Ledger, Live, Mark, Request, Rule};
use super::Family;
use super::scene::{NOW, asked, case, chain, delegate, ledger, mark, request, root, rule, seal, some, with_ledger};

pub(super) const FAMILIES: &[Family] = &[RULES, JOINS, LEVELS, CLEARANCES, LABELS];

const ACTIONS: [&str; 3] = ["read:a", "write:a", "send:z"];
const LABELLED: [&[&str]; 4] = [&[], &["untrusted"], &["pii"], &["pii", "untrusted"]];

fn marked(action: &'static str, level: u8, labels: usize) -> Request {
    Request { mark: mark(level, LABELLED[labels]), ..request(action) }
}

/// Every action at every mark.
fn at_each_mark() -> Vec<Asked> {
    let mut all = Vec::new();
    for action in ACTIONS {
        for level in 0..5 {
            all.extend((0..3).map(|labels| asked(marked(action, level, labels))));
        }
    }
    all
}

fn rules(choice: usize) -> Option<Vec<Rule>> {
    match choice {
        0 => None,
        1 => Some(vec![rule(1, &[], &["read:*", "write:a"])]),
        2 => Some(vec![rule(0, &["pii", "untrusted"], &[])]),
        3 => Some(vec![rule(3, &["pii"], &["send:*"]), rule(4, &[], &["*"])]),
        _ => Some(vec![]),
    }
}

/// Rules of the root block, of a later block, of the seal and of the root entry, where own rules may replace the default
/// ones or not.
const RULES: Family = Family { name: "ratchet rules", sizes: &[5, 4, 4, 4, 2, 3], step: 7, make: ratchet };

fn ratchet(choices: &[usize]) -> Case {
    let first = Block { rules: rules(choices[0]), ..root() };
    let second = Block { rules: rules(choices[1]), ..delegate(1) };
    let last = Block { rules: rules(choices[2]), ..seal() };
    let first = match choices[5] {
        0 => first,
        1 => Block { level: Some(2), ..first },
        _ => Block { level: Some(1), labels: vec!["untrusted"], ..first },
    };
    let entry =
        Entry { rules: rules(choices[3]).unwrap_or_default(), own_ratchet: choices[4] == 1, ..Entry::default() };
    Case { entry, shown: vec!["send:*"], ..case(chain([first, second, last]), at_each_mark()) }
}

const MARKS: [(u8, usize); 5] = [(0, 0), (1, 1), (2, 0), (3, 2), (4, 3)];

/// Each two of the places a mark is joined from: the root block, a later one, the seal, the entry, what is remembered, a
/// block in the ledger, and the request.
const JOINS: Family = Family { name: "joined marks", sizes: &[7, 7, 5, 5], step: 3, make: joins };

fn joins(choices: &[usize]) -> Case {
    let mut blocks = [root(), delegate(1), seal()];
    let mut entry = Entry::default();
    let mut live = with_ledger(Ledger { blocks: vec![BlockState::default(); 3], ..ledger() });
    let mut own = Mark::default();
    for (place, choice) in [(choices[0], choices[2]), (choices[1], choices[3])] {
        let (level, labels) = MARKS[choice];
        let labels = LABELLED[labels].to_vec();
        match place {
            0..=2 => {
                blocks[place].level = blocks[place].level.max(Some(level));
                blocks[place].labels.extend(labels);
                blocks[place].labels.sort_unstable();
                blocks[place].labels.dedup();
            }
            3 => (entry.level, entry.labels) = (level, labels),
            4 => live.mark.join(&Mark { level, labels }),
            5 => live.ledger.as_mut().unwrap().blocks[choice % 3].mark.join(&Mark { level, labels }),
            _ => own.join(&Mark { level, labels }),
        }
    }
    let ask =
        |action| Asked { request: Request { mark: own.clone(), ..request(action) }, live: live.clone(), now: NOW };
    let case = case(chain(blocks), ACTIONS.map(ask).to_vec());
    Case { entry, shown: vec!["read:a", "write:*", "send:*"], ..case }
}

/// Levels of four blocks, which never fall.
const LEVELS: Family = Family { name: "levels", sizes: &[6, 6, 6, 6], step: 5, make: levels };

fn levels(choices: &[usize]) -> Case {
    let level = |choice: usize, block: Block| Block { level: some(&[0, 1, 2, 3, 4], choice), ..block };
    let blocks = [root(), delegate(1), delegate(2), seal()];
    let blocks = blocks.into_iter().zip(choices).map(|(block, choice)| level(*choice, block));
    case(chain(blocks), ACTIONS.map(|action| asked(request(action))).to_vec())
}

/// Clearances of four blocks, which never rise, below a mark that does not count for them.
const CLEARANCES: Family = Family { name: "clearances", sizes: &[6, 6, 6, 6, 2], step: 5, make: clearances };

fn clearances(choices: &[usize]) -> Case {
    let bound = |choice: usize, block: Block| Block { clearance: some(&[0, 1, 2, 3, 4], choice), ..block };
    let blocks = [Block { level: some(&[3], choices[4]), ..root() }, delegate(1), delegate(2), seal()];
    let blocks = blocks.into_iter().zip(choices).map(|(block, choice)| bound(*choice, block));
    case(chain(blocks), (0..5).map(|level| asked(marked("read:a", level, 0))).collect())
}

const MANY: [&str; 18] =
    ["l0", "l1", "l2", "l3", "l4", "l5", "l6", "l7", "l8", "l9", "la", "lb", "lc", "ld", "le", "lf", "lg", "lh"];

/// Labels of four places, together up to sixteen and more.
const LABELS: Family = Family { name: "labels", sizes: &[4, 4, 4, 4, 4], step: 1, make: labels };

fn labels(choices: &[usize]) -> Case {
    // Some overlap, so that what is counted is a set.
    let some = |place: usize| MANY[place * 3..][..choices[place] * 2].to_vec();
    let blocks = [Block { labels: some(0), ..root() }, Block { labels: some(1), ..delegate(1) }, seal()];
    let entry = Entry { labels: some(2), ..Entry::default() };
    let live = Live { mark: Mark { level: 0, labels: some(3) }, ..Live::default() };
    let own = MANY[12..][..choices[4] * 2].to_vec();
    let request = Request { mark: Mark { level: 0, labels: own }, ..request("read:a") };
    let case = case(chain(blocks), vec![Asked { request, live, now: NOW }]);
    Case { entry, shown: vec!["read:a"], ..case }
}

#[test]
fn rules_of_every_place() {
    RULES.compare(Tally { accepted: 275, allowed: 6_851, denied: 5_524, shown: 12_375, ..Tally::default() });
}

#[test]
fn marks_of_every_two_places() {
    JOINS.compare(Tally { refused: 20, accepted: 389, allowed: 568, denied: 599, shown: 3_501, ..Tally::default() });
}

#[test]
fn levels_never_fall() {
    LEVELS.compare(Tally { refused: 195, accepted: 65, allowed: 89, denied: 106, ..Tally::default() });
}

#[test]
fn clearances_never_rise() {
    CLEARANCES.compare(Tally { refused: 390, accepted: 129, allowed: 298, denied: 347, ..Tally::default() });
}

#[test]
fn a_mark_has_sixteen_labels() {
    LABELS.compare(Tally { accepted: 1_024, allowed: 940, denied: 84, shown: 1_024, ..Tally::default() });
}
