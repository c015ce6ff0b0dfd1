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
use clap::error::ErrorKind;
use rustix::termios::tcgetwinsize;
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::{exact, screen};

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
        let text = escape_json(&text);
        let mut out = io::stdout().lock();
        finish(out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()))
    }

    /// Says something that is good to know.
    pub(crate) fn note(self, text: impl Display) {
        self.say(format_args!("{BLUE}note{BLUE:#}: {}", line(text)));
    }

    /// Warns of something that should be mended.
    pub(crate) fn warn(self, text: impl Display) {
        self.say(format_args!("{YELLOW}warning{YELLOW:#}: {}", line(text)));
    }

    /// Says what could be done about it.
    pub(crate) fn hint(self, text: impl Display) {
        self.say(format_args!("{GREEN}hint{GREEN:#}: {}", line(text)));
    }

    /// Says how far something has come: one line that is written over where a person looks on, a line each elsewhere.
    pub(crate) fn progress(self, text: impl Display) {
        let _ = match io::stderr().is_terminal() {
            true => write!(anstream::stderr(), "\r{}\x1b[K\r", line(text)),
            false => writeln!(anstream::stderr(), "{}", line(text)),
        };
    }

    /// Passes on a line of a program that must not write here itself.
    pub(crate) fn pass_on(self, line: &str) {
        let width = terminal_width();
        let as_json = |what: &str| serde_json::json!({ "event": "server", "what": what });
        match (self.json, width) {
            (false, _) => {
                let room = width.unwrap_or(exact::WIDTH).saturating_sub(SERVER.len());
                pieces(line, room, escape).iter().for_each(|piece| self.say(format_args!("{SERVER}{}", escape(piece))));
            }
            (true, Some(width)) => {
                let written = |what: &str| escape_json(&serde_json::Value::from(what).to_string());
                let room = width.saturating_sub(as_json("").to_string().len());
                let inner = |c: &str| {
                    let quoted = written(c);
                    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
                };
                pieces(line, room, inner).iter().for_each(|piece| self.log(&as_json(piece)));
            }
            (true, None) => self.log(&as_json(line)),
        }
    }

    /// One line of JSON on standard error, for whoever collects logs.
    pub(crate) fn log(self, line: &serde_json::Value) {
        self.say(escape_json(&line.to_string()));
    }

    /// Says something on standard error as it is. Where nobody can be told, that is no reason to stop.
    pub(crate) fn say(self, text: impl Display) {
        let text = format!("{text}\n");
        let _turn = screen::to_talk();
        // In one piece: others write there too.
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
    }

    /// Prints a failure: one line on standard error, and with `--json` the object on standard output.
    pub(crate) fn failure(self, failure: &Failure) -> Exit {
        self.complain(failure);
        if self.json {
            // The failure is what the exit code tells; that its JSON could not be printed adds nothing.
            let _ = self.object(&serde_json::json!({ "error": failure.to_json() }));
        }
        failure.exit()
    }

    /// Says a failure on standard error.
    pub(crate) fn complain(self, failure: &Failure) {
        self.say(format_args!("{RED}error{RED:#}[{}]: {}", failure.code(), line(failure.message())));
        if let Some(place) = failure.place() {
            self.say(format_args!("  in {place}"));
        }
        if let Some(hint) = failure.remedy() {
            self.hint(hint);
        }
    }

    /// Warns when the secret about to be printed lands in a file that others can read.
    pub(crate) fn before_secret(self) {
        let Some((mode, path)) = stdout_file() else { return };
        if mode & 0o044 != 0 {
            self.warn(format_args!(
                "others can read {path}, and a secret is written to it: `chmod 600 {}`, or use `-o`",
                shell(&path)
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

/// What stands before each row of what a server says.
const SERVER: &str = "server: ";

/// How wide a row may be, where standard error is a terminal.
fn terminal_width() -> Option<usize> {
    let size = tcgetwinsize(io::stderr()).ok()?;
    Some(usize::from(size.ws_col).saturating_sub(1).clamp(exact::NARROWEST, exact::WIDTH))
}

/// A line in pieces that a terminal does not break: whatever stands at the beginning of a row there, stands behind what says whose it is.
// spec: G52
fn pieces(line: &str, room: usize, written: impl Fn(&str) -> String) -> Vec<&str> {
    let (mut pieces, mut from, mut taken) = (Vec::new(), 0, 0_usize);
    for (at, c) in line.char_indices() {
        // Letters beyond ASCII may be two columns wide.
        let columns = |c: char| if c.is_ascii() { 1 } else { 2 };
        let needs: usize = written(c.encode_utf8(&mut [0; 4])).chars().map(columns).sum();
        if taken > 0 && taken.saturating_add(needs) > room {
            pieces.extend(line.get(from..at));
            (from, taken) = (at, 0);
        }
        taken = taken.saturating_add(needs);
    }
    pieces.extend(line.get(from..));
    pieces
}

fn finish(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::file("write to", "standard output", &error))
        }
        _ => Ok(()),
    }
}

/// Prints what clap has to say: help and versions on standard output, mistakes as failures.
pub(crate) fn clap_error(error: &clap::Error, json: bool) -> Exit {
    let output = Output::new(json);
    let help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if help {
        output.say(error.render().ansi().to_string().trim_end());
        return output.failure(&Failure::usage("no verb is given"));
    }
    if !error.use_stderr() {
        let printed = anstream::stdout().write_all(error.render().ansi().to_string().as_bytes());
        return finish(printed).map_or(Exit::CouldNotRun, |()| Exit::Done);
    }
    let text = error.render().to_string();
    // A mistake stands in the first paragraph, what is missing or possible in lines of its own under it.
    let mut paragraph = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim);
    let first = paragraph.next().unwrap_or_default().trim_start_matches("error: ");
    let rest: Vec<&str> = paragraph.collect();
    let message = if rest.is_empty() { first.to_owned() } else { format!("{first} {}", rest.join(", ")) };
    let after = |word: &str| text.lines().find_map(|line| line.trim().strip_prefix(word)).map(str::trim);
    let usage = || after("Usage: ").map(|usage| format!("`{usage}`"));
    let hint = after("tip: ").map(str::to_owned).or_else(usage);
    let hint = hint.unwrap_or_else(|| "`wane VERB --help` lists what can be said".into());
    output.failure(&Failure::usage(message).hint(hint))
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

/// A path as a shell reads it.
pub(crate) fn shell(path: &str) -> String {
    let path = escape(path);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./+,:@%-".contains(c);
    match path.starts_with('-') {
        true => shell(&format!("./{path}")),
        false if !path.is_empty() && path.chars().all(plain) => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// One line of talk. Whatever was put into it, it ends where it ends and moves no cursor.
fn line(text: impl Display) -> String {
    escape(&text.to_string())
}

/// JSON that moves no cursor and reorders no text either: such characters stand only in texts, where they may be
/// written as `\uXXXX`.
fn escape_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if (c.is_ascii() && c != '\u{7f}') || stays(c) {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}

/// One printable line: what could move a cursor, hide or reorder text is written as `\u{..}`.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_graphic() || c == ' ' || stays(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// Letters and digits beyond ASCII, but those that cannot be seen and those that are written from right to left: between
/// them, what stands on the left is not what comes first.
fn stays(c: char) -> bool {
    let unseen = matches!(c, '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}' | '\u{16fe4}');
    let leftward = matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}');
    !c.is_ascii() && c.is_alphanumeric() && !unseen && !leftward
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_or_reorders_is_written_out() {
        for (c, written) in [
            ('\u{3164}', "\\u{3164}"),
            ('\u{115f}', "\\u{115f}"),
            ('\u{1160}', "\\u{1160}"),
            ('\u{ffa0}', "\\u{ffa0}"),
            ('\u{5d0}', "\\u{5d0}"),
            ('\u{627}', "\\u{627}"),
            ('\u{661}', "\\u{661}"),
            ('\u{fb1d}', "\\u{fb1d}"),
            ('\u{10900}', "\\u{10900}"),
            ('\u{202e}', "\\u{202e}"),
        ] {
            assert_eq!(escape(&format!("a{c}b")), format!("a{written}b"));
            let json = escape_json(&format!("\"a{c}b\""));
            assert!(
                json.is_ascii() && serde_json::from_str::<String>(&json).is_ok_and(|text| text == format!("a{c}b"))
            );
        }
        assert_eq!(pieces("", 5, escape), [""]);
        assert_eq!(pieces("abcdefg", 5, escape), ["abcde", "fg"]);
        assert_eq!(
            pieces("ab\u{1b}\u{4e2d}\u{4e2d}\u{4e2d}d", 6, escape),
            ["ab", "\u{1b}", "\u{4e2d}\u{4e2d}\u{4e2d}", "d"]
        );
        let seen = "Grüße \u{3b1}\u{432}\u{4e2d}\u{ac00}\u{e01}";
        assert_eq!(escape(seen), seen);
        assert_eq!(escape_json(seen), seen);
    }
}
