//! What one block states: a CWT claims map (RFC 8392) with the private map of this format.

pub(crate) use self::read::Place;

mod read;
mod wire;
mod write;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::ask::AskRule;
use crate::condition::Condition;
use crate::ids::{BlockId, LedgerId};
use crate::key::{Hex, KeyHint, PublicKey};
use crate::level::Level;
use crate::name::Name;
use crate::pattern::{Action, Pattern};
use crate::ratchet::Rule;
use crate::scope::{OtherArguments, Scope};
use crate::value::Value;

/// The claims of one block, as stated: nothing inherited, nothing believed.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// # use wane::{Heir, RootGrant, SecretKey, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// # let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).subject("planner");
/// let token = mint(&grant, &root, Heir::carried(&mut rng))?;
/// let claims: &wane::Claims = token.chain().blocks()[0].claims();
/// assert_eq!(claims.subject(), Some("planner"));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claims {
    pub(crate) subject: Option<Box<str>>,
    /// Empty where the block states none.
    pub(crate) audiences: Vec<Pattern>,
    pub(crate) expires_at: Option<u64>,
    pub(crate) not_before: Option<u64>,
    pub(crate) issued_at: Option<u64>,
    pub(crate) token_id: Option<[u8; 8]>,
    /// The key that must sign the next block; a seal has none.
    pub(crate) key: Option<PublicKey>,
    pub(crate) hint: Option<KeyHint>,
    pub(crate) session: bool,
    pub(crate) continues: Option<BlockId>,
    pub(crate) ledger: Option<LedgerId>,
    pub(crate) scopes: Option<Scopes>,
    pub(crate) deny: Vec<Pattern>,
    pub(crate) ask: Vec<AskRule>,
    /// A root block may state the empty list.
    pub(crate) rules: Option<Vec<Rule>>,
    pub(crate) level: Option<Level>,
    pub(crate) labels: Vec<Name>,
    pub(crate) clearance: Option<Level>,
    pub(crate) budgets: Vec<(Name, u64)>,
    pub(crate) depth: Option<u8>,
    pub(crate) note: Option<Box<str>>,
    pub(crate) digest: Option<[u8; 32]>,
    pub(crate) said: Vec<(Name, Value)>,
    /// Only in an approval, as the two below.
    pub(crate) approver: Option<PublicKey>,
    pub(crate) actions: Vec<Action>,
}

/// The scopes a block states: whole ones in a root block, refinements later.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scopes {
    Refined(Vec<Refinement>),
    Whole(Vec<Scope>),
}

impl Scopes {
    /// Whether nothing is allowed from here on.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Refined(refinements) => refinements.is_empty(),
            Self::Whole(scopes) => scopes.is_empty(),
        }
    }
}

/// A narrower version of one scope in force.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refinement {
    pub(crate) index: usize,
    /// `None` keeps the scope's own pattern.
    pub(crate) pattern: Option<Pattern>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) other_arguments: OtherArguments,
}

