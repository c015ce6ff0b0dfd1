use super::*;
use crate::condition::{Directory, Glob, Host, Length, Network, Operands, Source, Target, Test};
use crate::value::{Integer, Value};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use proptest::prelude::*;

fn scope(text: &str) -> Scope {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[track_caller]
fn prints(text: &str, expected: &str) {
    assert_eq!(scope(text).to_string(), expected);
    assert_eq!(scope(expected), scope(text));
}

#[test]
fn every_operator_is_read_and_printed() {
    for condition in [
        "path under /data, /tmp",
        "limit <= 100",
        "limit >= -1",
        "path len <= 64",
        "mode = rw",
        "n = 5",
        "n = -5",
        "flag = true",
        "x = null",
        "mode in [a, \"b c\", 1, \"1\", null, \"null\"]",
        "name like *.csv",
        "name like \"\"",
        "url host example.com, h:8080, \"[::1]:80\"",
        "url scheme https",
        "ip cidr 10.0.0.0/8, 2001:db8::/32",
        "x absent",
        "id seen search.results, \"my results\"",
        "@env = prod",
        "@said.purpose in [audit]",
        "/filter/limit <= 5",
        "/a~1b <= 5",
        "/if = \"if\"",
        "/in in [\"and\"]",
        "\"/a b\" = \"c d\"",
        "\"/é\" = \"é\"",
        "/ absent",
        "/@env = x",
        "n = \"5\"",
        "n = \"1.5\"",
        "n = \"007\"",
        "t = \"\\u202e\\n\"",
    ] {
        prints(&format!("read:a if {condition} only"), &format!("read:a if {condition} only"));
        prints(&format!("read:a if {condition} and z = 1 open"), &format!("read:a if {condition} and z = 1 open"));
        assert_eq!(condition.parse::<Condition>().unwrap().to_string(), condition);
    }
}

#[test]
fn the_last_word_is_only_where_conditions_stand_and_none_is_said() {
    prints("read:*", "read:*");
    prints("read:* open", "read:*");
    prints("read:* only", "read:* only");
    prints("read:* if x absent", "read:* if x absent only");
    prints("read:* if x absent open", "read:* if x absent open");
}

#[test]
fn texts_are_read_liberally_and_printed_in_one_way() {
    prints("  read:a\tif  n<=5 and\nm in[a,b]  ", "read:a if n <= 5 and m in [a, b] only");
    prints("read:a if \"/path\" = \"rw\"", "read:a if path = rw only");
    prints("read:a if \"\\u002fpath\"=1e2", "read:a if path = 100 only");
    prints("read:a if d = 2026-01-01", "read:a if d = \"2026-01-01\" only");
}

#[test]
fn errors_show_the_place_and_what_is_expected() {
    for (text, expected) in [
        ("", "cannot read the scope at `the end`: a pattern is expected"),
        ("read:a if", "cannot read the scope at `the end`: an argument or a `@fact` is expected"),
        ("read:a if path", "operator"),
        ("read:a if path below /data", "cannot read the scope at `below /data`"),
        ("read:a iff path = 1", "cannot read the scope at `iff path = 1`: `if`, `only`, `open` or the end is expected"),
        ("read:a if n = 1 or m = 2", "at `or m = 2`: `and`, `only`, `open` or the end is expected"),
        ("read:a if n <= x", "cannot read the scope at `x`: an integer is expected"),
        ("read:a if n len < 5", "cannot read the scope at `< 5`: `<=` is expected"),
        ("read:a if n len <= -5", "cannot read the scope at `-5`: a length is expected"),
        ("read:a if n in a", "cannot read the scope at `a`: `[` is expected"),
        ("read:a if n in [a b]", "cannot read the scope at `b]`: `]` is expected"),
        ("read:a if n in []", "cannot read the scope at `]`: a value is expected"),
        ("read:a if n = and", "cannot read the scope at `and`: a value is expected"),
        ("read:a if p under /a,", "at `the end`: a text is expected"),
        ("read:a if n = \"a", "at `\"a`: a text in json quotes is expected"),
        ("read:a if n = \"\\ud800\"", "a text in json quotes is expected"),
        ("read:a if \"path\" = 1", "at `\"path\" = 1`: a pointer that starts with `/` is expected"),
        ("read:a if p under open only", "at `open only`: a text is expected"),
        ("read:a if p like a, b", "at `, b`: `and`, `only`, `open` or the end is expected"),
        ("read:a only open", "at `open`: the end is expected"),
        ("read:a if and = 1", "at `and = 1`: an argument or a `@fact` is expected"),
    ] {
        let error = text.parse::<Scope>().unwrap_err();
        assert_eq!(error.code(), Code::ParseScope, "{text}: {error}");
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
}

#[test]
fn operands_are_refused_with_their_own_codes() {
    for (text, code) in [
        ("read: if x absent", Code::ParsePattern),
        ("read:a if @said = x", Code::ParseCondition),
        ("read:a if @Env = x", Code::ParseName),
        ("read:a if a~b = x", Code::ParseCondition),
        ("read:a if p under data", Code::ParseCondition),
        ("read:a if p cidr 10.0.0.1/8", Code::ParseCondition),
        ("read:a if p host H", Code::ParseCondition),
        ("read:a if p = 1.5", Code::ParseCondition),
        ("read:a if p = 1e-400", Code::ParseCondition),
        ("read:a if p = 9007199254740992", Code::ParseJsonNumber),
        ("read:a if p in [a, a]", Code::ParseCondition),
        ("read:a if p = 1 and /p = 1", Code::ParseCondition),
    ] {
        assert_eq!(text.parse::<Scope>().unwrap_err().code(), code, "{text}");
    }
    let many: Vec<String> = (0..65).map(|n| format!("a{n} absent")).collect();
    assert!(format!("read:a if {}", many[..64].join(" and ")).parse::<Scope>().is_ok());
    assert_eq!(format!("read:a if {}", many.join(" and ")).parse::<Scope>().unwrap_err().code(), Code::ParseLimit);
}

/// Texts that a careless printer gets wrong.
fn nasty() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "",
        " ",
        "a",
        "if",
        "and",
        "only",
        "open",
        "in",
        "len",
        "absent",
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1.5",
        "1e5",
        "-",
        "@env",
        "@said",
        "\"",
        "\\",
        "a,b",
        "a b",
        "[",
        "]",
        "=",
        "<=",
        "a=b",
        "<",
        "é",
        "\u{202e}",
        "\u{1f600}",
        "\n",
        "\0",
        "a]",
        "\u{feff}",
        "/",
        "~",
        "*",
        "#",
        "\u{7f}",
        "ＡＢ",
        "only,",
        "a\"b\\",
    ];
    prop_oneof![
        proptest::sample::select(WORDS).prop_map(String::from),
        "\\PC{0,12}",
        "[\\x00-\\x7f]{0,12}",
        "[a-z0-9._/@+:*%~-]{1,12}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(|n| Value::integer(n).unwrap()),
        nasty().prop_map(|text| Value::text(&text).unwrap()),
    ]
}

