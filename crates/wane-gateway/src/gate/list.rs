//! Lists of tools: what a client is shown of them, and what pinned tools are compared with.

use std::collections::{HashMap, HashSet};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use wane::{Code, Pattern, Refusal, SealedToken};
use wane_policy::Server;

use super::lists::{Known, Words};
use super::server::without_ours;
use super::{Gate, Notice};
use crate::answer;
use crate::call::Parameters;
use crate::flow::{Begins, Flow, Page, Untold, Waits};
use crate::object::{Object, elements, quoted};

/// How long a server may take for its whole list, where the gateway itself asks for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it is not asked again where it did not tell its list.
const PAUSE: Duration = Duration::from_secs(5);

/// Pages of one list that the gateway itself asks for.
const PAGES: usize = 100;

/// Members of a list and of a tool that clients look at.
const OF_A_LIST: [&str; 6] = ["_meta", "cacheScope", "nextCursor", "resultType", "tools", "ttlMs"];
const OF_A_TOOL: [&str; 9] =
    ["_meta", "annotations", "description", "execution", "icons", "inputSchema", "name", "outputSchema", "title"];

/// The elements of a list of tools, and the name of each that could be taken for no other.
struct Tools<'a> {
    objects: Vec<&'a str>,
    names: Vec<Option<String>>,
}

impl<'a> Tools<'a> {
    fn of(result: &Object<'a>) -> Result<Self, Refusal> {
        let unread = || Refusal::new(Code::ParseMessage, "tools", "the list of tools is none", "");
        let objects = result.borrowed("tools").and_then(elements).filter(|_| result.is_plain(&OF_A_LIST));
        let objects = objects.ok_or_else(unread)?;
        let name = |object: &&str| Object::read(object).filter(|tool| tool.is_plain(&OF_A_TOOL))?.text("name");
        Ok(Self { names: objects.iter().map(name).collect(), objects })
    }
}

/// How much of a list was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// All of it, or all of it will be.
    Whole,
    /// Some of its pages.
    Part,
}

