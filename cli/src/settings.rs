//! Settings: a flag, else the environment, else the project's `wane.toml`, else the user's.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use wane_ledger::LedgerUrl;

use crate::failure::{self, Failure, Trouble};
use crate::input::{TOML_TEXT, is_secret};
use crate::output::Output;

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An environment variable.
    Env(&'static str),
    /// A `wane.toml`.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => f.write_str(name),
            Self::File(path) => f.write_str(&crate::output::escape(&path.display().to_string())),
        }
    }
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The value.
    pub(crate) value: String,
    /// Its origin.
    pub(crate) origin: Origin,
}

/// Whether the `wane.toml` of the folder that a process stands in has a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Project {
    /// It has, before the user's.
    Counts,
    /// It has none: what runs there may have written it.
    PassedOver,
}

/// The settings in force, flags aside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The trusted roots: a key, or a file.
    pub(crate) roots: Option<Setting>,
    /// The audience.
    pub(crate) aud: Option<Setting>,
    /// The ledger.
    pub(crate) ledger: Option<Setting>,
    /// The token that is used where none is named.
    pub(crate) token_file: Option<Setting>,
    /// The catalogue.
    pub(crate) catalogue: Option<Setting>,
}

/// What a `wane.toml` may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct FileSettings {
    roots: Option<String>,
    aud: Option<String>,
    ledger: Option<String>,
    token_file: Option<String>,
    catalogue: Option<String>,
}

/// The name of settings files.
const FILE_NAME: &str = "wane.toml";

impl Settings {
    /// Reads the environment and the two files.
    pub(crate) fn load(output: Output, project: Project) -> Result<Self, Failure> {
        let mut settings = Self::default();
        settings.environment()?;
        let user = user_file();
        let here = project_file().filter(|path| project == Project::Counts || !is_same(path, user.as_deref()));
        if let (Some(path), Project::PassedOver) = (&here, project) {
            pass_over(path, output);
        }
        let here = here.filter(|_| project == Project::Counts).map(|path| (read_if_trusted(&path), path));
        let user = user.map(|path| (read_if_trusted(&path).or_else(out_of_reach), path));
        for (read, path) in here.into_iter().chain(user) {
            match read.map_err(|error| Failure::file("read", failure::name(&path), &error))? {
                Trusted::Text(path, text) => settings.file(&path, &text)?,
                Trusted::Foreign(why) => output.note(format_args!("{} {why}, so it is not read", failure::name(&path))),
                Trusted::Missing => {}
            }
        }
        Ok(settings)
    }

    /// Name, value and origin of each setting, in the order of the documentation. The url of a ledger stands there without
    /// its password.
    pub(crate) fn entries(&self) -> [(&'static str, Option<Setting>); 5] {
        let hidden = |setting: &Setting| Setting {
            // What cannot be read may hold a password anywhere.
            value: setting.value.parse().map_or_else(|_| "***".into(), |url: LedgerUrl| url.to_string()),
            origin: setting.origin.clone(),
        };
        [
            ("roots", self.roots.clone()),
            ("aud", self.aud.clone()),
            ("ledger", self.ledger.as_ref().map(hidden)),
            ("token-file", self.token_file.clone()),
            ("catalogue", self.catalogue.clone()),
        ]
    }

    fn environment(&mut self) -> Result<(), Failure> {
        let read = |name: &'static str| match std::env::var(name) {
            Ok(value) if is_secret(value.as_ref()) => Err(Failure::new(
                Trouble::SecretArgument,
                format!("`{name}` holds a secret, where the name of a file belongs"),
            )),
            Ok(value) if !value.is_empty() => Ok(Some(Setting { value, origin: Origin::Env(name) })),
            Ok(_) | Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(Failure::usage(format!("`{name}` is not utf-8"))),
        };
        self.roots = read("WANE_ROOTS")?;
        self.aud = read("WANE_AUD")?;
        self.ledger = read("WANE_LEDGER")?;
        self.token_file = read("WANE_TOKEN_FILE")?;
        self.catalogue = read("WANE_CATALOGUE")?;
        Ok(())
    }

    fn file(&mut self, path: &Path, text: &str) -> Result<(), Failure> {
        let file: FileSettings = parse_toml(text).map_err(|failure| failure.within(failure::name(path)))?;
        let fill = |slot: &mut Option<Setting>, value: Option<String>| {
            if slot.is_none() {
                *slot = value.map(|value| Setting { value, origin: Origin::File(path.into()) });
            }
        };
        // Paths in a file are meant from where the file lies, not from where somebody happens to stand.
        let beside = |value| beside(path, value);
        fill(&mut self.roots, file.roots.map(beside));
        fill(&mut self.aud, file.aud);
        fill(&mut self.ledger, file.ledger.map(|url| ledger_beside(path, url)));
        fill(&mut self.token_file, file.token_file.map(beside));
        fill(&mut self.catalogue, file.catalogue.map(beside));
        Ok(())
    }
}

/// What a file says is at `value`, meant from where that file lies. What is no path stays what it is.
pub(crate) fn beside(file: &Path, value: String) -> String {
    let elsewhere = value == "-" || ["wane1.", "env:", "fd:"].iter().any(|start| value.starts_with(start));
    match file.parent() {
        Some(folder) if !elsewhere => folder.join(value).display().to_string(),
        _ => value,
    }
}

/// The same for the url of a ledger: only `sqlite:PATH` has a path.
fn ledger_beside(file: &Path, url: String) -> String {
    match (url.strip_prefix("sqlite:"), file.parent()) {
        (Some(path), Some(folder)) if !path.is_empty() && !path.starts_with("//") => {
            format!("sqlite:{}", folder.join(path).display())
        }
        _ => url,
    }
}

