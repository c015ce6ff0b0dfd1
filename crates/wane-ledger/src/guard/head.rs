//! The newest head known outside the ledger: a copy of yesterday does not extend it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wane::{Code, LedgerId, Refusal};
use wane_audit::Hash;

use super::sequence::{self, Tip};
use crate::law::{self, Overlay};
use crate::store::{Fault, Table};

/// What is known outside, in memory and in a small file.
#[derive(Debug)]
pub(crate) struct Head {
    path: Option<PathBuf>,
    known: Mutex<Option<Known>>,
    /// Why the newest head could not be written outside: nothing is admitted until it can.
    unwritten: Mutex<Option<Fault>>,
    /// What was compared last, and fitted.
    fits: Mutex<Option<Arc<Fits>>>,
}

/// Two rows of a ledger, as they lie there, that extend what was seen of it. The same rows extend it still.
#[derive(Debug)]
struct Fits {
    known: Known,
    ledger: Option<Vec<u8>>,
    sequencer: Option<Vec<u8>>,
}

impl Fits {
    /// Where the log is as long as what was seen of it, no other row was looked at.
    fn at(known: &Known, tip: &Tip, overlay: &mut Overlay<'_>) -> Result<Option<Self>, Fault> {
        if (tip.epoch, tip.size) != known.epoch_and_size() {
            return Ok(None);
        }
        let mut row = |key| overlay.bytes(&key).map(|row| row.map(<[u8]>::to_vec));
        let (ledger, sequencer) = (row(law::meta_key())?, row(sequence::key())?);
        Ok(Some(Self { known: known.clone(), ledger, sequencer }))
    }

    fn are_of(&self, known: &Known, overlay: &mut Overlay<'_>) -> Result<bool, Fault> {
        Ok(self.known == *known
            && overlay.bytes(&law::meta_key())? == self.ledger.as_deref()
            && overlay.bytes(&sequence::key())? == self.sequencer.as_deref())
    }
}

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    ledger: String,
    epoch: u64,
    size: u64,
    root: Hash,
}

impl Known {
    /// In which epoch, and how many records it has.
    pub(crate) const fn epoch_and_size(&self) -> (u64, u64) {
        (self.epoch, self.size)
    }

    pub(crate) fn check_ledger(&self, id: LedgerId) -> Result<(), Fault> {
        if self.ledger == id.to_string() {
            return Ok(());
        }
        let found = format_args!("the head known outside is of the ledger {}", self.ledger);
        Err(Refusal::new(Code::StateCorrupt, HEAD, found, "").into())
    }

    /// Of two accounts of one ledger the later one.
    fn is_newer_than(&self, other: &Self) -> bool {
        (self.epoch, self.size) > (other.epoch, other.size)
    }
}

/// The field of a refusal that is about the file and not about the ledger.
const HEAD: &str = "head";

/// Bytes of the file that are read.
const FILE_BYTES: u64 = 4_096;

impl Head {
    pub(crate) const fn at(path: Option<PathBuf>) -> Self {
        Self { path, known: Mutex::new(None), unwritten: Mutex::new(None), fits: Mutex::new(None) }
    }

    /// What the file says. To be asked before the transaction that is compared with it begins: others go on writing both,
    /// and a ledger is not older for having been looked at earlier.
    pub(crate) fn outside(&self) -> Result<Option<Known>, Fault> {
        let Some(path) = &self.path else { return Ok(None) };
        let mut text = Vec::new();
        match File::open(path).and_then(|file| file.take(FILE_BYTES).read_to_end(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Fault::Unreachable(format!("the head known outside: {}", error.kind()))),
        }
        let known = serde_json::from_slice(&text);
        known.map(Some).map_err(|_| of_file(path, "is no head").into())
    }

    /// What this process has seen, to be asked before a transaction likewise.
    ///
    /// # Errors
    /// The fault that kept the newest of it from being written outside: nothing is admitted until it is.
    pub(crate) fn seen(&self) -> Result<Option<Known>, Fault> {
        match &*self.unwritten.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(fault) => Err(fault.clone()),
            None => Ok(self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        }
    }

