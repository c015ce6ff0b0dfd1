//! Records find their place in the log after they are committed: one sequencer at a time takes them from the queue, appends
//! them to the tree, and signs its head now and then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wane::{LedgerId, SecretKey};
use wane_audit::{Checkpoint, Frontier, Hash, Origin, SignedCheckpoint};

use super::committer::is_due;
use super::denials::Denials;
use super::head::{HeadRow, head_key};
use super::{Shared, records};
use crate::law::{self, Overlay};
use crate::store::{Fault, Key, Lock, Room, Store, Table};

/// Records placed in one transaction.
const PAGE: usize = 1_024;

/// The sequencer's row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sequencer {
    /// Grows with every transaction that places records: of two accounts of the log the one with the greater number is later.
    fence: u64,
    frontier: Frontier,
}

/// The head of the log as a transaction sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tip {
    pub(crate) epoch: u64,
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

/// A signed head, for whoever keeps it where it outlives the ledger.
///
/// ```
/// fn line(published: &wane_ledger::Published) -> String {
///     format!("at {}: {}", published.at, published.checkpoint.text().lines().count())
/// }
/// # let _ = line;
/// ```
#[derive(Clone, Debug)]
pub struct Published {
    /// The note.
    pub checkpoint: SignedCheckpoint,
    /// When it was signed, seconds since 1970-01-01T00:00:00Z.
    pub at: u64,
}

pub(crate) fn key() -> Key {
    (Table::Meta, b"sequencer".to_vec())
}

pub(crate) fn load(overlay: &mut Overlay<'_>) -> Result<Sequencer, Fault> {
    Ok(overlay.load(&key())?.unwrap_or_default())
}

/// The head of the log.
pub(crate) fn tip(overlay: &mut Overlay<'_>) -> Result<Tip, Fault> {
    let epoch = law::load_meta(overlay)?.epoch;
    let row = load(overlay)?;
    Ok(Tip { epoch, size: row.frontier.size(), root: row.frontier.root() })
}

/// The root that the log had at this size, where that is known.
pub(crate) fn head_at(size: u64, tip: &Tip, overlay: &mut Overlay<'_>) -> Result<Option<Hash>, Fault> {
    if size == tip.size {
        return Ok(Some(tip.root));
    }
    Ok(overlay.load::<HeadRow>(&head_key(size))?.map(|row| row.root))
}

/// What was placed by one transaction.
pub(crate) struct Placed {
    count: usize,
    ledger: LedgerId,
    pub(crate) tip: Tip,
}

impl Placed {
    /// Whether nothing waited behind it.
    pub(crate) const fn is_last(&self) -> bool {
        self.count < PAGE
    }
}

