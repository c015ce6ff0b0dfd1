//! Listing, and what a revocation would end.

use std::collections::BTreeSet;

use wane::{Bearer, BlockId, Level, LiveState, Narrowing, Roots, SecretKey, Volatility};

use super::{Shared, root, session};
use crate::law::tests::world::{Answer, NOW, World, carried, id_of, request};
use crate::law::{self, Overlay};
use crate::ledger::{Filter, Ledger, Revocation};

#[test]
fn sessions_are_found_by_who_holds_them() {
    let (_, mut ledger) = Shared::created();
    let key = root().public_key();
    let other = SecretKey::from_seed([2; 32]);
    let tokens = [
        session(&ledger, &root(), NOW, NOW + 600, "planner"),
        session(&ledger, &root(), NOW, NOW + 60, "planner"),
        session(&ledger, &other, NOW, NOW + 600, "reporter"),
    ];
    let child = tokens[0].attenuate(&Narrowing::new().subject("reporter"), carried()).unwrap();
    for (token, root) in [(&tokens[0], key), (&tokens[1], key), (&tokens[2], other.public_key()), (&child, key)] {
        ledger.register(token.chain(), Some(&root), NOW).unwrap();
    }
    // A bare id is no session.
    ledger.revoke(&Revocation::Block(BlockId::from_bytes([3; 32])), "", NOW).unwrap();
    ledger.revoke(&Revocation::Block(id_of(&tokens[2])), "", NOW).unwrap();
    let ids = [id_of(&tokens[0]), id_of(&tokens[1]), id_of(&tokens[2]), id_of(&child)];
    let mut found = |filter: Filter| -> Vec<usize> {
        let known = ledger.sessions(&filter, None, 100).unwrap();
        let mut places: Vec<_> = known.iter().map(|known| ids.iter().position(|id| *id == known.id).unwrap()).collect();
        places.sort_unstable();
        places
    };
    assert_eq!(found(Filter::new()), [0, 1, 2, 3]);
    assert_eq!(found(Filter::new().sessions_only()), [0, 1, 2]);
    assert_eq!(found(Filter::new().agent("reporter")), [2, 3]);
    assert_eq!(found(Filter::new().agent("planner").live_at(NOW + 60)), [0]);
    assert_eq!(found(Filter::new().live_at(NOW)), [0, 1, 3]);
    assert_eq!(found(Filter::new().root(other.public_key())), [2]);
    let cnf = *child.chain().blocks()[1].claims().key().unwrap();
    assert_eq!(found(Filter::new().key(cnf)), [3]);

    // Page by page, each once.
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = ledger.sessions(&Filter::new(), after, 1).unwrap();
        let Some(known) = page.first() else { break };
        after = Some(known.id);
        seen.push(known.id);
    }
    assert_eq!(seen.len(), 4);
    assert!(seen.is_sorted());
}

/// A session with a child and a grandchild, one that continues it, with a child, and one that has ended.
fn family(ledger: &mut Ledger) -> Vec<wane::Token> {
    let first = session(ledger, &root(), NOW, NOW + 600, "planner");
    let child = first.attenuate(&Narrowing::new().subject("reporter"), carried()).unwrap();
    let grandchild = child.attenuate(&Narrowing::new().subject("helper"), carried()).unwrap();
    let later = World::grant_for(ledger.id(), NOW + 10, NOW + 900).continues(id_of(&first)).subject("planner");
    let later = wane::mint(&later, &root(), carried()).unwrap();
    let under_later = later.attenuate(&Narrowing::new().subject("reporter"), carried()).unwrap();
    let ended = session(ledger, &root(), NOW, NOW + 15, "planner");
    let tokens = vec![first, child, grandchild, later, under_later, ended];
    for token in &tokens {
        ledger.register(token.chain(), Some(&root().public_key()), NOW + 10).unwrap();
    }
    tokens
}

