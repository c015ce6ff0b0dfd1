//! The ledger that a verb works on: named by a flag or a setting, and the files that belong to it.

use std::path::PathBuf;

use clap::Args;
use wane::{Code, LedgerId, PublicKey, Refusal, SecretKey};
use wane_audit::LogSecret;
use wane_ledger::{Ledger, LedgerUrl, Store};
use zeroize::Zeroizing;

use crate::arguments::Context;
use crate::failure::{self, Failure, Trouble};
use crate::home::{self, Home};
use crate::input::{self, KEY_TEXT, Source, source};
use crate::output::escape;
use crate::{key_file, random, time};

/// Which ledger.
#[derive(Args, Debug)]
pub(crate) struct LedgerFlag {
    /// The ledger: `sqlite:PATH` or `postgres://HOST/DATABASE` (default: WANE_LEDGER)
    #[arg(id = "ledger", long = "ledger", value_name = "URL")]
    url: Option<String>,
}

/// A ledger that is open, and what it was opened by.
pub(crate) struct Opened {
    pub(crate) ledger: Ledger,
    pub(crate) url: LedgerUrl,
    pub(crate) home: Home,
}

impl LedgerFlag {
    /// Whether one is named in this very call.
    pub(crate) const fn is_stated(&self) -> bool {
        self.url.is_some()
    }

    /// The ledger that is named, here or in the settings.
    pub(crate) fn url(&self, context: &Context) -> Result<Option<LedgerUrl>, Failure> {
        named(context, self.url.as_deref(), "--ledger")
    }

    /// The same, where there must be one.
    pub(crate) fn needed(&self, context: &Context) -> Result<LedgerUrl, Failure> {
        self.url(context)?.ok_or_else(none_named)
    }

    /// Opens it, unless it is older than what is known of it here.
    pub(crate) fn open(&self, context: &Context) -> Result<Opened, Failure> {
        compared(open(self.needed(context)?)?)
    }

    /// The same, or nothing where no ledger was made yet.
    pub(crate) fn open_if_made(&self, url: &LedgerUrl) -> Result<Option<Opened>, Failure> {
        // Somebody else may make it between the two.
        let was_missing = url.file().is_some_and(|file| !home::exists(file));
        match open(url.clone()) {
            Err(failure) if was_missing || failure.is(Code::StateSchema) => Ok(None),
            Err(failure) => Err(failure),
            Ok(opened) => compared(opened).map(Some),
        }
    }

    /// Opens it as it is: for those who look into what has happened to it.
    pub(crate) fn open_as_it_is(&self, context: &Context) -> Result<Opened, Failure> {
        open(self.needed(context)?)
    }
}

/// The ledger that an argument names, else the settings. A password among the arguments is refused.
pub(crate) fn named(context: &Context, argument: Option<&str>, what: &str) -> Result<Option<LedgerUrl>, Failure> {
    if let Some(text) = argument {
        let url: LedgerUrl = text.parse().map_err(|refusal| Failure::typed(refusal).within(what))?;
        if url.has_password() {
            return Err(Failure::new(Trouble::SecretArgument, format!("{what}: the url holds a password"))
                .hint("every user of this machine can read arguments: put the url into WANE_LEDGER or wane.toml"));
        }
        return Ok(Some(url));
    }
    let Some(setting) = &context.settings()?.ledger else { return Ok(None) };
    let url: LedgerUrl = setting.value.parse().map_err(|refusal| Failure::typed(refusal).within(&setting.origin))?;
    context.output.note(format_args!("the ledger {} comes from {}", escape(&url.to_string()), setting.origin));
    Ok(Some(url))
}

/// Nobody has said which ledger.
pub(crate) fn none_named() -> Failure {
    Failure::usage("no ledger is named").hint("`--ledger URL`, WANE_LEDGER or `ledger` in wane.toml names it")
}

fn compared(mut opened: Opened) -> Result<Opened, Failure> {
    match opened.ledger.compare(&opened.home.head()) {
        Err(refusal) if is_of_head(&refusal) => Err(no_head(refusal, &opened.home)),
        Err(refusal) => Err(refusal.into()),
        Ok(()) => Ok(opened),
    }
}

/// Whether the file with the newest head is meant, and not the ledger.
pub(crate) fn is_of_head(refusal: &Refusal) -> bool {
    refusal.code() == Code::StateCorrupt && refusal.field() == "head"
}

fn no_head(refusal: Refusal, home: &Home) -> Failure {
    let named = failure::name(&home.head());
    Failure::from(refusal)
        .says(format!("the newest head known here cannot be read: {named} is no head of this ledger"))
        .hint("put the file back from a copy; without one, nothing here knows whether the ledger is older than it was: `wane ledger accept-restore` goes on and ends every session")
}

fn open(url: LedgerUrl) -> Result<Opened, Failure> {
    if url.is_volatile() {
        return Err(volatile(&url, "nothing else could ever read it"));
    }
    let mut ledger = Ledger::open(store(&url)?, Box::new(random::system()?))?;
    let home = Home::of(&ledger.id())?;
    // Whatever is changed by hand is known outside when the verb ends.
    ledger.keep_head(home.head());
    Ok(Opened { ledger, url, home })
}

