//! A gate between two ends that are held here, and what came out of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Heir, RootGrant, Roots, Seal, SecretKey, Token, mint};
use wane_audit::{Event, LogSecret, Record};
use wane_gateway::{Approvals, Credential, Gate, GateOptions, LocalApprover, Outlet, Question, Terminal};
use wane_ledger::{Guard, GuardOptions, Ledger, MemoryStore, Pace, Rows, Store, Table, Volatile};
use wane_policy::Catalogue;

/// The enforcement point's own approval key.
pub(crate) fn local() -> SecretKey {
    SecretKey::from_seed([8; 32])
}

/// Whether a gate has an approval key of its own.
pub(crate) enum Own {
    None,
    Asks(Option<Terminal>),
}

pub(crate) const NOW: u64 = 1_767_225_600;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    Client,
    Server,
}

/// Whose token requests are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Gateway,
    Client,
}

#[derive(Default)]
pub(crate) struct Out {
    pub(crate) messages: Vec<(To, String)>,
    pub(crate) notices: Vec<String>,
}

pub(crate) struct Scene {
    catalogue: Catalogue,
    whose: Whose,
    store: MemoryStore,
    pub(crate) roots: Roots,
    pub(crate) token: Token,
    pub(crate) guard: Arc<Guard>,
    pub(crate) out: Arc<Mutex<Out>>,
    approved: AtomicU64,
}

impl Scene {
    /// A gate before the catalogue's first server, and a session with these scopes.
    pub(crate) fn new(catalogue: &str, scopes: &[&str], asks: &[String], whose: Whose) -> Self {
        Self::before(catalogue, scopes, asks, whose, |store| vec![Box::new(store)])
    }

    /// The same, whose guard reaches its store by way of others.
    pub(crate) fn before(
        catalogue: &str,
        scopes: &[&str],
        asks: &[String],
        whose: Whose,
        way: impl FnOnce(MemoryStore) -> Vec<Box<dyn Store>>,
    ) -> Self {
        let mut rng = UnwrapErr(SysRng);
        let (store, secret) = (MemoryStore::new(), LogSecret::from_bytes([7; 32]));
        let mut ledger = Ledger::create(Box::new(store.clone()), secret.hint(), None, NOW - 60, Box::new(rng)).unwrap();
        let root = SecretKey::generate(&mut rng);
        let catalogue = Catalogue::from_toml(catalogue).unwrap();
        let name = catalogue.servers().next().unwrap().to_owned();
        let audience = catalogue.server(&name, None).unwrap().audience().clone();
        let grant = RootGrant::new(wane::Pattern::from(&audience), NOW, NOW + 600);
        let grant = scopes.iter().fold(grant, |grant, scope| grant.scope(scope.parse().unwrap()));
        let grant = asks.iter().fold(grant, |grant, ask| grant.ask(ask.parse().unwrap()));
        let token = mint(&grant, &root, Heir::carried(&mut rng)).unwrap();
        ledger.register(token.chain(), Some(&root.public_key()), NOW).unwrap();
        let roots = Roots::single(root.public_key());
        let guard = GuardOptions {
            roots: roots.clone(),
            log_secret: Some(secret),
            checkpoint_key: None,
            volatile: Volatile::Allowed,
            local_approver: Some(local().public_key()),
            head: None,
            pace: Pace::default(),
            published: Box::new(|_| ()),
            rng: Box::new(rng),
            version: "0.1.0".into(),
        };
        let guard = Arc::new(Guard::open(way(store.clone()), guard, NOW).unwrap());
        let roots = Roots::single(root.public_key());
        Self { catalogue, whose, store, roots, token, guard, out: Arc::default(), approved: AtomicU64::new(0) }
    }

    /// Whether a request waits for an approval in the ledger.
    pub(crate) fn waits(&self) -> bool {
        !self.ledger().pending(NOW, 10).unwrap().is_empty()
    }

