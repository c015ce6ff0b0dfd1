//! The operator's handle: what is known, and what is changed by hand. Each change is one transaction with its record.

mod approve;
mod consider;
mod ended;
mod known;
mod log;
mod operate;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use rand_core::CryptoRng;
use wane::{BlockId, Code, LedgerId, Refusal};
use wane_audit::{Event, Hint, Origin, Record, RecordId};

pub use self::consider::Considered;
pub use self::known::{Doomed, Filter, Known, Revocation};
pub use self::log::LogHead;
pub use self::operate::{Collected, Restored};
use crate::guard::head::{self, Head};
use crate::law::{self, Meta, Overlay};
use crate::store::{Fault, Lock, Room, Store};

/// A ledger, as its operator sees it. A guard opens the same store for itself; neither waits for the other longer than a
/// store does.
///
/// ```
/// use getrandom::SysRng;
/// use rand_core::UnwrapErr;
/// use wane::{Heir, Level, Mark, RootGrant, SecretKey, mint};
/// use wane_audit::{Hint, Origin};
/// use wane_ledger::{Filter, Ledger, MemoryStore, Revocation};
///
/// let store = MemoryStore::new();
/// let (now, mut rng) = (1_767_225_600, UnwrapErr(SysRng));
/// let log = Hint::from_bytes([7; 8]); // of the log's secret
/// let mut ledger = Ledger::create(Box::new(store.clone()), log, Some(Origin::new("example.com/log")?), now, Box::new(rng))?;
/// assert_eq!(ledger.origin().as_str(), "example.com/log");
/// assert_eq!(ledger.status()?.since, now + 30);
///
/// // What a minter made for this ledger is made known to it in the same breath.
/// let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, now, now + 600).ledger(ledger.id()).subject("planner");
/// let token = mint(&grant, &root, Heir::carried(&mut rng))?;
/// let id = ledger.register(token.chain(), Some(&root.public_key()), now)?;
///
/// ledger.raise(id, &Mark::at(Level::Confidential), "it saw the salaries", now + 10)?;
/// let known = ledger.sessions(&Filter::new().agent("planner").live_at(now + 10), None, 100)?;
/// assert_eq!(known[0].entry.mark.level(), Level::Confidential);
///
/// let revocation = Revocation::Block(id);
/// assert_eq!(ledger.would_revoke(&revocation, now + 20, 100)?.known[0].id, id);
/// ledger.revoke(&revocation, "laptop lost", now + 20)?;
/// assert!(ledger.session(id)?.is_some_and(|entry| entry.revoked.is_some()));
///
/// let mut again = Ledger::open(Box::new(store), Box::new(rng))?;
/// assert_eq!((again.id(), again.log()), (ledger.id(), log));
/// assert!(again.session(id)?.is_some_and(|entry| !entry.is_live(now + 20)));
/// # Ok::<(), wane::Refusal>(())
/// ```
pub struct Ledger {
    store: Box<dyn Store>,
    id: LedgerId,
    origin: Origin,
    log: Hint,
    rng: Box<dyn CryptoRng + Send>,
    /// The small file outside that keeps its newest head.
    head: Option<PathBuf>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ledger({})", self.id)
    }
}

/// How a ledger stands. Times are seconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use wane::LedgerId;
/// use wane_ledger::{Room, Status};
/// let id = LedgerId::from_bytes([1; 16]);
/// let status = Status { id, epoch: 1, since: 1_030, collected: 0, durable: true, room: Room::Ample };
/// assert!(status.durable);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its id.
    pub id: LedgerId,
    /// Counted from 1; each accepted restore starts another one.
    pub epoch: u64,
    /// Sessions are issued after this second, or registered in this epoch.
    pub since: u64,
    /// What expired at this second or before may have been forgotten.
    pub collected: u64,
    /// Whether it outlives its process.
    pub durable: bool,
    /// Whether there is room.
    pub room: Room,
}

/// The name of a page of operator's changes is short, so that nobody waits long for it.
const PAGE: usize = 512;

