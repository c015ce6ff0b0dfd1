//! Values that were returned before: what conditions ask about, and where results hold them.

use wane::{
    Arguments, Heir, Level, Request, RootGrant, Roots, Scope, Seal, TrustedRoot, Value, Verified, limits, mint, verify,
};

use crate::forge::{EXP, IAT, OPS, Rng, public, secret};

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

fn shown(scopes: &[&str], ceiling: &[&str]) -> Verified {
    let grant = RootGrant::new("crm".parse().unwrap(), IAT, EXP);
    let grant = scopes.iter().fold(grant, |grant, text| grant.scope(scope(text)));
    let entry = TrustedRoot::new(public(OPS));
    let entry = match ceiling {
        [] => entry,
        texts => entry.scopes(texts.iter().map(|text| scope(text))),
    };
    let seal = Seal::new().said("purpose".parse().unwrap(), text("report"));
    let token = mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap();
    let roots = Roots::new([entry]).unwrap();
    verify(&token.seal_as(&secret(10), &seal).unwrap(), &roots).unwrap()
}

fn text(text: &str) -> Value {
    Value::text(text).unwrap()
}

fn number(number: i64) -> Value {
    Value::integer(number).unwrap()
}

fn request(arguments: &str) -> Request {
    let request = Request::for_actions("crm".parse().unwrap(), vec!["read:people".parse().unwrap()], Level::Internal);
    request.unwrap().arguments(Arguments::from_json(arguments.as_bytes()).unwrap())
}

fn asked(verified: &Verified, request: &Request) -> Vec<(String, Value)> {
    let mut asked: Vec<_> =
        verified.seen_asked(request).into_iter().map(|(source, value)| (source.to_string(), value)).collect();
    asked.sort_by_key(|(source, value)| (source.clone(), value.to_string()));
    asked
}

fn pairs(pairs: &[(&str, Value)]) -> Vec<(String, Value)> {
    pairs.iter().map(|(source, value)| ((*source).to_owned(), value.clone())).collect()
}

#[test]
fn each_source_is_asked_about_each_value_under_its_condition() {
    let verified = shown(
        &["read:* if id seen crm.ids, hr.ids and list seen crm.ids open", "read:* if other = 1 open"],
        &["* if @who seen hr.names open", "* if @said.purpose seen words and id seen crm.ids open"],
    );
    let full = request(r#"{"id": 7, "list": [8, [9], {"a": 1}, 8, "x"], "other": 1}"#);
    let full = full.fact("who".parse().unwrap(), text("ann"));
    assert_eq!(
        asked(&verified, &full),
        pairs(&[
            ("crm.ids", text("x")),
            ("crm.ids", number(7)),
            ("crm.ids", number(8)),
            ("hr.ids", number(7)),
            ("hr.names", text("ann")),
            ("words", text("report")),
        ])
    );
    // What is not stated, or is no scalar, is not asked about.
    let other = request(r#"{"id": {"a": 7}, "list": [], "other": 1}"#);
    assert_eq!(asked(&verified, &other), pairs(&[("words", text("report"))]));
    assert!(asked(&shown(&["read:* if other = 1 open"], &[]), &full).is_empty());
}

#[test]
fn no_more_values_are_asked_about_than_a_ledger_looks_up() {
    let verified = shown(&["read:* if list seen a open"], &[]);
    let list = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let many = request(&format!(r#"{{"list": [{}]}}"#, list(limits::SEEN_LOOKED_UP + 1)));
    assert_eq!(verified.seen_asked(&many).len(), limits::SEEN_LOOKED_UP);
    let fits = request(&format!(r#"{{"list": [{}]}}"#, list(limits::SEEN_LOOKED_UP)));
    assert_eq!(verified.seen_asked(&fits).len(), limits::SEEN_LOOKED_UP);
}

#[test]
fn a_star_is_each_element_of_an_array_and_a_name_elsewhere() {
    let result = r#"{"rows": [{"id": 1, "n": [4, 5]}, {"id": 2}, {"x": 3}, 6, [7]], "*": 8, "o": {"*": 9, "0": 10}}"#;
    let result = Arguments::from_json(result.as_bytes()).unwrap();
    let at = |pointer: &str, most| result.scalars(&pointer.parse().unwrap(), most);
    for (pointer, found) in [
        ("/rows/*/id", &[1, 2][..]),
        ("/rows/*/n/*", &[4, 5]),
        ("/rows/*", &[6]),
        ("/rows/*/*", &[7]),
        ("/*", &[8]),
        ("/o/*", &[9]),
        ("/o/0", &[10]),
        ("/rows/0/id", &[]),
        ("/rows", &[]),
        ("/none/*", &[]),
        ("/*/rows", &[]),
    ] {
        assert_eq!(at(pointer, 10), found.iter().copied().map(number).collect::<Vec<_>>(), "{pointer}");
    }
    assert_eq!((at("/rows/*/id", 1), at("/rows/*/id", 0)), (vec![number(1)], vec![]));
}
