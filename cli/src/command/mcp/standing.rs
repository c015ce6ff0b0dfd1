//! What a gateway over pipes and one over HTTP have in common: what they are told, what they tell, and how they end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use getrandom::SysRng;
use rand_core::UnwrapErr;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use wane::{Audience, PublicKey, Roots, Seal, SecretKey, Token, verify};
use wane_gateway::service::Watched;
use wane_gateway::{Credential, Gate, GateOptions, Notice, Outlet, Stopper, Stops};
use wane_ledger::Guard;
use wane_policy::Catalogue;

use crate::arguments::Context;
use crate::failure::{Failure, Trouble};
use crate::input::{self, Source, source};
use crate::ledger::{LedgerFlag, LogFlags};
use crate::output::Output;
use crate::{catalogue, guarding, holder, key_file, time, trust, typed};

/// What every gateway is told.
#[derive(Args, Debug)]
pub(super) struct GateFlags {
    /// The catalogue, TOML; YAML where its name ends in .yaml or .yml (default: WANE_CATALOGUE)
    #[arg(long, value_name = "FILE", value_parser = source())]
    catalogue: Option<Source>,

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
}

/// By whose tokens a gateway judges.
pub(super) enum Whose {
    /// Its own.
    Own(Box<Holding>),
    /// Those that requests bring.
    Clients,
}

/// A token, and the key that it names where it carries no secret.
pub(super) struct Holding {
    token: Token,
    key: Option<SecretKey>,
}

impl GateFlags {
    /// Says which inputs are read.
    pub(super) fn claim(&self, context: &Context) -> Result<(), Failure> {
        self.log.claim(context)?;
        typed::claim(&context.inputs, "--root", self.root.as_deref(), input::ROOTS)?;
        context.inputs.claim_all([
            (self.catalogue.as_ref(), input::CATALOGUE),
            (self.token.as_ref(), input::TOKEN),
            (self.key.as_ref(), input::KEY),
            (self.passphrase_file.as_ref(), input::PASSPHRASE),
        ])
    }

    pub(super) fn roots(&self, context: &Context) -> Result<Roots, Failure> {
        trust::roots(context, self.root.as_deref())
    }

    pub(super) fn catalogue(&self, context: &Context) -> Result<Catalogue, Failure> {
        catalogue::named(context, self.catalogue.as_ref())
    }

    /// The audience of a server of the catalogue.
    pub(super) fn audience(&self, context: &Context, catalogue: &Catalogue, name: &str) -> Result<Audience, Failure> {
        let stated = catalogue.listed().find(|listed| listed.name == name).and_then(|listed| listed.audience);
        let setting = context.settings()?.aud.as_ref().filter(|_| stated.is_none());
        let audience = match (&self.aud, setting) {
            (Some(text), _) => Some(typed::value("--aud", text)?),
            (None, Some(setting)) => Some(typed::value("aud", &setting.value)?),
            (None, None) => None,
        };
        Ok(catalogue.server(name, audience)?.audience().clone())
    }

    /// Whether an audience is named in this very call: it is that of one server.
    pub(super) const fn names_audience(&self) -> bool {
        self.aud.is_some()
    }

    /// Where the gateway's own token lies, if it has one.
    pub(super) fn token_source(&self, context: &Context) -> Result<Option<Source>, Failure> {
        if self.client_tokens {
            return Ok(None);
        }
        if self.token.is_none() && context.settings()?.token_file.is_none() {
            let hint = "`--token FILE`, WANE_TOKEN_FILE or `token-file` in wane.toml names it; with --client-tokens requests bring theirs";
            return Err(Failure::usage("no token is named").hint(hint));
        }
        holder::source(context, self.token.as_ref()).map(Some)
    }

    /// The token that the gateway holds, where it has one.
    pub(super) fn whose(&self, context: &Context, source: Option<&Source>) -> Result<Whose, Failure> {
        let Some(source) = source else { return Ok(Whose::Clients) };
        let token = holder::read_token(context, Some(source))?;
        let key = self.key.as_ref();
        let key =
            key.map(|key| key_file::read_secret(&context.inputs, key, self.passphrase_file.as_ref())).transpose()?;
        Ok(Whose::Own(Box::new(Holding { token, key })))
    }

    /// The variables of the environment that hold what is secret.
    pub(super) fn secrets<'a>(&'a self, token: Option<&'a Source>) -> impl Iterator<Item = &'a str> {
        let named = [token, self.key.as_ref(), self.passphrase_file.as_ref()];
        let log = [self.log.log_secret.as_ref(), self.log.audit_key.as_ref()];
        named.into_iter().chain(log).flatten().filter_map(Source::variable)
    }

    /// The guard over the ledger that is named, and the key that it knows as `@local`.
    pub(super) fn guard(
        &self,
        context: &Context,
        roots: Roots,
        local_approver: Option<PublicKey>,
    ) -> Result<Arc<Guard>, Failure> {
        let mut opened = self.ledger.open(context)?;
        let published = crate::command::publisher(context, None)?;
        guarding::guard(context, &self.log, &mut opened, roots, local_approver, published).map(Arc::new)
    }
}

