//! Decisions made again from an exported log.

use std::sync::atomic::{AtomicU64, Ordering};

use getrandom::SysRng;
use rand_core::{Rng as _, UnwrapErr};
use wane::{
    Arguments, Heir, LedgerId, Level, Narrowing, Request, RootGrant, Roots, Seal, SealedToken, SecretKey, mint,
};
use wane_audit::LogSecret;
use wane_ledger::{Guard, GuardOptions, Ledger, Pace, SqliteOptions, SqliteStore, Store, Volatile};

use crate::scene::Scene;

const DECISIONS: u64 = 10_000;
const CALLERS: u64 = 32;

/// Sessions with a budget, an ask, a deny and conditions, and a child of each.
fn shown(root: &SecretKey, ledger: LedgerId, now: u64) -> Vec<SealedToken> {
    let mut rng = UnwrapErr(SysRng);
    let mut shown = Vec::new();
    for _ in 0..60 {
        let grant = RootGrant::new("files".parse().unwrap(), now, now + 3_600)
            .scope("*".parse().unwrap())
            .ledger(ledger)
            .budget("calls".parse().unwrap(), 40)
            .deny("delete:board".parse().unwrap())
            .ask(format!("send:mail by {}", SecretKey::from_seed([40; 32]).public_key()).parse().unwrap());
        let session = mint(&grant, root, Heir::carried(&mut rng)).unwrap();
        let narrowing = Narrowing::new()
            .keep("read:* if path under /data only".parse().unwrap())
            .keep("write:* if path under /data/out and limit <= 10 open".parse().unwrap());
        let child = session.attenuate(&narrowing, Heir::carried(&mut rng)).unwrap();
        shown.push(session.seal(&Seal::new()).unwrap());
        shown.push(child.seal(&Seal::new()).unwrap());
    }
    shown
}

fn request(rng: &mut UnwrapErr<SysRng>) -> Request {
    let mut pick = |most: u32| usize::try_from(rng.next_u32() % most).unwrap();
    let action = ["read:hr", "write:notes", "delete:board", "delete:hr", "send:mail", "execute:job"][pick(6)];
    let level = [Level::Public, Level::Public, Level::Internal, Level::Confidential][pick(40).min(3) % 4];
    let json =
        ["{}", r#"{"path": "/data/a"}"#, r#"{"path": "/data/out/a", "limit": 5}"#, r#"{"path": "/etc"}"#][pick(4)];
    let request = Request::for_actions("files".parse().unwrap(), vec![action.parse().unwrap()], level).unwrap();
    let request = request.arguments(Arguments::from_json(json.as_bytes()).unwrap());
    if pick(10) == 0 { request } else { request.cost("calls".parse().unwrap(), 1) }
}

#[test]
fn ten_thousand_mixed_requests_replayed_from_an_export() {
    let scene = Scene::new();
    let made =
        scene.sh("wane ledger init sqlite:wane.db --log-secret log.secret --audit-key audit.pem --json").exits(0);
    let id: LedgerId = made.json()["id"].as_str().unwrap_or_else(|| panic!("{made:?}")).parse().unwrap();
    let root = SecretKey::from_seed([1; 32]);
    scene.write("mine.pub", &format!("{}\n", root.public_key()));

    let open =
        || -> Box<dyn Store> { Box::new(SqliteStore::open(scene.path("wane.db"), SqliteOptions::default()).unwrap()) };
    // After the ledger's `since`, by the clock that the requests are judged at.
    let now = Ledger::open(open(), Box::new(UnwrapErr(SysRng))).unwrap().status().unwrap().since + 1;
    let options = GuardOptions {
        roots: Roots::single(root.public_key()),
        log_secret: Some(LogSecret::parse(&scene.read("log.secret")).unwrap()),
        checkpoint_key: None,
        volatile: Volatile::Refused,
        local_approver: None,
        head: None,
        pace: Pace::default(),
        published: Box::new(|_| ()),
        rng: Box::new(UnwrapErr(SysRng)),
        version: "test".into(),
    };
    let guard = Guard::open(vec![open()], options, now).unwrap();
    let tokens = shown(&root, id, now);
    let allowed = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (guard, tokens, allowed) = (&guard, &tokens, &allowed);
            scope.spawn(move || {
                let mut rng = UnwrapErr(SysRng);
                for _ in (caller..DECISIONS).step_by(usize::try_from(CALLERS).unwrap()) {
                    let token = &tokens[usize::try_from(rng.next_u32()).unwrap() % tokens.len()];
                    let answer = guard.admit(token, &request(&mut rng), &[], now);
                    allowed
                        .fetch_add(u64::from(matches!(answer.decision, wane::Decision::Allow(_))), Ordering::Relaxed);
                }
            });
        }
    });
    guard.close(now).unwrap();
    assert!(allowed.into_inner() > 500, "too few were allowed to tell anything");

    scene.sh("wane audit export log --ledger sqlite:wane.db --log-secret log.secret --audit-key audit.pem").exits(0);
    let replayed = scene.sh("wane audit replay --from log --root mine.pub --json").exits(0).json();
    assert_eq!((&replayed["decisions"], &replayed["same"]), (&DECISIONS.into(), &DECISIONS.into()), "{replayed}");
    assert_eq!(replayed["different"], 0);

    // One word of one record, as whoever may write the export could change it.
    let records = scene.read("log/records.jsonl");
    let changed = records.replacen(r#""decision":"deny","code":"deny-pattern""#, r#""decision":"allow""#, 1);
    assert_ne!(changed, records);
    scene.write("log/records.jsonl", &changed);
    scene.sh("wane audit replay --from log --root mine.pub").exits(6);
}
