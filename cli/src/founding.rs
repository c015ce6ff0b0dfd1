//! Making a ledger, with the files that belong to it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use wane::{Code, LedgerId, PublicKey, SecretKey};
use wane_audit::LogSecret;
use wane_ledger::{Ledger, LedgerUrl};
use zeroize::Zeroizing;

use crate::arguments::Context;
use crate::failure::{self, Failure};
use crate::home::Home;
use crate::input::Source;
use crate::ledger::{self, LogFlags};
use crate::{key_file, random, time, write};

/// A ledger that was made.
pub(crate) struct Founded {
    pub(crate) ledger: Ledger,
    /// Where the secret of its log lies, unless it came from elsewhere.
    pub(crate) log_secret: Option<PathBuf>,
    /// Where the key of its checkpoints lies, unless it came from elsewhere.
    pub(crate) audit_key: Option<PathBuf>,
    pub(crate) audit_public: PublicKey,
}

/// Makes a ledger. Its files are there before it is, so that no ledger is ever without them; where it was not made, they
/// are taken away again.
pub(crate) fn found(context: &Context, url: &LedgerUrl, flags: &LogFlags) -> Result<Founded, Failure> {
    if url.is_volatile() {
        return Err(ledger::volatile(url, "nothing would ever read it again"));
    }
    // Whoever else makes a ledger with files of these names waits until it is clear whether they stay.
    let _held = hold(flags)?;
    let mut made = Made::default();
    let founded = lay_out(context, url, flags, &mut made);
    match &founded {
        // It may be there, and these may be all that can read its log.
        Err(failure) if failure.is(Code::StateOutcomeUnknown) => {}
        Err(_) => made.undo(),
        Ok(_) => {}
    }
    founded
}

/// Holds the folders in which files are named, each of them once and in one order for everybody.
fn hold(flags: &LogFlags) -> Result<Vec<File>, Failure> {
    let named = [&flags.log_secret, &flags.audit_key].into_iter().flatten().filter_map(|source| match source {
        Source::File(path) => Some(path),
        _ => None,
    });
    let folders: BTreeSet<PathBuf> = named.map(|path| write::folder(path)).collect::<Result<_, _>>()?;
    folders.iter().map(|folder| write::lock(folder)).collect()
}

fn lay_out(context: &Context, url: &LedgerUrl, flags: &LogFlags, made: &mut Made) -> Result<Founded, Failure> {
    let mut id = [0; 16];
    random::fill(&mut id)?;
    let id = LedgerId::from_bytes(id);
    let home = Home::of(&id)?;
    home.make()?;
    made.home = Some(home);
    let home = Home::of(&id)?;
    let (secret, log_secret) = match &flags.log_secret {
        Some(source) => match ledger::to_be_made(source) {
            Some(path) => (new_log_secret(&path, made)?, Some(path)),
            None => (ledger::read_log_secret(context, source)?, None),
        },
        None => (new_log_secret(&home.log_secret(), made)?, Some(home.log_secret())),
    };
    let (key, audit_key) = match &flags.audit_key {
        Some(source) => match ledger::to_be_made(source) {
            Some(path) => (new_audit_key(&path, made)?, Some(path)),
            None => (key_file::read_secret(&context.inputs, source, None)?, None),
        },
        None => (new_audit_key(&home.audit_key(), made)?, Some(home.audit_key())),
    };
    let store = url.create().map_err(|fault| fault.refusal())?;
    let mut ledger = Ledger::create_as(store, id, secret.hint(), None, time::now()?, Box::new(random::system()?))?;
    ledger.keep_head(home.head());
    // Empty where both files lie elsewhere, and of use all the same: the newest head is kept there.
    Ok(Founded { ledger, log_secret, audit_key, audit_public: key.public_key() })
}

fn new_log_secret(path: &Path, made: &mut Made) -> Result<LogSecret, Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    random::fill(&mut *bytes)?;
    let secret = LogSecret::from_bytes(*bytes);
    let mut text = secret.expose_text();
    text.push('\n');
    write::create_private(path, text.as_bytes())?;
    made.files.push(path.to_owned());
    Ok(secret)
}

fn new_audit_key(path: &Path, made: &mut Made) -> Result<SecretKey, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    random::fill(&mut *seed)?;
    let key = SecretKey::from_seed(*seed);
    write::create_private(path, key_file::secret_to_pem(&key)?.as_bytes())?;
    made.files.push(path.to_owned());
    Ok(key)
}

/// What was made on the way, and goes again where the rest fails.
#[derive(Default)]
struct Made {
    files: Vec<PathBuf>,
    home: Option<Home>,
}

impl Made {
    fn undo(&self) {
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
        self.home.iter().for_each(Home::unmake);
    }
}

/// What is said of a new ledger.
pub(crate) fn announce(context: &Context, founded: &Founded, url: &LedgerUrl) {
    let output = context.output;
    output.note(format_args!("ledger {} was made at {url}", founded.ledger.id()));
    let place = |path: &Option<PathBuf>, flag: &str| match path {
        Some(path) => failure::name(path),
        None => format!("what `{flag}` names"),
    };
    output.note(format_args!("the secret of its log is {}: keep a copy", place(&founded.log_secret, "--log-secret")));
    output.note(format_args!(
        "checkpoints are signed with {}, public key {}",
        place(&founded.audit_key, "--audit-key"),
        founded.audit_public
    ));
}
