use super::super::{Edit, Layout, Runner, State, enforce, listed, stop, without_bearers};
use super::*;

const ORIGIN: &str = "https://127.0.0.1:7000";

fn runner(origin: &str, letter: &str) -> Runner {
    let gateway = HttpGateway::new(origin, &letter.repeat(43));
    Runner { program: "/usr/bin/wane".into(), flags: std::collections::BTreeMap::new(), gateway }
}

/// The entry as the only server of a client, called `a`.
fn only(entry: &str) -> String {
    format!("{{\"mcpServers\": {{\"a\": {entry}}}}} // mine\n")
}

#[track_caller]
fn wrapped(text: &str) -> Edit {
    let runner = runner(ORIGIN, "x");
    let edit = enforce(text, Layout::McpServers, &runner, &[]).unwrap();
    let stopped = stop(edit.text(), Layout::McpServers, "/usr/bin/wane", Some(text)).unwrap();
    assert_eq!(stopped.text(), text, "what was wrapped and unwrapped");
    let again = enforce(edit.text(), Layout::McpServers, &runner, &[]).unwrap();
    assert!(!again.is_changed() && again.outcomes().iter().all(|outcome| outcome.state != State::Wrapped));
    edit
}

#[track_caller]
fn state(edit: &Edit) -> &State {
    let [outcome] = edit.outcomes() else { panic!("{:?}", edit.outcomes()) };
    &outcome.state
}

