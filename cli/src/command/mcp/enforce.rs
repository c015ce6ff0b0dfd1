//! `wane mcp enforce`: a client starts the gateway where it started its servers.

mod file;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use wane_gateway::wiring::{Flag, HttpGateway, Outcome, Runner, State};
use wane_ledger::LedgerUrl;

use crate::arguments::Context;
use crate::clients::{self, Client, Target};
use crate::exit::Exit;
use crate::failure::{self, Failure, Trouble};
use crate::input::{Source, source};
use crate::ledger;
use crate::output::{escape, paint, shell};
use crate::typed;

use super::bearer_file;
use file::{Change, Fate, Write};

/// Let a client start the gateway in front of each of its MCP servers, or stop that again
///
/// Each server that the client starts by a command is started by `wane mcp run` instead; one that it reaches at a `url` is reached through
/// the `wane mcp serve` that --gateway names. The rest of its configuration stays as it is written, remarks included. A copy of the old file is kept beside it until --stop. Catalogue, token, roots and ledger
/// are written into the command, whoever names them: no folder in which the client starts it says what it is judged by.
#[derive(Args, Debug)]
#[command(after_help = "\
Exit codes: 0 a server is enforced, 1 none is, 2 usage; with --stop 1 where a gateway is left that was not written here, else 0.

Examples:
  wane mcp enforce --client vscode --catalogue catalogue.toml --token agent.tok --root root.pub --ledger sqlite:wane.db
  wane mcp enforce --client claude-code --dry-run   # where WANE_CATALOGUE, WANE_TOKEN_FILE, WANE_ROOTS and WANE_LEDGER are set
  wane mcp enforce --path ~/.codeium/windsurf/mcp_config.json --server files
  wane mcp enforce --client cursor --gateway http://127.0.0.1:7000 --bearer-file bearer   # behind it is `--upstream NAME=URL` for each url
  wane mcp enforce --client vscode --stop
")]
pub(crate) struct Enforce {
    /// The client whose files are edited
    #[arg(long, value_name = "CLIENT", required_unless_present = "path", conflicts_with = "path")]
    client: Option<Client>,

    /// A client's file instead: TOML where its name ends in .toml, else JSON, with remarks or without
    #[arg(long, value_name = "FILE")]
    path: Option<PathBuf>,

    /// Only the server of this name (repeatable)
    #[arg(long = "server", value_name = "NAME", conflicts_with = "stop")]
    servers: Vec<String>,

    /// Print what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Let the client start its servers itself again
    #[arg(long)]
    stop: bool,

    /// The gateway that runs before servers that are reached at a url, as it has told: `http://127.0.0.1:PORT`, the same port at each start
    #[arg(long, value_name = "URL", conflicts_with = "stop", requires = "bearer_file")]
    gateway: Option<String>,

    /// The file to which that gateway has written the bearer of its start and where it listens; to be named again after each
    #[arg(long, value_name = "FILE", conflicts_with = "stop", requires = "gateway")]
    bearer_file: Option<PathBuf>,

    /// The catalogue of the gateway: a file or `env:NAME` (default: WANE_CATALOGUE)
    #[arg(long, value_name = "FILE", value_parser = source(), conflicts_with = "stop", help_heading = "Written into the command")]
    catalogue: Option<Source>,

    /// The token of the agent: a file or `env:NAME` (default: WANE_TOKEN_FILE)
    #[arg(long, value_name = "FILE", value_parser = source(), conflicts_with = "stop", help_heading = "Written into the command")]
    token: Option<Source>,

    /// The trusted roots: a file, a public key or `env:NAME` (default: WANE_ROOTS)
    #[arg(long, value_name = "FILE", value_parser = source(), conflicts_with = "stop", help_heading = "Written into the command")]
    root: Option<Source>,

    /// The ledger: `sqlite:PATH` or `postgres://HOST/DATABASE` (default: WANE_LEDGER)
    #[arg(long, value_name = "URL", conflicts_with = "stop", help_heading = "Written into the command")]
    ledger: Option<String>,

    /// The audience that the servers are (default: what the catalogue states)
    #[arg(long, value_name = "AUDIENCE", conflicts_with = "stop", help_heading = "Written into the command")]
    aud: Option<String>,
}

