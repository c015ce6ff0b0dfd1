//! Root blocks: what a root key grants.

use alloc::vec::Vec;

use rand_core::CryptoRng;

use crate::ask::AskRule;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, Scopes};
use crate::envelope::Kind;
use crate::grant::Grant;
use crate::ids::{BlockId, LedgerId};
use crate::key::{PublicKey, SecretKey, Signer};
use crate::level::Level;
use crate::name::Name;
use crate::narrowing::{Narrowing, push_new};
use crate::pattern::Pattern;
use crate::ratchet::Rule;
use crate::refusal::Refusal;
use crate::scope::Scope;
use crate::token::Token;

/// What a root block states: audiences, a lifetime, scopes, and any limit a later block could add.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Heir, Level, RootGrant, SecretKey, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600)
///     .scope("read:*".parse()?)
///     .scope("write:files:* if path under /data".parse()?)
///     .raise(Level::Internal)
///     .subject("planner");
/// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
/// assert!(token.expose_text().starts_with("wane1.token."));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct RootGrant {
    scopes: Vec<Scope>,
    /// The limits that any block may state.
    limits: Narrowing,
    own_rules: Option<Vec<Rule>>,
    issuer: bool,
    issued_at: u64,
}

/// Scopes and limits, added one by one.
///
/// ```
/// use wane::{BlockId, LedgerId, Level, RootGrant, Rule};
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600)
///     .audience("mail".parse()?)
///     .scope("read:*".parse()?)
///     .deny("read:hr:board".parse()?)
///     .ask("send:* by @oncall need 2".parse()?)
///     .rule(Rule::new(Level::Internal, [], ["read:*".parse()?]))
///     .raise(Level::Internal)
///     .label("pii".parse()?)
///     .clearance(Level::Confidential)
///     .not_before(1_100)
///     .ledger(LedgerId::from_bytes([1; 16]))
///     .budget("calls".parse()?, 50)
///     .depth(2)
///     .subject("planner")
///     .note("nightly report")
///     .continues(BlockId::from_bytes([2; 32]));
/// let own = RootGrant::new("files".parse()?, 1_000, 4_600).own_rules(vec![]);
/// let issuer = RootGrant::new("files".parse()?, 1_000, 4_600).issuer();
/// # let _ = (grant, own, issuer);
/// # Ok::<(), wane::Refusal>(())
/// ```
impl RootGrant {
    /// A grant without scopes for one audience, from `issued_at` up to but not at `expires_at`, both in seconds
    /// since 1970-01-01T00:00:00Z.
    pub fn new(audience: Pattern, issued_at: u64, expires_at: u64) -> Self {
        let limits = Narrowing::new().audience(audience).expires_at(expires_at);
        Self { scopes: Vec::new(), limits, own_rules: None, issuer: false, issued_at }
    }

    /// One more audience.
    pub fn audience(self, audience: Pattern) -> Self {
        self.limit(|limits| limits.audience(audience))
    }

    /// One more scope.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scopes.push(scope);
        self
    }

    /// Denies a pattern, whatever the scopes say.
    pub fn deny(self, pattern: Pattern) -> Self {
        self.limit(|limits| limits.deny(pattern))
    }

    /// Demands approvals for a pattern.
    pub fn ask(self, rule: AskRule) -> Self {
        self.limit(|limits| limits.ask(rule))
    }

    /// Adds a ratchet rule to the default ones, which the block then states as well.
    pub fn rule(self, rule: Rule) -> Self {
        self.limit(|limits| limits.rule(rule))
    }

    /// States these ratchet rules. They replace the default ones where the verifier's root entry says
    /// `own-ratchet = true`, and are added to them everywhere else.
    pub fn own_rules(mut self, rules: Vec<Rule>) -> Self {
        let own = self.own_rules.get_or_insert_default();
        rules.into_iter().for_each(|rule| push_new(own, rule));
        self
    }

    /// Starts the mark at this level.
    pub fn raise(self, level: Level) -> Self {
        self.limit(|limits| limits.raise(level))
    }

    /// Starts the mark with this label.
    pub fn label(self, label: Name) -> Self {
        self.limit(|limits| limits.label(label))
    }

    /// The highest level a request may have.
    pub fn clearance(self, level: Level) -> Self {
        self.limit(|limits| limits.clearance(level))
    }

    /// Not valid before this second, seconds since 1970-01-01T00:00:00Z.
    pub fn not_before(self, time: u64) -> Self {
        self.limit(|limits| limits.not_before(time))
    }

    /// Caps a budget. It needs a ledger.
    pub fn budget(self, name: Name, cap: u64) -> Self {
        self.limit(|limits| limits.budget(name, cap))
    }

    /// Binds the session to a ledger: verifiers without it refuse.
    pub fn ledger(self, ledger: LedgerId) -> Self {
        self.limit(|limits| limits.ledger(ledger))
    }

    /// Lets at most this many delegate blocks follow, 0 to 14.
    pub fn depth(self, depth: u8) -> Self {
        self.limit(|limits| limits.depth(depth))
    }

    /// Names the holder, for people and logs; at most 256 bytes.
    pub fn subject(self, name: &str) -> Self {
        self.limit(|limits| limits.subject(name))
    }

    /// A note for people; at most 1,024 bytes.
    pub fn note(self, text: &str) -> Self {
        self.limit(|limits| limits.note(text))
    }

    /// Makes the session continue the first session of a line. It needs a ledger.
    pub fn continues(self, first: BlockId) -> Self {
        self.limit(|limits| limits.continues(first))
    }

    /// Opens no session: one delegate block will. Verifiers accept that only where their root entry says
    /// `issuer = true`.
    pub const fn issuer(mut self) -> Self {
        self.issuer = true;
        self
    }

    fn limit(self, add: impl FnOnce(Narrowing) -> Narrowing) -> Self {
        Self { limits: add(self.limits), ..self }
    }

    fn claims(&self) -> Result<Claims, Refusal> {
        let mut claims = self.limits.stated()?;
        claims.scopes = Some(Scopes::Whole(self.scopes.clone()));
        claims.issued_at = Some(self.issued_at);
        claims.session = !self.issuer;
        claims.rules = match (&self.own_rules, claims.rules.take()) {
            (None, None) => None,
            // A root block that states rules replaces the default ones where it may, so rules that were only added
            // are stated beside them.
            (own, added) => {
                let mut rules = own.clone().unwrap_or_else(Rule::defaults);
                added.into_iter().flatten().for_each(|rule| push_new(&mut rules, rule));
                Some(rules)
            }
        };
        Ok(claims)
    }
}

