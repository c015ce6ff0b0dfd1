//! `wane mcp serve`: a gateway over HTTP, before servers that are reached so or that it starts.

use std::ffi::OsString;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use serde::Serialize;
use wane::Audience;
use wane_gateway::Credential;
use wane_gateway::http::{
    Bearer, Bound, Door, HttpOptions, Limits, Listen, Reach, ServeError, Starts, Target, Upstream, UpstreamHeader,
    UpstreamUrl, serve,
};
use wane_gateway::service::{Look, Watched, Watching};
use wane_gateway::tls::Authorities;
use wane_gateway::wiring::HttpGateway;
use wane_policy::Catalogue;

use super::bearer_file::BearerFile;
use super::exec;
use super::heard::{self, Kept};
use super::standing::{self, GateFlags, Gating, Notices, Whose};
use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::input::{AUTHORITY, Source, source};
use crate::output::Output;
use crate::tls::{self, TlsFlags};
use crate::{catalogue, random};

/// The largest value of a header for a server.
const HEADER_TEXT: u64 = 16 * 1024;

/// What such a value is called, where two inputs meet.
const HEADER: &str = "a header for a server";

/// Stand before MCP servers, for clients that come over HTTP
///
/// For clients the gateway is the servers: each is at /NAME/mcp by its name in the catalogue, and at /mcp where there is one. Each call is
/// judged as the catalogue says, and committed to the ledger, before its server sees it. The address is told on standard output;
/// what goes no further on standard error, by method and code, with --json as one object a line.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("whose").args(["client_tokens", "seal"]).required(true), after_help = "\
With --client-tokens each request brings its token, sealed, as `Authorization: Bearer wane1.sealed...` or as `dev.wane/token` of its
`_meta`. With --seal the gateway holds the token and seals every call for exactly that call; it listens on a unix socket that only its
user can open, or on a loopback address where every request shows the bearer that is made anew for each start.

A server at https:// shows a certificate of an authority that this machine believes, or of one that --upstream-ca names and then of no other.
What is no URL is the command of a server that speaks on its standard input and output: each session has a process of its own.

Exit codes: 0 a signal stopped it, 1 it cannot listen, 2 usage, 3 the ledger cannot be used, 4 the token is not good for a server.

Examples:
  wane mcp serve --client-tokens --catalogue catalogue.toml --root root.pub --ledger sqlite:wane.db --upstream http://127.0.0.1:3001/mcp --listen 127.0.0.1:7000
  wane mcp serve --token child.tok --seal --bearer-file bearer --upstream files=http://127.0.0.1:3001/mcp --upstream web=http://127.0.0.1:3002/mcp --listen 127.0.0.1:7000
  wane mcp serve --token child.tok --seal --upstream 'mcp-server-filesystem /repo' --listen unix:wane.sock
  wane mcp serve --token child.tok --seal --upstream https://api.example/mcp --upstream-header Authorization=file:api.key --listen unix:wane.sock
  wane mcp serve --client-tokens --upstream 'mcp-server-git' --listen 0.0.0.0:7000 --tls-cert wane.crt --tls-key wane.key
")]
pub(crate) struct Serve {
    /// A server: its URL or its command, with its name in the catalogue unless there is one only; several times for several
    #[arg(long, required = true, value_name = "[NAME=]URL|COMMAND")]
    upstream: Vec<String>,

    /// Where clients come in
    #[arg(long, value_name = "ADDRESS:PORT|unix:PATH")]
    listen: String,

    /// Hold the token, and seal every call for exactly that call
    #[arg(long)]
    seal: bool,

    /// Write the bearer of this start to a new file of mode 0600 instead of telling it; in its second line where the gateway listens
    #[arg(long, value_name = "FILE")]
    bearer_file: Option<PathBuf>,

    /// What the gateway alone says to a server, of one server where it is named
    #[arg(long, value_name = "[NAME/]HEADER=env:VAR|file:PATH")]
    upstream_header: Vec<String>,

    /// A certificate authority whose word counts for servers at https://, PEM, instead of those of this machine; several times for several
    #[arg(long, value_name = "FILE", value_parser = source())]
    upstream_ca: Vec<Source>,

    /// A server that decides by the token itself, and is shown it as it came
    #[arg(long, value_name = "NAME", conflicts_with = "seal")]
    wane_aware: Vec<String>,

