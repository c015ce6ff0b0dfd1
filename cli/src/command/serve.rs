//! `wane serve`: the HTTP service that other programs, and Envoy, ask.

use std::io;
use std::sync::{Arc, Weak};

use clap::Args;
use serde_json::json;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use wane::{Code, Refusal};
use wane_gateway::service::{Listen, ListenError, Reach, Service, ServiceOptions, Watched};
use wane_ledger::Guard;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::input::{self, Inputs, Source, source};
use crate::ledger::{LedgerFlag, LogFlags};
use crate::log_lines::LogLines;
use crate::tls::TlsFlags;
use crate::trust::{self, Trust};
use crate::watching::{look, watchable};
use crate::{catalogue, guarding, time, typed};

/// Answer over HTTP whether calls are allowed: to tool servers, and to Envoy
///
/// `POST /v1/admit` judges a call by the sealed token that came with it, as the catalogue says, and commits what follows to the ledger;
/// only after 200 may the call be done. `POST /v1/check` commits nothing. Envoy's ext_authz asks below `/envoy/SERVER/`. There are also
/// `/openapi.json`, `/healthz`, `/readyz` and `/metrics`.
#[derive(Args, Debug)]
#[command(after_help = "\
The address is the first line on standard output; logs go to standard error, with --json as one object a line. Files of roots, of the
catalogue and of a certificate are read again when they change; one that is broken leaves in force what was, and `/readyz` says so.

Exit codes: 0 a signal stopped it, 1 it cannot listen, 2 usage, 3 the ledger cannot be used.

Examples:
  wane serve --listen 127.0.0.1:0 --catalogue catalogue.toml --root root.pub --ledger sqlite:wane.db
  wane serve --listen unix:wane.sock --catalogue catalogue.toml --root roots.toml --ledger sqlite:wane.db --json
  wane serve --listen 0.0.0.0:0 --tls-cert wane.crt --tls-key wane.key --catalogue catalogue.toml --root root.pub --ledger sqlite:wane.db
  wane serve --listen 0.0.0.0:0 --catalogue catalogue.toml --root root.pub --ledger sqlite:wane.db   # exit 2
")]
pub(crate) struct Serve {
    /// Where to listen: `127.0.0.1:PORT`, `[::1]:PORT` (port 0: any that is free) or `unix:PATH`
    #[arg(long, value_name = "ADDRESS")]
    listen: String,

    #[command(flatten)]
    tls: TlsFlags,

    /// Listen where other machines can reach it, although tokens then cross the network in clear
    #[arg(long)]
    without_tls: bool,

    /// The catalogue, TOML; YAML where its name ends in .yaml or .yml (default: WANE_CATALOGUE)
    #[arg(long, value_name = "FILE", value_parser = source())]
    catalogue: Option<Source>,

    /// The trusted root: a `wane1.key`, a file that holds a public key, or a roots.toml (default: WANE_ROOTS)
    #[arg(long, visible_alias = "roots", value_name = "ROOT")]
    root: Option<String>,

    #[command(flatten)]
    log: LogFlags,

    #[command(flatten)]
    ledger: LedgerFlag,
}

impl Serve {
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        context.pass_over_project()?;
        self.log.claim(context)?;
        self.tls.claim(context)?;
        typed::claim(&context.inputs, "--root", self.root.as_deref(), input::ROOTS)?;
        context.inputs.claim_all([(self.catalogue.as_ref(), input::CATALOGUE)])?;
        let listen: Listen = typed::value("--listen", &self.listen)?;
        let without = if self.without_tls { Reach::WithoutTls } else { Reach::ThisMachine };
        let (reach, certificate) = self.tls.reach(context, without)?;
        let trust = trust::named(context, self.root.as_deref())?;
        let roots = trust.read(&context.inputs)?;
        let lies = catalogue::source(context, self.catalogue.as_ref())?;
        let catalogue = catalogue::read(context, &lies)?;
        let mut opened = self.ledger.open(context)?;
        let published = crate::command::publisher(context, None)?;
        let guard = Arc::new(guarding::guard(context, &self.log, &mut opened, roots, None, published)?);
        drop(opened);
        let service = Service::new(ServiceOptions {
            catalogue,
            guard: Arc::downgrade(&guard),
            // Where the clock cannot be read everything has expired.
            clock: Box::new(|| time::now().unwrap_or(u64::MAX)),
        })
        .map_err(|refusal| Failure::from(refusal).within(lies.name()))?;
        let watched =
            [watched_roots(trust, Arc::downgrade(&guard)), watched_catalogue(lies, service.clone()), certificate];
        let failed = |error: io::Error| Failure::new(Trouble::File, format!("signals cannot be heard: {error}"));
        let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(failed)?;
        let listener = listen.bind(reach).map_err(unheard)?;
        let log = LogLines::start(context.output)?;
        let address = listener.address().to_string();
        context.output.answer(&json!({ "listen": address }), || address.clone())?;
        let until = move || signals.forever().take(1).for_each(drop);
        let served = service.serve(listener, watched.into_iter().flatten().collect(), until);
        drop(service);
        guarding::close(guard, |why| tracing::error!(why, "not closed"));
        log.finish();
        served.map_err(|error| Failure::new(Trouble::File, format!("cannot serve: {error}")))?;
        Ok(Exit::Done)
    }
}

fn unheard(error: ListenError) -> Failure {
    let message = error.to_string();
    match error {
        ListenError::BeyondLoopback(_) => Failure::usage(message)
            .hint("--tls-cert and --tls-key encrypt it, and 127.0.0.1, [::1] and unix:PATH are of this machine alone; with --without-tls tokens can be read on their way"),
        ListenError::Answered(_) | ListenError::NoSocket(_) | ListenError::Io(..) => {
            Failure::new(Trouble::File, message)
        }
    }
}

/// The roots, where they lie in a file.
fn watched_roots(trust: Trust, guard: Weak<Guard>) -> Option<Watched> {
    let Trust::Lies(Source::File(path), _) = &trust else { return None };
    let (path, name) = watchable(path)?;
    let apply = move |seen: &[u8]| {
        // Where nobody reads what is printed here, no file would be looked at any more.
        let roots = trust.read_again(&Inputs::untold(), seen)?;
        // Where there is no guard any more, the service ends.
        if let Some(guard) = guard.upgrade() {
            guard.replace_roots(roots);
        }
        Ok(())
    };
    Some(Watched::new("roots", Code::ParseRoots, &name, Box::new(move || look(&path)), Box::new(apply)))
}

/// The catalogue, where it lies in a file.
fn watched_catalogue(source: Source, service: Service) -> Option<Watched> {
    let Source::File(path) = &source else { return None };
    let (path, name) = watchable(path)?;
    let apply = move |seen: &[u8]| {
        let no_text = |_| Refusal::new(Code::ParseCatalogue, "catalogue", "it is no utf-8", "");
        let catalogue = catalogue::parse(&source, std::str::from_utf8(seen).map_err(no_text)?)?;
        Ok(service.replace_catalogue(catalogue)?)
    };
    Some(Watched::new("catalogue", Code::ParseCatalogue, &name, Box::new(move || look(&path)), Box::new(apply)))
}
