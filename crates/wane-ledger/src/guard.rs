//! Verify, decide and commit as one call.

mod committer;
mod denials;
mod genuine;
mod group;
pub(crate) mod head;
mod ids;
mod junk;
mod records;
mod seat;
mod seen;
pub(crate) mod sequence;
mod waits;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use rand_core::CryptoRng;
use wane::{
    Approval, Code, Decision, LedgerState, LiveState, Pattern, PublicKey, Refusal, Request, Roots, SealedToken,
    SecretKey, UntrustedApproval, Verdict, Verified, may_still,
};
use wane_audit::{Hint, LogSecret, Origin, RecordId};

use self::committer::{Committer, Keeper};
use self::denials::Denials;
use self::genuine::Genuine;
use self::group::{Answered, Job, Purpose, Task};
use self::head::Head;
use self::ids::Ids;
use self::junk::Junk;
use self::seat::{Entry, Queue, Seat};
use crate::law::{self, Account, Overlay};
use crate::store::{Fault, Store};

pub use self::sequence::Published;

/// What a guard needs to know beside its ledger.
///
/// ```
/// # use getrandom::SysRng;
/// # use rand_core::UnwrapErr;
/// use wane_audit::LogSecret;
/// use wane_ledger::{GuardOptions, Pace, Volatile};
/// let options = GuardOptions {
///     roots: wane::Roots::single(wane::SecretKey::from_seed([1; 32]).public_key()),
///     log_secret: Some(LogSecret::from_bytes([7; 32])),
///     checkpoint_key: None,
///     volatile: Volatile::Refused,
///     local_approver: None,
///     head: Some("/var/lib/wane/head".into()),
///     pace: Pace::default(),
///     published: Box::new(|head| drop(head.checkpoint.text().to_owned())),
///     rng: Box::new(UnwrapErr(SysRng)),
///     version: "0.1.0".into(),
/// };
/// assert!(options.head.is_some());
/// ```
pub struct GuardOptions {
    /// Which root keys it accepts.
    pub roots: Roots,
    /// The secret that the values in records are digested with; without it nothing is admitted.
    pub log_secret: Option<LogSecret>,
    /// The key that signs the heads of the log, and nothing else. Without one there are no checkpoints.
    pub checkpoint_key: Option<SecretKey>,
    /// Whether a ledger that forgets when the process ends will do.
    pub volatile: Volatile,
    /// The enforcement point's own approval key, which asks know as `@local`.
    pub local_approver: Option<PublicKey>,
    /// A small file outside the ledger that keeps its newest head.
    pub head: Option<PathBuf>,
    /// How often the log is brought up to date and its head signed.
    pub pace: Pace,
    /// Told of every signed head: to write it where it outlives the ledger.
    pub published: Box<dyn FnMut(&Published) + Send>,
    /// The generator for the ids of records. Whoever asks the guard may be the one that runs it.
    pub rng: Box<dyn CryptoRng + Send>,
    /// The version of the program, for the record.
    pub version: String,
}

/// Whether a ledger that forgets will do.
///
/// ```
/// assert_ne!(wane_ledger::Volatile::Allowed, wane_ledger::Volatile::Refused);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volatile {
    /// It will do; every answer says so.
    Allowed,
    /// Chains that need a ledger are refused.
    Refused,
}

/// How often things happen that no answer waits for.
///
/// ```
/// use std::time::Duration;
/// let pace = wane_ledger::Pace::default();
/// assert!(pace.denials <= Duration::from_secs(1));
/// assert!(pace.sequence <= pace.checkpoint);
/// assert!(pace.checkpoint_records > 0 && pace.unverified > pace.denials);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Denials wait at most so long before they are recorded; never more than a second.
    pub denials: Duration,
    /// Records wait at most about so long for their place in the log.
    pub sequence: Duration,
    /// A head is signed at most so often by the clock,
    pub checkpoint: Duration,
    /// or after so many records.
    pub checkpoint_records: u64,
    /// Input that does not verify is recorded as a count, once in so long.
    pub unverified: Duration,
}

impl Pace {
    /// How long denials wait, a second at most.
    pub(crate) fn denials(&self) -> Duration {
        self.denials.min(Duration::from_secs(1))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            denials: Duration::from_secs(1),
            sequence: Duration::from_secs(1),
            checkpoint: Duration::from_secs(60),
            checkpoint_records: 4_096,
            unverified: Duration::from_secs(60),
        }
    }
}

