//! Where input comes from: a file, standard input, an environment variable or an open descriptor.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::failure::{Failure, Trouble};
use crate::output::{Output, escape, shell};
use crate::settings::{beside, is_foreign};

/// The largest token text that is read; the library refuses smaller ones by its own exact limit.
pub(crate) const TOKEN_TEXT: u64 = 64 * 1024;
/// The longest passphrase.
const PASSPHRASE_TEXT: u64 = 1024;
/// The largest key file.
pub(crate) const KEY_TEXT: u64 = 16 * 1024;
/// The largest roots, grant, rules or settings file.
pub(crate) const TOML_TEXT: u64 = 1024 * 1024;

/// What inputs are called, where two of them meet.
pub(crate) const APPROVAL: &str = "the approval";
pub(crate) const ARGUMENTS: &str = "the arguments";
pub(crate) const AUDIT_KEY: &str = "the audit key";
pub(crate) const AUTHORITY: &str = "the certificate of an authority";
pub(crate) const CATALOGUE: &str = "the catalogue";
pub(crate) const CERTIFICATE: &str = "the certificate";
pub(crate) const CERTIFICATE_KEY: &str = "the key of the certificate";
pub(crate) const GRANT: &str = "the grant file";
pub(crate) const KEY: &str = "the key";
pub(crate) const LOG_SECRET: &str = "the log secret";
pub(crate) const PASSPHRASE: &str = "the passphrase";
pub(crate) const ROOTS: &str = "the roots";
pub(crate) const RULES: &str = "the ratchet rules";
pub(crate) const SEALED: &str = "the sealed token";
pub(crate) const TOKEN: &str = "the token";

/// One place to read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `env:NAME`
    Env(String),
    /// `fd:N`
    Fd(u32),
    /// A path
    File(PathBuf),
    /// `wane1.key.…`: a public key, which may be written out
    Key(String),
    /// `-`
    Stdin,
}

impl Source {
    /// The variable of the environment that it is.
    pub(crate) fn variable(&self) -> Option<&str> {
        match self {
            Self::Env(name) => Some(name),
            Self::Fd(_) | Self::File(_) | Self::Key(_) | Self::Stdin => None,
        }
    }

    /// Reads an argument: `-`, `env:NAME`, `fd:N`, a public key or a path (`./env:x` is a path).
    pub(crate) fn parse(argument: OsString) -> Result<Self, String> {
        let Some(text) = argument.to_str() else { return Ok(Self::File(argument.into())) };
        if text == "-" {
            return Ok(Self::Stdin);
        }
        if text.starts_with("wane1.key.") {
            return Ok(Self::Key(text.into()));
        }
        if let Some(name) = text.strip_prefix("env:") {
            return match name {
                "" => Err("`env:` needs the name of a variable".into()),
                name => Ok(Self::Env(name.into())),
            };
        }
        if let Some(number) = text.strip_prefix("fd:") {
            return match number.parse() {
                Ok(0) => Ok(Self::Stdin),
                Ok(number) => Ok(Self::Fd(number)),
                Err(_) => Err("`fd:` needs the number of an open descriptor".into()),
            };
        }
        Ok(Self::File(argument.into()))
    }

    /// A path that stands in what is read here.
    pub(crate) fn beside(&self, value: String) -> String {
        match self {
            Self::File(file) => beside(file, value),
            Self::Env(_) | Self::Fd(_) | Self::Key(_) | Self::Stdin => value,
        }
    }

    /// The file as a shell reads it.
    fn in_shell(&self) -> String {
        match self {
            Self::File(path) => shell(&path.display().to_string()),
            Self::Env(_) | Self::Fd(_) | Self::Key(_) | Self::Stdin => "FILE".into(),
        }
    }

    /// The source as it is named in messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Env(name) => format!("`env:{}`", escape(name)),
            Self::Fd(number) => format!("`fd:{number}`"),
            Self::File(path) => crate::failure::name(path),
            Self::Key(key) => format!("`{}`", escape(key)),
            Self::Stdin => "standard input".into(),
        }
    }
}

/// How an argument becomes a [`Source`].
pub(crate) fn source() -> impl clap::builder::TypedValueParser<Value = Source> {
    use clap::builder::TypedValueParser as _;
    clap::builder::OsStringValueParser::new().try_map(Source::parse)
}

