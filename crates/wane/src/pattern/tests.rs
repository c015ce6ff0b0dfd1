use super::*;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use proptest::prelude::*;

/// Every sequence of up to `longest` of the segments.
fn sequences(segments: &[&str], longest: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut last: Vec<String> = segments.iter().map(|s| String::from(*s)).collect();
    for _ in 0..longest {
        all.extend(last.iter().cloned());
        last = last.iter().flat_map(|start| segments.iter().map(move |s| format!("{start}:{s}"))).collect();
    }
    all
}

/// Which of the actions a pattern covers, by a matcher that shares nothing with the code under test: it
/// expands the last `*` to each length and compares segment lists.
fn covered(pattern: &str, actions: &[String]) -> Vec<bool> {
    let wanted: Vec<&str> = pattern.split(':').collect();
    actions
        .iter()
        .map(|action| {
            let given: Vec<&str> = action.split(':').collect();
            let mut wanted = wanted.clone();
            if wanted.last() == Some(&"*") {
                while wanted.len() < given.len() {
                    wanted.push("*");
                }
            }
            wanted.len() == given.len() && wanted.iter().zip(&given).all(|(w, g)| *w == "*" || w == g)
        })
        .collect()
}

/// Patterns up to 4 segments over {a, b, *} against actions up to 5 segments over {a, b, fresh}: the fifth
/// segment shows what a final `*` takes beyond the longest pattern.
fn world() -> (Vec<Pattern>, Vec<Vec<bool>>) {
    let actions = sequences(&["a", "b", "fresh"], 5);
    let texts = sequences(&["a", "b", "*"], 4);
    let sets = texts.iter().map(|text| covered(text, &actions)).collect();
    (texts.iter().map(|text| text.parse().unwrap()).collect(), sets)
}

fn within(inner: &[bool], outer: impl Fn(usize) -> bool) -> bool {
    inner.iter().enumerate().all(|(i, covers)| !covers || outer(i))
}

#[test]
fn coverage_agrees_with_brute_force() {
    let (patterns, sets) = world();
    let actions: Vec<Action> = sequences(&["a", "b", "fresh"], 5).iter().map(|a| a.parse().unwrap()).collect();
    for (pattern, set) in patterns.iter().zip(&sets) {
        for (action, expected) in actions.iter().zip(set) {
            assert_eq!(pattern.covers(action), *expected, "{pattern} {action}");
        }
    }
}

#[test]
fn containment_agrees_with_brute_force_for_every_pair() {
    let (patterns, sets) = world();
    assert_eq!(patterns.len(), 120);
    for (outer, outer_set) in patterns.iter().zip(&sets) {
        for (inner, inner_set) in patterns.iter().zip(&sets) {
            let expected = within(inner_set, |i| outer_set[i]);
            assert_eq!(outer.contains(inner), expected, "{outer} contains {inner}");
        }
    }
}

#[test]
fn overlap_agrees_with_brute_force_for_every_pair() {
    let (patterns, sets) = world();
    for (one, one_set) in patterns.iter().zip(&sets) {
        for (other, other_set) in patterns.iter().zip(&sets) {
            let expected = one_set.iter().zip(other_set).any(|(a, b)| *a && *b);
            assert_eq!(one.overlaps(other), expected, "{one} overlaps {other}");
        }
    }
}

#[test]
fn audiences_are_covered_like_actions() {
    for (pattern, text, covered) in
        [("files", "files", true), ("files:*", "files:hr", true), ("files:*", "files", false), ("mail", "files", false)]
    {
        let (pattern, audience): (Pattern, Audience) = (pattern.parse().unwrap(), text.parse().unwrap());
        assert_eq!(pattern.covers_audience(&audience), covered, "{pattern} {audience}");
        assert_eq!((audience.to_string().as_str(), audience.as_str()), (text, text));
        assert_eq!(Pattern::from(&audience).as_audience(), Some(audience));
    }
    assert_eq!("files:*".parse::<Pattern>().unwrap().as_audience(), None);
}

#[test]
fn the_verb_is_the_first_segment() {
    for (action, verb) in [("read:hr:people", "read"), ("admin", "admin")] {
        let parsed: Action = action.parse().unwrap();
        assert_eq!((parsed.verb(), parsed.to_string().as_str()), (verb, action));
        assert_eq!(Pattern::from(&parsed).to_string(), action);
    }
}

#[test]
fn containment_in_random_unions_agrees_with_brute_force() {
    let (patterns, sets) = world();
    let index: BTreeMap<&str, usize> = patterns.iter().enumerate().map(|(i, p)| (p.as_str(), i)).collect();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(20_000));
    let any = 0..patterns.len();
    runner
        .run(&(any.clone(), proptest::collection::vec(any, 1..6)), |(inner, members)| {
            let union: Vec<Pattern> = members.iter().map(|m| patterns[*m].clone()).collect();
            let expected = within(&sets[inner], |i| union.iter().any(|m| sets[index[m.as_str()]][i]));
            prop_assert_eq!(any_contains(&union, &patterns[inner]), expected);
            Ok(())
        })
        .unwrap();
}

#[test]
fn texts_that_are_refused() {
    let long = "a".repeat(65);
    let many = ["a"; 9].join(":");
    let wide = ["a".repeat(64), "b".repeat(64), "c".repeat(64), "d".repeat(64)].join(":");
    for text in [
        "",
        ":",
        "read:",
        ":read",
        "read::a",
        "read:*:",
        "read:h*",
        "**",
        "read:**",
        "read a",
        " read",
        "read\n",
        "read:%61",
        "read:a\\b",
        "read:\u{455}end",
        "read:é",
        "read:a,b",
        "read:a=b",
        "read:\0",
        &long,
        &many,
        &wide,
    ] {
        assert_eq!(text.parse::<Pattern>().unwrap_err().code(), Code::ParsePattern, "{text:?}");
        assert_eq!(text.parse::<Action>().unwrap_err().code(), Code::ParsePattern, "{text:?}");
        assert_eq!(text.parse::<Audience>().unwrap_err().code(), Code::ParsePattern, "{text:?}");
    }
    for text in ["*", "read:*", "*:a"] {
        assert!(text.parse::<Pattern>().is_ok());
        assert!(text.parse::<Action>().is_err());
        assert!(text.parse::<Audience>().is_err());
    }
    let eight = ["*"; 8].join(":");
    assert!(eight.parse::<Pattern>().is_ok());
    assert!("a".repeat(64).parse::<Action>().is_ok());
    assert!("A-Z.a_z/0@9+".parse::<Action>().is_ok());
}

#[test]
fn case_is_not_folded() {
    let pattern: Pattern = "read:*".parse().unwrap();
    assert!(!pattern.covers(&"READ:a".parse().unwrap()));
    assert!(!pattern.contains(&"READ:*".parse().unwrap()));
}

proptest! {
    #[test]
    fn no_text_panics_and_what_parses_prints_back(text in "[a-b*:%]{0,12}|\\PC{0,12}") {
        if let Ok(pattern) = text.parse::<Pattern>() {
            prop_assert_eq!(pattern.to_string(), text);
            prop_assert!(pattern.contains(&pattern));
        }
    }
}
