//! What a gateway remembers of one connection: who waits for what. Nothing that a session may or may not do is kept here; that
//! is the ledger's.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use wane::{BlockId, Mark, Refusal, SealedToken};

use crate::gate::OWN_ID;

/// Requests that may wait for an answer at once, in each direction.
const WAITING: usize = 1_024;

/// Requests that are not waited for any more, and that may still be answered: with so many, nobody may ask for anything.
const GIVEN_UP: usize = 4_096;

/// Sessions whose mark is known to have been told. What is forgotten is told once more.
const TOLD: usize = 1_024;

/// What a client waits for.
#[derive(Debug)]
pub(crate) enum Waits {
    /// An answer that passes as it is.
    Plain,
    /// What the server says it can do.
    Handshake,
    /// A page of the list of tools, to be shown as this token may still use them, and what had been heard of changes before it was asked for.
    ListTools(Option<SealedToken>, Begins, u64),
    /// The result of what was admitted.
    Admitted(Option<Admitted>),
    /// The gateway itself, which wants the list of tools. It is told nothing where nobody waits for that any more. What had been heard
    /// before it began to ask.
    Own(SyncSender<Result<Page, Untold>>, u64),
}

/// What has to be known of a request that was admitted once its result comes.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) session: BlockId,
    /// The session's mark with this request.
    pub(crate) mark: Mark,
    /// Which fields of the result are trusted: sources with their pointers.
    pub(crate) trusted: Vec<(String, Vec<String>)>,
}

/// Whether a page is the first of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// It is.
    Anew,
    /// It follows another.
    Behind,
}

/// A page of the list of tools, once it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Where the next one begins, if there is one.
    pub(crate) next: Option<String>,
}

/// The server has not told a page of its tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Untold;

#[derive(Debug, Default)]
pub(crate) struct Flow {
    client: HashMap<String, Waits>,
    /// The ids of `client`, the oldest first.
    order: VecDeque<String>,
    /// What was cancelled, or not answered for too long. An answer that comes all the same must not be taken for that of a request
    /// which has the id then, so that none can have it.
    given_up: HashSet<String>,
    server: HashSet<String>,
    /// What needs an approval and waits for it here; the server knows nothing of it yet.
    /// Under which number each id is kept back.
    held: HashMap<String, u64>,
    holds: u64,
    /// What was asked of a person by way of the client's next request, the oldest first.
    states: VecDeque<State>,
    /// The pinned tools that were listed since the list began anew.
    tools: HashMap<String, Listed>,
    /// How often the server has announced that its tools are others.
    changes: u64,
    told: HashMap<BlockId, Mark>,
    own: u64,
    /// Whether the client has said that it asks its user what a server wants to know.
    pub(crate) elicits: bool,
    /// Whether the server has ended.
    ended: bool,
    /// Whether the server has said that it announces changes of its list.
    pub(crate) announces: bool,
    /// When the server last did not tell its tools to the gateway itself.
    pub(crate) unlisted: Option<Instant>,
}

/// A pinned tool that was listed.
#[derive(Debug)]
struct Listed {
    /// Why it is not what was pinned.
    why_not: Option<Refusal>,
    /// What had been heard of changes of tools, on any connection, before the list was asked for that tells of it.
    heard: u64,
}

/// A question that a client was given as the answer to its request, to bring the answer with the same request.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Its name, which nobody can guess.
    pub(crate) name: String,
    /// What it is about.
    pub(crate) digest: [u8; 32],
    pub(crate) last: BlockId,
    /// Until when it can be answered.
    pub(crate) until: Instant,
    /// What the server itself had asked before, and was answered: members of the parameters, as they were written.
    pub(crate) carried: Vec<(&'static str, String)>,
}

/// Questions of that kind that may be open at once.
const STATES: usize = 64;

/// Why a request cannot wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// One with this id waits already.
    OnItsWay,
    /// One with this id was given up, and may still be answered.
    GivenUp,
    /// So many were given up that no more can be remembered.
    TooManyGivenUp,
    /// The id is one of the gateway's own.
    OwnId,
    /// The server has ended.
    Ended,
    /// As many as can wait already.
    TooMany,
}

impl Flow {
    /// Whether a request with this id can wait.
    pub(crate) fn check(&self, id: &str) -> Result<(), Crowded> {
        match (self.client.contains_key(id) || self.held.contains_key(id), self.given_up.contains(id)) {
            (true, _) => Err(Crowded::OnItsWay),
            (false, true) => Err(Crowded::GivenUp),
            // One that is forgotten could be answered in the place of another.
            (false, false) if self.given_up.len() >= GIVEN_UP => Err(Crowded::TooManyGivenUp),
            (false, false) => Ok(()),
        }
    }

