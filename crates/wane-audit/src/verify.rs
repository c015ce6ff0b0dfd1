//! Verifying a log: what is proved, and by which checkpoint.

use std::fmt;

use wane::{Code, PublicKey, Refusal};

use crate::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use crate::entry::{Entry, leaf_hash, missing};
use crate::frontier::Frontier;
use crate::hash::Hash;

/// How many records are verified between two calls about progress.
const STRIDE: u64 = 4_096;

/// A verification under way: it is given each record in order, hashes it, and compares with each checkpoint as it passes
/// its size. It reads no record: that the bytes are those that were signed says nothing about what they mean.
///
/// ```
/// use wane::{Code, SecretKey};
/// use wane_audit::{Checkpoint, Frontier, Hash, Origin, Verifier};
/// let (key, origin) = (SecretKey::from_seed([7; 32]), Origin::new("example.com/log")?);
/// let lines = [b"one", b"two", b"six"];
/// let mut log = Frontier::new();
/// log.append(Hash::of_leaf(lines[0]))?;
/// log.append(Hash::of_leaf(lines[1]))?;
/// let signed = Checkpoint { origin: origin.clone(), size: 2, root: log.root() }.sign(&key)?;
///
/// let start = || Verifier::new(&key.public_key(), &origin, [signed.clone()], []);
/// let mut verifier = start()?;
/// for (number, line) in (0..).zip(lines) {
///     verifier.push(number, Some(line.as_slice()), None)?;
/// }
/// assert_eq!(verifier.size(), 3);
/// let report = verifier.finish()?;
/// assert_eq!((report.proved_up_to(), report.unproven()), (2, 1));
/// assert_eq!(report.to_string(), "proved up to 2 by the checkpoint of 2 records, 1 unproven behind it");
///
/// let mut verifier = start()?;
/// verifier.push(0, Some(b"one"), None)?;
/// let broken = verifier.push(1, Some(b"too"), None).unwrap_err();
/// assert_eq!(broken.code(), Code::StateLogBroken);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
pub struct Verifier {
    /// In the order of their sizes.
    heads: Vec<Head>,
    /// Those before this one have been compared.
    compared: usize,
    log: Frontier,
    /// How many records at the start have left their hash only.
    pruned: u64,
    /// The smallest checkpoint from elsewhere that does not fit. Whether that is a fork shows at the end.
    apart: Option<u64>,
}

#[derive(Debug)]
struct Head {
    checkpoint: Checkpoint,
    source: Source,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Log,
    Elsewhere,
}

impl Verifier {
    /// Begins. `own` are the checkpoints kept with the log, `elsewhere` those that were kept apart from it. Verifying each
    /// takes one signature check.
    ///
    /// # Errors
    /// `state-checkpoint-key` where one is not signed by this key or is of another log; `state-log-fork` where two of one
    /// size have different roots.
    pub fn new(
        key: &PublicKey,
        origin: &Origin,
        own: impl IntoIterator<Item = SignedCheckpoint>,
        elsewhere: impl IntoIterator<Item = SignedCheckpoint>,
    ) -> Result<Self, Refusal> {
        let own = own.into_iter().map(|signed| (signed, Source::Log));
        let elsewhere = elsewhere.into_iter().map(|signed| (signed, Source::Elsewhere));
        let mut heads = Vec::new();
        for (signed, source) in own.chain(elsewhere) {
            heads.push(Head { checkpoint: signed.verify(key, origin)?.clone(), source });
        }
        heads.sort_by_key(|head| (head.checkpoint.size, head.source));
        // spec: A22
        for (one, other) in heads.iter().zip(heads.iter().skip(1)) {
            let (one, other) = (&one.checkpoint, &other.checkpoint);
            if one.size == other.size && one.root != other.root {
                return Err(fork(format_args!("two checkpoints of {} records have different roots", one.size)));
            }
        }
        let mut verifier = Self { heads, compared: 0, log: Frontier::new(), pruned: 0, apart: None };
        verifier.compare()?;
        Ok(verifier)
    }

