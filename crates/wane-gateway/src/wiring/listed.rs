//! The servers that a configuration lists, for whoever wants to start them without the client.

use std::fmt;

use super::entry::{Server, Stands};
use super::{Fault, Layout, Why, read, unmarked};

/// A server that a configuration lists.
///
/// ```
/// use wane_gateway::wiring::{self, Layout, Listed};
/// let text = "[mcp_servers.git]\ncommand = 'uvx'\nargs = ['git']\nenv = { KEY = 'secret' }\n";
/// let listed: Vec<Listed> = wiring::listed(text, Layout::Toml, "/usr/bin/wane")?;
/// assert_eq!(listed[0].name, "git");
/// assert_eq!(listed[0].start.as_ref().unwrap().command, ["uvx", "git"]);
/// # Ok::<(), wane_gateway::wiring::Fault>(())
/// ```
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// How it is started, or why it is not.
    pub start: Result<Start, Why>,
}

/// How a client starts a server.
///
/// ```
/// use wane_gateway::wiring::Start;
/// let start = Start { command: vec!["uvx".into()], env: vec![("KEY".into(), "secret".into())] };
/// assert_eq!(format!("{start:?}"), r#"Start { command: ["uvx"], env: ["KEY"] }"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Start {
    /// The program and its arguments; the program is there.
    pub command: Vec<String>,
    /// Variables of its environment. They may hold secrets.
    pub env: Vec<(String, String)>,
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Start").field("command", &self.command).field("env", &names).finish()
    }
}

/// The servers of a configuration in the order of the text. Where a gateway stands before one, the command is that of the server behind
/// it; `program` is the path of this `wane`.
///
/// ```
/// use std::collections::BTreeMap;
/// use wane_gateway::wiring::{self, Layout, Runner};
/// let text = "{\"servers\": {\"git\": {\"command\": \"uvx\", \"args\": [\"git\"]}}}";
/// let runner = Runner { program: "/usr/bin/wane".into(), flags: BTreeMap::new(), gateway: None };
/// let edit = wiring::enforce(text, Layout::Servers, &runner, &[])?;
/// for text in [text, edit.text()] {
///     let listed = wiring::listed(text, Layout::Servers, "/usr/bin/wane")?;
///     assert_eq!(listed[0].start.as_ref().unwrap().command, ["uvx", "git"]);
/// }
/// # Ok::<(), wane_gateway::wiring::Fault>(())
/// ```
///
/// # Errors
///
/// The text is not what the layout says.
pub fn listed(text: &str, layout: Layout, program: &str) -> Result<Vec<Listed>, Fault> {
    let read = read(unmarked(text).1, layout)?;
    let listed = read.entries.into_iter().map(|entry| {
        let start = match entry.server {
            Server::Other(why) => Err(why),
            Server::Http(_) => Err(Why::Remote("url")),
            Server::Stdio(stdio) => match stdio.stands(program, &entry.name) {
                Stands::Otherwise => Err(Why::Foreign),
                stands => stdio.env.clone().ok_or(Why::Env).map(|env| {
                    let words = std::iter::once(&stdio.command).chain(stdio.elements());
                    let before = match stands {
                        Stands::Behind(inner) => inner.saturating_add(1),
                        Stands::Alone | Stands::Otherwise => 0,
                    };
                    Start { command: words.skip(before).map(|text| text.value.clone()).collect(), env }
                }),
            },
        };
        Listed { name: entry.name, start }
    });
    Ok(listed.collect())
}
