//! Passphrases and questions. They talk to the terminal device, because standard input may be a token and standard
//! output may be a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};

use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcsetattr,
};
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