    /// How many records it was given.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.log.size()
    }

    /// The next record: its bytes without an LF, the leaf hash that is kept beside it, or both.
    ///
    /// # Errors
    /// `state-log-broken`, with the first place where something is wrong.
    pub fn push(&mut self, number: u64, record: Option<&[u8]>, leaf: Option<Hash>) -> Result<(), Refusal> {
        let expected = self.log.size();
        if number > expected {
            return Err(missing(expected));
        }
        if number < expected {
            return Err(broken(format_args!("record {number} stands twice")));
        }
        // spec: A28
        if record.is_none() && leaf.is_some() && self.pruned == number {
            self.pruned = number.saturating_add(1);
        } else if record.is_none() {
            return Err(missing(number));
        } else if self.pruned == number {
            self.check_pruned()?;
        }
        self.log.append(leaf_hash(number, record, leaf)?)?;
        self.compare()
    }

    /// All records were given.
    ///
    /// # Errors
    /// `state-log-broken` where a checkpoint has more records; `state-log-fork` where one from elsewhere is of another
    /// history than those of the log.
    pub fn finish(self) -> Result<Report, Refusal> {
        let records = self.log.size();
        if self.pruned == records {
            self.check_pruned()?;
        }
        if let Some(size) = self.apart {
            let own = self.heads.iter().filter(|head| head.source == Source::Log).map(|head| head.checkpoint.size);
            // spec: A22
            return Err(if own.filter(|own| *own <= records).max().is_some_and(|own| own >= size) {
                fork(format_args!("its own checkpoints do not go on from the one of {size} records from elsewhere"))
            } else {
                unlike(size)
            });
        }
        if let Some(head) = self.heads.get(self.compared) {
            let size = head.checkpoint.size;
            return Err(broken(format_args!("it ends after {records} records, a checkpoint has {size}")));
        }
        // spec: A23
        let checkpoints = self.heads.len();
        let proved = self.heads.into_iter().next_back().map(|head| head.checkpoint);
        Ok(Report { records, pruned: self.pruned, checkpoints, root: self.log.root(), proved })
    }

    /// Compares with each checkpoint of the present size.
    fn compare(&mut self) -> Result<(), Refusal> {
        let size = self.log.size();
        while let Some(head) = self.heads.get(self.compared).filter(|head| head.checkpoint.size == size) {
            self.compared = self.compared.saturating_add(1);
            if head.checkpoint.root == self.log.root() {
                continue;
            }
            // spec: A21
            match head.source {
                Source::Log => return Err(unlike(self.apart.unwrap_or(size))),
                Source::Elsewhere => self.apart = self.apart.or(Some(size)),
            }
        }
        Ok(())
    }

    /// Only what a checkpoint covers may have been pruned, and only up to it.
    fn check_pruned(&self) -> Result<(), Refusal> {
        let sizes = self.heads.iter().map(|head| head.checkpoint.size).filter(|size| *size <= self.pruned);
        let covered = sizes.max().unwrap_or_default();
        if covered == self.pruned { Ok(()) } else { Err(missing(covered)) }
    }
}

/// Verifies a whole log. `progress` is called with the number of records verified so far, now and then and at the end.
///
/// # Errors
/// As [`Verifier::push`] and [`Verifier::finish`], and what `entries` answers.
///
/// ```
/// use wane::SecretKey;
/// use wane_audit::{Entry, Origin, Verifier, verify_log};
/// let (key, origin) = (SecretKey::from_seed([7; 32]), Origin::new("example.com/log")?);
/// let entries = (0..10_000).map(|number| Ok(Entry { number, record: Some(b"line".to_vec()), leaf: None }));
/// let mut seen = vec![];
/// let verifier = Verifier::new(&key.public_key(), &origin, [], [])?;
/// let report = verify_log(verifier, entries, &mut |verified| seen.push(verified))?;
/// assert_eq!((report.records, report.proved_up_to(), report.unproven()), (10_000, 0, 10_000));
/// assert_eq!(seen, [4_096, 8_192, 10_000]);
/// # Ok::<(), wane::Refusal>(())
/// ```
pub fn verify_log(
    mut verifier: Verifier,
    entries: impl IntoIterator<Item = Result<Entry, Refusal>>,
    progress: &mut dyn FnMut(u64),
) -> Result<Report, Refusal> {
    for entry in entries {
        let Entry { number, record, leaf } = entry?;
        verifier.push(number, record.as_deref(), leaf)?;
        if verifier.size().is_multiple_of(STRIDE) {
            progress(verifier.size());
        }
    }
    progress(verifier.size());
    verifier.finish()
}

/// What verifying a log has proved, and what it has not.
///
/// ```
/// use wane_audit::{Hash, Report};
/// let report = Report { records: 3, pruned: 0, checkpoints: 0, root: Hash::EMPTY, proved: None };
/// assert_eq!(report.to_string(), "nothing is proved: no checkpoint, 3 records unproven");
/// assert_eq!((report.proved_up_to(), report.unproven()), (0, 3));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many records the log has.
    pub records: u64,
    /// How many of the first ones have left their hash only.
    pub pruned: u64,
    /// How many checkpoints were verified and fit.
    pub checkpoints: usize,
    /// The root over all records.
    pub root: Hash,
    /// The largest checkpoint, which proves all records that it covers.
    pub proved: Option<Checkpoint>,
}

impl Report {
    /// The records from 0 to below this are those that were signed.
    #[must_use]
    pub fn proved_up_to(&self) -> u64 {
        self.proved.as_ref().map_or(0, |checkpoint| checkpoint.size)
    }

    /// How many records follow the largest checkpoint. Nothing vouches for them.
    #[must_use]
    pub fn unproven(&self) -> u64 {
        self.records.saturating_sub(self.proved_up_to())
    }
}

/// One line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(checkpoint) = &self.proved else {
            return write!(f, "nothing is proved: no checkpoint, {} records unproven", self.records);
        };
        let size = checkpoint.size;
        write!(f, "proved up to {size} by the checkpoint of {size} records, {} unproven behind it", self.unproven())?;
        if self.pruned > 0 {
            write!(f, "; of the first {} only the hashes are kept", self.pruned)?;
        }
        Ok(())
    }
}

fn broken(found: fmt::Arguments<'_>) -> Refusal {
    Refusal::new(Code::StateLogBroken, "log", found, "")
}

fn unlike(size: u64) -> Refusal {
    broken(format_args!("its first {size} records are not those that the checkpoint of {size} signs"))
}

fn fork(found: fmt::Arguments<'_>) -> Refusal {
    Refusal::new(Code::StateLogFork, "checkpoint", found, "")
}
