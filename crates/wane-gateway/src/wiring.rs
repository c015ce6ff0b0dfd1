//! How clients start their servers: their configuration, edited as text so that they start a gateway instead.
//!
//! An entry that says `command C, args A` comes to say `command wane, args mcp run --server NAME … -- C A…`. C and A stay the
//! text that they were, only in another place, and so do comments, order, white space and line ends. What is undone is
//! therefore the old text again, byte for byte, where nobody has edited it in between.

mod diff;
mod edit;
mod entry;
mod http;
mod json;
mod listed;
mod toml;

use std::collections::BTreeMap;
use std::fmt;

use edit::Splice;
use entry::{Entry, Read, Server, Stands, Stdio};

pub use http::HttpGateway;
pub use listed::{Listed, Start, listed};

/// Which servers a configuration lists, and where.
///
/// ```
/// use wane_gateway::wiring::{self, Layout};
/// let text = "{\"servers\": {\"git\": {\"command\": \"uvx\"}}}";
/// assert_eq!(wiring::stop(text, Layout::Servers, "/usr/bin/wane", None)?.outcomes(), []);
/// # Ok::<(), wane_gateway::wiring::Fault>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// JSON: `mcpServers`.
    McpServers,
    /// JSON: `mcpServers`, and the same in each member of `projects`.
    Projects,
    /// JSON: `servers`.
    Servers,
    /// JSON: any of these that it has.
    AnyJson,
    /// TOML: `mcp_servers`.
    Toml,
}

/// What a client starts instead of a server.
///
/// ```
/// use wane_gateway::wiring::{Flag, Runner};
/// let flags = [(Flag::Aud, "files".into())].into();
/// let runner = Runner { program: "/usr/bin/wane".into(), flags, gateway: None };
/// assert_eq!(runner.line("files"), ["mcp", "run", "--server", "files", "--aud", "files", "--"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    /// The path of `wane`.
    pub program: String,
    /// Flags of `wane mcp run`, with their values.
    pub flags: BTreeMap<Flag, String>,
    /// The gateway over HTTP before servers that are reached at a url, if one runs.
    pub gateway: Option<HttpGateway>,
}

/// A flag that is written into a client's configuration. They stand there in this order.
///
/// ```
/// use wane_gateway::wiring::Flag;
/// assert_eq!(Flag::ALL.map(Flag::as_str), ["--catalogue", "--token", "--root", "--ledger", "--aud"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// The catalogue.
    Catalogue,
    /// The token of the agent.
    Token,
    /// The trusted roots.
    Root,
    /// The ledger.
    Ledger,
    /// The audience that the server is.
    Aud,
}

impl Flag {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Catalogue, Self::Token, Self::Root, Self::Ledger, Self::Aud];

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Catalogue => "--catalogue",
            Self::Token => "--token",
            Self::Root => "--root",
            Self::Ledger => "--ledger",
            Self::Aud => "--aud",
        }
    }
}

impl Runner {
    /// The arguments that stand before the command of a server.
    #[must_use]
    pub fn line(&self, server: &str) -> Vec<String> {
        let start = ["mcp", "run", "--server", server].map(str::to_owned);
        let flags = self.flags.iter().flat_map(|(flag, value)| [flag.as_str().to_owned(), value.clone()]);
        start.into_iter().chain(flags).chain(["--".to_owned()]).collect()
    }
}

/// What came of one server.
///
/// ```
/// use std::collections::BTreeMap;
/// use wane_gateway::wiring::{self, Layout, Outcome, Runner, State};
/// let text = "[mcp_servers.web]\nurl = 'https://example.com/mcp'\n";
/// let runner = Runner { program: "/usr/bin/wane".into(), flags: BTreeMap::new(), gateway: None };
/// let edit = wiring::enforce(text, Layout::Toml, &runner, &[])?;
/// let outcome: &Outcome = &edit.outcomes()[0];
/// assert_eq!((outcome.place.as_str(), outcome.name.as_str()), ("mcp_servers", "web"));
/// let State::Refused(why) = &outcome.state else { unreachable!() };
/// assert!(why.to_string().contains("`url`"), "{why}");
/// # Ok::<(), wane_gateway::wiring::Fault>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The table that it stands in: `mcpServers`, `projects./home/a.mcpServers`.
    pub place: String,
    /// Its name.
    pub name: String,
    /// What came of it.
    pub state: State,
}

