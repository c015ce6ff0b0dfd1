use super::*;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use proptest::prelude::*;

fn read(json: &str) -> Arguments {
    Arguments::from_json(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn code(json: impl AsRef<[u8]>) -> Code {
    Arguments::from_json(json.as_ref()).unwrap_err().code()
}

fn at(pointer: &str) -> Pointer {
    pointer.parse().unwrap()
}

#[test]
fn members_stand_in_the_order_of_their_encodings() {
    let arguments = read(r#"{"b":1,"aa":2,"":3,"é":4,"a":5,"ab":6}"#);
    let names: Vec<&str> = arguments.members().iter().map(|member| &*member.name).collect();
    assert_eq!(names, ["", "a", "b", "aa", "ab", "é"]);
}

#[test]
fn numbers_keep_their_places_among_texts_that_look_like_numbers() {
    let arguments = read(r#"{"1":"2","a":[3,"-4\"5",-6,0.5],"\\":{"7":8e0},"b":"\\","c":9}"#);
    let integer = |n| Node::Integer(crate::value::Integer::new(n).unwrap());
    assert_eq!(arguments.lookup(&at("/c")), Lookup::Found(&integer(9)));
    assert_eq!(arguments.lookup(&at("/\\/7")), Lookup::Found(&integer(8)));
    let list = Node::Array(vec![integer(3), Node::Text("-4\"5".into()), integer(-6), Node::Float(0.5)]);
    assert_eq!(arguments.lookup(&at("/a")), Lookup::Found(&list));
}

#[test]
fn a_pointer_walks_through_objects_only() {
    let arguments = read(r#"{"filter":{"limit":null,"a/b":{"~":1}},"list":[{"x":1}],"text":"t","":{"":2}}"#);
    assert_eq!(arguments.lookup(&at("/filter/limit")), Lookup::Found(&Node::Null));
    assert!(matches!(arguments.lookup(&at("/filter/a~1b/~0")), Lookup::Found(Node::Integer(_))));
    assert!(matches!(arguments.lookup(&at("//")), Lookup::Found(Node::Integer(_))));
    assert_eq!(arguments.lookup(&at("/none")), Lookup::Missing);
    assert_eq!(arguments.lookup(&at("/none/deeper/still")), Lookup::Missing);
    assert_eq!(arguments.lookup(&at("/filter/none")), Lookup::Missing);
    assert_eq!(arguments.lookup(&at("/list/0")), Lookup::Blocked("/list".to_string()));
    assert_eq!(arguments.lookup(&at("/list/0/x")), Lookup::Blocked("/list".to_string()));
    assert_eq!(arguments.lookup(&at("/text/a/b")), Lookup::Blocked("/text".to_string()));
    assert_eq!(arguments.lookup(&at("/filter/limit/a")), Lookup::Blocked("/filter/limit".to_string()));
}

#[test]
fn only_is_judged_leaf_by_leaf() {
    let unnamed = |json: &str, names: &[&str]| {
        let pointers: Vec<Pointer> = names.iter().map(|name| at(name)).collect();
        read(json).first_unnamed(&pointers.iter().collect())
    };
    for (json, names) in [
        ("{}", &[][..]),
        (r#"{"a":1}"#, &["/a"]),
        (r#"{"a":[1,2,"x",null,[],{}]}"#, &["/a"]),
        (r#"{"a":[]}"#, &["/a"]),
        (r#"{"a":{}}"#, &["/a"]),
        (r#"{"a":{"b":1}}"#, &["/a/b"]),
        (r#"{"a":{"b":1,"c/d":2}}"#, &["/a/b", "/a/c~1d", "/z"]),
    ] {
        assert_eq!(unnamed(json, names), None, "{json}");
    }
    for (json, names, leaf) in [
        (r#"{"a":1}"#, &[][..], "/a"),
        (r#"{"a":1,"b":2}"#, &["/a"], "/b"),
        (r#"{"a":{}}"#, &["/a/b"], "/a"),
        (r#"{"a":[]}"#, &[], "/a"),
        (r#"{"a":{"b":1}}"#, &["/a"], "/a/b"),
        (r#"{"a":{"b":[1]}}"#, &["/a"], "/a/b"),
        (r#"{"a":[[1]]}"#, &["/a"], "/a"),
        (r#"{"a":[{"b":1}]}"#, &["/a", "/a/b"], "/a"),
        (r#"{"a":[1]}"#, &["/a/0"], "/a"),
        (r#"{"a/b":1}"#, &["/a/b"], "/a~1b"),
    ] {
        assert_eq!(unnamed(json, names).as_deref(), Some(leaf), "{json}");
    }
}

#[test]
fn what_is_not_one_json_object() {
    for json in [
        "",
        " ",
        "null",
        "[]",
        "1",
        "\"a\"",
        "{",
        "{}}",
        "{} {}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":tru}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":NaN}",
        "{\"a\":-}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "\u{feff}{}",
        "{\"a\":1 2}",
        "{\"a\":1-2}",
        "{\"a\" 1}",
        "{/**/}",
    ] {
        assert_eq!(code(json), Code::ParseJson, "{json}");
    }
    assert_eq!(code(b"{\"a\":\"\xff\"}"), Code::ParseJson);
}

#[test]
fn lone_surrogates_are_refused() {
    for text in [r"\ud800", r"\udc00", r"\ud800\ud800", r"\ud800a", r"\udc00\ud800"] {
        assert_eq!(code(format!("{{\"a\":\"{text}\"}}")), Code::ParseJson, "{text}");
        assert_eq!(code(format!("{{\"{text}\":1}}")), Code::ParseJson, "{text}");
    }
    assert!(matches!(read(r#"{"a":"\ud83d\ude00"}"#).lookup(&at("/a")), Lookup::Found(Node::Text(t)) if &**t == "😀"));
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    for json in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":{"b":1,"c":2,"b":3}}"#, r#"{"x":[{"":1,"":2}]}"#]
    {
        assert_eq!(code(json), Code::ParseJsonDuplicate, "{json}");
    }
    let error = Arguments::from_json(br#"{"path":1,"p\u0061th":2}"#).unwrap_err();
    assert_eq!(error.to_string(), "the member `path` stands twice");
}

#[test]
fn numbers_out_of_range_are_refused() {
    for number in
        ["9007199254740992", "9007199254740993", "9007199254740993.0", "1e400", "-1e400", "1e-400", "1e999999999"]
    {
        assert_eq!(code(format!("{{\"a\":[{number}]}}")), Code::ParseJsonNumber, "{number}");
    }
    let error = Arguments::from_json(br#"{"a":9007199254740993}"#).unwrap_err();
    let message = "the number 9007199254740993 is outside -9007199254740991 to 9007199254740991";
    assert_eq!(error.to_string(), message);
    for number in ["-0", "0e99999999999", "0E-99999999999", "-0.000"] {
        assert!(
            matches!(read(&format!("{{\"a\":{number}}}")).lookup(&at("/a")), Lookup::Found(Node::Integer(n)) if n.get() == 0)
        );
    }
}

#[test]
fn depth_is_counted_from_the_outermost_object() {
    let nested = |arrays: usize| format!("{{\"a\":{}{}}}", "[".repeat(arrays), "]".repeat(arrays));
    assert!(Arguments::from_json(nested(63).as_bytes()).is_ok());
    assert_eq!(code(nested(64)), Code::ParseTooDeep);
    assert_eq!(code("[".repeat(limits::REQUEST_BYTES)), Code::ParseTooDeep);
    assert_eq!(code("{\"a\":".repeat(100_000)), Code::ParseTooDeep);
}

#[test]
fn size_is_bounded() {
    let padded = |size: usize| format!("{{}}{}", " ".repeat(size - 2));
    assert!(Arguments::from_json(padded(limits::REQUEST_BYTES).as_bytes()).is_ok());
    assert_eq!(code(padded(limits::REQUEST_BYTES + 1)), Code::ParseTooLarge);
}

#[test]
fn the_largest_requests_are_read_in_one_go() {
    let deep = format!("{}1{}", "[".repeat(62), "]".repeat(62));
    let many = vec![deep; 8_000].join(",");
    assert!(many.len() < limits::REQUEST_BYTES);
    read(&format!("{{\"a\":[{many}]}}"));
    let text = "x".repeat(1_000_000);
    read(&format!("{{\"a\":{}\"{text}\"{}}}", "[".repeat(63), "]".repeat(63)));
    read(&format!("{{\"a\":[1{}]}}", ",1".repeat(500_000)));
    read(&format!("{{\"a\":0.{}1}}", "1".repeat(1_000_000)));
}

#[test]
fn debug_shows_no_argument() {
    assert_eq!(format!("{:?}", read(r#"{"password":"hunter2"}"#)), "Arguments(1 members)");
}

/// Any JSON value, written by `serde_json`.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Into::into),
        (-1e9..1e9_f64).prop_map(Into::into),
        "\\PC*|[\\x00-\\x7f]*".prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(serde_json::Value::Array),
            proptest::collection::btree_map("[a-c\"\\\\~/1]{0,3}", inner, 0..8)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn same(node: &Node, json: &serde_json::Value) -> bool {
    match (node, json) {
        (Node::Null, serde_json::Value::Null) => true,
        (Node::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Node::Text(a), serde_json::Value::String(b)) => **a == **b,
        (Node::Integer(a), serde_json::Value::Number(b)) => b.to_string().parse::<f64>() == a.get().to_string().parse(),
        (Node::Float(a), serde_json::Value::Number(b)) => b.to_string().parse() == Ok(*a),
        (Node::Array(a), serde_json::Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Node::Object(a), serde_json::Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|a| b.get(&*a.name).is_some_and(|b| same(&a.value, b)))
        }
        _ => false,
    }
}

#[test]
fn scalars_are_found_where_they_stand() {
    let longest = "x".repeat(limits::CONDITIONED_TEXT_BYTES);
    let found = |text: &str| read(&format!(r#"{{"a":{{"b":{text}}}}}"#)).scalar(&at("/a/b"));
    assert_eq!(found("true"), Some(Value::Bool(true)));
    assert_eq!(found("null"), Some(Value::Null));
    assert_eq!(found("-7"), Some(Value::integer(-7).unwrap()));
    assert_eq!(found(r#""x""#), Some(Value::text("x").unwrap()));
    assert_eq!(found(&format!("\"{longest}\"")), Some(Value::Text(longest.as_str().into())));
    for none in [&format!("\"{longest}x\""), "0.5", "[1]", "{}"] {
        assert_eq!(found(none), None, "{none:.20}");
    }
    assert_eq!(read(r#"{"a":[]}"#).scalar(&at("/a/b")), None);
    assert_eq!(read("{}").scalar(&at("/a/b")), None);
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_the_same(value in json()) {
        let arguments = read(&serde_json::json!({ "a": value }).to_string());
        let Lookup::Found(node) = arguments.lookup(&at("/a")) else { panic!("no member") };
        prop_assert!(same(node, &value));
    }

    #[test]
    fn no_bytes_panic(text in "[\\[\\]{}\",:\\\\0-9eE.+-u ]{0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let _ = Arguments::from_json(text.as_bytes());
        let _ = Arguments::from_json(&bytes);
        let wrapped: String = format!("{{\"a\":{text}}}");
        if let Ok(arguments) = Arguments::from_json(wrapped.as_bytes()) {
            let strict: serde_json::Value = serde_json::from_str(&wrapped).unwrap();
            prop_assert_eq!(arguments.members().len(), strict.as_object().unwrap().len());
        }
    }
}
