//! What is read of a configuration, in either notation: the servers, and where the texts stand that are moved.

use std::path::Path;

use super::http::Http;
use super::{Flag, Runner, Why};

/// A part of the text, in bytes.
pub(super) type Span = std::ops::Range<usize>;

/// A configuration.
#[derive(Default)]
pub(super) struct Read {
    pub(super) entries: Vec<Entry>,
    /// Every text and number of it, keys aside.
    pub(super) leaves: Vec<Span>,
}

/// One server of a configuration.
pub(super) struct Entry {
    pub(super) place: String,
    pub(super) name: String,
    /// All of it; empty in TOML, where none is put behind a gateway at a url.
    pub(super) span: Span,
    pub(super) server: Server,
}

/// How it is reached.
#[derive(Clone)]
pub(super) enum Server {
    Stdio(Stdio),
    Http(Http),
    Other(Why),
}

/// A server that the client starts.
#[derive(Clone)]
pub(super) struct Stdio {
    pub(super) command: Text,
    pub(super) args: Args,
    /// The variables that it is started with; `None` where that is no table of texts.
    pub(super) env: Option<Vec<(String, String)>>,
    /// Of these the first that says something to the gateway, whatever it is.
    pub(super) setting: Option<String>,
}

/// Whether a variable says something to the gateway: what it judges by, where its state and its user's settings lie, or what code it loads.
pub(super) fn is_setting(name: &str) -> bool {
    name == "HOME" || ["WANE_", "XDG_", "LD_", "DYLD_"].iter().any(|start| name.starts_with(start))
}

/// A text as it stands in the configuration, quotes included, and what it says.
#[derive(Clone)]
pub(super) struct Text {
    pub(super) span: Span,
    pub(super) value: String,
}

#[derive(Clone)]
pub(super) enum Args {
    /// The list, with its brackets.
    Listed { span: Span, elements: Vec<Text> },
    /// There is none. It would stand right after the command, behind this text; `None` where that is no place for it.
    Absent { before: Option<String> },
}

/// How an entry stands to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// There is none.
    Alone,
    /// It is wrapped, and its own command is this argument, or its own url begins at this byte.
    Behind(usize),
    /// There is one, and it is not started as it is written here.
    Otherwise,
}

/// What every line of ours starts with; the name of the server follows.
const START: [&str; 3] = ["mcp", "run", "--server"];

impl Stdio {
    /// What the list of arguments says.
    pub(super) fn elements(&self) -> &[Text] {
        match &self.args {
            Args::Listed { elements, .. } => elements,
            Args::Absent { .. } => &[],
        }
    }

    /// Whether its arguments begin with these words.
    pub(super) fn begins_with<W: AsRef<str>>(&self, words: &[W]) -> bool {
        let said = self.elements();
        said.len() >= words.len() && said.iter().zip(words).all(|(text, word)| text.value == word.as_ref())
    }

    fn is_wane(&self, program: &str) -> bool {
        let name = Path::new(&self.command.value).file_name();
        let named = |name: &str| name == "wane" || name == "wane.exe" || name.starts_with("wane-");
        self.command.value == program || name.and_then(|name| name.to_str()).is_some_and(named)
    }

    /// Whether it is this program that it starts.
    pub(super) fn starts(&self, program: &str) -> bool {
        self.command.value == program
    }

    /// How the entry of this name stands to a gateway. A line that only might be ours is not: somebody has written it, and would lose it.
    pub(super) fn stands(&self, program: &str, name: &str) -> Stands {
        let is_wane = self.is_wane(program);
        match self.inner(name).filter(|_| is_wane) {
            Some(inner) => Stands::Behind(inner),
            None if self.begins_with(&START) || (is_wane && self.begins_with(&START[..2])) => Stands::Otherwise,
            None => Stands::Alone,
        }
    }

    /// Where among the arguments the wrapped command stands, behind exactly what is written for this name.
    fn inner(&self, name: &str) -> Option<usize> {
        let mut words = self.elements().iter().map(|text| text.value.as_str()).enumerate();
        if !self.begins_with(&START) || words.nth(START.len()).is_none_or(|(_, named)| named != name) {
            return None;
        }
        let mut flags = Flag::ALL.iter();
        loop {
            match words.next()? {
                (_, "--") => break,
                // Each stands once at most, in the order of all of them.
                (_, word) => flags.find(|flag| flag.as_str() == word)?,
            };
            words.next().filter(|(_, value)| !value.is_empty() && !value.starts_with("--"))?;
        }
        words.next().filter(|(_, own)| !own.is_empty()).map(|(inner, _)| inner)
    }

    /// What it says once it is wrapped. Where that will stand is not known before it is read again.
    pub(super) fn after_wrapping(&self, runner: &Runner, name: &str) -> Self {
        let words = runner.line(name).into_iter().chain([self.command.value.clone()]);
        let rest = self.elements().iter().map(|text| text.value.clone());
        self.said(runner.program.clone(), words.chain(rest))
    }

    /// What it says once it is no longer wrapped.
    pub(super) fn after_unwrapping(&self, inner: usize) -> Self {
        let mut words = self.elements().iter().skip(inner).map(|text| text.value.clone());
        self.said(words.next().unwrap_or_default(), words)
    }

    fn said(&self, command: String, args: impl Iterator<Item = String>) -> Self {
        let text = |value| Text { span: 0..0, value };
        Self {
            command: text(command),
            args: Args::Listed { span: 0..0, elements: args.map(text).collect() },
            env: self.env.clone(),
            setting: self.setting.clone(),
        }
    }
}

impl Server {
    /// The text that would stand before a list of arguments, where there is no list.
    pub(super) fn without_args(&self) -> Option<&str> {
        match self {
            Self::Stdio(Stdio { args: Args::Absent { before }, .. }) => before.as_deref(),
            Self::Stdio(_) | Self::Http(_) | Self::Other(_) => None,
        }
    }

    /// The text that would stand before a table of headers, where there is no table.
    pub(super) fn without_headers(&self) -> Option<&str> {
        match self {
            Self::Http(http) => http.without_headers(),
            Self::Stdio(_) | Self::Other(_) => None,
        }
    }

    /// Whether both say the same, wherever it stands.
    pub(super) fn says(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other(one), Self::Other(two)) => one == two,
            (Self::Http(one), Self::Http(two)) => one.says(two),
            (Self::Stdio(one), Self::Stdio(two)) => {
                let values = |stdio: &Stdio| stdio.elements().iter().map(|text| text.value.clone()).collect::<Vec<_>>();
                one.command.value == two.command.value && values(one) == values(two) && one.env == two.env
            }
            _ => false,
        }
    }
}

impl Read {
    /// What is not shown to anybody: all values but the commands of servers and the lines that were written here.
    pub(super) fn hidden(&self) -> Vec<Span> {
        let mut shown = Vec::new();
        for entry in &self.entries {
            let Server::Stdio(stdio) = &entry.server else { continue };
            shown.push(stdio.command.span.start);
            if let Stands::Behind(inner) = stdio.stands("wane", &entry.name) {
                shown.extend(stdio.elements().iter().take(inner.saturating_add(1)).map(|text| text.span.start));
            }
        }
        shown.sort_unstable();
        self.leaves.iter().filter(|leaf| shown.binary_search(&leaf.start).is_err()).cloned().collect()
    }
}
