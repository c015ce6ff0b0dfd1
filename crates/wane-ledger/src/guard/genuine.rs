//! What was found genuine, so that a token that is shown again and again is not verified from the start each time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use wane::{BlockId, Refusal, Roots, SealedToken, SignatureCache, verify_with};

use crate::law::Account;

/// Signatures that are remembered, 32 bytes each: the chains of some thousand sessions.
const SIGNATURES: usize = 16_384;

/// Bytes of the chains in one generation: two are kept. In memory a chain takes many times as much.
const BYTES: usize = 256 * 1024;

/// Bytes of a chain that is remembered whole. Longer ones are verified each time, but for their signatures.
const CHAIN_BYTES: usize = 4 * 1024;

/// What verified by which roots. It saves work and nothing else: each answer is the one that verifying gives.
pub(super) struct Genuine {
    signatures: RwLock<SignatureCache>,
    chains: RwLock<Chains>,
}

/// By the last block's id. Where the newer one is full, the older one is forgotten.
#[derive(Default)]
struct Chains {
    newer: HashMap<BlockId, Chain>,
    older: HashMap<BlockId, Chain>,
    /// Bytes of those in the newer one.
    bytes: usize,
}

struct Chain {
    sealed: SealedToken,
    bytes: Vec<u8>,
    account: Arc<Account>,
}

/// Where a chain was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    Newer,
    Older,
}

impl Default for Genuine {
    fn default() -> Self {
        Self { signatures: RwLock::new(SignatureCache::new(SIGNATURES)), chains: RwLock::default() }
    }
}

impl Genuine {
    /// Verifies by these roots. No lock is held while a signature is checked.
    pub(super) fn verify(&self, sealed: &SealedToken, roots: &Roots) -> Result<Arc<Account>, Refusal> {
        let known = self.chains.read().unwrap_or_else(PoisonError::into_inner).get(sealed, roots);
        if let Some((account, generation)) = known {
            // What is asked for stays.
            if generation == Generation::Older {
                self.keep(sealed, &account);
            }
            return Ok(account);
        }
        let known = self.signatures.read().unwrap_or_else(PoisonError::into_inner).known(sealed, roots);
        let verified = verify_with(sealed, roots, &known)?;
        let learns = !self.signatures.read().unwrap_or_else(PoisonError::into_inner).holds(&verified);
        if learns {
            self.signatures.write().unwrap_or_else(PoisonError::into_inner).keep(&verified);
        }
        let account = Account::of(Arc::new(verified)).map(Arc::new).map_err(|fault| fault.refusal())?;
        // A seal for one request is shown once.
        if !account.verified().is_for_one_request() {
            self.keep(sealed, &account);
        }
        Ok(account)
    }

    fn keep(&self, sealed: &SealedToken, account: &Arc<Account>) {
        let Some(last) = sealed.chain().blocks().last() else { return };
        let bytes = sealed.to_bytes();
        if bytes.len() > CHAIN_BYTES {
            return;
        }
        let chain = Chain { sealed: sealed.clone(), bytes, account: Arc::clone(account) };
        let forgotten = self.chains.write().unwrap_or_else(PoisonError::into_inner).keep(last.id(), chain);
        // Taking many chains apart takes long: nobody waits for that.
        drop(forgotten);
    }
}

impl Chains {
    /// Only of the very same bytes: another chain with the same id may be signed otherwise.
    fn get(&self, sealed: &SealedToken, roots: &Roots) -> Option<(Arc<Account>, Generation)> {
        let id = sealed.chain().blocks().last()?.id();
        let newer = self.newer.get(&id).map(|known| (known, Generation::Newer));
        let (known, generation) = newer.or_else(|| Some((self.older.get(&id)?, Generation::Older)))?;
        // One and the same chain in memory cannot have changed.
        let same = std::ptr::eq(known.sealed.chain(), sealed.chain()) || known.bytes == sealed.to_bytes();
        // spec: S30
        let holds = same && known.account.verified().roots_digest() == roots.digest();
        holds.then(|| (Arc::clone(&known.account), generation))
    }

