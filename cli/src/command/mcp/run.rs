//! `wane mcp run`: a gateway between a client and the server that it starts.

use std::ffi::OsString;
use std::io;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use wane::{Audience, Roots, Seal, verify};
use wane_gateway::{Client, Credential, End, Gate, GateOptions, Notice, Outlet, RunError, Stopper};
use wane_ledger::Guard;
use wane_policy::Catalogue;

use super::exec;
use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::guarding;
use crate::input::{self, Source, source};
use crate::ledger::{LedgerFlag, LogFlags};
use crate::output::Output;
use crate::{catalogue, holder, key_file, random, time, trust, typed};

/// Start an MCP server and stand between it and the client
///
/// For a client the gateway is the server: it speaks MCP on standard input and output. Each call is judged as the catalogue says, and
/// committed to the ledger, before the server sees it; what is denied never reaches it. What goes no further is told on
/// standard error, by method and code; with --json as one object a line.
#[derive(Args, Debug)]
#[command(after_help = "\
The gateway holds the token and seals every call for exactly that call. With --client-tokens each request brings its own, sealed, as
`dev.wane/token` of its `_meta`.

Exit codes: 0 the client closed its end or a signal stopped it, 1 the server ended by itself or cannot be started, 2 usage, 3 the
ledger cannot be used.

Examples:
  wane mcp run --catalogue catalogue.toml --token session.tok --root root.pub --ledger sqlite:wane.db -- mcp-server-filesystem /repo
  wane mcp run --catalogue catalogue.toml --client-tokens --server files -- npx -y @modelcontextprotocol/server-filesystem /repo
  wane mcp run -- mcp-server-git   # where WANE_CATALOGUE, WANE_TOKEN_FILE, WANE_ROOTS and WANE_LEDGER are set
")]
pub(crate) struct Run {
    /// The catalogue, TOML; YAML where its name ends in .yaml or .yml (default: WANE_CATALOGUE)
    #[arg(long, value_name = "FILE", value_parser = source())]
    catalogue: Option<Source>,

    /// The server's name in the catalogue (default: the only one)
    #[arg(long, value_name = "NAME")]
    server: Option<String>,

    /// The audience that the server is (default: what the catalogue states, else WANE_AUD)
    #[arg(long, value_name = "AUDIENCE")]
    aud: Option<String>,

    /// The token that calls are judged by (default: WANE_TOKEN_FILE)
    #[arg(long, value_name = "FILE", value_parser = source())]
    token: Option<Source>,

    /// The key that the token names, where it carries no secret
    #[arg(long, value_name = "FILE", value_parser = source(), conflicts_with = "client_tokens")]
    key: Option<Source>,

    /// The passphrase of that key
    #[arg(long, value_name = "FILE", value_parser = source(), requires = "key")]
    passphrase_file: Option<Source>,

    /// Judge each request by the sealed token that it brings
    #[arg(long, conflicts_with = "token")]
    client_tokens: bool,

    /// The trusted root: a `wane1.key`, a file that holds a public key, or a roots.toml (default: WANE_ROOTS)
    #[arg(long, visible_alias = "roots", value_name = "ROOT")]
    root: Option<String>,

    #[command(flatten)]
    log: LogFlags,

    #[command(flatten)]
    ledger: LedgerFlag,

    /// The server's command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Standard input, where two inputs meet on it.
const MESSAGES: &str = "the client's messages";

/// How long a request that is being decided may hold up the end.
const PATIENCE: Duration = Duration::from_secs(5);

impl Run {
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        context.inputs.claim(&Source::Stdin, MESSAGES)?;
        // spec: G10
        forbid_looking_in()?;
        self.claim(context)?;
        let roots = trust::roots(context, self.root.as_deref())?;
        let catalogue = catalogue::named(context, self.catalogue.as_ref())?;
        let (server, audience) = self.server(context, &catalogue)?;
        let token = self.token_source(context)?;
        let credential = self.credential(context, token.as_ref(), &roots, &audience)?;
        let command = self.server_command(token.as_ref())?;
        let mut opened = self.ledger.open(context)?;
        let published = crate::command::publisher(context, None)?;
        let guard = Arc::new(guarding::guard(context, &self.log, &mut opened, roots, None, published)?);
        drop(opened);
        let rng = random::system()?;
        let notices = Notices::start(context.output);
        let ended = stand(command, |to_client, to_server| {
            let (output, notices) = (context.output, notices.clone());
            Gate::new(GateOptions {
                catalogue,
                server,
                audience: Some(audience),
                credential,
                guard: Arc::downgrade(&guard),
                // Where the clock cannot be read everything has expired.
                clock: Box::new(|| time::now().unwrap_or(u64::MAX)),
                rng: Box::new(rng),
                to_client,
                to_server,
                report: Box::new(move |notice| notices.tell(output, notice)),
            })
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
        };
        close(&notices, guard);
        notices.finish();
        Ok(exit)
    }