/// What is done to a file.
#[derive(Debug)]
pub(crate) enum Task<'a> {
    Enforce { runner: &'a Runner, names: &'a [String] },
    Stop { program: &'a str },
}

impl Enforce {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let flags = if self.stop { BTreeMap::new() } else { self.flags(context)? };
        let runner = Runner { program: program()?, flags, gateway: self.gateway()? };
        let task = match self.stop {
            true => Task::Stop { program: &runner.program },
            false => Task::Enforce { runner: &runner, names: &self.servers },
        };
        let mut changes = Vec::new();
        // All of them are looked at before the first is written.
        for target in self.targets()? {
            changes.push(file::change(target, &task, Write::Nothing)?);
        }
        if !self.dry_run {
            for change in changes.iter_mut().filter(|change| change.is_due()) {
                *change = file::change(change.target.clone(), &task, Write::All)?;
            }
        }
        if let (Some(gateway), false) = (&runner.gateway, self.dry_run) {
            changes.iter().filter(|change| gateway.is_in(change.edit.text())).for_each(|change| warn(context, change));
        }
        self.answer(context, &changes)
    }

    /// The gateway over HTTP that is named. It runs as long as it holds the file of its bearer, and listens where it has written there:
    /// whoever listens elsewhere is not shown what opens it.
    fn gateway(&self) -> Result<Option<HttpGateway>, Failure> {
        let (Some(origin), Some(file)) = (&self.gateway, &self.bearer_file) else { return Ok(None) };
        if self.client == Some(Client::Claude) {
            return Err(Failure::usage("--gateway: this client lists no servers at a url in its file"));
        }
        let gateway = bearer_file::read(file)?;
        match gateway.origin() == origin {
            true => Ok(Some(gateway)),
            false => Err(Failure::usage(format!(
                "--gateway is {}, and the gateway that has written {} listens on {}",
                escape(origin),
                failure::name(file),
                gateway.origin()
            ))),
        }
    }

    /// The flags that are written into the command: all that the gateway needs, so that nothing where the client starts it, which is
    /// another folder than this one, takes its place.
    fn flags(&self, context: &Context) -> Result<BTreeMap<Flag, String>, Failure> {
        context.pass_over_project()?;
        let settings = context.settings()?;
        let mut flags = BTreeMap::new();
        for (flag, stated, setting, what) in [
            (Flag::Catalogue, &self.catalogue, &settings.catalogue, "catalogue"),
            (Flag::Token, &self.token, &settings.token_file, "token"),
            (Flag::Root, &self.root, &settings.roots, "trusted root"),
        ] {
            let source = match (stated, setting) {
                (Some(source), _) => source.clone(),
                (None, Some(setting)) => {
                    context.output.note(format_args!("the {what} comes from {}", setting.origin));
                    typed::source(flag.as_str(), &setting.value)?
                }
                (None, None) => return Err(unnamed(what, flag)),
            };
            flags.insert(flag, written(context, flag, &source)?);
        }
        let url: Option<LedgerUrl> = ledger::named(context, self.ledger.as_deref(), "--ledger")?;
        let url = url.ok_or_else(|| unnamed("ledger", Flag::Ledger))?;
        flags.insert(Flag::Ledger, ledger_flag(&url)?);
        if let Some(text) = &self.aud {
            let aud: wane::Audience = typed::value("--aud", text)?;
            flags.insert(Flag::Aud, aud.to_string());
        }
        Ok(flags)
    }

    /// The files that there are, each once.
    fn targets(&self) -> Result<Vec<Target>, Failure> {
        let (found, looked) = clients::targets(self.path.as_deref(), self.client)?;
        if found.is_empty() && !self.stop {
            return Err(clients::none(&looked));
        }
        Ok(found)
    }

    fn answer(&self, context: &Context, changes: &[Change]) -> Result<Exit, Failure> {
        let enforced = changes
            .iter()
            .flat_map(|change| change.edit.outcomes())
            .filter(|outcome| matches!(outcome.state, State::Wrapped | State::Already));
        let enforced = enforced.count();
        let all = || changes.iter().flat_map(|change| change.edit.outcomes());
        let missing: Vec<&str> =
            self.servers.iter().map(String::as_str).filter(|name| all().all(|outcome| outcome.name != *name)).collect();
        let json = AnswerJson {
            dry_run: self.dry_run,
            enforced,
            missing: &missing,
            files: changes.iter().map(|change| FileJson::of(change, self.dry_run)).collect(),
        };
        context.output.answer(&json, || {
            let mut text: String = changes.iter().map(|change| self.told(change)).collect();
            missing.iter().for_each(|name| text.push_str(&format!("no server is called `{}`\n", escape(name))));
            if changes.is_empty() {
                text.push_str("there is no such file: nothing to stop\n");
            }
            text
        })?;
        if !self.dry_run && changes.iter().any(|change| change.edit.is_changed()) {
            context.output.note("the client reads its servers when it starts: start it anew");
        }
        let left = all().any(|outcome| matches!(outcome.state, State::Refused(_)));
        Ok(if (self.stop && !left) || (!self.stop && enforced > 0) { Exit::Done } else { Exit::CouldNotRun })
    }

    /// For a person: the file, a line for each server, and where the old file is.
    fn told(&self, change: &Change) -> String {
        let mut text = format!("{}:\n", escape(&change.target.named.display().to_string()));
        for outcome in change.edit.outcomes() {
            text.push_str(&format!("  {}\n", self.line(outcome)));
        }
        if change.edit.outcomes().is_empty() {
            text.push_str(if self.stop { "  no server is wrapped\n" } else { "  no server\n" });
        }
        match (&change.fate, change.backup.file_name()) {
            (Fate::Kept | Fate::Restored | Fate::Undone, _) if self.dry_run => {}
            (Fate::Kept, Some(name)) => {
                text.push_str(&format!("  the old file is kept as {}\n", escape(&name.display().to_string())));
            }
            (Fate::Left, Some(name)) => text.push_str(&format!(
                "  {} is another text than this file, and is left there\n",
                escape(&name.display().to_string())
            )),
            (Fate::Restored, _) => text.push_str("  the file is again what it was, byte for byte\n"),
            (Fate::Undone, Some(name)) => text.push_str(&format!(
                "  what was edited in between stays; what the file said until now is kept as {}\n",
                escape(&name.display().to_string())
            )),
            (Fate::Kept | Fate::Left | Fate::Undone | Fate::None, _) => {}
        }
        if self.dry_run && change.edit.is_changed() {
            diff(change).iter().for_each(|line| text.push_str(&format!("{line}\n")));
        }
        text
    }

    fn line(&self, outcome: &Outcome) -> String {
        let place = match outcome.place.split_once('.') {
            Some(_) => format!(" in {}", escape(&outcome.place)),
            None => String::new(),
        };
        let name = if outcome.name.is_empty() { &outcome.place } else { &outcome.name };
        let name = escape(name);
        match &outcome.state {
            State::Wrapped if self.dry_run => format!("{} {name}{place}", paint(Exit::Done, "would wrap")),
            State::Wrapped => format!("{} {name}{place}", paint(Exit::Done, "wrapped")),
            State::Already => {
                format!("{} {name}{place}", paint(Exit::Done, "already wrapped so:"))
            }
            State::Unwrapped if self.dry_run => format!("would unwrap {name}{place}"),
            State::Unwrapped => format!("unwrapped {name}{place}"),
            State::Refused(why) => {
                let word = paint(Exit::CouldNotRun, if self.stop { "cannot unwrap" } else { "cannot wrap" });
                format!("{word} {name}{place}: {}", escape(&why.to_string()))
            }
        }
    }
}