    /// Refuses a ledger that does not extend what this process has seen of it: its file was replaced, or the connection leads
    /// somewhere else, to a standby that lacks the tail and has grown another one perhaps.
    pub(crate) fn check_seen(&self, known: Option<&Known>, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
        let Some(known) = known else { return Ok(()) };
        // Not locked while rows are read: other committers read theirs.
        let fits = self.fits.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(fits) = fits
            && fits.are_of(known, overlay)?
        {
            return Ok(());
        }
        let id = law::load_meta(overlay)?.id.to_string();
        // spec: S83
        if id != known.ledger {
            return Err(Refusal::new(Code::StateOtherLedger, "ledger", id, &known.ledger).into());
        }
        // spec: S42
        let tip = refuse_unless_extended(known, overlay)?;
        if let Some(fits) = Fits::at(known, &tip, overlay)? {
            *self.fits.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(fits));
        }
        Ok(())
    }

    /// Notes a head that is committed.
    pub(crate) fn remember(&self, ledger: LedgerId, tip: &Tip) -> Result<(), Fault> {
        let seen = Known { ledger: ledger.to_string(), epoch: tip.epoch, size: tip.size, root: tip.root };
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.as_ref().is_none_or(|known| seen.is_newer_than(known)) {
                *known = Some(seen.clone());
            }
        }
        self.write(&seen)
    }

    /// Whether the newest head could not be written: it is tried again soon.
    pub(crate) fn is_unwritten(&self) -> bool {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Writes what could not be written before.
    pub(crate) fn try_again(&self) {
        let failed = self.is_unwritten();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (true, Some(known)) = (failed, known) {
            // Whether it went well, `check` tells.
            let _: Result<(), Fault> = self.write(&known);
        }
    }

    /// Puts this head where a file stands that says nothing: an operator has accepted the ledger as it is.
    pub(crate) fn replace_unreadable(&self, ledger: LedgerId, tip: &Tip) -> Result<(), Fault> {
        let Some(path) = &self.path else { return Ok(()) };
        let seen = Known { ledger: ledger.to_string(), epoch: tip.epoch, size: tip.size, root: tip.root };
        let _held = hold(path).map_err(|error| unwritable(path, &error))?;
        match self.outside() {
            Ok(Some(known)) if known.ledger == seen.ledger => Ok(()),
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(_) => write_file(path, &seen).map_err(|error| unwritable(path, &error)),
        }
    }

    fn write(&self, seen: &Known) -> Result<(), Fault> {
        let Some(path) = &self.path else { return Ok(()) };
        // Other processes of this host write it too; only one of them compares and writes at a time.
        let held = hold(path).map_err(|error| unwritable(path, &error));
        let written = held.as_ref().map_err(Clone::clone).and_then(|_| self.outside()).and_then(|known| match known {
            // spec: S51
            Some(known) if known.ledger == seen.ledger && !seen.is_newer_than(&known) => Ok(()),
            _ => write_file(path, seen).map_err(|error| unwritable(path, &error)),
        });
        *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner) = written.as_ref().err().cloned();
        written
    }
}

/// Refuses a ledger whose log does not extend the head known outside.
pub(crate) fn check_outside(known: Option<&Known>, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    let Some(known) = known else { return Ok(()) };
    known.check_ledger(law::load_meta(overlay)?.id)?;
    // spec: S41
    refuse_unless_extended(known, overlay).map(drop)
}

fn refuse_unless_extended(known: &Known, overlay: &mut Overlay<'_>) -> Result<Tip, Fault> {
    let tip = sequence::tip(overlay)?;
    if tip.epoch < known.epoch {
        return Err(Fault::RolledBack(format!("epoch {}", tip.epoch), format!("epoch {}", known.epoch)));
    }
    if tip.epoch == known.epoch && tip.size < known.size {
        return Err(Fault::RolledBack(format!("{} records", tip.size), format!("{} records", known.size)));
    }
    // An operator who accepted a restore has started another epoch, whose log need not extend the old one. Every log extends
    // the empty one.
    let same_epoch = tip.epoch == known.epoch && known.size > 0;
    if same_epoch && sequence::head_at(known.size, &tip, overlay)? != Some(known.root) {
        return Err(Fault::RolledBack(
            format!("another log of {} records", tip.size),
            format!("{} records with the root {}", known.size, known.root),
        ));
    }
    Ok(tip)
}

/// How long another guard is waited for that writes the file, and between two tries.
const WAIT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

/// Holds a lock beside it until that is let go, against whoever else holds it so; makes it, and its folder, where they are not
/// there. A guard that hangs while it holds it does not hang the others.
fn hold(path: &Path) -> io::Result<File> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    // Whoever may not write it may not open it either, and cannot hold it.
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(beside)?;
    let from = Instant::now();
    loop {
        match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(lock),
            Err(rustix::io::Errno::WOULDBLOCK) if from.elapsed() < WAIT => std::thread::sleep(PAUSE),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Written beside, made durable, and moved: nobody ever reads half of it.
fn write_file(path: &Path, known: &Known) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let written = file.write_all(&serde_json::to_vec(known)?).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // Each try of another process would leave one more.
        let _: io::Result<()> = fs::remove_file(&beside);
    })?;
    // The new name is durable with its folder.
    File::open(folder_of(path))?.sync_all()
}

/// A name alone stands in the current folder.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn unwritable(path: &Path, error: &io::Error) -> Fault {
    Fault::Unreachable(format!("{} cannot be written: {}", named(path), error.kind()))
}

/// What is wrong with the file, and not with the ledger.
fn of_file(path: &Path, what: &str) -> Refusal {
    Refusal::new(Code::StateCorrupt, HEAD, format_args!("{} {what}", named(path)), "")
}

fn named(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("the head known outside, `{name}`,")
}

/// A row of the table of heads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadRow {
    pub(crate) root: Hash,
    pub(crate) at: u64,
    pub(crate) fence: u64,
}

/// Where a head of this size stands.
pub(crate) fn head_key(size: u64) -> crate::store::Key {
    (Table::Head, size.to_be_bytes().to_vec())
}