    /// An origin whose pages may ask, beside those of this machine
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,

    #[command(flatten)]
    tls: TlsFlags,

    /// Listen where other machines reach it: nothing is encrypted, and something else keeps others from reading it
    #[arg(long, conflicts_with = "seal")]
    without_tls: bool,

    #[command(flatten)]
    gate: GateFlags,
}

/// A server, before its gate is made.
struct Named {
    name: String,
    at: At,
    audience: Audience,
    headers: Vec<UpstreamHeader>,
}

/// Where a server is.
enum At {
    Url(UpstreamUrl),
    /// The words of its command.
    Command(Vec<OsString>),
}

impl At {
    fn read(text: &str) -> Result<Self, Failure> {
        if text.contains("://") {
            return text.parse().map(Self::Url).map_err(|error| Failure::usage(format!("--upstream: {error}")));
        }
        if text.contains(['"', '\'', '\\', '$', '`']) {
            let hint = "a command's words are parted by blanks: name a script where it needs more";
            return Err(Failure::usage("--upstream: no shell reads a command").hint(hint));
        }
        let words: Vec<OsString> = text.split_whitespace().map(OsString::from).collect();
        let program = words.first().and_then(|word| word.to_str()).unwrap_or_default();
        match program.is_empty() || program.contains(':') {
            true => Err(Failure::usage("--upstream: neither a url with `http://` nor a command is named")),
            false => Ok(Self::Command(words)),
        }
    }

    /// Each process knows nothing of these variables.
    fn target(self, secrets: Vec<String>, output: Output) -> Target {
        match self {
            Self::Url(url) => Target::Url(url),
            Self::Command(words) => Target::Command(Starts::new(move || {
                let failed = |failure: Failure| io::Error::other(failure.message().to_owned());
                let mut command = exec::child(&words).map_err(failed)?;
                // It is over with its process.
                let _ = heard::hear(&mut command, output, Kept::FromTerminals).map_err(failed)?;
                for name in &secrets {
                    command.env_remove(name);
                }
                Ok(command)
            })),
        }
    }
}

/// What is told on standard output.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bearer: Option<&'a str>,
    listen: String,
    servers: Vec<Path<'a>>,
}

#[derive(Serialize)]
struct Path<'a> {
    name: &'a str,
    path: String,
}