    /// How often what did not verify was recorded, once the guard has ended.
    pub(crate) fn unverified(&self) -> impl FnOnce() -> u64 + use<> {
        let mut store = self.store.clone();
        move || {
            let mut lines = Vec::new();
            let mut read = |rows: &mut dyn Rows| {
                for table in [Table::Leaf, Table::Queue] {
                    lines.extend(rows.scan(table, &[], None, 1_000)?.into_iter().map(|(_, line)| line));
                }
                Ok(())
            };
            store.view(&mut read).unwrap();
            let events = lines.iter().map(|line| Record::parse(line).unwrap().event);
            events.map(|event| if let Event::Unverified(counted) = event { counted.count } else { 0 }).sum()
        }
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(Box::new(self.store.clone()), Box::new(UnwrapErr(SysRng))).unwrap()
    }

    /// Approves the one request that waits, in the ledger, each time by another statement; whether there was one.
    pub(crate) fn approve(&self, key: &SecretKey) -> bool {
        let mut ledger = self.ledger();
        let waiting = ledger.pending(NOW, 10).unwrap();
        let [request] = waiting.as_slice() else { return false };
        let actions = request.actions.iter().map(|action| action.parse().unwrap()).collect();
        let until = NOW + 60 + self.approved.fetch_add(1, Ordering::SeqCst);
        let approval = wane::Approval::sign(request.last, request.digest, actions, NOW, until, key).unwrap();
        ledger.deposit(&approval.to_text(), &self.roots, Some(local().public_key()), NOW).unwrap();
        true
    }

    /// A gate whose messages and notices are kept.
    pub(crate) fn gate(&self) -> Gate {
        let mut options = self.options(outlet(&self.out, To::Client), outlet(&self.out, To::Server));
        let out = Arc::clone(&self.out);
        options.report = Box::new(move |notice| out.lock().unwrap().notices.push(notice.to_string()));
        Gate::new(options).unwrap()
    }

    /// How a gate comes by approvals that waits so long, and has its own key where it says so.
    pub(crate) fn approvals(wait: u64, own: Own) -> Approvals {
        let approvals = Approvals::waiting(Duration::from_secs(wait));
        let words = |question: &Question| {
            let (request, server) = (question.request(), question.server());
            Some(format!("{} {} at {server}", request.call(), request.stated_arguments().to_json()))
        };
        match own {
            Own::None => approvals,
            Own::Asks(terminal) => approvals.asking(LocalApprover { key: local(), words: Box::new(words), terminal }),
        }
    }

    /// What a gate of this session is made of.
    pub(crate) fn options(&self, to_client: Outlet, to_server: Outlet) -> GateOptions {
        GateOptions {
            catalogue: self.catalogue.clone(),
            server: self.catalogue.servers().next().unwrap().to_owned(),
            audience: None,
            credential: match self.whose {
                Whose::Gateway => Credential::own(Token::parse(&self.token.expose_text()).unwrap(), None),
                Whose::Client => Credential::shown(),
            },
            guard: Arc::downgrade(&self.guard),
            clock: Box::new(|| NOW),
            rng: Box::new(UnwrapErr(SysRng)),
            to_client,
            to_server,
            report: Box::new(|_| ()),
        }
    }

    /// The session's token, sealed for whatever it allows.
    pub(crate) fn sealed(&self) -> String {
        self.token.seal(&Seal::new()).unwrap().to_text()
    }

    /// What came out since the last time.
    pub(crate) fn take(&self) -> Vec<(To, String)> {
        std::mem::take(&mut self.out.lock().unwrap().messages)
    }

    pub(crate) fn notices(&self) -> Vec<String> {
        std::mem::take(&mut self.out.lock().unwrap().notices)
    }
}

fn outlet(out: &Arc<Mutex<Out>>, to: To) -> Outlet {
    let out = Arc::clone(out);
    Box::new(move |message| {
        out.lock().unwrap().messages.push((to, String::from_utf8(message.to_vec()).unwrap()));
        Ok(())
    })
}