/// What a guard answers.
///
/// ```
/// fn forward(answer: wane_ledger::Answer) -> Option<wane::Request> {
///     match answer.decision {
///         wane::Decision::Allow(permit) => Some(permit.into_request()),
///         _ => None,
///     }
/// }
/// # let _ = forward;
/// ```
#[derive(Debug)]
#[must_use]
pub struct Answer {
    /// Allowed, asked for approval, or denied. An allowed request has been committed.
    pub decision: Decision,
    /// The id of its record, where one was committed with it. Denials are recorded later, in batches.
    pub record: Option<RecordId>,
    /// Whether the ledger keeps what it commits.
    pub durable: bool,
}

/// What a guard would answer.
///
/// ```
/// let would = wane_ledger::Checked { verdict: wane::Verdict::Allow(wane::Mark::default()), durable: true };
/// assert_eq!(would.verdict.as_str(), "allow");
/// ```
#[derive(Debug)]
#[must_use]
pub struct Checked {
    /// The verdict; it permits nothing.
    pub verdict: Verdict,
    /// Whether the ledger keeps what it commits.
    pub durable: bool,
}

/// Admits requests: verifies what is shown, decides on live state, and commits what follows, all before it answers. Many
/// threads may ask at once; those that wait together share one commit.
///
/// ```
/// use getrandom::SysRng;
/// use rand_core::UnwrapErr;
/// use wane::{Code, Decision, Heir, Level, Request, RootGrant, Roots, Seal, SecretKey, mint};
/// use wane_audit::LogSecret;
/// use wane_ledger::{Guard, GuardOptions, Ledger, MemoryStore, Pace, Volatile};
///
/// let (now, mut rng) = (1_767_225_600, UnwrapErr(SysRng));
/// let (store, secret) = (MemoryStore::new(), LogSecret::from_bytes([7; 32]));
/// let mut ledger = Ledger::create(Box::new(store.clone()), secret.hint(), None, now, Box::new(rng))?;
///
/// let root = SecretKey::generate(&mut rng);
/// let grant = RootGrant::new("files".parse()?, now, now + 600).scope("*".parse()?);
/// let token = mint(&grant, &root, Heir::carried(&mut rng))?;
/// ledger.register(token.chain(), Some(&root.public_key()), now)?;
///
/// let options = GuardOptions {
///     roots: Roots::single(root.public_key()),
///     log_secret: Some(secret),
///     checkpoint_key: Some(SecretKey::generate(&mut rng)),
///     volatile: Volatile::Allowed,
///     local_approver: None,
///     head: None,
///     pace: Pace::default(),
///     published: Box::new(|_| ()),
///     rng: Box::new(rng),
///     version: "0.1.0".into(),
/// };
/// let guard = Guard::open(vec![Box::new(store)], options, now)?;
/// guard.replace_roots(Roots::single(root.public_key()));
///
/// // The wide copy that was sealed first is as good as any, until the session has read something restricted.
/// let shown = token.seal(&Seal::new())?;
/// let asked = |action: &str, level| Request::for_actions("files".parse()?, vec![action.parse()?], level);
/// assert_eq!(guard.check(&shown, &asked("write:notes", Level::Public)?, &[], now).verdict.as_str(), "allow");
/// let answer = guard.admit(&shown, &asked("read:salaries", Level::Restricted)?, &[], now);
/// let Decision::Allow(permit) = answer.decision else { panic!() };
/// assert_eq!(permit.into_request().actions()[0].as_str(), "read:salaries");
/// assert_eq!(guard.may_still(&shown, vec!["write:*".parse()?, "read:*".parse()?], now)?, ["read:*".parse()?]);
/// let answer = guard.admit(&shown, &asked("write:notes", Level::Public)?, &[], now);
/// let Decision::Deny(refusal) = answer.decision else { panic!() };
/// assert_eq!(refusal.code(), Code::DenyRatchet);
/// assert!(guard.look().is_ok() && !guard.is_durable());
/// guard.close(now)?;
/// # Ok::<(), wane::Refusal>(())
/// ```
pub struct Guard {
    shared: Arc<Shared>,
    tasks: Option<Entry>,
    /// Of the only committer: whoever finds nobody there works there itself.
    seat: Option<Arc<Seat>>,
    /// Tells the keeper of the log, by going away, that all other committers have ended.
    ended: Option<Sender<()>>,
    threads: Vec<JoinHandle<Result<(), Refusal>>>,
}

