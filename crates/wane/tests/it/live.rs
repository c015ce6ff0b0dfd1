//! Decisions on live state and on approvals: what each check answers, and that more state is never freer.

use wane::{
    Approval, Bearer, BlockState, Code, Decision, FirstState, Heir, LedgerId, LedgerState, Level, LiveState, Mark,
    Narrowing, Permit, Recall, RecalledApproval, Refusal, Remembered, Request, RootGrant, Roots, Seal, Token,
    TrustedRoot, Verdict, Verified, Volatility, decide, judge, mint, verify,
};

use crate::forge::{EXP, IAT, NOW, OPS, OTHER, Rng, public, secret};

const LEDGER: LedgerId = LedgerId::from_bytes([0x5e; 16]);
const APPROVER: u8 = 40;
const SECOND: u8 = 41;

fn roots() -> Roots {
    let groups = [("oncall".parse().unwrap(), vec![public(APPROVER), public(SECOND)])].into();
    Roots::with_groups([TrustedRoot::new(public(OPS))], groups).unwrap()
}

fn grant() -> RootGrant {
    RootGrant::new("files".parse().unwrap(), IAT, EXP).scope("*".parse().unwrap()).subject("planner")
}

fn token(grant: &RootGrant) -> Token {
    mint(grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap()
}

fn shown(token: &Token) -> Verified {
    verify(&token.seal_as(&secret(10), &Seal::new()).unwrap(), &roots()).unwrap()
}

fn minted(change: impl FnOnce(RootGrant) -> RootGrant) -> Verified {
    shown(&token(&change(grant())))
}

fn for_one_request(request: &Request) -> Verified {
    let arguments = wane::Arguments::empty();
    let seal = Seal::new().for_request(request.call().clone(), arguments, NOW, NOW + 60, &mut Rng::new(2));
    verify(&token(&grant()).seal_as(&secret(10), &seal).unwrap(), &roots()).unwrap()
}

fn asked(action: &str) -> Request {
    Request::for_actions("files".parse().unwrap(), vec![action.parse().unwrap()], Level::Public).unwrap()
}

fn seen(verified: &Verified) -> LedgerState {
    let blocks = vec![BlockState::default(); verified.chain().blocks().len()];
    LedgerState { blocks, ..LedgerState::new(LEDGER, Volatility::Durable) }
}

fn answer(verified: &Verified, request: &Request, state: LiveState) -> Result<Permit, Refusal> {
    match decide(verified, request, &state, NOW) {
        Decision::Allow(permit) => Ok(permit),
        Decision::Ask(ask) => Err(ask.refusal().clone()),
        Decision::Deny(refusal) => Err(refusal),
    }
}

fn with(verified: &Verified, change: impl FnOnce(&mut LedgerState)) -> Result<Permit, Refusal> {
    let mut ledger = seen(verified);
    change(&mut ledger);
    answer(verified, &asked("write:a"), LiveState::with_ledger(ledger))
}

fn continuing() -> Verified {
    minted(|grant| grant.ledger(LEDGER).continues(wane::BlockId::from_bytes([9; 32])))
}

fn first(root: u8) -> FirstState {
    FirstState { state: BlockState::default(), root: public(root), issued_at: IAT, continues: false }
}

fn capped() -> Verified {
    minted(|grant| grant.ledger(LEDGER).budget("calls".parse().unwrap(), 50))
}

fn spend(verified: &Verified, spent: u64, cost: u64) -> Result<Permit, Refusal> {
    let mut ledger = seen(verified);
    ledger.blocks[0].spent.insert("calls".parse().unwrap(), spent);
    answer(verified, &asked("write:a").cost("calls".parse().unwrap(), cost), LiveState::with_ledger(ledger))
}

fn asking() -> Verified {
    minted(|grant| grant.ask("send:* by @oncall".parse().unwrap()))
}

fn digest(verified: &Verified, request: &Request) -> [u8; 32] {
    match decide(verified, request, &LiveState::without_ledger(), NOW) {
        Decision::Ask(ask) => *ask.request_digest(),
        other => panic!("{other:?}"),
    }
}

fn last_block(verified: &Verified) -> wane::BlockId {
    let blocks = verified.chain().blocks();
    blocks[blocks.len() - 2].id()
}

/// An approval of `send:mail` behind `verified`, signed by `key` from `from` until `to`.
fn approval(verified: &Verified, key: u8, from: u64, to: u64) -> Approval {
    let digest = digest(verified, &asked("send:mail"));
    Approval::sign(last_block(verified), digest, vec!["send:mail".parse().unwrap()], from, to, &secret(key)).unwrap()
}

fn approved(verified: &Verified, approvals: Vec<Approval>) -> Result<Permit, Refusal> {
    let state = approvals.into_iter().fold(LiveState::with_ledger(seen(verified)), LiveState::approved_by);
    answer(verified, &asked("send:mail"), state)
}

fn refusal(answer: Result<Permit, Refusal>) -> Result<(), Refusal> {
    answer.map(|_| ())
}

/// What provokes a code of live state or of an approval.
pub(crate) fn provoke(code: Code) -> Option<Result<(), Refusal>> {
    let bound = || minted(|grant| grant.ledger(LEDGER));
    let plain = || minted(|grant| grant);
    Some(refusal(match code {
        Code::StateOtherLedger => with(&bound(), |ledger| ledger.id = LedgerId::from_bytes([1; 16])),
        Code::StateVolatile => with(&bound(), |ledger| ledger.volatility = Volatility::VolatileRefused),
        Code::StateRevoked => with(&plain(), |ledger| ledger.blocks[1].revoked = true),
        Code::StateSessionTooOld => with(&plain(), |ledger| ledger.since = IAT),
        Code::StateCollected => with(&plain(), |ledger| ledger.collected = EXP),
        Code::StateUnknownSession => with(&continuing(), |_| ()),
        Code::StateContinues => with(&continuing(), |ledger| ledger.first = Some(first(OTHER))),
        Code::StateCorrupt => with(&plain(), |ledger| ledger.blocks.clear()),
        Code::StateUsed => {
            let verified = for_one_request(&asked("write:a"));
            with(&verified, |ledger| ledger.used = [verified.chain().blocks()[1].id()].into())
        }
        Code::DenyCost => with(&capped(), |_| ()),
        Code::DenyBudget => spend(&capped(), 50, 1),
        Code::DenyApprovalChain => {
            let other = shown(&token(&grant().ask("send:* by @oncall".parse().unwrap()).note("another")));
            approved(&asking(), vec![approval(&other, APPROVER, NOW, NOW + 60)])
        }
        Code::DenyApprovalRequest => {
            let verified = asking();
            let actions = vec!["send:mail".parse().unwrap()];
            let signed = Approval::sign(last_block(&verified), [1; 32], actions, NOW, NOW + 60, &secret(APPROVER));
            approved(&verified, vec![signed.unwrap()])
        }
        Code::DenyApprovalActions => {
            let verified = asking();
            let digest = digest(&verified, &asked("send:mail"));
            let actions = vec!["send:mail".parse().unwrap(), "read:hr".parse().unwrap()];
            let signed = Approval::sign(last_block(&verified), digest, actions, NOW, NOW + 60, &secret(APPROVER));
            approved(&verified, vec![signed.unwrap()])
        }
        Code::DenyApprovalSelf => {
            let verified = asking();
            approved(&verified, vec![approval(&verified, 10, NOW, NOW + 60)])
        }
        Code::DenyApprovalKey => {
            let verified = asking();
            approved(&verified, vec![approval(&verified, OTHER, NOW, NOW + 60)])
        }
        Code::DenyApprovalExpired => {
            let verified = asking();
            approved(&verified, vec![approval(&verified, APPROVER, NOW - 60, NOW)])
        }
        Code::DenyApprovalFuture => {
            let verified = asking();
            approved(&verified, vec![approval(&verified, APPROVER, NOW + 31, NOW + 60)])
        }
        Code::DenyApprovalLifetime => {
            let verified = asking();
            let actions = vec!["send:mail".parse().unwrap()];
            return Some(
                Approval::sign(last_block(&verified), [1; 32], actions, NOW, NOW + 3_601, &secret(APPROVER))
                    .map(|_| ()),
            );
        }
        Code::StateApprovalUsed => {
            let verified = asking();
            let approval = approval(&verified, APPROVER, NOW, NOW + 60);
            let mut ledger = seen(&verified);
            ledger.used.insert(approval.id());
            answer(&verified, &asked("send:mail"), LiveState::with_ledger(ledger).approved_by(approval))
        }
        Code::UseRecall => {
            let base = RootGrant::new("files".parse().unwrap(), IAT, EXP);
            let verified = shown(&token(&base.scope("read:* if path = a".parse().unwrap())));
            let kept = remembered(&verified).unwrap();
            let kept = kept.decide(&asked("read:a"), &Recall::default(), LiveState::without_ledger(), NOW);
            return Some(kept.map(|_| ()));
        }
        _ => return None,
    }))
}

fn remembered(verified: &Verified) -> Result<Remembered, Refusal> {
    let (seal, before) = verified.chain().blocks().split_last().unwrap();
    let envelopes: Vec<_> = before.iter().map(wane::Block::envelope_bytes).collect();
    let for_one = verified.is_for_one_request();
    Remembered::new(&envelopes, seal.id(), &verified.seal_claims(), for_one, &roots())
}

#[test]
fn a_mark_in_the_ledger_takes_the_write_of_every_copy() {
    let token = token(&grant());
    let child = token
        .attenuate_as(&secret(10), &Narrowing::new().expires_at(EXP - 1), Heir::bound(public(11), &mut Rng::new(3)))
        .unwrap();
    let child = verify(&child.seal_as(&secret(11), &Seal::new()).unwrap(), &roots()).unwrap();
    for verified in [shown(&token), child] {
        let raised = |level| with(&verified, |ledger| ledger.blocks[0].mark = Mark::at(level));
        assert!(raised(Level::Confidential).is_ok());
        assert_eq!(raised(Level::Restricted).unwrap_err().code(), Code::DenyRatchet);
    }
}

#[test]
fn a_continuing_session_has_the_mark_and_the_counters_of_the_first() {
    let continued = |change: &dyn Fn(&mut FirstState)| {
        with(&continuing(), |ledger| {
            let mut first = first(OPS);
            change(&mut first);
            ledger.first = Some(first);
        })
    };
    let code = |change: &dyn Fn(&mut FirstState)| continued(change).unwrap_err().code();
    let permit = continued(&|_| ()).unwrap();
    assert_eq!(permit.effects().session, wane::BlockId::from_bytes([9; 32]));
    assert_eq!(code(&|first| first.state.mark = Mark::at(Level::Restricted)), Code::DenyRatchet);
    assert_eq!(code(&|first| first.state.revoked = true), Code::StateRevoked);
    assert_eq!(code(&|first| first.continues = true), Code::StateContinues);

    let capped = minted(|grant| {
        grant.ledger(LEDGER).continues(wane::BlockId::from_bytes([9; 32])).budget("calls".parse().unwrap(), 50)
    });
    let spend = |spent| {
        let mut ledger = seen(&capped);
        let mut first = first(OPS);
        first.state.spent.insert("calls".parse().unwrap(), spent);
        ledger.first = Some(first);
        answer(&capped, &asked("write:a").cost("calls".parse().unwrap(), 1), LiveState::with_ledger(ledger))
    };
    assert_eq!(spend(49).unwrap().effects().charges[0].block, wane::BlockId::from_bytes([9; 32]));
    assert_eq!(spend(50).unwrap_err().code(), Code::DenyBudget);
}

#[test]
fn the_session_that_is_continued_must_be_of_this_epoch() {
    let at = |since, registered: bool| {
        with(&continuing(), |ledger| {
            ledger.since = since;
            ledger.blocks[0].registered = true;
            let mut first = first(OPS);
            first.state.registered = registered;
            ledger.first = Some(first);
        })
    };
    assert!(at(IAT - 1, false).is_ok() && at(IAT, true).is_ok());
    assert_eq!(at(IAT, false).unwrap_err().code(), Code::StateSessionTooOld);
}

#[test]
fn a_successor_may_continue_the_sessions_of_its_predecessor() {
    let entry = TrustedRoot::new(public(OPS)).succeeds(public(OTHER));
    let roots = Roots::new([entry]).unwrap();
    let token = token(&grant().ledger(LEDGER).continues(wane::BlockId::from_bytes([9; 32])));
    let verified = verify(&token.seal_as(&secret(10), &Seal::new()).unwrap(), &roots).unwrap();
    assert!(with(&verified, |ledger| ledger.first = Some(first(OTHER))).is_ok());
    assert!(with(&verified, |ledger| ledger.first = Some(first(50))).is_err());
}

#[test]
fn what_is_not_newer_than_a_revocation_is_dead() {
    let child = token(&grant())
        .attenuate_as(&secret(10), &Narrowing::new().subject("reporter"), Heir::bound(public(11), &mut Rng::new(3)))
        .unwrap();
    let verified = verify(&child.seal_as(&secret(11), &Seal::new()).unwrap(), &roots()).unwrap();
    let bearers = [
        Bearer::Root(public(OPS)),
        Bearer::Key(public(10)),
        Bearer::Key(public(11)),
        Bearer::Agent("planner".into()),
        Bearer::Agent("reporter".into()),
    ];
    for bearer in bearers {
        let before = |time| with(&verified, |ledger| ledger.revoked_before = vec![(bearer.clone(), time)]);
        assert!(before(IAT - 1).is_ok(), "{bearer:?}");
        assert_eq!(before(IAT).unwrap_err().code(), Code::StateRevoked, "{bearer:?}");
    }
    // Of several, the one that comes first in the chain is named, in whatever order they were learnt.
    let bearers = [Bearer::Agent("planner".into()), Bearer::Key(public(10)), Bearer::Root(public(OPS))];
    for order in [bearers.to_vec(), bearers.iter().rev().cloned().collect()] {
        let all = order.into_iter().map(|bearer| (bearer, IAT)).collect();
        let refusal = with(&verified, |ledger| ledger.revoked_before = all).unwrap_err();
        assert_eq!((refusal.block(), refusal.found().starts_with("the root key")), (Some(0), true), "{refusal:?}");
    }
    let stranger = Bearer::Agent("stranger".into());
    assert!(with(&verified, |ledger| ledger.revoked_before = vec![(stranger, EXP)]).is_ok());
}

#[test]
fn of_several_bearers_that_are_dead_the_first_of_the_chain_is_named() {
    let child = token(&grant())
        .attenuate_as(&secret(10), &Narrowing::new().subject("reporter"), Heir::bound(public(11), &mut Rng::new(3)))
        .unwrap();
    let verified = verify(&child.seal_as(&secret(11), &Seal::new()).unwrap(), &roots()).unwrap();
    let (root, first) = (Bearer::Root(public(OPS)), Bearer::Key(public(10)));
    let (second, agent) = (Bearer::Key(public(11)), Bearer::Agent("reporter".into()));
    let named = |bearers: &[&Bearer]| {
        let dead = bearers.iter().map(|bearer| ((*bearer).clone(), IAT)).collect();
        let refusal = with(&verified, |ledger| ledger.revoked_before = dead).unwrap_err();
        (refusal.block(), refusal.to_string())
    };
    let of = |block, what| (Some(block), format!("revoked: {what}, for what was issued up to {IAT}"));
    assert_eq!(named(&[&agent, &second, &first, &root]), of(0, "the root key"));
    assert_eq!(named(&[&agent, &second, &first]), of(0, "a holder's key"));
    assert_eq!(named(&[&agent, &second]), of(1, "a holder's key"));
    assert_eq!(named(&[&agent]), of(1, "an agent"));
}

#[test]
fn a_holder_cannot_escape_a_revocation_by_its_own_iat() {
    let narrowing = Narrowing::new().subject("reporter").open_session(NOW);
    let grant = grant().issuer();
    let roots = Roots::new([TrustedRoot::new(public(OPS)).allow_issuer()]).unwrap();
    let child = token(&grant).attenuate_as(&secret(10), &narrowing, Heir::bound(public(11), &mut Rng::new(3))).unwrap();
    let verified = verify(&child.seal_as(&secret(11), &Seal::new()).unwrap(), &roots).unwrap();
    // The block states NOW as its iat; what counts is what was in force at its parent.
    let agent = Bearer::Agent("reporter".into());
    let answer = with(&verified, |ledger| ledger.revoked_before = vec![(agent, NOW - 1)]);
    assert_eq!(answer.unwrap_err().code(), Code::StateRevoked);
}

#[test]
fn a_budget_is_never_exceeded_by_one() {
    let permit = spend(&capped(), 49, 1).unwrap();
    assert_eq!((permit.effects().charges[0].cost, permit.effects().charges[0].cap), (1, 50));
    for (spent, cost) in [(50, 1), (49, 2), (0, 51), (u64::MAX, 1), (1, u64::MAX)] {
        assert_eq!(spend(&capped(), spent, cost).unwrap_err().code(), Code::DenyBudget, "{spent} + {cost}");
    }
    assert!(spend(&capped(), 50, 0).is_ok());
}

#[test]
fn a_seal_for_one_request_is_used_up_and_any_other_is_not() {
    let request = asked("write:a");
    let verified = for_one_request(&request);
    let permit = with(&verified, |_| ()).unwrap();
    assert_eq!(permit.effects().uses[0].id, verified.chain().blocks()[1].id());
    assert_eq!(permit.effects().uses[0].expires_at, NOW + 60);
    let reusable = minted(|grant| grant);
    assert!(with(&reusable, |_| ()).unwrap().effects().uses.is_empty());
}

#[test]
fn as_many_distinct_keys_as_an_ask_needs() {
    let two = minted(|grant| grant.ask("send:* by @oncall need 2".parse().unwrap()));
    let by = |key, seconds| approval(&two, key, NOW, NOW + seconds);
    let code = |approvals| approved(&two, approvals).unwrap_err().code();
    assert_eq!(code(vec![]), Code::DenyNeedsApproval);
    assert_eq!(code(vec![by(APPROVER, 60)]), Code::DenyNeedsApproval);
    assert_eq!(code(vec![by(APPROVER, 60), by(APPROVER, 61)]), Code::DenyNeedsApproval);
    let permit = approved(&two, vec![by(APPROVER, 60), by(SECOND, 60)]).unwrap();
    assert_eq!(permit.effects().uses.len(), 2);
}

#[test]
fn one_approval_serves_every_ask_that_names_its_key() {
    let key = public(APPROVER);
    let both = minted(|grant| {
        grant.ask("send:* by @oncall".parse().unwrap()).ask(format!("send:mail by {key}").parse().unwrap())
    });
    assert!(approved(&both, vec![approval(&both, APPROVER, NOW, NOW + 60)]).is_ok());
    assert_eq!(
        approved(&both, vec![approval(&both, SECOND, NOW, NOW + 60)]).unwrap_err().code(),
        Code::DenyNeedsApproval
    );
}

#[test]
fn local_is_the_key_of_the_enforcement_point_alone() {
    let local = minted(|grant| grant.ask("send:* by @local".parse().unwrap()));
    let by = approval(&local, APPROVER, NOW, NOW + 60);
    let state = LiveState::with_ledger(seen(&local)).approved_by(by);
    let answer = |state| answer(&local, &asked("send:mail"), state);
    assert_eq!(answer(state.clone()).unwrap_err().code(), Code::DenyApprovalKey);
    assert_eq!(answer(state.clone().local_approver(public(SECOND))).unwrap_err().code(), Code::DenyApprovalKey);
    assert!(answer(state.local_approver(public(APPROVER))).is_ok());
}

#[test]
fn without_a_ledger_no_approval_counts() {
    let verified = asking();
    let by = approval(&verified, APPROVER, NOW, NOW + 60);
    let answer = answer(&verified, &asked("send:mail"), LiveState::without_ledger().approved_by(by));
    assert_eq!(answer.unwrap_err().code(), Code::DenyNeedsApproval);
}

#[test]
fn an_approval_that_nothing_asks_for_is_refused() {
    let (asking, plain) = (asking(), minted(|grant| grant));
    let digest = digest(&asking, &asked("send:mail"));
    let actions = vec!["send:mail".parse().unwrap()];
    let by = Approval::sign(last_block(&plain), digest, actions, NOW, NOW + 60, &secret(APPROVER)).unwrap();
    assert_eq!(approved(&plain, vec![by]).unwrap_err().code(), Code::DenyApprovalKey);
}

#[test]
fn the_times_of_an_approval_are_exact() {
    let verified = asking();
    let at = |from, to| approved(&verified, vec![approval(&verified, APPROVER, from, to)]);
    assert!(at(NOW + 30, NOW + 31).is_ok() && at(NOW - 1_000, NOW + 1).is_ok());
    let mut ledger = seen(&verified);
    ledger.collected = NOW + 60;
    let late = LiveState::with_ledger(ledger).approved_by(approval(&verified, APPROVER, NOW, NOW + 60));
    assert_eq!(answer(&verified, &asked("send:mail"), late).unwrap_err().code(), Code::StateCollected);
}

#[test]
fn a_decision_is_made_again_from_its_record() {
    let scoped = |grant: RootGrant| {
        grant.scope("read:* if path under /data only".parse().unwrap()).ask("send:* by @oncall".parse().unwrap())
    };
    let base = RootGrant::new("files".parse().unwrap(), IAT, EXP).scope("send:*".parse().unwrap());
    let verified = shown(&token(&scoped(base)));
    let kept = remembered(&verified).unwrap();
    for (action, arguments) in [
        ("read:a", r#"{"path": "/data/a"}"#),
        ("read:a", r#"{"path": "/etc"}"#),
        ("read:a", r#"{"path": "/data/a", "force": true}"#),
        ("read:a", "{}"),
        ("write:a", "{}"),
        ("send:mail", "{}"),
    ] {
        let request = asked(action).arguments(wane::Arguments::from_json(arguments.as_bytes()).unwrap());
        let state = || LiveState::with_ledger(seen(&verified));
        let made = judge(&verified, &request, &state(), NOW);
        let recall = Recall { heard: made.heard, ..Recall::default() };
        let again = kept.decide(&asked(action), &recall, state(), NOW).unwrap();
        match (made.decision, again) {
            (Decision::Allow(permit), Verdict::Allow(mark)) => assert_eq!(*permit.mark(), mark),
            (Decision::Ask(ask), Verdict::Ask(why)) => assert_eq!(ask.refusal().code(), why.code()),
            (Decision::Deny(then), Verdict::Deny(now)) => {
                assert_eq!((then.code(), then.block()), (now.code(), now.block()));
            }
            other => panic!("{action} {arguments}: {other:?}"),
        }
    }
}

#[test]
fn approvals_and_seals_for_one_request_are_recalled_by_their_outcome() {
    let verified = asking();
    let by = approval(&verified, APPROVER, NOW, NOW + 60);
    let kept = remembered(&verified).unwrap();
    let recalled = |unfit| RecalledApproval {
        id: by.id(),
        approver: public(APPROVER),
        issued_at: NOW,
        expires_at: NOW + 60,
        unfit,
    };
    let again = |unfit| {
        let recall = Recall { approvals: vec![recalled(unfit)], ..Recall::default() };
        kept.decide(&asked("send:mail"), &recall, LiveState::with_ledger(seen(&verified)), NOW).unwrap()
    };
    assert_eq!(again(None).as_str(), "allow");
    assert_eq!(again(Some(Code::DenyApprovalRequest)).code(), Some(Code::DenyApprovalRequest));

    let sealed = for_one_request(&asked("write:a"));
    let kept = remembered(&sealed).unwrap();
    let recall = |seal| Recall { seal, ..Recall::default() };
    let again = |seal| kept.decide(&asked("write:a"), &recall(seal), LiveState::without_ledger(), NOW).unwrap();
    assert_eq!(again(None).as_str(), "allow");
    assert_eq!(again(Some(Code::DenyOtherRequest)).code(), Some(Code::DenyOtherRequest));
}

#[test]
fn what_is_remembered_is_signed_up_to_the_seal() {
    let verified = minted(|grant| grant);
    let (seal, before) = verified.chain().blocks().split_last().unwrap();
    let mut envelope = before[0].envelope_bytes();
    *envelope.last_mut().unwrap() ^= 1;
    let claims = verified.seal_claims();
    let kept = |envelopes: &[Vec<u8>]| Remembered::new(envelopes, seal.id(), &claims, false, &roots()).map(|_| ());
    assert_eq!(kept(&[envelope]).unwrap_err().code(), Code::ChainSignature);
    // A seal among the envelopes would be one whose signature nobody checks.
    let seal_too = [before[0].envelope_bytes(), seal.envelope_bytes()];
    assert_eq!(kept(&seal_too).unwrap_err().code(), Code::ParseMissingClaim);
    assert!(kept(&[]).is_err());
    assert!(kept(&[before[0].envelope_bytes()]).is_ok());
}
