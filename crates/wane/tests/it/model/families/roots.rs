//! Ceilings of root entries, and what root blocks state under them.

use super::super::bridge::{Case, Tally};
use super::super::naive::{Block, Entry, Hint, Signature, Stated, place};
use super::Family;
use super::scene::{EXP, IAT, asked, case, chain, delegate, each, request, root, scope, seal, some};

pub(super) const FAMILIES: &[Family] = &[CEILINGS, SCOPES, SIGNED];

/// Every member of a ceiling that a root block may go beyond, and root blocks that do or do not.
const CEILINGS: Family = Family { name: "ceilings", sizes: &[4, 3, 3, 3, 4, 3, 2, 2, 3, 2], step: 11, make: ceilings };

fn ceilings(choices: &[usize]) -> Case {
    let window = [(None, None), (Some(IAT), Some(IAT + 1)), (Some(IAT + 1), None), (None, Some(IAT))][choices[0]];
    let entry = Entry {
        mint_from: window.0,
        mint_until: window.1,
        aud: some(&[vec!["files"], vec!["mail:*", "files"]], choices[1]),
        scopes: some(&[vec![scope("read:*"), scope("*:a")], vec![]], choices[2]),
        max_ttl: some(&[EXP - IAT, EXP - IAT - 1], choices[3]),
        depth: some(&[0, 2, 14], choices[4]),
        issuer: choices[6] == 1,
        ..Entry::default()
    };
    let depth = some(&[0, 2], choices[5]);
    let patterns = [vec!["read:a:*"], vec!["read:*", "write:a"], vec!["*:a", "*"]];
    let scopes = Some(patterns[choices[8]].iter().map(|pattern| scope(pattern)).collect());
    let aud = [vec!["files"], vec!["mail:in", "mail:z"]][choices[9]].clone();
    // A name that the universe has no set for is no case.
    let aud = if aud.len() == 2 { vec!["mail:in", "mail"] } else { aud };
    let first = Block { depth, scopes, aud, session: choices[7] == 0, ..root() };
    let last = Block { aud: vec![if choices[9] == 0 { "files" } else { "mail:in" }], ..seal() };
    let at = |action| {
        let mut asked = asked(request(action));
        asked.request.audience = if choices[9] == 0 { "files" } else { "mail:in" };
        asked
    };
    let case = case(chain([first, last]), ["read:a:a", "write:a"].map(at).to_vec());
    Case { entry, shown: vec!["read:*", "send:*"], ..case }
}

/// A ceiling's scopes, with conditions and `only`, over a chain's own.
const SCOPES: Family = Family { name: "scopes of ceilings", sizes: &[28, 4, 4, 2], step: 1, make: scopes };

fn scopes(choices: &[usize]) -> Case {
    let pattern = super::super::naive::actions(None).patterns[choices[0]];
    let bounded = |choice: usize| match choice {
        0 => Stated::default(),
        1 => Stated { only: true, ..Stated::default() },
        2 => Stated { conditions: vec![place("/n", 11)], ..Stated::default() },
        _ => Stated { conditions: vec![place("/n", 3)], only: true, ..Stated::default() },
    };
    let mut ceiling = vec![Stated { pattern: Some(pattern), ..bounded(choices[1]) }];
    if choices[3] == 1 {
        ceiling.insert(0, Stated { pattern: Some("*"), conditions: vec![place("/n", 3)], ..Stated::default() });
    }
    let first = Block { scopes: Some(vec![Stated { pattern: Some("read:*"), ..bounded(choices[2]) }]), ..root() };
    let entry = Entry { scopes: Some(ceiling), ..Entry::default() };
    let mut asked = each(&["read:a", "read:a:a"]);
    let arguments = super::super::naive::Tree::Object(vec![("n", super::super::naive::Tree::Int(1))]);
    asked.extend(each(&["read:a", "read:z"]));
    asked.iter_mut().skip(2).for_each(|one| one.request.point.arguments = arguments.clone());
    Case { entry, shown: vec!["read:a", "write:*"], ..case(chain([first, delegate(1), seal()]), asked) }
}

/// What is missing, misplaced, badly signed or by another root, in each of four blocks.
const SIGNED: Family = Family { name: "signed chains", sizes: &[4, 20, 4, 20, 3], step: 7, make: signed };

fn signed(choices: &[usize]) -> Case {
    let mut blocks = [root(), delegate(1), delegate(2), seal()];
    spoil(&mut blocks[choices[0]], choices[1], choices[0]);
    spoil(&mut blocks[choices[2]], choices[3], choices[2]);
    let mut blocks = blocks.to_vec();
    // A token that was never sealed, and one that carries a secret.
    if choices[4] == 1 {
        blocks.pop();
    }
    let mut case = case(chain(blocks), each(&["read:a"]));
    case.chain.secret = choices[4] == 2;
    case
}

fn spoil(block: &mut Block, choice: usize, place: usize) {
    use super::super::naive::{Digest, Tree};
    let own_key = if place == 0 { 1 } else { 9 + u8::try_from(place).unwrap() };
    match choice {
        0 => {}
        1 => block.signature = Signature::Key(99),
        2 => block.signature = Signature::Key(own_key),
        3 => block.signature = Signature::Unlinked,
        4..=7 => block.signature = Signature::Kind(u64::try_from(choice).unwrap() - 4),
        8 => block.hint = Some(Hint::Unknown),
        9 => block.hint = None,
        10 => block.hint = Some(Hint::Trusted),
        11 => block.cnf = None,
        12 => block.cnf = Some(77),
        13 => (block.aud, block.digest) = (vec!["files"], Some(Digest::First)),
        14 => block.said = vec![("q", Tree::Text("ok"))],
        15 => block.exp = None,
        16 => block.iat = None,
        17 => block.scopes = None,
        18 => block.aud = Vec::new(),
        _ => (block.session, block.level) = (true, Some(0)),
    }
}

#[test]
fn every_member_of_a_ceiling() {
    CEILINGS.compare(Tally { refused: 2_699, accepted: 129, allowed: 203, denied: 55, shown: 516, ..Tally::default() });
}

#[test]
fn scopes_of_a_ceiling() {
    SCOPES.compare(Tally {
        refused: 400,
        accepted: 496,
        allowed: 670,
        denied: 1_314,
        shown: 3_968,
        ..Tally::default()
    });
}

#[test]
fn every_way_to_be_no_chain() {
    SIGNED.compare(Tally { refused: 2_560, accepted: 183, allowed: 183, ..Tally::default() });
}
