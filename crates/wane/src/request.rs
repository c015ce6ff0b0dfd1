//! What a tool server was asked to do, as the enforcement point states it.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest as _, Sha256};

use crate::arguments::Arguments;
use crate::ask::AskRule;
use crate::cbor::Writer;
use crate::code::Code;
use crate::level::{Level, Mark};
use crate::limits;
use crate::name::Name;
use crate::narrowing::push_new;
use crate::pattern::{Action, Audience};
use crate::refusal::{self, Refusal};
use crate::value::Value;

/// The message that was received, without its arguments.
///
/// ```
/// use wane::Call;
/// assert_eq!(Call::http("GET", "/files?limit=5")?.to_string(), "http GET /files?limit=5");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Call(Vec<Box<str>>);

impl Call {
    /// An MCP `tools/call` of this tool.
    ///
    /// # Errors
    /// `parse-limit` for a name over 4,096 bytes.
    ///
    /// ```
    /// assert_eq!(wane::Call::tool("read_file")?.to_string(), "tools/call read_file");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn tool(name: &str) -> Result<Self, Refusal> {
        Self::of(["tools/call", name])
    }

    /// An MCP `resources/read` of this URI.
    ///
    /// # Errors
    /// `parse-limit` for a URI over 4,096 bytes.
    ///
    /// ```
    /// assert_eq!(wane::Call::resource("file:///a")?.to_string(), "resources/read file:///a");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn resource(uri: &str) -> Result<Self, Refusal> {
        Self::of(["resources/read", uri])
    }

    /// An MCP `prompts/get` of this prompt.
    ///
    /// # Errors
    /// `parse-limit` for a name over 4,096 bytes.
    ///
    /// ```
    /// assert_eq!(wane::Call::prompt("summary")?.to_string(), "prompts/get summary");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn prompt(name: &str) -> Result<Self, Refusal> {
        Self::of(["prompts/get", name])
    }

    /// An HTTP request: the method and the path with its query, both as received.
    ///
    /// # Errors
    /// `parse-limit` for a target over 4,096 bytes.
    ///
    /// ```
    /// assert!(wane::Call::http("POST", &"/".repeat(5_000)).is_err());
    /// ```
    pub fn http(method: &str, target: &str) -> Result<Self, Refusal> {
        Self::of(["http", method, target])
    }

    /// No message but the actions themselves.
    ///
    /// ```
    /// let call = wane::Call::actions(&["read:hr:employees".parse()?]);
    /// assert_eq!(call.to_string(), "action read:hr:employees");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn actions(actions: &[Action]) -> Self {
        let head: Box<str> = "action".into();
        Self(core::iter::once(head).chain(actions.iter().map(|action| action.as_str().into())).collect())
    }

    /// The call with these parts, as [`Call::parts`] gives them.
    ///
    /// # Errors
    /// `parse-json` for parts that no call has; `parse-limit` for one over 4,096 bytes; `parse-pattern` for what is no
    /// action.
    ///
    /// ```
    /// let call = wane::Call::from_parts(&["tools/call", "read_file"])?;
    /// assert_eq!(call, wane::Call::tool("read_file")?);
    /// assert!(wane::Call::from_parts(&["tools/list"]).is_err());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn from_parts(parts: &[&str]) -> Result<Self, Refusal> {
        match *parts {
            ["tools/call", name] => Self::tool(name),
            ["resources/read", uri] => Self::resource(uri),
            ["prompts/get", name] => Self::prompt(name),
            ["http", method, target] => Self::http(method, target),
            ["action", ref actions @ ..] => actions
                .iter()
                .map(|action| action.parse())
                .collect::<Result<Vec<Action>, _>>()
                .map(|list| Self::actions(&list)),
            _ => Err(Refusal::new(Code::ParseJson, "call", "parts of no known call", "")),
        }
    }

    /// Its parts: `tools/call` and a name, `http`, a method and a target, and so on.
    ///
    /// ```
    /// let call = wane::Call::http("GET", "/files")?;
    /// assert_eq!(call.parts().collect::<Vec<_>>(), ["http", "GET", "/files"]);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn parts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    fn of<const N: usize>(parts: [&str; N]) -> Result<Self, Refusal> {
        // spec: T161
        match parts.iter().find(|part| part.len() > limits::CONDITIONED_TEXT_BYTES) {
            Some(long) => {
                let found = format_args!("{} bytes", long.len());
                Err(Refusal::new(Code::ParseLimit, "call", found, limits::CONDITIONED_TEXT_BYTES))
            }
            None => Ok(Self(parts.iter().map(|part| (*part).into()).collect())),
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({self})")
    }
}

/// On one line, whatever an agent put into it.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, part) in self.0.iter().enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { " " }, refusal::escape(part))?;
        }
        Ok(())
    }
}

