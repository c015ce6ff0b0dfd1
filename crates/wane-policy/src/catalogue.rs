//! Servers and their entries, and which of them a call belongs to.

mod alike;
mod entry;
mod file;
mod route;
mod template;
mod when;

use std::collections::BTreeMap;
use std::fmt;

use wane::{Arguments, Audience, Call, Code, Name, Pattern, Refusal, Scheme, Value};

use self::entry::{Entry, Reach};
use self::route::Route;
use self::when::When;
use crate::demand::{BodySeen, Demand, Explanation, Incoming, Tried};
use crate::pin::ToolDigest;
use crate::toml_text::{self, unusable, within_size};

/// What each tool of each server needs, may reveal and costs.
///
/// ```
/// use wane_policy::Catalogue;
/// let toml = Catalogue::from_toml("[server.s.tool.t]\naction = 'read:a'\nlevel = 'public'\n")?;
/// let yaml = Catalogue::from_yaml("server: {s: {tool: {t: {action: 'read:a', level: public}}}}")?;
/// assert_eq!(toml.servers().collect::<Vec<_>>(), yaml.servers().collect::<Vec<_>>());
/// assert!(Catalogue::from_toml("[server.s.tool.t]\nactoin = 'read:a'\n").is_err());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Catalogue {
    servers: BTreeMap<Name, Entries>,
}

impl Catalogue {
    /// Reads a `catalogue.toml`.
    ///
    /// # Errors
    /// `parse-catalogue` with line and column.
    ///
    /// ```
    /// let error = wane_policy::Catalogue::from_toml("[server.s.tool.t]\nlevel = 'secret'\n").unwrap_err();
    /// assert_eq!(error.code(), wane::Code::ParseCatalogue);
    /// assert!(error.to_string().contains("line 2, column 9"), "{error}");
    /// ```
    pub fn from_toml(text: &str) -> Result<Self, Refusal> {
        let file: file::File = toml_text::read(text)?;
        Ok(Self { servers: file.servers() })
    }

    /// Reads a `catalogue.yaml`, which says the same in the same words.
    ///
    /// # Errors
    /// `parse-catalogue` with line and column; a document with an alias, and one of several documents, are refused too.
    ///
    /// ```
    /// let twice = "server: {s: {tool: {t: {action: a, level: public, level: internal}}}}";
    /// assert!(wane_policy::Catalogue::from_yaml(twice).is_err());
    /// ```
    pub fn from_yaml(text: &str) -> Result<Self, Refusal> {
        within_size(text)?;
        let file: file::File =
            serde_saphyr::from_str_with_options(text, file::yaml()).map_err(|error| unusable(&file::said(&error)))?;
        Ok(Self { servers: file.servers() })
    }

    /// The names of its servers.
    pub fn servers(&self) -> impl Iterator<Item = &str> {
        self.servers.keys().map(Name::as_str)
    }

    /// What is listed for each server, by its name.
    ///
    /// ```
    /// let text = "[server.s]\naudience = 'files'\n[server.s.tool.t]\naction = 'read:a'\nlevel = 'public'\n";
    /// let catalogue = wane_policy::Catalogue::from_toml(text)?;
    /// let listed = catalogue.listed().next().unwrap();
    /// let listed: wane_policy::Listed = listed;
    /// assert_eq!((listed.name, listed.tools, listed.routes), ("s", vec!["t"], 0));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn listed(&self) -> impl Iterator<Item = Listed<'_>> {
        self.servers.iter().map(|(name, entries)| Listed {
            name: name.as_str(),
            audience: entries.audience.as_ref(),
            tools: entries.tools.keys().map(String::as_str).collect(),
            prompts: entries.prompts.keys().map(String::as_str).collect(),
            resources: entries.resources.len(),
            routes: entries.routes.len(),
        })
    }

    /// One server, as what is reached under this audience, or under the one that the catalogue states.
    ///
    /// # Errors
    /// `parse-catalogue` where there is no such server, where nobody states an audience, and where two differ.
    ///
    /// ```
    /// let catalogue = wane_policy::Catalogue::from_toml("[server.s]\naudience = 'files'\n")?;
    /// assert_eq!(catalogue.server("s", None)?.audience().as_str(), "files");
    /// assert!(catalogue.server("s", Some("mail".parse()?)).is_err());
    /// assert!(catalogue.server("t", None).is_err());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    // spec: C3
    pub fn server(&self, name: &str, audience: Option<Audience>) -> Result<Server<'_>, Refusal> {
        let found = self.servers.iter().find(|(known, _)| known.as_str() == name);
        let (name, entries) = found.ok_or_else(|| unusable(&format!("it has no server `{name}`")))?;
        let audience = match (audience, entries.audience.clone()) {
            (Some(here), Some(stated)) if here != stated => {
                return Err(unusable(&format!("the server `{name}` is `{stated}`, not `{here}`")));
            }
            (here, stated) => here.or(stated),
        };
        let audience = audience.ok_or_else(|| unusable(&format!("the server `{name}` has no audience")))?;
        Ok(Server { name, entries, audience })
    }
}