    /// The command as a child that does not outlive this process, and that knows nothing of what is named here.
    fn server_command(&self, token: Option<&Source>) -> Result<Command, Failure> {
        let mut command = exec::child(&self.command)?;
        for secret in [token, self.key.as_ref(), self.passphrase_file.as_ref()]
            .into_iter()
            .chain([self.log.log_secret.as_ref(), self.log.audit_key.as_ref()])
        {
            if let Some(Source::Env(name)) = secret {
                command.env_remove(name);
            }
        }
        Ok(command)
    }

    fn claim(&self, context: &Context) -> Result<(), Failure> {
        self.log.claim(context)?;
        typed::claim(&context.inputs, "--root", self.root.as_deref(), input::ROOTS)?;
        context.inputs.claim_all([
            (self.catalogue.as_ref(), input::CATALOGUE),
            (self.token.as_ref(), input::TOKEN),
            (self.key.as_ref(), input::KEY),
            (self.passphrase_file.as_ref(), input::PASSPHRASE),
        ])
    }

    /// Which server of the catalogue it is, and its audience.
    fn server(&self, context: &Context, catalogue: &Catalogue) -> Result<(String, Audience), Failure> {
        let name = catalogue::server_name(catalogue, self.server.as_deref())?;
        let stated = catalogue.listed().find(|listed| listed.name == name).and_then(|listed| listed.audience);
        let setting = context.settings()?.aud.as_ref().filter(|_| stated.is_none());
        let audience = match (&self.aud, setting) {
            (Some(text), _) => Some(typed::value("--aud", text)?),
            (None, Some(setting)) => Some(typed::value("aud", &setting.value)?),
            (None, None) => None,
        };
        let audience = catalogue.server(&name, audience)?.audience().clone();
        Ok((name, audience))
    }

    /// Where the gateway's own token lies, if it has one.
    fn token_source(&self, context: &Context) -> Result<Option<Source>, Failure> {
        if self.client_tokens {
            return Ok(None);
        }
        if self.token.is_none() && context.settings()?.token_file.is_none() {
            let hint = "`--token FILE`, WANE_TOKEN_FILE or `token-file` in wane.toml names it; with --client-tokens requests bring theirs";
            return Err(Failure::usage("no token is named").hint(hint));
        }
        holder::source(context, self.token.as_ref()).map(Some)
    }

    /// The token that the gateway holds, once it is known to be good for something here.
    fn credential(
        &self,
        context: &Context,
        source: Option<&Source>,
        roots: &Roots,
        audience: &Audience,
    ) -> Result<Credential, Failure> {
        let Some(source) = source else { return Ok(Credential::shown()) };
        let token = holder::read_token(context, Some(source))?;
        let key = self.key.as_ref();
        let key =
            key.map(|key| key_file::read_secret(&context.inputs, key, self.passphrase_file.as_ref())).transpose()?;
        let seal = Seal::new().audience(audience.clone());
        let sealed = match &key {
            Some(key) => token.seal_as(key, &seal),
            None => token.seal(&seal),
        };
        verify(&sealed.map_err(Failure::making)?, roots)?;
        Ok(Credential::own(token, key))
    }
}

/// Stands between the client and the server until one of them ends, or somebody asks for it.
fn stand(command: Command, gate: impl FnOnce(Outlet, Outlet) -> Result<Gate, wane::Refusal>) -> Result<End, Failure> {
    let (stopper, stops) = Stopper::new();
    let failed = |error: io::Error| Failure::new(Trouble::File, format!("signals cannot be heard: {error}"));
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(failed)?;
    // It ends with the process.
    thread::Builder::new()
        .name("wane-signals".into())
        .spawn(move || signals.forever().for_each(|_| stopper.stop()))
        .map_err(failed)?;
    let client = Client { input: Box::new(io::stdin()), output: Box::new(io::stdout()) };
    wane_gateway::run(command, client, gate, stops).map_err(|error| match error {
        RunError::Gate(refusal) => refusal.into(),
        error => Failure::new(Trouble::File, error.to_string()),
    })
}

/// Other processes of the same user can read neither this one's memory nor the environment that it was given.
#[cfg(target_os = "linux")]
fn forbid_looking_in() -> Result<(), Failure> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| Failure::new(Trouble::File, format!("this process cannot be closed to others: {error}")))
}

