//! Trusted roots: the public keys a verifier accepts, each with a ceiling.

#[cfg(feature = "toml")]
mod file;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::ask::Approver;
use crate::cbor::Writer;
use crate::claims::Claims;
use crate::code::Code;
use crate::grant::{Grant, Quoted};
use crate::key::{KeyHint, PublicKey};
use crate::level::Mark;
use crate::name::Name;
use crate::pattern::{Pattern, any_contains};
use crate::ratchet::Rule;
use crate::refusal::Refusal;
use crate::scope::Scope;
use crate::scope_tree::ScopeTree;

/// A public key a verifier accepts, and the ceiling of what it may grant. Without a ceiling it may grant anything.
///
/// ```
/// use wane::{Level, Mark, Roots, Rule, SecretKey, TrustedRoot};
/// let key = SecretKey::from_seed([1; 32]).public_key();
/// let root = TrustedRoot::new(key)
///     .named("ops-2026")
///     .audiences(["files".parse()?])
///     .scopes(["read:*".parse()?])
///     .longest(8 * 3_600)
///     .depth(4)
///     .mark(Mark::at(Level::Internal))
///     .rule(Rule::new(Level::Internal, [], ["read:*".parse()?]))
///     .minting_from(1_000)
///     .minting_until(2_000)
///     .allow_issuer()
///     .allow_own_ratchet()
///     .succeeds(SecretKey::from_seed([2; 32]).public_key());
/// assert_eq!(root.name(), Some("ops-2026"));
/// assert_eq!(root.key(), &key);
/// assert!(Roots::new([root]).is_ok());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TrustedRoot {
    key: PublicKey,
    hint: KeyHint,
    name: Option<Box<str>>,
    audiences: Option<Vec<Pattern>>,
    scopes: Option<Vec<Scope>>,
    tree: ScopeTree,
    longest: Option<u64>,
    depth: Option<u8>,
    mark: Mark,
    rules: Vec<Rule>,
    defaults: Vec<Rule>,
    mint_from: Option<u64>,
    mint_until: Option<u64>,
    issuer: Right,
    own_ratchet: Right,
    succeeds: Vec<PublicKey>,
}

/// What a root entry lets a root block do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Given,
    Withheld,
}

impl TrustedRoot {
    /// A key without a ceiling.
    pub fn new(key: PublicKey) -> Self {
        Self {
            key,
            hint: key.hint(),
            name: None,
            audiences: None,
            scopes: None,
            tree: ScopeTree::default(),
            longest: None,
            depth: None,
            mark: Mark::default(),
            rules: Vec::new(),
            defaults: Rule::defaults(),
            mint_from: None,
            mint_until: None,
            issuer: Right::Withheld,
            own_ratchet: Right::Withheld,
            succeeds: Vec::new(),
        }
    }

    /// A name for people.
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The audiences a root block may state. Stated again, the later list counts.
    pub fn audiences(mut self, audiences: impl IntoIterator<Item = Pattern>) -> Self {
        self.audiences = Some(audiences.into_iter().collect());
        self
    }

