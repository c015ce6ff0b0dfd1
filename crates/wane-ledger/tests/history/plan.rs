//! What there is to be shown: sessions with children that share budgets, seals for one request, and approvals, all made
//! before anybody starts, so that several processes show the same ones.

use std::path::{Path, PathBuf};

use rand_core::UnwrapErr;
use serde::{Deserialize, Serialize};
use wane::{
    Approval, Arguments, BlockId, Heir, LedgerId, Level, Narrowing, Request, RootGrant, Roots, Seal, SealedToken,
    SecretKey, Token, TrustedRoot, mint, verify,
};

use crate::checker::Id;
use crate::place::{NOW, Place};
use crate::random::Random;

/// What a process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) place: Place,
    pub(crate) seed: u64,
    pub(crate) threads: u32,
    /// Calls of each thread; the sessions are walked through on the way.
    pub(crate) calls: usize,
    pub(crate) sessions: Vec<Session>,
    /// Where histories are written.
    pub(crate) folder: PathBuf,
    /// The file with the newest head.
    pub(crate) head: PathBuf,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: Id,
    /// The session itself, two children, and a child of the first one.
    pub(crate) tokens: Vec<Shown>,
    /// Seals for one request each.
    pub(crate) seals: Vec<Shown>,
    /// For [`approved`] requests of the session itself, by their numbers.
    pub(crate) approvals: Vec<Approved>,
}

/// A sealed token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) text: String,
    pub(crate) blocks: Vec<Id>,
    pub(crate) caps: Vec<(Id, u64)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Approved {
    pub(crate) text: String,
    pub(crate) id: Id,
}

pub(crate) const COUNTER: &str = "calls";
const CAPS: [u64; 3] = [70, 24, 10];
pub(crate) const SEALS: usize = 4;
pub(crate) const APPROVALS: usize = 4;

pub(crate) fn root() -> SecretKey {
    SecretKey::from_seed([1; 32])
}

pub(crate) fn approver() -> SecretKey {
    SecretKey::from_seed([40; 32])
}

pub(crate) fn checkpoint_key() -> SecretKey {
    SecretKey::from_seed([9; 32])
}

pub(crate) fn roots() -> Roots {
    let groups = [("oncall".parse().unwrap(), vec![approver().public_key()])].into();
    Roots::with_groups([TrustedRoot::new(root().public_key())], groups).unwrap()
}

pub(crate) fn id(block: BlockId) -> Id {
    block.to_string()
}

pub(crate) fn block(id: &Id) -> BlockId {
    id.parse().expect("an id")
}

pub(crate) fn request(action: &str, level: Level, number: Option<usize>) -> Request {
    let request = Request::for_actions("files".parse().unwrap(), vec![action.parse().unwrap()], level).unwrap();
    match number {
        Some(number) => {
            request.arguments(Arguments::from_json(format!(r#"{{"number": {number}}}"#).as_bytes()).unwrap())
        }
        None => request,
    }
}

/// The request that an approval of this number is for.
pub(crate) fn approved(number: usize) -> Request {
    request("write:approved", Level::Public, Some(number))
}

/// The request that a seal of this number is for.
pub(crate) fn sealed(number: usize) -> Request {
    request("write:sealed", Level::Public, Some(number))
}

impl Shown {
    fn new(token: &SealedToken) -> Self {
        let blocks = token.chain().blocks();
        let caps =
            blocks.iter().flat_map(|block| block.claims().budgets().iter().map(|(_, cap)| (id(block.id()), *cap)));
        Self {
            text: token.to_text(),
            caps: caps.collect(),
            blocks: blocks.iter().map(|block| id(block.id())).collect(),
        }
    }
}

impl Session {
    fn new(ledger: LedgerId, random: &mut Random) -> Self {
        let counter = || COUNTER.parse().unwrap();
        let grant = RootGrant::new("files".parse().unwrap(), NOW - 10, NOW + 3_600)
            .scope("*".parse().unwrap())
            .ask("write:approved by @oncall".parse().unwrap())
            .ledger(ledger);
        // Without a budget, many calls change nothing and must be recorded all the same.
        let grant = if random.below(3) == 0 { grant } else { grant.budget(counter(), CAPS[0]) };
        let mut rng = UnwrapErr(getrandom::SysRng);
        let mut child =
            |token: &Token, narrowing: &Narrowing| token.attenuate(narrowing, Heir::carried(&mut rng)).unwrap();
        let session = mint(&grant, &root(), Heir::carried(&mut UnwrapErr(getrandom::SysRng))).unwrap();
        let capped = child(&session, &Narrowing::new().budget(counter(), CAPS[1]));
        let free = child(&session, &Narrowing::new().keep("read:*".parse().unwrap()).keep("write:*".parse().unwrap()));
        let below = child(&capped, &Narrowing::new().budget(counter(), CAPS[2]));
        let tokens = [&session, &capped, &free, &below];

        let seals = (0..SEALS).map(|number| {
            let request = sealed(number);
            let (call, arguments) = (request.call().clone(), request.stated_arguments().clone());
            let seal = Seal::new().for_request(call, arguments, NOW, NOW + 300, &mut UnwrapErr(getrandom::SysRng));
            Shown::new(&tokens[random.below(tokens.len())].seal(&seal).unwrap())
        });
        let seals = seals.collect();
        let last = session.chain().blocks()[0].id();
        let plain = session.seal(&Seal::new()).unwrap();
        let verified = verify(&plain, &roots()).unwrap();
        let approvals = (0..APPROVALS).map(|number| {
            let request = approved(number);
            let digest = verified.request_digest(&request);
            let signed = Approval::sign(last, digest, request.actions().to_vec(), NOW, NOW + 600, &approver()).unwrap();
            Approved { text: signed.to_text(), id: id(signed.id()) }
        });
        Self {
            id: id(last),
            approvals: approvals.collect(),
            seals,
            tokens: tokens.map(|token| Shown::new(&token.seal(&Seal::new()).unwrap())).into(),
        }
    }
}

impl Plan {
    /// Makes everything; nothing of it is registered, for it is younger than the ledger.
    pub(crate) fn new(place: &Place, ledger: LedgerId, seed: u64, sessions: usize, folder: &Path) -> Self {
        let mut random = Random::new(seed);
        let sessions = (0..sessions).map(|_| Session::new(ledger, &mut random)).collect();
        Self {
            place: place.clone(),
            seed,
            threads: 2,
            calls: 0,
            sessions,
            folder: folder.to_owned(),
            head: folder.join("head"),
        }
    }

    /// Writes it for other processes.
    pub(crate) fn write(&self) -> PathBuf {
        let path = self.folder.join("plan.json");
        std::fs::write(&path, serde_json::to_vec(self).unwrap()).expect("the plan can be written");
        path
    }

    pub(crate) fn read(path: &Path) -> Self {
        serde_json::from_slice(&std::fs::read(path).expect("a plan")).expect("a plan")
    }
}
