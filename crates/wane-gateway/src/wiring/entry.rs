//! What is read of a configuration, in either notation: the servers, and where the texts stand that are moved.

use std::path::Path;

use super::{Runner, Why};

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
    pub(super) server: Server,
}

/// How it is reached.
#[derive(Clone)]
pub(super) enum Server {
    Stdio(Stdio),
    Other(Why),
}

/// A server that the client starts.
#[derive(Clone)]
pub(super) struct Stdio {
    pub(super) command: Text,
    pub(super) args: Args,
    /// The variables that it is started with; `None` where that is no table of texts.
    pub(super) env: Option<Vec<(String, String)>>,
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

    fn starts_with(&self, words: &[&str]) -> bool {
        let said = self.elements();
        said.len() >= words.len() && said.iter().zip(words).all(|(text, word)| text.value == *word)
    }

    fn is_wane(&self, program: &str) -> bool {
        let name = Path::new(&self.command.value).file_name();
        self.command.value == program || name.is_some_and(|name| name == "wane" || name == "wane.exe")
    }

    /// Whether it starts a gateway, in whatever way.
    pub(super) fn runs_gateway(&self, program: &str) -> bool {
        self.is_wane(program) && self.starts_with(&["mcp", "run"])
    }

    /// Where among the arguments the wrapped command stands.
    pub(super) fn wrapped(&self, program: &str) -> Option<usize> {
        if !self.is_wane(program) || !self.starts_with(&START) {
            return None;
        }
        let named = START.len().saturating_add(1);
        let dashes = self.elements().iter().skip(named).position(|text| text.value == "--")?;
        let inner = dashes.saturating_add(named).saturating_add(1);
        self.elements().get(inner).filter(|own| !own.value.is_empty()).map(|_| inner)
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
        }
    }
}

impl Server {
    /// The text that would stand before a list of arguments, where there is no list.
    pub(super) fn without_args(&self) -> Option<&str> {
        match self {
            Self::Stdio(Stdio { args: Args::Absent { before }, .. }) => before.as_deref(),
            Self::Stdio(_) | Self::Other(_) => None,
        }
    }

    /// Whether both say the same, wherever it stands.
    pub(super) fn says(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other(one), Self::Other(two)) => one == two,
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
            if let Some(inner) = stdio.wrapped("wane") {
                shown.extend(stdio.elements().iter().take(inner.saturating_add(1)).map(|text| text.span.start));
            }
        }
        shown.sort_unstable();
        self.leaves.iter().filter(|leaf| shown.binary_search(&leaf.start).is_err()).cloned().collect()
    }
}
