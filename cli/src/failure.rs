//! Why a verb could not do what was asked: one line, a code, a hint, and the exit code that belongs to it.

use std::fmt;
use std::io;
use std::path::Path;

use serde::Serialize;
use wane::{Code, Refusal};

use crate::exit::Exit;

macro_rules! troubles {
    ($($(#[$doc:meta])* $variant:ident $name:literal $exit:ident,)*) => {
        /// The codes of the command line itself, beside those of the library.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Trouble {
            $($(#[$doc])* $variant,)*
        }

        impl Trouble {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable word.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            const fn exit(self) -> Exit {
                match self { $(Self::$variant => Exit::$exit,)* }
            }
        }
    };
}

troubles! {
    /// Flags and arguments that do not fit together, or a value that cannot be read.
    Arguments "use-arguments" Usage,
    /// Whoever was asked said no.
    Cancelled "use-cancelled" CouldNotRun,
    /// A file cannot be read or written.
    File "use-file" CouldNotRun,
    /// The output file exists already.
    FileExists "use-file-exists" CouldNotRun,
    /// No input was named and none is waiting.
    Input "use-input" Usage,
    /// The key file is encrypted in a way that is not accepted.
    KeyCipher "use-key-cipher" CouldNotRun,
    /// Others can read the key file.
    KeyOpen "use-key-open" CouldNotRun,
    /// No trusted root was given.
    NoRoot "use-no-root" Usage,
    /// The ledger or the log has nothing of that name.
    NotFound "use-not-found" CouldNotRun,
    /// The passphrase is missing or wrong.
    Passphrase "use-passphrase" CouldNotRun,
    /// The operating system gave no random numbers.
    Random "use-random" CouldNotRun,
    /// A secret stands among the arguments, where every user of the machine can read it.
    SecretArgument "use-secret-argument" Usage,
    /// Two inputs were to come from standard input.
    StdinTwice "use-stdin-twice" Usage,
    /// The content is no Ed25519 key this tool reads.
    KeyFile "parse-key-file" Forged,
    /// A settings, grant or rules file cannot be understood.
    Toml "parse-toml" Usage,
}

/// Why a verb ended without doing what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    code: &'static str,
    message: String,
    hint: Option<String>,
    refusal: Option<Box<Refusal>>,
}

impl Failure {
    /// A failure of the command line itself.
    pub(crate) fn new(trouble: Trouble, message: impl Into<String>) -> Self {
        Self { exit: trouble.exit(), code: trouble.as_str(), message: message.into(), hint: None, refusal: None }
    }

    /// Wrong usage.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Trouble::Arguments, message)
    }

    /// A file that could not be read or written.
    pub(crate) fn file(what: &str, name: impl fmt::Display, error: &io::Error) -> Self {
        Self::new(Trouble::File, format!("cannot {what} {name}: {}", reason(error)))
    }

    /// What was typed on the command line does not parse: a usage error, under the library's own code.
    pub(crate) fn typed(refusal: Refusal) -> Self {
        Self { exit: Exit::Usage, ..Self::from(refusal) }
    }

    /// What the library refuses to make. The token was read before, so what does not parse was typed.
    pub(crate) fn making(refusal: Refusal) -> Self {
        if refusal.code().family() == wane::Family::Parse { Self::typed(refusal) } else { Self::from(refusal) }
    }

    /// The same failure with a hint.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure, in a named file or argument.
    pub(crate) fn within(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The same, in other words.
    pub(crate) fn says(self, message: String) -> Self {
        Self { message, ..self }
    }

    /// The same, with another exit code.
    pub(crate) fn exits(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// The exit code.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// The stable code.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// Whether the library said this.
    pub(crate) fn is(&self, code: Code) -> bool {
        self.code == code.as_str()
    }

    /// The one line.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The block and the field, where the library named them.
    pub(crate) fn place(&self) -> Option<String> {
        self.refusal.as_deref().and_then(place)
    }

    /// The stable JSON form.
    pub(crate) fn to_json(&self) -> ErrorJson<'_> {
        let refusal = self.refusal.as_deref();
        ErrorJson {
            code: self.code,
            message: &self.message,
            hint: self.hint.as_deref(),
            block: refusal.and_then(Refusal::block),
            field: refusal.map(Refusal::field).filter(|field| !field.is_empty()),
            found: refusal.map(Refusal::found),
            bound: refusal.map(Refusal::bound),
            retry: refusal.map_or("never", |refusal| refusal.retry().as_str()),
        }
    }
}

/// `block 1, scopes`, or as much of it as is known.
pub(crate) fn place(refusal: &Refusal) -> Option<String> {
    match (refusal.block(), refusal.field()) {
        (Some(block), "") => Some(format!("block {block}")),
        (Some(block), field) => Some(format!("block {block}, {field}")),
        (None, _) => None,
    }
}

/// The sentence of a refusal, with its times as people read them.
pub(crate) fn sentence(refusal: &Refusal) -> String {
    let text = refusal.to_string();
    if !["exp", "nbf", "iat"].contains(&refusal.field()) {
        return text;
    }
    let words = text.split(' ').map(|word| match word.trim_end_matches(',').parse::<u64>() {
        // Years and lifetimes are smaller numbers.
        Ok(seconds) if seconds >= 100_000_000 => word.replace(&seconds.to_string(), &crate::time::show(seconds)),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self {
            exit: Exit::of(refusal.code()),
            code: refusal.code().as_str(),
            message: sentence(&refusal),
            hint: refusal.hint().map(Into::into),
            refusal: Some(Box::new(refusal)),
        }
    }
}

/// A failure, or a refusal, as it stands in JSON.
#[derive(Serialize)]
pub(crate) struct ErrorJson<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<&'a str>,
    retry: &'static str,
}

/// The words of the operating system, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split_once(" (os error").map_or(text.as_str(), |(words, _)| words);
    words.to_lowercase()
}

/// A path as it is named in a message.
pub(crate) fn name(path: &Path) -> String {
    format!("`{}`", crate::output::escape(&path.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the table in the specification, code and exit.
    fn documented() -> Vec<(&'static str, u8)> {
        let page = include_str!("../../spec/cli-json.md");
        let rows = page.lines().skip_while(|line| *line != "## Codes of the command line");
        rows.filter_map(|row| {
            let (code, rest) = row.strip_prefix("| `")?.split_once("` | ")?;
            Some((code, rest.split_once(' ')?.0.parse().ok()?))
        })
        .collect()
    }

    #[test]
    fn the_codes_are_those_of_the_specification() {
        let coded: Vec<_> = Trouble::ALL.iter().map(|trouble| (trouble.as_str(), trouble.exit().number())).collect();
        assert_eq!(coded, documented());
        assert!(coded.iter().all(|(code, _)| Code::ALL.iter().all(|known| known.as_str() != *code)));
    }

    #[test]
    fn times_are_shown_as_people_read_them() {
        let refusal = Refusal::new(Code::DenyExpired, "exp", 1_000_000_100, 1_000_000_000);
        assert_eq!(sentence(&refusal), "expired at 2001-09-09T01:46:40Z, now is 2001-09-09T01:48:20Z");
        let refusal = Refusal::new(Code::ParseTime, "exp", "285813627805", "seconds since 1970");
        assert_eq!(sentence(&refusal), "`285813627805` is not a time (seconds since 1970)");
        let refusal = Refusal::new(Code::UseActions, "actions", 5, 4);
        assert_eq!(sentence(&refusal), "5 actions, a request needs 1 to 4");
    }
}
