//! Every recorded decision can be made again from what the log keeps.

use std::collections::BTreeMap;

use getrandom::SysRng;
use rand_core::{Rng as _, UnwrapErr};
use wane::{Approval, Arguments, BlockId, Code, Heir, Level, Narrowing, Seal, SealedToken, UntrustedApproval};
use wane_audit::{Decided, Event, Outcome, Replayed, replay};
use wane_ledger::{Store, Table};

use super::scene::{NOW, Scene, asked, code, key, with};

fn tokens(scene: &Scene) -> Vec<SealedToken> {
    let calls = || "calls".parse().unwrap();
    let mut rng = UnwrapErr(SysRng);
    let mut shown = Vec::new();
    for round in 0..60_u64 {
        let grant = scene
            .grant()
            .ledger(scene.ledger_id())
            .budget(calls(), 30 + round)
            .deny("delete:board".parse().unwrap())
            .ask("send:mail by @oncall".parse().unwrap())
            .subject("planner");
        let root = scene.mint(&grant);
        let narrowing = Narrowing::new()
            .keep("read:* if path under /data only".parse().unwrap())
            .keep("write:* if path under /data/out and limit <= 10 open".parse().unwrap());
        let child = root.attenuate(&narrowing, Heir::carried(&mut rng)).unwrap();
        shown.push(root.seal(&Seal::new()).unwrap());
        shown.push(child.seal(&Seal::new()).unwrap());
        shown.push(child.seal(&Seal::new().said("why".parse().unwrap(), wane::Value::Bool(true))).unwrap());
    }
    shown
}

/// 10,000 mixed requests; the figures of each kind are asserted, so that the run cannot become a run of one kind.
#[test]
fn ten_thousand_decisions_made_again() {
    let scene = Scene::new();
    let shown = tokens(&scene);
    let guard = scene.guard();
    let mut rng = UnwrapErr(SysRng);
    let actions = ["read:hr", "write:notes", "delete:board", "delete:hr", "send:mail", "execute:job"];
    let arguments =
        ["{}", r#"{"path": "/data/a"}"#, r#"{"path": "/data/out/a", "limit": 5}"#, r#"{"path": "/etc", "x": 1}"#];
    let level = |number| match number {
        0 => Level::Confidential,
        1..10 => Level::Internal,
        _ => Level::Public,
    };
    let pick = |rng: &mut UnwrapErr<SysRng>, most: usize| usize::try_from(rng.next_u32()).unwrap() % most;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let (guard, shown) = (&guard, &shown);
            let mut rng = UnwrapErr(SysRng);
            scope.spawn(move || {
                for _ in 0..1_250 {
                    let sealed = &shown[pick(&mut rng, shown.len())];
                    let request = asked(actions[pick(&mut rng, 6)], level(pick(&mut rng, 60)));
                    let json = arguments[pick(&mut rng, 4)];
                    let request = request.arguments(Arguments::from_json(json.as_bytes()).unwrap());
                    let request = match pick(&mut rng, 20) {
                        0 => request.asking("*:hr by @oncall".parse().unwrap()).unwrap(),
                        _ => request,
                    };
                    let request = match pick(&mut rng, 10) {
                        0 => request,
                        _ => request.cost("calls".parse().unwrap(), u64::from(rng.next_u32() % 2)),
                    };
                    let now = if pick(&mut rng, 50) == 0 { NOW + 4_000 } else { NOW };
                    let _ = guard.admit(sealed, &request, &[], now);
                }
            });
        }
    });
    let _ = pick(&mut rng, 2);
    guard.close(NOW).unwrap();

    let mut kept: BTreeMap<BlockId, Vec<u8>> = BTreeMap::new();
    let mut store = scene.store.clone();
    store
        .view(&mut |rows| {
            kept = rows
                .scan(Table::Envelope, &[], None, 1_000)?
                .into_iter()
                .map(|(id, envelope)| (BlockId::from_bytes(id.try_into().unwrap()), envelope))
                .collect();
            Ok(())
        })
        .unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in scene.records() {
        let Event::Decision(decided) = &record.event else { continue };
        let again = replay(decided, record.at, |id| kept.get(&id).cloned(), &scene.roots()).unwrap();
        assert!(matches!(again, Replayed::Same { .. }), "{again:?}\n{}", record.to_line().unwrap());
        *counts.entry(decided.decision.as_str()).or_default() += 1;
    }
    assert_eq!(counts.values().sum::<usize>(), 10_000, "{counts:?}");
    assert!(counts.values().all(|count| *count > 50) && counts.len() == 3, "{counts:?}");
}

