//! A chain of blocks as read: well-formed, in its one encoding, and not yet believed.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::cbor::{Item, Reader, Writer, scan};
use crate::claims::{Claims, Place};
use crate::code::Code;
use crate::envelope::{Envelope, Kind, SigStructure, before_root};
use crate::grant::Grant;
use crate::ids::BlockId;
use crate::key::{PublicKey, SecretKey};
use crate::limits;
use crate::refusal::Refusal;

/// One block: what was signed, by whichever key, and the claims in it.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// # use wane::{Heir, Kind, RootGrant, SecretKey, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
/// # let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
/// let block: &wane::Block = &token.chain().blocks()[0];
/// assert_eq!(block.kind(), Kind::Root);
/// assert_eq!(block.id().to_string().len(), 64);
/// assert_eq!(block.claims().note(), None);
/// assert!(block.size() > 100);
/// assert_eq!(block.envelope_bytes().len(), block.size());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Block {
    kind: Kind,
    id: BlockId,
    payload: Vec<u8>,
    signed: SigStructure,
    signature: [u8; 64],
    claims: Claims,
}

impl Block {
    /// Root, delegate or seal.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// SHA-256 of what was signed. It says nothing about the signature.
    #[must_use]
    pub const fn id(&self) -> BlockId {
        self.id
    }

    /// What the block states.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Bytes of CBOR the envelope takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.envelope_bytes().len()
    }

    /// The envelope as it stands in the token: payload and signature, no secret.
    #[must_use]
    pub fn envelope_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        self.envelope().write(&mut out);
        out.into_bytes()
    }

    pub(crate) const fn signed(&self) -> &SigStructure {
        &self.signed
    }

    pub(crate) const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    const fn envelope(&self) -> Envelope<'_> {
        Envelope { payload: self.payload.as_slice(), signature: &self.signature }
    }

    /// Signs new claims behind `previous`. They go through the same reader as received ones, so that every limit
    /// is checked in one place.
    pub(crate) fn sign(
        kind: Kind,
        previous: Option<BlockId>,
        claims: &Claims,
        sign: impl FnOnce(&SigStructure) -> Result<[u8; 64], Refusal>,
    ) -> Result<Self, Refusal> {
        let payload = claims.write();
        scan(&payload)?;
        let place = if kind == Kind::Root { Place::Root } else { Place::Later };
        let claims = Claims::read(&payload, place)?;
        let signed = SigStructure::new(kind, id_before(previous, &claims), &payload)?;
        let signature = sign(&signed)?;
        Ok(Self { kind, id: signed.id(), payload, signed, signature, claims })
    }

    /// Reads one envelope behind `previous`.
    fn read(reader: &mut Reader<'_>, previous: Option<BlockId>) -> Result<Self, Refusal> {
        let envelope = Envelope::read(reader)?;
        scan(envelope.payload)?;
        let place = if previous.is_none() { Place::Root } else { Place::Later };
        let claims = Claims::read(envelope.payload, place)?;
        // spec: T19
        let kind = match (place, &claims.key) {
            (Place::Root, _) => Kind::Root,
            (Place::Later | Place::Approval, Some(_)) => Kind::Delegate,
            (Place::Later | Place::Approval, None) => Kind::Seal,
        };
        let signed = SigStructure::new(kind, id_before(previous, &claims), envelope.payload)?;
        // spec: T14
        let payload = envelope.payload.to_vec();
        Ok(Self { kind, id: signed.id(), payload, signed, signature: *envelope.signature, claims })
    }
}

/// The id that stands before a block: that of its predecessor, or what the root block's hint comes to.
fn id_before(previous: Option<BlockId>, claims: &Claims) -> BlockId {
    previous.or_else(|| claims.hint.map(before_root)).unwrap_or(BlockId([0; 32]))
}

