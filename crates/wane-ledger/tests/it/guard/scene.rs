//! A ledger, a guard, a root key, and tokens.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{
    BlockId, Code, Decision, Heir, LedgerId, Level, Permit, Refusal, Request, RootGrant, Roots, Seal, SealedToken,
    SecretKey, Token, TrustedRoot, UntrustedApproval, mint,
};
use wane_audit::{LogSecret, Record};
use wane_ledger::{Answer, Guard, GuardOptions, Ledger, MemoryStore, Pace, Published, Rows, Store, Table, Volatile};

/// When the ledger is made.
pub(super) const MADE: u64 = 1_767_225_600;

/// After its `since`.
pub(super) const NOW: u64 = MADE + 100;

pub(super) struct Scene {
    pub(super) store: MemoryStore,
    pub(super) ledger: Ledger,
    pub(super) root: SecretKey,
    pub(super) published: Arc<Mutex<Vec<Published>>>,
}

/// Every record finds its place and every head is signed at once.
pub(super) fn at_once() -> Pace {
    let soon = Duration::from_millis(5);
    Pace { denials: soon, sequence: soon, checkpoint: soon, checkpoint_records: 1, ..Pace::default() }
}

/// Until it is so, within a time that is long enough for a machine with much else to do.
pub(super) fn comes_true(mut it: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if it() {
            return true;
        }
        if Instant::now() > until {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

pub(super) fn secret() -> LogSecret {
    LogSecret::from_bytes([7; 32])
}

pub(super) fn key(number: u8) -> SecretKey {
    SecretKey::from_seed([number; 32])
}

impl Scene {
    pub(super) fn new() -> Self {
        let store = MemoryStore::new();
        let rng = Box::new(UnwrapErr(SysRng));
        let ledger = Ledger::create(Box::new(store.clone()), secret().hint(), None, MADE, rng).unwrap();
        Self { store, ledger, root: key(1), published: Arc::default() }
    }

    pub(super) fn roots(&self) -> Roots {
        let groups = [("oncall".parse().unwrap(), vec![key(40).public_key(), key(41).public_key()])].into();
        Roots::with_groups([TrustedRoot::new(self.root.public_key())], groups).unwrap()
    }

    pub(super) fn options(&self) -> GuardOptions {
        let published = Arc::clone(&self.published);
        GuardOptions {
            roots: self.roots(),
            log_secret: Some(secret()),
            checkpoint_key: Some(key(9)),
            volatile: Volatile::Allowed,
            local_approver: None,
            head: None,
            pace: Pace::default(),
            published: Box::new(move |head| published.lock().unwrap().push(head.clone())),
            rng: Box::new(UnwrapErr(SysRng)),
            version: "test".into(),
        }
    }

    pub(super) fn guard(&self) -> Guard {
        self.guard_with(self.options())
    }

    pub(super) fn guard_with(&self, options: GuardOptions) -> Guard {
        Guard::open(vec![Box::new(self.store.clone())], options, NOW).unwrap()
    }

    /// A guard over these stores, which must all be of the scene's ledger.
    pub(super) fn guard_over(&self, stores: Vec<Box<dyn Store>>) -> Guard {
        Guard::open(stores, self.options(), NOW).unwrap()
    }

    pub(super) fn grant(&self) -> RootGrant {
        RootGrant::new("files".parse().unwrap(), NOW - 10, NOW + 3_600).scope("*".parse().unwrap())
    }

    pub(super) fn ledger_id(&self) -> LedgerId {
        self.ledger.id()
    }

    pub(super) fn mint(&self, grant: &RootGrant) -> Token {
        mint(grant, &self.root, Heir::carried(&mut UnwrapErr(SysRng))).unwrap()
    }

    pub(super) fn sealed(&self, grant: &RootGrant) -> SealedToken {
        self.mint(grant).seal(&Seal::new()).unwrap()
    }

    /// Every record, those that wait for their place included, in the order of the log.
    pub(super) fn records(&self) -> Vec<Record> {
        let mut store = self.store.clone();
        let mut lines = Vec::new();
        store
            .view(&mut |rows| {
                lines.clear();
                for table in [Table::Leaf, Table::Queue] {
                    lines.extend(rows.scan(table, &[], None, 100_000)?.into_iter().map(|(_, line)| line));
                }
                Ok(())
            })
            .unwrap();
        lines.iter().map(|line| Record::parse(line).unwrap()).collect()
    }

    /// The kept envelope of a block.
    pub(super) fn envelope(&self, id: BlockId) -> Option<Vec<u8>> {
        self.ledger_again().envelope(id).unwrap()
    }

    /// Another handle of the ledger.
    pub(super) fn ledger_again(&self) -> Ledger {
        Ledger::open(Box::new(self.store.clone()), Box::new(UnwrapErr(SysRng))).unwrap()
    }

    /// How many records have no place in the log yet.
    pub(super) fn queued(&self) -> usize {
        let mut queued = 0;
        let count = &mut |rows: &mut dyn Rows| {
            queued = rows.scan(Table::Queue, &[], None, 100_000)?.len();
            Ok(())
        };
        self.store.clone().view(count).unwrap();
        queued
    }

    pub(super) fn kinds(&self) -> Vec<&'static str> {
        self.records().iter().map(|record| record.event.kind()).collect()
    }
}

pub(super) fn asked(action: &str, level: Level) -> Request {
    Request::for_actions("files".parse().unwrap(), vec![action.parse().unwrap()], level).unwrap()
}

pub(super) fn outcome(answer: Answer) -> Result<Permit, Refusal> {
    match answer.decision {
        Decision::Allow(permit) => Ok(permit),
        Decision::Ask(ask) => Err(ask.refusal().clone()),
        Decision::Deny(refusal) => Err(refusal),
    }
}

pub(super) fn admit(guard: &Guard, sealed: &SealedToken, action: &str, level: Level) -> Result<Permit, Refusal> {
    outcome(guard.admit(sealed, &asked(action, level), &[], NOW))
}

pub(super) fn code(answer: Result<Permit, Refusal>) -> Code {
    answer.unwrap_err().code()
}

pub(super) fn with(
    guard: &Guard,
    sealed: &SealedToken,
    request: &Request,
    approvals: &[UntrustedApproval],
) -> Result<Permit, Refusal> {
    outcome(guard.admit(sealed, request, approvals, NOW))
}
