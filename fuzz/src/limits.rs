//! What the blocks of a chain state, kept beside the library. L1 alone would not notice a limit that is stated and then
//! forgotten: a chain is no freer for that than its prefix.

use wane::{AskRule, Level, Mark, Name, Narrowing, Pattern, Request, RootGrant, Rule, Scope, Seal};

/// One limit of one block.
pub(crate) enum Limit {
    Keep(Scope),
    Drop(Pattern),
    Nothing,
    Deny(Pattern),
    Ask(AskRule),
    Rule(Rule),
    Raise(Level),
    Label(Name),
    Clearance(Level),
    Audience(Pattern),
    Ends(u64),
    Starts(u64),
    Cap(Name, u64),
    Depth(u8),
}

impl Limit {
    pub(crate) fn narrow(&self, narrowing: Narrowing) -> Narrowing {
        match self {
            Self::Keep(scope) => narrowing.keep(scope.clone()),
            Self::Drop(pattern) => narrowing.drop(pattern.clone()),
            Self::Nothing => narrowing.nothing(),
            Self::Deny(pattern) => narrowing.deny(pattern.clone()),
            Self::Ask(rule) => narrowing.ask(rule.clone()),
            Self::Rule(rule) => narrowing.rule(rule.clone()),
            Self::Raise(level) => narrowing.raise(*level),
            Self::Label(label) => narrowing.label(label.clone()),
            Self::Clearance(level) => narrowing.clearance(*level),
            Self::Audience(pattern) => narrowing.audience(pattern.clone()),
            Self::Ends(time) => narrowing.expires_at(*time),
            Self::Starts(time) => narrowing.not_before(*time),
            Self::Cap(name, cap) => narrowing.budget(name.clone(), *cap),
            Self::Depth(depth) => narrowing.depth(*depth),
        }
    }

    /// The same at the root, where a scope is what is granted.
    pub(crate) fn grant(&self, grant: RootGrant) -> RootGrant {
        match self {
            Self::Keep(scope) => grant.scope(scope.clone()),
            Self::Deny(pattern) => grant.deny(pattern.clone()),
            Self::Ask(rule) => grant.ask(rule.clone()),
            Self::Rule(rule) => grant.rule(rule.clone()),
            Self::Raise(level) => grant.raise(*level),
            Self::Label(label) => grant.label(label.clone()),
            Self::Clearance(level) => grant.clearance(*level),
            Self::Audience(pattern) => grant.audience(pattern.clone()),
            Self::Cap(name, cap) => grant.budget(name.clone(), *cap),
            Self::Depth(depth) => grant.depth(*depth),
            Self::Drop(_) | Self::Nothing | Self::Ends(_) | Self::Starts(_) => unreachable!("no root states it"),
        }
    }

    pub(crate) fn seal(&self, seal: Seal) -> Seal {
        match self {
            Self::Keep(scope) => seal.keep(scope.clone()),
            Self::Drop(pattern) => seal.drop(pattern.clone()),
            Self::Deny(pattern) => seal.deny(pattern.clone()),
            Self::Raise(level) => seal.raise(*level),
            Self::Label(label) => seal.label(label.clone()),
            Self::Clearance(level) => seal.clearance(*level),
            Self::Ends(time) => seal.expires_at(*time),
            Self::Starts(time) => seal.not_before(*time),
            _ => unreachable!("no seal states it"),
        }
    }

    /// The most that it leaves of a request, as [`crate::laws::freedom`] counts, at a time and at a mark that is reached.
    fn leaves(&self, request: &Request, now: u64, mark: &Mark) -> u8 {
        let any = |pattern: &Pattern| request.actions().iter().any(|action| pattern.covers(action));
        let all_in =
            |kept: &[Pattern]| request.actions().iter().all(|action| kept.iter().any(|pattern| pattern.covers(action)));
        let kept = match self {
            Self::Ask(rule) if any(rule.pattern()) => return 1,
            Self::Nothing => false,
            Self::Deny(pattern) => !any(pattern),
            Self::Rule(rule) => !mark.reaches(rule.level(), rule.labels()) || all_in(rule.keep()),
            Self::Clearance(level) => request.mark().level() <= *level,
            Self::Ends(time) => now < *time,
            Self::Starts(time) => *time <= now + 30,
            Self::Cap(name, cap) => request.costs().any(|(known, cost)| known == name && cost <= *cap),
            // What is kept, and for whom, its block says as a whole; a dropped scope may lie within another one.
            _ => true,
        };
        if kept { 2 } else { 0 }
    }
}

/// The mark that all blocks together state.
pub(crate) fn mark(blocks: &[Vec<Limit>]) -> Mark {
    blocks.iter().flatten().fold(Mark::default(), |mut mark, limit| match limit {
        Limit::Raise(level) => {
            mark.join(&Mark::at(*level));
            mark
        }
        Limit::Label(label) => mark.with(label.clone()),
        _ => mark,
    })
}

/// The most that all blocks together leave of a request, whatever else there is.
pub(crate) fn leave(blocks: &[Vec<Limit>], request: &Request, now: u64) -> u8 {
    let mut mark = mark(blocks);
    mark.join(request.mark());
    let of_all = |block: &Vec<Limit>| {
        let scopes = block.iter().filter_map(|limit| if let Limit::Keep(scope) = limit { Some(scope) } else { None });
        let kept: Vec<_> = scopes.map(Scope::pattern).collect();
        let named = block.iter().filter_map(|limit| if let Limit::Audience(one) = limit { Some(one) } else { None });
        let is_kept = |action| kept.is_empty() || kept.iter().any(|pattern| pattern.covers(action));
        let mut audiences = named.peekable();
        let is_for = audiences.peek().is_none() || audiences.any(|one| one.covers_audience(request.audience()));
        is_for && request.actions().iter().all(is_kept)
    };
    let each = blocks.iter().flatten().map(|limit| limit.leaves(request, now, &mark)).min().unwrap_or(2);
    if blocks.iter().all(of_all) { each } else { 0 }
}