/// What opens a gateway stands in a file that others can read.
fn warn(context: &Context, change: &Change) {
    let Ok(about) = std::fs::metadata(&change.target.real) else { return };
    if about.mode() & 0o044 != 0 {
        let (name, file) = (failure::name(&change.target.named), shell(&change.target.named.display().to_string()));
        context.output.warn(format_args!(
            "others can read {name}, and what opens the gateway stands in it: `chmod 600 {file}`, and keep it out of version control"
        ));
    }
}

/// The lines of a diff, with the names of the files.
fn diff(change: &Change) -> Vec<String> {
    let name = escape(&change.target.named.display().to_string());
    // White space is what a diff of such files is often about.
    let plain = |line: &String| line.trim_end_matches('\r').split('\t').map(escape).collect::<Vec<_>>().join("\t");
    let heads = [format!("--- {name}"), format!("+++ {name}")];
    heads.into_iter().chain(change.edit.diff().iter().map(plain)).collect()
}

/// The path of this program, by which a client will start it.
pub(super) fn program() -> Result<String, Failure> {
    let path = std::env::current_exe().map_err(|error| Failure::file("find", "the path of this program", &error))?;
    absolute("the path of this program", &path)
}

/// What a file of a client says.
pub(super) fn text_of(target: &Target) -> Result<String, Failure> {
    file::text(&target.real)
}

