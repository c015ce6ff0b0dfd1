//! Files that cannot be used.

use super::*;

#[test]
fn a_fault_has_a_place() {
    for (lines, place, why) in [
        ("action = 'read:a'\nlevel = 'secret'", "line 5, column 9", "`secret` is not a level"),
        ("action = 'read::a'\nlevel = 'public'", "line 4, column 10", "is no template of an action"),
        ("acton = 'read:a'", "line 4, column 1", "unknown field `acton`"),
        ("action = 'read:a'\naction = 'read:b'", "line 5, column 1", "duplicate key"),
        ("action = 'read:a'\nlevel = 'public'\nlabels = ['PII']", "line 6, column 10", "`PII` is not a name"),
        ("action = 1", "line 4, column 10", "invalid type"),
        ("level = 'public'", "line 3, column 1", "no `action` is stated"),
        ("action = 'read:a'", "line 3, column 1", "no `level` is stated"),
        ("action = 'a'\nlevel = 'public'\nrule = []", "line 3, column 1", "an empty list of rules"),
        ("action = 'a'\nlevel = 'public'\nwhen = 'a = 1'", "line 3, column 1", "`when` has no place here"),
        ("action = 'a'\nlevel = 'public'\npath = '/a'", "line 3, column 1", "`path` has no place here"),
        ("action = 'a'\nlevel = 'public'\ndigest = 'sha256:00'", "line 6, column 10", "is not `sha256:` and 64"),
    ] {
        let message = refused(&tool(lines));
        assert!(message.contains(place) && message.contains(why), "{lines}: {message}");
    }
}

#[test]
fn rules_say_what_is_missing_and_nothing_twice() {
    for (lines, why) in [
        ("action = 'a'\nrule = [{when = 'x = 1'}]", "rule 1: no `level` is stated"),
        ("level = 'public'\nrule = [{action = 'a', when = 'x = 1'}, {}]", "rule 2: no `action` is stated"),
        (
            "action = 'a'\nlevel = 'public'\nrule = [{level = 'internal'}]",
            "rule 1: `level` stands in the entry and in the rule",
        ),
        ("action = 'a'\nlabels = []\nrule = [{level = 'public', labels = []}]", "rule 1: `labels` stands in the entry"),
        ("action = 'a'\nrule = [{level = 'public'}, {level = 'internal'}]", "rule 2 is never reached"),
        ("action = 'a'\nrule = [{level = 'public', digest = 'sha256:0'}]", "is not `sha256:`"),
        ("action = 'a'\nrule = [{level = 'public', rule = []}]", "rule 1: `rule` has no place here"),
        ("action = 'a'\nrule = [{level = 'public', closed-world = true}]", "rule 1: `closed-world` has no place here"),
        ("action = 'a'\nrule = [{level = 'public', wehn = 'x = 1'}]", "unknown field `wehn`"),
    ] {
        let message = refused(&tool(lines));
        assert!(message.contains(why), "{lines}: {message}");
    }
}

#[test]
fn conditions_are_those_of_scopes_and_two_have_no_place() {
    for (when, why) in [
        ("@said.purpose = x", "what the holder says has no place"),
        ("id seen list.ids", "`seen` has no place"),
        ("", "cannot read the scope"),
        ("path under data", "is not a plain absolute path"),
        ("a = 1 only", "cannot read the scope"),
        ("a = 1 open", "cannot read the scope"),
        ("a = 1 or b = 2", "cannot read the scope"),
        ("if a = 1", "cannot read the scope"),
        ("not a = 1", "cannot read the scope"),
    ] {
        let message = refused(&tool(&format!("action = 'a'\nrule = [{{level = 'public', when = '{when}'}}]")));
        assert!(message.contains(why), "{when}: {message}");
    }
}

#[test]
fn an_open_world_is_not_read_from_without_a_word() {
    let open = |lines: &str| tool(&format!("level = 'public'\nopen-world = true\n{lines}"));
    for lines in [
        "action = 'send:web'",
        "action = 'read:web'\nsink = ['send:web']",
        "action = 'read:web'\nclosed-world = true",
        "action = 'delete:web'",
    ] {
        assert!(Catalogue::from_toml(&open(lines)).is_ok(), "{lines}");
    }
    for lines in [
        "action = 'read:web'",
        "action = 'write:web'",
        "action = 'read:web'\nclosed-world = false",
        "action = 'read:web'\nsink = ['read:x']",
        "rule = [{action = 'send:web', when = 'a = 1'}, {action = 'read:web'}]",
    ] {
        let message = refused(&open(lines));
        assert!(message.contains("the server calls it open-world"), "{lines}: {message}");
    }
}

#[test]
fn values_have_their_forms() {
    let with = |line: &str| tool(&format!("action = 'read:a'\nlevel = 'public'\n{line}"));
    for (line, accepted) in [
        ("costs = { calls = 1, rows = '{limit}', bytes = '{/a/b}', n = '{@env}' }", true),
        ("costs = { calls = -1 }", false),
        ("costs = { calls = 1.0 }", false),
        ("costs = { calls = 'limit' }", false),
        ("costs = { calls = '{@said.x}' }", false),
        ("costs = { Calls = 1 }", false),
        ("costs = { calls = 9007199254740992 }", false),
        ("facts = { env = 'prod', n = 3, up = true }", true),
        ("facts = { tool = 'x' }", false),
        ("facts = { server = 'x' }", false),
        ("facts = { said = 'x' }", false),
        ("facts = { env = ['prod'] }", false),
        ("facts = { env = { a = 1 } }", false),
        ("facts = { env = 1.5 }", false),
        ("facts = { env = 2026-01-01 }", false),
        ("sink = ['send:a', 'send:b', 'send:c']", true),
        ("sink = ['send:a', 'send:b', 'send:c', 'send:d']", false),
        ("sink = 'send:a'", false),
        ("sink = []", false),
        ("trusted = { 'a.ids' = ['/items/*/id', '/id'] }", true),
        ("trusted = { 'a.ids' = [] }", false),
        ("trusted = { 'a.ids' = ['items'] }", false),
        ("trusted = { '' = ['/a'] }", false),
        ("level = 1", false),
    ] {
        assert_eq!(Catalogue::from_toml(&with(line)).is_ok(), accepted, "{line}");
    }
}

