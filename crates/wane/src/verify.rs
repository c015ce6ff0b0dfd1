//! Is this chain genuine? The answer is timeless and grants nothing.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::approval::Approvable;
use crate::chain::{Block, Chain};
use crate::claims::Claims;
use crate::code::Code;
use crate::envelope::Kind;
use crate::grant::Grant;
use crate::ids::BlockId;
use crate::key::PublicKey;
use crate::name::Name;
use crate::pattern::Audience;
use crate::refusal::Refusal;
use crate::roots::{Roots, TrustedRoot};
use crate::signature_cache::KnownSignatures;
use crate::token::SealedToken;
use crate::value::Value;

/// A chain that is genuine: signed link by link from a trusted root, each block narrower than the one before. It
/// says nothing about now or about any request; [`decide`](crate::decide) does. Only [`verify`] makes one.
///
/// ```compile_fail,E0423
/// let forged = wane::Verified();
/// ```
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Heir, Roots, RootGrant, Seal, SecretKey, mint, verify};
/// # let mut rng = UnwrapErr(SysRng);
/// # let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?);
/// let sealed = mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
/// let roots = Roots::single(root.public_key());
///
/// let verified = verify(&sealed, &roots)?;
/// assert_eq!(verified.audience().as_str(), "files");
/// assert_eq!(verified.chain().blocks().len(), 2);
/// assert_eq!(verified.grant().scopes()[0].to_string(), "read:*");
/// assert_eq!(verified.grants().len(), 2);
/// assert_eq!(verified.root().key(), &root.public_key());
/// assert_eq!(verified.roots_digest(), roots.digest());
/// assert!(!verified.is_for_one_request() && verified.said().is_empty());
/// let request = wane::Request::for_actions("files".parse()?, vec!["read:hr".parse()?], wane::Level::Public)?;
/// let digest = verified.request_digest(&request);
/// let last = verified.last_delegate().unwrap();
/// let approval = wane::Approval::sign(last, digest, request.actions().to_vec(), 1_000, 1_600, &root)?;
/// assert!(verified.approvable(&request).check(&approval).is_ok());
/// assert_eq!(verified.last_delegate(), Some(verified.chain().blocks()[0].id()));
/// assert_eq!(verified.seal_claims(), [0xa0], "it states nothing");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verified {
    chain: Arc<Chain>,
    grant: Grant,
    root: Arc<TrustedRoot>,
    roots: Roots,
    audience: Audience,
    digest: Option<[u8; 32]>,
    said: BTreeMap<Name, Value>,
}

/// Checks a sealed token against the trusted roots: the root the token names, then block by block its signature and
/// its narrowing, in the fixed order of `spec/token.md`. Pure: the same bytes and roots give the same answer.
///
/// # Errors
/// - `chain-unknown-root`: no trusted root has the hint the root block states.
/// - `chain-signature`: a block is altered, out of place, or signed by another key.
/// - `chain-root`, `chain-mint-window`, `chain-issuer`: the root block states more than its root entry allows.
/// - other `chain-*`: a block would widen what is in force; the block is named.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Code, Heir, Roots, RootGrant, Seal, SecretKey, mint, verify};
/// # let mut rng = UnwrapErr(SysRng);
/// let (root, other) = (SecretKey::generate(&mut rng), SecretKey::generate(&mut rng));
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
/// let sealed = mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
/// assert!(verify(&sealed, &Roots::single(root.public_key())).is_ok());
/// let refusal = verify(&sealed, &Roots::single(other.public_key())).unwrap_err();
/// assert_eq!(refusal.code(), Code::ChainUnknownRoot);
/// # Ok::<(), wane::Refusal>(())
/// ```
pub fn verify(token: &SealedToken, roots: &Roots) -> Result<Verified, Refusal> {
    verify_with(token, roots, &KnownSignatures::none())
}

/// The same, without checking those signatures again that held before: same answer, sooner.
///
/// # Errors
/// As [`verify`].
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Code, Heir, RootGrant, Roots, Seal, SecretKey, SignatureCache, mint, verify, verify_with};
/// # let mut rng = UnwrapErr(SysRng);
/// let (root, other) = (SecretKey::generate(&mut rng), SecretKey::generate(&mut rng));
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
/// let sealed = mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
/// let (mut cache, roots) = (SignatureCache::new(1_000), Roots::single(root.public_key()));
/// cache.keep(&verify(&sealed, &roots)?);
/// // A root that is trusted no longer is not trusted for having been so.
/// let roots = Roots::single(other.public_key());
/// let refusal = verify_with(&sealed, &roots, &cache.known(&sealed, &roots)).unwrap_err();
/// assert_eq!(refusal.code(), Code::ChainUnknownRoot);
/// # Ok::<(), wane::Refusal>(())
/// ```
pub fn verify_with(token: &SealedToken, roots: &Roots, known: &KnownSignatures) -> Result<Verified, Refusal> {
    replay(Arc::clone(token.shared_chain()), roots, Signed::Throughout(known))
}

