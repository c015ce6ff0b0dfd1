//! `spec/cli-json.md`, `spec/cli-json-ledger.md` and what the verbs print say the same.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::scene::{Ran, Scene};

const PAGES: [&str; 2] = [include_str!("../../../spec/cli-json.md"), include_str!("../../../spec/cli-json-ledger.md")];

/// The shapes of the page by their headings.
struct Shapes(BTreeMap<String, Value>);

impl Shapes {
    fn read() -> Self {
        let mut shapes = BTreeMap::new();
        let mut heading = "";
        let mut lines = PAGES.into_iter().flat_map(str::lines);
        while let Some(line) = lines.next() {
            if let Some(text) = line.strip_prefix('#') {
                heading = text.trim_start_matches('#').trim();
            }
            if line == "```json" {
                let text: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
                let shape = serde_json::from_str(&text.join("\n")).unwrap_or_else(|error| panic!("{heading}: {error}"));
                assert!(shapes.insert(heading.to_owned(), shape).is_none(), "{heading} twice");
            }
        }
        Self(shapes)
    }

    #[track_caller]
    fn hold(&self, heading: &str, ran: Ran) {
        assert_eq!(ran.out.lines().count(), 1, "one object: {ran:?}");
        let shape = self.0.get(heading).unwrap_or_else(|| panic!("no shape for {heading}"));
        let found = self.fits(shape, &ran.json());
        assert!(found.is_none(), "{heading}: {} in {}", found.unwrap_or_default(), ran.out);
    }

    /// What does not fit, or nothing.
    fn fits(&self, shape: &Value, value: &Value) -> Option<String> {
        match (shape, value) {
            (Value::String(kinds), _) => {
                let fits = kinds.split('|').any(|kind| self.is(kind, value));
                (!fits).then(|| format!("{value} is not {kinds}"))
            }
            (Value::Array(shape), Value::Array(values)) => values.iter().find_map(|value| self.fits(&shape[0], value)),
            (Value::Object(shape), Value::Object(value)) => {
                if let Some(any) = shape.get("*") {
                    return value.values().find_map(|value| self.fits(any, value));
                }
                let unknown =
                    value.keys().find(|name| !shape.contains_key(*name) && !shape.contains_key(&format!("{name}?")));
                if let Some(name) = unknown {
                    return Some(format!("the member {name} is not documented"));
                }
                shape.iter().find_map(|(name, shape)| match value.get(name.trim_end_matches('?')) {
                    Some(value) => self.fits(shape, value).map(|found| format!("{name}: {found}")),
                    None => (!name.ends_with('?')).then(|| format!("the member {name} is missing")),
                })
            }
            _ => Some(format!("{value} has another shape")),
        }
    }

    fn is(&self, kind: &str, value: &Value) -> bool {
        match kind {
            "text" => value.is_string(),
            "integer" => value.is_u64(),
            "bool" => value.is_boolean(),
            "null" => value.is_null(),
            named if named.starts_with('@') => self.fits(&self.0[named], value).is_none(),
            word => value.as_str().is_some_and(|text| word == format!("'{text}'")),
        }
    }
}

/// A server of the newer era that has one tool, in shell.
const TOOLS: &str = r#"while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"b"}]}}\n' "$id"
done
"#;

