//! What is dead by somebody's word, its own revocation or one above it.

use std::collections::{BTreeMap, BTreeSet};

use wane::{Bearer, BlockId, Refusal};

use super::known::{each, first_of, names};
use super::{Ledger, Revocation};
use crate::law::{self, KeyText, RevokedBefore};
use crate::store::Fault;

impl Ledger {
    /// The known blocks that are revoked: by themselves, by a block above them, by the first session of their line, or by a
    /// time before which everything of theirs is. It reads every entry.
    ///
    /// # Errors
    /// `state-*` of the store.
    ///
    /// ```
    /// fn is_dead(ledger: &mut wane_ledger::Ledger, id: wane::BlockId) -> Result<bool, wane::Refusal> {
    ///     Ok(ledger.ended()?.contains(&id))
    /// }
    /// # let _ = is_dead;
    /// ```
    pub fn ended(&mut self) -> Result<BTreeSet<BlockId>, Refusal> {
        self.look(|overlay| {
            let mut entries = Vec::new();
            each(overlay, None, |id, entry| {
                entries.push((id, entry));
                true
            })?;
            let (mut ended, mut below) = (BTreeSet::new(), BTreeMap::<BlockId, Vec<BlockId>>::new());
            let mut said = BTreeMap::new();
            for (id, entry) in &entries {
                let above = entry.about.as_ref().and_then(|about| about.parent);
                for above in above.into_iter().chain(first_of(entry)) {
                    below.entry(above).or_default().push(*id);
                }
                let about = entry.about.as_ref();
                let parsed =
                    |text: &KeyText| text.key().map_err(|_| Fault::Corrupt(format!("the block {id} names no key")));
                let root = entry.opened.as_ref().map(|opened| parsed(&opened.root).map(Bearer::Root)).transpose()?;
                let key =
                    about.and_then(|about| about.key.as_ref()).map(|key| parsed(key).map(Bearer::Key)).transpose()?;
                let agent = about.and_then(|about| about.sub.as_deref()).map(|sub| Bearer::Agent(sub.into()));
                let mut dead = entry.revoked.is_some();
                for bearer in [root, key, agent].into_iter().flatten() {
                    let row = law::revoked_before_key(&bearer);
                    let time = match said.get(&row) {
                        Some(time) => *time,
                        None => *said
                            .entry(row.clone())
                            .or_insert(overlay.load::<RevokedBefore>(&row)?.map(|row| row.before)),
                    };
                    dead |= time.is_some_and(|time| names(&Revocation::Before { bearer, time }, *id, entry));
                }
                if dead {
                    ended.insert(*id);
                }
            }
            let mut grown: Vec<BlockId> = ended.iter().copied().collect();
            while let Some(id) = grown.pop() {
                let under = below.get(&id).into_iter().flatten();
                grown.extend(under.filter(|id| ended.insert(**id)));
            }
            Ok(ended)
        })
    }
}
