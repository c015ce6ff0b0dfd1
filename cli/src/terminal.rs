//! Passphrases and questions. They talk to the terminal device, because standard input may be a token and standard
//! output may be a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcgetpgrp, tcgetwinsize,
    tcsetattr,
};
use wane_gateway::Consent;
use zeroize::Zeroizing;

use crate::failure::{Failure, Trouble};
use crate::{exact, screen};

/// Longer lines are no passphrases.
const LONGEST: usize = 1024;

/// Asks for a passphrase without showing it. `None` where there is no terminal.
pub(crate) fn ask_passphrase(prompt: &str) -> Option<io::Result<Zeroizing<Vec<u8>>>> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    Some(ask(terminal, prompt))
}

/// Asks a question that is answered with `y`, or anything else, which ends the verb. Where there is nobody to ask, nothing
/// is done either; `otherwise` says what does without. What was typed before is dropped.
pub(crate) fn agree(question: &str, otherwise: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file("talk to", "the terminal", &error);
    let Ok(terminal) = OpenOptions::new().read(true).write(true).open("/dev/tty") else {
        return Err(Failure::usage("there is no terminal to ask on").hint(otherwise));
    };
    // What was typed before the question was seen is no answer to it.
    tcflush(&terminal, QueueSelector::IFlush).map_err(|error| failed(error.into()))?;
    (&terminal).write_all(format!("{question} [y/N] ").as_bytes()).map_err(failed)?;
    match read_line(&terminal).map_err(failed)?.trim_ascii() {
        b"y" | b"Y" | b"yes" => Ok(()),
        _ => Err(Failure::new(Trouble::Cancelled, "nothing was done")),
    }
}

/// How often it is looked whether anybody still waits for an answer.
const LOOK: Duration = Duration::from_millis(200);

/// Whether somebody at the terminal types exactly `yes`, for as long as somebody waits for that. `question` is written for terminals of a
/// width. Nothing where nobody can be asked there: where there is no terminal, where it is another program's, and where the whole question does
/// not stand on its screen at once.
// spec: G50 G51 G63 G64
pub(crate) fn asks(
    question: &dyn Fn(usize) -> Vec<String>,
    yes: &str,
    still_waits: &dyn Fn() -> bool,
) -> Option<Consent> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    // Others may read what was typed, or have stopped the screen: nobody waits for either.
    rustix::io::ioctl_fionbio(&terminal, true).ok()?;
    let how = format!("Type `{yes}` to approve exactly this request, once. Anything else says no: ");
    let whole = || is_ours(&terminal).then(|| on_one_screen(&terminal, question, &how)).flatten();
    whole()?;
    let _alone = alone(still_waits)?;
    let _turn = screen::to_ask(still_waits)?;
    // All of that may have taken long.
    let text = whole()?;
    let answered = ask_for(&terminal, &text, &how, yes, still_waits);
    if answered.is_none() && is_ours(&terminal) {
        let _: io::Result<Pace> = show(&terminal, "\nnobody waits for that any more\n", &|| false);
    }
    answered
}