    /// The scopes a root block's patterns must lie within, and that every request must pass, conditions included.
    /// Stated again, the later list counts.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = Scope>) -> Self {
        let scopes: Vec<_> = scopes.into_iter().collect();
        self.tree = ScopeTree::new(&scopes);
        self.scopes = Some(scopes);
        self
    }

    /// The longest `exp − iat` of a root block, in seconds.
    pub fn longest(mut self, seconds: u64) -> Self {
        self.longest = Some(self.longest.map_or(seconds, |stated| stated.min(seconds)));
        self
    }

    /// The most delegate blocks a root block may let follow.
    pub fn depth(mut self, depth: u8) -> Self {
        self.depth = Some(self.depth.map_or(depth, |stated| stated.min(depth)));
        self
    }

    /// The lowest mark: it is joined when deciding.
    pub fn mark(mut self, mark: Mark) -> Self {
        self.mark.join(&mark);
        self
    }

    /// A ratchet rule added when deciding.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Root blocks must be issued at or after this second, seconds since 1970-01-01T00:00:00Z.
    pub fn minting_from(mut self, time: u64) -> Self {
        self.mint_from = self.mint_from.max(Some(time));
        self
    }

    /// Root blocks must be issued before this second, seconds since 1970-01-01T00:00:00Z.
    pub fn minting_until(mut self, time: u64) -> Self {
        self.mint_until = Some(self.mint_until.map_or(time, |stated| stated.min(time)));
        self
    }

    /// Accepts root blocks that leave opening the session to a delegate block.
    pub fn allow_issuer(mut self) -> Self {
        self.issuer = Right::Given;
        self
    }

    /// Lets a root block's ratchet rules replace the default ones.
    pub fn allow_own_ratchet(mut self) -> Self {
        self.own_ratchet = Right::Given;
        self
    }

    /// An older root key whose sessions this key's sessions may continue.
    pub fn succeeds(mut self, key: PublicKey) -> Self {
        self.succeeds.push(key);
        self
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The name for people.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether sessions opened under this other key may be continued.
    pub(crate) fn continues_those_of(&self, key: &PublicKey) -> bool {
        self.key == *key || self.succeeds.contains(key)
    }

    pub(crate) const fn lowest_mark(&self) -> &Mark {
        &self.mark
    }

    /// The scopes every request must pass, if any are stated.
    pub(crate) fn ceiling(&self) -> Option<&ScopeTree> {
        self.scopes.as_ref().map(|_| &self.tree)
    }

    /// The default rules, unless the root block states its own and may.
    pub(crate) fn default_rules(&self, root: Option<&Claims>) -> &[Rule] {
        let stated = root.is_some_and(|claims| claims.rules.is_some());
        // spec: T116
        if self.own_ratchet == Right::Given && stated { &[] } else { &self.defaults }
    }

    /// The rules this entry adds.
    pub(crate) fn added_rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Refuses a root block that states more than this entry allows.
    pub(crate) fn admit(&self, grant: &Grant) -> Result<(), Refusal> {
        let (from, until) = (self.mint_from.unwrap_or(0), self.mint_until.unwrap_or(u64::MAX));
        // spec: T115 T120
        if !(from..until).contains(&grant.issued_at) {
            let bound = MintWindow(self.mint_from, self.mint_until);
            return Err(Refusal::new(Code::ChainMintWindow, "iat", grant.issued_at, bound));
        }
        if let Some(ceiling) = &self.audiences
            && let Some(wider) = grant.audiences.iter().find(|stated| !any_contains(ceiling, stated))
        {
            let found = format_args!("the audience `{wider}`");
            let bound = format_args!("the audiences {}", Quoted(ceiling));
            return Err(Refusal::new(Code::ChainRoot, "aud", found, bound));
        }
        if self.scopes.is_some() {
            let within = |stated: &&Pattern| self.tree.patterns().any(|pattern| pattern.contains(stated));
            if let Some(wider) = grant.scopes.patterns().find(|stated| !within(stated)) {
                let found = format_args!("the scope `{wider}`");
                return Err(Refusal::new(Code::ChainRoot, "scopes", found, format_args!("the scopes {}", self.tree)));
            }
        }
        let lifetime = grant.expires_at.saturating_sub(grant.issued_at);
        if let Some(longest) = self.longest.filter(|longest| lifetime > *longest) {
            let (found, bound) = (format_args!("{lifetime} seconds"), format_args!("{longest} seconds"));
            return Err(Refusal::new(Code::ChainRoot, "exp", found, bound));
        }
        if let Some(depth) = self.depth.filter(|depth| grant.depth > *depth) {
            let (found, bound) = (format_args!("depth {}", grant.depth), format_args!("depth {depth}"));
            return Err(Refusal::new(Code::ChainRoot, "depth", found, bound));
        }
        // spec: T51
        if grant.session.is_none() && self.issuer == Right::Withheld {
            return Err(Refusal::new(Code::ChainIssuer, "session", "", ""));
        }
        Ok(())
    }

    /// One array with a place for everything, so that any change changes the digest of the roots.
    fn write(&self, out: &mut Writer) {
        fn optional<T>(out: &mut Writer, value: Option<T>, write: impl FnOnce(&mut Writer, T)) {
            match value {
                Some(value) => write(out, value),
                None => {
                    out.null();
                }
            }
        }
        fn texts<T: alloc::string::ToString>(out: &mut Writer, list: &[T]) {
            out.array(list.len());
            list.iter().for_each(|one| {
                out.text(&one.to_string());
            });
        }
        let number = |out: &mut Writer, value: u64| {
            out.unsigned(value);
        };
        out.array(13).bytes(self.key.as_bytes());
        optional(out, self.name.as_deref(), |out, name| {
            out.text(name);
        });
        optional(out, self.audiences.as_deref(), texts);
        optional(out, self.scopes.as_deref(), texts);
        optional(out, self.longest, number);
        optional(out, self.depth.map(u64::from), number);
        out.text(&alloc::format!("{}", self.mark));
        texts(out, &self.rules);
        optional(out, self.mint_from, number);
        optional(out, self.mint_until, number);
        out.bool(self.issuer == Right::Given).bool(self.own_ratchet == Right::Given);
        texts(out, &self.succeeds);
    }
}

