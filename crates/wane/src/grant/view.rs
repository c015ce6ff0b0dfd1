//! Reading a grant.

use alloc::vec::Vec;

use super::Grant;
use crate::ask::AskRule;
use crate::ids::{BlockId, LedgerId};
use crate::level::{Level, Mark};
use crate::name::Name;
use crate::pattern::Pattern;
use crate::ratchet::Rule;
use crate::scope::Scope;

/// The values in force.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Heir, Level, Narrowing, RootGrant, SecretKey, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?).depth(3);
/// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?
///     .attenuate(&Narrowing::new().raise(Level::Internal).expires_at(2_000), Heir::carried(&mut rng))?;
/// let grants = token.chain().grants()?;
/// let [root, child] = grants.as_slice() else { panic!() };
/// assert_eq!((root.expires_at(), child.expires_at()), (4_600, 2_000));
/// assert_eq!((root.depth(), child.depth()), (3, 2));
/// assert_eq!(child.mark().level(), Level::Internal);
/// assert_eq!(child.audiences()[0].as_str(), "files");
/// assert_eq!(child.scopes()[0].to_string(), "read:*");
/// assert_eq!(child.clearance(), Level::TopSecret);
/// assert_eq!((child.issued_at(), child.not_before()), (1_000, None));
/// assert_eq!((child.session(), child.continues(), child.ledger()), (Some(0), None, None));
/// assert!(child.budgets().is_empty());
/// assert_eq!(child.denied().count() + child.asks().count() + child.rules().count(), 0);
/// # Ok::<(), wane::Refusal>(())
/// ```
impl Grant {
    /// The audiences: patterns a verifier's own name must lie within.
    #[must_use]
    pub fn audiences(&self) -> &[Pattern] {
        &self.audiences
    }

    /// The scopes, each with all conditions from the root block down.
    ///
    /// A scope that an earlier block closed with `only` and a later one conditioned further prints all of its
    /// conditions; arguments that only the later ones name stay refused.
    #[must_use]
    pub fn scopes(&self) -> Vec<Scope> {
        self.scopes.flattened()
    }

    /// First second at which it is no longer valid, seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn expires_at(&self) -> u64 {
        self.expires_at
    }

    /// First second at which it is valid, if stated.
    #[must_use]
    pub const fn not_before(&self) -> Option<u64> {
        self.not_before
    }

    /// When it was issued: the latest `iat` stated so far.
    #[must_use]
    pub const fn issued_at(&self) -> u64 {
        self.issued_at
    }

    /// What is denied whatever the scopes say.
    pub fn denied(&self) -> impl Iterator<Item = &Pattern> {
        self.deny.iter().map(|(_, pattern)| pattern)
    }

    /// What needs approval.
    pub fn asks(&self) -> impl Iterator<Item = &AskRule> {
        self.ask.iter().map(|(_, rule)| rule)
    }

    /// The ratchet rules that blocks stated; the default ones are not among them.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|(_, rule)| rule)
    }

    /// The mark stated along the chain.
    #[must_use]
    pub const fn mark(&self) -> &Mark {
        &self.mark
    }

    /// The highest level a request may have.
    #[must_use]
    pub const fn clearance(&self) -> Level {
        self.clearance
    }

    /// The tightest cap of each budget.
    #[must_use]
    pub fn budgets(&self) -> &[(Name, u64)] {
        &self.budgets
    }

    /// How many delegate blocks may still follow.
    #[must_use]
    pub const fn depth(&self) -> u8 {
        self.depth
    }

    /// The ledger this chain is bound to, if any.
    #[must_use]
    pub const fn ledger(&self) -> Option<LedgerId> {
        self.ledger
    }

    /// The block that opens the session, if one is open.
    #[must_use]
    pub const fn session(&self) -> Option<usize> {
        self.session
    }

    /// The first session of the line that the session continues, if it continues one.
    #[must_use]
    pub const fn continues(&self) -> Option<BlockId> {
        self.continues
    }
}