/// One request: a call, the one to four actions it needs, its arguments, facts, level and labels, the audience it reached,
/// and what the enforcement point asks for on its own account. The enforcement point states all of it; nothing comes from
/// the agent but the call and its arguments.
///
/// Cloning is cheap.
///
/// ```
/// use wane::{Arguments, Call, Level, Request, Value};
/// let request = Request::new(
///     "files".parse()?,
///     Call::tool("read_file")?,
///     vec!["read:files:reports".parse()?],
///     Level::Internal,
/// )?
/// .label("untrusted".parse()?)
/// .arguments(Arguments::from_json(br#"{"path": "/data/q3.csv"}"#)?)
/// .fact("env".parse()?, Value::text("prod")?)
/// .seen("search.results", Value::text("id-7")?)
/// .cost("calls".parse()?, 1)
/// .asking("read:files:* by @oncall".parse()?)?
/// .require_request_seal();
/// assert_eq!(request.actions().len(), 1);
/// assert_eq!(request.call().to_string(), "tools/call read_file");
/// assert_eq!(request.mark().to_string(), "internal with untrusted");
/// assert_eq!(request.audience().as_str(), "files");
/// assert_eq!((request.costs().count(), request.facts().count()), (1, 1));
/// assert_eq!(request.asks()[0].to_string(), "read:files:* by @oncall need 1");
/// assert_eq!(request.stated_arguments().to_json(), r#"{"path":"/data/q3.csv"}"#);
/// assert!(request.demands_request_seal());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Request(Arc<Parts>);

/// Without values of arguments, facts and seen fields, which may be confidential.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} at {}, {})", self.0.call, self.0.audience, self.0.mark)
    }
}

#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) audience: Audience,
    pub(crate) call: Call,
    pub(crate) actions: Vec<Action>,
    pub(crate) arguments: Arguments,
    pub(crate) facts: BTreeMap<Name, Value>,
    pub(crate) seen: BTreeMap<Box<str>, BTreeSet<Value>>,
    pub(crate) mark: Mark,
    pub(crate) costs: BTreeMap<Name, u64>,
    pub(crate) ask: Vec<AskRule>,
    pub(crate) seal: SealDemand,
}

/// Which seals will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealDemand {
    Any,
    ForThisRequest,
}

impl Request {
    /// A request without arguments, facts or labels.
    ///
    /// # Errors
    /// `use-actions` unless there are one to four actions, or where the call is made of other actions.
    ///
    /// ```
    /// use wane::{Call, Code, Level, Request};
    /// let none = Request::new("files".parse()?, Call::tool("noop")?, vec![], Level::Public);
    /// assert_eq!(none.unwrap_err().code(), Code::UseActions);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    // spec: T124
    pub fn new(audience: Audience, call: Call, actions: Vec<Action>, level: Level) -> Result<Self, Refusal> {
        // spec: T123
        if !(1..=limits::ACTIONS).contains(&actions.len()) {
            return Err(Refusal::new(Code::UseActions, "actions", actions.len(), limits::ACTIONS));
        }
        if call.0.first().is_some_and(|head| &**head == "action") && call != Call::actions(&actions) {
            let stated = Call::actions(&actions);
            return Err(Refusal::new(Code::UseCall, "call", call, stated));
        }
        Ok(Self(Arc::new(Parts {
            audience,
            call,
            actions,
            arguments: Arguments::empty(),
            facts: BTreeMap::new(),
            seen: BTreeMap::new(),
            mark: Mark::at(level),
            costs: BTreeMap::new(),
            ask: Vec::new(),
            seal: SealDemand::Any,
        })))
    }

    /// A request that is nothing but its actions.
    ///
    /// # Errors
    /// As [`Request::new`].
    ///
    /// ```
    /// use wane::{Level, Request};
    /// let request = Request::for_actions("files".parse()?, vec!["read:hr".parse()?], Level::Internal)?;
    /// assert_eq!(request.call().to_string(), "action read:hr");
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn for_actions(audience: Audience, actions: Vec<Action>, level: Level) -> Result<Self, Refusal> {
        Self::new(audience, Call::actions(&actions), actions, level)
    }

    /// Adds a label that what the call may reveal has.
    pub fn label(self, label: Name) -> Self {
        self.with(|parts| parts.mark.add(&label))
    }

    /// The arguments as received. Absent arguments are the empty map.
    pub fn arguments(self, arguments: Arguments) -> Self {
        self.with(|parts| parts.arguments = arguments)
    }

    /// States a fact that conditions see as `@name`. Stated again, the later value counts.
    pub fn fact(self, name: Name, value: Value) -> Self {
        self.with(|parts| {
            parts.facts.insert(name, value);
        })
    }

    /// States that this value was returned in this session by the named trusted result field.
    pub fn seen(self, source: &str, value: Value) -> Self {
        self.with(|parts| {
            parts.seen.entry(source.into()).or_default().insert(value);
        })
    }