impl Whose {
    /// Refuses a token that is good for nothing before one of these servers.
    pub(super) fn check<'a>(
        &self,
        roots: &Roots,
        audiences: impl IntoIterator<Item = &'a Audience>,
    ) -> Result<(), Failure> {
        let Self::Own(held) = self else { return Ok(()) };
        for audience in audiences {
            let seal = Seal::new().audience(audience.clone());
            let sealed = match &held.key {
                Some(key) => held.token.seal_as(key, &seal),
                None => held.token.seal(&seal),
            };
            verify(&sealed.map_err(Failure::making)?, roots)?;
        }
        Ok(())
    }

    pub(super) fn credential(self) -> Credential {
        match self {
            Self::Own(held) => Credential::own(held.token, held.key),
            Self::Clients => Credential::shown(),
        }
    }

    /// One whose own seals are for one request each.
    pub(super) fn credential_for_each(self) -> Credential {
        match self {
            Self::Own(held) => Credential::own_for_each(held.token, held.key),
            Self::Clients => Credential::shown(),
        }
    }
}

/// What a gate is made of, beside its ways.
pub(super) struct Gating<'a> {
    pub(super) catalogue: Catalogue,
    pub(super) server: String,
    pub(super) audience: Audience,
    pub(super) credential: Credential,
    pub(super) guard: &'a Arc<Guard>,
    pub(super) notices: Notices,
    pub(super) output: Output,
    pub(super) rng: UnwrapErr<SysRng>,
}

impl Gating<'_> {
    /// A gate on these ways.
    pub(super) fn gate(self, to_client: Outlet, to_server: Outlet) -> Result<Gate, wane::Refusal> {
        let (notices, output) = (self.notices, self.output);
        Gate::new(GateOptions {
            catalogue: self.catalogue,
            server: self.server,
            audience: Some(self.audience),
            credential: self.credential,
            guard: Arc::downgrade(self.guard),
            // Where the clock cannot be read everything has expired.
            clock: Box::new(|| time::now().unwrap_or(u64::MAX)),
            rng: Box::new(self.rng),
            to_client,
            to_server,
            report: Box::new(move |notice| notices.tell(output, notice)),
        })
    }
}

/// What is heard of signals that ask for the end.
pub(super) fn stops() -> Result<Stops, Failure> {
    let (stopper, stops) = Stopper::new();
    let failed = |error: io::Error| Failure::new(Trouble::File, format!("signals cannot be heard: {error}"));
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(failed)?;
    // It ends with the process.
    thread::Builder::new()
        .name("wane-signals".into())
        .spawn(move || signals.forever().for_each(|_| stopper.stop()))
        .map_err(failed)?;
    Ok(stops)
}

/// Other processes of the same user can read neither this one's memory nor the environment that it was given.
#[cfg(target_os = "linux")]
pub(super) fn forbid_looking_in() -> Result<(), Failure> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| Failure::new(Trouble::File, format!("this process cannot be closed to others: {error}")))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn forbid_looking_in() -> Result<(), Failure> {
    Ok(())
}

/// What is told where the gateway runs. Nobody waits for whoever reads it: what finds too much before it is only counted.
#[derive(Clone)]
pub(super) struct Notices {
    lines: SyncSender<Told>,
    waiting: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
}

pub(super) enum Told {
    Failure(Failure),
    Warning(String),
    Text(String),
    Json(serde_json::Value),
}

/// Notices that may wait to be read.
const WAITING: usize = 1_024;

impl Notices {
    pub(super) fn start(output: Output) -> Self {
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

    /// Tells that a file was read again, or why what it holds is not in force.
    pub(super) fn reread(&self, output: Output, file: &Watched, refusal: Option<&wane::Refusal>) {
        let (what, name) = (file.what(), file.name());
        let event = if refusal.is_some() { "unusable" } else { "reread" };
        let code = refusal.map(|refusal| refusal.code().as_str());
        self.say(match (output.is_json(), refusal) {
            (true, _) => Told::Json(serde_json::json!({ "event": event, "what": what, "file": name, "code": code })),
            (false, None) => Told::Text(format!("{name} was read again")),
            (false, Some(refusal)) => Told::Warning(format!("{name}: {refusal}; what was in force stays")),
        });
    }

    pub(super) fn say(&self, told: Told) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if self.lines.try_send(told).is_err() {
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lets what was told last be read, but does not wait for long.
    pub(super) fn finish(&self) {
        let until = Instant::now() + Duration::from_secs(1);
        while self.waiting.load(Ordering::SeqCst) > 0 && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Closes the guard once no request holds it any more.
pub(super) fn close(notices: &Notices, guard: Arc<Guard>) {
    guarding::close(guard, |why| notices.say(Told::Warning(why)));
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
