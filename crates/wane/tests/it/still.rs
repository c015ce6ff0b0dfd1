//! What live state leaves of a chain, and what is said of it.

use std::collections::BTreeMap;

use wane::{
    BlockId, BlockState, Code, Decision, FirstState, Heir, LedgerId, LedgerState, Level, LiveState, Mark, Narrowing,
    Refusal, Remembered, Request, RootGrant, Roots, Seal, TrustedRoot, Verified, Volatility, decide, may_still, mint,
    verify,
};

use crate::forge::{EXP, IAT, NOW, OPS, Rng, public, secret};

const LEDGER: LedgerId = LedgerId::from_bytes([0x5e; 16]);
const FIRST: BlockId = BlockId::from_bytes([9; 32]);

fn entry() -> TrustedRoot {
    TrustedRoot::new(public(OPS))
}

fn shown(entry: TrustedRoot, change: impl FnOnce(RootGrant) -> RootGrant, seal: &Seal) -> Verified {
    let grant = change(RootGrant::new("files".parse().unwrap(), IAT, EXP).scope("*".parse().unwrap()));
    let token = mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap();
    let groups = BTreeMap::from([("oncall".parse().unwrap(), vec![public(40)])]);
    verify(&token.seal_as(&secret(10), seal).unwrap(), &Roots::with_groups([entry], groups).unwrap()).unwrap()
}

fn minted(change: impl FnOnce(RootGrant) -> RootGrant) -> Verified {
    shown(entry(), change, &Seal::new())
}

fn known(verified: &Verified) -> LedgerState {
    let blocks = vec![BlockState::default(); verified.chain().blocks().len()];
    LedgerState { blocks, ..LedgerState::new(LEDGER, Volatility::Durable) }
}