#[test]
fn servers_and_audiences() {
    for (text, accepted) in [
        ("", true),
        ("[server.s]", true),
        ("[server.S]", false),
        ("[servers.s]", false),
        ("[server.s]\naudience = 'files'", true),
        ("[server.s]\naudience = 'files:*'", false),
        ("[server.s]\naudience = ''", false),
        ("[server.s]\nrequest-seal = 'yes'", false),
        ("[[server.s.resource]]\naction = 'a'\nlevel = 'public'", true),
        ("[[server.s.resource]]\naction = 'a'\nlevel = 'public'\ndigest = 'x'", false),
        ("[[server.s.route]]\naction = 'a'\nlevel = 'public'\nmethod = 'GET'", false),
        ("[[server.s.route]]\naction = 'a'\nlevel = 'public'\nmethod = 'GET'\npath = '/a'\nbody = 'xml'", false),
        ("[server.s.prompt.p]\naction = 'a'\nlevel = 'public'", true),
        (
            "[[server.s.resource]]\naction = 'a'\nlevel = 'public'\n\
             [[server.s.resource]]\nwhen = 'uri scheme file'\naction = 'a'\nlevel = 'public'",
            false,
        ),
        (
            "[[server.s.route]]\naction = 'a'\nlevel = 'public'\nmethod = 'GET'\npath = '/{x}'\n\
             [[server.s.route]]\naction = 'a'\nlevel = 'public'\nmethod = 'GET'\npath = '/a'",
            false,
        ),
        (
            "[[server.s.route]]\naction = 'a'\nlevel = 'public'\nmethod = 'GET'\npath = '/a'\n\
             [[server.s.route]]\naction = 'a'\nlevel = 'public'\nmethod = 'GET'\npath = '/{x}'",
            true,
        ),
        ("[server.s.prompt.p]\naction = 'a'\nlevel = 'public'\nclosed-world = true", false),
    ] {
        assert_eq!(Catalogue::from_toml(text).is_ok(), accepted, "{text}");
    }
    let catalogue = Catalogue::from_toml("[server.s]").unwrap();
    assert_eq!(catalogue.server("s", None).unwrap_err().code(), Code::ParseCatalogue);
    let server = catalogue.server("s", Some("a".parse().unwrap())).unwrap();
    assert_eq!((server.name(), server.audience().as_str(), server.to_string().as_str()), ("s", "a", "s as a"));
}

#[test]
fn yaml_says_the_same_and_nothing_that_only_yaml_can() {
    let yaml = |text: &str| {
        Catalogue::from_yaml(text).map_err(|refusal| {
            assert_eq!(refusal.code(), Code::ParseCatalogue, "{text}");
            refusal.to_string()
        })
    };
    let good = "server:\n  s:\n    audience: s\n    tool:\n      t:\n        action: read:a\n        level: public\n";
    let same = tool("action = 'read:a'\nlevel = 'public'");
    let both = [Catalogue::from_toml(&same).unwrap(), yaml(good).unwrap()];
    assert_eq!(format!("{:?}", both[0]), format!("{:?}", both[1]));
    let secret = yaml(&good.replace("public", "secret")).unwrap_err();
    assert!(secret.contains("line 7, column 16: ") && secret.contains("`secret` is not a level"), "{secret}");
    for text in [
        good.replace("level:", "levle:"),
        format!("{good}        level: internal\n"),
        good.replace("action: read:a", "action: &a read:a").replace("audience: s", "audience: *a"),
        format!("{good}---\n{good}"),
        good.replace("action: read:a", "<<: {action: read:a}"),
        good.replace("audience: s", "audience: s\n    request-seal: yes"),
        good.replace("audience: s", "audience: [s]"),
        good.replace("audience: s", "audience:"),
        good.replace("level: public", "level: public\n        digest:"),
        good.replace("level: public", "level: public\n        sink:"),
        good.replace("level: public", "level: public\n        labels: ~"),
        good.replace("level: public", "level: public\n        open-world: null"),
        good.replace("level: public", "rule: [{ when: , level: public }]"),
        good.replace("level: public", "level: public\n        rule:"),
        good.replace("action: read:a", "action: !x read:a"),
        good.replace("action: read:a", "!x action: read:a"),
        good.replace("level: public", "level: public\n        costs: { n: 1_000 }"),
        good.replace("level: public", "level: public\n        costs: { n: 012 }"),
        good.replace("level: public", "level: public\n        costs: { n: {limit} }"),
        good.replace("public", "\u{1}"),
        "server: [".repeat(1_000),
        "- a".into(),
    ] {
        let answer = yaml(&text);
        assert!(answer.is_err(), "{text}");
        assert!(!answer.unwrap_err().contains('\n'), "{text}");
    }
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n";
    assert!(yaml(bomb).is_err());
    let large = format!("# {}\n", "x".repeat(crate::toml_text::FILE_BYTES));
    assert!(yaml(&large).unwrap_err().contains("at most 1048576"));
    assert!(refused(&large).contains("at most 1048576"));
}
