//! The change one block makes. Nothing in it can say "more".

use alloc::vec::Vec;

use crate::ask::AskRule;
use crate::claims::{Claims, Refinement, Scopes};
use crate::code::Code;
use crate::grant::Grant;
use crate::ids::{BlockId, LedgerId};
use crate::level::Level;
use crate::name::Name;
use crate::pattern::Pattern;
use crate::ratchet::Rule;
use crate::refusal::Refusal;
use crate::scope::{OtherArguments, Scope};

/// What a block takes away. Everything not mentioned is inherited. Of two limits the narrower counts, of two names or
/// notes the later; audiences and kept scopes add up to what is kept.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Code, Heir, Narrowing, RootGrant, SecretKey, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?);
/// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
///
/// let child = token.attenuate(&Narrowing::new().keep("read:hr:*".parse()?), Heir::carried(&mut rng))?;
/// assert_eq!(child.chain().grants()?[1].scopes()[0].to_string(), "read:hr:*");
///
/// let wider = Narrowing::new().keep("write:*".parse()?);
/// let refusal = token.attenuate(&wider, Heir::carried(&mut rng)).unwrap_err();
/// assert_eq!(refusal.to_string(), "`write:*` is not within `read:*`");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Narrowing {
    keep: Option<Vec<Scope>>,
    nothing: bool,
    drop: Vec<Pattern>,
    claims: Claims,
    /// What was stated twice though it cannot be joined.
    contradiction: Option<&'static str>,
}

/// Each method takes something away and returns the narrowing.
///
/// ```
/// use wane::{BlockId, LedgerId, Level, Narrowing, Rule};
/// let narrowing = Narrowing::new()
///     .keep("read:hr:*".parse()?)
///     .drop("read:hr:salaries".parse()?)
///     .deny("read:hr:board".parse()?)
///     .ask("read:hr:reviews by @hr".parse()?)
///     .rule(Rule::new(Level::Internal, [], ["read:*".parse()?]))
///     .raise(Level::Internal)
///     .label("pii".parse()?)
///     .clearance(Level::Confidential)
///     .audience("files".parse()?)
///     .expires_at(2_000)
///     .not_before(1_100)
///     .ledger(LedgerId::from_bytes([1; 16]))
///     .budget("calls".parse()?, 50)
///     .depth(2)
///     .subject("summariser")
///     .note("reads the reviews");
/// let session = Narrowing::new().open_session(1_200).continues(BlockId::from_bytes([2; 32]));
/// let dead_end = Narrowing::new().nothing();
/// # let _ = (narrowing, session, dead_end);
/// # Ok::<(), wane::Refusal>(())
/// ```
impl Narrowing {
    /// Takes nothing away yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps only what the kept scopes name: refines every scope in force that contains this scope's pattern, and
    /// adds its conditions. Scopes that no `keep` names are gone.
    pub fn keep(mut self, scope: Scope) -> Self {
        self.keep.get_or_insert_default().push(scope);
        self
    }

    /// Leaves out every scope that lies within the pattern. A part of a scope cannot be left out: deny it.
    pub fn drop(mut self, pattern: Pattern) -> Self {
        self.drop.push(pattern);
        self
    }

    /// Keeps no scope at all, whatever else is kept: nothing is allowed from here on.
    pub fn nothing(mut self) -> Self {
        self.nothing = true;
        self
    }

    /// Denies a pattern for good, whatever the scopes say.
    pub fn deny(mut self, pattern: Pattern) -> Self {
        push_new(&mut self.claims.deny, pattern);
        self
    }

    /// Demands approvals for a pattern.
    pub fn ask(mut self, rule: AskRule) -> Self {
        push_new(&mut self.claims.ask, rule);
        self
    }

    /// Adds a ratchet rule.
    pub fn rule(mut self, rule: Rule) -> Self {
        push_new(self.claims.rules.get_or_insert_default(), rule);
        self
    }

    /// Raises the level of the mark.
    pub fn raise(mut self, level: Level) -> Self {
        self.claims.level = self.claims.level.max(Some(level));
        self
    }

    /// Adds a label to the mark.
    pub fn label(mut self, label: Name) -> Self {
        push_new(&mut self.claims.labels, label);
        self.claims.labels.sort();
        self
    }

    /// Lowers the highest level a request may have.
    pub fn clearance(mut self, level: Level) -> Self {
        self.claims.clearance = Some(self.claims.clearance.map_or(level, |stated| stated.min(level)));
        self
    }

    /// Names an audience to keep; those not named are gone.
    pub fn audience(mut self, audience: Pattern) -> Self {
        push_new(&mut self.claims.audiences, audience);
        self
    }

    /// Ends the lifetime at this second, seconds since 1970-01-01T00:00:00Z.
    pub fn expires_at(mut self, time: u64) -> Self {
        self.claims.expires_at = Some(self.claims.expires_at.map_or(time, |stated| stated.min(time)));
        self
    }

    /// Starts the lifetime at this second, seconds since 1970-01-01T00:00:00Z.
    pub fn not_before(mut self, time: u64) -> Self {
        self.claims.not_before = self.claims.not_before.max(Some(time));
        self
    }

    /// Caps a budget. It needs a ledger in force.
    pub fn budget(mut self, name: Name, cap: u64) -> Self {
        match self.claims.budgets.iter_mut().find(|(known, _)| *known == name) {
            Some((_, stated)) => *stated = cap.min(*stated),
            None => self.claims.budgets.push((name, cap)),
        }
        self.claims.budgets.sort();
        self
    }

