//! The laws, held against a chain that verified.

use std::sync::OnceLock;

use wane::{
    Arguments, Decision, Family, Grant, Level, LiveState, Mark, Refusal, Request, Roots, SealedToken, Value, Verified,
    decide, may_still, verify,
};

use crate::cbor::{Item, strict};
use crate::forge::{Blocks, NOW};
use crate::{check, claims};

/// What is asked of every chain: actions, level, arguments.
const REQUESTS: [(&[&str], Level, &str); 9] = [
    (&["read:hr:employees"], Level::Public, "{}"),
    (&["read:files:q3"], Level::Internal, r#"{"path": "/data/reports/q3.csv"}"#),
    (&["read:files:q3"], Level::Confidential, r#"{"path": "/data/reports/q3.csv", "limit": 100}"#),
    (&["write:files:q3"], Level::Public, r#"{"path": "/data/../etc", "x": null}"#),
    (&["write:files:q3"], Level::Internal, r#"{"names": ["a", 1], "filter": {"limit": 10}}"#),
    (&["send:mail:internal"], Level::Internal, r#"{"url": "https://example.com/a"}"#),
    (&["delete:hr:employees"], Level::Restricted, r#"{"x": 100}"#),
    (&["execute:query:sum"], Level::TopSecret, r#"{"path": "10.1.2.3", "limit": 100, "names": []}"#),
    (&["read:hr:employees", "send:mail:internal"], Level::Internal, r#"{"names": "a", "limit": 101}"#),
];

/// How freely: deny, ask, allow.
pub(crate) fn freedom(decision: &Decision) -> u8 {
    match decision {
        Decision::Deny(_) => 0,
        Decision::Ask(_) => 1,
        Decision::Allow(_) => 2,
    }
}

fn requests(verified: &Verified) -> Vec<Request> {
    static ARGUMENTS: OnceLock<Vec<Arguments>> = OnceLock::new();
    let read = || REQUESTS.map(|(_, _, json)| Arguments::from_json(json.as_bytes()).expect("arguments")).into();
    let make = |((actions, level, _), arguments): (&(&[&str], Level, _), &Arguments)| {
        let actions = actions.iter().map(|action| action.parse().expect("an action")).collect();
        Request::for_actions(verified.audience().clone(), actions, *level)
            .expect("a request")
            .arguments(arguments.clone())
            .fact("env".parse().expect("a name"), Value::text("a").expect("a value"))
            .seen("search.results", Value::text("a").expect("a value"))
    };
    REQUESTS.iter().zip(ARGUMENTS.get_or_init(read)).map(make).collect()
}

/// The replayed grants are those that were verified, and each lies within the one before: L1, L2 and L3 as far as
/// the grant shows them.
pub(crate) fn grants_only_shrink(verified: &Verified) {
    let grants = verified.grants();
    assert_eq!(grants.len(), verified.chain().blocks().len());
    assert_eq!(format!("{grants:?}"), format!("{:?}", verified.chain().grants().expect("it verified")));
    assert_eq!(format!("{:?}", grants.last()), format!("{:?}", Some(verified.grant())));
    for block in verified.chain().blocks() {
        // Reading for display must not fail either.
        assert!(!block.claims().stated().iter().any(|(name, _)| name.is_empty()));
    }
    for scope in grants.iter().flat_map(Grant::scopes) {
        if scope.conditions().len() <= wane::limits::CONDITIONS && all_distinct(scope.conditions()) {
            check::same_text(&scope);
        }
    }
    for (before, after) in grants.iter().zip(grants.iter().skip(1)) {
        assert!(after.expires_at() <= before.expires_at());
        assert!(after.not_before() >= before.not_before());
        assert!(after.issued_at() >= before.issued_at());
        assert!(after.issued_at().max(after.not_before().unwrap_or(0)) < after.expires_at());
        assert!(after.mark().level() >= before.mark().level());
        assert!(before.mark().labels().all(|label| after.mark().labels().any(|kept| kept == label)));
        assert!(after.clearance() <= before.clearance());
        assert!(after.depth() <= before.depth());
        assert!(before.session().is_none() || after.session() == before.session());
        assert!(before.ledger().is_none() || after.ledger() == before.ledger());
        let within = |wide: &[wane::Pattern], narrow: &wane::Pattern| wide.iter().any(|one| one.contains(narrow));
        assert!(after.audiences().iter().all(|audience| within(before.audiences(), audience)));
        let wide: Vec<_> = before.scopes().iter().map(|scope| scope.pattern().clone()).collect();
        assert!(after.scopes().iter().all(|scope| within(&wide, scope.pattern())));
        assert!(before.denied().zip(after.denied()).all(|(before, after)| before == after));
        assert!(before.asks().zip(after.asks()).all(|(before, after)| before == after));
        assert!(before.rules().zip(after.rules()).all(|(before, after)| before == after));
        let cap = |name| after.budgets().iter().find(|(known, _)| known == name).map(|(_, cap)| *cap);
        assert!(before.budgets().iter().all(|(name, most)| cap(name).is_some_and(|cap| cap <= *most)));
    }
}

fn all_distinct<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().all(|(i, one)| !list[..i].contains(one))
}

/// Decisions are the same when asked again, deny with codes that say so, and allow nothing that a list of tools would
/// have hidden.
pub(crate) fn decisions(verified: &Verified) {
    let state = LiveState::without_ledger();
    for request in requests(verified) {
        let decision = decide(verified, &request, &state, NOW + 10);
        assert_eq!(format!("{decision:?}"), format!("{:?}", decide(verified, &request, &state, NOW + 10)));
        match &decision {
            Decision::Deny(refusal) => {
                check::refusal(refusal);
                assert!(matches!(refusal.code().family(), Family::Deny | Family::State), "{refusal:?}");
            }
            Decision::Ask(ask) => {
                check::refusal(ask.refusal());
                assert!(!ask.rules().is_empty());
            }
            Decision::Allow(permit) => {
                assert_eq!(permit.request().actions(), request.actions());
                assert!(permit.mark().level() >= request.mark().level());
                assert!(
                    permit.mark().level()
                        <= verified.grant().clearance().max(verified.grant().mark().level()).max(Level::Internal)
                );
                let shown = |action| may_still(verified, &wane::Pattern::from(action), &state, NOW + 10);
                assert!(request.actions().iter().all(shown), "allowed and not shown");
            }
        }
        for late in [verified.grant().expires_at(), u64::MAX] {
            assert_eq!(freedom(&decide(verified, &request, &state, late)), 0, "allowed at its end");
        }
    }
}

/// L1: the chain without its last delegate block, sealed now for the same audience by its holder, who says the same.
pub(crate) fn no_wider_than_its_prefix(verified: &Verified, blocks: &Blocks, payloads: &[Vec<u8>], roots: &Roots) {
    let Some(kept) = payloads.len().checked_sub(2).filter(|kept| *kept > 0) else { return };
    let opened = verified.grants().get(kept - 1).is_some_and(|grant| grant.session().is_some());
    if !opened {
        return;
    }
    let audience = (Item::Unsigned(3), Item::Text(verified.audience().to_string()));
    let seal = payloads.last().and_then(|payload| strict(payload));
    let private = seal.as_ref().and_then(|seal| seal.get(&claims::PRIVATE));
    let said = private.and_then(|private| private.get(&Item::Unsigned(15))).cloned();
    let said = said.map(|said| (claims::PRIVATE, Item::map([(15, said)])));
    let seal = Item::Map([audience].into_iter().chain(said).collect()).encode();
    let prefix = blocks.cut_and_sealed(kept, &seal).token();
    let prefix = SealedToken::from_bytes(&prefix).and_then(|sealed| verify(&sealed, roots));
    let prefix = prefix.expect("a prefix of a genuine chain, sealed for an audience in force");
    let state = LiveState::without_ledger();
    for request in requests(verified) {
        let (now, whole) = (NOW + 10, decide(verified, &request, &state, NOW + 10));
        let before = decide(&prefix, &request, &state, now);
        assert!(freedom(&whole) <= freedom(&before), "{whole:?} after {before:?}");
    }
}

pub(crate) fn no_freer_under_a_ceiling(verified: &Verified, open: &Result<Verified, Refusal>) {
    // The right to leave the session open is no ceiling either.
    let Ok(open) = open else { return assert!(verified.grants()[0].session().is_none()) };
    let state = LiveState::without_ledger();
    for request in requests(verified) {
        let (under, without) = (decide(verified, &request, &state, NOW), decide(open, &request, &state, NOW));
        assert!(freedom(&under) <= freedom(&without), "{under:?} under a ceiling, {without:?} without");
    }
}

/// L2, L4: what the server remembers only takes away.
pub(crate) fn no_freer_with_a_mark(verified: &Verified) {
    let marks = [Mark::at(Level::Confidential), Mark::default().with("untrusted".parse().expect("a name"))];
    for request in requests(verified) {
        let mut state = LiveState::without_ledger();
        let mut before = decide(verified, &request, &state, NOW + 10);
        for mark in marks.clone() {
            state = state.marked(mark);
            let after = decide(verified, &request, &state, NOW + 10);
            assert!(freedom(&after) <= freedom(&before), "{after:?} after {before:?}");
            before = after;
        }
    }
}
