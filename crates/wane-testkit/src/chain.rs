//! Blocks signed by anybody behind anything, and chains of them.

use crate::cbor::Item;
use crate::claims::{Claims, root};
use crate::key::{ROOT, hint, key, sha256, sign};
use crate::list;
use crate::text::line;

/// The protected header of every good block: `{1: -19}`.
pub const PROTECTED: [u8; 3] = [0xa1, 0x01, 0x32];

type Signing = Box<dyn Fn(&[u8]) -> Vec<u8>>;
type Shaping = Box<dyn Fn(Vec<Item>) -> Item>;

/// One block before it is signed. What is not said is as it should be at its place in the chain.
pub struct Block {
    kind: u64,
    payload: Vec<u8>,
    holder: Option<u8>,
    signer: Option<u8>,
    previous: Option<[u8; 32]>,
    aad: Option<Vec<u8>>,
    protected: Vec<u8>,
    context: String,
    signing: Option<Signing>,
    shaping: Option<Shaping>,
}

impl Block {
    /// A block of this kind: 0 root, 1 delegate, 2 seal, 3 approval.
    #[must_use]
    pub fn new(kind: u64, claims: &Claims) -> Self {
        Self { holder: claims.holder(), ..Self::raw(kind, claims.to_item().to_bytes()) }
    }

    /// A block of this kind whose payload is these bytes.
    #[must_use]
    pub fn raw(kind: u64, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            payload: payload.into(),
            holder: None,
            signer: None,
            previous: None,
            aad: None,
            protected: PROTECTED.to_vec(),
            context: "Signature1".to_owned(),
            signing: None,
            shaping: None,
        }
    }

    /// Signed by the key of this number, and not by the holder of the chain.
    #[must_use]
    pub fn by(mut self, number: u8) -> Self {
        self.signer = Some(number);
        self
    }

    /// Names the key of this number as the next holder, whatever its claims say.
    #[must_use]
    pub fn held_by(mut self, number: u8) -> Self {
        self.holder = Some(number);
        self
    }

    /// Signed as if this were the id of the block before.
    #[must_use]
    pub fn behind(mut self, previous: [u8; 32]) -> Self {
        self.previous = Some(previous);
        self
    }

    /// Signed with these bytes as `external_aad`.
    #[must_use]
    pub fn aad(mut self, aad: impl Into<Item>) -> Self {
        self.aad = Some(aad.into().to_bytes());
        self
    }

    /// Signed and written with these bytes as the protected header.
    #[must_use]
    pub fn protected(mut self, header: &[u8]) -> Self {
        self.protected = header.to_vec();
        self
    }

    /// Signed with another context string than `Signature1`.
    #[must_use]
    pub fn context(mut self, context: &str) -> Self {
        self.context = context.to_owned();
        self
    }

    /// With what this makes of the bytes to sign as the signature.
    #[must_use]
    pub fn signature(mut self, signing: impl Fn(&[u8]) -> Vec<u8> + 'static) -> Self {
        self.signing = Some(Box::new(signing));
        self
    }

    /// Written as what this makes of the four parts.
    #[must_use]
    pub fn shape(mut self, shaping: impl Fn(Vec<Item>) -> Item + 'static) -> Self {
        self.shaping = Some(Box::new(shaping));
        self
    }

    /// The bytes to sign and the envelope, for a block behind `previous` that `holder` signs unless the block says
    /// otherwise.
    #[must_use]
    pub fn sign(&self, previous: [u8; 32], holder: u8) -> (Vec<u8>, Item) {
        let previous = self.previous.unwrap_or(previous);
        let aad = self.aad.clone().unwrap_or_else(|| list!["wane1", self.kind, previous].to_bytes());
        let bytes = |bytes: &[u8]| Item::Bytes(bytes.to_vec());
        let parts = vec![self.context.as_str().into(), bytes(&self.protected), bytes(&aad), bytes(&self.payload)];
        let signed = Item::List(parts).to_bytes();
        let signature = match &self.signing {
            Some(signing) => signing(&signed),
            None => sign(self.signer.unwrap_or(holder), &signed),
        };
        let parts = vec![bytes(&self.protected), Item::Map(Vec::new()), bytes(&self.payload), bytes(&signature)];
        let envelope = match &self.shaping {
            Some(shaping) => shaping(parts),
            None => Item::List(parts),
        };
        (signed, envelope)
    }
}

