//! What both benchmarks measure with.

use std::sync::Arc;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Heir, Narrowing, RootGrant, Roots, SecretKey, Token, mint};
use wane_audit::LogSecret;
use wane_ledger::{Guard, GuardOptions, Ledger, MemoryStore, Pace, Volatile};

pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
rule = [{ when = "path under /repo", level = "public" }]
"#;

/// From here on this process and its children run on one processor, the last that it may use; no matter where that cannot be had.
pub(crate) fn on_one_processor() {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let may = sched_getaffinity(None).unwrap();
        let mut one = CpuSet::new();
        one.set((0..CpuSet::MAX_CPU).rev().find(|number| may.is_set(*number)).unwrap());
        sched_setaffinity(None, &one).unwrap();
    }
}

/// A guard over a ledger in memory, and the token of a session with one delegation.
pub(crate) fn session() -> (Arc<Guard>, Token) {
    let mut rng = UnwrapErr(SysRng);
    let (store, secret) = (MemoryStore::new(), LogSecret::from_bytes([7; 32]));
    let mut ledger = Ledger::create(Box::new(store.clone()), secret.hint(), None, NOW - 60, Box::new(rng)).unwrap();
    let root = SecretKey::from_seed([1; 32]);
    let grant = RootGrant::new("files".parse().unwrap(), NOW, NOW + 3_600).scope("read:*".parse().unwrap());
    let token = mint(&grant, &root, Heir::carried(&mut rng)).unwrap();
    ledger.register(token.chain(), Some(&root.public_key()), NOW).unwrap();
    let child = token.attenuate(&Narrowing::new().expires_at(NOW + 600), Heir::carried(&mut rng)).unwrap();
    let options = GuardOptions {
        roots: Roots::single(root.public_key()),
        log_secret: Some(secret),
        checkpoint_key: None,
        volatile: Volatile::Allowed,
        local_approver: None,
        head: None,
        pace: Pace::default(),
        published: Box::new(|_| ()),
        rng: Box::new(rng),
        version: "bench".into(),
    };
    (Arc::new(Guard::open(vec![Box::new(store)], options, NOW).unwrap()), child)
}