/// What a server's entry is now.
///
/// ```
/// use wane_gateway::wiring::{State, Why};
/// assert_ne!(State::Wrapped, State::Refused(Why::NoObject));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was wrapped.
    Wrapped,
    /// It was wrapped before, by this program and with these flags.
    Already,
    /// It has its old command back.
    Unwrapped,
    /// It cannot be wrapped, or unwrapped, and is as it was.
    Refused(Why),
}

/// Why a server cannot be wrapped.
///
/// ```
/// use wane_gateway::wiring::Why;
/// assert_eq!(Why::Twice("command".into()).to_string(), "`command` stands twice");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is reached at a url, which this member says, and how else that is written here is not known.
    Remote(&'static str),
    /// It is reached at a url, and no gateway is named that it could be put behind.
    Gateway,
    /// Its `url` is no text that begins with `http://` or `https://`.
    Url,
    /// Its `headers` are no table of texts.
    Headers,
    /// Its `headers` state an `Authorization`, where the gateway's bearer has to stand.
    Authorization,
    /// It is behind a gateway, and not as it is written here for a server of its name.
    Altered,
    /// It states headers of its own, which would go to the gateway in clear.
    Clear,
    /// It states this header, which a gateway does not pass on.
    Dropped(String),
    /// Its `type` is something else.
    Type(String),
    /// A member stands twice, and clients differ in which one they take.
    Twice(String),
    /// The entry, or the table of all, is no object.
    NoObject,
    /// Its `command` is missing, empty or no text.
    Command,
    /// Its `args` are no list of texts.
    Args,
    /// Its `env` is no table of texts.
    Env,
    /// It is called in a way that no server of a catalogue can be.
    Name,
    /// It runs `wane mcp run` in another way than is written here for a server of its name.
    Foreign,
    /// It is wrapped with other flags than those that are written now.
    Flags,
    /// It is wrapped, and not by this program, but by this one.
    Elsewhere(String),
    /// Something was written into what would be taken out.
    Written,
    /// It states this variable, by which it would say something to the gateway as well, or `envFile`, a file of them.
    Setting(String),
    /// Its `command` is written as a dotted key in an inline table, which leaves no place for `args`.
    Dotted,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote(member) => write!(f, "it is reached at a `{member}`, and not started by a command"),
            Self::Gateway => f.write_str("it is reached at a `url`: `--gateway` names a gateway that stands before it"),
            Self::Url => f.write_str("its `url` is no text that begins with `http://` or `https://`"),
            Self::Headers => f.write_str("its `headers` are no table of texts"),
            Self::Authorization => f.write_str(
                "its `headers` state an `Authorization`: give it to the gateway, with `--upstream-header`, and take it out here",
            ),
            Self::Altered => f.write_str(
                "it is behind a gateway in another way than is written here for a server of its name",
            ),
            Self::Clear => f.write_str(
                "its `headers` would go to the gateway unencrypted: give them to it, with `--upstream-header`, and take them out here, \
                 or let it listen with `--tls-cert`",
            ),
            Self::Dropped(name) => write!(f, "its `headers` state `{name}`, which a gateway does not pass on"),
            Self::Type(kind) => write!(f, "its `type` is `{kind}`, only `stdio` and `http` can be wrapped"),
            Self::Twice(member) => write!(f, "`{member}` stands twice"),
            Self::NoObject => f.write_str("it is no object"),
            Self::Command => f.write_str("its `command` is not the text that a stdio server has"),
            Self::Args => f.write_str("its `args` are no list of texts"),
            Self::Env => f.write_str("its `env` is no table of texts"),
            Self::Name => f.write_str("a server of a catalogue is called a-z, then a-z 0-9 -, at most 64: rename it"),
            Self::Foreign => {
                f.write_str("it runs `wane mcp run` in another way than is written here for a server of its name")
            }
            Self::Flags => f.write_str("it is wrapped with other flags than these: `--stop` comes first"),
            Self::Elsewhere(program) => {
                write!(f, "it is wrapped by `{program}`, which is not this program: `--stop` comes first")
            }
            Self::Written => f.write_str("a remark stands in what would be taken out: move it"),
            Self::Setting(name) => write!(f, "it states `{name}`, which says something to the gateway as well"),
            Self::Dotted => f.write_str("it has no `args`, and none can be put beside its dotted `command`"),
        }
    }
}