/// Who holds the next key.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Heir, SecretKey};
/// # let mut rng = UnwrapErr(SysRng);
/// let anybody = Heir::carried(&mut rng);
/// let agent = SecretKey::generate(&mut rng);
/// let only_the_agent = Heir::bound(agent.public_key(), &mut rng);
/// # let _ = (anybody, only_the_agent);
/// ```
#[derive(Debug)]
pub struct Heir(pub(crate) HeirKey);

#[derive(Debug)]
pub(crate) enum HeirKey {
    Bound { key: PublicKey, token_id: [u8; 8] },
    Carried(SecretKey),
}

impl Heir {
    /// Whoever is handed the token: a fresh secret key travels in it.
    #[must_use]
    pub fn carried(rng: &mut impl CryptoRng) -> Self {
        // spec: T55
        Self(HeirKey::Carried(SecretKey::generate(rng)))
    }

    /// Only the holder of this key: the token is worth nothing to anybody else.
    #[must_use]
    pub fn bound(key: PublicKey, rng: &mut impl CryptoRng) -> Self {
        let mut token_id = [0; 8];
        rng.fill_bytes(&mut token_id);
        Self(HeirKey::Bound { key, token_id })
    }

    /// Names the next key in the claims; the secret, if it is to travel.
    pub(crate) fn enter(self, claims: &mut Claims) -> Option<SecretKey> {
        match self.0 {
            HeirKey::Bound { key, token_id } => {
                claims.key = Some(key);
                // spec: T56
                claims.token_id = Some(token_id);
                None
            }
            HeirKey::Carried(secret) => {
                claims.key = Some(secret.public_key());
                Some(secret)
            }
        }
    }
}

/// Mints a token: a root block signed by `root`, and what its holder needs to extend it.
///
/// # Errors
/// - `use-signer`: the signer failed, or signed something else.
/// - `parse-limit` and other `parse-*`: the grant states more than a block can hold.
/// - `chain-*`: the grant contradicts itself, such as a budget without a ledger or a lifetime of no second.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Code, Heir, RootGrant, SecretKey, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// let root = SecretKey::generate(&mut rng);
/// let never = RootGrant::new("files".parse()?, 4_600, 1_000);
/// let refusal = mint(&never, &root, Heir::carried(&mut rng)).unwrap_err();
/// assert_eq!(refusal.code(), Code::ChainEmptyTime);
/// # Ok::<(), wane::Refusal>(())
/// ```
pub fn mint(grant: &RootGrant, root: &(impl Signer + ?Sized), heir: Heir) -> Result<Token, Refusal> {
    let mut claims = grant.claims()?;
    claims.hint = Some(root.public_key().hint());
    let secret = heir.enter(&mut claims);
    // A root key signs nothing that would be refused.
    Grant::root(&claims).map_err(|refusal| refusal.in_block(0))?;
    let block = Block::sign(Kind::Root, None, &claims, |signed| signed.sign_by(root))?;
    Token::new(Chain::new(block), secret)
}
