//! Where live state lies: the contract that every backend keeps.
//!
//! A store is an ordered map of small rows with serialisable transactions. It knows nothing of marks, budgets or tokens:
//! what rows mean is computed once, in `law`, for every backend alike.
//!
//! What a backend promises:
//!
//! - **Serialisable.** The transactions that have committed are equivalent to some serial order of them that agrees with
//!   their order in time. One that is not yet committed sees its own changes; nobody else sees them.
//! - **All or nothing.** After [`Store::transact`] has returned `Ok`, all changes of the transaction are durable: they outlive
//!   the process, and on a durable store the machine. After any fault but [`Fault::OutcomeUnknown`], none is there.
//! - **Nothing remembered.** The body may be run more than once, each time in a fresh transaction; only the changes of the
//!   last run are committed.
//! - **Locks first.** The locks named are held, in their order, before the transaction's snapshot is taken, and until it has
//!   ended. They keep transactions that would conflict from doing so; correctness never rests on them.
//! - **No waiting for ever.** A durable store that stays busy for longer than its stated limit answers [`Fault::Locked`]. One in
//!   memory waits for the other threads of its process.
//! - **Doubt is a fault.** A row that cannot be read is [`Fault::Corrupt`], never an absent one.

mod contract;
mod memory;
pub(crate) mod postgres;
mod sqlite;

use std::fmt;

pub use memory::MemoryStore;
pub use sqlite::{SqliteOptions, SqliteStore};
use wane::{BlockId, Code, Refusal};

/// Which map a row stands in. Numbers are part of the schema and never reused.
///
/// ```
/// use wane_ledger::Table;
/// assert!(Table::Queue.is_numbered() && !Table::Entry.is_numbered());
/// assert_eq!(Table::ALL.map(Table::number)[13], 13);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// The ledger's own row and the sequencer's.
    Meta,
    /// Block id: mark, revoked, opened, registered.
    Entry,
    /// Block id and counter name: what was spent.
    Spent,
    /// Ids that have served.
    Used,
    /// Root keys, holders' keys and agents: what is not newer is dead.
    RevokedBefore,
    /// Session id and request digest: requests that wait for approval.
    Pending,
    /// Last block id, request digest and approval id: statements that wait for their request.
    Approval,
    /// Block id: a delegation envelope, kept once.
    Envelope,
    /// SHA-256: roots and settings that were in force.
    Config,
    /// Number: records that have no place in the log yet.
    Queue,
    /// Number: the records of the log.
    Leaf,
    /// Number: the hashes of its leaves.
    LeafHash,
    /// Size: heads that were made known outside the store.
    Head,
    /// Size: signed checkpoints.
    Checkpoint,
    /// Session id: what trusted results returned in it.
    Seen,
}

impl Table {
    /// Every table, in order of its number.
    pub const ALL: [Self; 15] = [
        Self::Meta,
        Self::Entry,
        Self::Spent,
        Self::Used,
        Self::RevokedBefore,
        Self::Pending,
        Self::Approval,
        Self::Envelope,
        Self::Config,
        Self::Queue,
        Self::Leaf,
        Self::LeafHash,
        Self::Head,
        Self::Checkpoint,
        Self::Seen,
    ];

    /// Whether its keys are numbers: eight bytes, big-endian. A backend may lay such a table out for appending.
    #[must_use]
    pub const fn is_numbered(self) -> bool {
        matches!(self, Self::Queue | Self::Leaf | Self::LeafHash | Self::Head | Self::Checkpoint)
    }

    /// Its number in the schema.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Meta => 0,
            Self::Entry => 1,
            Self::Spent => 2,
            Self::Used => 3,
            Self::RevokedBefore => 4,
            Self::Pending => 5,
            Self::Approval => 6,
            Self::Envelope => 7,
            Self::Config => 8,
            Self::Queue => 9,
            Self::Leaf => 10,
            Self::LeafHash => 11,
            Self::Head => 12,
            Self::Checkpoint => 13,
            Self::Seen => 14,
        }
    }
}

/// A row's place: the table, and a key of 1 to 512 bytes that is unique in it.
///
/// ```
/// let key: wane_ledger::Key = (wane_ledger::Table::Used, vec![0; 32]);
/// # let _ = key;
/// ```
pub type Key = (Table, Vec<u8>);

/// A change of one row: its new value, at most 128 KiB, or `None` to take it away.
///
/// ```
/// let change: wane_ledger::Change = ((wane_ledger::Table::Used, vec![0; 32]), None);
/// # let _ = change;
/// ```
pub type Change = (Key, Option<Vec<u8>>);

/// A row that was found: its key without the table, and its value.
///
/// ```
/// let row: wane_ledger::Row = (vec![0; 32], b"{}".to_vec());
/// # let _ = row;
/// ```
pub type Row = (Vec<u8>, Vec<u8>);

/// What a transaction holds before it starts.
///
/// ```
/// use wane_ledger::Lock;
/// assert!(Lock::Sequencer < Lock::Session(wane::BlockId::from_bytes([0; 32])));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// Placing records in the log.
    Sequencer,
    /// Everything that happens under one session.
    Session(BlockId),
}

/// Whether there is room for what can be left out.
///
/// ```
/// assert_ne!(wane_ledger::Room::Ample, wane_ledger::Room::Tight);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As far as the store can tell, all is well.
    Ample,
    /// Only what admissions need should still be written.
    Tight,
}