/// Why a text is no configuration that can be edited. Nothing of the text is repeated.
///
/// ```
/// use wane_gateway::wiring::{self, Fault, Layout};
/// let fault: Fault = wiring::stop("{\n  \"servers\" 1}", Layout::Servers, "wane", None).unwrap_err();
/// assert_eq!(fault.to_string(), "line 2, column 13: expected colon after the string or word in object property");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

impl Fault {
    fn at(line: usize, column: usize, message: impl fmt::Display) -> Self {
        Self(format!("line {line}, column {column}: {message}"))
    }
}

/// A text that was edited: what it is now, and what came of each server.
///
/// ```
/// use std::collections::BTreeMap;
/// use wane_gateway::wiring::{self, Edit, Layout, Runner};
/// let text = "{\"mcpServers\": {\"git\": {\"command\": \"uvx\", \"env\": {\"KEY\": \"secret\"}}}}";
/// let runner = Runner { program: "/usr/bin/wane".into(), flags: BTreeMap::new(), gateway: None };
/// let edit: Edit = wiring::enforce(text, Layout::McpServers, &runner, &[])?;
/// assert!(edit.is_changed() && edit.text().contains("secret"));
/// assert!(edit.diff().iter().all(|line| !line.contains("secret")));
/// assert_eq!(edit.outcomes().len(), 1);
/// # Ok::<(), wane_gateway::wiring::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct Edit {
    text: String,
    outcomes: Vec<Outcome>,
    diff: Vec<String>,
    changed: bool,
}

impl Edit {
    /// The text as it is now.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What came of each server, in the order of the text.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The lines of a unified diff, less the names of files: no line around what changes, and `***` for every value in a changed
    /// line that may be a secret.
    #[must_use]
    pub fn diff(&self) -> &[String] {
        &self.diff
    }

    /// Whether anything changes.
    #[must_use]
    pub const fn is_changed(&self) -> bool {
        self.changed
    }
}

