//! What is in force after a block.

use std::collections::BTreeSet;

use super::condition::{CONDITIONS, Point, judge, leaves};
use super::fault::Fault;
use super::live::Mark;
use super::stated::{Ask, Block, Entry, Rule, Stated};
use super::tree::Tree;
use super::universe::{Set, actions, audiences};
use super::{No, ensure, no};

/// What requests are about, and what the holder of this chain said.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) points: &'a [Point],
    pub(crate) said: &'a [(&'static str, Tree)],
    pub(crate) fault: Option<Fault>,
}

/// A scope in force: a set of pairs of an action and the arguments it may have.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) pattern: &'static str,
    /// For each point the actions that are allowed there.
    pub(crate) pairs: Vec<Set>,
    /// The block and the conditions of each step from the root block down; they say no more than why a pair is not there.
    steps: Vec<(usize, Vec<usize>)>,
    /// Where the arguments were closed: the block, and the names until then.
    closed: Option<(usize, BTreeSet<&'static str>)>,
}

impl Scope {
    fn everything(ground: Ground<'_>) -> Self {
        let pairs = vec![actions(ground.fault).set("*"); ground.points.len()];
        Self { pattern: "*", pairs, steps: Vec::new(), closed: None }
    }

    /// The intersection with what a block states.
    fn narrowed(&self, block: usize, pattern: &'static str, stated: &Stated, ground: Ground<'_>) -> Self {
        let fault = ground.fault;
        let own = (block, stated.conditions.clone());
        let mut scope = Self { pattern, ..self.clone() };
        if fault == Some(Fault::ConditionsAreReplaced) && !stated.conditions.is_empty() {
            scope.pairs = Self::everything(ground).pairs;
            scope.steps.clear();
        }
        scope.steps.push(own.clone());
        let steps = if fault == Some(Fault::OnlyForgetsEarlierNames) { &[own][..] } else { &scope.steps };
        let names: BTreeSet<_> = steps.iter().flat_map(|(_, conditions)| conditions).map(target).collect();
        let reopened = fault == Some(Fault::OnlyAdmitsLaterNames) && scope.closed.is_some();
        if reopened {
            scope.pairs = Self::everything(ground).pairs;
        }
        if reopened || (stated.only && scope.closed.is_none()) {
            scope.closed = Some((block, names));
        }
        // Where nothing was taken back, what this block adds is enough.
        let added = if reopened { &scope.steps[..] } else { &scope.steps[scope.steps.len() - 1..] };
        let covered = actions(fault).set(pattern);
        for (pairs, point) in scope.pairs.iter_mut().zip(ground.points) {
            let holds = why(added, scope.closed.as_ref(), point, ground).is_ok();
            *pairs &= if holds { covered } else { 0 };
        }
        scope
    }

    /// The first check that this point fails.
    pub(crate) fn why(&self, point: &Point, ground: Ground<'_>) -> Result<(), No> {
        why(&self.steps, self.closed.as_ref(), point, ground)
    }
}

fn target(place: &usize) -> &'static str {
    CONDITIONS[*place].target
}

