//! What a decision costs beside the signature checks it cannot do without.
//!
//! Each chain of n blocks, the seal included, is read from bytes, verified and decided, next to n bare calls of
//! `verify_strict` with parsed keys and signatures, over messages as long. Both take turns within each round and are
//! measured in CPU time of this thread, so that a busy machine slows both; the median of the rounds' ratios is held
//! to a bound, and this program fails when one passes it.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops where it cannot go on")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use getrandom::{SysRng, rand_core::UnwrapErr};
use rustix::time::{ClockId, clock_gettime};
use wane::{
    Action, Decision, Heir, Level, LiveState, Narrowing, Request, RootGrant, Roots, Seal, SealedToken, SecretKey,
};

const BOUND: f64 = 1.25;
const BLOCKS: [u32; 3] = [2, 4, 16];
const ROUNDS: u32 = 200;
/// Signature checks in one measurement: about two milliseconds, far above the resolution of the clock.
const CHECKS: u32 = 64;

const MINTED: u64 = 1_800_000_000;
const NOW: u64 = MINTED + 60;

fn main() -> ExitCode {
    println!("backend: {}", backend());
    println!("median of {ROUNDS} rounds, CPU time of one thread\n");
    let mut chains: Vec<Chain> = BLOCKS.into_iter().map(Chain::of).collect();
    for _ in 0..ROUNDS {
        chains.iter_mut().for_each(Chain::round);
    }
    println!("blocks  bytes  n x verify_strict  verify, decide   ratio  (at most {BOUND})");
    let mut passed = true;
    for chain in &mut chains {
        passed &= chain.report();
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The implementation of curve25519 in use, found as the library itself finds it.
fn backend() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        let compiled = cfg!(curve25519_dalek_backend = "avx512");
        if compiled && is_x86_feature_detected!("avx512ifma") && is_x86_feature_detected!("avx512vl") {
            return "avx512";
        }
        if is_x86_feature_detected!("avx2") {
            return if compiled { "avx2" } else { "avx2 (.cargo/config.toml is not in force: is RUSTFLAGS set?)" };
        }
    }
    "serial"
}

/// A sealed chain, a request it allows, and as many bare signatures.
struct Chain {
    blocks: u32,
    sealed: Vec<u8>,
    roots: Roots,
    request: Request,
    state: LiveState,
    signatures: Vec<(VerifyingKey, Vec<u8>, Signature)>,
    bare: Vec<Duration>,
    whole: Vec<Duration>,
    ratios: Vec<f64>,
}

impl Chain {
    fn of(blocks: u32) -> Self {
        let root = SecretKey::from_seed([7; 32]);
        let sealed = sealed(&root, blocks);
        let actions = vec!["read:hr:employees".parse::<Action>().unwrap()];
        let length = sealed.len().div_ceil(usize::try_from(blocks).unwrap());
        Chain {
            blocks,
            sealed,
            roots: Roots::single(root.public_key()),
            request: Request::for_actions("files".parse().unwrap(), actions, Level::Internal).unwrap(),
            state: LiveState::without_ledger(),
            signatures: (0..blocks).map(|number| signature(number, length)).collect(),
            bare: Vec::new(),
            whole: Vec::new(),
            ratios: Vec::new(),
        }
    }

    fn round(&mut self) {
        let times = CHECKS / self.blocks;
        let bare = measure(times, || self.check_signatures());
        let whole = measure(times, || self.decide());
        self.ratios.push(whole.as_secs_f64() / bare.as_secs_f64());
        self.bare.push(bare);
        self.whole.push(whole);
    }

    fn check_signatures(&self) {
        for (key, message, signature) in &self.signatures {
            black_box(key).verify_strict(black_box(message), black_box(signature)).unwrap();
        }
    }

    fn decide(&self) {
        let sealed = SealedToken::from_bytes(black_box(&self.sealed)).unwrap();
        let verified = wane::verify(&sealed, &self.roots).unwrap();
        let decision = wane::decide(&verified, black_box(&self.request), &self.state, NOW);
        assert!(matches!(black_box(decision), Decision::Allow(_)), "the benchmark's own request is denied");
    }

    /// Prints one line, and says whether the bound holds.
    fn report(&mut self) -> bool {
        let ratio = median(&mut self.ratios, f64::total_cmp);
        let [bare, whole] = [&mut self.bare, &mut self.whole].map(|times| micros(median(times, Duration::cmp)));
        let verdict = if ratio <= BOUND { "" } else { "  too slow" };
        let (blocks, bytes) = (self.blocks, self.sealed.len());
        println!("{blocks:6}  {bytes:5}  {bare:14.1} µs  {whole:11.1} µs  {ratio:6.3}{verdict}");
        ratio <= BOUND
    }
}

/// The root of the example in the specification, narrowed again and again: each block between keeps the same two
/// scopes and lives a second less, and the seal states its end.
fn sealed(root: &SecretKey, blocks: u32) -> Vec<u8> {
    let mut rng = UnwrapErr(SysRng);
    let scopes = [
        "read:hr:*",
        "read:files:* if path under /data/reports only",
        "write:files:*",
        "send:mail:internal",
        "execute:query:*",
        "read:calendar:*",
    ];
    let mut end = MINTED + 3_600;
    let grant = RootGrant::new("files".parse().unwrap(), MINTED, end);
    let grant = scopes.into_iter().fold(grant, |grant, scope| grant.scope(scope.parse().unwrap()));
    let mut token = wane::mint(&grant, root, Heir::carried(&mut rng)).unwrap();
    for _ in 2..blocks {
        end -= 1;
        let narrowing =
            Narrowing::new().keep("read:hr:*".parse().unwrap()).keep("write:files:*".parse().unwrap()).expires_at(end);
        token = token.attenuate(&narrowing, Heir::carried(&mut rng)).unwrap();
    }
    token.seal(&Seal::new().expires_at(end - 1)).unwrap().to_bytes()
}

fn signature(number: u32, length: usize) -> (VerifyingKey, Vec<u8>, Signature) {
    let mut seed = [9; 32];
    seed.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, part)| *byte ^= part);
    let key = SigningKey::from_bytes(&seed);
    let message = vec![5; length];
    let signature = key.sign(&message);
    (key.verifying_key(), message, signature)
}

/// The CPU time of one call, from a number of them.
fn measure(times: u32, call: impl Fn()) -> Duration {
    let start = thread_time();
    (0..times).for_each(|_| call());
    (thread_time() - start) / times
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn median<T: Copy>(values: &mut [T], order: impl Fn(&T, &T) -> std::cmp::Ordering) -> T {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, order).1
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