/// Blocks one after the other, and what the next one is signed with and behind.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The envelopes.
    pub blocks: Vec<Item>,
    /// The id of each block.
    pub ids: Vec<[u8; 32]>,
    /// The id behind which the next block is signed.
    pub previous: [u8; 32],
    /// The key that signs the next block.
    pub holder: u8,
}

impl Chain {
    /// Nothing yet, behind the hint of this key, which signs the first block.
    #[must_use]
    pub fn behind(root: u8) -> Self {
        let previous = sha256(&[b"wane1", &hint(root)]);
        Self { blocks: Vec::new(), ids: Vec::new(), previous, holder: root }
    }

    /// A root block of these claims, by the trusted root.
    #[must_use]
    pub fn root(claims: &Claims) -> Self {
        Self::behind(ROOT).put(&Block::new(0, claims))
    }

    /// The standard root block alone.
    #[must_use]
    pub fn minted() -> Self {
        Self::root(&root())
    }

    /// The standard root block and a delegate block that states nothing.
    #[must_use]
    pub fn delegated() -> Self {
        Self::minted().delegate(Claims::new())
    }

    /// The standard root block and a seal that states nothing.
    #[must_use]
    pub fn standard() -> Self {
        Self::minted().seal(Claims::new())
    }

    /// One more block.
    #[must_use]
    pub fn put(mut self, block: &Block) -> Self {
        let (signed, envelope) = block.sign(self.previous, self.holder);
        let next = u8::try_from(self.blocks.len()).unwrap_or(0) + 2;
        self.holder = block.holder.unwrap_or(next);
        self.previous = sha256(&[&signed]);
        self.ids.push(self.previous);
        self.blocks.push(envelope);
        self
    }

    /// A delegate block by the holder. Where the claims name no key, it is the next in number: the block at place i
    /// names the key i + 2.
    #[must_use]
    pub fn delegate(self, claims: Claims) -> Self {
        let next = u8::try_from(self.blocks.len()).unwrap_or(0) + 2;
        let claims = if claims.states(8) { claims } else { claims.cnf(next) };
        self.put(&Block::new(1, &claims))
    }

    /// A seal by the holder.
    #[must_use]
    pub fn seal(self, claims: Claims) -> Self {
        self.put(&Block::new(2, &claims))
    }

    /// `[[block, …]]`
    #[must_use]
    pub fn to_item(&self) -> Item {
        list![Item::List(self.blocks.clone())]
    }

    /// `[[block, …], secret]`, the secret being the holder's.
    #[must_use]
    pub fn with_secret(&self) -> Item {
        list![Item::List(self.blocks.clone()), key(self.holder).to_bytes()]
    }

    /// `wane1.sealed.…`
    #[must_use]
    pub fn sealed(&self) -> String {
        line("wane1.sealed.", &self.to_item().to_bytes())
    }

    /// `wane1.token.…` with the holder's secret.
    #[must_use]
    pub fn carried(&self) -> String {
        line("wane1.token.", &self.with_secret().to_bytes())
    }

    /// `wane1.token.…` without a secret.
    #[must_use]
    pub fn bound(&self) -> String {
        line("wane1.token.", &self.to_item().to_bytes())
    }

    /// The id of the block at this place.
    ///
    /// # Panics
    /// Where no block stands there.
    #[must_use]
    pub fn id(&self, place: usize) -> [u8; 32] {
        *self.ids.get(place).expect("the chain has this block")
    }
}
