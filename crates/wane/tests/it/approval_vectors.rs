//! `test-vectors/approvals`: the folder is what the example writes, and the library answers each file as it says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use wane::{
    Arguments, BlockState, Call, Decision, LedgerId, LedgerState, Level, LiveState, PublicKey, Request, Roots,
    SealedToken, TrustedRoot, UntrustedApproval, Volatility, decide, verify,
};

#[allow(dead_code, reason = "its main is the example's")]
#[path = "../../examples/approval_vectors.rs"]
mod generated;

pub(crate) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors/approvals");

/// Name and text of every file, in order.
pub(crate) fn files() -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(Path::new(FOLDER))
        .unwrap()
        .map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let text = fs::read_to_string(Path::new(FOLDER).join(&name)).unwrap();
            (name, text)
        })
        .collect();
    files.sort();
    files
}

/// A file taken apart: the values of each header, and the lines behind the empty one.
pub(crate) struct Vector<'a> {
    headers: BTreeMap<&'a str, Vec<&'a str>>,
    pub(crate) payload: Vec<&'a str>,
}

impl<'a> Vector<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let (head, payload) = text.split_once("\n\n").unwrap();
        let mut headers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for line in head.lines() {
            let (name, value) = line.split_once(": ").unwrap();
            headers.entry(name).or_default().push(value);
        }
        Self { headers, payload: payload.lines().collect() }
    }

    fn all(&self, name: &str) -> &[&'a str] {
        self.headers.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn one(&self, name: &str) -> Option<&'a str> {
        let values = self.all(name);
        assert!(values.len() <= 1, "{name} stands twice");
        values.first().copied()
    }

    fn key(&self, name: &str) -> PublicKey {
        self.one(name).unwrap().parse().unwrap()
    }

    /// The word and the code that the library answers.
    fn answer(&self) -> (&'static str, &'static str) {
        let mut read = Vec::new();
        for line in &self.payload {
            match UntrustedApproval::parse(line) {
                Ok(approval) => read.push(approval),
                Err(refusal) => return ("refuse", refusal.code().as_str()),
            }
        }
        let groups = self.all("group").iter().map(|group| {
            let (name, keys) = group.split_once(' ').unwrap();
            (name.parse().unwrap(), keys.split(' ').map(|key| key.parse().unwrap()).collect())
        });
        let roots = Roots::with_groups([TrustedRoot::new(self.key("root"))], groups.collect()).unwrap();
        let verified = verify(&SealedToken::parse(self.one("sealed").unwrap()).unwrap(), &roots).unwrap();
        let blocks = verified.chain().blocks();
        let last = blocks[blocks.len() - 2].id();

        let mut state = match self.one("ledger") {
            Some("none") => LiveState::without_ledger(),
            Some(other) => panic!("a ledger {other}"),
            None => LiveState::with_ledger(LedgerState {
                blocks: vec![BlockState::default(); blocks.len()],
                used: self.all("used").iter().map(|id| id.parse().unwrap()).collect(),
                collected: self.one("collected").map_or(0, |time| time.parse().unwrap()),
                ..LedgerState::new(LedgerId::from_bytes([0x5e; 16]), Volatility::Durable)
            }),
        };
        for approval in &read {
            match approval.verify(last) {
                Ok(approval) => state = state.approved_by(approval),
                Err(refusal) => return ("deny", refusal.code().as_str()),
            }
        }
        let state = state.local_approver(self.key("local"));
        let now = self.one("now").unwrap().parse().unwrap();
        match decide(&verified, &self.request(), &state, now) {
            Decision::Allow(_) => ("allow", ""),
            Decision::Ask(ask) => {
                let digest: String = ask.request_digest().iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(Some(&*digest), self.one("digest"));
                ("ask", ask.refusal().code().as_str())
            }
            Decision::Deny(refusal) => ("deny", refusal.code().as_str()),
        }
    }

    fn request(&self) -> Request {
        let call: Vec<String> = serde_json::from_str(self.one("call").unwrap()).unwrap();
        let [kind, tool] = &call[..] else { panic!("{call:?}") };
        assert_eq!(kind, "tools/call");
        let actions = self.all("action").iter().map(|action| action.parse().unwrap()).collect();
        let level: Level = self.one("level").unwrap().parse().unwrap();
        Request::new(self.one("aud").unwrap().parse().unwrap(), Call::tool(tool).unwrap(), actions, level)
            .unwrap()
            .arguments(Arguments::from_json(self.one("arguments").unwrap().as_bytes()).unwrap())
    }
}

#[test]
fn the_library_answers_as_each_file_says() {
    let files = files();
    assert!(files.len() > 50, "only {} files were found", files.len());
    let mut words = BTreeSet::new();
    for (name, text) in &files {
        let vector = Vector::read(text);
        let expected = (vector.one("expect").unwrap(), vector.one("code").unwrap_or_default());
        assert_eq!(vector.answer(), expected, "{name}: {}", vector.one("comment").unwrap());
        words.insert(expected.0);
    }
    assert_eq!(words, ["allow", "ask", "deny", "refuse"].into());
}

#[test]
fn the_folder_is_what_the_example_writes() {
    let mut generated = generated::vectors();
    generated.sort();
    let names = |files: &[(String, String)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let files = files();
    assert_eq!(names(&files), names(&generated), "run the example `approval_vectors`");
    for (file, made) in files.iter().zip(&generated) {
        assert_eq!(file, made, "run the example `approval_vectors`");
    }
}