fn denied(verified: &Verified, request: &Request, state: &LiveState) -> Refusal {
    match decide(verified, request, state, NOW) {
        Decision::Deny(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

fn request(action: &str) -> Request {
    Request::for_actions("files".parse().unwrap(), vec![action.parse().unwrap()], Level::Public).unwrap()
}

/// Whether something that `send:mail:*` covers may still be allowed.
fn mail(verified: &Verified, state: &LiveState, now: u64) -> bool {
    may_still(verified, &"send:mail:*".parse().unwrap(), state, now)
}

#[test]
fn what_may_still_be_allowed() {
    let none = LiveState::without_ledger;
    let plain = minted(|grant| grant);
    assert!(mail(&plain, &none(), NOW));
    assert!(!mail(&plain, &none(), EXP));
    assert!(mail(&plain, &none(), IAT - 30) && !mail(&plain, &none(), IAT - 31));
    // A ledger that it needs and that is not there, or knows that it is revoked.
    assert!(!mail(&minted(|grant| grant.ledger(LEDGER)), &none(), NOW));
    let mut revoked = known(&plain);
    assert!(mail(&plain, &LiveState::with_ledger(revoked.clone()), NOW));
    revoked.blocks[0].revoked = true;
    assert!(!mail(&plain, &LiveState::with_ledger(revoked), NOW));
    // A mark at which the default rules keep no `send`, and one at which only some of it survives.
    assert!(mail(&plain, &none().marked(Mark::at(Level::Internal)), NOW));
    assert!(!mail(&plain, &none().marked(Mark::at(Level::Confidential)), NOW));
    for (kept, left) in [("send:*", true), ("send:mail:a", true), ("send:web", false)] {
        let rule = wane::Rule::new(Level::Internal, [], [kept.parse().unwrap()]);
        let ruled = minted(|grant| grant.rule(rule));
        assert_eq!(mail(&ruled, &none().marked(Mark::at(Level::Internal)), NOW), left, "{kept}");
        assert!(mail(&ruled, &none(), NOW));
    }
    // What is denied wholly is gone, what is denied in part is not.
    for (deny, left) in [("send:*", false), ("send:mail:*", false), ("send:mail:a", true), ("read:*", true)] {
        assert_eq!(mail(&minted(|grant| grant.deny(deny.parse().unwrap())), &none(), NOW), left, "{deny}");
    }
    // Scopes, and the ceiling of the root's entry.
    for (scope, left) in [("send:*", true), ("send:mail:a", true), ("read:*", false)] {
        let kept = shown(entry(), |grant| grant, &Seal::new().keep(scope.parse().unwrap()));
        assert_eq!(mail(&kept, &none(), NOW), left, "{scope}");
    }
    let both = ["send:*".parse().unwrap(), "read:*".parse().unwrap()];
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP).scope("read:*".parse().unwrap());
    let token = mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap();
    let sealed = token.seal_as(&secret(10), &Seal::new()).unwrap();
    let verified = verify(&sealed, &Roots::new([entry().scopes(both)]).unwrap()).unwrap();
    assert!(may_still(&verified, &"read:a".parse().unwrap(), &none(), NOW));
    assert!(!mail(&verified, &none(), NOW));
}

#[test]
fn as_many_labels_as_a_mark_holds() {
    let marked = |count: usize| {
        let mark = (0..count).fold(Mark::default(), |mark, number| mark.with(format!("l{number}").parse().unwrap()));
        LiveState::without_ledger().marked(mark)
    };
    let plain = minted(|grant| grant);
    assert!(mail(&plain, &marked(16), NOW) && !mail(&plain, &marked(17), NOW));
    assert!(matches!(decide(&plain, &request("read:a"), &marked(16), NOW), Decision::Allow(_)));
    assert_eq!(denied(&plain, &request("read:a"), &marked(17)).code(), Code::DenyLabels);
}

#[test]
fn what_needs_the_ledger() {
    let volatile = |verified: &Verified| {
        let ledger = LedgerState { volatility: Volatility::VolatileRefused, ..known(verified) };
        denied(verified, &request("read:a"), &LiveState::with_ledger(ledger)).to_string()
    };
    let bound = |grant: RootGrant| grant.ledger(LEDGER);
    let budget = |grant: RootGrant| bound(grant).budget("calls".parse().unwrap(), 5);
    for (verified, what) in [
        (minted(bound), "the chain"),
        (minted(budget), "a budget"),
        (minted(|grant| bound(grant).continues(FIRST)), "a continued session"),
        (minted(|grant| budget(grant).continues(FIRST)), "a continued session"),
    ] {
        let without = denied(&verified, &request("read:a"), &LiveState::without_ledger()).to_string();
        assert!(without.starts_with(&format!("{what} needs the ledger")), "{without}");
        assert!(volatile(&verified).ends_with(&format!("{what} needs a ledger")), "{}", volatile(&verified));
    }
}

#[test]
fn only_the_session_s_own_block_counts_with_the_first_session() {
    let calls = |cap| Narrowing::new().budget("calls".parse().unwrap(), cap);
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP).scope("*".parse().unwrap());
    let grant = grant.ledger(LEDGER).continues(FIRST).budget("calls".parse().unwrap(), 50);
    let token = mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap();
    let child = token.attenuate_as(&secret(10), &calls(10), Heir::bound(public(11), &mut Rng::new(2))).unwrap();
    let sealed = child.seal_as(&secret(11), &Seal::new()).unwrap();
    let verified = verify(&sealed, &Roots::new([entry()]).unwrap()).unwrap();
    let spent = |first: u64, own: u64, child: u64| {
        let calls = |spent| BlockState { spent: [("calls".parse().unwrap(), spent)].into(), ..BlockState::default() };
        let mut ledger = known(&verified);
        ledger.first = Some(FirstState { state: calls(first), root: public(OPS), issued_at: IAT, continues: false });
        ledger.blocks[0] = calls(own);
        ledger.blocks[1] = calls(child);
        decide(&verified, &request("read:a").cost("calls".parse().unwrap(), 1), &LiveState::with_ledger(ledger), NOW)
    };
    let Decision::Allow(permit) = spent(20, 50, 5) else { panic!("20 of 50 and 5 of 10 are spent") };
    let charged: Vec<_> = permit.effects().charges.iter().map(|charge| (charge.block, charge.cap)).collect();
    assert_eq!(charged, [(FIRST, 50), (verified.chain().blocks()[1].id(), 10)]);
    assert!(matches!(spent(50, 0, 0), Decision::Deny(_)));
    assert!(matches!(spent(0, 0, 10), Decision::Deny(_)));
}

#[test]
fn what_an_ask_says() {
    for (rule, message) in [
        ("send:* by @oncall", "`send:mail` needs 1 approval by @oncall"),
        ("send:* by @oncall, @local need 2", "`send:mail` needs 2 approvals by @oncall, @local"),
    ] {
        let verified = minted(|grant| grant.ask(rule.parse().unwrap()));
        let Decision::Ask(ask) = decide(&verified, &request("send:mail"), &LiveState::without_ledger(), NOW) else {
            panic!("it asks")
        };
        assert_eq!(ask.refusal().to_string(), message);
        assert_eq!(ask.rules(), [rule.parse().unwrap()]);
        assert_eq!(ask.request_digest(), &verified.request_digest(&request("send:mail")));
    }
}

#[test]
fn what_an_approval_of_other_actions_says() {
    let verified = minted(|grant| grant.ask("send:* by @oncall".parse().unwrap()));
    let actions = vec!["send:mail".parse().unwrap(), "send:web".parse().unwrap()];
    let digest = verified.request_digest(&request("send:mail"));
    let last = verified.last_delegate().unwrap();
    let approval = wane::Approval::sign(last, digest, actions, NOW, NOW + 60, &secret(40)).unwrap();
    let state = LiveState::with_ledger(known(&verified)).approved_by(approval);
    let refusal = denied(&verified, &request("send:mail"), &state);
    assert_eq!(refusal.to_string(), "the approval is for `send:mail`, `send:web`, the request needs `send:mail`");
}

#[test]
fn the_claims_of_a_seal_are_kept_without_the_request() {
    let request = request("read:a");
    let seal = Seal::new().said("purpose".parse().unwrap(), wane::Value::text("audit").unwrap()).for_request(
        request.call().clone(),
        wane::Arguments::empty(),
        NOW,
        NOW + 60,
        &mut Rng::new(2),
    );
    let verified = shown(entry(), |grant| grant, &seal);
    let digest = verified.request_digest(&request);
    let holds = |part: &[u8]| verified.seal_claims().windows(part.len()).any(|window| window == part);
    assert!(verified.is_for_one_request() && verified.said().len() == 1);
    assert!(!holds(&digest) && !holds(b"audit") && holds(&NOW.to_be_bytes()[6..]));
}

#[test]
fn what_is_remembered_allows_what_was_shown() {
    let verified = minted(|grant| grant);
    let (seal, before) = verified.chain().blocks().split_last().unwrap();
    let envelopes: Vec<_> = before.iter().map(wane::Block::envelope_bytes).collect();
    let roots = Roots::new([entry()]).unwrap();
    let kept = Remembered::new(&envelopes, seal.id(), &verified.seal_claims(), false, &roots).unwrap();
    let scopes = |grants: Vec<wane::Grant>| grants.iter().map(|grant| grant.scopes()).collect::<Vec<_>>();
    assert_eq!(scopes(kept.grants()), scopes(verified.grants()));
    assert_eq!((kept.grants().len(), kept.chain().blocks().len()), (2, 2));
}
