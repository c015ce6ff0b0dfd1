//! May this request be forwarded, now, here? The checks of `spec/decide.md` section 6, in their order.

use super::fault::Fault;
use super::grant::{Grant, Ground, Scope, whole};
use super::live::{Approval, Bearer, Kept, Ledger, Live, Mark, Request};
use super::stated::{Approver, Ask, Chain, Digest, Entry, Rule, defaults};
use super::universe::actions;
use super::{No, ROOT_KEY, ensure, no};

/// A cost that is charged to a block, or to the session that is continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) block: Option<usize>,
    pub(crate) name: &'static str,
    pub(crate) cost: u64,
    pub(crate) cap: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// With the mark that holds then, labels ascending, and what is charged.
    Allow(Mark, Vec<Charge>),
    Ask(No),
    Deny(No),
}

/// Everything a decision is made from.
struct Hearing<'a> {
    chain: &'a Chain,
    entry: &'a Entry,
    grants: &'a [Grant],
    request: &'a Request,
    live: &'a Live,
    now: u64,
    fault: Option<Fault>,
}

/// Decides on the request at this place among the points that the chain was verified for; `is_first` says whether it is the
/// one that a seal may be for.
pub(crate) fn decide(
    chain: &Chain,
    entry: &Entry,
    grants: &[Grant],
    (request, place, is_first): (&Request, usize, bool),
    (live, now): (&Live, u64),
    fault: Option<Fault>,
) -> Answer {
    let hearing = Hearing { chain, entry, grants, request, live, now, fault };
    match hearing.hear(place, is_first) {
        Ok(answer) => answer,
        Err(no) => Answer::Deny(no),
    }
}

/// Whether something that the pattern covers could still be allowed.
pub(crate) fn may_still(
    chain: &Chain,
    entry: &Entry,
    grants: &[Grant],
    (request, pattern): (&Request, &str),
    (live, now): (&Live, u64),
) -> bool {
    let hearing = Hearing { chain, entry, grants, request, live, now, fault: None };
    let (grant, universe) = (hearing.grant(), actions(None));
    let meets = |other: &&str| universe.meet(other, pattern);
    let mark = hearing.joined(&Mark::default());
    let survives = hearing.rules().iter().all(|(_, rule)| !hearing.applies(rule, &mark) || rule.keep.iter().any(meets));
    let ceiling = entry.scopes.as_ref();
    hearing.times().is_ok()
        && hearing.ledger().is_ok()
        && mark.labels.len() <= 16
        && survives
        && !grant.deny.iter().any(|(_, denied)| universe.within(pattern, &[denied]))
        && grant.scopes.iter().any(|scope| meets(&scope.pattern))
        && ceiling.is_none_or(|scopes| scopes.iter().filter_map(|scope| scope.pattern.as_ref()).any(meets))
}

