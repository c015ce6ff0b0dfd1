//! Seals: for one request or for many, and what they cannot state.

use super::super::bridge::{Case, Tally};
use super::super::naive::{Block, Digest, Point, Request, Tree};
use super::Family;
use super::scene::{EXP, IAT, NOW, asked, case, chain, delegate, nothing, request, root, seal, some};

pub(super) const FAMILIES: &[Family] = &[ONE_REQUEST, CLAIMS];

/// A seal with a digest, its cti and times, and requests that are the one it is for, or others.
const ONE_REQUEST: Family =
    Family { name: "seals for one request", sizes: &[3, 2, 4, 5, 2, 2], step: 1, make: one_request };

fn one_request(choices: &[usize]) -> Case {
    let last = Block {
        digest: some(&[Digest::First, Digest::Another], choices[0]),
        cti: choices[1] == 1,
        iat: some(&[NOW, NOW + 31, IAT], choices[2]),
        exp: some(&[NOW + 300, NOW + 301, NOW + 331, NOW + 332], choices[3]),
        said: if choices[4] == 1 { vec![("q", Tree::Text("ok"))] } else { vec![] },
        ..seal()
    };
    let first = Request { needs_own_seal: choices[5] == 1, ..request("read:a") };
    let with = Point { arguments: Tree::Object(vec![("n", Tree::Int(1))]), ..nothing() };
    let others = [
        Request { actions: vec!["read:z"], ..first.clone() },
        Request { actions: vec!["read:a", "read:a"], ..first.clone() },
        Request { point: with, ..first.clone() },
        Request { audience: "mail", ..first.clone() },
        Request {
            point: Point { facts: vec![("q", Tree::Int(1))], ..nothing() },
            needs_own_seal: true,
            ..first.clone()
        },
    ];
    let blocks = [Block { aud: vec!["files"], ..root() }, delegate(1), last];
    case(chain(blocks), [first].into_iter().chain(others).map(asked).collect())
}

/// Every set of claims that a seal cannot state, and some that it can.
const CLAIMS: Family = Family { name: "claims of seals", sizes: &[2; 9], step: 1, make: claims };

fn claims(choices: &[usize]) -> Case {
    let is = |place: usize| choices[place] == 1;
    let last = Block {
        session: is(0),
        continues: is(1).then_some(9),
        ledger: is(2).then_some(5),
        budgets: if is(3) { vec![("c", 1)] } else { vec![] },
        depth: is(4).then_some(0),
        exp: is(5).then_some(EXP + 1),
        aud: if is(6) { vec!["files", "mail"] } else { vec![] },
        deny: if is(7) { vec!["write:*"] } else { vec![] },
        level: is(8).then_some(2),
        ..seal()
    };
    let first = Block { ledger: Some(5), aud: vec!["files", "mail"], ..root() };
    let second = Block { aud: if is(6) { vec![] } else { vec!["files"] }, ..delegate(1) };
    let mut asked = asked(request("write:a"));
    asked.live = super::scene::with_ledger(super::scene::ledger());
    case(chain([first, second, last]), vec![asked])
}

#[test]
fn a_seal_is_for_one_request_or_for_many() {
    ONE_REQUEST.compare(Tally { refused: 288, accepted: 192, allowed: 248, denied: 904, ..Tally::default() });
}

#[test]
fn what_a_seal_cannot_state() {
    CLAIMS.compare(Tally { refused: 508, accepted: 4, allowed: 2, denied: 2, ..Tally::default() });
}
