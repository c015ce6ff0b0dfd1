//! Conditions: every one of them, and every two of them in every place, against every set of arguments.

use std::sync::LazyLock;

use super::super::bridge::{Asked, Case, Tally};
use super::super::naive::{Block, CONDITIONS, Entry, Point, Request, Stated, Tree};
use super::Family;
use super::scene::{asked, case, chain, delegate, nothing, request, root, scope, seal};

pub(super) const FAMILIES: &[Family] = &[SINGLE, PAIRS];

const COUNT: usize = 26;

/// Arguments and facts of every shape that a condition may meet.
static POINTS: LazyLock<Vec<Point>> = LazyLock::new(|| {
    let text = Tree::Text;
    let at = |members: Vec<(&'static str, Tree)>| Point { arguments: Tree::Object(members), ..nothing() };
    let mut points = vec![nothing()];
    let paths = [
        "/d",
        "/d/e",
        "/d/e/f",
        "/dx",
        "/x",
        "/",
        "/d/../x",
        "/d/",
        "/d//e",
        "d",
        "/d/%65",
        "/d/~",
        "/d ",
        "",
        "e",
        "ex",
        "https://h/",
        "https://h",
        "http://h:8080/x",
        "http://h/",
        "https://i.h/",
        "10.1.2.3",
        "11.1.2.3",
        "::ffff:10.0.0.1",
        "10.1.2.03",
        "10.1.2",
        "é",
    ];
    points.extend(paths.map(|path| at(vec![("p", text(path))])));
    let values = || {
        vec![
            Tree::Null,
            Tree::Bool(true),
            Tree::Int(0),
            Tree::Int(1),
            Tree::Int(5),
            Tree::Half,
            text("1"),
            text("ok"),
            Tree::Array(vec![]),
            Tree::Object(vec![]),
            Tree::Array(vec![Tree::Int(1), Tree::Int(5)]),
            Tree::Array(vec![Tree::Int(1), text("1")]),
            Tree::Array(vec![text("/d"), text("/x")]),
            Tree::Array(vec![text("/d"), text("/d/e"), text("/d/f")]),
            Tree::Array(vec![Tree::Int(1), Tree::Array(vec![])]),
            Tree::Array(vec![Tree::Half]),
            Tree::Object(vec![("n", Tree::Int(1))]),
            Tree::Object(vec![("n", Tree::Int(9))]),
        ]
    };
    for name in ["f", "n", "p"] {
        points.extend(values().into_iter().map(|value| at(vec![(name, value)])));
    }
    let long = |times| Tree::Long("/d/eeeee", times);
    points.extend([512, 513].map(|times| at(vec![("p", long(times))])));
    points.extend([1_024, 1_025].map(|count| at(vec![("n", Tree::Array(vec![Tree::Int(1); count]))])));
    points.extend([8, 9].map(|count| at(vec![("p", Tree::Array(vec![long(512); count]))])));
    points.push(at(vec![("n", Tree::Int(1)), ("p", text("/d/e"))]));
    points.push(at(vec![("f", Tree::Object(vec![("n", Tree::Int(1))])), ("n", Tree::Int(1))]));
    points.push(at(vec![("a/b", Tree::Int(1))]));
    points.push(at(vec![("a/b", Tree::Int(2))]));
    for value in [text("prod"), text("dev"), Tree::Int(1), Tree::Null, long(513)] {
        points.push(Point { facts: vec![("env", value)], ..nothing() });
    }
    points.push(Point { facts: vec![("q", text("ok"))], ..nothing() });
    for (source, value) in [("search", text("ok")), ("other", text("ok")), ("list", Tree::Int(1)), ("list", text("1"))]
    {
        points.push(Point { seen: vec![(source, value.clone())], ..at(vec![("p", value)]) });
        points.push(Point { seen: vec![(source, text("1"))], ..at(vec![("p", Tree::Int(1))]) });
    }
    points
});

fn all_points() -> Vec<Asked> {
    POINTS.iter().map(|point| asked(Request { point: point.clone(), ..request("read:a") })).collect()
}

fn under(conditions: &[usize]) -> Stated {
    Stated { conditions: conditions.to_vec(), ..scope("*") }
}

fn said(choice: usize) -> Block {
    let said = match choice {
        0 => vec![],
        1 => vec![("q", Tree::Text("ok"))],
        2 => vec![("q", Tree::Null)],
        _ => vec![("env", Tree::Text("prod"))],
    };
    Block { said, ..seal() }
}

/// Each condition with each set of arguments, and with what the holder may say.
const SINGLE: Family = Family { name: "conditions", sizes: &[COUNT, 4], step: 1, make: single };

fn single(choices: &[usize]) -> Case {
    let root = Block { scopes: Some(vec![under(&choices[..1])]), ..root() };
    case(chain([root, said(choices[1])]), all_points())
}

/// Two conditions: in one scope, in two blocks, in two scopes, in a ceiling.
const PAIRS: Family = Family { name: "pairs of conditions", sizes: &[COUNT, COUNT, 4, 4], step: 23, make: pairs };

fn pairs(choices: &[usize]) -> Case {
    let (one, other) = (choices[0], choices[1]);
    let mut entry = Entry::default();
    let (mut root, mut later) = (root(), delegate(1));
    match choices[2] {
        0 if one == other => root.scopes = Some(vec![under(&[one])]),
        0 => root.scopes = Some(vec![under(&[one, other])]),
        1 => {
            root.scopes = Some(vec![under(&[one])]);
            later.scopes = Some(vec![Stated { pattern: None, ..under(&[other]) }]);
        }
        2 => root.scopes = Some(vec![under(&[one]), under(&[other])]),
        _ => {
            entry.scopes = Some(vec![under(&[one])]);
            root.scopes = Some(vec![under(&[other])]);
        }
    }
    // A quarter of the arguments each; together all.
    let asked = all_points().into_iter().skip(choices[3]).step_by(4).collect();
    Case { entry, ..case(chain([root, later, said(one % 2)]), asked) }
}

#[test]
fn there_are_so_many_conditions() {
    assert_eq!(CONDITIONS.len(), COUNT);
}

#[test]
fn each_condition() {
    SINGLE.compare(Tally { accepted: 104, allowed: 1_938, denied: 9_086, ..Tally::default() });
}

#[test]
fn each_two_conditions() {
    PAIRS.compare(Tally { accepted: 471, allowed: 1_526, denied: 10_956, ..Tally::default() });
}
