//! What a gateway remembers of one connection: who waits for what. Nothing that a session may or may not do is kept here; that
//! is the ledger's.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::SyncSender;

use wane::{BlockId, Mark, SealedToken};

use crate::gate::OWN_ID;

/// Requests that may wait for an answer at once, in each direction.
const WAITING: usize = 1_024;

/// Sessions whose mark is known to have been told. What is forgotten is told once more.
const TOLD: usize = 1_024;

/// Tools of one server.
const TOOLS: usize = 10_000;

/// What a client waits for.
#[derive(Debug)]
pub(crate) enum Waits {
    /// An answer that passes as it is.
    Plain,
    /// What the server says it can do.
    Handshake,
    /// A list of tools, to be shown as this token may still use them.
    ListTools(Option<SealedToken>),
    /// The result of what was admitted: the session, and its mark with this request.
    Admitted(Option<(BlockId, Mark)>),
    /// The gateway itself, which wants the list of tools.
    Own(SyncSender<Option<String>>),
}

/// A tool as the server lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// Its object.
    One(String),
    /// Two objects have this name.
    Several,
}

#[derive(Debug, Default)]
pub(crate) struct Flow {
    client: HashMap<String, Waits>,
    server: HashSet<String>,
    /// The tools that were listed, page after page.
    tools: HashMap<String, Tool>,
    told: HashMap<BlockId, Mark>,
    own: u64,
    /// Whether the server has said that it announces changes of its list.
    pub(crate) announces: bool,
}

/// Why a request cannot wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// One with this id waits already.
    SameId,
    /// Too many wait.
    Full,
}

impl Flow {
    /// Whether a request with this id can wait.
    pub(crate) fn check(&self, id: &str) -> Result<(), Crowded> {
        match self.client.contains_key(id) {
            true => Err(Crowded::SameId),
            false if self.client.len() >= WAITING => Err(Crowded::Full),
            false => Ok(()),
        }
    }

    /// A client, or the gateway, waits.
    pub(crate) fn wait(&mut self, id: String, waits: Waits) -> Result<(), Crowded> {
        self.check(&id)?;
        self.client.insert(id, waits);
        Ok(())
    }

    /// Whoever waited under this id, waits no more.
    pub(crate) fn answered(&mut self, id: &str) -> Option<Waits> {
        self.client.remove(id)
    }

    /// All that still wait.
    pub(crate) fn take_waiting(&mut self) -> Vec<String> {
        self.client.drain().filter(|(_, waits)| !matches!(waits, Waits::Own(_))).map(|(id, _)| id).collect()
    }

    /// The server waits for the client.
    pub(crate) fn server_waits(&mut self, id: String) -> Result<(), Crowded> {
        match self.server.contains(&id) {
            true => Err(Crowded::SameId),
            false if self.server.len() >= WAITING => Err(Crowded::Full),
            false => {
                self.server.insert(id);
                Ok(())
            }
        }
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

    /// A list of tools begins anew, or is no longer what it was.
    pub(crate) fn forget_tools(&mut self) {
        self.tools.clear();
    }

    /// A page of the list of tools.
    pub(crate) fn learn_tool(&mut self, name: String, object: &str) {
        let full = self.tools.len() >= TOOLS;
        match self.tools.get_mut(&name) {
            Some(Tool::One(known)) if known == object => {}
            Some(known) => *known = Tool::Several,
            None if full => {}
            None => {
                self.tools.insert(name, Tool::One(object.to_owned()));
            }
        }
    }

    /// The tool as it was last listed.
    pub(crate) fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.get(name)
    }

    /// Whether a mark says something of the session that was not told yet.
    pub(crate) fn rises(&self, session: BlockId, mark: &Mark) -> bool {
        let mut told = self.told.get(&session).cloned().unwrap_or_default();
        let before = told.clone();
        told.join(mark);
        told != before
    }

    /// The mark to tell, where this one says something new of the session.
    pub(crate) fn news(&mut self, session: BlockId, mark: &Mark) -> Option<Mark> {
        if self.told.len() >= TOLD && !self.told.contains_key(&session) {
            self.told.clear();
        }
        let told = self.told.entry(session).or_default();
        let before = told.clone();
        told.join(mark);
        (*told != before).then(|| told.clone())
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
        assert_eq!(flow.wait("1".into(), Waits::Plain), Ok(()));
        assert_eq!(flow.wait("1".into(), Waits::Plain), Err(Crowded::SameId));
        for id in 2..=WAITING {
            flow.wait(id.to_string(), Waits::Plain).unwrap();
        }
        assert_eq!(flow.wait("x".into(), Waits::Plain), Err(Crowded::Full));
        assert!(flow.answered("1").is_some() && flow.answered("1").is_none());
        assert_eq!(flow.server_waits("1".into()), Ok(()));
        assert_eq!(flow.server_waits("1".into()), Err(Crowded::SameId));
        assert!(flow.server_answered("1") && !flow.server_answered("1"));
    }

    #[test]
    fn a_name_that_two_tools_have_is_noticed() {
        let mut flow = Flow::default();
        flow.learn_tool("a".into(), "{1}");
        flow.learn_tool("a".into(), "{1}");
        assert_eq!(flow.tool("a"), Some(&Tool::One("{1}".into())));
        flow.learn_tool("a".into(), "{2}");
        flow.learn_tool("a".into(), "{2}");
        assert_eq!(flow.tool("a"), Some(&Tool::Several));
        flow.forget_tools();
        assert_eq!(flow.tool("a"), None);
    }
}
