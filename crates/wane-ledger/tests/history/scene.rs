//! A ledger in a SQLite file, guards on it, a root key, and tokens.

use getrandom::SysRng;
use rand_core::UnwrapErr;
use tempfile::TempDir;
use wane::{
    Approval, BlockId, Chain, Code, Decision, Heir, Level, Narrowing, Permit, Refusal, Request, RootGrant, Seal,
    SealedToken, Token, UntrustedApproval, mint,
};
use wane_ledger::{Guard, GuardOptions, Ledger};

use crate::place::{NOW, Place};
use crate::plan;
use crate::worker;

pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) place: Place,
    pub(crate) ledger: Ledger,
}

pub(crate) type Answered = Result<Permit, Refusal>;

impl Scene {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::Sqlite(folder.path().join("ledger.db"));
        let ledger = place.create();
        Self { folder, place, ledger }
    }

    /// As a process that starts now would.
    pub(crate) fn guard(&self) -> Guard {
        self.try_guard(NOW).expect("a guard")
    }

    pub(crate) fn try_guard(&self, now: u64) -> Result<Guard, Refusal> {
        let store = self.place.try_open().map_err(|fault| fault.refusal())?;
        Guard::open(vec![store], self.options(), now)
    }

    /// With the file that keeps the newest head, beside the ledger's folder.
    pub(crate) fn options(&self) -> GuardOptions {
        GuardOptions { head: Some(self.folder.path().join("head")), ..worker::options() }
    }

    /// Anything for an hour, for this ledger only.
    pub(crate) fn grant(&self) -> RootGrant {
        RootGrant::new("files".parse().unwrap(), NOW - 10, NOW + 3_600)
            .scope("*".parse().unwrap())
            .ledger(self.ledger.id())
    }

    pub(crate) fn mint(&self) -> Token {
        minted(&self.grant())
    }
}

pub(crate) fn minted(grant: &RootGrant) -> Token {
    mint(grant, &plan::root(), Heir::carried(&mut UnwrapErr(SysRng))).expect("a token")
}

pub(crate) fn child(token: &Token, narrowing: &Narrowing) -> Token {
    token.attenuate(narrowing, Heir::carried(&mut UnwrapErr(SysRng))).expect("a child")
}

pub(crate) fn shown(token: &Token) -> SealedToken {
    token.seal(&Seal::new()).expect("a sealed token")
}

pub(crate) fn session(chain: &Chain) -> BlockId {
    chain.blocks()[0].id()
}

pub(crate) fn asked(action: &str, level: Level) -> Request {
    plan::request(action, level, None)
}

pub(crate) fn ask(
    guard: &Guard,
    sealed: &SealedToken,
    request: &Request,
    approvals: &[&Approval],
    now: u64,
) -> Answered {
    let approvals: Vec<UntrustedApproval> = approvals.iter().map(|approval| approval.statement().clone()).collect();
    match guard.admit(sealed, request, &approvals, now).decision {
        Decision::Allow(permit) => Ok(permit),
        Decision::Ask(ask) => Err(ask.refusal().clone()),
        Decision::Deny(refusal) => Err(refusal),
    }
}

pub(crate) fn admit(guard: &Guard, sealed: &SealedToken, action: &str, level: Level) -> Answered {
    ask(guard, sealed, &asked(action, level), &[], NOW)
}

/// The code of a refusal; an admission is none.
pub(crate) fn refused(answer: Answered, code: Code) {
    match answer {
        Ok(permit) => panic!("admitted: {permit:?}"),
        Err(refusal) => assert_eq!(refusal.code(), code, "{refusal}"),
    }
}

/// Nothing but reads is left to it.
pub(crate) fn is_restricted(guard: &Guard, sealed: &SealedToken) {
    for action in ["write:a", "delete:a", "execute:a", "send:a", "admin:a"] {
        refused(admit(guard, sealed, action, Level::Public), Code::DenyRatchet);
    }
}
