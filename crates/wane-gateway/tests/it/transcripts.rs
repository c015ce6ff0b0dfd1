//! `test-vectors/gateway`: each conversation goes as it says.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wane::SecretKey;

use crate::scene::{Own, Scene, To, Whose};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors/gateway");

/// A conversation: who says what, and what reaches whom.
struct Transcript {
    name: String,
    headers: Vec<(String, String)>,
    catalogue: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// `client> …`, `server> …`: it is sent.
    Sends(To, String),
    /// `client< …`, `server< …`: it arrives. `=` is what was sent last; `…` stands for any text within a value.
    Gets(To, String),
    /// `approver approves`: the one request that waits, in the ledger.
    Approves,
    /// `notice …`: whoever runs the gateway is told.
    Notice(String),
}

impl Transcript {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (head, rest) = text.split_once("\n\n").unwrap_or_else(|| panic!("{name}: no empty line"));
        let (catalogue, steps) = rest.split_once("\n---\n").unwrap_or_else(|| panic!("{name}: no line `---`"));
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
            (name.to_owned(), value.to_owned())
        };
        let step = |line: &str| {
            let (kind, text) = line.split_once(' ').unwrap_or_else(|| panic!("{name}: {line}"));
            match kind {
                "client>" => Step::Sends(To::Client, text.to_owned()),
                "server>" => Step::Sends(To::Server, text.to_owned()),
                "client<" => Step::Gets(To::Client, text.to_owned()),
                "server<" => Step::Gets(To::Server, text.to_owned()),
                "notice" => Step::Notice(text.to_owned()),
                "approver" if text == "approves" => Step::Approves,
                other => panic!("{name}: {other}"),
            }
        };
        Self {
            headers: head.lines().map(header).collect(),
            catalogue: catalogue.to_owned(),
            steps: steps.lines().map(step).collect(),
            name,
        }
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Plays it; says what goes otherwise.
    fn play(&self) -> Result<(), String> {
        let whose = match self.all("token").as_slice() {
            [] | ["gateway"] => Whose::Gateway,
            ["client"] => Whose::Client,
            other => return Err(format!("{other:?}")),
        };
        let approver = SecretKey::from_seed([9; 32]).public_key().to_string();
        let asks: Vec<String> = self.all("ask").iter().map(|ask| ask.replace("APPROVER", &approver)).collect();
        let scene = Scene::new(&self.catalogue, &self.all("scope"), &asks, whose);
        let own = match self.all("approver").as_slice() {
            [] => Own::None,
            ["local"] => Own::Asks(None),
            other => return Err(format!("{other:?}")),
        };
        let wait = self.all("wait").first().map_or(Ok(0), |wait| wait.parse()).map_err(|_| "no number of seconds")?;
        let gate = Arc::new(scene.gate().with_approvals(Scene::approvals(wait, own)));
        let attends = {
            let gate = Arc::clone(&gate);
            std::thread::spawn(move || gate.attend())
        };
        // What the gate asked last: the id of its request, or the state that comes back with the answer.
        let mut asked = String::new();
        let written = |text: &str, asked: &str| {
            let text = text.replace('␍', "\r").replace("ASKED", asked);
            text.replace("SEALED", &scene.sealed()).replace("TOKEN", &scene.token.expose_text())
        };
        let (mut last, mut came, mut notices) = (String::new(), VecDeque::new(), VecDeque::new());
        // A pinned tool makes the gate ask its server before it answers its client.
        let mut busy: Option<JoinHandle<()>> = None;
        let finish = |busy: &mut Option<JoinHandle<()>>| busy.take().map_or(Ok(()), JoinHandle::join);
        for (number, step) in self.steps.iter().enumerate() {
            let fault = |why: String| format!("{}, step {}: {why}", self.name, number + 1);
            match step {
                Step::Sends(from, text) => {
                    if *from == To::Client {
                        finish(&mut busy).map_err(|_| fault("it panicked".into()))?;
                    }
                    came.extend(scene.take());
                    if let Some(late) = came.pop_front() {
                        return Err(fault(format!("{late:?} came unsaid")));
                    }
                    last = written(text, &asked);
                    let (gate, text) = (Arc::clone(&gate), last.clone());
                    match from {
                        To::Client => {
                            busy = Some(std::thread::spawn(move || gate.from_client(text.as_bytes()).unwrap()));
                        }
                        To::Server => gate.from_server(text.as_bytes()).unwrap(),
                    }
                }
                Step::Gets(to, text) => {
                    let expected = if text == "=" { last.clone() } else { text.clone() };
                    match next(&mut came, || scene.take()) {
                        Some((found_to, found)) if found_to == *to && fits(&expected, &found) => {
                            asked = question(&found).unwrap_or(asked);
                        }
                        other => return Err(fault(format!("{other:?} came"))),
                    }
                }
                Step::Approves => {
                    let until = Instant::now() + Duration::from_secs(10);
                    while !scene.approve(&SecretKey::from_seed([9; 32])) {
                        if Instant::now() > until {
                            return Err(fault("nothing waits".into()));
                        }
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                Step::Notice(text) => match next(&mut notices, || scene.notices()) {
                    Some(found) if fits(text, &found) => {}
                    other => return Err(fault(format!("the notice {other:?}"))),
                },
            }
        }
        finish(&mut busy).map_err(|_| format!("{}: it panicked", self.name))?;
        gate.end_waits().unwrap();
        attends.join().map_err(|_| format!("{}: whoever attends panicked", self.name))?;
        came.extend(scene.take());
        notices.extend(scene.notices());
        match (came.pop_front(), notices.pop_front()) {
            (None, None) => Ok(()),
            late => Err(format!("{}, at the end: {late:?} came unsaid", self.name)),
        }
    }
}

/// The next of what comes, if it comes in time.
fn next<T>(queue: &mut VecDeque<T>, more: impl Fn() -> Vec<T>) -> Option<T> {
    let end = Instant::now() + Duration::from_secs(10);
    while queue.is_empty() && Instant::now() < end {
        queue.extend(more());
        std::thread::sleep(Duration::from_micros(200));
    }
    queue.pop_front()
}

/// What has to be named to answer a question of the gate's own.
fn question(message: &str) -> Option<String> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let named =
        if message["method"] == "elicitation/create" { &message["id"] } else { &message["result"]["requestState"] };
    named.as_str().filter(|name| name.starts_with("dev.wane/")).map(str::to_owned)
}

