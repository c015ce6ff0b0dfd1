//! A ledger in a map, a root key, and tokens.

use std::collections::BTreeMap;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{
    BlockId, Decision, Heir, LedgerId, Level, LiveState, Request, RootGrant, Roots, Seal, SealedToken, SecretKey,
    Token, Verified, Volatility, decide, mint, verify,
};

use crate::law::{self, Meta, Overlay};
use crate::store::{Change, Fault, Key, Row, Rows, Table};

/// When the ledger was made.
pub(crate) const MADE: u64 = 1_000_000;

/// After `since`.
pub(crate) const NOW: u64 = MADE + 100;

pub(crate) const LEDGER: LedgerId = LedgerId::from_bytes([0x5e; 16]);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Map {
    pub(crate) rows: BTreeMap<Key, Vec<u8>>,
    /// How often rows were asked for.
    pub(crate) gets: usize,
    /// How often rows were written.
    pub(crate) puts: usize,
}

impl Rows for Map {
    fn get(&mut self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        self.gets += 1;
        Ok(keys.iter().map(|key| self.rows.get(key).cloned()).collect())
    }

    fn put(&mut self, changes: Vec<Change>) -> Result<(), Fault> {
        self.puts += 1;
        for (key, value) in changes {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        Ok(())
    }

    fn append(&mut self, values: Vec<Vec<u8>>) -> Result<(), Fault> {
        for value in values {
            let next = self.rows.keys().filter(|(table, _)| *table == Table::Queue).count() as u64;
            self.rows.insert((Table::Queue, next.to_be_bytes().to_vec()), value);
        }
        Ok(())
    }

    fn scan(&mut self, table: Table, from: &[u8], to: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, Fault> {
        let within = |key: &[u8]| key >= from && to.is_none_or(|to| key < to);
        let found = self.rows.iter().filter(|((of, key), _)| *of == table && within(key));
        Ok(found.take(limit).map(|((_, key), value)| (key.clone(), value.clone())).collect())
    }
}

pub(crate) struct World {
    pub(crate) map: Map,
    pub(crate) root: SecretKey,
    pub(crate) roots: Roots,
}

/// How a request was answered; the greater the narrower.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    Allow,
    Ask,
    Deny(wane::Code),
}

impl Answer {
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Allow => 0,
            Self::Ask => 1,
            Self::Deny(_) => 2,
        }
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let root = SecretKey::from_seed([1; 32]);
        let roots = Roots::single(root.public_key());
        let mut world = Self { map: Map::default(), root, roots };
        let meta = Meta {
            schema: law::SCHEMA,
            id: LEDGER,
            epoch: 1,
            since: 0,
            collected: 0,
            log: "0011223344556677".into(),
            origin: "test".into(),
        };
        world.change(|overlay| law::create(&meta, MADE, overlay));
        world
    }

    /// One transaction that must succeed.
    pub(crate) fn change<T>(&mut self, body: impl FnOnce(&mut Overlay<'_>) -> Result<T, Fault>) -> T {
        self.attempt(body).unwrap()
    }

    /// One transaction; what fails leaves nothing.
    pub(crate) fn attempt<T>(&mut self, body: impl FnOnce(&mut Overlay<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut overlay = Overlay::new(&mut self.map);
        let done = body(&mut overlay)?;
        overlay.write()?;
        Ok(done)
    }

    /// A read.
    pub(crate) fn look<T>(&mut self, body: impl FnOnce(&mut Overlay<'_>) -> Result<T, Fault>) -> T {
        body(&mut Overlay::new(&mut self.map)).unwrap()
    }

    pub(crate) fn grant(iat: u64, exp: u64) -> RootGrant {
        Self::grant_for(LEDGER, iat, exp)
    }

    pub(crate) fn grant_for(ledger: LedgerId, iat: u64, exp: u64) -> RootGrant {
        RootGrant::new("files".parse().unwrap(), iat, exp).scope("*".parse().unwrap()).ledger(ledger)
    }

    pub(crate) fn mint(&self, grant: &RootGrant) -> Token {
        mint(grant, &self.root, carried()).unwrap()
    }

    pub(crate) fn verify(&self, sealed: &SealedToken) -> Verified {
        verify(sealed, &self.roots).unwrap()
    }

    pub(crate) fn seal(&self, token: &Token) -> Verified {
        self.verify(&token.seal(&Seal::new()).unwrap())
    }

    pub(crate) fn entry(&mut self, id: BlockId) -> Option<crate::law::Entry> {
        self.look(|overlay| overlay.load(&law::entry_key(id)))
    }

    /// What would be answered, without a change.
    pub(crate) fn check(&mut self, verified: &Verified, request: &Request, now: u64) -> Answer {
        let mut overlay = Overlay::new(&mut self.map);
        judge(verified, request, now, &mut overlay, false).unwrap()
    }

    /// One request in one transaction.
    pub(crate) fn admit(&mut self, verified: &Verified, request: &Request, now: u64) -> Answer {
        self.change(|overlay| judge(verified, request, now, overlay, true))
    }

    pub(crate) fn collect(&mut self, now: u64) -> usize {
        self.change(|overlay| law::advance(now, overlay));
        let (mut cursor, mut gone) = (Some(law::Cursor::start()), 0);
        while let Some(from) = cursor {
            let (count, next) = self.change(|overlay| law::collect_page(&from, 2, now, overlay));
            (cursor, gone) = (next, gone + count);
        }
        gone
    }
}

/// Read, decide, commit.
pub(crate) fn judge(
    verified: &Verified,
    request: &Request,
    now: u64,
    overlay: &mut Overlay<'_>,
    commit: bool,
) -> Result<Answer, Fault> {
    let account = law::Account::of(verified.clone().into())?;
    let kept = account.envelopes().iter().filter(|_| commit).map(|(key, _)| key);
    overlay.prefetch(account.rows().iter().chain(kept))?;
    let state = account.state(&[], overlay, Volatility::Durable)?;
    Ok(match decide(verified, request, &LiveState::with_ledger(state), now) {
        Decision::Allow(permit) => {
            if commit {
                law::commit_effects(&account, permit.effects(), now, "r1", overlay)?;
            }
            Answer::Allow
        }
        Decision::Ask(_) => Answer::Ask,
        Decision::Deny(refusal) => Answer::Deny(refusal.code()),
    })
}

pub(crate) fn carried() -> Heir {
    Heir::carried(&mut UnwrapErr(SysRng))
}

pub(crate) fn request(action: &str, level: Level) -> Request {
    Request::for_actions("files".parse().unwrap(), vec![action.parse().unwrap()], level).unwrap()
}

pub(crate) fn id_of(token: &Token) -> BlockId {
    token.chain().blocks().last().unwrap().id()
}
