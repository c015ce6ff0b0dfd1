//! What the law looks at in a chain.

use wane::{Bearer, Block, BlockId, Claims, Kind, PublicKey, Verified};

use super::about::About;
use super::entry::Opened;
use super::key_text::KeyText;
use crate::store::Fault;

/// The blocks with the times in force at each, and the session they belong to.
pub(super) struct Outline<'a> {
    pub(super) blocks: Vec<Placed<'a>>,
    /// The block that opens the session.
    session: usize,
    /// What the session continues.
    pub(super) first: Option<BlockId>,
    pub(super) root: PublicKey,
    /// The seal, where it is for one request.
    pub(super) one_request: Option<BlockId>,
}

/// A block in its place.
pub(super) struct Placed<'a> {
    pub(super) block: &'a Block,
    pub(super) parent: Option<BlockId>,
    pub(super) exp: u64,
    pub(super) iat: u64,
    /// The iat that its `sub` and key are judged by.
    issued: u64,
    root_issued: u64,
}

impl<'a> Placed<'a> {
    pub(super) const fn id(&self) -> BlockId {
        self.block.id()
    }

    pub(super) const fn claims(&self) -> &'a Claims {
        self.block.claims()
    }

    pub(super) fn about(&self) -> About {
        let claims = self.claims();
        About {
            parent: self.parent,
            sub: claims.subject().map(str::to_owned),
            key: claims.key().map(KeyText::from),
            note: claims.note().map(str::to_owned),
            issued: self.issued,
            root_issued: self.root_issued,
            continues: claims.continues(),
        }
    }
}

/// Each block with the times in force there. A later block's stated time replaces the one before, as narrowing has checked.
pub(super) fn place(blocks: &[Block]) -> Vec<Placed<'_>> {
    let root_issued = blocks.first().and_then(|root| root.claims().issued_at()).unwrap_or(0);
    let (mut parent, mut exp, mut iat) = (None, 0, root_issued);
    let mut placed = Vec::with_capacity(blocks.len());
    for block in blocks {
        let issued = iat;
        exp = block.claims().expires_at().unwrap_or(exp);
        iat = block.claims().issued_at().unwrap_or(iat);
        placed.push(Placed { block, parent, exp, iat, issued, root_issued });
        parent = Some(block.id());
    }
    placed
}

impl<'a> Outline<'a> {
    pub(super) fn of(verified: &'a Verified) -> Result<Self, Fault> {
        let grant = verified.grant();
        let blocks = place(verified.chain().blocks());
        let session = grant.session().ok_or_else(|| Fault::Misuse("a chain without a session".into()))?;
        let seal = blocks.last().filter(|last| last.block.kind() == Kind::Seal).map(Placed::id);
        Ok(Self {
            session,
            first: grant.continues(),
            root: *verified.root().key(),
            one_request: seal.filter(|_| verified.is_for_one_request()),
            blocks,
        })
    }

    pub(super) fn session(&self) -> Result<&Placed<'a>, Fault> {
        self.blocks.get(self.session).ok_or_else(|| Fault::Misuse("a session in no block".into()))
    }

    /// The id that marks and the session block's counters live under.
    pub(super) fn line(&self) -> Result<BlockId, Fault> {
        // spec: S17
        match self.first {
            Some(first) => Ok(first),
            None => self.session().map(Placed::id),
        }
    }

    /// The id that the counters of block `index` live under.
    pub(super) fn counters_of(&self, index: usize, placed: &Placed<'_>) -> BlockId {
        // spec: S17
        self.first.filter(|_| index == self.session).unwrap_or_else(|| placed.id())
    }

    /// The session as its blocks tell it.
    pub(super) fn opened(&self, at: u64) -> Result<Opened, Fault> {
        Ok(Opened { root: KeyText::from(&self.root), iat: self.session()?.iat, continues: self.first, at })
    }

    /// Everybody whose `revoked-before` time concerns the chain, each once.
    pub(super) fn bearers(&self) -> Vec<Bearer> {
        let mut bearers = vec![Bearer::Root(self.root)];
        for placed in &self.blocks {
            let key = placed.claims().key().copied().map(Bearer::Key);
            let agent = placed.claims().subject().map(|sub| Bearer::Agent(sub.into()));
            for bearer in [key, agent].into_iter().flatten() {
                if !bearers.contains(&bearer) {
                    bearers.push(bearer);
                }
            }
        }
        bearers
    }
}

/// The id that a chain's marks and its session's counters live under: the session's own, or that of the first of its line.
/// Everything that happens under one line is done one after the other, under a lock of this name.
pub(crate) fn line_of(verified: &Verified) -> Result<BlockId, Fault> {
    Outline::of(verified)?.line()
}
