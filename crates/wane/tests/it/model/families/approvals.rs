//! Asks and approvals: who, how many, for what, when.

use super::super::bridge::{Asked, Case, Tally};
use super::super::naive::{Approval, Approver, Ask, Block, Entry, Live, Request};
use super::Family;
use super::scene::{
    APPROVER, HOLDER, NOW, ROOT, SECOND, ask, case, chain, delegate, ledger, request, root, seal, with_ledger,
};

pub(super) const FAMILIES: &[Family] = &[ASKS, OWN, PAIRS];

/// A stranger's key, and the enforcement point's own.
const STRANGER: u8 = 50;
const LOCAL: u8 = 42;

fn entry() -> Entry {
    Entry { groups: vec![("oncall", vec![APPROVER, SECOND]), ("nobody", vec![])], ..Entry::default() }
}

fn rules(choice: usize) -> Vec<Ask> {
    let group = Approver::Group;
    let key = Approver::Key;
    match choice {
        0 => vec![],
        1 => vec![ask("send:*", &[group("oncall")], 1)],
        2 => vec![ask("send:*", &[group("oncall")], 2)],
        3 => vec![ask("*:a", &[key(APPROVER), group("local")], 2)],
        4 => vec![ask("write:*", &[key(SECOND)], 1), ask("send:*", &[key(APPROVER), key(SECOND), group("oncall")], 3)],
        5 => vec![ask("send:*", &[key(APPROVER), group("unknown")], 1)],
        _ => vec![ask("read:*", &[group("nobody")], 1)],
    }
}

fn good(key: u8, request: &Request) -> Approval {
    Approval {
        key,
        chain: true,
        request: true,
        actions: request.distinct_actions(),
        iat: NOW,
        exp: NOW + 60,
        used: false,
    }
}

fn some_keys(choice: usize) -> &'static [u8] {
    const KEYS: [&[u8]; 11] = [
        &[],
        &[APPROVER],
        &[SECOND],
        &[LOCAL],
        &[APPROVER, SECOND],
        &[APPROVER, LOCAL],
        &[SECOND, LOCAL],
        &[APPROVER, APPROVER],
        &[APPROVER, SECOND, LOCAL],
        &[STRANGER],
        &[SECOND, STRANGER],
    ];
    KEYS[choice]
}

/// Asks of two blocks, approvals by some keys, with and without a ledger and an own key.
const ASKS: Family = Family { name: "asks", sizes: &[7, 7, 11, 2, 2], step: 5, make: asks };

fn asks(choices: &[usize]) -> Case {
    let first = Block { ask: rules(choices[0]), deny: vec!["read:z"], ..root() };
    let blocks = [first, Block { ask: rules(choices[1]), ..delegate(1) }, seal()];
    let about = |actions: &[&'static str]| {
        let request = Request { actions: actions.to_vec(), ..request("read:a") };
        let approvals = some_keys(choices[2]).iter().map(|key| good(*key, &request)).collect();
        let live = if choices[3] == 0 { with_ledger(ledger()) } else { Live::default() };
        let live = Live { approvals, local: (choices[4] == 1).then_some(LOCAL), ..live };
        Asked { request, live, now: NOW }
    };
    let asked = [&["send:a"][..], &["write:a", "send:z"], &["read:a"], &["read:z", "send:a"], &["write:a", "write:a"]];
    Case { entry: entry(), ..case(chain(blocks), asked.map(about).to_vec()) }
}

/// Asks of the enforcement point's own beside those of a block, approvals by some keys, with and without a ledger and an
/// own key.
const OWN: Family = Family { name: "own asks", sizes: &[7, 7, 11, 2, 2], step: 5, make: own };

fn own(choices: &[usize]) -> Case {
    let mut case = asks(&[choices[0], 0, choices[2], choices[3], choices[4]]);
    case.asked.iter_mut().for_each(|asked| asked.request.ask = rules(choices[1]));
    case
}

/// An approval that is bad in one way or two, before or behind a good one.
const PAIRS: Family = Family { name: "approvals", sizes: &[9, 9, 8, 2, 4, 3, 2], step: 23, make: pairs };

fn pairs(choices: &[usize]) -> Case {
    let request = Request { actions: vec!["send:a", "write:a", "send:a"], ..request("send:a") };
    let keys = [APPROVER, SECOND, LOCAL, ROOT, HOLDER, HOLDER + 1, STRANGER, APPROVER];
    let mut bad = good(keys[choices[2]], &request);
    spoil(&mut bad, choices[0]);
    spoil(&mut bad, choices[1]);
    bad.used = choices[3] == 1;
    let mut approvals = vec![good(SECOND, &request), bad];
    // Later than the other, so that they are two statements.
    approvals[0].iat -= 1;
    match choices[4] {
        0 => {}
        1 => approvals.reverse(),
        2 => drop(approvals.remove(0)),
        _ => approvals[0].request = false,
    }
    let ledger = super::super::naive::Ledger { collected: [0, NOW + 59, NOW + 60][choices[5]], ..ledger() };
    let live = Live { approvals, local: (choices[6] == 1).then_some(LOCAL), ..with_ledger(ledger) };
    let keys = [Approver::Group("oncall"), Approver::Key(LOCAL), Approver::Key(HOLDER), Approver::Group("local")];
    let later = Block { ask: vec![ask("write:*", &keys, 1)], ..delegate(1) };
    let case = case(chain([root(), later, seal()]), vec![Asked { request, live, now: NOW }]);
    Case { entry: entry(), ..case }
}

fn spoil(approval: &mut Approval, choice: usize) {
    match choice {
        0 => {}
        1 => approval.chain = false,
        2 => approval.request = false,
        3 => approval.actions.reverse(),
        4 => approval.actions.truncate(1),
        5 => (approval.iat, approval.exp) = (NOW + 31, NOW + 60),
        6 => (approval.iat, approval.exp) = (NOW - 10, NOW),
        7 => (approval.iat, approval.exp) = (NOW, NOW + 3_601),
        _ => (approval.iat, approval.exp) = (NOW + 60, NOW + 60),
    }
}

#[test]
fn who_must_be_asked() {
    ASKS.compare(Tally { accepted: 432, allowed: 319, asked: 652, denied: 1_189, ..Tally::default() });
}

#[test]
fn what_the_enforcement_point_asks_itself() {
    OWN.compare(Tally { accepted: 432, allowed: 319, asked: 652, denied: 1_189, ..Tally::default() });
}

#[test]
fn which_approvals_are_good() {
    PAIRS.compare(Tally { accepted: 1_353, allowed: 4, denied: 1_349, ..Tally::default() });
}