    /// Whether somebody waits under this id.
    pub(crate) fn awaits(&self, id: &str) -> bool {
        self.client.contains_key(id)
    }

    /// A client, or the gateway, waits. Where too many do, the one that has waited longest does no more: its id.
    pub(crate) fn wait(&mut self, id: String, waits: Waits) -> Result<Option<String>, Crowded> {
        if self.ended {
            return Err(Crowded::Ended);
        }
        self.check(&id)?;
        let longest = if self.client.len() >= WAITING { self.order.front().cloned() } else { None };
        if let Some(longest) = &longest {
            self.give_up(longest);
        }
        self.order.push_back(id.clone());
        self.client.insert(id, waits);
        Ok(longest)
    }

    /// Whoever waited under this id, waits no more: the answer has come.
    pub(crate) fn answered(&mut self, id: &str) -> Option<Waits> {
        self.given_up.remove(id);
        self.unwait(id)
    }

    /// Whoever waits under this id, waits no more, and no answer can come: the server has never seen the request. One that was given up
    /// is not meant.
    pub(crate) fn unwait(&mut self, id: &str) -> Option<Waits> {
        let waits = self.client.remove(id)?;
        self.order.retain(|known| known != id);
        Some(waits)
    }

    /// Whoever waits under this id, waits no more, and no answer has come; whether somebody did.
    pub(crate) fn give_up(&mut self, id: &str) -> bool {
        match self.unwait(id) {
            None => false,
            // No id of the gateway's own comes a second time.
            Some(Waits::Own(..)) => true,
            Some(_) => self.given_up.insert(id.to_owned()),
        }
    }

    /// The server has ended, so that nobody can wait any more: all that still did.
    pub(crate) fn end(&mut self) -> Vec<String> {
        self.ended = true;
        self.order.clear();
        self.client.drain().filter(|(_, waits)| !matches!(waits, Waits::Own(..))).map(|(id, _)| id).collect()
    }

    /// A request is kept back until it is approved; under which number, whatever ids come again.
    pub(crate) fn hold(&mut self, id: String) -> u64 {
        self.holds = self.holds.wrapping_add(1);
        self.held.insert(id, self.holds);
        self.holds
    }

    /// It is kept back no longer; whether it was.
    pub(crate) fn let_go(&mut self, id: &str, number: u64) -> bool {
        self.held.get(id) == Some(&number) && self.held.remove(id).is_some()
    }

    /// Nothing is kept back under this id any more: the number of what was.
    pub(crate) fn cancel_hold(&mut self, id: &str) -> Option<u64> {
        self.held.remove(id)
    }

    /// A question was given to the client. Where too many are open, the oldest is not.
    pub(crate) fn open(&mut self, state: State) {
        if self.states.len() >= STATES {
            self.states.pop_front();
        }
        self.states.push_back(state);
    }

    /// The question of this name, which can be answered once, if it still can.
    pub(crate) fn close(&mut self, name: &str, now: Instant) -> Option<State> {
        self.states.retain(|state| now < state.until);
        let place = self.states.iter().position(|state| state.name == name)?;
        self.states.remove(place)
    }

    /// Whether the server has ended.
    pub(crate) const fn has_ended(&self) -> bool {
        self.ended
    }

    /// The server waits for the client.
    pub(crate) fn server_waits(&mut self, id: String) -> Result<(), Crowded> {
        if self.server.contains(&id) {
            return Err(Crowded::OnItsWay);
        }
        if self.server.len() >= WAITING {
            return Err(Crowded::TooMany);
        }
        self.server.insert(id);
        Ok(())
    }

    /// Whether the server waited under this id; it does no more.
    pub(crate) fn server_answered(&mut self, id: &str) -> bool {
        self.server.remove(id)
    }

    /// An id for a request of the gateway's own.
    pub(crate) fn own_id(&mut self) -> String {
        self.own = self.own.wrapping_add(1);
        format!("\"{OWN_ID}{}\"", self.own)
    }

    /// A list of tools begins anew.
    pub(crate) fn forget_tools(&mut self) {
        self.tools.clear();
    }

    /// The server announces that its tools are others.
    pub(crate) fn tools_changed(&mut self) {
        self.tools.clear();
        self.changes = self.changes.wrapping_add(1);
    }