/// The blocks of a token, root block first. Reading them proves nothing; [`verify`](crate::verify) does.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// # use wane::{Heir, RootGrant, SecretKey, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
/// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
/// let chain: &wane::Chain = token.chain();
/// assert_eq!(chain.blocks().len(), 1);
/// assert_eq!(chain.grants()?.len(), 1);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Chain {
    /// Never empty.
    blocks: Vec<Block>,
}

impl Chain {
    /// The blocks, root block first.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Each block with the key that must have signed it.
    pub(crate) fn signers(&self, root: &PublicKey) -> impl Iterator<Item = (&Block, PublicKey)> {
        // A seal names no next key, and nothing follows it.
        self.blocks.iter().scan(*root, |key, block| {
            let next = block.claims.key().copied().unwrap_or(*key);
            Some((block, core::mem::replace(key, next)))
        })
    }

    /// What the chain allows after each block, replayed without checking a signature.
    ///
    /// # Errors
    /// The `chain-*` refusal of the first block that would widen something.
    pub fn grants(&self) -> Result<Vec<Grant>, Refusal> {
        let mut grants = Vec::with_capacity(self.blocks.len());
        self.replay(|_, _| Ok(()), |_| Ok(()), |grant| grants.push(grant.clone()))?;
        Ok(grants)
    }

    /// The one replay: for each block `check` its signature, then its narrowing, then `note` what is in force. The
    /// root block's grant must pass `ceiling`.
    pub(crate) fn replay(
        &self,
        mut check: impl FnMut(usize, &Block) -> Result<(), Refusal>,
        ceiling: impl FnOnce(&Grant) -> Result<(), Refusal>,
        mut note: impl FnMut(&Grant),
    ) -> Result<Grant, Refusal> {
        let mut blocks = self.blocks.iter().enumerate();
        let (_, root) = blocks.next().ok_or_else(no_block)?;
        let mut grant = check(0, root)
            .and_then(|()| Grant::root(&root.claims))
            .and_then(|grant| ceiling(&grant).map(|()| grant))
            .map_err(|refusal| refusal.in_block(0))?;
        note(&grant);
        for (index, block) in blocks {
            check(index, block)
                .and_then(|()| grant.narrow(block.kind, &block.claims))
                .map_err(|refusal| refusal.in_block(index))?;
            note(&grant);
        }
        Ok(grant)
    }

    pub(crate) fn new(root: Block) -> Self {
        Self { blocks: alloc::vec![root] }
    }

    /// The same chain with one more block.
    pub(crate) fn extended(&self, block: Block) -> Result<Self, Refusal> {
        let count = self.blocks.len().saturating_add(1);
        if count > limits::BLOCKS {
            return Err(Refusal::new(Code::ParseTooManyBlocks, "token", count, limits::BLOCKS));
        }
        let mut blocks = self.blocks.clone();
        blocks.push(block);
        Ok(Self { blocks })
    }

    /// Refuses what nobody could read back.
    pub(crate) fn check_size(&self, secret: Option<&SecretKey>) -> Result<(), Refusal> {
        let size = self.write(secret).len();
        if size > limits::TOKEN_BYTES {
            return Err(Refusal::new(Code::ParseTooLarge, "token", size, limits::TOKEN_BYTES));
        }
        Ok(())
    }

    pub(crate) fn last(&self) -> Option<&Block> {
        self.blocks.last()
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.last().is_some_and(|block| block.kind == Kind::Seal)
    }