struct MintWindow(Option<u64>, Option<u64>);

impl core::fmt::Display for MintWindow {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self(Some(from), Some(until)) => write!(f, "{from} up to {until}"),
            Self(Some(from), None) => write!(f, "{from} and later"),
            Self(None, Some(until)) => write!(f, "before {until}"),
            Self(None, None) => f.write_str("any time"),
        }
    }
}

/// The trusted roots of a verifier and its approver groups. Cloning is cheap.
///
/// ```
/// use wane::{Roots, SecretKey, TrustedRoot};
/// let (old, new) = (SecretKey::from_seed([1; 32]), SecretKey::from_seed([2; 32]));
/// let roots = Roots::new([
///     TrustedRoot::new(old.public_key()).minting_until(1_000),
///     TrustedRoot::new(new.public_key()).succeeds(old.public_key()),
/// ])?;
/// assert_eq!(roots.entries().count(), 2);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Roots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    entries: Vec<Arc<TrustedRoot>>,
    groups: BTreeMap<Name, Vec<PublicKey>>,
    digest: [u8; 32],
}

impl Roots {
    /// These roots, without approver groups.
    ///
    /// # Errors
    /// `parse-roots` for no root at all, or for two with the same hint.
    ///
    /// ```
    /// assert!(wane::Roots::new([]).is_err());
    /// ```
    pub fn new(entries: impl IntoIterator<Item = TrustedRoot>) -> Result<Self, Refusal> {
        Self::with_groups(entries, BTreeMap::new())
    }

