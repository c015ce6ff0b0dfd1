//! What blocks and root entries state.

use super::tree::Tree;

/// A scope or a refinement. A root block's scope states a pattern, and its index says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stated {
    pub(crate) index: usize,
    pub(crate) pattern: Option<&'static str>,
    /// Places in the list of conditions.
    pub(crate) conditions: Vec<usize>,
    pub(crate) only: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) level: u8,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) keep: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Approver {
    Key(u8),
    Group(&'static str),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ask {
    pub(crate) pattern: &'static str,
    pub(crate) approvers: Vec<Approver>,
    pub(crate) need: u64,
}

/// Which root the root block names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    Trusted,
    Unknown,
}

/// How a block is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Signature {
    /// By the key in force, as what it is, behind the block before it.
    #[default]
    Right,
    Key(u8),
    Kind(u64),
    Unlinked,
}

/// Which request a seal is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Digest {
    /// The first one that is asked.
    First,
    Another,
}

/// What one block states. A block without `cnf` is a seal.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Block {
    pub(crate) signature: Signature,
    pub(crate) sub: Option<&'static str>,
    pub(crate) aud: Vec<&'static str>,
    pub(crate) exp: Option<u64>,
    pub(crate) nbf: Option<u64>,
    pub(crate) iat: Option<u64>,
    pub(crate) cti: bool,
    pub(crate) cnf: Option<u8>,
    pub(crate) hint: Option<Hint>,
    pub(crate) session: bool,
    /// The first session of a line, by a number.
    pub(crate) continues: Option<u8>,
    pub(crate) ledger: Option<u8>,
    pub(crate) scopes: Option<Vec<Stated>>,
    pub(crate) deny: Vec<&'static str>,
    pub(crate) ask: Vec<Ask>,
    pub(crate) rules: Option<Vec<Rule>>,
    pub(crate) level: Option<u8>,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) clearance: Option<u8>,
    /// In the order of their encoded names.
    pub(crate) budgets: Vec<(&'static str, u64)>,
    pub(crate) depth: Option<u8>,
    pub(crate) digest: Option<Digest>,
    pub(crate) said: Vec<(&'static str, Tree)>,
}

/// What a verifier is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chain {
    pub(crate) blocks: Vec<Block>,
    /// Whether a secret follows.
    pub(crate) secret: bool,
}

impl Chain {
    /// What the holder said in the last block.
    pub(crate) fn said(&self) -> &[(&'static str, Tree)] {
        self.blocks.last().map_or(&[], |seal| &seal.said)
    }
}

/// The root entry of the verifier, and its groups.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Entry {
    pub(crate) aud: Option<Vec<&'static str>>,
    pub(crate) scopes: Option<Vec<Stated>>,
    pub(crate) max_ttl: Option<u64>,
    pub(crate) depth: Option<u8>,
    pub(crate) level: u8,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) mint_from: Option<u64>,
    pub(crate) mint_until: Option<u64>,
    pub(crate) issuer: bool,
    pub(crate) own_ratchet: bool,
    /// Another root key, by its number, whose sessions may be continued.
    pub(crate) succeeds: Option<u8>,
    pub(crate) groups: Vec<(&'static str, Vec<u8>)>,
}

pub(crate) fn defaults() -> Vec<Rule> {
    let rule = |level, labels: &[&'static str], keep: &[&'static str]| Rule {
        level,
        labels: labels.to_vec(),
        keep: keep.to_vec(),
    };
    vec![rule(2, &[], &["read:*", "write:*"]), rule(3, &[], &["read:*"]), rule(2, &["untrusted"], &["read:*"])]
}
