//! Where a ledger lies, as one line of text.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use wane::{Code, Refusal};

use crate::store::postgres::{PostgresOptions, PostgresStore};
use crate::store::{Fault, MemoryStore, SqliteOptions, SqliteStore, Store};

/// Where this user keeps state, as the environment says it: what `sqlite:` without a path is meant from.
///
/// ```
/// use wane_ledger::StateHome;
/// let home = StateHome { state: None, home: Some("/home/ada".into()) };
/// assert_eq!(home.ledger(), Some("/home/ada/.local/state/wane/ledger.db".into()));
/// assert!(StateHome::from_env().ledger().is_none_or(|path| path.is_absolute()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateHome {
    /// `XDG_STATE_HOME`; passed over unless it is absolute.
    pub state: Option<PathBuf>,
    /// `HOME`; passed over unless it is absolute.
    pub home: Option<PathBuf>,
}

impl StateHome {
    /// What the environment of this process says.
    #[must_use]
    pub fn from_env() -> Self {
        let of = |name| std::env::var_os(name).map(PathBuf::from);
        Self { state: of("XDG_STATE_HOME"), home: of("HOME") }
    }

    /// `$XDG_STATE_HOME/wane/ledger.db`, or the same under `~/.local/state`.
    #[must_use]
    pub fn ledger(&self) -> Option<PathBuf> {
        let absolute = |path: &Option<PathBuf>| path.clone().filter(|path| path.is_absolute());
        let state = absolute(&self.state).or_else(|| Some(absolute(&self.home)?.join(".local/state")))?;
        Some(state.join("wane/ledger.db"))
    }
}

/// Where a ledger lies: `memory:`, `sqlite:PATH`, or a PostgreSQL URL. Printed, it shows no password.
///
/// ```
/// use wane_ledger::{LedgerUrl, StateHome};
/// let url: LedgerUrl = "postgres://ada:secret@db.example.com/wane".parse()?;
/// assert_eq!(url.to_string(), "postgres://ada:***@db.example.com/wane");
/// assert!(url.has_password() && !url.is_volatile() && url.file().is_none());
///
/// let home = StateHome { state: Some("/var/state".into()), home: None };
/// let url = LedgerUrl::parse("sqlite:", &home)?;
/// assert_eq!(url.to_string(), "sqlite:/var/state/wane/ledger.db");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LedgerUrl(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Memory,
    Sqlite(PathBuf),
    Postgres(String),
}

impl LedgerUrl {
    /// Reads a URL. A path may be relative; it is meant from the folder that the process stands in when the ledger is
    /// opened. `home` is asked only for `sqlite:` without a path.
    ///
    /// # Errors
    /// `use-ledger-url`: another scheme, a path that is none, or no state folder for `sqlite:`.
    pub fn parse(text: &str, home: &StateHome) -> Result<Self, Refusal> {
        // The rest may hold a password.
        let scheme = text.split(':').next().filter(|_| text.contains(':')).unwrap_or_default();
        // spec: S82
        let refused = |why: &str| {
            let plain = scheme.len() <= 16 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let found = if plain && !scheme.is_empty() { format!("`{scheme}:`") } else { "it".to_owned() };
            Err(Refusal::new(Code::UseLedgerUrl, "ledger", found, why))
        };
        if text.chars().any(char::is_control) {
            return refused("a URL is one line of printable text");
        }
        match scheme {
            "memory" if text == "memory:" => Ok(Self(Place::Memory)),
            "memory" => refused("nothing follows `memory:`"),
            "sqlite" => match text.strip_prefix("sqlite:").unwrap_or_default() {
                "" => match home.ledger() {
                    Some(path) => Ok(Self(Place::Sqlite(path))),
                    None => refused("no path is given, and neither XDG_STATE_HOME nor HOME names a folder"),
                },
                path if path.starts_with("//") && !path.starts_with("///") => {
                    refused("a file has no host; write `sqlite:PATH`")
                }
                path if path.starts_with('~') => refused("`~` is the shell's; write the path in full"),
                path if path.contains(['?', '#']) => refused("a path has no options"),
                path if path.ends_with('/') || path.ends_with("/.") || path.ends_with("..") || path == "." => {
                    refused("the path names a folder")
                }
                path => Ok(Self(Place::Sqlite(path.into()))),
            },
            "postgres" | "postgresql" => match rest_of_postgres(text) {
                Some(rest) if !rest.is_empty() => Ok(Self(Place::Postgres(text.to_owned()))),
                _ => refused("`//HOST/DATABASE` must follow"),
            },
            "" => refused("it has no scheme"),
            _ => refused("the scheme is not known"),
        }
    }

