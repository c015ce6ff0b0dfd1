//! The claims of one block, well-formed or not.

use crate::cbor::Item;
use crate::key::{ROOT, hint, public};
use crate::list;

/// 2026-01-01T00:00:00Z, the `iat` of root blocks.
pub const IAT: u64 = 1_767_225_600;
/// One hour later, their `exp`.
pub const EXP: u64 = IAT + 3_600;
/// One minute after the mint: when cases are judged.
pub const NOW: u64 = IAT + 60;

/// The key of the private map.
pub const PRIVATE: i64 = -65_537;

/// A payload as a list of claims. Both maps are written in ascending order, unless [`Claims::as_stated`].
#[derive(Clone, Debug, Default)]
pub struct Claims {
    claims: Vec<(Item, Item)>,
    private: Vec<(Item, Item)>,
    holder: Option<u8>,
    as_stated: bool,
}

/// The standard root block: the key 1 grants `read:*` and `write:files:*` at `files` for one hour to the key 2, and opens
/// a session.
#[must_use]
pub fn root() -> Claims {
    Claims::new()
        .aud("files")
        .exp(EXP)
        .iat(IAT)
        .cnf(2)
        .hint(hint(ROOT))
        .session()
        .scopes(list!["read:*", "write:files:*"])
}

impl Claims {
    /// Nothing stated.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// States a claim of the payload, in place of what is stated under that key.
    #[must_use]
    pub fn set(mut self, key: impl Into<Item>, value: impl Into<Item>) -> Self {
        put(&mut self.claims, key.into(), value.into());
        self
    }

    /// States a claim of the private map, in place of what is stated under that key.
    #[must_use]
    pub fn private(mut self, key: impl Into<Item>, value: impl Into<Item>) -> Self {
        put(&mut self.private, key.into(), value.into());
        self
    }

    /// States a claim of the payload beside what is stated already, even under the same key.
    #[must_use]
    pub fn also(mut self, key: impl Into<Item>, value: impl Into<Item>) -> Self {
        self.claims.push((key.into(), value.into()));
        self
    }

    /// States a claim of the private map beside what is stated already, even under the same key.
    #[must_use]
    pub fn also_private(mut self, key: impl Into<Item>, value: impl Into<Item>) -> Self {
        self.private.push((key.into(), value.into()));
        self
    }

    /// Without the claim of the payload under this key.
    #[must_use]
    pub fn without(mut self, key: i64) -> Self {
        self.claims.retain(|(known, _)| *known != Item::from(key));
        self
    }

    /// Without the claim of the private map under this key.
    #[must_use]
    pub fn without_private(mut self, key: i64) -> Self {
        self.private.retain(|(known, _)| *known != Item::from(key));
        self
    }

    /// Writes the claims in the order they were stated, the private map last.
    #[must_use]
    pub fn as_stated(mut self) -> Self {
        self.as_stated = true;
        self
    }

    /// Who holds the key that `cnf` names: the signer of the next block.
    #[must_use]
    pub const fn holder(&self) -> Option<u8> {
        self.holder
    }

    /// Whether a claim of the payload stands under this key.
    #[must_use]
    pub fn states(&self, key: i64) -> bool {
        self.claims.iter().any(|(known, _)| *known == Item::from(key))
    }

    /// Whether the block opens a session.
    #[must_use]
    pub fn states_session(&self) -> bool {
        self.private.iter().any(|(known, _)| *known == Item::from(1))
    }

    /// The payload.
    #[must_use]
    pub fn to_item(&self) -> Item {
        let order = if self.as_stated { Item::Map } else { Item::ascending };
        let mut claims = self.claims.clone();
        if !self.private.is_empty() {
            claims.push((PRIVATE.into(), order(self.private.clone())));
        }
        order(claims)
    }

    /// With deny patterns that no case asks for, and a note, so that the payload has exactly so many bytes.
    ///
    /// # Panics
    /// Where it cannot have.
    #[must_use]
    pub fn padded_to(self, bytes: usize) -> Self {
        let size = |claims: &Self| claims.to_item().to_bytes().len();
        let mut patterns: Vec<String> = Vec::new();
        let mut padded = self.clone().note("-");
        while size(&padded) + 1_000 < bytes {
            let segment = "-".repeat(60);
            patterns.push(format!("filler:{}:{segment}:{segment}:{segment}", patterns.len()));
            padded = padded.private(5, Item::texts(&patterns));
        }
        let fits = (1..=1_024).map(|letters| padded.clone().note(&"-".repeat(letters)));
        fits.into_iter().find(|padded| size(padded) == bytes).expect("a note of some length fits")
    }

    /// Claim 2.
    #[must_use]
    pub fn subject(self, text: &str) -> Self {
        self.set(2, text)
    }