/// What a backend offers. The contract is the text above.
///
/// ```
/// use wane_ledger::{Fault, Store, Table};
/// fn queued(store: &mut dyn Store) -> Result<usize, Fault> {
///     let mut count = 0;
///     store.view(&mut |rows| {
///         count = rows.scan(Table::Queue, &[], None, 1_000)?.len();
///         Ok(())
///     })?;
///     Ok(count)
/// }
/// # let _ = queued;
/// ```
pub trait Store: Send {
    /// Whether what is committed outlives the process.
    fn is_durable(&self) -> bool;

    /// Runs `body` in one serialisable transaction under these locks (ascending, each once) and commits what it has put,
    /// unless it fails.
    ///
    /// # Errors
    /// The body's fault, or the store's own.
    fn transact(
        &mut self,
        locks: &[Lock],
        body: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>,
    ) -> Result<(), Fault>;

    /// Runs `body` on one snapshot; it must not change anything.
    ///
    /// # Errors
    /// The body's fault, or the store's own; [`Fault::Misuse`] where the body changes something.
    fn view(&mut self, body: &mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>) -> Result<(), Fault>;

    /// Whether there is room for what can be left out.
    ///
    /// # Errors
    /// The store's own faults.
    fn room(&mut self) -> Result<Room, Fault>;

    /// Whether it runs one writing transaction at a time, whoever asks. There a record gets its place in the log with what it
    /// tells of; elsewhere writers would wait for each other at the end of the log, and it gets its place afterwards.
    fn is_serial(&self) -> bool {
        false
    }
}

/// The rows, as one transaction sees them.
///
/// ```
/// use wane_ledger::{Fault, Rows, Table};
/// fn mark_used(rows: &mut dyn Rows, id: &[u8; 32]) -> Result<(), Fault> {
///     rows.put(vec![((Table::Used, id.to_vec()), Some(b"{\"exp\":1000}".to_vec()))])
/// }
/// # let _ = mark_used;
/// ```
pub trait Rows {
    /// The values of these rows, in the order asked for.
    ///
    /// # Errors
    /// The store's own faults.
    fn get(&mut self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Fault>;

    /// Makes these changes, in their order.
    ///
    /// # Errors
    /// The store's own faults.
    fn put(&mut self, changes: Vec<Change>) -> Result<(), Fault>;

    /// Adds these values to [`Table::Queue`], in their order, under numbers that it has never had, each above those of every
    /// transaction that had committed before this one began. Of transactions that overlap, the one that commits later may
    /// have the lower numbers: who empties the queue begins at its start each time.
    ///
    /// # Errors
    /// The store's own faults.
    fn append(&mut self, values: Vec<Vec<u8>>) -> Result<(), Fault>;

    /// Keys and values of a table from `from` (inclusive) up to `to` (exclusive, or the end), ascending by key, at most
    /// `limit` of them.
    ///
    /// # Errors
    /// The store's own faults.
    fn scan(&mut self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Fault>;
}

/// Why a store did not do it. The texts are one line, lower case, without secrets (no URL with a password).
///
/// ```
/// use wane::Code;
/// use wane_ledger::Fault;
/// assert_eq!(Fault::Full("disk full".into()).refusal().code(), Code::StateFull);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does not answer, or cannot be opened.
    Unreachable(String),
    /// No room.
    Full(String),
    /// It can be read and not written.
    ReadOnly(String),
    /// Others held it for longer than is waited.
    Locked(String),
    /// It, or a row in it, cannot be read as what it must be.
    Corrupt(String),
    /// It is older than what is known outside: what was found, and what is known.
    RolledBack(String, String),
    /// The connection broke while a commit was under way.
    OutcomeUnknown(String),
    /// It was made by a newer version, or is no ledger: its schema, and the one known here.
    Schema(String, String),
    /// The server does not wait for its disk.
    AsyncCommit(String),
    /// A transaction pooler stands between.
    Pooler(String),
    /// The caller changed something in a view, or broke another rule of the contract.
    Misuse(String),
    /// The body's own answer: nothing is committed.
    Refused(Box<Refusal>),
}

impl Fault {
    /// The refusal that callers see.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let of = |code, found: &str| Refusal::new(code, "ledger", found, "");
        match self {
            Self::Unreachable(why) => of(Code::StateUnreachable, why),
            Self::Full(why) => of(Code::StateFull, why),
            Self::ReadOnly(why) => of(Code::StateReadOnly, why),
            Self::Locked(why) => of(Code::StateLocked, why),
            Self::Corrupt(why) | Self::Misuse(why) => of(Code::StateCorrupt, why),
            Self::RolledBack(found, known) => Refusal::new(Code::StateRolledBack, "ledger", found, known),
            Self::OutcomeUnknown(why) => of(Code::StateOutcomeUnknown, why),
            Self::Schema(found, known) => Refusal::new(Code::StateSchema, "ledger", found, known),
            Self::AsyncCommit(why) => of(Code::StateAsyncCommit, why),
            Self::Pooler(why) => of(Code::StatePooler, why),
            Self::Refused(refusal) => (**refusal).clone(),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal().fmt(f)
    }
}

impl std::error::Error for Fault {}