/// The store of a ledger that exists.
pub(crate) fn store(url: &LedgerUrl) -> Result<Box<dyn Store>, Failure> {
    url.open().map_err(|fault| fault.refusal().into())
}

/// Names the ledger where nothing is named yet; another one is refused.
pub(crate) fn state(ledger: &Ledger, stated: &mut Option<LedgerId>) -> Result<(), Failure> {
    match stated.replace(ledger.id()) {
        Some(other) if other != ledger.id() => {
            Err(Refusal::new(Code::StateOtherLedger, "ledger", ledger.id(), other).into())
        }
        _ => Ok(()),
    }
}

/// A ledger that begins here and ends with this process, and so has seen nothing.
pub(crate) fn fleeting(url: &LedgerUrl) -> Result<Ledger, Failure> {
    let store = url.create().map_err(|fault| fault.refusal())?;
    let secret = LogSecret::from_bytes([0; 32]);
    Ok(Ledger::create(store, secret.hint(), None, time::now()?, Box::new(random::system()?))?)
}

/// What forgets is no ledger for this.
pub(crate) fn volatile(url: &LedgerUrl, why: &str) -> Failure {
    Refusal::new(Code::StateVolatile, "ledger", url, why).into()
}

/// What is kept beside the ledger.
#[derive(Args, Debug)]
pub(crate) struct LogFlags {
    /// The secret of its log: FILE, `env:NAME` or `fd:N` (default: where `wane ledger init` put it)
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) log_secret: Option<Source>,

    /// The key that signs checkpoints: FILE, `env:NAME` or `fd:N` (default: where `wane ledger init` put it)
    #[arg(long, value_name = "FILE", value_parser = source())]
    pub(crate) audit_key: Option<Source>,
}

impl LogFlags {
    /// Claims standard input for them.
    pub(crate) fn claim(&self, context: &Context) -> Result<(), Failure> {
        context
            .inputs
            .claim_all([(self.log_secret.as_ref(), input::LOG_SECRET), (self.audit_key.as_ref(), input::AUDIT_KEY)])
    }

    /// The secret of the log, which must be there.
    pub(crate) fn secret(&self, context: &Context, opened: &Opened) -> Result<LogSecret, Failure> {
        let home = &opened.home;
        let source = match &self.log_secret {
            Some(source) => source.clone(),
            None if home::exists(&home.log_secret()) => Source::File(home.log_secret()),
            None => {
                let missing = format!("no secret is kept at {}", escape(&home.log_secret().display().to_string()));
                return Err(Failure::from(Refusal::new(Code::StateLogSecret, "log", missing, opened.ledger.log()))
                    .hint("copy it from where the ledger was made, or name it with `--log-secret`"));
            }
        };
        read_log_secret(context, &source)
    }

    /// The key that signs checkpoints, if there is one. It goes on with those that are there: a single one of another key, and
    /// nobody could verify the log again.
    pub(crate) fn key(&self, context: &Context, opened: &mut Opened) -> Result<Option<SecretKey>, Failure> {
        let kept = opened.home.audit_key();
        let source = match &self.audit_key {
            Some(source) => source.clone(),
            None if home::exists(&kept) => Source::File(kept),
            None => return Ok(None),
        };
        let key = key_file::read_secret(&context.inputs, &source, None)?;
        // Before anything is signed, the one that was made with the ledger may be here.
        let own = if opened.ledger.newest_checkpoint()?.is_none() { kept_key(context, opened)? } else { None };
        let checked = match own {
            Some(own) if own != key.public_key() => {
                let found = format_args!("the key {} was not made with its ledger", key.public_key().hint());
                Err(Refusal::new(Code::StateCheckpointKey, "checkpoint", found, opened.ledger.origin()))
            }
            _ => opened.ledger.check_signer(&key.public_key()),
        };
        checked.map_err(|refusal| {
            Failure::from(refusal)
                .within(source.name())
                .hint("name the key that signs the checkpoints of this log: a log has one for ever")
        })?;
        Ok(Some(key))
    }
}

/// The public half of the key that was made with the ledger, where it lies here.
fn kept_key(context: &Context, opened: &Opened) -> Result<Option<PublicKey>, Failure> {
    let file = opened.home.audit_key();
    if !home::exists(&file) {
        return Ok(None);
    }
    key_file::read_secret(&context.inputs, &Source::File(file), None).map(|key| Some(key.public_key()))
}

/// Reads the secret of a log; a file that others can read is refused.
pub(crate) fn read_log_secret(context: &Context, source: &Source) -> Result<LogSecret, Failure> {
    let text = match context.inputs.read_secret(source, input::LOG_SECRET, KEY_TEXT) {
        // What is no text, or too long a one, is no secret; that it is no token either helps nobody.
        Err(failure) if failure.is(Code::ParseText) || failure.is(Code::ParseTooLarge) => Zeroizing::default(),
        text => text?,
    };
    LogSecret::parse(&text).map_err(|refusal| {
        Failure::from(refusal)
            .within(source.name())
            .hint("the file that `wane ledger init` made holds 64 hexadecimal digits and a line end")
    })
}

/// A file that was named to be made: a secret cannot be made in a variable.
pub(crate) fn to_be_made(source: &Source) -> Option<PathBuf> {
    match source {
        Source::File(path) if !home::exists(path) => Some(path.clone()),
        _ => None,
    }
}