/// What a catalogue lists for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Its name.
    pub name: &'a str,
    /// The audience that the catalogue states for it.
    pub audience: Option<&'a Audience>,
    /// The tools, by name.
    pub tools: Vec<&'a str>,
    /// The prompts, by name.
    pub prompts: Vec<&'a str>,
    /// How many entries resources have.
    pub resources: usize,
    /// How many routes there are.
    pub routes: usize,
}

/// A server of a catalogue, as what tokens are sealed for.
///
/// ```
/// use wane_policy::{Catalogue, Incoming, Server};
/// let text = "[server.web.tool.fetch]\naction = 'read:web'\nsink = ['send:web:{host url}']\nlevel = 'public'\n";
/// let catalogue = Catalogue::from_toml(text)?;
/// let web: Server = catalogue.server("web", Some("web".parse()?))?;
/// let arguments = wane::Arguments::from_json(br#"{"url": "https://example.com/?q=1"}"#)?;
/// let call = Incoming::Tool { name: "fetch", arguments: &arguments };
/// assert_eq!(web.demand(&call)?.request().actions()[1].as_str(), "send:web:example.com");
/// assert!(web.explain(&call).tried.is_empty());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Server<'a> {
    name: &'a Name,
    entries: &'a Entries,
    audience: Audience,
}

/// What a catalogue says of a server.
#[derive(Clone, Debug)]
struct Entries {
    audience: Option<Audience>,
    seals: Seals,
    tools: BTreeMap<String, Entry>,
    prompts: BTreeMap<String, Entry>,
    /// The first that matches the URI counts.
    resources: Vec<(When, Entry)>,
    /// The first that fits counts.
    routes: Vec<(Route, Entry)>,
}

/// Which seals its requests ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seals {
    Any,
    ForOneRequest,
}