/// Whether a message is the expected one, in which `…` stands for anything.
fn fits(expected: &str, found: &str) -> bool {
    let mut pieces = expected.split('…');
    let Some(mut rest) = found.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    false
}

fn transcripts() -> Vec<Transcript> {
    let mut paths: Vec<_> = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| Transcript::read(path)).collect()
}

#[test]
fn every_conversation_goes_as_it_says() {
    let transcripts = transcripts();
    assert!(transcripts.len() >= 40, "{} conversations", transcripts.len());
    let mut faults = Vec::new();
    for transcript in &transcripts {
        const KNOWN: &[&str] = &["comment", "code", "spec", "token", "scope", "ask", "wait", "approver"];
        let unknown = transcript.headers.iter().find(|(name, _)| !KNOWN.contains(&name.as_str()));
        assert_eq!(unknown, None, "{}", transcript.name);
        faults.extend(transcript.play().err());
        // A code that a header names is answered with.
        for code in transcript.all("code") {
            let said = transcript.steps.iter().any(|step| match step {
                Step::Gets(_, text) | Step::Notice(text) => text.contains(code),
                Step::Sends(..) | Step::Approves => false,
            });
            assert!(said, "{}: nothing answers {code}", transcript.name);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A judge that takes anything would pass too.
#[test]
fn a_conversation_that_says_otherwise_is_noticed() {
    let mut altered = 0;
    for transcript in transcripts().into_iter().filter(|transcript| transcript.name.starts_with("read")) {
        for number in 0..transcript.steps.len() {
            let mut steps = transcript.steps.clone();
            match &mut steps[number] {
                Step::Sends(..) | Step::Approves => continue,
                Step::Gets(_, text) | Step::Notice(text) => *text = "{}".to_owned(),
            }
            let other = Transcript {
                name: transcript.name.clone(),
                headers: transcript.headers.clone(),
                catalogue: transcript.catalogue.clone(),
                steps,
            };
            assert!(other.play().is_err(), "{}, step {}", other.name, number + 1);
            altered += 1;
        }
    }
    assert!(altered > 3, "{altered}");
    assert!(fits("a…c", "abc") && fits("a…", "a") && !fits("a…c", "ab") && !fits("abc", "abcd") && fits("…b…", "abc"));
}
