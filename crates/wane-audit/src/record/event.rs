//! What operators and guards did, beside deciding.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wane::{Bearer, BlockId, Mark, PublicKey};

use super::mirror;
use crate::as_text;
use crate::hash::Hash;
use crate::secret::RecordId;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                $($(#[$attribute])* pub $field: $type,)*
            }
        )*
    };
}

events! {
    /// A guard began to decide.
    ///
    /// ```
    /// let guard = wane_audit::RecordId::from_bytes([1; 16]);
    /// let roots = wane_audit::Hash::EMPTY;
    /// let opened = wane_audit::Opened { guard, roots, catalogue: None, version: "0.1.0".into() };
    /// assert_eq!(opened.guard, guard);
    /// ```
    Opened {
        /// The guard's random id.
        guard: RecordId,
        /// The digest of the roots in force.
        roots: Hash,
        /// The digest of the catalogue in force, where there is one.
        #[serde(default, deserialize_with = "as_text::stated", skip_serializing_if = "Option::is_none")]
        catalogue: Option<Hash>,
        /// The version of the software.
        version: String,
    }

    /// A guard ended, with every denial recorded. Where an [`Opened`] has none, denials may be missing.
    ///
    /// ```
    /// let closed = wane_audit::Closed { guard: wane_audit::RecordId::from_bytes([1; 16]) };
    /// assert_eq!(closed, closed.clone());
    /// ```
    Closed {
        /// The id that it opened with.
        guard: RecordId,
    }

    /// A mark was raised by hand.
    ///
    /// ```
    /// use wane::{BlockId, Level, Mark};
    /// let (block, mark) = (BlockId::from_bytes([1; 32]), Mark::at(Level::Restricted));
    /// assert!(wane_audit::Raise { block, mark, reason: None }.reason.is_none());
    /// ```
    Raise {
        /// At which block.
        #[serde(with = "as_text")]
        block: BlockId,
        /// What was joined to its mark.
        #[serde(with = "mirror::mark")]
        mark: Mark,
        /// What the operator gave as reason.
        #[serde(default, deserialize_with = "as_text::stated", skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }

    /// A block, and all under it, was revoked.
    ///
    /// ```
    /// let block = wane::BlockId::from_bytes([1; 32]);
    /// let revoke = wane_audit::Revoke { block, reason: Some("lost laptop".into()) };
    /// assert_eq!(revoke.block, block);
    /// ```
    Revoke {
        /// Which block.
        #[serde(with = "as_text")]
        block: BlockId,
        /// What the operator gave as reason.
        #[serde(default, deserialize_with = "as_text::stated", skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }

    /// All that one bearer holds was revoked, as far as it is not newer than a time.
    ///
    /// ```
    /// let bearer = wane::Bearer::Agent("reporter".into());
    /// let revoke = wane_audit::RevokeBefore { bearer, before: 1_000, reason: None };
    /// assert_eq!(revoke.before, 1_000);
    /// ```
    RevokeBefore {
        /// Whose.
        #[serde(with = "mirror::bearer")]
        bearer: Bearer,
        /// What was issued at this second or before, seconds since 1970-01-01T00:00:00Z.
        before: u64,
        /// What the operator gave as reason.
        #[serde(default, deserialize_with = "as_text::stated", skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }

    /// A block was made known to the ledger by the call that made it.
    ///
    /// ```
    /// let block = wane::BlockId::from_bytes([1; 32]);
    /// let register = wane_audit::Register { block, sub: Some("planner".into()), key: None, exp: 4_600 };
    /// assert_eq!(register.exp, 4_600);
    /// ```
    Register {
        /// Which block.
        #[serde(with = "as_text")]
        block: BlockId,
        /// What it calls its holder.
        #[serde(default, deserialize_with = "as_text::stated", skip_serializing_if = "Option::is_none")]
        sub: Option<String>,
        /// The holder's key, where it is the holder's own.
        #[serde(with = "as_text::option", default, skip_serializing_if = "Option::is_none")]
        key: Option<PublicKey>,
        /// The exp in force at it, seconds since 1970-01-01T00:00:00Z.
        exp: u64,
    }

    /// An operator accepted a restored copy: a new epoch began.
    ///
    /// ```
    /// let root = wane_audit::Hash::EMPTY;
    /// let accept = wane_audit::AcceptRestore { epoch: 2, since: 1_030, known_size: 17, size: 12, root };
    /// assert!(accept.size < accept.known_size);
    /// ```
    AcceptRestore {
        /// The number of the new epoch.
        epoch: u64,
        /// Sessions not issued after this second are dead, seconds since 1970-01-01T00:00:00Z.
        since: u64,
        /// How many records the newest head known outside had.
        known_size: u64,
        /// How many the restored copy had.
        size: u64,
        /// The root of the restored log.
        root: Hash,
    }

    /// What had expired was forgotten.
    ///
    /// ```
    /// assert_eq!(wane_audit::Collect { up_to: 1_000, entries: 3 }.entries, 3);
    /// ```
    Collect {
        /// All that expired at this second or before, seconds since 1970-01-01T00:00:00Z.
        up_to: u64,
        /// How many entries.
        entries: u64,
    }

    /// Input that failed verification in an interval. It is only counted.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// let codes = BTreeMap::from([("parse-text".to_owned(), 7)]);
    /// assert_eq!(wane_audit::Unverified { from: 1_000, to: 1_060, count: 7, codes }.count, 7);
    /// ```
    Unverified {
        /// Start of the interval, seconds since 1970-01-01T00:00:00Z.
        from: u64,
        /// Its end, likewise.
        to: u64,
        /// How many inputs.
        count: u64,
        /// How many with each code.
        #[serde(with = "as_text::map", default, skip_serializing_if = "BTreeMap::is_empty")]
        codes: BTreeMap<String, u64>,
    }

    /// Denials of an interval that were not recorded, for want of room or of a store that takes them.
    ///
    /// ```
    /// assert_eq!(wane_audit::DenialsDropped { from: 1_000, to: 1_001, count: 5 }.count, 5);
    /// ```
    DenialsDropped {
        /// Start of the interval, seconds since 1970-01-01T00:00:00Z.
        from: u64,
        /// Its end, likewise.
        to: u64,
        /// How many denials.
        count: u64,
    }

    /// The text of older records was dropped; their hashes stay.
    ///
    /// ```
    /// let pruned = wane_audit::Prune { before: 1_024, root: wane_audit::Hash::EMPTY };
    /// assert_eq!(pruned.before, 1_024);
    /// ```
    Prune {
        /// Records with a smaller number were dropped: the size of a checkpoint.
        before: u64,
        /// The root that this checkpoint signs.
        root: Hash,
    }
}