/// Who may read a file that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// Anybody.
    Public,
    /// A private key, a passphrase or the secret of a log: a file that others can read is refused.
    Refuse,
    /// Roots that a settings file names: another owner is refused.
    Roots,
    /// Roots that somebody named in this very call: others are warned of.
    NamedRoots,
    /// A token that carries its secret: others are warned of.
    Warn,
}

impl Care {
    fn of(bytes: &[u8]) -> Self {
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        if holds(b"PRIVATE KEY-----") {
            Self::Refuse
        } else if holds(b"wane1.token.") {
            Self::Warn
        } else {
            Self::Public
        }
    }
}

/// All inputs of one run; it sees to it that standard input is read once.
pub(crate) struct Inputs {
    /// Where it is said that others can read a file, if anywhere.
    output: Option<Output>,
    stdin: Cell<Option<&'static str>>,
}

impl Inputs {
    /// No input is read yet.
    pub(crate) const fn new(output: Output) -> Self {
        Self { output: Some(output), stdin: Cell::new(None) }
    }

    /// The same, where nobody is told anything: what is refused is refused all the same.
    pub(crate) const fn untold() -> Self {
        Self { output: None, stdin: Cell::new(None) }
    }

    /// Claims standard input for `what` if `source` is it; a second claim is refused before anything is read.
    pub(crate) fn claim(&self, source: &Source, what: &'static str) -> Result<(), Failure> {
        if *source != Source::Stdin {
            return Ok(());
        }
        match self.stdin.replace(Some(what)) {
            Some(first) if first != what => Err(Failure::new(
                Trouble::StdinTwice,
                format!("{first} and {what} cannot both come from standard input"),
            )
            .hint("name a file, `env:NAME` or `fd:N` for one of them")),
            _ => Ok(()),
        }
    }