    /// Binds the chain to a ledger: verifiers without it refuse.
    pub fn ledger(mut self, ledger: LedgerId) -> Self {
        if self.claims.ledger.replace(ledger).is_some_and(|stated| stated != ledger) {
            self.contradiction = Some("ledger");
        }
        self
    }

    /// Lets at most this many delegate blocks follow.
    pub fn depth(mut self, depth: u8) -> Self {
        self.claims.depth = Some(self.claims.depth.map_or(depth, |stated| stated.min(depth)));
        self
    }

    /// Names the next holder, for people and logs; at most 256 bytes.
    pub fn subject(mut self, name: &str) -> Self {
        self.claims.subject = Some(name.into());
        self
    }

    /// A note for people; at most 1,024 bytes.
    pub fn note(mut self, text: &str) -> Self {
        self.claims.note = Some(text.into());
        self
    }

    /// Opens the session of a chain whose root left that right to its delegates. `issued_at` is now, in seconds
    /// since 1970-01-01T00:00:00Z.
    pub fn open_session(mut self, issued_at: u64) -> Self {
        self.claims.session = true;
        self.claims.issued_at = self.claims.issued_at.max(Some(issued_at));
        self
    }

    /// Makes the session opened here continue the first session of a line. It needs a ledger in force.
    pub fn continues(mut self, first: BlockId) -> Self {
        if self.claims.continues.replace(first).is_some_and(|stated| stated != first) {
            self.contradiction = Some("continues");
        }
        self
    }

    /// The claims of a block that narrows `grant` so.
    pub(crate) fn claims(&self, grant: &Grant) -> Result<Claims, Refusal> {
        let mut claims = self.stated()?;
        claims.scopes = self.scopes(grant)?;
        Ok(claims)
    }

    /// The claims but for the scopes, which depend on what is in force.
    pub(crate) fn stated(&self) -> Result<Claims, Refusal> {
        match self.contradiction {
            Some(field) => Err(Refusal::new(Code::UseBuilder, field, field, "")),
            None => Ok(self.claims.clone()),
        }
    }

    /// Notes that something was stated twice and cannot be joined.
    pub(crate) const fn contradict(&mut self, field: &'static str) {
        self.contradiction = Some(field);
    }

    pub(crate) const fn claims_mut(&mut self) -> &mut Claims {
        &mut self.claims
    }

    fn scopes(&self, grant: &Grant) -> Result<Option<Scopes>, Refusal> {
        let patterns: Vec<&Pattern> = grant.scopes.patterns().collect();
        let unchanged = |index: usize| Refinement {
            index,
            pattern: None,
            conditions: Vec::new(),
            other_arguments: OtherArguments::Open,
        };
        let mut kept = match &self.keep {
            _ if self.nothing => return Ok(Some(Scopes::Refined(Vec::new()))),
            None => (0..patterns.len()).map(unchanged).collect(),
            Some(scopes) => {
                let mut kept = Vec::new();
                for scope in scopes {
                    kept.extend(refinements(scope, &patterns, grant)?);
                }
                kept
            }
        };
        let pattern = |one: &Refinement| one.pattern.as_ref().or(patterns.get(one.index).copied()).cloned();
        let lies_within = |one: &Refinement, dropped: &Pattern| pattern(one).is_some_and(|it| dropped.contains(&it));
        if let Some(dropped) = self.drop.iter().find(|dropped| !kept.iter().any(|one| lies_within(one, dropped))) {
            return Err(nothing_to_drop(dropped, &patterns, grant));
        }
        kept.retain(|one| !self.drop.iter().any(|dropped| lies_within(one, dropped)));
        let changes_nothing =
            kept.len() == patterns.len() && kept.iter().enumerate().all(|(index, one)| *one == unchanged(index));
        Ok((!changes_nothing).then_some(Scopes::Refined(kept)))
    }
}

/// One refinement for each scope in force that contains the kept scope's pattern.
fn refinements(scope: &Scope, patterns: &[&Pattern], grant: &Grant) -> Result<Vec<Refinement>, Refusal> {
    let refine = |(index, pattern): (usize, &&Pattern)| Refinement {
        index,
        pattern: (scope.pattern != **pattern).then(|| scope.pattern.clone()),
        conditions: scope.conditions.clone(),
        other_arguments: if grant.scopes.is_closed(index) { OtherArguments::Open } else { scope.other_arguments },
    };
    let within = patterns.iter().enumerate().filter(|(_, pattern)| pattern.contains(&scope.pattern));
    let found: Vec<_> = within.map(refine).collect();
    if found.is_empty() {
        return Err(Refusal::new(Code::ChainScopeWider, "scopes", &scope.pattern, &grant.scopes));
    }
    Ok(found)
}

fn nothing_to_drop(dropped: &Pattern, patterns: &[&Pattern], grant: &Grant) -> Refusal {
    match patterns.iter().find(|pattern| pattern.contains(dropped)) {
        Some(wider) => Refusal::new(Code::UseDrop, "scopes", dropped, format_args!("`{wider}` is wider")),
        None => Refusal::new(Code::UseDrop, "scopes", dropped, format_args!("in force: {}", grant.scopes)),
    }
}

/// Lists on the wire hold distinct elements.
pub(crate) fn push_new<T: PartialEq>(list: &mut Vec<T>, element: T) {
    if !list.contains(&element) {
        list.push(element);
    }
}