impl Claims {
    /// Who holds the next key, in the words of whoever signed the block: not verified by anybody.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// # let token = mint(&grant, &SecretKey::from_seed([1; 32]), Heir::carried(&mut rng))?;
    /// assert_eq!(token.chain().blocks()[0].claims().subject(), None);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// The note, in the words of whoever signed the block.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600).note("nightly report");
    /// # let token = mint(&grant, &SecretKey::from_seed([1; 32]), Heir::carried(&mut rng))?;
    /// assert_eq!(token.chain().blocks()[0].claims().note(), Some("nightly report"));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The key that must sign the next block (`cnf`); `None` in a seal.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// let agent = SecretKey::generate(&mut rng).public_key();
    /// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::bound(agent, &mut rng))?;
    /// assert_eq!(token.chain().blocks()[0].claims().key(), Some(&agent));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn key(&self) -> Option<&PublicKey> {
        self.key.as_ref()
    }

    /// The hint of the root key; stated by a root block only.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let root = SecretKey::from_seed([1; 32]);
    /// let token = mint(&RootGrant::new("files".parse()?, 1_000, 4_600), &root, Heir::carried(&mut rng))?;
    /// assert_eq!(token.chain().blocks()[0].claims().hint(), Some(root.public_key().hint()));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn hint(&self) -> Option<KeyHint> {
        self.hint
    }

    /// The first session of the line that the block continues, where it opens a session that does.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{BlockId, Heir, LedgerId, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// let (ledger, first) = (LedgerId::from_bytes([0x5e; 16]), BlockId::from_bytes([1; 32]));
    /// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).ledger(ledger).continues(first);
    /// let token = mint(&grant, &SecretKey::from_seed([1; 32]), Heir::carried(&mut rng))?;
    /// assert_eq!(token.chain().blocks()[0].claims().continues(), Some(first));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn continues(&self) -> Option<BlockId> {
        self.continues
    }

    /// Whether the block opens the session.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// let token = mint(&grant, &SecretKey::from_seed([1; 32]), Heir::carried(&mut rng))?;
    /// assert!(token.chain().blocks()[0].claims().opens_session());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn opens_session(&self) -> bool {
        self.session
    }

    /// The end of the lifetime that the block states, seconds since 1970-01-01T00:00:00Z.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// let token = mint(&grant, &SecretKey::from_seed([1; 32]), Heir::carried(&mut rng))?;
    /// assert_eq!(token.chain().blocks()[0].claims().expires_at(), Some(4_600));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn expires_at(&self) -> Option<u64> {
        self.expires_at
    }

    /// When the block says it was issued, seconds since 1970-01-01T00:00:00Z.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// let token = mint(&grant, &SecretKey::from_seed([1; 32]), Heir::carried(&mut rng))?;
    /// assert_eq!(token.chain().blocks()[0].claims().issued_at(), Some(1_000));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn issued_at(&self) -> Option<u64> {
        self.issued_at
    }

    /// The budgets that the block caps, each with its cap.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, LedgerId, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// let ledger = LedgerId::from_bytes([1; 16]);
    /// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).ledger(ledger).budget("calls".parse()?, 50);
    /// let token = mint(&grant, &SecretKey::from_seed([1; 32]), Heir::carried(&mut rng))?;
    /// assert_eq!(token.chain().blocks()[0].claims().budgets(), [("calls".parse()?, 50)]);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn budgets(&self) -> &[(Name, u64)] {
        &self.budgets
    }

    /// Everything the block states, claim by claim in the order of the wire: a name and a value for people.
    /// Times are seconds since 1970, bytes are hexadecimal; texts are as stated and want escaping on display.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?);
    /// # let token = mint(&grant, &SecretKey::from_seed([1; 32]), Heir::carried(&mut rng))?;
    /// let stated = token.chain().blocks()[0].claims().stated();
    /// assert_eq!(stated[0], ("aud", "files".to_string()));
    /// assert!(stated.contains(&("scope", "read:*".to_string())));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn stated(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        let mut say = |name, value: Option<String>| out.extend(value.map(|value| (name, value)));
        say("sub", self.subject.as_ref().map(ToString::to_string));
        for audience in &self.audiences {
            say("aud", Some(audience.to_string()));
        }
        say("exp", self.expires_at.map(|time| time.to_string()));
        say("nbf", self.not_before.map(|time| time.to_string()));
        say("iat", self.issued_at.map(|time| time.to_string()));
        say("cti", self.token_id.map(|id| Hex(&id).to_string()));
        say("cnf", self.key.map(|key| key.to_string()));
        say("hint", self.hint.map(|hint| hint.to_string()));
        say("session", self.session.then(|| "opens here".to_string()));
        say("continues", self.continues.map(|id| id.to_string()));
        say("ledger", self.ledger.map(|id| id.to_string()));
        match &self.scopes {
            Some(scopes) if scopes.is_empty() => say("scopes", Some("none".to_string())),
            Some(Scopes::Whole(scopes)) => scopes.iter().for_each(|scope| say("scope", Some(scope.to_string()))),
            Some(Scopes::Refined(list)) => list.iter().for_each(|one| say("scope", Some(one.to_string()))),
            None => {}
        }
        self.deny.iter().for_each(|pattern| say("deny", Some(pattern.to_string())));
        self.ask.iter().for_each(|rule| say("ask", Some(rule.to_string())));
        self.rules.iter().flatten().for_each(|rule| say("ratchet", Some(rule.to_string())));
        // Where a root block may replace the default rules, stating none is a statement.
        say("ratchet", self.rules.as_ref().filter(|rules| rules.is_empty()).map(|_| "no rules".to_string()));
        say("level", self.level.map(|level| level.to_string()));
        self.labels.iter().for_each(|label| say("label", Some(label.to_string())));
        say("clearance", self.clearance.map(|level| level.to_string()));
        for (name, cap) in &self.budgets {
            say("budget", Some(alloc::format!("{name}={cap}")));
        }
        say("depth", self.depth.map(|depth| depth.to_string()));
        say("note", self.note.as_ref().map(ToString::to_string));
        say("digest", self.digest.map(|digest| Hex(&digest).to_string()));
        for (name, value) in &self.said {
            say("said", Some(alloc::format!("{name}={value}")));
        }
        out
    }
}

/// `scope 2`, `scope 2 as read:hr:*`, `scope 2 if path under /data only`.
impl core::fmt::Display for Refinement {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "scope {}", self.index)?;
        if let Some(pattern) = &self.pattern {
            write!(f, " as {pattern}")?;
        }
        crate::scope::write_conditions(f, &self.conditions, self.other_arguments)
    }
}
