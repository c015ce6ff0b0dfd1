//! The one decision: may this request be forwarded, now, here?

mod outcome;

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

pub use outcome::{Ask, Decision, Permit};

use crate::ask::AskRule;
use crate::code::Code;
use crate::condition::Evidence;
use crate::key::Hex;
use crate::level::Mark;
use crate::limits;
use crate::pattern::Pattern;
use crate::ratchet::Rule;
use crate::refusal::Refusal;
use crate::request::{Request, SealDemand, request_digest};
use crate::scope_tree::Hearing;
use crate::state::LiveState;
use crate::verify::Verified;

/// Decides on one request. `now` is in seconds since 1970-01-01T00:00:00Z. Pure: the same arguments give the same
/// answer on every machine, and the work is bounded by their size.
///
/// The checks run in the fixed order of `spec/decide.md`; the first that fails is the answer, and every check that could
/// deny comes before the one that could ask.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Code, Decision, Heir, Level, LiveState, Request, Roots, RootGrant, Seal, SecretKey, decide, mint, verify};
/// # let mut rng = UnwrapErr(SysRng);
/// # let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?);
/// let sealed = mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
/// let verified = verify(&sealed, &Roots::single(root.public_key()))?;
///
/// let ask = |action: &str| Request::for_actions("files".parse()?, vec![action.parse()?], Level::Internal);
/// let state = LiveState::without_ledger();
/// assert!(matches!(decide(&verified, &ask("read:hr")?, &state, 2_000), Decision::Allow(_)));
/// let Decision::Deny(refusal) = decide(&verified, &ask("write:hr")?, &state, 2_000) else { panic!() };
/// assert_eq!(refusal.to_string(), "`write:hr` is not within `read:*`");
/// let Decision::Deny(refusal) = decide(&verified, &ask("read:hr")?, &state, 4_600) else { panic!() };
/// assert_eq!(refusal.code(), Code::DenyExpired);
/// # Ok::<(), wane::Refusal>(())
/// ```
pub fn decide(verified: &Verified, request: &Request, state: &LiveState, now: u64) -> Decision {
    let mark = match deny(verified, request, state, now) {
        Ok(mark) => mark,
        Err(refusal) => return Decision::Deny(refusal),
    };
    let unmet = unmet_asks(verified, request);
    // spec: T150 T152
    match unmet.first() {
        None => Decision::Allow(Permit::new(request.clone(), mark)),
        Some((block, rule)) => {
            let covered = request.actions().iter().find(|action| rule.pattern.covers(action));
            let found = covered.map(ToString::to_string).unwrap_or_default();
            let bound = Missing(rule);
            let refusal = Refusal::new(Code::DenyNeedsApproval, "ask", found, bound).in_block(*block);
            let rules = unmet.iter().map(|(_, rule)| (*rule).clone()).collect();
            Decision::Ask(Ask::new(refusal, rules, digest(verified, request)))
        }
    }
}

/// The approvals that a rule asks for, in words.
struct Missing<'a>(&'a AskRule);

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rule) = self;
        write!(f, "{} approval{} by ", rule.need, if rule.need == 1 { "" } else { "s" })?;
        rule.write_approvers(f)
    }
}

/// Whether something the pattern covers could still be allowed, as far as the chain, the mark and the time tell.
/// Conditions, budgets and approvals are not looked at, and the answer permits nothing: it is for showing lists of
/// tools.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Heir, Level, LiveState, Mark, Roots, RootGrant, Seal, SecretKey, may_still, mint, verify};
/// # let mut rng = UnwrapErr(SysRng);
/// # let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("*".parse()?);
/// let sealed = mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
/// let verified = verify(&sealed, &Roots::single(root.public_key()))?;
/// let (before, after) = (LiveState::without_ledger(), LiveState::without_ledger().marked(Mark::at(Level::Confidential)));
/// assert!(may_still(&verified, &"send:mail:*".parse()?, &before, 2_000));
/// assert!(!may_still(&verified, &"send:mail:*".parse()?, &after, 2_000));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[must_use]
// spec: T157
pub fn may_still(verified: &Verified, pattern: &Pattern, state: &LiveState, now: u64) -> bool {
    let grant = verified.grant();
    let mark = joined_mark(verified, state, &Mark::default());
    let meets = |other: &Pattern| other.overlaps(pattern);
    check_times(verified, now).is_ok()
        && check_ledger(verified).is_ok()
        && mark.labels().len() <= limits::LABELS
        && rules(verified).all(|(_, rule)| !rule.applies(&mark) || rule.keep.iter().any(meets))
        && !grant.deny.iter().any(|(_, denied)| denied.contains(pattern))
        && grant.scopes.patterns().any(meets)
        && verified.root().ceiling().is_none_or(|ceiling| ceiling.patterns().any(meets))
}

/// Every check that can deny, in order. The mark that holds once the request is admitted.
fn deny(verified: &Verified, request: &Request, state: &LiveState, now: u64) -> Result<Mark, Refusal> {
    // spec: T106
    check_audience(verified, request)?;
    check_times(verified, now)?;
    check_request_seal(verified, request)?;
    check_ledger(verified)?;
    let mark = check_mark(verified, request, state)?;
    check_denied(verified, request)?;
    // spec: T151
    check_scopes(verified, request)?;
    check_groups(verified, request)?;
    Ok(mark)
}

fn check_audience(verified: &Verified, request: &Request) -> Result<(), Refusal> {
    // spec: T136
    if verified.audience() == request.audience() {
        return Ok(());
    }
    Err(Refusal::new(Code::DenyAudience, "aud", verified.audience(), request.audience()))
}