#[test]
fn an_altered_record_is_noticed() {
    let scene = Scene::new();
    let guard = scene.guard();
    let sealed = scene.sealed(&scene.grant().deny("delete:board".parse().unwrap()));
    let _ = guard.admit(&sealed, &asked("delete:board", Level::Public), &[], NOW);
    let _ = guard.admit(&sealed, &asked("read:hr", Level::Internal), &[], NOW);
    guard.close(NOW).unwrap();
    let (_, before) = sealed.chain().blocks().split_last().unwrap();
    let envelope = |_| Some(before[0].envelope_bytes());
    for record in scene.records() {
        let Event::Decision(mut decided) = record.event else { continue };
        assert!(replay(&decided, record.at, envelope, &scene.roots()).unwrap().agrees());
        match decided.decision {
            Outcome::Deny => {
                decided.decision = Outcome::Allow;
                decided.code = None;
                decided.block = None;
            }
            _ => decided.mark_after = wane::Mark::at(Level::Public),
        }
        assert!(!replay(&decided, record.at, envelope, &scene.roots()).unwrap().agrees());
    }
}

/// The same statement with a signature that does not fit: it has the same id.
fn forged(approval: &Approval) -> UntrustedApproval {
    let mut text = approval.to_text();
    let place = text.len() - 8;
    let other = if text.as_bytes()[place] == b'A' { "B" } else { "A" };
    text.replace_range(place..=place, other);
    UntrustedApproval::parse(&text).unwrap()
}

#[test]
fn a_denial_is_made_again_though_an_approval_was_shown_twice_once_with_a_bad_signature() {
    let scene = Scene::new();
    let token = scene.mint(&scene.grant().ask("send:* by @oncall".parse().unwrap()));
    let last = token.chain().blocks()[0].id();
    let sealed = token.seal(&Seal::new()).unwrap();
    let request = asked("send:mail", Level::Public);
    let digest = wane::verify(&sealed, &scene.roots()).unwrap().request_digest(&request);
    let sign = |exp| Approval::sign(last, digest, request.actions().to_vec(), NOW - 60, exp, &key(40)).unwrap();
    let (good, expired) = (sign(NOW + 60), sign(NOW));
    let guard = scene.guard();
    for (approval, why) in [(&expired, Code::DenyApprovalExpired), (&good, Code::DenyApprovalChain)] {
        assert!(forged(approval).verify(last).is_err());
        let shown = [approval.statement().clone(), forged(approval)];
        assert_eq!(code(with(&guard, &sealed, &request, &shown)), why);
    }
    guard.close(NOW).unwrap();
    let envelope = token.chain().blocks()[0].envelope_bytes();
    let mut codes = Vec::new();
    for record in scene.records() {
        let Event::Decision(decided) = &record.event else { continue };
        let again = replay(decided, record.at, |_| Some(envelope.clone()), &scene.roots()).unwrap();
        assert!(matches!(again, Replayed::Same { .. }), "{again:?}");
        codes.extend(decided.code);
    }
    assert_eq!(codes, [Code::DenyApprovalExpired, Code::DenyApprovalChain]);
}

/// The one decision that was recorded, and when.
fn decision(scene: &Scene) -> (u64, Box<Decided>) {
    let decided = scene.records().into_iter().find_map(|record| match record.event {
        Event::Decision(decided) => Some((record.at, decided)),
        _ => None,
    });
    decided.unwrap()
}

#[test]
fn a_record_that_names_other_agents_or_another_root_is_noticed() {
    let scene = Scene::new();
    let guard = scene.guard();
    let sealed = scene.sealed(&scene.grant().subject("planner"));
    let _ = guard.admit(&sealed, &asked("read:hr", Level::Public), &[], NOW);
    let (at, good) = decision(&scene);
    let agrees = |decided: &Decided| replay(decided, at, |id| scene.envelope(id), &scene.roots()).unwrap().agrees();
    assert!(agrees(&good));
    assert!(!agrees(&Decided { agents: vec![Some("somebody-else".into())], ..(*good).clone() }));
    assert!(!agrees(&Decided { root: wane_audit::Hint::from_bytes([0; 8]), ..(*good).clone() }));
}

#[test]
fn a_denial_that_says_it_was_for_want_of_room_is_not_taken_on_trust() {
    let scene = Scene::new();
    let guard = scene.guard();
    let sealed = scene.sealed(&scene.grant());
    let _ = guard.admit(&sealed, &asked("read:hr", Level::Public), &[], NOW + 9_000);
    guard.close(NOW).unwrap();
    let (at, mut decided) = decision(&scene);
    assert_eq!(decided.code, Some(Code::DenyExpired));
    decided.code = Some(Code::ParseLimit);
    let again = replay(&decided, at, |id| scene.envelope(id), &scene.roots()).unwrap();
    assert!(!again.agrees(), "{again:?}");
}
