//! What a chain allows at a point, and the one replay that narrows it block by block.

mod view;

use alloc::vec::Vec;
use core::fmt;

use crate::ask::AskRule;
use crate::claims::{Claims, Scopes};
use crate::code::Code;
use crate::envelope::Kind;
use crate::ids::{BlockId, LedgerId};
use crate::level::{Level, Mark};
use crate::limits;
use crate::name::Name;
use crate::pattern::{Pattern, any_contains};
use crate::ratchet::Rule;
use crate::refusal::Refusal;
use crate::scope_tree::ScopeTree;

/// What a chain allows at a point: audiences, times, scopes and limits. It only ever gets smaller.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// # use wane::{Heir, RootGrant, SecretKey, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?);
/// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
/// let grants: Vec<wane::Grant> = token.chain().grants()?;
/// assert_eq!(grants[0].scopes()[0].to_string(), "read:*");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Grant {
    pub(crate) audiences: Vec<Pattern>,
    pub(crate) expires_at: u64,
    pub(crate) not_before: Option<u64>,
    pub(crate) issued_at: u64,
    pub(crate) scopes: ScopeTree,
    /// With the block that states it.
    pub(crate) deny: Vec<(usize, Pattern)>,
    pub(crate) ask: Vec<(usize, AskRule)>,
    pub(crate) rules: Vec<(usize, Rule)>,
    pub(crate) mark: Mark,
    pub(crate) clearance: Level,
    pub(crate) budgets: Vec<(Name, u64)>,
    pub(crate) depth: u8,
    pub(crate) ledger: Option<LedgerId>,
    pub(crate) session: Option<usize>,
    pub(crate) continues: Option<BlockId>,
    blocks: usize,
}

impl Grant {
    /// What a root block grants. It is narrowed from nothing, so only its own consistency is checked.
    pub(crate) fn root(claims: &Claims) -> Result<Self, Refusal> {
        let missing = |field: &'static str| Refusal::new(Code::ParseMissingClaim, field, field, "a root block");
        let scopes = match &claims.scopes {
            Some(Scopes::Whole(scopes)) => ScopeTree::new(scopes),
            Some(Scopes::Refined(_)) | None => return Err(missing("scopes")),
        };
        let mut grant = Self {
            audiences: claims.audiences.clone(),
            expires_at: claims.expires_at.ok_or_else(|| missing("exp"))?,
            not_before: claims.not_before,
            issued_at: claims.issued_at.ok_or_else(|| missing("iat"))?,
            scopes,
            deny: Vec::new(),
            ask: Vec::new(),
            rules: Vec::new(),
            mark: Mark::default(),
            clearance: Level::TopSecret,
            budgets: Vec::new(),
            depth: claims.depth.unwrap_or(limits::DEPTH),
            ledger: None,
            session: None,
            continues: None,
            blocks: 0,
        };
        grant.enter_session(claims)?;
        grant.bind_ledger(claims)?;
        grant.check_times_leave_something()?;
        grant.cap_budgets(claims)?;
        grant.add_restrictions(claims);
        grant.blocks = 1;
        Ok(grant)
    }

    /// Narrows by one more block, or says which claim would widen. The order of the checks is fixed
    /// (`spec/token.md`, "Narrowing"). What is not stated stays as it is.
    // spec: T38
    pub(crate) fn narrow(&mut self, kind: Kind, claims: &Claims) -> Result<(), Refusal> {
        if kind == Kind::Seal {
            Self::refuse_in_seal(claims)?;
        }
        self.enter_session(claims)?;
        self.bind_ledger(claims)?;
        self.narrow_audiences(claims)?;
        self.narrow_times(claims)?;
        if kind == Kind::Delegate {
            self.use_depth(claims)?;
        }
        if let Some(Scopes::Refined(refinements)) = &claims.scopes {
            self.scopes.refine(self.blocks, refinements)?;
        }
        self.raise(claims)?;
        self.cap_budgets(claims)?;
        self.add_restrictions(claims);
        if kind == Kind::Seal {
            self.check_seal(claims)?;
        }
        self.blocks = self.blocks.saturating_add(1);
        Ok(())
    }