impl Serve {
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        // spec: G10
        standing::forbid_looking_in()?;
        context.pass_over_project()?;
        self.gate.claim(context)?;
        self.tls.claim(context)?;
        context.inputs.claim_all(self.upstream_ca.iter().map(|file| (Some(file), AUTHORITY)))?;
        let listen = self.listen()?;
        let without = if self.without_tls { Reach::WithoutTls } else { Reach::ThisMachine };
        let (reach, certificate) = self.tls.reach(context, without)?;
        let roots = self.gate.roots(context)?;
        let catalogue = self.gate.catalogue(context)?;
        let servers = self.servers(context, &catalogue)?;
        let authorities = self.authorities(context, &servers)?;
        let token = self.gate.token_source(context)?;
        let whose = self.gate.whose(context, token.as_ref())?;
        whose.check(&roots, servers.iter().map(|server| &server.audience))?;
        if self.bearer_file.is_some() && (!self.seal || matches!(listen, Listen::Socket(_))) {
            return Err(Failure::usage("--bearer-file goes with --seal and an address: nothing else has a bearer"));
        }
        let guard = self.gate.guard(context, roots, None)?;
        let notices = Notices::start(context.output);
        let (door, bearer) = door(&whose, &listen)?;
        let credential = whose.credential_for_each();
        let secrets = self.secrets(token.as_ref());
        let names: Vec<String> = servers.iter().map(|server| server.name.clone()).collect();
        let rng = random::system()?;
        let upstream = |server: Named| {
            let aware = self.wane_aware.contains(&server.name);
            let gating = Gating {
                catalogue: catalogue.clone(),
                server: server.name.clone(),
                audience: server.audience,
                credential: if aware { Credential::shown_to_both() } else { credential.clone() },
                guard: &guard,
                notices: notices.clone(),
                output: context.output,
                rng,
            };
            // Where it leads is said anew for each exchange.
            let gate = gating.gate(Box::new(|_| Ok(())), Box::new(|_| Ok(())))?;
            let target = server.at.target(secrets.clone(), context.output);
            Ok(Upstream { name: server.name, target, headers: server.headers, gate })
        };
        let options = HttpOptions {
            listen,
            reach,
            door,
            origins: self.allow_origin.clone(),
            upstreams: servers.into_iter().map(upstream).collect::<Result<_, wane::Refusal>>()?,
            authorities,
            limits: Limits::default(),
        };
        let watching = watch(certificate, context.output, notices.clone())?;
        // Where it listens is known only then, and whose port is taken leaves the files of others alone.
        let mut written = Ok(None);
        let bound = |bound: &Bound| {
            written = self.write_bearer(bound, bearer.as_deref());
            if written.is_err() {
                return ControlFlow::Break(());
            }
            tell(context, bound, bearer.as_deref().filter(|_| self.bearer_file.is_none()), &names);
            ControlFlow::Continue(())
        };
        let served = serve(options, bound, standing::stops()?);
        drop(watching);
        standing::close(&notices, guard);
        notices.finish();
        drop(written?);
        served.map(|()| Exit::Done).map_err(|error| match error {
            ServeError::Upstreams(_) | ServeError::Open(_) => {
                Failure::usage(error.to_string()).hint(
                    "`--listen 127.0.0.1:PORT` and `unix:PATH` are of this machine alone; without --seal `--tls-cert` and `--tls-key` open others, or `--without-tls`",
                )
            }
            ServeError::Listen(_) | ServeError::System(_) => Failure::new(Trouble::File, error.to_string()),
        })
    }

    /// Who says which server at `https://` is which, where there is one.
    fn authorities(&self, context: &Context, servers: &[Named]) -> Result<Option<Authorities>, Failure> {
        let encrypted = servers.iter().any(|server| matches!(&server.at, At::Url(url) if url.is_encrypted()));
        match (encrypted, self.upstream_ca.is_empty()) {
            (true, _) => tls::authorities(context, &self.upstream_ca).map(Some),
            (false, true) => Ok(None),
            (false, false) => Err(Failure::usage("--upstream-ca is for servers at `https://`, and none is named")),
        }
    }

    fn listen(&self) -> Result<Listen, Failure> {
        let wrong = |_| Failure::usage("--listen is neither an address with a port nor `unix:PATH`");
        self.listen.parse().map_err(wrong)
    }

    /// The servers that are named, each as the catalogue has it.
    fn servers(&self, context: &Context, catalogue: &Catalogue) -> Result<Vec<Named>, Failure> {
        if self.upstream.len() > 1 && self.gate.names_audience() {
            return Err(Failure::usage("--aud is the audience of one server, and several are named")
                .hint("the catalogue states the audience of each"));
        }
        let mut servers = Vec::new();
        for text in &self.upstream {
            let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            let (name, at) = match text.split_once('=') {
                Some((name, at)) if is_name(name) => (Some(name), at),
                _ => (None, text.as_str()),
            };
            let at = At::read(at)?;
            let name = catalogue::server_name(catalogue, name)?;
            let audience = self.gate.audience(context, catalogue, &name)?;
            servers.push(Named { name, at, audience, headers: Vec::new() });
        }
        for text in &self.upstream_header {
            self.header(context, text, &mut servers)?;
        }
        let known = |name: &String| servers.iter().any(|server| server.name == *name);
        match self.wane_aware.iter().find(|name| !known(name)) {
            Some(_) => Err(Failure::usage("--wane-aware names a server that no --upstream names")),
            None => Ok(servers),
        }
    }

    /// Gives a header to the server that it names, or to the only one.
    fn header(&self, context: &Context, text: &str, servers: &mut [Named]) -> Result<(), Failure> {
        let usage = |why: &str| Failure::usage(format!("--upstream-header: {why}"));
        let hint = "`[NAME/]HEADER=env:VAR` or `[NAME/]HEADER=file:PATH`";
        let (name, from) = text.split_once('=').ok_or_else(|| usage("no value is named").hint(hint))?;
        let (server, header) = match name.split_once('/') {
            Some((server, header)) => (Some(server), header),
            None => (None, name),
        };
        let source = held_by(from).ok_or_else(|| usage("its value stands in a file or a variable").hint(hint))?;
        let server = match (server, servers) {
            (Some(name), servers) => servers.iter_mut().find(|server| server.name == name),
            (None, [server]) => Some(server),
            (None, _) => None,
        };
        let server = server.ok_or_else(|| usage("it does not say for which of the servers it is").hint(hint))?;
        if matches!(server.at, At::Command(_)) {
            return Err(usage("a server that is started here has no headers"));
        }
        let value = context.inputs.read_secret(&source, HEADER, HEADER_TEXT)?;
        let read = UpstreamHeader::new(header, value.trim_end_matches(['\r', '\n']));
        let read = read.ok_or_else(|| usage("it is no header, or one that belongs to the connection or to MCP"))?;
        if matches!(&server.at, At::Url(url) if !url.is_encrypted() && url.is_by_name()) {
            context.output.warn(format_args!(
                "what --upstream-header says goes unencrypted to whoever listens at an address of the server's name: name its address, or `https://`"
            ));
        }
        server.headers.push(read);
        Ok(())
    }

    /// The variables that hold what no server is told.
    fn secrets(&self, token: Option<&Source>) -> Vec<String> {
        let values = self.upstream_header.iter().filter_map(|text| held_by(text.split_once('=')?.1));
        let names = values.filter_map(|source| match source {
            Source::Env(name) => Some(name),
            _ => None,
        });
        let own = self.gate.secrets(token).chain(self.tls.secret()).map(str::to_owned);
        own.chain(names).collect()
    }

    /// Writes what opens the gateway to the file that is named for it.
    fn write_bearer(&self, bound: &Bound, bearer: Option<&str>) -> Result<Option<BearerFile>, Failure> {
        let (Some(file), Some(bearer)) = (&self.bearer_file, bearer) else { return Ok(None) };
        let gateway = HttpGateway::new(&bound.to_string(), bearer);
        let gateway = gateway.ok_or_else(|| Failure::usage("--bearer-file: it does not listen on this machine"))?;
        BearerFile::create(file, &gateway).map(Some)
    }
}

