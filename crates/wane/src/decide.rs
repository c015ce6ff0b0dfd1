//! The one decision: may this request be forwarded, now, here?

mod approvals;
mod live;
mod outcome;

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

pub(crate) use live::effects;
pub use outcome::{Ask, Charge, Decision, Effects, Permit, Use};

use approvals::{Open, asks};

use crate::ask::AskRule;
use crate::code::Code;
use crate::condition::Evidence;
use crate::level::Mark;
use crate::limits;
use crate::pattern::Pattern;
use crate::ratchet::Rule;
use crate::refusal::Refusal;
use crate::request::{Request, SealDemand};
use crate::scope_tree::Hearing;
use crate::state::LiveState;
use crate::verify::Verified;
use crate::witness::{Heard, Present, Tree, Witness};

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
    judge(verified, request, state, now).decision
}

/// A decision, and what each condition answered on the way to it: what an audit log keeps, so that the decision can be made
/// again without the arguments.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Arguments, Code, Decision, Heir, Judgement, Level, LiveState, Request, Roots, RootGrant, Seal, SecretKey};
/// # let mut rng = UnwrapErr(SysRng);
/// # let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:* if path under /data".parse()?);
/// # let sealed = wane::mint(&grant, &root, Heir::carried(&mut rng))?.seal(&Seal::new())?;
/// # let verified = wane::verify(&sealed, &Roots::single(root.public_key()))?;
/// let request = Request::for_actions("files".parse()?, vec!["read:hr".parse()?], Level::Internal)?
///     .arguments(Arguments::from_json(br#"{"path": "/etc/passwd"}"#)?);
/// let Judgement { decision, heard } = wane::judge(&verified, &request, &LiveState::without_ledger(), 2_000);
/// assert!(matches!(decision, Decision::Deny(_)));
/// assert_eq!(heard[0].outcome, Some(Code::DenyCondition));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Judgement {
    /// The decision.
    pub decision: Decision,
    /// What each condition that was looked at answered, in the order they were looked at, each once.
    pub heard: Vec<Heard>,
}

/// As [`decide`], with what each condition answered.
pub fn judge(verified: &Verified, request: &Request, state: &LiveState, now: u64) -> Judgement {
    let parts = request.parts();
    let evidence =
        Evidence { arguments: &parts.arguments, facts: &parts.facts, said: verified.said(), seen: &parts.seen };
    let mut witness = Present::new(evidence);
    let decision = match settle(verified, request, state, now, &mut witness) {
        Ok(Settled { mark, unmet }) if unmet.is_empty() => {
            let effects = effects(verified, request, state);
            Decision::Allow(Permit::new(request.clone(), mark, effects))
        }
        Ok(Settled { unmet, .. }) => Decision::Ask(Ask::new(
            missing(request, &unmet),
            unmet.iter().map(|(_, rule)| (*rule).clone()).collect(),
            *witness.approvable(verified, request).request_digest(),
        )),
        Err(refusal) => Decision::Deny(refusal),
    };
    Judgement { decision, heard: witness.heard }
}

/// What is left when nothing denies.
pub(crate) struct Settled<'a> {
    /// The mark that holds once the request is admitted.
    pub(crate) mark: Mark,
    /// The asks that no approval satisfies.
    pub(crate) unmet: Vec<Open<'a>>,
}

/// Every check, in order. There is no other place where a request is judged.
pub(crate) fn settle<'a>(
    verified: &'a Verified,
    request: &'a Request,
    state: &LiveState,
    now: u64,
    witness: &mut impl Witness,
) -> Result<Settled<'a>, Refusal> {
    // spec: T106 T189
    check_audience(verified, request)?;
    check_times(verified, now)?;
    check_request_seal(verified, request, witness)?;
    live::check_ledger(verified, state)?;
    let mark = check_mark(verified, request, state)?;
    check_denied(verified, request)?;
    // spec: T151
    check_scopes(verified, request, witness)?;
    check_groups(verified, request)?;
    live::check_budgets(verified, request, state)?;
    // spec: T150 T152
    let unmet = approvals::unmet(verified, request, state, now, witness)?;
    Ok(Settled { mark, unmet })
}

