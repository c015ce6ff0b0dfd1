//! The log of a ledger, as its operator reads it and keeps it.

use wane::{BlockId, Code, PublicKey, Refusal, Signer};
use wane_audit::{Checkpoint, Entry, Event, Frontier, Hash, Prune, SignedCheckpoint};

use super::{Ledger, PAGE};
use crate::guard::{head, sequence};
use crate::law::Overlay;
use crate::store::{Fault, Key, Table};

/// The end of a log.
///
/// ```
/// use wane_audit::Hash;
/// let empty = wane_ledger::LogHead { size: 0, root: Hash::EMPTY, waiting: false };
/// assert!(!empty.waiting);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogHead {
    /// How many records have their place.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// Whether records that are committed wait for their place.
    pub waiting: bool,
}

/// ```
/// # use getrandom::SysRng;
/// # use rand_core::UnwrapErr;
/// use wane::{BlockId, Level, Mark, SecretKey};
/// use wane_audit::{Hint, Verifier};
/// use wane_ledger::{Ledger, MemoryStore};
/// # let (now, rng) = (1_767_225_600, UnwrapErr(SysRng));
/// let store = Box::new(MemoryStore::new());
/// let mut ledger = Ledger::create(store, Hint::from_bytes([7; 8]), None, now, Box::new(rng))?;
/// let block = BlockId::from_bytes([1; 32]);
/// ledger.raise(block, &Mark::at(Level::Internal), "by hand", now)?;
/// assert!(ledger.log_head()?.waiting);
///
/// let key = SecretKey::from_seed([9; 32]);
/// let head = ledger.place(now)?;
/// let signed = ledger.sign_head(&key)?;
/// assert_eq!((signed.claimed().size, ledger.checkpoints(0, 10)?.len()), (head.size, 1));
///
/// let mut verifier = Verifier::new(&key.public_key(), ledger.origin(), [signed.clone()], [])?;
/// for entry in ledger.entries(0, 100)? {
///     verifier.push(entry.number, entry.record.as_deref(), entry.leaf)?;
/// }
/// assert_eq!(verifier.finish()?.proved_up_to(), head.size);
///
/// assert_eq!(ledger.prune(signed.claimed(), now)?, head.size);
/// assert!(ledger.entries(0, 1)?[0].record.is_none() && ledger.envelope(block)?.is_none());
/// # Ok::<(), wane::Refusal>(())
/// ```
impl Ledger {
    /// How far the log goes.
    ///
    /// # Errors
    /// `state-*` of the store.
    pub fn log_head(&mut self) -> Result<LogHead, Refusal> {
        self.look(|overlay| {
            let tip = sequence::tip(overlay)?;
            let waiting = !overlay.scan(Table::Queue, &[], None, 1)?.is_empty();
            Ok(LogHead { size: tip.size, root: tip.root, waiting })
        })
    }

    /// Records by their numbers, from `from` on, at most `limit` of them; a pruned one has left its hash.
    ///
    /// # Errors
    /// `state-log-broken` where a place of the log has neither; `state-*` of the store.
    pub fn entries(&mut self, from: u64, limit: usize) -> Result<Vec<Entry>, Refusal> {
        self.look(|overlay| {
            let most = u64::try_from(limit).unwrap_or(u64::MAX);
            let end = sequence::tip(overlay)?.size.min(from.saturating_add(most));
            let place = |table| move |number: u64| (table, number.to_be_bytes().to_vec());
            let records: Vec<Key> = (from..end).map(place(Table::Leaf)).collect();
            let hashes: Vec<Key> = (from..end).map(place(Table::LeafHash)).collect();
            overlay.prefetch(&[records.as_slice(), hashes.as_slice()].concat())?;
            (from..end)
                .zip(records.iter().zip(&hashes))
                .map(|(number, (record, hash))| {
                    let record = overlay.bytes(record)?.map(<[u8]>::to_vec);
                    let leaf = overlay.bytes(hash)?.map(|bytes| leaf(number, bytes)).transpose()?;
                    if record.is_none() && leaf.is_none() {
                        let found = format_args!("record {number} is missing");
                        return Err(Refusal::new(Code::StateLogBroken, "record", found, "").into());
                    }
                    Ok(Entry { number, record, leaf })
                })
                .collect()
        })
    }

    /// Checkpoints kept with the log, of `from` records and more, ascending, at most `limit` of them.
    ///
    /// # Errors
    /// `parse-checkpoint` for one that cannot be read; `state-*` of the store.
    pub fn checkpoints(&mut self, from: u64, limit: usize) -> Result<Vec<SignedCheckpoint>, Refusal> {
        self.look(|overlay| {
            let rows = overlay.scan(Table::Checkpoint, &from.to_be_bytes(), None, limit)?;
            let read = |text: Vec<u8>| {
                let text = String::from_utf8(text).map_err(|_| Fault::Corrupt("a checkpoint is not utf-8".into()))?;
                Ok(text.parse()?)
            };
            rows.into_iter().map(|(_, text)| read(text)).collect()
        })
    }

    /// The newest checkpoint kept with the log.
    ///
    /// # Errors
    /// `parse-checkpoint` for one that cannot be read; `state-*` of the store.
    ///
    /// ```
    /// fn signed_up_to(ledger: &mut wane_ledger::Ledger) -> Result<u64, wane::Refusal> {
    ///     Ok(ledger.newest_checkpoint()?.map_or(0, |newest| newest.claimed().size))
    /// }
    /// # let _ = signed_up_to;
    /// ```
    pub fn newest_checkpoint(&mut self) -> Result<Option<SignedCheckpoint>, Refusal> {
        let (size, mut back) = (self.log_head()?.size, 64_u64);
        loop {
            let from = size.saturating_sub(back);
            // Near the end, as a rule.
            let newest = self.checkpoints(from, usize::MAX)?.pop();
            if newest.is_some() || from == 0 {
                return Ok(newest);
            }
            back = back.saturating_mul(8);
        }
    }

