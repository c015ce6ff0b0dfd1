//! The process of a server, and its end.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

/// How long a server may take to end by itself, and then again when it was asked to.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(10);

/// A server that runs, in a process group of its own. Dropped, it is killed with its group.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    is_over: Option<Ending>,
    sends: fn(Pid, Signal) -> rustix::io::Result<()>,
}

/// What has become of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It has ended.
    Ended(ExitStatus),
    /// It goes on: it did not end by itself, and cannot be killed, as one cannot that runs as another user.
    Left,
}

impl Server {
    /// Its standard error is where the command says, by itself that of this process.
    pub(crate) fn start(mut command: Command) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        // What a terminal sends to the gateway's own group does not reach the server first.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok((Self { child, is_over: None, sends: send }, input, output)),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Waits for it to end, asks it to, at once where somebody wants an end, and kills it; then nothing of its group is left that can be
    /// killed. Whoever cannot be is not waited for.
    // spec: G19
    pub(crate) fn end(mut self, mut stopped: impl FnMut() -> bool) -> io::Result<Ending> {
        let begun = Instant::now();
        let mut asked = None;
        while !self.has_ended()? {
            match asked {
                None if stopped() || begun.elapsed() >= PATIENCE => {
                    self.signal(Signal::TERM);
                    asked = Some(Instant::now());
                }
                Some(asked) if asked.elapsed() >= PATIENCE => {
                    self.signal(Signal::KILL);
                    self.ends_within(PATIENCE)?;
                    break;
                }
                None | Some(_) => thread::sleep(LOOK),
            }
        }
        // What it started may have stayed. While it is not waited for, nobody else can have its id.
        self.signal(Signal::KILL);
        let ending = if self.has_ended()? { Ending::Ended(self.child.wait()?) } else { Ending::Left };
        self.is_over = Some(ending);
        Ok(ending)
    }

    fn ends_within(&mut self, patience: Duration) -> io::Result<bool> {
        let until = Instant::now() + patience;
        loop {
            match self.has_ended()? {
                true => return Ok(true),
                false if Instant::now() >= until => return Ok(false),
                false => thread::sleep(LOOK),
            }
        }
    }

    /// Whether it has ended; it keeps its id.
    pub(crate) fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(Pid::from_child(&self.child)), options)?.is_some())
    }

    fn signal(&self, signal: Signal) {
        // Nobody may be left to hear it; whether it has helped is seen by who has ended.
        let _: rustix::io::Result<()> = (self.sends)(Pid::from_child(&self.child), signal);
    }
}

/// To the group of a server; or to itself, which may be on its way into a session of its own: there is no group of its id for a moment.
fn send(server: Pid, signal: Signal) -> rustix::io::Result<()> {
    kill_process_group(server, signal).or_else(|_| kill_process(server, signal))
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.is_over.is_none() {
            self.signal(Signal::KILL);
            // It is killed: the wait is short. Where it cannot be there is none.
            if matches!(self.ends_within(PATIENCE), Ok(true)) {
                let _: io::Result<ExitStatus> = self.child.wait();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that hears no signal, as if it ran as another user, and does not end with its input.
    fn deaf() -> (Server, Pid) {
        let mut command = Command::new("sleep");
        command.arg("60");
        let (mut server, ..) = Server::start(command).unwrap();
        server.sends = |_, _| Err(rustix::io::Errno::PERM);
        let id = Pid::from_child(&server.child);
        (server, id)
    }

    #[test]
    fn a_server_that_cannot_be_killed_is_left() {
        let begun = Instant::now();
        let (server, id) = deaf();
        assert_eq!(server.end(|| true).unwrap(), Ending::Left);
        assert!(begun.elapsed() < PATIENCE * 4);
        kill_process(id, Signal::KILL).unwrap();
        let (server, id) = deaf();
        drop(server);
        assert!(begun.elapsed() < PATIENCE * 7);
        kill_process(id, Signal::KILL).unwrap();
    }
}
