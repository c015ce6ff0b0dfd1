use super::*;
use crate::arguments::Arguments;
use crate::name::Name;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

mod hostile;
mod inputs;

fn condition(text: &str) -> Condition {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The answer on these arguments, with the facts `env = "prod"` and `n = 3`, the holder's `purpose = "audit"`,
/// and what `search.results` returned: `doc-1` and 7.
fn refusal(text: &str, arguments: &str) -> Option<Refusal> {
    let facts = |entries: &[(&str, Value)]| -> BTreeMap<Name, Value> {
        entries.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect()
    };
    let returned = BTreeSet::from([Value::text("doc-1").unwrap(), Value::integer(7).unwrap()]);
    let seen: BTreeMap<Box<str>, BTreeSet<Value>> = BTreeMap::from([("search.results".into(), returned)]);
    let evidence = Evidence {
        arguments: &Arguments::from_json(arguments.as_bytes()).unwrap(),
        facts: &facts(&[("env", Value::text("prod").unwrap()), ("n", Value::integer(3).unwrap())]),
        said: &facts(&[("purpose", Value::text("audit").unwrap())]),
        seen: &seen,
    };
    condition(text).judge(&evidence).err()
}

#[track_caller]
fn holds(text: &str, arguments: &str) {
    let refusal = refusal(text, arguments);
    assert!(refusal.is_none(), "{text} on {arguments}: {refusal:?}");
}

#[track_caller]
fn denied(text: &str, arguments: &str, code: Code) {
    assert_eq!(refusal(text, arguments).map(|refusal| refusal.code()), Some(code), "{text} on {arguments}");
}

/// The answer where the one argument `a` is this text.
#[track_caller]
fn on_text(text: &str, argument: &str, expected: Option<Code>) {
    let arguments = serde_json::json!({ "a": argument }).to_string();
    let refusal = refusal(text, &arguments);
    assert_eq!(refusal.as_ref().map(Refusal::code), expected, "{text} on {argument:?}: {refusal:?}");
}

#[test]
fn values_are_compared_by_type() {
    holds("a = 1", r#"{"a":1}"#);
    holds("a = 1", r#"{"a":1.0}"#);
    holds("a = null", r#"{"a":null}"#);
    holds("a in [1, x, true]", r#"{"a":"x"}"#);
    denied("a = 1", r#"{"a":2}"#, Code::DenyCondition);
    denied("a = 1", r#"{"a":"1"}"#, Code::DenyArgumentType);
    denied("a = \"1\"", r#"{"a":1}"#, Code::DenyArgumentType);
    denied("a = true", r#"{"a":1}"#, Code::DenyArgumentType);
    denied("a = null", r#"{"a":false}"#, Code::DenyArgumentType);
    denied("a in [1, true]", r#"{"a":2}"#, Code::DenyCondition);
    denied("a in [1, true]", r#"{"a":"1"}"#, Code::DenyArgumentType);
    denied("a <= 1", r#"{"a":"1"}"#, Code::DenyArgumentType);
    denied("a >= 1", r#"{"a":true}"#, Code::DenyArgumentType);
    denied("a like *", r#"{"a":1}"#, Code::DenyArgumentType);
    denied("a under /", r#"{"a":null}"#, Code::DenyArgumentType);
}

#[test]
fn bounds_include_themselves() {
    for (text, argument, code) in [
        ("a <= 100", "100", None),
        ("a <= 100", "101", Some(Code::DenyCondition)),
        ("a >= -1", "-1", None),
        ("a >= -1", "-2", Some(Code::DenyCondition)),
        ("a <= 100", "1e2", None),
        ("a <= 100", "-9007199254740991", None),
    ] {
        assert_eq!(refusal(text, &format!("{{\"a\":{argument}}}")).map(|r| r.code()), code, "{text} {argument}");
    }
}

#[test]
fn len_counts_bytes_and_elements() {
    holds("a len <= 2", r#"{"a":"é"}"#);
    denied("a len <= 1", r#"{"a":"é"}"#, Code::DenyCondition);
    holds("a len <= 2", r#"{"a":["a long text", null]}"#);
    denied("a len <= 2", r#"{"a":[1,2,3]}"#, Code::DenyCondition);
    holds("a len <= 0", r#"{"a":""}"#);
    denied("a len <= 5", r#"{"a":[]}"#, Code::DenyArgumentShape);
    denied("a len <= 5", r#"{"a":[{}]}"#, Code::DenyArgumentShape);
    denied("a len <= 5", r#"{"a":[0.5]}"#, Code::DenyArgumentShape);
    denied("a len <= 5", r#"{"a":{}}"#, Code::DenyArgumentShape);
    denied("a len <= 5", r#"{"a":4}"#, Code::DenyArgumentType);
}

#[test]
fn every_element_of_an_array_must_satisfy() {
    holds("a in [1, 2]", r#"{"a":[1,2,1]}"#);
    holds("a under /data", r#"{"a":["/data/x","/data"]}"#);
    denied("a in [1, 2]", r#"{"a":[1,3]}"#, Code::DenyCondition);
    denied("a in [1, 2]", r#"{"a":[1,"2"]}"#, Code::DenyArgumentType);
    denied("a under /data", r#"{"a":["/data/x","/data/../etc"]}"#, Code::DenyPath);
}

#[test]
fn shapes_that_no_condition_takes() {
    denied("a = 1", r#"{"a":[]}"#, Code::DenyArgumentShape);
    denied("a = 1", r#"{"a":{}}"#, Code::DenyArgumentShape);
    denied("a = 1", r#"{"a":{"b":1}}"#, Code::DenyArgumentShape);
    denied("a = 1", r#"{"a":[{"b":1}]}"#, Code::DenyArgumentShape);
    denied("a = 1", r#"{"a":[1,[1]]}"#, Code::DenyArgumentShape);
    denied("a <= 1", r#"{"a":0.5}"#, Code::DenyArgumentShape);
    denied("/a/b = 1", r#"{"a":[{"b":1}]}"#, Code::DenyArgumentShape);
    denied("/a/0 = 1", r#"{"a":[1]}"#, Code::DenyArgumentShape);
    denied("/a/b = 1", r#"{"a":null}"#, Code::DenyArgumentShape);
    let message = refusal("/a/b = 1", r#"{"a":[1]}"#).unwrap().to_string();
    assert_eq!(message, "/a/b cannot stand under a condition: `/a` is not an object");
}

#[test]
fn texts_under_a_condition_are_bounded() {
    on_text("a like *", &"x".repeat(4096), None);
    on_text("a like *", &"x".repeat(4097), Some(Code::DenyArgumentShape));
    on_text("a len <= 9000", &"x".repeat(4097), Some(Code::DenyArgumentShape));
}

#[test]
fn what_is_missing_fails_and_only_absent_holds() {
    denied("a = 1", "{}", Code::DenyMissingArgument);
    denied("/a/b = 1", r#"{"a":{}}"#, Code::DenyMissingArgument);
    denied("/a/b = 1", "{}", Code::DenyMissingArgument);
    denied("@tool = x", "{}", Code::DenyMissingFact);
    denied("@said.env = prod", "{}", Code::DenyMissingFact);
    denied("@purpose = audit", "{}", Code::DenyMissingFact);
    holds("a absent", "{}");
    holds("/a/b absent", "{}");
    holds("/a/b absent", r#"{"a":{}}"#);
    holds("@tool absent", "{}");
    denied("a absent", r#"{"a":null}"#, Code::DenyCondition);
    denied("a absent", r#"{"a":[]}"#, Code::DenyCondition);
    denied("a absent", r#"{"a":0.5}"#, Code::DenyCondition);
    denied("/a/b absent", r#"{"a":1}"#, Code::DenyArgumentShape);
    denied("/a/b absent", r#"{"a":[]}"#, Code::DenyArgumentShape);
    denied("/a/b/c absent", r#"{"a":null}"#, Code::DenyArgumentShape);
    denied("@env absent", "{}", Code::DenyCondition);
}

#[test]
fn a_fact_that_is_too_long_is_there_all_the_same() {
    let long = BTreeMap::from([("env".parse().unwrap(), Value::Text("x".repeat(4_097).into()))]);
    let (said, seen, arguments) = (BTreeMap::new(), BTreeMap::new(), Arguments::empty());
    let evidence = Evidence { arguments: &arguments, facts: &long, said: &said, seen: &seen };
    let code = |text: &str| condition(text).judge(&evidence).unwrap_err().code();
    assert_eq!(code("@env absent"), Code::DenyCondition);
    assert_eq!(code("@env = prod"), Code::DenyArgumentShape);
}

#[test]
fn facts_of_the_two_sides_never_mix() {
    holds("@env = prod", "{}");
    holds("@n <= 3", "{}");
    holds("@said.purpose in [audit, billing]", "{}");
    denied("env = prod", "{}", Code::DenyMissingArgument);
    denied("@env = prod-2", r#"{"env":"prod-2"}"#, Code::DenyCondition);
    for text in ["@said", "@said.", "@Env", "@", "@env.x", "@said.a.b", "@said.Purpose"] {
        assert!(text.parse::<Target>().is_err(), "{text}");
    }
    let said = Target::Fact("said".parse().unwrap());
    assert_eq!(Condition::new(said, Test::Absent).unwrap_err().code(), Code::ParseCondition);
}

#[test]
fn seen_wants_the_exact_value_from_a_named_source() {
    on_text("a seen search.results", "doc-1", None);
    on_text("a seen other, search.results", "doc-1", None);
    on_text("a seen search.results", "doc-2", Some(Code::DenyCondition));
    on_text("a seen other", "doc-1", Some(Code::DenyCondition));
    on_text("a seen search.results", "7", Some(Code::DenyCondition));
    holds("a seen search.results", r#"{"a":[7,"doc-1"]}"#);
    denied("a seen search.results", r#"{"a":[7,"doc-2"]}"#, Code::DenyCondition);
}

#[test]
fn like_matches_the_whole_text() {
    for (glob, text, matches) in [
        ("*.csv", "a.csv", true),
        ("*.csv", ".csv", true),
        ("*.csv", "a.csv.exe", false),
        ("a*b*c", "abc", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "acb", false),
        ("aba*aba", "ababa", false),
        ("*", "", true),
        ("*", "any/thing\n", true),
        ("**", "x", true),
        ("a?[b]", "axb", false),
        ("a?", "a?", true),
        ("A*", "a", false),
        ("\"\"", "", true),
        ("\"\"", "x", false),
        ("*é*", "aéb", true),
    ] {
        let text_of =
            if glob == "\"\"" { "a like \"\"".to_string() } else { format!("a like {}", crate::json::quote(glob)) };
        on_text(&text_of, text, (!matches).then_some(Code::DenyCondition));
    }
}

#[test]
fn like_is_linear_on_the_classic_trap() {
    let glob: Glob = "a*".repeat(127).parse().unwrap();
    assert!(!glob.matches(&format!("{}b", "c".repeat(4095))));
    let glob: Glob = format!("{}b", "*a".repeat(127)).parse().unwrap();
    assert!(!glob.matches(&"a".repeat(4096)));
}

#[test]
fn operand_lists_are_one_to_64_distinct() {
    let values = |range: core::ops::Range<i64>| range.map(|n| Value::integer(n).unwrap()).collect::<Vec<_>>();
    assert!(Operands::new(values(0..64)).is_ok());
    assert_eq!(Operands::new(values(0..65)).unwrap_err().code(), Code::ParseLimit);
    assert_eq!(Operands::new(values(0..0)).unwrap_err().code(), Code::ParseCondition);
    let twice = Operands::new(vec![Value::Null, Value::Bool(true), Value::Null]).unwrap_err();
    assert_eq!(twice.to_string(), "`null` twice is not a list of distinct operands");
    assert!("a cidr 10.0.0.0/8, 10.0.0.0/8".parse::<Condition>().is_err());
}

#[test]
fn refusals_read_well() {
    let message = |text: &str, arguments: &str| refusal(text, arguments).unwrap().to_string();
    for (text, arguments, expected) in [
        ("path under /data", r#"{"path":"/etc"}"#, "\"/etc\" does not satisfy `path under /data`"),
        ("path under /data", "{}", "the argument /path is missing: `path under /data`"),
        ("@tool = x", "{}", "the fact @tool is not stated: `@tool = x`"),
        ("n <= 5", r#"{"n":"5"}"#, "\"5\" is of another type than `n <= 5`"),
        ("n <= 5", r#"{"n":[]}"#, "/n cannot stand under a condition: an empty array"),
        ("n len <= 1", r#"{"n":[1,2]}"#, "an array of 2 does not satisfy `n len <= 1`"),
        ("u host h", r#"{"u":"http://a\\@b/"}"#, "\"http://a\\\\@b/\" is not a url in its plain form: `u host h`"),
        ("ip cidr 10.0.0.0/8", r#"{"ip":"127.1"}"#, "\"127.1\" is not a literal ip address: `ip cidr 10.0.0.0/8`"),
        ("p under /d", r#"{"p":"/d/"}"#, "\"/d/\" is not a plain absolute path: `p under /d`"),
    ] {
        assert_eq!(message(text, arguments), expected);
    }
}

#[test]
fn a_rule_is_not_passed_by_with_one_element_more() {
    let answer = |text: &str, arguments: &str| {
        let arguments = Arguments::from_json(arguments.as_bytes()).unwrap();
        condition(text).holds(&arguments, &BTreeMap::new()).map_err(|refusal| refusal.code())
    };
    for (text, arguments, expected) in [
        ("a = 1", r#"{"a":1}"#, Ok(())),
        ("a = 1", r#"{"a":[1,1]}"#, Ok(())),
        ("a = 1", r#"{"a":2}"#, Err(Code::DenyCondition)),
        ("a = 1", r#"{"a":[2,3]}"#, Err(Code::DenyCondition)),
        ("a = 1", r#"{"a":[1,2]}"#, Err(Code::DenyArgumentShape)),
        ("a = 1", r#"{"a":[2,1]}"#, Err(Code::DenyArgumentShape)),
        ("a = 1", r#"{"a":[]}"#, Err(Code::DenyArgumentShape)),
        ("a = 1", r#"{"a":[1,{}]}"#, Err(Code::DenyArgumentShape)),
        ("a = 1", "{}", Err(Code::DenyMissingArgument)),
        ("a <= 1", r#"{"a":"x"}"#, Err(Code::DenyArgumentType)),
        ("a under /d", r#"{"a":["/d/x","/d/../x"]}"#, Err(Code::DenyPath)),
        // `len` asks nothing of an element, so that none of them satisfies it alone.
        ("a len <= 1", r#"{"a":["x","y"]}"#, Err(Code::DenyCondition)),
        ("a len <= 1", r#"{"a":["x"]}"#, Ok(())),
        ("@env = prod", "{}", Err(Code::DenyMissingFact)),
    ] {
        assert_eq!(answer(text, arguments), expected, "{text} on {arguments}");
    }
}

/// Whether the glob matches, by trying every split.
fn naive(glob: &[char], text: &[char]) -> bool {
    match glob.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
        Some((c, rest)) => text.split_first().is_some_and(|(first, tail)| first == c && naive(rest, tail)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn globs_agree_with_brute_force(glob in "[ab*]{0,8}", text in "[ab]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(glob.parse::<Glob>().unwrap().matches(&text), naive(&chars(&glob), &chars(&text)));
    }
}