    /// Reads a whole token: the chain, and the secret if it carries one.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, Option<SecretKey>), Refusal> {
        // spec: T107
        if bytes.len() > limits::TOKEN_BYTES {
            return Err(Refusal::new(Code::ParseTooLarge, "token", bytes.len(), limits::TOKEN_BYTES));
        }
        scan(bytes)?;
        let mut reader = Reader::new(bytes);
        let parts = array(&mut reader, "blocks and at most a secret")?;
        // spec: T15
        if !(1..=2).contains(&parts) {
            let found = format_args!("an array of {parts}");
            return Err(Refusal::new(Code::ParseEnvelope, "token", found, "blocks and at most a secret"));
        }
        let count = array(&mut reader, "a list of blocks")?;
        // spec: T16
        if count > limits::BLOCKS {
            return Err(Refusal::new(Code::ParseTooManyBlocks, "token", count, limits::BLOCKS));
        }
        let mut blocks: Vec<Block> = Vec::with_capacity(count);
        for index in 0..count {
            // spec: T20
            if blocks.last().is_some_and(|block| block.kind == Kind::Seal) {
                let refusal = Refusal::new(Code::ParseMissingClaim, "cnf", "cnf", "a block before the last");
                return Err(refusal.in_block(index.saturating_sub(1)));
            }
            let previous = blocks.last().map(|block| block.id);
            blocks.push(Block::read(&mut reader, previous).map_err(|refusal| refusal.in_block(index))?);
        }
        if blocks.is_empty() {
            return Err(no_block());
        }
        let secret = match parts {
            // spec: T26
            2 => Some(SecretKey::from_seed(*Zeroizing::new(reader.bytes::<32>("secret")?))),
            _ => None,
        };
        Ok((Self { blocks }, secret))
    }

    /// The chain of a recorded decision: signed envelopes, and a seal of which only id and claims are known.
    pub(crate) fn recalled(envelopes: &[Vec<u8>], seal: BlockId, seal_claims: &[u8]) -> Result<Self, Refusal> {
        let mut blocks: Vec<Block> = Vec::with_capacity(envelopes.len().saturating_add(1));
        if envelopes.len() >= limits::BLOCKS {
            let found = envelopes.len().saturating_add(1);
            return Err(Refusal::new(Code::ParseTooManyBlocks, "token", found, limits::BLOCKS));
        }
        for (index, envelope) in envelopes.iter().enumerate() {
            scan(envelope).map_err(|refusal| refusal.in_block(index))?;
            let previous = blocks.last().map(|block| block.id);
            let block = Block::read(&mut Reader::new(envelope), previous).map_err(|refusal| refusal.in_block(index))?;
            // A seal's signature would not be checked, so none may stand among the signed blocks.
            if block.kind == Kind::Seal {
                return Err(
                    Refusal::new(Code::ParseMissingClaim, "cnf", "cnf", "a block before the last").in_block(index)
                );
            }
            blocks.push(block);
        }
        let previous = blocks.last().map(|block| block.id).ok_or_else(no_block)?;
        scan(seal_claims)?;
        let claims = Claims::read(seal_claims, Place::Later)?;
        let signed = SigStructure::new(Kind::Seal, previous, seal_claims)?;
        if claims.key.is_some() {
            return Err(Refusal::new(Code::ParseMisplacedClaim, "cnf", "cnf", "a seal"));
        }
        let payload = seal_claims.to_vec();
        blocks.push(Block { kind: Kind::Seal, id: seal, payload, signed, signature: [0; 64], claims });
        Ok(Self { blocks })
    }

    /// The token's one encoding. The result is wiped because it may hold the secret.
    pub(crate) fn write(&self, secret: Option<&SecretKey>) -> Zeroizing<Vec<u8>> {
        // A buffer that grows would leave copies of the secret behind.
        let size: usize = self.blocks.iter().map(|block| block.payload.len().saturating_add(80)).sum();
        let mut out = Writer::with_capacity(size.saturating_add(40));
        out.array(1_usize.saturating_add(secret.iter().len())).array(self.blocks.len());
        for block in &self.blocks {
            block.envelope().write(&mut out);
        }
        if let Some(secret) = secret {
            out.bytes(secret.expose_seed());
        }
        Zeroizing::new(out.into_bytes())
    }
}

fn array(reader: &mut Reader<'_>, wanted: &str) -> Result<usize, Refusal> {
    match reader.next()? {
        Item::Array(count) => Ok(count),
        other => Err(Refusal::new(Code::ParseEnvelope, "token", other.kind(), wanted)),
    }
}

fn no_block() -> Refusal {
    Refusal::new(Code::ParseEnvelope, "token", "no block", "at least a root block")
}
