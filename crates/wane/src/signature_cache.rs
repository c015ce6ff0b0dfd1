//! Signatures that held, so that those of a chain that is shown again and again are not checked each time.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::chain::Block;
use crate::envelope::Kind;
use crate::key::PublicKey;
use crate::roots::Roots;
use crate::token::SealedToken;
use crate::verify::Verified;

/// A bounded memory of signatures that held in chains that [`verify`](crate::verify) found genuine. It saves the check of a
/// signature and nothing else: trusted roots and narrowing are looked at each time, as without it.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Heir, RootGrant, Roots, Seal, SecretKey, SignatureCache, mint, verify, verify_with};
/// # let mut rng = UnwrapErr(SysRng);
/// # let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?);
/// let sealed = mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
/// let roots = Roots::single(root.public_key());
///
/// let mut cache = SignatureCache::new(1_000);
/// cache.keep(&verify(&sealed, &roots)?);
/// let again = verify_with(&sealed, &roots, &cache.known(&sealed, &roots))?;
/// assert!(cache.holds(&again));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct SignatureCache {
    newer: BTreeSet<Held>,
    older: BTreeSet<Held>,
    half: usize,
}

/// One signature that held: SHA-256 over the key, the block's id, which is a hash of what was signed, and the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held([u8; 32]);

/// Those signatures of one token that a [`SignatureCache`] knew.
///
/// ```
/// let none = wane::KnownSignatures::none();
/// assert!(none.is_empty() && none.len() == 0);
/// ```
#[derive(Clone, Debug)]
pub struct KnownSignatures(Vec<Held>);

impl Held {
    fn of(block: &Block, key: &PublicKey) -> Self {
        let parts = Sha256::new().chain_update(key.as_bytes()).chain_update(block.id().as_bytes());
        Self(parts.chain_update(block.signature()).finalize().into())
    }
}

impl SignatureCache {
    /// An empty one for at most so many signatures, 32 bytes each. When half of them are new, the older half is forgotten.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { newer: BTreeSet::new(), older: BTreeSet::new(), half: most / 2 }
    }

    /// Which signatures of this token held before.
    #[must_use]
    pub fn known(&self, token: &SealedToken, roots: &Roots) -> KnownSignatures {
        let chain = token.chain();
        let hint = chain.blocks().first().and_then(|root| root.claims().hint());
        let Some(root) = hint.and_then(|hint| roots.find(hint)) else { return KnownSignatures::none() };
        let all = chain.signers(root.key()).map(|(block, key)| Held::of(block, &key));
        KnownSignatures(all.filter(|held| self.has(held)).collect())
    }

    /// Keeps the signatures of a chain that is genuine.
    pub fn keep(&mut self, verified: &Verified) {
        for held in worth_keeping(verified) {
            if self.has(&held) {
                continue;
            }
            if self.newer.len() >= self.half {
                self.older = core::mem::take(&mut self.newer);
            }
            if self.half > 0 {
                self.newer.insert(held);
            }
        }
    }

    /// Whether it would learn nothing from this chain.
    #[must_use]
    pub fn holds(&self, verified: &Verified) -> bool {
        worth_keeping(verified).all(|held| self.has(&held))
    }

    fn has(&self, held: &Held) -> bool {
        self.newer.contains(held) || self.older.contains(held)
    }
}

/// All but the seal for one request, which is shown once.
fn worth_keeping(verified: &Verified) -> impl Iterator<Item = Held> {
    let once = verified.is_for_one_request();
    let blocks = verified.chain().signers(verified.root().key());
    blocks.filter(move |(block, _)| !once || block.kind() != Kind::Seal).map(|(block, key)| Held::of(block, &key))
}

impl KnownSignatures {
    /// Every signature is checked.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// How many need no check.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether each needs one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this signature of the block is known to be the key's.
    pub(crate) fn has(&self, block: &Block, key: &PublicKey) -> bool {
        !self.0.is_empty() && self.0.contains(&Held::of(block, key))
    }
}
