//! The step between the gateway and its server: what the gateway cannot do for a child without unsafe code, the child does itself.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use clap::Args;

use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::output::escape;

/// The first descriptor behind standard input, output and error.
const FIRST: i32 = 3;

/// A command as a child that does not outlive this process, inherits none of its descriptors, is told nothing of its settings, and has no
/// part in its terminal.
pub(super) fn child(command: &[OsString]) -> Result<Command, Failure> {
    let here = std::env::current_exe()
        .map_err(|error| Failure::new(Trouble::File, format!("this program cannot be found: {error}")))?;
    let mut child = Command::new(here);
    child.args(["mcp", "exec", "--parent", &std::process::id().to_string(), "--"]).args(command);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"WANE_") {
            child.env_remove(name);
        }
    }
    Ok(child)
}

/// Become a command that does not outlive its parent
#[derive(Args, Debug)]
pub(super) struct Exec {
    /// The process that it must not outlive
    #[arg(long, value_name = "ID")]
    parent: u32,

    /// The command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Exec {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        self.bind()?;
        leave_terminal().map_err(|error| {
            Failure::new(Trouble::File, format!("the server cannot be kept from the terminal: {error}"))
        })?;
        // Whatever was open in the gateway, or in whoever started it, is not for the server.
        close_fds::set_fds_cloexec(FIRST, &[]);
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(Failure::usage("no command is given"));
        };
        // It returns only where that failed.
        let error = Command::new(program).args(arguments).exec();
        let program = escape(&program.to_string_lossy());
        Err(Failure::new(Trouble::File, format!("the server `{program}` cannot be started: {error}")))
    }

    /// Whatever is executed from here on is asked to end when the gateway has ended, however that came.
    // spec: G19
    #[cfg(target_os = "linux")]
    fn bind(&self) -> Result<(), Failure> {
        let signal = rustix::process::Signal::TERM;
        rustix::process::set_parent_process_death_signal(Some(signal)).map_err(|error| {
            Failure::new(Trouble::File, format!("the server cannot be bound to its gateway: {error}"))
        })?;
        let parent = rustix::process::getppid().map(|id| id.as_raw_nonzero().get());
        match parent.and_then(|id| u32::try_from(id).ok()) == Some(self.parent) {
            true => Ok(()),
            // It ended before it could be waited for.
            false => Err(Failure::new(Trouble::File, "the gateway has ended")),
        }
    }

    /// Elsewhere the end of its input has to tell a server.
    #[cfg(not(target_os = "linux"))]
    fn bind(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Begins a session, which has no terminal: `/dev/tty` is nothing to whatever is executed from here on. Who leads a group cannot, and this
/// process leads its own; so it goes back to its parent's for a moment.
// spec: G52
fn leave_terminal() -> rustix::io::Result<()> {
    let parents = rustix::process::getpgid(rustix::process::getppid())?;
    rustix::process::setpgid(None, Some(parents))?;
    rustix::process::setsid().map(drop)
}