fn check_times(verified: &Verified, now: u64) -> Result<(), Refusal> {
    let grant = verified.grant();
    // spec: T137
    if now >= grant.expires_at {
        return Err(Refusal::new(Code::DenyExpired, "exp", now, grant.expires_at));
    }
    let soon = now.saturating_add(limits::LEEWAY);
    // spec: T138
    if let Some(start) = grant.not_before.filter(|start| *start > soon) {
        return Err(Refusal::new(Code::DenyNotYetValid, "nbf", now, start));
    }
    // spec: T139
    if grant.issued_at > soon {
        return Err(Refusal::new(Code::DenyIssuedInFuture, "iat", now, grant.issued_at));
    }
    Ok(())
}

fn check_request_seal(verified: &Verified, request: &Request) -> Result<(), Refusal> {
    match (verified.digest(), request.parts().seal) {
        (None, SealDemand::Any) => Ok(()),
        // spec: T141
        (None, SealDemand::ForThisRequest) => {
            Err(Refusal::new(Code::DenyNotForOneRequest, "digest", "none", "a seal for this request"))
        }
        (Some(sealed), _) => {
            let asked = digest(verified, request);
            // spec: T140
            if *sealed == asked {
                return Ok(());
            }
            Err(Refusal::new(Code::DenyOtherRequest, "digest", Hex(&asked), Hex(sealed)))
        }
    }
}

fn digest(verified: &Verified, request: &Request) -> [u8; 32] {
    let parts = request.parts();
    let said = verified.said().iter();
    request_digest(&parts.audience, &parts.call, &parts.arguments, said)
}

/// What is kept in a ledger cannot be judged without one.
fn check_ledger(verified: &Verified) -> Result<(), Refusal> {
    match verified.grant().ledger {
        None => Ok(()),
        // spec: T142
        Some(ledger) => {
            let found = match verified.grant() {
                grant if grant.continues.is_some() => "a continued session",
                grant if !grant.budgets.is_empty() => "a budget",
                _ => "the chain",
            };
            Err(Refusal::new(Code::StateNoLedger, "ledger", found, ledger))
        }
    }
}

fn check_mark(verified: &Verified, request: &Request, state: &LiveState) -> Result<Mark, Refusal> {
    let asked = request.mark();
    let mark = joined_mark(verified, state, asked);
    // spec: T143
    if mark.labels().len() > limits::LABELS {
        return Err(Refusal::new(Code::DenyLabels, "labels", mark.labels().len(), limits::LABELS));
    }
    let clearance = verified.grant().clearance;
    // spec: T135 T144
    if asked.level() > clearance {
        return Err(Refusal::new(Code::DenyClearance, "clearance", asked.level(), clearance));
    }
    for action in request.actions() {
        for (block, rule) in rules(verified) {
            rule.judge(&mark, action).map_err(|refusal| match block {
                Some(block) => refusal.in_block(block),
                None => refusal,
            })?;
        }
    }
    Ok(mark)
}

/// The request's own level and labels are joined before the ratchet is applied.
fn joined_mark(verified: &Verified, state: &LiveState, asked: &Mark) -> Mark {
    // spec: T132
    let mut mark = verified.grant().mark.clone();
    mark.join(verified.root().lowest_mark());
    mark.join(state.mark());
    mark.join(asked);
    mark
}

/// The default rules, those that blocks state, with the block, and those of the root entry.
fn rules(verified: &Verified) -> impl Iterator<Item = (Option<usize>, &Rule)> {
    let root = verified.root();
    let stated = verified.grant().rules.iter().map(|(block, rule)| (Some(*block), rule));
    let unplaced = |rule| (None, rule);
    let defaults = root.default_rules(verified.root_claims()).iter().map(unplaced);
    // spec: T134 T145
    defaults.chain(stated).chain(root.added_rules().iter().map(unplaced))
}

fn check_denied(verified: &Verified, request: &Request) -> Result<(), Refusal> {
    for action in request.actions() {
        // spec: T146
        if let Some((block, pattern)) = verified.grant().deny.iter().find(|(_, pattern)| pattern.covers(action)) {
            return Err(Refusal::new(Code::DenyPattern, "deny", action, pattern).in_block(*block));
        }
    }
    Ok(())
}

fn check_scopes(verified: &Verified, request: &Request) -> Result<(), Refusal> {
    let parts = request.parts();
    let evidence =
        Evidence { arguments: &parts.arguments, facts: &parts.facts, said: verified.said(), seen: &parts.seen };
    let mut hearing = Hearing::new(&verified.grant().scopes, &evidence);
    for action in request.actions() {
        // spec: T147
        hearing.allow(action)?;
    }
    let Some(ceiling) = verified.root().ceiling() else { return Ok(()) };
    let mut hearing = Hearing::new(ceiling, &evidence);
    for action in request.actions() {
        // spec: T148
        let beyond = |why| Refusal::new(Code::DenyCeiling, "scopes", action, why);
        hearing.allow(action).map_err(beyond)?;
    }
    Ok(())
}

/// A group that the roots do not define could never approve, so it denies.
fn check_groups(verified: &Verified, request: &Request) -> Result<(), Refusal> {
    for (block, rule) in unmet_asks(verified, request) {
        for approver in &rule.approvers {
            verified.roots().check_defined(approver).map_err(|refusal| refusal.in_block(block))?;
        }
    }
    Ok(())
}

/// Every approval rule that covers an action. Without a ledger none is ever satisfied.
fn unmet_asks<'a>(verified: &'a Verified, request: &Request) -> Vec<(usize, &'a AskRule)> {
    let covers = |rule: &AskRule| request.actions().iter().any(|action| rule.pattern.covers(action));
    verified.grant().ask.iter().filter(|(_, rule)| covers(rule)).map(|(block, rule)| (*block, rule)).collect()
}