/// Looks at the ledger before anything is placed in it.
pub(crate) type Check<'a> = &'a mut dyn FnMut(&mut Overlay<'_>) -> Result<(), Fault>;

/// Places the records that wait longest.
pub(crate) fn place(store: &mut dyn Store, check: Check<'_>, now: u64) -> Result<Placed, Fault> {
    let mut placed = None;
    store.transact(&[Lock::Sequencer], &mut |rows| {
        let mut overlay = Overlay::new(rows);
        check(&mut overlay)?;
        let waiting = overlay.scan(Table::Queue, &[], None, PAGE)?;
        let count = waiting.len();
        let mut lines = Vec::with_capacity(count);
        for (number, line) in waiting {
            overlay.put((Table::Queue, number), None);
            lines.push(line);
        }
        grow(lines, &mut overlay)?;
        let ledger = law::load_meta(&mut overlay)?.id;
        placed = Some(Placed { count, ledger, tip: noted_tip(&mut overlay, now)? });
        overlay.write()
    })?;
    placed.ok_or_else(|| Fault::Misuse("a transaction that ran nothing".into()))
}

/// Ends a transaction that has appended records: in a serial store they get their place in it, unless others wait for theirs.
pub(crate) fn finish(mut overlay: Overlay<'_>, is_serial: bool) -> Result<(), Fault> {
    // spec: A14
    if is_serial && overlay.scan(Table::Queue, &[], None, 1)?.is_empty() {
        let lines = overlay.take_appended();
        grow(lines, &mut overlay)?;
    }
    overlay.write()
}

/// Gives these records the next places of the log.
fn grow(lines: Vec<Vec<u8>>, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut row = load(overlay)?;
    for line in lines {
        let place = row.frontier.size().to_be_bytes().to_vec();
        let hash = Hash::of_leaf(&line);
        // spec: A13
        overlay.put((Table::Leaf, place.clone()), Some(line));
        overlay.put((Table::LeafHash, place), Some(hash.as_bytes().to_vec()));
        row.frontier.append(hash)?;
    }
    row.fence = row.fence.checked_add(1).ok_or_else(|| Fault::Corrupt("no fencing number is left".into()))?;
    overlay.store(key(), &row)
}

/// The head of the log, for whoever keeps it outside: its root at this size stays known here.
pub(crate) fn noted_tip(overlay: &mut Overlay<'_>, now: u64) -> Result<Tip, Fault> {
    let (tip, fence) = (tip(overlay)?, load(overlay)?.fence);
    let place = head_key(tip.size);
    if tip.size > 0 && overlay.bytes(&place)?.is_none() {
        overlay.store(place, &HeadRow { root: tip.root, at: now, fence })?;
    }
    Ok(tip)
}

/// Keeps the log of one guard.
pub(crate) struct Log {
    key: Option<SecretKey>,
    published: Box<dyn FnMut(&Published) + Send>,
    /// Since when records wait for their place.
    queued: Option<Instant>,
    unsigned: u64,
    signed_at: Instant,
    signed_size: u64,
    counted_at: Instant,
    counted_from: u64,
}

/// How soon a head that could not be written outside is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl Log {
    pub(crate) fn new(key: Option<SecretKey>, published: Box<dyn FnMut(&Published) + Send>, opened: u64) -> Self {
        let now = Instant::now();
        // The record that the guard was opened waits already.
        Self {
            key,
            published,
            queued: Some(now),
            unsigned: 0,
            signed_at: now,
            signed_size: 0,
            counted_at: now,
            counted_from: opened,
        }
    }

    /// How long nothing has to be done.
    pub(crate) fn patience(&mut self, shared: &Shared) -> Duration {
        self.note_appended(shared);
        let pace = &shared.pace;
        let left = |since: Instant, every: Duration| every.saturating_sub(since.elapsed());
        let place = self.queued.map(|since| left(since, pace.sequence));
        let sign = (self.unsigned > 0).then(|| left(self.signed_at, pace.checkpoint));
        let count = Some(left(self.counted_at, pace.unverified));
        // spec: S51
        let again = shared.head.is_unwritten().then_some(AGAIN);
        [place, sign, count, again].into_iter().flatten().min().unwrap_or(pace.unverified)
    }

    fn note_appended(&mut self, shared: &Shared) {
        if shared.take_appended() {
            self.queued.get_or_insert_with(Instant::now);
        }
    }

    /// Places what waits and signs the head, where it is time.
    pub(crate) fn keep_up(&mut self, store: &mut dyn Store, shared: &Shared) {
        if is_due(self.counted_at, shared.pace.unverified) {
            self.count_unverified(store, shared);
        }
        shared.head.try_again();
        self.note_appended(shared);
        // A fault shows again where it matters: in the next admission, and when the guard is closed.
        if self.queued.is_some_and(|since| is_due(since, shared.pace.sequence)) {
            let _: Result<(), Fault> = self.place_all(store, shared);
        }
        let enough = self.unsigned >= shared.pace.checkpoint_records;
        if self.unsigned > 0 && (enough || is_due(self.signed_at, shared.pace.checkpoint)) {
            let _: Result<(), Fault> = self.sign(store, shared);
        }
    }

    /// Says that the guard is closed, unless a committer died with denials that nobody knows of; places everything and signs
    /// the head.
    pub(crate) fn close(&mut self, store: &mut dyn Store, shared: &Shared, denials: &Denials) -> Result<(), Fault> {
        self.count_unverified(store, shared);
        append(store, shared, &mut |overlay| {
            // The end says that no denial is missing but those that are counted beside it.
            records::stage_denials(shared, denials, overlay)?;
            // spec: A31
            if shared.knows_all_denials() {
                overlay.append(records::closed(shared, shared.now())?);
            }
            Ok(())
        })?;
        self.place_all(store, shared)?;
        self.sign(store, shared)
    }

    fn place_all(&mut self, store: &mut dyn Store, shared: &Shared) -> Result<(), Fault> {
        // A fault must not make it try again at once and for ever.
        self.queued = None;
        loop {
            let known = shared.head.seen()?;
            let check = &mut |overlay: &mut Overlay<'_>| shared.head.check_seen(known.as_ref(), overlay);
            let placed = place(store, check, shared.now()).inspect_err(|_| self.queued = Some(Instant::now()))?;
            self.unsigned = placed.tip.size.saturating_sub(self.signed_size);
            // Where it cannot be written, the next admission is denied.
            shared.head.remember(placed.ledger, &placed.tip)?;
            if placed.is_last() {
                return Ok(());
            }
        }
    }

    fn sign(&mut self, store: &mut dyn Store, shared: &Shared) -> Result<(), Fault> {
        let Some(key) = &self.key else {
            self.unsigned = 0;
            return Ok(());
        };
        let mut seen = None;
        store.view(&mut |rows| {
            let mut overlay = Overlay::new(rows);
            seen = Some((law::load_meta(&mut overlay)?, tip(&mut overlay)?));
            Ok(())
        })?;
        let Some((meta, tip)) = seen else { return Ok(()) };
        let origin = Origin::new(&meta.origin)?;
        // Of what a view has shown, and so of what is committed.
        // spec: A20
        let checkpoint = Checkpoint { origin, size: tip.size, root: tip.root }.sign(key)?;
        let text = checkpoint.text().as_bytes().to_vec();
        let place = (Table::Checkpoint, tip.size.to_be_bytes().to_vec());
        append(store, shared, &mut |overlay| {
            overlay.put(place.clone(), Some(text.clone()));
            Ok(())
        })?;
        let published = Published { checkpoint, at: shared.now() };
        // What a caller does with it must not end the keeping of the log.
        let _: Result<(), _> = catch_unwind(AssertUnwindSafe(|| (self.published)(&published)));
        (self.signed_at, self.signed_size, self.unsigned) = (Instant::now(), tip.size, 0);
        Ok(())
    }

    /// One bounded record for all input that did not verify.
    fn count_unverified(&mut self, store: &mut dyn Store, shared: &Shared) {
        self.counted_at = Instant::now();
        let counts = shared.junk.take();
        if counts.is_empty() {
            return;
        }
        let (from, to) = (self.counted_from, shared.now());
        let roomy = store.room() == Ok(Room::Ample);
        let recorded = roomy
            && append(store, shared, &mut |overlay| {
                overlay.append(records::unverified(shared, &counts, from, to)?);
                Ok(())
            })
            .is_ok();
        if recorded {
            self.counted_from = to;
            shared.has_appended();
        } else {
            shared.junk.put_back(counts);
        }
    }
}

/// One small transaction of the log's own.
fn append(
    store: &mut dyn Store,
    shared: &Shared,
    stage: &mut dyn FnMut(&mut Overlay<'_>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let (known, is_serial) = (shared.head.seen()?, store.is_serial());
    store.transact(&[], &mut |rows| {
        let mut overlay = Overlay::new(rows);
        shared.head.check_seen(known.as_ref(), &mut overlay)?;
        stage(&mut overlay)?;
        finish(overlay, is_serial)
    })
}