    /// States what the call costs of a counter. It is charged once, to every block that caps the counter. Stated again, the
    /// later value counts.
    pub fn cost(self, counter: Name, cost: u64) -> Self {
        self.with(|parts| {
            parts.costs.insert(counter, cost);
        })
    }

    /// Adds an approval rule of the enforcement point's own, to those that the blocks of a chain state: what it covers needs
    /// these approvals as well. It is no part of the request's digest.
    ///
    /// # Errors
    /// `parse-limit` for more rules, or more approvers of one, than a block may state.
    ///
    /// ```
    /// use wane::{Code, Level, Request};
    /// let request = Request::for_actions("mail".parse()?, vec!["send:mail".parse()?], Level::Public)?;
    /// let request = request.asking("send:* by @oncall need 2".parse()?)?.asking("send:* by @oncall need 2".parse()?)?;
    /// assert_eq!(request.asks().len(), 1);
    /// let many = (1..=64).try_fold(request, |request, need| request.asking(format!("send:* by @a need {need}").parse()?));
    /// assert_eq!(many.unwrap_err().code(), Code::ParseLimit);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    // spec: T191
    pub fn asking(self, rule: AskRule) -> Result<Self, Refusal> {
        let refuse = |found: &dyn fmt::Display| Err(Refusal::new(Code::ParseLimit, "ask", found, limits::LIST));
        if rule.approvers.len() > limits::LIST {
            return refuse(&format_args!("{} approvers", rule.approvers.len()));
        }
        let asking = self.with(|parts| push_new(&mut parts.ask, rule));
        match asking.0.ask.len() {
            count if count > limits::LIST => refuse(&count),
            _ => Ok(asking),
        }
    }

    /// Refuses seals that are not bound to exactly this request.
    pub fn require_request_seal(self) -> Self {
        self.with(|parts| parts.seal = SealDemand::ForThisRequest)
    }

    fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Which server it reached.
    #[must_use]
    pub fn audience(&self) -> &Audience {
        &self.0.audience
    }

    /// The message without its arguments.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.0.call
    }

    /// The actions it needs; all of them must be allowed.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.0.actions
    }

    /// The level and labels of what it may reveal.
    #[must_use]
    pub fn mark(&self) -> &Mark {
        &self.0.mark
    }

    /// The arguments as received.
    #[must_use]
    pub fn stated_arguments(&self) -> &Arguments {
        &self.0.arguments
    }

    /// The facts that the enforcement point states.
    pub fn facts(&self) -> impl Iterator<Item = (&Name, &Value)> {
        self.0.facts.iter()
    }

    /// What it costs of each counter.
    pub fn costs(&self) -> impl Iterator<Item = (&Name, u64)> {
        self.0.costs.iter().map(|(name, cost)| (name, *cost))
    }

    /// The approval rules that the enforcement point adds to those of the chain.
    #[must_use]
    pub fn asks(&self) -> &[AskRule] {
        &self.0.ask
    }

    /// Whether only a seal for exactly this request will do.
    #[must_use]
    pub fn demands_request_seal(&self) -> bool {
        self.0.seal == SealDemand::ForThisRequest
    }

    /// Each action once, in the order stated: what an approver signs for.
    #[must_use]
    pub(crate) fn distinct_actions(&self) -> Vec<Action> {
        let mut distinct = Vec::new();
        for action in &self.0.actions {
            if !distinct.contains(action) {
                distinct.push(action.clone());
            }
        }
        distinct
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }
}

/// The digest of a request: SHA-256 over deterministic CBOR of `[audience, call, arguments, said facts]`. Whoever is shown
/// a request computes it again, so that what is approved is what was shown.
///
/// ```
/// use wane::{Arguments, Call, request_digest};
/// let (mail, send) = ("mail".parse()?, Call::tool("send")?);
/// let to = |whom: &str| Arguments::from_json(format!(r#"{{"to": "{whom}"}}"#).as_bytes());
/// let digest = request_digest(&mail, &send, &to("board")?, [].into_iter());
/// assert_eq!(digest, request_digest(&mail, &send, &to("board")?, [].into_iter()));
/// assert_ne!(digest, request_digest(&mail, &send, &to("press")?, [].into_iter()));
/// # Ok::<(), wane::Refusal>(())
/// ```
pub fn request_digest<'a>(
    audience: &Audience,
    call: &Call,
    arguments: &Arguments,
    said: impl ExactSizeIterator<Item = (&'a Name, &'a Value)>,
) -> [u8; 32] {
    let mut out = Writer::default();
    // spec: T130
    out.array(4).text(audience.as_str()).array(call.0.len());
    call.0.iter().for_each(|part| {
        out.text(part);
    });
    arguments.write_cbor(&mut out);
    out.map(said.len());
    for (name, value) in said {
        out.text(name.as_str());
        out.value(value);
    }
    Sha256::digest(out.into_bytes()).into()
}