    /// Claim 3, one audience.
    #[must_use]
    pub fn aud(self, audience: &str) -> Self {
        self.set(3, audience)
    }

    /// Claim 3, a list.
    #[must_use]
    pub fn auds(self, audiences: &[&str]) -> Self {
        self.set(3, Item::texts(audiences))
    }

    /// Claim 4.
    #[must_use]
    pub fn exp(self, time: u64) -> Self {
        self.set(4, time)
    }

    /// Claim 5.
    #[must_use]
    pub fn nbf(self, time: u64) -> Self {
        self.set(5, time)
    }

    /// Claim 6.
    #[must_use]
    pub fn iat(self, time: u64) -> Self {
        self.set(6, time)
    }

    /// Claim 7, eight times this byte.
    #[must_use]
    pub fn cti(self, byte: u8) -> Self {
        self.set(7, [byte; 8])
    }

    /// Claim 8, the public key of this number.
    #[must_use]
    pub fn cnf(mut self, number: u8) -> Self {
        self.holder = Some(number);
        self.set(8, cnf(&public(number)))
    }

    /// Claim 8, these bytes as a key. The next block is signed by `holder`.
    #[must_use]
    pub fn cnf_bytes(mut self, key: &[u8; 32], holder: u8) -> Self {
        self.holder = Some(holder);
        self.set(8, cnf(key))
    }

    /// Private claim 0.
    #[must_use]
    pub fn hint(self, hint: [u8; 8]) -> Self {
        self.private(0, hint)
    }

    /// Private claim 1.
    #[must_use]
    pub fn session(self) -> Self {
        self.private(1, true)
    }

    /// Private claim 2.
    #[must_use]
    pub fn continues(self, block: [u8; 32]) -> Self {
        self.private(2, block)
    }

    /// Private claim 3, 16 times this byte.
    #[must_use]
    pub fn ledger(self, byte: u8) -> Self {
        self.private(3, [byte; 16])
    }

    /// Private claim 4: scopes in a root block, refinements in a later one, as on the wire.
    #[must_use]
    pub fn scopes(self, scopes: impl Into<Item>) -> Self {
        self.private(4, scopes)
    }

    /// Private claim 5.
    #[must_use]
    pub fn deny(self, patterns: &[&str]) -> Self {
        self.private(5, Item::texts(patterns))
    }

    /// Private claim 6: a list of `[pattern, [approver, …], need]`.
    #[must_use]
    pub fn ask(self, asks: impl Into<Item>) -> Self {
        self.private(6, asks)
    }

    /// Private claim 7: a list of `[level, [label, …], [pattern, …]]`.
    #[must_use]
    pub fn rules(self, rules: impl Into<Item>) -> Self {
        self.private(7, rules)
    }

    /// Private claim 8.
    #[must_use]
    pub fn level(self, level: u64) -> Self {
        self.private(8, level)
    }

    /// Private claim 9.
    #[must_use]
    pub fn labels(self, labels: &[&str]) -> Self {
        self.private(9, Item::texts(labels))
    }

    /// Private claim 10.
    #[must_use]
    pub fn clearance(self, level: u64) -> Self {
        self.private(10, level)
    }

    /// Private claim 11, in this order.
    #[must_use]
    pub fn budgets(self, budgets: &[(&str, u64)]) -> Self {
        let entries = budgets.iter().map(|(name, cap)| (Item::from(*name), Item::from(*cap)));
        self.private(11, Item::Map(entries.collect()))
    }

    /// Private claim 12.
    #[must_use]
    pub fn depth(self, depth: u64) -> Self {
        self.private(12, depth)
    }

    /// Private claim 13.
    #[must_use]
    pub fn note(self, text: &str) -> Self {
        self.private(13, text)
    }

    /// Private claim 14.
    #[must_use]
    pub fn digest(self, digest: [u8; 32]) -> Self {
        self.private(14, digest)
    }

    /// Private claim 15: a map from names to values.
    #[must_use]
    pub fn said(self, said: impl Into<Item>) -> Self {
        self.private(15, said)
    }
}

/// The value of `cnf` for these bytes as a key.
#[must_use]
pub fn cnf(key: &[u8; 32]) -> Item {
    crate::map! {1 => crate::map!{1 => 1, -1 => 6, -2 => *key}}
}

/// Puts the entry where one with its key stands, or at the end.
fn put(entries: &mut Vec<(Item, Item)>, key: Item, value: Item) {
    match entries.iter_mut().find(|(known, _)| *known == key) {
        Some((_, stated)) => *stated = value,
        None => entries.push((key, value)),
    }
}

impl From<Claims> for Item {
    fn from(claims: Claims) -> Self {
        claims.to_item()
    }
}
