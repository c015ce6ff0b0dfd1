//! What an operator changes, and what a minter tells.

use wane::{BlockId, Chain, Code, Mark, PublicKey, Refusal, limits};
use wane_audit::{AcceptRestore, Collect, Event, Hash, Raise, Register, Revoke, RevokeBefore};

use super::{Ledger, PAGE, Revocation, check_same, committed, transact};
use crate::guard::sequence::{self, Tip};
use crate::law::{self, Cursor};
use crate::store::{Fault, Lock};

/// What a collection took away.
///
/// ```
/// let collected = wane_ledger::Collected { up_to: 1_000, rows: 3 };
/// assert!(collected.rows > 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collected {
    /// What expired at this second or before is forgotten, seconds since 1970-01-01T00:00:00Z.
    pub up_to: u64,
    /// How many rows went.
    pub rows: u64,
}

/// What is found of a restored copy before it is accepted.
///
/// ```
/// use wane_audit::Hash;
/// let restored = wane_ledger::Restored { known_epoch: 1, known_size: 17, size: 12, root: Hash::EMPTY };
/// assert!(restored.size < restored.known_size);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The epoch of the newest head known outside.
    pub known_epoch: u64,
    /// How many records the newest head known outside had.
    pub known_size: u64,
    /// How many the copy has.
    pub size: u64,
    /// The root of the copy's log.
    pub root: Hash,
}

/// Changes by hand. `now` is in seconds since 1970-01-01T00:00:00Z; a reason is at most 1,024 bytes.
///
/// ```
/// # use getrandom::SysRng;
/// # use rand_core::UnwrapErr;
/// # use wane::{Heir, RootGrant, SecretKey, mint};
/// # use wane_audit::Hint;
/// use wane::{Level, Mark};
/// use wane_audit::Hash;
/// use wane_ledger::{Ledger, MemoryStore, Restored, Revocation};
/// # let (now, mut rng, root) = (1_767_225_600, UnwrapErr(SysRng), SecretKey::from_seed([1; 32]));
/// # let mut ledger =
/// #     Ledger::create(Box::new(MemoryStore::new()), Hint::from_bytes([7; 8]), None, now, Box::new(rng))?;
/// # let grant = RootGrant::new("files".parse()?, now, now + 600).ledger(ledger.id()).subject("planner");
/// # let token = mint(&grant, &root, Heir::carried(&mut rng))?;
/// let id = ledger.register(token.chain(), Some(&root.public_key()), now)?;
/// ledger.raise(id, &Mark::at(Level::Restricted), "it saw the salaries", now + 60)?;
/// ledger.revoke(&Revocation::Block(id), "laptop lost", now + 120)?;
///
/// let collected = ledger.collect(now + 86_400)?;
/// assert_eq!((collected.up_to, collected.rows), (now + 86_400 - 3_600, 1));
/// let found = Restored { known_epoch: 1, known_size: 9, size: 0, root: Hash::EMPTY };
/// let status = ledger.accept_restore(found, now + 90_000)?;
/// assert_eq!((status.epoch, status.since), (2, now + 90_030));
/// # Ok::<(), wane::Refusal>(())
/// ```
impl Ledger {
    /// Makes the last block of a chain known, in the call that made it: who holds it and until when; never the token. `root`
    /// is the chain's root key where the caller knows it: without it a session cannot be continued before it was used.
    ///
    /// # Errors
    /// `state-other-ledger` for a chain bound to another; `state-session-too-old` for a session that this ledger refuses and
    /// that was not made just now; `chain-*`; `state-*` of the store.
    pub fn register(&mut self, chain: &Chain, root: Option<&PublicKey>, now: u64) -> Result<BlockId, Refusal> {
        let (record, clerk) = (self.record_id(), self.clerk());
        let id = self.change(&[], |overlay| {
            let id = law::register(chain, root, now, overlay)?;
            let entry = law::load_entry(overlay, id)?.unwrap_or_default();
            let (sub, key) = entry.about.map(|about| (about.sub, about.key)).unwrap_or_default();
            let corrupt = |_| Fault::Corrupt(format!("the block {id} names no key"));
            let key = key.map(|key| key.key().map_err(corrupt)).transpose()?;
            let register = Register { block: id, sub, key, exp: entry.exp.unwrap_or_default() };
            clerk.note(record, now, Event::Register(register), overlay)?;
            Ok(id)
        })?;
        self.note_outside(now)?;
        Ok(id)
    }