    fn refuse_in_seal(claims: &Claims) -> Result<(), Refusal> {
        // spec: T60
        if claims.session {
            return Err(Refusal::new(Code::ChainSealSession, "session", "", ""));
        }
        let stated = [
            ("continues", claims.continues.is_some()),
            ("ledger", claims.ledger.is_some()),
            ("budgets", !claims.budgets.is_empty()),
            ("depth", claims.depth.is_some()),
        ];
        match stated.into_iter().find(|(_, stated)| *stated) {
            Some((field, _)) => Err(Refusal::new(Code::ChainSealClaim, field, field, "")),
            None => Ok(()),
        }
    }

    fn enter_session(&mut self, claims: &Claims) -> Result<(), Refusal> {
        if claims.session {
            // spec: T49
            if let Some(open) = self.session {
                return Err(Refusal::new(Code::ChainSecondSession, "session", self.blocks, open));
            }
            self.session = Some(self.blocks);
        }
        let Some(first) = claims.continues else { return Ok(()) };
        // spec: T52
        if !claims.session {
            return Err(Refusal::new(Code::ChainContinues, "continues", first, "a session beside it"));
        }
        if claims.ledger.or(self.ledger).is_none() {
            return Err(Refusal::new(Code::ChainContinues, "continues", first, "a ledger that knows it"));
        }
        self.continues = Some(first);
        Ok(())
    }

    fn bind_ledger(&mut self, claims: &Claims) -> Result<(), Refusal> {
        match (claims.ledger, self.ledger) {
            (Some(stated), Some(bound)) if stated != bound => {
                Err(Refusal::new(Code::ChainLedger, "ledger", stated, bound))
            }
            (stated, bound) => {
                self.ledger = bound.or(stated);
                Ok(())
            }
        }
    }

    fn narrow_audiences(&mut self, claims: &Claims) -> Result<(), Refusal> {
        // spec: T39
        if let Some(wider) = claims.audiences.iter().find(|stated| !any_contains(&self.audiences, stated)) {
            return Err(Refusal::new(Code::ChainAudience, "aud", wider, Quoted(&self.audiences)));
        }
        if !claims.audiences.is_empty() {
            self.audiences.clone_from(&claims.audiences);
        }
        Ok(())
    }

    fn narrow_times(&mut self, claims: &Claims) -> Result<(), Refusal> {
        if let Some(stated) = claims.expires_at {
            // spec: T40
            if stated > self.expires_at {
                return Err(Refusal::new(Code::ChainExpiry, "exp", stated, self.expires_at));
            }
            self.expires_at = stated;
        }
        if let Some(stated) = claims.not_before {
            // spec: T41
            if let Some(bound) = self.not_before.filter(|bound| stated < *bound) {
                return Err(Refusal::new(Code::ChainNotBefore, "nbf", stated, bound));
            }
            self.not_before = Some(stated);
        }
        if let Some(stated) = claims.issued_at {
            // spec: T42
            if stated < self.issued_at {
                return Err(Refusal::new(Code::ChainIssuedAt, "iat", stated, self.issued_at));
            }
            self.issued_at = stated;
        }
        self.check_times_leave_something()
    }

    fn check_times_leave_something(&self) -> Result<(), Refusal> {
        let start = self.issued_at.max(self.not_before.unwrap_or(0));
        // spec: T43
        if self.expires_at > start {
            return Ok(());
        }
        let field = if start == self.issued_at { "iat" } else { "nbf" };
        Err(Refusal::new(Code::ChainEmptyTime, "exp", format_args!("{field} {start}"), self.expires_at))
    }