/// Reads TOML into `T`; a mistake names its line and column.
pub(crate) fn parse_toml<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    // Values are printed, in notes and in messages; none of these files is a place for a secret.
    if is_secret(text.as_ref()) {
        return Err(Failure::new(Trouble::SecretArgument, "it holds a token or a private key")
            .hint("name the file that holds the secret instead"));
    }
    toml::from_str(text).map_err(|error| {
        let place = error.span().and_then(|span| position(text, span.start));
        let (line, column) = place.unwrap_or((1, 1));
        let message = error.message().replace('\n', ", ");
        Failure::new(Trouble::Toml, format!("line {line}, column {column}: {message}"))
    })
}

/// Line and column of a byte, both counted from 1, the column in characters.
pub(crate) fn position(text: &str, byte: usize) -> Option<(usize, usize)> {
    let before = text.get(..byte)?;
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    Some((line, column))
}

/// Says what a settings file states that does not count. What cannot be read states nothing, and stops nobody.
fn pass_over(path: &Path, output: Output) {
    let mut settings = Settings::default();
    let read = match read_if_trusted(path) {
        Ok(Trusted::Text(path, text)) => settings.file(&path, &text).is_ok(),
        Ok(Trusted::Foreign(_) | Trusted::Missing) | Err(_) => false,
    };
    let stated: Vec<&str> =
        settings.entries().iter().filter(|(_, value)| value.is_some()).map(|(name, _)| *name).collect();
    let named = failure::name(path);
    match (read, stated.is_empty()) {
        (false, _) => output.note(format_args!("{named} does not count here, and is not read")),
        (true, true) => {}
        (true, false) => output.note(format_args!("{named} does not count here, and states {}", stated.join(", "))),
    }
}

/// Whether a file is the user's own.
fn is_same(path: &Path, user: Option<&Path>) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    user.is_some_and(|user| real(path).is_some_and(|path| Some(path) == real(user)))
}

/// The nearest `wane.toml` upwards from the current folder.
fn project_file() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file())
}

/// `$XDG_CONFIG_HOME/wane/wane.toml`, or the same under `~/.config`.
fn user_file() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(config.join("wane").join(FILE_NAME))
}

enum Trusted {
    Foreign(&'static str),
    Missing,
    /// The text, and where the file lies once links are followed.
    Text(PathBuf, String),
}

/// Reads a settings file, unless somebody else could have put it there: whoever names the trusted roots decides
/// is allowed, and a folder like `/tmp` lies above many others. A link is followed first: what a file of ours says
/// is meant from where that file lies, not from where somebody put a link to it.
fn read_if_trusted(path: &Path) -> io::Result<Trusted> {
    let link = match std::fs::symlink_metadata(path) {
        Ok(link) => link,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Trusted::Missing),
        Err(error) => return Err(error),
    };
    if is_foreign(&link) {
        return Ok(Trusted::Foreign("belongs to another user"));
    }
    let path = std::fs::canonicalize(path)?;
    let file = File::open(&path)?;
    let metadata = file.metadata()?;
    if is_foreign(&metadata) {
        return Ok(Trusted::Foreign("belongs to another user"));
    }
    if metadata.mode() & 0o002 != 0 {
        return Ok(Trusted::Foreign("can be written by others"));
    }
    let mut text = String::new();
    file.take(TOML_TEXT.saturating_add(1)).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length <= TOML_TEXT) {
        Ok(Trusted::Text(path, text))
    } else {
        Err(io::Error::other(format!("more than {TOML_TEXT} bytes")))
    }
}

/// A user without a reachable home has no settings of its own; that stops no verb.
fn out_of_reach(error: io::Error) -> io::Result<Trusted> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(Trusted::Missing),
        io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied => Ok(Trusted::Foreign("is out of reach")),
        _ => Err(error),
    }
}

/// Whether a file belongs to somebody else than this user and root.
pub(crate) fn is_foreign(metadata: &Metadata) -> bool {
    metadata.uid() != rustix::process::geteuid().as_raw() && metadata.uid() != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_doubled_keys_name_their_place() {
        let place = |text: &str| parse_toml::<FileSettings>(text).map(|_| ()).unwrap_err().message().to_owned();
        assert!(
            place("aud = 'a'\nrots = 'b'\n").starts_with("line 2, column 1: unknown field `rots`"),
            "{}",
            place("rots='b'")
        );
        assert!(place("aud = 'a'\n aud = 'b'\n").starts_with("line 2, column 2: duplicate key"));
    }

    #[test]
    fn the_first_source_wins() {
        let mut settings = Settings::default();
        settings.file(Path::new("/p/wane.toml"), "aud = 'files'\nroots = 'roots.toml'").unwrap();
        settings.file(Path::new("/u/wane.toml"), "aud = 'mail'\ntoken-file = '/t'").unwrap();
        assert_eq!(settings.aud.unwrap().value, "files");
        assert_eq!(settings.roots.unwrap().value, "/p/roots.toml");
        assert_eq!(settings.token_file.unwrap().value, "/t");
    }

    #[test]
    fn the_path_of_a_ledger_is_meant_from_its_file() {
        let file = Path::new("/p/wane.toml");
        for (said, meant) in [
            ("sqlite:wane.db", "sqlite:/p/wane.db"),
            ("sqlite:/a.db", "sqlite:/a.db"),
            ("sqlite:///a.db", "sqlite:///a.db"),
            ("sqlite:", "sqlite:"),
            ("postgres://h/d", "postgres://h/d"),
        ] {
            assert_eq!(ledger_beside(file, said.into()), meant);
        }
    }
}