    /// How often it has announced that.
    pub(crate) const fn changes(&self) -> u64 {
        self.changes
    }

    /// A pinned tool is listed, and is what was pinned or is not, in a list that was asked for when so much was heard. What once is not, stays
    /// so until the list begins anew.
    pub(crate) fn learn_tool(&mut self, name: String, why_not: Option<Refusal>, heard: u64) {
        let known = self.tools.entry(name).or_insert(Listed { why_not: None, heard });
        if known.why_not.is_none() {
            // A list that was asked for earlier may be told later.
            *known = Listed { why_not, heard: heard.max(known.heard) };
        }
    }

    /// The tools that are as they were pinned.
    pub(crate) fn as_pinned(&self) -> HashSet<String> {
        self.tools.iter().filter(|(_, listed)| listed.why_not.is_none()).map(|(name, _)| name.clone()).collect()
    }

    /// Why a pinned tool is not the one that was pinned, where it was listed.
    pub(crate) fn tool(&self, name: &str) -> Option<&Option<Refusal>> {
        self.tools.get(name).map(|listed| &listed.why_not)
    }

    /// What had been heard of changes before this tool was listed.
    pub(crate) fn heard_before(&self, name: &str) -> u64 {
        self.tools.get(name).map_or(0, |listed| listed.heard)
    }

    /// Whether a mark says something of the session that was not told yet.
    pub(crate) fn rises(&self, session: BlockId, mark: &Mark) -> bool {
        let lowest = Mark::default();
        let told = self.told.get(&session).unwrap_or(&lowest);
        let mut joined = told.clone();
        joined.join(mark);
        joined != *told
    }