/// Which blocks carry a signature to check.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signed<'a> {
    /// All of them; of these it is known already.
    Throughout(&'a KnownSignatures),
    /// All but the seal, of which a log keeps only what it states. What is verified so permits nothing.
    BeforeTheSeal,
}

impl Signed<'_> {
    fn holds(self, block: &Block, key: &PublicKey) -> bool {
        let known = match self {
            // spec: T113
            Self::Throughout(known) => known.has(block, key),
            Self::BeforeTheSeal => block.kind() == Kind::Seal,
        };
        known || block.signed().is_signed_by(key, block.signature())
    }
}

pub(crate) fn replay(chain: Arc<Chain>, roots: &Roots, signed: Signed<'_>) -> Result<Verified, Refusal> {
    let claims = |index: usize| chain.blocks().get(index).map(|block| block.claims());
    let hint = claims(0).and_then(|claims| claims.hint);
    // spec: T111
    let root = hint.and_then(|hint| roots.find(hint)).ok_or_else(|| {
        let hint = hint.map(|hint| hint.to_string()).unwrap_or_default();
        Refusal::new(Code::ChainUnknownRoot, "hint", hint, "").in_block(0)
    })?;

    let grant = {
        let mut signers = chain.signers(root.key());
        // spec: T112
        let check = |_: usize, _: &Block| match signers.next() {
            Some((block, key)) if signed.holds(block, &key) => Ok(()),
            _ => Err(Refusal::new(Code::ChainSignature, "signature", "", "")),
        };
        chain.replay(check, |grant| root.admit(grant), |_| ())?
    };

    // spec: T50
    if grant.session.is_none() {
        return Err(Refusal::new(Code::ChainNoSession, "session", "", ""));
    }
    let seal = chain.last().map(|block| block.claims()).ok_or_else(unsealed)?;
    let audience = match grant.audiences.as_slice() {
        [one] => one.as_audience(),
        _ => None,
    };
    Ok(Verified {
        audience: audience.ok_or_else(unsealed)?,
        digest: seal.digest,
        said: seal.said.iter().cloned().collect(),
        root: Arc::clone(root),
        roots: roots.clone(),
        chain,
        grant,
    })
}

fn unsealed() -> Refusal {
    Refusal::new(Code::ChainUnsealed, "token", "", "")
}

impl Verified {
    /// The chain of blocks.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// What the whole chain allows.
    #[must_use]
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// What the chain allows after each block, root block first.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        // The chain was replayed once already, so this cannot fail.
        self.chain.grants().unwrap_or_default()
    }

    /// The entry of the root that signed the root block.
    pub fn root(&self) -> &TrustedRoot {
        &self.root
    }

    /// The digest of the roots it was verified with: verify again where that is no longer the one in force.
    #[must_use]
    pub fn roots_digest(&self) -> &[u8; 32] {
        self.roots.digest()
    }

    /// The one audience it is sealed for.
    #[must_use]
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }

    /// Whether the seal is bound to one request.
    #[must_use]
    pub const fn is_for_one_request(&self) -> bool {
        self.digest.is_some()
    }

    /// What the seal states, as a log may keep it: the payload without the request digest and the said facts.
    #[must_use]
    pub fn seal_claims(&self) -> Vec<u8> {
        let seal = self.chain.last().map(|block| block.claims().clone()).unwrap_or_default();
        Claims { digest: None, said: Vec::new(), ..seal }.write()
    }

    /// Only for what is remembered: there the digest itself is not kept.
    pub(crate) const fn set_for_one_request(&mut self) {
        self.digest = Some([0; 32]);
    }

    pub(crate) const fn digest(&self) -> Option<&[u8; 32]> {
        self.digest.as_ref()
    }

    /// What approvals of this request must be for. It takes the digest of the whole request, once for all of them.
    #[must_use]
    pub fn approvable(&self, request: &crate::request::Request) -> Approvable {
        Approvable::new(self.last_delegate(), self.request_digest(request), request.distinct_actions())
    }

    /// The digest of a request behind this seal: SHA-256 over its audience, call, arguments and the said facts. Approvers sign
    /// for it.
    #[must_use]
    pub fn request_digest(&self, request: &crate::request::Request) -> [u8; 32] {
        crate::witness::digest(self, request)
    }

    /// What the holder stated in the seal: conditions know it as `@said.name`.
    #[must_use]
    pub const fn said(&self) -> &BTreeMap<Name, Value> {
        &self.said
    }

    pub(crate) const fn roots(&self) -> &Roots {
        &self.roots
    }

    /// The last block before the seal: approvals are signed for it.
    #[must_use]
    pub fn last_delegate(&self) -> Option<BlockId> {
        self.chain.blocks().iter().rev().nth(1).map(Block::id)
    }

    pub(crate) fn root_claims(&self) -> Option<&Claims> {
        self.chain.blocks().first().map(|block| block.claims())
    }
}