impl Ledger {
    /// Makes a ledger in an empty store. `log` names the secret of its log; without an `origin` the log has the name that
    /// [`Origin::of_ledger`] gives. `now` is in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `use-ledger-exists` where there is one; `state-*` of the store.
    pub fn create(
        store: Box<dyn Store>,
        log: Hint,
        origin: Option<Origin>,
        now: u64,
        mut rng: Box<dyn CryptoRng + Send>,
    ) -> Result<Self, Refusal> {
        let mut id = [0; 16];
        // spec: S44
        rng.fill_bytes(&mut id);
        Self::create_as(store, LedgerId::from_bytes(id), log, origin, now, rng)
    }

    /// As [`Ledger::create`], under an id of 16 random bytes that the caller has drawn: so that files of that name can be there
    /// before the ledger is.
    ///
    /// # Errors
    /// `use-ledger-exists` where there is one; `state-*` of the store.
    ///
    /// ```
    /// use wane::{LedgerId, Refusal};
    /// use wane_ledger::{Ledger, Store};
    /// fn make(store: Box<dyn Store>, id: LedgerId, secret: &wane_audit::LogSecret, now: u64) -> Result<Ledger, Refusal> {
    ///     let rng = Box::new(rand_core::UnwrapErr(getrandom::SysRng));
    ///     Ledger::create_as(store, id, secret.hint(), None, now, rng)
    /// }
    /// # let _ = make;
    /// ```
    pub fn create_as(
        store: Box<dyn Store>,
        id: LedgerId,
        log: Hint,
        origin: Option<Origin>,
        now: u64,
        rng: Box<dyn CryptoRng + Send>,
    ) -> Result<Self, Refusal> {
        let origin = origin.unwrap_or_else(|| Origin::of_ledger(id));
        let mut ledger = Self { store, id, origin, log, rng, head: None };
        let meta = Meta {
            schema: law::SCHEMA,
            id,
            epoch: 1,
            since: 0,
            collected: 0,
            log: ledger.log.to_string(),
            origin: ledger.origin.as_str().to_owned(),
        };
        transact(&mut *ledger.store, &[], |overlay| law::create(&meta, now, overlay))?;
        Ok(ledger)
    }

    /// Opens the ledger in this store.
    ///
    /// # Errors
    /// `state-schema` where there is none, or one of a newer version; `state-*` of the store.
    pub fn open(mut store: Box<dyn Store>, rng: Box<dyn CryptoRng + Send>) -> Result<Self, Refusal> {
        let meta = view(&mut *store, law::load_meta)?;
        let corrupt = |_| Fault::Corrupt("the ledger names no log".into()).refusal();
        let origin = Origin::new(&meta.origin).map_err(corrupt)?;
        let log = meta.log.parse().map_err(corrupt)?;
        Ok(Self { store, id: meta.id, origin, log, rng, head: None })
    }

    /// Keeps its newest head outside from now on, in this small file, which need not be there: a change is made only in a
    /// ledger that extends that head, and has ended only when its record has its place in the log and the new head is noted. A
    /// copy of the ledger from before the change is then known to be older, by every guard and operator that looks there.
    ///
    /// ```
    /// fn revoke(ledger: &mut wane_ledger::Ledger, id: wane::BlockId, now: u64) -> Result<(), wane::Refusal> {
    ///     ledger.keep_head("/var/lib/wane/head");
    ///     ledger.revoke(&wane_ledger::Revocation::Block(id), "laptop lost", now)
    /// }
    /// # let _ = revoke;
    /// ```
    pub fn keep_head(&mut self, head: impl AsRef<Path>) {
        self.head = Some(head.as_ref().to_owned());
    }

    /// Its random id, which tokens name.
    #[must_use]
    pub const fn id(&self) -> LedgerId {
        self.id
    }

    /// The name of its log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The hint of the log's secret.
    #[must_use]
    pub const fn log(&self) -> Hint {
        self.log
    }

    /// How it stands.
    ///
    /// # Errors
    /// `state-*` of the store.
    pub fn status(&mut self) -> Result<Status, Refusal> {
        let meta = self.look(law::load_meta)?;
        let room = self.store.room().map_err(|fault| fault.refusal())?;
        let Meta { id, epoch, since, collected, .. } = meta;
        Ok(Status { id, epoch, since, collected, durable: self.store.is_durable(), room })
    }