/// What the committers and the callers share.
pub(crate) struct Shared {
    pub(crate) roots: RwLock<Roots>,
    pub(crate) origin: Origin,
    pub(crate) guard: RecordId,
    pub(crate) log_secret: LogSecret,
    /// Its hint.
    pub(crate) log: Hint,
    pub(crate) local_approver: Option<PublicKey>,
    pub(crate) volatile: Volatile,
    pub(crate) durable: bool,
    /// Whether there is one committer only.
    pub(crate) alone: bool,
    pub(crate) pace: Pace,
    pub(crate) version: String,
    pub(crate) junk: Junk,
    pub(crate) head: Head,
    ids: Mutex<Ids>,
    pub(crate) last_now: Mutex<u64>,
    /// Whoever is shown the same chain again checks less.
    genuine: Genuine,
    /// Whether the committer that keeps the log is running.
    kept: AtomicBool,
    /// Whether any committer has committed records since the log was looked at.
    appended: AtomicBool,
    /// Denials that committers had not recorded when they ended.
    left: Mutex<Denials>,
    /// Whether a committer died: nobody knows what it had denied.
    died: AtomicBool,
}

impl Shared {
    pub(crate) fn record_id(&self) -> RecordId {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    pub(crate) fn roots(&self) -> Roots {
        self.roots.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The latest time that any caller has stated: what happens between calls is recorded under it.
    pub(crate) fn now(&self) -> u64 {
        *self.last_now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody still gives records their place.
    pub(crate) fn log_is_kept(&self) -> bool {
        self.kept.load(Ordering::Acquire)
    }

    /// Records were committed, and wait for their place.
    pub(crate) fn has_appended(&self) {
        self.appended.store(true, Ordering::Release);
    }

    pub(crate) fn take_appended(&self) -> bool {
        self.appended.swap(false, Ordering::AcqRel)
    }

    /// A committer ends, and these denials are not recorded.
    pub(crate) fn leave(&self, denials: Denials) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).take_over(denials, self.now());
    }

    pub(crate) fn take_left(&self) -> Denials {
        std::mem::take(&mut self.left.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether every denial so far is recorded or counted, or will be.
    pub(crate) fn knows_all_denials(&self) -> bool {
        !self.died.load(Ordering::Acquire)
    }

    /// Nobody knows what it had denied.
    pub(crate) fn a_committer_died(&self) {
        self.died.store(true, Ordering::Release);
    }

    pub(crate) fn log_has_ended(&self) {
        self.kept.store(false, Ordering::Release);
    }

    /// Verifies by the roots in force.
    fn verify(&self, sealed: &SealedToken) -> Result<Arc<Account>, Refusal> {
        self.genuine.verify(sealed, &self.roots())
    }

    fn saw(&self, now: u64) {
        let mut last = self.last_now.lock().unwrap_or_else(PoisonError::into_inner);
        *last = now.max(*last);
    }
}

impl Guard {
    /// Opens a ledger that exists: one committer for each store, which must all be of the same ledger. `now` is in seconds
    /// since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// `state-*`: the ledger cannot be reached, is none, is older than the newest head known outside, or the log's secret is
    /// not the one it was made with.
    pub fn open(stores: Vec<Box<dyn Store>>, options: GuardOptions, now: u64) -> Result<Self, Refusal> {
        let missing = || Refusal::new(Code::StateLogSecret, "ledger", "none", "one");
        let durable = !stores.is_empty() && stores.iter().all(|store| store.is_durable());
        let mut stores = stores;
        // spec: S33
        let log_secret = options.log_secret.ok_or_else(missing)?;
        let none = || Fault::Unreachable("no store is given".into()).refusal();
        let mut of = None;
        for store in &mut stores {
            let (id, origin) = committer::origin(&mut **store, &log_secret).map_err(|fault| fault.refusal())?;
            match of.get_or_insert((id, origin)) {
                // spec: S83
                (first, _) if *first != id => return Err(Refusal::new(Code::StateOtherLedger, "ledger", id, *first)),
                _ => {}
            }
        }
        let (_, origin) = of.ok_or_else(none)?;
        let mut rng = options.rng;
        let mut guard = [0; 16];
        rng.fill_bytes(&mut guard);
        let shared = Arc::new(Shared {
            roots: RwLock::new(options.roots),
            origin,
            guard: RecordId::from_bytes(guard),
            log: log_secret.hint(),
            log_secret,
            local_approver: options.local_approver,
            volatile: options.volatile,
            durable,
            alone: stores.len() == 1,
            pace: options.pace,
            version: options.version,
            junk: Junk::default(),
            head: Head::at(options.head),
            ids: Mutex::new(Ids::drawn_from(rng)),
            last_now: Mutex::new(now),
            genuine: Genuine::default(),
            kept: AtomicBool::new(true),
            appended: AtomicBool::new(true),
            left: Mutex::default(),
            died: AtomicBool::new(false),
        });
        let (tasks, queue) = Queue::new();
        let queue = Arc::new(queue);
        let (ended, others) = channel();
        let mut keeper = Some(Keeper { key: options.checkpoint_key, published: options.published, others });
        let mut committers = Vec::with_capacity(stores.len());
        for mut store in stores {
            // The first one keeps the log as well.
            let keeper = keeper.take();
            if keeper.is_some() {
                committer::open(&mut *store, &shared, now).map_err(|fault| fault.refusal())?;
            }
            committers.push(Arc::new(Seat::new(Committer::new(store, Arc::clone(&shared), keeper))));
        }
        let seat = committers.first().filter(|_| shared.alone).map(Arc::clone);
        let mut threads = Vec::with_capacity(committers.len());
        for committer in committers {
            let builder = std::thread::Builder::new().name("wane-committer".into());
            let (queue, shared) = (Arc::clone(&queue), Arc::clone(&shared));
            let thread = builder.spawn(move || committer.run(&queue, &shared));
            threads.push(thread.map_err(|error| Fault::Unreachable(error.kind().to_string()).refusal())?);
        }
        Ok(Self { shared, tasks: Some(tasks), seat, ended: Some(ended), threads })
    }

    /// Admits one request, or says why not. Whoever forwards the call consumes the permit. Blocks until what follows is
    /// committed; where nobody waits for the only store, it is the calling thread that decides and runs store and generator.
    /// `now` is in seconds since 1970-01-01T00:00:00Z.
    pub fn admit(&self, sealed: &SealedToken, request: &Request, approvals: &[UntrustedApproval], now: u64) -> Answer {
        let answered = self.ask(Purpose::Admit, sealed, request, approvals, now);
        let (decision, record) = match answered {
            Ok(Answered { decision, record }) => (decision, record),
            Err(refusal) => (Decision::Deny(refusal), None),
        };
        // spec: S40
        Answer { decision, record, durable: self.shared.durable }
    }

    /// What [`Guard::admit`] would answer now. Nothing is written and nothing permitted.
    pub fn check(&self, sealed: &SealedToken, request: &Request, approvals: &[UntrustedApproval], now: u64) -> Checked {
        let answered = self.ask(Purpose::Check, sealed, request, approvals, now);
        let verdict = match answered.map(|answered| answered.decision) {
            Ok(Decision::Allow(permit)) => Verdict::Allow(permit.mark().clone()),
            Ok(Decision::Ask(ask)) => Verdict::Ask(ask.refusal().clone()),
            Ok(Decision::Deny(refusal)) | Err(refusal) => Verdict::Deny(refusal),
        };
        Checked { verdict, durable: self.shared.durable }
    }

    /// Those of the patterns of which some action could still be allowed, as [`wane::may_still`] tells: for showing lists of
    /// tools. It permits nothing.
    ///
    /// # Errors
    /// `parse-*` and `chain-*` for what does not verify; `state-*` where the ledger cannot be read.
    pub fn may_still(&self, sealed: &SealedToken, patterns: Vec<Pattern>, now: u64) -> Result<Vec<Pattern>, Refusal> {
        let account = self.verified(sealed, now)?;
        let (reply, answer) = sync_channel(1);
        self.send(Task::Look(Box::new(move |store, shared| {
            let known = look(&account, store, shared).map_err(|fault| fault.refusal());
            let state = known.map(LiveState::with_ledger);
            let still = |state: LiveState| {
                patterns.into_iter().filter(|pattern| may_still(account.verified(), pattern, &state, now)).collect()
            };
            // A caller that has gone away needs no answer.
            let _: Result<(), _> = reply.send(state.map(still));
        })))?;
        answer.recv().map_err(|_| gone())?
    }

    /// Whether the ledger keeps what it commits. One that does not keeps nobody waiting for a disk or a network either.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.shared.durable
    }

    /// Whether the ledger answers, and is not older than its newest head known outside: for those who watch over it.
    ///
    /// # Errors
    /// `state-*` as an admission would be denied with now, whatever it were for.
    pub fn look(&self) -> Result<(), Refusal> {
        let (reply, answer) = sync_channel(1);
        self.send(Task::Look(Box::new(move |store, shared| {
            let looked = shared.head.seen().and_then(|known| {
                store.view(&mut |rows| {
                    let mut overlay = Overlay::new(rows);
                    law::load_meta(&mut overlay)?;
                    shared.head.check_seen(known.as_ref(), &mut overlay)
                })
            });
            // Whoever asked may have gone away.
            let _: Result<(), _> = reply.send(looked.map_err(|fault| fault.refusal()));
        })))?;
        answer.recv().map_err(|_| gone())?
    }

    /// Puts other roots in force, for every request that is not decided yet.
    pub fn replace_roots(&self, roots: Roots) {
        *self.shared.roots.write().unwrap_or_else(PoisonError::into_inner) = roots;
    }

    /// Records what waits, brings the log up to date, signs its head and says in the log that it was closed.
    ///
    /// # Errors
    /// `state-*` where that could not be committed.
    pub fn close(mut self, now: u64) -> Result<(), Refusal> {
        self.shared.saw(now);
        self.stop()
    }

    fn stop(&mut self) -> Result<(), Refusal> {
        self.tasks = None;
        let mut answer = Ok(());
        // The keeper of the log is the first, and ends last.
        while let Some(thread) = self.threads.pop() {
            if self.threads.is_empty() {
                self.ended = None;
            }
            let died = || Fault::Unreachable("a committer died".into()).refusal();
            answer = answer.and(thread.join().unwrap_or_else(|_| {
                self.shared.a_committer_died();
                Err(died())
            }));
        }
        answer
    }

    fn ask(
        &self,
        purpose: Purpose,
        sealed: &SealedToken,
        request: &Request,
        approvals: &[UntrustedApproval],
        now: u64,
    ) -> Result<Answered, Refusal> {
        // spec: S29
        let account = self.verified(sealed, now)?;
        let verified = account.verified();
        let (approvals, misfit) = sort_out(verified, approvals);
        let (reply, answer) = sync_channel(1);
        let approvable = verified.approvable(request);
        let asked = seen::asked(&self.shared.log_secret, &account, request);
        let more = group::more_keys(purpose, &account, &approvals, &approvable, &asked);
        let (sealed, request) = (sealed.clone(), request.clone());
        let job = Job { purpose, sealed, account, request, approvable, more, approvals, asked, misfit, now, reply };
        let entry = self.tasks.as_ref().ok_or_else(gone)?;
        let left = match &self.seat {
            Some(seat) => seat.answer(job, entry, &self.shared),
            None => Some(job),
        };
        if let Some(job) = left {
            self.send(Task::Decide(Box::new(job)))?;
        }
        answer.recv().map_err(|_| gone())?.answer
    }

    fn send(&self, task: Task) -> Result<(), Refusal> {
        self.tasks.as_ref().ok_or_else(gone)?.send(task).map_err(|_task| gone())
    }
}

/// What the ledger knows about a chain.
fn look(account: &Account, store: &mut dyn Store, shared: &Shared) -> Result<LedgerState, Fault> {
    let mut state = None;
    let known = shared.head.seen()?;
    store.view(&mut |rows| {
        let mut overlay = Overlay::new(rows);
        overlay.prefetch(account.rows().iter().chain([&sequence::key()]))?;
        shared.head.check_seen(known.as_ref(), &mut overlay)?;
        state = Some(account.state(&[], &mut overlay, group::volatility(shared))?);
        Ok(())
    })?;
    state.ok_or_else(|| Fault::Misuse("a view that ran nothing".into()))
}

fn gone() -> Refusal {
    Fault::Unreachable("the committer has ended".into()).refusal()
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Whoever wants to know whether it went well closes it.
        let _: Result<(), Refusal> = self.stop();
    }
}

/// Approvals that may come with one request: as many as one ask can name.
const APPROVALS: usize = 64;

/// The approvals that were signed for this chain, and the first that was not, or that is one too many: the request is then
/// denied like any other of a genuine token.
fn sort_out(verified: &Verified, approvals: &[UntrustedApproval]) -> (Vec<Approval>, Option<group::Misfit>) {
    let mut good = Vec::with_capacity(approvals.len().min(APPROVALS));
    let Some(last) = verified.last_delegate() else { return (good, None) };
    let misfit = |approval: &UntrustedApproval, refusal| Some(group::Misfit { approval: approval.clone(), refusal });
    for (number, approval) in approvals.iter().enumerate() {
        if number >= APPROVALS {
            // spec: A30
            let refusal = Refusal::new(Code::ParseLimit, "approval", approvals.len(), APPROVALS);
            return (good, misfit(approval, refusal));
        }
        match approval.verify(last) {
            Ok(approval) => good.push(approval),
            Err(refusal) => return (good, misfit(approval, refusal)),
        }
    }
    (good, None)
}