impl Gate {
    /// The result of `tools/list` as this token may still use it; nothing where that is the result as it came.
    // spec: G16
    pub(super) fn shown_list<'a>(
        &self,
        text: &'a str,
        sealed: Option<&SealedToken>,
        begins: Begins,
        heard: u64,
    ) -> Result<Option<Object<'a>>, Refusal> {
        let unread = || Refusal::new(Code::ParseMessage, "tools", "the list of tools is none", "");
        let mut result = Object::read(text).ok_or_else(unread)?;
        let tools = Tools::of(&result)?;
        let server = self.listed()?;
        // Only who has seen a list from its first page to its last knows that a tool is as it was pinned.
        let whole = begins == Begins::Anew && result.get("nextCursor").is_none_or(|next| next == "null");
        self.learn(&server, &tools, if whole { Seen::Whole } else { Seen::Part }, heard);
        let still = self.may_still(&server, &tools.names, sealed)?;
        let mut seen: HashMap<&str, usize> = HashMap::new();
        tools.names.iter().flatten().for_each(|name| *seen.entry(name).or_default() += 1);
        let is_shown = |name: &str, object: &str| {
            let callable = server.tool_patterns(name).any(|way| way.iter().all(|pattern| still.contains(pattern)));
            callable && seen.get(name) == Some(&1) && self.is_as_pinned(&server, name, object)
        };
        let shown: Vec<&str> = tools
            .names
            .iter()
            .zip(&tools.objects)
            .filter(|(name, object)| name.as_deref().is_some_and(|name| is_shown(name, object)))
            .map(|(_, object)| *object)
            .collect();
        let mut differs = shown.len() != tools.objects.len();
        if differs {
            result.set("tools", format!("[{}]", shown.join(",")));
        }
        if let Some(stripped) = without_ours(text, "_meta") {
            result.set("_meta", stripped.get("_meta").unwrap_or("{}").to_owned());
            differs = true;
        }
        // Where a result says how long and for whom it may be kept, this one is for this session and until it changes.
        for (member, value) in [("cacheScope", "\"private\""), ("ttlMs", "0")] {
            if result.get(member).is_some_and(|stated| stated != value) {
                result.set(member, value.to_owned());
                differs = true;
            }
        }
        Ok(differs.then_some(result))
    }

    /// Which patterns of these tools some action could still be allowed for.
    fn may_still(
        &self,
        server: &Server<'_>,
        names: &[Option<String>],
        sealed: Option<&SealedToken>,
    ) -> Result<HashSet<Pattern>, Refusal> {
        let Some(sealed) = sealed else { return Ok(HashSet::new()) };
        let patterns: HashSet<Pattern> =
            names.iter().flatten().flat_map(|name| server.tool_patterns(name)).flatten().collect();
        let still = self.guard()?.may_still(sealed, patterns.into_iter().collect(), (self.clock)())?;
        Ok(still.into_iter().collect())
    }

    /// Remembers of a page of the list what pinned tools are compared with: what differs always, what does not where it is known that
    /// nothing else is listed. What differs does so for all.
    // spec: G60
    fn learn(&self, server: &Server<'_>, tools: &Tools<'_>, seen: Seen, heard: u64) {
        for (name, object) in tools.names.iter().zip(&tools.objects) {
            if let Some(name) = name.as_ref().filter(|name| server.pin(name).is_some()) {
                let why_not = server.check_pin(name, Some(object.as_bytes())).err();
                if why_not.is_some() {
                    self.lists.differs(name);
                }
                if why_not.is_some() || seen == Seen::Whole {
                    self.flow().learn_tool(name.clone(), why_not, heard);
                }
            }
        }
    }

    /// A page that the gateway itself has asked for: it asks for the others as well, or forgets them all.
    // spec: G13
    pub(super) fn learn_page(&self, result: &str, heard: u64) -> Result<Page, Refusal> {
        let unread = || Refusal::new(Code::ParseMessage, "tools", "the list of tools is none", "");
        let result = Object::read(result).ok_or_else(unread)?;
        self.learn(&self.listed()?, &Tools::of(&result)?, Seen::Whole, heard);
        // What is no text is another page to some.
        let next = match result.get("nextCursor").filter(|next| *next != "null") {
            Some(_) => Some(result.text("nextCursor").ok_or_else(unread)?),
            None => None,
        };
        Ok(Page { next })
    }

    /// Whether a tool is the one that was pinned, as it was last listed.
    // spec: G13
    pub(super) fn check_pinned(&self, server: &Server<'_>, name: &str) -> Result<(), Refusal> {
        match self.flow().tool(name) {
            Some(None) => Ok(()),
            Some(Some(why_not)) => Err(why_not.clone()),
            None => server.check_pin(name, None),
        }
    }

    fn is_as_pinned(&self, server: &Server<'_>, name: &str, object: &str) -> bool {
        let known = self.flow().tool(name).cloned().flatten();
        let checked = known.map_or_else(|| server.check_pin(name, Some(object.as_bytes())), Err);
        if let Err(refusal) = &checked {
            (self.report)(&Notice::Changed { tool: name, refusal });
        }
        checked.is_ok()
    }

    /// Asks the server for its whole list, unless another exchange has just asked for it in the same words.
    // spec: G60
    pub(super) fn list_or_recall(&self, name: &str, parameters: &Parameters<'_>) -> Result<(), Refusal> {
        let Some(head) = &self.head else { return self.list_for_itself(parameters).map_err(Refusal::from) };
        let words = Words::of(head, &parameters.meta_for_another().to_string());
        let (asked, changes) = (Instant::now(), self.lists.changes());
        match self.lists.known(&words, name, asked) {
            Known::AsPinned => {
                self.flow().learn_tool(name.to_owned(), None, changes);
                return Ok(());
            }
            Known::Untold => return Err(Unlisted::Untold(JUST).into()),
            Known::Nothing => {}
        }
        let listed = self.list_for_itself(parameters);
        let pinned = match listed {
            Ok(()) => Some(self.flow().as_pinned()),
            Err(Unlisted::Untold(_)) => None,
            // Who has gone says nothing of the server.
            Err(Unlisted::Gone) => return listed.map_err(Refusal::from),
        };
        self.lists.keep(words, pinned, asked, changes);
        listed.map_err(Refusal::from)
    }

    /// Asks the server for its whole list, in the words of the request that needs it.
    // spec: G13
    fn list_for_itself(&self, parameters: &Parameters<'_>) -> Result<(), Unlisted> {
        if self.flow().unlisted.is_some_and(|at| at.elapsed() < PAUSE) {
            return Err(Unlisted::Untold(JUST));
        }
        let until = Instant::now() + PATIENCE;
        // spec: G60
        let heard = self.lists.changes();
        self.flow().forget_tools();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let page = self.page_for_itself(parameters, cursor.as_deref(), until, heard);
            match page {
                Ok(Page { next: None }) => return Ok(()),
                Ok(Page { next }) => cursor = next,
                Err(Unlisted::Untold(why)) => return self.untold_so(why),
                Err(Unlisted::Gone) => {
                    self.flow().forget_tools();
                    return Err(Unlisted::Gone);
                }
            }
        }
        self.untold_so("its list has no end")
    }

    fn untold_so(&self, why: &'static str) -> Result<(), Unlisted> {
        let mut flow = self.flow();
        flow.unlisted = Some(Instant::now());
        flow.forget_tools();
        Err(Unlisted::Untold(why))
    }

    /// Whether nobody has heard since it was asked for, on whatever connection, that this tool is another.
    // spec: G60
    pub(super) fn is_as_listed(&self, flow: &Flow, name: &str) -> bool {
        self.lists.is_as_then(name, flow.heard_before(name))
    }

    fn page_for_itself(
        &self,
        parameters: &Parameters<'_>,
        cursor: Option<&str>,
        until: Instant,
        heard: u64,
    ) -> Result<Page, Unlisted> {
        let mut params = Object::default();
        if parameters.has_meta() {
            params.set("_meta", parameters.meta_for_another().to_string());
        }
        if let Some(cursor) = cursor {
            params.set("cursor", quoted(cursor));
        }
        let (reply, answer) = sync_channel(1);
        let (id, given_up) = {
            let mut flow = self.flow();
            let id = flow.own_id();
            let given_up = flow.wait(id.clone(), Waits::Own(reply, heard)).map_err(|_| Unlisted::Gone)?;
            (id, given_up)
        };
        if let Some(id) = given_up {
            (self.to_client)(answer::unanswered(id, "has not answered").as_bytes()).map_err(|_| Unlisted::Gone)?;
        }
        let sent = (self.to_server)(answer::request(&id, "tools/list", params).as_bytes());
        let left = until.saturating_duration_since(Instant::now());
        let page = match sent.map(|()| answer.recv_timeout(left)) {
            Ok(Ok(Ok(page))) => return Ok(page),
            Ok(Ok(Err(Untold)) | Err(RecvTimeoutError::Timeout)) => Err(Unlisted::Untold("it does not tell its tools")),
            Ok(Err(RecvTimeoutError::Disconnected)) | Err(_) => Err(Unlisted::Gone),
        };
        // Its answer may just be learnt: what it says is forgotten behind that.
        let waits = self.flow().give_up(&id);
        if !waits {
            let _: Result<Result<Page, Untold>, _> = answer.recv();
        }
        page
    }
}

/// Why the gateway itself has no list.
enum Unlisted {
    /// The server does not tell it.
    Untold(&'static str),
    /// Nobody waits for it any more, or the server is not there.
    Gone,
}

const JUST: &str = "it has just not told its tools";

impl From<Unlisted> for Refusal {
    fn from(why: Unlisted) -> Self {
        let why = match why {
            Unlisted::Untold(why) => why,
            Unlisted::Gone => "nobody waits for its list",
        };
        Self::new(Code::DenyPin, "digest", "of the server", why)
    }
}