    /// Refuses a key that would not go on with the checkpoints of this log: nobody who verifies it believes two keys.
    ///
    /// # Errors
    /// `state-checkpoint-key` where the newest checkpoint is not signed by this key; `state-*` of the store.
    ///
    /// ```
    /// fn may_sign(ledger: &mut wane_ledger::Ledger, key: &wane::SecretKey) -> bool {
    ///     ledger.check_signer(&key.public_key()).is_ok()
    /// }
    /// # let _ = may_sign;
    /// ```
    pub fn check_signer(&mut self, key: &PublicKey) -> Result<(), Refusal> {
        match self.newest_checkpoint()? {
            // spec: A18
            Some(newest) => newest.verify(key, &self.origin).map(drop),
            None => Ok(()),
        }
    }

    /// The kept envelope of a block that an admission or a recorded denial had in its chain.
    ///
    /// # Errors
    /// `state-*` of the store.
    pub fn envelope(&mut self, block: BlockId) -> Result<Option<Vec<u8>>, Refusal> {
        let key = (Table::Envelope, block.as_bytes().to_vec());
        self.look(|overlay| Ok(overlay.bytes(&key)?.map(<[u8]>::to_vec)))
    }

    /// Gives every record that waits its place in the log, and notes the new head outside where one is kept. `now` is in seconds
    /// since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `state-*` of the store.
    pub fn place(&mut self, now: u64) -> Result<LogHead, Refusal> {
        let (id, head) = (self.id, self.outside());
        loop {
            let known = head.outside().map_err(|fault| fault.refusal())?;
            let check = &mut |overlay: &mut Overlay<'_>| {
                super::check_same(id, overlay)?;
                head::check_outside(known.as_ref(), overlay)
            };
            let placed = sequence::place(&mut *self.store, check, now).map_err(|fault| fault.refusal())?;
            // spec: S51
            head.remember(id, &placed.tip).map_err(|fault| fault.refusal())?;
            if placed.is_last() {
                return Ok(LogHead { size: placed.tip.size, root: placed.tip.root, waiting: false });
            }
        }
    }

    /// Signs the head of the log and keeps the checkpoint with it. Whoever wants it to prove anything keeps it elsewhere as
    /// well.
    ///
    /// # Errors
    /// `use-signer` where the key fails; `state-checkpoint-key` for another key than that of the newest checkpoint; `state-*` of
    /// the store.
    pub fn sign_head(&mut self, key: &dyn Signer) -> Result<SignedCheckpoint, Refusal> {
        self.check_signer(&key.public_key())?;
        let head = self.log_head()?;
        let origin = self.origin().clone();
        let signed = Checkpoint { origin, size: head.size, root: head.root }.sign(key)?;
        let (place, text) = (signed.claimed().size.to_be_bytes().to_vec(), signed.text().as_bytes().to_vec());
        self.change(&[], |overlay| {
            overlay.put((Table::Checkpoint, place.clone()), Some(text.clone()));
            Ok(())
        })?;
        Ok(signed)
    }

    /// Drops the records before a checkpoint that was verified; their hashes stay, so that everything else can still be
    /// proved. How many went. `now` is in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `state-log-fork` where the log has another root at that size; `state-*` of the store.
    pub fn prune(&mut self, before: &Checkpoint, now: u64) -> Result<u64, Refusal> {
        let root = self.root_at(before.size)?;
        if root != Some(before.root) || before.origin != *self.origin() {
            let found = format_args!("the log at {} records is not the one that was signed", before.size);
            return Err(Refusal::new(Code::StateLogFork, "root", found, ""));
        }
        let (clerk, record) = (self.clerk(), self.record_id());
        let event = Event::Prune(Prune { before: before.size, root: before.root });
        self.change(&[], |overlay| clerk.note(record, now, event.clone(), overlay))?;
        let mut gone = 0_u64;
        loop {
            let end = before.size.to_be_bytes();
            let took = self.change(&[], |overlay| {
                let rows = overlay.scan(Table::Leaf, &[], Some(&end), PAGE)?;
                let took = rows.len();
                rows.into_iter().for_each(|(number, _)| overlay.put((Table::Leaf, number), None));
                Ok(took)
            })?;
            gone = gone.saturating_add(u64::try_from(took).unwrap_or(u64::MAX));
            if took < PAGE {
                break;
            }
        }
        self.note_outside(now)?;
        Ok(gone)
    }

    /// The root that the log had at this size, from the hashes of its leaves.
    fn root_at(&mut self, size: u64) -> Result<Option<Hash>, Refusal> {
        let mut log = Frontier::new();
        while log.size() < size {
            let page = self.entries(log.size(), PAGE)?;
            if page.is_empty() {
                return Ok(None);
            }
            for entry in page.iter().take_while(|entry| entry.number < size) {
                log.append(entry.leaf_hash()?)?;
            }
        }
        Ok(Some(log.root()))
    }
}

fn leaf(number: u64, bytes: &[u8]) -> Result<Hash, Fault> {
    let bytes: [u8; 32] =
        bytes.try_into().map_err(|_| Fault::Corrupt(format!("the hash of record {number} is not one")))?;
    Ok(Hash::from_bytes(bytes))
}
