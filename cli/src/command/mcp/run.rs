//! `wane mcp run`: a gateway between a client and the server that it starts.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, PipeWriter, Read as _};
use std::process::Command;
use std::thread;

use clap::Args;
use wane_gateway::{Client, End, Gate, Outlet, RunError};

use super::approving::ApprovingFlags;
use super::exec;
use super::standing::{self, GateFlags, Gating, Notices, Told};
use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::input::Source;
use crate::output::Output;
use crate::{catalogue, random};

/// Start an MCP server and stand between it and the client
///
/// For a client the gateway is the server: it speaks MCP on standard input and output. Each call is judged as the catalogue says, and
/// committed to the ledger, before the server sees it; what is denied never reaches it. What goes no further is told on
/// standard error, by method and code; with --json as one object a line.
#[derive(Args, Debug)]
#[command(after_help = "\
The gateway holds the token, seals it for itself and shows it to nobody. With --client-tokens each request brings its own, sealed, as
`dev.wane/token` of its `_meta`.

What needs an approval is denied at once, and the same call made again is admitted after `wane approve`. With --wait it waits for that.
With --approver-key asks for `@local` are put to whoever sits at the client, where it asks its user what servers want to know.
With --ask-terminal they are put to whoever sits at the terminal that the gateway is started on, where the client asks nobody and the
terminal is the gateway's own to read from: `yes` and four digits that stand in the question say yes, anything else says no. The server then
has no terminal, and what it says on standard error comes line by line behind `server: `. What is left: a server that runs as the same user can
open the terminal's device by its name and write over what is asked, so run it as another one; and a client of the same process group reads
from the same terminal, so that what is typed for one of the two may come to the other, and counts as a no.

Exit codes: 0 the client closed its end or a signal stopped it, 1 the server ended by itself or cannot be started, 2 usage, 3 the
ledger cannot be used.

Examples:
  wane mcp run --catalogue catalogue.toml --token session.tok --root root.pub --ledger sqlite:wane.db -- mcp-server-filesystem /repo
  wane mcp run --catalogue catalogue.toml --client-tokens --server files -- npx -y @modelcontextprotocol/server-filesystem /repo
  wane mcp run --wait 2m --approver-key gateway.pem -- mcp-server-git   # `@local` is asked at the client, others may take two minutes
  wane mcp run -- mcp-server-git   # where WANE_CATALOGUE, WANE_TOKEN_FILE, WANE_ROOTS and WANE_LEDGER are set
")]
pub(crate) struct Run {
    /// The server's name in the catalogue (default: the only one)
    #[arg(long, value_name = "NAME")]
    server: Option<String>,

    #[command(flatten)]
    gate: GateFlags,

    #[command(flatten)]
    approving: ApprovingFlags,

    /// The server's command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Standard input, where two inputs meet on it.
const MESSAGES: &str = "the client's messages";

impl Run {
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        context.inputs.claim(&Source::Stdin, MESSAGES)?;
        // spec: G10
        standing::forbid_looking_in()?;
        context.pass_over_project()?;
        self.gate.claim(context)?;
        self.approving.claim(context)?;
        let roots = self.gate.roots(context)?;
        let catalogue = self.gate.catalogue(context)?;
        let server = catalogue::server_name(&catalogue, self.server.as_deref())?;
        let audience = self.gate.audience(context, &catalogue, &server)?;
        let token = self.gate.token_source(context)?;
        let whose = self.gate.whose(context, token.as_ref())?;
        whose.check(&roots, [&audience])?;
        self.approving.check_terminal()?;
        let (approvals, local) = self.approving.read(context)?;
        let command = self.server_command(context.output, token.as_ref())?;
        let guard = self.gate.guard(context, roots, local)?;
        let notices = Notices::start(context.output);
        let gating = Gating {
            catalogue,
            server,
            audience,
            credential: whose.credential(),
            guard: &guard,
            notices: notices.clone(),
            output: context.output,
            rng: random::system()?,
        };
        let ended = stand(command, |to_client, to_server| {
            gating.gate(to_client, to_server).map(|gate| gate.with_approvals(approvals))
        });
        // Standard output is the client's, and nobody may read standard error: what is still to be said is left to who may wait.
        let exit = match ended? {
            End::ClientClosed | End::Stopped => Exit::Done,
            End::ServerEnded(status) => {
                notices.say(Told::Failure(Failure::new(
                    Trouble::File,
                    format!("the server has ended by itself: {status}"),
                )));
                Exit::CouldNotRun
            }
            End::ServerLeft => {
                let failure = Failure::new(Trouble::File, "the server has not ended, and this user cannot kill it");
                notices.say(Told::Failure(failure.hint("it runs as another user: end it yourself")));
                Exit::CouldNotRun
            }
        };
        standing::close(&notices, guard);
        notices.finish();
        Ok(exit)
    }

    /// The command as a child that does not outlive this process, and that knows nothing of what is named here; nor does it write or read
    /// where a person is asked.
    fn server_command(&self, output: Output, token: Option<&Source>) -> Result<Command, Failure> {
        let mut command = match self.approving.asks_terminal() {
            true => exec::child_without_terminal(&self.command)?,
            false => exec::child(&self.command)?,
        };
        if self.approving.asks_terminal() {
            command.stderr(passed_on(output)?);
        }
        let approving = self.approving.secrets().filter_map(Source::variable);
        for name in self.gate.secrets(token).chain(approving) {
            command.env_remove(name);
        }
        Ok(command)
    }
}

/// Bytes of a line that a server says where it must not write itself; what is longer is broken.
const LINE: u64 = 8_192;

/// Where a server's standard error goes that must not write on the terminal: on to that of the gateway, line by line, and nothing in it moves
/// a cursor.
// spec: G52
fn passed_on(output: Output) -> Result<PipeWriter, Failure> {
    let failed = |error: io::Error| Failure::new(Trouble::File, format!("the server cannot be heard: {error}"));
    let (from, to) = io::pipe().map_err(failed)?;
    let pass_on = move || {
        let (mut from, mut line) = (BufReader::new(from), Vec::new());
        while from.by_ref().take(LINE).read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            output.pass_on(String::from_utf8_lossy(&line).trim_end_matches('\n'));
            line.clear();
        }
    };
    // It ends with whoever can still say something there.
    thread::Builder::new().name("wane-server-says".into()).spawn(pass_on).map_err(failed)?;
    Ok(to)
}

/// Stands between the client and the server until one of them ends, or somebody asks for it.
fn stand(command: Command, gate: impl FnOnce(Outlet, Outlet) -> Result<Gate, wane::Refusal>) -> Result<End, Failure> {
    let stops = standing::stops()?;
    let client = Client { input: Box::new(io::stdin()), output: Box::new(io::stdout()) };
    wane_gateway::run(command, client, gate, stops).map_err(|error| match error {
        RunError::Gate(refusal) => refusal.into(),
        error => Failure::new(Trouble::File, error.to_string()),
    })
}