/// The refusal that names the first approval rule still open.
pub(crate) fn missing(request: &Request, unmet: &[Open<'_>]) -> Refusal {
    let Some((block, rule)) = unmet.first() else {
        return Refusal::new(Code::DenyNeedsApproval, "ask", "", "");
    };
    let covered = request.actions().iter().find(|action| rule.pattern.covers(action));
    let found = covered.map(ToString::to_string).unwrap_or_default();
    placed(Refusal::new(Code::DenyNeedsApproval, "ask", found, Missing(rule)), *block)
}

/// The refusal with the block that it arose in, where it did in one.
fn placed(refusal: Refusal, block: Option<usize>) -> Refusal {
    match block {
        Some(block) => refusal.in_block(block),
        None => refusal,
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
// spec: T157 T158
pub fn may_still(verified: &Verified, pattern: &Pattern, state: &LiveState, now: u64) -> bool {
    let grant = verified.grant();
    let mark = joined_mark(verified, state, &Mark::default());
    let meets = |other: &Pattern| other.overlaps(pattern);
    check_times(verified, now).is_ok()
        && live::check_ledger(verified, state).is_ok()
        && mark.labels().len() <= limits::LABELS
        && rules(verified).all(|(_, rule)| !rule.applies(&mark) || rule.keep.iter().any(meets))
        && !grant.deny.iter().any(|(_, denied)| denied.contains(pattern))
        && grant.scopes.patterns().any(meets)
        && verified.root().ceiling().is_none_or(|ceiling| ceiling.patterns().any(meets))
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

fn check_request_seal(verified: &Verified, request: &Request, witness: &mut impl Witness) -> Result<(), Refusal> {
    match (verified.digest(), request.parts().seal) {
        (None, SealDemand::Any) => Ok(()),
        // spec: T141
        (None, SealDemand::ForThisRequest) => {
            Err(Refusal::new(Code::DenyNotForOneRequest, "digest", "none", "a seal for this request"))
        }
        (Some(_), _) => witness.seal_fits(verified, request),
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
            rule.judge(&mark, action).map_err(|refusal| placed(refusal, block))?;
        }
    }
    Ok(mark)
}

/// The request's own level and labels are joined before the ratchet is applied.
fn joined_mark(verified: &Verified, state: &LiveState, asked: &Mark) -> Mark {
    // spec: T132
    let mut mark = verified.grant().mark.clone();
    // spec: T117
    mark.join(verified.root().lowest_mark());
    mark.join(state.mark());
    live::join_marks(&mut mark, state);
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

fn check_scopes(verified: &Verified, request: &Request, witness: &mut impl Witness) -> Result<(), Refusal> {
    let mut hearing = Hearing::new(&verified.grant().scopes, Tree::Scopes, witness);
    for action in request.actions() {
        // spec: T147
        hearing.allow(action)?;
    }
    let Some(ceiling) = verified.root().ceiling() else { return Ok(()) };
    let mut hearing = Hearing::new(ceiling, Tree::Ceiling, witness);
    for action in request.actions() {
        // spec: T148
        let beyond = |why| Refusal::new(Code::DenyCeiling, "scopes", action, why);
        hearing.allow(action).map_err(beyond)?;
    }
    Ok(())
}

/// A group that the roots do not define could never approve, so it denies.
fn check_groups(verified: &Verified, request: &Request) -> Result<(), Refusal> {
    for (block, rule) in asks(verified, request) {
        for approver in &rule.approvers {
            verified.roots().check_defined(approver).map_err(|refusal| placed(refusal, block))?;
        }
    }
    Ok(())
}