    /// Raises the mark of a block; that of a session that continues another is raised for its whole line.
    ///
    /// # Errors
    /// `deny-labels` for more than 16 labels; `parse-limit` for the reason; `state-*` of the store.
    pub fn raise(&mut self, id: BlockId, mark: &Mark, reason: &str, now: u64) -> Result<(), Refusal> {
        let reason = checked(reason)?;
        let (record, clerk) = (self.record_id(), self.clerk());
        let locks = self.lock_of(id)?;
        self.change(&locks, |overlay| {
            law::raise(id, mark, &record.to_string(), now, overlay)?;
            let raise = Raise { block: id, mark: mark.clone(), reason: reason.clone() };
            clerk.note(record, now, Event::Raise(raise), overlay)
        })?;
        self.note_outside(now)
    }

    /// Ends what the revocation names. There is no way back.
    ///
    /// # Errors
    /// `parse-limit` for the reason; `state-*` of the store.
    pub fn revoke(&mut self, revocation: &Revocation, reason: &str, now: u64) -> Result<(), Refusal> {
        let reason = checked(reason)?;
        let (record, clerk) = (self.record_id(), self.clerk());
        let text = reason.clone().unwrap_or_default();
        let locks = match revocation {
            Revocation::Block(id) => Vec::from([Lock::Session(*id)]),
            Revocation::Before { .. } => Vec::new(),
        };
        self.change(&locks, |overlay| {
            let reason = reason.clone();
            let event = match revocation {
                Revocation::Block(id) => {
                    law::revoke(*id, &text, now, overlay)?;
                    Event::Revoke(Revoke { block: *id, reason })
                }
                Revocation::Before { bearer, time } => {
                    law::revoke_before(bearer, *time, &text, now, overlay)?;
                    Event::RevokeBefore(RevokeBefore { bearer: bearer.clone(), before: *time, reason })
                }
            };
            clerk.note(record, now, event, overlay)
        })?;
        self.note_outside(now)
    }

    /// Forgets what ended more than an hour before `now`, in short transactions. What is forgotten stays dead, whatever any
    /// clock says later, so `now` must not run ahead.
    ///
    /// # Errors
    /// `state-*` of the store.
    pub fn collect(&mut self, now: u64) -> Result<Collected, Refusal> {
        let (record, clerk) = (self.record_id(), self.clerk());
        // That it was noted is recorded with the note, whatever becomes of the rows.
        let up_to = self.change(&[], |overlay| {
            let before = law::load_meta(overlay)?.collected;
            let up_to = law::advance(now, overlay)?.collected;
            if up_to != before {
                clerk.note(record, now, Event::Collect(Collect { up_to, entries: 0 }), overlay)?;
            }
            Ok(up_to)
        })?;
        let (mut rows, mut cursor) = (0_usize, Some(Cursor::start()));
        while let Some(from) = cursor {
            let (gone, next) = self.change(&[], |overlay| law::collect_page(&from, PAGE, now, overlay))?;
            (rows, cursor) = (rows.saturating_add(gone), next);
        }
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        if rows > 0 {
            let (record, clerk) = (self.record_id(), self.clerk());
            let event = Event::Collect(Collect { up_to, entries: rows });
            self.change(&[], |overlay| clerk.note(record, now, event.clone(), overlay))?;
        }
        self.note_outside(now)?;
        Ok(Collected { up_to, rows })
    }

    /// Accepts a restored copy: a new epoch starts, and every session that was issued up to now + 30 is dead. Of what was found
    /// only what is known outside is taken: how long the copy's log is, and its root, is read again with the change. Where the
    /// newest head is kept outside, that of the copy takes its place.
    ///
    /// # Errors
    /// `state-*` of the store.
    pub fn accept_restore(&mut self, restored: Restored, now: u64) -> Result<super::Status, Refusal> {
        let (record, clerk) = (self.record_id(), self.clerk());
        let id = self.id;
        // It is older than its head outside, or there would be nothing to accept.
        let tip = transact(&mut *self.store, &[Lock::Sequencer], |overlay| {
            check_same(id, overlay)?;
            let Restored { known_epoch, known_size, .. } = restored;
            let Tip { size, root, .. } = sequence::tip(overlay)?;
            let meta = law::accept_restore(known_epoch, now, overlay)?;
            let event = AcceptRestore { epoch: meta.epoch, since: meta.since, known_size, size, root };
            clerk.note(record, now, Event::AcceptRestore(event), overlay)?;
            sequence::noted_tip(overlay, now)
        })?;
        self.outside().replace_unreadable(id, &tip).map_err(|fault| committed(fault.refusal()))?;
        self.note_outside(now)?;
        self.status()
    }
}

/// An empty reason is none.
fn checked(reason: &str) -> Result<Option<String>, Refusal> {
    if reason.len() > limits::NOTE_BYTES {
        let found = format_args!("a reason of {} bytes", reason.len());
        return Err(Refusal::new(Code::ParseLimit, "reason", found, limits::NOTE_BYTES));
    }
    Ok(Some(reason.to_owned()).filter(|reason| !reason.is_empty()))
}
