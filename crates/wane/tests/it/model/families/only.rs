//! `only`, leaf by leaf: every small tree of arguments under a few scopes, and every small scope over a few trees.

use std::sync::LazyLock;

use super::super::bridge::{Asked, Case, Tally};
use super::super::naive::{Block, Point, Request, Stated, Tree, place};
use super::Family;
use super::scene::{asked, case, chain, delegate, nothing, request, root, scope, seal};

pub(super) const FAMILIES: &[Family] = &[TREES, SHAPES];

/// Every object with none, one or both of `f` and `n`, in which stands a leaf, an array or such an object of leaves.
static ALL: LazyLock<Vec<Tree>> = LazyLock::new(|| {
    let both = |values: &[Tree]| {
        let with = |name, choice: usize| choice.checked_sub(1).map(|place| (name, values[place].clone()));
        let object = |number: usize| {
            let (f, n) = (number % (values.len() + 1), number / (values.len() + 1));
            Tree::Object(with("f", f).into_iter().chain(with("n", n)).collect())
        };
        (0..(values.len() + 1).pow(2)).map(object).collect::<Vec<_>>()
    };
    let empty = || [Tree::Array(vec![]), Tree::Object(vec![])];
    let leaves = [&[Tree::Int(1)][..], &empty()].concat();
    let mut values =
        vec![Tree::Bool(true), Tree::Array(vec![Tree::Int(1)]), Tree::Array(vec![Tree::Int(1), Tree::Int(2)])];
    values.extend(empty().map(|one| Tree::Array(vec![one])));
    values.push(Tree::Array(vec![Tree::Array(vec![Tree::Int(1)])]));
    values.push(Tree::Array(vec![Tree::Object(vec![("n", Tree::Int(1))])]));
    values.push(Tree::Array(vec![]));
    values.push(Tree::Int(1));
    // `{}` is among them.
    values.extend(both(&leaves));
    both(&values)
});

fn ask(tree: &Tree) -> Asked {
    let point = Point { arguments: tree.clone(), ..nothing() };
    asked(Request { point, ..request("read:a") })
}

/// The conditions that name something here.
fn named(choice: usize) -> usize {
    [place("/n", 3), place("/n", 11), place("/f/n", 3), place("/f/n", 11), place("/f", 1)][choice]
}

fn none_or_two(choice: usize) -> Vec<usize> {
    // Nothing, each of five, each two of five.
    match choice {
        0 => Vec::new(),
        1..=5 => vec![named(choice - 1)],
        _ => {
            let mut pairs = (0..5).flat_map(|one| (0..one).map(move |other| (one, other)));
            let (one, other) = pairs.nth(choice - 6).unwrap();
            vec![named(one), named(other)]
        }
    }
}

/// A scope closed or open over some names, refined twice.
fn closed(shape: [usize; 6]) -> Vec<Block> {
    let [first, first_only, second, second_only, third, third_only] = shape;
    let stated = |conditions: Vec<usize>, only: usize| Stated { conditions, only: only == 1, ..Stated::default() };
    let root = Block {
        scopes: Some(vec![Stated { pattern: scope("*").pattern, ..stated(none_or_two(first), first_only) }]),
        ..root()
    };
    let later = |index, one| Block { scopes: Some(vec![one]), ..delegate(index) };
    let third = if third == 0 { Vec::new() } else { vec![named(2)] };
    vec![root, later(1, stated(none_or_two(second), second_only)), later(2, stated(third, third_only)), seal()]
}

const CHUNK: usize = 26;

/// All trees under each pair of conditions, closed at the root or below it.
const TREES: Family = Family { name: "only, all trees", sizes: &[26, 16, 2], step: 3, make: trees };

fn trees(choices: &[usize]) -> Case {
    let (root, later) = if choices[2] == 0 { (1, 0) } else { (0, 1) };
    let blocks = closed([choices[1], root, 0, later, 0, 0]);
    case(chain(blocks), ALL.iter().skip(choices[0] * CHUNK).take(CHUNK).map(ask).collect())
}

/// All shapes over trees that are far from each other.
const SHAPES: Family = Family { name: "only, all shapes", sizes: &[16, 2, 6, 2, 2, 2, 5], step: 11, make: shapes };

fn shapes(choices: &[usize]) -> Case {
    let blocks = closed([choices[0], choices[1], choices[2], choices[3], choices[4], choices[5]]);
    case(chain(blocks), ALL.iter().skip(choices[6]).step_by(97).map(ask).collect())
}

#[test]
fn the_trees_are_all_there() {
    assert_eq!(ALL.len(), 26 * CHUNK);
}

#[test]
fn every_tree_under_a_closed_scope() {
    TREES.compare(Tally { accepted: 278, allowed: 11, denied: 7_217, ..Tally::default() });
}

#[test]
fn every_way_to_close_a_scope() {
    SHAPES.compare(Tally { accepted: 699, allowed: 25, denied: 4_868, ..Tally::default() });
}
