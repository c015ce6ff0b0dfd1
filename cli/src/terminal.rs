//! The passphrase prompt. It talks to the terminal device, because standard input may be a token and standard
//! output may be a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// Longer lines are no passphrases.
const LONGEST: usize = 1024;

/// Asks for a passphrase without showing it. `None` where there is no terminal.
pub(crate) fn ask_passphrase(prompt: &str) -> Option<io::Result<Zeroizing<Vec<u8>>>> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    Some(ask(terminal, prompt))
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
