//! Conditions: a target, and a closure that says whether a value found there will do.

use std::sync::LazyLock;

use super::fault::Fault;
use super::tree::Tree;

/// What conditions are judged on: arguments, facts of the enforcement point, and what trusted result fields returned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) arguments: Tree,
    pub(crate) facts: Vec<(&'static str, Tree)>,
    pub(crate) seen: Vec<(&'static str, Tree)>,
}

/// What a closure finds: it holds, or the code.
type Found = Result<(), &'static str>;

type Closure = dyn Fn(&Tree, &Point) -> Found + Send + Sync;

pub(crate) struct Condition {
    pub(crate) target: &'static str,
    /// The number of the operator on the wire, and its operand.
    pub(crate) operator: u8,
    pub(crate) operand: Option<Tree>,
    holds: Box<Closure>,
}

const ABSENT: u8 = 11;
const LEN: u8 = 5;

fn when(holds: bool) -> Found {
    if holds { Ok(()) } else { Err("deny-condition") }
}

fn texts(list: &[&'static str]) -> Tree {
    Tree::Array(list.iter().map(|text| Tree::Text(text)).collect())
}

fn same_type(one: &Tree, other: &Tree) -> bool {
    one.text().is_some() && other.text().is_some() || std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn condition(
    target: &'static str,
    operator: u8,
    operand: Tree,
    holds: impl Fn(&Tree, &Point) -> Found + Send + Sync + 'static,
) -> Condition {
    Condition { target, operator, operand: Some(operand), holds: Box::new(holds) }
}

/// A closure over texts; anything else has the wrong type.
fn over_text(
    target: &'static str,
    operator: u8,
    operand: Tree,
    holds: impl Fn(&str) -> Found + Send + Sync + 'static,
) -> Condition {
    condition(target, operator, operand, move |value, _| {
        value.text().map_or(Err("deny-argument-type"), |it| holds(&it))
    })
}

fn over_int(
    target: &'static str,
    operator: u8,
    bound: i64,
    holds: impl Fn(i64) -> bool + Send + Sync + 'static,
) -> Condition {
    condition(target, operator, Tree::Int(bound), move |value, _| match value {
        Tree::Int(value) => when(holds(*value)),
        _ => Err("deny-argument-type"),
    })
}

fn equals(target: &'static str, wanted: Tree) -> Condition {
    let operand = wanted.clone();
    condition(target, 1, operand, move |value, _| {
        if same_type(value, &wanted) { when(*value == wanted) } else { Err("deny-argument-type") }
    })
}

fn one_of(target: &'static str, wanted: Vec<Tree>) -> Condition {
    condition(target, 2, Tree::Array(wanted.clone()), move |value, _| {
        let typed = wanted.iter().any(|wanted| same_type(value, wanted));
        if typed { when(wanted.contains(value)) } else { Err("deny-argument-type") }
    })
}

fn at_most(target: &'static str, bound: i64) -> Condition {
    over_int(target, 3, bound, move |value| value <= bound)
}

fn at_least(target: &'static str, bound: i64) -> Condition {
    over_int(target, 4, bound, move |value| value >= bound)
}

/// Of an array it counts the elements; see [`judge`].
fn len_at_most(target: &'static str, bound: i64) -> Condition {
    over_text(target, LEN, Tree::Int(bound), move |text| when(i64::try_from(text.len()).is_ok_and(|len| len <= bound)))
}

fn like(target: &'static str, glob: &'static str) -> Condition {
    fn matches(glob: &[u8], text: &[u8]) -> bool {
        match glob {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
            [byte, rest @ ..] => text.first() == Some(byte) && matches(rest, &text[1..]),
        }
    }
    over_text(target, 6, Tree::Text(glob), |text| when(matches(glob.as_bytes(), text.as_bytes())))
}

fn under(target: &'static str, dirs: &'static [&'static str]) -> Condition {
    fn is_plain(path: &str) -> bool {
        let segments = path.strip_prefix('/').map(|rest| rest.split('/').collect::<Vec<_>>());
        let good = |segment: &&str| !["", ".", ".."].contains(segment);
        let bad = |c: char| "\\%~".contains(c) || c.is_control();
        path == "/"
            || segments.is_some_and(|segments| segments.iter().all(good))
                && !path.contains(bad)
                && !path.ends_with(char::is_whitespace)
    }
    over_text(target, 7, texts(dirs), |path| {
        let below = |dir: &&str| *dir == "/" || path == *dir || path.starts_with(&format!("{dir}/"));
        if is_plain(path) { when(dirs.iter().any(below)) } else { Err("deny-path") }
    })
}

/// The URLs of the universe that are in plain form: scheme, host and port.
const URLS: [(&str, &str, &str, &str); 5] = [
    ("https://h/", "https", "h", "443"),
    ("https://h", "https", "h", "443"),
    ("http://h:8080/x", "http", "h", "8080"),
    ("http://h/", "http", "h", "80"),
    ("https://i.h/", "https", "i.h", "443"),
];

fn url(text: &str) -> Result<(&str, &str, &str), &'static str> {
    let known = URLS.iter().find(|(url, ..)| *url == text);
    known.map(|(_, scheme, host, port)| (*scheme, *host, *port)).ok_or("deny-url")
}

fn host(target: &'static str, hosts: &'static [&'static str]) -> Condition {
    over_text(target, 8, texts(hosts), |text| {
        let (scheme, host, port) = url(text)?;
        let default = if scheme == "https" { "443" } else { "80" };
        let fits = |wanted: &&str| match wanted.split_once(':') {
            Some((name, wanted)) => name == host && wanted == port,
            None => *wanted == host && port == default,
        };
        when(hosts.iter().any(fits))
    })
}

fn scheme(target: &'static str, wanted: &'static str) -> Condition {
    over_text(target, 9, Tree::Text(wanted), move |text| when(url(text)?.0 == wanted))
}

/// 10.0.0.0/8, of which the first number tells all; an IPv4-mapped address is the IPv4 address in it.
fn cidr_ten(target: &'static str) -> Condition {
    fn first(text: &str) -> Option<u8> {
        let numbers: Vec<&str> = text.strip_prefix("::ffff:").unwrap_or(text).split('.').collect();
        let plain = |number: &&str| number.parse::<u8>().is_ok_and(|value| value.to_string() == **number);
        (numbers.len() == 4 && numbers.iter().all(plain)).then(|| numbers[0].parse().ok())?
    }
    over_text(target, 10, texts(&["10.0.0.0/8"]), |text| match first(text) {
        Some(first) => when(first == 10),
        None => Err("deny-address"),
    })
}

fn absent(target: &'static str) -> Condition {
    Condition { target, operator: ABSENT, operand: None, holds: Box::new(|_, _| Err("deny-condition")) }
}

fn seen(target: &'static str, sources: &'static [&'static str]) -> Condition {
    condition(target, 12, texts(sources), |value, point| {
        when(point.seen.iter().any(|(source, returned)| sources.contains(source) && returned == value))
    })
}

/// Every condition that is stated here; others name them by their place.
pub(crate) static CONDITIONS: LazyLock<Vec<Condition>> = LazyLock::new(|| {
    vec![
        under("/p", &["/d"]),
        under("/p", &["/d/e", "/x"]),
        at_most("/n", 3),
        at_least("/n", 1),
        absent("/n"),
        equals("/n", Tree::Int(1)),
        one_of("/n", vec![Tree::Int(5), Tree::Text("1"), Tree::Null]),
        equals("@env", Tree::Text("prod")),
        absent("@env"),
        equals("@said.q", Tree::Text("ok")),
        absent("@said.q"),
        like("/p", "*e*"),
        len_at_most("/p", 2),
        at_most("/f/n", 3),
        absent("/f/n"),
        equals("/f", Tree::Bool(true)),
        seen("/p", &["search", "list"]),
        host("/p", &["h", "i.h:443"]),
        host("/p", &["h:8080"]),
        scheme("/p", "https"),
        cidr_ten("/p"),
        equals("@q", Tree::Text("ok")),
        equals("/n", Tree::Text("1")),
        under("/p", &["/"]),
        absent("/p"),
        equals("/a~1b", Tree::Int(1)),
    ]
});

/// The place of the condition with this target and operator, and of several the first.
pub(crate) fn place(target: &str, operator: u8) -> usize {
    let found = CONDITIONS.iter().position(|one| one.target == target && one.operator == operator);
    found.unwrap_or_else(|| panic!("no condition {operator} on {target}"))
}

/// What stands at a target.
enum There<'a> {
    Found(&'a Tree),
    Missing,
    /// A step above it is no object.
    Blocked,
}

fn member<'a>(members: &'a [(&'static str, Tree)], wanted: &str) -> Option<&'a Tree> {
    members.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

fn look<'a>(target: &str, point: &'a Point, said: &'a [(&'static str, Tree)], fault: Option<Fault>) -> There<'a> {
    if let Some(name) = target.strip_prefix("@said.") {
        return member(said, name).map_or(There::Missing, There::Found);
    }
    if let Some(name) = target.strip_prefix('@') {
        let said = if fault == Some(Fault::SaidStandsForAnyFact) { member(said, name) } else { None };
        return member(&point.facts, name).or(said).map_or(There::Missing, There::Found);
    }
    let mut at = &point.arguments;
    for step in target.split('/').skip(1) {
        let Tree::Object(members) = at else { return There::Blocked };
        match member(members, &step.replace("~1", "/").replace("~0", "~")) {
            Some(below) => at = below,
            None => return There::Missing,
        }
    }
    There::Found(at)
}

/// Whether the request satisfies the condition, or the code.
pub(crate) fn judge(
    condition: &Condition,
    point: &Point,
    said: &[(&'static str, Tree)],
    fault: Option<Fault>,
) -> Result<(), &'static str> {
    let absent = condition.operator == ABSENT;
    let value = match look(condition.target, point, said, fault) {
        There::Found(Tree::Null) if absent && fault == Some(Fault::NullIsAbsent) => return Ok(()),
        There::Found(_) if absent => return Err("deny-condition"),
        There::Found(value) => value,
        There::Missing if absent => return Ok(()),
        There::Blocked if absent && fault == Some(Fault::AbsentBelowAnything) => return Ok(()),
        There::Missing if condition.target.starts_with('@') => return Err("deny-missing-fact"),
        There::Missing => return Err("deny-missing-argument"),
        There::Blocked => return Err("deny-argument-shape"),
    };
    let unfit = |one: &Tree| {
        matches!(one, Tree::Array(_) | Tree::Object(_) | Tree::Half)
            || one.text().is_some_and(|text| text.len() > 4_096)
    };
    let holds = |one: &Tree| match (one, fault) {
        // 1 and "1" are different values.
        (Tree::Text("1"), Some(Fault::TypesAreFolded)) => {
            (condition.holds)(one, point).or_else(|_| (condition.holds)(&Tree::Int(1), point))
        }
        _ => (condition.holds)(one, point),
    };
    let Tree::Array(elements) = value else {
        return if unfit(value) { Err("deny-argument-shape") } else { holds(value) };
    };
    let bytes: usize = elements.iter().filter_map(Tree::text).map(|text| text.len()).sum();
    if elements.is_empty() && fault == Some(Fault::EmptyArraysPass) {
        return Ok(());
    }
    if elements.is_empty() || elements.len() > 1_024 || bytes > 32_768 || elements.iter().any(unfit) {
        return Err("deny-argument-shape");
    }
    if let (LEN, Some(Tree::Int(bound))) = (condition.operator, &condition.operand) {
        return when(i64::try_from(elements.len()).is_ok_and(|count| count <= *bound));
    }
    if fault == Some(Fault::OneElementSuffices) {
        return elements.iter().map(holds).reduce(Result::or).unwrap_or(Ok(()));
    }
    elements.iter().try_for_each(holds)
}

/// Each leaf of the arguments with the pointers that would name it: its own, and that of an array it is an element of.
pub(crate) fn leaves(arguments: &Tree) -> Vec<[Option<String>; 2]> {
    fn walk(tree: &Tree, own: Option<String>, array: Option<String>, found: &mut Vec<[Option<String>; 2]>) {
        match tree {
            Tree::Object(members) if !members.is_empty() => {
                for (name, below) in members {
                    let step = name.replace('~', "~0").replace('/', "~1");
                    walk(below, own.as_ref().map(|own| format!("{own}/{step}")), None, found);
                }
            }
            // No pointer leads to an element.
            Tree::Array(elements) if !elements.is_empty() => {
                elements.iter().for_each(|element| walk(element, None, own.clone(), found));
            }
            _ => found.push([own, array]),
        }
    }
    let mut found = Vec::new();
    match arguments {
        Tree::Object(members) if members.is_empty() => {}
        _ => walk(arguments, Some(String::new()), None, &mut found),
    }
    found
}