#[test]
fn a_url_leads_to_the_gateway_and_keeps_what_it_was() {
    let bearer = format!("\"Authorization\": \"Bearer {}\"", "x".repeat(43));
    for (before, after) in [
        (r#"{"url": "https://h/m"}"#, r#"{"url": "GATEWAYhttps://h/m", "headers": {BEARER}}"#),
        (r#"{"url":"https://h/m"}"#, r#"{"url":"GATEWAYhttps://h/m","headers":{BEARER}}"#),
        (
            "{\n\t\"type\": \"http\",\n\t\"url\": \"https://h/m\" // there\n}",
            "{\n\t\"type\": \"http\",\n\t\"url\": \"GATEWAYhttps://h/m\",\n\t\"headers\": {BEARER} // there\n}",
        ),
        (r#"{"headers": {}, "url": "https://h/m"}"#, r#"{"headers": {BEARER}, "url": "GATEWAYhttps://h/m"}"#),
        (
            r#"{"url": "https:\/\/h\/m?k=\u0031#x", "headers": { "K": "v" /* own */, }}"#,
            r#"{"url": "GATEWAYhttps:\/\/h\/m?k=\u0031#x", "headers": { BEARER, "K": "v" /* own */, }}"#,
        ),
        (
            "{\"url\": \"http://h\", \"headers\": {\n  // mine\n  \"K\": \"v\"\n}}",
            "{\"url\": \"GATEWAYhttp://h\", \"headers\": {\n  // mine\n  BEARER,\n  \"K\": \"v\"\n}}",
        ),
    ] {
        let after = after.replace("GATEWAY", &format!("{ORIGIN}/a/mcp#")).replace("BEARER", &bearer);
        assert_eq!(wrapped(&only(before)).text(), only(&after));
    }
}

#[test]
fn each_start_of_a_gateway_has_another_bearer() {
    let text = only(r#"{"url": "https://h/m", "headers": {"K": "v"}}"#);
    let once = wrapped(&text);
    for (origin, letter) in [("https://127.0.0.1:7000", "y"), ("https://[::1]:7001", "x")] {
        let again = enforce(once.text(), Layout::McpServers, &runner(origin, letter), &[]).unwrap();
        assert_eq!(state(&again), &State::Wrapped);
        let expected = once.text().replace(ORIGIN, origin).replace(&"x".repeat(43), &letter.repeat(43));
        assert_eq!(again.text(), expected);
        assert_eq!(stop(again.text(), Layout::McpServers, "/usr/bin/wane", None).unwrap().text(), text);
    }
    // Without a gateway nobody knows which one is meant.
    let none = Runner { gateway: None, ..runner(ORIGIN, "x") };
    let edit = enforce(once.text(), Layout::McpServers, &none, &[]).unwrap();
    assert_eq!((state(&edit), edit.is_changed()), (&State::Refused(Why::Gateway), false));
}

#[test]
fn what_cannot_be_put_behind_it_is_not_touched() {
    for (entry, why) in [
        (r#"{"url": "https://h", "headers": {"authorization": "Bearer own"}}"#, Why::Authorization),
        (r#"{"type": "sse", "url": "https://h"}"#, Why::Type("sse".into())),
        (r#"{"url": "unix:///x"}"#, Why::Url),
        (r#"{"url": "http://127.0.0.1:7000/a/mcp#https://h"}"#, Why::Altered),
        (r#"{"url": "http://127.0.0.1:7000/a/mcp#https://h", "headers": {"Authorization": "Bearer x"}}"#, Why::Altered),
        (r#"{"serverUrl": "https://h"}"#, Why::Remote("serverUrl")),
        (r#"{"url": "https://h", "headers": {"K": "v", "cookie": "x"}}"#, Why::Dropped("cookie".into())),
        (r#"{"url": "https://h", "headers": {"X_Key": "x"}}"#, Why::Dropped("X_Key".into())),
        (r#"{"url": "http://h", "headers": {"X-Forwarded-For": "x"}}"#, Why::Dropped("X-Forwarded-For".into())),
    ] {
        let edit = enforce(&only(entry), Layout::McpServers, &runner(ORIGIN, "x"), &[]).unwrap();
        assert_eq!((state(&edit), edit.is_changed()), (&State::Refused(why), false), "{entry}");
    }
    let named = r#"{"mcpServers": {"A b": {"url": "https://h"}}}"#;
    let edit = enforce(named, Layout::McpServers, &runner(ORIGIN, "x"), &[]).unwrap();
    assert_eq!(state(&edit), &State::Refused(Why::Name));
    let toml = "[mcp_servers.a]\nurl = 'https://h'\n";
    let edit = enforce(toml, Layout::Toml, &runner(ORIGIN, "x"), &[]).unwrap();
    assert_eq!(state(&edit), &State::Refused(Why::Remote("url")));
    let listed = listed(&only(r#"{"url": "https://h"}"#), Layout::McpServers, "/usr/bin/wane").unwrap();
    assert_eq!(listed[0].start, Err(Why::Remote("url")));
}

#[test]
fn what_was_edited_in_between_stays() {
    let text = only(r#"{"url": "https://h/m"}"#);
    let edit = wrapped(&text);
    let stopped = |text: &str, before| stop(text, Layout::McpServers, "/usr/bin/wane", before).unwrap();
    // Without the old text nobody knows that there was no table.
    assert_eq!(stopped(edit.text(), None).text(), only(r#"{"url": "https://h/m", "headers": {}}"#));
    let more = edit.text().replace("\"}}", "\", \"K\": \"v\"}, \"timeout\": 5}");
    let expected = only(r#"{"url": "https://h/m", "headers": {"K": "v"}, "timeout": 5}"#);
    assert_eq!(stopped(&more, Some(&text)).text(), expected);
    // Behind another one, and alone with a remark.
    let moved = edit.text().replace("{\"Auth", "{\"K\": \"v\", \"Auth");
    assert_eq!(stopped(&moved, Some(&text)).text(), only(r#"{"url": "https://h/m", "headers": {"K": "v"}}"#));
    let remark = edit.text().replace("\"Auth", "/* note */ \"Auth");
    assert_eq!(stopped(&remark, Some(&text)).text(), only(r#"{"url": "https://h/m", "headers": {/* note */ }}"#));
    let within = more.replace(", \"K\"", ", /* K */ \"K\"");
    assert_eq!(state(&stopped(&within, Some(&text))), &State::Refused(Why::Written));
    // The same in another spelling.
    let spelt =
        edit.text().replace("https://127.0.0.1:7000/a/mcp#https:", "https:\\/\\/127.0.0.1:7000\\/a\\/mcp#https:");
    assert_eq!(stopped(&spelt, Some(&text)).text(), text);
}

#[test]
fn neither_the_bearer_nor_a_url_is_shown() {
    let text = only(r#"{"url": "https://h/m?key=hunter2", "headers": {"K": "hunter2"}}"#);
    let edit = wrapped(&text);
    let again = enforce(edit.text(), Layout::McpServers, &runner("https://127.0.0.1:7001", "y"), &[]).unwrap();
    let stopped = stop(edit.text(), Layout::McpServers, "/usr/bin/wane", Some(&text)).unwrap();
    for edit in [&edit, &again, &stopped] {
        let shown = edit.diff().join("\n");
        assert!(!shown.contains("hunter2") && !shown.contains("xxxx") && !shown.contains("yyyy"), "{shown}");
    }
    assert!(edit.diff().join("\n").contains("\"https://127.0.0.1:7000/a/mcp#***\""), "{:?}", edit.diff());
    let absent = wrapped(&only(r#"{"url": "https://h/m?key=hunter2"}"#));
    let shown = absent.diff().join("\n");
    assert!(!shown.contains("hunter2") && !shown.contains("xxxx"), "{shown}");
}

#[test]
fn only_ports_of_this_machine_are_gateways() {
    for origin in ["http://127.0.0.1:1", "https://[::1]:65535", "http://127.9.9.9:7000"] {
        assert!(HttpGateway::new(origin, &"-".repeat(43)).is_some(), "{origin}");
    }
    for origin in [
        "http://10.0.0.1:1",
        "http://127.0.0.1",
        "http://127.0.0.1:1/",
        "http://127.0.0.1:01",
        "http://localhost:7000",
        "http://localhost:99999",
        "http://localhost.example:1",
        "http://u@localhost:1",
        "ftp://127.0.0.1:1",
        "127.0.0.1:1",
        "",
    ] {
        assert!(HttpGateway::new(origin, &"-".repeat(43)).is_none(), "{origin}");
    }
}

#[test]
fn what_was_encrypted_does_not_go_to_a_gateway_in_clear() {
    let (clear, encrypted) = (runner("http://127.0.0.1:7000", "x"), runner(ORIGIN, "x"));
    for (entry, refused) in [
        (r#"{"url": "https://h", "headers": {"K": "v"}}"#, true),
        (r#"{"url": "https://h", "headers": {}}"#, false),
        (r#"{"url": "http://h", "headers": {"K": "v"}}"#, false),
    ] {
        let edit = enforce(&only(entry), Layout::McpServers, &clear, &[]).unwrap();
        let expected = if refused { State::Refused(Why::Clear) } else { State::Wrapped };
        assert_eq!((state(&edit), edit.is_changed()), (&expected, !refused), "{entry}");
        let behind = wrapped(&only(entry));
        assert_eq!(state(&behind), &State::Wrapped, "{entry}");
        // Nor does it where the gateway starts again without.
        let again = enforce(behind.text(), Layout::McpServers, &clear, &[]).unwrap();
        assert_eq!(state(&again), &expected, "{entry}");
        assert_eq!(
            enforce(behind.text(), Layout::McpServers, &encrypted, &[]).unwrap().outcomes()[0].state,
            State::Already
        );
    }
}

#[test]
fn what_stood_behind_a_gateway_is_not_taken_for_alone() {
    let bearer = format!("{{\"Authorization\": \"Bearer {}\"}}", "x".repeat(43));
    let entry = |url: &str, headers: &str| only(&format!("{{\"url\": \"{url}\", \"headers\": {headers}}}"));
    for (url, headers) in [
        ("http://127.0.0.1:7000/b/mcp#https://h", &*bearer),
        ("http://127.0.0.1:7000/b/mcp#https://h", "{}"),
        ("http://127.0.0.1:7000/a/mcp/#https://h", &bearer),
        ("http://127.0.0.1/a/mcp#https://h", &bearer),
        ("http://LOCALHOST:7000/b/mcp#https://h", &bearer),
        ("HTTP://[::1]:7000/b/mcp#x", &bearer),
        ("https://[::ffff:127.0.0.1]:7000/b/mcp#x", "{}"),
        ("http://127.0.0.1:7000/a/mcp", &bearer),
        ("http://u@127.0.0.1:7000/a/mcp", &bearer),
    ] {
        let text = entry(url, headers);
        for edit in [
            enforce(&text, Layout::McpServers, &runner(ORIGIN, "x"), &[]).unwrap(),
            stop(&text, Layout::McpServers, "wane", None).unwrap(),
        ] {
            assert_eq!((state(&edit), edit.is_changed()), (&State::Refused(Why::Altered), false), "{url}");
        }
    }
    // What was written for a name of this machine is taken out as it always was.
    let old = entry("http://localhost:7000/a/mcp#https://h", &bearer);
    assert_eq!(state(&stop(&old, Layout::McpServers, "wane", None).unwrap()), &State::Unwrapped);
    for (url, headers) in [
        ("http://127.0.0.1:3001/mcp", &*bearer),
        ("http://127.0.0.1:3001/a/mcp", "{}"),
        ("http://127.0.0.1:3001/mcp#x", "{}"),
        ("http://h/a/mcp#https://h", &bearer),
        ("http://localhost.example/a/mcp#https://h", &bearer),
        ("https://h/a/mcp", &bearer),
    ] {
        assert_eq!(stop(&entry(url, headers), Layout::McpServers, "wane", None).unwrap().outcomes(), [], "{url}");
    }
}

#[test]
fn a_copy_that_is_kept_shows_no_bearer() {
    let text = only(r#"{"url": "http://h/m", "headers": {"K": "v"}}"#);
    let edit = wrapped(&text);
    let kept = without_bearers(edit.text(), Layout::McpServers);
    assert_eq!(kept, edit.text().replace(&"x".repeat(43), "***"));
    let own =
        only(&format!(r#"{{"url": "https://h/m", "headers": {{"Authorization": "Bearer {}"}}}}"#, "x".repeat(43)));
    assert_eq!(without_bearers(&own, Layout::McpServers), own);
    let own = own.replace("https://h/m", "http://127.0.0.1:3001/mcp");
    assert_eq!(without_bearers(&own, Layout::McpServers), own);
    assert_eq!(without_bearers("no json", Layout::McpServers), "no json");
    // Nor where the entry is none any more.
    for more in [r#""type": "sse", "#, r#""serverUrl": "https://h", "#, r#""url": "https://h", "#] {
        let odd = edit.text().replacen("\"url\"", &format!("{more}\"url\""), 1);
        assert_ne!(odd, edit.text(), "{more}");
        assert_eq!(without_bearers(&odd, Layout::McpServers), odd.replace(&"x".repeat(43), "***"), "{more}");
        let slashed = odd.replace("/mcp#", r"\/mcp#");
        assert_eq!(without_bearers(&slashed, Layout::McpServers), slashed.replace(&"x".repeat(43), "***"), "{more}");
        let own = odd.replace("/mcp#", "/mcp?");
        assert_eq!(without_bearers(&own, Layout::McpServers), own, "{more}");
    }
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn gap() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(vec![" ", "\n", "\t", "/* x */", "// x\n", "\r\n"]), 0..3)
            .prop_map(|parts| parts.concat())
    }

    fn header() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec!["K", "X-Key", "\\u0058-Other", "authorization", "Authorization"]);
        (gap(), name, gap(), gap()).prop_map(|(a, name, b, c)| format!("{a}\"{name}\"{b}:{c}\"v\""))
    }

    fn headers() -> impl Strategy<Value = String> {
        (prop::collection::vec(header(), 0..3), any::<bool>(), gap()).prop_map(|(headers, comma, end)| {
            let comma = if comma && !headers.is_empty() { "," } else { "" };
            format!("{{{}{comma}{end}}}", headers.join(","))
        })
    }

    fn url() -> impl Strategy<Value = String> {
        let written = vec![
            "https://h/m",
            "http:\\/\\/h",
            "https://h#x",
            "\\u0068ttps://é",
            "http://127.0.0.1:7000/a/mcp#https://h",
            "https://127.0.0.1:7000/b/mcp#https://h",
            "http:\\u002f/127.0.0.1:7000/a/mcp#https://h",
            "ws://h",
        ];
        prop::sample::select(written).prop_map(str::to_owned)
    }

    fn json() -> impl Strategy<Value = String> {
        let members = (gap(), gap(), url(), gap(), prop::option::of((gap(), headers(), any::<bool>())), gap());
        members.prop_map(|(a, b, url, c, headers, end)| {
            let own = format!("{a}\"url\"{b}:{c}\"{url}\"");
            let entry = match headers {
                None => own,
                Some((d, headers, true)) => format!("{own}{end},{d}\"headers\":{headers}"),
                Some((d, headers, false)) => format!("{d}\"headers\":{headers},{own}{end}"),
            };
            only(&format!("{{{entry}{end}}}"))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn undoing_gives_back_what_was(text in json()) {
            let runner = runner(ORIGIN, "x");
            let edit = enforce(&text, Layout::McpServers, &runner, &[]).unwrap();
            let again = enforce(edit.text(), Layout::McpServers, &runner, &[]).unwrap();
            prop_assert!(!again.is_changed(), "twice is once: {}", edit.text());
            let stopped = stop(edit.text(), Layout::McpServers, "wane", Some(&text)).unwrap();
            if !stop(&text, Layout::McpServers, "wane", None).unwrap().is_changed() {
                prop_assert_eq!(stopped.text(), text);
            }
            let unaided = stop(edit.text(), Layout::McpServers, "wane", None).unwrap();
            prop_assert_eq!(unaided.outcomes(), stopped.outcomes());
        }
    }
}
