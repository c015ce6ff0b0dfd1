//! `test-vectors/catalogue`: each file is answered as it says.

use std::fs;
use std::path::Path;

use wane::{Action, Arguments, Name, Refusal, Request};
use wane_policy::{Catalogue, Demand, Incoming};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors/catalogue");

struct Case {
    name: String,
    headers: Vec<(String, String)>,
    payload: String,
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let (head, payload) = text.split_once("\n\n").unwrap();
        let header =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
        Self {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            headers: head.lines().map(header).collect(),
            payload: payload.to_owned(),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What the call demands; nothing where there is none.
    fn run(&self) -> Result<Option<Demand>, Refusal> {
        let catalogue = match self.header("flags") {
            None => Catalogue::from_toml(&self.payload)?,
            Some("yaml") => Catalogue::from_yaml(&self.payload)?,
            Some(other) => panic!("{}: the flag {other}", self.name),
        };
        let Some((method, rest)) = self.header("call").and_then(|call| call.split_once(' ')) else { return Ok(None) };
        let audience = self.header("audience").map(|text| text.parse().unwrap());
        let only = catalogue.servers().next().unwrap();
        let server = catalogue.server(only, audience)?;
        let arguments =
            self.header("arguments").map_or(Ok(Arguments::empty()), |json| Arguments::from_json(json.as_bytes()))?;
        let body = self.header("body").unwrap_or_default().as_bytes();
        let incoming = match method {
            "tools/call" => Incoming::Tool { name: rest, arguments: &arguments },
            "prompts/get" => Incoming::Prompt { name: rest, arguments: &arguments },
            "resources/read" => Incoming::Resource { uri: rest },
            "http" => {
                let (method, target) = rest.split_once(' ').unwrap();
                let content_type = Some(self.header("content-type").unwrap_or("application/json"));
                Incoming::Http { method, target, content_type, body }
            }
            other => panic!("{}: the call {other}", self.name),
        };
        server.demand(&incoming).map(Some)
    }

    /// Each header that says what must be demanded, beside what is.
    fn compare(&self, demand: &Demand) {
        let request: &Request = demand.request();
        let joined = |words: Vec<&str>| words.join(", ");
        let costs: Vec<String> = request.costs().map(|(name, cost)| format!("\"{}\":{cost}", name.as_str())).collect();
        let asks: Vec<String> = request.asks().iter().map(ToString::to_string).collect();
        let found = [
            ("actions", joined(request.actions().iter().map(Action::as_str).collect())),
            ("level", request.mark().level().as_str().to_owned()),
            ("labels", joined(request.mark().labels().map(Name::as_str).collect())),
            ("costs", format!("{{{}}}", costs.join(","))),
            ("asks", if asks.is_empty() { "none".to_owned() } else { asks.join(", ") }),
            ("rule", demand.rule().map_or(String::new(), |rule| rule.to_string())),
        ];
        for (name, found) in found {
            if let Some(expected) = self.header(name) {
                assert_eq!(found, expected, "{}: {name}", self.name);
            }
        }
    }
}

fn cases() -> Vec<Case> {
    let mut paths: Vec<_> = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| Case::read(path)).collect()
}

#[test]
fn every_case_is_answered_as_it_says() {
    let cases = cases();
    assert!(cases.len() >= 110, "{} cases", cases.len());
    for case in &cases {
        const KNOWN: &[&str] = &[
            "comment",
            "expect",
            "code",
            "spec",
            "flags",
            "audience",
            "call",
            "arguments",
            "content-type",
            "body",
            "actions",
            "level",
            "labels",
            "costs",
            "asks",
            "rule",
        ];
        let unknown = case.headers.iter().find(|(name, _)| !KNOWN.contains(&name.as_str()));
        assert_eq!(unknown, None, "{}", case.name);
        let code = match case.run() {
            Ok(demand) => {
                demand.iter().for_each(|demand| case.compare(demand));
                None
            }
            Err(refusal) => Some(refusal.code()),
        };
        let expect = match code.map(wane::Code::family) {
            None => "ok",
            Some(wane::Family::Parse) => "parse-error",
            Some(_) => "denied",
        };
        let found = (expect, code.map(wane::Code::as_str));
        assert_eq!(found, (case.header("expect").unwrap(), case.header("code")), "{}", case.name);
    }
}

/// A judge that takes anything would pass too.
#[test]
fn a_case_that_says_otherwise_is_noticed() {
    let case = cases().into_iter().find(|case| case.name == "rule-second.txt").unwrap();
    let demand = case.run().unwrap().unwrap();
    case.compare(&demand);
    for (name, other) in [
        ("level", "internal"),
        ("rule", "1"),
        ("asks", "read:x by @a need 1"),
        ("actions", "read:x"),
        ("labels", "pii"),
        ("costs", "{\"a\":1}"),
    ] {
        let mut headers = case.headers.clone();
        headers.retain(|(known, _)| known != name);
        headers.push((name.to_owned(), other.to_owned()));
        let altered = Case { name: name.to_owned(), headers, payload: case.payload.clone() };
        assert!(std::panic::catch_unwind(|| altered.compare(&demand)).is_err(), "another {name} is not noticed");
    }
}