    /// Whether what lies there is gone with the process.
    #[must_use]
    pub const fn is_volatile(&self) -> bool {
        matches!(self.0, Place::Memory)
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Place::Sqlite(path) => Some(path),
            Place::Memory | Place::Postgres(_) => None,
        }
    }

    /// Whether it holds something that is not shown, a password most likely: it should then not stand in a command line,
    /// which others can see.
    #[must_use]
    pub fn has_password(&self) -> bool {
        matches!(&self.0, Place::Postgres(url) if hidden(url) != *url)
    }

    /// Opens the store that is there. That of `memory:` is a new one each time.
    ///
    /// ```
    /// let url: wane_ledger::LedgerUrl = "sqlite:/nonexistent/ledger.db".parse()?;
    /// assert_eq!(url.open().err().map(|fault| fault.refusal().code()), Some(wane::Code::StateUnreachable));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// The store's own faults.
    pub fn open(&self) -> Result<Box<dyn Store>, Fault> {
        self.connect(false)
    }

    /// Opens the store, and makes its file or its tables where there are none.
    ///
    /// ```
    /// let url: wane_ledger::LedgerUrl = "memory:".parse()?;
    /// assert!(!url.create()?.is_durable());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The store's own faults.
    pub fn create(&self) -> Result<Box<dyn Store>, Fault> {
        self.connect(true)
    }

    fn connect(&self, create: bool) -> Result<Box<dyn Store>, Fault> {
        match &self.0 {
            Place::Memory => Ok(Box::new(MemoryStore::new())),
            Place::Sqlite(path) => {
                Ok(Box::new(SqliteStore::open(path, SqliteOptions { create, ..SqliteOptions::default() })?))
            }
            Place::Postgres(url) => {
                Ok(Box::new(PostgresStore::connect(url, PostgresOptions { create, ..PostgresOptions::default() })?))
            }
        }
    }
}

impl FromStr for LedgerUrl {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::parse(text, &StateHome::from_env())
    }
}

impl fmt::Display for LedgerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Memory => f.write_str("memory:"),
            Place::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Place::Postgres(url) => f.write_str(&hidden(url)),
        }
    }
}

impl fmt::Debug for LedgerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LedgerUrl({self})")
    }
}

fn rest_of_postgres(url: &str) -> Option<&str> {
    url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))
}

/// Parameters whose values are no secrets.
const PLAIN: &[&str] = &["application_name", "connect_timeout", "dbname", "host", "port", "schema", "sslmode", "user"];

/// The URL with `***` for what may be a secret. A password that should have been escaped can hold any sign, so all up to the
/// last `@` is taken for it, and of what stands before only a plain user name is shown.
fn hidden(url: &str) -> String {
    let rest = rest_of_postgres(url).unwrap_or_default();
    let scheme = url.strip_suffix(rest).unwrap_or_default();
    let (login, place) = match rest.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, rest),
    };
    let user =
        |login| str::split_once(login, [':', '/', '?', '#', '@']).map_or((login, ""), |(user, _)| (user, ":***"));
    let login = match login.map(user) {
        Some((user, password)) => format!("{user}{password}@"),
        None => String::new(),
    };
    let (place, parameters) = place.split_once('?').map_or((place, None), |(place, after)| (place, Some(after)));
    let (hosts, database) = place.split_once('/').map_or((place, None), |(hosts, after)| (hosts, Some(after)));
    let hosts = host(hosts);
    let database = database.map_or(String::new(), |database| format!("/{database}"));
    let parameter = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if PLAIN.contains(&name) => parameter.to_owned(),
        Some((name, _)) => format!("{name}=***"),
        None if parameter.is_empty() => String::new(),
        None => "***".to_owned(),
    };
    let parameters = parameters.map_or(String::new(), |all| {
        let shown: Vec<String> = all.split('&').map(parameter).collect();
        format!("?{}", shown.join("&"))
    });
    format!("{scheme}{login}{hosts}{database}{parameters}")
}

/// Host and port. What stands where a port should be, and is none, is the password of a URL whose `@` is missing.
fn host(text: &str) -> String {
    let is_address = |inside: &str| inside.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte));
    let (host, rest) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((inside, rest)) if is_address(inside) => (format!("[{inside}]"), rest),
        _ => {
            let (host, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
            (host.to_owned(), rest)
        }
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    match rest.strip_prefix(':') {
        Some(port) if !is_port(port) => format!("{host}:***"),
        None if !rest.is_empty() => format!("{host}:***"),
        _ => format!("{host}{rest}"),
    }
}

#[cfg(test)]
mod tests;