/// Nobody has said which.
fn unnamed(what: &str, flag: Flag) -> Failure {
    Failure::usage(format!("no {what} is named, and the gateway asks no folder that it is started in")).hint(format!(
        "`{}`, a variable or the `wane.toml` of this user names it: see `wane mcp enforce --help`",
        flag.as_str()
    ))
}

/// A source as the command names it.
fn written(context: &Context, flag: Flag, source: &Source) -> Result<String, Failure> {
    let flag = flag.as_str();
    match source {
        Source::File(path) => file_flag(context, flag, path),
        Source::Env(name) => Ok(format!("env:{name}")),
        Source::Key(key) if flag == Flag::Root.as_str() => {
            let key: wane::PublicKey = typed::value(flag, key)?;
            Ok(key.to_string())
        }
        other => {
            let message = format!("{flag}: {} is not there when the client starts the gateway", other.name());
            Err(Failure::usage(message).hint("name a file or `env:NAME`"))
        }
    }
}

/// The ledger, as an argument can name it.
fn ledger_flag(url: &LedgerUrl) -> Result<String, Failure> {
    if url.is_volatile() {
        return Err(ledger::volatile(url, "an admission must outlive its process"));
    }
    if let Some(file) = url.file() {
        return Ok(format!("sqlite:{}", absolute("--ledger", file)?));
    }
    if url.has_password() {
        return Err(Failure::new(Trouble::SecretArgument, "the url of the ledger holds a password")
            .hint("it would stand in the client's file and among arguments: name one without, and give the password to PostgreSQL otherwise"));
    }
    // Without a password it is printed as it is.
    Ok(url.to_string())
}

/// A file for the gateway. That it is not there yet is no mistake, but likely one.
fn file_flag(context: &Context, flag: &str, path: &Path) -> Result<String, Failure> {
    let text = absolute(flag, path)?;
    if !path.exists() {
        context.output.warn(format_args!("{flag}: there is no file {}", failure::name(path)));
    }
    Ok(text)
}

fn absolute(what: &str, path: &Path) -> Result<String, Failure> {
    let path = std::path::absolute(path).map_err(|error| Failure::file("find", failure::name(path), &error))?;
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Failure::usage(format!("{what}: {} is no utf-8, which configurations are", failure::name(&path)))
    })
}

#[derive(Serialize)]
struct AnswerJson<'a> {
    dry_run: bool,
    enforced: usize,
    missing: &'a [&'a str],
    files: Vec<FileJson<'a>>,
}

#[derive(Serialize)]
struct FileJson<'a> {
    file: String,
    changed: bool,
    backup: Option<String>,
    diff: Option<String>,
    servers: Vec<ServerJson<'a>>,
}

#[derive(Serialize)]
struct ServerJson<'a> {
    place: &'a str,
    name: &'a str,
    state: &'static str,
    why: Option<String>,
}

impl<'a> FileJson<'a> {
    fn of(change: &'a Change, dry_run: bool) -> Self {
        let kept = matches!(change.fate, Fate::Kept | Fate::Left | Fate::Undone);
        Self {
            file: change.target.real.display().to_string(),
            changed: change.edit.is_changed(),
            backup: kept.then(|| change.backup.display().to_string()),
            diff: dry_run.then(|| diff(change).join("\n")).filter(|_| change.edit.is_changed()),
            servers: change.edit.outcomes().iter().map(ServerJson::of).collect(),
        }
    }
}

impl<'a> ServerJson<'a> {
    fn of(outcome: &'a Outcome) -> Self {
        let (state, why) = match &outcome.state {
            State::Wrapped => ("wrapped", None),
            State::Already => ("already", None),
            State::Unwrapped => ("unwrapped", None),
            State::Refused(why) => ("refused", Some(why.to_string())),
        };
        Self { place: &outcome.place, name: &outcome.name, state, why }
    }
}