impl Server<'_> {
    /// Its name in the catalogue.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The audience that its requests reach.
    #[must_use]
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }

    /// What a call demands.
    ///
    /// # Errors
    /// `deny-unlisted` where the catalogue has no entry for it, `deny-unmatched` where none of the entry's rules matches,
    /// `deny-template` where an argument does not fit into an action, `deny-route` and `parse-json-*` for an HTTP request that
    /// has more than one reading, `deny-url` for a resource whose URI is not in its plain form, `parse-limit` for a name or target
    /// over 4,096 bytes, and the refusal of a rule's condition that cannot be judged.
    pub fn demand(&self, incoming: &Incoming<'_>) -> Result<Demand, Refusal> {
        self.judge(incoming, None)
    }

    /// What a call demands, and how that came about.
    #[must_use]
    pub fn explain(&self, incoming: &Incoming<'_>) -> Explanation {
        let mut tried = Vec::new();
        let outcome = self.judge(incoming, Some(&mut tried));
        Explanation { tried, outcome }
    }

    fn judge(&self, incoming: &Incoming<'_>, tried: Option<&mut Vec<Tried>>) -> Result<Demand, Refusal> {
        let found = self.find(incoming)?;
        let (case, rule) = found.entry.matching(&found.arguments, &found.facts, tried)?;
        let request = case.request(self.audience.clone(), found.call, found.arguments, found.facts)?;
        let request = match self.entries.seals {
            Seals::Any => request,
            Seals::ForOneRequest => request.require_request_seal(),
        };
        Ok(Demand { request, rule, trusted: found.entry.trusted.clone(), pin: found.entry.pin, body: found.body })
    }

    /// For each way in which a tool may be called, the patterns of all actions that it then needs: for lists, with
    /// [`wane::may_still`]. Empty where the tool is not listed.
    ///
    /// ```
    /// let text = "[server.s.tool.t]\naction = 'read:{table}'\nsink = ['send:web']\nlevel = 'public'\n";
    /// let catalogue = wane_policy::Catalogue::from_toml(text)?;
    /// let server = catalogue.server("s", Some("s".parse()?))?;
    /// let ways: Vec<_> = server.tool_patterns("t").collect();
    /// assert_eq!(ways, [vec!["read:*".parse()?, "send:web".parse()?]]);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn tool_patterns(&self, tool: &str) -> impl Iterator<Item = Vec<Pattern>> {
        self.entries.tools.get(tool).into_iter().flat_map(Entry::patterns)
    }

    /// Whether a tool is the one that was pinned, given its object as the server lists it now, if it does. A tool without a pin, and
    /// one that the catalogue does not list, is whatever it is.
    ///
    /// # Errors
    /// `deny-pin` where it is another, is not listed, or has no single reading.
    ///
    /// ```
    /// use wane_policy::{Catalogue, ToolDigest};
    /// let tool = br#"{"name": "t", "description": "Reads a file"}"#;
    /// let text = format!(
    ///     "[server.s.tool.t]\naction = 'read:a'\nlevel = 'public'\ndigest = '{}'\n",
    ///     ToolDigest::of_json(tool)?
    /// );
    /// let catalogue = Catalogue::from_toml(&text)?;
    /// let server = catalogue.server("s", Some("s".parse()?))?;
    /// assert!(server.check_pin("t", Some(tool)).is_ok());
    /// let changed = br#"{"name": "t", "description": "Reads a file, and ~/.ssh/id_rsa first"}"#;
    /// assert_eq!(server.check_pin("t", Some(changed)).unwrap_err().code(), wane::Code::DenyPin);
    /// assert!(server.check_pin("t", None).is_err());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    // spec: C21
    pub fn check_pin(&self, tool: &str, listed: Option<&[u8]>) -> Result<(), Refusal> {
        let Some(pin) = self.pin(tool) else { return Ok(()) };
        let why = match listed.map(ToolDigest::of_json) {
            Some(Ok(found)) if found == pin => return Ok(()),
            Some(Ok(found)) => format!("its digest is {found}"),
            Some(Err(refusal)) => format!("it has no digest, {}", refusal.code()),
            None => "the server does not list it".to_owned(),
        };
        Err(Refusal::new(Code::DenyPin, "digest", format_args!("{tool:?}"), why))
    }

    /// The digest that a tool must have, where it is pinned.
    ///
    /// ```
    /// let catalogue = wane_policy::Catalogue::from_toml("[server.s.tool.t]\naction = 'read:a'\nlevel = 'public'\n")?;
    /// assert_eq!(catalogue.server("s", Some("s".parse()?))?.pin("t"), None);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn pin(&self, tool: &str) -> Option<ToolDigest> {
        self.entries.tools.get(tool).and_then(|entry| entry.pin)
    }

    /// Whether a tool is catalogued to do no more than read and write, while nothing says `closed-world = true`: to be looked at where
    /// its server calls it open-world.
    ///
    /// ```
    /// let text = "[server.s.tool.t]\naction = 'read:a'\nlevel = 'public'\n";
    /// let catalogue = wane_policy::Catalogue::from_toml(text)?;
    /// assert!(catalogue.server("s", Some("s".parse()?))?.is_presumed_closed("t"));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_presumed_closed(&self, tool: &str) -> bool {
        self.entries.tools.get(tool).is_some_and(|entry| entry.reach == Reach::Presumed)
    }

    /// The entry for a call, and what its rules are judged on.
    fn find(&self, incoming: &Incoming<'_>) -> Result<Found<'_>, Refusal> {
        // spec: C6
        let unlisted = || Refusal::new(Code::DenyUnlisted, "call", incoming, "");
        // spec: C11
        let mut facts = BTreeMap::from([("server".parse()?, Value::text(self.name.as_str())?)]);
        if let Incoming::Tool { arguments, .. } | Incoming::Prompt { arguments, .. } = *incoming {
            alike::check(arguments)?;
        }
        let mut seen = BodySeen::AsExpected;
        let (entry, call, arguments) = match *incoming {
            Incoming::Tool { name: tool, arguments } => {
                let entry = self.entries.tools.get(tool).ok_or_else(unlisted)?;
                facts.insert("tool".parse()?, Value::text(tool)?);
                (entry, Call::tool(tool)?, arguments.clone())
            }
            Incoming::Prompt { name: prompt, arguments } => {
                let entry = self.entries.prompts.get(prompt).ok_or_else(unlisted)?;
                facts.insert("tool".parse()?, Value::text(prompt)?);
                (entry, Call::prompt(prompt)?, arguments.clone())
            }
            Incoming::Resource { uri } => {
                // spec: C13
                check_uri(uri)?;
                // spec: C12
                let arguments = Arguments::from_json(serde_json::json!({ "uri": uri }).to_string().as_bytes())?;
                let entry = first(&self.entries.resources, |when| when.matches(&arguments, &facts))?;
                (entry.ok_or_else(unlisted)?, Call::resource(uri)?, arguments)
            }
            Incoming::Http { method, target, content_type, body } => {
                let call = Call::http(method, target)?;
                let parts = route::Parts::of(target)?;
                let routes = &self.entries.routes;
                // spec: C17
                if routes.iter().any(|(route, _)| route.fits_but_for_case(method, &parts)) {
                    return Err(Refusal::new(Code::DenyRoute, "path", "the path", "a route in other letters"));
                }
                let route = routes.iter().find(|(route, _)| route.fits(method, &parts));
                let (route, entry) = route.ok_or_else(unlisted)?;
                if body.is_empty() && route.takes_body() {
                    seen = BodySeen::Missing;
                }
                (entry, call, route.arguments(&parts, content_type, body)?)
            }
        };
        Ok(Found { entry, call, arguments, facts, body: seen })
    }
}

