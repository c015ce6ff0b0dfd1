//! What calls demand.

use super::*;

const RULES: &str = "action = 'read:files'
rule = [
  { when = 'path absent', level = 'internal' },
  { when = 'path under /repo/public', level = 'public' },
  { when = 'path under /repo and depth <= 2', level = 'confidential' },
]";

#[test]
fn the_first_rule_that_matches_counts() {
    let text = tool(&RULES.replace('\n', " ").replace("rule", "\nrule"));
    for (json, rule, expected) in [
        ("{}", 1, Level::Internal),
        (r#"{"path": "/repo/public/a"}"#, 2, Level::Public),
        (r#"{"path": "/repo/a", "depth": 2}"#, 3, Level::Confidential),
    ] {
        let demand = called(&text, json).unwrap();
        assert_eq!(
            (demand.rule(), level(&demand), actions(&demand)),
            (Some(rule), expected, vec!["read:files"]),
            "{json}"
        );
    }
    for (json, code) in [
        (r#"{"path": "/etc/passwd", "depth": 1}"#, Code::DenyUnmatched),
        (r#"{"path": "/repo/a", "depth": 3}"#, Code::DenyUnmatched),
        // What cannot be judged denies, and does not fall through to a later rule.
        (r#"{"path": "/repo/a"}"#, Code::DenyMissingArgument),
        (r#"{"path": "/repo/../etc"}"#, Code::DenyPath),
        (r#"{"path": "/repo/public%2f..", "depth": 1}"#, Code::DenyPath),
        (r#"{"path": 7}"#, Code::DenyArgumentType),
        (r#"{"path": {"a": "/repo"}}"#, Code::DenyArgumentShape),
        (r#"{"path": null}"#, Code::DenyArgumentType),
        (r#"{"path": ["/repo/public/a", "/etc"], "depth": 1}"#, Code::DenyArgumentShape),
        (r#"{"path": ["/etc", "/repo/public/a"], "depth": 1}"#, Code::DenyArgumentShape),
        (r#"{"path": ["/etc", "/usr"], "depth": 1}"#, Code::DenyUnmatched),
        (r#"{"path": "/repo/public/a", "Path": "/etc"}"#, Code::ParseJsonDuplicate),
        (r#"{"path": "/repo/public/a", "x": [{"a": 1, "A": 2}]}"#, Code::ParseJsonDuplicate),
    ] {
        assert_eq!(called(&text, json).unwrap_err(), code, "{json}");
    }
}

#[test]
fn an_explanation_tells_each_rule_that_was_tried() {
    let text = tool(&RULES.replace('\n', " ").replace("rule", "\nrule"));
    let catalogue = Catalogue::from_toml(&text).unwrap();
    let arguments = Arguments::from_json(br#"{"path": "/etc", "depth": 1}"#).unwrap();
    let explanation =
        catalogue.server("s", None).unwrap().explain(&Incoming::Tool { name: "t", arguments: &arguments });
    let whens: Vec<&str> = explanation.tried.iter().map(|tried| tried.when.as_str()).collect();
    assert_eq!(whens, ["path absent", "path under /repo/public", "path under /repo and depth <= 2"]);
    assert!(explanation.tried.iter().all(|tried| tried.refusal.is_some()));
    let refusal = explanation.outcome.unwrap_err();
    assert_eq!(refusal.to_string(), "no rule of the tool \"t\" matches this call");
}

#[test]
fn what_an_entry_states_is_in_the_request() {
    let text = tool(
        "action = 'read:hr:{table}'
        sink = ['send:web:{host url}', 'read:hr:{table}']
        level = 'restricted'
        labels = ['pii', 'untrusted']
        costs = { calls = 1, rows = '{limit}', missing = '{no}', odd = '{table}', negative = '{n}' }
        facts = { env = 'prod' }
        trusted = { 'hr.ids' = ['/rows/*/id'] }",
    );
    let json = r#"{"table": "people", "url": "https://example.com/", "limit": 5e1, "n": -1}"#;
    let demand = called(&text, json).unwrap();
    assert_eq!(actions(&demand), ["read:hr:people", "send:web:example.com"]);
    assert_eq!(demand.request().mark().to_string(), "restricted with pii, untrusted");
    assert_eq!(costs(&demand), BTreeMap::from([("calls", 1), ("rows", 50)]));
    let facts: Vec<String> =
        demand.request().facts().map(|(name, value)| format!("{}={value}", name.as_str())).collect();
    assert_eq!(facts, [r#"env="prod""#, r#"tool="t""#, r#"server="s""#]);
    assert_eq!(demand.request().audience().as_str(), "s");
    assert_eq!(demand.request().call().to_string(), "tools/call t");
    assert_eq!(demand.trusted().count(), 1);
    assert!(!demand.request().demands_request_seal());
    assert_eq!(demand.into_request().stated_arguments(), &Arguments::from_json(json.as_bytes()).unwrap());
}

#[test]
fn a_server_may_ask_for_seals_of_one_request() {
    let text =
        tool("action = 'read:a'\nlevel = 'public'").replace("audience = 's'", "audience = 's'\nrequest-seal = true");
    assert!(called(&text, "{}").unwrap().request().demands_request_seal());
}

#[test]
fn facts_of_the_catalogue_can_be_tested() {
    let text = tool(
        "action = 'read:{@env}:{@tool}'
        facts = { env = 'prod' }
        rule = [{ when = '@env = prod and @server = s and @tool = t', level = 'public' }]",
    );
    assert_eq!(actions(&called(&text, "{}").unwrap()), ["read:prod:t"]);
}

/// Nothing is told from a name: what is not listed, letter by letter, is denied.
#[test]
fn what_is_not_listed_is_denied() {
    let text = tool("action = 'read:a'\nlevel = 'public'").replace("tool.t", "tool.get_user");
    let none = Arguments::empty();
    for name in [
        "transfer_funds",
        "upload_file",
        "http_request",
        "shell",
        "bash",
        "eval",
        "move_file",
        "append_row",
        "publish",
        "slack_message",
        "set_password",
        "\u{455}end_email",
        "get_output",
        "compute_stats",
        "postgres_query",
        "truncate_table",
        "list_runs",
        "dropbox_read",
        "delete_post",
        "Get_User",
        "get_user ",
        " get_user",
        "get_user\0",
        "get-user",
        "GET_USER",
        "",
        "get_user/../x",
        "ｇet_user",
    ] {
        let code = demand(&text, &Incoming::Tool { name, arguments: &none }).unwrap_err();
        assert_eq!(code, Code::DenyUnlisted, "{name:?}");
        let code = demand(&text, &Incoming::Prompt { name, arguments: &none }).unwrap_err();
        assert_eq!(code, Code::DenyUnlisted, "{name:?}");
    }
    assert!(demand(&text, &Incoming::Tool { name: "get_user", arguments: &none }).is_ok());
    // A tool is no prompt.
    let prompt = Incoming::Prompt { name: "get_user", arguments: &none };
    assert_eq!(demand(&text, &prompt).unwrap_err(), Code::DenyUnlisted);
    let long = "x".repeat(5_000);
    assert_eq!(demand(&text, &Incoming::Tool { name: &long, arguments: &none }).unwrap_err(), Code::DenyUnlisted);
}

#[test]
fn resources_are_matched_by_their_uri() {
    let text = "[server.s]
audience = 's'
[[server.s.resource]]
when = 'uri like file:///repo/public/*'
action = 'read:files'
level = 'public'
[[server.s.resource]]
when = 'uri like file:///repo/*'
action = 'read:files'
rule = [{ when = 'uri like *.md', level = 'internal' }, { level = 'confidential' }]
[[server.s.resource]]
when = 'uri scheme memo'
action = 'read:memo'
level = 'internal'
";
    let read = |uri: &str| demand(text, &Incoming::Resource { uri });
    assert_eq!(level(&read("file:///repo/public/a").unwrap()), Level::Public);
    assert_eq!(level(&read("file:///repo/a.md").unwrap()), Level::Internal);
    let other = read("file:///repo/a").unwrap();
    assert_eq!((level(&other), other.rule()), (Level::Confidential, Some(2)));
    assert_eq!(other.request().call().to_string(), "resources/read file:///repo/a");
    assert_eq!(other.request().stated_arguments().to_json(), r#"{"uri":"file:///repo/a"}"#);
    assert_eq!(actions(&read("memo://insights").unwrap()), ["read:memo"]);
    for (uri, code) in [
        ("file:///etc/passwd", Code::DenyUnlisted),
        ("file:///repo/public/../secret", Code::DenyUrl),
        ("file:///repo/public/%2e%2e/secret", Code::DenyUrl),
        ("FILE:///repo/public/a", Code::DenyUrl),
        ("file://repo/public/a", Code::DenyUrl),
        ("file:/repo/public/a", Code::DenyUrl),
        ("/repo/public/a", Code::DenyUrl),
        ("", Code::DenyUrl),
        ("file:///repo/public/..%2fsecret", Code::DenyUrl),
        ("file:///repo/public/%5C..", Code::DenyUrl),
        ("file:///repo/public/x?/../../secret", Code::DenyUrl),
        ("file:///repo/public/x#/../../secret", Code::DenyUrl),
        ("memo:a/../b", Code::DenyUrl),
    ] {
        assert_eq!(read(uri).map(|_| ()), Err(code), "{uri}");
    }
}

#[test]
fn routes_are_matched_in_order() {
    let text = "[server.s]
audience = 's'
[[server.s.route]]
method = 'GET'
path = '/users/me'
action = 'read:me'
level = 'internal'
[[server.s.route]]
method = 'GET'
path = '/users/{id}'
action = 'read:users:{/path/id}'
rule = [
  { when = '/query/full = \"1\"', level = 'restricted' },
  { level = 'confidential' },
]
[[server.s.route]]
method = 'POST'
path = '/users'
body = 'json'
action = 'write:users'
level = 'confidential'
rule = [{ when = '/body/name len <= 8' }]
";
    // TOML 1.0 has no inline tables over several lines, but arrays of them.
    let call = |method: &str, target: &str, body: &str| {
        demand(text, &Incoming::Http { method, target, content_type: Some("application/json"), body: body.as_bytes() })
    };
    assert_eq!(actions(&call("GET", "/users/me", "").unwrap()), ["read:me"]);
    let full = call("GET", "/users/7?full=1", "").unwrap();
    assert_eq!((actions(&full), level(&full)), (vec!["read:users:7"], Level::Restricted));
    assert_eq!(full.request().call().to_string(), "http GET /users/7?full=1");
    assert!(call("POST", "/users", r#"{"name": "ada"}"#).is_ok());
    for (method, target, body, code) in [
        ("GET", "/users/7", "", Code::DenyMissingArgument),
        ("DELETE", "/users/7", "", Code::DenyUnlisted),
        ("get", "/users/me", "", Code::DenyRoute),
        ("GET", "/users/ME", "", Code::DenyRoute),
        ("GET", "/users/7/", "", Code::DenyUnlisted),
        ("GET", "/users/../admin", "", Code::DenyRoute),
        ("GET", "/users/7%2fx", "", Code::DenyRoute),
        ("GET", "//users/me", "", Code::DenyRoute),
        ("GET", "/users/a+b=c?full=0", "", Code::DenyTemplate),
        ("GET", "/users/me", "x", Code::DenyRoute),
        ("POST", "/users", "", Code::DenyMissingArgument),
        ("POST", "/users", r#"{"name": "ada", "name": "eve"}"#, Code::ParseJsonDuplicate),
        ("POST", "/users", r#"{"name": "ada lovelace"}"#, Code::DenyUnmatched),
    ] {
        assert_eq!(call(method, target, body).map(|_| ()), Err(code), "{method} {target} {body}");
    }
}

#[test]
fn the_patterns_of_a_tool_cover_what_it_may_need() {
    let text = tool(
        "rule = [
        { when = 'a = 1', action = 'read:{b}', level = 'public' },
        { action = 'delete:x', sink = ['send:{host u}:y'], level = 'public' }]",
    );
    let catalogue = Catalogue::from_toml(&text).unwrap();
    let server = catalogue.server("s", None).unwrap();
    let ways: Vec<Vec<String>> =
        server.tool_patterns("t").map(|way| way.iter().map(|p| p.as_str().to_owned()).collect()).collect();
    assert_eq!(ways, [vec!["read:*"], vec!["delete:x", "send:*:y"]]);
    assert_eq!(server.tool_patterns("u").count(), 0);
}