    /// The mark to tell, where this one says something new of the session.
    pub(crate) fn news(&mut self, session: BlockId, mark: &Mark) -> Option<Mark> {
        if !self.rises(session, mark) {
            return None;
        }
        if self.told.len() >= TOLD && !self.told.contains_key(&session) {
            self.told.clear();
        }
        let told = self.told.entry(session).or_default();
        told.join(mark);
        Some(told.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wane::Level;

    #[test]
    fn a_mark_is_told_once_and_never_falls() {
        let (mut flow, session) = (Flow::default(), BlockId::from_bytes([1; 32]));
        let at = |level| Mark::at(level);
        assert_eq!(flow.news(session, &at(Level::Public)), None);
        assert_eq!(flow.news(session, &at(Level::Internal)), Some(at(Level::Internal)));
        assert_eq!(flow.news(session, &at(Level::Public)), None);
        let pii = Mark::default().with("pii".parse().unwrap());
        assert_eq!(flow.news(session, &pii), Some(at(Level::Internal).with("pii".parse().unwrap())));
        for other in 0..TOLD {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&(u64::try_from(other).unwrap() + 2).to_be_bytes());
            flow.news(BlockId::from_bytes(id), &at(Level::Internal));
        }
        assert!(flow.told.len() <= TOLD);
    }

    #[test]
    fn nobody_waits_twice_or_without_bound() {
        let mut flow = Flow::default();
        assert_eq!(flow.wait("1".into(), Waits::Plain), Ok(None));
        assert_eq!(flow.wait("1".into(), Waits::Plain), Err(Crowded::OnItsWay));
        for id in 2..=WAITING {
            assert_eq!(flow.wait(id.to_string(), Waits::Plain), Ok(None));
        }
        // The one that has waited longest makes room, and nobody can have its id.
        assert_eq!(flow.wait("x".into(), Waits::Plain), Ok(Some("1".into())));
        assert_eq!(flow.wait("1".into(), Waits::Plain), Err(Crowded::GivenUp));
        assert!(flow.answered("1").is_none() && flow.answered("2").is_some());
        assert_eq!(flow.wait("1".into(), Waits::Plain), Ok(None));
        assert_eq!((flow.server_waits("1".into()), flow.server_waits("1".into())), (Ok(()), Err(Crowded::OnItsWay)));
        assert!(flow.server_answered("1") && !flow.server_answered("1"));
    }

    #[test]
    fn nobody_waits_for_a_server_that_has_ended() {
        let mut flow = Flow::default();
        let own = flow.own_id();
        flow.wait("1".into(), Waits::Plain).unwrap();
        flow.wait(own, Waits::Own(std::sync::mpsc::sync_channel(1).0, 0)).unwrap();
        assert!(!flow.has_ended());
        // The client is not told of ids that it does not know.
        assert_eq!(flow.end(), ["1"]);
        assert_eq!(flow.wait("2".into(), Waits::Plain), Err(Crowded::Ended));
        assert!(flow.has_ended() && flow.end().is_empty());
    }

    #[test]
    fn what_is_given_up_is_no_longer_waited_for_and_keeps_its_id() {
        let mut flow = Flow::default();
        flow.wait("1".into(), Waits::Plain).unwrap();
        assert!(flow.give_up("1") && !flow.give_up("1"));
        assert_eq!(flow.check("1"), Err(Crowded::GivenUp));
        assert!(flow.answered("1").is_none());
        assert_eq!(flow.check("1"), Ok(()));
        for id in 0..GIVEN_UP {
            flow.wait(format!("g{id}"), Waits::Plain).unwrap();
            assert!(flow.give_up(&format!("g{id}")));
        }
        // None of them is forgotten: nobody asks for anything until one is answered.
        assert_eq!((flow.check("g0"), flow.check("new")), (Err(Crowded::GivenUp), Err(Crowded::TooManyGivenUp)));
        assert_eq!(flow.wait("new".into(), Waits::Plain), Err(Crowded::TooManyGivenUp));
        assert!(flow.answered("g1").is_none());
        assert_eq!((flow.check("g0"), flow.check("new")), (Err(Crowded::GivenUp), Ok(())));
    }

    #[test]
    fn what_the_server_has_not_seen_leaves_its_id_unless_another_was_given_up_under_it() {
        let mut flow = Flow::default();
        flow.wait("1".into(), Waits::Plain).unwrap();
        assert!(flow.unwait("1").is_some());
        assert_eq!(flow.wait("1".into(), Waits::Plain), Ok(None));
        assert!(flow.give_up("1") && flow.unwait("1").is_none());
        assert_eq!(flow.check("1"), Err(Crowded::GivenUp));
    }

    #[test]
    fn a_question_is_answered_once_and_in_time() {
        let (mut flow, now) = (Flow::default(), Instant::now());
        let until = now + std::time::Duration::from_secs(60);
        let state = |name: &str| State {
            name: name.into(),
            digest: [1; 32],
            last: BlockId::from_bytes([2; 32]),
            until,
            carried: Vec::new(),
        };
        flow.open(state("a"));
        assert!(flow.close("b", now).is_none() && flow.close("a", now).is_some() && flow.close("a", now).is_none());
        flow.open(state("late"));
        assert!(flow.close("late", until).is_none());
        (0..=STATES).for_each(|number| flow.open(state(&number.to_string())));
        assert!(flow.close("0", now).is_none() && flow.close("1", now).is_some());
    }

    #[test]
    fn what_is_kept_back_has_its_id_to_itself() {
        let mut flow = Flow::default();
        let first = flow.hold("1".into());
        assert_eq!(flow.check("1"), Err(Crowded::OnItsWay));
        assert!(flow.answered("1").is_none() && !flow.give_up("1"), "the server has never heard of it");
        assert!(flow.let_go("1", first) && !flow.let_go("1", first));
        assert_eq!(flow.check("1"), Ok(()));
        // What comes under the id of one that was cancelled is another call.
        let cancelled = flow.hold("2".into());
        assert_eq!(flow.cancel_hold("2"), Some(cancelled));
        let successor = flow.hold("2".into());
        assert!(!flow.let_go("2", cancelled) && flow.let_go("2", successor));
    }

    #[test]
    fn a_tool_that_once_was_another_stays_so() {
        let mut flow = Flow::default();
        let other = || Some(Refusal::new(wane::Code::DenyPin, "digest", "a", "b"));
        flow.learn_tool("a".into(), None, 1);
        assert_eq!(flow.tool("a"), Some(&None));
        flow.learn_tool("a".into(), other(), 1);
        flow.learn_tool("a".into(), None, 2);
        assert!(flow.tool("a").is_some_and(Option::is_some));
        flow.forget_tools();
        assert_eq!(flow.tool("a"), None);
        flow.learn_tool("a".into(), None, 3);
        flow.learn_tool("b".into(), None, 5);
        assert_eq!((flow.heard_before("a"), flow.heard_before("b"), flow.heard_before("c")), (3, 5, 0));
        // A list that was asked for earlier and told later says nothing of what was heard since.
        flow.learn_tool("b".into(), None, 4);
        flow.learn_tool("a".into(), None, 6);
        assert_eq!((flow.heard_before("a"), flow.heard_before("b")), (6, 5));
    }
}
