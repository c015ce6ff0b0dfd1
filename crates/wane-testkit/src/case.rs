//! One case: its headers and its payload.

use serde_json::{Value, json};

use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, NOW};
use crate::key::{ROOT, key_text};
use crate::request::{Request, sorted};
use crate::text::line;

/// A file of the vectors in the making. Unless said otherwise it is read, verified under the one trusted root and
/// judged at [`NOW`] for the action `read:hr:employees` at `files`, and must be allowed.
#[derive(Clone, Debug)]
#[must_use]
pub struct Case {
    path: String,
    comment: String,
    code: Option<String>,
    block: Option<usize>,
    spec: String,
    flags: Vec<String>,
    now: u64,
    roots: Vec<String>,
    request: Option<Request>,
    arguments: Option<String>,
    state: Option<Value>,
    token: Option<String>,
    payload: String,
}

impl Case {
    /// `family/name`, and what is special about it.
    pub fn new(path: &str, comment: &str) -> Self {
        Self {
            path: path.to_owned(),
            comment: comment.to_owned(),
            code: None,
            block: None,
            spec: String::new(),
            flags: Vec::new(),
            now: NOW,
            roots: trusted(ROOT),
            request: Some(Request::from("read:hr:employees")),
            arguments: None,
            state: None,
            token: None,
            payload: String::new(),
        }
    }

    /// The code it must be refused with; its family says by which layer.
    pub fn refused(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    /// The block that the refusal names.
    pub fn block(mut self, place: usize) -> Self {
        self.block = Some(place);
        self
    }

    /// The sentences that decide it, `T7 T8`.
    pub fn spec(mut self, ids: &str) -> Self {
        ids.clone_into(&mut self.spec);
        self
    }

    /// One flag more, `token` or `repeat 3`.
    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Judged at this time.
    pub fn now(mut self, time: u64) -> Self {
        self.now = time;
        self
    }

    /// One line more in the roots file, behind the entry of the trusted root.
    pub fn root_line(mut self, line: &str) -> Self {
        self.roots.push(line.to_owned());
        self
    }

    /// These lines as the roots file.
    pub fn roots(mut self, lines: &[&str]) -> Self {
        self.roots = lines.iter().map(|line| (*line).to_owned()).collect();
        self
    }

    /// The file that [`trusted`] makes, or what was made of it.
    pub fn roots_file(mut self, lines: Vec<String>) -> Self {
        self.roots = lines;
        self
    }

    /// Another request, or one action at `files`.
    pub fn request(mut self, request: impl Into<Request>) -> Self {
        self.request = Some(request.into());
        self
    }

    /// Ends when the chain is verified.
    pub fn no_request(mut self) -> Self {
        self.request = None;
        self
    }

    /// The arguments of the request, JSON or not.
    pub fn arguments(mut self, text: &str) -> Self {
        self.arguments = Some(text.to_owned());
        self
    }

    /// What the verifier knows beside the token: `json!({"ledger": {"id": …}})`.
    pub fn state(mut self, state: Value) -> Self {
        self.state = Some(state);
        self
    }

    /// The payload: a chain as `wane1.sealed.…`.
    pub fn sealed(self, chain: &Chain) -> Self {
        self.payload(chain.sealed())
    }

    /// The payload: any item as `wane1.sealed.…`.
    pub fn sealed_item(self, item: &Item) -> Self {
        self.payload(line("wane1.sealed.", &item.to_bytes()))
    }

    /// The payload: this chain, sealed with these claims; the header `token` says what it was before.
    pub fn sealed_from(mut self, chain: &Chain, seal: Claims) -> Self {
        self.token = Some(chain.carried());
        self.payload(chain.clone().seal(seal).sealed())
    }

    /// The payload is a text as such: a key, a scope, arguments, an approval, a token. There are no roots and no request.
    pub fn plain(self, flag: &str, payload: impl Into<String>) -> Self {
        let text = Self { roots: Vec::new(), request: None, ..self };
        text.flag(flag).payload(payload)
    }

    /// Any payload.
    pub fn payload(mut self, payload: impl Into<String>) -> Self {
        self.payload = payload.into();
        self
    }

    /// `family/name`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The layer that must answer.
    ///
    /// # Panics
    /// For a code of no known family.
    #[must_use]
    pub fn expect(&self) -> &'static str {
        let Some(code) = self.code.as_deref() else { return "ok" };
        match code.split_once('-').map_or("", |(family, _)| family) {
            "use" => "misuse",
            "parse" => "parse-error",
            "chain" => "chain-error",
            _ if code == "deny-needs-approval" => "needs-approval",
            "deny" | "state" => "denied",
            _ => panic!("{}: {code} is of no family", self.path),
        }
    }

    /// Whether the payload is a sealed token, and not another text.
    fn is_judged(&self) -> bool {
        self.flags.iter().all(|flag| flag.starts_with("repeat "))
    }

    /// The headers in their order. Where nothing is judged there is no time.
    fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![("comment", self.comment.clone()), ("expect", self.expect().to_owned())];
        let mut state = |name, value: Option<String>| headers.extend(value.map(|value| (name, value)));
        state("code", self.code.clone());
        state("block", self.block.map(|place| place.to_string()));
        state("spec", Some(self.spec.clone()));
        state("flags", (!self.flags.is_empty()).then(|| self.flags.join(", ")));
        state("now", (self.is_judged() && self.request.is_some()).then(|| self.now.to_string()));
        self.roots.iter().for_each(|line| state("roots", Some(line.clone())));
        state("request", self.request.as_ref().map(Request::to_json));
        state("arguments", self.arguments.clone());
        state("state", self.state.as_ref().map(sorted));
        state("token", self.token.clone());
        headers
    }

    /// The file.
    ///
    /// # Panics
    /// Where a header would not be read back as it is.
    #[must_use]
    pub fn to_file(&self) -> String {
        let mut out = String::new();
        for (name, value) in self.headers() {
            let fits = !value.is_empty() && !value.contains(['\n', '\r']) && value.trim() == value;
            assert!(fits, "{}: the header {name} is {value:?}", self.path);
            out.push_str(&format!("{name}: {value}\n"));
        }
        out + "\n" + &self.payload + "\n"
    }

    /// The members of `all.json`: numbers, lists and objects where the headers write them as text.
    ///
    /// # Panics
    /// Where a request or a state is no JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = serde_json::Map::new();
        for (name, text) in self.headers() {
            let value = match name {
                "request" | "state" | "now" | "block" => serde_json::from_str(&text).expect("the header is JSON"),
                "spec" => json!(text.split(' ').collect::<Vec<_>>()),
                "flags" => json!(self.flags),
                "roots" => json!(self.roots),
                _ => json!(text),
            };
            members.insert(name.to_owned(), value);
        }
        members.insert("payload".to_owned(), json!(self.payload));
        Value::Object(members)
    }
}

/// The lines of a roots file that trusts the key of this number.
#[must_use]
pub fn trusted(number: u8) -> Vec<String> {
    vec!["[[root]]".to_owned(), format!("key = \"{}\"", key_text(number))]
}
