//! Valid tokens judged over and over by more threads than there are cores: how busy a machine is changes no answer.

use std::error::Error;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rand_core::CryptoRng;
use wane::{
    Action, Arguments, Heir, Level, Narrowing, Refusal, Request, RootGrant, Roots, Seal, SecretKey, limits, mint,
};

use super::file::{Payload, Vector};
use super::judge;

const MINTED_AT: u64 = 1_767_225_600;

/// A token, and what it allows.
pub(super) enum Valid {
    Vector { path: String, vector: Box<Vector> },
    Minted { text: String, roots: Roots, request: Box<Request> },
}

impl Valid {
    /// A vector whose request must be allowed, or nothing.
    pub(super) fn from_vector(path: &str, text: &str) -> Result<Option<Self>, String> {
        let vector = Box::new(Vector::read(text)?);
        let judged = vector.expect == "ok" && vector.kind == Payload::Sealed && vector.request.is_some();
        Ok(judged.then(|| Self::Vector { path: path.to_owned(), vector }))
    }

    /// A chain of 2 to 16 blocks with keys of its own, for a folder of its own.
    pub(super) fn minted(number: usize, rng: &mut impl CryptoRng) -> Result<Self, Refusal> {
        let root = SecretKey::generate(rng);
        let path = format!("/data/{number}");
        let grant = RootGrant::new("files".parse()?, MINTED_AT, MINTED_AT + 3_600)
            .scope("write:*".parse()?)
            .scope(format!("read:files:* if path under {path}").parse()?);
        let mut token = mint(&grant, &root, Heir::carried(rng))?;
        for delegate in 0..number % (limits::BLOCKS - 1) {
            let narrowing = match delegate {
                0 => Narrowing::new().keep(format!("read:files:* if path under {path}/reports").parse()?),
                _ => Narrowing::new().raise(Level::Internal),
            };
            token = token.attenuate(&narrowing, Heir::carried(rng))?;
        }
        let actions = vec!["read:files:report".parse::<Action>()?];
        let arguments = Arguments::from_json(format!("{{\"path\":\"{path}/reports/q3.txt\"}}").as_bytes())?;
        let request = Request::for_actions("files".parse()?, actions, Level::Internal)?.arguments(arguments);
        Ok(Self::Minted {
            text: token.seal(&Seal::new())?.to_text(),
            roots: Roots::single(root.public_key()),
            request: Box::new(request),
        })
    }

    /// Nothing if it is allowed, and otherwise what was answered to which token.
    fn denial(&self) -> Option<String> {
        let (name, answer) = match self {
            Self::Vector { path, vector } => (path, judge::judge(vector)),
            Self::Minted { text, roots, request } => {
                (text, judge::present(text, roots, Some(request), &[], None, MINTED_AT + 10))
            }
        };
        match answer {
            Ok(answer) if answer.layer == "ok" => None,
            other => Some(format!("{name}: {other:?}")),
        }
    }
}

/// All vectors that must be allowed, and so many minted ones.
pub(super) fn tokens<'a>(
    files: impl IntoIterator<Item = (&'a String, &'a String)>,
    minted: usize,
    rng: &mut impl CryptoRng,
) -> Result<Vec<Valid>, Box<dyn Error>> {
    let mut valid = Vec::new();
    for (path, text) in files {
        valid.extend(Valid::from_vector(path, text)?);
    }
    for number in 0..minted {
        valid.push(Valid::minted(number, rng).map_err(|refusal| refusal.to_string())?);
    }
    Ok(valid)
}

/// So many checks, each thread taking the next one whenever it is free; what was not allowed.
pub(super) fn denials(valid: &[Valid], checks: usize, threads: usize) -> Vec<String> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= checks {
                        break;
                    }
                    let denial = valid.get(number % valid.len()).and_then(Valid::denial);
                    found.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).extend(denial);
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}