#[cfg(not(target_os = "linux"))]
fn forbid_looking_in() -> Result<(), Failure> {
    Ok(())
}

/// What is told where the gateway runs. Nobody waits for whoever reads it: what finds too much before it is only counted.
#[derive(Clone)]
struct Notices {
    lines: SyncSender<Told>,
    waiting: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
}

enum Told {
    Failure(Failure),
    Warning(String),
    Text(String),
    Json(serde_json::Value),
}

/// Notices that may wait to be read.
const WAITING: usize = 1_024;

impl Notices {
    fn start(output: Output) -> Self {
        let (lines, come) = sync_channel::<Told>(WAITING);
        let (waiting, lost): (Arc<AtomicU64>, Arc<AtomicU64>) = (Arc::default(), Arc::default());
        let (left, missing) = (Arc::clone(&waiting), Arc::clone(&lost));
        // Where no thread can be had, all are lost.
        let _: io::Result<_> = thread::Builder::new().name("wane-notices".into()).spawn(move || {
            for told in come {
                match told {
                    Told::Failure(failure) => output.complain(&failure),
                    Told::Warning(text) => output.warn(text),
                    Told::Text(text) => output.note(text),
                    Told::Json(value) => output.log(&value),
                }
                match missing.swap(0, Ordering::Relaxed) {
                    0 => {}
                    lost => output.warn(format_args!("{lost} notices were lost: nobody read them in time")),
                }
                left.fetch_sub(1, Ordering::SeqCst);
            }
        });
        Self { lines, waiting, lost }
    }

    fn tell(&self, output: Output, notice: &Notice<'_>) {
        let told = match output.is_json() {
            false => Told::Text(notice.to_string()),
            true => Told::Json(match notice {
                Notice::Denied { what, refusal } => {
                    serde_json::json!({ "event": "denied", "what": what, "code": refusal.code().as_str() })
                }
                Notice::Changed { tool, refusal } => {
                    serde_json::json!({ "event": "hidden", "what": tool, "code": refusal.code().as_str() })
                }
                Notice::Dropped { .. } => serde_json::json!({ "event": "dropped", "what": notice.to_string() }),
            }),
        };
        self.say(told);
    }

    fn say(&self, told: Told) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if self.lines.try_send(told).is_err() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lets what was told last be read, but does not wait for long.
    fn finish(&self) {
        let until = Instant::now() + Duration::from_secs(1);
        while self.waiting.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Closes the guard once no request holds it any more.
fn close(notices: &Notices, mut guard: Arc<Guard>) {
    let warn = |why: &str| notices.say(Told::Warning(format!("the log was not brought up to date: {why}")));
    let until = Instant::now() + PATIENCE;
    loop {
        match Arc::try_unwrap(guard) {
            Ok(guard) => {
                let now = time::now().map_err(|failure| failure.message().to_owned());
                let closed =
                    now.and_then(|now| guard.close(now).map_err(|refusal| format!("{refusal} ({})", refusal.code())));
                return closed.unwrap_or_else(|why| warn(&why));
            }
            Err(_) if Instant::now() >= until => return warn("a request is still being decided"),
            Err(held) => guard = held,
        }
        thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn nobody_looks_in() {
        super::forbid_looking_in().unwrap();
        let behavior = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(behavior, rustix::process::DumpableBehavior::NotDumpable);
    }
}