    /// A read of the ledger that was opened.
    fn look<T>(&mut self, mut body: impl FnMut(&mut Overlay<'_>) -> Result<T, Fault>) -> Result<T, Refusal> {
        let id = self.id;
        view(&mut *self.store, |overlay| {
            check_same(id, overlay)?;
            body(overlay)
        })
    }

    /// A change of the ledger that was opened.
    fn change<T>(
        &mut self,
        locks: &[Lock],
        mut body: impl FnMut(&mut Overlay<'_>) -> Result<T, Fault>,
    ) -> Result<T, Refusal> {
        let id = self.id;
        // Asked first: others go on writing both.
        let known = self.outside().outside().map_err(|fault| fault.refusal())?;
        transact(&mut *self.store, locks, |overlay| {
            check_same(id, overlay)?;
            // spec: S41
            head::check_outside(known.as_ref(), overlay)?;
            body(overlay)
        })
    }

    fn outside(&self) -> Head {
        Head::at(self.head.clone())
    }

    /// Notes outside what was changed, before anybody is told that it is.
    fn note_outside(&mut self, now: u64) -> Result<(), Refusal> {
        if self.head.is_none() {
            return Ok(());
        }
        let placed = self.place(now).map(drop);
        placed.map_err(committed)
    }

    fn record_id(&mut self) -> RecordId {
        let mut id = [0; 16];
        self.rng.fill_bytes(&mut id);
        RecordId::from_bytes(id)
    }

    /// Makes records; apart from the ledger, so that a body can hold it while the store is at work.
    fn clerk(&self) -> Clerk {
        Clerk { origin: self.origin.clone(), log: self.log }
    }

    /// The lock of everything that happens under a block's line, as far as it is known.
    fn lock_of(&mut self, id: BlockId) -> Result<[Lock; 1], Refusal> {
        let entry = self.look(|overlay| law::load_entry(overlay, id))?;
        let first = entry.and_then(|entry| entry.opened).and_then(|opened| opened.continues);
        Ok([Lock::Session(first.unwrap_or(id))])
    }
}

/// Writes what an operator did.
struct Clerk {
    origin: Origin,
    log: Hint,
}

impl Clerk {
    fn note(&self, id: RecordId, at: u64, event: Event, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
        let record = Record { id, at, origin: self.origin.clone(), log: self.log, event };
        overlay.append(record.to_line()?.into_bytes());
        Ok(())
    }
}

/// The change stands all the same: it can be repeated, and is not lost.
fn committed(refusal: Refusal) -> Refusal {
    let found = format_args!("{}; the change is committed, and not noted outside", refusal.found());
    Refusal::new(refusal.code(), "head", found, refusal.bound())
}

/// The store may have been put in another one's place since it was opened.
fn check_same(id: LedgerId, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    match law::load_meta(overlay)?.id {
        found if found == id => Ok(()),
        found => Err(Refusal::new(Code::StateOtherLedger, "ledger", found, id).into()),
    }
}

fn transact<T>(
    store: &mut dyn Store,
    locks: &[Lock],
    mut body: impl FnMut(&mut Overlay<'_>) -> Result<T, Fault>,
) -> Result<T, Refusal> {
    let mut done = None;
    let outcome = store.transact(locks, &mut |rows| {
        let mut overlay = Overlay::new(rows);
        let value = body(&mut overlay)?;
        overlay.write()?;
        done = Some(value);
        Ok(())
    });
    finished(outcome, done)
}

fn view<T>(store: &mut dyn Store, mut body: impl FnMut(&mut Overlay<'_>) -> Result<T, Fault>) -> Result<T, Refusal> {
    let mut done = None;
    let outcome = store.view(&mut |rows| {
        done = Some(body(&mut Overlay::new(rows))?);
        Ok(())
    });
    finished(outcome, done)
}

fn finished<T>(outcome: Result<(), Fault>, done: Option<T>) -> Result<T, Refusal> {
    outcome.map_err(|fault| fault.refusal())?;
    done.ok_or_else(|| Fault::Misuse("the store has not run a transaction".into()).refusal())
}
