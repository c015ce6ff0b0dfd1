//! Requests made from choices.

use std::sync::OnceLock;

use wane::{Action, Arguments, Audience, Request, Value};

use crate::choices::Choices;
use crate::narrow::{level, parse};

const ACTIONS: [&str; 9] = [
    "read:hr:employees",
    "read:files:q3",
    "write:files:q3",
    "send:mail:internal",
    "read:hr:q3",
    "delete:files:x",
    "execute:query:sum",
    "read:x",
    "write:hr:employees",
];

fn arguments() -> &'static [Arguments] {
    static ARGUMENTS: OnceLock<Vec<Arguments>> = OnceLock::new();
    let texts = [
        "{}",
        r#"{"path": "/data/reports/q3.csv"}"#,
        r#"{"path": "/data/reports/q3.csv", "limit": 100}"#,
        r#"{"path": "/data/../etc", "limit": 1}"#,
        r#"{"path": ["/data/a", "/data/reports/b"], "limit": [1, 101]}"#,
        r#"{"names": "a", "path": "/data/x"}"#,
        r#"{"names": ["a", 1, null], "limit": 2}"#,
        r#"{"names": {"a": 1}, "path": 7}"#,
        r#"{"path": "/data/x", "limit": 5, "x": true}"#,
    ];
    ARGUMENTS
        .get_or_init(|| texts.iter().map(|json| Arguments::from_json(json.as_bytes()).expect("arguments")).collect())
}

/// What a tool server for `audience` might be asked.
pub(crate) fn request(audience: &Audience, choices: &mut Choices<'_>) -> Request {
    let actions: Vec<Action> = (0..=choices.below(2)).map(|_| parse(choices, &ACTIONS)).collect();
    let level = level(choices);
    let mut request = Request::for_actions(audience.clone(), actions, level)
        .expect("one or two actions")
        .arguments(arguments()[choices.below(arguments().len())].clone());
    let text = |text: &str| Value::text(text).expect("a value");
    if choices.one_in(2) {
        request = request.fact("env".parse().expect("a name"), text(choices.one_of(&["a", "b"])));
    }
    if choices.one_in(2) {
        request = request.seen("search.results", text(choices.one_of(&["/data/x", "/data/reports/q3.csv"])));
    }
    if choices.one_in(4) {
        request = request.label(parse(choices, &["pii", "untrusted"]));
    }
    // Most caps would deny for want of a cost otherwise.
    if !choices.one_in(4) {
        for counter in ["calls", "pii", "untrusted"] {
            request = request.cost(counter.parse().expect("a name"), u64::from(choices.byte() % 8));
        }
    }
    request
}

/// The same request with each set of arguments that [`request`] chooses among: what is conditional shows only there.
pub(crate) fn with_any_arguments(request: &Request) -> impl Iterator<Item = Request> {
    arguments().iter().map(|arguments| request.clone().arguments(arguments.clone()))
}