    /// Claims what each of several inputs comes from, before the first of them is read.
    pub(crate) fn claim_all<'a>(
        &self,
        inputs: impl IntoIterator<Item = (Option<&'a Source>, &'static str)>,
    ) -> Result<(), Failure> {
        inputs.into_iter().try_for_each(|(source, what)| source.map_or(Ok(()), |source| self.claim(source, what)))
    }

    /// Reads `what` from `source`, at most `cap` bytes of it. A private key in a file that others can read is
    /// refused; a token there is warned of.
    pub(crate) fn read(&self, source: &Source, what: &'static str, cap: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.read_with(source, what, cap, Care::of)
    }

    /// Reads a passphrase: a file, less one line end.
    pub(crate) fn read_passphrase(&self, source: &Source) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let mut bytes = self.read_with(source, PASSPHRASE, PASSPHRASE_TEXT, |_| Care::Refuse)?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        Ok(bytes)
    }

    /// Reads text that is a secret through and through: a file that others can read is refused.
    pub(crate) fn read_secret(
        &self,
        source: &Source,
        what: &'static str,
        cap: u64,
    ) -> Result<Zeroizing<String>, Failure> {
        text(self.read_with(source, what, cap, |_| Care::Refuse)?, source)
    }

    /// Reads trusted roots. Whoever can write them decides what is allowed: a file of another user is refused
    /// where only a settings file names it, and warned of where somebody named it in this very call.
    pub(crate) fn read_roots(&self, source: &Source, named: bool) -> Result<Zeroizing<String>, Failure> {
        let care = |bytes: &[u8]| match Care::of(bytes) {
            Care::Refuse => Care::Refuse,
            _ if named => Care::NamedRoots,
            _ => Care::Roots,
        };
        text(self.read_with(source, ROOTS, TOML_TEXT, care)?, source)
    }

    /// Reads text.
    pub(crate) fn read_text(
        &self,
        source: &Source,
        what: &'static str,
        cap: u64,
    ) -> Result<Zeroizing<String>, Failure> {
        text(self.read(source, what, cap)?, source)
    }

    fn read_with(
        &self,
        source: &Source,
        what: &'static str,
        cap: u64,
        care: impl Fn(&[u8]) -> Care,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.claim(source, what)?;
        let file = match source {
            Source::Env(name) => return environment(name, what, cap),
            Source::Key(key) => return within(Zeroizing::new(key.clone().into_bytes()), &source.name(), cap),
            Source::Fd(number) => File::open(format!("/dev/fd/{number}")),
            Source::File(path) => File::open(path),
            Source::Stdin => io::stdin().as_fd().try_clone_to_owned().map(File::from),
        };
        let failed = |error: io::Error| Failure::file("read", source.name(), &error);
        let file = file.map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        // The buffer never grows, so that no copy of a secret stays behind in freed memory.
        let size = usize::try_from(cap).unwrap_or(usize::MAX).saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        file.take(cap.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        self.check_mode(&metadata, source, care(&bytes))?;
        within(bytes, &source.name(), cap)
    }

    /// The source named, or standard input where somebody is writing to it.
    pub(crate) fn or_stdin(&self, named: Option<&Source>, what: &'static str) -> Result<Source, Failure> {
        match named {
            Some(source) => Ok(source.clone()),
            None if io::stdin().is_terminal() => {
                Err(Failure::new(Trouble::Input, format!("no {what} is given")).hint("name a file, or pipe it in"))
            }
            None => Ok(Source::Stdin),
        }
    }

    fn check_mode(&self, metadata: &Metadata, source: &Source, care: Care) -> Result<(), Failure> {
        const OTHERS: u32 = 0o006;
        const GROUP: u32 = 0o060;
        if care == Care::Public || !metadata.is_file() {
            return Ok(());
        }
        if let Care::Roots | Care::NamedRoots = care {
            return self.check_roots(metadata, source, care);
        }
        let (mode, name) = (metadata.mode(), source.name());
        let owned = metadata.uid() == rustix::process::geteuid().as_raw();
        let file = source.in_shell();
        let who = match (mode & OTHERS, mode & GROUP) {
            (0, 0) => return Ok(()),
            (0, _) if !owned => {
                let told = format_args!("the group of {name} can read it; it belongs to another user, so it is used");
                self.output.inspect(|output| output.note(told));
                return Ok(());
            }
            (0, _) => "its group",
            _ => "others",
        };
        let can = if mode & if who == "others" { 0o004 } else { 0o040 } == 0 { "write" } else { "read" };
        let message = format!("{who} can {can} {name} (mode {:04o})", mode & 0o7777);
        match care {
            Care::Refuse => Err(Failure::new(Trouble::KeyOpen, message).hint(format!("`chmod 600 {file}`"))),
            _ => {
                self.output.inspect(|output| output.warn(format_args!("{message}: `chmod 600 {file}`")));
                Ok(())
            }
        }
    }

    fn check_roots(&self, metadata: &Metadata, source: &Source, care: Care) -> Result<(), Failure> {
        let name = source.name();
        if is_foreign(metadata) {
            let message = format!("{name} says what is trusted, and belongs to another user");
            if care == Care::Roots {
                return Err(Failure::new(Trouble::NoRoot, message).hint("`--root FILE` uses it all the same"));
            }
            self.output.inspect(|output| output.warn(message));
        }
        if metadata.mode() & 0o002 != 0 {
            let file = match source {
                Source::File(path) => escape(&path.display().to_string()),
                _ => "FILE".into(),
            };
            let told = format_args!("others can write {name}, which says what is trusted: `chmod o-w {file}`");
            self.output.inspect(|output| output.warn(told));
        }
        Ok(())
    }
}

fn text(mut bytes: Zeroizing<Vec<u8>>, source: &Source) -> Result<Zeroizing<String>, Failure> {
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(Failure::from(wane::Refusal::new(wane::Code::ParseText, "", "bytes that are no utf-8", ""))
                .within(source.name()))
        }
    }
}

fn environment(name: &str, what: &str, cap: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
    use std::os::unix::ffi::OsStringExt as _;
    let value = std::env::var_os(name)
        .ok_or_else(|| Failure::new(Trouble::Input, format!("{what}: the variable `{}` is not set", escape(name))))?;
    within(Zeroizing::new(value.into_vec()), &format!("`env:{}`", escape(name)), cap)
}

fn within(bytes: Zeroizing<Vec<u8>>, name: &str, cap: u64) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= cap) {
        return Ok(bytes);
    }
    let refusal = wane::Refusal::new(wane::Code::ParseTooLarge, "", format_args!("more than {cap}"), cap);
    Err(Failure::from(refusal).within(name))
}

/// Text less what editors and shells put before it: a byte order mark, spaces, empty lines.
pub(crate) fn unmarked(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Whether an argument holds a secret. It is asked before anything else looks at the arguments, because a
/// parser would print what it refuses.
pub(crate) fn is_secret(argument: &OsStr) -> bool {
    let bytes = argument.as_encoded_bytes();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    holds(b"wane1.token.") || holds(b"wane1.sealed.") || holds(b"PRIVATE KEY-----")
}