impl Hearing<'_> {
    fn grant(&self) -> &Grant {
        self.grants.last().expect("a chain has blocks")
    }

    fn broken(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn hear(&self, place: usize, is_first: bool) -> Result<Answer, No> {
        let fitting = matches!(self.grant().audiences.as_slice(), [one] if *one == self.request.audience);
        ensure(fitting || self.broken(Fault::AnyServerWillDo), "deny-audience", None)?;
        self.times()?;
        self.own_seal(is_first)?;
        self.ledger()?;
        let mark = self.marks()?;
        self.denied()?;
        let unmet = self.broken(Fault::AsksComeBeforeScopes).then(|| self.unmet()).transpose()?;
        if let Some(Some(no)) = unmet {
            return Ok(Answer::Ask(no));
        }
        self.scopes(place)?;
        self.groups()?;
        let charges = self.budgets()?;
        match self.unmet()? {
            Some(no) => Ok(Answer::Ask(no)),
            None => Ok(Answer::Allow(mark, charges)),
        }
    }

    fn times(&self) -> Result<(), No> {
        let grant = self.grant();
        let leeway = if self.broken(Fault::NoLeewayOnStarts) { 0 } else { 30 };
        let end = match self.fault {
            Some(Fault::TheLastSecondCounts) => grant.exp + 1,
            Some(Fault::LeewayOnEnds) => grant.exp + 30,
            _ => grant.exp,
        };
        ensure(self.now < end, "deny-expired", None)?;
        ensure(grant.nbf.is_none_or(|nbf| nbf <= self.now + leeway), "deny-not-yet-valid", None)?;
        ensure(grant.iat <= self.now + leeway, "deny-issued-in-future", None)
    }

    fn is_for_one_request(&self) -> bool {
        self.chain.blocks.last().is_some_and(|seal| seal.digest.is_some())
    }

    fn own_seal(&self, is_first: bool) -> Result<(), No> {
        match self.chain.blocks.last().and_then(|seal| seal.digest.as_ref()) {
            Some(Digest::First) => ensure(is_first, "deny-other-request", None),
            Some(Digest::Another) => ensure(self.broken(Fault::AnyDigestFits), "deny-other-request", None),
            None => ensure(!self.request.needs_own_seal, "deny-not-for-one-request", None),
        }
    }

    fn ledger(&self) -> Result<(), No> {
        let grant = self.grant();
        let Some(ledger) = &self.live.ledger else { return ensure(grant.ledger.is_none(), "state-no-ledger", None) };
        ensure(grant.ledger.is_none_or(|named| named == ledger.id), "state-other-ledger", None)?;
        ensure(grant.ledger.is_none() || ledger.kept != Kept::Refused, "state-volatile", None)?;
        let last = self.chain.blocks.len() - 1;
        for index in 0..=last {
            let looked_at = index == last || !self.broken(Fault::OnlyTheLastBlockIsRevoked);
            ensure(!ledger.block(index).revoked || !looked_at, "state-revoked", index)?;
        }
        let first = ledger.first.as_ref();
        ensure(!first.is_some_and(|first| first.state.revoked), "state-revoked", None)?;
        self.revoked_before(ledger)?;
        if let Some(first) = grant.continues.map(|_| first) {
            let Some(first) = first else { return no("state-unknown-session", None) };
            ensure(!first.continues || self.broken(Fault::AnySessionIsContinued), "state-continues", None)?;
            let same = first.root == ROOT_KEY || self.entry.succeeds == Some(first.root);
            ensure(same, "state-continues", None)?;
        }
        let opens = grant
            .session
            .map(|index| (self.chain.blocks[index].iat.unwrap_or_default(), ledger.block(index).registered));
        for (iat, registered) in opens.into_iter().chain(first.map(|first| (first.iat, first.state.registered))) {
            let known = registered && !self.broken(Fault::RegisteringIsNothing);
            ensure(iat > ledger.since || known, "state-session-too-old", None)?;
        }
        let alive = grant.exp > ledger.collected || self.broken(Fault::TheForgottenLives);
        ensure(alive, "state-collected", None)?;
        let once = self.is_for_one_request() || self.broken(Fault::AnySealServesOnce);
        ensure(!(once && ledger.seal_used), "state-used", None)
    }

    fn revoked_before(&self, ledger: &Ledger) -> Result<(), No> {
        let iat_at = |index: usize| self.grants[index].iat;
        let up_to = |wanted: Bearer| {
            ledger.revoked_before.iter().filter(|(bearer, _)| *bearer == wanted).map(|(_, time)| *time).max()
        };
        if let Some(time) = up_to(Bearer::Root(ROOT_KEY)) {
            ensure(iat_at(0) > time, "state-revoked", 0)?;
        }
        let blocks = &self.chain.blocks;
        for (index, block) in blocks.iter().enumerate() {
            let issued = iat_at(if self.broken(Fault::RevokedByOwnIat) { index } else { index.saturating_sub(1) });
            let is_new = |stated: &dyn Fn(usize) -> bool| !(0..index).any(stated);
            let key = block.cnf.filter(|key| is_new(&|earlier| blocks[earlier].cnf == Some(*key))).map(Bearer::Key);
            let sub = block.sub.filter(|sub| is_new(&|earlier| blocks[earlier].sub == Some(sub))).map(Bearer::Agent);
            for time in key.into_iter().chain(sub).filter_map(up_to) {
                ensure(issued > time, "state-revoked", index)?;
            }
        }
        Ok(())
    }

    /// The mark of the chain, of the root entry, of live state and of the request.
    fn joined(&self, asked: &Mark) -> Mark {
        let mut mark = self.grant().mark.clone();
        if !self.broken(Fault::EntryMarkIsLeftOut) {
            mark.join(&Mark { level: self.entry.level, labels: self.entry.labels.clone() });
        }
        mark.join(&self.live.mark);
        if let Some(ledger) = &self.live.ledger
            && !self.broken(Fault::LedgerMarksAreLeftOut)
        {
            ledger.blocks.iter().for_each(|block| mark.join(&block.mark));
            ledger.first.iter().for_each(|first| mark.join(&first.state.mark));
        }
        mark.join(asked);
        mark.labels.sort_unstable();
        mark
    }

    fn rules(&self) -> Vec<(Option<usize>, Rule)> {
        let own = self.chain.blocks[0].rules.is_some()
            && (self.entry.own_ratchet || self.broken(Fault::RootRulesReplaceDefaults));
        let none = |rules: Vec<Rule>| rules.into_iter().map(|rule| (None, rule)).collect::<Vec<_>>();
        let stated = self.grant().rules.iter().map(|(block, rule)| (Some(*block), rule.clone())).collect();
        let entry = if self.broken(Fault::EntryRulesAreLeftOut) { Vec::new() } else { self.entry.rules.clone() };
        [if own { Vec::new() } else { none(defaults()) }, stated, none(entry)].concat()
    }

    fn applies(&self, rule: &Rule, mark: &Mark) -> bool {
        let level = match self.fault {
            Some(Fault::RulesNeedTheirExactLevel) => mark.level == rule.level,
            _ => mark.level >= rule.level,
        };
        let marked = |label: &&str| mark.labels.contains(label);
        let labels = match self.fault {
            Some(Fault::AnyLabelOfARule) => rule.labels.is_empty() || rule.labels.iter().any(marked),
            _ => rule.labels.iter().all(marked),
        };
        level && labels
    }

    fn marks(&self) -> Result<Mark, No> {
        let asked = &self.request.mark;
        let mark = self.joined(asked);
        ensure(mark.labels.len() <= 16, "deny-labels", None)?;
        let touched = if self.broken(Fault::ClearanceBoundsTheMark) { mark.level } else { asked.level };
        ensure(touched <= self.grant().clearance, "deny-clearance", None)?;
        let before =
            if self.broken(Fault::RulesComeBeforeTheJoin) { self.joined(&Mark::default()) } else { mark.clone() };
        for action in &self.request.actions {
            for (block, rule) in self.rules() {
                let kept = actions(self.fault).union(&rule.keep) & actions(None).one(action) != 0;
                ensure(kept || !self.applies(&rule, &before), "deny-ratchet", block)?;
            }
        }
        Ok(mark)
    }

    fn denied(&self) -> Result<(), No> {
        for action in &self.request.actions {
            for (block, pattern) in &self.grant().deny {
                ensure(!actions(self.fault).covers(pattern, action), "deny-pattern", *block)?;
            }
        }
        Ok(())
    }

    fn scopes(&self, place: usize) -> Result<(), No> {
        let point = [self.request.point.clone()];
        let ground = Ground { points: &point, said: self.chain.said(), fault: self.fault };
        let allows = |scopes: &[Scope], place: usize, action: &str| -> Result<(), No> {
            let one = actions(None).one(action);
            if scopes.iter().any(|scope| scope.pairs[place] & one != 0) && !self.broken(Fault::TheFirstScopeDecides) {
                return Ok(());
            }
            let first = scopes.iter().find(|scope| actions(self.fault).covers(scope.pattern, action));
            let Some(scope) = first else { return no("deny-scope", None) };
            let why = scope.why(&self.request.point, ground);
            // The sets and the reasons are two ways to say one thing.
            let agree = why.is_ok() == (scope.pairs[place] & one != 0);
            assert!(agree || self.fault.is_some(), "{action} {scope:?}");
            why
        };
        let asked = &self.request.actions;
        let answers = asked.iter().map(|action| allows(&self.grant().scopes, place, action));
        match self.fault {
            Some(Fault::OneActionSuffices) => answers.reduce(Result::or).unwrap_or(Ok(()))?,
            _ => answers.collect::<Result<(), No>>()?,
        }
        let Some(ceiling) = self.entry.scopes.as_ref().filter(|_| !self.broken(Fault::CeilingIsForRootsOnly)) else {
            return Ok(());
        };
        let ceiling = whole(ceiling, ground);
        asked.iter().try_for_each(|action| allows(&ceiling, 0, action).or_else(|_| no("deny-ceiling", None)))
    }

    fn asks(&self) -> Vec<(Option<usize>, &Ask)> {
        let covers = |ask: &Ask| self.request.actions.iter().any(|it| actions(self.fault).covers(ask.pattern, it));
        let stated = self.grant().ask.iter().map(|(block, ask)| (Some(*block), ask));
        let own = self.request.ask.iter().filter(|_| !self.broken(Fault::OwnAsksAreLeftOut)).map(|ask| (None, ask));
        stated.chain(own).filter(|(_, ask)| covers(ask)).collect()
    }

    fn groups(&self) -> Result<(), No> {
        for (block, ask) in self.asks() {
            for approver in &ask.approvers {
                let defined = match approver {
                    Approver::Group(name) => {
                        *name == "local" || self.entry.groups.iter().any(|(known, _)| known == name)
                    }
                    Approver::Key(_) => true,
                };
                ensure(defined || self.broken(Fault::UnknownGroupsOnlyAsk), "deny-group", block)?;
            }
        }
        Ok(())
    }

    fn budgets(&self) -> Result<Vec<Charge>, No> {
        let grant = self.grant();
        let mut charges = Vec::new();
        let Some(ledger) = &self.live.ledger else { return Ok(charges) };
        for (block, name, cap) in &grant.caps {
            let cost = self.request.costs.iter().find(|(known, _)| known == name).map(|(_, cost)| *cost);
            let Some(cost) = cost.or(self.broken(Fault::NoCostIsNothing).then_some(0)) else {
                return no("deny-cost", *block);
            };
            let times = if self.broken(Fault::EachActionCosts) { self.request.actions.len() } else { 1 };
            let continued = ledger.first.as_ref().filter(|_| grant.session == Some(*block));
            let state = match self.fault {
                Some(Fault::SessionsAreChargedForAll) => ledger.block(grant.session.unwrap_or(0)),
                Some(Fault::ContinuedCountersStartAgain) => ledger.block(*block),
                _ => continued.map_or_else(|| ledger.block(*block), |first| first.state.clone()),
            };
            let spent = state.spent.iter().find(|(known, _)| known == name).map_or(0, |(_, spent)| *spent);
            let total = u128::from(spent) + u128::from(cost) * u128::try_from(times).unwrap_or(1);
            let most = u128::from(*cap) - u128::from(self.broken(Fault::CapsAreNotReached) && *cap > 0);
            ensure(total <= most, "deny-budget", *block)?;
            let block = (grant.session != Some(*block) || grant.continues.is_none()).then_some(*block);
            charges.push(Charge { block, name, cost, cap: *cap });
        }
        Ok(charges)
    }

    fn names(&self, ask: &Ask, key: u8) -> bool {
        ask.approvers.iter().any(|approver| match approver {
            Approver::Key(named) => *named == key,
            Approver::Group("local") => self.live.local == Some(key),
            Approver::Group(name) => self.entry.groups.iter().any(|(known, keys)| known == name && keys.contains(&key)),
        })
    }

    /// The first ask that is left unsatisfied.
    fn unmet(&self) -> Result<Option<No>, No> {
        let asks = self.asks();
        let left = |ask: &(Option<usize>, &Ask)| No { code: "deny-needs-approval", block: ask.0 };
        let approvals = &self.live.approvals;
        match &self.live.ledger {
            None if !self.broken(Fault::ApprovalsNeedNoLedger) => return Ok(asks.first().map(left)),
            None => {}
            Some(ledger) => approvals.iter().try_for_each(|approval| self.good(approval, &asks, ledger))?,
        }
        let satisfied = |ask: &Ask| {
            let mut keys: Vec<u8> = approvals.iter().map(|one| one.key).filter(|key| self.names(ask, *key)).collect();
            if !self.broken(Fault::ApprovalsAreCounted) {
                keys.sort_unstable();
                keys.dedup();
            }
            let need = if self.broken(Fault::OneApprovalSuffices) { 1 } else { ask.need };
            u64::try_from(keys.len()).is_ok_and(|count| count >= need)
        };
        let mut open = asks.iter().filter(|(_, ask)| !satisfied(ask));
        match self.fault {
            // One ask that is satisfied would do for all.
            Some(Fault::OneAskSuffices) if open.clone().count() < asks.len() => Ok(None),
            _ => Ok(open.next().map(left)),
        }
    }

    fn good(&self, approval: &Approval, asks: &[(Option<usize>, &Ask)], ledger: &Ledger) -> Result<(), No> {
        ensure(approval.chain, "deny-approval-chain", None)?;
        ensure(approval.request, "deny-approval-request", None)?;
        ensure(approval.actions == self.request.distinct_actions(), "deny-approval-actions", None)?;
        let holds = approval.key == ROOT_KEY || self.chain.blocks.iter().any(|block| block.cnf == Some(approval.key));
        ensure(!holds || self.broken(Fault::HoldersMayApprove), "deny-approval-self", None)?;
        let named = asks.iter().any(|(_, ask)| self.names(ask, approval.key));
        ensure(named, "deny-approval-key", None)?;
        let lifetime = approval.exp > approval.iat && approval.exp - approval.iat <= 3_600;
        ensure(lifetime, "deny-approval-lifetime", None)?;
        ensure(approval.iat <= self.now + 30, "deny-approval-future", None)?;
        ensure(self.now < approval.exp, "deny-approval-expired", None)?;
        ensure(approval.exp > ledger.collected, "state-collected", None)?;
        ensure(!approval.used || self.broken(Fault::ApprovalsServeAgain), "state-approval-used", None)
    }
}
