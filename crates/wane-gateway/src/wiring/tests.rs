use super::*;

fn runner() -> Runner {
    Runner { program: "/usr/bin/wane".into(), flags: [(Flag::Aud, "files".into())].into(), gateway: None }
}

#[track_caller]
fn wrapped(text: &str, layout: Layout) -> Edit {
    let edit = enforce(text, layout, &runner(), &[]).unwrap();
    let stopped = stop(edit.text(), layout, "/usr/bin/wane", Some(text)).unwrap();
    assert_eq!(stopped.text(), text, "what was wrapped and unwrapped");
    let again = enforce(edit.text(), layout, &runner(), &[]).unwrap();
    assert!(!again.is_changed() && again.text() == edit.text() && again.diff().is_empty());
    edit
}

/// What the only server came to.
#[track_caller]
fn refused(text: &str, layout: Layout) -> Why {
    let edit = wrapped(text, layout);
    assert!(!edit.is_changed() && edit.text() == text && edit.diff().is_empty());
    match edit.outcomes() {
        [Outcome { state: State::Refused(why), .. }] => why.clone(),
        other => panic!("{other:?}"),
    }
}

const LINE: &str = r#""mcp", "run", "--server", "a", "--aud", "files", "--""#;

#[test]
fn a_list_on_one_line_stays_on_one_line() {
    for (args, after) in [
        (r#"["-y", "x"]"#, r#"[LINE, "npx", "-y", "x"]"#),
        (r#"[ "-y" ]"#, r#"[ LINE, "npx", "-y" ]"#),
        (r#"["-y" /* yes */,]"#, r#"[LINE, "npx", "-y" /* yes */,]"#),
        ("[]", r#"[LINE, "npx"]"#),
        ("[ ]", r#"[LINE, "npx" ]"#),
        ("[/* none */]", r#"[LINE, "npx"/* none */]"#),
    ] {
        let text = format!(r#"{{"servers": {{"a": {{"args": {args}, "command": "npx"}}}}}}"#);
        let expected = text.replace(args, &after.replace("LINE", LINE)).replace(r#": "npx""#, r#": "/usr/bin/wane""#);
        assert_eq!(wrapped(&text, Layout::Servers).text(), expected);
    }
}

#[test]
fn a_list_of_lines_gets_more_lines_with_the_same_ends() {
    for end in ["\n", "\r\n"] {
        let text = "\u{feff}// mine\n{\n\t\"mcpServers\": {\n\t\t\"a\": {\n\t\t\t\"command\": \"n\\u0070x\", // run\n\t\t\t\"args\": [\n\
                    \t\t\t\t// first\n\t\t\t\t\"-y\",\n\t\t\t\t\"x\", // last\n\t\t\t],\n\t\t\t\"env\": {\"K\": \"v\"},\n\t\t},\n\t},\n}\n"
            .replace('\n', end);
        let edit = wrapped(&text, Layout::McpServers);
        let lines = LINE.replace(", ", &format!(",{end}\t\t\t\t"));
        let expected = text
            .replace("\"command\": \"n\\u0070x\"", "\"command\": \"/usr/bin/wane\"")
            .replace("\"-y\"", &format!("{lines},{end}\t\t\t\t\"n\\u0070x\",{end}\t\t\t\t\"-y\""));
        assert_eq!(edit.text(), expected);
        assert_eq!(edit.diff().iter().filter(|line| line.starts_with('-')).count(), 2, "{:?}", edit.diff());
    }
}

#[test]
fn a_server_without_arguments_gets_a_list_as_its_command_stands() {
    for (before, after) in [
        (r#"{"command":"npx"}"#, r#"{"command":"/usr/bin/wane","args":[LINE, "npx"]}"#),
        (r#"{ "command": "npx" }"#, r#"{ "command": "/usr/bin/wane", "args": [LINE, "npx"] }"#),
        (
            "{\n  \"command\" : \"npx\", // x\n}",
            "{\n  \"command\" : \"/usr/bin/wane\",\n  \"args\" : [LINE, \"npx\"], // x\n}",
        ),
    ] {
        let text = |entry: &str| format!(r#"{{"servers": {{"a": {entry}}}}}"#);
        assert_eq!(wrapped(&text(before), Layout::Servers).text(), text(&after.replace("LINE", LINE)));
    }
    for (before, after) in [
        (
            "[mcp_servers.a]\r\ncommand='npx' # x\r\n",
            "[mcp_servers.a]\r\ncommand=\"/usr/bin/wane\"\r\nargs=[LINE, 'npx'] # x\r\n",
        ),
        (
            "mcp_servers.a.command = 'npx'",
            "mcp_servers.a.command = \"/usr/bin/wane\"\nmcp_servers.a.args = [LINE, 'npx']",
        ),
        (
            "[mcp_servers]\n  a.command = 'npx'",
            "[mcp_servers]\n  a.command = \"/usr/bin/wane\"\n  a.args = [LINE, 'npx']",
        ),
        (
            "[mcp_servers]\na = { command = 'npx' }",
            "[mcp_servers]\na = { command = \"/usr/bin/wane\", args = [LINE, 'npx'] }",
        ),
    ] {
        assert_eq!(wrapped(before, Layout::Toml).text(), after.replace("LINE", LINE));
    }
    assert_eq!(refused("mcp_servers = { a.command = 'npx' }", Layout::Toml), Why::Dotted);
    assert!(wrapped("mcp_servers = { a.command = 'npx', a.args = [] }", Layout::Toml).is_changed());
}

#[test]
fn toml_keeps_its_own_texts() {
    let text = "# mine\n[mcp_servers.a]\nargs = [\n  '-y', # yes\n  \"\"\"x\ny\"\"\",\n]\ncommand = '''np\nx'''\nenabled = true\n\
                [mcp_servers.a.env]\nKEY = 'v'\n";
    let edit = wrapped(text, Layout::Toml);
    let lines = LINE.replace(", ", ",\n  ");
    let expected = text
        .replace("'-y'", &format!("{lines},\n  '''np\nx''',\n  '-y'"))
        .replace("= '''np\nx'''", "= \"/usr/bin/wane\"");
    assert_eq!(edit.text(), expected);
}

#[test]
fn each_layout_has_its_own_place() {
    let text = r#"{"mcpServers": {"a": {"command": "a"}}, "servers": {"b": {"command": "b"}}, "projects": {"/p": {"mcpServers": {"c": {"command": "c"}}}, "/q": 1}}"#;
    let places = |layout| {
        let edit = wrapped(text, layout);
        edit.outcomes().iter().map(|found| format!("{} {}", found.place, found.name)).collect::<Vec<_>>()
    };
    assert_eq!(places(Layout::McpServers), ["mcpServers a"]);
    assert_eq!(places(Layout::Servers), ["servers b"]);
    assert_eq!(places(Layout::Projects), ["mcpServers a", "projects./p.mcpServers c"]);
    assert_eq!(places(Layout::AnyJson), ["mcpServers a", "servers b", "projects./p.mcpServers c"]);
    for empty in ["", "\u{feff}", "// none\n", "{}", r#"{"mcpServers": {}}"#] {
        assert!(wrapped(empty, Layout::AnyJson).outcomes().is_empty());
    }
    assert!(wrapped("model = 'x'\n", Layout::Toml).outcomes().is_empty());
}

#[test]
fn what_cannot_be_wrapped_is_not_touched() {
    let cases = [
        (r#"{"url": "https://a"}"#, Why::Gateway),
        (r#"{"url": "https://a", "command": "x"}"#, Why::Remote("url")),
        (r#"{"type": "sse", "url": "https://a"}"#, Why::Type("sse".into())),
        (r#"{"type": "stdio", "url": "https://a"}"#, Why::Type("stdio".into())),
        (r#"{"url": "ws://a"}"#, Why::Url),
        (r#"{"url": ["https://a"]}"#, Why::Url),
        (r#"{"url": "https://a", "headers": []}"#, Why::Headers),
        (r#"{"url": "https://a", "headers": {"a": 1}}"#, Why::Headers),
        (r#"{"serverUrl": "https://a", "command": "x"}"#, Why::Remote("serverUrl")),
        (r#"{"httpUrl": "https://a"}"#, Why::Remote("httpUrl")),
        (r#"{"type": "sse", "command": "x"}"#, Why::Type("sse".into())),
        (r#"{"type": 1, "command": "x"}"#, Why::Type("…".into())),
        (r#"{"command": "x", "command": "y"}"#, Why::Twice("command".into())),
        (r#"{"command": "x", "env": {}, "\u0065nv": {}}"#, Why::Twice("env".into())),
        ("[]", Why::NoObject),
        ("{}", Why::Command),
        (r#"{"command": ""}"#, Why::Command),
        (r#"{"command": ["x"]}"#, Why::Command),
        (r#"{"command": "x", "args": "y"}"#, Why::Args),
        (r#"{"command": "x", "args": null}"#, Why::Args),
        (r#"{"command": "x", "args": ["y", 1]}"#, Why::Args),
        (r#"{"command": "wane", "args": ["mcp", "run", "--server", "a"]}"#, Why::Foreign),
        (r#"{"command": "/opt/wane", "args": ["mcp", "run", "--server", "a", "--"]}"#, Why::Foreign),
        (r#"{"command": "/opt/wane", "args": ["mcp", "run", "--server", "a", "--", ""]}"#, Why::Foreign),
    ];
    for (entry, why) in cases {
        let text = format!(r#"{{"mcpServers": {{"a": {entry}}}}}"#);
        assert_eq!(refused(&text, Layout::McpServers), why, "{entry}");
    }
    for name in ["", "A", "1a", "a_b", "a b", &"a".repeat(65)] {
        let text = format!(r#"{{"servers": {{"{name}": {{"command": "x"}}}}}}"#);
        assert_eq!(refused(&text, Layout::Servers), Why::Name, "{name}");
    }
    assert_eq!(refused(r#"{"mcpServers": []}"#, Layout::McpServers), Why::NoObject);
    for (text, why) in [
        ("mcp_servers = 1", Why::NoObject),
        ("[mcp_servers]\na = 1", Why::NoObject),
        ("[mcp_servers.a]\nurl = 'x'", Why::Remote("url")),
        ("[mcp_servers.a]\ncommand = 1", Why::Command),
        ("[mcp_servers.a]\ncommand = 'x'\nargs = [1]", Why::Args),
        ("[mcp_servers.a_b]\ncommand = 'x'", Why::Name),
    ] {
        assert_eq!(refused(text, Layout::Toml), why, "{text}");
    }
}

#[test]
fn what_stands_twice_anywhere_above_is_not_touched() {
    let one = r#"{"a": {"command": "x"}}"#;
    for (text, twice) in [
        (r#"{"mcpServers": ONE, "mcpServers": ONE}"#, "mcpServers"),
        (r#"{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}"#, "a"),
        (r#"{"projects": {"/p": {"mcpServers": ONE}}, "projects": {"/q": {"mcpServers": ONE}}}"#, "projects"),
        (r#"{"projects": {"/p": {"mcpServers": ONE}, "/p": {"mcpServers": ONE}}}"#, "/p"),
    ] {
        let edit = wrapped(&text.replace("ONE", one), Layout::Projects);
        let states: Vec<_> = edit.outcomes().iter().map(|outcome| &outcome.state).collect();
        let why = State::Refused(Why::Twice(twice.into()));
        assert_eq!(states, [&why, &why], "{text}");
    }
}

#[test]
fn only_named_servers_are_wrapped() {
    let text = r#"{"servers": {"a": {"command": "x"}, "b": {"command": "y"}}}"#;
    let edit = enforce(text, Layout::Servers, &runner(), &["b".into()]).unwrap();
    assert_eq!(edit.outcomes().len(), 1);
    assert!(edit.text().starts_with(r#"{"servers": {"a": {"command": "x"}, "b": {"command": "/usr/bin/wane""#));
}

/// An entry `a` that is started so.
fn entry(program: &str, line: &str) -> String {
    format!(r#"{{"servers": {{"a": {{"command": "{program}", "args": [{line}]}}}}}}"#)
}

#[test]
fn wrapped_by_another_copy_is_not_this_one_and_is_undone() {
    let line = r#""mcp", "run", "--server", "a", "--token", "t", "--", "x", "--", "y""#;
    for program in ["wane", "./wane", "/opt/wane", "/opt/wane.exe", "/opt/wane-1/wane-x86_64", "/usr/bin/wane"] {
        let text = entry(program, line);
        let edit = enforce(&text, Layout::Servers, &runner(), &[]).unwrap();
        let expected = match program {
            // It may say anything.
            "/usr/bin/wane" => State::Refused(Why::Flags),
            // Whether that is there, and what it is, nobody knows.
            _ => State::Refused(Why::Elsewhere(program.into())),
        };
        assert_eq!((&edit.outcomes()[0].state, edit.is_changed()), (&expected, false), "{program}");
        let stopped = stop(&text, Layout::Servers, "/usr/bin/wane", None).unwrap();
        assert_eq!(stopped.text(), r#"{"servers": {"a": {"command": "x", "args": ["--", "y"]}}}"#);
    }
    // This is none of ours, and the line is: it is neither wrapped once more nor taken for ours.
    for program in ["/opt/wan", "/opt/wanes", "/opt/x-wane", "sh"] {
        let text = entry(program, line);
        let edit = enforce(&text, Layout::Servers, &runner(), &[]).unwrap();
        assert_eq!(edit.outcomes()[0].state, State::Refused(Why::Foreign), "{program}");
        let stopped = stop(&text, Layout::Servers, "/usr/bin/wane", None).unwrap();
        assert_eq!((&stopped.outcomes()[0].state, stopped.text()), (&State::Refused(Why::Foreign), &*text));
    }
}

#[test]
fn what_is_not_exactly_what_is_written_here_is_not_guessed_at() {
    for line in [
        // The name of another server.
        r#""mcp", "run", "--server", "other", "--aud", "files", "--", "x""#,
        r#""mcp", "run", "--aud", "files", "--server", "a", "--", "x""#,
        r#""mcp", "run", "--server", "a", "--aud", "files", "--aud", "mail", "--", "x""#,
        r#""mcp", "run", "--server", "a", "--aud", "files", "--token", "t", "--", "x""#,
        r#""mcp", "run", "--server", "a", "--client-tokens", "--", "x""#,
        r#""mcp", "run", "--server", "a", "--log-secret", "f", "--", "x""#,
        r#""mcp", "run", "--server", "a", "--aud=files", "--", "x""#,
        r#""mcp", "run", "--server", "a", "--aud", "--", "x""#,
        r#""mcp", "run", "--server", "a", "--aud", "", "--", "x""#,
        r#""mcp", "run", "--server", "a", "--", "", "x""#,
        r#""mcp", "run", "--server", "a", "--aud", "files""#,
        r#""mcp", "run", "--server=a", "--", "x""#,
    ] {
        let text = entry("/usr/bin/wane", line);
        for edit in [
            enforce(&text, Layout::Servers, &runner(), &[]).unwrap(),
            stop(&text, Layout::Servers, "/usr/bin/wane", None).unwrap(),
        ] {
            assert_eq!(edit.outcomes()[0].state, State::Refused(Why::Foreign), "{line}");
            assert_eq!((edit.text(), edit.is_changed()), (&*text, false));
        }
    }
}

#[test]
fn what_somebody_has_written_into_it_is_not_taken_out() {
    let text =
        "{\"servers\": {\n  \"a\": {\"command\": \"sh\", \"args\": [\"a\"]},\n  \"b\": {\"command\": \"y\"}\n}}\n";
    let now = enforce(text, Layout::Servers, &runner(), &[]).unwrap().text().to_owned();
    for (from, to) in [
        ("\"sh\", \"a\"", "\"sh\", /* mine */ \"a\""),
        ("\"--\", \"sh\"", "\"--\", // mine\n \"sh\""),
        ("\"sh\", \"a\"", "\"sh\" /* mine */, \"a\""),
        ("\"mcp\", \"run\"", "\"mcp\", /* mine */ \"run\""),
    ] {
        let edited = now.replacen(from, to, 1);
        assert_ne!(edited, now, "{from}");
        let stopped = stop(&edited, Layout::Servers, "/usr/bin/wane", Some(text)).unwrap();
        let states: Vec<_> = stopped.outcomes().iter().map(|outcome| outcome.state.clone()).collect();
        assert_eq!(states, [State::Refused(Why::Written), State::Unwrapped], "{to}");
        assert!(stopped.text().contains("mine") && stopped.text().contains("\"b\": {\"command\": \"y\"}"));
    }
    // Behind the list of a server that had none, it stays, and the list with it.
    let edited = now.replace("\"y\"]", "\"y\" /* mine */]");
    let stopped = stop(&edited, Layout::Servers, "/usr/bin/wane", Some(text)).unwrap();
    assert!(stopped.text().contains("\"command\": \"y\", \"args\": [ /* mine */]"), "{}", stopped.text());
    let edited = "[mcp_servers.a]\ncommand = '/usr/bin/wane'\nargs = [\n 'mcp', 'run', '--server', 'a', '--', # mine\n 'x', 'y' ]\n";
    let stopped = stop(edited, Layout::Toml, "/usr/bin/wane", None).unwrap();
    assert_eq!((&stopped.outcomes()[0].state, stopped.text()), (&State::Refused(Why::Written), edited));
}

#[test]
fn an_entry_does_not_say_what_it_is_judged_by() {
    for env in [
        r#"{"WANE_ROOTS": "evil.pub"}"#,
        r#"{"A": 1, "WANE_X": 2}"#,
        r#"{"WANE_AUD": null}"#,
        r#"{"LD_PRELOAD": "x.so"}"#,
        r#"{"DYLD_INSERT_LIBRARIES": "x"}"#,
        r#"{"XDG_STATE_HOME": "/tmp"}"#,
        r#"{"HOME": "/tmp"}"#,
        r#"{"W\u0041NE_A": "x"}"#,
    ] {
        let text = format!(r#"{{"servers": {{"a": {{"command": "x", "env": {env}}}}}}}"#);
        let ours = ["WANE_", "LD_", "DYLD_", "XDG_", "HOME"];
        let is_ours = |name: &str| ours.iter().any(|start| name.starts_with(start));
        assert!(matches!(refused(&text, Layout::Servers), Why::Setting(name) if is_ours(&name)), "{env}");
    }
    let text = r#"{"servers": {"a": {"command": "x", "env": {"HOMER": "b"}, "envFile": "${workspaceFolder}/.env"}}}"#;
    assert_eq!(refused(text, Layout::Servers), Why::Setting("envFile".into()));
    // Nor once it is wrapped.
    let now =
        enforce(r#"{"servers": {"a": {"command": "x", "env": {"A": "b"}}}}"#, Layout::Servers, &runner(), &[]).unwrap();
    let text = now.text().replace("\"A\"", "\"WANE_TOKEN_FILE\"");
    let edit = enforce(&text, Layout::Servers, &runner(), &[]).unwrap();
    assert_eq!(edit.outcomes()[0].state, State::Refused(Why::Setting("WANE_TOKEN_FILE".into())));
    assert!(stop(&text, Layout::Servers, "/usr/bin/wane", None).unwrap().is_changed());
    for text in [
        "[mcp_servers.a]\ncommand = 'x'\nenv = { WANE_LEDGER = 'y' }",
        "[mcp_servers.a]\ncommand = 'x'\n[mcp_servers.a.env]\nWANE_LEDGER = 1\n",
    ] {
        assert_eq!(refused(text, Layout::Toml), Why::Setting("WANE_LEDGER".into()));
    }
    for (text, layout) in [
        (r#"{"servers": {"a": {"command": "x", "env": ["WANE_ROOTS=evil.pub"]}}}"#, Layout::Servers),
        ("[mcp_servers.a]\ncommand = 'x'\nenv = ['WANE_ROOTS=evil.pub']", Layout::Toml),
    ] {
        assert_eq!(refused(text, layout), Why::Env);
    }
    assert!(
        wrapped(
            r#"{"servers": {"a": {"command": "x", "env": {"MY_WANE_": "x", "wane_roots": "y"}}}}"#,
            Layout::Servers
        )
        .is_changed()
    );
}

#[test]
fn edits_from_between_stay() {
    let text =
        "{\"servers\": {\n  \"a\": {\"command\": \"x\"},\n  \"b\": {\"command\": \"y\", \"args\": [\"1\"]}\n}}\n";
    let edit = enforce(text, Layout::Servers, &runner(), &[]).unwrap();
    let edited = edit
        .text()
        .replace("{\n  \"a\"", "{\n  // new\n  \"c\": {\"command\": \"z\"},\n  \"a\"")
        .replace("\"x\"]", "\"x\", ]")
        .replace("\"1\"", "\"1\", \"2\"");
    let stopped = stop(&edited, Layout::Servers, "/usr/bin/wane", Some(text)).unwrap();
    let expected = "{\"servers\": {\n  // new\n  \"c\": {\"command\": \"z\"},\n  \"a\": {\"command\": \"x\"},\n  \
                    \"b\": {\"command\": \"y\", \"args\": [\"1\", \"2\"]}\n}}\n";
    assert_eq!(stopped.text(), expected);
    for before in [None, Some("{broken"), Some("{}")] {
        let stopped = stop(&edited, Layout::Servers, "/usr/bin/wane", before).unwrap();
        assert_eq!(stopped.text(), expected.replace("\"x\"}", "\"x\", \"args\": [ ]}"));
    }
}

#[test]
fn halves_of_surrogate_pairs_are_no_obstacle() {
    let text = r#"{"history": ["\ud83d", "\udca9x", "\ud83d\ude00", "\\ud83d", "\ud83d\ud83d"], "mcpServers": {"a": {"command": "\ud83d", "args": []}}}"#;
    let edit = wrapped(text, Layout::McpServers);
    assert!(edit.text().contains(r#""--", "\ud83d"]"#), "{}", edit.text());
}

#[test]
fn what_may_be_secret_is_not_shown() {
    let text = "{\"token\": \"s1\", \"mcpServers\": {\"a\": {\"command\": \"npx\", \"args\": [\"s2\"], \"env\": {\"K\": \"s3\", \"L\": 4}}}}";
    let edit = wrapped(text, Layout::McpServers);
    let hidden = "{\"token\": \"***\", \"mcpServers\": {\"a\": {\"command\": \"npx\", \"args\": [\"***\"], \"env\": {\"K\": \"***\", \"L\": \"***\"}}}}";
    assert_eq!(edit.diff()[..2], ["@@ -1,1 +1,1 @@", &format!("-{hidden}")]);
    assert_eq!(
        edit.diff()[2],
        format!("+{}", hidden.replace("\"npx\"", "\"/usr/bin/wane\"").replace("[", &format!("[{LINE}, \"npx\", ")))
    );
    let stopped = stop(edit.text(), Layout::McpServers, "/usr/bin/wane", Some(text)).unwrap();
    let diff = stopped.diff().join("\n");
    assert!(["s1", "s2", "s3", "4}"].iter().all(|secret| !diff.contains(secret)), "{diff}");
    assert!(diff.contains(&format!("{LINE}, \"npx\", \"***\"]")), "{diff}");
    let text = "s = '''\ns1''' # x\n[mcp_servers.a]\ncommand = 'npx'\nargs = ['''\ns2''', 's3']\nenv = { K = 's4' }\n";
    let diff = wrapped(text, Layout::Toml).diff().join("\n");
    assert!(["s1", "s2", "s3", "s4"].iter().all(|secret| !diff.contains(secret)), "{diff}");
}

#[test]
fn a_diff_counts_its_lines() {
    let text =
        "{\"servers\": {\n  \"a\": {\n    \"command\": \"x\"\n  },\n  \"b\": {\n    \"command\": \"y\"\n  }\n}}\n";
    let diff = wrapped(text, Layout::Servers).diff().to_vec();
    let heads: Vec<_> = diff.iter().filter(|line| line.starts_with('@')).collect();
    assert_eq!(heads, ["@@ -3,1 +3,2 @@", "@@ -6,1 +7,2 @@"]);
    assert_eq!(diff[1..3], ["-    \"command\": \"x\"", "+    \"command\": \"/usr/bin/wane\","]);
}

#[test]
fn what_is_no_configuration_is_said_with_its_place() {
    for (text, layout, message) in [
        (
            "{\n \"a\" 1}",
            Layout::AnyJson,
            "line 2, column 6: expected colon after the string or word in object property",
        ),
        ("[]", Layout::AnyJson, "line 1, column 1: the text is no object"),
        ("{'a': 1}", Layout::AnyJson, "line 1, column 2: single-quoted strings are not allowed"),
        ("a = 1\nb = \"secret\n", Layout::Toml, "line 2, column 12: this is no toml"),
        ("a = 1\na = 2", Layout::Toml, "line 2, column 1: this is no toml"),
    ] {
        assert_eq!(enforce(text, layout, &runner(), &[]).unwrap_err().to_string(), message);
        assert!(stop(text, layout, "wane", None).is_err());
    }
}

#[test]
fn deep_texts_are_refused_or_read() {
    for depth in [100, 5_000, 100_000] {
        for text in [
            format!("{}1", "a.".repeat(depth).trim_end_matches('.').to_owned() + "="),
            format!("[mcp_servers.{}a]\ncommand = 'x'", "a.".repeat(depth)),
            format!("a = {}{}", "[".repeat(depth), "]".repeat(depth)),
            format!("a = {}1{}", "{a=".repeat(depth), "}".repeat(depth)),
        ] {
            let _ = enforce(&text, Layout::Toml, &runner(), &[]);
        }
        for text in [
            format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
            format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)),
        ] {
            assert!(enforce(&format!("{{\"a\": {text}}}"), Layout::AnyJson, &runner(), &[]).is_ok() == (depth < 512));
        }
    }
}

mod laws {
    use proptest::prelude::*;

    use super::*;

    /// White space and remarks between two words of JSON.
    fn gap() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["", " ", "\n  ", "\r\n\t", " /* a, [b] */ ", " // c \"\n ", "\t"])
            .prop_map(str::to_owned)
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::sample::select(vec!["", "npx", "--", "/usr/bin/wane", "mcp", "run", "/opt/wane", "--server", "a"])
                .prop_map(str::to_owned),
            any::<String>(),
        ]
        .prop_map(|text| serde_json::Value::from(text).to_string())
    }

    fn list() -> impl Strategy<Value = String> {
        let ours = r#"["mcp", "run", "--server", "a", "--aud", "y", "--", "z", "--"]"#;
        let elements = prop::collection::vec((gap(), text(), gap()), 0..4);
        let written = (elements, gap(), any::<bool>()).prop_map(|(elements, end, comma)| {
            let words: Vec<_> = elements.iter().map(|(before, word, after)| format!("{before}{word}{after}")).collect();
            let comma = if comma && !words.is_empty() { "," } else { "" };
            format!("[{}{comma}{end}]", words.join(","))
        });
        prop_oneof![4 => written, 1 => Just(ours.to_owned())]
    }

    fn member() -> impl Strategy<Value = String> {
        prop_oneof![
            5 => (gap(), gap(), text()).prop_map(|(a, b, text)| format!("\"command\"{a}:{b}{text}")),
            4 => (gap(), gap(), list()).prop_map(|(a, b, list)| format!("\"args\"{a}:{b}{list}")),
            2 => text().prop_map(|text| format!("\"env\": {{\"KEY\": {text}}}")),
            1 => prop::sample::select(vec!["\"type\": \"stdio\"", "\"url\": \"x\"", "\"cwd\": null", "\"args\": 1"])
                .prop_map(str::to_owned),
        ]
    }

    fn object(members: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        (prop::collection::vec((gap(), members, gap()), 0..5), gap(), any::<bool>()).prop_map(
            |(members, end, comma)| {
                let members: Vec<_> =
                    members.iter().map(|(before, member, after)| format!("{before}{member}{after}")).collect();
                let comma = if comma && !members.is_empty() { "," } else { "" };
                format!("{{{}{comma}{end}}}", members.join(","))
            },
        )
    }

    fn json() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec!["a", "b", "c", "files", "No", "/p"]);
        let server = (name, gap(), object(member())).prop_map(|(name, gap, entry)| format!("\"{name}\":{gap}{entry}"));
        let table = (prop::sample::select(vec!["mcpServers", "servers", "x"]), object(server))
            .prop_map(|(name, table)| format!("\"{name}\": {table}"));
        let mark = prop::sample::select(vec!["", "\u{feff}"]);
        (mark, gap(), object(table), gap())
            .prop_map(|(mark, before, root, after)| format!("{mark}{before}{root}{after}"))
    }

    fn toml() -> impl Strategy<Value = String> {
        let text =
            prop::sample::select(vec!["'npx'", "\"a\\tb\"", "'''x\ny'''", "\"\"\"z\"\"\"", "'--'", "'wane'", "''"]);
        let space = prop::sample::select(vec!["", " ", "\n", " # a\n  ", "\r\n\t"]);
        let list = prop::collection::vec((space, text.clone()), 0..4)
            .prop_map(|all| all.iter().map(|(space, text)| format!("{space}{text},")).collect::<String>());
        let args = prop::option::of(list.prop_map(|list| format!("[{list}]")));
        let end = prop::sample::select(vec!["\n", "\r\n"]);
        let entry = (0..5_usize, text, args);
        (prop::collection::vec(entry, 0..4), end, any::<bool>()).prop_map(|(entries, end, comment)| {
            let mut head = String::from("model = 'm'\n");
            let mut tables = String::new();
            for (i, (shape, command, args)) in entries.into_iter().enumerate() {
                let remark = if comment { " # mine" } else { "" };
                let line = |prefix: &str| {
                    let args = args.as_ref().map_or(String::new(), |args| format!("{prefix}args = {args}\n"));
                    format!("{prefix}command = {command}{remark}\n{args}")
                };
                match shape {
                    0 => head.push_str(&line(&format!("mcp_servers.s{i}."))),
                    1 => {
                        let args = args.as_ref().map_or(String::new(), |args| format!(", args = {args}"));
                        head.push_str(&format!("mcp_servers.s{i} = {{ command = {command}{args} }}{remark}\n"));
                    }
                    2 => {
                        tables.push_str(&format!("[mcp_servers.s{i}]\n{}[mcp_servers.s{i}.env]\nK = 'v'\n", line("  ")))
                    }
                    3 => tables.push_str(&format!("[mcp_servers.'S {i}']\n{}", line(""))),
                    _ => tables.push_str(&format!("[mcp_servers.s{i}]{remark}\nurl = 'x'\n")),
                }
            }
            format!("{head}{tables}").replace("\r\n", "\n").replace('\n', end)
        })
    }

    fn holds(text: &str, layout: Layout) -> Result<(), TestCaseError> {
        let Ok(edit) = enforce(text, layout, &runner(), &[]) else { return Ok(()) };
        prop_assert_eq!(edit.is_changed(), edit.text() != text);
        prop_assert_eq!(edit.is_changed(), !edit.diff().is_empty());
        let again = enforce(edit.text(), layout, &runner(), &[]).unwrap();
        prop_assert!(!again.is_changed(), "twice is once: {}", edit.text());
        // What was wrapped before, by this program or another copy of it, is unwrapped with the others.
        let before = stop(text, layout, "/usr/bin/wane", None).unwrap();
        let stopped = stop(edit.text(), layout, "/usr/bin/wane", Some(text)).unwrap();
        if !before.is_changed() {
            prop_assert_eq!(stopped.text(), text, "undone");
        }
        let unaided = stop(edit.text(), layout, "/usr/bin/wane", None).unwrap();
        prop_assert_eq!(unaided.outcomes(), stopped.outcomes());
        let (one, two) =
            (read(unmarked(stopped.text()).1, layout).unwrap(), read(unmarked(unaided.text()).1, layout).unwrap());
        prop_assert!(one.entries.len() == two.entries.len());
        prop_assert!(
            one.entries.iter().zip(&two.entries).all(|(one, two)| one.name == two.name && one.server.says(&two.server))
        );
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn undoing_gives_back_the_json_that_was(text in json()) {
            prop_assert!(enforce(&text, Layout::AnyJson, &runner(), &[]).is_ok(), "{text}");
            holds(&text, Layout::AnyJson)?;
        }

        #[test]
        fn undoing_gives_back_the_toml_that_was(text in toml()) {
            prop_assert!(enforce(&text, Layout::Toml, &runner(), &[]).is_ok(), "{text}");
            holds(&text, Layout::Toml)?;
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), json in json(), toml in toml(), at in any::<prop::sample::Index>()) {
            for text in [text.clone(), spoilt(&json, &text, at), spoilt(&toml, &text, at)] {
                for layout in [Layout::AnyJson, Layout::Toml] {
                    holds(&text, layout)?;
                    let _ = stop(&text, layout, "wane", Some(&json));
                }
            }
        }
    }

    /// The text with some of it replaced.
    fn spoilt(text: &str, by: &str, at: prop::sample::Index) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len() + 1);
        let end = (at + by.chars().count() % 3).min(letters.len());
        letters.splice(at..end, by.chars().take(3));
        letters.into_iter().collect()
    }
}
