//! From the message that was received to the request that is decided.

use std::collections::BTreeMap;

use wane::{Arguments, Refusal, Request};

use crate::pin::ToolDigest;

/// A message that was received, as far as it says what is asked for.
///
/// ```
/// use wane_policy::Incoming;
/// let read = Incoming::Resource { uri: "file:///repo/README.md" };
/// assert_eq!(read.to_string(), "the resource \"file:///repo/README.md\"");
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Incoming<'a> {
    /// An MCP `tools/call`.
    Tool {
        /// The tool's name.
        name: &'a str,
        /// Its arguments; absent ones are the empty object.
        arguments: &'a Arguments,
    },
    /// An MCP `prompts/get`.
    Prompt {
        /// The prompt's name.
        name: &'a str,
        /// Its arguments.
        arguments: &'a Arguments,
    },
    /// An MCP `resources/read`.
    Resource {
        /// The URI as received.
        uri: &'a str,
    },
    /// An HTTP request.
    Http {
        /// The method as received.
        method: &'a str,
        /// Path and query as received.
        target: &'a str,
        /// The `Content-Type` as received, if there is one.
        content_type: Option<&'a str>,
        /// The whole body; empty where there is none.
        body: &'a [u8],
    },
}

/// As messages name it.
impl std::fmt::Display for Incoming<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // What stands behind `?` and `#` may be confidential.
        let public = |text: &'_ str| text.split(['?', '#']).next().map(start).unwrap_or_default();
        match self {
            Self::Tool { name, .. } => write!(f, "the tool {:?}", start(name)),
            Self::Prompt { name, .. } => write!(f, "the prompt {:?}", start(name)),
            Self::Resource { uri } => write!(f, "the resource {:?}", public(uri)),
            Self::Http { method, target, .. } => write!(f, "the route {:?} {:?}", start(method), public(target)),
        }
    }
}

/// As much of a text as a message has room for.
fn start(text: &str) -> String {
    const SHOWN: usize = 64;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What a call demands: the request to decide, and what the enforcement point has to know beside it.
///
/// ```
/// use wane_policy::{Catalogue, Demand, Incoming};
/// let catalogue = Catalogue::from_toml(
///     r#"
///     [server.hr.tool.list]
///     action = "read:hr"
///     level = "confidential"
///     trusted = { "hr.email" = ["/rows/*/email"] }
///     "#,
/// )?;
/// let hr = catalogue.server("hr", Some("hr".parse()?))?;
/// let call = Incoming::Tool { name: "list", arguments: &wane::Arguments::empty() };
/// let demand: Demand = hr.demand(&call)?;
/// assert_eq!(demand.request().call().to_string(), "tools/call list");
/// assert_eq!(demand.rule(), None);
/// assert_eq!(demand.trusted().collect::<Vec<_>>(), [("hr.email", &["/rows/*/email".to_owned()][..])]);
/// assert_eq!(demand.pin(), None);
/// assert_eq!(demand.into_request().mark().to_string(), "confidential");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Demand {
    pub(crate) request: Request,
    pub(crate) rule: Option<usize>,
    pub(crate) trusted: BTreeMap<String, Vec<String>>,
    pub(crate) pin: Option<ToolDigest>,
    pub(crate) body: BodySeen,
}

/// Whether what a route takes was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodySeen {
    /// There was a body, or none belongs there.
    AsExpected,
    /// The route takes a body, and there was none.
    Missing,
}

impl Demand {
    /// The request to decide. Approvals and seen values are still to be added.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// Takes the request out.
    pub fn into_request(self) -> Request {
        self.request
    }

    /// Which rule of the entry matched, from 1; none where the entry has no rules.
    #[must_use]
    pub const fn rule(&self) -> Option<usize> {
        self.rule
    }

    /// Sources for `seen`: the name of each, and the pointers into the structured result whose values it returns.
    pub fn trusted(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.trusted.iter().map(|(source, pointers)| (source.as_str(), pointers.as_slice()))
    }

    /// Whether its route takes a body, and the request has none: for whoever cannot tell a body that was not sent from one that it was
    /// not shown.
    ///
    /// ```
    /// use wane_policy::{Catalogue, Incoming};
    /// let catalogue = Catalogue::from_toml(
    ///     r#"
    ///     [[server.api.route]]
    ///     method = "POST"
    ///     path = "/issues"
    ///     body = "json"
    ///     action = "write:issues"
    ///     level = "internal"
    ///     "#,
    /// )?;
    /// let api = catalogue.server("api", Some("api".parse()?))?;
    /// let post = |body| Incoming::Http { method: "POST", target: "/issues", content_type: Some("application/json"), body };
    /// assert!(api.demand(&post(b""))?.lacks_body());
    /// assert!(!api.demand(&post(b"{}"))?.lacks_body());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn lacks_body(&self) -> bool {
        self.body == BodySeen::Missing
    }

    /// The digest the tool must have now, where it is pinned.
    #[must_use]
    pub const fn pin(&self) -> Option<ToolDigest> {
        self.pin
    }
}

/// A rule that was looked at.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Its number in the entry, from 1.
    pub rule: usize,
    /// Its `when`, as scope text writes conditions; empty where it always matches.
    pub when: String,
    /// Why it does not match; none for the one that does.
    pub refusal: Option<Refusal>,
}

/// What a catalogue makes of a call, step by step.
///
/// ```
/// use wane_policy::{Catalogue, Explanation, Incoming, Tried};
/// let catalogue = Catalogue::from_toml(
///     r#"
///     [server.hr.tool.get]
///     action = "read:hr"
///     rule = [{ when = "id <= 10", level = "public" }, { level = "restricted" }]
///     "#,
/// )?;
/// let hr = catalogue.server("hr", Some("hr".parse()?))?;
/// let arguments = wane::Arguments::from_json(br#"{"id": 11}"#)?;
/// let explanation: Explanation = hr.explain(&Incoming::Tool { name: "get", arguments: &arguments });
/// let [first, second]: &[Tried] = &explanation.tried[..] else { panic!() };
/// assert_eq!((first.rule, first.when.as_str()), (1, "id <= 10"));
/// assert!(first.refusal.is_some() && second.refusal.is_none());
/// assert_eq!(explanation.outcome?.rule(), Some(2));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The rules that were looked at, in order.
    pub tried: Vec<Tried>,
    /// What the call demands, or why it is denied before it is decided.
    pub outcome: Result<Demand, Refusal>,
}