/// Wraps the servers with these names, or all where none is named.
///
/// ```
/// use std::collections::BTreeMap;
/// use wane_gateway::wiring::{self, Layout, Runner};
/// let text = "{\"mcpServers\": {\"git\": {\"command\": \"uvx\", \"args\": [\"git\"]}}} // mine\n";
/// let runner = Runner { program: "/usr/bin/wane".into(), flags: BTreeMap::new(), gateway: None };
/// let edit = wiring::enforce(text, Layout::McpServers, &runner, &[])?;
/// let args = "[\"mcp\", \"run\", \"--server\", \"git\", \"--\", \"uvx\", \"git\"]";
/// let wrapped = "{\"mcpServers\": {\"git\": {\"command\": \"/usr/bin/wane\", \"args\": ARGS}}} // mine\n";
/// assert_eq!(edit.text(), wrapped.replace("ARGS", args));
/// # Ok::<(), wane_gateway::wiring::Fault>(())
/// ```
///
/// # Errors
///
/// The text is not what the layout says.
pub fn enforce(text: &str, layout: Layout, runner: &Runner, names: &[String]) -> Result<Edit, Fault> {
    let (mark, body) = unmarked(text);
    let read = read(body, layout)?;
    let mut splices = Vec::new();
    let mut outcomes = Vec::new();
    let mut expected = Vec::new();
    for entry in read.entries.iter().filter(|entry| names.is_empty() || names.contains(&entry.name)) {
        let mut server = entry.server.clone();
        let state = match &entry.server {
            Server::Stdio(stdio) if stdio.stands(&runner.program, &entry.name) == Stands::Otherwise => {
                State::Refused(Why::Foreign)
            }
            Server::Stdio(Stdio { setting: Some(name), .. }) => State::Refused(Why::Setting(name.clone())),
            Server::Stdio(stdio) if stdio.stands(&runner.program, &entry.name) != Stands::Alone => {
                match (stdio.starts(&runner.program), stdio.begins_with(&runner.line(&entry.name))) {
                    (true, true) => State::Already,
                    (true, false) => State::Refused(Why::Flags),
                    (false, _) => State::Refused(Why::Elsewhere(stdio.command.value.clone())),
                }
            }
            Server::Stdio(_) if entry.name.parse::<wane::Name>().is_err() => State::Refused(Why::Name),
            Server::Stdio(stdio) => match edit::wrap(body, stdio, &runner.program, &runner.line(&entry.name)) {
                Some(made) => {
                    splices.extend(made);
                    server = Server::Stdio(stdio.after_wrapping(runner, &entry.name));
                    State::Wrapped
                }
                None => State::Refused(Why::Dotted),
            },
            Server::Http(http) => match http.put_behind(body, &entry.name, runner.gateway.as_ref()) {
                Ok((made, _)) if made.is_empty() => State::Already,
                Ok((made, after)) => {
                    splices.extend(made);
                    server = Server::Http(after);
                    State::Wrapped
                }
                Err(why) => State::Refused(why),
            },
            Server::Other(why) => State::Refused(why.clone()),
        };
        expected.push((entry, server));
        outcomes.push(Outcome { place: entry.place.clone(), name: entry.name.clone(), state });
    }
    finish(mark, body, layout, &read, splices, outcomes, &expected)
}

/// Gives every wrapped server its old command back. `program` is the path of this `wane`; one that is called `wane` or `wane-…`
/// elsewhere is taken for another copy of it. What is not exactly what wrapping writes is refused. `before` is the text from before it was wrapped, if there still is one: it says which servers had no
/// `args` at all.
///
/// ```
/// use std::collections::BTreeMap;
/// use wane_gateway::wiring::{self, Layout, Runner};
/// let text = "[mcp_servers.git]\ncommand = 'uvx' # mine\n";
/// let runner = Runner { program: "/usr/bin/wane".into(), flags: BTreeMap::new(), gateway: None };
/// let wrapped = wiring::enforce(text, Layout::Toml, &runner, &[])?;
/// let stopped = wiring::stop(wrapped.text(), Layout::Toml, "/usr/bin/wane", Some(text))?;
/// assert_eq!(stopped.text(), text);
/// let stopped = wiring::stop(wrapped.text(), Layout::Toml, "/usr/bin/wane", None)?;
/// assert_eq!(stopped.text(), "[mcp_servers.git]\ncommand = 'uvx'\nargs = [] # mine\n");
/// # Ok::<(), wane_gateway::wiring::Fault>(())
/// ```
///
/// # Errors
///
/// The text is not what the layout says.
pub fn stop(text: &str, layout: Layout, program: &str, before: Option<&str>) -> Result<Edit, Fault> {
    let (mark, body) = unmarked(text);
    let read_now = read(body, layout)?;
    // Of a text from before that cannot be read, nothing is known.
    let old = before.and_then(|before| read(unmarked(before).1, layout).ok()).unwrap_or_default();
    let mut splices = Vec::new();
    let mut outcomes = Vec::new();
    let mut expected = Vec::new();
    for entry in &read_now.entries {
        let was = old.entries.iter().find(|was| (&was.place, &was.name) == (&entry.place, &entry.name));
        let made = match &entry.server {
            Server::Stdio(stdio) => match stdio.stands(program, &entry.name) {
                Stands::Alone => continue,
                Stands::Otherwise => Err(Why::Foreign),
                Stands::Behind(inner) => {
                    let absent = was.and_then(|was| was.server.without_args());
                    let made = edit::unwrap(body, stdio, inner, absent).ok_or(Why::Written);
                    made.map(|made| (made, Server::Stdio(stdio.after_unwrapping(inner))))
                }
            },
            Server::Http(http) => match http.stands(&entry.name) {
                Stands::Alone => continue,
                Stands::Otherwise => Err(Why::Altered),
                Stands::Behind(own) => {
                    let absent = was.and_then(|was| was.server.without_headers());
                    let made = http.take_out(body, own, absent).ok_or(Why::Written);
                    made.map(|made| (made, Server::Http(http.after_unwrapping(own))))
                }
            },
            Server::Other(_) => continue,
        };
        let state = match made {
            Err(why) => State::Refused(why),
            Ok((made, server)) => {
                splices.extend(made);
                expected.push((entry, server));
                State::Unwrapped
            }
        };
        outcomes.push(Outcome { place: entry.place.clone(), name: entry.name.clone(), state });
    }
    finish(mark, body, layout, &read_now, splices, outcomes, &expected)
}