    /// What is forgotten for it.
    #[must_use]
    fn keep(&mut self, id: BlockId, chain: Chain) -> HashMap<BlockId, Chain> {
        let mut forgotten = HashMap::new();
        if self.bytes.saturating_add(chain.bytes.len()) > BYTES {
            forgotten = std::mem::replace(&mut self.older, std::mem::take(&mut self.newer));
            self.bytes = 0;
        }
        self.bytes = self.bytes.saturating_add(chain.bytes.len());
        if let Some(before) = self.newer.insert(id, chain) {
            self.bytes = self.bytes.saturating_sub(before.bytes.len());
        }
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use getrandom::SysRng;
    use rand_core::UnwrapErr;
    use wane::{Code, Heir, Narrowing, RootGrant, Seal, SecretKey, Token, mint};

    use super::*;

    fn token(root: &SecretKey) -> Token {
        let mut rng = UnwrapErr(SysRng);
        let grant = RootGrant::new("files".parse().unwrap(), 0, 600).scope("read:*".parse().unwrap());
        mint(&grant, root, Heir::carried(&mut rng)).unwrap()
    }

    #[test]
    fn the_same_token_is_known_and_no_other() {
        let (root, other) = (SecretKey::from_seed([1; 32]), SecretKey::from_seed([2; 32]));
        let (roots, others) = (Roots::single(root.public_key()), Roots::single(other.public_key()));
        let (genuine, sealed) = (Genuine::default(), token(&root).seal(&Seal::new()).unwrap());
        let first = genuine.verify(&sealed, &roots).unwrap();
        assert!(Arc::ptr_eq(&first, &genuine.verify(&sealed.clone(), &roots).unwrap()));
        // So is the same text, read again.
        let read = SealedToken::parse(&sealed.to_text()).unwrap();
        assert!(Arc::ptr_eq(&first, &genuine.verify(&read, &roots).unwrap()));
        let another = token(&root).seal(&Seal::new()).unwrap();
        assert!(!Arc::ptr_eq(&first, &genuine.verify(&another, &roots).unwrap()));
        // Roots that do not name its key refuse it whatever was known before.
        assert_eq!(genuine.verify(&read, &others).unwrap_err().code(), Code::ChainUnknownRoot);
        assert!(Arc::ptr_eq(&first, &genuine.verify(&read, &roots).unwrap()));
    }

    #[test]
    fn a_signature_that_fails_is_not_taken_for_one_that_held() {
        let root = SecretKey::from_seed([1; 32]);
        let (genuine, roots) = (Genuine::default(), Roots::single(root.public_key()));
        let sealed = token(&root).seal(&Seal::new()).unwrap();
        let verified = genuine.verify(&sealed, &roots).unwrap();
        let mut bytes = sealed.to_bytes();
        // The last bytes are those of the seal's signature, and no id covers them.
        *bytes.last_mut().unwrap() ^= 1;
        let forged = SealedToken::from_bytes(&bytes).unwrap();
        let last = |token: &SealedToken| token.chain().blocks().last().unwrap().id();
        assert_eq!(last(&forged), last(&sealed));
        assert_eq!(genuine.verify(&forged, &roots).unwrap_err().code(), Code::ChainSignature);
        assert!(Arc::ptr_eq(&verified, &genuine.verify(&sealed, &roots).unwrap()));
    }

    #[test]
    fn it_has_its_bounds_and_no_seal_for_one_request() {
        let (mut rng, root) = (UnwrapErr(SysRng), SecretKey::from_seed([1; 32]));
        let (genuine, roots, token) = (Genuine::default(), Roots::single(root.public_key()), token(&root));
        let call = wane::Call::tool("read").unwrap();
        let once = Seal::new().for_request(call, wane::Arguments::empty(), 100, 130, &mut rng);
        genuine.verify(&token.seal(&once).unwrap(), &roots).unwrap();
        assert!(genuine.chains.read().unwrap().newer.is_empty());
        let asked_for = token.seal(&Seal::new()).unwrap();
        let first = genuine.verify(&asked_for, &roots).unwrap();
        for number in 0..600 {
            let sealed = token.seal(&Seal::new().note(&format!("{number:0>1000}"))).unwrap();
            genuine.verify(&sealed, &roots).unwrap();
            let chains = genuine.chains.read().unwrap();
            let bytes = |of: &HashMap<BlockId, Chain>| of.values().map(|one| one.bytes.len()).sum::<usize>();
            let (newer, older) = (bytes(&chains.newer), bytes(&chains.older));
            assert!(newer == chains.bytes && newer <= BYTES && older <= BYTES, "{newer} {older}");
            drop(chains);
            assert!(number % 50 != 0 || Arc::ptr_eq(&first, &genuine.verify(&asked_for, &roots).unwrap()));
        }
        assert!(!genuine.chains.read().unwrap().older.is_empty());
        let long = (0..4).fold(token, |token, _| {
            token.attenuate(&Narrowing::new().note(&"n".repeat(1_000)), Heir::carried(&mut rng)).unwrap()
        });
        let long = long.seal(&Seal::new()).unwrap();
        genuine.verify(&long, &roots).unwrap();
        assert!(genuine.chains.read().unwrap().get(&long, &roots).is_none());
    }
}