/// Who would die is who dies.
#[test]
fn a_dry_run_lists_what_a_revocation_ends() {
    let agent = |name: &str, time| Revocation::Before { bearer: Bearer::Agent(name.into()), time };
    let root_key = |time| Revocation::Before { bearer: Bearer::Root(root().public_key()), time };
    for number in 0..11 {
        let (shared, mut ledger) = Shared::created();
        let tokens = family(&mut ledger);
        let cnf = *tokens[1].chain().blocks()[1].claims().key().unwrap();
        let revocation = match number {
            0..6 => Revocation::Block(id_of(&tokens[number])),
            6 => agent("planner", NOW),
            7 => agent("reporter", NOW + 10),
            8 => root_key(NOW),
            9 => root_key(NOW + 10),
            _ => Revocation::Before { bearer: Bearer::Key(cnf), time: NOW },
        };
        let now = NOW + 20;
        let alive = |shared: &Shared| -> Vec<BlockId> {
            let tokens = tokens.iter().filter(|token| answer(shared, token, now) == Answer::Allow);
            tokens.map(id_of).collect()
        };
        let before = alive(&shared);
        assert_eq!(before.len(), 5);
        let rows = shared.lock().map.rows.clone();
        let doomed = ledger.would_revoke(&revocation, now, 100).unwrap();
        assert_eq!(shared.lock().map.rows, rows, "a dry run changes nothing");
        ledger.revoke(&revocation, "", now).unwrap();
        let after = alive(&shared);
        let mut died: Vec<_> = before.into_iter().filter(|id| !after.contains(id)).collect();
        died.sort_unstable();
        let listed: Vec<_> = doomed.known.iter().map(|known| known.id).collect();
        assert_eq!(listed, died, "{revocation:?}");
        assert_eq!((died.is_empty(), doomed.more), (number == 5, 0), "{revocation:?}");
    }
}

fn answer(shared: &Shared, token: &wane::Token, now: u64) -> Answer {
    let sealed = token.seal(&wane::Seal::new()).unwrap();
    let verified = wane::verify(&sealed, &Roots::single(root().public_key())).unwrap();
    let mut map = shared.lock().map.clone();
    let state = law::state_for(&verified, &[], &mut Overlay::new(&mut map), Volatility::Durable).unwrap();
    match wane::decide(&verified, &request("read:a", Level::Public), &LiveState::with_ledger(state), now) {
        wane::Decision::Allow(_) => Answer::Allow,
        wane::Decision::Ask(_) => Answer::Ask,
        wane::Decision::Deny(refusal) => Answer::Deny(refusal.code()),
    }
}

#[test]
fn a_long_list_of_the_doomed_is_cut_and_counted() {
    let (_, mut ledger) = Shared::created();
    let tokens: Vec<_> = (0..5).map(|_| session(&ledger, &root(), NOW, NOW + 600, "planner")).collect();
    for token in &tokens {
        ledger.register(token.chain(), None, NOW).unwrap();
    }
    let all = Revocation::Before { bearer: Bearer::Agent("planner".into()), time: NOW };
    let doomed = ledger.would_revoke(&all, NOW, 2).unwrap();
    assert_eq!((doomed.known.len(), doomed.more), (2, 3));
}

#[test]
fn a_session_that_was_registered_without_its_root_key_ends_with_its_line() {
    let (_, mut ledger) = Shared::created();
    let first = session(&ledger, &root(), NOW, NOW + 600, "planner");
    let id = id_of(&first);
    ledger.register(first.chain(), Some(&root().public_key()), NOW).unwrap();
    let grant = World::grant_for(ledger.id(), NOW, NOW + 600).continues(id);
    let later = wane::mint(&grant, &root(), carried()).unwrap();
    let later_id = ledger.register(later.chain(), None, NOW).unwrap();
    assert!(ledger.session(later_id).unwrap().unwrap().opened.is_none());
    let revocation = Revocation::Block(id);
    let doomed = ledger.would_revoke(&revocation, NOW, 10).unwrap().known;
    let ids: BTreeSet<_> = doomed.iter().map(|known| known.id).collect();
    assert_eq!(ids, BTreeSet::from([id, later_id]));
    ledger.revoke(&revocation, "", NOW).unwrap();
    assert_eq!(ledger.ended().unwrap(), ids);
}
