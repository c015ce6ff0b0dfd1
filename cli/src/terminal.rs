//! Passphrases and questions. They talk to the terminal device, because standard input may be a token and standard
//! output may be a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcgetpgrp, tcsetattr,
};
use wane_gateway::Consent;
use zeroize::Zeroizing;

use crate::failure::{Failure, Trouble};

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

/// Whether somebody at the terminal types exactly `yes`, for as long as somebody waits for that. Nothing where nobody can be asked there:
/// where there is no terminal, and where it is another program's.
// spec: G50 G51
pub(crate) fn asks(question: &str, yes: &str, still_waits: &dyn Fn() -> bool) -> Option<Consent> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    // Others may read what was typed, or have stopped the screen: nobody waits for either.
    rustix::io::ioctl_fionbio(&terminal, true).ok()?;
    if !is_ours(&terminal) {
        return None;
    }
    show(&terminal, &format!("\n{question}\n\n"), still_waits).ok()?;
    // What was typed before that was seen is no answer to it.
    tcflush(&terminal, QueueSelector::IFlush).ok()?;
    let how = format!("Type `{yes}` to approve exactly this request, once. Anything else says no: ");
    show(&terminal, &how, still_waits).ok()?;
    while still_waits() {
        if !comes(&terminal, PollFlags::IN).ok()? {
            continue;
        }
        // Whoever reads in the background is stopped, and the gateway with it.
        if !is_ours(&terminal) {
            thread::sleep(LOOK);
            continue;
        }
        let mut line = Zeroizing::new([0; LONGEST]);
        match (&terminal).read(&mut *line) {
            // It may have been typed too late.
            Ok(_) if !still_waits() => break,
            Ok(length) => {
                let (consent, said) = match line.get(..length).and_then(|line| line.strip_suffix(b"\n")) {
                    Some(typed) if typed.trim_ascii() == yes.as_bytes() => (Consent::Yes, "approved, once\n"),
                    Some(_) | None => (Consent::No, "not approved\n"),
                };
                // Nobody may look on any more.
                let _: io::Result<()> = show(&terminal, said, still_waits);
                return Some(consent);
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => return None,
        }
    }
    if is_ours(&terminal) {
        let _: io::Result<()> = show(&terminal, "\nnobody waits for that any more\n", &|| false);
    }
    None
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

/// Writes all of it, if the screen takes it while somebody waits for that.
fn show(mut terminal: &File, text: &str, still_waits: &dyn Fn() -> bool) -> io::Result<()> {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match terminal.write(rest) {
            Ok(length) => rest = rest.get(length..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && still_waits() => {
                comes(terminal, PollFlags::OUT)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
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