    /// These roots and approver groups.
    ///
    /// # Errors
    /// As [`Roots::new`]; `parse-roots` also for a group named `local`, which is the enforcement point's own.
    ///
    /// ```
    /// use wane::{Roots, SecretKey, TrustedRoot};
    /// let key = |seed| SecretKey::from_seed([seed; 32]).public_key();
    /// let groups = [("oncall".parse()?, vec![key(2), key(3)])].into();
    /// assert!(Roots::with_groups([TrustedRoot::new(key(1))], groups).is_ok());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn with_groups(
        entries: impl IntoIterator<Item = TrustedRoot>,
        groups: BTreeMap<Name, Vec<PublicKey>>,
    ) -> Result<Self, Refusal> {
        let refuse = |reason: &str| Refusal::new(Code::ParseRoots, "roots", reason, "");
        let entries: Vec<_> = entries.into_iter().map(Arc::new).collect();
        if entries.is_empty() {
            return Err(refuse("no root is stated"));
        }
        if groups.keys().any(|name| name.as_str() == LOCAL) {
            return Err(refuse("the group `local` is the enforcement point's own key and cannot be defined"));
        }
        let mut hints: Vec<KeyHint> = entries.iter().map(|entry| entry.hint).collect();
        hints.sort_unstable();
        // spec: T114
        if hints.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(refuse("two roots have the same hint"));
        }
        let mut out = Writer::default();
        out.array(2).array(entries.len());
        entries.iter().for_each(|entry| entry.write(&mut out));
        out.map(groups.len());
        for (name, keys) in &groups {
            out.text(name.as_str()).array(keys.len());
            keys.iter().for_each(|key| {
                out.bytes(key.as_bytes());
            });
        }
        let digest = Sha256::digest(out.into_bytes()).into();
        Ok(Self(Arc::new(Inner { entries, groups, digest })))
    }

    /// One root without a ceiling.
    ///
    /// ```
    /// let roots = wane::Roots::single(wane::SecretKey::from_seed([1; 32]).public_key());
    /// assert_eq!(roots.entries().count(), 1);
    /// ```
    #[must_use]
    pub fn single(key: PublicKey) -> Self {
        let mut out = Writer::default();
        let entry = TrustedRoot::new(key);
        out.array(2).array(1);
        entry.write(&mut out);
        out.map(0);
        let digest = Sha256::digest(out.into_bytes()).into();
        Self(Arc::new(Inner { entries: alloc::vec![Arc::new(entry)], groups: BTreeMap::new(), digest }))
    }

    /// The entries, in the order stated.
    ///
    /// ```
    /// let key = wane::SecretKey::from_seed([1; 32]).public_key();
    /// assert_eq!(wane::Roots::single(key).entries().next().map(|entry| *entry.key()), Some(key));
    /// ```
    pub fn entries(&self) -> impl Iterator<Item = &TrustedRoot> {
        self.0.entries.iter().map(AsRef::as_ref)
    }

    /// SHA-256 over everything in force here: two verifiers with the same digest trust the same.
    ///
    /// ```
    /// use wane::{Roots, SecretKey, TrustedRoot};
    /// let key = SecretKey::from_seed([1; 32]).public_key();
    /// let shorter = Roots::new([TrustedRoot::new(key).longest(60)])?;
    /// assert_ne!(Roots::single(key).digest(), shorter.digest());
    /// assert_eq!(Roots::single(key).digest(), Roots::new([TrustedRoot::new(key)])?.digest());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.0.digest
    }

    pub(crate) fn find(&self, hint: KeyHint) -> Option<&Arc<TrustedRoot>> {
        self.0.entries.iter().find(|entry| entry.hint == hint)
    }

    /// Whether a rule's approver is, or includes, this key. `local` is the enforcement point's own.
    pub(crate) fn names(&self, approver: &Approver, key: &PublicKey, local: Option<&PublicKey>) -> bool {
        match approver {
            Approver::Group(name) if name.as_str() == LOCAL => local == Some(key),
            Approver::Group(name) => self.0.groups.get(name).is_some_and(|keys| keys.contains(key)),
            Approver::Key(named) => named == key,
        }
    }

    /// Refuses an approver group that nobody defines.
    pub(crate) fn check_defined(&self, approver: &Approver) -> Result<(), Refusal> {
        match approver {
            // spec: T119 T149
            Approver::Group(name) if name.as_str() != LOCAL && !self.0.groups.contains_key(name) => {
                Err(Refusal::new(Code::DenyGroup, "ask", approver, ""))
            }
            Approver::Group(_) | Approver::Key(_) => Ok(()),
        }
    }
}

/// The group that is the enforcement point's own approval key.
const LOCAL: &str = "local";
