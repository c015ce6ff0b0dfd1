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
    ended: Option<ExitStatus>,
}

impl Server {
    /// Its standard error is where the command says, by itself that of this process.
    pub(crate) fn start(mut command: Command) -> io::Result<(Self, ChildStdin, ChildStdout)> {
        // What a terminal sends to the gateway's own group does not reach the server first.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok((Self { child, ended: None }, input, output)),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Waits for it to end, asks it to, at once where somebody wants an end, and kills it; then nothing of its group is left.
    // spec: G19
    pub(crate) fn end(mut self, mut stopped: impl FnMut() -> bool) -> io::Result<ExitStatus> {
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
        let status = self.child.wait()?;
        self.ended = Some(status);
        Ok(status)
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
        let server = Pid::from_child(&self.child);
        // Nobody may be left to hear it; or it is on its way into a session of its own, and there is no group of its id for a moment.
        let _: rustix::io::Result<()> = kill_process_group(server, signal).or_else(|_| kill_process(server, signal));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.signal(Signal::KILL);
            // It is killed: the wait is short.
            let _: io::Result<ExitStatus> = self.child.wait();
        }
    }
}
