//! Catalogues: what is read has the tools that a second reader finds there, and answers every call with what it needs or a refusal.

use std::sync::OnceLock;

use toml::Table;
use wane::{Arguments, Code};
use wane_policy::{Catalogue, Incoming};

use crate::check;

/// The text of a catalogue, or, behind a zero, of one in YAML.
pub fn run(data: &[u8]) {
    let (yaml, text) = match data.split_first() {
        Some((0, text)) => (true, text),
        _ => (false, data),
    };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let read = if yaml { Catalogue::from_yaml(text) } else { Catalogue::from_toml(text) };
    let catalogue = match read {
        Ok(catalogue) => catalogue,
        Err(refusal) => {
            check::refusal(&refusal);
            return assert_eq!(refusal.code(), Code::ParseCatalogue);
        }
    };
    if !yaml {
        compared(&catalogue, &text.parse::<Table>().expect("the second reader takes what the first took"));
    }
    for listed in catalogue.listed() {
        let audience = listed.audience.cloned().unwrap_or_else(|| "a".parse().expect("an audience"));
        let server = catalogue.server(listed.name, Some(audience.clone())).expect("it is listed");
        for name in listed.tools.iter().copied().chain(["no such tool"]) {
            let is_listed = listed.tools.contains(&name);
            assert_eq!(server.tool_patterns(name).next().is_some(), is_listed, "{name}");
            for arguments in arguments() {
                match server.demand(&Incoming::Tool { name, arguments }) {
                    Ok(demand) => {
                        let request = demand.request();
                        assert!(is_listed && request.audience() == &audience);
                        // What it needs is one of the ways in which it is said to be called.
                        let fits = |way: &Vec<wane::Pattern>| {
                            request.actions().iter().all(|action| way.iter().any(|pattern| pattern.covers(action)))
                        };
                        assert!(server.tool_patterns(name).any(|way| fits(&way)), "{:?}", request.actions());
                    }
                    Err(refusal) => {
                        check::refusal(&refusal);
                        assert!(is_listed || refusal.code() == Code::DenyUnlisted, "{refusal}");
                    }
                }
            }
        }
    }
}

/// The names of servers and tools, as a plain reader of TOML finds them.
fn compared(catalogue: &Catalogue, table: &Table) {
    let servers = table.get("server").and_then(toml::Value::as_table);
    let names = |of: Option<&Table>| -> Vec<String> {
        let mut names: Vec<String> = of.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    };
    // Names have an order of their own: shorter ones come first.
    let mut found: Vec<&str> = catalogue.servers().collect();
    found.sort_unstable();
    assert_eq!(names(servers), found);
    for listed in catalogue.listed() {
        let server = servers.and_then(|servers| servers.get(listed.name)).and_then(toml::Value::as_table);
        let tools = server.and_then(|server| server.get("tool")).and_then(toml::Value::as_table);
        assert_eq!(names(tools), listed.tools);
    }
}

fn arguments() -> &'static [Arguments] {
    static ARGUMENTS: OnceLock<Vec<Arguments>> = OnceLock::new();
    ARGUMENTS.get_or_init(|| {
        let texts = [
            "{}",
            r#"{"path":"/repo/a","url":"https://example.com/","table":"hr","limit":3}"#,
            r#"{"path":["/repo/a","/etc"],"url":"http://a@b/","table":"a:*","limit":-1}"#,
        ];
        texts.map(|text| Arguments::from_json(text.as_bytes()).expect("arguments")).into()
    })
}