    fn use_depth(&mut self, claims: &Claims) -> Result<(), Refusal> {
        // spec: T44
        let Some(most) = self.depth.checked_sub(1) else {
            return Err(Refusal::new(Code::ChainDepth, "depth", "another delegate block", "0 may follow"));
        };
        let depth = claims.depth.unwrap_or(most);
        if depth > most {
            return Err(Refusal::new(Code::ChainDepth, "depth", depth, most));
        }
        self.depth = depth;
        Ok(())
    }

    fn raise(&mut self, claims: &Claims) -> Result<(), Refusal> {
        // spec: T45
        if let Some(stated) = claims.level.filter(|stated| *stated < self.mark.level()) {
            return Err(Refusal::new(Code::ChainLevel, "level", stated, self.mark.level()));
        }
        if let Some(stated) = claims.clearance.filter(|stated| *stated > self.clearance) {
            return Err(Refusal::new(Code::ChainClearance, "clearance", stated, self.clearance));
        }
        Ok(())
    }

    fn cap_budgets(&mut self, claims: &Claims) -> Result<(), Refusal> {
        // spec: T47
        if !claims.budgets.is_empty() && self.ledger.is_none() {
            return Err(Refusal::new(Code::ChainLedger, "budgets", "needed by a budget", "none"));
        }
        for (name, cap) in &claims.budgets {
            match self.budgets.iter_mut().find(|(known, _)| known == name) {
                Some((_, bound)) if *cap > *bound => {
                    let bound = format_args!("{name}={bound}");
                    return Err(Refusal::new(Code::ChainBudget, "budgets", format_args!("{name}={cap}"), bound));
                }
                Some((_, bound)) => *bound = *cap,
                None => self.budgets.push((name.clone(), *cap)),
            }
        }
        Ok(())
    }

    /// What only ever accumulates: it cannot widen, so there is nothing to compare.
    fn add_restrictions(&mut self, claims: &Claims) {
        let block = self.blocks;
        // spec: T48
        self.deny.extend(claims.deny.iter().map(|pattern| (block, pattern.clone())));
        self.ask.extend(claims.ask.iter().map(|rule| (block, rule.clone())));
        self.rules.extend(claims.rules.iter().flatten().map(|rule| (block, rule.clone())));
        self.mark.join(&Mark::at(claims.level.unwrap_or_default()));
        for label in &claims.labels {
            // spec: T46
            self.mark.add(label);
        }
        self.clearance = claims.clearance.unwrap_or(self.clearance);
    }

    fn check_seal(&self, claims: &Claims) -> Result<(), Refusal> {
        match self.audiences.as_slice() {
            // spec: T61
            [one] if one.as_audience().is_some() => {}
            several => return Err(Refusal::new(Code::ChainSealAudience, "aud", Quoted(several), "")),
        }
        if let (Some(_), Some(exp), Some(iat)) = (claims.digest, claims.expires_at, claims.issued_at) {
            let seconds = exp.saturating_sub(iat);
            // spec: T63
            if seconds > limits::REQUEST_SEAL_SECONDS {
                let bound = limits::REQUEST_SEAL_SECONDS;
                return Err(Refusal::new(Code::ChainRequestSeal, "exp", seconds, bound));
            }
        }
        Ok(())
    }
}

/// Patterns in backticks, for messages.
pub(crate) struct Quoted<'a>(pub(crate) &'a [Pattern]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quoted(f, self.0.iter())
    }
}

/// A few patterns in backticks, or `nothing`.
pub(crate) fn quoted<'a>(f: &mut fmt::Formatter<'_>, patterns: impl Iterator<Item = &'a Pattern>) -> fmt::Result {
    const SHOWN: usize = 8;
    let mut count = 0_usize;
    for pattern in patterns {
        match count {
            0 => write!(f, "`{pattern}`")?,
            1..SHOWN => write!(f, ", `{pattern}`")?,
            SHOWN => f.write_str(", ...")?,
            _ => {}
        }
        count = count.saturating_add(1);
    }
    if count == 0 { f.write_str("nothing") } else { Ok(()) }
}
