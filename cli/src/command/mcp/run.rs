//! `wane mcp run`: a gateway between a client and the server that it starts.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use clap::Args;
use wane_gateway::{Client, End, Gate, Outlet, RunError};

use super::approving::ApprovingFlags;
use super::exec;
use super::heard::{self, Heard, Kept};
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
terminal is the gateway's own to read from: `yes` and four digits that stand in the question say yes, anything else says no. What does not
stand on the screen at once is not asked there, and one gateway asks at a time. No server has the terminal: what it says on standard error
comes behind `server: `, and not while somebody is asked. What is left: a server that runs as the same user can open the terminal's device by
its name, write over what is asked or type for you, so run it as another one (such a server cannot be killed, and has to end with its input); a
server that the client starts without a gateway has the terminal; and a client of the same process group reads from the same terminal, so that
what is typed for one of the two may come to the other, and counts as a no.

Exit codes: 0 the client closed its end or a signal stopped it, 1 the server ended by itself, is left running or cannot be started, 2 usage, 3 the
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
        let (command, heard) = self.server_command(context.output, token.as_ref())?;
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
        heard.finish();
        standing::close(&notices, guard);
        notices.finish();
        Ok(exit)
    }

    /// The command as a child that does not outlive this process, and that knows nothing of what is named here; nor does it write or read
    /// where a person is asked, by this gateway or another one.
    fn server_command(&self, output: Output, token: Option<&Source>) -> Result<(Command, Heard), Failure> {
        let mut command = exec::child(&self.command)?;
        let kept = if self.approving.asks_terminal() { Kept::Always } else { Kept::FromTerminals };
        let heard = heard::hear(&mut command, output, kept)?;
        let approving = self.approving.secrets().filter_map(Source::variable);
        for name in self.gate.secrets(token).chain(approving) {
            command.env_remove(name);
        }
        Ok((command, heard))
    }
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
