//! What a tool server was asked to do, its digest, and what approvers say about it.

use serde_json::{Map, Value, json};

use crate::cbor::Item;
use crate::chain::Block;
use crate::claims::{Claims, NOW};
use crate::key::{public, sha256};
use crate::list;
use crate::text::line;

/// The members of the header `request`, for one action at `files` unless said otherwise.
#[derive(Clone, Debug)]
pub struct Request {
    aud: String,
    call: Vec<String>,
    actions: Vec<String>,
    level: String,
    labels: Vec<String>,
    facts: Map<String, Value>,
    seen: Vec<Value>,
    costs: Map<String, Value>,
    ask: Vec<String>,
    approvals: Vec<String>,
    request_seal: bool,
}

impl From<&str> for Request {
    fn from(action: &str) -> Self {
        Self::new(&[action])
    }
}

impl Request {
    /// A call of these actions at `files`, public.
    #[must_use]
    pub fn new(actions: &[&str]) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Self {
            aud: "files".to_owned(),
            call: [&["action"], actions].concat().iter().map(|part| (*part).to_owned()).collect(),
            actions: owned(actions),
            level: "public".to_owned(),
            labels: Vec::new(),
            facts: Map::new(),
            seen: Vec::new(),
            costs: Map::new(),
            ask: Vec::new(),
            approvals: Vec::new(),
            request_seal: false,
        }
    }

    /// At another audience.
    #[must_use]
    pub fn aud(mut self, audience: &str) -> Self {
        audience.clone_into(&mut self.aud);
        self
    }

    /// Another call than its actions, `["tools/call", "read_report"]`.
    #[must_use]
    pub fn call(mut self, parts: &[&str]) -> Self {
        self.call = parts.iter().map(|part| (*part).to_owned()).collect();
        self
    }

    /// At another level.
    #[must_use]
    pub fn level(mut self, level: &str) -> Self {
        level.clone_into(&mut self.level);
        self
    }

    /// With one more label.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.labels.push(label.to_owned());
        self
    }

    /// With a fact of the enforcement point, `@name`.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// With a value that this session was given by that result field.
    #[must_use]
    pub fn seen(mut self, source: &str, value: impl Into<Value>) -> Self {
        self.seen.push(json!([source, value.into()]));
        self
    }

    /// With a cost of this counter.
    #[must_use]
    pub fn cost(mut self, counter: &str, cost: u64) -> Self {
        self.costs.insert(counter.to_owned(), cost.into());
        self
    }

    /// With an ask of the enforcement point's own, `send:* by @oncall need 2`.
    #[must_use]
    pub fn asking(mut self, ask: impl Into<String>) -> Self {
        self.ask.push(ask.into());
        self
    }

    /// With an approval that came along.
    #[must_use]
    pub fn approved(mut self, approval: impl Into<String>) -> Self {
        self.approvals.push(approval.into());
        self
    }

    /// At an enforcement point that demands a seal for one request.
    #[must_use]
    pub fn request_seal(mut self) -> Self {
        self.request_seal = true;
        self
    }

    /// The digest of `spec/decide.md` for these arguments (JSON) and what the seal says.
    ///
    /// # Panics
    /// Where the arguments are no JSON.
    #[must_use]
    pub fn digest(&self, arguments: &str, said: Vec<(Item, Item)>) -> [u8; 32] {
        let arguments: Value = serde_json::from_str(arguments).expect("arguments are JSON");
        let said = Item::ascending(said);
        sha256(&[&list![self.aud.as_str(), Item::texts(&self.call), from_json(&arguments), said].to_bytes()])
    }

    /// The header, its members in the order of the documentation.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut members = vec![
            ("aud", json!(self.aud)),
            ("call", json!(self.call)),
            ("actions", json!(self.actions)),
            ("level", json!(self.level)),
        ];
        let mut unless_empty = |name, value: Value, empty: bool| {
            if !empty {
                members.push((name, value));
            }
        };
        unless_empty("labels", json!(self.labels), self.labels.is_empty());
        unless_empty("facts", Value::Object(self.facts.clone()), self.facts.is_empty());
        unless_empty("seen", json!(self.seen), self.seen.is_empty());
        unless_empty("costs", Value::Object(self.costs.clone()), self.costs.is_empty());
        unless_empty("ask", json!(self.ask), self.ask.is_empty());
        unless_empty("approvals", json!(self.approvals), self.approvals.is_empty());
        unless_empty("request-seal", json!(true), !self.request_seal);
        let members: Vec<String> =
            members.iter().map(|(name, value)| format!("\"{name}\":{}", sorted(value))).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// JSON as CBOR, as `spec/decide.md` section 4 says.
#[must_use]
pub fn from_json(value: &Value) -> Item {
    match value {
        Value::Null => Item::NULL,
        Value::Bool(value) => (*value).into(),
        Value::String(text) => text.as_str().into(),
        Value::Array(elements) => Item::List(elements.iter().map(from_json).collect()),
        Value::Object(members) => {
            Item::ascending(members.iter().map(|(name, value)| (name.as_str().into(), from_json(value))).collect())
        }
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => integer.into(),
            (None, Some(float)) => integer(float).map_or(Item::Float(float), Item::from),
            (None, None) => Item::NULL,
        },
    }
}

/// The integer that a double is, where it is one that JSON keeps.
#[allow(clippy::as_conversions, clippy::cast_possible_truncation, reason = "the double is an integer below 2^53")]
fn integer(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_991.0).then_some(float as i64)
}

/// JSON in one line whose members ascend, whatever the order that the reader of JSON was built with.
#[must_use]
pub fn sorted(value: &Value) -> String {
    match value {
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(sorted).collect();
            format!("[{}]", elements.join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{}:{}", json!(name), sorted(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        plain => plain.to_string(),
    }
}

/// A statement of an approver (kind 3), good unless said otherwise.
#[must_use]
pub fn approval(approver: u8, last_block: [u8; 32], digest: [u8; 32], actions: &[&str]) -> String {
    let claims = approval_claims(approver, digest, actions);
    approval_text(&Block::new(3, &claims).by(approver), last_block)
}

/// What a good approval states: made at [`NOW`], for ten minutes.
#[must_use]
pub fn approval_claims(approver: u8, digest: [u8; 32], actions: &[&str]) -> Claims {
    Claims::new().exp(NOW + 600).iat(NOW).digest(digest).private(16, public(approver)).private(17, Item::texts(actions))
}

/// `wane1.approval.…` of any block, signed behind this id.
#[must_use]
pub fn approval_text(block: &Block, last_block: [u8; 32]) -> String {
    line("wane1.approval.", &block.sign(last_block, 0).1.to_bytes())
}