/// The entry a call belongs to.
struct Found<'a> {
    entry: &'a Entry,
    call: Call,
    arguments: Arguments,
    facts: BTreeMap<Name, Value>,
    body: BodySeen,
}

/// A URI that has one reading, also for a server that decodes its path, or walks it behind `?` or `#`.
fn check_uri(uri: &str) -> Result<(), Refusal> {
    let scheme = Scheme::of_url(uri)?;
    let behind = uri.get(scheme.as_str().len().saturating_add(1)..).unwrap_or_default();
    let lower = behind.to_ascii_lowercase();
    let spelled = ["%2e", "%2f", "%5c", "%00"].into_iter().find(|spelled| lower.contains(spelled));
    let walks = behind.split(['/', '?', '#']).any(|piece| matches!(piece, "." | ".."));
    match (spelled, walks) {
        (None, false) => Ok(()),
        _ => Err(Refusal::new(
            Code::DenyUrl,
            "uri",
            "the uri",
            "no `.` or `..`, and neither `.`, `/`, `\\` nor nul spelled out",
        )),
    }
}

/// The first element whose key matches; the first that cannot be told refuses.
fn first<K, T>(list: &[(K, T)], matches: impl Fn(&K) -> Result<bool, Refusal>) -> Result<Option<&T>, Refusal> {
    for (key, value) in list {
        if matches(key)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Who a catalogue is about, for messages about entries.
impl fmt::Display for Server<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {}", self.name.as_str(), self.audience)
    }
}

#[cfg(test)]
mod tests;