#[test]
fn every_verb_prints_the_documented_shape() {
    let (shapes, scene) = (Shapes::read(), Scene::new());
    scene.write("tools.sh", TOOLS);
    let full = "--deny 'read:x' --ask 'send:* by @oncall need 1' --raise internal --label pii --clearance restricted --depth 3 \
                --sub a --note b";
    let ledger = format!("--budget calls=5 --ledger-id {}", "ab".repeat(16));
    let lines = [
        ("wane keygen", "wane keygen root.pem --json", 0),
        ("wane key", "wane key root.pem --json", 0),
        (
            "wane roots",
            "wane key root.pem > root.pub; wane roots add roots.toml root.pub --name a --max-ttl 9h --issuer --json",
            0,
        ),
        ("wane roots", "wane roots list roots.toml --json", 0),
        ("wane roots", "wane roots check roots.toml --json", 0),
        ("wane mint", "wane mint --key root.pem --aud a --aud b --scope 'read:*' --scope 'send:*' FULL --json", 0),
        ("wane mint", "wane mint --key root.pem --aud a --scope 'read:*' FULL LEDGER -o ledger.tok --json", 0),
        ("wane mint", "wane mint --key root.pem --aud a --scope 'read:*' --scope 'send:*' -o t.tok --json", 0),
        ("wane attenuate", "wane attenuate t.tok FULL --json", 0),
        ("wane attenuate", "wane attenuate t.tok --dry-run --json", 0),
        ("wane attenuate", "wane attenuate t.tok --ttl 5m --deny 'read:x' -o c.tok --json", 0),
        ("wane seal", "wane seal c.tok --json", 0),
        ("wane seal", "wane seal c.tok -o s --json", 0),
        ("wane seal", "wane seal c.tok --tool x --said a=1 -o one --json", 0),
        ("wane seal", "wane seal c.tok --header -o h --json", 0),
        ("wane verify", "wane verify s --root roots.toml --json", 0),
        ("wane check", "wane check s --root root.pub --aud a --action read:a --level public --label pii --json", 0),
        ("wane check", "wane check s --root root.pub --aud a --action read:x --level public --json", 3),
        (
            "wane check",
            "wane seal ledger.tok -o l; wane check l --root root.pub --aud a --action read:a --level public --json",
            3,
        ),
        (
            "wane ledger init",
            "printf '[groups]\\noncall = [\"%s\"]\\n' $(wane keygen b.pem) >> roots.toml; wane ledger init sqlite:l.db --json",
            0,
        ),
        ("wane ledger status", "wane ledger status LDB --json", 0),
        (
            "wane mint",
            "wane mint --key root.pem --aud a --scope 'read:*' --scope 'send:*' --ask 'send:* by @oncall' --sub s --note n \
             --budget c=9 LDB -o m.tok --json",
            0,
        ),
        ("wane attenuate", "wane attenuate m.tok --sub t LDB --json", 0),
        (
            "wane admit",
            "wane seal m.tok -o m.s; wane admit m.s ADMIT --action read:a --level confidential --cost c=2 --json",
            0,
        ),
        ("wane admit", "wane admit m.s ADMIT --action delete:a --level public --json", 3),
        ("wane check", "wane check m.s ADMIT --action read:a --level public --cost c=1 --json", 0),
        ("wane renew", "wane renew m.tok --key root.pem LDB --json", 0),
        (
            "wane admit",
            "wane mint --key root.pem --aud a --scope 'send:*' --ask 'send:* by @oncall' LDB -o n.tok && \
             wane seal n.tok -o n.s && wane admit n.s ADMIT --action send:a --level public --json",
            5,
        ),
        ("wane pending", "wane pending LDB --json", 0),
        ("wane pending of one request", "wane pending DIGEST LDB --json", 0),
        ("wane pending to a file", "wane pending DIGEST LDB -o p.json --json", 0),
        ("wane approve", "wane approve p.json --key b.pem --yes --json", 0),
        ("wane approve", "wane approve p.json --key b.pem --yes -o p.txt --json", 0),
        ("wane approve", "wane approve DIGEST --key b.pem --root roots.toml LDB --yes --json", 0),
        ("wane raise", "wane raise n.tok --level internal --label pii LDB --json", 0),
        ("wane sessions", "wane sessions LDB --json", 0),
        ("wane session show", "wane session show m.tok LDB --json", 0),
        ("wane revoke", "wane revoke m.tok --dry-run LDB --json", 0),
        ("wane revoke", "wane revoke m.tok --reason lost --yes LDB --json", 0),
        ("wane sessions", "wane sessions LDB --json", 0),
        (
            "wane audit verify",
            "wane admit n.s ADMIT --action send:b --level public --checkpoint-to head.txt > /dev/null 2>&1; \
             wane audit verify LDB --checkpoint head.txt --json",
            0,
        ),
        ("wane audit query", "wane audit query LDB --json", 0),
        ("wane audit explain", "wane audit explain 0 LDB --root roots.toml --json", 0),
        (
            "wane audit explain",
            "wane audit explain $(wane audit query LDB --decision deny --json | sed 's/.*\"number\":\\([0-9]*\\).*/\\1/') LDB --root roots.toml --json",
            0,
        ),
        ("wane audit replay", "wane audit replay LDB --root roots.toml --json", 0),
        ("wane audit replay", "wane audit replay LDB --root root.pub --json", 0),
        ("wane audit export", "wane audit export log LDB --json", 0),
        ("wane audit prove", "wane audit prove 1 LDB --json", 0),
        ("wane audit prove", "wane audit prove --since head.txt LDB -o proof.json --json", 0),
        (
            "Failures",
            "sed -i '3s/a/b/' log/records.jsonl; wane audit verify --from log --audit-key $(echo .local/state/wane/*/audit.pem) --json",
            6,
        ),
        ("wane audit prune", "wane audit prune --before head.txt --yes LDB --json", 0),
        ("wane audit verify", "wane audit verify LDB --json", 0),
        ("wane ledger gc", "wane ledger gc LDB --json", 0),
        ("wane ledger accept-restore", "wane ledger accept-restore --yes LDB --json", 0),
        ("wane show", "wane show ledger.tok --json", 0),
        ("wane show", "wane show one --json", 0),
        (
            "wane policy check",
            "printf '[server.s.tool.t]\\naction = \"read:a\"\\nfacts = { env = 1 }\\ncosts = { n = 1 }\\nask = [\"@local\"]\\n\
             rule = [{ when = \"a = 1\", level = \"public\" }]\\n' > c.toml; wane policy check c.toml --json",
            0,
        ),
        ("wane policy explain", "wane policy explain c.toml --aud a --tool t --args '{\"a\": 1}' --json", 0),
        ("wane policy explain", "wane policy explain c.toml --aud a --tool t --args '{\"a\": 2}' --json", 3),
        (
            "wane policy test",
            "printf '[[case]]\\nserver = \"s\"\\ntool = \"u\"\\nexpect = \"deny\"\\ncode = \"deny-unlisted\"\\n' > d.toml; \
             wane policy test d.toml --catalogue c.toml --json",
            0,
        ),
        (
            "wane policy test",
            "sed -i s/\"deny\"/\"allow\"/ d.toml; wane policy test d.toml --catalogue c.toml --json",
            6,
        ),
        (
            "wane mcp enforce",
            "printf '{\"mcpServers\": {\"a\": {\"command\": \"x\"}, \"b\": {\"url\": \"y\"}}}' > m.json; \
             wane mcp enforce --path m.json --catalogue c.toml --token tok --root root.pub --ledger sqlite:m.db --dry-run --json",
            0,
        ),
        (
            "wane mcp enforce",
            "wane mcp enforce --path m.json --catalogue c.toml --token tok --root root.pub --ledger sqlite:m.db --json",
            0,
        ),
        (
            "wane mcp enforce",
            "wane mcp enforce --path m.json --catalogue c.toml --token tok --root root.pub --ledger sqlite:m.db --server b --server c --json",
            1,
        ),
        ("wane mcp enforce", "wane mcp enforce --path m.json --stop --json", 0),
        ("wane mcp catalogue", "wane mcp catalogue --server a --json -- sh tools.sh", 0),
        ("wane mcp catalogue", "wane mcp catalogue --server a --json -o draft.toml -- sh tools.sh", 0),
        (
            "wane mcp catalogue",
            "grep '^# [a-z[]\\|^[a-z[]' draft.toml | sed 's/^# //' > c.toml; \
             sed 's/\"b\"/\"b\",\"title\":\"c\"/' tools.sh > more.sh; \
             wane mcp catalogue --catalogue c.toml --json -- sh more.sh",
            6,
        ),
        (
            "wane mcp serve",
            "timeout --preserve-status 1 wane mcp serve --client-tokens --catalogue c.toml --upstream http://127.0.0.1:9/mcp \
             --root roots.toml --ledger sqlite:l.db --listen 127.0.0.1:0 --json",
            0,
        ),
        (
            "wane mcp serve",
            "timeout --preserve-status 1 wane mcp serve --seal --token t.tok --catalogue c.toml \
             --upstream http://127.0.0.1:9/mcp --root roots.toml --ledger sqlite:l.db --listen 127.0.0.1:0 --json",
            0,
        ),
        (
            "wane serve",
            "printf '[server.a]\\naudience = \"a\"\\n' > served.toml; timeout --preserve-status 2 \
             wane serve --listen 127.0.0.1:0 --catalogue served.toml --root roots.toml LDB --json",
            0,
        ),
        ("wane show of a key", "wane show root.pub --json", 0),
        ("wane show of an encrypted key", "printf -- '-----BEGIN ENCRYPTED PRIVATE KEY-----\n' | wane show --json", 0),
        ("wane show of a roots file", "wane show roots.toml --json", 0),
        ("wane roots", "wane roots retire roots.toml a --json", 0),
        ("wane demo", "wane demo --json", 0),
        ("wane demo", "wane demo mcp --json", 0),
        ("wane config", "WANE_AUD=a wane config --json", 0),
        ("wane completions", "wane completions fish --json", 0),
        ("wane man", "wane man --json", 0),
        ("Failures", "wane roots retire roots.toml a --at 60; wane verify s --root roots.toml --json", 4),
        ("Failures", "wane verify s --json", 2),
        ("Failures", "wane verify none --root root.pub --json", 1),
        ("Failures", "wane mint --jsn --json", 2),
        ("Failures", "wane attenuate t.tok --scope '*' --json", 4),
        ("Failures", "wane key 'wane1.token.x' --json", 2),
    ];
    for (heading, line, code) in lines {
        let line = line.replace("FULL", full).replace("LEDGER", &ledger);
        let line = line.replace("ADMIT", "--root roots.toml --aud a LDB").replace("LDB", "--ledger sqlite:l.db");
        let digest = "$(wane pending --ledger sqlite:l.db --json | sed 's/.*\"digest\":\"//; s/\".*//')";
        let line = line.replace("DIGEST", digest);
        shapes.hold(heading, scene.sh(&line).exits(code));
    }
    let used: Vec<_> = lines.iter().map(|(heading, ..)| *heading).collect();
    for heading in shapes.0.keys().filter(|heading| !heading.starts_with('@')) {
        assert!(used.contains(&heading.as_str()), "nothing tests {heading}");
    }
}

#[test]
fn a_shape_that_does_not_fit_is_noticed() {
    let shapes = Shapes::read();
    let fits = |heading: &str, text: &str| shapes.fits(&shapes.0[heading], &serde_json::from_str(text).unwrap());
    assert_eq!(fits("wane man", r#"{"page": "x"}"#), None);
    assert!(fits("wane man", r#"{"page": 1}"#).is_some());
    assert!(fits("wane man", r#"{"page": "x", "more": 1}"#).is_some());
    assert!(fits("wane man", "{}").is_some());
    assert!(fits("Failures", r#"{"error": {"code": "a", "message": "b", "retry": "perhaps"}}"#).is_some());
    assert_eq!(fits("Failures", r#"{"error": {"code": "a", "message": "b", "retry": "never"}}"#), None);
}
