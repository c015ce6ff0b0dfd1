//! Everything that is printed. Four rules:
//! data goes to standard output, talk to standard error; colour only where a person reads it; a reader that
//! went away is no failure; what came out of a token is escaped before it reaches a terminal.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the one file that prints")]

use std::fmt::Display;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::{Failure, Trouble};

const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const BLUE: Style = AnsiColor::Blue.on_default().bold();

/// How to answer: for a person, or as one JSON object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Output for a person, or with `json` one object on standard output.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON was asked for.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints the answer of a verb: the object where JSON was asked for, else the text.
    pub(crate) fn answer(self, json: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json { self.object(json) } else { self.text(&text()) }
    }

    /// Prints text on standard output and ends its last line.
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| match text.ends_with('\n') || text.is_empty() {
            true => Ok(()),
            false => out.write_all(b"\n"),
        });
        finish(written.and_then(|()| out.flush()))
    }

    /// Prints one JSON object and a line end on standard output.
    pub(crate) fn object(self, value: &impl Serialize) -> Result<(), Failure> {
        let text =
            serde_json::to_string(value).map_err(|error| Failure::usage(format!("cannot write json: {error}")))?;
        let mut out = io::stdout().lock();
        finish(out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()))
    }

    /// Says something that is good to know.
    pub(crate) fn note(self, text: impl Display) {
        anstream::eprintln!("{BLUE}note{BLUE:#}: {text}");
    }

    /// Warns of something that should be mended.
    pub(crate) fn warn(self, text: impl Display) {
        anstream::eprintln!("{YELLOW}warning{YELLOW:#}: {text}");
    }

    /// Says what could be done about it.
    pub(crate) fn hint(self, text: impl Display) {
        anstream::eprintln!("{GREEN}hint{GREEN:#}: {text}");
    }

    /// Says something on standard error as it is.
    pub(crate) fn say(self, text: impl Display) {
        anstream::eprintln!("{text}");
    }

    /// Prints a failure: one line on standard error, and with `--json` the object on standard output.
    pub(crate) fn failure(self, failure: &Failure) -> Exit {
        anstream::eprintln!("{RED}error{RED:#}[{}]: {}", failure.code(), failure.message());
        if let Some(place) = failure.place() {
            anstream::eprintln!("  in {place}");
        }
        if let Some(hint) = failure.remedy() {
            anstream::eprintln!("{GREEN}hint{GREEN:#}: {hint}");
        }
        if self.json {
            // The failure is what the exit code tells; that its JSON could not be printed adds nothing.
            let _ = self.object(&serde_json::json!({ "error": failure.to_json() }));
        }
        failure.exit()
    }

    /// Warns when the secret about to be printed lands in a file that others can read.
    pub(crate) fn before_secret(self) {
        let Some((mode, path)) = stdout_file() else { return };
        if mode & 0o044 != 0 {
            self.warn(format_args!(
                "others can read {path}, and a secret is written to it: `chmod 600 {path}`, or use `-o`"
            ));
        }
    }
}

/// The mode and name of the regular file behind standard output, if it is one.
fn stdout_file() -> Option<(u32, String)> {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        return None;
    }
    let metadata = File::from(stdout.as_fd().try_clone_to_owned().ok()?).metadata().ok()?;
    let name = std::fs::read_link("/proc/self/fd/1").map_or_else(|_| "FILE".into(), |path| path.display().to_string());
    metadata.is_file().then(|| (metadata.mode(), escape(&name)))
}

fn finish(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::file("write to", "standard output", &error))
        }
        _ => Ok(()),
    }
}

/// Prints what clap has to say: help and versions on standard output, mistakes on standard error.
pub(crate) fn clap_error(error: &clap::Error, json: bool) -> Exit {
    if !error.use_stderr() {
        let printed = anstream::stdout().write_all(error.render().ansi().to_string().as_bytes());
        return finish(printed).map_or(Exit::CouldNotRun, |()| Exit::Done);
    }
    anstream::eprint!("{}", error.render().ansi());
    if json {
        let text = error.render().to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let failure = Failure::new(Trouble::Arguments, line);
        let _ = Output::new(true).object(&serde_json::json!({ "error": failure.to_json() }));
    }
    Exit::Usage
}

/// Green for allowed, red for refused, yellow for what waits for somebody.
pub(crate) fn paint(exit: Exit, word: &str) -> String {
    let style = match exit {
        Exit::Done => GREEN,
        Exit::NeedsApproval => YELLOW,
        _ => RED,
    };
    format!("{style}{word}{style:#}")
}

/// One printable line: what could move a cursor, hide or reorder text is written as `\u{..}`.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_graphic() || c == ' ' || (!c.is_ascii() && c.is_alphanumeric()) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}