/// From the newest block's conditions to the root block's, then the names.
fn why(
    steps: &[(usize, Vec<usize>)],
    closed: Option<&(usize, BTreeSet<&'static str>)>,
    point: &Point,
    ground: Ground<'_>,
) -> Result<(), No> {
    let mut steps: Vec<_> = steps.iter().collect();
    if ground.fault != Some(Fault::OldestConditionsFirst) {
        steps.reverse();
    }
    for (block, conditions) in steps {
        for place in conditions {
            judge(&CONDITIONS[*place], point, ground.said, ground.fault).or_else(|code| no(code, *block))?;
        }
    }
    let Some((block, names)) = closed else { return Ok(()) };
    let named = |pointer: &Option<String>| pointer.as_ref().is_some_and(|pointer| names.contains(pointer.as_str()));
    let elements_count = ground.fault != Some(Fault::OnlyForgetsElements);
    let is_named = |[own, array]: &[Option<String>; 2]| named(own) || (elements_count && named(array));
    let mut leaves = leaves(&point.arguments);
    if ground.fault == Some(Fault::TheMapIsALeaf) && leaves.is_empty() {
        leaves.push([None, None]);
    }
    ensure(leaves.iter().all(is_named), "deny-only", *block)
}

/// Whole scopes, of a root block or of a root entry.
pub(crate) fn whole(stated: &[Stated], ground: Ground<'_>) -> Vec<Scope> {
    let everything = Scope::everything(ground);
    let scope = |stated: &Stated| everything.narrowed(0, stated.pattern.unwrap_or("*"), stated, ground);
    stated.iter().map(scope).collect()
}

/// What is in force.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) audiences: Vec<&'static str>,
    pub(crate) exp: u64,
    pub(crate) nbf: Option<u64>,
    pub(crate) iat: u64,
    pub(crate) scopes: Vec<Scope>,
    /// These with the block that states them.
    pub(crate) deny: Vec<(usize, &'static str)>,
    pub(crate) ask: Vec<(usize, Ask)>,
    pub(crate) rules: Vec<(usize, Rule)>,
    pub(crate) caps: Vec<(usize, &'static str, u64)>,
    pub(crate) mark: Mark,
    pub(crate) clearance: u8,
    pub(crate) budgets: Vec<(&'static str, u64)>,
    pub(crate) depth: u8,
    pub(crate) ledger: Option<u8>,
    pub(crate) session: Option<usize>,
    pub(crate) continues: Option<u8>,
}

impl Grant {
    /// What a root block states first: nothing is in force that it could widen.
    pub(crate) fn root(block: &Block, entry: &Entry, ground: Ground<'_>) -> Result<Self, No> {
        let mut grant = Self {
            audiences: block.aud.clone(),
            exp: block.exp.unwrap_or_default(),
            nbf: block.nbf,
            iat: block.iat.unwrap_or_default(),
            scopes: whole(block.scopes.as_deref().unwrap_or_default(), ground),
            deny: Vec::new(),
            ask: Vec::new(),
            rules: Vec::new(),
            caps: Vec::new(),
            mark: Mark::default(),
            clearance: 4,
            budgets: Vec::new(),
            depth: block.depth.unwrap_or(14),
            ledger: None,
            session: None,
            continues: None,
        };
        grant.enter(0, block, ground.fault)?;
        grant.leaves_time(0, ground.fault)?;
        grant.cap(0, block, ground.fault)?;
        grant.add(0, block, ground.fault);
        grant.within(block, entry, ground)?;
        Ok(grant)
    }

    /// The ceiling, in its order.
    fn within(&self, block: &Block, entry: &Entry, ground: Ground<'_>) -> Result<(), No> {
        let fault = ground.fault;
        let from = entry.mint_from.is_none_or(|from| self.iat >= from);
        let until = entry.mint_until.is_none_or(|until| self.iat < until);
        ensure(from && until, "chain-mint-window", 0)?;
        if let Some(ceiling) = &entry.aud {
            let bounded = self.audiences.iter().all(|aud| audiences(fault).within(aud, ceiling));
            ensure(bounded, "chain-root", 0)?;
        }
        if let Some(ceiling) = &entry.scopes
            && fault != Some(Fault::CeilingIsForRequestsOnly)
        {
            let ceiling: Vec<_> = ceiling.iter().filter_map(|scope| scope.pattern).collect();
            let bounded = self.scopes.iter().all(|scope| actions(fault).within(scope.pattern, &ceiling));
            ensure(bounded, "chain-root", 0)?;
        }
        let long = entry.max_ttl.is_some_and(|most| self.exp - self.iat > most);
        ensure(!long, "chain-root", 0)?;
        let stated = if fault == Some(Fault::UnstatedDepthPasses) { block.depth.unwrap_or(0) } else { self.depth };
        ensure(entry.depth.is_none_or(|most| stated <= most), "chain-root", 0)?;
        ensure(self.session.is_some() || entry.issuer, "chain-issuer", 0)
    }

    /// What is in force behind a later block.
    pub(crate) fn narrow(&self, index: usize, block: &Block, ground: Ground<'_>) -> Result<Self, No> {
        let fault = ground.fault;
        let is_seal = block.cnf.is_none();
        let mut grant = self.clone();
        if is_seal {
            ensure(!block.session, "chain-seal-session", index)?;
            let stated = block.continues.is_some() || block.ledger.is_some() || !block.budgets.is_empty();
            ensure(!stated && block.depth.is_none(), "chain-seal-claim", index)?;
        }
        grant.enter(index, block, fault)?;
        for aud in &block.aud {
            ensure(audiences(fault).within(aud, &self.audiences), "chain-audience", index)?;
        }
        match fault {
            Some(Fault::AudiencesAddUp) => grant.audiences.extend(&block.aud),
            _ if block.aud.is_empty() => {}
            _ => grant.audiences.clone_from(&block.aud),
        }
        if let Some(exp) = block.exp {
            ensure(exp <= self.exp, "chain-expiry", index)?;
            grant.exp = exp;
        }
        if let Some(nbf) = block.nbf {
            ensure(self.nbf.is_none_or(|bound| nbf >= bound), "chain-not-before", index)?;
            grant.nbf = Some(nbf);
        }
        if let Some(iat) = block.iat {
            ensure(iat >= self.iat || fault == Some(Fault::IatMayFall), "chain-issued-at", index)?;
            grant.iat = iat;
        }
        grant.leaves_time(index, fault)?;
        if !is_seal || fault == Some(Fault::SealsCountForDepth) {
            ensure(self.depth > 0, "chain-depth", index)?;
            let most = self.depth - 1;
            let inherited = if fault == Some(Fault::UnstatedDepthStays) { self.depth } else { most };
            grant.depth = block.depth.unwrap_or(inherited);
            ensure(block.depth.is_none_or(|depth| depth <= most), "chain-depth", index)?;
        }
        if let Some(stated) = &block.scopes {
            let refined: Vec<_> =
                stated.iter().map(|one| self.refined(index, one, ground)).collect::<Result<_, _>>()?;
            grant.refine(stated, refined, fault);
        }
        let bound = |level: u8| level >= self.mark.level || fault == Some(Fault::LowerLevelsAreIgnored);
        ensure(block.level.is_none_or(bound), "chain-level", index)?;
        let bound = |level: u8| level <= self.clearance || fault == Some(Fault::ClearanceMayRise);
        ensure(block.clearance.is_none_or(bound), "chain-clearance", index)?;
        grant.cap(index, block, fault)?;
        grant.add(index, block, fault);
        if is_seal {
            let one = matches!(grant.audiences.as_slice(), [one] if !one.contains('*'));
            ensure(one, "chain-seal-audience", index)?;
            if let (Some(_), Some(exp), Some(iat)) = (&block.digest, block.exp, block.iat) {
                ensure(exp <= iat + 300, "chain-request-seal", index)?;
            }
        }
        Ok(grant)
    }

    fn enter(&mut self, index: usize, block: &Block, fault: Option<Fault>) -> Result<(), No> {
        if block.session {
            ensure(self.session.is_none() || fault == Some(Fault::SessionsOpenAgain), "chain-second-session", index)?;
            self.session = Some(index);
        }
        if block.continues.is_some() {
            let beside = block.session || fault == Some(Fault::ContinuesStandsAnywhere);
            ensure(beside && self.ledger.or(block.ledger).is_some(), "chain-continues", index)?;
            self.continues = block.continues;
        }
        if let Some(ledger) = block.ledger {
            let fits = self.ledger.is_none_or(|bound| bound == ledger) || fault == Some(Fault::LedgersAreReplaced);
            ensure(fits, "chain-ledger", index)?;
            self.ledger = Some(ledger);
        }
        Ok(())
    }

    fn leaves_time(&self, index: usize, fault: Option<Fault>) -> Result<(), No> {
        let started = self.exp > self.iat && self.nbf.is_none_or(|nbf| self.exp > nbf);
        ensure(started || fault == Some(Fault::EmptyTimesPass), "chain-empty-time", index)
    }

    fn refined(&self, index: usize, stated: &Stated, ground: Ground<'_>) -> Result<Scope, No> {
        let Some(scope) = self.scopes.get(stated.index) else { return no("chain-scope-index", index) };
        if let Some(pattern) = stated.pattern {
            ensure(pattern != scope.pattern, "chain-scope-repeats", index)?;
            let within = match ground.fault {
                Some(Fault::MeetingIsContainment) => actions(None).meet(pattern, scope.pattern),
                fault => actions(fault).within(pattern, &[scope.pattern]),
            };
            ensure(within, "chain-scope-wider", index)?;
        }
        Ok(scope.narrowed(index, stated.pattern.unwrap_or(scope.pattern), stated, ground))
    }

    fn refine(&mut self, stated: &[Stated], refined: Vec<Scope>, fault: Option<Fault>) {
        match fault {
            Some(Fault::UnnamedScopesStay) => {
                let named = |index: &usize| stated.iter().any(|one| one.index == *index);
                let rest: Vec<_> = (0..self.scopes.len())
                    .filter(|index| !named(index))
                    .map(|index| self.scopes[index].clone())
                    .collect();
                self.scopes = [refined, rest].concat();
            }
            Some(Fault::AnEmptyListKeepsAll) if stated.is_empty() => {}
            _ => self.scopes = refined,
        }
    }

    fn cap(&mut self, index: usize, block: &Block, fault: Option<Fault>) -> Result<(), No> {
        ensure(block.budgets.is_empty() || self.ledger.is_some(), "chain-ledger", index)?;
        for (name, cap) in &block.budgets {
            match self.budgets.iter_mut().find(|(known, _)| known == name) {
                Some((_, bound)) => {
                    ensure(*cap <= *bound || fault == Some(Fault::CapsMayGrow), "chain-budget", index)?;
                    *bound = *cap;
                }
                None => self.budgets.push((name, *cap)),
            }
            if fault == Some(Fault::OnlyTheNewestCapCounts) {
                self.caps.retain(|(_, known, _)| known != name);
            }
            self.caps.push((index, name, *cap));
        }
        Ok(())
    }

    /// What only adds up.
    fn add(&mut self, index: usize, block: &Block, fault: Option<Fault>) {
        match fault {
            Some(Fault::OnlyTheNewestDenyCounts) if !block.deny.is_empty() => self.deny.clear(),
            Some(Fault::OnlyTheNewestAskCounts) if !block.ask.is_empty() => self.ask.clear(),
            Some(Fault::OnlyTheNewestRulesCount) if block.rules.is_some() => self.rules.clear(),
            Some(Fault::LabelsAreReplaced) if !block.labels.is_empty() => self.mark.labels.clear(),
            _ => {}
        }
        self.deny.extend(block.deny.iter().map(|pattern| (index, *pattern)));
        self.ask.extend(block.ask.iter().map(|ask| (index, ask.clone())));
        self.rules.extend(block.rules.iter().flatten().map(|rule| (index, rule.clone())));
        self.mark.join(&Mark { level: block.level.unwrap_or(0), labels: block.labels.clone() });
        self.clearance = block.clearance.unwrap_or(self.clearance);
    }
}
