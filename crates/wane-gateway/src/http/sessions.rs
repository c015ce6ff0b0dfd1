//! Sessions of the older era: their messages come on many exchanges, and are those of one connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::limits::Limits;
use super::processes::Room;
use super::talk::Talk;
use crate::credential::Who;
use crate::gate::Gate;

/// Bytes of a session's id, at most.
const ID_BYTES: usize = 256;

/// One session of one server.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) gate: Gate,
    /// Its server, where that was started for it.
    pub(super) talk: Option<Arc<Talk>>,
    /// A gate takes a client's messages one after the other.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
    used: Mutex<Used>,
}

#[derive(Debug)]
struct Used {
    last: Instant,
    exchanges: usize,
    /// Whose it is: of whoever has shown a genuine token in it.
    who: Who,
}

/// An exchange of a session: while there is one, the session is not idle.
#[derive(Debug)]
pub(super) struct InUse(pub(super) Arc<Session>);

impl Session {
    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has asked something in it.
    pub(super) fn learns(&self, who: Who) {
        if who == Who::Known {
            self.used().who = who;
            self.talk.iter().for_each(|talk| talk.is_known());
        }
    }

    /// Whose it is.
    pub(super) fn who(&self) -> Who {
        self.used().who
    }

    /// Since when nobody uses it.
    fn idle(&self) -> Option<Instant> {
        let used = self.used();
        (used.exchanges == 0).then_some(used.last)
    }
}

impl InUse {
    fn of(session: Arc<Session>) -> Self {
        let mut used = session.used();
        used.exchanges = used.exchanges.saturating_add(1);
        drop(used);
        Self(session)
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut used = self.0.used();
        used.exchanges = used.exchanges.saturating_sub(1);
        used.last = Instant::now();
    }
}

type Known = HashMap<(String, String), Arc<Session>>;

/// All of them, by server and id.
#[derive(Debug)]
pub(super) struct Sessions {
    known: Mutex<Known>,
    most: usize,
    idle: Duration,
}

impl Sessions {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { known: Mutex::default(), most: limits.sessions, idle: limits.session_idle }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session of that id, from here on in use.
    pub(super) fn find(&self, server: &str, id: &str) -> Option<InUse> {
        let known = self.known();
        let session = known.get(&(server.to_owned(), id.to_owned())).cloned()?;
        // Counted before anybody else can take it for idle.
        let in_use = InUse::of(session);
        drop(known);
        Some(in_use)
    }

    /// A session has begun. Where there are too many, those go that are idle for too long, and then the one that is for longest; where
    /// all are in use there is no room. Those of strangers are no more than half, and push out nobody else's.
    // spec: G40 G59
    pub(super) fn begin(&self, server: &str, id: &str, gate: Gate, talk: Option<Arc<Talk>>, who: Who) -> Option<InUse> {
        let mut known = self.known();
        let is_full = |known: &Known| {
            let strangers = || known.values().filter(|session| session.who() == Who::Stranger).count();
            known.len() >= self.most || (who == Who::Stranger && strangers() >= half(self.most))
        };
        if is_full(&known) {
            let now = Instant::now();
            let is_idle =
                |session: &Session| session.idle().is_some_and(|since| now.duration_since(since) >= self.idle);
            known.retain(|_, session| !(may_give_way(session, who) && is_idle(session)));
        }
        if is_full(&known) {
            let longest = gives_way(&known, who, |_| true)?;
            known.remove(&longest);
        }
        let used = Mutex::new(Used { last: Instant::now(), exchanges: 0, who });
        let session = Arc::new(Session { gate, talk, turn: Arc::default(), used });
        let in_use = InUse::of(Arc::clone(&session));
        known.insert((server.to_owned(), id.to_owned()), session);
        Some(in_use)
    }

    /// Makes room for another process of a server: the session goes that has been idle for longest; whether there was one.
    pub(super) fn make_room(&self, server: &str, who: Who) -> Room {
        let mut known = self.known();
        match gives_way(&known, who, |name| name == server).and_then(|key| known.remove(&key)) {
            Some(_) => Room::Made,
            None => Room::None,
        }
    }

    /// A session has ended.
    pub(super) fn end(&self, server: &str, id: &str) {
        self.known().remove(&(server.to_owned(), id.to_owned()));
    }
}

/// The session that gives way: a stranger's, and only then, and not to a stranger, another; of them the one that has been idle for longest.
fn gives_way(known: &Known, to: Who, of: impl Fn(&str) -> bool) -> Option<(String, String)> {
    let idle = known.iter().filter(|((name, _), session)| of(name) && may_give_way(session, to));
    let longest = idle.filter_map(|(key, session)| Some((session.who(), session.idle()?, key))).min();
    longest.map(|(_, _, key)| key.clone())
}

/// To a stranger nobody else gives way.
fn may_give_way(session: &Session, to: Who) -> bool {
    to == Who::Known || session.who() == Who::Stranger
}

/// What strangers may have of so many.
pub(super) fn half(most: usize) -> usize {
    most.div_ceil(2)
}

/// Whether this can be the id of a session: as MCP has it, and short.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= ID_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic())
}