/// Who is let in, and what opens the gateway: a secret of this start.
fn door(whose: &Whose, listen: &Listen) -> Result<(Door, Option<String>), Failure> {
    let (Whose::Own(..), Listen::Address(_)) = (whose, listen) else { return Ok((Door::Open, None)) };
    let bearer = Bearer::generate(&mut random::system()?);
    let text = bearer.expose_text().to_owned();
    Ok((Door::Bearer(bearer), Some(text)))
}

/// Reads the certificate again when it changes, and tells that.
fn watch(file: Option<Watched>, output: Output, notices: Notices) -> Result<Watching, Failure> {
    let told = move |file: &Watched, look: &Look| match look {
        Look::Same | Look::Begun => {}
        Look::InForce => notices.reread(output, file, None),
        Look::Unusable(refusal) => notices.reread(output, file, Some(refusal)),
    };
    let failed = |error: io::Error| Failure::new(Trouble::File, format!("the certificate cannot be watched: {error}"));
    Watching::start(file.into_iter().collect(), told).map_err(failed)
}

/// Where the value of a header stands: `env:VAR` or `file:PATH`.
fn held_by(text: &str) -> Option<Source> {
    match (text.strip_prefix("file:"), text.strip_prefix("env:")) {
        (Some(path), _) if !path.is_empty() => Some(Source::File(path.into())),
        (_, Some(name)) if !name.is_empty() => Some(Source::Env(name.into())),
        _ => None,
    }
}

/// Says where it listens, for whoever waits for it.
fn tell(context: &Context, bound: &Bound, bearer: Option<&str>, names: &[String]) {
    if bearer.is_some() {
        context.output.before_secret();
    }
    let path = |name: &str| format!("/{name}/mcp");
    let servers = names.iter().map(|name| Path { name, path: path(name) }).collect();
    let told = Told { bearer, listen: bound.to_string(), servers };
    let text = || {
        let servers: String = names.iter().map(|name| format!("{name}: {bound}{}\n", path(name))).collect();
        let bearer = bearer.map(|bearer| format!("bearer: {bearer}\n")).unwrap_or_default();
        format!("listening on {bound}\n{servers}{bearer}")
    };
    // Who has started it may not listen.
    let _: Result<(), Failure> = context.output.answer(&told, text);
}