/// The same text without the bearers of gateways that are shown in it, for a copy that is kept. One that cannot be read is kept as it is:
/// nothing was put into it here.
///
/// ```
/// use wane_gateway::wiring::{Layout, without_bearers};
/// let text = format!(
///     "{{\"servers\": {{\"a\": {{\"url\": \"http://127.0.0.1:7000/a/mcp#https://h\", \"headers\": {{\"Authorization\": \"Bearer {}\"}}}}}}}}",
///     "x".repeat(43),
/// );
/// assert!(without_bearers(&text, Layout::Servers).contains("\"Authorization\": \"Bearer ***\""));
/// ```
#[must_use]
pub fn without_bearers(text: &str, layout: Layout) -> String {
    let (mark, body) = unmarked(text);
    let read = read(body, layout).unwrap_or_default();
    let shown = read.entries.iter().filter_map(|entry| match &entry.server {
        Server::Http(http) => Some(http.less_bearer(&entry.name)),
        Server::Other(_) => Some(http::less_any_bearer(body, &entry.span, &read.leaves)),
        Server::Stdio(_) => None,
    });
    let mut splices: Vec<Splice> = shown.flatten().collect();
    splices.sort_by_key(|splice| splice.span.start);
    format!("{mark}{}", edit::apply(body, &splices))
}

/// Edits the text, and reads it again: what is written must be what was meant.
fn finish(
    mark: &str,
    body: &str,
    layout: Layout,
    read_before: &Read,
    mut splices: Vec<Splice>,
    outcomes: Vec<Outcome>,
    expected: &[(&Entry, Server)],
) -> Result<Edit, Fault> {
    splices.sort_by_key(|splice| splice.span.start);
    let edited = edit::apply(body, &splices);
    if !splices.is_empty() {
        let after = read(&edited, layout)?;
        let as_meant = read_before.entries.len() == after.entries.len()
            && read_before.entries.iter().zip(&after.entries).all(|(old, new)| {
                let meant = expected.iter().find(|(entry, _)| std::ptr::eq(*entry, old)).map(|(_, server)| server);
                old.place == new.place && old.name == new.name && meant.unwrap_or(&old.server).says(&new.server)
            });
        if !as_meant {
            return Err(Fault("it is written in a way that cannot be edited".into()));
        }
    }
    let diff = diff::lines(body, &splices, &read_before.hidden());
    Ok(Edit { text: format!("{mark}{edited}"), outcomes, diff, changed: !splices.is_empty() })
}

fn read(body: &str, layout: Layout) -> Result<Read, Fault> {
    match layout {
        Layout::Toml => toml::read(body),
        Layout::McpServers | Layout::Projects | Layout::Servers | Layout::AnyJson => json::read(body, layout),
    }
}

/// The byte order mark, if there is one, and the rest.
fn unmarked(text: &str) -> (&str, &str) {
    match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    }
}

#[cfg(test)]
mod tests;