fn operands<T: Clone + core::fmt::Debug + core::fmt::Display + PartialEq>(
    item: impl Strategy<Value = T>,
) -> impl Strategy<Value = Operands<T>> {
    proptest::collection::vec(item, 1..5).prop_map(|mut items| {
        let all = items.clone();
        let mut index = 0;
        items.retain(|item| {
            index += 1;
            !all[..index - 1].contains(item)
        });
        Operands::new(items).unwrap()
    })
}

fn target() -> impl Strategy<Value = Target> {
    let steps = proptest::collection::vec(nasty(), 1..4);
    let pointer =
        |steps: Vec<String>| steps.iter().map(|s| format!("/{}", crate::pointer::escape(s))).collect::<String>();
    let name = || "[a-z][a-z0-9-]{0,8}".prop_filter("taken", |name| name != "said");
    prop_oneof![
        4 => steps.prop_map(move |steps| Target::Argument(pointer(steps).parse().unwrap())),
        1 => name().prop_map(|name| Target::Fact(name.parse().unwrap())),
        1 => name().prop_map(|name| Target::Said(name.parse().unwrap())),
    ]
}

fn test() -> impl Strategy<Value = Test> {
    let integer = || (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(|n| Integer::new(n).unwrap());
    let dir = nasty().prop_filter_map("plain", |text| format!("/{text}").parse::<Directory>().ok());
    let host = prop_oneof!["[a-z]{1,4}(:[1-9][0-9]{0,3})?", Just("[::1]:80".to_string()), Just("10.0.0.1".to_string())]
        .prop_map(|text| text.parse::<Host>().unwrap());
    let network = prop_oneof![
        (any::<u32>(), 0..=32_u8)
            .prop_map(|(bits, len)| ipnet::Ipv4Net::new(bits.into(), len).unwrap().trunc().to_string()),
        (any::<u128>(), 0..=128_u8)
            .prop_map(|(bits, len)| ipnet::Ipv6Net::new(bits.into(), len).unwrap().trunc().to_string()),
    ]
    .prop_map(|text| text.parse::<Network>().unwrap());
    let source = nasty().prop_filter_map("not empty", |text| text.parse::<Source>().ok());
    prop_oneof![
        Just(Test::Absent),
        integer().prop_map(Test::AtLeast),
        integer().prop_map(Test::AtMost),
        operands(network).prop_map(Test::Cidr),
        value().prop_map(Test::Equals),
        operands(host).prop_map(Test::Host),
        operands(value()).prop_map(Test::In),
        (0..=9_007_199_254_740_991_u64).prop_map(|n| Test::LenAtMost(Length::new(n).unwrap())),
        nasty().prop_map(|text| Test::Like(text.parse::<Glob>().unwrap())),
        "[a-z][a-z0-9+.-]{0,5}".prop_map(|text| Test::Scheme(text.parse().unwrap())),
        operands(source).prop_map(Test::Seen),
        operands(dir).prop_map(Test::Under),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn what_a_scope_prints_parses_back_to_it(
        pattern in "(read|write|if|only):[a-zA-Z0-9._/@+-]{1,8}(:\\*)?",
        tests in proptest::collection::vec((target(), test()), 0..4),
        closed in any::<bool>(),
    ) {
        let mut conditions: Vec<Condition> = Vec::new();
        for (target, test) in tests {
            let condition = Condition::new(target, test).unwrap();
            if !conditions.contains(&condition) {
                conditions.push(condition);
            }
        }
        let other = if closed { OtherArguments::Closed } else { OtherArguments::Open };
        let scope = Scope::new(pattern.parse().unwrap(), conditions, other).unwrap();
        let text = scope.to_string();
        prop_assert!(text.chars().all(crate::refusal::is_plain), "{text}");
        prop_assert_eq!(text.parse::<Scope>(), Ok(scope));
    }

    #[test]
    fn a_target_s_wire_text_parses_back_to_it(target in target()) {
        prop_assert_eq!(target.to_string().parse::<Target>(), Ok(target));
    }

    #[test]
    fn no_text_panics_and_what_parses_prints_back(text in "read:a( (if|and|only|open|in|len|<=|=|under|\\[|\\]|,|\"a\"|\"|/p|@f|5|é|\\PC)){0,10}") {
        if let Ok(scope) = text.parse::<Scope>() {
            prop_assert_eq!(scope.to_string().parse::<Scope>(), Ok(scope));
        }
    }
}