fn ask_for(terminal: &File, question: &str, how: &str, yes: &str, still_waits: &dyn Fn() -> bool) -> Option<Consent> {
    show(terminal, question, still_waits).ok()?;
    // What was typed before that was seen is no answer to it.
    tcflush(terminal, QueueSelector::IFlush).ok()?;
    if show(terminal, how, still_waits).ok()? == Pace::Waited && is_ours(terminal) {
        tcflush(terminal, QueueSelector::IFlush).ok()?;
    }
    while still_waits() {
        if !comes(terminal, PollFlags::IN).ok()? {
            continue;
        }
        // Whoever reads in the background is stopped, and the gateway with it.
        if !is_ours(terminal) {
            thread::sleep(LOOK);
            continue;
        }
        let (mut line, mut from) = (Zeroizing::new([0; LONGEST]), terminal);
        match from.read(&mut *line) {
            // It may have been typed too late.
            Ok(_) if !still_waits() => return None,
            Ok(length) => {
                let (consent, said) = match line.get(..length).and_then(|line| line.strip_suffix(b"\n")) {
                    Some(typed) if typed.trim_ascii() == yes.as_bytes() => (Consent::Yes, "approved, once\n"),
                    Some(_) | None => (Consent::No, "not approved\n"),
                };
                // It counts whether or not the screen takes that, which may be stopped.
                let _: io::Result<Pace> = show(terminal, said, &|| false);
                return Some(consent);
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => return None,
        }
    }
    None
}

/// A question as it is written, where all of it stands on the screen at once; with one that does not say how large it is there is no knowing.
// spec: G64
fn on_one_screen(terminal: &File, question: &dyn Fn(usize) -> Vec<String>, how: &str) -> Option<String> {
    let size = tcgetwinsize(terminal).ok()?;
    let (rows, columns) = (usize::from(size.ws_row), usize::from(size.ws_col));
    if columns < exact::NARROWEST {
        return None;
    }
    let lines = question(columns.saturating_sub(1).min(exact::WIDTH));
    // What is typed stands behind it, and an empty line before and behind the question.
    let last = how.len().saturating_add(ANSWER).div_ceil(columns);
    let needed = lines.len().saturating_add(2).saturating_add(last);
    (needed <= rows).then(|| format!("\n{}\n\n", lines.join("\n")))
}

/// Columns of an answer.
const ANSWER: usize = 10;

/// The terminal's own device, locked, once no other gateway asks there. It is open as long as the question stands.
// spec: G63
fn alone(still_waits: &dyn Fn() -> bool) -> Option<File> {
    let device = device()?;
    while still_waits() {
        match device.try_lock() {
            Ok(()) => return Some(device),
            Err(TryLockError::WouldBlock) => thread::sleep(LOOK),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// The device of this process's terminal, by its own name: `/dev/tty` is one for all terminals.
#[cfg(target_os = "linux")]
fn device() -> Option<File> {
    use std::os::unix::fs::MetadataExt as _;
    // Behind the name of the program: state, parent, group, session, terminal.
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let number: i32 = stat.rsplit_once(')')?.1.split_whitespace().nth(4)?.parse().ok()?;
    let number = number.cast_unsigned();
    let (major, minor) = ((number >> 8) & 0xfff, (number & 0xff) | ((number >> 12) & 0xf_ff00));
    let pseudo = (major.saturating_sub(136) << 8) | minor;
    let names =
        [format!("/dev/pts/{pseudo}"), format!("/dev/tty{minor}"), "/dev/console".into(), "/proc/self/fd/2".into()];
    let is_it = |id: u64| (rustix::fs::major(id), rustix::fs::minor(id)) == (major, minor);
    names.iter().find_map(|name| {
        let is_there = std::fs::metadata(name).is_ok_and(|found| is_it(found.rdev()));
        let opened = is_there.then(|| File::open(name).ok()).flatten()?;
        opened.metadata().is_ok_and(|found| is_it(found.rdev())).then_some(opened)
    })
}

/// Elsewhere gateways on different terminals wait for each other too.
#[cfg(not(target_os = "linux"))]
fn device() -> Option<File> {
    File::open("/dev/tty").ok()
}

/// Whether what is typed here is typed for this program, as far as that can be told, and line by line where everybody can see it.
fn is_ours(terminal: &File) -> bool {
    let in_lines = LocalModes::ICANON | LocalModes::ECHO;
    let is_read = tcgetattr(terminal).is_ok_and(|modes| modes.local_modes.contains(in_lines));
    is_read && tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp())
}

/// Whether a terminal is ready for this before long.
fn comes(terminal: &File, what: PollFlags) -> io::Result<bool> {
    let time = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
    match poll(&mut [PollFd::new(terminal, what)], Some(&time)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the screen took something at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    AtOnce,
    Waited,
}

/// Writes all of it, if the screen takes it while somebody waits for that.
fn show(mut terminal: &File, text: &str, still_waits: &dyn Fn() -> bool) -> io::Result<Pace> {
    let (mut rest, mut pace) = (text.as_bytes(), Pace::AtOnce);
    while !rest.is_empty() {
        match terminal.write(rest) {
            Ok(length) => rest = rest.get(length..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && still_waits() => {
                pace = Pace::Waited;
                comes(terminal, PollFlags::OUT)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(pace)
}

fn ask(mut terminal: File, prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    terminal.write_all(prompt.as_bytes())?;
    let silent = Silence::begin(&terminal)?;
    let line = read_line(&terminal);
    drop(silent);
    (&terminal).write_all(b"\n")?;
    line
}

fn read_line(mut terminal: &File) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0; 1]);
    while line.len() < LONGEST {
        match terminal.read(&mut *byte)? {
            0 => break,
            _ if *byte == *b"\n" => break,
            _ if *byte == [CTRL_C] => return Err(io::Error::other("cancelled")),
            _ => line.extend_from_slice(&*byte),
        }
    }
    Ok(line)
}

/// What the key sends.
const CTRL_C: u8 = 3;

/// Echo is off while this lives. Ctrl-C ends the line instead of the process, which would leave the terminal silent.
struct Silence<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silence<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VEOL] = CTRL_C;
        tcsetattr(terminal, OptionalActions::Flush, &quiet)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Flush, &self.before);
    }
}
